//! From tracks to alerts: what is measured of a crowd clears when the crowd has gone.

use std::path::Path;

use crowdflow::config;
use crowdflow::flow::CameraFlow;
use crowdflow::model::{
    AlertKind, FrameMeta, FrameSize, Measure, ObjectClass, PixelBox, Reading, Timestamp, Track, TrackId, TrackState,
    UnknownReason,
};
use crowdflow::rules::{CameraReadings, RuleEngine};

/// Seen from above, 100 pixels a metre.
const CONFIG: &str = r#"
[cameras.gate]
source.file = { path = "-", fps = 10 }
calibration = { frame_size = [1000, 1000], homography = [[0.01, 0, 0], [0, -0.01, 10], [0, 0, 1]] }
zones.plaza = { polygon = [[0, 0], [1, 0], [1, 1], [0, 1]], allowed_direction = { from = [0, 0.5], to = [1, 0.5] } }
lines.middle = { a = [0.5, 1], b = [0.5, 0], allowed = "in" }

[rules]
pressure = { zone = "gate/plaza", measure = "pressure", levels.red = { raise = 0.02, hold_s = 0 } }
stop_and_go = { zone = "gate/plaza", measure = "stop_and_go", levels.red = { raise = 0.01, hold_s = 0 } }
counter_flow = { zone = "gate/plaza", measure = "counter_flow", levels.red = { raise = 0.3, hold_s = 0 } }
polar_order = { zone = "gate/plaza", measure = "polar_order", levels.red = { raise = 0.3, hold_s = 0 } }
speed = { zone = "gate/plaza", measure = "speed", levels.red = { raise = 1.0, hold_s = 0 } }
picture = { camera = "gate", measure = "speed", levels.red = { raise = 1.0, hold_s = 0 } }
"#;

/// A hundred people on a square of 4 m, every other one swaying against the rest.
fn crowd(seconds: f64) -> Vec<Track> {
    let person = |id: u64| {
        let sway_m =
            0.3 * (seconds * std::f64::consts::TAU / 4.0).sin() * if id.is_multiple_of(2) { 1.0 } else { -1.0 };
        let (x, y) = (300.0 + 40.0 * (id % 10) as f64 + 100.0 * sway_m, 300.0 + 40.0 * (id / 10) as f64);
        Track {
            id: TrackId(id),
            class: ObjectClass::Person,
            state: TrackState::Confirmed,
            bbox: PixelBox { left: x - 10.0, top: y - 35.0, right: x + 10.0, bottom: y },
            score: 0.9,
            first_seen: Timestamp(0),
            last_seen: Timestamp(0),
        }
    };
    (0..100).map(person).collect()
}

#[test]
fn alerts_on_what_is_measured_of_a_crowd_clear_when_it_has_gone() {
    let plan = config::parse(CONFIG, Path::new("."), &|_| None).unwrap();
    let camera = &plan.cameras[0];
    let mut flow = CameraFlow::new(camera);
    let mut engine = RuleEngine::new(&plan.rules);
    let mut told = Vec::new();
    // At 2 frames a second: a crowd for a minute, then nobody.
    for frame in 0..500 {
        let seconds = f64::from(frame) / 2.0;
        let at = Timestamp(0).plus_seconds(seconds);
        let size = FrameSize { width_px: 1000, height_px: 1000 };
        let meta = FrameMeta { camera: camera.id.clone(), seq: frame as u64, at, size, epoch: 0 };
        let tracks = if seconds < 60.0 { crowd(seconds) } else { Vec::new() };
        let ended: Vec<TrackId> = if seconds == 60.0 { (0..100).map(TrackId).collect() } else { Vec::new() };
        let step = flow.step(&meta, &tracks, &ended);
        let readings = CameraReadings { zones: &step.zones, lines: &step.lines, camera: &step.readings };
        let events = engine.step(at, &camera.id, readings);
        told.extend(events.into_iter().map(|event| (event.rule.to_string(), event.kind)));
        if frame == 499 {
            let nothing = Some(Reading::Unknown(UnknownReason::NothingToMeasure));
            for measure in [Measure::CounterFlow, Measure::WrongWay] {
                assert_eq!(step.zones[0].readings.get(measure), nothing, "{measure:?}");
                assert_eq!(step.lines[0].readings.get(measure), nothing, "{measure:?}");
            }
        }
    }
    for status in engine.states() {
        let own = || told.iter().filter(|(id, _)| id == status.rule.as_str()).map(|&(_, kind)| kind);
        assert!(own().any(|kind| kind == AlertKind::Raised), "{} was never raised", status.rule);
        assert_eq!(own().next_back(), Some(AlertKind::Cleared), "{}", status.rule);
        assert!(!status.stale && status.level.is_none(), "{}", status.rule);
    }
}
