//! Logging in and out, who one is, and the first admin.

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Extension, Path, State};
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use super::access::COOKIE_NAME;
use super::door::Peer;
use super::error::{ApiError, json};
use super::request::read;
use crate::accounts::{Accounts, Caller, Credential, SESSION_LONGEST_S};
use crate::model::{AccessScope, Rfc3339, Role};
use crate::store::SessionRow;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInRequest {
    name: String,
    password: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetupRequest {
    token: String,
    name: String,
    password: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordRequest {
    old: String,
    new: String,
}

/// Who one is.
#[derive(Serialize, JsonSchema)]
pub(super) struct CallerBody<'a> {
    /// `required`, or `off`: then everybody may do everything.
    accounts: &'static str,
    name: Option<&'a str>,
    role: Role,
    scope: &'a AccessScope,
    /// To be sent as X-CSRF-Token with everything that changes something; `null` for a token, which needs none.
    csrf: Option<&'a str>,
    #[schemars(with = "Option<Rfc3339>")]
    expires: Option<String>,
}

impl<'a> From<&'a Caller> for CallerBody<'a> {
    fn from(caller: &'a Caller) -> Self {
        let (csrf, expires) = match &caller.credential {
            Credential::NoAccounts => (None, None),
            Credential::Session { csrf, expires, .. } => (Some(csrf.as_str()), Some(*expires)),
            Credential::Token { expires, .. } => (None, Some(*expires)),
        };
        Self {
            accounts: if caller.credential == Credential::NoAccounts { "off" } else { "required" },
            name: caller.name.as_deref(),
            role: caller.role,
            scope: &caller.scope,
            csrf,
            expires: expires.map(crate::model::Timestamp::to_rfc3339),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct SessionBody<'a> {
    id: i64,
    user: &'a str,
    #[schemars(with = "Rfc3339")]
    created: String,
    #[schemars(with = "Rfc3339")]
    seen: String,
    #[schemars(with = "Rfc3339")]
    expires: String,
    address: &'a str,
    user_agent: &'a str,
    /// It is the one that asks.
    current: bool,
}

/// Sessions that hold: one's own; for an admin everybody's.
#[derive(Serialize, JsonSchema)]
pub(super) struct SessionsBody<'a> {
    sessions: Vec<SessionBody<'a>>,
}

impl<'a> SessionBody<'a> {
    fn new(row: &'a SessionRow, caller: &Caller) -> Self {
        Self {
            id: row.id,
            user: &row.user,
            created: row.created.to_rfc3339(),
            seen: row.seen.to_rfc3339(),
            expires: row.expires.to_rfc3339(),
            address: &row.address,
            user_agent: &row.user_agent,
            current: caller.session() == Some(row.id),
        }
    }
}

impl Context {
    /// The accounts, where there are any.
    pub(super) fn accounts(&self) -> Result<&Accounts, ApiError> {
        let none = || ApiError::not_found("there are no accounts: [server] in the configuration says so");
        self.state.accounts.as_ref().ok_or_else(none)
    }

    /// With a cookie that scripts can't read and that goes along with no other site's requests.
    fn with_cookie(&self, mut response: Response, headers: &HeaderMap, token: &str, seconds: u64) -> Response {
        let secure = if self.is_by_https(headers) { "; Secure" } else { "" };
        let cookie = format!("{COOKIE_NAME}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        // A token is letters and digits.
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }
}

pub(super) async fn sign_in(
    State(context): State<Context>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let accounts = context.accounts()?;
    let SignInRequest { name, password } = read(&body)?;
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let address = context.address_of(peer, &headers);
    let signed_in = accounts.sign_in(&name, &password, &address, user_agent).await?;
    let response = json(StatusCode::OK, &CallerBody::from(&signed_in.caller))?;
    Ok(context.with_cookie(response, &headers, &signed_in.token, SESSION_LONGEST_S as u64))
}

pub(super) async fn who(Extension(caller): Extension<Caller>) -> Result<Response, ApiError> {
    json(StatusCode::OK, &CallerBody::from(&caller))
}

pub(super) async fn sign_out(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    context.accounts()?.sign_out(&caller).await?;
    Ok(context.with_cookie(StatusCode::NO_CONTENT.into_response(), &headers, "", 0))
}

pub(super) async fn change_password(
    State(context): State<Context>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let accounts = context.accounts()?;
    let PasswordRequest { old, new } = read(&body)?;
    accounts.change_own_password(&caller, &old, &new, &context.address_of(peer, &headers)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn list(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let rows = context.accounts()?.sessions(&caller).await.map_err(|error| ApiError::of_store(&error))?;
    let sessions = rows.iter().map(|row| SessionBody::new(row, &caller)).collect();
    json(StatusCode::OK, &SessionsBody { sessions })
}

pub(super) async fn end(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(session): Path<String>,
) -> Result<Response, ApiError> {
    let accounts = context.accounts()?;
    accounts.end_session(&caller, number("session", &session)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The number in a path.
pub(super) fn number(what: &str, text: &str) -> Result<i64, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(format!("there is no {what} {text:?}: they have numbers")))
}

pub(super) async fn set_up(
    State(context): State<Context>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let accounts = context.accounts()?;
    let SetupRequest { token, name, password } = read(&body)?;
    accounts.set_up(&token, &name, &password, &context.address_of(peer, &headers)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
