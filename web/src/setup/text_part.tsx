import { text } from "../preferences";
import { Diff } from "./diff";
import { checked, draftText, faults, isChanged, isTextCurrent, write } from "./draft";

/** The whole text, for all that has no part of its own. */
export function TextPart() {
  const texts = text();
  return (
    <div class="two">
      <section class="card" aria-labelledby="text-title">
        <h2 id="text-title">{texts.part_text}</h2>
        <p class="faint">{texts.text_hint}</p>
        <textarea
          class="code"
          aria-label={texts.config_text}
          spellcheck={false}
          autocapitalize="off"
          wrap="off"
          rows={36}
          value={draftText.value}
          readOnly={!isTextCurrent.value}
          onInput={({ currentTarget: field }) => write(field.value)}
        />
      </section>
      <section class="card" aria-labelledby="differs-title">
        <h2 id="differs-title">{texts.diff}</h2>
        {isChanged.value && checked.value === null && <p class="faint">{texts.checking}</p>}
        {faults.value.length > 0 && (
          <ul class="faults" role="alert">
            {faults.value.map((fault) => (
              <li key={fault} class="fault">
                {fault}
              </li>
            ))}
          </ul>
        )}
        {!isChanged.value ? <Diff diff="" /> : checked.value && <Diff diff={checked.value.diff} />}
      </section>
    </div>
  );
}
