//! Writes what is to last, in order, and as often as it takes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::config::Retention;
use crate::metrics::{Lost, Metrics};
use crate::model::{CameraId, Crossing, Place, Readings, Timestamp};
use crate::sink::delivery::{Clock, Waker};
use crate::status::StoreStanding;
use crate::store::{
    AlertCommit, CrossingRow, OutboxCount, PlaceId, PlaceKey, RuleStateRow, Sample, Store, StoreError, StoreErrorKind,
};

/// Writes that may wait for a store that can't be reached: hours of alerts.
const MOST_WAITING: usize = 20_000;
/// Samples and the states of calm rules are passed over where so many writes wait: alerts come first.
const MOST_WAITING_FOR_SAMPLES: usize = 64;
/// The first wait after a write that failed, doubled with each further one up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// A write that fails for a reason that nobody foresaw is tried again so often: for a minute and a half.
const MOST_TRIES_UNKNOWN: u32 = 20;
/// Minutes and hours are summed up this often, up to so long before now, as cameras' clocks differ a little.
const ROLL_UP_EVERY: Duration = Duration::from_secs(20);
const ROLL_UP_BEHIND_S: f64 = 10.0;
/// A write that takes longer is shown as a store that can't be written.
const LONGEST_USUAL_WRITE: Duration = Duration::from_secs(5);
const RETAIN_EVERY: Duration = Duration::from_secs(3600);
const COUNT_EVERY: Duration = Duration::from_secs(5);

/// What all places read in a second, and who crossed lines in it.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// What each place read last.
    pub samples: Vec<(Place, Timestamp, Readings)>,
    /// Crossings of lines.
    pub crossings: Vec<Crossing>,
}

/// How a camera is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Health {
    camera: CameraId,
    state: &'static str,
    detail: String,
    at: Timestamp,
}

#[derive(Debug)]
enum Job {
    Commit { commit: Box<AlertCommit>, at: Timestamp, given: Instant, done: Option<oneshot::Sender<()>> },
    Moment(Moment),
    States(Vec<RuleStateRow>),
    Health(Health),
}

impl Job {
    /// What is lost with it.
    fn loss(&self) -> Lost {
        match self {
            Self::Commit { .. } => Lost::Alerts,
            Self::Moment(_) | Self::States(_) => Lost::Samples,
            Self::Health(_) => Lost::Health,
        }
    }
}

/// An open store, and what is done with it.
pub struct StoreOpened {
    /// The store.
    pub store: Store,
    /// How long what is kept.
    pub retention: Retention,
    /// Wakes those who send what is in it.
    pub deliveries: Waker,
}

/// Takes what is to be written, and never waits for it.
#[derive(Debug, Clone)]
pub struct KeeperHandle {
    jobs: mpsc::Sender<Job>,
    waiting: Arc<AtomicUsize>,
    failing: Arc<AtomicBool>,
    /// Since when the write that is under way has been; `None`: there is none.
    writing_since: Arc<Mutex<Option<Instant>>>,
    metrics: Metrics,
}

/// The tasks that write.
#[derive(Debug)]
pub struct Keeper {
    writing: JoinHandle<()>,
    upkeep: JoinHandle<()>,
}

impl Keeper {
    /// Starts to write, on the present runtime.
    #[must_use]
    pub fn start(opened: StoreOpened, clock: Arc<dyn Clock>, metrics: Metrics) -> (Self, KeeperHandle) {
        let (jobs, waiting_jobs) = mpsc::channel(MOST_WAITING);
        let handle = KeeperHandle {
            jobs,
            waiting: Arc::default(),
            failing: Arc::default(),
            writing_since: Arc::default(),
            metrics: metrics.clone(),
        };
        let writer = Writer {
            store: opened.store.clone(),
            deliveries: opened.deliveries,
            places: HashMap::new(),
            waiting: Arc::clone(&handle.waiting),
            failing: Arc::clone(&handle.failing),
            writing_since: Arc::clone(&handle.writing_since),
            metrics: metrics.clone(),
        };
        let writing = tokio::spawn(writer.run(waiting_jobs));
        let upkeep = tokio::spawn(look_after(opened.store, opened.retention, clock, metrics));
        (Self { writing, upkeep }, handle)
    }

