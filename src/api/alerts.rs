//! Alerts over HTTP: looked up, acknowledged, shelved, answered by their plans; profiles and drills.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use super::alert_wire::{AlertBody, HistoryBody, RecordBody};
use super::error::{ApiError, json};
use super::request::{Query, read, text, time, who};
use super::visible::Visible;
use crate::accounts::{Caller, NAME_MOST};
use crate::alerting::DeskFault;
use crate::model::{Action, AlertId, Level, Rfc3339, StepState};
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

/// What somebody wants done about an alert. `who` is for services without accounts: else it is who is logged in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ActionRequest {
    /// "I have seen it and act".
    Acknowledge {
        #[schemars(length(min = 1, max = NAME_MOST))]
        who: Option<String>,
    },
    /// Keep quiet about it until a time, unless it gets graver.
    Shelve {
        #[schemars(length(min = 1, max = NAME_MOST))]
        who: Option<String>,
        /// When the quiet ends.
        #[schemars(with = "Rfc3339")]
        until: String,
        #[schemars(length(min = 1, max = TEXT_MOST))]
        reason: String,
    },
    /// End the quiet.
    Unshelve {
        #[schemars(length(min = 1, max = NAME_MOST))]
        who: Option<String>,
    },
    /// Tell the units above now.
    Escalate {
        #[schemars(length(min = 1, max = NAME_MOST))]
        who: Option<String>,
    },
    /// Write something down.
    Comment {
        #[schemars(length(min = 1, max = NAME_MOST))]
        who: Option<String>,
        #[schemars(length(min = 1, max = TEXT_MOST))]
        text: String,
    },
    /// Move a step of the response plan.
    Step {
        #[schemars(length(min = 1, max = NAME_MOST))]
        who: Option<String>,
        /// The step's id in its plan.
        step: String,
        state: StepState,
        #[schemars(length(min = 1, max = TEXT_MOST))]
        note: Option<String>,
    },
}

/// What was done about an alert.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ActedBody<'a> {
    /// It is in the store; else it is written as soon as that can be.
    stored: bool,
    /// The alert as it is now; `null`: it is not open any more.
    alert: Option<AlertBody<'a>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileRequest {
    /// Only for services without accounts: who wants it.
    #[schemars(length(min = 1, max = NAME_MOST))]
    who: Option<String>,
    on: bool,
}

/// A profile as it was switched.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ProfileBody<'a> {
    /// It is in the store.
    stored: bool,
    profile: &'a str,
    on: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DrillRequest {
    /// Only for services without accounts: who wants it.
    #[schemars(length(min = 1, max = NAME_MOST))]
    who: Option<String>,
    /// The rule whose rise is simulated.
    rule: String,
    /// Up to this level.
    level: Level,
    /// How long its peak lasts.
    #[schemars(range(min = 0.0, max = DRILL_HOLD_MOST_S))]
    hold_s: Option<f64>,
}

/// A drill that has begun.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DrillBody<'a> {
    /// It is in the store.
    stored: bool,
    rule: &'a str,
    level: Level,
    hold_s: f64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EndDrillRequest {
    /// Only for services without accounts: who wants it.
    #[schemars(length(min = 1, max = NAME_MOST))]
    who: Option<String>,
}

/// A drill that has ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DrillEndedBody<'a> {
    /// It is in the store.
    stored: bool,
    rule: &'a str,
}

/// Which alerts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertsQuery {
    /// Not ended before this time.
    #[schemars(with = "Option<Rfc3339>")]
    from: Option<String>,
    /// Begun before this time.
    #[schemars(with = "Option<Rfc3339>")]
    to: Option<String>,
    /// Of this rule.
    rule: Option<String>,
    /// Only those that are open.
    open: Option<bool>,
}

/// Alerts on record.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AlertsBody<'a> {
    /// The newest first.
    alerts: Vec<RecordBody<'a>>,
    /// There may be more, which are older.
    cut: bool,
}

