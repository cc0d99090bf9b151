import { describe, expect, it } from "vitest";
import { compared, isPeriod } from "./periods";

describe("periods", () => {
  const first = { from: new Date(2026, 10, 24, 18), to: new Date(2026, 10, 24, 22) };
  const own = new Date(2026, 9, 1, 20);

  it("are compared with ones as long", () => {
    expect(compared(first, "none", own)).toBeNull();
    expect(compared(first, "day_before", own)).toEqual({
      from: new Date(2026, 10, 23, 18),
      to: new Date(2026, 10, 23, 22),
    });
    expect(compared(first, "week_before", own)?.from).toEqual(new Date(2026, 10, 17, 18));
    expect(compared(first, "own", own)).toEqual({ from: own, to: new Date(2026, 9, 2, 0) });
  });

  it("end after they begin", () => {
    expect([isPeriod(first), isPeriod({ from: first.to, to: first.from })]).toEqual([true, false]);
  });
});
