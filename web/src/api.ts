import { signal } from "@preact/signals";
import { NoAnswer, within } from "./patience";
import type { Period } from "./periods";
import type {
  AccessScope,
  Action,
  AlertHistory,
  ApiToken,
  AuditEntry,
  BacktestReport,
  CheckedConfig,
  ConfigChange,
  ConfigInForce,
  ConfigVersion,
  Evidence,
  GroundAnswer,
  HeatMap,
  Level,
  OpenSession,
  OrderAnswer,
  PlaceHistory,
  Recorded,
  Role,
  Session,
  SiteMap,
  Summary,
  TriedCamera,
  User,
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

/** Seconds after which an answer is not waited for any longer. Whoever gave an order has to know soon. */
const ORDER_PATIENCE_S = 15;
const PATIENCE_S = 30;
/** For what the service itself takes long for. */
const TRIAL_PATIENCE_S = 120;

interface Asked extends RequestInit {
  patience_s?: number;
  /** It changes something, if it is done. */
  changes?: boolean;
}

function ask<T>(path: string, asked: Asked, read: (answer: Response) => Promise<T>): Promise<T> {
  const { patience_s = PATIENCE_S, changes = false, signal: stop, ...request } = asked;
  const unanswered = () => new NoAnswer(path, changes);
  const answered = async (signal: AbortSignal): Promise<T> => {
    let answer: Response;
    try {
      answer = await fetch(path, { credentials: "same-origin", ...request, signal });
    } catch (error) {
      if (signal.aborted) throw error;
      throw unanswered();
    }
    if (answer.ok) return read(answer);
    const said = (await answer.json().catch(() => null)) as { error?: { code?: string; message?: string } } | null;
    // A wrong password is no lost session.
    if (answer.status === 401 && said?.error?.code !== "wrong_login") logIn();
    throw new Refused(answer.status, said?.error?.message ?? `${answer.status} ${answer.statusText}`);
  };
  return within(patience_s, stop ?? undefined, answered, unanswered);
}

const get = <T>(path: string, stop?: AbortSignal): Promise<T> =>
  ask(path, stop ? { signal: stop } : {}, (answer) => answer.json() as Promise<T>);

async function send<T>(method: string, path: string, body?: object, how: Asked = { changes: true }): Promise<T> {
  const headers = { ...(body && { "Content-Type": "application/json" }), ...ownPage() };
  try {
    const request = { ...how, method, headers, ...(body && { body: JSON.stringify(body) }) };
    const said = await ask(path, request, (answer) => answer.text());
    return (said ? JSON.parse(said) : undefined) as T;
  } catch (fault) {
    // Somebody else may have logged in meanwhile, in another window of this browser.
    if (fault instanceof Refused && fault.status === 403) void learnSession();
    throw fault;
  }
}

const post = <T>(path: string, body: object): Promise<T> => send("POST", path, body);

const giveOrder = (path: string, body: object): Promise<OrderAnswer> =>
  send("POST", path, body, { changes: true, patience_s: ORDER_PATIENCE_S });

/** What is too long for an address, and changes nothing. */
const enquire = <T>(path: string, body: object, stop?: AbortSignal, patience_s = PATIENCE_S): Promise<T> =>
  send("POST", path, body, { patience_s, ...(stop && { signal: stop }) });

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

export const metricsText = (stop?: AbortSignal): Promise<string> =>
  ask("/metrics", stop ? { signal: stop } : {}, (answer) => answer.text());

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
  giveOrder(`${alertPath(alert)}/actions`, { who, ...action });

export const switchProfile = (profile: string, who: Who, on: boolean): Promise<OrderAnswer> =>
  giveOrder(`/api/v1/profiles/${encodeURIComponent(profile)}`, { who, on });

export const beginDrill = (who: Who, drill: { rule: string; level: Level; hold_s: number }): Promise<OrderAnswer> =>
  giveOrder("/api/v1/drills", { who, ...drill });

export const endDrill = (rule: string, who: Who): Promise<OrderAnswer> =>
  giveOrder(`/api/v1/drills/${encodeURIComponent(rule)}/end`, { who });

export const configInForce = (stop?: AbortSignal): Promise<ConfigInForce> => get("/api/v1/config", stop);

export const checkConfig = (change: ConfigChange, stop?: AbortSignal): Promise<CheckedConfig> =>
  enquire("/api/v1/config/check", change, stop);

export const putInForce = (
  base: string,
  change: ConfigChange,
  by: { who: Who; why: string },
): Promise<{ hash: string; diff: string }> => post("/api/v1/config", { base, ...change, ...by });

export const configVersions = (stop?: AbortSignal): Promise<{ versions: ConfigVersion[] }> =>
  get("/api/v1/config/versions", stop);

export const configVersion = (hash: string, stop?: AbortSignal): Promise<ConfigVersion & { text: string }> =>
  get(`/api/v1/config/versions/${encodeURIComponent(hash)}`, stop);

export const groundOf = (camera: string, change: ConfigChange, stop?: AbortSignal): Promise<GroundAnswer> =>
  enquire("/api/v1/config/ground", { camera, ...change }, stop);

export const tryCamera = (camera: string, change: ConfigChange): Promise<TriedCamera> =>
  enquire("/api/v1/config/camera", { camera, ...change }, undefined, TRIAL_PATIENCE_S);

export const backtest = (change: ConfigChange, from: Date, to: Date, stop?: AbortSignal): Promise<BacktestReport> =>
  enquire(
    "/api/v1/config/backtest",
    { ...change, from: from.toISOString(), to: to.toISOString() },
    stop,
    TRIAL_PATIENCE_S,
  );

/** Learns who is logged in. Where nobody is, it leads to where one logs in. */
export async function learnSession(): Promise<void> {
  try {
    session.value = await get<Session>("/api/v1/session");
  } catch {
    // The service is away: it is asked again with the events.
  }
}

export async function logOut(): Promise<void> {
  await send("DELETE", "/api/v1/session");
  location.replace("/login");
}

export const changeOwnPassword = (old: string, fresh: string): Promise<void> =>
  post("/api/v1/session/password", { old, new: fresh });

/** One's own; for an admin everybody's. */
export const openSessions = (stop?: AbortSignal): Promise<{ sessions: OpenSession[] }> => get("/api/v1/sessions", stop);

export const endSession = (id: number): Promise<void> => send("DELETE", `/api/v1/sessions/${id}`);

/** One's own; for an admin everybody's. */
export const apiTokens = (stop?: AbortSignal): Promise<{ tokens: ApiToken[] }> => get("/api/v1/tokens", stop);

/** The token is told this once. */
export const addApiToken = (made: {
  name: string;
  role: Role;
  scope: AccessScope;
  expires: string;
}): Promise<{ id: number; token: string }> => post("/api/v1/tokens", made);

export const endApiToken = (id: number): Promise<void> => send("DELETE", `/api/v1/tokens/${id}`);

export const users = (stop?: AbortSignal): Promise<{ users: User[] }> => get("/api/v1/users", stop);

export const addUser = (added: { name: string; password: string; role: Role; scope: AccessScope }): Promise<void> =>
  post("/api/v1/users", added);

export const changeUser = (
  name: string,
  change: { password?: string; role?: Role; scope?: AccessScope; disabled?: boolean },
): Promise<void> => send("PATCH", `/api/v1/users/${encodeURIComponent(name)}`, change);

/** What people did, the newest first; `cut`: there is more. */
export function auditEntries(from: Date, to: Date, stop?: AbortSignal): Promise<{ audit: AuditEntry[]; cut: boolean }> {
  const query = new URLSearchParams({ from: from.toISOString(), to: to.toISOString() });
  return get(`/api/v1/audit?${query}`, stop);
}
