//! Everything that `run` starts, and how it ends.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::entrance::{Entrance, first_listener};
use super::keeping::{Keeping, KeepingError, config_hash};
use crate::accounts::{AccountFault, Accounts};
use crate::api::{self, ApiState, Configuration, HeldListener, ServiceInfo, Tls, TlsError};
use crate::config::Plan;
use crate::external::{Link, MOST_BYTES, subscribe};
use crate::inference::Models;
use crate::metrics::{BuildInfo, Metrics, MetricsError};
use crate::model::Timestamp;
use crate::pipeline::{AlertKeeping, LiveService, Observers, PipelineError, SourceIntake, StillRunning};
use crate::sink::{AlertLog, HeatMapFolder};
use crate::source::{Clock as _, SystemClock};
use crate::status::StatusBoard;
use crate::view::{LiveHub, LiveOptions};

/// Threads that answer HTTP: metrics, events and pictures are handed out, not computed, so one would do.
const HTTP_THREADS: usize = 2;
/// Messages of a broker that may wait; then it is read more slowly.
const MOST_LINKS: usize = 16;
/// What is still being done when the service is asked to stop may take this long.
const GRACE: Duration = Duration::from_secs(10);

/// Why the service can't start, or could not end as it should.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The port is taken, or the address is not this machine's.
    #[error(
        "cannot listen on {address}: {source}. Set another port as `listen` in [server], or end the program that has it"
    )]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Certificate or key can't be used.
    #[error("server.tls: {0}")]
    Tls(#[from] TlsError),
    /// The file of alerts can't be opened.
    #[error("cannot write the file of alerts {}: {source}", path.display())]
    AlertLog {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The folder of heat maps can't be written to.
    #[error("cannot write heat maps to {}: {source}", path.display())]
    HeatMaps {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The store can't be had, or nothing can be sent.
    #[error(transparent)]
    Keeping(#[from] KeepingError),
    /// Users can't be looked up, or no link for the first one made.
    #[error("cannot look after accounts: {0}")]
    Accounts(#[from] AccountFault),
    /// The cameras' part can't start.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// Series can't be made: a bug.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The system has no thread to give.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The end took too long.
    #[error(transparent)]
    StillRunning(#[from] StillRunning),
}

/// Where a service's configuration comes from.
#[derive(Clone, Default)]
pub struct Origin {
    /// The file, to be looked at and changed over HTTP; `None`: there is none.
    pub configuration: Option<Arc<dyn Configuration>>,
    /// Why it is started with it, for the record; empty: as it stands there.
    pub why: String,
    /// Where the service before it listened: who connects meanwhile waits instead of being refused.
    pub listener: Option<HeldListener>,
    /// What it spoke TLS with: goes on where the files are the same, whatever has become of them since.
    pub tls: Option<Tls>,
}

/// The running service.
pub struct Service {
    address: SocketAddr,
    setup_token: Option<String>,
    listener: HeldListener,
    tls: Option<Tls>,
    board: Arc<StatusBoard>,
    live: LiveService,
    keeping: Option<Keeping>,
    runtime: Runtime,
    stop_http: oneshot::Sender<()>,
    http: JoinHandle<std::io::Result<()>>,
}

impl Service {
    /// Opens the port, the file of alerts and the folder of heat maps, then starts the cameras.
    ///
    /// # Errors
    /// [`ServiceError`]. The port, the file and the folder are tried before anything is started.
    pub fn start(plan: Plan, models: &Models, onnxruntime: &str, origin: Origin) -> Result<Self, ServiceError> {
        let plan = Arc::new(plan);
        // First what can be in use by somebody else: nothing has been begun yet.
        let listener = first_listener(&plan, origin.listener.as_ref())?;
        let open = |path: &PathBuf| {
            AlertLog::open(path).map_err(|source| ServiceError::AlertLog { path: path.clone(), source })
        };
        let alert_log = plan.alerts_jsonl.as_ref().map(open).transpose()?;

        let open = |path: &PathBuf| {
            HeatMapFolder::open(path).map_err(|source| ServiceError::HeatMaps { path: path.clone(), source })
        };
        let heat_maps = plan.heat_maps.folder.as_ref().map(open).transpose()?;
        if heat_maps.is_some() && !plan.cameras.iter().any(|camera| camera.calibration.is_some()) {
            tracing::warn!("no camera has a calibration: there will be no heat maps");
        }

        let (version, entry) = (env!("CARGO_PKG_VERSION").to_owned(), models.detector.entry());
        let build =
            BuildInfo { version: version.clone(), model: entry.id.clone(), onnxruntime: onnxruntime.to_owned() };
        let metrics = Metrics::new(&plan, &build)?;
        let board = Arc::new(StatusBoard::new(&plan));
        let pictures = LiveHub::start(&plan.cameras, &plan.rules, &plan.privacy, LiveOptions::default())
            .map_err(ServiceError::Thread)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(HTTP_THREADS)
            .thread_name("http")
            .enable_all()
            .build()
            .map_err(ServiceError::Thread)?;
        let (mut keeping, alerts) = match &plan.store {
            Some(store) => {
                let (keeping, alerts) = runtime.block_on(Keeping::start(&plan, store, &metrics))?;
                (Some(keeping), alerts)
            }
            None => {
                tracing::warn!("there is no [store]: alerts, and what is done about them, end with the service");
                (None, AlertKeeping { config: config_hash(&plan.written), ..AlertKeeping::default() })
            }
        };
        let store = keeping.as_ref().map(|keeping| keeping.store().clone());
        let observers = Observers {
            metrics: metrics.clone(),
            board: Arc::clone(&board),
            live: pictures.clone(),
            alert_log,
            alerts,
            heat_maps,
        };
        let clock = SystemClock::new();
        let now: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(move || clock.wall());
        let accounts = match store.clone().filter(|_| plan.server.accounts) {
            Some(store) => Some(Accounts::new(store, Arc::clone(&plan), Arc::clone(&now))?),
            None => None,
        };
        let Entrance { door, address, setup_token } =
            runtime.block_on(Entrance::of(&plan, accounts.as_ref(), listener, &origin))?;
        let (listener, tls) = (door.held(), door.tls());
        let live = LiveService::start(&plan, models, observers)?;
        let intake = SourceIntake::new(&plan, live.orders(), metrics.clone(), Arc::clone(&board));
        listen_to_brokers(&runtime, &plan, &intake);
        let state = ApiState {
            metrics,
            live: Arc::new(pictures),
            status: Arc::clone(&board),
            store,
            accounts,
            orders: live.orders(),
            intake,
            plan: Arc::clone(&plan),
            configuration: origin.configuration,
            info: ServiceInfo { version, model: entry.id.clone(), model_licence: entry.licence.clone() },
            now,
        };
        let (stop_http, stopped) = oneshot::channel::<()>();
        let http = runtime.spawn(api::serve(door, state, async move {
            // A dropped sender means the same.
            let _ = stopped.await;
        }));
        if let Some(keeping) = &mut keeping {
            runtime.block_on(keeping.settle(&plan, &origin.why))?;
        }
        Ok(Self { address, setup_token, listener, tls, board, live, keeping, runtime, stop_http, http })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The token of the link that makes the first admin, where there is none yet.
    #[must_use]
    pub fn setup_token(&self) -> Option<&str> {
        self.setup_token.as_deref()
    }

    /// What it listens with, for the service that follows it.
    #[must_use]
    pub fn listener(&self) -> HeldListener {
        self.listener.clone()
    }

    /// What it speaks TLS with, for the service that follows it.
    #[must_use]
    pub fn tls(&self) -> Option<Tls> {
        self.tls.clone()
    }

    /// How everything stands.
    #[must_use]
    pub fn board(&self) -> &StatusBoard {
        &self.board
    }

    /// Whether a part that should run for ever has ended: a bug, or another service has taken the store.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.live.is_broken() || self.http.is_finished() || self.has_lost_its_store()
    }

    /// Whether another service has taken the store while it could not be reached.
    #[must_use]
    pub fn has_lost_its_store(&self) -> bool {
        self.keeping.as_ref().is_some_and(Keeping::is_lost)
    }

    /// The runtime of its HTTP server, for other things that wait, such as signals.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Ends it: no new frames, those on their way are analysed, alerts are written, viewers are sent home.
    ///
    /// # Errors
    /// [`ServiceError::StillRunning`] where that takes longer than the grace.
    pub fn stop(self) -> Result<(), ServiceError> {
        let Self { live, keeping, runtime, stop_http, http, .. } = self;
        let stopped = live.stop(GRACE);
        if let Some(keeping) = keeping {
            runtime.block_on(keeping.stop(GRACE));
        }
        // Where the server has ended by itself nobody takes it.
        let _ = stop_http.send(());
        match runtime.block_on(http) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the http server failed"),
            Err(error) => tracing::error!(%error, "the http server panicked: this is a bug in crowdflow"),
        }
        runtime.shutdown_timeout(Duration::from_secs(1));
        Ok(stopped?)
    }
}

/// Reads the topics of the external sources that come over MQTT, until the runtime ends.
fn listen_to_brokers(runtime: &Runtime, plan: &Plan, intake: &SourceIntake) {
    for source in plan.sources.clone() {
        let (intake, id) = (intake.clone(), source.id.clone());
        let (links, mut linked) = mpsc::channel(MOST_LINKS);
        runtime.spawn(subscribe(source, MOST_BYTES, links));
        runtime.spawn(async move {
            while let Some(link) = linked.recv().await {
                match link {
                    Link::Up => intake.link(&id, None),
                    Link::Down(why) => intake.link(&id, Some(why)),
                    Link::Message(body) => {
                        // A publisher hears nothing of it: what is refused is counted, shown and logged.
                        let _ = intake.take(&id, &body).await;
                    }
                }
            }
        });
    }
}
