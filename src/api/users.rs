//! Users, as an admin looks after them. None is ever deleted: the audit names them.

use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::Context;
use super::error::{ApiError, json};
use super::request::read;
use crate::accounts::{Caller, NewUser};
use crate::model::{AccessScope, Role};
use crate::store::{UserChange, UserRow};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserRequest {
    name: String,
    password: String,
    role: Role,
    scope: AccessScope,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChangeRequest {
    password: Option<String>,
    role: Option<Role>,
    scope: Option<AccessScope>,
    disabled: Option<bool>,
}

#[derive(Serialize)]
struct UserBody<'a> {
    name: &'a str,
    role: Role,
    scope: &'a AccessScope,
    disabled: bool,
    created: String,
}

impl<'a> From<&'a UserRow> for UserBody<'a> {
    fn from(row: &'a UserRow) -> Self {
        let UserRow { name, password_hash: _, role, scope, disabled, created } = row;
        Self { name, role: *role, scope, disabled: *disabled, created: created.to_rfc3339() }
    }
}

pub(super) async fn list(State(context): State<Context>) -> Result<Response, ApiError> {
    let rows = context.accounts()?.users().await.map_err(|error| ApiError::of_store(&error))?;
    let users: Vec<UserBody<'_>> = rows.iter().map(UserBody::from).collect();
    json(StatusCode::OK, &serde_json::json!({ "users": users }))
}

pub(super) async fn add(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let accounts = context.accounts()?;
    let UserRequest { name, password, role, scope } = read(&body)?;
    accounts.add_user(&caller, NewUser { name, password, role, scope }).await?;
    Ok(StatusCode::CREATED.into_response())
}

pub(super) async fn change(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(user): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let accounts = context.accounts()?;
    let UserChangeRequest { password, role, scope, disabled } = read(&body)?;
    let change = UserChange { role, scope, disabled, ..UserChange::default() };
    accounts.change_user(&caller, &user, password.as_deref(), change).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
