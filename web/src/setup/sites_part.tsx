import { LEVELS } from "../levels";
import { text, word } from "../preferences";
import type { JsonTable } from "../wire";
import { ChecksField, wordsAt } from "./checks_field";
import { set, table, values } from "./draft";
import { ChoiceField, Faults, NumberField, TextField } from "./fields";
import { placesIn } from "./rules";
import { namesOf, TablesPart } from "./tables_part";

const said = (): JsonTable => values.value ?? {};

/** Lines over which people come and go, each with the direction that leads in. */
function Entrances({ path }: { path: string[] }) {
  const texts = text();
  const lines = placesIn(said()).filter(({ kind }) => kind === "line");
  const chosen = table(path);
  const choose = (line: string, direction: string) => {
    const others = Object.keys(chosen).filter((one) => one !== line);
    if (direction === "" && others.length === 0) set(path, null);
    else set([...path, line], direction === "" ? null : direction);
  };
  return (
    <fieldset class="choices-of">
      <legend>{texts.site_entrances}</legend>
      <p class="faint">{texts.site_entrances_hint}</p>
      {lines.length === 0 && <p class="faint">{texts.no_lines_at_all}</p>}
      <div class="field-grid">
        {lines.map(({ place, name, within }) => {
          const direction = chosen[place];
          return (
            <label key={place}>
              {name} · {within}
              <select
                value={typeof direction === "string" ? direction : ""}
                onChange={(event) => choose(place, event.currentTarget.value)}
              >
                <option value="">{texts.no_entrance}</option>
                <option value="in">{texts.entrance_in}</option>
                <option value="out">{texts.entrance_out}</option>
              </select>
            </label>
          );
        })}
      </div>
      <Faults path={path} />
    </fieldset>
  );
}

/** What is looked at as one place. */
export function SitesPart() {
  const texts = text();
  const zones = placesIn(said()).filter(({ kind }) => kind === "zone");
  const zoneName = (place: string) => zones.find((one) => one.place === place)?.name ?? place;
  return (
    <TablesPart
      kind="sites"
      title={texts.part_sites}
      hint={texts.choose_site}
      addText={texts.new_site}
      fresh={{ id: "site", said: { zones: [] } }}
      fields={["name", "unit", "capacity", "zones", "entrances"]}
      about={(id, site) => (
        <>
          <span class="faint">{wordsAt(["sites", id, "zones"]).map(zoneName).join(", ")}</span>
          {typeof site.capacity === "number" && (
            <span class="faint">
              {texts.capacity}: {site.capacity}
            </span>
          )}
        </>
      )}
      form={(id) => {
        const path = ["sites", id];
        return (
          <>
            <div class="field-grid">
              <TextField path={[...path, "name"]} label={texts.name} hint={id} />
              <ChoiceField
                path={[...path, "unit"]}
                label={texts.unit_of}
                hint={texts.unit_top}
                choices={namesOf("units")}
              />
              <NumberField path={[...path, "capacity"]} label={texts.capacity} hint="–" />
            </div>
            <ChecksField
              path={[...path, "zones"]}
              label={texts.site_zones}
              none={texts.no_zones_at_all}
              choices={zones.map(({ place, name, within }) => [place, `${name} · ${within}`])}
            />
            <p class="faint">{texts.site_zones_hint}</p>
            <Entrances path={[...path, "entrances"]} />
          </>
        );
      }}
    />
  );
}

/** Levels that a unit is told of where it chooses none: who is above others is there for what is grave. */
function usualLevels(id: string): string {
  const isAbove = namesOf("units").some(([other]) => table(["units", other]).parent === id);
  const isAtTop = typeof table(["units", id]).parent !== "string";
  const levels = isAtTop && isAbove ? LEVELS.filter((level) => level === "orange" || level === "red") : LEVELS;
  return levels.map(word).join(", ");
}

/** Who looks after sites, and who is above them. */
export function UnitsPart() {
  const texts = text();
  const units = namesOf("units");
  const nameOf = (id: unknown) => units.find(([unit]) => unit === id)?.[1];
  const list = (kind: string, key: string, id: string) =>
    namesOf(kind)
      .filter(([other]) => table([kind, other])[key] === id)
      .map(([, name]) => name)
      .join(", ");
  return (
    <TablesPart
      kind="units"
      title={texts.part_units}
      hint={texts.choose_unit}
      addText={texts.new_unit}
      fresh={{ id: "unit", said: {} }}
      fields={["name", "parent", "levels"]}
      about={(_, unit) => <span class="faint">{nameOf(unit.parent)}</span>}
      form={(id) => {
        const path = ["units", id];
        const below = list("units", "parent", id);
        const sites = list("sites", "unit", id);
        return (
          <>
            <div class="field-grid">
              <TextField path={[...path, "name"]} label={texts.name} hint={id} />
              <ChoiceField
                path={[...path, "parent"]}
                label={texts.parent_unit}
                hint={texts.at_the_top}
                choices={units.filter(([other]) => other !== id)}
              />
            </div>
            <ChecksField
              path={[...path, "levels"]}
              label={texts.unit_levels}
              none=""
              choices={LEVELS.map((level) => [level, word(level)])}
            />
            {wordsAt([...path, "levels"]).length === 0 && (
              <p class="faint">{texts.unit_levels_default(usualLevels(id))}</p>
            )}
            {below && (
              <p>
                <span class="faint">{texts.units_below}:</span> {below}
              </p>
            )}
            {sites && (
              <p>
                <span class="faint">{texts.sites_of_unit}:</span> {sites}
              </p>
            )}
          </>
        );
      }}
    />
  );
}
