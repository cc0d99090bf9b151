import { useState } from "preact/hooks";
import { alertsOnRecord } from "../api";
import { AlertCard, DrillMark } from "../components/alert_card";
import { LevelMark } from "../components/level";
import { OrderFault } from "../components/orders";
import { WideTable } from "../components/wide_table";
import { dateTimeText } from "../format";
import { inOrder } from "../levels";
import { useLoaded } from "../loaded";
import { recordedPlaceText } from "../places";
import { text, word } from "../preferences";
import { routeTo } from "../route";
import type { State } from "../wire";

const SPANS_DAYS = [1, 7, 30, 365];

function OnRecord({ state }: { state: State }) {
  const texts = text();
  const [days, setDays] = useState(7);
  const [drills, setDrills] = useState(true);
  const open = state.alerts.map((alert) => `${alert.id} ${alert.state}`).join();
  const load = (stop: AbortSignal) => {
    const to = new Date(Date.now() + 1000);
    return alertsOnRecord({ from: new Date(to.getTime() - days * 86_400_000), to, open: false }, stop);
  };
  const loaded = useLoaded(`${days} ${open}`, load);
  const rows = (loaded.value?.alerts ?? []).filter((alert) => drills || !alert.drill);
  return (
    <section class="card" aria-labelledby="record-title">
      <div class="row">
        <h2 id="record-title">{texts.history_of_alerts}</h2>
        <div class="buttons">
          {SPANS_DAYS.map((span) => (
            <button key={span} type="button" aria-pressed={span === days} onClick={() => setDays(span)}>
              {texts.days(span)}
            </button>
          ))}
          <label class="check">
            <input type="checkbox" checked={drills} onChange={(event) => setDrills(event.currentTarget.checked)} />
            {texts.drills_too}
          </label>
        </div>
      </div>
      {loaded.error && <p class="fault">{`${texts.failed_to_load} ${loaded.error}`}</p>}
      {loaded.value?.cut && <p class="warning">{texts.cut_off}</p>}
      {loaded.value && rows.length === 0 && <p class="none">{texts.none_on_record}</p>}
      {rows.length > 0 && (
        <WideTable
          heads={[texts.began, texts.gravest, texts.what, texts.where, texts.state]}
          label={texts.history_of_alerts}
        >
          {rows.map((alert) => (
            <tr key={alert.id}>
              <td class="number">{dateTimeText(alert.since)}</td>
              <td>{alert.gravest && <LevelMark level={alert.gravest} />}</td>
              <td>
                {alert.drill && <DrillMark />} <a href={routeTo("alert", alert.id)}>{alert.name}</a>
              </td>
              <td>{recordedPlaceText(state, alert)}</td>
              <td>
                {word(alert.state)}
                {alert.acknowledged && <span class="faint"> {alert.acknowledged.who}</span>}
              </td>
            </tr>
          ))}
        </WideTable>
      )}
    </section>
  );
}

/** Open alerts, and those on record. */
export function AlertsScreen({ state }: { state: State }) {
  const texts = text();
  return (
    <div class="column">
      <section class="queue" aria-labelledby="queue-title">
        <h2 id="queue-title">{texts.open_alerts}</h2>
        <OrderFault />
        {state.alerts.length === 0 && <p class="none">{texts.none_open}</p>}
        <ul id="open" class="in-columns">
          {inOrder(state.alerts).map((alert) => (
            <AlertCard key={alert.id} state={state} alert={alert} />
          ))}
        </ul>
      </section>
      {state.kept ? <OnRecord state={state} /> : <p class="faint">{texts.not_kept}</p>}
    </div>
  );
}
