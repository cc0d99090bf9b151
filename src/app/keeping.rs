//! The store, and those who send what is in it, as the service starts and ends them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::alerting::{Keeper, KeeperHandle, Kept, StoreOpened};
use crate::config::{Plan, StorePlace, StorePlan};
use crate::evidence::{EvidenceFolder, EvidenceRecorder, expire};
use crate::metrics::Metrics;
use crate::model::{NoticeKind, Reading, Timestamp, UnknownReason};
use crate::pipeline::AlertKeeping;
use crate::sink::delivery::{Clock, Deliveries, DeliveryEvent, Lane, SetupError, SystemClock, sender};
use crate::store::{AlertCommit, AlertRow, ConfigVersionRow, Store, StoreAddress, StoreError, TransitionRow};

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

/// Ends alerts that are open in the store and that nobody goes on with, as what was kept of them can't be read: they would
/// stay open for ever.
async fn end_forgotten(store: &Store, kept: &Kept, now: Timestamp) -> Result<(), StoreError> {
    let known: BTreeSet<&str> = kept.alerts().map(|alert| alert.id.as_str()).collect();
    for row in store.open_alerts().await?.into_iter().filter(|row| !known.contains(row.id.as_str())) {
        tracing::error!(alert = row.id, "what was kept of this open alert can't be gone on with: it ends");
        let end = TransitionRow {
            alert: row.id.clone(),
            seq: 0,
            at: now.max(row.changed),
            kind: NoticeKind::Cleared.as_str().to_owned(),
            from: row.level,
            to: None,
            reading: Reading::Unknown(UnknownReason::NotStarted),
            threshold: None,
            who: None,
            note: Some("what was kept of it could not be read after a restart".to_owned()),
            subject: String::new(),
        };
        let closed = AlertRow {
            state: "closed".to_owned(),
            level: None,
            stale: false,
            changed: end.at,
            closed: Some(end.at),
            ..row
        };
        let commit = AlertCommit { alerts: vec![closed], transitions: vec![end], ..AlertCommit::default() };
        store.commit(&commit, now).await?;
    }
    Ok(())
}

/// Removes evidence that is older than it is to be kept.
async fn expire_hourly(store: Store, folder: EvidenceFolder, keep_days: u32) {
    let mut hour = tokio::time::interval(Duration::from_secs(3600));
    loop {
        hour.tick().await;
        if let Err(error) = expire(&store, &folder, keep_days, SystemClock.now()).await {
            tracing::warn!(%error, "old evidence can't be removed");
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
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
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
        let store = Store::open(&address, now).await?;
        let kept = Kept::of(store.rule_states().await?, now);
        end_forgotten(&store, &kept, now).await?;
        let config = config_hash(&plan.written);
        let version = ConfigVersionRow {
            hash: config.clone(),
            text: plan.written.clone(),
            at: now,
            who: "the service at its start".to_owned(),
            why: String::new(),
        };
        store.record_config(&version).await?;
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
        let (keeper, handle): (Keeper, KeeperHandle) = Keeper::start(opened, clock, metrics.clone());
        tracing::info!(store = store.address(), destinations = plan.destinations.len(), "alerts and samples are kept");
        let mut evidence = None;
        if let Some(settings) = &plan.evidence {
            let folder = EvidenceFolder::open(&settings.folder)
                .map_err(|source| KeepingError::Evidence { folder: settings.folder.display().to_string(), source })?;
            if let Some(keep_days) = settings.keep_days {
                tokio::spawn(expire_hourly(store.clone(), folder.clone(), keep_days));
            }
            let recorder =
                EvidenceRecorder::start(plan, settings, folder, store.clone(), tokio::runtime::Handle::current());
            evidence = Some(recorder.map_err(KeepingError::Thread)?);
        }
        let keeping =
            AlertKeeping { keeper: Some(handle), kept, deliveries: Some(deliveries_events), config, evidence };
        Ok((Self { store, keeper, deliveries }, keeping))
    }

    /// The store, for those who look things up in it.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Writes what waits, ends what is being sent, and closes the store. What was not sent goes out after the next start.
    pub(super) async fn stop(self, grace: Duration) {
        if !self.keeper.stop(grace).await {
            tracing::error!("not all that waited for the store could be written");
        }
        if !self.deliveries.stop(grace).await {
            tracing::warn!("messages were still on their way; they are sent again after the next start");
        }
        let now: Timestamp = SystemClock.now();
        if let Err(error) = self.store.end_camera_health(now).await {
            tracing::warn!(%error, "the end of the cameras' health could not be written");
        }
        self.store.close().await;
    }
}
