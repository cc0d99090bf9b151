import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { localInput } from "../src/local_input";
import type { HeatMap, Summary } from "../src/wire";
import { DESK, expectAccessible, expectNoSidewaysScroll, LOOKS, type Look, launch, open, screenshot } from "./browser";
import { GROUND, Service } from "./service";

let service: Service;
let browser: Browser;
const began = new Date();

beforeAll(async () => {
  service = await Service.start("off", { more: GROUND });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

/** The screen Analytics, of a place and of the time since the test began. */
async function analytics(place: string, look: Look = DESK): Promise<{ page: Page; complaints: string[] }> {
  const opened = await open(browser, service.address, look);
  const { page } = opened;
  await page.evaluate(() => {
    location.hash = "#/analytics";
  });
  await page.locator("#analytics-place").selectOption(place);
  const [from, to] = [page.locator("#analytics-from"), page.locator("#analytics-to")];
  await from.fill(localInput(new Date(began.getTime() - 60_000)));
  await to.fill(localInput(new Date(Date.now() + 60_000)));
  return opened;
}

/** The figures of the whole time until now. */
const summary = (place: string) => {
  const query = new URLSearchParams({ place, from: began.toISOString(), to: new Date().toISOString() });
  return service.json<Summary>(`/api/v1/summary?${query}`);
};

async function downloaded(page: Page, within: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator(within).getByRole("link", { name: "Download as CSV" }).first().click(),
  ]);
  return readFile(await download.path(), "utf8");
}

it("sums up who came over a line, says what is not known, and gives it as a table", async () => {
  const isCounted = async () => ((await summary("line:walkway/middle")).footfall?.in.value ?? 0) > 0;
  await expect.poll(isCounted, { timeout: 50_000, interval: 500 }).toBe(true);
  const { page, complaints } = await analytics("line:walkway/middle");
  const row = page.locator("#period-summary tbody tr");
  await row.waitFor();
  // The minutes before the service was there are a gap: nothing is added for them.
  expect(await row.locator("td").nth(0).innerText()).toMatch(/^≥ [1-9]\d*$/);
  expect(await row.locator("td").nth(2).innerText()).toMatch(/^\d+\.\d %$/);
  expect(await row.locator("td").nth(3).innerText()).toBe("each crossing counted");
  const table = await downloaded(page, "#period-summary");
  expect(table).toMatch(/^place,from,to,figure,value,quality,seconds_known,seconds_bound,passed_s\n/);
  expect(table).toMatch(/line:walkway\/middle,[^\n]*,people_in,[1-9]\d*,at_least,\d+,/);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it("shares a zone's time out among levels of service, beside another period", async () => {
  const isKnown = async () => ((await summary("zone:walkway/crossing")).level_of_service?.seconds_known ?? 0) > 3;
  await expect.poll(isKnown, { timeout: 30_000, interval: 500 }).toBe(true);
  const { page, complaints } = await analytics("zone:walkway/crossing");
  await page.locator("#analytics-comparison").selectOption("day_before");
  const service_rows = page.locator("section[aria-labelledby=service-shares] tbody tr");
  await service_rows.nth(1).waitFor();
  const shares = (await service_rows.nth(0).locator("td").allInnerTexts()).slice(0, 6).map(Number.parseFloat);
  // Each is rounded down.
  const whole = shares.reduce((sum, share) => sum + share, 0);
  expect(whole).toBeGreaterThan(99.3);
  expect(whole).toBeLessThanOrEqual(100);
  // Of yesterday nothing is known, and that is no level.
  expect(await service_rows.nth(1).locator("td").allInnerTexts()).toEqual(["?", "?", "?", "?", "?", "?", "0.0 %"]);
  const stays = page.locator("section[aria-labelledby=dwell] tbody tr");
  expect(await stays.nth(1).locator("td").allInnerTexts()).toEqual(["?", "?", "?", "0.0 %"]);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it("shows where people were over the camera's picture, once it is written", async () => {
  // What there is of the hour is written at the service's end.
  await service.end();
  await service.run();
  const { page, complaints } = await analytics("zone:walkway/crossing");
  const picture = page.locator("#heat-maps canvas");
  await picture.waitFor();
  const query = `camera=walkway&from=${began.toISOString()}&to=${new Date().toISOString()}`;
  const map = await service.json<HeatMap>(`/api/v1/heat_map?${query}`);
  expect(map.cells.length).toBeGreaterThan(0);
  const coloured = () =>
    picture.evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      let count = 0;
      for (let at = 3; at < data.length; at += 4) if (data[at] !== 0) count += 1;
      return count;
    });
  await expect.poll(coloured, { timeout: 5000 }).toBeGreaterThan(50);
  expect(await page.locator(".heat-legend").innerText()).toMatch(/people per m² or more, mean over the seen time/);
  const table = await downloaded(page, "#heat-maps");
  expect(table).toMatch(/^from,to,camera,observed_s,cell_m,x_m,y_m,occupancy_s,speed_known_s,mean_speed_mps\n/);
  expect(table.split("\n").length).toBeGreaterThan(map.cells.length);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it.each(LOOKS)(
  "is accessible, fits and complains of nothing at $width x $height in $language, $theme",
  async (look) => {
    const { page, complaints } = await analytics("zone:walkway/crossing", look);
    await page.locator("#analytics-comparison").selectOption("day_before");
    await page.locator("#heat-maps canvas").waitFor();
    await page.locator(".service-bar").first().waitFor();
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await screenshot(page, `analytics-sums-${look.width}-${look.language}-${look.theme}`);
    expect(complaints).toEqual([]);
    await page.context().close();
  },
);
