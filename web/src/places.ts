import type { PlaceFields, Recorded, Rule, State } from "./wire";

/** Places by their keys as the store names them: `zone:gate/plaza`, `line:gate/door`, `camera:gate`, `site:bund`. */

export type PlaceKind = "zone" | "line" | "camera" | "site";

export interface NamedPlace {
  key: string;
  kind: PlaceKind;
  name: string;
  /** The camera's name; empty where it stands by itself. */
  within: string;
}

export function allPlaces(state: State): NamedPlace[] {
  const counted = [...state.cameras, ...state.sources].flatMap((watching) => [
    ...watching.zones.map((zone) => ({
      key: `zone:${watching.id}/${zone.id}`,
      kind: "zone" as const,
      name: zone.name,
      within: watching.name,
    })),
    ...watching.lines.map((line) => ({
      key: `line:${watching.id}/${line.id}`,
      kind: "line" as const,
      name: line.name,
      within: watching.name,
    })),
  ]);
  const cameras = [...state.cameras, ...state.sources].map((watching) => ({
    key: `camera:${watching.id}`,
    kind: "camera" as const,
    name: watching.name,
    within: "",
  }));
  const sites = state.sites.map((site) => ({
    key: `site:${site.id}`,
    kind: "site" as const,
    name: site.name,
    within: "",
  }));
  return [...sites, ...counted, ...cameras];
}

/** The key of the place that a rule or an alert looks at; `null`: it looks at none of them. */
export function placeKey(of: PlaceFields): string | null {
  if (of.camera && of.zone) return `zone:${of.camera}/${of.zone}`;
  if (of.camera && of.line) return `line:${of.camera}/${of.line}`;
  if (of.camera) return `camera:${of.camera}`;
  return of.site ? `site:${of.site}` : null;
}

export function namedPlace(state: State, key: string | null): NamedPlace | null {
  return allPlaces(state).find((place) => place.key === key) ?? null;
}

/** What a place is called: its own name, and its camera's. */
export function placeText(state: State, key: string | null): string {
  const place = namedPlace(state, key);
  if (!place) return key?.replace(/^\w+:/, "") ?? "";
  return place.within ? `${place.name} · ${place.within}` : place.name;
}

export function recordedPlaceText(state: State | null, alert: Recorded): string {
  return state ? placeText(state, alert.place) : alert.place;
}

export function rulesOf(state: State, key: string): Rule[] {
  return state.rules.filter((rule) => placeKey(rule) === key);
}
