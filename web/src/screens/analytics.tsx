import { useState } from "preact/hooks";
import { historyPath, placeHistory } from "../api";
import { Chart } from "../components/chart";
import { HeatMaps } from "../components/heat_map";
import { PeriodSummary } from "../components/period_summary";
import { WideTable } from "../components/wide_table";
import { dateTimeText, figure, measureName, percent, unitOf } from "../format";
import { useLoaded } from "../loaded";
import { localInput } from "../local_input";
import { CHARTED } from "../measures";
import { type Comparison, compared, isPeriod, type Period } from "../periods";
import { allPlaces, placeText, rulesOf } from "../places";
import { text, word } from "../preferences";
import { scaleTop, summary } from "../series";
import type { Camera, MeasureHistory, State } from "../wire";

const HOUR_MS = 3_600_000;

interface Loaded {
  period: Period;
  history: MeasureHistory;
}

function Figures({ periods }: { periods: Loaded[] }) {
  const texts = text();
  const heads = ["", texts.coverage, texts.mean, texts.least, texts.greatest, texts.resolution];
  return (
    <WideTable heads={heads} label={texts.analytics}>
      {periods.map(({ period, history }, at) => {
        const figures = summary(history);
        const shown = (value: number | undefined) =>
          value === undefined ? "?" : `${figure(value, history.measure)}${unitOf(history.measure)}`;
        return (
          <tr key={at === 0 ? "first" : "second"}>
            <th scope="row">
              {at === 0 ? texts.first_period : texts.second_period}
              <span class="faint">
                {" "}
                {dateTimeText(period.from.toISOString())} – {dateTimeText(period.to.toISOString())}
              </span>
            </th>
            <td class="number">{percent(history.coverage)}</td>
            <td class="number">{shown(figures?.mean)}</td>
            <td class="number">{shown(figures?.min)}</td>
            <td class="number">{shown(figures?.max)}</td>
            <td>{word(`resolution_${history.resolution_s}`)}</td>
          </tr>
        );
      })}
    </WideTable>
  );
}

function Results({
  state,
  place,
  measure,
  periods,
}: {
  state: State;
  place: string;
  measure: string;
  periods: Period[];
}) {
  const texts = text();
  const key = [place, measure, ...periods.flatMap((one) => [one.from.toISOString(), one.to.toISOString()])].join(" ");
  const load = (stop: AbortSignal) =>
    Promise.all(
      periods.map(async (period) => {
        const answer = await placeHistory({ place, measures: [measure], ...period }, stop);
        return { period, history: answer.measures[0] };
      }),
    );
  const loaded = useLoaded(key, load);
  const known = (loaded.value ?? []).filter((one): one is Loaded => one.history !== undefined);
  const thresholds = rulesOf(state, place).find((rule) => rule.measure === measure)?.levels ?? [];
  const top = scaleTop(
    known.map((one) => one.history),
    thresholds,
  );
  return (
    <section class="card" aria-live="polite">
      <h2>
        {placeText(state, place)} · {measureName(measure)}
      </h2>
      {loaded.error && <p class="fault">{`${texts.failed_to_load} ${loaded.error}`}</p>}
      {!loaded.value && !loaded.error && <p class="faint">{texts.loading}</p>}
      <p class="faint">{texts.coverage_hint}</p>
      <div class={periods.length > 1 ? "side-by-side" : ""}>
        {known.map(({ period, history }, at) => (
          <div key={at === 0 ? "first" : "second"}>
            <Chart history={history} thresholds={thresholds} from={period.from} to={period.to} top={top} />
            <a class="button" href={historyPath({ place, measures: [measure], ...period }, "csv")} download>
              {texts.download}
            </a>
          </div>
        ))}
      </div>
      {known.length > 0 && <Figures periods={known} />}
    </section>
  );
}

/** A zone of which something is known, if there is one: an empty chart says little. */
function firstPlace(state: State): string {
  const places = allPlaces(state);
  const isKnown = (key: string) =>
    state.cameras.some((camera) => camera.fresh && camera.zones.some((zone) => key === `zone:${camera.id}/${zone.id}`));
  const zones = places.filter((one) => one.kind === "zone");
  return (zones.find((one) => isKnown(one.key)) ?? zones[0] ?? places[0])?.key ?? "";
}

