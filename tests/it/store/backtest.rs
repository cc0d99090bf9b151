//! A back-test out of a store, and beside what is on record there.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::path::Path;

use crowdflow::backtest::{Matched, Period, RecordedAlert, Replay, Report, Samples, StoredSamples, Subject, replay};
use crowdflow::config::{self, Plan};
use crowdflow::model::{CameraId, Measure, Place, Reading, Readings, Timestamp, UnknownReason, ZoneId};
use crowdflow::store::{
    AlertCommit, AlertFilter, AlertRow, ConfigVersionRow, PlaceKey, Sample, Shelving, Store, StoreAddress,
};

use super::{Site, alert, at, on_both, wait};

on_both!(a_store_gives_what_its_samples_give);

const RULES: &str = r#"
    [cameras.gate]
    source.file = { path = "-", fps = 1 }
    zones.plaza = { polygon = [[0, 0], [1, 0], [1, 1]], area_m2 = 31.7 }
    zones.quay = { polygon = [[0, 0], [1, 0], [1, 1]] }
    [sites.both]
    zones = ["gate/plaza", "gate/quay"]
    [rules.plaza]
    zone = "gate/plaza"
    measure = "density"
    levels.blue = { raise = 0.5, hold_s = 2, clear_hold_s = 2 }
    levels.red = { raise = 1.0, hold_s = 0, clear_hold_s = 0 }
    [rules.roof]
    zone = "gate/quay"
    measure = "mean_dwell"
    levels.blue = { raise = 60 }
    [rules.site]
    site = "both"
    measure = "occupancy"
    levels.blue = { raise = 50, hold_s = 0, clear_hold_s = 0 }
"#;

fn plan() -> Plan {
    config::parse(RULES, Path::new("/"), &|_| None).unwrap_or_else(|error| panic!("{error}"))
}

struct InMemory(BTreeMap<(Place, Measure), Vec<(Timestamp, Reading)>>);

impl Samples for InMemory {
    type Error = Infallible;

    fn series(&self, place: &Place, measure: Measure, part: Period) -> Result<Vec<(Timestamp, Reading)>, Infallible> {
        let series = self.0.get(&(place.clone(), measure)).into_iter().flatten();
        Ok(series.filter(|(at, _)| *at >= part.from && *at < part.to).copied().collect())
    }
}

fn zone(name: &str) -> Place {
    Place::Zone(CameraId::new("gate").unwrap(), ZoneId::new(name).unwrap())
}

/// Two zones that fill and empty, for two and a half hours around midnight UTC, blind and off now and then.
async fn fill(store: &Store, begin: f64) -> InMemory {
    let mut random = fastrand::Rng::with_seed(5);
    let mut memory = InMemory(BTreeMap::new());
    let mut samples = Vec::new();
    for name in ["plaza", "quay"] {
        let id = store.place(&PlaceKey::of(&zone(name)), at(begin)).await.unwrap();
        let (mut people, mut off) = (0.0_f64, 0_u32);
        for second in 0..9000 {
            people = (people + f64::from(random.i32(-3..=3))).clamp(0.0, 40.0);
            off = if random.u32(..300) == 0 { random.u32(1..30) } else { off.saturating_sub(1) };
            if off > 0 {
                continue;
            }
            let of = |value: f64| match second % 900 {
                ..20 => Reading::Unknown(UnknownReason::NoFrames),
                20..200 => Reading::AtLeast(value),
                _ => Reading::Valid(value),
            };
            let readings =
                Readings::NONE.with(Measure::Occupancy, of(people)).with(Measure::Density, of(people / 31.7));
            let at = at(begin + f64::from(second) + 0.25);
            for (measure, reading) in readings.iter() {
                memory.0.entry((zone(name), measure)).or_default().push((at, reading));
            }
            samples.push(Sample { place: id, at, readings });
        }
    }
    store.write_samples(&samples, &[]).await.unwrap();
    memory
}

/// Reads from threads of its own, as the command does.
async fn of_store(store: &Store, plan: &Plan, period: Period) -> Replay {
    let samples = StoredSamples::open(store.clone(), tokio::runtime::Handle::current()).await.unwrap();
    let plan = plan.clone();
    let replayed = tokio::task::spawn_blocking(move || {
        replay(&[&plan], &samples, period, NonZeroUsize::new(2).unwrap()).unwrap().remove(0)
    });
    replayed.await.unwrap()
}

