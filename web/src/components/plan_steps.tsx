import type { ComponentChildren } from "preact";
import { act } from "../api";
import { timeText } from "../format";
import { lastKnown } from "../live";
import { may } from "../permissions";
import { type Language, language, text, word } from "../preferences";
import type { Alert, Step, StepState } from "../wire";
import { order } from "./orders";

const SIGNS: Record<StepState, string> = { waiting: "○", started: "▸", done: "✓", skipped: "–" };
/** A step only goes forward. */
const NEXT: Record<StepState, StepState[]> = {
  waiting: ["started", "done", "skipped"],
  started: ["done", "skipped"],
  done: [],
  skipped: [],
};

export function isOver(step: Step): boolean {
  return NEXT[step.state].length === 0;
}

function isLate(step: Step): boolean {
  const now = lastKnown.value?.time;
  return step.due !== null && !isOver(step) && now !== undefined && Date.parse(step.due) < Date.parse(now);
}

/** A step as whoever carries it out reads it. */
export function StepLine(props: { step: Step; inLanguage: Language; children?: ComponentChildren }) {
  const { step, inLanguage, children } = props;
  const texts = text();
  const about = [
    word(`step_${step.state}`),
    step.who && step.at && texts.by(step.who, timeText(step.at)),
    step.due && !isOver(step) && texts.due(timeText(step.due)),
    step.note,
  ].filter(Boolean);
  return (
    <li class={`step ${step.state}`}>
      <span class="sign" aria-hidden="true">
        {SIGNS[step.state]}
      </span>
      <div>
        <p class="what">{inLanguage === "zh" ? step.text_zh : step.text}</p>
        <p class="faint">
          {isLate(step) && <strong class="warning">{texts.late} · </strong>}
          {about.join(" · ")}
        </p>
      </div>
      <div class="buttons">{children}</div>
    </li>
  );
}

function StepItem({ alert, step }: { alert: Alert; step: Step }) {
  const move = (to: StepState) => () =>
    void order((who) => act(alert.id, who, { action: "step", step: step.id, state: to }));
  return (
    <StepLine step={step} inLanguage={language.value}>
      {may("operator") &&
        NEXT[step.state].map((to) => (
          <button key={to} type="button" onClick={move(to)}>
            {word(to)}
          </button>
        ))}
    </StepLine>
  );
}

/** The plan of an open alert, with what can be done about each step. */
export function PlanSteps({ alert }: { alert: Alert }) {
  if (!alert.plan) return <p class="faint">{text().no_plan}</p>;
  return (
    <>
      <h3>{alert.plan.name}</h3>
      <ol class="steps">
        {alert.plan.steps.map((step) => (
          <StepItem key={step.id} alert={alert} step={step} />
        ))}
      </ol>
    </>
  );
}
