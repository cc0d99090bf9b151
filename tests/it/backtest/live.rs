//! Recorded samples, replayed, give exactly the events that the live analysis gave.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::path::Path;

use crowdflow::analysis::{CameraAnalysis, SiteAnalysis};
use crowdflow::backtest::{Period, Samples, replay};
use crowdflow::config::{self, Plan};
use crowdflow::model::{
    AlertEvent, Detection, FrameMeta, FrameReport, FrameSize, Measure, ObjectClass, PixelBox, Place, Reading, Scope,
    Timestamp, UnknownReason,
};
use crowdflow::rules::RuleEngine;
use crowdflow::tracking::ScoreThresholds;
use proptest::prelude::*;

/// Two cameras; the rules swing through their levels, hold, clear, combine, and apply at some times only.
const CONFIG: &str = r#"
    [cameras.a]
    source.file = { path = "a", fps = 1 }
    zones.left = { polygon = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]] }
    zones.right = { polygon = [[0.5, 0], [1, 0], [1, 1], [0.5, 1]] }
    [cameras.b]
    stale_after_s = 5
    source.file = { path = "b", fps = 1 }
    zones.all = { polygon = [[0, 0], [1, 0], [1, 1], [0, 1]], area_m2 = 20 }
    [sites.both]
    zones = ["a/left", "a/right", "b/all"]
    capacity = 12
    [calendar]
    time_zone = "Asia/Shanghai"
    [schedules.soon]
    from = "08:01"
    to = "08:02"
    [rules.left]
    zone = "a/left"
    measure = "occupancy"
    levels.blue = { raise = 2, hold_s = 0, clear_hold_s = 2 }
    levels.red = { raise = 4, hold_s = 3, clear_hold_s = 5 }
    [rules.right_soon]
    zone = "a/right"
    measure = "occupancy"
    schedules = ["soon"]
    levels.yellow = { raise = 2, hold_s = 1, clear_hold_s = 1 }
    [rules.either]
    any = [
        { zone = "a/left", measure = "occupancy", levels.orange = { raise = 3, hold_s = 0, clear_hold_s = 0 } },
        { zone = "a/right", measure = "occupancy", levels.orange = { raise = 3, hold_s = 0, clear_hold_s = 0 } },
    ]
    [rules.dense]
    zone = "b/all"
    measure = "density"
    levels.red = { raise = 0.2, hold_s = 2, clear_hold_s = 2 }
    [rules.across]
    all = [
        { zone = "a/left", measure = "occupancy", levels.red = { raise = 2, hold_s = 0, clear_hold_s = 0 } },
        { zone = "b/all", measure = "occupancy", levels.red = { raise = 2, hold_s = 0, clear_hold_s = 0 } },
    ]
    [rules.site]
    site = "both"
    measure = "share_of_capacity"
    levels.yellow = { raise = 0.5, hold_s = 0, clear_hold_s = 3 }
    levels.red = { raise = 0.9, hold_s = 2, clear_hold_s = 3 }
    [rules.blind]
    camera = "a"
    measure = "blind"
    levels.orange = { raise = 8, hold_s = 0, clear_hold_s = 0 }
"#;

/// Midnight UTC, so that it is 08:00 in Shanghai.
const BEGIN: Timestamp = Timestamp(1_795_478_400_000_000);

struct InMemory(BTreeMap<(Place, Measure), Vec<(Timestamp, Reading)>>);

impl Samples for InMemory {
    type Error = Infallible;

    fn series(&self, place: &Place, measure: Measure, part: Period) -> Result<Vec<(Timestamp, Reading)>, Infallible> {
        let series = self.0.get(&(place.clone(), measure)).into_iter().flatten();
        Ok(series.filter(|(at, _)| *at >= part.from && *at < part.to).copied().collect())
    }
}

impl InMemory {
    fn take_in(&mut self, report: &FrameReport) {
        let zones = report.zones.iter().map(|zone| Place::Zone(report.camera.clone(), zone.zone.clone()));
        for place in zones.chain([Place::Camera(report.camera.clone())]) {
            for (measure, reading) in report.of(&place).unwrap().iter() {
                assert!(measure.is_of(Scope::Zone) || measure.is_of(Scope::Camera));
                self.0.entry((place.clone(), measure)).or_default().push((report.at, reading));
            }
        }
    }
}

fn person(index: u32) -> Detection {
    let (column, row) = (index % 10, index / 10);
    let (x, y) = (f64::from(column) * 100.0 + 30.0, f64::from(row) * 300.0 + 100.0);
    let bbox = PixelBox { left: x, top: y, right: x + 40.0, bottom: y + 100.0 };
    Detection { class: ObjectClass::Person, score: 0.9, bbox }
}

/// Who is seen in each second by each camera, one bit a person; `None`: no frame comes.
type Seen = Vec<[Option<u32>; 2]>;

