import { signal } from "@preact/signals";
import { putInForce, Refused, session } from "../api";
import { faultText } from "../loaded";
import { NoAnswer } from "../patience";
import { who } from "../preferences";
import { change, discard, inForce, load } from "./draft";

/** A change on its way into force. */
export type Saving =
  | { step: "idle" }
  /** The service is starting anew with it. */
  | { step: "changing"; hash: string }
  | { step: "in_force"; at: Date }
  /** The service could not be started with it; the former is back. */
  | { step: "gone_back"; why: string }
  /** No answer came, or nothing was heard of it for long. */
  | { step: "unsure" }
  /** Not taken, nothing has changed. `conflict`: it was made of what is in force no longer. */
  | { step: "failed"; why: string; conflict: boolean };

export const saving = signal<Saving>({ step: "idle" });

const ASK_EVERY_MS = 500;
/** A camera that does not answer holds a start up for some seconds; what takes longer is told of. */
const PATIENCE_MS = 90_000;

const rest = (ms: number): Promise<void> => new Promise((over) => setTimeout(over, ms));

/** Waits until it is known what became of it. */
async function follow(hash: string, refusedBefore: string | undefined): Promise<Saving> {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    await rest(ASK_EVERY_MS);
    const now = await load();
    if (!now || now.changing) continue;
    if (now.hash === hash) return { step: "in_force", at: new Date(now.since) };
    if (now.refused?.hash === hash && now.refused.at !== refusedBefore) {
      return { step: "gone_back", why: now.refused.why };
    }
  }
  return { step: "unsure" };
}

/** Puts the change in force, in the name of who is logged in, or who says that they are there. */
export async function save(why: string): Promise<void> {
  const base = inForce.value;
  if (!base) return;
  const saved = change.value;
  try {
    const { hash } = await putInForce(base.hash, saved, { who: session.value?.name ? undefined : who.value, why });
    saving.value = { step: "changing", hash };
    const became = await follow(hash, base.refused?.at);
    if (became.step === "in_force" && change.value === saved) discard();
    saving.value = became;
  } catch (fault) {
    const conflict = fault instanceof Refused && fault.status === 409;
    saving.value = fault instanceof NoAnswer ? { step: "unsure" } : { step: "failed", why: faultText(fault), conflict };
  }
}
