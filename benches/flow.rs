//! Zones and lines: one step with four zones and three lines, at 20, 100 and 300 people who walk to and fro.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use crowdflow::config::{CameraPlan, FileSource, LinePlan, SourcePlan, ZonePlan};
use crowdflow::flow::CameraFlow;
use crowdflow::model::{
    CameraId, FrameMeta, FrameSize, LineId, NormPoint, ObjectClass, PixelBox, Timestamp, Track, TrackId, TrackState,
    ZoneId,
};

const SIZE: FrameSize = FrameSize { width_px: 1920, height_px: 1080 };
const FRAMES: usize = 400;

/// An id from a literal that is one.
fn id<T>(parsed: Result<T, crowdflow::model::IdError>) -> T {
    parsed.unwrap_or_else(|error| panic!("{error}"))
}

fn camera() -> CameraPlan {
    let zone = |i: u32| {
        let (x, y) = (0.25 + 0.5 * f64::from(i % 2), 0.25 + 0.5 * f64::from(i / 2));
        let corner = |k: u32| {
            let angle = f64::from(k) / 8.0 * std::f64::consts::TAU;
            NormPoint { x: x + 0.3 * angle.cos(), y: y + 0.3 * angle.sin() }
        };
        let plan = ZonePlan::new(id(ZoneId::new(&format!("zone_{i}"))), (0..8).map(corner).collect());
        ZonePlan { area_m2: Some(100.0), ..plan }
    };
    let line = |i: u32| {
        let x = 0.25 * f64::from(i + 1);
        LinePlan::new(id(LineId::new(&format!("line_{i}"))), NormPoint { x, y: 0.9 }, NormPoint { x, y: 0.1 })
    };
    let source = FileSource { path: "-".into(), fps: 10.0, start: Timestamp(0), repeat: false };
    CameraPlan {
        zones: (0..4).map(zone).collect(),
        lines: (0..3).map(line).collect(),
        ..CameraPlan::new(id(CameraId::new("cam")), SourcePlan::File(source))
    }
}

/// A frame of people who walk across the picture and back, each at their own height and phase.
fn people(count: u64, frame: usize) -> Vec<Track> {
    let person = |i: u64| {
        let phase = (frame + 37 * i as usize) % FRAMES;
        let share = phase.min(FRAMES - phase) as f64 / (FRAMES / 2) as f64;
        let (x, y) = (share * f64::from(SIZE.width_px), 100.0 + (i * 61 % 900) as f64);
        Track {
            id: TrackId(i),
            class: ObjectClass::Person,
            state: TrackState::Confirmed,
            bbox: PixelBox { left: x - 20.0, top: y - 100.0, right: x + 20.0, bottom: y },
            score: 0.9,
            first_seen: Timestamp(0),
            last_seen: Timestamp(0),
        }
    };
    (0..count).map(person).collect()
}

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("flow/step");
    for count in [20, 100, 300] {
        let frames: Vec<Vec<Track>> = (0..FRAMES).map(|frame| people(count, frame)).collect();
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            let mut flow = CameraFlow::new(&camera());
            let mut meta =
                FrameMeta { camera: id(CameraId::new("cam")), seq: 0, at: Timestamp(0), size: SIZE, epoch: 0 };
            bencher.iter(|| {
                meta.seq += 1;
                meta.at = meta.at.plus_seconds(0.1);
                black_box(flow.step(&meta, &frames[meta.seq as usize % FRAMES], &[]))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
