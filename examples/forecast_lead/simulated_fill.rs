//! Zones that fill by chance: people come as a Poisson process whose rate follows one of a few courses, stay for a random
//! time, and leave through an exit that may be too narrow. A detector sees most of them; lines count most of those who
//! pass. None of the constants was taken from, or fitted to, the recorded experiments.

use fastrand::Rng;

use super::early_warning::Seen;

/// What happens in a zone, from one minute-long quiet to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// People come evenly; the zone stays below all levels but the lowest.
    Calm,
    /// It fills to somewhere below red, and stays so.
    Plateau,
    /// It fills beyond red over 10 to 30 minutes.
    Ramp,
    /// Trains arrive.
    Waves,
    /// Its exit gets too narrow for those who come.
    ClosedExit,
}

pub const COURSES: [Course; 5] = [Course::Calm, Course::Plateau, Course::Ramp, Course::Waves, Course::ClosedExit];
/// How long one is watched, in seconds.
pub const DURATION_S: u32 = 3600;
/// Nobody comes in beyond this density, in people per m².
const FULL_PER_M2: f64 = 5.5;
/// Of the people there, the detector misses so many at a time…
const MISSED: f64 = 0.05;
/// …each for so long on average, in seconds.
const MISSED_FOR_S: f64 = 3.0;
/// Of the people who pass a line, it counts so many.
const COUNTED: f64 = 0.97;
/// Longer than anybody stays, in seconds: what is seen begins when the zone is as full as it is going to be.
const WARM_UP_S: u32 = 900;

struct Person {
    leaves_at_s: f64,
    is_missed: bool,
}

/// One zone.
pub struct Fill {
    pub area_m2: f64,
    pub seen: Vec<Seen>,
}

fn uniform(rng: &mut Rng, from: f64, to: f64) -> f64 {
    from + (to - from) * rng.f64()
}

fn exponential(rng: &mut Rng, mean: f64) -> f64 {
    -mean * (1.0 - rng.f64()).ln()
}

/// Arrivals within one second.
fn poisson(rng: &mut Rng, mean: f64) -> u32 {
    let (limit, mut product, mut count) = ((-mean).exp(), rng.f64(), 0);
    while product > limit {
        product *= rng.f64();
        count += 1;
    }
    count
}

/// Simulates an hour.
pub fn simulate(course: Course, seed: u64) -> Fill {
    let rng = &mut Rng::with_seed(seed);
    let area_m2 = [40.0, 100.0, 300.0][rng.usize(0..3)];
    let stay_s = uniform(rng, 60.0, 240.0);
    let base = match course {
        Course::Calm => uniform(rng, 0.2, 0.6),
        Course::Plateau | Course::Ramp => uniform(rng, 0.2, 0.5),
        Course::Waves | Course::ClosedExit => uniform(rng, 0.4, 1.2),
    };
    let peak = match course {
        Course::Plateau => uniform(rng, 0.8, 3.3),
        _ => uniform(rng, 4.0, 5.0),
    };
    let rise_s = match course {
        Course::Plateau => uniform(rng, 300.0, 900.0),
        _ => uniform(rng, 600.0, 1800.0),
    };
    let begins_s = uniform(rng, 300.0, 1200.0);
    let (period_s, train) = (uniform(rng, 240.0, 480.0), uniform(rng, 0.3, 1.5));
    let narrow = uniform(rng, 0.0, 0.6);
    // The density that would establish itself if the rate of arrivals stayed as it is.
    let aimed_per_m2 = |at_s: f64| match course {
        Course::Calm | Course::ClosedExit => base,
        Course::Plateau | Course::Ramp => base + (peak - base) * ((at_s - begins_s) / rise_s).clamp(0.0, 1.0),
        // A train's people come within a minute.
        Course::Waves => base + if at_s.rem_euclid(period_s) < 60.0 { train * stay_s / 60.0 } else { 0.0 },
    };
    let mut people: Vec<Person> = Vec::new();
    let (mut came, mut went, mut room_at_exit) = (0, 0, 0.0_f64);
    let mut seen = Vec::new();
    for second in 0..WARM_UP_S + DURATION_S {
        let at_s = f64::from(second) - f64::from(WARM_UP_S);
        let arrivals = poisson(rng, aimed_per_m2(at_s) * area_m2 / stay_s);
        for _ in 0..arrivals {
            if (people.len() as f64) < FULL_PER_M2 * area_m2 {
                // Four stages: few leave at once, few stay much longer than the rest.
                let leaves_at_s = at_s + (0..4).map(|_| exponential(rng, stay_s / 4.0)).sum::<f64>();
                people.push(Person { leaves_at_s, is_missed: rng.f64() < MISSED });
                came += u64::from(rng.f64() < COUNTED);
            }
        }
        let exit_per_s = match course {
            Course::ClosedExit if at_s >= begins_s => narrow * base * area_m2 / stay_s,
            _ => f64::INFINITY,
        };
        room_at_exit = (room_at_exit + exit_per_s).min(exit_per_s.max(1.0));
        people.retain(|person| {
            let leaves = person.leaves_at_s <= at_s && room_at_exit >= 1.0;
            if leaves {
                room_at_exit -= 1.0;
                went += u64::from(rng.f64() < COUNTED);
            }
            !leaves
        });
        for person in &mut people {
            let turns = if person.is_missed { 1.0 } else { MISSED / (1.0 - MISSED) } / MISSED_FOR_S;
            person.is_missed ^= rng.f64() < turns;
        }
        if at_s >= 0.0 {
            let found = people.iter().filter(|person| !person.is_missed).count();
            let density_per_m2 = found as f64 / area_m2;
            seen.push(Seen { at_s, density_per_m2, in_total: came, out_total: went });
        }
    }
    Fill { area_m2, seen }
}
