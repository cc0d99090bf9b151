import { heldText, measureName, thresholdText, timeText } from "../format";
import { mayEverywhere } from "../permissions";
import { placeKey, placeText } from "../places";
import { text, word } from "../preferences";
import { routeTo } from "../route";
import { choose } from "../setup/tables_part";
import type { Rule, State } from "../wire";
import { LevelMark } from "./level";
import { ReadingValue } from "./reading";

/** A rule: how it stands, what it compares with, and where its thresholds come from. */
export function RuleItem({ state, rule }: { state: State; rule: Rule }) {
  const texts = text();
  const key = placeKey(rule);
  const thresholds = rule.levels.map((one) => `${word(one.level)} ${thresholdText(one.raise, rule.measure)}`);
  return (
    <li class={`card edge ${rule.level}`}>
      <div class="row">
        <h3>{rule.name}</h3>
        <LevelMark level={rule.level} stale={rule.stale} />
      </div>
      <div class="row">
        <p class="faint">
          {key ? <a href={routeTo("place", key)}>{placeText(state, key)}</a> : null} · {measureName(rule.measure)}
        </p>
        <span class="big">
          <ReadingValue reading={rule.reading} measure={rule.measure} />
        </span>
      </div>
      {rule.stale && <p class="warning">{rule.level === "unknown" ? texts.no_value : heldText(rule.reading)}</p>}
      {rule.rising && <p class="warning">{texts.on_its_way(word(rule.rising.level), timeText(rule.rising.since))}</p>}
      {rule.clearing_since && <p class="faint">{texts.being_left(timeText(rule.clearing_since))}</p>}
      {rule.since && <p class="faint">{texts.since(timeText(rule.since))}</p>}
      <p class="faint">
        {texts.thresholds}: {thresholds.join(" · ")}
      </p>
      {rule.source && (
        <p class="faint">
          {texts.source}: {rule.source}
        </p>
      )}
      {mayEverywhere("planner") && (
        <p>
          <a
            href={routeTo("setup", "rules")}
            aria-label={texts.change_rule(rule.name)}
            onClick={() => choose("rules", rule.id)}
          >
            {texts.change}
          </a>
        </p>
      )}
    </li>
  );
}
