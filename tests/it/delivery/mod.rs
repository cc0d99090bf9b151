//! Alerts on their way to people's systems: real brokers, mail servers and Alertmanagers that are killed in the middle,
//! and HTTP servers that answer as they shouldn't.

mod http;
mod outbox;
mod robots;
pub mod services;
pub mod target;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crowdflow::config::{self, DestinationPlan};
use crowdflow::model::{Level, NoticeKind, Timestamp};
use crowdflow::sink::delivery::payload::{Measured, Named, Payload, PlaceText, SCHEMA};
use crowdflow::sink::delivery::{
    Clock, Deliveries, DeliveryEvent, Failure, Lane, Outgoing, Sender, SystemClock, sender,
};
use crowdflow::store::{NewDelivery, Store, StoreAddress};
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, watch};

/// Occurs in what must never be shown.
const SECRET: &str = "SECgeheim";
/// Nothing here takes long; a test that waits for what never comes ends.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.expect("within the patience of a test") })
}

/// The destination of a table, named `to`.
fn destination(table: &str) -> DestinationPlan {
    let text = format!("cameras.a.source.http.url = \"http://127.0.0.1/\"\nstore = {{}}\n[destinations.to]\n{table}");
    let environment = |name: &str| match name {
        "SECRET" => Some(SECRET.to_owned()),
        name => name
            .strip_prefix("IS_")
            .map(|text| format!("http://{}/{SECRET}", text.replace("_PORT_", ":").replace('_', "."))),
    };
    let mut plan = config::parse(&text, Path::new("/site"), &environment).unwrap_or_else(|error| panic!("{error}"));
    plan.destinations.remove(0)
}

fn sender_of(plan: &DestinationPlan) -> Arc<dyn Sender> {
    sender(plan, &TimeZone::UTC).unwrap_or_else(|error| panic!("{error}"))
}

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_rfc3339("2026-11-24T03:00:00Z").unwrap().plus_seconds(seconds)
}

/// An entry of an alert's history.
fn payload(rule: &str, entry: u32, kind: NoticeKind, level: Option<Level>, before: Option<Level>) -> Payload {
    let named = |id: &str| Named { id: id.to_owned(), name: id.to_owned() };
    let alert = format!("{rule}.{}", at(0.0).0);
    Payload {
        schema: SCHEMA,
        key: format!("{alert}/{entry}/to"),
        destination: "to".to_owned(),
        alert,
        entry,
        kind,
        time: at(f64::from(entry)).to_rfc3339(),
        since: at(0.0).to_rfc3339(),
        level,
        level_before: before,
        drill: false,
        rule: named(rule),
        site: None,
        place: Some(PlaceText { camera: Some(named("gate")), site: None, zone: Some(named("plaza")), line: None }),
        measure: Some(Measured {
            name: "density".to_owned(),
            unit: "people per m²".to_owned(),
            value: Some(2.25),
            quality: "at_least".to_owned(),
            time: Some(at(f64::from(entry)).to_rfc3339()),
            threshold: Some(2.0),
            source: "site plan".to_owned(),
        }),
        units: Vec::new(),
        plan: None,
        may_enter: None,
        who: None,
        text: None,
        until: None,
        step: None,
    }
}

fn raised(rule: &str, entry: u32) -> Payload {
    payload(rule, entry, NoticeKind::Raised, Some(Level::Orange), None)
}

fn row(payload: &Payload, due: Timestamp) -> NewDelivery {
    NewDelivery {
        sink: payload.destination.clone(),
        stream: payload.alert.clone(),
        key: payload.key.clone(),
        payload: serde_json::to_string(payload).unwrap(),
        due,
    }
}

/// Sends one message straight away.
async fn send(sender: &dyn Sender, payload: &Payload, now: Timestamp) -> Result<(), Failure> {
    let body = serde_json::to_string(payload).unwrap();
    sender.send(Outgoing { payload, body: &body, now }).await
}

async fn open_store() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreAddress::file(folder.path().join("store.db")), at(0.0)).await.unwrap();
    (store, folder)
}

/// A clock that stands until somebody waits, and then is at what was waited for: up to a limit, where it stops.
struct JumpingClock {
    now: Mutex<Timestamp>,
    limit: watch::Sender<Timestamp>,
    /// The limit at which somebody waits for more.
    stopped_at: watch::Sender<Timestamp>,
}

impl JumpingClock {
    fn new(now: Timestamp) -> Arc<Self> {
        Arc::new(Self { now: Mutex::new(now), limit: watch::Sender::new(now), stopped_at: watch::Sender::new(now) })
    }

    /// Lets it go on to this time, and waits until there is nothing to do before.
    async fn go_to(&self, limit: Timestamp) {
        self.limit.send_replace(limit);
        self.stopped_at.subscribe().wait_for(|stopped_at| *stopped_at == limit).await.unwrap();
        *self.now.lock().unwrap() = limit;
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut limits = self.limit.subscribe();
            while *limits.borrow_and_update() < at {
                self.stopped_at.send_replace(*limits.borrow());
                limits.changed().await.unwrap();
            }
            let mut now = self.now.lock().unwrap();
            *now = (*now).max(at);
        })
    }
}

/// The system's clock, many times as fast.
struct FastClock {
    start: Timestamp,
    started: Instant,
}

impl FastClock {
    const TIMES: f64 = 20.0;

    fn start() -> Arc<Self> {
        Arc::new(Self { start: SystemClock.now(), started: Instant::now() })
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        self.start.plus_seconds(self.started.elapsed().as_secs_f64() * Self::TIMES)
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        let wait_s = at.seconds_since(self.now()).max(0.0) / Self::TIMES;
        Box::pin(tokio::time::sleep(Duration::from_secs_f64(wait_s)))
    }
}

/// A worker for one destination, and what it tells.
struct Worker {
    deliveries: Deliveries,
    events: mpsc::Receiver<DeliveryEvent>,
}

impl Worker {
    fn start(store: &Store, plan: &DestinationPlan, sender: Arc<dyn Sender>, clock: Arc<dyn Clock>) -> Self {
        let (tell, events) = mpsc::channel(10_000);
        let lanes = vec![Lane::new(plan, sender)];
        let on_delivery = Arc::new(move |event| tell.try_send(event).unwrap());
        let deliveries = Deliveries::start(store, lanes, clock, fastrand::Rng::with_seed(7), on_delivery);
        Self { deliveries, events }
    }

    async fn event(&mut self) -> DeliveryEvent {
        self.events.recv().await.expect("an event")
    }

    /// Waits until so many are delivered; gives their keys.
    async fn delivered(&mut self, count: usize) -> Vec<String> {
        let mut keys = Vec::new();
        while keys.len() < count {
            match self.event().await {
                DeliveryEvent::Delivered { key, .. } => keys.push(key),
                DeliveryEvent::Failed { .. } => {}
                DeliveryEvent::Dead(dead) => panic!("{dead:?}"),
            }
        }
        keys
    }

    async fn failed(&mut self) -> String {
        loop {
            if let DeliveryEvent::Failed { error, .. } = self.event().await {
                return error;
            }
        }
    }
}
