//! What is kept of each rise of an alert, and for how long.

use std::path::PathBuf;

/// Evidence: a picture and a clip of each rise, what was measured, and the rule.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidencePlan {
    /// The folder that it is written to.
    pub folder: PathBuf,
    /// How long before the rise a clip begins, in seconds.
    pub before_s: f64,
    /// How long after the rise it ends, in seconds.
    pub after_s: f64,
    /// What of people is made unrecognisable.
    pub hide: Hide,
    /// Whether there are clips.
    pub clip: bool,
    /// After so many days it is removed; `None`: never.
    pub keep_days: Option<u32>,
}

/// What of people is made unrecognisable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hide {
    /// Their heads.
    Heads,
    /// All of them: clothes and bags too.
    People,
}

impl Hide {
    /// Its name in configuration and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Heads => "heads",
            Self::People => "people",
        }
    }
}
