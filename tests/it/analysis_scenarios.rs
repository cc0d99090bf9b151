//! Scenarios of what a detector sees, and what one camera's analysis makes of it with the shipped settings:
//! `tests/analysis_scenarios/*.toml`, each at several frame rates, for every budget is in seconds.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crowdflow::analysis::CameraAnalysis;
use crowdflow::config;
use crowdflow::model::{
    AlertEvent, Detection, FrameMeta, FrameReport, FrameSize, ObjectClass, PixelBox, Timestamp, TrackState,
};
use crowdflow::rules::RuleEngine;
use crowdflow::tracking::ScoreThresholds;
use serde::Deserialize;

const SIZE: FrameSize = FrameSize { width_px: 800, height_px: 600 };
const THRESHOLDS: ScoreThresholds = ScoreThresholds { high: 0.55, low: 0.3 };
const STRONG: f64 = 0.7;
const WEAK: f64 = 0.4;
/// Boxes sway by this share of their height, in even frames one way and in odd ones the other.
const SWAY: f64 = 0.015;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    about: String,
    fps: Vec<f64>,
    /// Default: until the last path ends.
    duration_s: Option<f64>,
    /// Zones, lines and rules of camera `cam`, as in a configuration file.
    config: String,
    people: Vec<Person>,
    /// A new epoch begins at these times, in seconds.
    #[serde(default)]
    epochs: Vec<f64>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    #[serde(default = "person")]
    class: ObjectClass,
    #[serde(default = "hundred")]
    height_px: f64,
    /// Time in seconds and foot point in pixels: straight from one to the next.
    path: Vec<[f64; 3]>,
    /// Not seen from … to (excluded), in seconds.
    #[serde(default)]
    gaps: Vec<[f64; 2]>,
    /// Seen with a weak score from … to (excluded), in seconds.
    #[serde(default)]
    weak: Vec<[f64; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// Ids that were ever counted.
    tracks: usize,
    /// By line and class: in, out.
    #[serde(default)]
    lines: BTreeMap<String, BTreeMap<ObjectClass, [u64; 2]>>,
    /// Crossings happen in these spans, in order, in seconds; not checked where absent.
    crossings_s: Option<Vec<[f64; 2]>>,
    /// By zone and class: entries, exits.
    #[serde(default)]
    zones: BTreeMap<String, BTreeMap<ObjectClass, [u64; 2]>>,
    /// Time in seconds and people in the zone, read in the last frame that is not later.
    #[serde(default)]
    occupancy: BTreeMap<String, Vec<(f64, f64)>>,
    /// Times in seconds and level after it (`none`: cleared), within a frame.
    #[serde(default)]
    alerts: Vec<(f64, String)>,
}

fn person() -> ObjectClass {
    ObjectClass::Person
}

fn hundred() -> f64 {
    100.0
}

fn within(spans: &[[f64; 2]], t: f64) -> bool {
    spans.iter().any(|span| (span[0] - 1e-9..span[1] - 1e-9).contains(&t))
}

impl Person {
    fn detection(&self, frame: u64, t: f64) -> Option<Detection> {
        let leg = self.path.windows(2).find(|leg| (leg[0][0]..=leg[1][0]).contains(&t))?;
        if within(&self.gaps, t) {
            return None;
        }
        let share = (t - leg[0][0]) / (leg[1][0] - leg[0][0]);
        let along = |axis: usize| leg[0][axis] + share * (leg[1][axis] - leg[0][axis]);
        let sway = SWAY * self.height_px * if frame.is_multiple_of(2) { 1.0 } else { -1.0 };
        let (x, y) = (along(1) + sway, along(2) + sway);
        let bbox = PixelBox {
            left: x - 0.2 * self.height_px,
            top: y - self.height_px,
            right: x + 0.2 * self.height_px,
            bottom: y,
        };
        Some(Detection { bbox, class: self.class, score: if within(&self.weak, t) { WEAK } else { STRONG } })
    }
}

fn time(t: f64) -> Timestamp {
    Timestamp(1_700_000_000_000_000).plus_seconds(t)
}

fn play(scenario: &Scenario, fps: f64) -> Vec<FrameReport> {
    let text = format!("{}\n[cameras.cam.source.file]\npath = \"-\"\nfps = {fps}\n", scenario.config);
    let plan = config::parse(&text, Path::new("."), &|_| None).unwrap_or_else(|error| panic!("{error}"));
    let mut analysis =
        CameraAnalysis::new(&plan.cameras[0], RuleEngine::of_camera(&plan, &plan.cameras[0].id), THRESHOLDS);
    let last = scenario.people.iter().map(|person| person.path[person.path.len() - 1][0]).fold(0.0, f64::max);
    let frames = (scenario.duration_s.unwrap_or(last) * fps).floor() as u64;
    let step = |frame: u64| {
        let t = frame as f64 / fps;
        let mut detections: Vec<_> = scenario.people.iter().filter_map(|person| person.detection(frame, t)).collect();
        // A detector promises no order.
        if frame.is_multiple_of(3) {
            detections.reverse();
        }
        let epoch = scenario.epochs.iter().filter(|&&begin| begin <= t + 1e-9).count() as u64;
        let meta = FrameMeta { camera: plan.cameras[0].id.clone(), seq: frame, at: time(t), size: SIZE, epoch };
        analysis.step(meta, &detections).unwrap()
    };
    (0..=frames).map(step).collect()
}

