import { text, word } from "../preferences";
import { routeTo } from "../route";
import type { Line } from "../wire";

/** What crossed the lines of a camera or of another system since the start. */
export function LinesTable({ within }: { within: { id: string; lines: Line[] } }) {
  if (within.lines.length === 0) return null;
  const texts = text();
  return (
    <table class="lines">
      <thead>
        <tr>
          <th scope="col">{texts.line}</th>
          <th scope="col">{texts.inwards}</th>
          <th scope="col">{texts.outwards}</th>
        </tr>
      </thead>
      <tbody>
        {within.lines.flatMap((line) =>
          line.totals.map((totals) => (
            <tr key={`${line.id}/${totals.class}`}>
              <th scope="row">
                <a href={routeTo("place", `line:${within.id}/${line.id}`)}>{line.name}</a>
                {(line.totals.length > 1 || totals.class !== "person") && (
                  <span class="faint"> {word(totals.class)}</span>
                )}
              </th>
              {[totals.in, totals.out].map((count, way) => (
                <td key={way === 0 ? "in" : "out"} class="number">
                  {totals.quality === "at_least" && "≥ "}
                  {count}
                </td>
              ))}
            </tr>
          )),
        )}
      </tbody>
    </table>
  );
}
