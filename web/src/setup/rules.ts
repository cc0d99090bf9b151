import { LEVELS } from "../levels";
import type { PlaceKind } from "../places";
import type { Json, JsonTable, Level, LevelThresholds } from "../wire";
import { isTable, tablesAt, valueAt } from "./edits";
import { CLEAR_HOLD_S, HOLD_S, shippedLevels, usualClear } from "./rule_measures";

/** Rules as a configuration says them. */

export interface Condition {
  kind: PlaceKind;
  /** As rules name it: `gate/plaza`, `gate`, `bund`; empty: none is named yet. */
  place: string;
  measure: string;
  /** What is raised, the mildest first. */
  levels: LevelThresholds[];
  /** Whether the levels are the shipped ones, as the rule has none of its own. */
  isShipped: boolean;
}

export interface WrittenRule {
  id: string;
  name: string;
  /** `null`: a rule of one condition, which stands at the rule itself. */
  combine: "all" | "any" | null;
  conditions: Condition[];
}

const KINDS: PlaceKind[] = ["zone", "line", "camera", "site"];

const wordAt = (table: JsonTable, key: string): string => {
  const value = table[key];
  return typeof value === "string" ? value : "";
};

/** The use of a zone, by which its shipped densities are chosen. */
function useOf(values: JsonTable, written: JsonTable, kind: PlaceKind, place: string): string {
  const [camera = "", zone = ""] = place.split("/");
  const ofZone = kind === "zone" ? valueAt(values, ["cameras", camera, "zones", zone, "use"]) : undefined;
  return wordAt(written, "use") || (typeof ofZone === "string" ? ofZone : "walkway");
}

function thresholds(level: Level, raise: number, measure: string, said: JsonTable): LevelThresholds {
  const number = (key: string, otherwise: number) => {
    const value = said[key];
    return typeof value === "number" ? value : otherwise;
  };
  return {
    level,
    raise,
    hold_s: number("hold_s", HOLD_S[level]),
    clear: number("clear", usualClear(raise, measure)),
    clear_hold_s: number("clear_hold_s", CLEAR_HOLD_S),
  };
}

function condition(values: JsonTable, written: JsonTable): Condition {
  const kind = KINDS.find((one) => typeof written[one] === "string") ?? "zone";
  const [place, measure] = [wordAt(written, kind), wordAt(written, "measure")];
  const own = written.levels;
  const shipped = isTable(own) ? null : shippedLevels(measure, useOf(values, written, kind, place));
  const levels = LEVELS.flatMap((level) => {
    const said = isTable(own) ? own[level] : undefined;
    const raise = isTable(said) ? said.raise : shipped?.[level];
    return typeof raise === "number" ? [thresholds(level, raise, measure, isTable(said) ? said : {})] : [];
  });
  return { kind, place, measure, levels, isShipped: shipped !== null };
}

export function rulesIn(values: JsonTable): WrittenRule[] {
  return tablesAt(values, ["rules"]).map(([id, written]) => {
    const combine = (["all", "any"] as const).find((one) => Array.isArray(written[one])) ?? null;
    const list: Json | undefined = combine ? written[combine] : undefined;
    const conditions = Array.isArray(list) ? list.filter(isTable) : [written];
    return {
      id,
      name: wordAt(written, "name") || id,
      combine,
      conditions: conditions.map((one) => condition(values, one)),
    };
  });
}

export interface PlaceChoice {
  kind: PlaceKind;
  /** As rules name it. */
  place: string;
  name: string;
  /** The camera's or system's name; empty for those themselves and for sites. */
  within: string;
}

/** All places of a configuration that a rule may look at. */
export function placesIn(values: JsonTable): PlaceChoice[] {
  const nameOf = (id: string, table: JsonTable): string => wordAt(table, "name") || id;
  const sites = tablesAt(values, ["sites"]).map(([id, site]) => ({
    kind: "site" as const,
    place: id,
    name: nameOf(id, site),
    within: "",
  }));
  const watching = [...tablesAt(values, ["cameras"]), ...tablesAt(values, ["sources"])];
  const parts = watching.flatMap(([id, watch]) =>
    (["zone", "line"] as const).flatMap((kind) =>
      tablesAt(watch, [`${kind}s`]).map(([part, table]) => ({
        kind,
        place: `${id}/${part}`,
        name: nameOf(part, table),
        within: nameOf(id, watch),
      })),
    ),
  );
  const whole = watching.map(([id, watch]) => ({
    kind: "camera" as const,
    place: id,
    name: nameOf(id, watch),
    within: "",
  }));
  return [...parts, ...sites, ...whole];
}

/** How a place is called; what the rule says, where there is none such. */
export function placeNameIn(values: JsonTable, kind: PlaceKind, place: string): string {
  const found = placesIn(values).find((one) => one.kind === kind && one.place === place);
  if (!found) return place || "?";
  return found.within ? `${found.name} · ${found.within}` : found.name;
}
