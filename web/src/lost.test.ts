import { describe, expect, it } from "vitest";
import { asLost, isLost } from "./lost";
import type { Reading, State } from "./wire";

const known = (value: number): Reading => ({ value, quality: "valid" });

const state = {
  cameras: [
    {
      id: "gate",
      fresh: true,
      counts: [{ class: "person", ...known(17) }],
      measures: { people: known(17) },
      zones: [
        {
          id: "plaza",
          classes: [{ class: "person", occupancy: known(12) }],
          density_per_m2: known(2.2),
          saturation: "dense",
          measures: { density: known(2.2) },
        },
      ],
      lines: [
        { id: "door", totals: [{ class: "person", in: 3, out: 4, quality: "valid" }], measures: { flow_in: known(1) } },
      ],
    },
  ],
  sources: [
    {
      id: "gates",
      fresh: true,
      measures: {},
      zones: [
        { id: "hall", classes: [{ class: "person", occupancy: known(3) }], density_per_m2: known(1), measures: {} },
      ],
      lines: [],
    },
  ],
  sites: [{ id: "bund", measures: { occupancy: known(12) } }],
  rules: [
    { id: "a", level: "calm", stale: false, reading: known(1) },
    { id: "b", level: "orange", stale: false, reading: known(2) },
  ],
  alerts: [{ id: "b.1", level: "orange", stale: false, reading: known(2) }],
} as unknown as State;

describe("a lost connection", () => {
  it("leaves no value that could be taken for true", () => {
    // Totals since the start stay: they were counted.
    const text = JSON.stringify(
      asLost(state).cameras.map(({ lines, ...rest }) => [rest, lines.map((line) => line.measures)]),
    );
    expect(text).not.toMatch(/"value":\d/);
    expect(JSON.stringify(asLost(state).sources)).not.toMatch(/"value":\d|"fresh":true/);
    expect(text).not.toContain('"quality":"valid"');
    expect(asLost(state).cameras[0]?.fresh).toBe(false);
    expect(asLost(state).sites[0]?.measures.occupancy).toEqual({ value: null, quality: "unknown:lost" });
  });

  it("claims no calm, and keeps open alerts as held", () => {
    const { rules, alerts } = asLost(state);
    expect(rules.map(({ level, stale }) => [level, stale])).toEqual([
      ["unknown", true],
      ["orange", true],
    ]);
    expect(alerts[0]).toMatchObject({ level: "orange", stale: true, reading: { value: null } });
  });

  it("is noticed sooner where the connection broke than where it is silent", () => {
    expect([isLost(5, false), isLost(12.5, false), isLost(2, true), isLost(3.5, true)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });
});
