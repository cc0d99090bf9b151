//! Whether a camera gives frames.

/// How a camera is: a closed list for labels and JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CameraState {
    /// It is being opened for the first time.
    Connecting,
    /// Frames come.
    Delivering,
    /// No frames; it is tried again and again.
    Down,
    /// It came to its end and isn't to be repeated.
    Ended,
    /// It failed again and again on our side, and was given up until the next start.
    Failed,
}

impl CameraState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Connecting, Self::Delivering, Self::Down, Self::Ended, Self::Failed];

    /// Its name in labels and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Delivering => "delivering",
            Self::Down => "down",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }
}
