import { rank } from "../levels";
import type { Level, ReplayedRule } from "../wire";

/** A time from calm to calm. */
export interface Firing {
  /** The gravest level that it reached. */
  gravest: Level;
  from: string;
  /** `null`: it was still on at the end of the period. */
  until: string | null;
  seconds: number;
}

/** The times at which a rule would have fired: it is at or above its mildest level from calm to calm. */
export function firings(rule: ReplayedRule): Firing[] {
  const [mildest] = [...rule.levels].sort((a, b) => rank(a.level) - rank(b.level));
  if (!mildest) return [];
  return mildest.episodes.map(({ from, until, seconds }) => {
    const end_ms = until === null ? Number.POSITIVE_INFINITY : Date.parse(until);
    const isWithin = (at: string) => Date.parse(at) >= Date.parse(from) && Date.parse(at) < end_ms;
    const reached = rule.levels.filter((level) => level.episodes.some((episode) => isWithin(episode.from)));
    const gravest = reached.reduce(
      (worst, next) => (rank(next.level) > rank(worst) ? next.level : worst),
      mildest.level,
    );
    return { gravest, from, until, seconds };
  });
}

/**
 * Whether nothing can be said of what a rule would have told: there are no samples, or what it needs was never known. A list of
 * which all have to hold needs each of its conditions, any other needs one.
 */
export function isNotKnown(rule: ReplayedRule, combine: "all" | "any" | null): boolean {
  const neverKnown = rule.conditions.map((one) => one.known_share === 0);
  const isWithout = combine === "all" ? neverKnown.some(Boolean) : neverKnown.every(Boolean);
  return rule.replayed === "not" || isWithout;
}
