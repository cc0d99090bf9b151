//! Alerts, what happened to them and what was done about them: the rows, and how they are written.

use super::audit::{self, AuditRow};
use super::code;
use super::outbox::{self, NewDelivery};
use super::place::{PlaceKey, key_of};
use super::sql::{Row, Writing, unreadable, values};
use super::{Store, StoreError};
use crate::model::{Level, Reading, Timestamp};

/// An alert as it stands: one row, from its first transition to long after its end.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRow {
    /// Its id, unique for ever, given by the rules: such as the rule's id and the time when it began.
    pub id: String,
    /// The rule's id.
    pub rule: String,
    /// The rule's name for people, as it was when the alert began.
    pub name: String,
    /// Where.
    pub place: PlaceKey,
    /// What is measured, by its name in the configuration.
    pub measure: String,
    /// Where the thresholds come from.
    pub source: String,
    /// Hash of the configuration that was in force when it began.
    pub config: Option<String>,
    /// A drill, not the real thing.
    pub drill: bool,
    /// How it stands, as the state machine names it (`firing`, `acknowledged`, `closed` …).
    pub state: String,
    /// The level that is on; `None`: calm.
    pub level: Option<Level>,
    /// The highest level that it has reached.
    pub highest: Option<Level>,
    /// Nothing is known of the measure now: the level is what was known last.
    pub stale: bool,
    /// When it began.
    pub since: Timestamp,
    /// When anything of it changed last.
    pub changed: Timestamp,
    /// When it ended; `None` while it is open.
    pub closed: Option<Timestamp>,
    /// When and by whom it was acknowledged first.
    pub acknowledged: Option<(Timestamp, String)>,
    /// How it was shelved last, kept after the shelving has ended.
    pub shelved: Option<Shelving>,
}

/// A shelving: no notifications until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelving {
    /// When it was shelved.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// By whom.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// One transition of an alert; never changed once written.
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionRow {
    /// The alert's id.
    pub alert: String,
    /// Its number within the alert, from 1. The store gives it; what is passed in is not looked at.
    pub seq: u64,
    /// When. An alert has at most one transition of a kind and subject at a time: one that is there already is passed over.
    pub at: Timestamp,
    /// What happened, as the state machine names it (`raised`, `lowered`, `cleared`, `stale`, `acknowledged` …).
    pub kind: String,
    /// Level before; `None`: calm.
    pub from: Option<Level>,
    /// Level after; `None`: calm.
    pub to: Option<Level>,
    /// What the measure read.
    pub reading: Reading,
    /// The threshold that was passed.
    pub threshold: Option<f64>,
    /// Who brought it about, where it was a person.
    pub who: Option<String>,
    /// More words, where there are any.
    pub note: Option<String>,
    /// What it is about, where that isn't the whole alert: a step's id. Else empty.
    pub subject: String,
}

/// Something that a person did about an alert; never changed once written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRow {
    /// The alert's id.
    pub alert: String,
    /// When.
    pub at: Timestamp,
    /// What (`acknowledge`, `comment`, `shelve`, `unshelve`, `step_started` …).
    pub kind: String,
    /// Who.
    pub who: String,
    /// What it was done to, where that isn't the whole alert: a step's id. Else empty.
    pub subject: String,
    /// Their words.
    pub note: String,
    /// Until when it holds.
    pub until: Option<Timestamp>,
}

/// A step of an alert's response plan as it stands. How it came there is in the alert's actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStepRow {
    /// The alert's id.
    pub alert: String,
    /// The step's id.
    pub step: String,
    /// Where it stands in the plan, from 1.
    pub position: u32,
    /// `pending`, `started`, `done` or `skipped`.
    pub state: String,
    /// Who brought it there.
    pub who: Option<String>,
    /// Since when it stands so.
    pub at: Timestamp,
    /// Their words.
    pub note: Option<String>,
}

