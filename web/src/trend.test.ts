import { describe, expect, it } from "vitest";
import { TrendWatch } from "./trend";

function watched(values: (number | null)[], step_s = 5): TrendWatch {
  const watch = new TrendWatch();
  values.forEach((value, at) => {
    watch.add(at * step_s, value);
  });
  return watch;
}

describe("the trend", () => {
  it("is known after twenty seconds only", () => {
    expect(watched([1, 2, 3, 4]).trend()).toBeNull();
    expect(watched([1, 2, 3, 4, 5]).trend()).toBe("rising");
  });

  it("tells rising, falling and steady", () => {
    expect(watched([40, 36, 30, 24, 20, 18]).trend()).toBe("falling");
    expect(watched([100, 104, 98, 101, 103, 100]).trend()).toBe("steady");
    expect(watched([0, 1, 0, 1, 0, 1]).trend()).toBe("steady");
  });

  it("says nothing of a time in which nothing was known", () => {
    expect(watched([10, 20, 30, 40, 50, null, 60]).trend()).toBeNull();
  });

  it("forgets what is older than a minute", () => {
    expect(watched([50, 50, 50, ...Array<number>(13).fill(10)]).trend()).toBe("steady");
  });
});
