import { LevelMark } from "../components/level";
import { unitOf } from "../format";
import { LEVELS } from "../levels";
import { text } from "../preferences";
import type { Json, Level } from "../wire";
import { set, table } from "./draft";
import { isTable } from "./edits";
import { Faults, Field, NumberField, Typed } from "./fields";
import { CLEAR_HOLD_S, HOLD_S, isWorseLow, usualClear } from "./rule_measures";
import type { Condition } from "./rules";

/** What a threshold of this measure is in, where it is no plain unit. */
function unitName(measure: string): string {
  const texts = text();
  const unit = unitOf(measure).trim();
  if (unit) return unit;
  switch (measure) {
    case "occupancy":
    case "people":
    case "loitering":
    case "largest_standing_group":
    case "balance_drift":
      return texts.inside;
    case "standing_groups":
      return texts.unit_groups;
    case "level_of_service":
      return texts.unit_service;
    case "gathering":
    case "dispersal":
    case "turbulence":
      return texts.unit_on;
    default:
      return texts.unit_share;
  }
}

/** Without its threshold a level has nothing to say: it goes as a whole, and with the last one all of them. */
function setRaise(path: string[], level: Level, typed: string): void {
  if (typed !== "") {
    set([...path, level, "raise"], Number(typed));
    return;
  }
  const others = Object.keys(table(path)).filter((one) => one !== level);
  if (others.length === 0) set(path, null);
  else set([...path, level], null);
}

function LevelFields({ path, level, condition }: { path: string[]; level: Level; condition: Condition }) {
  const texts = text();
  const { measure } = condition;
  const unit = unitName(measure);
  const own: Json | undefined = table(path)[level];
  const raise = isTable(own) && typeof own.raise === "number" ? own.raise : null;
  const shipped = condition.isShipped ? condition.levels.find((one) => one.level === level) : undefined;
  const below = [...path, level];
  return (
    <fieldset class="level-fields" data-level={level}>
      <legend>
        <LevelMark level={level} />
      </legend>
      <Field path={[...below, "raise"]} label={texts.raise_in(unit)}>
        {(attributes) => (
          <Typed
            isNumber
            value={raise === null ? "" : `${raise}`}
            attributes={{ ...attributes, placeholder: shipped ? `${shipped.raise}` : "–" }}
            onType={(typed) => setRaise(path, level, typed)}
          />
        )}
      </Field>
      {isTable(own) && (
        <>
          <NumberField path={[...below, "hold_s"]} label={texts.hold_in} hint={`${HOLD_S[level]}`} />
          <NumberField
            path={[...below, "clear"]}
            label={texts.clear_in(unit)}
            hint={raise === null ? "–" : `${usualClear(raise, measure)}`}
          />
          <NumberField path={[...below, "clear_hold_s"]} label={texts.clear_hold_in} hint={`${CLEAR_HOLD_S}`} />
        </>
      )}
    </fieldset>
  );
}

/** When each level of a condition is raised and left; defaults stand where nothing is given. */
export function LevelsOf({ path, condition }: { path: string[]; condition: Condition }) {
  const texts = text();
  return (
    <div class="plain">
      <h3>{texts.levels}</h3>
      <p class="faint">{isWorseLow(condition.measure) ? texts.level_hint_low : texts.level_hint_high}</p>
      {condition.isShipped && <p class="faint">{texts.shipped_levels}.</p>}
      <div class="levels-grid">
        {LEVELS.map((level) => (
          <LevelFields key={level} path={path} level={level} condition={condition} />
        ))}
      </div>
      <Faults
        path={path}
        besides={LEVELS.flatMap((level) =>
          ["raise", "hold_s", "clear", "clear_hold_s"].map((key) => `${level}.${key}`),
        )}
      />
    </div>
  );
}
