//! Counts of other systems over HTTP.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::StreamExt as _;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Context;
use super::error::{ApiError, json};
use crate::analysis::MessageRefused;
use crate::config::{Access, Secret};
use crate::external::{MOST_BYTES, MessageFault};
use crate::model::CameraId;
use crate::pipeline::IntakeError;

/// Of a message that is too long so much is read all the same, so that its sender gets to the answer.
const MOST_READ_ON: usize = 16 * MOST_BYTES;

/// A message was taken.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TakenBody {
    taken: bool,
}

/// Takes a message of a source that shows its token. That comes first: nobody else makes this program read a body.
pub(super) async fn tell(
    State(context): State<Context>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let plan = CameraId::new(&source).ok().and_then(|id| context.state.plan.source(&id));
    // Who shows no token isn't told either which sources there are.
    let told_here = plan.and_then(|plan| match &plan.access {
        Access::Http { token } => Some((plan, token)),
        Access::Mqtt { .. } => None,
    });
    let Some((plan, token)) = told_here else { return Err(IntakeError::NoToken.into()) };
    let intake = &context.state.intake;
    let refuse = |error: IntakeError| {
        intake.refuse(&plan.id, &error);
        ApiError::from(error)
    };
    if !shows(&headers, token) {
        return Err(refuse(IntakeError::NoToken));
    }
    let body = whole(body).await?.ok_or(IntakeError::TooLong).map_err(refuse)?;
    intake.take(&plan.id, &body).await?;
    json(StatusCode::OK, &TakenBody { taken: true })
}

/// Whether the request shows the token. Digests are compared, so that the time that takes says nothing of the token.
fn shows(headers: &HeaderMap, token: &Secret) -> bool {
    let Ok(token) = token.text() else { return false };
    let shown = headers.get(AUTHORIZATION).map(|value| value.as_bytes()).unwrap_or_default();
    let (scheme, shown) = shown.split_at_checked(BEARER.len()).unwrap_or_default();
    scheme.eq_ignore_ascii_case(BEARER) && Sha256::digest(shown.trim_ascii()) == Sha256::digest(token)
}

const BEARER: &[u8] = b"Bearer ";

/// The body; `None` where it is longer than a message may be.
async fn whole(body: Body) -> Result<Option<Vec<u8>>, ApiError> {
    let (mut whole, mut length) = (Vec::new(), 0);
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| ApiError::bad_request(format!("the message did not come through: {error}")))?;
        length += part.len();
        if length <= MOST_BYTES {
            whole.extend_from_slice(&part);
        } else if length > MOST_READ_ON {
            break;
        }
    }
    Ok((length <= MOST_BYTES).then_some(whole))
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> Self {
        let said = error.to_string();
        match error {
            IntakeError::NoSuchSource { .. } => Self::not_found(said),
            IntakeError::NoToken => Self::unauthorized(said),
            IntakeError::TooLong => Self::too_large(said),
            IntakeError::Fault(MessageFault::Shape(_)) => Self::bad_request(said),
            IntakeError::Fault(MessageFault::Value(_))
            | IntakeError::Refused(MessageRefused::Ahead { .. } | MessageRefused::Stale { .. }) => {
                Self::unprocessable(said)
            }
            IntakeError::Refused(MessageRefused::Older { .. }) => Self::conflict(said),
            IntakeError::NotTaken(_) | IntakeError::NoAnswer | IntakeError::Failed => Self::unavailable(said),
        }
    }
}
