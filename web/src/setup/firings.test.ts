import { expect, it } from "vitest";
import type { Episode, Level, ReplayedRule } from "../wire";
import { firings, isNotKnown } from "./firings";

const episode = (from: number, until: number | null): Episode => ({
  from: new Date(from * 1000).toISOString(),
  until: until === null ? null : new Date(until * 1000).toISOString(),
  seconds: (until ?? 100) - from,
});
const rule = (levels: Partial<Record<Level, Episode[]>>): ReplayedRule => ({
  replayed: "whole",
  conditions: [],
  levels: Object.entries(levels).map(([level, episodes]) => ({
    level: level as Level,
    times: episodes.length,
    total_s: 0,
    longest_s: 0,
    unknown_s: 0,
    episodes,
  })),
});

it("a time from calm to calm is one firing, with the gravest level that it reached", () => {
  const told = firings(
    rule({
      yellow: [episode(0, 10), episode(20, 40), episode(60, null)],
      orange: [episode(25, 30), episode(60, null)],
      red: [episode(60, null)],
    }),
  );
  expect(told.map((one) => one.gravest)).toEqual(["yellow", "orange", "red"]);
  expect(told[2]?.until).toBeNull();
});

it("what is needed and was never known leaves it open what would have been told", () => {
  const of = (...known: number[]): ReplayedRule => ({
    ...rule({ red: [] }),
    conditions: known.map((known_share) => ({
      place: "gate/plaza",
      measure: "occupancy",
      samples: 9,
      known_share,
      bound_share: 0,
      unknown_share: 1 - known_share,
      without_samples: [],
    })),
  });
  expect(isNotKnown(of(0), null)).toBe(true);
  expect(isNotKnown(of(0.1), null)).toBe(false);
  expect(isNotKnown(of(0.5, 0), "all")).toBe(true);
  expect(isNotKnown(of(0.5, 0), "any")).toBe(false);
  expect(isNotKnown({ ...of(0.5), replayed: "not" }, null)).toBe(true);
});

it("nothing replayed tells nothing", () => {
  expect(firings(rule({}))).toEqual([]);
  expect(firings(rule({ red: [] }))).toEqual([]);
});
