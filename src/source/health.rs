//! How a camera is.

use super::SourceError;
use crate::model::Timestamp;

/// Whether a camera gives frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameraHealth {
    /// It is being opened for the first time.
    Connecting,
    /// Frames come.
    Delivering,
    /// No frames; it is tried again and again.
    Down {
        /// Time of the last good frame, or of the first failure where there was none.
        since: Timestamp,
        /// Why, at the last attempt.
        error: SourceError,
        /// When it is tried next.
        next_try: Timestamp,
    },
    /// It came to its end and isn't to be repeated.
    Ended,
}

impl CameraHealth {
    /// Its name in labels and JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Delivering => "delivering",
            Self::Down { .. } => "down",
            Self::Ended => "ended",
        }
    }
}

/// What a camera's capture did since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaptureCounters {
    /// Frames grabbed: those that came.
    pub grabbed: u64,
    /// Frames made into pictures and handed on.
    pub retrieved: u64,
    /// Frames that failed to decode and were skipped.
    pub decode_failures: u64,
    /// Frames passed over because a file was played too slowly.
    pub skipped_late: u64,
    /// Attempts to open after a failure.
    pub reconnects: u64,
    /// Times that a file began again.
    pub loops: u64,
    /// Times that the wall clock went backwards between frames.
    pub clock_set_back: u64,
}
