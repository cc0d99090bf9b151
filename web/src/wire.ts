/** The JSON of `/api/v1`, as `src/api/wire.rs`, `alert_wire.rs` and `history_wire.rs` write it. */

export type Level = "blue" | "yellow" | "orange" | "red";
/** A rule's level: `unknown` where calm can't be claimed for want of values. */
export type RuleLevel = Level | "calm" | "unknown";

export interface Reading {
  /** `null`: unknown. */
  value: number | null;
  /** `valid`, `at_least`, `at_most`, or `unknown:` with the reason. */
  quality: string;
}

export type Measures = Record<string, Reading>;

export interface Count extends Reading {
  class: string;
}

export interface ZoneClass extends CountedClass {
  entries_total: number;
  exits_total: number;
}

/** How many of a class another system counts in a zone. */
export interface CountedClass {
  class: string;
  occupancy: Reading;
}

/** A zone of a camera, or of another system. */
export interface CountedZone {
  id: string;
  name: string;
  area_m2: number | null;
  classes: CountedClass[];
  density_per_m2: Reading | null;
  measures: Measures;
}

export interface Zone extends CountedZone {
  classes: ZoneClass[];
  saturation: string | null;
}

export interface LineTotals {
  class: string;
  in: number;
  out: number;
  quality: "valid" | "at_least";
}

export interface Line {
  id: string;
  name: string;
  totals: LineTotals[];
  measures: Measures;
}

/** What the network is given of a camera's picture. */
export interface CameraInput {
  picture: string;
  size: string;
  why: string;
  warning: string | null;
}

export interface Camera {
  id: string;
  name: string;
  mobile: boolean;
  state: "connecting" | "delivering" | "down" | "ended" | "failed";
  since: string | null;
  error: string | null;
  next_try: string | null;
  last_frame: string | null;
  age_s: number | null;
  input: CameraInput | null;
  fresh: boolean;
  counts: Count[];
  measures: Measures;
  zones: Zone[];
  lines: Line[];
}

/** Another system that tells counts. */
export interface Source {
  id: string;
  name: string;
  access: "http" | "mqtt";
  state: "connecting" | "delivering" | "down";
  error: string | null;
  last_message: string | null;
  age_s: number | null;
  fresh: boolean;
  measures: Measures;
  zones: CountedZone[];
  lines: Line[];
}

export interface Site {
  id: string;
  name: string;
  capacity: number | null;
  measures: Measures;
}

export interface LevelThresholds {
  level: Level;
  raise: number;
  hold_s: number;
  clear: number;
  clear_hold_s: number;
}

/** Where a rule or an alert looks. */
export interface PlaceFields {
  camera: string | null;
  site: string | null;
  zone: string | null;
  line: string | null;
}

export interface Rule extends PlaceFields {
  id: string;
  name: string;
  measure: string;
  level: RuleLevel;
  since: string | null;
  /** A graver level that is on its way: it is raised once it has held. */
  rising: { level: Level; since: string } | null;
  /** Since when the level that is on is being left. */
  clearing_since: string | null;
  stale: boolean;
  reading: Reading;
  levels: LevelThresholds[];
  source: string;
}

export interface By {
  who: string;
  at: string;
}

export interface Shelf {
  who: string;
  until: string;
  reason: string;
}

export type StepState = "waiting" | "started" | "done" | "skipped";

export interface Step {
  id: string;
  kind: string;
  text: string;
  text_zh: string;
  unit: string | null;
  state: StepState;
  due: string | null;
  who: string | null;
  at: string | null;
  note: string | null;
}

export interface Alert extends PlaceFields {
  id: string;
  rule: string;
  name: string;
  drill: boolean;
  destination: string | null;
  measure: string;
  level: Level;
  gravest: Level;
  state: "firing" | "acknowledged" | "shelved";
  since: string;
  raised: string;
  stale: boolean;
  reading: Reading;
  source: string;
  acknowledged: By | null;
  shelved: Shelf | null;
  escalated: string | null;
  units: { id: string; name: string }[];
  plan: { id: string; name: string; steps: Step[] } | null;
}

/** A transition as in `alerts.jsonl`. */
export interface Transition {
  time: string;
  rule: string;
  name: string;
  measure: string;
  kind: string;
  from: Level | null;
  to: Level | null;
  value: number | null;
  quality: string;
}

export interface Profile {
  id: string;
  name: string;
}

export interface State {
  schema: number;
  time: string;
  phase: "starting" | "running" | "stopping";
  version: string;
  model: string;
  cameras: Camera[];
  sources: Source[];
  sites: Site[];
  rules: Rule[];
  kept: boolean;
  /** How the store takes what is written; `null` where nothing is kept. While it isn't ok, nothing is sent to anybody. */
  store: { ok: boolean; waiting: number } | null;
  alerts: Alert[];
  /** Those that there are. */
  known_profiles: Profile[];
  /** Ids of those that are switched on by hand. */
  profiles: string[];
  recent_alerts: Transition[];
}

