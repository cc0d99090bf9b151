//! Does the process live, does it do its work, and its figures for Prometheus.

use axum::extract::{ConnectInfo, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::Context;
use super::door::Peer;
use super::error::{ApiError, json};
use crate::metrics;
use crate::model::{CameraId, CameraState, Rfc3339, Timestamp};
use crate::status::{CameraStatus, Phase, StatusSnapshot};

/// Analysis that has not said for this long that it is alive hangs; it says so every second.
const ANALYSIS_SILENT_S: f64 = 10.0;

#[derive(Serialize, JsonSchema)]
pub(super) struct Health<'a> {
    status: &'static str,
    version: &'a str,
    model: &'a str,
    model_licence: &'a str,
    uptime_s: f64,
}

pub(super) async fn healthz(State(context): State<Context>) -> Result<Response, ApiError> {
    let info = &context.state.info;
    let health = Health {
        status: "alive",
        version: &info.version,
        model: &info.model,
        model_licence: &info.model_licence,
        uptime_s: (context.started.elapsed().as_secs_f64() * 10.0).round() / 10.0,
    };
    json(StatusCode::OK, &health)
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Readiness<'a> {
    ready: bool,
    phase: &'static str,
    /// Why not; from elsewhere it is not said, as anybody may ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cameras: Option<Vec<CameraReadiness<'a>>>,
}

#[derive(Serialize, JsonSchema)]
struct CameraReadiness<'a> {
    id: &'a str,
    state: &'static str,
    error: Option<&'a str>,
    #[schemars(with = "Option<Rfc3339>")]
    last_frame: Option<String>,
}

/// Ready: the model is loaded and the analysis of every camera and external source moves. A camera that is down is listed and makes it no
/// less ready: the others are watched, and starting anew would bring nothing back.
pub(super) async fn readyz(
    State(context): State<Context>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let snapshot = context.state.status.snapshot();
    let reasons = reasons(&snapshot, (context.state.now)());
    let cameras = snapshot.cameras.iter().map(|camera| CameraReadiness {
        id: camera.camera.as_str(),
        state: camera.health.state.as_str(),
        error: camera.health.error.as_deref(),
        last_frame: camera.last_frame.map(Timestamp::to_rfc3339),
    });
    let in_full = context.state.accounts.is_none() || context.is_from_here(peer, &headers);
    let readiness = Readiness {
        ready: reasons.is_empty(),
        phase: snapshot.phase.as_str(),
        cameras: in_full.then(|| cameras.collect()),
        reasons: in_full.then_some(reasons),
    };
    json(if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &readiness)
}

pub(super) async fn metrics_text(State(context): State<Context>) -> Result<Response, ApiError> {
    let text = context.state.metrics.encode().map_err(|error| ApiError::internal(&error))?;
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}

fn reasons(snapshot: &StatusSnapshot, now: Timestamp) -> Vec<String> {
    match snapshot.phase {
        Phase::Starting => return vec!["the service is starting".to_owned()],
        Phase::Stopping => return vec!["the service is stopping".to_owned()],
        Phase::Running => {}
    }
    let is_over = |camera: &&CameraStatus| matches!(camera.health.state, CameraState::Ended | CameraState::Failed);
    let cameras = snapshot.cameras.iter().filter(|camera| !is_over(camera));
    let cameras = cameras.filter_map(|camera| silence(("camera", &camera.camera), camera.analysis_alive, now));
    let sources = snapshot.sources.iter();
    let sources = sources.filter_map(|source| silence(("external source", &source.source), source.analysis_alive, now));
    cameras.chain(sources).collect()
}

fn silence((what, id): (&str, &CameraId), alive: Option<Timestamp>, now: Timestamp) -> Option<String> {
    let Some(alive) = alive else {
        return Some(format!("the analysis of {what} `{id}` has not begun"));
    };
    let silent_s = now.seconds_since(alive);
    (silent_s > ANALYSIS_SILENT_S).then(|| format!("the analysis of {what} `{id}` has not moved for {silent_s:.0} s"))
}
