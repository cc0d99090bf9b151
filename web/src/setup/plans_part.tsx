import { useId, useState } from "preact/hooks";
import { LevelMark } from "../components/level";
import { StepLine } from "../components/plan_steps";
import { LEVELS } from "../levels";
import { type Language, language, text, word } from "../preferences";
import type { Json, JsonTable, Level } from "../wire";
import { faultsOf, set, table } from "./draft";
import { ChoiceField, Faults, TextField, Typed } from "./fields";
import { asRaised, moved, STEP_KINDS, stepsOf, withKey, withStep } from "./plans";
import { namesOf, TablesPart } from "./tables_part";

const isLevel = (value: Json | undefined): value is Level => LEVELS.some((level) => level === value);

interface StepProps {
  steps: JsonTable[];
  index: number;
  /** What is wrong with it. */
  faults: string[];
  onChange: (steps: JsonTable[]) => void;
}

function Choice(props: {
  label: string;
  value: string;
  choices: [string, string][];
  onChoose: (value: string) => void;
}) {
  return (
    <label>
      {props.label}
      <select value={props.value} onChange={(event) => props.onChoose(event.currentTarget.value)}>
        {props.choices.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Labelled(props: {
  label: string;
  value: string;
  placeholder?: string;
  isNumber?: boolean;
  isLong?: boolean;
  onType: (typed: string) => void;
}) {
  const { label, value, placeholder, isNumber = false, isLong = false, onType } = props;
  const id = useId();
  return (
    <div class={`field${isLong ? " long-field" : ""}`}>
      <label htmlFor={id}>{label}</label>
      <Typed isNumber={isNumber} value={value} attributes={{ id, placeholder }} onType={onType} />
    </div>
  );
}

function StepForm({ steps, index, faults, onChange }: StepProps) {
  const texts = text();
  const step = steps[index] ?? {};
  const said = (key: string) => (typeof step[key] === "string" ? step[key] : "");
  const give = (key: string, value: Json) => onChange(withKey(steps, index, key, value));
  return (
    <fieldset class="step-form" data-step={said("id")}>
      <legend>{texts.step_number(index + 1)}</legend>
      <div class="field-grid">
        <Labelled isLong label={texts.step_text} value={said("text")} onType={(typed) => give("text", typed || null)} />
        <Labelled
          isLong
          label={texts.step_text_zh}
          value={said("text_zh")}
          onType={(typed) => give("text_zh", typed || null)}
        />
        <Choice
          label={texts.step_kind}
          value={said("kind") || "other"}
          choices={STEP_KINDS.map((kind) => [kind, word(kind)])}
          onChoose={(kind) => give("kind", kind)}
        />
        <Choice
          label={texts.step_unit}
          value={said("unit")}
          choices={[["", texts.step_unit_site], ...namesOf("units")]}
          onChoose={(unit) => give("unit", unit || null)}
        />
        <Labelled
          isNumber
          label={texts.step_limit}
          placeholder={texts.step_no_limit}
          value={typeof step.limit_s === "number" ? `${step.limit_s}` : ""}
          onType={(typed) => give("limit_s", typed === "" ? null : Number(typed))}
        />
      </div>
      <ul class="faults" role="alert">
        {faults.map((fault) => (
          <li key={fault} class="fault">
            {fault}
          </li>
        ))}
      </ul>
      <div class="buttons">
        <button
          type="button"
          disabled={index === 0}
          aria-label={texts.move_up(index + 1)}
          onClick={() => onChange(moved(steps, index, -1))}
        >
          ↑
        </button>
        <button
          type="button"
          disabled={index === steps.length - 1}
          aria-label={texts.move_down(index + 1)}
          onClick={() => onChange(moved(steps, index, 1))}
        >
          ↓
        </button>
        <button
          type="button"
          aria-label={texts.remove_step(index + 1)}
          onClick={() => onChange(steps.filter((_, other) => other !== index))}
        >
          {texts.remove}
        </button>
      </div>
    </fieldset>
  );
}

function Steps({ path }: { path: string[] }) {
  const texts = text();
  const steps = stepsOf(table(path));
  const here = [...path, "steps"];
  const change = (now: JsonTable[]) => set(here, now.length > 0 ? now : null);
  const faults = faultsOf(here);
  const ofStep = (index: number) => {
    const start = `[${index}]`;
    return faults
      .filter((fault) => fault.startsWith(start))
      .map((fault) => fault.slice(start.length).replace(/^[.: ]+/, ""));
  };
  return (
    <div class="plain">
      <h3>{texts.steps}</h3>
      {steps.map((step, index) => (
        <StepForm
          key={typeof step.id === "string" ? step.id : index}
          steps={steps}
          index={index}
          faults={ofStep(index)}
          onChange={change}
        />
      ))}
      <Faults path={here} besides={steps.map((_, index) => `[${index}]`)} />
      <div class="buttons">
        <button type="button" onClick={() => change(withStep(steps))}>
          {texts.add_step}
        </button>
      </div>
    </div>
  );
}

const LANGUAGES: [Language, string][] = [
  ["en", "English"],
  ["zh", "中文"],
];

/** The plan as it will stand at an alert. */
function Preview({ plan, name }: { plan: JsonTable; name: string }) {
  const texts = text();
  const [shown, setShown] = useState<Language>(language.value);
  const now = new Date();
  return (
    <section class="card" aria-labelledby="preview-title" id="plan-preview">
      <div class="row">
        <h2 id="preview-title">{texts.as_officers_see}</h2>
        <div class="buttons">
          {LANGUAGES.map(([one, called]) => (
            <button key={one} type="button" aria-pressed={one === shown} onClick={() => setShown(one)}>
              {called}
            </button>
          ))}
        </div>
      </div>
      <h3>
        {name} {isLevel(plan.level) && <LevelMark level={plan.level} />}
      </h3>
      <ol class="steps">
        {stepsOf(plan).map((step, at) => (
          <StepLine key={typeof step.id === "string" ? step.id : at} step={asRaised(step, now)} inLanguage={shown} />
        ))}
      </ol>
    </section>
  );
}

/** What is to be done at a site from a level on. */
export function PlansPart() {
  const texts = text();
  const sites = namesOf("sites");
  const siteName = (id: Json | undefined) => sites.find(([site]) => site === id)?.[1] ?? "?";
  return (
    <TablesPart
      kind="plans"
      title={texts.part_plans}
      hint={texts.choose_plan}
      addText={texts.new_plan}
      fresh={{ id: "plan", said: { ...(sites[0] && { site: sites[0][0] }), level: "orange", steps: withStep([]) } }}
      fields={["name", "site", "level", "steps"]}
      about={(_, plan) => (
        <span class="faint">
          {siteName(plan.site)} · {isLevel(plan.level) ? word(plan.level) : "?"} · {texts.steps}: {stepsOf(plan).length}
        </span>
      )}
      form={(id) => {
        const path = ["plans", id];
        return (
          <>
            <div class="field-grid">
              <TextField path={[...path, "name"]} label={texts.name} hint={id} />
              <ChoiceField path={[...path, "site"]} label={texts.plan_site} choices={sites} />
              <ChoiceField
                path={[...path, "level"]}
                label={texts.plan_level}
                choices={LEVELS.map((level) => [level, word(level)])}
              />
            </div>
            <Steps path={path} />
          </>
        );
      }}
      below={(id, plan) => <Preview key={id} plan={plan} name={typeof plan.name === "string" ? plan.name : id} />}
    />
  );
}
