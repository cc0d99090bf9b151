import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { CLEAR_HOLD_S, HOLD_S, RULED, usualClear } from "../src/setup/rule_measures";
import type { CheckedConfig, ConfigInForce, PlaceHistory, State } from "../src/wire";
import { expectAccessible, expectNoSidewaysScroll, LOOKS, launch, open, screenshot } from "./browser";
import { Service } from "./service";

let service: Service;
let browser: Browser;

/** Seconds of the sample video that are on record before rules are tried on them. */
const RECORDED_S = 8;

beforeAll(async () => {
  service = await Service.start();
  browser = await launch();
  await vi.waitUntil(async () => (await recordedSeconds()) > RECORDED_S, { timeout: 40_000, interval: 500 });
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

async function recordedSeconds(): Promise<number> {
  const [from, to] = [new Date(Date.now() - 3_600_000), new Date()].map((at) => at.toISOString());
  const query = `place=zone:walkway/all&measures=occupancy&from=${from}&to=${to}&resolution=second`;
  const history = await service.json<PlaceHistory>(`/api/v1/history?${query}`);
  return history.measures?.[0]?.mean.filter((value) => value !== null).length ?? 0;
}

async function post<T>(path: string, body: object): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${service.address}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return (await answer.json()) as T;
}

async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
}

/** Looks at the difference, gives a reason, and waits until it is in force. */
async function save(page: Page, why: string): Promise<void> {
  await page.locator("#look-and-save").click();
  const dialogue = page.getByRole("dialog");
  await dialogue.getByLabel("Your name").fill("Li");
  await dialogue.getByLabel("Why").fill(why);
  await dialogue.getByRole("button", { name: "Put in force" }).click();
  await dialogue.locator("#in-force").waitFor();
  await dialogue.getByRole("button", { name: "Close" }).click();
}

const level = (page: Page, of: string) => page.locator(`[data-level='${of}']`);
const thresholdsOf = async (rule: string) =>
  (await service.json<State>("/api/v1/state")).rules.find((one) => one.id === rule)?.levels;

it("a rule is changed, tried on what is on record, saved with a reason, and in force; its alert has the plan's new step", async () => {
  const { page, complaints } = await open(browser, service.address);
  await goTo(page, "#/rules");
  await page.getByRole("link", { name: "Change the rule Walkway is full" }).click();
  const red = level(page, "red");
  await red.getByLabel("Raise at, in people").fill("2");
  // Its value for leaving the level is above it now: said beside that field, and nothing can be tried or saved.
  await red.locator(".fault").waitFor();
  expect(await page.getByRole("button", { name: "Try it" }).isDisabled()).toBe(true);
  await red.getByLabel("Clear at, in people").fill("");
  expect(await red.getByLabel("Clear at, in people").getAttribute("placeholder")).toBe(`${usualClear(2, "occupancy")}`);
  await page.getByRole("button", { name: "The last hour" }).click();
  await page.getByRole("button", { name: "Try it" }).click();
  const headline = page.locator(".would-have");
  await headline.waitFor();
  expect(await headline.innerText()).toMatch(/^Would have fired (once|\d+ times) \(as in force: 0 times\)$/);
  // Of an hour some seconds are known, and no more is claimed.
  expect(await page.locator("#known-share").innerText()).toMatch(/Known of the time: \d\.\d %\. .*not known/);
  expect(await page.locator("[data-tried='red'] td").first().innerText()).toMatch(/^[1-9]\d*× longest/);
  expect(await page.locator("[data-tried='red'] td").nth(1).innerText()).toMatch(/^0×/);
  await page.locator("#trial .chart canvas").waitFor();
  await page.locator(".firings > li").first().waitFor();
  await expectAccessible(page);
  await screenshot(page, "rule-tried");
  // What was tried is not what stands there any more.
  await red.getByLabel("Raise at, in people").fill("3");
  await page.getByText("The rule has changed since").waitFor();
  await red.getByLabel("Raise at, in people").fill("2");

  await goTo(page, "#/setup/plans");
  await page.getByRole("button", { name: /Keep people moving/ }).click();
  await page.getByRole("button", { name: "Add a step" }).click();
  const step = page.locator("[data-step='step']");
  // A step without words is told of there.
  await step.locator(".fault").waitFor();
  await step.getByLabel("In English").fill("Close the east gate");
  await step.getByLabel("In Chinese").fill("关闭东门");
  await step.getByLabel("Kind").selectOption("close_entrance");
  await step.getByLabel("To be over within").fill("300");
  await page.getByRole("button", { name: "Move step 3 up" }).click();
  const preview = page.locator("#plan-preview");
  expect(await preview.locator(".step .what").allInnerTexts()).toEqual([
    "Send a patrol",
    "Close the east gate",
    "Announce: keep moving",
  ]);
  await preview.getByRole("button", { name: "中文" }).click();
  expect(await preview.locator(".step .what").nth(1).innerText()).toBe("关闭东门");
  await expectAccessible(page);
  await screenshot(page, "plan-changed");

  await save(page, "the gate is to be closed earlier");
  await expect.poll(() => thresholdsOf("crowd")).toMatchObject([{ level: "red", raise: 2, hold_s: 0, clear: 1.7 }]);
  const { text } = await service.json<ConfigInForce>("/api/v1/config");
  expect(text).toContain("[[plans.orange.steps]]");
  await goTo(page, "#/live");
  const card = page.locator("#open > li", { hasText: "Walkway is full" });
  await card.getByRole("link", { name: "Walkway is full" }).click();
  const atAlert = page.locator(".step", { hasText: "Close the east gate" });
  await atAlert.waitFor();
  expect(await atAlert.innerText()).toContain("due");
  expect(complaints).toEqual([]);
  await page.context().close();
});

