//! What one camera's analysis says after each frame or tick.

use super::{
    AlertEvent, CameraId, FrameMeta, LevelOfService, LineId, ObjectClass, Reading, SaturationReason, Timestamp, Track,
    TrackId, ZoneId,
};

/// Which way a line was crossed. *In* is towards the left of the line from its point `a` to its point `b`, as seen in
/// the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Towards the left of a→b.
    In,
    /// Towards the right of a→b.
    Out,
}

impl Direction {
    /// `in` or `out`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// One counted crossing of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// Time of the frame in which it was counted.
    pub at: Timestamp,
    /// That frame's number ([`FrameMeta::seq`]).
    pub seq: u64,
    /// The camera.
    pub camera: CameraId,
    /// The line.
    pub line: LineId,
    /// Which way.
    pub direction: Direction,
    /// What crossed.
    pub class: ObjectClass,
    /// Who: anonymous, short-lived.
    pub track: TrackId,
}

/// A zone's figures for one class.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneClassState {
    /// What is counted.
    pub class: ObjectClass,
    /// How many are in the zone now.
    pub occupancy: Reading,
    /// Entries over the border since the start. A track that is first seen inside has not entered.
    pub entries_total: u64,
    /// Exits over the border since the start. A track that vanishes inside has not left.
    pub exits_total: u64,
    /// Stays ended since the start, by an exit or by the end of the track.
    pub stays_total: u64,
    /// Sum of the lengths of those stays, in seconds.
    pub dwell_seconds_total: f64,
    /// Longest stay of those who are in the zone now, in seconds; `None` where nobody is.
    pub longest_dwell_s: Option<f64>,
}

/// A zone after a frame or tick.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneState {
    /// The zone.
    pub zone: ZoneId,
    /// One entry for each class that the zone counts, in the order of [`ObjectClass::ALL`].
    pub classes: Vec<ZoneClassState>,
    /// People per m²: occupancy of class person over the zone's area. `None` where the zone has no area or does not
    /// count people.
    pub density_per_m2: Option<Reading>,
    /// Why the count of people is a lower bound; `None` where it is none, or unknown.
    pub saturation: Option<SaturationReason>,
    /// (map − boxes) / max(map, boxes, 1): how far the density map's count of people is from that of the boxes, −1 to 1.
    /// Unknown while there is no fresh map, `None` where the camera has no second opinion.
    pub count_disagreement: Option<Reading>,
    /// What is measured on the ground. `None` where the camera is not calibrated, the zone reaches the horizon, or it
    /// does not count people.
    pub ground: Option<ZoneGroundState>,
}

/// A zone's figures on the ground plane, of class person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZoneGroundState {
    /// Voronoi density in people per m².
    pub voronoi_per_m2: Reading,
    /// Mean speed in m/s. Unknown where nobody's is known.
    pub speed_mps: Reading,
    /// Share of people who stand, 0 to 1. Unknown where nobody's speed is known.
    pub standing_share: Reading,
    /// Level of service from the Voronoi density; `None` while that is unknown.
    pub level_of_service: Option<LevelOfService>,
}

/// A line after a frame or tick: totals since the start, per class that it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct LineState {
    /// The line.
    pub line: LineId,
    /// `(class, in, out)` in the order of [`ObjectClass::ALL`].
    pub totals: Vec<(ObjectClass, u64, u64)>,
    /// Flow of people per metre of width. `None` where the camera is not calibrated, the line reaches the horizon, or
    /// it does not count people.
    pub specific_flow: Option<SpecificFlow>,
}

/// People a second and metre of a line's width, over the last minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpecificFlow {
    /// Towards the left of a→b, in 1/(m·s).
    pub in_per_m_s: Reading,
    /// Towards the right of a→b, in 1/(m·s).
    pub out_per_m_s: Reading,
}

/// Everything one step of a camera's analysis gives.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameReport {
    /// The camera.
    pub camera: CameraId,
    /// Time of the frame or tick.
    pub at: Timestamp,
    /// The frame; `None` for a tick of a camera that sends nothing.
    pub frame: Option<FrameMeta>,
    /// The tracks that are counted in this frame, in the order of their ids.
    pub tracks: Vec<Track>,
    /// Every zone of the camera, in the order of the configuration.
    pub zones: Vec<ZoneState>,
    /// Every line of the camera, in the order of the configuration.
    pub lines: Vec<LineState>,
    /// Crossings counted in this step.
    pub crossings: Vec<Crossing>,
    /// Alert transitions of this step, in order.
    pub alerts: Vec<AlertEvent>,
}