/** An alert on record. */
export interface Recorded {
  id: string;
  rule: string;
  name: string;
  /** Such as `zone:gate/plaza`. */
  place: string;
  measure: string;
  source: string;
  drill: boolean;
  state: "firing" | "acknowledged" | "shelved" | "closed";
  level: Level | null;
  gravest: Level | null;
  stale: boolean;
  since: string;
  closed: string | null;
  acknowledged: By | null;
  shelved: Shelf | null;
}

export interface HistoryEntry {
  number: number;
  at: string;
  kind: string;
  from: Level | null;
  to: Level | null;
  reading: Reading;
  threshold: number | null;
  who: string | null;
  step: string;
  note: string | null;
}

export interface RecordedAction {
  at: string;
  kind: string;
  who: string;
  step: string;
  note: string;
  until: string | null;
}

export interface RecordedStep {
  id: string;
  state: StepState;
  who: string | null;
  at: string;
  note: string | null;
}

export interface RecordedDelivery {
  destination: string;
  key: string;
  state: "pending" | "delivered" | "dead";
  written: string;
  settled: string | null;
  attempts: number;
  error: string | null;
}

/** An alert with all that is known of it. */
export interface AlertHistory {
  alert: Recorded;
  history: HistoryEntry[];
  actions: RecordedAction[];
  steps: RecordedStep[];
  deliveries: RecordedDelivery[];
}

/** One measure of one place over time; the lists are equally long. */
export interface MeasureHistory {
  measure: string;
  resolution_s: number;
  /** The time that is told of: what was asked for, widened to whole periods. */
  from: string;
  to: string;
  /** Begin of each second, minute or hour, in seconds since 1970. */
  time_s: number[];
  /** `null`: nothing is known of that time. */
  mean: (number | null)[];
  /** Left out where each is one second, as are the next two. */
  min?: (number | null)[];
  max?: (number | null)[];
  seconds_known?: number[];
  seconds_bound: number[];
  /** Share of the asked time that is known, 0 to 1. */
  coverage: number;
}

export interface PlaceHistory {
  place: string;
  measures: MeasureHistory[];
}

export interface Evidence {
  number: number;
  kind: string;
  at: string;
  name: string;
  content_type: string;
  sha256: string;
}

export type Action =
  | { action: "acknowledge" | "unshelve" | "escalate" }
  | { action: "shelve"; until: string; reason: string }
  | { action: "comment"; text: string }
  | { action: "step"; step: string; state: StepState; note?: string };

