import { expect, it } from "vitest";
import { freeId, fromShares, inwards, toShares } from "./geometry";

it("places keep what they are written in", () => {
  expect(toShares([384, 288], "pixel", [768, 576])).toEqual([0.5, 0.5]);
  expect(fromShares([0.5, 0.5], "pixel", [768, 576])).toEqual([384, 288]);
  expect(fromShares([0.123456, 1.2], "normalized", null)).toEqual([0.1235, 1]);
});

it("in is to the left of a line, as seen in the picture", () => {
  // From below to above: in is on the left.
  const upwards = inwards([0.5, 1], [0.5, 0], 4 / 3, 0.1);
  expect(upwards.to[0]).toBeLessThan(0.5);
  expect(upwards.to[1]).toBeCloseTo(0.5);
  // From left to right: in is above.
  const rightwards = inwards([0, 0.5], [1, 0.5], 4 / 3, 0.1);
  expect(rightwards.to[0]).toBeCloseTo(0.5);
  expect(rightwards.to[1]).toBeCloseTo(0.4);
});

it("ids are free", () => {
  expect(freeId("zone", [])).toBe("zone");
  expect(freeId("zone", ["zone", "zone_2"])).toBe("zone_3");
});