/// A rule's state, for a restart that goes on exactly; its text is the rules' own business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleStateRow {
    /// The rule's id; a rule of several places has a row for each, named as it likes.
    pub rule: String,
    /// When it was written down.
    pub at: Timestamp,
    /// JSON.
    pub state: String,
}

/// What belongs together when alerts change: written whole, or not at all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlertCommit {
    /// The alerts as they stand afterwards; a row that is there is replaced.
    pub alerts: Vec<AlertRow>,
    /// What happened, in order. Their alerts must be there, or be among `alerts`.
    pub transitions: Vec<TransitionRow>,
    /// What people did.
    pub actions: Vec<ActionRow>,
    /// Plan steps as they stand afterwards.
    pub steps: Vec<PlanStepRow>,
    /// The rules' states afterwards.
    pub rule_states: Vec<RuleStateRow>,
    /// What is to be delivered, in order.
    pub deliveries: Vec<NewDelivery>,
    /// What people did beside alerts.
    pub audit: Vec<AuditRow>,
}

/// What a commit has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The number of each transition within its alert, in the order given.
    pub transitions: Vec<u64>,
}

impl Store {
    /// Writes what belongs together in one transaction. Once it is confirmed, neither a crash nor a power cut loses it.
    /// After an error it may be called again with the same: what had been written is not written twice.
    ///
    /// `at` is when the deliveries are said to have been written.
    ///
    /// # Errors
    /// As the database has them; [`super::StoreErrorKind::Conflict`] where an alert is missing.
    pub async fn commit(&self, commit: &AlertCommit, at: Timestamp) -> Result<Committed, StoreError> {
        let mut writing = self.database().write().await?;
        let mut transitions = Vec::with_capacity(commit.transitions.len());
        for alert in &commit.alerts {
            write_alert(&mut writing, alert).await?;
        }
        for transition in &commit.transitions {
            transitions.push(write_transition(&mut writing, transition).await?);
        }
        for action in &commit.actions {
            write_action(&mut writing, action).await?;
        }
        for step in &commit.steps {
            write_step(&mut writing, step).await?;
        }
        for state in &commit.rule_states {
            let sql = "INSERT INTO rule_state (rule, at_us, state) VALUES ($1, $2, $3) \
                       ON CONFLICT (rule) DO UPDATE SET at_us = excluded.at_us, state = excluded.state";
            writing.execute(sql, values![&state.rule, state.at.0, &state.state]).await?;
        }
        for delivery in &commit.deliveries {
            outbox::add(&mut writing, delivery, at).await?;
        }
        for row in &commit.audit {
            audit::add(&mut writing, row).await?;
        }
        writing.commit().await?;
        Ok(Committed { transitions })
    }
}

async fn write_alert(writing: &mut Writing, alert: &AlertRow) -> Result<(), StoreError> {
    // Who acknowledged first stays, and how it was shelved last.
    let sql = "INSERT INTO alert (id, rule, name, place, measure, source, config, drill, state, level, highest, stale, \
               since_us, changed_us, closed_us, acknowledged_us, acknowledged_by, shelved_us, shelved_until_us, \
               shelved_by, shelved_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
               $16, $17, $18, $19, $20, $21) ON CONFLICT (id) DO UPDATE SET state = excluded.state, \
               level = excluded.level, highest = excluded.highest, stale = excluded.stale, \
               changed_us = excluded.changed_us, closed_us = excluded.closed_us, \
               acknowledged_us = COALESCE(alert.acknowledged_us, excluded.acknowledged_us), \
               acknowledged_by = COALESCE(alert.acknowledged_by, excluded.acknowledged_by), \
               shelved_us = COALESCE(excluded.shelved_us, alert.shelved_us), \
               shelved_until_us = COALESCE(excluded.shelved_until_us, alert.shelved_until_us), \
               shelved_by = COALESCE(excluded.shelved_by, alert.shelved_by), \
               shelved_reason = COALESCE(excluded.shelved_reason, alert.shelved_reason)";
    let acknowledged = alert.acknowledged.as_ref();
    let shelved = alert.shelved.as_ref();
    let place = alert.place.to_string();
    let values = values![
        &alert.id,
        &alert.rule,
        &alert.name,
        &place,
        &alert.measure,
        &alert.source,
        &alert.config,
        i64::from(alert.drill),
        &alert.state,
        alert.level.map(Level::as_str),
        alert.highest.map(Level::as_str),
        i64::from(alert.stale),
        alert.since.0,
        alert.changed.0,
        alert.closed.map(|at| at.0),
        acknowledged.map(|(at, _)| at.0),
        acknowledged.map(|(_, who)| who.as_str()),
        shelved.map(|shelved| shelved.at.0),
        shelved.map(|shelved| shelved.until.0),
        shelved.map(|shelved| shelved.who.as_str()),
        shelved.map(|shelved| shelved.reason.as_str()),
    ];
    writing.execute(sql, values).await.map(drop)
}

