//! What can go wrong with a source of frames.

use std::fmt;

/// A source that can't be opened or read. Its text names the address without user, password or query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address}: {kind}: {detail}")]
pub struct SourceError {
    kind: SourceErrorKind,
    address: String,
    detail: String,
}

/// What failed: a closed list for retries, metric labels and exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceErrorKind {
    /// There is no such file, folder or device.
    NotFound,
    /// It is there but may not be read, or is not what was configured (a folder for a file, an empty file).
    Unreadable,
    /// The contents are no video or picture that can be decoded.
    Format,
    /// One frame could not be decoded; the next may.
    Decode,
    /// No connection, or a refused one.
    Connect,
    /// Nothing came within the open or read time-out.
    TimedOut,
    /// A live source stopped sending.
    Lost,
    /// This kind of source can't be used so.
    Unsupported,
}

impl SourceErrorKind {
    /// Its name in labels and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Unreadable => "unreadable",
            Self::Format => "format",
            Self::Decode => "decode",
            Self::Connect => "connect",
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
            Self::Unsupported => "unsupported",
        }
    }
}

impl fmt::Display for SourceErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "not found",
            Self::Unreadable => "can't be read",
            Self::Format => "can't be decoded",
            Self::Decode => "a frame can't be decoded",
            Self::Connect => "no connection",
            Self::TimedOut => "timed out",
            Self::Lost => "lost",
            Self::Unsupported => "can't be used here",
        })
    }
}

impl SourceError {
    /// An error at this address; what would give a secret away is cut off the address.
    #[must_use]
    pub fn new(kind: SourceErrorKind, address: &str, detail: impl Into<String>) -> Self {
        Self { kind, address: super::address::shown(address), detail: detail.into() }
    }

    /// What failed.
    #[must_use]
    pub fn kind(&self) -> SourceErrorKind {
        self.kind
    }

    /// The address as it may be shown.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What was found, what was expected and what to do.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}
