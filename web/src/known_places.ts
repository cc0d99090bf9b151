import { session } from "./api";
import { inForce } from "./setup/draft";
import { tablesAt } from "./setup/edits";
import type { State } from "./wire";

/** Something that has an id and is shown by its name. */
export interface Named {
  id: string;
  name: string;
}

/** What a scope may be of. */
export interface KnownPlaces {
  sites: Named[];
  units: Named[];
}

/** Sites that one sees; units as far as one may read the configuration in force, and one's own. */
export function knownPlaces(state: State | null): KnownPlaces {
  const configured: Named[] = tablesAt(inForce.value?.values ?? undefined, ["units"]).map(([id, unit]) => ({
    id,
    name: typeof unit.name === "string" ? unit.name : id,
  }));
  const scope = session.value?.scope ?? "all";
  const own = scope === "all" ? [] : scope.only.units;
  const others = own.filter((id) => !configured.some((unit) => unit.id === id)).map((id) => ({ id, name: id }));
  return { sites: (state?.sites ?? []).map(({ id, name }) => ({ id, name })), units: [...configured, ...others] };
}
