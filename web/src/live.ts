import { computed, effect, signal } from "@preact/signals";
import { learnSession } from "./api";
import { asLost, isLost } from "./lost";
import { type Trend, TrendWatch } from "./trend";
import type { State } from "./wire";

/** The state as the service pushes it, and whether it is still true. */

/** The newest state; `null` before the first. */
const received = signal<State | null>(null);
const received_ms = signal(performance.now());
const broken = signal(false);
const now_ms = signal(performance.now());
/** Rises with each connection that was made anew: pictures are asked for again then. */
export const connections = signal(0);
export const pageIsVisible = signal(!document.hidden);

/** Seconds since the service said anything. */
export const silent_s = computed(() => Math.max(0, (now_ms.value - received_ms.value) / 1000));
export const connectionIsLost = computed(() => isLost(silent_s.value, broken.value));
/** The state as it may be shown: once the connection is lost, no value and no calm of it stands. */
export const state = computed(() => {
  const newest = received.value;
  return newest && connectionIsLost.value ? asLost(newest) : newest;
});
/** The state as it was received last, whatever has become of the connection. */
export const lastKnown = computed(() => received.value);

const watches = new Map<string, TrendWatch>();

/** Where a zone's people are going in number; `null`: not known. */
export function trendOf(place: string): Trend | null {
  // Read so that whoever shows a trend is drawn anew with each state.
  return state.value && !connectionIsLost.value ? (watches.get(place)?.trend() ?? null) : null;
}

function watch(newest: State): void {
  const at_s = Date.parse(newest.time) / 1000;
  for (const watching of [...newest.cameras, ...newest.sources]) {
    for (const zone of watching.zones) {
      const key = `zone:${watching.id}/${zone.id}`;
      const known = watches.get(key) ?? new TrendWatch();
      watches.set(key, known);
      known.add(at_s, zone.classes[0]?.occupancy.value ?? null);
    }
  }
}

function take(newest: State): void {
  watch(newest);
  broken.value = false;
  received_ms.value = performance.now();
  now_ms.value = received_ms.value;
  received.value = newest;
}

let events: EventSource | null = null;
let wasBroken = false;

function connect(): void {
  events?.close();
  void learnSession();
  events = new EventSource("/api/v1/events");
  events.addEventListener("state", (event) => take(JSON.parse((event as MessageEvent<string>).data) as State));
  events.addEventListener("error", () => {
    broken.value = true;
    wasBroken = true;
    if (events?.readyState !== EventSource.CLOSED) return;
    // The browser gives up for good where the answer was an error; then it is asked again here.
    void learnSession();
    setTimeout(() => {
      if (pageIsVisible.value) connect();
    }, 3000);
  });
  events.addEventListener("open", () => {
    if (!wasBroken) return;
    wasBroken = false;
    connections.value += 1;
    void learnSession();
  });
}

/** Begins to listen; a page that nobody sees holds no connections. */
export function listen(): void {
  document.addEventListener("visibilitychange", () => {
    pageIsVisible.value = !document.hidden;
  });
  setInterval(() => {
    now_ms.value = performance.now();
  }, 1000);
  effect(() => {
    if (pageIsVisible.value) connect();
    else events?.close();
  });
}
