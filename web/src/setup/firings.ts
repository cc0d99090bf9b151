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
