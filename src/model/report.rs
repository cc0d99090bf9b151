//! What one camera's analysis says after each frame or tick.

use super::{
    AlertEvent, CameraId, FrameMeta, LineId, Measure, ObjectClass, Place, Reading, Readings, SaturationReason,
    Timestamp, Track, TrackId, ZoneId,
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
    pub const fn as_str(self) -> &'static str {
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
    /// What is measured of the people in it. Empty where it does not count people.
    pub readings: Readings,
    /// Why the count of people is a lower bound; `None` where it is none, or unknown.
    pub saturation: Option<SaturationReason>,
}

/// A line after a frame or tick: totals since the start, per class that it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct LineState {
    /// The line.
    pub line: LineId,
    /// `(class, in, out)` in the order of [`ObjectClass::ALL`].
    pub totals: Vec<(ObjectClass, u64, u64)>,
    /// People were missed at the line at some time since the totals began: those of people are lower bounds.
    pub people_were_missed: bool,
    /// What is measured of the people who cross it. Empty where it does not count people.
    pub readings: Readings,
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
    /// What is measured of the whole picture.
    pub readings: Readings,
    /// Crossings counted in this step.
    pub crossings: Vec<Crossing>,
    /// Alert transitions of this step, in order.
    pub alerts: Vec<AlertEvent>,
}

impl FrameReport {
    /// What this place of the camera reads; `None` where it has no such place.
    #[must_use]
    pub fn of(&self, place: &Place) -> Option<&Readings> {
        match place {
            Place::Zone(_, id) => self.zones.iter().find(|state| &state.zone == id).map(|state| &state.readings),
            Place::Line(_, id) => self.lines.iter().find(|state| &state.line == id).map(|state| &state.readings),
            Place::Camera(_) => Some(&self.readings),
            Place::Site(_) | Place::Destination(_) => None,
        }
    }

    /// How many of this class are counted in the whole picture.
    #[must_use]
    pub fn count(&self, class: ObjectClass) -> Reading {
        let people = self.readings.get(Measure::People).filter(|_| class == ObjectClass::Person);
        let tracks = self.tracks.iter().filter(|track| track.class == class);
        people.unwrap_or_else(|| Reading::Valid(tracks.count() as f64))
    }
}
