//! What a calibrated camera reads live, of people whose ways on the ground are known: the same figures as PedPy's, through
//! pixels, zones, walls and all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crowdflow::calibration::GroundPlane;
use crowdflow::config::{CalibrationPlan, CameraPlan, FileSource, LinePlan, SourcePlan, WalkablePlan, ZonePlan};
use crowdflow::flow::CameraFlow;
use crowdflow::flow::measures::Experiment;
use crowdflow::model::{
    CameraId, FrameMeta, FrameSize, GroundPoint, LineId, Measure, NormPoint, ObjectClass, PixelBox, Readings,
    Timestamp, Track, TrackId, TrackState, ZoneId,
};

use crate::flow_ground_truth::shared;
use crate::measures_reference::experiment_file;

/// 20 m by 20 m seen from above, its middle at the origin, y upwards.
const SIZE: FrameSize = FrameSize { width_px: 4000, height_px: 4000 };
const PX_PER_M: f64 = 200.0;

fn norm(point: GroundPoint) -> NormPoint {
    NormPoint { x: point.x_m / 20.0 + 0.5, y: 0.5 - point.y_m / 20.0 }
}

fn corners(outline: &[GroundPoint]) -> Vec<NormPoint> {
    outline.iter().copied().map(norm).collect()
}

fn experiments() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/experiments.json")
}

/// A camera over the experiment, and the readings of its zone after each frame.
fn watch(name: &str, folder: &Path) -> (BTreeMap<u64, Readings>, Vec<(u64, u64)>) {
    let experiments = experiments();
    let (experiment, _, metres_per_unit) = experiment_file::read(&experiments, name).unwrap();
    let places = experiment_file::read_corners(&experiments, name).unwrap();
    let people = experiment_file::read_people(folder, experiment.fps, metres_per_unit).unwrap();
    let rows = [[1.0 / PX_PER_M, 0.0, -10.0], [0.0, -1.0 / PX_PER_M, 10.0], [0.0, 0.0, 1.0]];
    let plane = GroundPlane::from_homography(rows, SIZE, 0.0).unwrap();
    let source = FileSource { path: "-".into(), fps: experiment.fps, start: Timestamp(0), repeat: false };
    // Without bands: PedPy's zones and lines have none.
    let zone = ZonePlan { band_heights: 0.0, ..ZonePlan::new(ZoneId::new("area").unwrap(), corners(&places.zone)) };
    let (a, b) = (norm(experiment.line.a), norm(experiment.line.b));
    let line =
        LinePlan { band_heights: 0.0, min_travel_heights: 0.0, ..LinePlan::new(LineId::new("line").unwrap(), a, b) };
    let mut camera = CameraPlan {
        calibration: Some(CalibrationPlan { plane, points: Vec::new() }),
        walkable: Some(WalkablePlan {
            polygon: corners(&places.walkable),
            obstacles: places.obstacles.iter().map(|corners_m| corners(corners_m)).collect(),
        }),
        zones: vec![ZonePlan { area_m2: Some(standing_m2(&experiment)), ..zone }],
        lines: vec![line],
        ..CameraPlan::new(CameraId::new("cam").unwrap(), SourcePlan::File(source))
    };
    // The people are known: none is too small to be seen.
    camera.counting.missed_below_px = 0.0;
    let mut frames: BTreeMap<u64, Vec<Track>> = BTreeMap::new();
    for way in &people {
        for sample in &way.samples {
            let norm = norm(sample.point);
            let (x, y) = (norm.x * f64::from(SIZE.width_px), norm.y * f64::from(SIZE.height_px));
            let bbox = PixelBox { left: x - 1.0, top: y - 4.0, right: x + 1.0, bottom: y };
            let (id, class, state) = (TrackId(way.person), ObjectClass::Person, TrackState::Confirmed);
            let track = Track { id, class, state, bbox, score: 0.9, first_seen: sample.at, last_seen: sample.at };
            frames.entry(experiment.frame_at(sample.at)).or_default().push(track);
        }
    }
    let mut flow = CameraFlow::new(&camera);
    let mut zones = BTreeMap::new();
    let mut totals = Vec::new();
    for (frame, tracks) in frames {
        let at = Timestamp(0).plus_seconds(frame as f64 / experiment.fps);
        let meta = FrameMeta { camera: camera.id.clone(), seq: frame, at, size: SIZE, epoch: 0 };
        let step = flow.step(&meta, &tracks, &[]);
        totals.push((step.lines[0].totals[0].1, step.lines[0].totals[0].2));
        zones.insert(frame, step.zones[0].readings.clone());
    }
    (zones, totals)
}

