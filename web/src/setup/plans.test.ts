import { expect, it } from "vitest";
import { asRaised, moved, withKey, withStep } from "./plans";

const STEPS = [
  { id: "step", kind: "other", text: "a" },
  { id: "patrol", kind: "send_patrol", text_zh: "巡逻", limit_s: 600 },
];

it("steps are added, changed and moved", () => {
  expect(withStep(STEPS).map((step) => step.id)).toEqual(["step", "patrol", "step_2"]);
  expect(withKey(STEPS, 1, "limit_s", null)[1]).toEqual({ id: "patrol", kind: "send_patrol", text_zh: "巡逻" });
  expect(withKey(STEPS, 0, "text", "b")[0]?.text).toBe("b");
  expect(moved(STEPS, 0, 1).map((step) => step.id)).toEqual(["patrol", "step"]);
  expect(moved(STEPS, 0, -1)).toEqual(STEPS);
  expect(moved(STEPS, 1, 1)).toEqual(STEPS);
});

it("one text stands for both, and a limit becomes a time", () => {
  const step = asRaised(STEPS[1] ?? {}, new Date("2026-11-24T20:00:00Z"));
  expect(step).toMatchObject({ text: "巡逻", text_zh: "巡逻", due: "2026-11-24T20:10:00.000Z", state: "waiting" });
  expect(asRaised({ id: "x", text: "a" }, new Date()).due).toBeNull();
});
