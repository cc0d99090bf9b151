import type { Forecast } from "./levels";
import { MEASURES, serviceLetter } from "./measures";
import { language, text, word } from "./preferences";
import type { Reading } from "./wire";

const locale = (): string => (language.value === "zh" ? "zh-CN" : "en-GB");

export function measureName(measure: string): string {
  return MEASURES[measure]?.[language.value] ?? measure.replaceAll("_", " ");
}

export function unitOf(measure: string): string {
  return MEASURES[measure]?.unit ?? "";
}

/** A value as people read it, without its unit. */
export function figure(value: number, measure: string): string {
  if (measure === "level_of_service") return serviceLetter(value);
  return value.toFixed(MEASURES[measure]?.decimals ?? (Number.isInteger(value) ? 0 : 2));
}

const BOUNDS: Record<string, string> = { at_least: "≥ ", at_most: "≤ " };

/** `12`, `≥ 40`, `?`. */
export function readingText(reading: Reading, measure: string): string {
  if (reading.value === null) return "?";
  return `${BOUNDS[reading.quality] ?? ""}${figure(reading.value, measure)}`;
}

/** Why a reading is unknown or only a bound; empty where it is simply valid. */
export function qualityHint(reading: Reading, measure: string): string {
  if (reading.quality === "valid") return "";
  if (reading.quality === "at_least" && measure.includes("time_to")) return "";
  return word(reading.quality);
}

/** Why a level stands that nothing is known of any more. */
export function heldText(reading: Reading): string {
  return text().held(reading.quality === "unknown:lost" ? word(reading.quality) : text().no_fresh_value);
}

/** A threshold as people read it, with its unit. */
export function thresholdText(value: number, measure: string): string {
  return measure === "level_of_service" ? serviceLetter(value) : `${value}${unitOf(measure)}`;
}

export function age(seconds: number): string {
  const texts = text();
  if (seconds < 90) return texts.age_s(Math.round(seconds));
  if (seconds < 5400) return texts.age_min(Math.round(seconds / 60));
  if (seconds < 172_800) return texts.age_h(Math.round(seconds / 3600));
  return texts.age_d(Math.round(seconds / 86_400));
}

/** `Orange in about 12 min`. */
export function forecastText({ level, reading, value_s }: Forecast): string {
  return text().in_minutes(word(level), `${BOUNDS[reading.quality] ?? ""}${age(value_s)}`);
}

const isToday = (at: Date): boolean => at.toDateString() === new Date().toDateString();

/** A time of today, or with its date where it is of another day. */
export function timeText(rfc3339: string): string {
  const at = new Date(rfc3339);
  return isToday(at) ? at.toLocaleTimeString(locale()) : dateTimeText(rfc3339);
}

export function dateTimeText(rfc3339: string): string {
  return new Date(rfc3339).toLocaleString(locale(), { dateStyle: "short", timeStyle: "medium" });
}

export function percent(share: number): string {
  // 99.96 % is not all of it.
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}
