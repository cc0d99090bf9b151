import { health, metricsText } from "../api";
import { HealthBadge } from "../components/camera_card";
import { SourceCard } from "../components/source_card";
import { WideTable } from "../components/wide_table";
import { age, percent, timeText } from "../format";
import { useLoaded } from "../loaded";
import { Metrics, parseMetrics } from "../metrics_text";
import { text, word } from "../preferences";
import type { Camera, State } from "../wire";

const AGAIN_MS = 5000;

interface Measured {
  metrics: Metrics;
  before: Metrics | null;
  /** Between the two. */
  seconds: number;
}

/** The newest metrics beside those of the round before, from which rates follow. */
function metricsReader() {
  let last: { metrics: Metrics; at_ms: number } | null = null;
  return async (stop: AbortSignal): Promise<Measured> => {
    const metrics = new Metrics(parseMetrics(await metricsText(stop)));
    const at_ms = performance.now();
    const measured = { metrics, before: last?.metrics ?? null, seconds: last ? (at_ms - last.at_ms) / 1000 : 0 };
    last = { metrics, at_ms };
    return measured;
  };
}
const readMetrics = metricsReader();

function rate(
  { metrics, before, seconds }: Measured,
  name: string,
  labels: Record<string, string> = {},
): number | null {
  const [now, then] = [metrics.sum(name, labels), before?.sum(name, labels) ?? null];
  return now === null || then === null || seconds <= 0 ? null : Math.max(0, now - then) / seconds;
}

const count = (value: number | null): string => (value === null ? "?" : value.toLocaleString());
const perSecond = (value: number | null): string => text().per_second(value === null ? "?" : value.toFixed(1));
const megabytes = (bytes: number | null): string => (bytes === null ? "?" : `${Math.round(bytes / 1e6)} MB`);

