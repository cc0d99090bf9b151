//! What `analyze` writes is read back as it was, as far as the files tell it.

use std::path::Path;

use Reading::{AtLeast, AtMost, Unknown, Valid};
use crowdflow::backtest::{Period, Recording, Samples};
use crowdflow::config;
use crowdflow::model::{
    CameraId, FrameMeta, FrameReport, FrameSize, LineId, LineState, Measure, ObjectClass, Place, Reading, Readings,
    Scope, Timestamp, UnknownReason, ZoneClassState, ZoneId, ZoneState,
};
use crowdflow::sink::AnalysisFiles;

const CONFIG: &str = r#"
    [cameras.gate]
    source.file = { path = "-", fps = 1 }
    calibration = { frame_size = [1000, 1000], camera = { height_m = 5, tilt_deg = 40, focal_px = 800 } }
    zones.plaza = { polygon = [[0.3, 0.7], [0.7, 0.7], [0.7, 1], [0.3, 1]] }
    lines.door = { a = [0.4, 0.8], b = [0.6, 0.8] }
    [rules]
    people = { zone = "gate/plaza", measure = "occupancy", levels.red = { raise = 9 } }
    density = { zone = "gate/plaza", measure = "density", levels.red = { raise = 2 } }
    service = { zone = "gate/plaza", measure = "level_of_service", levels.red = { raise = 5 } }
    surge = { zone = "gate/plaza", measure = "surge", levels.red = { raise = 5 } }
    speed = { zone = "gate/plaza", measure = "speed", levels.red = { raise = 0.2 } }
    flow = { line = "gate/door", measure = "flow_in", levels.red = { raise = 50 } }
"#;

#[test]
fn files_are_read_back_as_they_were_written() {
    let plan = config::parse(CONFIG, Path::new("/"), &|_| None).unwrap_or_else(|error| panic!("{error}"));
    let camera = CameraId::new("gate").unwrap();
    let (plaza, door) = (ZoneId::new("plaza").unwrap(), LineId::new("door").unwrap());
    let missed = Unknown(UnknownReason::PeopleMissed);
    let not_enough = Unknown(UnknownReason::NotEnough);
    let calm = Unknown(UnknownReason::NothingToMeasure);
    // Occupancy, density, level of service, surge, flow in.
    let rows = [
        [Valid(3.0), Valid(0.25), Valid(2.0), Valid(-1.5), Valid(12.0)],
        [AtLeast(9.0), AtLeast(2.125), AtLeast(5.0), missed, AtLeast(30.0)],
        [Valid(1.0), Valid(0.125), not_enough, AtMost(0.5), not_enough],
        [Valid(0.0), Valid(0.0), calm, calm, Valid(0.0)],
        [Unknown(UnknownReason::NoFrames); 5],
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut files = AnalysisFiles::create(folder.path()).unwrap();
    let time = |second: usize| Timestamp(1_000_000).plus_seconds(second as f64);
    for (second, [occupancy, density, service, surge, flow]) in rows.into_iter().enumerate() {
        let at = time(second);
        let size = FrameSize { width_px: 10, height_px: 10 };
        let class = ZoneClassState {
            class: ObjectClass::Person,
            occupancy,
            entries_total: 0,
            exits_total: 0,
            stays_total: 0,
            dwell_seconds_total: 0.0,
            longest_dwell_s: None,
        };
        let readings = [
            (Measure::Occupancy, occupancy),
            (Measure::Density, density),
            (Measure::LevelOfService, service),
            (Measure::Surge, surge),
        ];
        let readings: Readings = readings.into_iter().collect();
        let zone = ZoneState { zone: plaza.clone(), classes: vec![class], readings, saturation: None };
        let line = LineState {
            line: door.clone(),
            totals: vec![(ObjectClass::Person, 1, 2)],
            people_were_missed: true,
            readings: Readings::NONE.with(Measure::FlowIn, flow),
        };
        let report = FrameReport {
            camera: camera.clone(),
            at,
            frame: Some(FrameMeta { camera: camera.clone(), seq: second as u64, at, size, epoch: 0 }),
            tracks: Vec::new(),
            zones: vec![zone],
            lines: vec![line],
            readings: Readings::NONE,
            crossings: Vec::new(),
            alerts: Vec::new(),
        };
        files.write(&report).unwrap();
    }
    files.finish().unwrap();
    let mut recording = Recording::for_rules(&[&plan]);
    recording.read(&folder.path().join("zones.csv"), Scope::Zone).unwrap();
    recording.read(&folder.path().join("lines.csv"), Scope::Line).unwrap();
    assert_eq!(recording.ends(), Some((time(0), time(4))));
    assert_eq!(recording.places().collect::<Vec<_>>(), ["gate/door", "gate/plaza"]);
    let whole = Period { from: time(0), to: time(5) };
    let read = |place: &Place, measure, part| recording.series(place, measure, part).unwrap();
    let (zone, line) = (Place::Zone(camera.clone(), plaza), Place::Line(camera, door));
    for (index, (place, measure)) in [
        (&zone, Measure::Occupancy),
        (&zone, Measure::Density),
        (&zone, Measure::LevelOfService),
        (&zone, Measure::Surge),
        (&line, Measure::FlowIn),
    ]
    .into_iter()
    .enumerate()
    {
        let expected: Vec<_> = rows.iter().enumerate().map(|(second, row)| (time(second), row[index])).collect();
        assert_eq!(read(place, measure, whole), expected, "{measure:?}");
    }
    assert_eq!(read(&zone, Measure::Occupancy, Period { from: time(1), to: time(2) }), [(time(1), AtLeast(9.0))]);
    assert_eq!(read(&zone, Measure::Speed, whole), [], "a column that is always empty can't be had there");
    assert_eq!(read(&zone, Measure::Pressure, whole), [], "no rule looks at it");
}
