import { alertHistory, placeHistory } from "../api";
import { AlertActions, CommentForm } from "../components/alert_actions";
import { AlertStanding, DrillMark } from "../components/alert_card";
import { Chart } from "../components/chart";
import { AlertEvidence } from "../components/evidence";
import { LevelMark } from "../components/level";
import { OrderFault } from "../components/orders";
import { PlanSteps } from "../components/plan_steps";
import { ReadingValue } from "../components/reading";
import { measureName, thresholdText, timeText } from "../format";
import { useLoaded } from "../loaded";
import { placeKey, placeText } from "../places";
import { text, word } from "../preferences";
import { routeTo } from "../route";
import type { Alert, AlertHistory, HistoryEntry, LevelThresholds, RecordedDelivery, State } from "../wire";

/** The time before the alert began that its chart shows, too. */
const BEFORE_MS = 10 * 60_000;
const AFTER_MS = 5 * 60_000;
const LONGEST_MS = 2 * 3_600_000;

interface Facts {
  name: string;
  drill: boolean;
  rule: string;
  place: string | null;
  placeName: string;
  measure: string;
  source: string;
  since: string;
  closed: string | null;
}

/** What stands of an alert, whether it is open, on record, or both. */
function facts(state: State, open: Alert | undefined, record: AlertHistory | null): Facts | null {
  if (open) {
    const place = placeKey(open);
    const { name, drill, rule, measure, source, since } = open;
    return {
      name,
      drill,
      rule,
      place,
      placeName: open.destination ?? placeText(state, place),
      measure,
      source,
      since,
      closed: null,
    };
  }
  if (!record) return null;
  const { name, drill, rule, place, measure, source, since, closed } = record.alert;
  return { name, drill, rule, place, placeName: placeText(state, place), measure, source, since, closed };
}

function Why({ state, known, open }: { state: State; known: Facts; open: Alert | undefined }) {
  const texts = text();
  const rule = state.rules.find((one) => one.id === known.rule.replace(/^drill\./, ""));
  const level = open?.level;
  const threshold = rule?.levels.find((one) => one.level === level);
  return (
    <dl class="facts">
      <dt>{texts.where}</dt>
      <dd>
        {known.place && !open?.destination ? (
          <a href={routeTo("place", known.place)}>{known.placeName}</a>
        ) : (
          known.placeName
        )}
      </dd>
      <dt>{texts.since_when}</dt>
      <dd>
        {timeText(known.since)}
        {known.closed && ` · ${texts.closed_at(timeText(known.closed))}`}
      </dd>
      <dt>{texts.measured}</dt>
      <dd>
        {measureName(known.measure)}
        {threshold && ` · ${texts.threshold} ${thresholdText(threshold.raise, known.measure)}`}
      </dd>
      {known.source && (
        <>
          <dt>{texts.source}</dt>
          <dd>{known.source}</dd>
        </>
      )}
      {open && open.units.length > 0 && (
        <>
          <dt>{texts.told}</dt>
          <dd>{open.units.map((unit) => unit.name).join(", ")}</dd>
        </>
      )}
    </dl>
  );
}

/** The measure from before the alert until it ended, or now. */
function Course(props: {
  place: string;
  measure: string;
  since: string;
  closed: string | null;
  thresholds: LevelThresholds[];
}) {
  const texts = text();
  const load = async (stop: AbortSignal) => {
    const begun = Date.parse(props.since);
    const end = props.closed ? Math.min(Date.parse(props.closed) + AFTER_MS, Date.now()) : Date.now();
    const from = new Date(Math.max(begun - BEFORE_MS, props.closed ? 0 : end - LONGEST_MS));
    const to = new Date(end);
    const answer = await placeHistory({ place: props.place, measures: [props.measure], from, to }, stop);
    return { answer, from, to };
  };
  const loaded = useLoaded(
    `${props.place} ${props.measure} ${props.since} ${props.closed}`,
    load,
    props.closed ? undefined : 5000,
  );
  const history = loaded.value?.answer.measures[0];
  if (loaded.error) return <p class="faint">{`${texts.failed_to_load} ${loaded.error}`}</p>;
  if (!loaded.value || !history) return <p class="faint">{texts.loading}</p>;
  return <Chart history={history} thresholds={props.thresholds} from={loaded.value.from} to={loaded.value.to} />;
}

function Entry({ entry, measure, steps }: { entry: HistoryEntry; measure: string; steps: Map<string, string> }) {
  return (
    <li class="change">
      <span class="faint number">{timeText(entry.at)}</span>
      <span>{word(entry.kind)}</span>
      {entry.to && entry.from !== entry.to && <LevelMark level={entry.to} />}
      {entry.step && <span>{steps.get(entry.step) ?? entry.step}</span>}
      {entry.who && <strong>{entry.who}</strong>}
      {entry.note && <span class="note">{word(entry.note)}</span>}
      {!entry.who && entry.reading.value !== null && <ReadingValue reading={entry.reading} measure={measure} />}
    </li>
  );
}

