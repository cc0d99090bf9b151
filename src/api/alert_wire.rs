//! Alerts as JSON: open ones in the state, past ones with their histories.

use schemars::JsonSchema;
use serde::Serialize;

use super::wire::ReadingBody;
use crate::config::{Plan, StepPlan};
use crate::model::{
    CameraId, DestinationId, Level, LineId, Place, Reading, Rfc3339, SiteId, Timestamp, UnitId, ZoneId,
};
use crate::rules::OpenStep;
use crate::status::AlertStatus;
use crate::store::{ActionRow, AlertHistory, AlertRow, DeliveryRow, PlanStepRow, TransitionRow};

/// An open alert.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AlertBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its rule.
    pub rule: &'a str,
    /// The rule's name.
    pub name: &'a str,
    /// An exercise: its readings are simulated.
    pub drill: bool,
    /// The camera of its place; `null` where it has none.
    pub camera: Option<&'a str>,
    /// The site that it is about, or whose units and plans it has.
    pub site: Option<&'a str>,
    /// The zone; `null` where it is something else.
    pub zone: Option<&'a str>,
    /// The line; `null` where it is something else.
    pub line: Option<&'a str>,
    /// The destination; `null` where it is something else.
    pub destination: Option<&'a str>,
    /// What is measured.
    pub measure: &'a str,
    /// The level that is on.
    pub level: Level,
    /// The gravest level that was on.
    pub gravest: Level,
    /// `firing`, `acknowledged` or `shelved`.
    pub state: &'static str,
    /// When it left calm, RFC 3339.
    #[schemars(with = "Rfc3339")]
    pub since: String,
    /// When its level rose last, RFC 3339.
    #[schemars(with = "Rfc3339")]
    pub raised: String,
    /// Nothing is known at present: the level is what was known last.
    pub stale: bool,
    /// The newest value.
    pub reading: ReadingBody,
    /// Where its thresholds come from.
    pub source: &'a str,
    /// Who has seen it; `null`: nobody.
    pub acknowledged: Option<ByBody<'a>>,
    /// The quiet about it; `null`: there is none.
    pub shelved: Option<ShelfBody<'a>>,
    /// When the units above were told, RFC 3339.
    #[schemars(with = "Option<Rfc3339>")]
    pub escalated: Option<String>,
    /// The units that were told.
    pub units: Vec<NamedBody<'a>>,
    /// Its response plan.
    pub plan: Option<PlanBody<'a>>,
}

/// Who did something, and when.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ByBody<'a> {
    /// Who.
    pub who: &'a str,
    /// When, RFC 3339.
    #[schemars(with = "Rfc3339")]
    pub at: String,
}

/// A quiet.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShelfBody<'a> {
    /// Who wants it.
    pub who: &'a str,
    /// When it ends, RFC 3339.
    #[schemars(with = "Rfc3339")]
    pub until: String,
    /// Why.
    pub reason: &'a str,
}

/// Something with an id and a name.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NamedBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// A response plan and how far it is carried out.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ResponsePlanBody")]
pub struct PlanBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its steps, in order.
    pub steps: Vec<StepBody<'a>>,
}

/// A step of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StepBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// What kind of measure it is.
    pub kind: &'a str,
    /// What is to be done, in English.
    pub text: &'a str,
    /// The same in Chinese.
    pub text_zh: &'a str,
    /// Who does it; `null`: the site's unit.
    pub unit: Option<&'a str>,
    /// `waiting`, `started`, `done` or `skipped`.
    pub state: &'static str,
    /// When it is to be over, RFC 3339; `null`: whenever.
    #[schemars(with = "Option<Rfc3339>")]
    pub due: Option<String>,
    /// Who moved it last.
    pub who: Option<&'a str>,
    /// When that was, RFC 3339.
    #[schemars(with = "Option<Rfc3339>")]
    pub at: Option<String>,
    /// What was said of it.
    pub note: Option<&'a str>,
}

