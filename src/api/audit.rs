//! What people did, as an admin reads it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use super::error::{ApiError, json};
use super::request::{Query, time};
use crate::model::{Rfc3339, Timestamp};
use crate::store::AuditRow;

/// Entries to an answer.
const MOST_ENTRIES: u32 = 1000;

/// What somebody did.
#[derive(Serialize, JsonSchema)]
struct AuditBody<'a> {
    #[schemars(with = "Rfc3339")]
    time: String,
    who: &'a str,
    kind: &'a str,
    subject: &'a str,
    detail: &'a str,
}

impl<'a> From<&'a AuditRow> for AuditBody<'a> {
    fn from(row: &'a AuditRow) -> Self {
        let AuditRow { at, who, kind, subject, detail } = row;
        Self { time: at.to_rfc3339(), who, kind, subject, detail }
    }
}

/// What was put on record.
#[derive(Serialize, JsonSchema)]
pub(super) struct AuditLogBody<'a> {
    /// The newest first.
    audit: Vec<AuditBody<'a>>,
    /// There may be more, which are older.
    cut: bool,
}

/// Of what time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// Not before this time.
    #[schemars(with = "Option<Rfc3339>")]
    from: Option<String>,
    /// Before this time.
    #[schemars(with = "Option<Rfc3339>")]
    to: Option<String>,
}

pub(super) async fn list(
    State(context): State<Context>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, ApiError> {
    let accounts = context.accounts()?;
    let from = query.from.map_or(Ok(Timestamp(i64::MIN)), |from| time("from", &from))?;
    let to = query.to.map_or(Ok(Timestamp(i64::MAX)), |to| time("to", &to))?;
    let rows = accounts.audit(from, to, MOST_ENTRIES).await.map_err(|error| ApiError::of_store(&error))?;
    let cut = rows.len() >= MOST_ENTRIES as usize;
    json(StatusCode::OK, &AuditLogBody { audit: rows.iter().map(AuditBody::from).collect(), cut })
}
