//! Scenarios of people with paths, gaps and scatter, and what zones and lines make of them: `tests/scenarios/*.toml`.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crowdflow::config::{CameraPlan, FileSource, LinePlan, SourcePlan, ZonePlan};
use crowdflow::flow::CameraFlow;
use crowdflow::model::{
    CameraId, ClassSet, FrameMeta, FrameSize, LineId, Measure, NormPoint, ObjectClass, PixelBox, PixelPoint, Reading,
    Timestamp, Track, TrackId, TrackState, ZoneId,
};
use serde::Deserialize;

/// Points are given for this size.
const SIZE: FrameSize = FrameSize { width_px: 800, height_px: 600 };
const FPS: f64 = 10.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    about: String,
    /// Where the tracker gives up on a track after its last sight, in seconds.
    #[serde(default = "one")]
    lost_s: f64,
    /// Default: until the last path ends.
    duration_s: Option<f64>,
    #[serde(default)]
    zones: BTreeMap<String, Zone>,
    #[serde(default)]
    lines: BTreeMap<String, Line>,
    people: Vec<Person>,
    #[serde(default)]
    frames: Frames,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Zone {
    polygon_px: Vec<[f64; 2]>,
    area_m2: Option<f64>,
    #[serde(default = "person_only")]
    classes: Vec<ObjectClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    a_px: [f64; 2],
    b_px: [f64; 2],
    #[serde(default = "person_only")]
    classes: Vec<ObjectClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    track: u64,
    #[serde(default = "person")]
    class: ObjectClass,
    #[serde(default = "eighty")]
    height_px: f64,
    /// Time and foot point: straight from one to the next.
    path: Vec<[f64; 3]>,
    /// Added in even frames and taken away in odd ones: as bad as scatter of this size can be.
    #[serde(default)]
    jitter_px: [f64; 2],
    /// Not seen from … to, in seconds.
    #[serde(default)]
    gaps: Vec<[f64; 2]>,
    /// Tentative for so long.
    #[serde(default)]
    confirm_s: f64,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Frames {
    /// No frames from … to (the latter excluded), in seconds.
    blind: Vec<[f64; 2]>,
    /// A new epoch begins at these times.
    epochs: Vec<f64>,
    /// From this time on, pictures have this width and height; a new epoch too.
    sizes: Vec<(f64, u32, u32)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default)]
    zones: BTreeMap<String, BTreeMap<ObjectClass, ZoneTotals>>,
    #[serde(default)]
    lines: BTreeMap<String, BTreeMap<ObjectClass, LineTotals>>,
    #[serde(default)]
    moments: Vec<Moment>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct ZoneTotals {
    entries: u64,
    exits: u64,
    stays: u64,
    dwell_s: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineTotals {
    r#in: u64,
    out: u64,
    /// Time, direction, track: all there are, where given.
    crossings: Option<Vec<(f64, String, u64)>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Moment {
    t: f64,
    zone: String,
    /// Of people.
    occupancy: Option<f64>,
    density_per_m2: Option<f64>,
    unknown: Option<String>,
}

fn one() -> f64 {
    1.0
}

fn eighty() -> f64 {
    80.0
}

fn person() -> ObjectClass {
    ObjectClass::Person
}

fn person_only() -> Vec<ObjectClass> {
    vec![ObjectClass::Person]
}

fn norm([x, y]: [f64; 2]) -> NormPoint {
    NormPoint { x: x / f64::from(SIZE.width_px), y: y / f64::from(SIZE.height_px) }
}

fn index(seconds: f64) -> u64 {
    (seconds * FPS).round() as u64
}

fn time(index: u64) -> Timestamp {
    Timestamp(0).plus_seconds(index as f64 / FPS)
}

impl Person {
    fn foot(&self, index: u64) -> PixelPoint {
        let t = index as f64 / FPS;
        let sign = if index.is_multiple_of(2) { 1.0 } else { -1.0 };
        let leg = self.path.windows(2).find(|leg| t <= leg[1][0]).unwrap_or(&self.path[self.path.len() - 2..]);
        let share = (t - leg[0][0]) / (leg[1][0] - leg[0][0]);
        let between = |axis: usize| leg[0][axis] + share * (leg[1][axis] - leg[0][axis]);
        PixelPoint { x: between(1) + sign * self.jitter_px[0], y: between(2) + sign * self.jitter_px[1] }
    }

    fn first(&self) -> u64 {
        index(self.path[0][0])
    }

    fn last(&self) -> u64 {
        index(self.path[self.path.len() - 1][0])
    }

    fn track(&self, now: u64, size: FrameSize) -> Option<Track> {
        if now < self.first() || now > self.last() {
            return None;
        }
        let lost = self.gaps.iter().any(|gap| (index(gap[0])..=index(gap[1])).contains(&now));
        let state = match lost {
            true => TrackState::Lost,
            false if time(now).seconds_since(time(self.first())) < self.confirm_s => TrackState::Tentative,
            false => TrackState::Confirmed,
        };
        let (across, down) = (
            f64::from(size.width_px) / f64::from(SIZE.width_px),
            f64::from(size.height_px) / f64::from(SIZE.height_px),
        );
        let mut foot = self.foot(now);
        if lost {
            // A wild guess, which nothing may depend on.
            foot = PixelPoint { x: 800.0 - foot.x, y: 600.0 - foot.y };
        }
        let bbox = PixelBox {
            left: (foot.x - 0.2 * self.height_px) * across,
            top: (foot.y - self.height_px) * down,
            right: (foot.x + 0.2 * self.height_px) * across,
            bottom: foot.y * down,
        };
        let (first_seen, last_seen) = (time(self.first()), time(now));
        Some(Track { id: TrackId(self.track), class: self.class, state, bbox, score: 0.9, first_seen, last_seen })
    }
}

fn plan(scenario: &Scenario) -> CameraPlan {
    let zones = scenario.zones.iter().map(|(id, zone)| ZonePlan {
        area_m2: zone.area_m2,
        classes: zone.classes.iter().copied().collect::<ClassSet>(),
        ..ZonePlan::new(ZoneId::new(id).unwrap(), zone.polygon_px.iter().copied().map(norm).collect())
    });
    let lines = scenario.lines.iter().map(|(id, line)| LinePlan {
        classes: line.classes.iter().copied().collect::<ClassSet>(),
        ..LinePlan::new(LineId::new(id).unwrap(), norm(line.a_px), norm(line.b_px))
    });
    camera_plan(zones.collect(), lines.collect())
}

/// A camera with these zones and lines; the rest doesn't matter here.
pub fn camera_plan(zones: Vec<ZonePlan>, lines: Vec<LinePlan>) -> CameraPlan {
    let source = FileSource { path: "none.avi".into(), fps: FPS, start: Timestamp(0), repeat: false };
    CameraPlan { zones, lines, ..CameraPlan::new(CameraId::new("cam").unwrap(), SourcePlan::File(source)) }
}

/// Runs it and gives what differs from what is expected.
fn run(scenario: &Scenario) -> Vec<String> {
    let mut faults = Vec::new();
    let mut flow = CameraFlow::new(&plan(scenario));
    let last = scenario.people.iter().map(Person::last).max().unwrap_or(0);
    let last = scenario.duration_s.map_or(last, index);
    let frames = &scenario.frames;
    let mut crossings = Vec::new();
    let mut ended: Vec<TrackId> = Vec::new();
    for now in 0..=last {
        let ends_now = |person: &&Person| person.last() + index(scenario.lost_s) == now;
        ended.extend(scenario.people.iter().filter(ends_now).map(|person| TrackId(person.track)));
        let begun = |at: f64| index(at) <= now;
        let resized = frames.sizes.iter().rfind(|size| begun(size.0));
        let size = resized.map_or(SIZE, |&(_, width_px, height_px)| FrameSize { width_px, height_px });
        let step = if frames.blind.iter().any(|gap| (index(gap[0])..index(gap[1])).contains(&now)) {
            flow.blind()
        } else {
            let epochs = frames.epochs.iter().copied().chain(frames.sizes.iter().map(|size| size.0));
            let meta = FrameMeta {
                camera: CameraId::new("cam").unwrap(),
                seq: now,
                at: time(now),
                size,
                epoch: epochs.filter(|&at| begun(at)).count() as u64,
            };
            let tracks: Vec<Track> = scenario.people.iter().filter_map(|person| person.track(now, size)).collect();
            let distinct: BTreeSet<_> = tracks.iter().map(|track| track.id).collect();
            assert_eq!(distinct.len(), tracks.len(), "two people with one number at one time");
            flow.step(&meta, &tracks, &std::mem::take(&mut ended))
        };
        crossings.extend(step.crossings);
        for moment in scenario.expect.moments.iter().filter(|moment| index(moment.t) == now) {
            let zone = step.zones.iter().find(|zone| zone.zone.as_str() == moment.zone).unwrap();
            let found = zone.classes[0].occupancy;
            let expected = match (moment.occupancy, &moment.unknown) {
                (Some(occupancy), None) => found == Reading::Valid(occupancy),
                (None, Some(reason)) => matches!(found, Reading::Unknown(why) if why.as_str() == reason),
                _ => panic!("a moment has `occupancy` or `unknown`"),
            };
            let density = moment.density_per_m2.map(Reading::Valid);
            if !expected || density.is_some() && density != zone.readings.get(Measure::Density) {
                faults.push(format!(
                    "at {} s zone {}: {found:?}, {:?}",
                    moment.t,
                    moment.zone,
                    zone.readings.get(Measure::Density)
                ));
            }
        }
    }
    let state = flow.state();
    for zone in &state.zones {
        for found in &zone.classes {
            let dwell_s = (found.dwell_seconds_total * 1e3).round() / 1e3;
            let (entries, exits, stays) = (found.entries_total, found.exits_total, found.stays_total);
            let found_totals = ZoneTotals { entries, exits, stays, dwell_s };
            let expected = scenario.expect.zones.get(zone.zone.as_str()).and_then(|zone| zone.get(&found.class));
            if expected != Some(&found_totals) {
                faults.push(format!("zone {} {}: {found_totals:?}, expected {expected:?}", zone.zone, found.class));
            }
        }
    }
    for line in &state.lines {
        for &(class, r#in, out) in &line.totals {
            let expected = scenario.expect.lines.get(line.line.as_str()).and_then(|line| line.get(&class));
            let Some(expected) = expected else {
                faults.push(format!("line {} {class}: nothing expected", line.line));
                continue;
            };
            let found: Vec<_> = crossings
                .iter()
                .filter(|crossing| crossing.line == line.line && crossing.class == class)
                .map(|c| (c.at.seconds_since(Timestamp(0)), c.direction.as_str().to_owned(), c.track.0))
                .collect();
            let listed = expected.crossings.as_ref().is_none_or(|crossings| crossings == &found);
            if (r#in, out) != (expected.r#in, expected.out) || r#in + out != found.len() as u64 || !listed {
                faults.push(format!("line {} {class}: in {in}, out {out}: {found:?}", line.line));
            }
        }
    }
    faults
}

#[test]
fn zones_and_lines_make_of_each_scenario_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut failures = Vec::new();
    let mut count = 0;
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml")) {
        let text = std::fs::read_to_string(path).unwrap();
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let faults = run(&scenario);
        if !faults.is_empty() {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            failures.push(format!("{name}: {}\n  {}", scenario.about, faults.join("\n  ")));
        }
        count += 1;
    }
    assert!(count >= 15, "only {count} scenarios found");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