impl<'a> AlertBody<'a> {
    /// As of the newest reading.
    #[must_use]
    pub fn new(plan: &'a Plan, status: &'a AlertStatus) -> Self {
        let (alert, last) = (&status.alert, status.last.as_ref());
        let place = last.map(|event| &event.place);
        let rule = plan.rules.iter().find(|rule| rule.id == alert.rule || rule.id.of_drill() == alert.rule);
        let site = place.and_then(Place::site).or_else(|| rule.and_then(|rule| rule.site.as_ref()));
        let response_plan = alert.plan.as_ref().and_then(|id| plan.response.plans.iter().find(|plan| &plan.id == id));
        let unit = |id: &'a UnitId| {
            let known = plan.response.units.iter().find(|unit| &unit.id == id);
            NamedBody { id: id.as_str(), name: known.map_or(id.as_str(), |unit| &unit.name) }
        };
        Self {
            id: alert.id.as_str(),
            rule: alert.rule.as_str(),
            name: last.map(|event| event.name.as_str()).unwrap_or(alert.rule.as_str()),
            drill: alert.rule.is_drill(),
            camera: place.and_then(Place::camera).map(CameraId::as_str),
            site: site.map(SiteId::as_str),
            zone: place.and_then(Place::zone).map(ZoneId::as_str),
            line: place.and_then(Place::line).map(LineId::as_str),
            destination: place.and_then(Place::destination).map(DestinationId::as_str),
            measure: last.map_or("", |event| event.measure.as_str()),
            level: alert.level,
            gravest: alert.gravest,
            state: match (&alert.shelved, &alert.acknowledged) {
                (Some(_), _) => "shelved",
                (None, Some(_)) => "acknowledged",
                (None, None) => "firing",
            },
            since: alert.since.to_rfc3339(),
            raised: alert.raised.to_rfc3339(),
            stale: alert.stale,
            reading: last
                .map_or(Reading::Unknown(crate::model::UnknownReason::NotStarted), |event| event.reading)
                .into(),
            source: last.map_or("", |event| &event.source),
            acknowledged: alert.acknowledged.as_ref().map(|by| ByBody { who: &by.who, at: by.at.to_rfc3339() }),
            shelved: alert.shelved.as_ref().map(|shelf| ShelfBody {
                who: &shelf.who,
                until: shelf.until.to_rfc3339(),
                reason: &shelf.reason,
            }),
            escalated: alert.escalated.map(Timestamp::to_rfc3339),
            units: alert.told.iter().map(unit).collect(),
            plan: response_plan.map(|plan| PlanBody {
                id: &plan.id,
                name: &plan.name,
                steps: alert
                    .steps
                    .iter()
                    .map(|open| StepBody::new(open, plan.steps.iter().find(|step| step.id == open.step)))
                    .collect(),
            }),
        }
    }
}

impl<'a> StepBody<'a> {
    fn new(open: &'a OpenStep, plan: Option<&'a StepPlan>) -> Self {
        Self {
            id: &open.step,
            kind: plan.map_or("other", |step| step.kind.as_str()),
            text: plan.map_or(open.step.as_str(), |step| &step.text),
            text_zh: plan.map_or(open.step.as_str(), |step| &step.text_zh),
            unit: open.unit.as_ref().map(UnitId::as_str),
            state: open.state.as_str(),
            due: open.due.map(Timestamp::to_rfc3339),
            who: open.who.as_deref(),
            at: open.at.map(Timestamp::to_rfc3339),
            note: open.note.as_deref(),
        }
    }
}

/// An alert on record.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecordBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its rule.
    pub rule: &'a str,
    /// The rule's name when it began.
    pub name: &'a str,
    /// Where, such as `zone:gate/plaza`.
    pub place: String,
    /// What was measured.
    pub measure: &'a str,
    /// Where the thresholds came from.
    pub source: &'a str,
    /// Hash of the configuration that was in force.
    pub config: Option<&'a str>,
    /// An exercise.
    pub drill: bool,
    /// `firing`, `acknowledged`, `shelved` or `closed`.
    pub state: &'a str,
    /// The level that is on; `null`: it has ended.
    pub level: Option<Level>,
    /// The gravest level that was on.
    pub gravest: Option<Level>,
    /// Nothing is known at present.
    pub stale: bool,
    /// When it left calm, RFC 3339.
    #[schemars(with = "Rfc3339")]
    pub since: String,
    /// When it ended, RFC 3339; `null`: it is open.
    #[schemars(with = "Option<Rfc3339>")]
    pub closed: Option<String>,
    /// Who acknowledged it first.
    pub acknowledged: Option<ByBody<'a>>,
    /// The quiet that there was last.
    pub shelved: Option<ShelfBody<'a>>,
}

impl<'a> From<&'a AlertRow> for RecordBody<'a> {
    fn from(row: &'a AlertRow) -> Self {
        let acknowledged = row.acknowledged.as_ref();
        Self {
            id: &row.id,
            rule: &row.rule,
            name: &row.name,
            place: row.place.to_string(),
            measure: &row.measure,
            source: &row.source,
            config: row.config.as_deref(),
            drill: row.drill,
            state: &row.state,
            level: row.level,
            gravest: row.highest,
            stale: row.stale,
            since: row.since.to_rfc3339(),
            closed: row.closed.map(Timestamp::to_rfc3339),
            acknowledged: acknowledged.map(|(at, who)| ByBody { who, at: at.to_rfc3339() }),
            shelved: row.shelved.as_ref().map(|shelf| ShelfBody {
                who: &shelf.who,
                until: shelf.until.to_rfc3339(),
                reason: &shelf.reason,
            }),
        }
    }
}

