import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConfigInForce, ConfigVersion, JsonTable, State } from "../src/wire";
import { expectAccessible, expectNoSidewaysScroll, LOOKS, launch, open, PATIENCE_MS, screenshot } from "./browser";
import { Service } from "./service";

/** What planners do: each saves what it did, and the next goes on from there. */

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

const inForce = () => service.json<ConfigInForce>("/api/v1/config");

async function cameraInForce(camera: string): Promise<JsonTable> {
  const values = (await inForce()).values as { cameras: Record<string, JsonTable> };
  return values.cameras[camera] as JsonTable;
}

/** A part of the set-up, in a browser that remembers nothing. */
async function part(name: string): Promise<{ page: Page; complaints: string[] }> {
  const opened = await open(browser, service.address);
  await opened.page.getByRole("link", { name: "Set-up" }).click();
  await opened.page.locator(".parts").getByRole("link", { name, exact: true }).click();
  return opened;
}

/** Where shares of the picture's width and height are on the screen. */
async function inPicture(page: Page, [x, y]: [number, number]): Promise<[number, number]> {
  const picture = page.locator(".drawn-on");
  await picture.scrollIntoViewIfNeeded();
  const box = await picture.boundingBox();
  if (!box) throw new Error("there is no picture");
  return [box.x + x * box.width, box.y + y * box.height];
}

async function clickPicture(page: Page, place: [number, number]): Promise<void> {
  await page.mouse.click(...(await inPicture(page, place)));
}

async function dragTo(page: Page, handle: string, to: [number, number]): Promise<void> {
  // The drawing takes the picture's shape once it has come: a handle would move away from under the mouse.
  await page.locator(".drawn-on img").evaluate(async (image: HTMLImageElement) => {
    await image.decode();
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  });
  await page.getByRole("button", { name: handle }).hover();
  await page.mouse.down();
  await page.mouse.move(...(await inPicture(page, to)), { steps: 4 });
  await page.mouse.up();
}

/** Looks at the change, gives the reason, and waits until it is in force. */
async function save(page: Page, why: string): Promise<void> {
  await page.getByRole("button", { name: "Look at it and save…" }).click();
  const dialogue = page.getByRole("dialog");
  await dialogue.getByLabel("Your name").fill("Li");
  await dialogue.getByLabel("Why").fill(why);
  await dialogue.getByRole("button", { name: "Put in force" }).click();
  await dialogue.locator("#in-force").waitFor();
  await dialogue.getByRole("button", { name: "Close" }).click();
}

