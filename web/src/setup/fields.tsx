import type { Json } from "../wire";
import { faultsOf, set, table } from "./draft";

/** What is wrong with a key, beside it. */
export function Faults({ path }: { path: string[] }) {
  const found = faultsOf(path);
  if (found.length === 0) return null;
  return (
    <ul class="faults" role="alert">
      {found.map((fault) => (
        <li key={fault} class="fault">
          {fault}
        </li>
      ))}
    </ul>
  );
}

function at(path: string[]): Json | undefined {
  return table(path.slice(0, -1))[path.at(-1) ?? ""];
}

/** A number of the configuration; empty: the key is taken away. */
export function NumberField({ path, label, hint }: { path: string[]; label: string; hint?: string }) {
  const value = at(path);
  return (
    <label>
      {label}
      <input
        type="number"
        step="any"
        value={typeof value === "number" ? value : ""}
        placeholder={hint}
        onChange={({ currentTarget: field }) => {
          if (field.value === "") set(path, null);
          else if (!Number.isNaN(field.valueAsNumber)) set(path, field.valueAsNumber);
        }}
      />
    </label>
  );
}

/** Words of the configuration; empty: the key is taken away. */
export function TextField({ path, label }: { path: string[]; label: string }) {
  const value = at(path);
  return (
    <label>
      {label}
      <input
        value={typeof value === "string" ? value : ""}
        autocomplete="off"
        onInput={({ currentTarget: field }) => set(path, field.value === "" ? null : field.value)}
      />
    </label>
  );
}
