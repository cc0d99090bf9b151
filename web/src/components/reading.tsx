import { qualityHint, readingText, unitOf } from "../format";
import type { Reading } from "../wire";

/** A value with its unit; `?` where it is unknown, with the reason for those who point at it or listen. */
export function ReadingValue({ reading, measure, unit }: { reading: Reading; measure: string; unit?: string }) {
  const hint = qualityHint(reading, measure);
  const shownUnit = reading.value === null ? "" : (unit ?? unitOf(measure));
  return (
    <span class={`number${reading.value === null ? " unknown-value" : ""}`} title={hint || undefined}>
      {readingText(reading, measure)}
      {shownUnit && <span class="unit">{shownUnit}</span>}
      {reading.value === null && <span class="for-listeners"> {hint}</span>}
    </span>
  );
}
