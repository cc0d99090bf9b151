import { text, word } from "../preferences";
import { routeTo } from "../route";
import type { Line, LineTotals } from "../wire";

/** What crossed the lines of a camera or of another system since the start. */
export function LinesTable({ within }: { within: { id: string; age_s: number | null; lines: Line[] } }) {
  if (within.lines.length === 0) return null;
  const texts = text();
  // Before anything was seen or told, nothing is known: that is not zero.
  const isUnknown = (line: Line) => within.age_s === null || line.totals.length === 0;
  const shown = (totals: LineTotals, count: number) => `${totals.quality === "at_least" ? "≥ " : ""}${count}`;
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
          (isUnknown(line) ? [null] : line.totals).map((totals) => (
            <tr key={`${line.id}/${totals?.class}`}>
              <th scope="row">
                <a href={routeTo("place", `line:${within.id}/${line.id}`)}>{line.name}</a>
                {totals && (line.totals.length > 1 || totals.class !== "person") && (
                  <span class="faint"> {word(totals.class)}</span>
                )}
              </th>
              <td class="number">{totals ? shown(totals, totals.in) : "?"}</td>
              <td class="number">{totals ? shown(totals, totals.out) : "?"}</td>
            </tr>
          )),
        )}
      </tbody>
    </table>
  );
}