it("a zone that is drawn over people counts them", async () => {
  const { page, complaints } = await part("Zones and lines");
  await page.getByRole("button", { name: "New zone" }).click();
  const corners: [number, number][] = [
    [0.1, 0.35],
    [0.9, 0.35],
    [0.9, 0.95],
    [0.2, 0.95],
  ];
  for (const corner of corners) await clickPicture(page, corner);
  await page.getByRole("button", { name: "Close the zone" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Drawn zone");
  await page.getByLabel("Id").fill("drawn");
  await page.getByLabel("Id").press("Tab");
  // A corner is dragged, and moved by keyboard.
  await dragTo(page, "Corner 4 of Drawn zone", [0.05, 0.95]);
  const share = async (side: string) => Number(await page.getByLabel(`Corner 2, % from ${side}`).inputValue());
  const [left, top] = [await share("left"), await share("top")];
  await page.getByRole("button", { name: "Corner 2 of Drawn zone" }).focus();
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => share("left")).toBeCloseTo(left + 2, 0);
  await expect.poll(() => share("top")).toBeCloseTo(top - 0.1, 5);
  await page.getByText("no faults").waitFor();
  await screenshot(page, "setup-zone-drawn");

  await page.getByRole("button", { name: "Look at it and save…" }).click();
  const dialogue = page.getByRole("dialog");
  await dialogue.locator(".diff .added", { hasText: "[cameras.walkway.zones.drawn]" }).waitFor();
  await screenshot(page, "setup-save");
  await expectAccessible(page);
  // Without a reason nothing is saved.
  await dialogue.getByLabel("Your name").fill("Li");
  await dialogue.getByRole("button", { name: "Put in force" }).click();
  expect((await inForce()).changing).toBe(false);
  await dialogue.getByRole("button", { name: "Cancel" }).click();
  await save(page, "people gather there");

  await page.getByRole("link", { name: "Live", exact: true }).click();
  const people = page.locator("[data-place='zone:walkway/drawn'] .figure .number").first();
  await people.filter({ hasText: /[1-9]/ }).waitFor();
  const state = await service.json<State>("/api/v1/state");
  expect(state.cameras.find((camera) => camera.id === "walkway")?.zones.map((zone) => zone.id)).toContain("drawn");
  const { versions } = await service.json<{ versions: ConfigVersion[] }>("/api/v1/config/versions");
  expect(versions[0]).toMatchObject({ who: "Li", why: "people gather there" });
  expect(complaints.filter((text) => !text.includes("net::ERR"))).toEqual([]);
  await page.context().close();
});

it("a line is drawn and turned by finger, a zone by keyboard alone", async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${service.address}/?lang=en&theme=light#/setup/zones`);
  await page.getByRole("button", { name: "New line" }).tap();
  for (const place of [
    [0.3, 0.7],
    [0.3, 0.4],
  ] as [number, number][])
    await page.touchscreen.tap(...(await inPicture(page, place)));
  const line = page.locator("[data-shape='lines/line']");
  const end = page.getByRole("button", { name: "Corner 2 of line" });
  await end.waitFor();
  const box = await end.boundingBox();
  const [x, y] = [(box?.x ?? 0) + 22, (box?.y ?? 0) + 22];
  const finger = await context.newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", points: object[]) =>
    finger.send("Input.dispatchTouchEvent", { type, touchPoints: points as { x: number; y: number }[] });
  await touch("touchStart", [{ x, y }]);
  for (const step of [10, 30, 60]) await touch("touchMove", [{ x: x + step, y }]);
  await touch("touchEnd", []);
  const left = async () => Number(await line.getByLabel("Corner 2, % from left").inputValue());
  await expect.poll(left).toBeGreaterThan(40);
  await page.getByText("no faults").waitFor();
  await screenshot(page, "setup-line-by-finger");
  const ends = () =>
    line.locator("tbody input").evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value));
  const [ax, ay, bx, by] = await ends();
  await line.getByRole("button", { name: "Turn in and out around" }).click();
  await expect.poll(ends).toEqual([bx, by, ax, ay]);

  await page.getByRole("button", { name: "New zone" }).focus();
  await page.keyboard.press("Enter");
  for (const [number, keys] of [
    [1, ["Shift+ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowUp"]],
    [2, ["Shift+ArrowRight", "Shift+ArrowRight"]],
    [3, ["Shift+ArrowDown", "Shift+ArrowDown"]],
  ] as [number, string[]][]) {
    await page.getByRole("button", { name: "Add a corner in the middle" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: new RegExp(`^Corner ${number} `) }).focus();
    for (const key of keys) await page.keyboard.press(key);
  }
  await page.getByRole("button", { name: "Close the zone" }).focus();
  await page.keyboard.press("Enter");
  await page.locator("[data-shape='zones/zone']").waitFor();
  await page.getByText("2 changes, not saved yet").waitFor();
  await page.getByText("no faults").waitFor();
  await page.getByRole("button", { name: "Discard" }).tap();
  await context.close();
});

