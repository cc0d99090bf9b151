import { expect, it } from "vitest";
import { colourOf, topOf } from "./heat_colours";
import { minutesText, serviceShares, sumText } from "./summary";

it("says of a sum with gaps that it is at least that, and never takes unknown for zero", () => {
  expect(sumText({ value: 1240.4, quality: "valid" })).toBe("1240");
  expect(sumText({ value: 1240.4, quality: "at_least" })).toBe("≥ 1240");
  expect(sumText({ value: null, quality: "unknown:not_enough" })).toBe("?");
  expect([59.6, 60, 754, null].map(minutesText)).toEqual(["1 min 0 s", "1 min 0 s", "12 min 34 s", "?"]);
});

it("shares out the known time only", () => {
  const time = { seconds_known: 400, seconds_bound: 0, coverage: 0.1 };
  expect(serviceShares({ ...time, seconds: [300, 100, 0, 0, 0, 0] })).toEqual([0.75, 0.25, 0, 0, 0, 0]);
  expect(serviceShares({ ...time, seconds: [0, 0, 0, 0, 0, 0] })).toBe(null);
});

it("ends the scale of a heat map at a round figure above nearly all cells", () => {
  const cells = [...Array(98).fill(40), 5000, 9000];
  expect(topOf(cells)).toBe(5000);
  expect(topOf([...Array(100).fill(41), 9000])).toBe(50);
  expect(topOf([])).toBe(1);
  expect([colourOf(0), colourOf(1), colourOf(7)]).toEqual(["rgb(68 1 84)", "rgb(253 231 37)", "rgb(253 231 37)"]);
});
