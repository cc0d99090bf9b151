//! What goes over the wire about an alert, as JSON with a version of its own. It is also what the outbox keeps, so that
//! whatever was written by an older program can still be sent.

use serde::{Deserialize, Serialize};

use crate::model::{Level, NoticeKind, StepState};

/// Version of the format. Fields may be added without a new one; a field that changes its meaning or goes needs one.
pub const SCHEMA: u32 = 1;

/// One entry of an alert's history, for one destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Idempotency key: alert, number of the entry and destination. The same in every attempt.
    pub key: String,
    /// Id of the destination.
    pub destination: String,
    /// Id of the alert, from its rise out of calm to its end.
    pub alert: String,
    /// Number of the entry in the alert's history. It rises, with gaps where an entry was not for this destination.
    pub entry: u32,
    /// What happened.
    pub kind: NoticeKind,
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// When the alert left calm, RFC 3339 in UTC.
    pub since: String,
    /// The level that is on afterwards; `null`: it ended.
    pub level: Option<Level>,
    /// The level before, where the level changed; `null`: calm, or no change.
    pub level_before: Option<Level>,
    /// An exercise, not the real thing.
    pub drill: bool,
    /// The rule.
    pub rule: Named,
    /// The site that the rule is about.
    pub site: Option<Named>,
    /// Where it is.
    pub place: Option<PlaceText>,
    /// What was measured last.
    pub measure: Option<Measured>,
    /// The units that are told.
    pub units: Vec<Named>,
    /// The response plan of the level.
    pub plan: Option<PlanText>,
    /// How many may still enter, where that is known.
    pub may_enter: Option<MayEnter>,
    /// Who did it; `null`: the product itself.
    pub who: Option<String>,
    /// A reason, comment or note.
    pub text: Option<String>,
    /// Until when there is quiet, where it is shelved; RFC 3339 in UTC.
    pub until: Option<String>,
    /// The step of the plan that it is about.
    pub step: Option<StepText>,
}

/// Something with an id and a name for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its id in the configuration.
    pub id: String,
    /// Its name for people.
    pub name: String,
}

/// A zone, a line or the whole picture of a camera, or a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceText {
    /// The camera; `null` where it is a site.
    pub camera: Option<Named>,
    /// The site; `null` where it is a camera's place.
    pub site: Option<Named>,
    /// The zone; `null` where it is something else.
    pub zone: Option<Named>,
    /// The line; `null` where it is something else.
    pub line: Option<Named>,
}

/// What was measured, and what it was compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Its name in the configuration.
    pub name: String,
    /// The unit of value and threshold; empty where it has none.
    pub unit: String,
    /// The value or bound; `null` where there is none.
    pub value: Option<f64>,
    /// `valid`, `at_least`, `at_most`, or `unknown:` with the reason.
    pub quality: String,
    /// When it was measured, RFC 3339 in UTC; `null`: not yet.
    pub time: Option<String>,
    /// The value that was passed: the raise value of the level reached, or the clear value of the level left.
    pub threshold: Option<f64>,
    /// Where the thresholds come from.
    pub source: String,
}

/// What is to be done (预案).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanText {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its steps, in order.
    pub steps: Vec<StepText>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepText {
    /// Its id, unique in the plan.
    pub id: String,
    /// What kind of measure it is.
    pub kind: String,
    /// What is to be done, in English.
    pub text: String,
    /// The same in Chinese.
    pub text_zh: String,
    /// Who does it.
    pub unit: Option<Named>,
    /// Time from the rise until it is to be over, in seconds.
    pub limit_s: Option<f64>,
    /// How it stands.
    pub state: StepState,
}

/// What a place still takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MayEnter {
    /// People who fit in until the published capacity is reached; 0: nobody.
    pub people: f64,
    /// People a minute who may be let in, where it is known.
    pub per_minute: Option<f64>,
}
