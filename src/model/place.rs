//! What of a camera a reading or a rule is about.

use super::{LineId, Scope, ZoneId};

/// A place of a camera.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// One of its zones.
    Zone(ZoneId),
    /// One of its lines.
    Line(LineId),
    /// The whole picture.
    Camera,
}

impl Place {
    /// What kind of place it is.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Self::Zone(_) => Scope::Zone,
            Self::Line(_) => Scope::Line,
            Self::Camera => Scope::Camera,
        }
    }

    /// The zone.
    #[must_use]
    pub fn zone(&self) -> Option<&ZoneId> {
        match self {
            Self::Zone(zone) => Some(zone),
            _ => None,
        }
    }

    /// The line.
    #[must_use]
    pub fn line(&self) -> Option<&LineId> {
        match self {
            Self::Line(line) => Some(line),
            _ => None,
        }
    }
}