it("a camera is calibrated by clicking points, with the grid and all metres at once", async () => {
  const { page } = await part("Calibration");
  const marks: [place: [number, number], x_m: number, y_m: number][] = [
    [[0.2, 0.9], 0, 0],
    [[0.8, 0.9], 4, 0],
    [[0.65, 0.4], 4, 12],
    [[0.35, 0.4], 0, 12],
  ];
  for (const [index, [place, x_m, y_m]] of marks.entries()) {
    expect(await page.locator(".ground-grid").count()).toBe(0);
    await clickPicture(page, place);
    // Whoever has clicked types at once.
    await page.locator("#calibration-points tr.chosen input").first().and(page.locator(":focus")).waitFor();
    await page.keyboard.type(`${x_m}`);
    await page.keyboard.press("Tab");
    await page.keyboard.type(`${y_m}`);
    if (index < 3) await page.getByText(`${index + 1} of at least 4 points`).waitFor();
  }
  await page.locator(".ground-grid .thick").first().waitFor({ state: "attached" });
  expect(await page.locator(".ground-grid .axis").count()).toBe(2);
  await page.locator("#exactness", { hasText: "px/m" }).waitFor();
  const drawn = page.locator("[data-shape='zones/drawn']");
  await drawn.getByText(/Area: \d+\.\d m²/).waitFor();
  await drawn.getByText(/\d+ px\/m/).waitFor();
  await page.locator("[data-shape='lines/middle']", { hasText: /Width: \d+\.\d\d m/ }).waitFor();
  // More show how exact they are; one that is far off is left out, and taken away again.
  for (const [place, x_m, y_m] of [
    [[0.5, 0.567], 2, 6],
    [[0.5, 0.9], 2, 0],
    [[0.425, 0.65], 1, 8],
  ] as typeof marks) {
    await clickPicture(page, place);
    await page.locator("#calibration-points tr.chosen input").first().and(page.locator(":focus")).waitFor();
    await page.keyboard.type(`${x_m}`);
    await page.keyboard.press("Tab");
    await page.keyboard.type(`${y_m}`);
  }
  const last = page.locator("#calibration-points tbody tr").nth(6);
  await last.getByText("left out").waitFor();
  expect(await page.getByText("left out").count()).toBe(1);
  expect(await page.locator(".handle.off").innerText()).toBe("7");
  await screenshot(page, "setup-calibration");
  await expectAccessible(page);
  await last.getByRole("button", { name: "Remove: Point 7" }).click();
  await page.getByText("Root mean square").waitFor();
  await page.getByText("768 × 576 px").first().waitFor();
  await save(page, "measured with a tape");
  const calibration = (await cameraInForce("walkway")).calibration as { points: unknown[]; frame_size: number[] };
  expect(calibration.points).toHaveLength(6);
  expect(calibration.frame_size).toEqual([768, 576]);
  const state = await service.json<State>("/api/v1/state");
  const zone = state.cameras.find((camera) => camera.id === "walkway")?.zones.find((one) => one.id === "drawn");
  expect(zone?.area_m2).toBeGreaterThan(1);
  // Who has measured otherwise is told.
  await page.locator(".parts").getByRole("link", { name: "Zones and lines" }).click();
  await page.locator("[data-shape='zones/drawn']").getByRole("button").first().click();
  await page.getByLabel("Measured area in m²").fill("20");
  await page.getByText(`By the calibration it is ${zone?.area_m2?.toFixed(1)} m²`).waitFor();
  await page.getByRole("button", { name: "Discard" }).click();
  await page.context().close();
});

