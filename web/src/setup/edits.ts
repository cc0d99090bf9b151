import type { Edit, Json, JsonTable } from "../wire";

/** Keys of a configuration that are to change, as the service takes them. */

export function isTable(value: Json | undefined): value is JsonTable {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function valueAt(values: Json | undefined, path: string[]): Json | undefined {
  return path.reduce<Json | undefined>((at, key) => (isTable(at) ? at[key] : undefined), values);
}

/** The tables below a key, by their ids, in the order in which they are written. */
export function tablesAt(values: Json | undefined, path: string[]): [string, JsonTable][] {
  const found = valueAt(values, path);
  if (!isTable(found)) return [];
  return Object.entries(found).filter((entry): entry is [string, JsonTable] => isTable(entry[1]));
}

/** What is said after this change; tables on the way are made where there are none. */
export function withValue(values: JsonTable, path: string[], value: Json): JsonTable {
  const [key, ...rest] = path;
  if (key === undefined) return values;
  const changed = { ...values };
  const inner = changed[key];
  if (rest.length > 0) changed[key] = withValue(isTable(inner) ? inner : {}, rest, value);
  else if (value === null) delete changed[key];
  else changed[key] = value;
  return changed;
}

export function applied(values: JsonTable, edits: Edit[]): JsonTable {
  return edits.reduce((so_far, edit) => withValue(so_far, edit.path, edit.value), values);
}

function isWithin(path: string[], outer: string[]): boolean {
  return outer.length <= path.length && outer.every((key, at) => key === path[at]);
}

const isSame = (one: Json | undefined, other: Json | undefined): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/**
 * The edits with one more. There is one edit a key: what is drawn and then moved is one new table, and what is put back as
 * it was is no change.
 */
export function withEdit(base: JsonTable, edits: Edit[], { path, value }: Edit): Edit[] {
  const outer = edits.find(
    (edit) => edit.path.length < path.length && isWithin(path, edit.path) && isTable(edit.value),
  );
  if (outer && isTable(outer.value)) {
    const changed = withValue(outer.value, path.slice(outer.path.length), value);
    return edits.map((edit) => (edit === outer ? { path: edit.path, value: changed } : edit));
  }
  const others = edits.filter((edit) => !isWithin(edit.path, path));
  const before = valueAt(base, path);
  if (isSame(before, value) || (value === null && before === undefined)) return others;
  return [...others, { path, value }];
}

/** Those faults that are told of a key or of what is below it, without the key itself. */
export function faultsAt(faults: string[], path: string[]): string[] {
  const key = path.join(".");
  return faults
    .filter((fault) => fault.startsWith(key) && /^[.:[ ]/.test(fault.slice(key.length)))
    .map((fault) => fault.slice(key.length).replace(/^[.: ]+/, ""));
}
