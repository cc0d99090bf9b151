import { useState } from "preact/hooks";
import { historyPath, placeHistory } from "../api";
import { useLoaded } from "../loaded";
import { text } from "../preferences";
import type { LevelThresholds } from "../wire";
import { Chart } from "./chart";

const SPANS_H = [1, 3, 12, 24];
/** A curve that grows by a second is drawn anew this often. */
const AGAIN_MS = 10_000;

/** The last hours of a place's measures, with the thresholds of its rules. */
export function RecentHistory(props: {
  place: string;
  measures: string[];
  thresholds: (measure: string) => LevelThresholds[];
}) {
  const texts = text();
  const [span_h, setSpan] = useState(1);
  const { place, measures } = props;
  const load = async (stop: AbortSignal) => {
    const to = new Date();
    const asked = { place, measures, from: new Date(to.getTime() - span_h * 3_600_000), to };
    return { asked, answer: await placeHistory(asked, stop) };
  };
  const loaded = useLoaded(`${place} ${measures} ${span_h}`, load, AGAIN_MS);
  return (
    <section class="card" aria-labelledby="hours-title">
      <div class="row">
        <h2 id="hours-title">{texts.last_hours}</h2>
        <div class="buttons">
          {SPANS_H.map((hours) => (
            <button key={hours} type="button" aria-pressed={hours === span_h} onClick={() => setSpan(hours)}>
              {texts.hours(hours)}
            </button>
          ))}
          {loaded.value && (
            <a class="button" href={historyPath(loaded.value.asked, "csv")} download>
              {texts.download}
            </a>
          )}
        </div>
      </div>
      {loaded.error && (
        <p class="fault">
          {texts.failed_to_load} {loaded.error}
        </p>
      )}
      {!loaded.value && !loaded.error && <p class="faint">{texts.loading}</p>}
      <p class="faint">{texts.coverage_hint}</p>
      {loaded.value?.answer.measures.map((history) => (
        <Chart
          key={history.measure}
          history={history}
          thresholds={props.thresholds(history.measure)}
          from={loaded.value?.asked.from ?? new Date()}
          to={loaded.value?.asked.to ?? new Date()}
        />
      ))}
    </section>
  );
}
