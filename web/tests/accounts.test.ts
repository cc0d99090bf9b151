import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectAccessible, expectNoSidewaysScroll, launch, PATIENCE_MS, screenshot } from "./browser";
import { Service } from "./service";

const PASSWORD = "correct horse";

let service: Service;
let browser: Browser;

beforeAll(async () => {
  service = await Service.start("required");
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

/** A browser of its own, as each person has one. */
async function person(look: { colorScheme?: "dark" | "light"; width?: number } = {}): Promise<Page> {
  const { colorScheme = "dark", width = 1440 } = look;
  const context: BrowserContext = await browser.newContext({
    locale: "en-GB",
    colorScheme,
    viewport: { width, height: 900 },
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

async function fillIn(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.locator("#go").click();
}

/** Adds a user as an admin's page would. */
async function addUser(page: Page, name: string, role: string, scope: unknown): Promise<void> {
  const status = await page.evaluate(
    async (user) => {
      const { csrf } = await (await fetch("/api/v1/session")).json();
      const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
      return (await fetch("/api/v1/users", { method: "POST", headers, body: JSON.stringify(user) })).status;
    },
    { name, password: PASSWORD, role, scope },
  );
  expect(status).toBeLessThan(300);
}

const openAlert = (page: Page) => page.locator("#open > li", { hasText: "Somebody is there" });

it("from the first start on everybody is shown what they may do, and no more", async () => {
  const admin = await person();
  // Nobody gets in before there is somebody.
  await admin.goto(service.address);
  await admin.waitForURL(`${service.address}/login`);
  expect(service.setupLink).toContain("/setup#");
  await admin.goto(service.setupLink);
  await fillIn(admin, "王警官");
  await admin.waitForURL(`${service.address}/`);
  // Live at once: counts, an alert, and who one is.
  await admin.locator("[data-place='zone:walkway/all'] .figure .number:not(.unknown-value)").first().waitFor();
  await openAlert(admin).waitFor();
  expect(await admin.locator("#user").innerText()).toBe("王警官 admin");
  expect(await admin.locator("#who").count()).toBe(0);
  await admin.getByRole("link", { name: "Set-up" }).waitFor();
  await screenshot(admin, "accounts-admin");
  await addUser(admin, "Li", "operator", "all");
  await addUser(admin, "Zhou", "viewer", "all");
  await addUser(admin, "Sun", "planner", { only: { sites: ["bund"], units: [] } });
  await addUser(admin, "Qian", "planner", "all");

  // An operator's order is in the operator's name, and nobody asks for it.
  const operator = await person();
  await operator.goto(`${service.address}/login`);
  await fillIn(operator, "Li");
  await openAlert(operator).getByRole("button", { name: "Acknowledge" }).click();
  await openAlert(operator).getByText("Acknowledged by Li").waitFor();
  await openAlert(admin).getByText("Acknowledged by Li").waitFor();
  expect(await operator.getByRole("dialog").count()).toBe(0);
  expect(await operator.getByRole("link", { name: "Set-up" }).count()).toBe(0);
  await operator.goto(`${service.address}/#/setup`);
  await operator.getByText("The set-up is for planners and admins whose scope is everything").waitFor();
  await operator.goto(`${service.address}/#/rules`);
  await operator.getByRole("button", { name: "End the drill" }).waitFor();
  expect(await operator.getByRole("button", { name: "Begin a drill" }).count()).toBe(0);
  expect(await operator.getByRole("button", { name: "Switch on" }).count()).toBe(0);

  // A viewer looks: at the alert, its plan and what happened, without a button that would be refused.
  const viewer = await person();
  await viewer.goto(`${service.address}/#/rules`);
  await viewer.waitForURL(/\/login#\/rules$/);
  await fillIn(viewer, "Zhou");
  await viewer.waitForURL(/\/#\/rules$/);
  await viewer.locator("#rules > li").first().waitFor();
  expect(await viewer.getByRole("button", { name: /drill|Switch on/i }).count()).toBe(0);
  await viewer.getByRole("link", { name: "Live" }).click();
  await openAlert(viewer).getByRole("link").click();
  await viewer.getByText("acting on them is for operators").waitFor();
  await viewer.locator(".step", { hasText: "Send a patrol" }).waitFor();
  await viewer.locator(".evidence img").first().waitFor();
  expect(await viewer.locator("main button").allInnerTexts()).toEqual([]);
  await expectAccessible(viewer);
  await screenshot(viewer, "accounts-viewer");

  // A planner of one site begins drills; profiles are about all sites.
  const planner = await person();
  await planner.goto(`${service.address}/login#/rules`);
  await fillIn(planner, "Sun");
  await planner.getByRole("button", { name: "Begin a drill" }).waitFor();
  expect(await planner.getByRole("link", { name: "Set-up" }).count()).toBe(0);
  expect(await planner.getByRole("button", { name: "Switch on" }).count()).toBe(0);

  // One of all sites sets them up, in their own name; what is for admins is refused, and that is said.
  const setsUp = await person();
  await setsUp.goto(`${service.address}/login#/setup/text`);
  await fillIn(setsUp, "Qian");
  const editor = setsUp.getByLabel("The configuration's text (TOML)");
  const put = async (text: string) => {
    await editor.fill(text);
    await setsUp.getByText("no faults").waitFor();
    await setsUp.getByRole("button", { name: "Look at it and save…" }).click();
    const dialogue = setsUp.getByRole("dialog");
    await dialogue.getByLabel("Why").fill("a try");
    expect(await dialogue.getByLabel("Your name").count()).toBe(0);
    await dialogue.getByRole("button", { name: "Put in force" }).click();
    return dialogue;
  };
  const before = await editor.inputValue();
  const refused = await put(`${before}\n[privacy]\nblur_heads = false\n`);
  await refused.getByText("a change of [privacy] is for the role admin").waitFor();
  await refused.getByRole("button", { name: "Cancel" }).click();
  const taken = await put(`${before}\n[units.north]\nname = "North"\n`);
  await taken.locator("#in-force").waitFor();
  await taken.getByRole("button", { name: "Close" }).click();
  await setsUp.getByRole("link", { name: "Versions" }).click();
  await setsUp.locator(".versions > li").first().getByText("Qian").waitFor();
  await setsUp.context().close();

  // Who has logged out is led to where one logs in, from every address.
  await operator.getByRole("button", { name: "Log out" }).click();
  await operator.waitForURL(`${service.address}/login`);
  await operator.goto(`${service.address}/#/alerts`);
  await operator.waitForURL(/\/login#\/alerts$/);
  // Whoever's session ends elsewhere is led there, too, by the next thing that they do or are told.
  await viewer.evaluate(async () => {
    const { csrf } = await (await fetch("/api/v1/session")).json();
    await fetch("/api/v1/session", { method: "DELETE", headers: { "X-CSRF-Token": csrf } });
  });
  await viewer.waitForURL(/\/login#\/alert\//);
  for (const page of [admin, operator, viewer, planner]) await page.context().close();
});

it.each(["dark", "light"] as const)("logging in is readable in both languages, %s", async (colorScheme) => {
  const page = await person({ colorScheme, width: 390 });
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => complaints.push(message.text()));
  await page.goto(`${service.address}/login`);
  const title = page.getByRole("heading", { level: 2 });
  expect(await title.innerText()).toBe("Log in");
  await expectAccessible(page);
  await screenshot(page, `login-en-${colorScheme}`);
  await page.locator("#language").click();
  expect(await title.innerText()).toBe("登录");
  expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await screenshot(page, `login-zh-${colorScheme}`);
  expect(complaints).toEqual([]);
  await page.context().close();
});