/// An alert on record with all that happened.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AlertHistoryBody")]
pub struct HistoryBody<'a> {
    /// The alert.
    pub alert: RecordBody<'a>,
    /// What happened, in order.
    pub history: Vec<EntryBody<'a>>,
    /// What people did, in order.
    pub actions: Vec<ActionBody<'a>>,
    /// Its plan's steps, in order.
    pub steps: Vec<StepRecordBody<'a>>,
    /// What was sent about it, in order.
    pub deliveries: Vec<DeliveryBody<'a>>,
}

/// An entry of its history.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EntryBody<'a> {
    /// Its number.
    pub number: u64,
    /// When, RFC 3339.
    #[schemars(with = "Rfc3339")]
    pub at: String,
    /// What.
    pub kind: &'a str,
    /// The level before.
    pub from: Option<Level>,
    /// The level after.
    pub to: Option<Level>,
    /// What was measured.
    pub reading: ReadingBody,
    /// The threshold that was passed.
    pub threshold: Option<f64>,
    /// Who did it.
    pub who: Option<&'a str>,
    /// The step that it is about; empty: the whole alert.
    pub step: &'a str,
    /// Their words.
    pub note: Option<&'a str>,
}

/// What a person did.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ActionBody<'a> {
    /// When, RFC 3339.
    #[schemars(with = "Rfc3339")]
    pub at: String,
    /// What.
    pub kind: &'a str,
    /// Who.
    pub who: &'a str,
    /// To which step; empty: the whole alert.
    pub step: &'a str,
    /// Their words.
    pub note: &'a str,
    /// Until when it holds, RFC 3339.
    #[schemars(with = "Option<Rfc3339>")]
    pub until: Option<String>,
}

/// A step as it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StepRecordBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// How it stands.
    pub state: &'a str,
    /// Who brought it there.
    pub who: Option<&'a str>,
    /// Since when, RFC 3339.
    #[schemars(with = "Rfc3339")]
    pub at: String,
    /// Their words.
    pub note: Option<&'a str>,
}

/// A message about it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeliveryBody<'a> {
    /// To where.
    pub destination: &'a str,
    /// Its key.
    pub key: &'a str,
    /// `pending`, `delivered` or `dead`.
    pub state: &'static str,
    /// When it was written, RFC 3339.
    #[schemars(with = "Rfc3339")]
    pub written: String,
    /// When it was taken or given up, RFC 3339.
    #[schemars(with = "Option<Rfc3339>")]
    pub settled: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: Option<&'a str>,
}

impl<'a> From<&'a AlertHistory> for HistoryBody<'a> {
    fn from(history: &'a AlertHistory) -> Self {
        let entry = |row: &'a TransitionRow| EntryBody {
            number: row.seq,
            at: row.at.to_rfc3339(),
            kind: &row.kind,
            from: row.from,
            to: row.to,
            reading: row.reading.into(),
            threshold: row.threshold,
            who: row.who.as_deref(),
            step: &row.subject,
            note: row.note.as_deref(),
        };
        let action = |row: &'a ActionRow| ActionBody {
            at: row.at.to_rfc3339(),
            kind: &row.kind,
            who: &row.who,
            step: &row.subject,
            note: &row.note,
            until: row.until.map(Timestamp::to_rfc3339),
        };
        let step = |row: &'a PlanStepRow| StepRecordBody {
            id: &row.step,
            state: &row.state,
            who: row.who.as_deref(),
            at: row.at.to_rfc3339(),
            note: row.note.as_deref(),
        };
        let delivery = |row: &'a DeliveryRow| DeliveryBody {
            destination: &row.delivery.sink,
            key: &row.delivery.key,
            state: row.state.as_str(),
            written: row.delivery.created.to_rfc3339(),
            settled: row.settled.map(Timestamp::to_rfc3339),
            attempts: row.delivery.attempt,
            error: row.last_error.as_deref(),
        };
        Self {
            alert: (&history.alert).into(),
            history: history.transitions.iter().map(entry).collect(),
            actions: history.actions.iter().map(action).collect(),
            steps: history.steps.iter().map(step).collect(),
            deliveries: history.deliveries.iter().map(delivery).collect(),
        }
    }
}
