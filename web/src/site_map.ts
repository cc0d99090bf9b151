import { ahead, type Forecast, worstRule } from "./levels";
import { serviceLetter } from "./measures";
import { placeKey } from "./places";
import type { CountedZone, Level, Line, Reading, Rule, SiteMap, State } from "./wire";

/** How places on a site map look, by what is known of them now. */

/** How a zone is filled: by its level, else by its level of service; hatched where nothing may be claimed. */
export type Look = Level | "unknown" | "plain" | `service-${string}`;

export interface ZoneNow {
  key: string;
  zone: CountedZone;
  rule: Rule | null;
  /** How many people; `null`: it counts none. */
  people: Reading | null;
  /** Level of service, where the camera is calibrated. */
  service: Reading | null;
  look: Look;
  /** The look is of a level of service that is only a bound: it may be worse. */
  isBound: boolean;
  forecast: Forecast | null;
  /** The reading for whose want nothing may be claimed; `null`: something may. */
  lacking: Reading | null;
  /** The level is held from before: nothing fresh is known. */
  held: boolean;
}

const isOn = (rule: Rule | null): rule is Rule & { level: Level } =>
  rule !== null && rule.level !== "calm" && rule.level !== "unknown";

function lookOf(rule: Rule | null, people: Reading | null, service: Reading | null): Look {
  if (isOn(rule)) return rule.level;
  if (people === null || people.value === null || rule?.level === "unknown") return "unknown";
  return service === null || service.value === null ? "plain" : `service-${serviceLetter(service.value).toLowerCase()}`;
}

const isUnknown = (reading: Reading | null | undefined): reading is Reading => reading?.value === null;

/** What is known of a zone now; `null`: the configuration that the state is of has none of that name. */
export function zoneNow(state: State, key: string): ZoneNow | null {
  for (const within of [...state.cameras, ...state.sources]) {
    const zone = within.zones.find((one) => `zone:${within.id}/${one.id}` === key);
    if (!zone) continue;
    const rule = worstRule(state.rules, (one) => placeKey(one) === key);
    const people = zone.classes.find((one) => one.class === "person")?.occupancy ?? null;
    const service = zone.measures.level_of_service ?? null;
    const look = lookOf(rule, people, service);
    const isBound = look.startsWith("service-") && service?.quality === "at_least";
    const lacking =
      [people, zone.density_per_m2, rule?.level === "unknown" ? rule.reading : null].find(isUnknown) ?? null;
    const forecast = ahead(zone.measures);
    return { key, zone, rule, people, service, look, isBound, forecast, lacking, held: isOn(rule) && rule.stale };
  }
  return null;
}

export function lineNow(state: State, key: string): Line | null {
  const lines = [...state.cameras, ...state.sources].flatMap((within) =>
    within.lines.map((line) => ({ key: `line:${within.id}/${line.id}`, line })),
  );
  return lines.find((one) => one.key === key)?.line ?? null;
}

/** The zones that a map shows: those need no tile. */
export function mappedZones(maps: SiteMap[]): Set<string> {
  return new Set(maps.flatMap((map) => map.zones.map((zone) => zone.place)));
}

/** Width and height of a map in units of its own: metres where it has a scale. A map without a picture is 4:3. */
export function extent(map: SiteMap): { width: number; height: number } {
  const width = map.width_m ?? map.picture?.width_px ?? 1000;
  const ratio = map.picture ? map.picture.height_px / map.picture.width_px : 0.75;
  return { width, height: width * ratio };
}
