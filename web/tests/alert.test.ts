import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launch, open, screenshot } from "./browser";
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

async function sayWhoYouAre(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Save" }).click();
}

it("an alert is acknowledged by keyboard, its plan done, and all is seen by others at once", async () => {
  const { page, complaints } = await open(browser, service.address);
  const { page: other } = await open(browser, service.address);
  const card = page.locator("#open > li", { hasText: "Somebody is there" });
  await card.waitFor();
  expect(await card.innerText()).toContain("Nobody has acknowledged it");

  const acknowledge = card.getByRole("button", { name: "Acknowledge" });
  await acknowledge.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  // Without a name nothing is done.
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await card.innerText()).toContain("Nobody has acknowledged it");
  await acknowledge.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("Li");
  await page.keyboard.press("Enter");
  await card.getByText("Acknowledged by Li").waitFor();
  await other.locator("#open > li", { hasText: "Somebody is there" }).getByText("Acknowledged by Li").waitFor();

  // The other one opens the alert and watches the plan being carried out.
  await other.getByRole("link", { name: "Somebody is there" }).click();
  await page.getByRole("link", { name: "Somebody is there" }).click();
  await page.getByRole("heading", { name: "Keep people moving" }).waitFor();
  const step = page.locator(".step", { hasText: "Send a patrol" });
  await step.getByRole("button", { name: "Start" }).click();
  await step.getByText("under way").waitFor();
  await step.getByRole("button", { name: "Done" }).click();
  await other.locator(".step.done", { hasText: "Send a patrol" }).waitFor();
  await page.locator(".step", { hasText: "Announce" }).getByRole("button", { name: "Skip" }).click();
  await other.locator(".step.skipped", { hasText: "Announce" }).waitFor();

  await page.getByLabel("Comment").fill("two officers at the steps");
  await page.getByRole("button", { name: "Write down" }).click();
  await page.getByRole("button", { name: "Tell those above" }).click();
  await page.getByText("Those above were told at").waitFor();
  await page.getByRole("button", { name: "Quiet for a while" }).click();
  await page.getByLabel("Reason").fill("fireworks until eight");
  await page.getByRole("dialog").getByRole("button", { name: "Quiet for a while" }).click();
  await other
    .getByText(/Quiet until .*fireworks until eight/)
    .first()
    .waitFor();
  await page.getByRole("button", { name: "End the quiet" }).click();
  await page.getByRole("button", { name: "Quiet for a while" }).waitFor();
  // The record says who did what, and what became of the messages; on the other's screen as well.
  for (const said of ["raised", "acknowledged", "two officers at the steps", "those above were told", "quiet ended"]) {
    await other.locator("#timeline").getByText(said).first().waitFor();
  }
  await page.getByText("delivered").first().waitFor();
  expect(complaints).toEqual([]);
  await other.context().close();
  // The same on somebody's phone, in Chinese.
  const { page: phone } = await open(browser, service.address, {
    width: 390,
    height: 844,
    language: "zh",
    theme: "dark",
  });
  await phone.locator("#open > li", { hasText: "Somebody is there" }).getByText("Li 已确认").waitFor();
  await phone.context().close();
  await page.context().close();
});

it("the evidence is shown: a picture and a clip that plays", async () => {
  const { page, complaints } = await open(browser, service.address);
  await page.getByRole("link", { name: "Somebody is there" }).click();
  const picture = page.locator(".evidence img").first();
  await picture.waitFor();
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  const clip = page.locator(".evidence video").first();
  await clip.waitFor();
  await expect
    .poll(() =>
      clip.evaluate((video: HTMLVideoElement) => [video.error?.message, video.readyState > 0, video.videoWidth > 0]),
    )
    .toEqual([undefined, true, true]);
  await page.getByRole("link", { name: /rule\.json/ }).waitFor();
  await screenshot(page, "alert-evidence");
  expect(complaints).toEqual([]);
  await page.context().close();
});

it("a drill raises an alert that says so, and closes when it is ended", async () => {
  const { page, complaints } = await open(browser, service.address);
  await page.getByRole("link", { name: "Rules" }).click();
  await page.locator("#drill-rule").selectOption({ label: "Walkway is full" });
  await page.getByRole("button", { name: "Begin a drill" }).click();
  await sayWhoYouAre(page, "Wang");
  const drill = page.locator("p", { hasText: "DRILL" }).filter({ hasText: "Walkway is full" });
  await drill.waitFor({ timeout: 40_000 });
  await page.getByRole("link", { name: "Live" }).click();
  const card = page.locator("#open > li", { hasText: "DRILL" });
  await card.getByRole("button", { name: "Acknowledge" }).click();
  await card.getByText("Acknowledged by Wang").waitFor();
  // What is real stands before what is an exercise, and over everything.
  expect(await page.locator("#overall .level").innerText()).toBe("Orange Ⅱ");
  await screenshot(page, "drill");
  await page.getByRole("link", { name: "Rules" }).click();
  await page.locator("#drill-rule").selectOption({ label: "Walkway is full" });
  await page.getByRole("button", { name: "End the drill" }).click();
  await drill.waitFor({ state: "detached", timeout: 40_000 });
  await page.getByRole("link", { name: "Alerts" }).click();
  const row = page.locator("tr", { hasText: "DRILL" });
  await expect.poll(() => row.innerText()).toMatch(/Red Ⅰ[\s\S]*ended[\s\S]*Wang/);
  // A profile is switched on, for all to see.
  await page.getByRole("link", { name: "Rules" }).click();
  await page.getByRole("button", { name: "Switch on" }).click();
  await page.getByText("on by hand", { exact: true }).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

it("what was measured is shown with its thresholds and can be taken away as a table", async () => {
  const { page, complaints } = await open(browser, service.address);
  await page.locator("[data-place='zone:walkway/all']").getByRole("link").click();
  await page.getByText("The last hours").waitFor();
  await page.locator(".chart canvas").first().waitFor();
  expect(await page.locator(".chart figcaption").first().innerText()).toMatch(/^Inside .*Known \d/);
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download as CSV" }).click();
  const file = await (await downloading).path();
  const [head, ...rows] = (await readFile(file, "utf8")).trim().split("\n");
  expect(head).toBe("time,place,measure,period_s,mean,min,max,seconds_known,seconds_bound,seconds_unknown");
  expect(rows.length).toBeGreaterThan(5);
  expect(rows[0]).toMatch(/^20.*Z,zone:walkway\/all,occupancy,1,/);

  await page.getByRole("link", { name: "Analytics" }).click();
  await page.getByLabel("Compare with").selectOption("day_before");
  await expect.poll(() => page.locator(".chart canvas").count()).toBe(2);
  // Yesterday nobody looked: that is not calm.
  await page
    .getByRole("row", { name: /Second period/ })
    .getByText("0.0 %")
    .waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});
