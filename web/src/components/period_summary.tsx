import type { ComponentChildren } from "preact";
import { periodSummary, summaryPath } from "../api";
import { dateTimeText, percent } from "../format";
import { useLoaded } from "../loaded";
import { SERVICE_LETTERS } from "../measures";
import type { Period } from "../periods";
import { text } from "../preferences";
import { minutesText, serviceShares, sumText } from "../summary";
import type { Dwell, Footfall, KnownTime, ServiceShares, Summary } from "../wire";
import { WideTable } from "./wide_table";

export interface Told {
  period: Period;
  told: Summary;
}

function Row({ at, cells }: { at: Told; cells: ComponentChildren[] }) {
  return (
    <tr>
      <th scope="row">
        {dateTimeText(at.told.from)} – {dateTimeText(at.told.to)}
      </th>
      {cells.map((cell, column) => (
        <td key={column} class="number">
          {cell}
        </td>
      ))}
    </tr>
  );
}

const known = (time: KnownTime) => percent(time.coverage);

function FootfallTable({ rows }: { rows: (Told & { figures: Footfall })[] }) {
  const texts = text();
  return (
    <section aria-labelledby="footfall">
      <h3 id="footfall">{texts.footfall}</h3>
      <p class="faint">{texts.footfall_hint}</p>
      <WideTable heads={["", texts.inwards, texts.outwards, texts.coverage, texts.counted_by]} label={texts.footfall}>
        {rows.map((row) => {
          const { figures } = row;
          const method = figures.method === "crossings" ? texts.by_crossings : texts.by_flows;
          const cells = [sumText(figures.in), sumText(figures.out), known(figures), method];
          return <Row key={row.told.from} at={row} cells={cells} />;
        })}
      </WideTable>
    </section>
  );
}

function ServiceBar({ shares }: { shares: number[] }) {
  return (
    <div class="service-bar" aria-hidden="true">
      {shares.map((share, at) => {
        const letter = SERVICE_LETTERS[at] ?? "";
        return (
          share > 0 && (
            <span key={letter} class={`service-${letter.toLowerCase()}`} style={{ flexGrow: share }}>
              {share >= 0.04 && letter}
            </span>
          )
        );
      })}
    </div>
  );
}

function ServiceTable({ rows }: { rows: (Told & { figures: ServiceShares })[] }) {
  const texts = text();
  return (
    <section aria-labelledby="service-shares">
      <h3 id="service-shares">{texts.service_shares}</h3>
      <p class="faint">{texts.service_shares_hint}</p>
      {rows.map((row) => {
        const shares = serviceShares(row.figures);
        return shares && <ServiceBar key={row.told.from} shares={shares} />;
      })}
      <WideTable heads={["", ...SERVICE_LETTERS, texts.coverage]} label={texts.service_shares}>
        {rows.map((row) => {
          const shares = serviceShares(row.figures);
          const cells = SERVICE_LETTERS.map((_, at) => (shares ? percent(shares[at] ?? 0) : "?"));
          return <Row key={row.told.from} at={row} cells={[...cells, known(row.figures)]} />;
        })}
      </WideTable>
      {rows.some((row) => row.figures.seconds_bound > 0) && <p class="warning">{texts.service_bound}</p>}
    </section>
  );
}

function DwellTable({ rows }: { rows: (Told & { figures: Dwell })[] }) {
  const texts = text();
  return (
    <section aria-labelledby="dwell">
      <h3 id="dwell">{texts.dwell}</h3>
      <p class="faint">{texts.dwell_hint}</p>
      <WideTable
        heads={["", texts.dwell_median, texts.dwell_ninety, texts.dwell_mean, texts.coverage]}
        label={texts.dwell}
      >
        {rows.map((row) => {
          const { median_s, p90_s, mean_s } = row.figures;
          return (
            <Row
              key={row.told.from}
              at={row}
              cells={[...[median_s, p90_s, mean_s].map(minutesText), known(row.figures)]}
            />
          );
        })}
      </WideTable>
    </section>
  );
}

const withFigures = <T,>(rows: Told[], of: (told: Summary) => T | null) =>
  rows.flatMap((row) => {
    const figures = of(row.told);
    return figures === null ? [] : [{ ...row, figures }];
  });

/** What periods come to: footfall, level-of-service shares and stays, one period below the other. */
export function PeriodSummary({ place, periods }: { place: string; periods: Period[] }) {
  const texts = text();
  const key = [place, ...periods.flatMap((one) => [one.from.toISOString(), one.to.toISOString()])].join(" ");
  const loaded = useLoaded(`summary ${key}`, (stop) =>
    Promise.all(periods.map(async (period) => ({ period, told: await periodSummary(place, period, stop) }))),
  );
  const rows = loaded.value ?? [];
  const footfall = withFigures(rows, (told) => told.footfall);
  const service = withFigures(rows, (told) => told.level_of_service);
  const dwell = withFigures(rows, (told) => told.dwell);
  if (loaded.error) return <p class="fault">{`${texts.failed_to_load} ${loaded.error}`}</p>;
  if (footfall.length + service.length + dwell.length === 0) return null;
  return (
    <section class="card" id="period-summary">
      <h2>{texts.sums}</h2>
      {footfall.length > 0 && <FootfallTable rows={footfall} />}
      {service.length > 0 && <ServiceTable rows={service} />}
      {dwell.length > 0 && <DwellTable rows={dwell} />}
      <div class="buttons">
        {periods.map((period, at) => (
          <a key={at === 0 ? "first" : "second"} class="button" href={summaryPath(place, period, "csv")} download>
            {texts.download}
            {periods.length > 1 && `: ${at === 0 ? texts.first_period : texts.second_period}`}
          </a>
        ))}
      </div>
    </section>
  );
}
