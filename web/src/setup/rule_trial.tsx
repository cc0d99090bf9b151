import { useState } from "preact/hooks";
import { backtest, placeHistory } from "../api";
import { Chart, type Mark } from "../components/chart";
import { LevelMark } from "../components/level";
import { WideTable } from "../components/wide_table";
import { age, dateTimeText, measureName, percent } from "../format";
import { LEVELS } from "../levels";
import { faultText } from "../loaded";
import { localInput } from "../local_input";
import { isPeriod, type Period } from "../periods";
import { text } from "../preferences";
import type { BacktestReport, ConfigChange, MeasureHistory, ReplayedLevel, ReplayedRule } from "../wire";
import { change, checked, faults, inForce, isChanged, values } from "./draft";
import { type Firing, firings, isNotKnown } from "./firings";
import { type Condition, placeNameIn, rulesIn, type WrittenRule } from "./rules";

const HOUR_MS = 3_600_000;
/** Times that are listed one by one. */
const MOST_LISTED = 20;

type Span = "last_1_h" | "last_24_h" | "last_7_d" | "chosen_period";
const SPAN_HOURS: Record<Exclude<Span, "chosen_period">, number> = { last_1_h: 1, last_24_h: 24, last_7_d: 168 };
const SPANS: Span[] = ["last_1_h", "last_24_h", "last_7_d", "chosen_period"];

interface Curve {
  condition: Condition;
  /** `null`: nothing is on record of it. */
  history: MeasureHistory | null;
}

interface Tried {
  of: ConfigChange;
  rule: WrittenRule;
  /** How the rule in force puts its conditions together. */
  todayCombine: WrittenRule["combine"];
  period: Period;
  report: BacktestReport;
  curves: Curve[];
}

async function curveOf(condition: Condition, period: Period): Promise<Curve> {
  const { kind, place, measure } = condition;
  try {
    const { measures } = await placeHistory({ place: `${kind}:${place}`, measures: [measure], ...period });
    return { condition, history: measures[0] ?? null };
  } catch {
    // A place that is not in force yet has no history.
    return { condition, history: null };
  }
}

async function tried(rule: WrittenRule, of: ConfigChange, period: Period): Promise<Tried> {
  // The configuration in force, where nothing is changed.
  const asked = isChanged.value ? of : { edits: [] };
  const report = await backtest(asked, period.from, period.to);
  const curves = await Promise.all(rule.conditions.map((condition) => curveOf(condition, period)));
  const today = rulesIn(inForce.value?.values ?? {}).find((one) => one.id === rule.id);
  return { of, rule, todayCombine: today?.combine ?? null, period, report, curves };
}

/** From this share on what it would have told is nearly all that there was to tell. */
const MOSTLY_KNOWN = 0.95;

/** The share of the time in which a rule could tell something, at most: of a list, one condition is enough unless all have to hold. */
function knownShare(rule: ReplayedRule, combine: WrittenRule["combine"]): number {
  const shares = rule.conditions.map((one) => one.known_share);
  return combine === "any" ? Math.max(0, ...shares) : Math.min(1, ...shares);
}

function todayText(today: ReplayedRule | null, combine: WrittenRule["combine"]): string {
  const texts = text();
  if (!today) return texts.today_none;
  return isNotKnown(today, combine) ? texts.today_unknown : texts.today_had(firings(today).length);
}

function Headline({
  result,
  candidate,
  today,
}: {
  result: Tried;
  candidate: ReplayedRule;
  today: ReplayedRule | null;
}) {
  const texts = text();
  const { combine } = result.rule;
  const share = knownShare(candidate, combine);
  const isMostlyKnown = share >= MOSTLY_KNOWN;
  const isInPart =
    candidate.replayed === "in_part" ||
    (combine === "any" && candidate.conditions.some((one) => one.known_share < MOSTLY_KNOWN));
  return (
    <>
      <p class="would-have" role="status">
        <strong>{texts.would_have(firings(candidate).length)}</strong>{" "}
        <span class="faint">({todayText(today, result.todayCombine)})</span>
      </p>
      <p class={isMostlyKnown ? "faint" : "warning"} id="known-share">
        {texts.known_of_it}: {percent(share)}
        {!isMostlyKnown && `. ${texts.rest_not_known}`}
      </p>
      {isInPart && <p class="warning">{texts.at_least_times}</p>}
    </>
  );
}

function LevelCell({ level }: { level: ReplayedLevel | undefined }) {
  const texts = text();
  if (!level) return <td class="faint">–</td>;
  const parts = [
    level.times > 0 && texts.longest_time(age(level.longest_s)),
    level.unknown_s > 0 && texts.of_it_unknown(age(level.unknown_s)),
  ];
  return (
    <td>
      <strong class="number">{texts.times_count(level.times)}</strong>{" "}
      <span class="faint">{parts.filter(Boolean).join(" · ")}</span>
    </td>
  );
}

function LevelTable({ candidate, today }: { candidate: ReplayedRule; today: ReplayedRule | null }) {
  const texts = text();
  const of = (rule: ReplayedRule | null, level: string) => rule?.levels.find((one) => one.level === level);
  const shown = LEVELS.filter((level) => of(candidate, level) || of(today, level));
  return (
    <WideTable heads={[texts.level, texts.would_times, texts.today_times]} label={texts.try_on}>
      {shown.map((level) => (
        <tr key={level} data-tried={level}>
          <th scope="row">
            <LevelMark level={level} />
          </th>
          <LevelCell level={of(candidate, level)} />
          <LevelCell level={of(today, level)} />
        </tr>
      ))}
    </WideTable>
  );
}

