//! Samples, and what is made of them.

use crowdflow::model::{Direction, Measure, ObjectClass, Reading, Readings, Timestamp, UnknownReason};
use crowdflow::store::{CrossingRow, Period, PlaceId, PlaceKey, Retention, Sample, Store, Written};

use super::{Site, at, on_both};

on_both!(
    samples_come_back_bit_by_bit,
    of_one_second_the_latest_is_kept,
    rollups_are_what_the_samples_say,
    a_series_is_the_same_before_and_after_the_rollup_and_retention,
    crossings_come_back_once,
    planners_read_samples_and_rollups_by_sql,
);

/// A whole hour: 2026-11-24T04:00:00Z.
const HOUR: f64 = 3600.0;

async fn zone(store: &Store, name: &str) -> PlaceId {
    store.place(&PlaceKey::within("zone", "gate", name), at(0.0)).await.unwrap()
}

fn reading(random: &mut fastrand::Rng, value: f64) -> Reading {
    match random.u32(..10) {
        0 => Reading::Unknown(UnknownReason::NoFrames),
        1 => Reading::Unknown(UnknownReason::NotEnough),
        2 => Reading::AtLeast(value),
        3 => Reading::AtMost(value),
        _ => Reading::Valid(value),
    }
}

/// What a zone may read: counts, densities over an odd area, speeds, and things that hardly change.
fn readings(random: &mut fastrand::Rng) -> Readings {
    let people = f64::from(random.u32(..40));
    let mut readings = Readings::NONE
        .with(Measure::Occupancy, reading(random, people))
        .with(Measure::Density, reading(random, people / 31.7))
        .with(Measure::TimeToRed, Reading::AtLeast(1800.0))
        .with(Measure::Turbulence, Reading::Valid(0.0));
    if random.u32(..5) > 0 {
        let speed = random.f64() * 2.0 - 0.5;
        readings.set(Measure::Speed, reading(random, speed));
    }
    readings
}

fn of_seconds(random: &mut fastrand::Rng, place: PlaceId, seconds: std::ops::Range<u32>) -> Vec<Sample> {
    let mut samples = Vec::new();
    for second in seconds {
        // Now and then the program is busy, or off.
        if random.u32(..20) > 0 {
            let at = at(f64::from(second) + random.f64() * 0.9);
            samples.push(Sample { place, at, readings: readings(random) });
        }
    }
    samples
}

async fn samples_come_back_bit_by_bit(site: Site) {
    let store = site.open().await;
    let mut random = fastrand::Rng::with_seed(1);
    let (plaza, quay) = (zone(&store, "plaza").await, zone(&store, "quay").await);
    let given = [of_seconds(&mut random, plaza, 0..700), of_seconds(&mut random, quay, 0..700)];
    let mut shuffled = given.concat();
    random.shuffle(&mut shuffled);
    let all = Written { samples: shuffled.len() as u64, too_late: 0 };
    assert_eq!(store.write_samples(&shuffled, &[]).await.unwrap(), all);
    assert_eq!(store.write_samples(&shuffled, &[]).await.unwrap(), all, "repeated after an error");
    store.close().await;
    let store = site.open().await;
    assert_eq!(zone(&store, "plaza").await, plaza, "a place keeps its number");
    for (place, given) in [plaza, quay].into_iter().zip(&given) {
        assert_eq!(&store.samples(place, at(-10.0), at(1e6)).await.unwrap(), given);
        let part: Vec<_> = given.iter().filter(|sample| sample.at >= at(9.5) && sample.at < at(99.5)).collect();
        assert_eq!(store.samples(place, at(9.5), at(99.5)).await.unwrap().iter().collect::<Vec<_>>(), part);
    }
    assert_eq!(store.samples(plaza, at(1e6), at(2e6)).await.unwrap(), []);
    assert_eq!(store.places().await.unwrap().len(), 2);
    assert_eq!(store.find_place(&PlaceKey::within("zone", "gate", "roof")).await.unwrap(), None);
}

async fn of_one_second_the_latest_is_kept(site: Site) {
    let store = site.open().await;
    let place = zone(&store, "plaza").await;
    let people = |seconds: f64, count: f64| Sample {
        place,
        at: at(seconds),
        readings: Readings::NONE.with(Measure::Occupancy, Reading::Valid(count)),
    };
    store.write_samples(&[people(1.7, 3.0), people(1.9, 4.0), people(1.1, 1.0)], &[]).await.unwrap();
    assert_eq!(store.samples(place, at(0.0), at(9.0)).await.unwrap(), [people(1.9, 4.0)]);
    store.write_samples(&[people(1.5, 2.0)], &[]).await.unwrap();
    assert_eq!(store.samples(place, at(0.0), at(9.0)).await.unwrap(), [people(1.9, 4.0)]);
    store.write_samples(&[people(1.95, 5.0)], &[]).await.unwrap();
    assert_eq!(store.samples(place, at(0.0), at(9.0)).await.unwrap(), [people(1.95, 5.0)]);
    assert_eq!(store.newest_sample().await.unwrap(), Some(at(1.0)));
}

