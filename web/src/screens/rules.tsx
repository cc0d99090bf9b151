import { useState } from "preact/hooks";
import { beginDrill, endDrill, switchProfile } from "../api";
import { DrillMark } from "../components/alert_card";
import { LevelMark } from "../components/level";
import { OrderFault, order } from "../components/orders";
import { ReadingValue } from "../components/reading";
import { RuleItem } from "../components/rule_item";
import { timeText } from "../format";
import { rank } from "../levels";
import { may, mayEverywhere } from "../permissions";
import { text, word } from "../preferences";
import type { Level, State } from "../wire";

const DRILL_HOLD_S = 300;

function Drills({ state }: { state: State }) {
  const texts = text();
  const [rule, setRule] = useState(state.rules[0]?.id ?? "");
  const chosen = state.rules.find((one) => one.id === rule);
  const levels = chosen?.levels.map((one) => one.level) ?? [];
  const [level, setLevel] = useState<Level | "">("");
  const upTo = levels.find((one) => one === level) ?? levels.at(-1);
  const begin = (event: SubmitEvent) => {
    event.preventDefault();
    const hold_s = Number(new FormData(event.currentTarget as HTMLFormElement).get("hold_s"));
    if (upTo) void order((who) => beginDrill(who, { rule, level: upTo, hold_s }));
  };
  const drills = state.alerts.filter((alert) => alert.drill);
  return (
    <section class="card" aria-labelledby="drills-title">
      <h2 id="drills-title">{texts.drills}</h2>
      <p class="faint">{texts.drills_hint}</p>
      <form class="fields" onSubmit={begin}>
        <label>
          {texts.rule}
          <select id="drill-rule" value={rule} onChange={(event) => setRule(event.currentTarget.value)}>
            {state.rules.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {texts.drill_level}
          <select value={upTo} onChange={(event) => setLevel(event.currentTarget.value as Level)}>
            {levels.map((one) => (
              <option key={one} value={one}>
                {word(one)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {texts.drill_hold}
          <input name="hold_s" type="number" min={0} max={3600} required defaultValue={DRILL_HOLD_S} />
        </label>
        {may("planner") && <button type="submit">{texts.begin_drill}</button>}
        <button type="button" onClick={() => void order((who) => endDrill(rule, who))}>
          {texts.end_drill}
        </button>
      </form>
      {drills.map((alert) => (
        <p key={alert.id}>
          <DrillMark /> {alert.name} <LevelMark level={alert.level} />
        </p>
      ))}
    </section>
  );
}

function Profiles({ state }: { state: State }) {
  const texts = text();
  return (
    <section class="card" aria-labelledby="profiles-title">
      <h2 id="profiles-title">{texts.profiles}</h2>
      {state.known_profiles.length === 0 && <p class="faint">{texts.no_profiles}</p>}
      <ul class="plain">
        {state.known_profiles.map((profile) => {
          const isOn = state.profiles.includes(profile.id);
          return (
            <li key={profile.id} class="row">
              <span>
                {profile.name} <span class="faint">{isOn ? texts.is_on : texts.is_off}</span>
              </span>
              {mayEverywhere("planner") && (
                <button type="button" onClick={() => void order((who) => switchProfile(profile.id, who, !isOn))}>
                  {isOn ? texts.switch_off : texts.switch_on}
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Recent({ state }: { state: State }) {
  const texts = text();
  return (
    <section class="card" aria-labelledby="recent-title">
      <h2 id="recent-title">{texts.recent_changes}</h2>
      {state.recent_alerts.length === 0 && <p class="faint">{texts.no_changes}</p>}
      <ol id="recent" class="plain">
        {state.recent_alerts.slice(0, 20).map((change) => (
          <li key={`${change.rule} ${change.time} ${change.kind}`} class="change">
            <span class="faint number">{timeText(change.time)}</span>
            <span>{change.name}</span>
            <span>{word(change.kind)}</span>
            {change.to && <LevelMark level={change.to} stale={change.kind === "stale"} />}
            <ReadingValue reading={change} measure={change.measure} />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Every rule and how it stands; drills; profiles; what happened last. */
export function RulesScreen({ state }: { state: State }) {
  const texts = text();
  const rules = [...state.rules].sort((a, b) => rank(b.level) - rank(a.level));
  return (
    <div class="two">
      <section aria-labelledby="rules-title">
        <h2 id="rules-title">{texts.rules}</h2>
        {rules.length === 0 && <p class="none">{texts.no_rules}</p>}
        <ul id="rules" class="rules">
          {rules.map((rule) => (
            <RuleItem key={rule.id} state={state} rule={rule} />
          ))}
        </ul>
      </section>
      <div class="column">
        <OrderFault />
        {rules.length > 0 && may("operator") && <Drills state={state} />}
        <Profiles state={state} />
        <Recent state={state} />
      </div>
    </div>
  );
}
