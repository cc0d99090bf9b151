import { expect, it } from "vitest";
import { asLost } from "./lost";
import { extent, mappedZones, zoneNow } from "./site_map";
import type { CountedZone, Reading, Rule, RuleLevel, SiteMap, State } from "./wire";

const valid = (value: number): Reading => ({ value, quality: "valid" });
const unknown: Reading = { value: null, quality: "unknown:no_frames" };

const zone = (occupancy: Reading, service?: Reading): CountedZone => ({
  id: "plaza",
  name: "Plaza",
  area_m2: 50,
  classes: [{ class: "person", occupancy }],
  density_per_m2: occupancy,
  measures: service ? { level_of_service: service } : {},
});

const rule = (level: RuleLevel, stale = false) =>
  ({ camera: "gate", zone: "plaza", line: null, site: null, level, stale, reading: valid(1) }) as Rule;

const state = (of: CountedZone, rules: Rule[] = []) =>
  ({
    cameras: [],
    sources: [{ id: "gate", zones: [of], lines: [], measures: {} }],
    sites: [],
    rules,
    alerts: [],
  }) as unknown as State;

it("fills a zone by its level, else by its level of service, and hatches what may not be claimed", () => {
  const look = (of: CountedZone, ...rules: Rule[]) => zoneNow(state(of, rules), "zone:gate/plaza")?.look;
  expect(look(zone(valid(9), valid(2)), rule("calm"), rule("orange"))).toBe("orange");
  expect(look(zone(valid(9), valid(2)), rule("calm"))).toBe("service-b");
  expect(look(zone(valid(9), valid(6)))).toBe("service-f");
  expect(look(zone(valid(9)), rule("calm"))).toBe("plain");
  // A value that is known beside a rule that lacks its own is not calm.
  expect(look(zone(valid(9), valid(1)), rule("unknown"))).toBe("unknown");
  expect(look(zone(unknown, valid(1)))).toBe("unknown");
  expect(look({ ...zone(valid(1)), classes: [] })).toBe("unknown");
  expect(zoneNow(state(zone(valid(9))), "zone:gate/other")).toBe(null);
});

it("leaves nothing known once the connection is lost, and holds a level that was on", () => {
  const before = state(zone(valid(9), valid(2)), [rule("calm")]);
  expect(zoneNow(asLost(before), "zone:gate/plaza")).toMatchObject({ look: "unknown", held: false });
  const red = zoneNow(asLost(state(zone(valid(9), valid(2)), [rule("red")])), "zone:gate/plaza");
  expect(red).toMatchObject({ look: "red", held: true, people: { value: null } });
});

it("is as wide as the ground that it shows, or as its picture", () => {
  const map: SiteMap = {
    id: "town",
    name: "Town",
    picture: { address: "/p", width_px: 800, height_px: 400 },
    width_m: 200,
    zones: [{ place: "zone:gate/plaza", outline: [] }],
    lines: [],
    cameras: [],
  };
  expect(extent(map)).toEqual({ width: 200, height: 100 });
  expect(extent({ ...map, width_m: null })).toEqual({ width: 800, height: 400 });
  expect(extent({ ...map, picture: null })).toEqual({ width: 200, height: 150 });
  expect([...mappedZones([map, map])]).toEqual(["zone:gate/plaza"]);
});

it("tells a level of service that is only a bound, what is to come, and for want of what nothing is claimed", () => {
  const now = (of: CountedZone, ...rules: Rule[]) => zoneNow(state(of, rules), "zone:gate/plaza");
  const bound: Reading = { value: 4, quality: "at_least" };
  expect(now(zone(valid(9), bound))).toMatchObject({ look: "service-d", isBound: true, lacking: null, forecast: null });
  expect(now(zone(valid(9), valid(4)))).toMatchObject({ isBound: false });
  // The level that is on is no bound.
  expect(now(zone(valid(9), bound), rule("red"))).toMatchObject({ look: "red", isBound: false });
  expect(now(zone(unknown))?.lacking).toEqual(unknown);
  expect(now(zone(valid(9)), { ...rule("unknown"), reading: unknown })?.lacking).toEqual(unknown);
  const coming = { ...zone(valid(9)), measures: { time_to_orange: valid(720), time_to_red: valid(1800) } };
  expect(now(coming)?.forecast).toMatchObject({ level: "orange", value_s: 720 });
  expect(zoneNow(asLost(state(coming)), "zone:gate/plaza")?.forecast).toBe(null);
});
