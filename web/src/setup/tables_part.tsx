import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { text } from "../preferences";
import type { JsonTable } from "../wire";
import { faultsOf, inForce, set, table, values } from "./draft";
import { tablesAt, valueAt } from "./edits";
import { Faults, IdField } from "./fields";
import { freeId } from "./geometry";

type Kind = "rules" | "sites" | "units" | "plans";

/** What is worked on, by its kind; it stays while other screens are looked at. */
const chosen = signal<Partial<Record<Kind, string>>>({});
export const choose = (kind: Kind, id: string): void => {
  chosen.value = { ...chosen.value, [kind]: id };
};

/** Where the form stands below the list it is brought into sight. */
function showForm(): void {
  if (!matchMedia("(max-width: 1000px)").matches) return;
  requestAnimationFrame(() => document.querySelector("[data-form]")?.scrollIntoView());
}

export const nameOf = (id: string, said: JsonTable): string => (typeof said.name === "string" ? said.name : id);

/** Ids with names, of all tables of a kind. */
export function namesOf(kind: string): [id: string, name: string][] {
  return tablesAt(values.value ?? undefined, [kind]).map(([id, said]) => [id, nameOf(id, said)]);
}

/** Where the draft differs from what is in force, and where it is at fault. */
function Standing({ path }: { path: string[] }) {
  const texts = text();
  const before = valueAt(inForce.value?.values ?? undefined, path);
  const isChanged = JSON.stringify(before) !== JSON.stringify(valueAt(values.value ?? undefined, path));
  return (
    <>
      {isChanged && <span class="badge">{before === undefined ? texts.is_new : texts.is_changed}</span>}{" "}
      {faultsOf(path).length > 0 && <span class="badge bad">{texts.has_faults}</span>}
    </>
  );
}

interface TablesProps {
  kind: Kind;
  title: string;
  /** What stands where nothing is chosen. */
  hint: string;
  addText: string;
  /** Id and contents of a new one. */
  fresh: { id: string; said: JsonTable };
  /** Keys whose faults stand beside their own fields. */
  fields: string[];
  /** A few words in the list. */
  about: (id: string, said: JsonTable) => ComponentChildren;
  form: (id: string, said: JsonTable) => ComponentChildren;
  /** What stands below the form. */
  below?: (id: string, said: JsonTable) => ComponentChildren;
}

/** Tables of one kind: a list, and a form for the one that is chosen. */
export function TablesPart(props: TablesProps) {
  const { kind, title, hint, addText, fresh, fields, about, form, below } = props;
  const all = tablesAt(values.value ?? undefined, [kind]);
  const current = all.find(([id]) => id === chosen.value[kind]);
  const taken = all.map(([id]) => id);
  const add = () => {
    const id = freeId(fresh.id, taken);
    set([kind, id], fresh.said);
    choose(kind, id);
    showForm();
  };
  return (
    <div class="list-and-form">
      <section class="card" aria-labelledby="list-title">
        <div class="row">
          <h2 id="list-title">{title}</h2>
          <button type="button" onClick={add}>
            {addText}
          </button>
        </div>
        <ul class="choose-one" data-list={kind}>
          {all.map(([id, said]) => (
            <li key={id} data-id={id}>
              <button
                type="button"
                aria-pressed={id === current?.[0]}
                onClick={() => {
                  choose(kind, id);
                  showForm();
                }}
              >
                <strong>{nameOf(id, said)}</strong>
                <Standing path={[kind, id]} />
                <span class="about">{about(id, said)}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
      <div class="column">
        {current ? (
          <>
            <Form key={current[0]} kind={kind} id={current[0]} taken={taken} fields={fields}>
              {form(...current)}
            </Form>
            {below?.(...current)}
          </>
        ) : (
          <p class="none">{hint}</p>
        )}
      </div>
    </div>
  );
}

function Form(props: { kind: Kind; id: string; taken: string[]; fields: string[]; children: ComponentChildren }) {
  const { kind, id, taken, fields, children } = props;
  const texts = text();
  const path = [kind, id];
  const isNew = valueAt(inForce.value?.values ?? undefined, path) === undefined;
  const rename = (wanted: string) => {
    const said = table(path);
    set(path, null);
    set([kind, wanted], said);
    choose(kind, wanted);
  };
  return (
    <section class="card" aria-label={nameOf(id, table(path))} data-form={kind}>
      <div class="row">
        <h2>{nameOf(id, table(path))}</h2>
        <button type="button" onClick={() => set(path, null)}>
          {texts.delete}
        </button>
      </div>
      {isNew && (
        <div class="field-grid">
          <IdField id={id} taken={taken} onRename={rename} />
        </div>
      )}
      {children}
      <Faults path={path} besides={fields} />
    </section>
  );
}
