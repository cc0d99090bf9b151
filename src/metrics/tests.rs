use std::path::Path;

use super::*;
use crate::config;
use crate::model::{
    AlertEvent, AlertKind, CameraState, FrameMeta, FrameSize, Level, LineId, LineState, Measure, ObjectClass, PixelBox,
    Place, Reading, Readings, Scope, Timestamp, Track, TrackId, TrackState, UnknownReason, ZoneClassState, ZoneId,
    ZoneState,
};
use crate::rules::RuleEngine;

const PLAN: &str = r#"
[cameras.gate.source.file]
path = "gate.avi"
fps = 7
[cameras.gate.zones.plaza]
polygon = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]
area_m2 = 50
classes = ["person", "bicycle"]
[cameras.gate.lines.door]
a = [0.1, 0.5]
b = [0.9, 0.5]
[rules.full]
zone = "gate/plaza"
measure = "occupancy"
levels.blue = { raise = 10, hold_s = 0 }
levels.red = { raise = 20, hold_s = 0 }
"#;

fn plan() -> Plan {
    config::parse(PLAN, Path::new("/site"), &|_| None).unwrap_or_else(|error| panic!("{error}"))
}

fn metrics(plan: &Plan) -> Metrics {
    let build = BuildInfo { version: "1.2.3".into(), model: "nanodet_g".into(), onnxruntime: "1.32.0".into() };
    Metrics::new(plan, &build).unwrap()
}

fn camera() -> CameraId {
    CameraId::new("gate").unwrap()
}

/// A report with these people in the zone; `total` for every total.
fn report(seconds: f64, occupancy: Reading, total: u64) -> FrameReport {
    let at = Timestamp(1_795_489_200_000_000).plus_seconds(seconds);
    let class = |class, occupancy| ZoneClassState {
        class,
        occupancy,
        entries_total: total,
        exits_total: total,
        stays_total: total,
        dwell_seconds_total: total as f64 * 0.5,
        longest_dwell_s: occupancy.value().map(|_| 4.5),
    };
    let known = occupancy.value().is_some();
    let frame = FrameMeta { camera: camera(), seq: 1, at, size: FrameSize { width_px: 768, height_px: 576 }, epoch: 0 };
    let bbox = PixelBox { left: 0.0, top: 0.0, right: 10.0, bottom: 30.0 };
    let track = Track {
        id: TrackId(1),
        class: ObjectClass::Person,
        state: TrackState::Confirmed,
        bbox,
        score: 0.9,
        first_seen: at,
        last_seen: at,
    };
    FrameReport {
        camera: camera(),
        at,
        frame: known.then_some(frame),
        tracks: if known { vec![track] } else { Vec::new() },
        zones: vec![ZoneState {
            saturation: None,
            zone: ZoneId::new("plaza").unwrap(),
            classes: vec![class(ObjectClass::Person, occupancy), class(ObjectClass::Bicycle, occupancy.map(|_| 0.0))],
            readings: Measure::of(Scope::Zone)
                .enumerate()
                .map(|(number, measure)| (measure, occupancy.map(|people| people + number as f64)))
                .collect(),
        }],
        lines: vec![LineState {
            line: LineId::new("door").unwrap(),
            totals: vec![(ObjectClass::Person, total, total + 1)],
            people_were_missed: false,
            readings: Readings::NONE
                .with(Measure::SpecificFlowIn, occupancy.map(|_| 0.75))
                .with(Measure::SpecificFlowOut, Reading::Unknown(UnknownReason::NotEnough)),
        }],
        readings: Readings::NONE.with(Measure::People, occupancy),
        crossings: Vec::new(),
        alerts: Vec::new(),
    }
}

const BLIND: Reading = Reading::Unknown(UnknownReason::NoFrames);

/// The samples whose line begins so.
fn samples(metrics: &Metrics, prefix: &str) -> Vec<String> {
    let text = metrics.encode().unwrap();
    text.lines().filter(|line| line.starts_with(prefix)).map(str::to_owned).collect()
}

