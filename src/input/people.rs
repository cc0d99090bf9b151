//! How high people are in a camera's picture.

use super::crop::places;
use crate::config::CameraPlan;
use crate::model::{Detection, FrameSize, ObjectClass, PixelBox};

/// Height of the person whose size in the picture counts, in metres.
pub const PERSON_M: f64 = 1.7;
/// Boxes from which on their heights say something.
pub const BOXES_LEAST: usize = 20;
/// The share of boxes that is passed over at either end: a detector now and then takes a part for a person, or a group.
const TAIL_SHARE: f64 = 0.05;
/// Boxes this near to the picture's edge may be cut off by it, in pixels.
const EDGE_PX: f64 = 2.0;

/// Where heights come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeightSource {
    /// The calibration: people of [`PERSON_M`] at the corners of zones and the ends of lines.
    Calibration,
    /// So many boxes that were seen.
    Boxes(usize),
}

/// Heights of the people who matter, in pixels of the camera's picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeopleHeights {
    /// The smallest, above 0.
    pub smallest_px: f64,
    /// The tallest, at least the smallest.
    pub tallest_px: f64,
    /// Where that comes from.
    pub source: HeightSource,
}

impl PeopleHeights {
    /// By the calibration, over the camera's zones and lines; corners at or beyond the horizon, where nobody has a
    /// height, are passed over. `None` without a calibration, without zones and lines, or where all of them are there.
    #[must_use]
    pub fn by_calibration(camera: &CameraPlan, size: FrameSize) -> Option<Self> {
        let plane = camera.calibration.as_ref()?.at_size(size);
        let heights = places(camera, size).filter_map(|place| plane.person_px(place, PERSON_M));
        let range = heights.filter(|height| *height > 0.0).fold(None, |range: Option<(f64, f64)>, height| {
            let (low, high) = range.unwrap_or((height, height));
            Some((low.min(height), high.max(height)))
        });
        let (smallest_px, tallest_px) = range?;
        Some(Self { smallest_px, tallest_px, source: HeightSource::Calibration })
    }

    /// By the heights of boxes in pixels, in any order: from the 5th to the 95th percentile. `None` where they are fewer
    /// than [`BOXES_LEAST`].
    ///
    /// People whom the detector did not see at all are not among them, so that the smallest may really be smaller.
    #[must_use]
    pub fn by_boxes(heights_px: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = heights_px.iter().copied().filter(|height| *height > 0.0).collect();
        if sorted.len() < BOXES_LEAST {
            return None;
        }
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        let source = HeightSource::Boxes(sorted.len());
        Some(Self { smallest_px: at(TAIL_SHARE), tallest_px: at(1.0 - TAIL_SHARE), source })
    }
}

