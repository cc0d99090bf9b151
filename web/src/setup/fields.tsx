import { useId, useState } from "preact/hooks";
import { text } from "../preferences";
import type { Json } from "../wire";
import { faultsOf, set, table } from "./draft";
import { faultsAt } from "./edits";

/** Fields for keys of the configuration. What is wrong with a key stands beside it. */

function FaultList({ faults, id }: { faults: string[]; id?: string }) {
  if (faults.length === 0) return null;
  return (
    <ul class="faults" role="alert" id={id}>
      {faults.map((fault) => (
        <li key={fault} class="fault">
          {fault}
        </li>
      ))}
    </ul>
  );
}

/** What is wrong with a key and with what is below it; `besides`: keys below it whose own fields say it. */
export function Faults({ path, besides = [] }: { path: string[]; besides?: string[] }) {
  const isOwn = (fault: string) => besides.every((key) => faultsAt([fault], [key]).length === 0);
  return <FaultList faults={faultsOf(path).filter(isOwn)} />;
}

export function valueAtKey(path: string[]): Json | undefined {
  return table(path.slice(0, -1))[path.at(-1) ?? ""];
}

interface FieldProps {
  path: string[];
  label: string;
  /** What holds where nothing is given. */
  hint?: string;
}

/** Label, what is typed in, and what is wrong with it. */
export function Field(props: { path: string[]; label: string; children: (attributes: object) => preact.JSX.Element }) {
  const id = useId();
  const faults = faultsOf(props.path);
  const described = faults.length > 0 ? { "aria-invalid": true, "aria-describedby": `${id}-faults` } : {};
  return (
    <div class="field">
      <label htmlFor={id}>{props.label}</label>
      {props.children({ id, ...described })}
      <FaultList faults={faults} id={`${id}-faults`} />
    </div>
  );
}

interface TypedProps {
  value: string;
  onType: (typed: string) => void;
  isNumber?: boolean;
  /** Of the field as HTML has them. */
  attributes: object;
}

/**
 * A field that keeps what is being typed: `1.` on the way to `1.5` is not put right to `1`, whatever else is drawn anew
 * meanwhile.
 */
export function Typed({ value, onType, isNumber = false, attributes }: TypedProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const common = {
    ...attributes,
    autocomplete: "off",
    value: typed ?? value,
    onInput: ({ currentTarget: field }: { currentTarget: HTMLInputElement }) => {
      setTyped(field.value);
      // Not a number yet.
      if (field.value === "" && field.validity.badInput) return;
      onType(field.value);
    },
    onBlur: () => setTyped(null),
  };
  return isNumber ? <input type="number" step="any" {...common} /> : <input {...common} />;
}

/** A number; empty: the key is taken away. */
export function NumberField({ path, label, hint }: FieldProps) {
  const value = valueAtKey(path);
  return (
    <Field path={path} label={label}>
      {(attributes) => (
        <Typed
          isNumber
          value={typeof value === "number" ? `${value}` : ""}
          attributes={{ ...attributes, placeholder: hint }}
          onType={(typed) => set(path, typed === "" ? null : Number(typed))}
        />
      )}
    </Field>
  );
}

/** Words; empty: the key is taken away. */
export function TextField({ path, label, hint, afterwards }: FieldProps & { afterwards?: () => void }) {
  const value = valueAtKey(path);
  return (
    <Field path={path} label={label}>
      {(attributes) => (
        <Typed
          value={typeof value === "string" ? value : ""}
          attributes={{ ...attributes, placeholder: hint }}
          onType={(typed) => {
            set(path, typed === "" ? null : typed);
            afterwards?.();
          }}
        />
      )}
    </Field>
  );
}

/** Words, separated by commas or line ends; none: the key is taken away. */
export function ListField({ path, label, hint }: FieldProps) {
  const value = valueAtKey(path);
  const words = Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  return (
    <Field path={path} label={label}>
      {(attributes) => (
        <Typed
          value={words.join(", ")}
          attributes={{ ...attributes, placeholder: hint }}
          onType={(typed) => {
            const said = typed
              .split(/[,,、\n]/)
              .map((one) => one.trim())
              .filter((one) => one !== "");
            set(path, said.length > 0 ? said : null);
          }}
        />
      )}
    </Field>
  );
}

/** One of some words; the first of all is that none is given, if `hint` says what holds then. */
export function ChoiceField({ path, label, hint, choices }: FieldProps & { choices: [value: string, name: string][] }) {
  const value = valueAtKey(path);
  const said = typeof value === "string" ? value : "";
  const isKnown = said === "" || choices.some(([one]) => one === said);
  return (
    <Field path={path} label={label}>
      {(attributes) => (
        <select
          {...attributes}
          value={said}
          onChange={({ currentTarget: field }) => set(path, field.value === "" ? null : field.value)}
        >
          {(hint !== undefined || said === "") && <option value="">{hint ?? "–"}</option>}
          {!isKnown && <option value={said}>{said}</option>}
          {choices.map(([one, name]) => (
            <option key={one} value={one}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Yes or no; `otherwise` holds where nothing is given. */
export function CheckField({ path, label, otherwise }: { path: string[]; label: string; otherwise: boolean }) {
  const value = valueAtKey(path);
  const isOn = typeof value === "boolean" ? value : otherwise;
  return (
    <div class="field">
      <label class="check">
        <input
          type="checkbox"
          checked={isOn}
          onChange={({ currentTarget: field }) => set(path, field.checked === otherwise ? null : field.checked)}
        />
        {label}
      </label>
      <FaultList faults={faultsOf(path)} />
    </div>
  );
}

/** The id of what is not in force yet; it can't be changed later, as what is on record has it. */
export function IdField({ id, taken, onRename }: { id: string; taken: string[]; onRename: (id: string) => void }) {
  const texts = text();
  const [typed, setTyped] = useState<string | null>(null);
  const [fault, setFault] = useState("");
  return (
    <div class="field">
      <label>
        {texts.id}
        <input
          value={typed ?? id}
          autocomplete="off"
          onInput={({ currentTarget: field }) => setTyped(field.value)}
          onChange={({ currentTarget: field }) => {
            const wanted = field.value.trim();
            const isTaken = wanted !== id && taken.includes(wanted);
            setFault(isTaken ? texts.id_taken(wanted) : "");
            setTyped(null);
            if (wanted !== "" && wanted !== id && !isTaken) onRename(wanted);
          }}
        />
      </label>
      <FaultList faults={fault ? [fault] : []} />
    </div>
  );
}
