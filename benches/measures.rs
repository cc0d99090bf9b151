//! What every measure of a calibrated camera costs a frame at 20, 100 and 300 people, on top of counting: the same
//! tracks go through two [`CameraFlow`]s, one of a camera that only counts, one of the same camera with a calibration,
//! a walkable area with obstacles, allowed directions and enclosing lines; and through a third with heat maps too. Prints
//! the medians as a table at the end.

use std::hint::black_box;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, criterion_group};
use crowdflow::calibration::GroundPlane;
use crowdflow::config::{
    CalibrationPlan, CameraPlan, FileSource, LinePlan, SourcePlan, WalkablePlan, ZonePlan, defaults,
};
use crowdflow::flow::measures::GroundVelocity;
use crowdflow::flow::{CameraFlow, HeatMapGrid, HeatMapRecorder};
use crowdflow::model::{
    CameraId, Direction, FrameMeta, FrameSize, GroundPoint, IdError, LineId, NormPoint, ObjectClass, PixelBox,
    Timestamp, Track, TrackId, TrackState, ZoneId,
};

const FPS: f64 = 10.0;
const FRAMES: usize = 200;
const PEOPLE: [usize; 3] = [20, 100, 300];
/// A walkway of 20 m by 6 m seen from above: 0.17, 0.83 and 2.5 people per m².
const LENGTH_M: f64 = 20.0;
const WIDTH_M: f64 = 6.0;
const PX_PER_M: f64 = 96.0;
const SIZE: FrameSize = FrameSize { width_px: 1920, height_px: 576 };
const ZONES: u32 = 4;

/// An id from a literal that is one.
fn id<T>(parsed: Result<T, IdError>) -> T {
    parsed.unwrap_or_else(|error| panic!("{error}"))
}

fn at(x: f64, y: f64) -> NormPoint {
    NormPoint { x, y }
}

fn rectangle(left: f64, top: f64, right: f64, bottom: f64) -> Vec<NormPoint> {
    vec![at(left, top), at(right, top), at(right, bottom), at(left, bottom)]
}

/// Four zones side by side, with a line at each end of each.
fn camera() -> CameraPlan {
    let share = |index: u32| f64::from(index) / f64::from(ZONES);
    let zone = |index: u32| {
        let polygon = rectangle(share(index), 0.0, share(index + 1), 1.0);
        let plan = ZonePlan::new(id(ZoneId::new(&format!("zone_{index}"))), polygon);
        ZonePlan { area_m2: Some(30.0), ..plan }
    };
    let line = |index: u32| {
        let x = share(index).clamp(0.01, 0.99);
        LinePlan::new(id(LineId::new(&format!("line_{index}"))), at(x, 1.0), at(x, 0.0))
    };
    let source = FileSource { path: "-".into(), fps: FPS, start: Timestamp(0), repeat: false };
    CameraPlan {
        zones: (0..ZONES).map(zone).collect(),
        lines: (0..=ZONES).map(line).collect(),
        ..CameraPlan::new(id(CameraId::new("cam")), SourcePlan::File(source))
    }
}

/// The same camera with everything that can be measured.
fn calibrated() -> CameraPlan {
    let mut camera = camera();
    let rows = [[1.0 / PX_PER_M, 0.0, 0.0], [0.0, -1.0 / PX_PER_M, WIDTH_M], [0.0, 0.0, 1.0]];
    let plane = GroundPlane::from_homography(rows, SIZE, 0.0).unwrap_or_else(|fault| panic!("{fault}"));
    camera.calibration = Some(CalibrationPlan { plane, points: Vec::new() });
    let pillar = |index: u32| {
        let x = 0.2 * f64::from(index);
        rectangle(x, 0.47, x + 0.02, 0.53)
    };
    camera.walkable =
        Some(WalkablePlan { polygon: rectangle(0.0, 0.0, 1.0, 1.0), obstacles: (1..5).map(pillar).collect() });
    let lines: Vec<LineId> = camera.lines.iter().map(|line| line.id.clone()).collect();
    for (index, zone) in camera.zones.iter_mut().enumerate() {
        zone.allowed_direction = Some((at(0.1, 0.5), at(0.9, 0.5)));
        zone.enclosed_by = vec![(lines[index].clone(), Direction::Out), (lines[index + 1].clone(), Direction::In)];
    }
    camera
}

/// With heat maps as well, of the default cells.
fn mapped() -> CameraPlan {
    CameraPlan { heat_map_cell_m: Some(defaults::HEAT_MAP_CELL_M), ..calibrated() }
}

