import type { Alert, Level, Measures, Reading, Rule, RuleLevel } from "./wire";

/** From best to worst. Unknown is worse than calm: nobody may rest on it. */
const ORDER: RuleLevel[] = ["calm", "unknown", "blue", "yellow", "orange", "red"];
export const LEVELS: Level[] = ["blue", "yellow", "orange", "red"];

export function rank(level: RuleLevel): number {
  return ORDER.indexOf(level);
}

export function worst(levels: RuleLevel[]): RuleLevel | null {
  return levels.reduce<RuleLevel | null>(
    (so_far, next) => (so_far === null || rank(next) > rank(so_far) ? next : so_far),
    null,
  );
}

/** The gravest first; of the same level the one that rose last. Drills stand behind what is real. */
export function inOrder(alerts: Alert[]): Alert[] {
  return [...alerts].sort(
    (a, b) => Number(a.drill) - Number(b.drill) || rank(b.level) - rank(a.level) || b.raised.localeCompare(a.raised),
  );
}

/** The worst of the rules on a place; `null`: there is none. */
export function worstRule(rules: Rule[], isThere: (rule: Rule) => boolean): Rule | null {
  return rules
    .filter(isThere)
    .reduce<Rule | null>(
      (so_far, rule) => (so_far === null || rank(rule.level) > rank(so_far.level) ? rule : so_far),
      null,
    );
}

/** What stands over everything: the worst of all rules and of all alerts that are no drill. `null`: there are no rules. */
export function overall(rules: Rule[], alerts: Alert[]): RuleLevel | null {
  return worst([
    ...rules.map((rule) => rule.level),
    ...alerts.filter((alert) => !alert.drill).map((alert) => alert.level),
  ]);
}

/** The service says 1800 s for "not within half an hour". */
const HORIZON_S = 1800;

export interface Forecast {
  level: Level;
  reading: Reading;
  value_s: number;
}

/** The gravest level that is to come within half an hour; `null`: none is. */
export function ahead(measures: Measures): Forecast | null {
  for (const level of [...LEVELS].reverse()) {
    const reading = measures[`time_to_${level}`];
    const value_s = reading?.value ?? HORIZON_S;
    if (reading && value_s > 0 && value_s < HORIZON_S) return { level, reading, value_s };
  }
  return null;
}