function Facts({ rows }: { rows: [string, preact.ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function CameraRow({ camera, measured }: { camera: Camera; measured: Measured | null }) {
  const of = { camera: camera.id };
  const metrics = measured?.metrics;
  const total = (name: string) => count(metrics?.sum(name, of) ?? null);
  const result_s = metrics?.mean("result_age_seconds", of) ?? null;
  return (
    <tr>
      <th scope="row">{camera.name}</th>
      <td>
        <HealthBadge camera={camera} />
        {camera.error && <p class="warning">{camera.error}</p>}
        {camera.next_try && <p class="faint">{text().next_try(timeText(camera.next_try))}</p>}
      </td>
      <td class="number">{perSecond(measured && rate(measured, "frames_analysed_total", of))}</td>
      <td class="number">{perSecond(measured && rate(measured, "frames_due_total", of))}</td>
      <td class="number">{total("frames_dropped_total")}</td>
      <td class="number">{result_s === null ? "?" : `${Math.round(result_s * 1000)} ms`}</td>
      <td class="number">{total("reconnects_total")}</td>
      <td class="number">{total("decode_failures_total")}</td>
      <td class="number">{total("live_viewers")}</td>
      <td>
        {camera.input ? <span title={camera.input.why}>{camera.input.size}</span> : "?"}
        {camera.input?.warning && <p class="warning">{camera.input.warning}</p>}
      </td>
    </tr>
  );
}

function Cameras({ state, measured }: { state: State; measured: Measured | null }) {
  const texts = text();
  const heads = [
    texts.camera,
    texts.state,
    texts.analysed_rate,
    texts.due_frames,
    texts.dropped,
    texts.result_age,
    texts.reconnects,
    texts.decode_failures,
    texts.viewers,
    texts.input,
  ];
  return (
    <section class="card" aria-labelledby="cameras-title">
      <h2 id="cameras-title">{texts.cameras}</h2>
      <WideTable heads={heads} label={texts.cameras}>
        {state.cameras.map((camera) => (
          <CameraRow key={camera.id} camera={camera} measured={measured} />
        ))}
      </WideTable>
    </section>
  );
}

function StoreFacts({ state, metrics }: { state: State; metrics: Metrics }) {
  const texts = text();
  const lost = metrics.sum("store_lost_total");
  const up = metrics.sum("store_up");
  const waiting = metrics.sum("store_waiting");
  return (
    <section class="card" id="store">
      <h2>{texts.store}</h2>
      {state.kept ? (
        <Facts
          rows={[
            [
              texts.state,
              <strong class={up === 1 ? "good" : "warning"}>{up === 1 ? texts.store_up : texts.store_down}</strong>,
            ],
            [texts.store_waiting, count(waiting)],
            [texts.store_lost, <span class={lost ? "warning" : ""}>{count(lost)}</span>],
            [texts.store_failures, count(metrics.sum("store_failures_total"))],
          ]}
        />
      ) : (
        <p class="warning">{texts.store_none}</p>
      )}
    </section>
  );
}

function Deliveries({ metrics }: { metrics: Metrics }) {
  const texts = text();
  const destinations = metrics.values("destination", "deliveries_pending");
  return (
    <section class="card" id="deliveries">
      <h2>{texts.deliveries}</h2>
      {destinations.length === 0 ? (
        <p class="faint">{texts.no_destinations}</p>
      ) : (
        <WideTable heads={[texts.destination, texts.pending, texts.given_up, texts.oldest]} label={texts.deliveries}>
          {destinations.map((destination) => {
            const given_up = metrics.sum("deliveries_given_up", { destination });
            const oldest_s = metrics.sum("delivery_oldest_pending_seconds", { destination });
            return (
              <tr key={destination}>
                <th scope="row">{destination}</th>
                <td class="number">{count(metrics.sum("deliveries_pending", { destination }))}</td>
                <td class={`number${given_up ? " warning" : ""}`}>{count(given_up)}</td>
                <td class="number">{oldest_s === null ? "–" : age(oldest_s)}</td>
              </tr>
            );
          })}
        </WideTable>
      )}
    </section>
  );
}

/** How the product itself is, for those who run it. */
export function HealthScreen({ state }: { state: State }) {
  const texts = text();
  const about = useLoaded("health", health, AGAIN_MS);
  const loaded = useLoaded("metrics", readMetrics, AGAIN_MS);
  const measured = loaded.value;
  const metrics = measured?.metrics;
  const workers = metrics?.sum("inference_workers") ?? null;
  const busy = measured && rate(measured, "inference_busy_seconds_total");
  const build = metrics?.all("build_info")[0]?.labels;
  const panics = metrics?.sum("thread_panics_total") ?? null;
  return (
    <div class="column">
      {loaded.error && <p class="fault">{`${texts.metrics_unreadable} ${loaded.error}`}</p>}
      <div class="cards">
        <section class="card" id="program">
          <h2>{texts.program}</h2>
          <Facts
            rows={[
              [texts.version, state.version],
              [texts.state, word(state.phase)],
              [texts.running_for, about.value ? age(about.value.uptime_s) : "?"],
              [texts.memory, megabytes(metrics?.sum("process_resident_memory_bytes") ?? null)],
              [texts.memory_peak, megabytes(metrics?.sum("process_resident_memory_peak_bytes") ?? null)],
              [texts.panics, <span class={panics ? "warning" : ""}>{count(panics)}</span>],
            ]}
          />
        </section>
        <section class="card" id="inference">
          <h2>{texts.inference}</h2>
          <Facts
            rows={[
              [texts.model, state.model],
              [texts.model_licence, about.value?.model_licence ?? "?"],
              [texts.onnxruntime, build?.onnxruntime ?? "?"],
              [texts.workers, count(workers)],
              [texts.busy, busy === null || !workers ? "?" : percent(Math.min(1, busy / workers))],
            ]}
          />
        </section>
        {metrics && <StoreFacts state={state} metrics={metrics} />}
        {metrics && <Deliveries metrics={metrics} />}
      </div>
      <Cameras state={state} measured={measured} />
      {state.sources.length > 0 && (
        <section aria-labelledby="sources-title">
          <h2 id="sources-title">{texts.sources}</h2>
          <div class="cards">
            {state.sources.map((source) => (
              <SourceCard key={source.id} source={source} />
            ))}
          </div>
        </section>
      )}
      <p class="links">
        <a href="/api/v1/state">{texts.as_json}</a>
        <a href="/metrics">{texts.metrics}</a>
      </p>
    </div>
  );
}