    /// Ends at once; what waits is not written.
    pub fn abandon(self) {
        self.upkeep.abort();
        self.writing.abort();
    }

    /// Ends, once all handles are gone and what waits is written; `false`: some of it could not be written within
    /// `grace`. Called on the runtime.
    pub async fn stop(self, grace: Duration) -> bool {
        self.upkeep.abort();
        tokio::time::timeout(grace, self.writing).await.is_ok()
    }
}

impl KeeperHandle {
    /// Has alerts written. `done` hears once they last; it is dropped where they are lost.
    pub fn commit(&self, commit: AlertCommit, at: Timestamp, done: Option<oneshot::Sender<()>>) {
        self.give(Job::Commit { commit: Box::new(commit), at, given: Instant::now(), done });
    }

    /// Has what places read written, unless too much waits.
    pub fn moment(&self, moment: Moment) {
        self.give_if_room(Job::Moment(moment));
    }

    /// Has the states of rules written, unless too much waits: a later one will follow.
    pub fn states(&self, states: Vec<RuleStateRow>) {
        self.give_if_room(Job::States(states));
    }

    /// Has a camera's health written, unless too much waits: alerts come first.
    pub fn health(&self, camera: &CameraId, state: &'static str, detail: String, at: Timestamp) {
        self.give_if_room(Job::Health(Health { camera: camera.clone(), state, detail, at }));
    }

    /// How the store takes what it is given.
    #[must_use]
    pub fn standing(&self) -> StoreStanding {
        let waiting = self.waiting.load(Ordering::Relaxed);
        let since = *self.writing_since.lock().unwrap_or_else(PoisonError::into_inner);
        let hangs = since.is_some_and(|since| since.elapsed() > LONGEST_USUAL_WRITE);
        StoreStanding { ok: !hangs && !self.failing.load(Ordering::Relaxed), waiting }
    }

    fn give_if_room(&self, job: Job) {
        if self.waiting.load(Ordering::Relaxed) > MOST_WAITING_FOR_SAMPLES {
            self.metrics.store_lost(job.loss());
            return;
        }
        self.give(job);
    }

    fn give(&self, job: Job) {
        let loss = job.loss();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if self.jobs.try_send(job).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.metrics.store_lost(loss);
            tracing::error!(lost = loss.as_str(), "too much waits for the store: this is lost");
        }
        self.metrics.store_waiting(self.waiting.load(Ordering::Relaxed));
    }
}

struct Writer {
    store: Store,
    deliveries: Waker,
    places: HashMap<Place, PlaceId>,
    waiting: Arc<AtomicUsize>,
    failing: Arc<AtomicBool>,
    writing_since: Arc<Mutex<Option<Instant>>>,
    metrics: Metrics,
}

