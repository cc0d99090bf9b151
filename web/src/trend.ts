/** Where a value is going, from the samples that this page has seen. */

export type Trend = "rising" | "falling" | "steady";

interface Seen {
  at_s: number;
  value: number;
}

/** Samples are looked at for so long. */
const WINDOW_S = 60;
/** Less than this is too short to tell. */
const LEAST_S = 20;
/** A change counts from this share of the value, or from one person where that is more. */
const LEAST_SHARE = 0.1;

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export class TrendWatch {
  private seen: Seen[] = [];

  /** Unknown breaks the series off: what was before it says nothing of now. */
  add(at_s: number, value: number | null): void {
    if (value === null) this.seen = [];
    else if (this.seen.at(-1)?.at_s !== at_s) this.seen.push({ at_s, value });
    const oldest = at_s - WINDOW_S;
    while (this.seen[0] && this.seen[0].at_s < oldest) this.seen.shift();
  }

  /** `null`: too little was seen. */
  trend(): Trend | null {
    const [first, last] = [this.seen[0], this.seen.at(-1)];
    if (!first || !last || last.at_s - first.at_s < LEAST_S) return null;
    const third = (last.at_s - first.at_s) / 3;
    const before = mean(this.seen.filter((one) => one.at_s <= first.at_s + third).map((one) => one.value));
    const after = mean(this.seen.filter((one) => one.at_s >= last.at_s - third).map((one) => one.value));
    const least = Math.max(1, LEAST_SHARE * Math.max(before, after));
    if (Math.abs(after - before) < least) return "steady";
    return after > before ? "rising" : "falling";
  }
}
