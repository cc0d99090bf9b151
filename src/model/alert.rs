//! Alerts in four levels.

use super::{Measure, Place, Reading, RuleId, Timestamp};

/// Warning level, mildest first: 蓝 blue (Ⅳ), 黄 yellow (Ⅲ), 橙 orange (Ⅱ), 红 red (Ⅰ).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 蓝, Ⅳ.
    Blue,
    /// 黄, Ⅲ.
    Yellow,
    /// 橙, Ⅱ.
    Orange,
    /// 红, Ⅰ.
    Red,
}

impl Level {
    /// All levels, mildest first.
    pub const ALL: [Self; 4] = [Self::Blue, Self::Yellow, Self::Orange, Self::Red];

    /// The name in configuration, files and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happened to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The level rose (from calm, or from a lower level).
    Raised,
    /// The level fell to a lower one.
    Lowered,
    /// The alert ended.
    Cleared,
    /// The camera went blind while the alert was open; it stays open at its level.
    Stale,
    /// Fresh values again after [`AlertKind::Stale`].
    Fresh,
}

impl AlertKind {
    /// The name in files and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Lowered => "lowered",
            Self::Cleared => "cleared",
            Self::Stale => "stale",
            Self::Fresh => "fresh",
        }
    }
}

/// One transition of an alert: a line of `alerts.jsonl`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertEvent {
    /// When: the time of the frame or tick that brought it about.
    pub at: Timestamp,
    /// The rule.
    pub rule: RuleId,
    /// The rule's name for people.
    pub name: String,
    /// The place.
    pub place: Place,
    /// What is measured.
    pub measure: Measure,
    /// What happened.
    pub kind: AlertKind,
    /// Level before; `None`: calm.
    pub from: Option<Level>,
    /// Level after; `None`: calm.
    pub to: Option<Level>,
    /// The measured value at that moment.
    pub reading: Reading,
    /// The threshold that was passed: the raise value of the level reached, or the clear value of the level left.
    /// `None` for stale and fresh.
    pub threshold: Option<f64>,
    /// Where the rule's thresholds come from, as configured.
    pub source: String,
    /// When the alert began (left calm).
    pub since: Timestamp,
}
