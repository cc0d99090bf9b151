import { word } from "../preferences";
import type { RuleLevel } from "../wire";

/** Shapes, so that a level is told apart without its colour: more corners are calmer, the octagon is a stop sign. */
const SHAPES: Record<RuleLevel, string> = {
  calm: "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13zM8 4a4 4 0 1 1 0 8a4 4 0 1 1 0-8z",
  unknown:
    "M6.7 9.9v-1c0-1.9 2.2-2 2.2-3.3 0-.7-.5-1.1-1.2-1.1s-1.3.5-1.4 1.4l-2-.3C4.500 3.900 5.800 2.700 7.800 2.700s3.300 1.100 3.300 2.800c0 2.300-2.300 2.500-2.300 3.800v.6zM6.600 11h2.300v2.300H6.600z",
  blue: "M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z",
  yellow: "M8 1.500L15 14H1z",
  orange: "M8 .8L15.200 8L8 15.200L.8 8z",
  red: "M5 1h6l4 4v6l-4 4H5l-4-4V5z",
};

/** A level: shape, word and colour. A level that is held while nothing is known is striped. */
export function LevelMark({
  level,
  stale = false,
  large = false,
}: {
  level: RuleLevel;
  stale?: boolean;
  large?: boolean;
}) {
  const held = stale && level !== "unknown" && level !== "calm";
  return (
    <span class={`level ${level}${held ? " held" : ""}${large ? " large" : ""}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[level]} fill-rule="evenodd" />
      </svg>
      {word(level)}
    </span>
  );
}
