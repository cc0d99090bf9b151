//! Evidence over HTTP: what was kept of an alert's rises, as it was written.

use crate::model::Rfc3339;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::Context;
use super::error::{ApiError, json};
use crate::accounts::Caller;
use crate::evidence::{EvidenceFolder, EvidenceReadError};
use crate::store::EvidenceRow;

/// A file on record.
#[derive(Debug, Serialize, JsonSchema)]
struct EvidenceBody<'a> {
    /// Its number on the chain, by which it is asked for.
    number: i64,
    /// `rule`, `samples`, `picture` or `clip`.
    kind: &'a str,
    /// What time it is of, RFC 3339.
    #[schemars(with = "Rfc3339")]
    at: String,
    /// The file's name.
    name: &'a str,
    /// What it is, as browsers say it.
    content_type: &'static str,
    /// Its SHA-256 in hexadecimal.
    sha256: &'a str,
}

/// What was kept of an alert.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct EvidenceListBody<'a> {
    /// In the order of the chain.
    evidence: Vec<EvidenceBody<'a>>,
}

impl<'a> From<&'a EvidenceRow> for EvidenceBody<'a> {
    fn from(row: &'a EvidenceRow) -> Self {
        Self {
            number: row.id,
            kind: &row.evidence.kind,
            at: row.evidence.at.to_rfc3339(),
            name: name(row),
            content_type: content_type(name(row)),
            sha256: &row.evidence.sha256,
        }
    }
}

fn name(row: &EvidenceRow) -> &str {
    row.evidence.path.rsplit('/').next().unwrap_or_default()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("jpg") => "image/jpeg",
        Some("mp4") => "video/mp4",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

impl Context {
    /// What is on record of an alert that the caller sees.
    async fn evidence_of(&self, caller: &Caller, alert: &str) -> Result<Vec<EvidenceRow>, ApiError> {
        let store = self.store()?;
        if !caller.reach.is_all() {
            let history = store.alert_history(alert).await.map_err(|error| ApiError::of_store(&error))?;
            if !history.is_some_and(|history| self.visible(caller).alert_row(&history.alert)) {
                return Err(ApiError::no_alert_on_record(alert));
            }
        }
        store.evidence(alert).await.map_err(|error| ApiError::of_store(&error))
    }
}

pub(super) async fn list(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(alert): Path<String>,
) -> Result<Response, ApiError> {
    let rows = context.evidence_of(&caller, &alert).await?;
    json(StatusCode::OK, &EvidenceListBody { evidence: rows.iter().map(EvidenceBody::from).collect() })
}

pub(super) async fn file(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path((alert, number)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let rows = context.evidence_of(&caller, &alert).await?;
    let number = number.parse::<i64>().ok();
    let row = rows.into_iter().find(|row| Some(row.id) == number);
    let row = row.ok_or_else(|| ApiError::not_found("this alert has no evidence of that number"))?;
    let settings = context.state.plan.evidence.as_ref();
    let none = || ApiError::not_found("evidence is on record, but the configuration has no [evidence] any more");
    let root = settings.ok_or_else(none)?.folder.clone();
    let recorded = row.evidence.clone();
    let read = tokio::task::spawn_blocking(move || {
        EvidenceFolder::open_existing(&root).map_err(EvidenceReadError::from)?.read(&recorded)
    });
    let bytes = read.await.map_err(|error| ApiError::internal(&error))?.map_err(|error| {
        tracing::error!(%error, alert, path = row.evidence.path, "evidence can't be shown");
        let verify = "`crowdflow evidence verify` says more";
        match error {
            EvidenceReadError::Missing(_) => ApiError::not_found(format!("the file is not there any more: {verify}")),
            EvidenceReadError::Changed => ApiError::conflict(format!("{error}: {verify}")),
        }
    })?;
    context.record(&caller, "evidence_viewed".to_owned(), alert, name(&row).to_owned());
    let headers = [
        (CONTENT_TYPE, content_type(name(&row)).to_owned()),
        (CONTENT_DISPOSITION, format!("inline; filename=\"{}\"", name(&row).replace(['"', '\\'], "_"))),
    ];
    Ok((headers, bytes).into_response())
}