function FiringList({ fired }: { fired: Firing[] }) {
  const texts = text();
  if (fired.length === 0) return null;
  return (
    <div class="plain">
      <h3>{texts.fired_at}</h3>
      <ol class="plain firings">
        {fired.slice(0, MOST_LISTED).map((one, at) => (
          <li key={one.from}>
            <span class="faint number">{at + 1}</span> <LevelMark level={one.gravest} />{" "}
            <span class="number">{dateTimeText(one.from)}</span> {texts.fired_for(age(one.seconds))}
            {one.until === null && <span class="faint"> · {texts.still_on}</span>}
          </li>
        ))}
      </ol>
      {fired.length > MOST_LISTED && <p class="faint">{texts.more_times(fired.length - MOST_LISTED)}</p>}
    </div>
  );
}

/** The measure over the time, its thresholds, and when it would have fired. */
function Curves({ result, rule, fired }: { result: Tried; rule: ReplayedRule; fired: Firing[] }) {
  const texts = text();
  const { period } = result;
  const marks: Mark[] = fired.map((one) => ({
    level: one.gravest,
    from: new Date(one.from),
    to: one.until === null ? period.to : new Date(one.until),
  }));
  return (
    <>
      {result.curves.map(({ condition, history }, at) => {
        const known = rule.conditions[at];
        return (
          <div key={`${condition.kind} ${condition.place} ${condition.measure}`} class="plain">
            <p class="faint">
              {placeNameIn(values.value ?? {}, condition.kind, condition.place)} · {measureName(condition.measure)} ·{" "}
              {texts.known_of_it}: <strong>{known ? percent(known.known_share) : "?"}</strong>
              {known && known.without_samples.length > 0 && (
                <span class="warning">
                  {" "}
                  · {texts.without_samples}: {known.without_samples.join(", ")}
                </span>
              )}
            </p>
            {history && <Chart history={history} thresholds={condition.levels} marks={marks} {...period} />}
          </div>
        );
      })}
    </>
  );
}

function Result({ result }: { result: Tried }) {
  const texts = text();
  const row = result.report.rules.find((one) => one.rule === result.rule.id);
  if (!row?.candidate) return null;
  const { candidate, today } = row;
  if (isNotKnown(candidate, result.rule.combine))
    return (
      <>
        <p class="warning" role="status">
          <strong>{texts.not_replayed}</strong>
        </p>
        <Curves result={result} rule={candidate} fired={[]} />
      </>
    );
  const fired = firings(candidate);
  return (
    <>
      <Headline result={result} candidate={candidate} today={today} />
      <Curves result={result} rule={candidate} fired={fired} />
      <LevelTable candidate={candidate} today={today} />
      <FiringList fired={fired} />
      {result.report.notes.map((note) => (
        <p key={note} class="faint">
          {note}
        </p>
      ))}
    </>
  );
}

/** What a rule would have told of what is on record: as it is changed, and as it is in force. */
export function RuleTrial({ rule }: { rule: WrittenRule }) {
  const texts = text();
  const [span, setSpan] = useState<Span>("last_24_h");
  const [own, setOwn] = useState<Period>(() => {
    const to = new Date();
    to.setSeconds(0, 0);
    return { from: new Date(to.getTime() - 24 * HOUR_MS), to };
  });
  const [isUnderWay, setUnderWay] = useState(false);
  const [fault, setFault] = useState("");
  const [result, setResult] = useState<Tried | null>(null);
  const now = change.value;
  const isSound = !isChanged.value || (checked.value !== null && faults.value.length === 0);
  const go = async () => {
    const to = new Date();
    const period = span === "chosen_period" ? own : { from: new Date(to.getTime() - SPAN_HOURS[span] * HOUR_MS), to };
    setFault("");
    if (!isPeriod(period)) {
      setFault(texts.period_wrong);
      return;
    }
    setUnderWay(true);
    try {
      setResult(await tried(rule, now, period));
    } catch (failed) {
      setResult(null);
      setFault(faultText(failed));
    } finally {
      setUnderWay(false);
    }
  };
  const time = (key: keyof Period) => (event: { currentTarget: HTMLInputElement }) => {
    const at = new Date(event.currentTarget.value);
    if (!Number.isNaN(at.getTime())) setOwn({ ...own, [key]: at });
  };
  return (
    <section class="card" aria-labelledby="trial-title" id="trial">
      <h2 id="trial-title">{texts.try_on}</h2>
      <p class="faint">{texts.try_hint}</p>
      <div class="buttons">
        {SPANS.map((one) => (
          <button key={one} type="button" aria-pressed={one === span} onClick={() => setSpan(one)}>
            {texts[one]}
          </button>
        ))}
      </div>
      {span === "chosen_period" && (
        <div class="fields">
          <label>
            {texts.from}
            <input type="datetime-local" value={localInput(own.from)} onChange={time("from")} />
          </label>
          <label>
            {texts.to}
            <input type="datetime-local" value={localInput(own.to)} onChange={time("to")} />
          </label>
        </div>
      )}
      <div class="buttons">
        <button type="button" class="primary" disabled={isUnderWay || !isSound} onClick={() => void go()}>
          {texts.try_now}
        </button>
        {faults.value.length > 0 && <span class="warning">{texts.mend_first}</span>}
        {isUnderWay && <span role="status">{texts.trying}</span>}
        {!isUnderWay && result && result.of !== now && <span class="warning">{texts.tried_before}</span>}
      </div>
      <p class="fault" role="alert">
        {fault}
      </p>
      {result && !isUnderWay && <Result result={result} />}
    </section>
  );
}
