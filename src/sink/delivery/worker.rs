//! Takes what is due out of the outbox and sends it: for each destination one worker, in order for each alert.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::backoff::{after_failure, wait_s};
use super::clock::Clock;
use super::payload::{Payload, SCHEMA};
use super::sender::{Failure, FailureKind, Outgoing, Sender};
use crate::config::DestinationPlan;
use crate::model::Timestamp;
use crate::store::{Delivery, DeliveryState, Settled, Store, StoreError};

/// Seconds beyond an attempt's time-out for which a message is lent: then the worker must have died.
const LENT_BEYOND_TIMEOUT_S: f64 = 30.0;
/// Seconds after which the outbox is looked at though nobody said that there is something new.
const LOOK_EVERY_S: f64 = 30.0;
/// Seconds to wait where the store can't be read or written.
const STORE_WAIT_S: f64 = 1.0;

/// A destination with its sender.
pub struct Lane {
    /// The destination's id: the outbox's name for it.
    pub id: String,
    /// What sends.
    pub sender: Arc<dyn Sender>,
    /// How long a message is tried, in seconds.
    pub retry_for_s: f64,
    /// How long one attempt may take, in seconds.
    pub timeout_s: f64,
}

impl Lane {
    /// A configured destination's.
    #[must_use]
    pub fn new(plan: &DestinationPlan, sender: Arc<dyn Sender>) -> Self {
        Self { id: plan.id.clone(), sender, retry_for_s: plan.retry_for_s, timeout_s: plan.timeout_s }
    }
}

/// What came of an attempt: for metrics, logs, and an alert about a message that was given up.
#[derive(Debug, Clone, PartialEq)]
pub enum DeliveryEvent {
    /// The destination has taken it.
    Delivered {
        /// The destination.
        destination: String,
        /// The message's key.
        key: String,
        /// Seconds since it was written.
        after_s: f64,
    },
    /// It will be tried again.
    Failed {
        /// The destination.
        destination: String,
        /// The message's key.
        key: String,
        /// Attempts so far.
        attempts: u32,
        /// Why.
        error: String,
        /// When it is tried again.
        next: Timestamp,
    },
    /// It was given up: somebody has to know.
    Dead(DeadDelivery),
}

/// A message that was given up. The outbox keeps it: [`Store::revive_delivery`] makes it due again.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadDelivery {
    /// Its number in the outbox.
    pub id: i64,
    /// The destination.
    pub destination: String,
    /// The alert.
    pub alert: String,
    /// The message's key.
    pub key: String,
    /// When it was written.
    pub created: Timestamp,
    /// When it was given up.
    pub at: Timestamp,
    /// Attempts in all.
    pub attempts: u32,
    /// Why the last one failed.
    pub error: String,
}

/// Who hears of what came of attempts. Called from the workers: it must not wait.
pub type OnDelivery = Arc<dyn Fn(DeliveryEvent) + Send + Sync>;

/// Wakes the workers.
#[derive(Debug, Clone, Default)]
pub struct Waker(Vec<Arc<Notify>>);

impl Waker {
    /// Says that there is something new in the outbox.
    pub fn wake(&self) {
        self.0.iter().for_each(|wake| wake.notify_one());
    }
}

/// The workers of all destinations.
pub struct Deliveries {
    wake: Waker,
    stop: watch::Sender<bool>,
    workers: JoinSet<()>,
}

impl Deliveries {
    /// Starts a worker for each destination, on the present runtime. `random` is for waits.
    #[must_use]
    pub fn start(
        store: &Store,
        lanes: Vec<Lane>,
        clock: Arc<dyn Clock>,
        mut random: fastrand::Rng,
        on_delivery: OnDelivery,
    ) -> Self {
        let (stop, stopping) = watch::channel(false);
        let mut workers = JoinSet::new();
        let mut wake = Vec::with_capacity(lanes.len());
        for lane in lanes {
            let woken = Arc::new(Notify::new());
            wake.push(Arc::clone(&woken));
            let worker = Worker {
                store: store.clone(),
                lane,
                clock: Arc::clone(&clock),
                random: random.fork(),
                on_delivery: Arc::clone(&on_delivery),
                failures: 0,
                paused_until: Timestamp(i64::MIN),
            };
            workers.spawn(worker.run(stopping.clone(), woken));
        }
        Self { wake: Waker(wake), stop, workers }
    }

    /// Says that there is something new in the outbox.
    pub fn wake(&self) {
        self.wake.wake();
    }

