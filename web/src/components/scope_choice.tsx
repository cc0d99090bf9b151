import type { KnownPlaces, Named } from "../known_places";
import { text } from "../preferences";
import type { AccessScope } from "../wire";

const NONE = { sites: [], units: [] };

/** What a scope is in words; ids where names are not known. */
export function scopeText(scope: AccessScope, known: KnownPlaces): string {
  const texts = text();
  if (scope === "all") return texts.scope_all;
  const name = (id: string, named: Named[]) => named.find((one) => one.id === id)?.name ?? id;
  return [
    ...scope.only.sites.map((id) => name(id, known.sites)),
    ...scope.only.units.map((id) => texts.scope_unit(name(id, known.units))),
  ].join(", ");
}

export function isOfNothing(scope: AccessScope): boolean {
  return scope !== "all" && scope.only.sites.length + scope.only.units.length === 0;
}

function Choices(props: { title: string; named: Named[]; chosen: string[]; onChoose: (ids: string[]) => void }) {
  const { title, named, chosen, onChoose } = props;
  return (
    <fieldset class="choices-of">
      <legend>{title}</legend>
      {named.length === 0 && <p class="faint">{text().no_sites_yet}</p>}
      {named.map(({ id, name }) => (
        <label key={id} class="check">
          <input
            type="checkbox"
            checked={chosen.includes(id)}
            onChange={({ currentTarget: box }) =>
              onChoose(box.checked ? [...chosen, id] : chosen.filter((other) => other !== id))
            }
          />
          {name}
        </label>
      ))}
    </fieldset>
  );
}

/** Everything that may be given (`whole`), or some sites and units of it. */
export function ScopeChoice(props: {
  scope: AccessScope;
  whole: AccessScope;
  known: KnownPlaces;
  onChoose: (scope: AccessScope) => void;
}) {
  const { scope, whole, known, onChoose } = props;
  const texts = text();
  const isWhole = JSON.stringify(scope) === JSON.stringify(whole);
  const only = scope === "all" || isWhole ? NONE : scope.only;
  const wholeText = scopeText(whole, known);
  return (
    <fieldset class="scope">
      <legend>{texts.scope}</legend>
      <label class="check">
        <input type="radio" name="scope" checked={isWhole} onChange={() => onChoose(whole)} />
        {whole === "all" ? wholeText : texts.scope_mine(wholeText)}
      </label>
      <label class="check">
        <input type="radio" name="scope" checked={!isWhole} onChange={() => onChoose({ only: NONE })} />
        {texts.scope_only}
      </label>
      {!isWhole && (
        <div class="scope-only">
          <Choices
            title={texts.scope_sites}
            named={known.sites}
            chosen={only.sites}
            onChoose={(sites) => onChoose({ only: { ...only, sites } })}
          />
          <Choices
            title={texts.scope_units}
            named={known.units}
            chosen={only.units}
            onChoose={(units) => onChoose({ only: { ...only, units } })}
          />
          {isOfNothing(scope) && <p class="warning">{texts.scope_nothing}</p>}
        </div>
      )}
    </fieldset>
  );
}
