import { LevelMark } from "../components/level";
import { ReadingValue } from "../components/reading";
import { measureName, thresholdText } from "../format";
import { lastKnown } from "../live";
import type { PlaceKind } from "../places";
import { text, word } from "../preferences";
import { routeTo } from "../route";
import type { JsonTable } from "../wire";
import { ChecksField } from "./checks_field";
import { set, values } from "./draft";
import { ChoiceField, Faults, TextField } from "./fields";
import { LevelsOf } from "./level_fields";
import { RULED } from "./rule_measures";
import { RuleTrial } from "./rule_trial";
import { type Condition, placeNameIn, placesIn, rulesIn, type WrittenRule } from "./rules";
import { namesOf, TablesPart } from "./tables_part";

const said = (): JsonTable => values.value ?? {};

export function thresholdsText(condition: Condition): string {
  const levels = condition.levels.map((one) => `${word(one.level)} ${thresholdText(one.raise, condition.measure)}`);
  return levels.join(" · ") || text().no_levels;
}

function About({ rule }: { rule: WrittenRule | undefined }) {
  return (
    <>
      {rule?.conditions.map((condition, at) => (
        <span key={at} class="faint">
          {placeNameIn(said(), condition.kind, condition.place)} · {measureName(condition.measure)} ·{" "}
          {thresholdsText(condition)}
        </span>
      ))}
    </>
  );
}

/** The place and what is compared there; a measure that isn't of such a place gives way to the first that is. */
function PlaceField({ path, condition }: { path: string[]; condition: Condition }) {
  const texts = text();
  const choices = placesIn(said());
  const value = condition.place ? `${condition.kind}:${condition.place}` : "";
  const isKnown = choices.some(({ kind, place }) => `${kind}:${place}` === value);
  const choose = (key: string) => {
    const [kind = "zone", place = ""] = key.split(/:(.*)/s);
    if (kind !== condition.kind) set([...path, condition.kind], null);
    set([...path, kind], place);
    const measures = RULED[kind as PlaceKind];
    if (!measures.includes(condition.measure)) set([...path, "measure"], measures[0] ?? null);
  };
  return (
    <div class="field">
      <label>
        {texts.place}
        <select id="rule-place" value={value} onChange={(event) => choose(event.currentTarget.value)}>
          {!isKnown && <option value={value}>{condition.place || "–"}</option>}
          {choices.map(({ kind, place, name, within }) => (
            <option key={`${kind}:${place}`} value={`${kind}:${place}`}>
              {word(kind)}: {within ? `${name} · ${within}` : name}
            </option>
          ))}
        </select>
      </label>
      {(["zone", "line", "camera", "site"] as const).map((kind) => (
        <Faults key={kind} path={[...path, kind]} />
      ))}
    </div>
  );
}

/** Conditions in a list are looked at here and changed in the text. */
function ConditionList({ rule }: { rule: WrittenRule }) {
  const texts = text();
  return (
    <div class="plain">
      <p>{rule.combine === "all" ? texts.condition_all : texts.condition_any}</p>
      <ul class="plain conditions">
        {rule.conditions.map((condition, at) => (
          <li key={at}>
            <strong>{placeNameIn(said(), condition.kind, condition.place)}</strong> · {measureName(condition.measure)}
            <p class="faint">{thresholdsText(condition)}</p>
          </li>
        ))}
      </ul>
      <p>
        <a href={routeTo("setup", "text")}>{texts.edit_in_text}</a>
      </p>
    </div>
  );
}

/** How the rule in force stands now. */
function Now({ id }: { id: string }) {
  const rule = lastKnown.value?.rules.find((one) => one.id === id);
  if (!rule) return null;
  return (
    <p class="row">
      <span>
        <span class="faint">{text().now_is}</span> <ReadingValue reading={rule.reading} measure={rule.measure} />
      </span>
      <LevelMark level={rule.level} stale={rule.stale} />
    </p>
  );
}

function RuleForm({ rule }: { rule: WrittenRule }) {
  const texts = text();
  const path = ["rules", rule.id];
  const [condition] = rule.conditions;
  const profiles = namesOf("profiles");
  return (
    <>
      <Now id={rule.id} />
      <div class="field-grid">
        <TextField path={[...path, "name"]} label={texts.name} hint={rule.id} />
        {rule.combine === null && condition && (
          <>
            <PlaceField path={path} condition={condition} />
            <ChoiceField
              path={[...path, "measure"]}
              label={texts.measure}
              choices={RULED[condition.kind].map((measure) => [measure, measureName(measure)])}
            />
          </>
        )}
        <TextField path={[...path, "source"]} label={texts.thresholds_from} hint={texts.thresholds_from_hint} />
      </div>
      {rule.combine === null && condition ? (
        <LevelsOf path={[...path, "levels"]} condition={condition} />
      ) : (
        <ConditionList rule={rule} />
      )}
      <div class="plain">
        <h3>{texts.when_it_applies}</h3>
        <ChecksField
          path={[...path, "schedules"]}
          label={texts.schedules_any}
          none={texts.no_sites_yet}
          choices={namesOf("schedules")}
        />
        <ChecksField
          path={[...path, "profiles"]}
          label={texts.profiles_any}
          none={texts.no_sites_yet}
          choices={profiles}
        />
        <ChecksField
          path={[...path, "except_profiles"]}
          label={texts.profiles_none}
          none={texts.no_sites_yet}
          choices={profiles}
        />
      </div>
    </>
  );
}

/** When an alert is raised: rules, and what each would have told of what is on record. */
export function RulesPart() {
  const texts = text();
  const rules = rulesIn(said());
  const ruleOf = (id: string) => rules.find((rule) => rule.id === id);
  const first = placesIn(said())[0];
  const fresh: JsonTable = first ? { [first.kind]: first.place, measure: RULED[first.kind][0] ?? "" } : {};
  return (
    <TablesPart
      kind="rules"
      title={texts.rules}
      hint={texts.choose_rule}
      addText={texts.new_rule}
      fresh={{ id: "rule", said: fresh }}
      fields={[
        "name",
        "zone",
        "line",
        "camera",
        "site",
        "measure",
        "source",
        "levels",
        "schedules",
        "profiles",
        "except_profiles",
      ]}
      about={(id) => <About rule={ruleOf(id)} />}
      form={(id) => {
        const rule = ruleOf(id);
        return rule && <RuleForm rule={rule} />;
      }}
      below={(id) => {
        const rule = ruleOf(id);
        return rule && <RuleTrial key={id} rule={rule} />;
      }}
    />
  );
}