async fn a_store_gives_what_its_samples_give(site: Site) {
    let store = site.open().await;
    let plan = plan();
    // 23:00 UTC: a day's end lies in between.
    let begin = 20.0 * 3600.0;
    let memory = fill(&store, begin).await;
    let period = Period { from: at(begin + 100.0), to: at(begin + 8888.0) };
    let expected = replay(&[&plan], &memory, period, NonZeroUsize::MIN).unwrap().remove(0);
    let of = |rule: &str| expected.events.iter().filter(|event| event.rule.as_str() == rule).count();
    assert!(of("plaza") > 20 && of("site") > 20, "{} {}", of("plaza"), of("site"));
    assert_eq!(of_store(&store, &plan, period).await, expected);
    store.roll_up(at(begin + 8000.0)).await.unwrap();
    assert_eq!(of_store(&store, &plan, period).await, expected, "hours and the rows behind them");
}

/// Alerts of the plaza on record: acknowledged, shelved, unanswered, a drill.
fn on_record(begin: f64) -> Vec<AlertRow> {
    let row = |id: &str, from: f64, to: f64| AlertRow { closed: Some(at(begin + to)), ..alert(id, at(begin + from)) };
    let acknowledged = Some((at(begin + 100.0), "Li".to_owned()));
    let (until, who, reason) = (at(begin + 900.0), "Li".to_owned(), "parade".to_owned());
    let shelved = Some(Shelving { at: at(begin + 400.0), until, who, reason });
    let roof = PlaceKey::of(&zone("quay"));
    vec![
        AlertRow { acknowledged: acknowledged.clone(), ..row("a", 0.0, 4000.0) },
        AlertRow { acknowledged: acknowledged.clone(), place: roof, ..row("b", 300.0, 500.0) },
        AlertRow { shelved, ..row("c", 4000.0, 8000.0) },
        AlertRow { drill: true, acknowledged, ..row("d", 0.0, 4000.0) },
        row("e", -500.0, -400.0),
    ]
}

#[test]
fn the_command_compares_with_what_is_on_record() {
    let folder = crate::support::Site::new();
    let path = folder.path("flow.db");
    let begin = 20.0 * 3600.0;
    wait(async {
        let store = Store::open(&StoreAddress::file(&path), at(0.0)).await.unwrap();
        fill(&store, begin).await;
        store.commit(&AlertCommit { alerts: on_record(begin), ..AlertCommit::default() }, at(0.0)).await.unwrap();
        let filter = AlertFilter { from: Some(at(begin)), to: Some(at(begin + 9000.0)), ..AlertFilter::default() };
        let record = store.alerts(&filter, u32::MAX).await.unwrap();
        let record: Vec<RecordedAlert> = record.iter().filter_map(RecordedAlert::of).collect();
        assert_eq!(record.len(), 3, "neither the drill nor what was over");
        let (plan, period) = (plan(), Period { from: at(begin), to: at(begin + 9000.0) });
        let replayed = of_store(&store, &plan, period).await;
        let subject = Subject { name: "rules", plan: &plan, replay: &replayed };
        let report = Report::new(subject, None, Some(&record), period, "store");
        let matched = |of, fired, not_fired, unknown| Matched { of, fired, not_fired, unknown };
        let on = report.record.unwrap().candidate;
        assert_eq!(on.acknowledged, matched(2, 1, 0, 1), "the rule on the quay has no samples");
        assert_eq!((on.shelved, on.unanswered), (matched(1, 1, 0, 0), matched(0, 0, 0, 0)));
        let text = RULES.replace("raise = 0.5", "raise = 0.7");
        let (hash, who, why) = ("abc".to_owned(), "Li".to_owned(), "first".to_owned());
        store.record_config(&ConfigVersionRow { hash, text, at: at(0.0), who, why }).await.unwrap();
        store.close().await;
    });
    folder.write("rules.toml", RULES);
    let (from, to) = (at(begin).to_rfc3339(), at(begin + 9000.0).to_rfc3339());
    let command = ["backtest", "rules.toml", "--store", "flow.db", "--from", &from, "--to", &to];
    insta::assert_snapshot!(folder.run(&command).quietly_fine().stdout);
    let later = at(1e6).to_rfc3339();
    let latest = at(2e6).to_rfc3339();
    let nothing = folder.run(&["backtest", "rules.toml", "--store", "flow.db", "--from", &later, "--to", &latest]);
    assert_eq!(nothing.code, Some(64));
    insta::assert_snapshot!(nothing.stderr);
}