async fn write_transition(writing: &mut Writing, transition: &TransitionRow) -> Result<u64, StoreError> {
    // Only writers get here, one after another; the alert's row keeps two programs apart.
    let sql = if matches!(writing.transaction, super::sql::Either::Postgres(_)) {
        "SELECT 1::bigint FROM alert WHERE id = $1 FOR UPDATE"
    } else {
        "SELECT 1 FROM alert WHERE id = $1"
    };
    if writing.read_first(sql, values![&transition.alert], |row| row.get::<i64>(0)).await?.is_none() {
        return Err(
            writing.contradiction(format!("a transition of the alert `{}`, which isn't there", transition.alert))
        );
    }
    let sql = "INSERT INTO alert_transition (alert, seq, at_us, kind, from_level, to_level, value, quality, threshold, \
               who, note, subject) SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 \
               FROM alert_transition WHERE alert = $1 ON CONFLICT (alert, at_us, kind, subject) DO NOTHING";
    let values = values![
        &transition.alert,
        transition.at.0,
        &transition.kind,
        transition.from.map(Level::as_str),
        transition.to.map(Level::as_str),
        transition.reading.value(),
        i64::from(code::quality(transition.reading)),
        transition.threshold,
        &transition.who,
        &transition.note,
        &transition.subject,
    ];
    writing.execute(sql, values).await?;
    let sql = "SELECT seq FROM alert_transition WHERE alert = $1 AND at_us = $2 AND kind = $3 AND subject = $4";
    let values = values![&transition.alert, transition.at.0, &transition.kind, &transition.subject];
    let seq = writing.read_first(sql, values, |row| row.get::<i64>(0)).await?;
    Ok(seq.unwrap_or_default().unsigned_abs())
}

async fn write_action(writing: &mut Writing, action: &ActionRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO alert_action (alert, at_us, kind, who, subject, note, until_us) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (alert, at_us, kind, who, subject) DO NOTHING";
    let until = action.until.map(|at| at.0);
    let values = values![&action.alert, action.at.0, &action.kind, &action.who, &action.subject, &action.note, until];
    writing.execute(sql, values).await.map(drop)
}

async fn write_step(writing: &mut Writing, step: &PlanStepRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO plan_step (alert, step, position, state, who, at_us, note) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (alert, step) DO UPDATE SET \
               position = excluded.position, state = excluded.state, who = excluded.who, at_us = excluded.at_us, \
               note = excluded.note";
    let position = i64::from(step.position);
    let values = values![&step.alert, &step.step, position, &step.state, &step.who, step.at.0, &step.note];
    writing.execute(sql, values).await.map(drop)
}

fn level_of(name: Option<String>) -> Result<Option<Level>, sqlx::Error> {
    name.map(|name| code::level(&name).ok_or_else(|| unreadable(format!("`{name}` is no level")))).transpose()
}

