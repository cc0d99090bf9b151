//! What happens to an alert beside its level: what people do about it, and what they have to be told.

use std::fmt;

use super::{AlertEvent, AlertKind, Level, RuleId, Timestamp, UnitId};

/// Names one alert, from its rise out of calm to its end: the rule and when it left calm, in microseconds. A rule has at
/// most one open alert and time only goes forward, so no two are the same, and a restart gives the same ones again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct AlertId(String);

impl AlertId {
    /// The alert of this rule that left calm at this time.
    #[must_use]
    pub fn new(rule: &RuleId, since: Timestamp) -> Self {
        Self(format!("{rule}.{}", since.0))
    }

    /// The alert that the event is of.
    #[must_use]
    pub fn of(event: &AlertEvent) -> Self {
        Self::new(&event.rule, event.since)
    }

    /// An id that was written down; whether there is such an alert is another question.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The id as text: letters, digits, `_`, `-` and a dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a step of a response plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Nobody has begun it.
    Waiting,
    /// Somebody is at it.
    Started,
    /// It is done.
    Done,
    /// It was left out.
    Skipped,
}

impl StepState {
    /// Its name in files and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Started => "started",
            Self::Done => "done",
            Self::Skipped => "skipped",
        }
    }

    /// Whether nothing more is to be done about it.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }
}

/// What somebody does about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// "I have seen it and act": it need not be escalated or repeated.
    Acknowledge,
    /// Keep quiet about it until a time, unless it gets graver.
    Shelve {
        /// When the quiet ends.
        until: Timestamp,
        /// Why; never empty.
        reason: String,
    },
    /// End the quiet.
    Unshelve,
    /// Tell the units above now.
    Escalate,
    /// Write something down.
    Comment {
        /// What; never empty.
        text: String,
    },
    /// Move a step of the response plan.
    Step {
        /// The step's id in its plan.
        step: String,
        /// How it stands from now on.
        state: StepState,
        /// What is to be said of it.
        note: Option<String>,
    },
}

/// What is to be told of an alert, or at least to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The level rose.
    Raised,
    /// The level fell to a lower one.
    Lowered,
    /// It ended.
    Cleared,
    /// Nothing is known any more; it stays open.
    Stale,
    /// Something is known again.
    Fresh,
    /// Nothing has been known for a while.
    StaleLasting,
    /// Somebody has seen it.
    Acknowledged,
    /// Nobody acknowledged it in time, or somebody wants those above to know.
    Escalated,
    /// It is still open, and nobody has acknowledged it.
    Reminder,
    /// Somebody wants quiet about it.
    Shelved,
    /// The quiet is over.
    Unshelved,
    /// Somebody wrote something down.
    Commented,
    /// A step of the plan stands otherwise.
    Step,
    /// A step of the plan is not over within its time.
    StepOverdue,
    /// What the measure reads a while after a step of the plan was done: whether it helped.
    StepEffect,
}

impl NoticeKind {
    /// Its name in files and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Lowered => "lowered",
            Self::Cleared => "cleared",
            Self::Stale => "stale",
            Self::Fresh => "fresh",
            Self::StaleLasting => "stale_lasting",
            Self::Acknowledged => "acknowledged",
            Self::Escalated => "escalated",
            Self::Reminder => "reminder",
            Self::Shelved => "shelved",
            Self::Unshelved => "unshelved",
            Self::Commented => "commented",
            Self::Step => "step",
            Self::StepOverdue => "step_overdue",
            Self::StepEffect => "step_effect",
        }
    }
}

impl From<AlertKind> for NoticeKind {
    fn from(kind: AlertKind) -> Self {
        match kind {
            AlertKind::Raised => Self::Raised,
            AlertKind::Lowered => Self::Lowered,
            AlertKind::Cleared => Self::Cleared,
            AlertKind::Stale => Self::Stale,
            AlertKind::Fresh => Self::Fresh,
        }
    }
}

/// One entry of an alert's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The alert.
    pub alert: AlertId,
    /// Its rule.
    pub rule: RuleId,
    /// Number of the entry in the alert's history, from 1 on without a gap.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: NoticeKind,
    /// The level that is on afterwards; `None`: it ended.
    pub level: Option<Level>,
    /// Who did it; `None`: the product itself.
    pub who: Option<String>,
    /// The step of the plan that it is about.
    pub step: Option<(String, StepState)>,
    /// A reason, comment or note.
    pub text: Option<String>,
    /// Until when there is quiet, where it is shelved.
    pub until: Option<Timestamp>,
    /// What was measured, where the level or what is known of it changed.
    pub event: Option<Box<AlertEvent>>,
    /// Who has to be told. Empty where it is only kept.
    pub tell: Vec<UnitId>,
    /// Whether it goes out at all: what happens while an alert is shelved does not, unless it got graver.
    pub goes_out: bool,
}
