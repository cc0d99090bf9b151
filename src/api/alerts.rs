//! Alerts over HTTP: looked up, acknowledged, shelved, answered by their plans; profiles and drills.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::Context;
use super::alert_wire::{AlertBody, HistoryBody, RecordBody};
use super::error::{ApiError, json};
use super::request::{pairs, read, text, time, unknown_key, who};
use super::visible::Visible;
use crate::accounts::Caller;
use crate::alerting::DeskFault;
use crate::model::{Action, AlertId, Level, StepState};
use crate::pipeline::{NotTaken, Order};
use crate::rules::ActFault;
use crate::status::AlertStatus;
use crate::store::{AlertFilter, Store};

/// An answer waits so long for the store; what was done holds all the same, and is written as soon as it can be.
const STORED_WAIT: Duration = Duration::from_secs(5);
/// The analysis answers within milliseconds, unless it hangs.
const OUTCOME_WAIT: Duration = Duration::from_secs(5);
/// Alerts to an answer.
const MOST_ALERTS: u32 = 1000;
/// How long a drill's peak lasts where nobody says so, and at most, in seconds.
const DRILL_HOLD_S: f64 = 300.0;
const DRILL_HOLD_MOST_S: f64 = 3600.0;
/// Characters of a text.
const TEXT_MOST: usize = 2000;

/// What somebody wants done about an alert.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionRequest {
    who: Option<String>,
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
    who: Option<String>,
    on: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DrillRequest {
    who: Option<String>,
    rule: String,
    level: Level,
    hold_s: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndDrillRequest {
    who: Option<String>,
}

impl ActionRequest {
    fn action(self, caller: &Caller) -> Result<(String, Action), ApiError> {
        let Self { who: given, action, until, reason, text: words, step, state, note } = self;
        let who = who(caller, given)?;
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
    Extension(caller): Extension<Caller>,
    Path(alert): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let request: ActionRequest = read(&body)?;
    let kind = format!("alert_{}", request.action);
    let detail = request.step.clone().unwrap_or_default();
    let (who, action) = request.action(&caller)?;
    let alert = AlertId::from_text(&alert);
    let is_seen = |status: &AlertStatus| status.alert.id == alert && context.visible(&caller).open_alert(status);
    if !caller.reach.is_all() && !context.state.status.snapshot().open_alerts.iter().any(is_seen) {
        return Err(ApiError::not_found(ActFault::NotOpen(alert).to_string()));
    }
    let stored = context.order(Order::Act { alert: alert.clone(), who, action }).await?;
    context.record(&caller, kind, alert.as_str().to_owned(), detail);
    let snapshot = context.state.status.snapshot();
    let open = snapshot.open_alerts.iter().find(|status| status.alert.id == alert);
    let alert = open.map(|status| AlertBody::new(&context.state.plan, status));
    json(StatusCode::OK, &serde_json::json!({ "stored": stored, "alert": alert }))
}

pub(super) async fn switch_profile(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(profile): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let ProfileRequest { who: given, on } = read(&body)?;
    let who = who(&caller, given)?;
    let stored = context.order(Order::SwitchProfile { profile: profile.clone(), on, who }).await?;
    json(StatusCode::OK, &serde_json::json!({ "stored": stored, "profile": profile, "on": on }))
}

pub(super) async fn begin_drill(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let DrillRequest { who: given, rule, level, hold_s } = read(&body)?;
    let who = who(&caller, given)?;
    context.see_rule(&caller, &rule)?;
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
    Extension(caller): Extension<Caller>,
    Path(rule): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let EndDrillRequest { who: given } = read(&body)?;
    let who = who(&caller, given)?;
    context.see_rule(&caller, &rule)?;
    let stored = context.order(Order::EndDrill { rule: rule.clone(), who }).await?;
    json(StatusCode::OK, &serde_json::json!({ "stored": stored, "rule": rule }))
}

pub(super) async fn list(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let store = context.store()?;
    let filter = filter(query.as_deref().unwrap_or_default())?;
    let rows = store.alerts(&filter, MOST_ALERTS).await.map_err(|error| ApiError::of_store(&error))?;
    let seen = rows.iter().filter(|row| context.visible(&caller).alert_row(row));
    let alerts: Vec<RecordBody<'_>> = seen.map(RecordBody::from).collect();
    let is_cut = rows.len() >= MOST_ALERTS as usize;
    json(StatusCode::OK, &serde_json::json!({ "alerts": alerts, "cut": is_cut }))
}

/// `from`, `to`, `rule` and `open` of a query.
fn filter(query: &str) -> Result<AlertFilter, ApiError> {
    let mut filter = AlertFilter::default();
    for (key, value) in pairs(query) {
        match key {
            "from" => filter.from = Some(time("from", &value)?),
            "to" => filter.to = Some(time("to", &value)?),
            "rule" => filter.rule = Some(value),
            "open" => filter.open = matches!(value.as_str(), "" | "true" | "1"),
            other => return Err(unknown_key(other, "from, to, rule, open")),
        }
    }
    Ok(filter)
}

pub(super) async fn history(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(alert): Path<String>,
) -> Result<Response, ApiError> {
    let store = context.store()?;
    let history = store.alert_history(&alert).await.map_err(|error| ApiError::of_store(&error))?;
    let history = history.filter(|history| context.visible(&caller).alert_row(&history.alert));
    let history = history.ok_or_else(|| ApiError::no_alert_on_record(&alert))?;
    json(StatusCode::OK, &HistoryBody::from(&history))
}

impl Context {
    pub(super) fn store(&self) -> Result<&Store, ApiError> {
        let none = || ApiError::not_found("nothing is kept: the configuration has no [store]");
        self.state.store.as_ref().ok_or_else(none)
    }

    /// What a caller may see.
    pub(super) fn visible<'a>(&'a self, caller: &'a Caller) -> Visible<'a> {
        Visible { reach: &caller.reach, plan: &self.state.plan }
    }

    /// Puts on record what a caller did; without accounts there is nobody whose doing it is.
    /// Nobody waits for it: an order is in its alert's history besides.
    pub(super) fn record(&self, caller: &Caller, kind: String, subject: String, detail: String) {
        if let (Some(accounts), Some(name)) = (self.state.accounts.clone(), caller.name.clone()) {
            tokio::spawn(async move { accounts.record(&name, &kind, &subject, &detail).await });
        }
    }

    /// A rule that the caller doesn't see is not there.
    fn see_rule(&self, caller: &Caller, rule: &str) -> Result<(), ApiError> {
        let seen = || self.state.plan.rules.iter().filter(|known| self.visible(caller).rule(known));
        if caller.reach.is_all() || seen().any(|known| known.id.as_str() == rule) {
            return Ok(());
        }
        let known = seen().map(|known| known.id.as_str()).collect::<Vec<_>>().join(", ");
        Err(ApiError::not_found(DeskFault::NoSuchRule { found: rule.to_owned(), known }.to_string()))
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
