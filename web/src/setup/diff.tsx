import { text } from "../preferences";
import { diffLines } from "./diff_lines";

const SIGNS = { added: "+", removed: "−", same: " ", place: " " };

/** What differs, line by line: told by sign and word, not by colour alone. */
export function Diff({ diff }: { diff: string }) {
  const texts = text();
  if (diff === "") return <p class="faint">{texts.nothing_differs}</p>;
  const said = { added: texts.line_added, removed: texts.line_removed };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="diff" tabIndex={0} aria-label={texts.diff}>
      <ol>
        {diffLines(diff).map(({ kind, words }, index) => (
          <li key={index} class={kind}>
            <span aria-hidden="true">{SIGNS[kind]}</span>
            {(kind === "added" || kind === "removed") && <span class="for-listeners">{said[kind]}: </span>}
            <code>{words}</code>
          </li>
        ))}
      </ol>
    </section>
  );
}