    /// What wakes them.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.wake.clone()
    }

    /// Begins nothing new, waits for what is on its way, and ends. `false`: some of it took longer than `grace`; it is
    /// sent again after the next start, with the same key.
    pub async fn stop(mut self, grace: Duration) -> bool {
        let _ = self.stop.send(true);
        let all = async { while self.workers.join_next().await.is_some() {} };
        let in_time = tokio::time::timeout(grace, all).await.is_ok();
        self.workers.shutdown().await;
        in_time
    }
}

struct Worker {
    store: Store,
    lane: Lane,
    clock: Arc<dyn Clock>,
    random: fastrand::Rng,
    on_delivery: OnDelivery,
    /// Attempts in a row that failed because of the destination.
    failures: u32,
    /// Nothing is sent before.
    paused_until: Timestamp,
}

type Attempt = (Delivery, Result<(), Failure>);
type OnTheirWay = FuturesUnordered<BoxFuture<'static, Attempt>>;

impl Worker {
    async fn run(mut self, mut stopping: watch::Receiver<bool>, woken: Arc<Notify>) {
        self.restore(&mut stopping).await;
        // What a worker that was killed had in its hands goes out at once, not when its time is up.
        if let Err(error) = self.store.release_deliveries(&self.lane.id, self.clock.now()).await {
            self.store_failed("written", &error);
        }
        let mut on_their_way = OnTheirWay::new();
        let mut keep_at = self.clock.now();
        while !*stopping.borrow() {
            if on_their_way.is_empty() {
                self.keep(&mut keep_at).await;
            }
            if let Err(error) = self.claim(&mut on_their_way).await {
                self.store_failed("read", &error);
            }
            if !on_their_way.is_empty() {
                // What becomes due meanwhile waits for the first of these, which an attempt's time-out bounds.
                tokio::select! {
                    Some(attempt) = on_their_way.next() => self.settle(attempt).await,
                    () = woken.notified() => {}
                    _ = stopping.changed() => {}
                }
                continue;
            }
            let next = self.next(keep_at).await;
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                () = woken.notified() => {}
                _ = stopping.changed() => {}
            }
        }
        while let Some(attempt) = on_their_way.next().await {
            self.settle(attempt).await;
        }
        self.lane.sender.close().await;
    }

    /// Tells the sender of the alerts that are open, by the last that was delivered of each.
    async fn restore(&mut self, stopping: &mut watch::Receiver<bool>) {
        if self.lane.sender.keep_every_s().is_none() {
            return;
        }
        loop {
            match self.open().await {
                Ok(open) => return self.lane.sender.restore(open),
                Err(error) => self.store_failed("read", &error),
            }
            tokio::select! {
                () = self.clock.sleep_until(self.paused_until) => {}
                _ = stopping.changed() => return,
            }
        }
    }

    async fn open(&self) -> Result<Vec<(Payload, String)>, StoreError> {
        let mut open = Vec::new();
        for alert in self.store.open_alerts().await? {
            let rows = self.store.deliveries(&alert.id).await?;
            let told = |row: &&crate::store::DeliveryRow| {
                row.delivery.sink == self.lane.id && row.state == DeliveryState::Delivered
            };
            if let Some(last) = rows.iter().rev().find(told)
                && let Ok(payload) = read(&last.delivery.payload)
            {
                open.push((payload, last.delivery.payload.clone()));
            }
        }
        Ok(open)
    }

    async fn keep(&mut self, keep_at: &mut Timestamp) {
        let now = self.clock.now();
        let Some(every_s) = self.lane.sender.keep_every_s().filter(|_| now >= *keep_at) else { return };
        *keep_at = now.plus_seconds(every_s);
        let timeout = Duration::from_secs_f64(self.lane.timeout_s);
        let kept = tokio::time::timeout(timeout, self.lane.sender.keep(now)).await;
        if let Err(failure) = kept.unwrap_or_else(|_| Err(Failure::retry("no answer in time"))) {
            tracing::warn!(destination = %self.lane.id, error = %failure, "a destination can't be told what is still so");
        }
    }

    /// Takes as many messages as may be on their way; one at a time after a failure, to see whether the destination is
    /// there again.
    async fn claim(&mut self, on_their_way: &mut OnTheirWay) -> Result<(), StoreError> {
        let now = self.clock.now();
        let most = if self.failures > 0 { 1 } else { self.lane.sender.most_at_once() };
        let room = most.saturating_sub(on_their_way.len());
        if room == 0 || now < self.paused_until {
            return Ok(());
        }
        let lent_until = now.plus_seconds(self.lane.timeout_s + LENT_BEYOND_TIMEOUT_S);
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        for claim in self.store.claim_deliveries(&self.lane.id, now, lent_until, room).await? {
            on_their_way.push(Box::pin(attempt(
                Arc::clone(&self.lane.sender),
                claim,
                now,
                Duration::from_secs_f64(self.lane.timeout_s),
            )));
        }
        Ok(())
    }

    /// When there is something to do next, as far as is known.
    async fn next(&mut self, keep_at: Timestamp) -> Timestamp {
        let now = self.clock.now();
        let due = match self.store.next_delivery(&self.lane.id).await {
            Ok(due) => due,
            Err(error) => {
                self.store_failed("read", &error);
                None
            }
        };
        let look_at = now.plus_seconds(LOOK_EVERY_S);
        let due = due.unwrap_or(look_at).max(self.paused_until);
        let keep_at = if self.lane.sender.keep_every_s().is_some() { keep_at } else { look_at };
        due.min(keep_at).min(look_at.max(self.paused_until))
    }

    async fn settle(&mut self, (claim, outcome): Attempt) {
        let now = self.clock.now();
        let settled = match &outcome {
            Ok(()) => {
                self.failures = 0;
                Settled::Delivered { at: now }
            }
            Err(failure) => self.after(&claim, failure, now),
        };
        match self.store.settle_delivery(&claim, &settled).await {
            Ok(true) => self.tell(claim, settled),
            // It ran out, and somebody else has it.
            Ok(false) => {}
            // It becomes due again by itself, and is sent with the same key.
            Err(error) => self.store_failed("write", &error),
        }
    }

    fn after(&mut self, claim: &Delivery, failure: &Failure, now: Timestamp) -> Settled {
        let settled = after_failure(claim, (failure, self.failures + 1), now, self.lane.retry_for_s, self.random.f64());
        let pause_s = match failure.kind {
            // The destination is there.
            FailureKind::Refused => {
                self.failures = 0;
                return settled;
            }
            FailureKind::Later(after_s) => after_s,
            // Those that are too old make way at once.
            FailureKind::Retry if matches!(settled, Settled::Dead { .. }) => super::backoff::LEAST_WAIT_S,
            FailureKind::Retry => wait_s(self.failures + 1, self.random.f64()),
        };
        self.failures = self.failures.saturating_add(1);
        self.paused_until = self.paused_until.max(now.plus_seconds(pause_s));
        settled
    }

    fn tell(&self, claim: Delivery, settled: Settled) {
        let destination = self.lane.id.clone();
        let event = match settled {
            Settled::Delivered { at } => {
                DeliveryEvent::Delivered { destination, key: claim.key, after_s: at.seconds_since(claim.created) }
            }
            Settled::Retry { next, error } => {
                if self.failures == 1 {
                    tracing::warn!(%destination, key = %claim.key, %error, "a destination takes no messages; they wait");
                }
                DeliveryEvent::Failed { destination, key: claim.key, attempts: claim.attempt, error, next }
            }
            Settled::Dead { at, error } => {
                tracing::error!(%destination, key = %claim.key, attempts = claim.attempt, %error, "a message was given up");
                DeliveryEvent::Dead(DeadDelivery {
                    id: claim.id,
                    destination,
                    alert: claim.stream,
                    key: claim.key,
                    created: claim.created,
                    at,
                    attempts: claim.attempt,
                    error,
                })
            }
        };
        (self.on_delivery)(event);
    }

    fn store_failed(&mut self, what: &str, error: &StoreError) {
        tracing::warn!(destination = %self.lane.id, %error, "the outbox can't be {what}");
        self.paused_until = self.paused_until.max(self.clock.now().plus_seconds(STORE_WAIT_S));
    }
}

/// One attempt, which ends in time whatever the sender does.
async fn attempt(sender: Arc<dyn Sender>, claim: Delivery, now: Timestamp, timeout: Duration) -> Attempt {
    let outcome = match read(&claim.payload) {
        Ok(payload) => {
            let sent = sender.send(Outgoing { payload: &payload, body: &claim.payload, now });
            let sent = tokio::time::timeout(timeout, sent).await;
            sent.unwrap_or_else(|_| Err(Failure::retry(format!("no answer within {} s", timeout.as_secs_f64()))))
        }
        Err(reason) => Err(Failure::refused(reason)),
    };
    (claim, outcome)
}

fn read(text: &str) -> Result<Payload, String> {
    let payload: Payload =
        serde_json::from_str(text).map_err(|error| format!("the outbox holds what is no message: {error}"))?;
    if payload.schema == SCHEMA {
        Ok(payload)
    } else {
        Err(format!("the outbox holds a message of schema {}, this program sends {SCHEMA}", payload.schema))
    }
}