/// Numbers from 0 to 1, the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Everybody's track in every frame: each walks at their own speed, half of them the other way; one in ten stands.
fn frames(people: usize) -> Vec<Vec<Track>> {
    let mut noise = Noise(7);
    let walkers: Vec<[f64; 3]> = (0..people).map(|_| [noise.next(), noise.next(), noise.next()]).collect();
    let track = |frame: usize, index: usize| {
        let [begin, across, pace] = walkers[index];
        let speed_mps = if index.is_multiple_of(10) { 0.0 } else { 0.4 + pace };
        // There and back, so that the frames can be gone through again and again without a jump.
        let back = frame.min(FRAMES - frame) as f64;
        let way_m = speed_mps * back / FPS * if index.is_multiple_of(2) { 1.0 } else { -1.0 };
        let x = (begin * LENGTH_M + way_m).clamp(0.0, LENGTH_M) * PX_PER_M;
        let y = (0.05 + across * (WIDTH_M - 0.1)) * PX_PER_M;
        Track {
            id: TrackId(index as u64),
            class: ObjectClass::Person,
            state: TrackState::Confirmed,
            bbox: PixelBox { left: x - 20.0, top: y - 60.0, right: x + 20.0, bottom: y },
            score: 0.9,
            first_seen: Timestamp(0),
            last_seen: Timestamp(0),
        }
    };
    (0..FRAMES).map(|frame| (0..people).map(|index| track(frame, index)).collect()).collect()
}

struct Run {
    flow: CameraFlow,
    meta: FrameMeta,
}

impl Run {
    fn new(camera: &CameraPlan) -> Self {
        let meta = FrameMeta { camera: camera.id.clone(), seq: 0, at: Timestamp(0), size: SIZE, epoch: 0 };
        Self { flow: CameraFlow::new(camera), meta }
    }

    fn step(&mut self, frames: &[Vec<Track>]) {
        self.meta.seq += 1;
        self.meta.at = Timestamp(0).plus_seconds(self.meta.seq as f64 / FPS);
        black_box(self.flow.step(&self.meta, &frames[self.meta.seq as usize % FRAMES], &[]));
    }
}

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("measures/frame");
    for people in PEOPLE {
        let frames = frames(people);
        for (name, camera) in [("counted", camera()), ("measured", calibrated()), ("heat map", mapped())] {
            let mut run = Run::new(&camera);
            group.bench_function(BenchmarkId::new(name, people), |bencher| bencher.iter(|| run.step(&frames)));
        }
    }
    group.finish();
}

/// A heat map's own step in ms, median and 95th percentile of 1200 frames: within the whole it is lost in the noise.
fn heat_map_alone_ms(frames: &[Vec<Track>]) -> [f64; 2] {
    let corner = |x_m, y_m| GroundPoint { x_m, y_m };
    let grid = HeatMapGrid::over(corner(0.0, 0.0), corner(LENGTH_M, WIDTH_M), defaults::HEAT_MAP_CELL_M);
    let mut recorder = HeatMapRecorder::new(grid);
    let person = |track: &Track| {
        let foot = track.foot();
        let point = corner(foot.x / PX_PER_M, WIDTH_M - foot.y / PX_PER_M);
        (point, Some(GroundVelocity { x_mps: 1.0, y_mps: 0.1 }))
    };
    let people: Vec<Vec<_>> = frames.iter().map(|tracks| tracks.iter().map(person).collect()).collect();
    let mut taken_ms: Vec<f64> = (0..1200)
        .map(|frame| {
            let begin = Instant::now();
            recorder.step(Timestamp(0).plus_seconds(frame as f64 / FPS), black_box(&people[frame % FRAMES]));
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    assert!(recorder.take_current().is_some_and(|map| map.observed_s() > 100.0), "a heat map was made");
    taken_ms.sort_by(f64::total_cmp);
    [50, 95].map(|percent| taken_ms[taken_ms.len() * percent / 100])
}

/// All in turns, frame by frame, over 1200 frames each: the oscillation's and the forecast's windows are full then.
fn print_table() {
    println!("ms a frame, {ZONES} zones and {} lines, median of 1200 frames (p95)", ZONES + 1);
    println!("people    counted            measured           on top    and heat map       heat map alone");
    for people in PEOPLE {
        let frames = frames(people);
        let mut runs = [camera(), calibrated(), mapped()].map(|camera| Run::new(&camera));
        for _ in 0..1200 {
            runs.iter_mut().for_each(|run| run.step(&frames));
        }
        let mut taken_ms = [const { Vec::new() }; 3];
        for frame in 0..1200 {
            // Each comes first as often as the others: whoever does has the caches that the last one left.
            for turn in 0..runs.len() {
                let index = (frame + turn) % runs.len();
                let begin = Instant::now();
                runs[index].step(&frames);
                taken_ms[index].push(begin.elapsed().as_secs_f64() * 1e3);
            }
        }
        assert!(runs[2].flow.take_current_heat_map().is_some(), "a heat map was made");
        taken_ms.iter_mut().for_each(|taken_ms| taken_ms.sort_by(f64::total_cmp));
        let at = |run: usize, percent: usize| taken_ms[run][taken_ms[run].len() * percent / 100];
        let [counted, measured, mapped] = [0, 1, 2].map(|run| format!("{:.4} ({:.4})", at(run, 50), at(run, 95)));
        let on_top = at(1, 50) - at(0, 50);
        let [median, p95] = heat_map_alone_ms(&frames);
        println!("{people:6}    {counted:17}  {measured:17}  {on_top:.4}    {mapped:17}  {median:.4} ({p95:.4})");
    }
}

criterion_group!(benches, steps);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    // With --test every benchmark runs once, to see that it does.
    if !std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        print_table();
    }
}
