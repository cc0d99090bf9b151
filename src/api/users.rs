//! Users, as an admin looks after them. None is ever deleted: the audit names them.

use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use super::error::{ApiError, json};
use super::request::read;
use crate::accounts::{Caller, NAME_MOST, NewUser, PASSWORD_LEAST, PASSWORD_MOST};
use crate::model::{AccessScope, Rfc3339, Role};
use crate::store::{UserChange, UserRow};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserRequest {
    #[schemars(length(min = 1, max = NAME_MOST))]
    name: String,
    #[schemars(length(min = PASSWORD_LEAST, max = PASSWORD_MOST))]
    password: String,
    role: Role,
    scope: AccessScope,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChangeRequest {
    #[schemars(length(min = PASSWORD_LEAST, max = PASSWORD_MOST))]
    password: Option<String>,
    role: Option<Role>,
    scope: Option<AccessScope>,
    disabled: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
struct UserBody<'a> {
    name: &'a str,
    role: Role,
    scope: &'a AccessScope,
    disabled: bool,
    #[schemars(with = "Rfc3339")]
    created: String,
}

/// All users.
#[derive(Serialize, JsonSchema)]
pub(super) struct UsersBody<'a> {
    users: Vec<UserBody<'a>>,
}

impl<'a> From<&'a UserRow> for UserBody<'a> {
    fn from(row: &'a UserRow) -> Self {
        let UserRow { name, password_hash: _, role, scope, disabled, created } = row;
        Self { name, role: *role, scope, disabled: *disabled, created: created.to_rfc3339() }
    }
}

pub(super) async fn list(State(context): State<Context>) -> Result<Response, ApiError> {
    let rows = context.accounts()?.users().await.map_err(|error| ApiError::of_store(&error))?;
    json(StatusCode::OK, &UsersBody { users: rows.iter().map(UserBody::from).collect() })
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