it("a fault is shown where it is, and can't be saved", async () => {
  const { page } = await part("Zones and lines");
  const zone = page.locator("[data-shape='zones/drawn']");
  await zone.getByRole("button", { name: "Zone: Drawn zone" }).click();
  await dragTo(page, "Corner 1 of Drawn zone", [0.5, 0.99]);
  await zone.getByText("edges that cross or touch").waitFor();
  await page.getByText("1 fault: it can't be saved").waitFor();
  await screenshot(page, "setup-fault");
  await page.getByRole("button", { name: "Look at it and save…" }).click();
  expect(await page.getByRole("button", { name: "Put in force" }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Discard" }).click();
  expect(await zone.getByText("edges that cross or touch").count()).toBe(0);
  // What is no TOML is told of beside the text, and the other parts don't guess what it says.
  await page.locator(".parts").getByRole("link", { name: "Whole text" }).click();
  const editor = page.getByLabel("The configuration's text (TOML)");
  const before = await editor.inputValue();
  await editor.fill(`${before}\n[cameras.walkway`);
  await page.getByRole("region", { name: "What changes" }).locator(".fault").first().waitFor();
  await screenshot(page, "setup-text-fault");
  await page.locator(".parts").getByRole("link", { name: "Cameras" }).click();
  await page.getByText("The text can't be read as it is written now").waitFor();
  await page.getByRole("button", { name: "Discard" }).click();
  await page.locator("#setup-cameras > li").first().waitFor();
  await page.context().close();
});

it("nobody's change is written over unseen", async () => {
  const { page } = await part("Zones and lines");
  await page.locator("[data-shape='lines/middle']").getByRole("button").first().click();
  await page.getByLabel("Name", { exact: true }).fill("Middle line");
  await page.getByText("no faults").waitFor();
  // Somebody else is faster.
  const { hash } = await inForce();
  const edits = [{ path: ["cameras", "walkway", "zones", "drawn", "name"], value: "Plaza" }];
  const answer = await fetch(`${service.address}/api/v1/config`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ base: hash, edits, who: "Wang", why: "its name" }),
  });
  expect(answer.status).toBe(202);
  await expect
    .poll(async () => (await inForce()).changing || (await inForce()).hash === hash, { timeout: 20_000 })
    .toBe(false);
  await page.getByRole("button", { name: "Look at it and save…" }).click();
  const dialogue = page.getByRole("dialog");
  await dialogue.getByLabel("Your name").fill("Li");
  await dialogue.getByLabel("Why").fill("its name");
  await dialogue.getByRole("button", { name: "Put in force" }).click();
  await dialogue.getByText("the configuration has changed since").waitFor();
  await screenshot(page, "setup-conflict");
  await dialogue.getByRole("button", { name: "Load what is in force now" }).click();
  await dialogue.locator(".diff .added", { hasText: "Middle line" }).waitFor();
  await dialogue.getByRole("button", { name: "Put in force" }).click();
  await dialogue.locator("#in-force").waitFor();
  await page.context().close();
  const { zones, lines } = (await cameraInForce("walkway")) as { zones: JsonTable; lines: JsonTable };
  expect([zones.drawn, lines.middle]).toMatchObject([{ name: "Plaza" }, { name: "Middle line" }]);
});

it("what the service can't be started with goes back, and that is said", async () => {
  const { page } = await part("Whole text");
  const editor = page.getByLabel("The configuration's text (TOML)");
  const before = await editor.inputValue();
  await editor.fill(`${before}\n[output]\nalerts_jsonl = "site.toml/alerts.jsonl"\n`);
  await page.getByText("no faults").waitFor();
  await page.getByRole("button", { name: "Look at it and save…" }).click();
  const dialogue = page.getByRole("dialog");
  await dialogue.getByLabel("Your name").fill("Li");
  await dialogue.getByLabel("Why").fill("a log");
  await dialogue.getByRole("button", { name: "Put in force" }).click();
  await dialogue.getByText("The service could not be started with it").waitFor();
  await dialogue.getByText("alerts.jsonl").first().waitFor();
  await screenshot(page, "setup-gone-back");
  await dialogue.getByRole("button", { name: "Close" }).click();
  expect((await inForce()).text).toBe(before);
  await page.context().close();
});

