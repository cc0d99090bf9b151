import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DESK, expectAccessible, expectNoSidewaysScroll, LOOKS, type Look, launch, open, screenshot } from "./browser";
import { Service } from "./service";

const PASSWORD = "correct horse";
const LATER_PASSWORD = "battery staple";

let service: Service;
let browser: Browser;
/** Pages with what they complained of. */
let admin: { page: Page; complaints: string[] };

beforeAll(async () => {
  service = await Service.start("required");
  browser = await launch();
  admin = await person("en");
  await admin.page.goto(service.setupLink);
  await fillIn(admin.page, "Wang", PASSWORD);
  await admin.page.locator("#user").waitFor();
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

/** A browser of its own, as each person has one. */
async function person(language: "en" | "zh", look: Look = DESK): Promise<{ page: Page; complaints: string[] }> {
  const { page, complaints } = await open(browser, service.address, { ...look, language });
  await page.waitForURL(/\/login/);
  return { page, complaints };
}

async function fillIn(page: Page, name: string, password: string): Promise<void> {
  await page.locator("#name").fill(name);
  await page.locator("#password").fill(password);
  await page.locator("#go").click();
}

async function logIn(page: Page, name: string, password: string): Promise<void> {
  await page.goto(`${service.address}/login`);
  await fillIn(page, name, password);
}

async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
}

const byToken = async (token: string): Promise<number> =>
  (await fetch(`${service.address}/api/v1/state`, { headers: { Authorization: `Bearer ${token}` } })).status;

it("an admin adds an operator of one site, who sees only that, and whose access ends when the admin says so", async () => {
  const { page } = admin;
  await goTo(page, "#/setup/users");
  await page.getByRole("button", { name: "New user" }).click();
  const dialogue = page.getByRole("dialog");
  await dialogue.getByLabel("Name").fill("Li");
  await dialogue.getByLabel("Role").selectOption("operator");
  await dialogue.getByLabel("only these sites").check();
  // Of nothing there is no scope.
  expect(await dialogue.getByRole("button", { name: "Add" }).isDisabled()).toBe(true);
  await dialogue.getByLabel("The Bund").check();
  await dialogue.getByLabel("Password").fill(PASSWORD);
  await expectAccessible(page);
  await screenshot(page, "people-new-user");
  await dialogue.getByRole("button", { name: "Add" }).click();
  const row = page.locator("tr[data-user='Li']");
  await row.waitFor();
  expect(await row.innerText()).toMatch(/operator\s+The Bund\s+may log in/);

  const { page: operator } = await person("en");
  await logIn(operator, "Li", PASSWORD);
  await operator.locator("[data-place='zone:walkway/all']").waitFor();
  expect(await operator.locator("[data-place='zone:quay/edge']").count()).toBe(0);
  // Neither the configuration nor other users are for Li.
  await goTo(operator, "#/setup/users");
  await operator.locator("main .none").waitFor();
  expect(await operator.locator("tr[data-user]").count()).toBe(0);

  // The admin gives another role; the sessions of before end with it.
  await page.getByRole("button", { name: "Change Li" }).click();
  await dialogue.getByLabel("Role").selectOption("viewer");
  await dialogue.getByRole("button", { name: "Save" }).click();
  await page.locator("tr[data-user='Li']", { hasText: "viewer" }).waitFor();
  await operator.waitForURL(/\/login/);
  await logIn(operator, "Li", PASSWORD);
  await operator.locator("#user", { hasText: "viewer" }).waitFor();
  // A session is ended by itself…
  await goTo(page, "#/setup/audit");
  await goTo(page, "#/setup/users");
  await page.getByRole("button", { name: /End the session of Li/ }).click();
  await operator.waitForURL(/\/login/);
  // … and a user who is disabled does not get in again.
  await page.getByRole("button", { name: "Change Li" }).click();
  await dialogue.getByLabel("Disabled").check();
  await dialogue.getByRole("button", { name: "Save" }).click();
  await page.locator("tr[data-user='Li']", { hasText: "disabled" }).waitFor();
  await logIn(operator, "Li", PASSWORD);
  await operator.locator("#refused:not(:empty)").waitFor();
  expect(operator.url()).toContain("/login");
  await operator.context().close();

  // The last admin stays one, and the dialogue says why.
  await page.getByRole("button", { name: "Change Wang" }).click();
  await dialogue.getByLabel("Role").selectOption("viewer");
  await dialogue.getByRole("button", { name: "Save" }).click();
  await dialogue.getByText("is the last admin").waitFor();
  await dialogue.getByRole("button", { name: "Cancel" }).click();

  await goTo(page, "#/setup/audit");
  await page.locator("tr[data-kind='user_added']", { hasText: "Li" }).waitFor();
  await page.getByLabel("What").selectOption("session_ended");
  expect(await page.locator("tr[data-kind]").count()).toBe(1);
  await page.getByLabel("What").selectOption("");
  for (const kind of ["user_changed", "login", "login_failed"]) {
    await page.locator(`tr[data-kind='${kind}']`).first().waitFor();
  }
});

it("everybody has a password and tokens of their own; a token is shown once, works, and ends", async () => {
  const { page } = admin;
  await goTo(page, "#/setup/users");
  await page.getByRole("button", { name: "New user" }).click();
  const dialogue = page.getByRole("dialog");
  await dialogue.getByLabel("Name").fill("周警官");
  await dialogue.getByLabel("Password").fill(PASSWORD);
  await dialogue.getByRole("button", { name: "Add" }).click();
  await page.locator("tr[data-user='周警官']").waitFor();

  const { page: viewer, complaints } = await person("en");
  const { page: elsewhere } = await person("en");
  for (const one of [viewer, elsewhere]) {
    await logIn(one, "周警官", PASSWORD);
    await one.locator("#user").waitFor();
  }
  complaints.length = 0;
  await viewer.locator("#user").click();
  await viewer.getByRole("heading", { name: "Tokens for programs" }).waitFor();
  await viewer.getByLabel("What for").fill("prometheus");
  await viewer.getByRole("button", { name: "Make a token" }).click();
  const shown = viewer.locator("#new-token");
  await shown.waitFor();
  const token = await shown.inputValue();
  expect(token.length).toBeGreaterThan(30);
  expect(await byToken(token)).toBe(200);
  await expectAccessible(viewer);
  await screenshot(viewer, "people-token");
  // The same name twice is refused, in words.
  await viewer.getByLabel("What for").fill("prometheus");
  await viewer.getByRole("button", { name: "Make a token" }).click();
  await viewer.getByText("you have a token").waitFor();
  complaints.length = 0;
  await viewer.reload();
  await viewer.locator("tr[data-token='prometheus']").waitFor();
  expect(await viewer.locator("#new-token").count()).toBe(0);
  expect(await viewer.content()).not.toContain(token);
  await viewer.getByRole("button", { name: "End the token prometheus" }).click();
  await viewer.getByText("No tokens.").waitFor();
  expect(await byToken(token)).toBe(401);

  // Another password: a wrong one is said, and the right one ends the other sessions.
  const change = async (old: string, fresh: string, again = fresh) => {
    await viewer.getByLabel("Present password").fill(old);
    await viewer.getByLabel("New password", { exact: true }).fill(fresh);
    await viewer.getByLabel("New password, again").fill(again);
    await viewer.getByRole("button", { name: "Change the password" }).click();
  };
  await change(PASSWORD, LATER_PASSWORD, "something else");
  await viewer.getByText("The new passwords differ.").waitFor();
  await change("not the password", LATER_PASSWORD);
  await viewer.locator("form .fault:not(:empty)").waitFor();
  expect(viewer.url()).toContain("#/account");
  await change(PASSWORD, LATER_PASSWORD);
  await viewer.getByText("The password is changed").waitFor();
  await elsewhere.waitForURL(/\/login/);
  await expect.poll(() => viewer.locator("tr[data-session]").count()).toBe(1);
  await logIn(elsewhere, "周警官", LATER_PASSWORD);
  await elsewhere.locator("#user").waitFor();
  for (const one of [viewer, elsewhere]) await one.context().close();
});

it.each(LOOKS)("account, users and audit are accessible and fit at $width in $language, $theme", async (look) => {
  const { page, complaints } = await person(look.language, look);
  await logIn(page, "Wang", PASSWORD);
  await page.locator("#user").waitFor();
  await page.goto(`${service.address}/?lang=${look.language}&theme=${look.theme}`);
  await page.locator("#user").waitFor();
  complaints.length = 0;
  for (const [name, hash, ready] of [
    ["account", "#/account", "tr[data-session]"],
    ["users", "#/setup/users", "tr[data-user]"],
    ["audit", "#/setup/audit", "tr[data-kind]"],
  ] as const) {
    await goTo(page, hash);
    await page.locator(ready).first().waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe(look.language === "zh" ? "zh-CN" : "en");
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await screenshot(page, `${name}-${look.width}-${look.language}-${look.theme}`);
  }
  expect(complaints).toEqual([]);
  await page.context().close();
});
