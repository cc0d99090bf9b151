import { expect, it } from "vitest";
import type { Episode, Level, ReplayedRule } from "../wire";
import { firings } from "./firings";

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

it("nothing replayed tells nothing", () => {
  expect(firings(rule({}))).toEqual([]);
  expect(firings(rule({ red: [] }))).toEqual([]);
});
