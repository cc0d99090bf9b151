import { afterEach, expect, it } from "vitest";
import { session } from "./api";
import { may, mayEverywhere } from "./permissions";
import { ROLES, type Role, type Session } from "./wire";

const as = (role: Role, scope: Session["scope"] = "all"): void => {
  session.value = { accounts: "required", name: "Li", role, scope, csrf: "abc", expires: null };
};
afterEach(() => {
  session.value = null;
});

it("offers nothing to whoever is not known", () => {
  expect(ROLES.filter(may)).toEqual([]);
});

it("offers to each role what it and those below it may", () => {
  for (const [number, role] of ROLES.entries()) {
    as(role);
    expect(ROLES.filter(may)).toEqual(ROLES.slice(0, number + 1));
  }
});

it("offers what is about all sites to those whose scope they are", () => {
  as("planner", { only: { sites: ["bund"], units: [] } });
  expect([may("planner"), mayEverywhere("planner")]).toEqual([true, false]);
  as("planner");
  expect(mayEverywhere("planner")).toBe(true);
  as("operator");
  expect(mayEverywhere("planner")).toBe(false);
});
