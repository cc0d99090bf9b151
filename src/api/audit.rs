//! What people did, as an admin reads it.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::Context;
use super::error::{ApiError, json};
use super::request::{pairs, time, unknown_key};
use crate::model::Timestamp;
use crate::store::AuditRow;

/// Entries to an answer.
const MOST_ENTRIES: u32 = 1000;

#[derive(Serialize)]
struct AuditBody<'a> {
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

pub(super) async fn list(State(context): State<Context>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let accounts = context.accounts()?;
    let (mut from, mut to) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
    for (key, value) in pairs(query.as_deref().unwrap_or_default()) {
        match key {
            "from" => from = time("from", &value)?,
            "to" => to = time("to", &value)?,
            other => return Err(unknown_key(other, "from, to")),
        }
    }
    let rows = accounts.audit(from, to, MOST_ENTRIES).await.map_err(|error| ApiError::of_store(&error))?;
    let entries: Vec<AuditBody<'_>> = rows.iter().map(AuditBody::from).collect();
    json(StatusCode::OK, &serde_json::json!({ "audit": entries, "cut": rows.len() >= MOST_ENTRIES as usize }))
}
