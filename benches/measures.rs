//! All measures of one frame on the ground plane at 20, 100 and 300 people: a Voronoi cell for everybody within a
//! walkable area with obstacles, then for each of four zones both densities, mean speed, standing share, level of
//! service, directions, stop-and-go, oscillation, forecast, surge, standing groups, gathering, dispersal, wrong way and
//! counter-flow, and the highest local density and greatest pressure. The last two come from one field over all zones,
//! which is measured alone too. Prints the medians as a table at the end.

use std::hint::black_box;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, criterion_group};
use crowdflow::flow::measures::{
    DispersalWatch, FillForecast, GatheringSettings, GatheringWatch, GroundDirection, GroundField, GroundVelocity,
    LevelOfServiceTable, LevelOfServiceWatch, OscillationWindow, PressureSettings, Sample, SpeedWindow, StandingWatch,
    StopAndGo, SurgeWindow, WalkedWays, WrongWay, classic_density, counter_flow, direction_entropy, mean_speed_mps,
    polar_order, speed_deficit, standing_share, voronoi_density,
};
use crowdflow::geometry::{CutOff, GroundArea, voronoi_cells};
use crowdflow::model::{GroundPoint, Timestamp, TrackId};

const FPS: f64 = 10.0;
const FRAMES: usize = 200;
const PEOPLE: [usize; 3] = [20, 100, 300];
/// A walkway of 20 m by 6 m: 0.17, 0.83 and 2.5 people per m².
const LENGTH_M: f64 = 20.0;
const WIDTH_M: f64 = 6.0;
const ZONES: usize = 4;

fn at(x_m: f64, y_m: f64) -> GroundPoint {
    GroundPoint { x_m, y_m }
}

fn rectangle(x0: f64, y0: f64, x1: f64, y1: f64) -> Vec<GroundPoint> {
    vec![at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1)]
}

fn area(outline: &[GroundPoint], obstacles: &[Vec<GroundPoint>]) -> GroundArea {
    GroundArea::new(outline, obstacles).unwrap_or_else(|fault| panic!("{fault}"))
}

/// Numbers from 0 to 1, the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Where people are in every frame: each walks at their own speed, half of them the other way, round and round.
fn frames(people: usize) -> Vec<Vec<GroundPoint>> {
    let mut noise = Noise(7);
    let walkers: Vec<[f64; 3]> = (0..people).map(|_| [noise.next(), noise.next(), noise.next()]).collect();
    let position = |frame: usize, index: usize| {
        let [begin, across, pace] = walkers[index];
        let way_m = (0.4 + pace) * frame as f64 / FPS * if index.is_multiple_of(2) { 1.0 } else { -1.0 };
        at((begin * LENGTH_M + way_m).rem_euclid(LENGTH_M), 0.05 + across * (WIDTH_M - 0.1))
    };
    (0..FRAMES).map(|frame| (0..people).map(|index| position(frame, index)).collect()).collect()
}

struct Zone {
    area: GroundArea,
    level: LevelOfServiceWatch,
    steadiness: StopAndGo,
    forecast: FillForecast,
    oscillation: OscillationWindow,
    surge: SurgeWindow,
    standing: StandingWatch,
    gathering: GatheringWatch,
    dispersal: DispersalWatch,
}

struct Run {
    walkable: GroundArea,
    zones: Vec<Zone>,
    field: GroundField,
    ways: WalkedWays,
    windows: Vec<SpeedWindow>,
    frames: Vec<Vec<GroundPoint>>,
    now: usize,
}

impl Run {
    fn new(people: usize) -> Self {
        let pillars: Vec<_> = (1..5).map(|i| 4.0 * f64::from(i)).map(|x| rectangle(x, 2.8, x + 0.4, 3.2)).collect();
        let zone = |index: usize| {
            let from_m = index as f64 * LENGTH_M / ZONES as f64;
            let area = area(&rectangle(from_m, 0.0, from_m + LENGTH_M / ZONES as f64, WIDTH_M), &[]);
            Zone {
                forecast: FillForecast::new(area.area_m2(), 60.0),
                area,
                level: LevelOfServiceWatch::new(LevelOfServiceTable::WALKWAY),
                steadiness: StopAndGo::default(),
                oscillation: OscillationWindow::default(),
                surge: SurgeWindow::default(),
                standing: StandingWatch::default(),
                gathering: GatheringWatch::new(GatheringSettings::default()),
                dispersal: DispersalWatch::default(),
            }
        };
        let zones: Vec<Zone> = (0..ZONES).map(zone).collect();
        let areas: Vec<&GroundArea> = zones.iter().map(|zone| &zone.area).collect();
        let field = GroundField::new(&areas, PressureSettings::default()).unwrap_or_else(|| panic!("no field"));
        Self {
            walkable: area(&rectangle(0.0, 0.0, LENGTH_M, WIDTH_M), &pillars),
            zones,
            field,
            ways: WalkedWays::default(),
            windows: vec![SpeedWindow::new(1.0); people],
            frames: frames(people),
            now: 0,
        }
    }