fn densities(folder: &Path, name: &str) -> BTreeMap<u64, f64> {
    let text = experiment_file::read_text(folder, name).unwrap();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let header = rows.headers().unwrap().clone();
    let [frame, density] = ["frame", "density"].map(|name| header.iter().position(|column| column == name).unwrap());
    let row = |row: csv::StringRecord| (row[frame].parse().unwrap(), row[density].parse().unwrap());
    rows.records().map(|record| row(record.unwrap())).collect()
}

/// What of the experiment's zone people can stand on.
fn standing_m2(experiment: &Experiment) -> f64 {
    experiment.zone.within(&experiment.walkable).unwrap().area_m2()
}

/// PedPy divides by the measurement area with the walls in it, ours by what people can stand on.
fn compare(name: &str, folder: &Path) {
    let (experiment, ..) = experiment_file::read(&experiments(), name).unwrap();
    let less_walls = experiment.zone.area_m2() / standing_m2(&experiment);
    // The pillar and the pier of `meeting_point`; the laboratory's zones have none.
    let walls_m2 = if name == "meeting_point" { 0.6 * 0.4 + 0.2 * 0.191 } else { 0.0 };
    assert!((experiment.zone.area_m2() - standing_m2(&experiment) - walls_m2).abs() < 1e-9, "{name}");
    let (zones, _) = watch(name, folder);
    for (measure, file) in [(Measure::Density, "classic_density.csv"), (Measure::VoronoiDensity, "voronoi_density.csv")]
    {
        let theirs = densities(folder, file);
        let shared: Vec<(f64, f64)> = theirs
            .iter()
            .filter_map(|(frame, &theirs)| Some((zones.get(frame)?.value(measure)?, theirs * less_walls)))
            .collect();
        assert!(shared.len() * 10 > theirs.len() * 9, "{name}: {} of {} frames", shared.len(), theirs.len());
        // Somebody exactly on a border may fall to its other side by the rounding of pixels.
        let same = shared.iter().filter(|(ours, theirs)| (ours - theirs).abs() <= 1e-6 * theirs.max(1e-3)).count();
        println!("{name:18} {measure:?}: {same} of {} frames the same", shared.len());
        assert!(same * 1000 >= shared.len() * 995, "{name} {measure:?}: {same} of {}", shared.len());
    }
}

#[test]
fn a_camera_reads_the_densities_that_pedpy_computes() {
    compare("meeting_point", &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/meeting_point"));
    let Some(shared) = shared("trajectories") else { return };
    for name in ["bottleneck", "corridor_050"] {
        compare(name, &shared.join(name));
    }
}

#[test]
fn in_the_bottleneck_it_is_dense_slow_and_a_lower_bound_for_a_detector() {
    let Some(shared) = shared("trajectories") else { return };
    let (zones, totals) = watch("bottleneck", &shared.join("bottleneck"));
    // Everybody goes through: 75 times towards the left of the line.
    assert_eq!(totals.last(), Some(&(75, 0)));
    let mut at_red = 0;
    for readings in zones.values() {
        let value = |measure| readings.value(measure);
        // Beyond 2 people/m² no box detector sees everybody, so what it counts is a bound.
        if value(Measure::VoronoiDensity).is_some_and(|density| density > 2.5) {
            let quality = readings.get(Measure::Density).map(|reading| reading.quality().to_string());
            assert_eq!(quality.as_deref(), Some("at_least"), "{readings:?}");
            at_red += 1;
        }
    }
    assert!(at_red > 500, "{at_red}");
    // In the middle of it, people are pressed together, stand and hardly move.
    let middle = &zones[&400];
    let value = |measure| middle.value(measure).unwrap_or_else(|| panic!("{measure:?}: {middle:?}"));
    assert!(value(Measure::LocalDensity) > 3.0 && value(Measure::LevelOfService) == 6.0, "{middle:?}");
    assert!(value(Measure::Speed) < 0.4 && value(Measure::Pressure) >= 0.0, "{middle:?}");
    assert_eq!(value(Measure::TimeToRed), 0.0);
}