fn time(row: &Row, column: usize) -> Result<Option<Timestamp>, sqlx::Error> {
    Ok(row.get::<Option<i64>>(column)?.map(Timestamp))
}

/// The columns of an alert, in the order in which [`alert`] reads them.
macro_rules! select_alerts {
    ($rest:literal) => {
        concat!(
            "SELECT id, rule, name, place, measure, source, config, drill, state, level, highest, stale, since_us, \
             changed_us, closed_us, acknowledged_us, acknowledged_by, shelved_us, shelved_until_us, shelved_by, \
             shelved_reason FROM alert ",
            $rest
        )
    };
}
pub(super) use select_alerts;

pub(super) fn alert(row: &Row) -> Result<AlertRow, sqlx::Error> {
    let shelved = match (time(row, 17)?, time(row, 18)?) {
        (Some(at), Some(until)) => Some(Shelving {
            at,
            until,
            who: row.get::<Option<String>>(19)?.unwrap_or_default(),
            reason: row.get::<Option<String>>(20)?.unwrap_or_default(),
        }),
        _ => None,
    };
    Ok(AlertRow {
        id: row.get(0)?,
        rule: row.get(1)?,
        name: row.get(2)?,
        place: key_of(&row.get::<String>(3)?)?,
        measure: row.get(4)?,
        source: row.get(5)?,
        config: row.get(6)?,
        drill: row.get::<i64>(7)? != 0,
        state: row.get(8)?,
        level: level_of(row.get(9)?)?,
        highest: level_of(row.get(10)?)?,
        stale: row.get::<i64>(11)? != 0,
        since: Timestamp(row.get(12)?),
        changed: Timestamp(row.get(13)?),
        closed: time(row, 14)?,
        acknowledged: match time(row, 15)? {
            Some(at) => Some((at, row.get::<Option<String>>(16)?.unwrap_or_default())),
            None => None,
        },
        shelved,
    })
}

/// The columns of a transition, in the order in which [`transition`] reads them.
macro_rules! select_transitions {
    ($rest:literal) => {
        concat!(
            "SELECT alert, seq, at_us, kind, from_level, to_level, value, quality, threshold, who, note, subject \
             FROM alert_transition ",
            $rest
        )
    };
}
pub(super) use select_transitions;

pub(super) fn transition(row: &Row) -> Result<TransitionRow, sqlx::Error> {
    let (value, quality): (Option<f64>, i64) = (row.get(6)?, row.get(7)?);
    let reading = u8::try_from(quality).ok().and_then(|quality| code::reading(quality, value));
    Ok(TransitionRow {
        alert: row.get(0)?,
        seq: row.get::<i64>(1)?.unsigned_abs(),
        at: Timestamp(row.get(2)?),
        kind: row.get(3)?,
        from: level_of(row.get(4)?)?,
        to: level_of(row.get(5)?)?,
        reading: reading.ok_or_else(|| unreadable(format!("quality {quality} with {value:?} is no reading")))?,
        threshold: row.get(8)?,
        who: row.get(9)?,
        note: row.get(10)?,
        subject: row.get(11)?,
    })
}

pub(super) fn action(row: &Row) -> Result<ActionRow, sqlx::Error> {
    Ok(ActionRow {
        alert: row.get(0)?,
        at: Timestamp(row.get(1)?),
        kind: row.get(2)?,
        who: row.get(3)?,
        subject: row.get(4)?,
        note: row.get(5)?,
        until: time(row, 6)?,
    })
}

pub(super) fn step(row: &Row) -> Result<PlanStepRow, sqlx::Error> {
    Ok(PlanStepRow {
        alert: row.get(0)?,
        step: row.get(1)?,
        position: u32::try_from(row.get::<i64>(2)?).unwrap_or_default(),
        state: row.get(3)?,
        who: row.get(4)?,
        at: Timestamp(row.get(5)?),
        note: row.get(6)?,
    })
}
