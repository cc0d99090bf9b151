//! The store, and those who send what is in it, as the service starts and ends them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use super::left_behind;
use crate::alerting::{Keeper, KeeperHandle, Kept, StoreOpened};
use crate::config::{Plan, StorePlace, StorePlan};
use crate::evidence::{EvidenceFolder, EvidenceRecorder, expire};
use crate::metrics::Metrics;
use crate::pipeline::AlertKeeping;
use crate::sink::delivery::{Clock, Deliveries, DeliveryEvent, Lane, ServiceClock, SetupError, sender};
use crate::store::{AlertRow, ConfigVersionRow, Hold, Store, StoreAddress, StoreError, StoreErrorKind};

/// It is looked so often whether the store is still this service's own.
const RENEW_EVERY: Duration = Duration::from_secs(10);

/// Why the store can't be had.
#[derive(Debug, thiserror::Error)]
pub enum KeepingError {
    /// It can't be opened.
    #[error("[store] cannot be opened: {0}")]
    Store(#[from] StoreError),
    /// Its folder can't be made.
    #[error("[store] cannot be opened: its folder {folder} can't be made: {source}")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Evidence can't be kept.
    #[error("cannot keep evidence in {folder}: {source}")]
    Evidence {
        /// The folder.
        folder: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The system has no thread to give.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// Nothing can be sent to a destination.
    #[error(transparent)]
    Destination(#[from] SetupError),
}

/// The running keeper and the workers of all destinations.
pub(super) struct Keeping {
    store: Store,
    keeper: Keeper,
    deliveries: Deliveries,
    clock: Arc<dyn Clock>,
    /// Ends once another service has taken the store.
    holding: JoinHandle<()>,
    /// Open alerts that nobody goes on with.
    forgotten: Vec<AlertRow>,
}

/// Where a configuration's store is.
///
/// # Errors
/// Where the address of a database can't be read.
pub fn store_address(plan: &StorePlan) -> Result<StoreAddress, StoreError> {
    match &plan.place {
        StorePlace::File(path) => Ok(StoreAddress::file(path)),
        StorePlace::Postgres { url, password } => {
            let address = StoreAddress::parse(url)?;
            // One that is missing is a fault of the configuration, found before.
            Ok(match password.as_ref().and_then(|password| password.text().ok()) {
                Some(password) => address.with_password(password),
                None => address,
            })
        }
    }
}

/// The hash by which a configuration is known in the store.
pub(super) fn config_hash(written: &str) -> String {
    Sha256::digest(written.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Removes evidence that is older than it is to be kept.
async fn expire_hourly(store: Store, folder: EvidenceFolder, keep_days: u32, clock: Arc<dyn Clock>) {
    let mut hour = tokio::time::interval(Duration::from_secs(3600));
    loop {
        hour.tick().await;
        if let Err(error) = expire(&store, &folder, keep_days, clock.now()).await {
            tracing::warn!(%error, "old evidence can't be removed");
        }
    }
}

/// Sees to it that the store stays this service's own; ends once another has taken it.
async fn stay_the_holder(mut hold: Hold) {
    let mut every = tokio::time::interval(RENEW_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        match hold.renew().await {
            Ok(()) => {}
            Err(error) if error.kind() == StoreErrorKind::Locked => {
                tracing::error!(%error, "another service has taken the store while it could not be reached: this one ends");
                return;
            }
            Err(error) => tracing::warn!(%error, "it is not known whether the store is still this service's own"),
        }
    }
}

impl Keeping {
    /// Opens the store, reads what was kept, and starts to write and to send. Called on the runtime.
    pub(super) async fn start(
        plan: &Plan,
        store_plan: &StorePlan,
        metrics: &Metrics,
    ) -> Result<(Self, AlertKeeping), KeepingError> {
        let clock: Arc<dyn Clock> = Arc::new(ServiceClock::new());
        let address = store_address(store_plan)?;
        if let Some(folder) = address.path().and_then(|path| path.parent()).filter(|path| !path.as_os_str().is_empty())
        {
            let shown = folder.display().to_string();
            std::fs::create_dir_all(folder).map_err(|source| KeepingError::Folder { folder: shown, source })?;
        }
        let senders: Vec<Lane> = plan
            .destinations
            .iter()
            .map(|destination| Ok(Lane::new(destination, sender(destination, &plan.calendar.time_zone)?)))
            .collect::<Result<_, SetupError>>()?;
        let now = clock.now();
        let hold = Hold::take(&address).await?;
        let store = Store::open(&address, now).await?;
        let kept = Kept::of(store.rule_states().await?, now);
        let forgotten = left_behind::forgotten(&store, &kept).await?;
        let given_up = left_behind::given_up_before(&store, plan, &kept).await?;
        let config = config_hash(&plan.written);
        // Nobody looked since then.
        let ended = store.newest_sample().await?.unwrap_or(now);
        store.end_camera_health(ended.min(now)).await?;
        metrics.store_up(true);

        let (events, deliveries_events): (_, Receiver<DeliveryEvent>) = channel();
        let on_delivery = Arc::new(move |event| {
            // Nobody listens any more once the service ends.
            let _ = events.send(event);
        });
        let random = fastrand::Rng::new();
        let deliveries = Deliveries::start(&store, senders, Arc::clone(&clock), random, on_delivery);
        let opened =
            StoreOpened { store: store.clone(), retention: store_plan.retention, deliveries: deliveries.waker() };
        let (keeper, handle): (Keeper, KeeperHandle) = Keeper::start(opened, Arc::clone(&clock), metrics.clone());
        tracing::info!(store = store.address(), destinations = plan.destinations.len(), "alerts and samples are kept");
        let mut evidence = None;
        if let Some(settings) = &plan.evidence {
            let folder = EvidenceFolder::open(&settings.folder)
                .map_err(|source| KeepingError::Evidence { folder: settings.folder.display().to_string(), source })?;
            if let Some(keep_days) = settings.keep_days {
                tokio::spawn(expire_hourly(store.clone(), folder.clone(), keep_days, Arc::clone(&clock)));
            }
            let recorder =
                EvidenceRecorder::start(plan, settings, folder, store.clone(), tokio::runtime::Handle::current());
            evidence = Some(recorder.map_err(KeepingError::Thread)?);
        }
        let keeping = AlertKeeping {
            keeper: Some(handle),
            kept,
            deliveries: Some(deliveries_events),
            given_up,
            config,
            evidence,
        };
        let holding = tokio::spawn(stay_the_holder(hold));
        Ok((Self { store, keeper, deliveries, clock, holding, forgotten }, keeping))
    }

    /// Does what can't be undone, once everything has been started: ends what nobody goes on with, gives up what nobody would
    /// send, and puts the configuration on record with `why`.
    pub(super) async fn settle(&mut self, plan: &Plan, why: &str) -> Result<(), KeepingError> {
        let now = self.clock.now();
        left_behind::end_forgotten(&self.store, plan, std::mem::take(&mut self.forgotten), now).await?;
        left_behind::give_up_removed(&self.store, plan, now).await?;
        let version = ConfigVersionRow {
            hash: config_hash(&plan.written),
            text: plan.written.clone(),
            at: now,
            who: "the service at its start".to_owned(),
            why: why.to_owned(),
        };
        self.store.record_config(&version).await?;
        Ok(())
    }

    /// The store, for those who look things up in it.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Whether another service has the store now.
    pub(super) fn is_lost(&self) -> bool {
        self.holding.is_finished()
    }

    /// Writes what waits, ends what is being sent, and closes the store. What was not sent goes out after the next start.
    pub(super) async fn stop(self, grace: Duration) {
        if self.is_lost() {
            // Another service goes on with what is there: what waits here was made of what was before.
            tracing::error!("what waits for the store is dropped, as another service has it");
            self.keeper.abandon();
            self.deliveries.stop(Duration::ZERO).await;
            self.store.close().await;
            return;
        }
        if !self.keeper.stop(grace).await {
            tracing::error!("not all that waited for the store could be written");
        }
        if !self.deliveries.stop(grace).await {
            tracing::warn!("messages were still on their way; they are sent again after the next start");
        }
        let end = async {
            if let Err(error) = self.store.end_camera_health(self.clock.now()).await {
                tracing::warn!(%error, "the end of the cameras' health could not be written");
            }
            self.store.close().await;
        };
        if tokio::time::timeout(grace, end).await.is_err() {
            tracing::warn!("the store gave no answer at the end");
        }
        // Only now may another service begin.
        self.holding.abort();
        let _ = self.holding.await;
    }
}