it("a new rule takes the defaults that stand in its fields; of what was never seen nothing is claimed", async () => {
  const { page, complaints } = await open(browser, service.address);
  await goTo(page, "#/setup/rules");
  await page.getByRole("button", { name: "New rule" }).click();
  await page.getByLabel("Id", { exact: true }).fill("flow_over_middle");
  await page.getByLabel("Id", { exact: true }).blur();
  await page.getByLabel("Name").fill("Too many over the middle");
  await page.getByLabel("Place").selectOption("line:walkway/middle");
  // What is compared follows the place.
  expect(await page.getByLabel("Measure").inputValue()).toBe("flow_in");
  const yellow = level(page, "yellow");
  await yellow.getByLabel("Raise at, in /min").fill("200");
  for (const [label, value] of [
    ["Clear at, in /min", usualClear(200, "flow_in")],
    ["… for, in s", HOLD_S.yellow],
  ] as const) {
    expect(await yellow.getByLabel(label).first().getAttribute("placeholder")).toBe(`${value}`);
  }

  // A unit below the district, which looks after a site of its own.
  await goTo(page, "#/setup/units");
  await page.getByRole("button", { name: "New unit" }).click();
  await page.getByLabel("Name").fill("Nanjing Road");
  await page.getByLabel("Unit above it").selectOption("district");
  await page.getByText("As nothing is chosen: Blue Ⅳ, Yellow Ⅲ, Orange Ⅱ, Red Ⅰ").waitFor();
  await goTo(page, "#/setup/sites");
  await page.getByRole("button", { name: "New site" }).click();
  // A site of no zones is told of where zones are chosen.
  await page.locator("fieldset", { hasText: "Its zones" }).locator(".fault").waitFor();
  await page.getByLabel("Name").fill("Quay");
  await page.getByLabel("Quay edge").check();
  await page.getByLabel("Unit that looks after it").selectOption("unit");
  await page.getByLabel("Published capacity").fill("300");
  await page.getByLabel("Middle · Campus walkway").selectOption("out");
  await expectAccessible(page);
  await screenshot(page, "site-new");
  await save(page, "the quay is a site of its own");
  await expect
    .poll(() => thresholdsOf("flow_over_middle"))
    .toEqual([
      {
        level: "yellow",
        raise: 200,
        hold_s: HOLD_S.yellow,
        clear: usualClear(200, "flow_in"),
        clear_hold_s: CLEAR_HOLD_S,
      },
    ]);
  const { values } = await service.json<ConfigInForce>("/api/v1/config");
  expect(values).toMatchObject({
    units: { unit: { name: "Nanjing Road", parent: "district" } },
    sites: { site: { zones: ["quay/edge"], unit: "unit", capacity: 300, entrances: { "walkway/middle": "out" } } },
  });

  await goTo(page, "#/setup/rules");
  await page.getByRole("button", { name: /Quay is full/ }).click();
  await page.getByRole("button", { name: "Try it" }).click();
  await page.locator("#trial").getByText("what it would have told is not known").waitFor();
  expect(await page.locator(".would-have").count()).toBe(0);
  await screenshot(page, "rule-not-known");
  // Taken away, it is gone from what would be in force.
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("1 change, not saved yet").waitFor();
  expect(await page.locator("[data-list='rules'] li").count()).toBe(3);
  await page.getByRole("button", { name: "Discard" }).click();
  expect(await page.locator("[data-list='rules'] li").count()).toBe(4);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it("a rule of several conditions is shown, and is not known where one of those that it needs is not", async () => {
  const of = (zone: string) => ({ zone, measure: "occupancy", levels: { orange: { raise: 1, hold_s: 0 } } });
  const { page, complaints } = await open(browser, service.address);
  const rule = (list: object) => ({ edits: [{ path: ["rules", "both"], value: { name: "Both are full", ...list } }] });
  const conditions = [of("walkway/all"), of("quay/edge")];
  for (const [combine, shown] of [
    ["all", "All of these conditions:"],
    ["any", "Any of these conditions:"],
  ] as const) {
    const checked = await post<CheckedConfig>("/api/v1/config/check", rule({ [combine]: conditions }));
    await goTo(page, "#/setup/text");
    await page.getByLabel("The configuration's text").fill(checked.text);
    await page.getByText("no faults").waitFor();
    await goTo(page, "#/setup/rules");
    await page.getByRole("button", { name: /Both are full/ }).click();
    await page.getByText(shown).waitFor();
    expect(await page.locator(".conditions > li").allInnerTexts()).toEqual([
      expect.stringMatching(/^Whole walkway · Campus walkway · Inside\s+Orange Ⅱ 1$/),
      expect.stringMatching(/^Quay edge · 陈毅广场 · Inside\s+Orange Ⅱ 1$/),
    ]);
    await page.getByRole("button", { name: "The last hour" }).click();
    await page.getByRole("button", { name: "Try it" }).click();
    if (combine === "all") {
      await page.locator("#trial").getByText("what it would have told is not known").waitFor();
    } else {
      await page.locator(".would-have", { hasText: "Would have fired" }).waitFor();
      await page.getByText("Or more often: part of what it looks at is not known.").waitFor();
    }
  }
  await page.getByRole("link", { name: "Change it under" }).click();
  await page.getByLabel("The configuration's text").waitFor();
  await page.getByRole("button", { name: "Discard" }).click();
  expect(complaints).toEqual([]);
  await page.context().close();
});

it("what a rule may compare at each kind of place is what the service says", async () => {
  const places = { zone: "walkway/all", line: "walkway/middle", camera: "walkway", site: "bund" };
  const rules = Object.entries(places).map(([kind, place]) => ({
    path: ["rules", `asks_of_a_${kind}`],
    // No place has this one.
    value: { [kind]: place, measure: "undelivered", levels: { red: { raise: 1 } } },
  }));
  const { faults } = await post<CheckedConfig>("/api/v1/config/check", { edits: rules });
  for (const kind of ["zone", "line", "camera", "site"] as const) {
    const said = faults.find((fault) => fault.startsWith(`rules.asks_of_a_${kind}.measure`));
    const [, names = ""] = new RegExp(`a measure of a ${kind}, one of ([a-z0-9_, ]+)`).exec(said ?? "") ?? [];
    expect([...RULED[kind]].sort(), said).toEqual(names.trim().split(", ").sort());
  }
});

it.each(LOOKS)("rules, sites, units and plans are accessible and fit at $width in $language, $theme", async (look) => {
  const { page, complaints } = await open(browser, service.address, look);
  for (const part of ["rules", "sites", "units", "plans"]) {
    await goTo(page, `#/setup/${part}`);
    await page.locator(`[data-list='${part}'] button`).first().click();
    await page.locator(`[data-form='${part}']`).waitFor();
    if (part === "rules") {
      await page.locator("#trial .buttons button").first().click();
      await page.locator("#trial button.primary").click();
      await page.locator(".would-have").waitFor();
    }
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await screenshot(page, `setup-${part}-${look.width}-${look.language}-${look.theme}`);
  }
  // Without accounts there are no users, and it says so.
  await goTo(page, "#/setup/users");
  await page.locator("main .none").waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});
