//! An object followed over time.

use super::{ObjectClass, PixelBox, PixelPoint, Timestamp, TrackId};

/// Where a track is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackState {
    /// Seen, not yet often enough to be counted.
    Tentative,
    /// Seen in the newest frame, and counted.
    Confirmed,
    /// Hidden for a moment: still counted, where it is expected to be.
    Coasting,
    /// Not seen for longer: not counted, kept for a while in case it comes back.
    Lost,
}

impl TrackState {
    /// Whether the track counts as a person who is there now.
    #[must_use]
    pub fn is_counted(self) -> bool {
        matches!(self, Self::Confirmed | Self::Coasting)
    }
}

/// One track as of the newest frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Its number.
    pub id: TrackId,
    /// What it is.
    pub class: ObjectClass,
    /// Where it is in its life.
    pub state: TrackState,
    /// Where it is in the picture: filtered, and predicted where it was not seen.
    pub bbox: PixelBox,
    /// Score of the detection it was last seen by.
    pub score: f64,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
}

impl Track {
    /// Where it stands: the bottom centre of its box.
    #[must_use]
    pub fn foot(&self) -> PixelPoint {
        self.bbox.foot()
    }
}