/** The calibrated camera that sees a place; `null`: none does. */
function calibratedCamera(state: State, place: string): Camera | null {
  const camera = state.cameras.find((one) => place === `camera:${one.id}` || place.startsWith(`zone:${one.id}/`));
  const hasMetres = camera?.zones.some((zone) => zone.measures.level_of_service !== undefined);
  return camera && hasMetres ? camera : null;
}

/** A measure's curve, then what the periods come to. */
function PeriodResults(props: { state: State; place: string; measure: string; periods: Period[] }) {
  const { state, place, periods } = props;
  const camera = calibratedCamera(state, place);
  return (
    <>
      <Results {...props} />
      <PeriodSummary place={place} periods={periods} />
      {camera && <HeatMaps camera={camera} periods={periods} />}
    </>
  );
}

/** Any stored period of any place, beside another one, with what is known of each. */
export function AnalyticsScreen({ state }: { state: State }) {
  const texts = text();
  const places = allPlaces(state);
  const [place, setPlace] = useState(firstPlace(state));
  const [measure, setMeasure] = useState("occupancy");
  const [first, setFirst] = useState<Period>(() => {
    const to = new Date();
    to.setSeconds(0, 0);
    return { from: new Date(to.getTime() - 24 * HOUR_MS), to };
  });
  const [comparison, setComparison] = useState<Comparison>("none");
  const [own, setOwn] = useState(() => new Date(first.from.getTime() - 24 * HOUR_MS));
  if (!state.kept) return <p class="none">{texts.not_kept}</p>;
  const kind = places.find((one) => one.key === place)?.kind ?? "zone";
  const measures = CHARTED[kind];
  const chosen = measures.includes(measure) ? measure : (measures[0] ?? "");
  const second = compared(first, comparison, own);
  const time = (event: { currentTarget: HTMLInputElement }, take: (at: Date) => void) => {
    const at = new Date(event.currentTarget.value);
    if (!Number.isNaN(at.getTime())) take(at);
  };
  return (
    <div class="column">
      <form class="card fields" onSubmit={(event) => event.preventDefault()}>
        <label>
          {texts.place}
          <select id="analytics-place" value={place} onChange={(event) => setPlace(event.currentTarget.value)}>
            {places.map((one) => (
              <option key={one.key} value={one.key}>
                {word(one.kind)}: {placeText(state, one.key)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {texts.measure}
          <select id="analytics-measure" value={chosen} onChange={(event) => setMeasure(event.currentTarget.value)}>
            {measures.map((one) => (
              <option key={one} value={one}>
                {measureName(one)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {texts.from}
          <input
            id="analytics-from"
            type="datetime-local"
            value={localInput(first.from)}
            onChange={(event) => time(event, (from) => setFirst({ ...first, from }))}
          />
        </label>
        <label>
          {texts.to}
          <input
            id="analytics-to"
            type="datetime-local"
            value={localInput(first.to)}
            onChange={(event) => time(event, (to) => setFirst({ ...first, to }))}
          />
        </label>
        <label>
          {texts.compare_with}
          <select
            id="analytics-comparison"
            value={comparison}
            onChange={(event) => setComparison(event.currentTarget.value as Comparison)}
          >
            <option value="none">{texts.no_comparison}</option>
            <option value="day_before">{texts.day_before}</option>
            <option value="week_before">{texts.week_before}</option>
            <option value="own">{texts.own_period}</option>
          </select>
        </label>
        {comparison === "own" && (
          <label>
            {texts.from_second}
            <input type="datetime-local" value={localInput(own)} onChange={(event) => time(event, setOwn)} />
          </label>
        )}
      </form>
      {isPeriod(first) ? (
        <PeriodResults state={state} place={place} measure={chosen} periods={second ? [first, second] : [first]} />
      ) : (
        <p class="fault" role="alert">
          {texts.period_wrong}
        </p>
      )}
    </div>
  );
}
