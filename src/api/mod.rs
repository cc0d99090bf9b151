//! HTTP: metrics, health, the state as JSON, live pictures, and the web application that shows them. The only module that
//! knows the crates `axum` and `rust_embed`.
//!
//! [`ROUTES`] is the table of all of them, with who may use each. Where the service has no accounts it is meant for a
//! loopback address; the guard keeps other web sites' scripts out.

mod access;
pub mod alert_wire;
mod alerts;
mod audit;
mod config;
mod config_backtest;
mod config_camera;
mod config_ground;
mod door;
mod error;
mod events;
mod evidence;
mod guard;
mod heat_map;
mod history;
mod live;
mod maps;
mod openapi;
mod probe;
mod request;
mod routes;
mod session;
mod sign_in_page;
mod sources;
mod state_text;
mod streams;
mod summary;
mod tls;
mod tokens;
mod users;
mod visible;
mod web;
pub mod wire;

use std::future::{Future, IntoFuture};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::accounts::Accounts;
use crate::config::Plan;
use crate::metrics::Metrics;
use crate::model::Timestamp;
use crate::pipeline::{Orders, SourceIntake};
use crate::status::StatusBoard;
use crate::store::Store;
use door::Peer;
use state_text::StateTexts;
use streams::Streams;

pub use config::{ConfigInForce, ConfigRefusal, Configuration, Proposal, RefusedConfig};
pub use door::{Door, HeldListener};
pub use live::{JpegFuture, JpegStream, LivePictures};
pub use routes::{Access, ROUTES, Route, ScopeRule, Verb};
pub use tls::{Tls, TlsError};
pub use visible::Visible;

/// Viewers of events that may look on at once.
const MOST_EVENT_STREAMS: usize = 512;
/// Viewers of live pictures that may look on at once: each takes about a megabyte a second.
const MOST_PICTURE_STREAMS: usize = 128;
/// What is still being sent when the service stops may take this long.
const GRACE: Duration = Duration::from_secs(2);

/// What runs, as told to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Version of the program.
    pub version: String,
    /// Id of the model.
    pub model: String,
    /// The model's licence.
    pub model_licence: String,
}

/// Everything that is served.
#[derive(Clone)]
pub struct ApiState {
    /// For `/metrics`.
    pub metrics: Metrics,
    /// The pictures.
    pub live: Arc<dyn LivePictures>,
    /// How everything stands.
    pub status: Arc<StatusBoard>,
    /// Where past alerts are looked up; `None`: nothing is kept.
    pub store: Option<Store>,
    /// Who may use it; `None`: whoever reaches it.
    pub accounts: Option<Accounts>,
    /// Where people's orders go.
    pub orders: Orders,
    /// Where external sources' messages go.
    pub intake: SourceIntake,
    /// Names, areas and thresholds of what stands so.
    pub plan: Arc<Plan>,
    /// The configuration's file, to be looked at and changed; `None`: there is none.
    pub configuration: Option<Arc<dyn Configuration>>,
    /// What runs.
    pub info: ServiceInfo,
    /// The wall clock, from which ages are counted: the same that gives frames their time.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// What handlers work with.
#[derive(Clone)]
struct Context {
    state: Arc<ApiState>,
    started: Instant,
    texts: Arc<StateTexts>,
    event_streams: Streams,
    picture_streams: Streams,
    /// Other names than those of loopback are answered under.
    opens: watch::Receiver<bool>,
    /// Back-tests take turns.
    backtests: Arc<Semaphore>,
    /// So do figures of long times: whoever looks at the present goes before.
    figures: Arc<Semaphore>,
    /// So do cameras that are tried out.
    trials: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

/// Serves until `shutdown` completes. Live pictures and events then end at once; other answers have two seconds to
/// get through, after which their connections are left to be closed with the runtime.
///
/// # Errors
/// Where the listener fails for good.
pub async fn serve(door: Door, state: ApiState, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let (stop, mut stopped) = watch::channel(false);
    let context = Context {
        state: Arc::new(state),
        started: Instant::now(),
        texts: Arc::default(),
        event_streams: Streams::at_most(MOST_EVENT_STREAMS),
        picture_streams: Streams::at_most(MOST_PICTURE_STREAMS),
        opens: door.opens(),
        backtests: Arc::new(Semaphore::new(1)),
        figures: Arc::new(Semaphore::new(1)),
        trials: Arc::new(Semaphore::new(1)),
        stop: stopped.clone(),
    };
    let signal = async move {
        shutdown.await;
        stop.send_replace(true);
    };
    let server = axum::serve(door, routes::router(context).into_make_service_with_connect_info::<Peer>())
        .with_graceful_shutdown(signal)
        .into_future();
    let grace_over = async move {
        // Fails only where the server, and with it the signal, is gone.
        let _ = stopped.wait_for(|stop| *stop).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = server => ended,
        () = grace_over => {
            tracing::warn!("clients were still reading when the service stopped");
            Ok(())
        }
    }
}
