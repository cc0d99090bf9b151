import type { Alert, Camera, CountedZone, Line, Measures, Reading, Rule, Source, State } from "./wire";

/** The service sends at least every 5 s: after this long without a word the connection is as good as lost. */
export const SILENT_S = 12;
/** Where the connection broke, it may come back at once; after this long it has not. */
export const BROKEN_S = 3;

export function isLost(silent_s: number, broken: boolean): boolean {
  return silent_s > (broken ? BROKEN_S : SILENT_S);
}

const lost = (): Reading => ({ value: null, quality: "unknown:lost" });

function lostMeasures(measures: Measures): Measures {
  return Object.fromEntries(Object.keys(measures).map((name) => [name, lost()]));
}

function lostCamera(camera: Camera): Camera {
  return {
    ...camera,
    fresh: false,
    counts: camera.counts.map((count) => ({ ...count, ...lost() })),
    measures: lostMeasures(camera.measures),
    zones: camera.zones.map((zone) => ({
      ...zone,
      ...lostZone(zone),
      classes: zone.classes.map((one) => ({ ...one, occupancy: lost() })),
      saturation: null,
    })),
    lines: camera.lines.map(lostLine),
  };
}

function lostZone(zone: CountedZone): CountedZone {
  return {
    ...zone,
    classes: zone.classes.map((one) => ({ ...one, occupancy: lost() })),
    density_per_m2: zone.density_per_m2 && lost(),
    measures: lostMeasures(zone.measures),
  };
}

const lostLine = (line: Line): Line => ({ ...line, measures: lostMeasures(line.measures) });

const lostSource = (source: Source): Source => ({
  ...source,
  fresh: false,
  measures: lostMeasures(source.measures),
  zones: source.zones.map(lostZone),
  lines: source.lines.map(lostLine),
});

const lostRule = (rule: Rule): Rule => ({
  ...rule,
  level: rule.level === "calm" ? "unknown" : rule.level,
  stale: true,
  rising: null,
  clearing_since: null,
  reading: lost(),
});

const lostAlert = (alert: Alert): Alert => ({ ...alert, stale: true, reading: lost() });

/** What may be said of the last state once nothing comes any more: no value, no calm; open alerts as they were, held. */
export function asLost(state: State): State {
  return {
    ...state,
    cameras: state.cameras.map(lostCamera),
    sources: state.sources.map(lostSource),
    sites: state.sites.map((site) => ({ ...site, measures: lostMeasures(site.measures) })),
    rules: state.rules.map(lostRule),
    alerts: state.alerts.map(lostAlert),
  };
}
