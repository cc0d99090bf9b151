import type { Json, JsonTable, Step } from "../wire";
import { isTable } from "./edits";
import { freeId } from "./geometry";

/** The kinds of steps, as the service has them. */
export const STEP_KINDS = [
  "one_way_loop",
  "release_in_waves",
  "close_entrance",
  "open_exit",
  "limit_entry",
  "broadcast",
  "send_patrol",
  "call_medical",
  "inform",
  "other",
];

export function stepsOf(plan: JsonTable): JsonTable[] {
  return Array.isArray(plan.steps) ? plan.steps.filter(isTable) : [];
}

const wordAt = (table: JsonTable, key: string): string => {
  const value = table[key];
  return typeof value === "string" ? value : "";
};

/** With one more, which has an id that no other has. */
export function withStep(steps: JsonTable[]): JsonTable[] {
  const id = freeId(
    "step",
    steps.map((step) => wordAt(step, "id")),
  );
  return [...steps, { id, kind: "other" }];
}

/** With this key of a step changed; `null`: it is taken away. */
export function withKey(steps: JsonTable[], index: number, key: string, value: Json): JsonTable[] {
  return steps.map((step, at) => {
    if (at !== index) return step;
    const { [key]: _, ...others } = step;
    return value === null ? others : { ...step, [key]: value };
  });
}

/** With a step moved by one place; as it was where there is none. */
export function moved(steps: JsonTable[], index: number, by: -1 | 1): JsonTable[] {
  const [step, other] = [steps[index], steps[index + by]];
  if (!step || !other) return steps;
  return steps.with(index, other).with(index + by, step);
}

/** A step as it will stand at an alert that is raised now. */
export function asRaised(step: JsonTable, now: Date): Step {
  const [text, text_zh] = [wordAt(step, "text"), wordAt(step, "text_zh")];
  const limit_s = typeof step.limit_s === "number" ? step.limit_s : null;
  return {
    id: wordAt(step, "id"),
    kind: wordAt(step, "kind") || "other",
    // One text stands for both where the other is missing.
    text: text || text_zh,
    text_zh: text_zh || text,
    unit: wordAt(step, "unit") || null,
    state: "waiting",
    due: limit_s === null ? null : new Date(now.getTime() + limit_s * 1000).toISOString(),
    who: null,
    at: null,
    note: null,
  };
}
