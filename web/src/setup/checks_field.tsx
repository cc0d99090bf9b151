import { set } from "./draft";
import { Faults, valueAtKey } from "./fields";

export function wordsAt(path: string[]): string[] {
  const value = valueAtKey(path);
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** Some of several words; none: the key is taken away. What is written and not among them stays to be taken away. */
export function ChecksField(props: {
  path: string[];
  label: string;
  none: string;
  choices: [value: string, name: string][];
}) {
  const { path, label, none, choices } = props;
  const chosen = wordsAt(path);
  const unknown = chosen.filter((one) => !choices.some(([value]) => value === one));
  const all: [string, string][] = [...choices, ...unknown.map((one): [string, string] => [one, one])];
  const choose = (value: string, isOn: boolean) => {
    const now = isOn ? [...chosen, value] : chosen.filter((one) => one !== value);
    set(path, now.length > 0 ? now : null);
  };
  return (
    <fieldset class="choices-of">
      <legend>{label}</legend>
      {all.length === 0 && <p class="faint">{none}</p>}
      <div class="checks">
        {all.map(([value, name]) => (
          <label key={value} class="check">
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              onChange={({ currentTarget: box }) => choose(value, box.checked)}
            />
            {name}
          </label>
        ))}
      </div>
      <Faults path={path} />
    </fieldset>
  );
}
