//! Alerts over HTTP: looked up, acknowledged, shelved, answered by their plans; profiles and drills.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Context;
use super::alert_wire::{AlertBody, HistoryBody, RecordBody};
use super::error::{ApiError, json};
use crate::alerting::DeskFault;
use crate::model::{Action, AlertId, Level, StepState, Timestamp};
use crate::pipeline::{NotTaken, Order};
use crate::rules::ActFault;
use crate::store::{AlertFilter, Store, StoreError};

/// An answer waits so long for the store; what was done holds all the same, and is written as soon as it can be.
const STORED_WAIT: Duration = Duration::from_secs(5);
/// The analysis answers within milliseconds, unless it hangs.
const OUTCOME_WAIT: Duration = Duration::from_secs(5);
/// Alerts to an answer.
const MOST_ALERTS: u32 = 1000;
/// How long a drill's peak lasts where nobody says so, and at most, in seconds.
const DRILL_HOLD_S: f64 = 300.0;
const DRILL_HOLD_MOST_S: f64 = 3600.0;
/// Characters of a name and of a text.
pub(super) const WHO_MOST: usize = 100;
const TEXT_MOST: usize = 2000;

/// What somebody wants done about an alert.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionRequest {
    who: String,
    action: String,
    until: Option<String>,
    reason: Option<String>,
    text: Option<String>,
    step: Option<String>,
    state: Option<StepState>,
    note: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileRequest {
    who: String,
    on: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DrillRequest {
    who: String,
    rule: String,
    level: Level,
    hold_s: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndDrillRequest {
    who: String,
}

/// The body as JSON of this shape.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::bad_request(format!("the body is not as expected: {error}")))
}

/// A name or text that may be kept.
pub(super) fn text(what: &str, text: String, most: usize) -> Result<String, ApiError> {
    let chars = text.chars().count();
    if text.trim().is_empty() {
        return Err(ApiError::bad_request(format!("`{what}` is empty")));
    }
    if chars > most {
        return Err(ApiError::bad_request(format!("`{what}` has {chars} characters, at most {most} are taken")));
    }
    // A name is one line, also in a log and in a message.
    if text.chars().any(|c| c.is_control() && (what == "who" || (c != '\n' && c != '\t'))) {
        return Err(ApiError::bad_request(format!("`{what}` has control characters")));
    }
    Ok(text)
}

pub(super) fn time(what: &str, text: &str) -> Result<Timestamp, ApiError> {
    Timestamp::from_rfc3339(text).ok_or_else(|| {
        ApiError::bad_request(format!("`{what}`: found {text:?}, expected a time such as 2026-11-24T20:00:00+08:00"))
    })
}

impl ActionRequest {
    fn action(self) -> Result<(String, Action), ApiError> {
        let Self { who, action, until, reason, text: words, step, state, note } = self;
        let who = text("who", who, WHO_MOST)?;
        let missing = |key: &str| ApiError::bad_request(format!("`{key}` is missing for the action `{action}`"));
        // A key that the action has no use for is a slip whose meaning would be lost.
        let given = [
            ("until", until.is_some()),
            ("reason", reason.is_some()),
            ("text", words.is_some()),
            ("step", step.is_some()),
            ("state", state.is_some()),
            ("note", note.is_some()),
        ];
        let used: &[&str] = match action.as_str() {
            "shelve" => &["until", "reason"],
            "comment" => &["text"],
            "step" => &["step", "state", "note"],
            _ => &[],
        };
        if let Some((key, _)) = given.into_iter().find(|(key, given)| *given && !used.contains(key)) {
            return Err(ApiError::bad_request(format!("the action `{action}` has no `{key}`")));
        }
        let action = match action.as_str() {
            "acknowledge" => Action::Acknowledge,
            "shelve" => Action::Shelve {
                until: time("until", &until.ok_or_else(|| missing("until"))?)?,
                reason: text("reason", reason.ok_or_else(|| missing("reason"))?, TEXT_MOST)?,
            },
            "unshelve" => Action::Unshelve,
            "escalate" => Action::Escalate,
            "comment" => Action::Comment { text: text("text", words.ok_or_else(|| missing("text"))?, TEXT_MOST)? },
            "step" => Action::Step {
                step: step.ok_or_else(|| missing("step"))?,
                state: state.ok_or_else(|| missing("state"))?,
                note: note.map(|note| text("note", note, TEXT_MOST)).transpose()?,
            },
            other => {
                return Err(ApiError::bad_request(format!(
                    "found the action {other:?}, expected one of: acknowledge, shelve, unshelve, escalate, comment, step"
                )));
            }
        };
        Ok((who, action))
    }
}

pub(super) async fn act(
    State(context): State<Context>,
    Path(alert): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let (who, action) = read::<ActionRequest>(&body)?.action()?;
    let alert = AlertId::from_text(&alert);
    let stored = context.order(Order::Act { alert: alert.clone(), who, action }).await?;
    let snapshot = context.state.status.snapshot();
    let open = snapshot.open_alerts.iter().find(|status| status.alert.id == alert);
    let alert = open.map(|status| AlertBody::new(&context.state.plan, status));
    json(StatusCode::OK, &serde_json::json!({ "stored": stored, "alert": alert }))
}

pub(super) async fn switch_profile(
    State(context): State<Context>,
    Path(profile): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let ProfileRequest { who, on } = read(&body)?;
    let who = text("who", who, WHO_MOST)?;
    let stored = context.order(Order::SwitchProfile { profile: profile.clone(), on, who }).await?;
    json(StatusCode::OK, &serde_json::json!({ "stored": stored, "profile": profile, "on": on }))
}

pub(super) async fn begin_drill(State(context): State<Context>, body: Bytes) -> Result<Response, ApiError> {
    let DrillRequest { who, rule, level, hold_s } = read(&body)?;
    let who = text("who", who, WHO_MOST)?;
    let hold_s = hold_s.unwrap_or(DRILL_HOLD_S);
    if !(0.0..=DRILL_HOLD_MOST_S).contains(&hold_s) {
        let message = format!("`hold_s`: found {hold_s}, expected seconds from 0 to {DRILL_HOLD_MOST_S}");
        return Err(ApiError::bad_request(message));
    }
    let stored = context.order(Order::BeginDrill { rule: rule.clone(), level, hold_s, who }).await?;
    json(StatusCode::OK, &serde_json::json!({ "stored": stored, "rule": rule, "level": level, "hold_s": hold_s }))
}

pub(super) async fn end_drill(
    State(context): State<Context>,
    Path(rule): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let EndDrillRequest { who } = read(&body)?;
    let who = text("who", who, WHO_MOST)?;
    let stored = context.order(Order::EndDrill { rule: rule.clone(), who }).await?;
    json(StatusCode::OK, &serde_json::json!({ "stored": stored, "rule": rule }))
}

pub(super) async fn list(State(context): State<Context>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let store = context.store()?;
    let filter = filter(query.as_deref().unwrap_or_default())?;
    let rows = store.alerts(&filter, MOST_ALERTS).await.map_err(|error| of_store(&error))?;
    let alerts: Vec<RecordBody<'_>> = rows.iter().map(RecordBody::from).collect();
    let is_cut = rows.len() >= MOST_ALERTS as usize;
    json(StatusCode::OK, &serde_json::json!({ "alerts": alerts, "cut": is_cut }))
}

/// `from`, `to`, `rule` and `open` of a query. Their values need no escapes but those of times.
fn filter(query: &str) -> Result<AlertFilter, ApiError> {
    let mut filter = AlertFilter::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = value.replace("%3A", ":").replace("%3a", ":").replace("%2B", "+").replace("%2b", "+");
        match key {
            "from" => filter.from = Some(time("from", &value)?),
            "to" => filter.to = Some(time("to", &value)?),
            "rule" => filter.rule = Some(value),
            "open" => filter.open = matches!(value.as_str(), "" | "true" | "1"),
            other => {
                let message = format!("found the key {other:?}, expected one of: from, to, rule, open");
                return Err(ApiError::bad_request(message));
            }
        }
    }
    Ok(filter)
}

