/** Periods of the Analytics screen. */

export interface Period {
  from: Date;
  to: Date;
}

export type Comparison = "none" | "day_before" | "week_before" | "own";

export function isPeriod({ from, to }: Period): boolean {
  return from.getTime() < to.getTime();
}

/** The period to compare with: as long as the first, a day or a week earlier by the calendar, or from a chosen time. */
export function compared(first: Period, comparison: Comparison, own: Date): Period | null {
  if (comparison === "none") return null;
  const length_ms = first.to.getTime() - first.from.getTime();
  if (comparison === "own") return { from: own, to: new Date(own.getTime() + length_ms) };
  // By the calendar: the hours of the day stay the same where the clocks were changed in between.
  const from = new Date(first.from);
  from.setDate(from.getDate() - (comparison === "day_before" ? 1 : 7));
  return { from, to: new Date(from.getTime() + length_ms) };
}
