//! The state, asked for or pushed.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::Context;
use super::error::{ApiError, json};
use super::wire::StateBody;
use crate::accounts::Caller;

/// Least time between two events: at most two a second.
const LEAST_PAUSE: Duration = Duration::from_millis(500);
/// Without a change the state is sent after this long all the same: its ages are new, and a viewer knows that the
/// connection lives.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn state(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    json(StatusCode::OK, &StateBody::new(&context.state, &context.state.status.snapshot(), context.visible(&caller)))
}

struct Events {
    context: Context,
    caller: Caller,
    changes: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    last: Option<Instant>,
    _permit: OwnedSemaphorePermit,
}

impl Events {
    /// The next event. A client that reads slowly isn't asked for the next one, and so misses those in between.
    async fn next(&mut self) -> Option<String> {
        let mut text = String::new();
        match self.last {
            None => text.push_str("retry: 2000\n"),
            Some(last) => {
                let changed = async {
                    tokio::time::sleep_until(last + LEAST_PAUSE).await;
                    // The board outlives this, so there is no error.
                    let _ = tokio::time::timeout_at(last + LONGEST_PAUSE, self.changes.changed()).await;
                };
                tokio::select! {
                    biased;
                    _ = self.stop.wait_for(|stop| *stop) => return None,
                    () = changed => {}
                }
            }
        }
        // A session that has ended sees no more.
        if !self.context.still_holds(&self.caller).await {
            return None;
        }
        self.last = Some(Instant::now());
        self.changes.mark_unchanged();
        let state = &self.context.state;
        let snapshot = state.status.snapshot();
        let body = StateBody::new(state, &snapshot, self.context.visible(&self.caller));
        // One line: JSON escapes line ends.
        let body = serde_json::to_string(&body).inspect_err(|error| tracing::error!(%error, "state")).ok()?;
        text.push_str("event: state\ndata: ");
        text.push_str(&body);
        text.push_str("\n\n");
        Some(text)
    }
}

pub(super) async fn events(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let permit = context.stream_permit()?;
    let changes = context.state.status.changes();
    let events = Events { changes, stop: context.stop.clone(), context, caller, last: None, _permit: permit };
    let body = stream::unfold(events, async |mut events| {
        let event = events.next().await?;
        Some((Ok::<_, Infallible>(event), events))
    });
    Ok(([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(body)).into_response())
}

impl Context {
    /// Leave to keep a stream open.
    pub(super) fn stream_permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let permit = std::sync::Arc::clone(&self.streams).try_acquire_owned();
        permit.map_err(|_| ApiError::unavailable("too many streams are open; close other pages and try again"))
    }
}
