//! Rules: evaluations a second, with values that swing through all four levels.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crowdflow::config::{LevelPlan, RulePlan};
use crowdflow::model::{
    CameraId, IdError, Level, Measure, Place, Reading, Readings, RuleId, Timestamp, ZoneId, ZoneState,
};
use crowdflow::rules::{CameraReadings, RuleEngine};

const ZONES: usize = 10;

/// An id from a literal that is one.
fn id<T>(parsed: Result<T, IdError>) -> T {
    parsed.unwrap_or_else(|error| panic!("{error}"))
}

fn zone_id(i: usize) -> ZoneId {
    id(ZoneId::new(&format!("zone_{i}")))
}

fn rule(zone: usize, measure: Measure) -> RulePlan {
    let level = |(i, level): (usize, Level)| {
        let raise = 10.0 * (i + 1) as f64;
        LevelPlan { level, raise, hold_s: 10.0, clear: 0.85 * raise, clear_hold_s: 60.0 }
    };
    let rule = id(RuleId::new(&format!("rule_{zone}_{}", measure.as_str())));
    let place = Place::Zone(id(CameraId::new("cam")), zone_id(zone));
    RulePlan::new(rule, place, measure, Level::ALL.into_iter().enumerate().map(level).collect())
}

fn zones(frame: usize) -> Vec<ZoneState> {
    let zone = |i: usize| {
        let value = Reading::Valid(25.0 + 25.0 * ((frame + 40 * i) as f64 / 60.0).sin());
        let readings = Readings::NONE.with(Measure::Occupancy, value).with(Measure::Density, value);
        ZoneState { zone: zone_id(i), classes: Vec::new(), readings, saturation: None }
    };
    (0..ZONES).map(zone).collect()
}

fn step(criterion: &mut Criterion) {
    let rules: Vec<RulePlan> =
        (0..ZONES).flat_map(|zone| [rule(zone, Measure::Occupancy), rule(zone, Measure::Density)]).collect();
    let frames: Vec<Vec<ZoneState>> = (0..1000).map(zones).collect();
    let camera = id(CameraId::new("cam"));
    let mut group = criterion.benchmark_group("rules");
    group.throughput(Throughput::Elements(rules.len() as u64));
    group.bench_function("step/20_rules_10_zones", |bencher| {
        let mut engine = RuleEngine::new(&rules);
        let (mut at, mut frame) = (Timestamp(0), 0);
        bencher.iter(|| {
            at = at.plus_seconds(1.0);
            frame = (frame + 1) % frames.len();
            let readings = CameraReadings { zones: &frames[frame], lines: &[], camera: &Readings::NONE };
            black_box(engine.step(at, &camera, readings))
        });
    });
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