    fn people(&mut self) -> Vec<(GroundPoint, Option<GroundVelocity>)> {
        self.now += 1;
        let time = self.time();
        let points = &self.frames[self.now % FRAMES];
        let moved = self.windows.iter_mut().zip(points).map(|(window, &point)| {
            window.push(Sample { at: time, point });
            (point, window.velocity())
        });
        moved.collect()
    }

    fn time(&self) -> Timestamp {
        Timestamp(0).plus_seconds(self.now as f64 / FPS)
    }

    fn step(&mut self) {
        let people = self.people();
        let (time, points) = (self.time(), &self.frames[self.now % FRAMES]);
        let cells = voronoi_cells(points, Some(&self.walkable), CutOff::default());
        self.field.scatter(&people);
        let tracks = |index: usize| TrackId(index as u64 + 1);
        self.ways.step(time, points.iter().enumerate().map(|(index, &point)| (tracks(index), point)));
        let allowed = GroundDirection::new(1.0, 0.0).unwrap_or_else(|| panic!("no direction"));
        for (index, zone) in self.zones.iter_mut().enumerate() {
            let density = voronoi_density(&cells, &zone.area);
            black_box(classic_density(points, &zone.area));
            black_box(zone.level.step(density));
            zone.forecast.push(time, density, 0, 0);
            black_box(zone.forecast.time_to(3.5));
            if let Some(speed_mps) = mean_speed_mps(&people, &zone.area) {
                zone.steadiness.push(time, speed_mps);
                black_box((zone.steadiness.index(), speed_deficit(speed_mps, density)));
            }
            let inside: Vec<_> = people
                .iter()
                .enumerate()
                .filter(|(_, (point, _))| zone.area.contains(*point))
                .map(|(index, &(point, velocity))| (tracks(index), point, velocity))
                .collect();
            let moving: Vec<_> = inside.iter().filter_map(|&(_, point, velocity)| Some((point, velocity?))).collect();
            let velocities: Vec<_> = moving.iter().map(|&(_, velocity)| velocity).collect();
            black_box((standing_share(&velocities), polar_order(&velocities), direction_entropy(&velocities)));
            black_box(counter_flow(&velocities, None));
            let directions = inside.iter().filter_map(|&(track, ..)| self.ways.direction(track));
            black_box(WrongWay::count(directions, allowed).share());
            let mean = |part: fn(&GroundVelocity) -> f64| {
                velocities.iter().map(part).sum::<f64>() / velocities.len().max(1) as f64
            };
            let mean = GroundVelocity { x_mps: mean(|v| v.x_mps), y_mps: mean(|v| v.y_mps) };
            // As dense as it must be to be computed at all.
            zone.oscillation.push(time, mean, density.max(4.0));
            black_box(zone.oscillation.oscillation());
            zone.surge.push(time, inside.len() as f64);
            black_box(zone.surge.people_per_min());
            let groups = zone.standing.step(time, &inside);
            black_box(zone.gathering.step(time, &groups));
            black_box(zone.dispersal.step(time, &moving));
            black_box((self.field.densest(index), self.field.greatest_pressure(index)));
        }
    }

    /// The field alone.
    fn field_step(&mut self, people: &[(GroundPoint, Option<GroundVelocity>)]) {
        self.field.scatter(people);
        for index in 0..ZONES {
            black_box((self.field.densest(index), self.field.greatest_pressure(index)));
        }
    }
}

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("measures/frame");
    for people in PEOPLE {
        let mut run = Run::new(people);
        group.bench_function(BenchmarkId::from_parameter(people), |bencher| bencher.iter(|| run.step()));
    }
    group.finish();
    let mut group = criterion.benchmark_group("measures/field");
    for people in PEOPLE {
        let mut run = Run::new(people);
        let walkers = (0..FPS as usize).map(|_| run.people()).last().unwrap_or_default();
        group.bench_function(BenchmarkId::from_parameter(people), |bencher| {
            bencher.iter(|| run.field_step(&walkers));
        });
    }
    group.finish();
}

/// Median and 95th percentile of what `step` takes, in ms.
fn taken_ms(mut step: impl FnMut()) -> (f64, f64) {
    let mut taken_ms: Vec<f64> = (0..10 * FRAMES)
        .map(|_| {
            let begin = Instant::now();
            step();
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    taken_ms.sort_by(f64::total_cmp);
    (taken_ms[taken_ms.len() / 2], taken_ms[taken_ms.len() * 95 / 100])
}

fn print_table() {
    println!("ms a frame, {ZONES} zones    all measures       the field alone");
    println!("people               median       p95    median       p95");
    for people in PEOPLE {
        let mut run = Run::new(people);
        let (median, p95) = taken_ms(|| run.step());
        let walkers = run.people();
        let (field_median, field_p95) = taken_ms(|| run.field_step(&walkers));
        println!("{people:6}            {median:9.4} {p95:9.4} {field_median:9.4} {field_p95:9.4}");
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
