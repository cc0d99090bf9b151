//! Answers that say what went wrong: `{"error": {"code": …, "message": …}}`.

use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::accounts::AccountFault;
use crate::store::StoreError;

/// What went wrong, for people (`message`) and for programs (`code`).
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: ErrorCode,
    message: String,
    /// Ids of the cameras there are, where one was asked for that there isn't.
    cameras: Option<Vec<String>>,
    /// When it is worth trying again, in seconds.
    retry_after_s: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(super) struct ErrorBody<'a> {
    /// What went wrong.
    error: Fault<'a>,
}

/// What went wrong, for programs. New ones may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ErrorCode {
    BadRequest,
    Unauthorized,
    WrongLogin,
    Forbidden,
    NotFound,
    UnknownCamera,
    MethodNotAllowed,
    Conflict,
    TooLarge,
    UnsupportedMediaType,
    Unprocessable,
    TooMany,
    Internal,
    Unavailable,
}

#[derive(Serialize, JsonSchema)]
struct Fault<'a> {
    code: ErrorCode,
    /// The same for people: where, what was found, what was expected.
    message: &'a str,
    /// Where a camera was asked for that there isn't: those that there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    cameras: Option<&'a [String]>,
}

impl ApiError {
    fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), cameras: None, retry_after_s: None }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::BadRequest, message)
    }

    pub fn not_signed_in() -> Self {
        let message = "log in first (the page does it, or POST /api/v1/session), or send a token that holds: \
                       Authorization: Bearer TOKEN";
        Self::unauthorized(message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, message)
    }

    /// It isn't there, or not for whoever asks.
    pub fn no_alert_on_record(alert: &str) -> Self {
        Self::not_found(format!("no alert `{alert}` is on record"))
    }

    pub fn unknown_camera(asked: &str, cameras: Vec<String>) -> Self {
        let message = format!("no camera `{asked}`; there are: {}", cameras.join(", "));
        Self { cameras: Some(cameras), ..Self::new(StatusCode::NOT_FOUND, ErrorCode::UnknownCamera, message) }
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, ErrorCode::Conflict, message)
    }

    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, message)
    }

    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, message)
    }

    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::UnsupportedMediaType, message)
    }

    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::Unprocessable, message)
    }

    pub fn method_not_allowed() -> Self {
        let message = "this address takes other methods: the header Allow says which";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed, message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, message)
    }

    /// What the library says of a request before a handler is asked.
    pub fn of_library(status: StatusCode, said: &str) -> Self {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large("the body is too long: at most 2 MiB are taken"),
            _ => Self::bad_request(said),
        }
    }

    /// What the store says.
    pub fn of_store(error: &StoreError) -> Self {
        if error.kind().is_transient() {
            return Self::unavailable(format!("the store can't be read at present: {error}"));
        }
        Self::internal(error)
    }

    /// A fault of this program: the log has more than the client is told.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "the service failed; its log says how")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = Fault { code: self.code, message: &self.message, cameras: self.cameras.as_deref() };
        // Texts in a struct always make JSON; an empty body beside the status were it not so.
        let body = serde_json::to_string(&ErrorBody { error }).unwrap_or_default();
        let mut response = (self.status, [(CONTENT_TYPE, "application/json")], body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"crowdflow\""));
        }
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<AccountFault> for ApiError {
    fn from(fault: AccountFault) -> Self {
        let message = fault.to_string();
        match fault {
            AccountFault::WrongLogin => Self::new(StatusCode::UNAUTHORIZED, ErrorCode::WrongLogin, message),
            AccountFault::Limited { wait_s } => Self {
                retry_after_s: Some(wait_s.ceil() as u64),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooMany, message)
            },
            AccountFault::Busy => {
                Self { retry_after_s: Some(1), ..Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooMany, message) }
            }
            AccountFault::Refused(_) => Self::bad_request(message),
            AccountFault::NotFound(_) => Self::not_found(message),
            AccountFault::Conflict(_) => Self::conflict(message),
            AccountFault::Beyond(_) => Self::forbidden(message),
            AccountFault::Store(error) => Self::of_store(&error),
            AccountFault::System(_) => Self::internal(&fault),
        }
    }
}

/// The value as JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, ApiError> {
    let body = serde_json::to_string(value).map_err(|error| ApiError::internal(&error))?;
    Ok((status, [(CONTENT_TYPE, "application/json")], body).into_response())
}