/// What an action is called on record, and the step that it is about.
fn on_record(action: &Action) -> (&'static str, String) {
    match action {
        Action::Acknowledge => ("alert_acknowledge", String::new()),
        Action::Shelve { .. } => ("alert_shelve", String::new()),
        Action::Unshelve => ("alert_unshelve", String::new()),
        Action::Escalate => ("alert_escalate", String::new()),
        Action::Comment { .. } => ("alert_comment", String::new()),
        Action::Step { step, .. } => ("alert_step", step.clone()),
    }
}

impl ActionRequest {
    fn action(self, caller: &Caller) -> Result<(String, Action), ApiError> {
        let (given, action) = match self {
            Self::Acknowledge { who } => (who, Action::Acknowledge),
            Self::Shelve { who, until, reason } => {
                let (until, reason) = (time("until", &until)?, text("reason", reason, TEXT_MOST)?);
                (who, Action::Shelve { until, reason })
            }
            Self::Unshelve { who } => (who, Action::Unshelve),
            Self::Escalate { who } => (who, Action::Escalate),
            Self::Comment { who, text: words } => (who, Action::Comment { text: text("text", words, TEXT_MOST)? }),
            Self::Step { who, step, state, note } => {
                let note = note.map(|note| text("note", note, TEXT_MOST)).transpose()?;
                (who, Action::Step { step, state, note })
            }
        };
        Ok((who(caller, given)?, action))
    }
}

pub(super) async fn act(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(alert): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let request: ActionRequest = read(&body)?;
    let (who, action) = request.action(&caller)?;
    let (kind, step) = on_record(&action);
    let alert = AlertId::from_text(&alert);
    let is_seen = |status: &AlertStatus| status.alert.id == alert && context.visible(&caller).open_alert(status);
    if !caller.reach.is_all() && !context.state.status.snapshot().open_alerts.iter().any(is_seen) {
        return Err(ApiError::not_found(ActFault::NotOpen(alert).to_string()));
    }
    let stored = context.order(Order::Act { alert: alert.clone(), who, action }).await?;
    context.record(&caller, kind.to_owned(), alert.as_str().to_owned(), step);
    let snapshot = context.state.status.snapshot();
    let open = snapshot.open_alerts.iter().find(|status| status.alert.id == alert);
    let alert = open.map(|status| AlertBody::new(&context.state.plan, status));
    json(StatusCode::OK, &ActedBody { stored, alert })
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
    json(StatusCode::OK, &ProfileBody { stored, profile: &profile, on })
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
    json(StatusCode::OK, &DrillBody { stored, rule: &rule, level, hold_s })
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
    json(StatusCode::OK, &DrillEndedBody { stored, rule: &rule })
}

pub(super) async fn list(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<AlertsQuery>,
) -> Result<Response, ApiError> {
    let store = context.store()?;
    let mut filter = AlertFilter {
        from: query.from.map(|from| time("from", &from)).transpose()?,
        to: query.to.map(|to| time("to", &to)).transpose()?,
        rule: query.rule,
        open: query.open.unwrap_or(false),
        ..AlertFilter::default()
    };
    let visible = context.visible(&caller);
    let mut seen = Vec::new();
    // Whoever sees few of them gets as many as there are all the same.
    loop {
        let rows = store.alerts(&filter, MOST_ALERTS).await.map_err(|error| ApiError::of_store(&error))?;
        let is_last = rows.len() < MOST_ALERTS as usize;
        filter.after = rows.last().map(|row| (row.since, row.id.clone()));
        seen.extend(rows.into_iter().filter(|row| visible.alert_row(row)));
        if is_last || seen.len() >= MOST_ALERTS as usize {
            seen.truncate(MOST_ALERTS as usize);
            let alerts = seen.iter().map(RecordBody::from).collect();
            return json(StatusCode::OK, &AlertsBody { alerts, cut: !is_last });
        }
    }
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
