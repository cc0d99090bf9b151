//! A measured value that says how far it can be trusted. Unknown is never 0.

use std::fmt;

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownReason {
    /// No frame has been analysed since the start.
    NotStarted,
    /// The camera does not deliver: it is down, or its newest frame is too old.
    NoFrames,
    /// An external source has not told of it for too long.
    NotReported,
    /// A moving camera gives no such measure.
    MobileCamera,
    /// It could not be measured: too short a time has been seen, or people are missed.
    NotEnough,
    /// More people are there than the detector tells apart, and what is measured of those who are seen proves nothing.
    PeopleMissed,
    /// The frame was seen, and there are too few people for this measure: a calm place. For an alert it is below every
    /// threshold.
    NothingToMeasure,
}

impl UnknownReason {
    /// Short name in files and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::NoFrames => "no_frames",
            Self::NotReported => "not_reported",
            Self::MobileCamera => "mobile_camera",
            Self::NotEnough => "not_enough",
            Self::PeopleMissed => "people_missed",
            Self::NothingToMeasure => "nothing_to_measure",
        }
    }
}

/// Why a count is a lower bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaturationReason {
    /// The detector gave as many boxes as it can.
    DetectorLimit,
    /// More people per m² than a box detector tells apart.
    Dense,
    /// People stand before one another, so that some are hidden.
    Overlap,
    /// People are smaller than the detector resolves.
    SmallPeople,
}

impl SaturationReason {
    /// Short name in files and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DetectorLimit => "detector_limit",
            Self::Dense => "dense",
            Self::Overlap => "overlap",
            Self::SmallPeople => "small_people",
        }
    }
}

/// A value, a bound, or nothing with a reason. It is serialised for state that survives a restart; outputs say value and
/// quality.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The value as measured.
    Valid(f64),
    /// At least this much: the crowd is denser than the detector resolves.
    AtLeast(f64),
    /// At most this much: it follows from something that is at least as much as measured, such as the time until a
    /// place is full.
    AtMost(f64),
    /// No value.
    Unknown(UnknownReason),
}

impl Reading {
    /// The value or the bound.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Valid(value) | Self::AtLeast(value) | Self::AtMost(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// Whether the state of the place is known: there is a value or a bound, or it is seen to be calm.
    #[must_use]
    pub fn is_known(self) -> bool {
        matches!(self, Self::Unknown(UnknownReason::NothingToMeasure)) || self.value().is_some()
    }

    /// The same, where a calm place can't be told yet: nothing to measure reads not enough.
    #[must_use]
    pub fn unless_calm(self) -> Self {
        match self {
            Self::Unknown(UnknownReason::NothingToMeasure) => Self::Unknown(UnknownReason::NotEnough),
            reading => reading,
        }
    }

    /// `valid`, `at_least`, `at_most`, or `unknown:` with the reason: the column `quality`.
    #[must_use]
    pub fn quality(self) -> Quality {
        Quality(self)
    }

    /// The same quality with another value; `f` must not fall where its argument rises, or bounds would be wrong.
    #[must_use]
    pub fn map(self, f: impl FnOnce(f64) -> f64) -> Self {
        match self {
            Self::Valid(value) => Self::Valid(f(value)),
            Self::AtLeast(value) => Self::AtLeast(f(value)),
            Self::AtMost(value) => Self::AtMost(f(value)),
            Self::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

/// How a [`Reading`]'s quality is written.
pub struct Quality(Reading);

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Reading::Valid(_) => f.write_str("valid"),
            Reading::AtLeast(_) => f.write_str("at_least"),
            Reading::AtMost(_) => f.write_str("at_most"),
            Reading::Unknown(reason) => write!(f, "unknown:{}", reason.as_str()),
        }
    }
}
