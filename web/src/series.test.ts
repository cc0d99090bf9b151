import { describe, expect, it } from "vitest";
import { scaleTop, summary, withGaps } from "./series";
import type { LevelThresholds, MeasureHistory } from "./wire";

const seconds = (time_s: number[], mean: (number | null)[]) =>
  ({ measure: "density", resolution_s: 1, time_s, mean, seconds_bound: [], coverage: 1 }) as unknown as MeasureHistory;
const minutes = {
  measure: "density",
  resolution_s: 60,
  time_s: [0, 60, 120],
  mean: [2, null, 5],
  min: [1, null, 4],
  max: [3, null, 9],
  seconds_known: [60, 0, 20],
  seconds_bound: [0, 0, 20],
  coverage: 0.44,
} as unknown as MeasureHistory;
const levels = [{ raise: 4 }, { raise: 12 }, { raise: 20 }] as LevelThresholds[];

describe("a measure over time", () => {
  it("has a gap where nothing was sampled", () => {
    expect(withGaps(seconds([10, 11, 15], [1, 2, 3])).slice(0, 2)).toEqual([
      [10, 11, 12, 15],
      [1, 2, null, 3],
    ]);
  });

  it("is summed up over the known time only", () => {
    expect(summary(minutes)).toEqual({ mean: (2 * 60 + 5 * 20) / 80, min: 1, max: 9 });
    expect(summary(seconds([1, 2, 3], [2, null, 4]))).toEqual({ mean: 3, min: 2, max: 4 });
    expect(summary(seconds([1], [null]))).toBeNull();
  });

  it("is drawn up to the next threshold, so that it is seen what is left", () => {
    expect(scaleTop([minutes], levels)).toBeCloseTo(12 * 1.1);
    expect(scaleTop([minutes], [])).toBeCloseTo(9 * 1.1);
  });
});
