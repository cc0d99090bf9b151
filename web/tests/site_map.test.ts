import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  DESK,
  expectAccessible,
  expectNoSidewaysScroll,
  LOOKS,
  launch,
  open,
  PATIENCE_MS,
  screenshot,
} from "./browser";
import { Service, SITE_MAP } from "./service";

const PASSWORD = "correct horse";

let service: Service;
let browser: Browser;

beforeAll(async () => {
  service = await Service.start("off", { more: SITE_MAP });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

const label = (page: Page, place: string) => page.locator(`#site-maps [data-place='${place}']`);
/** The outline of the map's zone of that number, in the order of the places' names. */
const outline = (page: Page, number: number) => page.locator("#site-maps path.map-zone").nth(number);
const WALKWAY = "zone:walkway/all";

it("shows zones with their values as they come, by level, and what is not known as unknown", async () => {
  const { page, complaints } = await open(browser, service.address);
  const walkway = label(page, WALKWAY);
  await walkway.locator(".number:not(.unknown-value)").waitFor();
  expect(await walkway.innerText()).toMatch(/Whole walkway[\s\S]*0\.\d\d\s*\/m²[\s\S]*Orange Ⅱ/);
  const before = await walkway.locator(".number").innerText();
  await expect.poll(() => walkway.locator(".number").innerText(), { timeout: 40_000, interval: 200 }).not.toBe(before);
  // Once it has been looked at for long enough, where it is going.
  await walkway.getByText(/rising|falling|steady/).waitFor({ timeout: 40_000, state: "attached" });
  // Outlines in the order of their names: the other system's hall, the quay, the walkway.
  expect(await outline(page, 2).getAttribute("class")).toContain("orange");

  const quay = label(page, "zone:quay/edge");
  expect(await quay.innerText()).toMatch(/Quay edge[\s\S]*\?[\s\S]*unknown/);
  expect(await outline(page, 1).getAttribute("class")).toContain("unknown");
  expect(await outline(page, 1).getAttribute("fill")).toBe("url(#map-unknown)");
  expect(await service.tell("campus", { zones: { hall: { occupancy: 312 } } })).toBeLessThan(300);
  await label(page, "zone:campus/hall").getByText("0.78").waitFor();
  expect(await outline(page, 0).getAttribute("class")).toContain("plain");

  // The picture itself, and where the cameras stand.
  const width = await page.locator(".map-picture").evaluate((image: HTMLImageElement) => image.naturalWidth);
  expect(width).toBe(950);
  expect(await page.locator(".map-pin").allInnerTexts()).toHaveLength(2);
  expect(await page.locator(".map-pin.not-fresh").count()).toBe(1);
  // What is on the map needs no tile, unless somebody wants it.
  expect(await page.locator("#places [data-place^='zone:']").count()).toBe(0);
  expect(await page.locator("#places [data-place='site:bund']").count()).toBe(1);
  await page.getByRole("button", { name: "All as tiles" }).click();
  await page.locator(`#places [data-place='${WALKWAY}']`).waitFor();
  expect(await page.locator("#site-maps").count()).toBe(0);
  await page.reload();
  await page.locator(`#places [data-place='${WALKWAY}']`).waitFor();
  expect(await page.locator("#site-maps").count()).toBe(0);
  await page.getByRole("button", { name: "All as tiles" }).click();
  await label(page, WALKWAY).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

it("opens a zone's place by mouse and by keyboard", async () => {
  const { page, complaints } = await open(browser, service.address);
  await label(page, WALKWAY).waitFor();
  const isPlace = () => page.waitForURL(/#\/place\/zone%3Awalkway%2Fall$/);
  // Beside the label, within the outline.
  const box = await outline(page, 2).boundingBox();
  if (!box) throw new Error("no outline");
  await page.mouse.click(box.x + 0.6 * box.width, box.y + 0.8 * box.height);
  await isPlace();
  await page.goBack();
  await label(page, WALKWAY).click();
  await isPlace();
  await page.goBack();
  await label(page, WALKWAY).waitFor();
  // Tab by tab, as somebody without a mouse gets there.
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.place ?? "");
  for (let tabs = 0; tabs < 60 && (await focused()) !== WALKWAY; tabs += 1) await page.keyboard.press("Tab");
  expect(await focused()).toBe(WALKWAY);
  await page.keyboard.press("Enter");
  await isPlace();
  expect(complaints).toEqual([]);
  await page.context().close();
});

it.each(LOOKS)(
  "is accessible, fits and complains of nothing at $width x $height in $language, $theme",
  async (look) => {
    const { page, complaints } = await open(browser, service.address, look);
    await label(page, WALKWAY).locator(".number:not(.unknown-value)").waitFor();
    await page.locator("#site-maps").scrollIntoViewIfNeeded();
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await screenshot(page, `map-${look.width}-${look.language}-${look.theme}`);
    expect(complaints).toEqual([]);
    await page.context().close();
  },
);

it("shows nothing as known once the connection is lost, and comes back by itself", async () => {
  const { page } = await open(browser, service.address, DESK);
  await label(page, WALKWAY).locator(".number:not(.unknown-value)").waitFor();
  await service.kill();
  await page.getByRole("alert").filter({ hasText: "Connection lost" }).waitFor();
  expect(await label(page, WALKWAY).locator(".number").innerText()).toBe("?");
  // The level that was on stands, as held.
  expect(await outline(page, 2).getAttribute("class")).toMatch(/orange held/);
  expect(await outline(page, 0).getAttribute("class")).toContain("unknown");
  expect(await page.locator(".map-pin:not(.not-fresh)").count()).toBe(0);
  await screenshot(page, "map-lost");
  await service.run();
  await label(page, WALKWAY).locator(".number:not(.unknown-value)").waitFor();
  await page.context().close();
});

it("shows somebody whose scope is one site no other's zones", async () => {
  const guarded = await Service.start("required", { more: SITE_MAP });
  try {
    const { page } = await open(browser, guarded.setupLink.replace(/\/setup.*/, ""));
    await page.goto(guarded.setupLink);
    await page.getByLabel("Name").fill("Wang");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.locator("#go").click();
    await page.waitForURL(`${guarded.address}/`);
    await label(page, "zone:quay/edge").waitFor();
    const status = await page.evaluate(
      async (user) => {
        const { csrf } = await (await fetch("/api/v1/session")).json();
        const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
        return (await fetch("/api/v1/users", { method: "POST", headers, body: JSON.stringify(user) })).status;
      },
      { name: "Sun", password: PASSWORD, role: "viewer", scope: { only: { sites: ["bund"], units: [] } } },
    );
    expect(status).toBeLessThan(300);
    const context = await browser.newContext({ locale: "en-GB" });
    context.setDefaultTimeout(PATIENCE_MS);
    const viewer = await context.newPage();
    await viewer.goto(`${guarded.address}/login`);
    await viewer.getByLabel("Name").fill("Sun");
    await viewer.getByLabel("Password").fill(PASSWORD);
    await viewer.locator("#go").click();
    await label(viewer, WALKWAY).waitFor();
    expect(await viewer.locator("#site-maps path.map-zone").count()).toBe(1);
    expect(await viewer.locator("#site-maps").innerText()).not.toMatch(/Quay|Main hall/);
    expect(await viewer.locator(".map-pin").count()).toBe(1);
    await context.close();
    await page.context().close();
  } finally {
    await guarded.stop();
  }
});
