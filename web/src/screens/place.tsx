import { AlertCard } from "../components/alert_card";
import { CameraCard } from "../components/camera_card";
import { LevelMark } from "../components/level";
import { OrderFault } from "../components/orders";
import { ReadingValue } from "../components/reading";
import { RecentHistory } from "../components/recent_history";
import { RuleItem } from "../components/rule_item";
import { SourceCard } from "../components/source_card";
import { measureName } from "../format";
import { inOrder, worst } from "../levels";
import { namedPlace, placeKey, rulesOf } from "../places";
import { text, word } from "../preferences";
import { routeTo } from "../route";
import type { Measures, State } from "../wire";

const SHOWN: Record<string, string[]> = {
  zone: ["occupancy", "density", "flow_in", "flow_out"],
  line: ["flow_in", "flow_out"],
  camera: ["people"],
  site: ["occupancy", "share_of_capacity"],
};

function found(state: State, key: string) {
  const [kind = "", rest = ""] = key.split(/:(.*)/s);
  const [within, id] = rest.split("/");
  const camera = state.cameras.find((one) => one.id === within);
  const source = state.sources.find((one) => one.id === within);
  const zone = kind === "zone" ? camera?.zones.find((one) => one.id === id) : undefined;
  const counted = kind === "zone" ? source?.zones.find((one) => one.id === id) : undefined;
  const line = kind === "line" ? (camera ?? source)?.lines.find((one) => one.id === id) : undefined;
  const site = state.sites.find((one) => kind === "site" && one.id === rest);
  const measures = (zone ?? counted ?? line ?? site ?? camera ?? source)?.measures ?? {};
  return { kind, camera, source, zone, measures };
}

function AllMeasures({ measures }: { measures: Measures }) {
  const rows = Object.entries(measures).filter(([name]) => !/^(earliest|latest)_/.test(name));
  if (rows.length === 0) return null;
  return (
    <section class="card" aria-labelledby="measures-title">
      <h2 id="measures-title">{text().all_measures}</h2>
      <table class="measures">
        <tbody>
          {rows.map(([name, reading]) => (
            <tr key={name}>
              <th scope="row">{measureName(name)}</th>
              <td>
                <ReadingValue reading={reading} measure={name} />
                {reading.value === null && <span class="faint"> {word(reading.quality)}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** One place: its last hours with the thresholds, its alerts and rules, its camera, and all that is measured of it. */
export function PlaceScreen({ state, place }: { state: State; place: string }) {
  const texts = text();
  const named = namedPlace(state, place);
  if (!named) return <p class="none">{texts.no_such_place}</p>;
  const { kind, camera, source, zone, measures } = found(state, place);
  const rules = rulesOf(state, place);
  const alerts = inOrder(state.alerts.filter((alert) => placeKey(alert) === place));
  const level = worst(rules.map((rule) => rule.level));
  const known = SHOWN[kind] ?? [];
  const ruled = rules.map((rule) => rule.measure);
  // A measure of which nothing can be had there would be an empty chart.
  const charted = [...new Set([...known, ...ruled])].filter((measure) => measure in measures);
  return (
    <div class="place">
      <p>
        <a href={routeTo("live")}>← {texts.back_to_live}</a>
      </p>
      <header class="row title">
        <h2>
          {named.name} <span class="faint">{named.within || word(kind)}</span>
        </h2>
        {level && <LevelMark level={level} large />}
      </header>
      <div class="two">
        <div class="column">
          {zone?.saturation && <p class="warning">{texts.lower_bound_because(word(zone.saturation))}</p>}
          {state.kept && charted.length > 0 ? (
            <RecentHistory
              place={place}
              measures={charted}
              thresholds={(measure) => rules.find((rule) => rule.measure === measure)?.levels ?? []}
            />
          ) : (
            <p class="faint">{state.kept ? texts.nothing_known : texts.not_kept}</p>
          )}
          <AllMeasures measures={measures} />
        </div>
        <div class="column">
          {alerts.length > 0 && (
            <section class="queue">
              <h2>{texts.open_alerts}</h2>
              <OrderFault />
              <ul>
                {alerts.map((alert) => (
                  <AlertCard key={alert.id} state={state} alert={alert} />
                ))}
              </ul>
            </section>
          )}
          {camera && <CameraCard camera={camera} />}
          {source && <SourceCard source={source} />}
          {rules.length > 0 && (
            <section>
              <h2>{texts.rules}</h2>
              <ul class="rules">
                {rules.map((rule) => (
                  <RuleItem key={rule.id} state={state} rule={rule} />
                ))}
              </ul>
            </section>
          )}
        </div>
      </div>
    </div>
  );
}