/// Heights in pixels of those people who matter: sure ones (`least_score`), whole ones, and where the camera has zones or
/// lines, those who stand no further from the box around them than they are high.
pub fn boxes_that_matter<'d>(
    detections: &'d [Detection],
    camera: &CameraPlan,
    size: FrameSize,
    least_score: f64,
) -> impl Iterator<Item = f64> + use<'d> {
    let around = places(camera, size).fold(None, |bounds: Option<PixelBox>, at| {
        let bounds = bounds.unwrap_or(PixelBox { left: at.x, top: at.y, right: at.x, bottom: at.y });
        Some(PixelBox {
            left: bounds.left.min(at.x),
            top: bounds.top.min(at.y),
            right: bounds.right.max(at.x),
            bottom: bounds.bottom.max(at.y),
        })
    });
    let (width, height) = (f64::from(size.width_px), f64::from(size.height_px));
    let is_whole = move |bbox: &PixelBox| {
        bbox.left > EDGE_PX && bbox.top > EDGE_PX && bbox.right < width - EDGE_PX && bbox.bottom < height - EDGE_PX
    };
    let is_near = move |bbox: &PixelBox| {
        let (foot, reach) = (bbox.foot(), bbox.height());
        around.is_none_or(|around| {
            (around.left - reach..=around.right + reach).contains(&foot.x)
                && (around.top - reach..=around.bottom + reach).contains(&foot.y)
        })
    };
    detections
        .iter()
        .filter(move |seen| seen.class == ObjectClass::Person && seen.score >= least_score)
        .filter(move |seen| is_whole(&seen.bbox) && is_near(&seen.bbox))
        .map(|seen| seen.bbox.height())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::in_use::tests::camera;

    const SIZE: FrameSize = FrameSize { width_px: 1280, height_px: 720 };

    #[test]
    fn a_calibration_gives_the_heights_at_the_corners() {
        let calibrated = camera(
            "calibration = { frame_size = [1280, 720], camera = { height_m = 6, tilt_deg = 15, focal_px = 1100 } }\n\
             zones.near = { coords = \"ground\", polygon = [[-2, 12], [2, 12], [2, 40], [-2, 40]] }",
        );
        let heights = PeopleHeights::by_calibration(&calibrated, SIZE).unwrap();
        // A pinhole 6 m up: feet at atan(6 / d) below the horizon, the head at atan(4.3 / d), rows by the tangent from 15°.
        let row = |below_m: f64, away_m: f64| 1100.0 * ((below_m / away_m).atan() - 15_f64.to_radians()).tan();
        assert!((heights.smallest_px - (row(6.0, 40.0) - row(4.3, 40.0))).abs() < 0.1, "{heights:?}");
        assert!((heights.tallest_px - (row(6.0, 12.0) - row(4.3, 12.0))).abs() < 0.1, "{heights:?}");
        // The same in a picture of half the size.
        let half = PeopleHeights::by_calibration(&calibrated, FrameSize { width_px: 640, height_px: 360 }).unwrap();
        assert!((half.smallest_px * 2.0 - heights.smallest_px).abs() < 1e-6);
        // Without places, or without a calibration, there is nothing to say.
        let bare = camera(
            "calibration = { frame_size = [1280, 720], camera = { height_m = 6, tilt_deg = 15, focal_px = 1100 } }",
        );
        assert_eq!(PeopleHeights::by_calibration(&bare, SIZE), None);
        let plain = camera("zones.a = { polygon = [[0.1, 0.5], [0.9, 0.5], [0.5, 0.9]] }");
        assert_eq!(PeopleHeights::by_calibration(&plain, SIZE), None);
    }

    #[test]
    fn a_twentieth_of_the_boxes_at_either_end_is_passed_over() {
        let heights: Vec<f64> = (0..101).map(|height| 50.0 + f64::from(height)).collect();
        let people = PeopleHeights::by_boxes(&heights).unwrap();
        assert_eq!((people.smallest_px, people.tallest_px), (55.0, 145.0));
        assert_eq!(people.source, HeightSource::Boxes(101));
        assert_eq!(PeopleHeights::by_boxes(&heights[..BOXES_LEAST - 1]), None);
    }

    #[test]
    fn only_whole_sure_people_near_the_places_matter() {
        let zoned = camera("zones.a = { polygon = [[0.25, 0.5], [0.5, 0.5], [0.5, 0.75], [0.25, 0.75]] }");
        let at = |x: f64, bottom: f64, score: f64, class: ObjectClass| Detection {
            bbox: PixelBox { left: x - 20.0, top: bottom - 100.0, right: x + 20.0, bottom },
            class,
            score,
        };
        use ObjectClass::{Car, Person};
        let seen = [
            at(400.0, 450.0, 0.9, Person),
            at(240.0, 300.0, 0.9, Person), // beside, within its own height
            at(400.0, 450.0, 0.4, Person), // unsure
            at(400.0, 450.0, 0.9, Car),
            at(900.0, 450.0, 0.9, Person), // elsewhere
            at(15.0, 450.0, 0.9, Person),  // cut by the edge
        ];
        assert_eq!(boxes_that_matter(&seen, &zoned, SIZE, 0.5).count(), 2);
        let anywhere = camera("");
        assert_eq!(boxes_that_matter(&seen, &anywhere, SIZE, 0.5).count(), 3);
    }
}
