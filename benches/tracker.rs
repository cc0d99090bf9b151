//! The tracker's step alone, and the whole step of a camera's analysis (tracker, four zones, three lines, eight rules),
//! at 20, 100 and 300 people who walk. Prints the medians as a table at the end.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, criterion_group};
use crowdflow::analysis::CameraAnalysis;
use crowdflow::config::{self, Plan};
use crowdflow::model::{Detection, FrameMeta, FrameSize, ObjectClass, PixelBox, Timestamp};
use crowdflow::rules::RuleEngine;
use crowdflow::tracking::{ScoreThresholds, Tracker};

const SIZE: FrameSize = FrameSize { width_px: 1920, height_px: 1080 };
const FPS: f64 = 10.0;
/// Frames until everybody is back where they began.
const FRAMES: usize = 400;
const PEOPLE: [usize; 3] = [20, 100, 300];
const THRESHOLDS: ScoreThresholds = ScoreThresholds { high: 0.55, low: 0.3 };

fn plan() -> Plan {
    let mut text = String::from("[cameras.cam.source.file]\npath = \"-\"\nfps = 10\n");
    for i in 0..4u32 {
        let (x, y) = (0.25 + 0.5 * f64::from(i % 2), 0.25 + 0.5 * f64::from(i / 2));
        let corner = |k: u32| {
            let angle = f64::from(k) / 8.0 * std::f64::consts::TAU;
            [x + 0.25 * angle.cos(), y + 0.25 * angle.sin()]
        };
        let polygon: Vec<_> = (0..8).map(corner).collect();
        text += &format!("[cameras.cam.zones.zone_{i}]\npolygon = {polygon:?}\narea_m2 = 100\n");
        text += &format!("[rules.dense_{i}]\nzone = \"cam/zone_{i}\"\nmeasure = \"density\"\n");
        text += &format!("[rules.full_{i}]\nzone = \"cam/zone_{i}\"\nmeasure = \"occupancy\"\n");
        text += "levels = { blue = { raise = 20 }, yellow = { raise = 30 }, red = { raise = 60 } }\n";
    }
    for i in 1..4u32 {
        let x = 0.25 * f64::from(i);
        text += &format!("[cameras.cam.lines.line_{i}]\na = [{x}, 0.9]\nb = [{x}, 0.1]\n");
    }
    config::parse(&text, Path::new("."), &|_| None).unwrap_or_else(|error| panic!("{error}"))
}

/// Numbers from 0 to 1, the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// What a detector says of people of 100 px who walk across the picture and back at 0.8 heights/s, past one another:
/// boxes that jitter by 3 px, one in twenty weak, one in twenty missed.
fn detections(people: usize) -> Vec<Vec<Detection>> {
    let mut noise = Noise(7);
    let mut frame_of = |frame: usize| {
        let mut detections = Vec::with_capacity(people);
        for i in 0..people {
            let phase = (frame + 37 * i) % FRAMES;
            let (along, depth) = (8.0 * phase.min(FRAMES - phase) as f64, (i * 61 % 900) as f64);
            let mut jitter = || (noise.next() - 0.5) * 6.0;
            let (x, y) = (160.0 + along + jitter(), 120.0 + depth + jitter());
            let bbox = PixelBox { left: x - 20.0, top: y - 100.0 + jitter(), right: x + 20.0 + jitter(), bottom: y };
            let luck = noise.next();
            if luck > 0.05 {
                let score = if luck < 0.1 { 0.4 } else { 0.6 + 0.3 * noise.next() };
                detections.push(Detection { bbox, class: ObjectClass::Person, score });
            }
        }
        detections
    };
    (0..FRAMES).map(&mut frame_of).collect()
}

/// A run without an end over the same frames.
struct Run<T> {
    subject: T,
    frames: Vec<Vec<Detection>>,
    meta: FrameMeta,
}

impl<T> Run<T> {
    fn new(subject: T, plan: &Plan, people: usize) -> Self {
        let camera = plan.cameras[0].id.clone();
        let meta = FrameMeta { camera, seq: 0, at: Timestamp(0), size: SIZE, epoch: 0 };
        Self { subject, frames: detections(people), meta }
    }

    fn advance(&mut self) -> usize {
        self.meta.seq += 1;
        self.meta.at = Timestamp(0).plus_seconds(self.meta.seq as f64 / FPS);
        self.meta.seq as usize % FRAMES
    }
}

impl Run<Tracker> {
    fn of_tracker(plan: &Plan, people: usize) -> Self {
        Self::new(Tracker::new(plan.cameras[0].tracker, THRESHOLDS), plan, people)
    }

    fn step(&mut self) {
        let frame = self.advance();
        black_box(self.subject.step(self.meta.at, &self.frames[frame]));
    }
}

impl Run<CameraAnalysis> {
    fn of_analysis(plan: &Plan, people: usize) -> Self {
        Self::new(
            CameraAnalysis::new(&plan.cameras[0], RuleEngine::of_camera(plan, &plan.cameras[0].id), THRESHOLDS),
            plan,
            people,
        )
    }

    fn step(&mut self) {
        let frame = self.advance();
        black_box(self.subject.step(self.meta.clone(), &self.frames[frame]));
    }
}

fn steps(criterion: &mut Criterion) {
    let plan = plan();
    let mut group = criterion.benchmark_group("tracker/step");
    for people in PEOPLE {
        let mut run = Run::of_tracker(&plan, people);
        group.bench_function(BenchmarkId::from_parameter(people), |bencher| bencher.iter(|| run.step()));
    }
    group.finish();
    let mut group = criterion.benchmark_group("analysis/step");
    for people in PEOPLE {
        let mut run = Run::of_analysis(&plan, people);
        group.bench_function(BenchmarkId::from_parameter(people), |bencher| bencher.iter(|| run.step()));
    }
    group.finish();
}

/// Median and 95th percentile of ten rounds' steps, in ms.
fn quantiles_ms(mut step: impl FnMut()) -> [f64; 2] {
    let mut taken_ms: Vec<f64> = (0..10 * FRAMES)
        .map(|_| {
            let begin = Instant::now();
            step();
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    taken_ms.sort_by(f64::total_cmp);
    [taken_ms[taken_ms.len() / 2], taken_ms[taken_ms.len() * 95 / 100]]
}

fn print_table() {
    let plan = plan();
    println!("ms a frame         tracker           tracker + zones + lines + rules");
    println!("people          median     p95     median     p95");
    for people in PEOPLE {
        let (mut tracker, mut analysis) = (Run::of_tracker(&plan, people), Run::of_analysis(&plan, people));
        let ([tracker, tracker_p95], [whole, whole_p95]) =
            (quantiles_ms(|| tracker.step()), quantiles_ms(|| analysis.step()));
        println!("{people:6}         {tracker:7.4} {tracker_p95:7.4}    {whole:7.4} {whole_p95:7.4}");
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
