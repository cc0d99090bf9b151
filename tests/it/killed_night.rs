//! A night of alerts whose program is killed again and again, at any moment: in the end everything is in the store and
//! was delivered just as if nobody had touched it.
//!
//! The night is scripted second by second; the rules, the desk, the keeper, the store and the delivery workers are those
//! that `run` uses, in a process of their own. `CROWDFLOW_KILLS=200 cargo test --test it -- killed_night` kills as often as
//! the issue asks for; a usual run does it less often.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crowdflow::alerting::{AlertDesk, Keeper, Kept, KeptRule, RulesNow, StoreOpened, Told};
use crowdflow::config::{self, Plan};
use crowdflow::metrics::{BuildInfo, Metrics};
use crowdflow::model::{
    Action, AlertEvent, CameraId, Measure, Reading, Readings, RuleId, SiteId, StepState, Timestamp, UnknownReason,
    ZoneId, ZoneState,
};
use crowdflow::rules::{CameraReadings, OpenAlert, RuleEngine, RuleState};
use crowdflow::sink::delivery::{Clock, Deliveries, Lane, SystemClock, sender};
use crowdflow::store::{Retention, Store, StoreAddress};
use jiff::tz::TimeZone;
use tokio::sync::oneshot;

use crate::delivery::target::{Target, status};
use crate::store::postgres;

const STORE: &str = "CROWDFLOW_TEST_NIGHT_STORE";
const HOOK: &str = "CROWDFLOW_TEST_NIGHT_HOOK";
const LENGTH: &str = "CROWDFLOW_TEST_NIGHT_SECONDS";
const IN_FLIGHT: &str = "CROWDFLOW_TEST_NIGHT_IN_FLIGHT";
const KILLS: &str = "CROWDFLOW_KILLS";
const USUAL_KILLS: usize = 15;
/// Every other process doesn't wait for each commit: so many may be on their way when it is killed.
const MOST_ON_THEIR_WAY: usize = 12;
/// Scripted seconds for each kill, more than a process gets through before it is killed.
const SECONDS_A_KILL: i64 = 60;
const BEGIN: Timestamp = Timestamp(1_790_784_000_000_000);

const CONFIG: &str = r#"
[store]
[cameras.gate]
source.file = { path = "gate.avi", fps = 1 }
zones.plaza.polygon = [[0, 0], [1, 0], [1, 1]]
zones.steps.polygon = [[0, 0], [1, 0], [1, 1]]
[rules.plaza_full]
zone = "gate/plaza"
measure = "occupancy"
levels.blue = { raise = 40, hold_s = 3, clear = 34, clear_hold_s = 4 }
levels.yellow = { raise = 60, hold_s = 2, clear = 52, clear_hold_s = 4 }
levels.orange = { raise = 75, hold_s = 1, clear = 68, clear_hold_s = 4 }
levels.red = { raise = 90, hold_s = 0, clear = 80, clear_hold_s = 4 }
[rules.steps_full]
zone = "gate/steps"
measure = "occupancy"
levels.yellow = { raise = 55, hold_s = 5, clear = 45, clear_hold_s = 5 }
[sites.bund]
zones = ["gate/plaza", "gate/steps"]
unit = "quarter"
[units.district]
[units.quarter]
parent = "district"
[plans.orange]
site = "bund"
level = "orange"
[[plans.orange.steps]]
id = "patrol"
text = "Send a patrol"
limit_s = 20
[alerts]
remind_every_s = 15
escalate_after_s = { orange = 10, red = 5 }
[destinations.hook]
timeout_s = 5
webhook.url = "http://HOOK/alerts"
"#;

fn plan(hook: &str) -> Plan {
    config::parse(&CONFIG.replace("HOOK", hook), Path::new("/site"), &|_| None)
        .unwrap_or_else(|error| panic!("{error}"))
}

fn at(second: i64) -> Timestamp {
    BEGIN.plus_seconds(second as f64)
}

