import type { ServiceShares, SumReading } from "./wire";

/** Sums of periods as people read them. */

/** `1240`, `≥ 1240` where not all of the time is known, `?`. */
export function sumText(sum: SumReading): string {
  if (sum.value === null) return "?";
  return `${sum.quality === "at_least" ? "≥ " : ""}${Math.round(sum.value)}`;
}

/** Shares of the known time at levels A to F; `null`: nothing is known. */
export function serviceShares(of: ServiceShares): number[] | null {
  const all = of.seconds.reduce((sum, seconds) => sum + seconds, 0);
  return all > 0 ? of.seconds.map((seconds) => seconds / all) : null;
}

/** Seconds as minutes and seconds. */
export function minutesText(seconds: number | null): string {
  if (seconds === null) return "?";
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
