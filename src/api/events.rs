//! The state, asked for or pushed.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Context;
use super::error::ApiError;
use super::streams::StreamPermit;
use crate::accounts::Caller;

/// Least time between two events that tell of new values: at most two a second.
const LEAST_PAUSE: Duration = Duration::from_millis(500);
/// Least time before an event that tells of an alert, or of a camera that comes or goes: so many at once make one event.
const LEAST_PAUSE_OF_URGENT: Duration = Duration::from_millis(50);
/// Without a change the state is sent after this long all the same: its ages are new, and a viewer knows that the
/// connection lives.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// After so long without the connection a browser connects anew.
const RETRY: &[u8] = b"retry: 2000\n";

pub(super) async fn state(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let text = context.texts.of(&context.state, &caller.reach)?;
    Ok(([(CONTENT_TYPE, "application/json")], text.json()).into_response())
}

struct Events {
    context: Context,
    caller: Caller,
    changes: watch::Receiver<u64>,
    urgent: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    last: Option<Instant>,
    _permit: StreamPermit,
}

impl Events {
    /// Waits until there is something to tell. `false`: the service stops.
    async fn due(&mut self, last: Instant) -> bool {
        // The board outlives this, so there is no error.
        let Self { changes, urgent, stop, .. } = self;
        let changed = async {
            tokio::time::sleep_until(last + LEAST_PAUSE).await;
            let _ = tokio::time::timeout_at(last + LONGEST_PAUSE, changes.changed()).await;
        };
        let urgently = async {
            tokio::time::sleep_until(last + LEAST_PAUSE_OF_URGENT).await;
            let _ = urgent.changed().await;
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => false,
            () = urgently => true,
            () = changed => true,
        }
    }

    /// The next event. A client that reads slowly isn't asked for the next one, and so misses those in between.
    async fn next(&mut self) -> Option<[Bytes; 2]> {
        let head = if self.last.is_none() { RETRY } else { b"" };
        if let Some(last) = self.last
            && !self.due(last).await
        {
            return None;
        }
        // A session that has ended sees no more.
        if !self.context.still_holds(&self.caller).await {
            return None;
        }
        self.last = Some(Instant::now());
        self.changes.mark_unchanged();
        self.urgent.mark_unchanged();
        let text = self.context.texts.of(&self.context.state, &self.caller.reach).ok()?;
        Some([Bytes::from_static(head), text.event()])
    }
}

pub(super) async fn events(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let permit = context.event_streams.permit(caller.name.as_deref())?;
    let (changes, urgent) = (context.state.status.changes(), context.state.status.urgent_changes());
    let stop = context.stop.clone();
    let events = Events { changes, urgent, stop, context, caller, last: None, _permit: permit };
    let body = stream::unfold(events, async |mut events| {
        let event = events.next().await?;
        Some((stream::iter(event.map(Ok::<_, Infallible>)), events))
    });
    Ok(([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(body.flatten())).into_response())
}