/// What a zone reads in a second: a walk that anybody can repeat, with a blind time now and then.
fn reading(zone: u64, second: i64) -> Reading {
    let dice = |of: i64| fastrand::Rng::with_seed(zone ^ (of as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).f64();
    if second.rem_euclid(97) >= 90 {
        return Reading::Unknown(UnknownReason::NoFrames);
    }
    // Waves of some 40 s, no two of the same height.
    let wave = second.div_euclid(40);
    let height = 30.0 + 80.0 * dice(wave);
    let phase = second.rem_euclid(40) as f64 / 40.0 * std::f64::consts::TAU;
    let noise = 8.0 * (dice(second.wrapping_mul(7919)) - 0.5);
    Reading::Valid((height * 0.5 * (1.0 - phase.cos()) + noise).max(0.0).round())
}

struct Engine(RuleEngine);

impl RulesNow for Engine {
    fn standing(&self, rule: &RuleId) -> Option<AlertEvent> {
        self.0.standing(rule)
    }
    fn state(&self, rule: &RuleId) -> Option<RuleState> {
        self.0.state_of_rule(rule)
    }
    fn site(&self, _: &SiteId) -> Option<Readings> {
        None
    }
}

/// Rules and alerts, as one process has them.
struct Night {
    camera: CameraId,
    engine: Engine,
    desk: AlertDesk,
}

impl Night {
    fn new(plan: &Plan, kept: &Kept) -> Self {
        let camera = plan.cameras[0].id.clone();
        let mut engine = RuleEngine::of_camera(plan, &camera);
        let of_engine = |(id, rule): (&RuleId, &KeptRule)| Some((id.clone(), rule.engine.clone()?));
        let dropped = engine.restore(&kept.rules.iter().filter_map(of_engine).collect());
        assert!(dropped.is_empty() && kept.unreadable.is_empty());
        let engine = Engine(engine);
        let mut desk = AlertDesk::new(plan, "a configuration".to_owned());
        assert!(desk.restore(kept, &dropped, BEGIN, &engine).is_empty());
        Self { camera, engine, desk }
    }

    /// One second: what zones read, then time, then what the officers do.
    fn step(&mut self, second: i64) -> Vec<Told> {
        let now = at(second);
        let zone = |id: &str, number: u64| ZoneState {
            zone: ZoneId::new(id).unwrap(),
            classes: Vec::new(),
            readings: Readings::NONE.with(Measure::Occupancy, reading(number, second)),
            saturation: None,
        };
        let zones = [zone("plaza", 1), zone("steps", 2)];
        let blind = matches!(reading(1, second), Reading::Unknown(_)).then_some(5.0);
        let readings = CameraReadings { zones: &zones, lines: &[], camera: &Readings::NONE };
        let events = self.engine.0.step(now, &self.camera, readings);
        let mut told = vec![
            self.desk.observe(&events, (&self.camera, now, blind), &self.engine),
            self.desk.tick(now, &self.engine),
        ];
        let open: Vec<OpenAlert> = self.desk.open().cloned().collect();
        // What officers did in a second that is gone through again after a kill, they have done.
        let is_new = |alert: &OpenAlert| alert.newest() < now.plus_seconds(0.5);
        for alert in open.into_iter().filter(is_new) {
            let age_s = now.seconds_since(alert.since).round() as i64;
            let action = match age_s {
                7 if alert.acknowledged.is_none() && alert.rule.as_str().starts_with("steps") => Action::Acknowledge,
                9 if alert.shelved.is_none() && second % 3 == 0 => {
                    Action::Shelve { until: now.plus_seconds(6.0), reason: "fireworks, as planned".to_owned() }
                }
                12 if alert.steps.iter().any(|step| step.state == StepState::Waiting) => {
                    Action::Step { step: "patrol".to_owned(), state: StepState::Started, note: None }
                }
                _ => continue,
            };
            told.push(self.desk.act(now, &alert.id, "Li", action, &self.engine).unwrap());
        }
        told
    }
}

/// Not a test by itself: the program, in a process of its own. It goes on where the store ends, and says what is stored.
#[test]
#[ignore = "started by the test below, in a process of its own"]
fn program() {
    let (Ok(store), Ok(hook), Ok(length)) = (std::env::var(STORE), std::env::var(HOOK), std::env::var(LENGTH)) else {
        return;
    };
    let (plan, length): (Plan, i64) = (plan(&hook), length.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&StoreAddress::parse(&store).unwrap(), BEGIN).await.unwrap();
        let rows = store.rule_states().await.unwrap();
        // What every rule has seen need not be told again.
        let seen = rows.iter().map(|row| row.at).min().filter(|_| rows.len() >= 3);
        let first = seen.map_or(0, |seen| seen.seconds_since(BEGIN).floor() as i64);
        let mut night = Night::new(&plan, &Kept::of(rows, SystemClock.now()));
        let lane = Lane::new(&plan.destinations[0], sender(&plan.destinations[0], &TimeZone::UTC).unwrap());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let deliveries =
            Deliveries::start(&store, vec![lane], Arc::clone(&clock), fastrand::Rng::new(), Arc::new(|_| ()));
        let build = BuildInfo { version: "0".into(), model: "none".into(), onnxruntime: "none".into() };
        let metrics = Metrics::new(&plan, &build).unwrap();
        let opened =
            StoreOpened { store: store.clone(), retention: Retention::default(), deliveries: deliveries.waker() };
        let (keeper, handle) = Keeper::start(opened, Arc::clone(&clock), metrics);
        let most = if std::env::var(IN_FLIGHT).is_ok() { MOST_ON_THEIR_WAY } else { 0 };
        let mut on_their_way = VecDeque::new();
        for second in first..length {
            for told in night.step(second) {
                let (done, stored) = oneshot::channel();
                let said: Vec<String> =
                    told.notices.iter().map(|notice| format!("{}/{}", notice.alert, notice.number)).collect();
                handle.commit(told.commit, clock.now(), Some(done));
                on_their_way.push_back((stored, said));
                while on_their_way.len() > most {
                    say_stored(on_their_way.pop_front()).await;
                }
            }
            let rows = night.desk.kept(&night.engine).into_iter();
            handle.states(rows.map(|(rule, kept)| kept.row(&rule, at(second)).unwrap()).collect());
            println!("\nsecond {second}");
        }
        while let Some(next) = on_their_way.pop_front() {
            say_stored(Some(next)).await;
        }
        drop(handle);
        assert!(keeper.stop(Duration::from_secs(60)).await);
        let begun = Instant::now();
        while store.outbox_counts().await.unwrap().iter().any(|count| count.pending > 0) {
            assert!(begun.elapsed() < Duration::from_secs(60), "not all was delivered");
            tokio::task::yield_now().await;
        }
        assert!(deliveries.stop(Duration::from_secs(10)).await);
        store.close().await;
        println!("\nthe night is over");
    });
}

