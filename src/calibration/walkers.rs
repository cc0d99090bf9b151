//! A calibration checked against the people who walk in the picture.

use std::ops::RangeInclusive;

use super::plane::GroundPlane;
use crate::filter::median;
use crate::model::PixelBox;

/// Body heights that make sense as a median of passers-by, in metres.
pub const BODY_HEIGHT_M: RangeInclusive<f64> = 1.4..=2.0;
/// Speeds that make sense as a median of people who are free to walk, in m/s.
pub const WALKING_SPEED_MPS: RangeInclusive<f64> = 0.5..=2.0;
/// Time over which a speed is taken, in seconds: shorter ones measure the detector's jitter.
const SPEED_WINDOW_S: f64 = 1.0;
/// How far a window may be from its length, as a share: frames don't come to order.
const WINDOW_TOLERANCE: f64 = 0.25;
/// Boxes from which on medians are worth a warning.
const SAMPLES_LEAST: usize = 20;

/// One box of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WalkerPoint {
    /// Time in seconds, from anywhere.
    pub at_s: f64,
    /// Where the person is in the picture.
    pub bbox: PixelBox,
}

/// What does not make sense.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum WalkerWarning {
    /// People would be too small or too tall.
    #[error(
        "the median body height is {found_m:.2} m, outside 1.4 to 2.0 m: heights and areas are probably off by the \
         same factor. Check the unit and the scale of the ground coordinates"
    )]
    BodyHeight {
        /// Their median height in metres.
        found_m: f64,
    },
    /// People would walk too slowly or too fast.
    #[error(
        "the median walking speed is {found_mps:.2} m/s, outside 0.5 to 2.0 m/s: check the scale of the ground \
         coordinates and the source's fps; a crowd that stands gives a low speed too"
    )]
    WalkingSpeed {
        /// Their median speed in m/s.
        found_mps: f64,
    },
    /// Too few boxes to say anything.
    #[error("only {samples} usable boxes: too few to check the calibration by people")]
    TooFew {
        /// How many boxes were on the ground and whole.
        samples: usize,
    },
}

/// What people say about a calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct WalkerCheck {
    /// Tracks with at least one usable box.
    pub tracks: usize,
    /// Boxes that were on the ground and whole.
    pub boxes: usize,
    /// Median body height in metres.
    pub body_height_m: Option<f64>,
    /// Whether body heights come from the camera's pose; otherwise from the scale at the foot alone, which is too small
    /// by the cosine of the tilt.
    pub height_by_pose: bool,
    /// Speeds that the median was taken of.
    pub speeds: usize,
    /// Median speed over one second, in m/s.
    pub speed_mps: Option<f64>,
    /// What does not make sense.
    pub warnings: Vec<WalkerWarning>,
}

/// Checks a plane against tracks; each track's points in the order of time, in pixels of the plane's picture.
///
/// Boxes that touch the picture's edge are left out of heights: the person may be cut off. Speeds are displacements of
/// the foot point over one second.
#[must_use]
pub fn check_walkers(plane: &GroundPlane, tracks: &[Vec<WalkerPoint>]) -> WalkerCheck {
    let height_by_pose = plane.pose().is_some();
    let mut heights_m = Vec::new();
    let mut speeds_mps = Vec::new();
    let mut usable_tracks = 0;
    for track in tracks {
        let before = (heights_m.len(), speeds_mps.len());
        let whole = track.iter().filter(|point| is_whole(plane, &point.bbox));
        heights_m.extend(whole.filter_map(|point| {
            if height_by_pose { plane.height_m(&point.bbox) } else { plane.height_by_scale_m(&point.bbox) }
        }));
        speeds_mps.extend(speeds(plane, track));
        usable_tracks += usize::from(before != (heights_m.len(), speeds_mps.len()));
    }
    let (boxes, speeds) = (heights_m.len(), speeds_mps.len());
    let body_height_m = median(&mut heights_m);
    let speed_mps = median(&mut speeds_mps);
    let mut warnings = Vec::new();
    if boxes < SAMPLES_LEAST {
        warnings.push(WalkerWarning::TooFew { samples: boxes });
    } else {
        if let Some(found_m) = body_height_m.filter(|height| !BODY_HEIGHT_M.contains(height)) {
            warnings.push(WalkerWarning::BodyHeight { found_m });
        }
        if let Some(found_mps) = speed_mps.filter(|speed| !WALKING_SPEED_MPS.contains(speed)) {
            warnings.push(WalkerWarning::WalkingSpeed { found_mps });
        }
    }
    WalkerCheck { tracks: usable_tracks, boxes, body_height_m, height_by_pose, speeds, speed_mps, warnings }
}

fn is_whole(plane: &GroundPlane, bbox: &PixelBox) -> bool {
    let size = plane.frame_size();
    let (width, height) = (f64::from(size.width_px), f64::from(size.height_px));
    bbox.left > 1.0 && bbox.top > 1.0 && bbox.right < width - 1.0 && bbox.bottom < height - 1.0
}

/// Speeds over windows that begin at each point.
fn speeds<'t>(plane: &'t GroundPlane, track: &'t [WalkerPoint]) -> impl Iterator<Item = f64> + 't {
    track.iter().enumerate().filter_map(|(at, from)| {
        let off = |point: &WalkerPoint| (point.at_s - from.at_s - SPEED_WINDOW_S).abs();
        let later = track[at + 1..].iter().take_while(|point| point.at_s <= from.at_s + 2.0 * SPEED_WINDOW_S);
        let to = later.min_by(|a, b| off(a).total_cmp(&off(b)))?;
        if off(to) > SPEED_WINDOW_S * WINDOW_TOLERANCE {
            return None;
        }
        let (a, b) = (plane.to_ground(from.bbox.foot())?, plane.to_ground(to.bbox.foot())?);
        Some(a.distance_m(b) / (to.at_s - from.at_s))
    })
}