function Timeline({ record, open }: { record: AlertHistory; open: Alert | undefined }) {
  const texts = text();
  const steps = new Map((open?.plan?.steps ?? []).map((step) => [step.id, step.text]));
  return (
    <section class="card" aria-labelledby="timeline-title">
      <h2 id="timeline-title">{texts.what_happened}</h2>
      <ol class="plain" id="timeline">
        {[...record.history].reverse().map((entry) => (
          <Entry key={entry.number} entry={entry} measure={record.alert.measure} steps={steps} />
        ))}
      </ol>
    </section>
  );
}

function Messages({ deliveries }: { deliveries: RecordedDelivery[] }) {
  const texts = text();
  return (
    <section class="card" aria-labelledby="messages-title">
      <h2 id="messages-title">{texts.messages}</h2>
      {deliveries.length === 0 && <p class="faint">{texts.no_messages}</p>}
      <ol class="plain">
        {deliveries.map((one) => (
          <li key={`${one.destination} ${one.key}`} class="change">
            <span class="faint number">{timeText(one.settled ?? one.written)}</span>
            <span>{one.destination}</span>
            <strong class={one.state === "delivered" ? "" : "warning"}>{word(one.state)}</strong>
            {one.error && <span class="note">{one.error}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** A plan as the record has it, once the alert is over. */
function RecordedPlan({ record }: { record: AlertHistory }) {
  if (record.steps.length === 0) return <p class="faint">{text().no_plan}</p>;
  return (
    <ol class="plain">
      {record.steps.map((step) => (
        <li key={step.id} class="change">
          <span>{step.id}</span>
          <strong>{word(`step_${step.state}`)}</strong>
          <span class="faint">{step.who && text().by(step.who, timeText(step.at))}</span>
          {step.note && <span class="note">{step.note}</span>}
        </li>
      ))}
    </ol>
  );
}

/** Everything about one alert, live for whoever looks at it. */
export function AlertScreen({ state, alert: id }: { state: State; alert: string }) {
  const texts = text();
  const open = state.alerts.find((one) => one.id === id);
  // What was done, by whomever, comes with the state; only its value changes without a new entry of the history.
  const changes = open ? JSON.stringify({ ...open, reading: null }) : "closed";
  const loaded = useLoaded(`${id} ${changes}`, (stop) => (state.kept ? alertHistory(id, stop) : Promise.resolve(null)));
  const record = loaded.value;
  const known = facts(state, open, record);
  if (!known)
    return <p class="none">{loaded.error ?? (record === null && state.kept ? texts.loading : texts.no_such_alert)}</p>;
  const rule = state.rules.find((one) => one.id === known.rule.replace(/^drill\./, ""));
  const level = open?.level ?? record?.alert.gravest;
  return (
    <div class="alert-screen">
      <p>
        <a href={routeTo("live")}>← {texts.back_to_live}</a>
      </p>
      <header class={`card edge title ${level ?? ""}`}>
        <div class="row">
          <h2>
            {known.drill && <DrillMark />} {known.name}
          </h2>
          {level && <LevelMark level={level} stale={open?.stale ?? false} large />}
        </div>
        <div class="row">
          <div>
            {open ? <AlertStanding alert={open} /> : <p>{known.closed && texts.closed_at(timeText(known.closed))}</p>}
          </div>
          {open && (
            <span class="huge">
              <ReadingValue reading={open.reading} measure={open.measure} />
            </span>
          )}
        </div>
        <OrderFault />
        {open && <AlertActions alert={open} />}
      </header>
      <div class="two">
        <div class="column">
          <section class="card" aria-labelledby="why-title">
            <h2 id="why-title">{texts.what_and_why}</h2>
            <Why state={state} known={known} open={open} />
            {state.kept && known.place && !known.drill && !open?.destination && (
              <Course
                place={known.place}
                measure={known.measure}
                since={known.since}
                closed={known.closed}
                thresholds={rule?.levels ?? []}
              />
            )}
          </section>
          {state.kept && <AlertEvidence alert={id} changes={changes} />}
        </div>
        <div class="column">
          <section class="card" aria-labelledby="plan-title">
            <h2 id="plan-title">{texts.plan}</h2>
            {open ? <PlanSteps alert={open} /> : record && <RecordedPlan record={record} />}
            {open && <CommentForm alert={open} />}
          </section>
          {record && <Timeline record={record} open={open} />}
          {record && <Messages deliveries={record.deliveries} />}
        </div>
      </div>
    </div>
  );
}
