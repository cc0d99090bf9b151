//! HTTP: metrics, health, the state as JSON, live pictures, and the web application that shows them. The only module that
//! knows the crates `axum` and `rust_embed`.
//!
//! | path | what |
//! |---|---|
//! | `/`, `/assets/{file}` | the web application |
//! | `/metrics` | for Prometheus |
//! | `/healthz`, `/readyz` | does the process live; does it do its work |
//! | `/api/v1/state` | everything as it stands, JSON |
//! | `/api/v1/events` | the same, pushed at most twice a second (server-sent events) |
//! | `/api/v1/alerts`, `/api/v1/alerts/{id}` | alerts on record, one with its history |
//! | `/api/v1/alerts/{id}/evidence`, `/api/v1/alerts/{id}/evidence/{number}` | what was kept of it, and one file |
//! | `/api/v1/history` | what a place read over time, JSON or CSV |
//! | `/api/v1/alerts/{id}/actions` | POST: acknowledge, shelve, escalate, comment, move a step of the plan |
//! | `/api/v1/profiles/{id}` | POST: switch a profile on or off |
//! | `/api/v1/drills`, `/api/v1/drills/{rule}/end` | POST: begin and end a drill |
//! | `/api/v1/sources/{id}` | POST, with a token: counts of another system |
//! | `/api/v1/config` | the configuration; POST: another, by whole text or by keys |
//! | `/api/v1/config/check` | POST: what is wrong with one, and how it differs |
//! | `/api/v1/config/ground` | POST: a camera's calibration, grid of metres, areas and widths by one |
//! | `/api/v1/config/backtest` | POST: what its rules would have told of what is on record |
//! | `/api/v1/config/versions`, `/api/v1/config/versions/{hash}` | what it was before, when, by whom, why |
//! | `/cameras/{id}/live.mjpeg` | the live picture, for any browser |
//! | `/cameras/{id}/snapshot.jpg` | one picture |
//!
//! There are no accounts yet, so it is meant for a loopback address; the guard keeps other web sites' scripts out.

pub mod alert_wire;
mod alerts;
mod config;
mod config_backtest;
mod config_ground;
mod error;
mod events;
mod evidence;
mod guard;
mod history;
mod live;
mod probe;
mod sources;
mod web;
pub mod wire;

use std::future::{Future, IntoFuture};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::config::Plan;
use crate::metrics::{self, Metrics};
use crate::model::Timestamp;
use crate::pipeline::{Orders, SourceIntake};
use crate::status::StatusBoard;
use crate::store::Store;
use error::ApiError;

pub use config::{ConfigInForce, ConfigRefusal, Configuration, Proposal, RefusedConfig};
pub use live::{JpegFuture, JpegStream, LivePictures};

/// Streams (live pictures and events) that may be open at once.
const MAX_STREAMS: usize = 64;
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
    streams: Arc<Semaphore>,
    /// Back-tests take turns.
    backtests: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

/// Serves until `shutdown` completes. Live pictures and events then end at once; other answers have two seconds to
/// get through, after which their connections are left to be closed with the runtime.
///
/// # Errors
/// Where the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    state: ApiState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stop, mut stopped) = watch::channel(false);
    let context = Context {
        state: Arc::new(state),
        started: Instant::now(),
        streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        backtests: Arc::new(Semaphore::new(1)),
        stop: stopped.clone(),
    };
    let signal = async move {
        shutdown.await;
        stop.send_replace(true);
    };
    let server = axum::serve(listener, router(context)).with_graceful_shutdown(signal).into_future();
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

fn router(context: Context) -> Router {
    Router::new()
        .route("/", get(web::page))
        .route("/icon.svg", get(web::icon))
        .route("/assets/{file}", get(web::asset))
        .route("/metrics", get(metrics_text))
        .route("/healthz", get(probe::healthz))
        .route("/readyz", get(probe::readyz))
        .route("/api/v1/state", get(events::state))
        .route("/api/v1/events", get(events::events))
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/{alert}", get(alerts::history))
        .route("/api/v1/alerts/{alert}/evidence", get(evidence::list))
        .route("/api/v1/alerts/{alert}/evidence/{number}", get(evidence::file))
        .route("/api/v1/history", get(history::history))
        .route("/api/v1/alerts/{alert}/actions", post(alerts::act))
        .route("/api/v1/profiles/{profile}", post(alerts::switch_profile))
        .route("/api/v1/drills", post(alerts::begin_drill))
        .route("/api/v1/drills/{rule}/end", post(alerts::end_drill))
        .route("/api/v1/sources/{source}", post(sources::tell))
        .route("/api/v1/config", get(config::in_force).post(config::apply))
        .route("/api/v1/config/check", post(config::check))
        .route("/api/v1/config/ground", post(config_ground::ground))
        .route("/api/v1/config/backtest", post(config_backtest::backtest))
        .route("/api/v1/config/versions", get(config::versions))
        .route("/api/v1/config/versions/{hash}", get(config::version))
        .route("/cameras/{camera}/live.mjpeg", get(live::mjpeg))
        .route("/cameras/{camera}/snapshot.jpg", get(live::snapshot))
        .fallback(async || ApiError::not_found("no such page"))
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(middleware::from_fn(guard::guard))
        .with_state(context)
}

async fn metrics_text(State(context): State<Context>) -> Result<Response, ApiError> {
    let text = context.state.metrics.encode().map_err(|error| ApiError::internal(&error))?;
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}
