//! A month of 40 zones at a sample a second through candidate rules and today's, out of SQLite and out of PostgreSQL.
//!
//! A day of each zone is made up (a daily curve with noise, lower bounds where it is dense, blind stretches and seconds
//! without a sample), written and rolled up by the store itself; its hours are then copied to the other 29 days by SQL,
//! as writing a month second by second takes most of an hour. Replaying looks at every sample of every day.
//!
//! `cargo bench --bench backtest`; with `--test` two hours instead of a month.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use crowdflow::backtest::{Period, Report, StoredSamples, Subject, replay};
use crowdflow::config::{self, Plan};
use crowdflow::model::{Measure, Reading, Readings, Timestamp, UnknownReason};
use crowdflow::store::{PlaceKey, Sample, Store, StoreAddress};

#[path = "../tests/support/postgres.rs"]
mod postgres;

type Fault = Box<dyn std::error::Error>;

/// A whole day since 1970.
const BEGIN: Timestamp = Timestamp(1_795_478_400_000_000);
const CAMERAS: u32 = 5;
const ZONES_A_CAMERA: u32 = 8;
const AREA_M2: f64 = 55.3;

/// Hours that are made up, and how often they are there.
#[derive(Clone, Copy)]
struct Size {
    hours: u32,
    times: u32,
}

impl Size {
    fn end(self) -> Timestamp {
        BEGIN.plus_seconds(f64::from(self.hours * self.times) * 3600.0)
    }
}

/// The people in a zone, who come and go.
struct Zone {
    camera: String,
    name: String,
    people: f64,
    busy: f64,
    blind_until: u32,
}

fn zones() -> Vec<Zone> {
    let zone = |index: u32| Zone {
        camera: format!("camera_{}", index / ZONES_A_CAMERA),
        name: format!("zone_{index}"),
        people: 0.0,
        busy: f64::from(20 + 4 * index),
        blind_until: 0,
    };
    (0..CAMERAS * ZONES_A_CAMERA).map(zone).collect()
}

impl Zone {
    /// What it reads in this second; `None`: there is no sample.
    fn readings(&mut self, second: u32, random: &mut fastrand::Rng) -> Option<Readings> {
        // Two peaks a day, at noon and in the evening.
        let hour = f64::from(second) / 3600.0 % 24.0;
        let peak = |at: f64, width: f64| (-((hour - at) / width).powi(2)).exp();
        let expected = self.busy * (0.05 + 0.6 * peak(12.5, 2.0) + peak(19.5, 1.5));
        // Somebody comes or goes every few seconds.
        if random.f64() < 0.3 {
            self.people += if random.f64() * (self.people + expected) < expected { 1.0 } else { -1.0 };
        }
        if random.u32(..7200) == 0 {
            self.blind_until = second + random.u32(20..600);
        }
        if random.u32(..300) == 0 {
            return None;
        }
        let (is_blind, is_dense) = (second < self.blind_until, self.people / AREA_M2 >= 2.0);
        let reading = |value: f64| match (is_blind, is_dense) {
            (true, _) => Reading::Unknown(UnknownReason::NoFrames),
            (_, true) => Reading::AtLeast(value),
            _ => Reading::Valid(value),
        };
        let (people, density) = (reading(self.people), reading(self.people / AREA_M2));
        Some(Readings::NONE.with(Measure::Occupancy, people).with(Measure::Density, density))
    }
}

/// A configuration with these rules of each zone, and of each site: `ZONE` stands for the zone, `SITE` for the site.
fn plan(of_zones: &[(&str, &str)], of_sites: &[(&str, &str)]) -> Result<Plan, Fault> {
    let mut text = String::new();
    for camera in 0..CAMERAS {
        let _ = writeln!(text, "[cameras.camera_{camera}]\nsource.file = {{ path = \"-\", fps = 5 }}");
        let mut zones = Vec::new();
        for zone in camera * ZONES_A_CAMERA..(camera + 1) * ZONES_A_CAMERA {
            let _ = writeln!(text, "zones.zone_{zone} = {{ polygon = [[0, 0], [1, 0], [1, 1]], area_m2 = {AREA_M2} }}");
            zones.push(format!("\"camera_{camera}/zone_{zone}\""));
        }
        let _ = writeln!(text, "[sites.site_{camera}]\ncapacity = 300\nzones = [{}]", zones.join(", "));
        for zone in camera * ZONES_A_CAMERA..(camera + 1) * ZONES_A_CAMERA {
            for (id, rule) in of_zones {
                let place = format!("camera_{camera}/zone_{zone}");
                let _ = writeln!(text, "[rules.{id}_{zone}]\n{}", rule.replace("ZONE", &place));
            }
        }
        for (id, rule) in of_sites {
            let _ = writeln!(text, "[rules.{id}_{camera}]\n{}", rule.replace("SITE", &format!("site_{camera}")));
        }
    }
    Ok(config::parse(&text, Path::new("/"), &|_| None)?)
}

