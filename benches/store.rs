//! The store under load, on SQLite and on PostgreSQL: samples a second that it takes, hour after hour rolled up, and a
//! measure read back for a back-test. Both flush every commit to the disk.
//!
//! `cargo bench --bench store`; with `--test` one small round of each.

use std::time::{Duration, Instant};

use crowdflow::model::{Measure, Reading, Readings, Scope, Timestamp, UnknownReason};
use crowdflow::store::{AlertCommit, PlaceId, PlaceKey, RuleStateRow, Sample, Store, StoreAddress, StoreError};

#[path = "../tests/support/postgres.rs"]
mod postgres;

/// Whole hours since 1970.
const BEGIN: Timestamp = Timestamp(1_795_489_200_000_000);

struct Size {
    /// Zones sampled at each second, for the rate.
    zones: u32,
    /// Seconds of them.
    seconds: u32,
    /// Hours of 40 zones, for roll-up and back-test.
    hours: u32,
}

/// What a busy zone of a calibrated camera reads: every measure of zones, most of them different each second.
fn readings(random: &mut fastrand::Rng) -> Readings {
    let people = f64::from(random.u32(20..60));
    let of = |measure: Measure| {
        let value = match measure {
            Measure::Occupancy => Reading::Valid(people),
            Measure::Density => Reading::AtLeast(people / 55.3),
            _ if measure.facts().metric.starts_with("time_to_threshold") => Reading::AtLeast(1800.0),
            _ if measure.facts().unit.is_empty() && random.u32(..2) == 0 => Reading::Valid(0.0),
            _ if random.u32(..20) == 0 => Reading::Unknown(UnknownReason::NotEnough),
            _ => Reading::Valid(random.f64() * 3.0),
        };
        (measure, value)
    };
    Measure::of(Scope::Zone).map(of).collect()
}

async fn zones(store: &Store, count: u32) -> Result<Vec<PlaceId>, StoreError> {
    let mut places = Vec::new();
    for number in 0..count {
        let key = PlaceKey::within("zone", &format!("camera_{}", number / 8), &format!("zone_{number}"));
        places.push(store.place(&key, BEGIN).await?);
    }
    Ok(places)
}

fn batch(places: &[PlaceId], at: Timestamp, variety: &[Readings], random: &mut fastrand::Rng) -> Vec<Sample> {
    let sample = |&place: &PlaceId| Sample { place, at, readings: variety[random.usize(..variety.len())].clone() };
    places.iter().map(sample).collect()
}

fn p95(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[(times.len() * 95 / 100).min(times.len() - 1)].as_secs_f64() * 1e3
}

async fn measure(name: &str, address: &StoreAddress, size: &Size) -> Result<(), StoreError> {
    let store = Store::open(address, BEGIN).await?;
    let mut random = fastrand::Rng::with_seed(1);
    let variety: Vec<_> = (0..500).map(|_| readings(&mut random)).collect();

    let places = zones(&store, size.zones).await?;
    let (mut spent, mut slowest, mut commits) = (Duration::ZERO, Duration::ZERO, Vec::new());
    for second in 0..size.seconds {
        let at = BEGIN.plus_seconds(f64::from(second));
        let samples = batch(&places, at, &variety, &mut random);
        let begun = Instant::now();
        store.write_samples(&samples, &[]).await?;
        let took = begun.elapsed();
        (spent, slowest) = (spent + took, slowest.max(took));
        let state = RuleStateRow { rule: "rule".to_owned(), at, state: "{}".to_owned() };
        let begun = Instant::now();
        store.commit(&AlertCommit { rule_states: vec![state], ..AlertCommit::default() }, at).await?;
        commits.push(begun.elapsed());
    }
    let rate = f64::from(size.zones * size.seconds) / spent.as_secs_f64();
    println!(
        "{name}: {rate:.0} samples/s of {} measures ({} zones a second for {} s; slowest second {:.0} ms)",
        variety[0].iter().count(),
        size.zones,
        size.seconds,
        slowest.as_secs_f64() * 1e3
    );
    println!("{name}: a small commit in between, p95: {:.1} ms", p95(commits));

    // Behind those, so that nothing of them is rolled up again.
    let begin = BEGIN.plus_seconds(24.0 * 3600.0);
    store.roll_up(begin).await?;
    let forty = &places[..places.len().min(40)];
    for minute in 0..size.hours * 60 {
        let second = |s: u32| begin.plus_seconds(f64::from(minute * 60 + s));
        let samples: Vec<_> = (0..60).flat_map(|s| batch(forty, second(s), &variety, &mut random)).collect();
        store.write_samples(&samples, &[]).await?;
    }
    let end = begin.plus_seconds(f64::from(size.hours) * 3600.0);
    let begun = Instant::now();
    let done = store.roll_up(end).await?;
    let a_zone_hour = begun.elapsed().as_secs_f64() * 1e3 / f64::from(size.hours) / forty.len() as f64;
    println!("{name}: roll-up of minutes and hours: {a_zone_hour:.1} ms a zone and hour ({} hours)", done.hours);
    let (begun, mut count) = (Instant::now(), 0);
    for &place in forty {
        count += store.series(place, Measure::Density, (begin, end)).await?.len();
    }
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    let month = 40.0 * 30.0 * 86_400.0 / rate;
    println!("{name}: back-test reads {rate:.0} readings/s of a measure: a month of 40 zones in {month:.1} s");
    let bytes = store.status().await?.bytes as f64;
    println!("{name}: {:.0} MB", bytes / 1e6);
    store.close().await;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let test = std::env::args().any(|arg| arg == "--test");
    let size =
        if test { Size { zones: 200, seconds: 2, hours: 1 } } else { Size { zones: 20_000, seconds: 60, hours: 4 } };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        // In the target folder: the system's temporary one may be in memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        measure("SQLite", &StoreAddress::file(folder.path().join("store.db")), &size).await?;
        if let Some(server) = postgres::Server::get(true) {
            let database = server.new_database().await;
            let address = StoreAddress::parse(&server.url(&database))?.with_password(postgres::PASSWORD);
            measure("PostgreSQL", &address, &size).await?;
        }
        Ok(())
    })
}