async fn say_stored(next: Option<(oneshot::Receiver<()>, Vec<String>)>) {
    let Some((stored, said)) = next else { return };
    stored.await.unwrap();
    for said in said {
        println!("\nstored {said}");
    }
}

/// Everything that ever happened: by alert, each entry as text.
async fn history(store: &Store) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in store.transitions_between(Timestamp(0), Timestamp(i64::MAX)).await.unwrap() {
        let entry = format!("{} {:?} {} {:?}→{:?} {:?}", row.seq, row.at, row.kind, row.from, row.to, row.who);
        all.entry(row.alert).or_default().push(entry);
    }
    all
}

fn kills(usual: usize) -> usize {
    std::env::var(KILLS).ok().and_then(|kills| kills.parse().ok()).unwrap_or(usual)
}

#[test]
fn whatever_moment_it_is_killed_at_nothing_is_lost_and_nothing_happens_twice() {
    let folder = tempfile::tempdir().unwrap();
    kill_and_compare(&folder.path().join("killed.db").display().to_string(), kills(USUAL_KILLS), 7);
}

#[test]
fn nor_on_postgres() {
    let Some(server) = postgres::Server::get(false) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = server.url(&runtime.block_on(server.new_database()));
    let url = url.replacen("crowdflow@", &format!("crowdflow:{}@", postgres::PASSWORD), 1);
    kill_and_compare(&url, kills(USUAL_KILLS / 2), 8);
}

