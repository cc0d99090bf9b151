import { expect, it } from "vitest";
import { meanDensities } from "./heat_density";
import type { HeatMap } from "./wire";

const map = (observed_s: number, occupancy_s: number[], cell_m: number | null = 0.5) =>
  ({ observed_s, cell_m, cells: occupancy_s.map((one) => ({ occupancy_s: one })) }) as HeatMap;

it("is the same for a crowd that was seen for one hour as for ten", () => {
  expect(meanDensities(map(3600, [3600, 900]))).toEqual([4, 1]);
  expect(meanDensities(map(36_000, [36_000, 9000]))).toEqual([4, 1]);
  expect(meanDensities(map(100, [100], 1))).toEqual([1]);
});

it("claims nothing of a time that was not seen", () => {
  expect(meanDensities(map(0, [5]))).toEqual([]);
  expect(meanDensities(map(3600, [], null))).toEqual([]);
});
