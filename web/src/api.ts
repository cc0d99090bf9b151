import { signal } from "@preact/signals";
import type { Period } from "./periods";
import type {
  Action,
  AlertHistory,
  Evidence,
  HeatMap,
  Level,
  OrderAnswer,
  PlaceHistory,
  Recorded,
  Session,
  SiteMap,
  Summary,
} from "./wire";

/** Everything that is asked of the service, but the events (live.ts) and pictures, which the browser asks for itself. */

/** Who is logged in; `null`: not known yet. */
export const session = signal<Session | null>(null);

/** Leads to where one logs in, and from there back to this screen. */
const logIn = (): void => location.replace(`/login${location.hash}`);

/** What the service said against something; its message is for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** No answer came: what was asked may be done or not. */
export class NoAnswer extends Error {}

async function ask(path: string, request: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...request });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new NoAnswer(path);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) logIn();
  const said = (await answer.json().catch(() => null)) as { error?: { message?: string } } | null;
  throw new Refused(answer.status, said?.error?.message ?? `${answer.status} ${answer.statusText}`);
}

async function get<T>(path: string, stop?: AbortSignal): Promise<T> {
  return (await (await ask(path, stop ? { signal: stop } : {})).json()) as T;
}

async function post<T>(path: string, body: object): Promise<T> {
  const headers = { "Content-Type": "application/json", ...ownPage() };
  try {
    return (await (await ask(path, { method: "POST", headers, body: JSON.stringify(body) })).json()) as T;
  } catch (fault) {
    // Somebody else may have logged in meanwhile, in another window of this browser.
    if (fault instanceof Refused && fault.status === 403) void learnSession();
    throw fault;
  }
}

/** Says that the page itself asks, and no other web site by its viewer's cookie. */
function ownPage(): Record<string, string> {
  const csrf = session.value?.csrf;
  return csrf ? { "X-CSRF-Token": csrf } : {};
}

const alertPath = (alert: string): string => `/api/v1/alerts/${encodeURIComponent(alert)}`;

export const alertHistory = (alert: string, stop?: AbortSignal): Promise<AlertHistory> => get(alertPath(alert), stop);

export const alertEvidence = (alert: string, stop?: AbortSignal): Promise<{ evidence: Evidence[] }> =>
  get(`${alertPath(alert)}/evidence`, stop);

/** Where a file of evidence is; for `src` and `href`. */
export const evidencePath = (alert: string, number: number): string => `${alertPath(alert)}/evidence/${number}`;

export function alertsOnRecord(
  filter: { from: Date; to: Date; open: boolean },
  stop?: AbortSignal,
): Promise<{ alerts: Recorded[]; cut: boolean }> {
  const query = new URLSearchParams({ from: filter.from.toISOString(), to: filter.to.toISOString() });
  if (filter.open) query.set("open", "true");
  return get(`/api/v1/alerts?${query}`, stop);
}

export interface HistoryRequest {
  place: string;
  measures: string[];
  from: Date;
  to: Date;
}

export function historyPath(asked: HistoryRequest, format?: "csv"): string {
  const query = new URLSearchParams({
    place: asked.place,
    measures: asked.measures.join(","),
    from: asked.from.toISOString(),
    to: asked.to.toISOString(),
  });
  if (format) query.set("format", format);
  return `/api/v1/history?${query}`;
}

export const placeHistory = (asked: HistoryRequest, stop?: AbortSignal): Promise<PlaceHistory> =>
  get(historyPath(asked), stop);

const periodQuery = (of: Record<string, string>, period: Period, format?: "csv"): string => {
  const query = new URLSearchParams({ ...of, from: period.from.toISOString(), to: period.to.toISOString() });
  if (format) query.set("format", format);
  return query.toString();
};

export const summaryPath = (place: string, period: Period, format?: "csv"): string =>
  `/api/v1/summary?${periodQuery({ place }, period, format)}`;

export const periodSummary = (place: string, period: Period, stop?: AbortSignal): Promise<Summary> =>
  get(summaryPath(place, period), stop);

export const heatMapPath = (camera: string, period: Period, format?: "csv"): string =>
  `/api/v1/heat_map?${periodQuery({ camera }, period, format)}`;

export const heatMap = (camera: string, period: Period, stop?: AbortSignal): Promise<HeatMap> =>
  get(heatMapPath(camera, period), stop);

export const siteMaps = (stop?: AbortSignal): Promise<{ maps: SiteMap[] }> => get("/api/v1/maps", stop);

export async function metricsText(stop?: AbortSignal): Promise<string> {
  return (await ask("/metrics", stop ? { signal: stop } : {})).text();
}

export interface HealthAnswer {
  version: string;
  model: string;
  model_licence: string;
  uptime_s: number;
}

export const health = (stop?: AbortSignal): Promise<HealthAnswer> => get("/healthz", stop);

/** Whoever gives an order; left out where the service knows it. */
export type Who = string | undefined;

export const act = (alert: string, who: Who, action: Action): Promise<OrderAnswer> =>
  post(`${alertPath(alert)}/actions`, { who, ...action });

export const switchProfile = (profile: string, who: Who, on: boolean): Promise<OrderAnswer> =>
  post(`/api/v1/profiles/${encodeURIComponent(profile)}`, { who, on });

export const beginDrill = (who: Who, drill: { rule: string; level: Level; hold_s: number }): Promise<OrderAnswer> =>
  post("/api/v1/drills", { who, ...drill });

export const endDrill = (rule: string, who: Who): Promise<OrderAnswer> =>
  post(`/api/v1/drills/${encodeURIComponent(rule)}/end`, { who });

/** Learns who is logged in. Where nobody is, it leads to where one logs in. */
export async function learnSession(): Promise<void> {
  try {
    session.value = await get<Session>("/api/v1/session");
  } catch {
    // The service is away: it is asked again with the events.
  }
}

export async function logOut(): Promise<void> {
  await ask("/api/v1/session", { method: "DELETE", headers: ownPage() });
  location.replace("/login");
}