/// `address` is where the store of the killed night is to be.
fn kill_and_compare(address: &str, kills: usize, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // It takes its time, so that some are killed between its answer and the note that it came.
    let target = runtime.block_on(Target::start(|_| {
        for _ in 0..200_000 {
            std::hint::spin_loop();
        }
        status(200)
    }));
    let length = (kills as i64 + 1) * SECONDS_A_KILL;
    let start = |store: &str, hook: String, waits: bool| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        if !waits {
            command.env(IN_FLIGHT, "1");
        }
        command
            .args(["killed_night::program", "--exact", "--ignored", "--nocapture"])
            .env(STORE, store)
            .env(HOOK, hook)
            .env(LENGTH, length.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut confirmed: BTreeSet<String> = BTreeSet::new();
    let mut moved = 0;
    for kill in 0..=kills {
        let mut child = start(address, target.address.to_string(), kill % 2 == 0);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut said: Vec<String> = if kill < kills {
            let said = lines.by_ref().filter(|line| !line.is_empty()).take(random.usize(4..90)).collect();
            // And so many moments more: in the middle of a transaction, a flush, or a message.
            for _ in 0..random.u32(..1_000_000) {
                std::hint::spin_loop();
            }
            child.kill().unwrap();
            said
        } else {
            Vec::new()
        };
        said.extend(lines);
        let ended = child.wait().unwrap();
        assert!(
            kill < kills || (ended.success() && said.iter().any(|line| line == "the night is over")),
            "{:?}",
            said.last_chunk::<6>()
        );
        let new = said.iter().filter_map(|line| line.strip_prefix("stored ")).map(str::to_owned);
        let before = confirmed.len();
        confirmed.extend(new);
        moved += usize::from(confirmed.len() > before);
        // What was confirmed to be stored is there, after each kill.
        runtime.block_on(async {
            let store = Store::open(&StoreAddress::parse(address).unwrap(), BEGIN).await.unwrap();
            let transitions = store.transitions_between(Timestamp(0), Timestamp(i64::MAX)).await.unwrap();
            let there: BTreeSet<String> = transitions.iter().map(|row| format!("{}/{}", row.alert, row.seq)).collect();
            let lost: Vec<_> = confirmed.difference(&there).collect();
            assert!(lost.is_empty(), "seed {seed}, kill {kill}: lost {lost:?}");
            store.close().await;
        });
    }
    // The same night, untouched: not a line differs.
    let untouched = folder.path().join("untouched.db").display().to_string();
    let calm = runtime.block_on(Target::start(|_| status(200)));
    let ended = start(&untouched, calm.address.to_string(), true).wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    let [killed, untouched] = [address, &untouched].map(|address| {
        runtime.block_on(async {
            let store = Store::open_existing(&StoreAddress::parse(address).unwrap()).await.unwrap();
            history(&store).await
        })
    });
    for (alert, entries) in &untouched {
        assert_eq!(killed.get(alert), Some(entries), "seed {seed}: {alert}");
    }
    assert_eq!(killed.len(), untouched.len(), "seed {seed}");
    // Deliveries: everything, in order, and what came twice came with the same key and the same bytes.
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    let mut again = 0;
    for seen in target.seen() {
        let body = seen.json();
        let (key, alert) = (body["key"].as_str().unwrap().to_owned(), body["alert"].as_str().unwrap().to_owned());
        if let Some(before) = first.get(&key) {
            assert_eq!(before, &seen.body, "{key}");
            again += 1;
            continue;
        }
        let entry = body["entry"].as_u64().unwrap();
        assert!(newest.insert(alert, entry) < Some(entry), "{key} came too late");
        first.insert(key, seen.body.clone());
    }
    let wanted: BTreeMap<String, String> =
        calm.seen().iter().map(|seen| (seen.json()["key"].as_str().unwrap().to_owned(), seen.body.clone())).collect();
    assert_eq!(first.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "seed {seed}");
    let transitions: usize = untouched.values().map(Vec::len).sum();
    println!(
        "{kills} kills ({moved} times something new had been confirmed), {length} s, {} alerts, {transitions} transitions, \
         {} messages, {again} of them again with the same key: none lost",
        untouched.len(),
        first.len()
    );
    assert!(moved * 2 > kills && transitions > kills, "too little happened: {transitions} transitions, {moved} runs");
}
