import { age } from "../format";
import { silent_s } from "../live";
import { text } from "../preferences";
import { routeTo } from "../route";
import type { Source } from "../wire";
import { LinesTable } from "./lines_table";

/** Whether another system tells in time. */
export function SourceBadge({ source }: { source: Source }) {
  const texts = text();
  const standing = source.fresh ? texts.told_in_time : source.age_s === null ? texts.never_told : texts.silent_source;
  return <span class={`badge ${source.fresh ? "good" : "bad"}`}>{standing}</span>;
}

/** Another system that tells counts: it has no picture. */
export function SourceCard({ source }: { source: Source }) {
  const texts = text();
  return (
    <article class="card" id={`source-${source.id}`}>
      <header class="row">
        <h3>
          <a href={routeTo("place", `camera:${source.id}`)}>{source.name}</a>
        </h3>
        <SourceBadge source={source} />
      </header>
      {source.age_s !== null && <p class="faint">{texts.last_told(age(Math.max(0, source.age_s + silent_s.value)))}</p>}
      {source.error && <p class="warning">{source.error}</p>}
      <LinesTable within={source} />
    </article>
  );
}
