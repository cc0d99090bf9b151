import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Alert, State } from "../src/wire";
import { expectAccessible, expectNoSidewaysScroll, LOOKS, launch, open, screenshot } from "./browser";
import { Service } from "./service";

let service: Service;
let browser: Browser;
let alert: Alert;

beforeAll(async () => {
  service = await Service.start();
  browser = await launch();
  const { page } = await open(browser, service.address);
  await page.getByRole("link", { name: "Somebody is there" }).waitFor();
  const state = await service.json<State>("/api/v1/state");
  alert = state.alerts.find((one) => one.rule === "anybody") as Alert;
  await page.context().close();
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

/** Each screen, and what has to be there before it is looked at. */
const SCREENS: [name: string, address: () => string, ready: string][] = [
  ["live", () => "#/live", "[data-place='zone:walkway/all'] .number:not(.unknown-value)"],
  ["alerts", () => "#/alerts", "tbody tr"],
  ["alert", () => `#/alert/${encodeURIComponent(alert.id)}`, "#timeline li"],
  ["place", () => `#/place/${encodeURIComponent("zone:walkway/all")}`, ".chart canvas"],
  ["analytics", () => "#/analytics", ".chart canvas"],
  ["rules", () => "#/rules", "#rules li"],
  ["health", () => "#/health", "#store dd"],
];

describe.each(LOOKS)("at $width x $height in $language, $theme", (look) => {
  let page: Page;
  let complaints: string[];
  beforeAll(async () => {
    ({ page, complaints } = await open(browser, service.address, look));
  });
  afterAll(() => page.context().close());

  it.each(SCREENS)("the screen %s is accessible, fits and complains of nothing", async (name, address, ready) => {
    await page.evaluate((hash) => {
      location.hash = hash;
    }, address());
    await page.locator(ready).first().waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe(look.language === "zh" ? "zh-CN" : "en");
    expect(await page.locator("html").getAttribute("data-theme")).toBe(look.theme);
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await screenshot(page, `${name}-${look.width}-${look.language}-${look.theme}`);
    expect(complaints).toEqual([]);
  });
});