/** Each may what those before it may. */
export const ROLES = ["viewer", "operator", "planner", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Who asks. */
export interface Session {
  /** `off`: whoever reaches the service may do everything, and has no name. */
  accounts: "required" | "off";
  name: string | null;
  role: Role;
  scope: AccessScope;
  csrf: string | null;
  /** When the session ends at the latest. */
  expires: string | null;
}

/** What somebody sees: everything, or these sites and those that these units or units below them look after. */
export type AccessScope = "all" | { only: { sites: string[]; units: string[] } };

export interface User {
  name: string;
  role: Role;
  scope: AccessScope;
  disabled: boolean;
  created: string;
}

/** Where somebody is logged in. */
export interface OpenSession {
  id: number;
  user: string;
  created: string;
  seen: string;
  expires: string;
  address: string;
  user_agent: string;
  /** It is this page's own. */
  current: boolean;
}

/** What a program calls the service with. */
export interface ApiToken {
  id: number;
  user: string;
  name: string;
  role: Role;
  scope: AccessScope;
  created: string;
  expires: string;
}

/** Something that a person did. */
export interface AuditEntry {
  time: string;
  who: string;
  kind: string;
  subject: string;
  detail: string;
}

export interface OrderAnswer {
  /** The store has it. */
  stored: boolean;
}

export type Json = null | boolean | number | string | Json[] | JsonTable;
export interface JsonTable {
  [key: string]: Json;
}

/** A key of the configuration and what it is to be; `null`: it is taken away. */
export interface Edit {
  path: string[];
  value: Json;
}

/** A whole text, keys of the one in force, or a text in which these keys differ. */
export interface ConfigChange {
  text?: string;
  edits?: Edit[];
}

export interface ConfigInForce {
  hash: string;
  text: string;
  values: JsonTable | null;
  since: string;
  /** Another is about to take its place. */
  changing: boolean;
  /** Whether it can be changed: it is on record then. */
  changeable: boolean;
  /** The newest that the service could not be started with. */
  refused: { hash: string; at: string; why: string } | null;
}

export interface CheckedConfig {
  ok: boolean;
  faults: string[];
  text: string;
  /** `null`: the text is no TOML. */
  values: JsonTable | null;
  /** From the one in force, unified. */
  diff: string;
}

export interface ConfigVersion {
  hash: string;
  at: string;
  who: string;
  why: string;
}

/** What a camera's picture would become; places are shares of its width and height. */
export interface GroundAnswer {
  camera: string;
  faults: string[];
  calibration: {
    frame_size: [number, number];
    rms_ground_m: number | null;
    points: {
      image: [number, number];
      ground_m: [number, number];
      residual_m: number | null;
      residual_px: number | null;
      used: boolean;
    }[];
    scale: { image: [number, number]; px_per_m: number | null }[];
    grid: { axis: "x" | "y"; at_m: number; points: [number, number][] }[];
  } | null;
  zones: { id: string; area_m2: number | null; derived_area_m2: number | null; px_per_m: number | null }[];
  lines: { id: string; width_m: number | null }[];
}

/** Whether a camera gives pictures that is not in force yet. */
export interface TriedCamera {
  ok: boolean;
  fault: string | null;
  frame_size: [number, number] | null;
  frames: number;
  /** `null`: of files and folders. */
  measured_fps: number | null;
  /** What the configuration says; `null`: nothing. */
  given_fps: number | null;
  /** A JPEG in base64. */
  picture: string | null;
  /** So coarse that nobody can be known by it. */
  coarse: boolean;
}

/** What a rule of one configuration would have told. */
export interface ReplayedRule {
  replayed: "whole" | "in_part" | "not";
  conditions: {
    place: string;
    measure: string;
    samples: number;
    known_share: number;
    bound_share: number;
    unknown_share: number;
    without_samples: string[];
  }[];
  levels: ReplayedLevel[];
}

export interface ReplayedLevel {
  level: Level;
  times: number;
  total_s: number;
  longest_s: number;
  /** Of the total, time in which nothing was known. */
  unknown_s: number;
  episodes: Episode[];
}

/** A time at or above a level. */
export interface Episode {
  from: string;
  /** `null`: it was still on at the end. */
  until: string | null;
  seconds: number;
}

/** What rules would have told, as `crowdflow backtest --json` says it. */
export interface BacktestReport {
  from: string;
  to: string;
  seconds: number;
  notes: string[];
  rules: { rule: string; name: string; candidate: ReplayedRule | null; today: ReplayedRule | null }[];
}

/** A place on a site map: shares of its picture's width and height, from the upper left. */
export type MapPoint = [x: number, y: number];

/** A site map: where places are on a picture from above. */
export interface SiteMap {
  id: string;
  name: string;
  /** `null`: it can't be shown. */
  picture: { address: string; width_px: number; height_px: number } | null;
  /** How wide what it shows is on the ground; `null`: it has no scale. */
  width_m: number | null;
  zones: { place: string; outline: MapPoint[] }[];
  lines: { place: string; ends: [MapPoint, MapPoint] }[];
  cameras: { place: string; at: MapPoint }[];
}

/** How much of the passed time a figure is made of. */
export interface KnownTime {
  seconds_known: number;
  seconds_bound: number;
  /** 0 to 1. */
  coverage: number;
}

/** A sum: nothing is added for what is not known. */
export interface SumReading {
  value: number | null;
  quality: "valid" | "at_least" | "unknown:not_enough";
}

export interface Footfall extends KnownTime {
  /** Each crossing was counted, or it is summed up from flows a minute. */
  method: "crossings" | "flows";
  in: SumReading;
  out: SumReading;
  hours: { start: string; in: number | null; out: number | null; seconds_known: number }[];
}

export interface ServiceShares extends KnownTime {
  /** At levels A to F. */
  seconds: number[];
}

export interface Dwell extends KnownTime {
  mean_s: number | null;
  median_s: number | null;
  p90_s: number | null;
}

/** What a place's period comes to; `null` is what such a place doesn't have. */
export interface Summary {
  place: string;
  from: string;
  to: string;
  passed_s: number;
  footfall: Footfall | null;
  level_of_service: ServiceShares | null;
  dwell: Dwell | null;
}

/** Where on the ground of a camera people were. */
export interface HeatMap {
  camera: string;
  from: string;
  to: string;
  observed_s: number;
  /** 0 to 1. */
  coverage: number;
  /** Files that were left out. */
  passed_over: number;
  /** `null`: nothing was written. */
  cell_m: number | null;
  off_grid_s: number;
  cells: {
    x_m: number;
    y_m: number;
    occupancy_s: number;
    mean_speed_mps: number | null;
    /** Corners as shares of the picture; `null`: it is not in it. */
    outline: MapPoint[] | null;
  }[];
}