impl Writer {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.recv().await {
            *self.writing_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            self.write(job).await;
            *self.writing_since.lock().unwrap_or_else(PoisonError::into_inner) = None;
            let before = self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.metrics.store_waiting(before.saturating_sub(1));
        }
    }

    async fn write(&mut self, job: Job) {
        let mut wait = FIRST_WAIT;
        let mut failures = 0_u32;
        let written = loop {
            let error = match self.try_to(&job).await {
                Ok(()) => break true,
                Err(error) => error,
            };
            self.metrics.store_failed();
            self.failing.store(true, Ordering::Relaxed);
            failures += 1;
            if !may_pass(error.kind(), failures) {
                tracing::error!(lost = job.loss().as_str(), %error, "the store does not take this: it is lost");
                break false;
            }
            if failures == 1 {
                tracing::error!(%error, "the store can't be written; alerts wait, samples are passed over");
            }
            // Of samples there will be newer ones.
            if matches!(job, Job::Moment(_) | Job::States(_)) && failures > 3 {
                break false;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        };
        if !written {
            self.metrics.store_lost(job.loss());
            return;
        }
        if failures > 0 {
            tracing::info!("the store is written again");
        }
        self.metrics.store_up(true);
        self.failing.store(false, Ordering::Relaxed);
        if let Job::Commit { commit, given, done, .. } = job {
            self.metrics.alert_stored(given.elapsed().as_secs_f64());
            if !commit.deliveries.is_empty() {
                self.deliveries.wake();
            }
            // Nobody may wait for it.
            let _ = done.map(|done| done.send(()));
        }
    }

    async fn try_to(&mut self, job: &Job) -> Result<(), StoreError> {
        match job {
            Job::Commit { commit, at, .. } => self.store.commit(commit, *at).await.map(drop),
            Job::States(states) => {
                let at = states.iter().map(|row| row.at).max().unwrap_or(Timestamp(0));
                let commit = AlertCommit { rule_states: states.clone(), ..AlertCommit::default() };
                self.store.commit(&commit, at).await.map(drop)
            }
            Job::Health(Health { camera, state, detail, at }) => {
                self.store.set_camera_health(camera.as_str(), state, detail, *at).await
            }
            Job::Moment(moment) => self.write_moment(moment).await,
        }
    }

    async fn write_moment(&mut self, moment: &Moment) -> Result<(), StoreError> {
        let mut samples = Vec::with_capacity(moment.samples.len());
        for (place, at, readings) in &moment.samples {
            let place = self.place(place, *at).await?;
            samples.push(Sample { place, at: *at, readings: readings.clone() });
        }
        let mut crossings = Vec::with_capacity(moment.crossings.len());
        for crossing in &moment.crossings {
            let line = Place::Line(crossing.camera.clone(), crossing.line.clone());
            let place = self.place(&line, crossing.at).await?;
            let Crossing { at, direction, class, track, .. } = *crossing;
            crossings.push(CrossingRow { place, at, direction, class, track: track.0 });
        }
        self.store.write_samples(&samples, &crossings).await.map(drop)
    }

    async fn place(&mut self, place: &Place, at: Timestamp) -> Result<PlaceId, StoreError> {
        if let Some(id) = self.places.get(place) {
            return Ok(*id);
        }
        let id = self.store.place(&PlaceKey::of(place), at).await?;
        self.places.insert(place.clone(), id);
        Ok(id)
    }
}

/// Whether a write that failed so is tried again. What would fail just so again is no reason to hold up the rest; what
/// somebody can put right (rights, a password, a file that was moved) is waited for, as nothing of an alert may be lost.
fn may_pass(kind: StoreErrorKind, failures: u32) -> bool {
    match kind {
        kind if kind.is_transient() => true,
        StoreErrorKind::NotFound
        | StoreErrorKind::Permission
        | StoreErrorKind::Credentials
        | StoreErrorKind::Corrupt
        | StoreErrorKind::Schema => true,
        // A server has codes that nobody foresaw.
        StoreErrorKind::Bug => failures <= MOST_TRIES_UNKNOWN,
        _ => false,
    }
}

/// Sums up, clears away what is old, and counts what waits to be sent.
async fn look_after(store: Store, retention: Retention, clock: Arc<dyn Clock>, metrics: Metrics) {
    let mut roll_up = tokio::time::interval(ROLL_UP_EVERY);
    let mut retain = tokio::time::interval(RETAIN_EVERY);
    let mut count = tokio::time::interval(COUNT_EVERY);
    for interval in [&mut roll_up, &mut retain, &mut count] {
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    }
    loop {
        let now = || clock.now();
        let (what, outcome) = tokio::select! {
            _ = roll_up.tick() => ("summed up", store.roll_up(now().plus_seconds(-ROLL_UP_BEHIND_S)).await.map(drop)),
            _ = retain.tick() => ("cleared", store.retain(&retention, now()).await.map(drop)),
            _ = count.tick() => ("counted", store.outbox_counts().await.map(|counts| {
                for OutboxCount { sink, pending, dead, oldest_pending } in counts {
                    let oldest_s = oldest_pending.map(|at| now().seconds_since(at));
                    metrics.outbox(&sink, (pending, dead), oldest_s);
                }
            })),
        };
        if let Err(error) = outcome {
            metrics.store_failed();
            tracing::warn!(%error, "the store can't be {what}");
        }
    }
}
