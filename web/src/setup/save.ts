import { signal } from "@preact/signals";
import { putInForce, Refused } from "../api";
import { faultText } from "../loaded";
import { text } from "../preferences";
import { change, discard, inForce, load } from "./draft";

/** A change on its way into force. */
export type Saving =
  | { step: "idle" }
  /** The service is starting anew with it. */
  | { step: "changing"; hash: string }
  | { step: "in_force"; at: Date }
  /** The service could not be started with it; the former is back. */
  | { step: "gone_back"; why: string }
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
  return { step: "failed", why: text().no_answer, conflict: false };
}

/** Puts the change in force. `false`: it was not taken, and nothing has changed. */
export async function save(who: string, why: string): Promise<boolean> {
  const base = inForce.value;
  if (!base) return false;
  const saved = change.value;
  try {
    const { hash } = await putInForce(base.hash, saved, { who, why });
    saving.value = { step: "changing", hash };
    void follow(hash, base.refused?.at).then((became) => {
      if (became.step === "in_force" && change.value === saved) discard();
      saving.value = became;
    });
    return true;
  } catch (fault) {
    const conflict = fault instanceof Refused && fault.status === 409;
    saving.value = { step: "failed", why: faultText(fault), conflict };
    return false;
  }
}
