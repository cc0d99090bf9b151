import { heldText, timeText } from "../format";
import { placeKey, placeText } from "../places";
import { text } from "../preferences";
import { routeTo } from "../route";
import type { Alert, State } from "../wire";
import { AlertActions } from "./alert_actions";
import { LevelMark } from "./level";
import { isOver } from "./plan_steps";
import { ReadingValue } from "./reading";

export function DrillMark() {
  return <strong class="drill">{text().drill}</strong>;
}

/** Who has seen it, and what quiet there is. */
export function AlertStanding({ alert }: { alert: Alert }) {
  const texts = text();
  const { acknowledged, shelved } = alert;
  return (
    <>
      {alert.stale && <p class="warning">{heldText(alert.reading)}</p>}
      {acknowledged && <p>{texts.acknowledged_by(acknowledged.who, timeText(acknowledged.at))}</p>}
      {!acknowledged && !shelved && <p class="warning">{texts.nobody_acknowledged}</p>}
      {shelved && <p class="warning">{texts.quiet_until(shelved.who, timeText(shelved.until), shelved.reason)}</p>}
      {alert.escalated && <p>{texts.escalated_at(timeText(alert.escalated))}</p>}
    </>
  );
}

export function alertPlaceText(state: State, alert: Alert): string {
  return alert.destination ?? placeText(state, placeKey(alert));
}

/** An open alert in the queue. */
export function AlertCard({ state, alert }: { state: State; alert: Alert }) {
  const texts = text();
  const steps = alert.plan?.steps ?? [];
  return (
    <li class={`alert-card edge ${alert.level} ${alert.state}`}>
      <div class="row">
        <LevelMark level={alert.level} stale={alert.stale} />
        {alert.drill && <DrillMark />}
        <span class="big">
          <ReadingValue reading={alert.reading} measure={alert.measure} />
        </span>
      </div>
      <h3>
        <a href={routeTo("alert", alert.id)}>{alert.name}</a>
      </h3>
      <p class="faint">
        {alertPlaceText(state, alert)} · {texts.since(timeText(alert.since))}
      </p>
      <AlertStanding alert={alert} />
      {steps.length > 0 && <p>{texts.steps_over(steps.filter(isOver).length, steps.length)}</p>}
      <AlertActions alert={alert} />
    </li>
  );
}
