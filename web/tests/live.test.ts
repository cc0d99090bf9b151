import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DESK, launch, open, screenshot } from "./browser";
import { Service } from "./service";

let service: Service;
let browser: Browser;

beforeAll(async () => {
  service = await Service.start();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

it("shows what is known as it comes, and what is not known as unknown", async () => {
  const { page, complaints } = await open(browser, service.address);
  const walkway = page.locator("[data-place='zone:walkway/all']");
  const people = walkway.locator(".figure .number").first();
  await walkway.locator(".figure .number:not(.unknown-value)").first().waitFor();
  const before = await people.innerText();
  // People come and go: the number changes without anybody doing anything.
  await expect.poll(() => people.innerText(), { timeout: 40_000, interval: 200 }).not.toBe(before);
  expect(
    await page.locator("#camera-walkway img").evaluate((image: HTMLImageElement) => image.naturalWidth),
  ).toBeGreaterThan(0);

  const quay = page.locator("[data-place='zone:quay/edge']");
  expect(await quay.locator(".figure .number").first().innerText()).toBe("?");
  expect(await quay.locator(".level").innerText()).toBe("unknown");
  const cover = page.locator("#camera-quay .cover");
  expect(await cover.innerText()).toMatch(/No fresh picture[\s\S]*no connection[\s\S]*Connection refused/);
  expect(await page.locator("#connection").innerText()).toContain("1 of 2 cameras without fresh data");
  expect(complaints).toEqual([]);
  await page.context().close();
});

it("moves two pictures in the whole browser, so that an order always finds a connection", async () => {
  const { page: first } = await open(browser, service.address);
  const context = first.context();
  const moving = "#camera-walkway img[src*='live.mjpeg']";
  await first.locator(moving).waitFor();
  const [second, third] = [await context.newPage(), await context.newPage()];
  for (const page of [second, third]) await page.goto(service.address);
  await second.locator(moving).waitFor();
  const still = third.locator("#camera-walkway img[src*='snapshot.jpg']");
  await expect.poll(() => still.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  const order = await third.evaluate(async () => (await fetch("/api/v1/session")).status);
  expect(order).toBe(200);
  // The next one moves when one stops: its screen is left, or its window is closed.
  await first.evaluate(() => {
    location.hash = "#/rules";
  });
  await third.locator(moving).waitFor();
  await first.evaluate(() => {
    location.hash = "#/live";
  });
  await first.locator("#camera-walkway img[src*='snapshot.jpg']").waitFor();
  await second.close();
  await first.locator(moving).waitFor();
  await context.close();
});

it("shows what another system tells beside what cameras see", async () => {
  const { page, complaints } = await open(browser, service.address);
  const hall = page.locator("[data-place='zone:campus/hall']");
  await hall.waitFor();
  expect(await hall.locator(".figure .number").first().innerText()).toBe("?");
  expect(await page.locator("#source-campus").innerText()).toContain("no counts yet");
  expect(await page.locator("#source-campus tbody tr").innerText()).toMatch(/^North gate\s+\?\s+\?$/);
  expect(await service.tell("campus", { zones: { hall: { occupancy: 312 } } })).toBeLessThan(300);
  await hall.getByText("312").waitFor();
  expect(await hall.innerText()).toContain("0.78");
  await page.getByText("tells its counts").waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

it("remembers language and theme", async () => {
  const context = await browser.newContext({ locale: "en-GB" });
  const page = await context.newPage();
  await page.goto(service.address);
  await page.getByRole("heading", { name: "Open alerts" }).waitFor();
  await page.locator("#language").click();
  await page.getByRole("heading", { name: "当前预警" }).waitFor();
  await page.locator("#theme").click();
  const other = await context.newPage();
  await other.goto(service.address);
  await other.getByRole("heading", { name: "当前预警" }).waitFor();
  expect(await other.locator("html").getAttribute("data-theme")).toBe("light");
  expect(await other.locator("html").getAttribute("lang")).toBe("zh-CN");
  await context.close();
});

it("paints within a second", async () => {
  const { page } = await open(browser, service.address, DESK);
  await page.locator("[data-place]").first().waitFor();
  const paint_ms = await page.evaluate(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.POSITIVE_INFINITY,
  );
  console.log(`first contentful paint after ${Math.round(paint_ms)} ms`);
  expect(paint_ms).toBeLessThan(1000);
  await page.context().close();
});

it("keeps nothing that could be taken for calm once the connection is lost, and comes back by itself", async () => {
  const { page } = await open(browser, service.address);
  const people = page.locator("[data-place='zone:walkway/all'] .figure .number").first();
  await page.locator("[data-place='zone:walkway/all'] .figure .number:not(.unknown-value)").first().waitFor();
  await service.kill();
  const banner = page.getByRole("alert").filter({ hasText: "Connection lost" });
  await banner.waitFor();
  expect(await banner.innerText()).toContain("last known: Orange");
  expect(await page.locator("#connection").innerText()).toBe("Connection lost");
  expect(await page.locator("#overall .level").innerText()).toBe("unknown");
  expect(await people.innerText()).toBe("?");
  expect(await page.locator(".level.calm").count()).toBe(0);
  expect(await page.locator("#open .level").first().getAttribute("class")).toContain("held");
  await screenshot(page, "lost");
  await service.run();
  await banner.waitFor({ state: "detached" });
  await page.locator("[data-place='zone:walkway/all'] .figure .number:not(.unknown-value)").first().waitFor();
  await page.context().close();
});