#[test]
fn the_list_of_metrics_is_as_documented() {
    let plan = plan();
    let metrics = metrics(&plan);
    metrics.observe(&report(0.0, Reading::Valid(3.0), 0));
    let mut engine = RuleEngine::new(&plan.rules);
    engine.step(Timestamp(1), &camera(), (&report(0.0, Reading::Valid(3.0), 0)).into());
    metrics.rule_states(engine.states());
    let text = metrics.encode().unwrap();
    let mut families = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            families.push(rest.replacen(' ', ": ", 1));
        } else if let Some(kind) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split(' ').nth(1)) {
            let last = families.last_mut().unwrap();
            *last = format!("{kind} {last}");
        }
    }
    insta::assert_snapshot!(families.join("\n"));
}

#[test]
fn counters_are_there_from_the_start_and_gauges_only_when_known() {
    let text = metrics(&plan()).encode().unwrap();
    let known: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("crowdflow_") && !line.contains("_seconds_bucket"))
        .filter(|line| !line.contains("crowdflow_stage_seconds"))
        .collect();
    insta::assert_snapshot!(known.join("\n"));
}

#[test]
fn what_becomes_unknown_disappears() {
    let metrics = metrics(&plan());
    metrics.observe(&report(0.0, Reading::Valid(3.0), 0));
    let gauges = || {
        let known = ["crowdflow_zone_occ", "crowdflow_zone_den", "crowdflow_zone_long", "crowdflow_picture"];
        known.map(|prefix| samples(&metrics, prefix)).concat()
    };
    insta::assert_snapshot!(gauges().join("\n"), @r#"
    crowdflow_zone_occupancy{camera="gate",class="bicycle",zone="plaza"} 0
    crowdflow_zone_occupancy{camera="gate",class="person",zone="plaza"} 3
    crowdflow_zone_occupancy_is_lower_bound{camera="gate",class="bicycle",zone="plaza"} 0
    crowdflow_zone_occupancy_is_lower_bound{camera="gate",class="person",zone="plaza"} 0
    crowdflow_zone_density_per_square_metre{camera="gate",zone="plaza"} 4
    crowdflow_zone_longest_dwell_seconds{camera="gate",class="bicycle",zone="plaza"} 4.5
    crowdflow_zone_longest_dwell_seconds{camera="gate",class="person",zone="plaza"} 4.5
    crowdflow_picture_objects{camera="gate",class="bicycle"} 0
    crowdflow_picture_objects{camera="gate",class="person"} 3
    crowdflow_picture_objects_is_lower_bound{camera="gate",class="bicycle"} 0
    crowdflow_picture_objects_is_lower_bound{camera="gate",class="person"} 0
    "#);
    metrics.observe(&report(5.0, BLIND, 0));
    assert_eq!(gauges(), Vec::<String>::new());
    let seen = samples(&metrics, "crowdflow_last_frame_timestamp_seconds");
    assert_eq!(seen, [r#"crowdflow_last_frame_timestamp_seconds{camera="gate"} 1795489200"#]);
    metrics.observe(&report(6.0, Reading::AtLeast(150.0), 0));
    insta::assert_snapshot!(samples(&metrics, "crowdflow_zone_occ").join("\n"), @r#"
    crowdflow_zone_occupancy{camera="gate",class="bicycle",zone="plaza"} 0
    crowdflow_zone_occupancy{camera="gate",class="person",zone="plaza"} 150
    crowdflow_zone_occupancy_is_lower_bound{camera="gate",class="bicycle",zone="plaza"} 1
    crowdflow_zone_occupancy_is_lower_bound{camera="gate",class="person",zone="plaza"} 1
    "#);
}

#[test]
fn every_bound_is_told_as_one() {
    let metrics = metrics(&plan());
    let bounds = |reading: Reading| {
        let mut report = report(0.0, reading, 0);
        report.zones[0].readings.set(Measure::TimeToRed, reading.map(|_| 60.0));
        metrics.observe(&report);
        let told = |name: &str| {
            samples(&metrics, &format!("crowdflow_{name}")).first().map(|line| line[line.len() - 1..].to_owned())
        };
        [
            told(r#"zone_measure_is_lower_bound{camera="gate",measure="density""#),
            told(r#"zone_measure_is_upper_bound{camera="gate",measure="time_to_red""#),
            told(r#"line_measure_is_lower_bound{camera="gate",line="door",measure="specific_flow_in""#),
            told(r#"line_measure_is_lower_bound{camera="gate",line="door",measure="specific_flow_out""#),
            told(r#"picture_objects_is_lower_bound{camera="gate",class="person""#),
        ]
    };
    let is = |text: [&str; 5]| text.map(|value| (!value.is_empty()).then(|| value.to_owned()));
    assert_eq!(bounds(Reading::Valid(3.0)), is(["0", "0", "0", "", "0"]));
    assert_eq!(bounds(Reading::AtLeast(3.0)), is(["1", "0", "1", "", "1"]));
    assert_eq!(bounds(Reading::AtMost(3.0)), is(["0", "1", "0", "", "0"]));
    assert_eq!(bounds(BLIND), is([""; 5]));
    assert_eq!(
        samples(&metrics, r#"crowdflow_zone_measure_is_lower_bound{camera="gate",measure="speed""#),
        Vec::<String>::new()
    );
}

#[test]
fn totals_go_on_through_blindness_and_through_a_restart() {
    let metrics = metrics(&plan());
    let counted = || {
        let value = |prefix: &str| samples(&metrics, prefix)[0].rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        [
            value("crowdflow_zone_entries_total{camera=\"gate\",class=\"person\""),
            value("crowdflow_zone_dwell_seconds_total{camera=\"gate\",class=\"person\""),
            value("crowdflow_line_crossings_total{camera=\"gate\",class=\"person\",direction=\"in\""),
            value("crowdflow_frames_analysed_total"),
        ]
    };
    metrics.observe(&report(0.0, Reading::Valid(3.0), 4));
    assert_eq!(counted(), [4.0, 2.0, 4.0, 1.0]);
    metrics.observe(&report(5.0, BLIND, 4));
    assert_eq!(counted(), [4.0, 2.0, 4.0, 1.0]);
    metrics.observe(&report(6.0, Reading::Valid(3.0), 6));
    assert_eq!(counted(), [6.0, 3.0, 6.0, 2.0]);
    metrics.camera(&camera()).unwrap().analysis_restarted();
    metrics.observe(&report(7.0, Reading::Valid(3.0), 8));
    assert_eq!(counted(), [14.0, 7.0, 14.0, 3.0]);
    let restarts = samples(&metrics, "crowdflow_camera_restarts_total");
    assert_eq!(restarts[0], r#"crowdflow_camera_restarts_total{camera="gate",part="analysis"} 1"#);
}

#[test]
fn capture_is_told_in_totals_and_states() {
    let metrics = metrics(&plan());
    let gate = metrics.camera(&camera()).unwrap();
    let up = || samples(&metrics, "crowdflow_camera_up")[0].ends_with(" 1");
    assert!(!up());
    gate.state(CameraState::Delivering);
    assert!(up());
    let state = samples(&metrics, "crowdflow_camera_state");
    let on: Vec<_> = state.iter().filter(|line| line.ends_with(" 1")).collect();
    assert_eq!(on, [r#"crowdflow_camera_state{camera="gate",state="delivering"} 1"#]);
    // The stream says that it delivers, but nothing fresh was analysed.
    metrics.observe(&report(5.0, BLIND, 0));
    assert!(!up());
    metrics.observe(&report(6.0, Reading::Valid(1.0), 0));
    assert!(up());
    gate.state(CameraState::Down);
    assert!(!up());

    let totals = CaptureTotals { grabbed: 10, due: 5, reconnects: 1, ..CaptureTotals::default() };
    gate.capture(&totals);
    gate.capture(&totals);
    gate.capture_restarted();
    gate.capture(&CaptureTotals { grabbed: 12, ..CaptureTotals::default() });
    assert_eq!(
        samples(&metrics, "crowdflow_frames_grabbed_total"),
        [r#"crowdflow_frames_grabbed_total{camera="gate"} 22"#]
    );
    assert_eq!(samples(&metrics, "crowdflow_frames_due_total"), [r#"crowdflow_frames_due_total{camera="gate"} 5"#]);

    gate.dropped(DropReason::Superseded);
    gate.result_age(0.25);
    gate.result_age(-3.0);
    gate.stage(Stage::Infer, 0.04);
    assert!(samples(&metrics, "crowdflow_frames_dropped_total{camera=\"gate\",reason=\"superseded\"} 1").len() == 1);
    assert_eq!(
        samples(&metrics, "crowdflow_result_age_seconds_sum"),
        [r#"crowdflow_result_age_seconds_sum{camera="gate"} 0.25"#]
    );
    assert!(samples(&metrics, "crowdflow_stage_seconds_count{camera=\"gate\",stage=\"infer\"} 1").len() == 1);

    let viewer = gate.viewer();
    assert_eq!(samples(&metrics, "crowdflow_live_viewers"), [r#"crowdflow_live_viewers{camera="gate"} 1"#]);
    viewer.sent();
    drop(viewer);
    assert_eq!(samples(&metrics, "crowdflow_live_viewers"), [r#"crowdflow_live_viewers{camera="gate"} 0"#]);
    gate.live_pictures(&LivePictureTotals { encoded: 5, replaced: 2, failed: 1 });
    let outcome = |outcome: &str, pictures: u64| {
        format!("crowdflow_live_pictures_total{{camera=\"gate\",outcome=\"{outcome}\"}} {pictures}")
    };
    let outcomes = [outcome("encoded", 5), outcome("failed", 1), outcome("replaced", 2)];
    assert_eq!(samples(&metrics, "crowdflow_live_pictures_total"), outcomes);
    let sent = r#"crowdflow_live_pictures_sent_total{camera="gate"} 1"#;
    assert_eq!(samples(&metrics, "crowdflow_live_pictures_sent_total"), [sent]);
}

#[test]
fn a_level_is_held_while_blind_and_calm_is_not_claimed() {
    let plan = plan();
    let metrics = metrics(&plan);
    let mut engine = RuleEngine::new(&plan.rules);
    let mut seen = |seconds: f64, occupancy: Reading| {
        let mut report = report(seconds, occupancy, 0);
        report.alerts = engine.step(report.at, &camera(), (&report).into());
        metrics.observe(&report);
        metrics.rule_states(engine.states());
        let value = |name| samples(&metrics, name).first().map(|line| line[line.len() - 1..].to_owned());
        (value("crowdflow_alert_level"), value("crowdflow_alert_stale"))
    };
    let is = |level: &str, stale: &str| (Some(level.to_owned()), Some(stale.to_owned()));
    assert_eq!(seen(0.0, BLIND), (None, Some("1".to_owned())));
    assert_eq!(seen(1.0, Reading::Valid(3.0)), is("0", "0"));
    assert_eq!(seen(2.0, BLIND), (None, Some("1".to_owned())));
    assert_eq!(seen(3.0, Reading::Valid(12.0)), is("1", "0"));
    assert_eq!(seen(4.0, Reading::AtLeast(30.0)), is("4", "0"));
    assert_eq!(seen(5.0, BLIND), is("4", "1"));
    let happened: Vec<_> =
        samples(&metrics, "crowdflow_alert_tr").into_iter().filter(|line| !line.ends_with(" 0")).collect();
    insta::assert_snapshot!(happened.join("\n"), @r#"
    crowdflow_alert_transitions_total{kind="raised",level="blue",rule="full"} 1
    crowdflow_alert_transitions_total{kind="raised",level="red",rule="full"} 1
    crowdflow_alert_transitions_total{kind="stale",level="red",rule="full"} 1
    "#);
}

#[test]
fn what_the_plan_does_not_hold_makes_no_series() {
    let metrics = metrics(&plan());
    let before = metrics.encode().unwrap().lines().filter(|line| line.starts_with("crowdflow_")).count();
    let mut stray = report(0.0, Reading::Valid(3.0), 7);
    stray.camera = CameraId::new("elsewhere").unwrap();
    stray.alerts.push(AlertEvent {
        at: stray.at,
        rule: RuleId::new("elsewhere").unwrap(),
        name: "Elsewhere".to_owned(),
        place: Place::Zone(camera(), ZoneId::new("plaza").unwrap()),
        measure: Measure::Occupancy,
        kind: AlertKind::Raised,
        from: None,
        to: Some(Level::Red),
        reading: Reading::Valid(3.0),
        threshold: None,
        source: String::new(),
        since: stray.at,
    });
    metrics.observe(&stray);
    let mut other_zone = report(0.0, BLIND, 7);
    other_zone.zones[0].zone = ZoneId::new("elsewhere").unwrap();
    other_zone.lines[0].line = LineId::new("elsewhere").unwrap();
    metrics.observe(&other_zone);
    let after = metrics.encode().unwrap().lines().filter(|line| line.starts_with("crowdflow_")).count();
    assert_eq!(before, after);
}

#[test]
fn the_process_is_told_under_the_usual_names() {
    let metrics = metrics(&plan());
    for name in ["cpu_seconds_total", "resident_memory_bytes", "start_time_seconds", "open_fds", "threads"] {
        let lines = samples(&metrics, &format!("process_{name} "));
        let value: f64 = lines[0].rsplit(' ').next().unwrap().parse().unwrap();
        assert!(value >= 0.0, "{lines:?}");
    }
    metrics.inference_workers(2);
    metrics.inference_busy(0.5);
    metrics.panicked(WorkerThread::Inference);
    metrics.alerts_jsonl_write_failed();
    metrics.heat_map_write_failed();
    assert_eq!(samples(&metrics, "crowdflow_inference_workers"), ["crowdflow_inference_workers 2"]);
    assert_eq!(samples(&metrics, "crowdflow_inference_busy"), ["crowdflow_inference_busy_seconds_total 0.5"]);
    assert!(samples(&metrics, "crowdflow_thread_panics_total{thread=\"inference\"} 1").len() == 1);
    let failures = samples(&metrics, "crowdflow_alerts_jsonl");
    assert_eq!(failures, ["crowdflow_alerts_jsonl_write_failures_total 1"]);
    assert_eq!(samples(&metrics, "crowdflow_heat_"), ["crowdflow_heat_map_write_failures_total 1"]);
}

#[test]
fn a_site_has_its_series_and_says_what_is_a_bound() {
    let text = r#"
        cameras.gate = { source.file = { path = "gate.avi", fps = 7 }, zones.plaza.polygon = [[0, 0], [1, 0], [1, 1]] }
        sites.bund = { zones = ["gate/plaza"], capacity = 100 }
    "#;
    let plan = config::parse(text, Path::new("/site"), &|_| None).unwrap();
    let build = BuildInfo { version: "1".into(), model: "m".into(), onnxruntime: "o".into() };
    let metrics = Metrics::new(&plan, &build).unwrap();
    let site = &plan.response.sites[0].id;
    let readings = Readings::NONE.with(Measure::Occupancy, Reading::AtLeast(40.0));
    metrics.observe_sites([(site, readings)], &[]);
    assert_eq!(samples(&metrics, "crowdflow_site_occupancy"), ["crowdflow_site_occupancy{site=\"bund\"} 40"]);
    let bound = samples(&metrics, "crowdflow_site_measure_is_lower_bound");
    assert_eq!(bound, ["crowdflow_site_measure_is_lower_bound{measure=\"occupancy\",site=\"bund\"} 1"]);
}