/// What the live analysis told, and the samples of all its reports, or of those that a frame made.
fn live(plan: &Plan, seen: &Seen, with_ticks: bool) -> (Vec<AlertEvent>, InMemory) {
    let thresholds = ScoreThresholds { high: 0.5, low: 0.2 };
    let analysis =
        |camera: &config::CameraPlan| CameraAnalysis::new(camera, RuleEngine::of_camera(plan, &camera.id), thresholds);
    let mut cameras: Vec<CameraAnalysis> = plan.cameras.iter().map(analysis).collect();
    let mut sites = SiteAnalysis::new(plan);
    let (mut events, mut samples) = (Vec::new(), InMemory(BTreeMap::new()));
    let mut take_in = |report: FrameReport| {
        if with_ticks || report.frame.is_some() {
            samples.take_in(&report);
        }
        events.extend(sites.step(&report));
        events.extend(report.alerts);
    };
    for (second, seen) in seen.iter().enumerate() {
        let now = BEGIN.plus_seconds(second as f64);
        for camera in &mut cameras {
            camera.tick(now).into_iter().for_each(&mut take_in);
        }
        for (index, (camera, seen)) in cameras.iter_mut().zip(seen).enumerate() {
            let Some(people) = *seen else { continue };
            let detections: Vec<Detection> = (0..30).filter(|bit| people >> bit & 1 == 1).map(person).collect();
            let size = FrameSize { width_px: 1000, height_px: 1000 };
            let at = now.plus_seconds(0.2 + 0.4 * index as f64);
            let frame = FrameMeta { camera: plan.cameras[index].id.clone(), seq: second as u64, at, size, epoch: 0 };
            take_in(camera.step(frame, &detections).unwrap());
        }
    }
    events.sort_by(|a, b| (a.at, &a.rule).cmp(&(b.at, &b.rule)));
    (events, samples)
}

/// Crowds that stay for a while, thin out, and are not seen for a while.
fn seen() -> impl Strategy<Value = Seen> {
    let who = prop_oneof![Just(0_u32), any::<u32>(), any::<u32>().prop_map(|bits| bits & 0x0842_1084)];
    let camera = || prop::collection::vec((prop::option::weighted(0.75, who.clone()), 1..15_usize), 10..20);
    (camera(), camera()).prop_map(|(a, b)| {
        let seconds = |stretches: Vec<(Option<u32>, usize)>| -> Vec<Option<u32>> {
            stretches.into_iter().flat_map(|(who, seconds)| std::iter::repeat_n(who, seconds)).collect()
        };
        seconds(a).into_iter().zip(seconds(b)).map(|(a, b)| [a, b]).collect()
    })
}

fn plan() -> Plan {
    config::parse(CONFIG, Path::new("/"), &|_| None).unwrap_or_else(|error| panic!("{error}"))
}

fn replayed(plan: &Plan, seen: &Seen, samples: &InMemory, threads: usize) -> Vec<AlertEvent> {
    let period = Period { from: BEGIN, to: BEGIN.plus_seconds(seen.len() as f64) };
    let threads = NonZeroUsize::new(threads).unwrap();
    // Itself as today's rules: neither knows of the other.
    let [candidate, today] = replay(&[plan, plan], samples, period, threads).unwrap().try_into().unwrap();
    assert_eq!(candidate.events, today.events);
    candidate.events
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn a_replay_tells_exactly_what_was_told_live(seen in seen(), threads in 1..4_usize) {
        let plan = plan();
        let (events, samples) = live(&plan, &seen, true);
        prop_assert_eq!(replayed(&plan, &seen, &samples, threads), events);
    }

    /// Where only frames left samples, the gaps between them are filled as the live ticks were. That a camera was blind,
    /// and not the program off, is not in such samples: the rule on blindness is left out. Nor is why nothing is known: a
    /// camera that has not started looks like one that died.
    #[test]
    fn a_gap_in_samples_is_what_a_blind_camera_was(seen in seen()) {
        let plan = plan();
        let (events, samples) = live(&plan, &seen, false);
        let others = |events: Vec<AlertEvent>| -> Vec<AlertEvent> {
            let reading = |event: &AlertEvent| match event.reading {
                Reading::Unknown(_) => Reading::Unknown(UnknownReason::NoFrames),
                known => known,
            };
            let others = events.into_iter().filter(|event| event.measure != Measure::Blind);
            others.map(|event| AlertEvent { reading: reading(&event), ..event }).collect()
        };
        prop_assert_eq!(others(replayed(&plan, &seen, &samples, 1)), others(events));
    }
}

#[test]
fn the_scenarios_above_do_raise_every_rule() {
    let plan = plan();
    let crowd = |seconds, who| std::iter::repeat_n([Some(who); 2], seconds);
    let seen: Seen = crowd(20, 0x3fff_ffff)
        .chain(std::iter::repeat_n([None; 2], 20))
        .chain(crowd(25, 0))
        .chain(crowd(30, 0x3fff_ffff))
        .chain(crowd(30, 0))
        .collect();
    let (events, samples) = live(&plan, &seen, true);
    for rule in &plan.rules {
        let kinds: Vec<&str> =
            events.iter().filter(|event| event.rule == rule.id).map(|event| event.kind.as_str()).collect();
        assert!(kinds.contains(&"raised") && kinds.contains(&"cleared"), "{}: {kinds:?}", rule.id);
    }
    assert_eq!(replayed(&plan, &seen, &samples, 2), events);
}