/// What differs from what is expected.
fn faults(scenario: &Scenario, fps: f64) -> Vec<String> {
    let reports = play(scenario, fps);
    let mut faults = Vec::new();
    if reports != play(scenario, fps) {
        faults.push("a second run gives something else".to_owned());
    }
    let seconds = |at: Timestamp| at.seconds_since(time(0.0));
    let last = reports.last().unwrap();

    let ids: BTreeSet<_> = reports.iter().flat_map(|report| report.tracks.iter().map(|track| track.id)).collect();
    if ids.len() != scenario.expect.tracks {
        faults.push(format!("{} tracks were counted, expected {}", ids.len(), scenario.expect.tracks));
    }
    let mut lines: BTreeMap<String, BTreeMap<ObjectClass, [u64; 2]>> = BTreeMap::new();
    for line in &last.lines {
        let totals = line.totals.iter().map(|&(class, r#in, out)| (class, [r#in, out]));
        lines.insert(line.line.as_str().to_owned(), totals.collect());
    }
    if lines != scenario.expect.lines {
        faults.push(format!("lines {lines:?}, expected {:?}", scenario.expect.lines));
    }
    let crossings: Vec<_> = reports.iter().flat_map(|report| &report.crossings).collect();
    for crossing in &crossings {
        let report = reports.iter().find(|report| report.at == crossing.at).unwrap();
        let track = report.tracks.iter().find(|track| track.id == crossing.track);
        if track.is_none_or(|track| track.state != TrackState::Confirmed) {
            faults.push(format!("counted over a line while not seen: {crossing:?}, {track:?}"));
        }
    }
    if let Some(spans) = &scenario.expect.crossings_s {
        let times: Vec<_> = crossings.iter().map(|crossing| seconds(crossing.at)).collect();
        let fits = times.len() == spans.len() && times.iter().zip(spans).all(|(t, span)| within(&[*span], *t));
        if !fits {
            faults.push(format!("crossings at {times:?} s, expected within {spans:?}"));
        }
    }
    let mut zones: BTreeMap<String, BTreeMap<ObjectClass, [u64; 2]>> = BTreeMap::new();
    for zone in &last.zones {
        let totals = zone.classes.iter().map(|state| (state.class, [state.entries_total, state.exits_total]));
        zones.insert(zone.zone.as_str().to_owned(), totals.collect());
    }
    if zones != scenario.expect.zones {
        faults.push(format!("zones {zones:?}, expected {:?}", scenario.expect.zones));
    }
    for (zone, moments) in &scenario.expect.occupancy {
        for &(t, expected) in moments {
            let report = reports.iter().rfind(|report| seconds(report.at) <= t + 1e-6).unwrap();
            let state = report.zones.iter().find(|state| state.zone.as_str() == zone).unwrap();
            let found = state.classes[0].occupancy;
            if found.value() != Some(expected) {
                faults.push(format!("at {t} s zone {zone}: {found:?}, expected {expected}"));
            }
        }
    }
    let alerts: Vec<_> =
        reports.iter().flat_map(|report| &report.alerts).map(|event| (seconds(event.at), level(event))).collect();
    let fits = |(found, expected): (&(f64, String), &(f64, String))| {
        found.1 == expected.1 && (-1e-3..=1.0 / fps + 1e-3).contains(&(found.0 - expected.0))
    };
    if alerts.len() != scenario.expect.alerts.len() || !alerts.iter().zip(&scenario.expect.alerts).all(fits) {
        faults.push(format!("alerts {alerts:?}, expected {:?}", scenario.expect.alerts));
    }
    faults
}

/// The level that the rule has after the event.
fn level(event: &AlertEvent) -> String {
    event.to.map_or("none", |level| level.as_str()).to_owned()
}

#[test]
fn the_analysis_makes_of_each_scenario_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/analysis_scenarios");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut failures = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for &fps in &scenario.fps {
            let faults = faults(&scenario, fps);
            if !faults.is_empty() {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                failures.push(format!("{name} at {fps} fps: {}\n  {}", scenario.about, faults.join("\n  ")));
            }
        }
    }
    assert!(paths.len() >= 12, "only {} scenarios found", paths.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
