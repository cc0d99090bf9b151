import { expect, it } from "vitest";
import { placeNameIn, placesIn, rulesIn } from "./rules";

const VALUES = {
  cameras: {
    gate: {
      name: "Gate",
      zones: { plaza: { name: "Plaza" }, queue: { use: "waiting" } },
      lines: { door: {} },
    },
  },
  sites: { bund: { name: "The Bund", zones: ["gate/plaza"] } },
  rules: {
    full: {
      name: "Full",
      zone: "gate/plaza",
      measure: "occupancy",
      levels: { red: { raise: 100, hold_s: 2 }, blue: { raise: 40 } },
    },
    dense: { zone: "gate/queue", measure: "density" },
    slow: { zone: "gate/plaza", measure: "speed", levels: { yellow: { raise: 0.34 } } },
    both: {
      all: [
        { zone: "gate/plaza", measure: "occupancy", levels: { orange: { raise: 60 } } },
        { line: "gate/door", measure: "flow_in", levels: { orange: { raise: 120 } } },
      ],
    },
  },
};

const of = (id: string) => rulesIn(VALUES).find((rule) => rule.id === id);

it("what a rule leaves out is what the service takes", () => {
  expect(of("full")?.conditions[0]?.levels).toEqual([
    { level: "blue", raise: 40, hold_s: 30, clear: 34, clear_hold_s: 60 },
    { level: "red", raise: 100, hold_s: 2, clear: 85, clear_hold_s: 60 },
  ]);
  // Slower is worse: it is left above.
  expect(of("slow")?.conditions[0]?.levels[0]?.clear).toBe(0.4);
  // By what the zone is used for.
  expect(of("dense")?.conditions[0]).toMatchObject({ isShipped: true });
  expect(of("dense")?.conditions[0]?.levels.map((one) => one.raise)).toEqual([1.1, 2, 3.5, 4.7]);
});

it("conditions are told in their order", () => {
  expect(of("both")?.combine).toBe("all");
  expect(of("both")?.conditions.map(({ kind, place }) => `${kind} ${place}`)).toEqual([
    "zone gate/plaza",
    "line gate/door",
  ]);
  expect(of("full")?.combine).toBeNull();
});

it("places are called by their names", () => {
  expect(placesIn(VALUES).map(({ kind, place }) => `${kind} ${place}`)).toEqual([
    "zone gate/plaza",
    "zone gate/queue",
    "line gate/door",
    "site bund",
    "camera gate",
  ]);
  expect(placeNameIn(VALUES, "zone", "gate/plaza")).toBe("Plaza · Gate");
  expect(placeNameIn(VALUES, "site", "bund")).toBe("The Bund");
  expect(placeNameIn(VALUES, "zone", "gate/gone")).toBe("gate/gone");
});
