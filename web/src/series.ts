import type { LevelThresholds, MeasureHistory } from "./wire";

// Spread into Math.max, a week of minutes would be too many arguments for some browsers.
const greatest = (values: number[]): number => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
const least = (values: number[]): number => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

/** When; mean, least and greatest. */
export type Columns = [number[], (number | null)[], (number | null)[], (number | null)[]];

/** Values with a gap wherever seconds, minutes or hours are missing, so that no line is drawn over the unknown. */
export function withGaps(history: MeasureHistory): Columns {
  const [time, mean, min, max]: Columns = [[], [], [], []];
  history.time_s.forEach((at, index) => {
    const before = time.at(-1);
    if (before !== undefined && at - before > history.resolution_s * 1.5) {
      time.push(before + history.resolution_s);
      for (const values of [mean, min, max]) values.push(null);
    }
    time.push(at);
    mean.push(history.mean[index] ?? null);
    min.push(history.min?.[index] ?? null);
    max.push(history.max?.[index] ?? null);
  });
  return [time, mean, min, max];
}

/** Where the scale ends: at what was measured, or a little above the mildest threshold, so that it is seen what is left. */
export function scaleTop(history: MeasureHistory[], thresholds: LevelThresholds[]): number {
  const values = history.flatMap((one) => one.max ?? one.mean).filter((value) => value !== null);
  const top = Math.max(0, greatest(values));
  const next = thresholds.map((one) => one.raise).filter((raise) => raise > top);
  return Math.max(top, ...(next.length > 0 ? [Math.min(...next)] : []), 1e-6) * 1.1;
}

/** The summary of a measure's history; `null`: nothing is known of that time. */
export function summary(history: MeasureHistory): { mean: number; min: number; max: number } | null {
  let [sum, seconds] = [0, 0];
  history.mean.forEach((mean, index) => {
    const known = history.seconds_known?.[index] ?? 1;
    if (mean === null) return;
    sum += mean * known;
    seconds += known;
  });
  if (seconds === 0) return null;
  const known = (values: (number | null)[]) => values.filter((value) => value !== null);
  return {
    mean: sum / seconds,
    min: least(known(history.min ?? history.mean)),
    max: greatest(known(history.max ?? history.mean)),
  };
}
