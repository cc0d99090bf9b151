//! Tokens that programs call the service with.

use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use super::error::{ApiError, json};
use super::request::{read, time};
use super::session::number;
use crate::accounts::{Caller, NAME_MOST};
use crate::model::{AccessScope, Rfc3339, Role};
use crate::store::ApiTokenRow;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequest {
    #[schemars(length(min = 1, max = NAME_MOST))]
    name: String,
    role: Role,
    scope: AccessScope,
    #[schemars(with = "Rfc3339")]
    expires: String,
}

#[derive(Serialize, JsonSchema)]
struct TokenBody<'a> {
    id: i64,
    user: &'a str,
    name: &'a str,
    role: Role,
    scope: &'a AccessScope,
    #[schemars(with = "Rfc3339")]
    created: String,
    #[schemars(with = "Rfc3339")]
    expires: String,
}

/// Tokens that hold: one's own; for an admin everybody's.
#[derive(Serialize, JsonSchema)]
pub(super) struct TokensBody<'a> {
    tokens: Vec<TokenBody<'a>>,
}

/// A token that was made.
#[derive(Serialize, JsonSchema)]
pub(super) struct NewTokenBody<'a> {
    id: i64,
    /// What a program sends. It is told this once.
    token: &'a str,
}

impl<'a> From<&'a ApiTokenRow> for TokenBody<'a> {
    fn from(row: &'a ApiTokenRow) -> Self {
        Self {
            id: row.id,
            user: &row.user,
            name: &row.name,
            role: row.role,
            scope: &row.scope,
            created: row.created.to_rfc3339(),
            expires: row.expires.to_rfc3339(),
        }
    }
}

pub(super) async fn list(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let rows = context.accounts()?.api_tokens(&caller).await.map_err(|error| ApiError::of_store(&error))?;
    json(StatusCode::OK, &TokensBody { tokens: rows.iter().map(TokenBody::from).collect() })
}

pub(super) async fn add(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let accounts = context.accounts()?;
    let TokenRequest { name, role, scope, expires } = read(&body)?;
    let expires = time("expires", &expires)?;
    let (id, token) = accounts.add_api_token(&caller, &name, role, scope, expires).await?;
    json(StatusCode::CREATED, &NewTokenBody { id, token: &token })
}

pub(super) async fn end(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let accounts = context.accounts()?;
    accounts.end_api_token(&caller, number("token", &token)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
