/**
 * How many pictures move at a time. A browser opens six connections to a host for all its windows together; a moving picture
 * and a window's events hold one each for as long as they are shown, and orders need one that is free.
 */

/** What a picture holds while it moves: one of these, whichever window of the browser it is in. */
const SLOTS_OF_THE_BROWSER = ["moving-picture-1", "moving-picture-2"];
/** The same where windows can't tell each other. */
const SLOTS_OF_A_WINDOW = ["moving-picture-1"];

/** The part of `navigator.locks` that is used: each name is held by one at a time, the others wait in their order. */
export interface Locks {
  request(name: string, options: { signal: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
}

/** Locks that hold within this window alone. */
export class WindowLocks implements Locks {
  private readonly last = new Map<string, Promise<void>>();

  async request(name: string, { signal }: { signal: AbortSignal }, held: () => Promise<void>): Promise<void> {
    const before = this.last.get(name) ?? Promise.resolve();
    const mine = before.then(() => (signal.aborted ? undefined : held()));
    this.last.set(name, mine);
    await mine;
  }
}

/** Waits for one of the slots, then calls `begin`. What it answers gives the slot back, or waits no longer. */
export function awaitSlot(locks: Locks, slots: string[], begin: () => void): () => void {
  const waiting = new AbortController();
  let isOver = false;
  let giveBack = () => {};
  for (const slot of slots) {
    const held = () => {
      // Two may come free at once: one is enough.
      if (isOver) return Promise.resolve();
      isOver = true;
      waiting.abort();
      return new Promise<void>((resolve) => {
        giveBack = resolve;
        begin();
      });
    };
    // Whoever waits no longer is told of that as of a fault.
    locks.request(slot, { signal: waiting.signal }, held).catch(() => {});
  }
  return () => {
    isOver = true;
    waiting.abort();
    giveBack();
  };
}

const ofWindow = new WindowLocks();

/** As `awaitSlot`, of this browser; of this window where the page came over plain HTTP, for which browsers have no locks. */
export function awaitTurn(begin: () => void): () => void {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  return locks ? awaitSlot(locks, SLOTS_OF_THE_BROWSER, begin) : awaitSlot(ofWindow, SLOTS_OF_A_WINDOW, begin);
}