/// Asserts that roll-ups of this period are those of the samples, summed up here in another way.
async fn assert_rollups(store: &Store, place: PlaceId, samples: &[Sample], period: Period, until: f64) {
    let length = period.seconds() as f64;
    for measure in [Measure::Occupancy, Measure::Density, Measure::Speed] {
        let rollups = store.rollups(place, measure, period, (at(0.0), at(until))).await.unwrap();
        let mut expected = 0;
        for start in (0..).map(|i| f64::from(i) * length).take_while(|start| *start < until) {
            let inside = samples.iter().filter(|sample| sample.at >= at(start) && sample.at < at(start + length));
            let all: Vec<Reading> = inside.filter_map(|sample| sample.readings.get(measure)).collect();
            let known: Vec<f64> = all.iter().filter_map(|reading| reading.value()).collect();
            let rollup = rollups.iter().find(|rollup| rollup.start == at(start));
            let Some(rollup) = rollup else {
                assert!(all.is_empty(), "{measure:?} at {start}");
                continue;
            };
            expected += 1;
            assert_eq!(f64::from(rollup.seconds_known + rollup.seconds_unknown), length);
            assert_eq!(rollup.seconds_known as usize, known.len());
            assert_eq!(rollup.coverage(), known.len() as f64 / length);
            let bounds = all.iter().filter(|r| matches!(r, Reading::AtLeast(_) | Reading::AtMost(_))).count();
            assert_eq!(rollup.seconds_bound as usize, bounds);
            let Some(values) = rollup.values else { panic!("{measure:?} at {start}") };
            assert_eq!(Some(&values.last), known.last());
            assert_eq!(values.min, known.iter().copied().fold(f64::INFINITY, f64::min));
            assert_eq!(values.max, known.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            assert!((values.mean - known.iter().sum::<f64>() / known.len() as f64).abs() < 1e-9);
        }
        assert_eq!(rollups.len(), expected);
    }
}

async fn rollups_are_what_the_samples_say(site: Site) {
    let store = site.open().await;
    let mut random = fastrand::Rng::with_seed(2);
    let place = zone(&store, "plaza").await;
    assert_eq!(store.roll_up(at(1e6)).await.unwrap().minutes, 0, "nothing there yet");
    // From the middle of an hour, with a night in between, into a third hour.
    let mut samples = of_seconds(&mut random, place, 1800..3700);
    samples.extend(of_seconds(&mut random, place, 7200..7300));
    store.write_samples(&samples, &[]).await.unwrap();
    let done = store.roll_up(at(3725.0)).await.unwrap();
    assert_eq!((done.minutes, done.hours), (32, 1), "the minute and the hour that go on wait");
    assert_eq!(store.roll_up(at(3725.0)).await.unwrap(), Default::default());
    let done = store.roll_up(at(3.0 * HOUR)).await.unwrap();
    assert_eq!((done.minutes, done.hours), (2, 2));
    assert_rollups(&store, place, &samples, Period::Minute, 3.0 * HOUR).await;
    assert_rollups(&store, place, &samples, Period::Hour, 3.0 * HOUR).await;
    // Samples that come late, as after a lost connection.
    let late = of_seconds(&mut random, place, 600..660);
    store.write_samples(&late, &[]).await.unwrap();
    samples.splice(0..0, late);
    store.roll_up(at(3.0 * HOUR)).await.unwrap();
    assert_rollups(&store, place, &samples, Period::Minute, 3.0 * HOUR).await;
    assert_rollups(&store, place, &samples, Period::Hour, 3.0 * HOUR).await;
    // A minute in which nothing was known is there, and without a value.
    let blind = |second: f64| Sample {
        place,
        at: at(second),
        readings: Readings::NONE.with(Measure::Occupancy, Reading::Unknown(UnknownReason::NoFrames)),
    };
    store.write_samples(&(0..60).map(|i| blind(4.0 * HOUR + f64::from(i))).collect::<Vec<_>>(), &[]).await.unwrap();
    store.roll_up(at(5.0 * HOUR)).await.unwrap();
    let range = (at(4.0 * HOUR), at(5.0 * HOUR));
    let rollups = store.rollups(place, Measure::Occupancy, Period::Minute, range).await.unwrap();
    assert_eq!((rollups.len(), rollups[0].values, rollups[0].seconds_unknown), (1, None, 60));
}

async fn a_series_is_the_same_before_and_after_the_rollup_and_retention(site: Site) {
    let store = site.open().await;
    let mut random = fastrand::Rng::with_seed(3);
    let place = zone(&store, "plaza").await;
    let samples = of_seconds(&mut random, place, 0..9000);
    store.write_samples(&samples, &[]).await.unwrap();
    let all = (at(0.0), at(9000.0));
    let part = (at(1234.5), at(7777.7));
    let expected = |measure: Measure, (from, to): (Timestamp, Timestamp)| -> Vec<(Timestamp, Reading)> {
        let inside = samples.iter().filter(|sample| sample.at >= from && sample.at < to);
        inside.filter_map(|sample| Some((sample.at, sample.readings.get(measure)?))).collect()
    };
    let keep_an_hour = Retention { samples_days: Some(0), ..Retention::default() };
    for step in 0..3 {
        match step {
            0 => {}
            1 => assert_eq!(store.roll_up(at(8000.0)).await.unwrap().hours, 2),
            _ => {
                // Only what is rolled up goes, whatever its age.
                let removed = store.retain(&keep_an_hour, at(1e6)).await.unwrap();
                let old = samples.iter().filter(|sample| sample.at < at(7200.0)).count();
                assert_eq!(removed.samples, old as u64);
            }
        }
        for measure in [Measure::Occupancy, Measure::Density, Measure::Speed, Measure::TimeToRed] {
            for range in [all, part] {
                let series = store.series(place, measure, range).await.unwrap();
                assert_eq!(series, expected(measure, range), "{measure:?} in step {step}");
            }
        }
        assert_eq!(store.series(place, Measure::Pressure, all).await.unwrap(), []);
    }
    // What comes after its rows were cleared away would make an hour of itself alone.
    let late = Sample { place, at: at(100.0), readings: Readings::NONE };
    assert_eq!(store.write_samples(&[late], &[]).await.unwrap(), Written { samples: 0, too_late: 1 });
    store.roll_up(at(1e5)).await.unwrap();
    assert_eq!(store.series(place, Measure::Speed, all).await.unwrap(), expected(Measure::Speed, all));
}

async fn crossings_come_back_once(site: Site) {
    let store = site.open().await;
    let line = store.place(&PlaceKey::within("line", "gate", "kerb"), at(0.0)).await.unwrap();
    let crossing = |seconds: f64, direction, track| CrossingRow {
        place: line,
        at: at(seconds),
        direction,
        class: ObjectClass::Person,
        track,
    };
    let given =
        [crossing(1.25, Direction::In, 7), crossing(1.25, Direction::In, 8), crossing(3.5, Direction::Out, u64::MAX)];
    store.write_samples(&[], &given).await.unwrap();
    store.write_samples(&[], &given).await.unwrap();
    assert_eq!(store.crossings(line, at(0.0), at(9.0)).await.unwrap(), given);
    assert_eq!(store.crossings(line, at(1.25), at(3.5)).await.unwrap(), given[..2]);
}

async fn planners_read_samples_and_rollups_by_sql(site: Site) {
    let store = site.open().await;
    let place = zone(&store, "plaza").await;
    let readings = Readings::NONE
        .with(Measure::Occupancy, Reading::AtLeast(12.0))
        .with(Measure::Density, Reading::Unknown(UnknownReason::NoFrames));
    store.write_samples(&[Sample { place, at: at(1.5), readings }], &[]).await.unwrap();
    store.roll_up(at(60.0)).await.unwrap();
    let sql = "SELECT time, place, occupancy_quality, density_quality, CAST(CAST(occupancy AS INTEGER) AS TEXT), \
               COALESCE(CAST(density_per_m2 AS TEXT), 'null') FROM sample_readable";
    let row = site.texts(sql).await;
    assert_eq!(row, ["2026-11-24T03:00:01Z", "zone:gate/plaza", "at_least", "unknown:no_frames", "12", "null"]);
    let sql = "SELECT time, place, measure, CAST(seconds_known AS TEXT), COALESCE(CAST(mean AS TEXT), 'null') \
               FROM rollup_readable WHERE measure = 'density'";
    assert_eq!(site.texts(sql).await, ["2026-11-24T03:00:00Z", "zone:gate/plaza", "density", "0", "null"]);
}