it("a camera is tried before it is saved", async () => {
  const { page } = await part("Cameras");
  const running = page.locator("[data-camera='walkway']");
  await running.getByRole("button", { name: "Campus walkway" }).click();
  await running.getByRole("button", { name: "Try it" }).click();
  await running.getByText("It gives pictures: 768 × 576 px · 7 frames/s by the configuration").waitFor();
  // Heads are to be hidden, and nobody has looked for them.
  await running.getByText("So coarse that nobody can be known by it").waitFor();
  const width = () => running.locator("canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).width);
  await expect.poll(width).toBe(64);
  await screenshot(page, "setup-camera-tried");

  await page.getByRole("button", { name: "New camera" }).click();
  const added = page.locator(".camera-item.chosen");
  await added.getByText("found nothing").first().waitFor();
  await added.getByLabel("Id").fill("south");
  await added.getByLabel("Id").press("Tab");
  const south = page.locator("[data-camera='south']");
  await south.getByLabel("Name", { exact: true }).fill("South gate");
  await south.getByLabel("Address, without user and password").fill("rtsp://127.0.0.1:9/live");
  await south.getByLabel("Environment variable with the password").fill("CROWDFLOW_NOT_SET");
  await south.getByText("CROWDFLOW_NOT_SET, which is not set").waitFor();
  await south.getByLabel("Environment variable with the password").fill("");
  await page.getByText("no faults").waitFor();
  await south.getByRole("button", { name: "Try it" }).click();
  await south.getByText("Connection refused").waitFor();
  await screenshot(page, "setup-camera-refused");
  // The same video again: it gives pictures, is saved, and is there.
  await south.getByLabel("Kind of source").selectOption("file");
  const { path } = ((await cameraInForce("walkway")).source as { file: { path: string } }).file;
  await south.getByLabel("File, on the service's machine").fill(path);
  await south.getByLabel("Its true frames a second").fill("7");
  await south.getByLabel("Frames analysed a second").fill("1");
  await south.getByLabel("Begin again at the end").check();
  await page.getByText("no faults").waitFor();
  await south.getByRole("button", { name: "Try it" }).click();
  await south.getByText("It gives pictures").waitFor();
  await save(page, "a second camera");
  await south.locator(".badge", { hasText: "live" }).waitFor();
  await south.getByRole("img", { name: "Live picture of South gate" }).waitFor();
  // And taken away again.
  await south.getByRole("button", { name: "Take the camera away" }).click();
  await save(page, "it was the same");
  expect(await cameraInForce("south")).toBeUndefined();
  await page.context().close();
});

it("an older version is compared and taken back into force", async () => {
  const { page } = await part("Versions");
  const first = page.locator(".versions > li").last();
  await first.getByText("the service at its start").waitFor();
  await first.getByRole("button", { name: "Compare" }).click();
  await page.locator("#compared .removed", { hasText: "[cameras.walkway.zones.drawn]" }).waitFor();
  await screenshot(page, "setup-versions");
  await first.getByRole("button", { name: "Take it back into force…" }).click();
  const dialogue = page.getByRole("dialog");
  await dialogue.locator(".diff .removed", { hasText: "[cameras.walkway.zones.drawn]" }).waitFor();
  expect(await dialogue.getByLabel("Why").inputValue()).toMatch(/^Back to the version of /);
  await dialogue.getByLabel("Your name").fill("Wang");
  await dialogue.getByRole("button", { name: "Put in force" }).click();
  await dialogue.locator("#in-force").waitFor();
  await dialogue.getByRole("button", { name: "Close" }).click();
  await page.locator(".versions > li").first().getByText("in force").waitFor();
  await page.getByRole("link", { name: "Live", exact: true }).click();
  await page.locator("[data-place='zone:walkway/all']").waitFor();
  await page.locator("[data-place='zone:walkway/drawn']").waitFor({ state: "detached" });
  await page.context().close();
});

it("without a store it says why nothing can be changed", async () => {
  const bare = await Service.start("off", { hasStore: false });
  try {
    const { page } = await open(browser, bare.address);
    await page.getByRole("link", { name: "Set-up" }).click();
    await page.getByText("Without a [store] the configuration can be looked at and not changed").waitFor();
    await page.getByRole("button", { name: "New camera" }).click();
    await page.getByText("1 change, not saved yet").waitFor();
    expect(await page.getByRole("button", { name: "Look at it and save…" }).isDisabled()).toBe(true);
    await page.context().close();
  } finally {
    await bare.stop();
  }
});

/** Each part, and what has to be there before it is looked at. */
const PARTS: [part: string, ready: string, act?: string][] = [
  ["cameras", "#setup-cameras > li", "[data-camera='walkway'] button"],
  ["zones", ".shapes > li", "[data-shape='zones/all'] button"],
  ["calibration", ".shapes > li"],
  ["text", "textarea.code"],
  ["versions", ".versions > li"],
];

describe.each(LOOKS)("at $width x $height in $language, $theme", (look) => {
  let page: Page;
  let complaints: string[];
  beforeAll(async () => {
    ({ page, complaints } = await open(browser, service.address, look));
  });
  afterAll(() => page.context().close());

  it.each(PARTS)("the part %s is accessible, fits and complains of nothing", async (name, ready, act) => {
    await page.evaluate((hash) => {
      location.hash = hash;
    }, `#/setup/${name}`);
    await page.locator(ready).first().waitFor();
    if (act) await page.locator(act).first().click();
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await screenshot(page, `setup-${name}-${look.width}-${look.language}-${look.theme}`);
    expect(complaints).toEqual([]);
  });
});