async fn fill(address: &StoreAddress, raw: &str, size: Size) -> Result<(), Fault> {
    let store = Store::open(address, BEGIN).await?;
    let mut random = fastrand::Rng::with_seed(1);
    let mut zones = zones();
    let mut places = Vec::new();
    for zone in &zones {
        places.push(store.place(&PlaceKey::within("zone", &zone.camera, &zone.name), BEGIN).await?);
    }
    let begun = Instant::now();
    for minute in 0..size.hours * 60 {
        let mut samples = Vec::new();
        for second in minute * 60..(minute + 1) * 60 {
            for (zone, &place) in zones.iter_mut().zip(&places) {
                let at = BEGIN.plus_seconds(f64::from(second) + 0.2);
                samples.extend(zone.readings(second, &mut random).map(|readings| Sample { place, at, readings }));
            }
        }
        store.write_samples(&samples, &[]).await?;
    }
    let seconds = f64::from(size.hours) * 3600.0;
    store.roll_up(BEGIN.plus_seconds(seconds)).await?;
    store.close().await;
    // The rest of the month.
    let copy = "INSERT INTO sample_hour (place, measure, period_start, series) \
                SELECT place, measure, period_start + $1, series FROM sample_hour WHERE period_start < $2";
    let until = "UPDATE progress SET second = $1";
    let end = size.end().0 / 1_000_000;
    let first_end = BEGIN.0 / 1_000_000 + seconds as i64;
    macro_rules! copies {
        ($connection:ty) => {{
            let mut connection = <$connection as sqlx::Connection>::connect(raw).await?;
            for time in 1..i64::from(size.times) {
                let by = time * seconds as i64;
                sqlx::query(copy).bind(by).bind(first_end).execute(&mut connection).await?;
            }
            sqlx::query(until).bind(end).execute(&mut connection).await?;
        }};
    }
    if raw.starts_with("postgres") {
        copies!(sqlx::PgConnection)
    } else {
        copies!(sqlx::SqliteConnection)
    }
    println!("filled in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}

fn time(
    name: &str,
    address: &StoreAddress,
    plans: [&Plan; 2],
    size: Size,
    runtime: &tokio::runtime::Runtime,
) -> Result<(), Fault> {
    let begun = Instant::now();
    let store = runtime.block_on(Store::open_existing(address))?;
    let samples = runtime.block_on(StoredSamples::open(store, runtime.handle().clone()))?;
    let period = Period { from: BEGIN, to: size.end() };
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let replays = replay(&plans, &samples, period, threads)?;
    let subject = |index: usize| Subject { name: "rules", plan: plans[index], replay: &replays[index] };
    let report = Report::new(subject(0), Some(subject(1)), None, period, name);
    let took = begun.elapsed().as_secs_f64();
    let read: u64 = replays[0].coverage.values().map(|coverage| coverage.samples).sum();
    let raised: usize =
        report.rules.iter().filter_map(|row| row.candidate.as_ref()).map(|rule| rule.levels[0].times).sum();
    println!(
        "{name}: {took:.1} s on {threads} threads for {:.1} million samples of the candidate's conditions, {} and {} \
         rules; the candidate raised {raised} alerts",
        read as f64 / 1e6,
        plans[0].rules.len(),
        plans[1].rules.len(),
    );
    Ok(())
}

fn main() -> Result<(), Fault> {
    let test = std::env::args().any(|arg| arg == "--test");
    let size = if test { Size { hours: 1, times: 2 } } else { Size { hours: 24, times: 30 } };
    let density = "zone = \"ZONE\"\nmeasure = \"density\"\n";
    let candidate = format!("{density}levels.yellow = {{ raise = 1.0 }}\nlevels.red = {{ raise = 2.0, hold_s = 60 }}");
    let occupancy = "zone = \"ZONE\"\nmeasure = \"occupancy\"\nlevels.orange = { raise = 90 }";
    let site = "site = \"SITE\"\nmeasure = \"share_of_capacity\"\nlevels.red = { raise = 1.0 }";
    let today = plan(&[("density", density)], &[])?;
    let simple = plan(&[("density", &candidate)], &[])?;
    let rich = plan(&[("density", &candidate), ("people", occupancy)], &[("site", site)])?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let measure = |name: &str, address: &StoreAddress, raw: &str| -> Result<(), Fault> {
        runtime.block_on(fill(address, raw, size))?;
        for _ in 0..if test { 1 } else { 3 } {
            time(&format!("{name}, a rule a zone"), address, [&simple, &today], size, &runtime)?;
        }
        time(&format!("{name}, two rules a zone and sites"), address, [&rich, &today], size, &runtime)
    };
    // In the target folder: the system's temporary one may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = folder.path().join("month.db");
    measure("SQLite", &StoreAddress::file(&path), &format!("sqlite:{}", path.display()))?;
    if let Some(server) = postgres::Server::get(true) {
        let url = server.url(&runtime.block_on(server.new_database()));
        let address = StoreAddress::parse(&url)?.with_password(postgres::PASSWORD);
        measure("PostgreSQL", &address, &url.replacen("crowdflow@", &format!("crowdflow:{}@", postgres::PASSWORD), 1))?;
    }
    Ok(())
}
