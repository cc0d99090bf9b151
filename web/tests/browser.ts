import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

/** Debian's browser; none is downloaded. */
const CHROMIUM = process.env.CROWDFLOW_CHROMIUM ?? "/usr/bin/chromium";
/** Where pictures of the screens are laid for people to look at; without it none are taken. */
const SCREENSHOTS = process.env.CROWDFLOW_SCREENSHOTS;
const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** How long a screen may take to become as expected: the detector shares the processor. */
export const PATIENCE_MS = 20_000;

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: ARGS });

export interface Look {
  width: number;
  height: number;
  language: "en" | "zh";
  theme: "dark" | "light";
}

export const DESK: Look = { width: 1920, height: 1080, language: "en", theme: "dark" };
export const LOOKS: Look[] = [
  DESK,
  { width: 1920, height: 1080, language: "zh", theme: "light" },
  { width: 390, height: 844, language: "zh", theme: "dark" },
  { width: 390, height: 844, language: "en", theme: "light" },
];

/** A page of its own, in a browser that remembers nothing, and what it complained of. */
export async function open(
  browser: Browser,
  address: string,
  look: Look = DESK,
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: look.width, height: look.height } });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(address)) complaints.push(`asked for ${request.url()}`);
  });
  await page.goto(`${address}/?lang=${look.language}&theme=${look.theme}`);
  return { page, complaints };
}

export async function screenshot(page: Page, name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

const axe = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Whoever can't see, or can't use a mouse, is not shut out: no serious fault that axe finds. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(await axe);
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
  );
  expect(results.passes.length).toBeGreaterThan(10);
  const grave = results.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const found = grave.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)}: ${node.failureSummary}`),
  );
  expect(found).toEqual([]);
}

/** Nothing is wider than the screen. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const widths = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  expect(widths[0]).toBeLessThanOrEqual(widths[1] ?? 0);
}