pub(super) async fn history(State(context): State<Context>, Path(alert): Path<String>) -> Result<Response, ApiError> {
    let store = context.store()?;
    let history = store.alert_history(&alert).await.map_err(|error| of_store(&error))?;
    let history = history.ok_or_else(|| ApiError::not_found(format!("no alert `{alert}` is on record")))?;
    json(StatusCode::OK, &HistoryBody::from(&history))
}

pub(super) fn of_store(error: &StoreError) -> ApiError {
    if error.kind().is_transient() {
        return ApiError::unavailable(format!("the store can't be read at present: {error}"));
    }
    ApiError::internal(error)
}

impl Context {
    pub(super) fn store(&self) -> Result<&Store, ApiError> {
        let none = || ApiError::not_found("nothing is kept: the configuration has no [store]");
        self.state.store.as_ref().ok_or_else(none)
    }

    /// Has an order carried out; `true`: it is in the store.
    async fn order(&self, order: Order) -> Result<bool, ApiError> {
        let outcome = self.state.orders.give(order).map_err(|error| match error {
            NotTaken::Busy | NotTaken::Stopping => ApiError::unavailable(error.to_string()),
        })?;
        let outcome = tokio::time::timeout(OUTCOME_WAIT, outcome).await;
        let outcome = outcome.map_err(|_| ApiError::unavailable("the analysis gives no answer; it may still act"))?;
        // Only where its thread has ended.
        let outcome = outcome.map_err(|_| ApiError::unavailable("the service is stopping"))?;
        let stored = outcome.map_err(|fault| match fault {
            DeskFault::Act(ActFault::NotOpen(_)) | DeskFault::NoSuchRule { .. } | DeskFault::NoSuchProfile { .. } => {
                ApiError::not_found(fault.to_string())
            }
            DeskFault::Act(ActFault::StepGoesForward { .. } | ActFault::NotShelved(_))
            | DeskFault::DrillGoesOn(_)
            | DeskFault::NoDrill(_) => ApiError::conflict(fault.to_string()),
            DeskFault::Act(_) | DeskFault::NoSuchLevel { .. } => ApiError::bad_request(fault.to_string()),
        })?;
        let Some(stored) = stored else { return Ok(false) };
        Ok(matches!(tokio::time::timeout(STORED_WAIT, stored).await, Ok(Ok(()))))
    }
}
