//! The part of the picture in which people have to be seen.

use crate::config::CameraPlan;
use crate::geometry::PixelRect;
use crate::model::{FrameSize, PixelPoint};

/// Room above a place, in heights of the person who stands there: the body, and way to walk before they are there.
const ABOVE_HEIGHTS: f64 = 1.5;
/// Room beside it: half a body's width, and the way that somebody walks (at 1.4 m/s) while their track is confirmed, so
/// that they are followed before they enter.
const BESIDE_HEIGHTS: f64 = 1.0;
/// Room below it: feet are seen whole, and whoever comes from below is followed before they enter.
const BELOW_HEIGHTS: f64 = 0.5;

/// Corners of the camera's zones and ends of its lines, in pixels of a picture of this size.
pub(super) fn places(camera: &CameraPlan, size: FrameSize) -> impl Iterator<Item = PixelPoint> {
    let corners = camera.zones.iter().flat_map(|zone| zone.polygon.iter().copied());
    let ends = camera.lines.iter().flat_map(|line| [line.a, line.b]);
    corners.chain(ends).map(move |place| place.to_px(size))
}

/// The rectangle around zones and lines with room for the people who stand at their corners, cut to the picture. Whole
/// without zones and lines. `person_px`: how high a person is who stands there.
#[must_use]
pub fn around_places(camera: &CameraPlan, size: FrameSize, person_px: impl Fn(PixelPoint) -> f64) -> PixelRect {
    let bounds = places(camera, size).fold(None, |bounds: Option<[f64; 4]>, at| {
        let height = person_px(at);
        let own = [
            at.x - BESIDE_HEIGHTS * height,
            at.y - ABOVE_HEIGHTS * height,
            at.x + BESIDE_HEIGHTS * height,
            at.y + BELOW_HEIGHTS * height,
        ];
        let [left, top, right, bottom] = bounds.unwrap_or(own);
        Some([left.min(own[0]), top.min(own[1]), right.max(own[2]), bottom.max(own[3])])
    });
    let whole = PixelRect { left_px: 0, top_px: 0, width_px: size.width_px, height_px: size.height_px };
    let Some([left, top, right, bottom]) = bounds else { return whole };
    let within = |from: f64, to: f64, most: u32| {
        let (from, to) = (from.floor().clamp(0.0, f64::from(most)), to.ceil().clamp(0.0, f64::from(most)));
        (from as u32, (to - from) as u32)
    };
    let ((left_px, width_px), (top_px, height_px)) =
        (within(left, right, size.width_px), within(top, bottom, size.height_px));
    if width_px == 0 || height_px == 0 { whole } else { PixelRect { left_px, top_px, width_px, height_px } }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::input::in_use::tests::camera;

    const SIZE: FrameSize = FrameSize { width_px: 800, height_px: 600 };

    #[test]
    fn there_is_room_for_people_and_the_picture_is_not_left() {
        let zoned = camera("zones.a = { polygon = [[0.5, 0.5], [0.6, 0.5], [0.6, 0.95]] }");
        let crop = around_places(&zoned, SIZE, |at| at.y / 10.0);
        assert_eq!(crop, PixelRect { left_px: 370, top_px: 255, width_px: 167, height_px: 344 });
        let whole = PixelRect { left_px: 0, top_px: 0, width_px: 800, height_px: 600 };
        assert_eq!(around_places(&camera(""), SIZE, |_| 100.0), whole);
    }

    proptest! {
        #[test]
        fn the_crop_holds_every_zone_and_line(
            corners in prop::collection::vec((0.0..=1.0, 0.0..=1.0), 3..8), ends in ((0.0..=1.0, 0.0..=1.0), (0.0..=1.0, 0.0..=1.0)),
            height in 0.0..400.0,
        ) {
            let mut placed = camera(
                "zones.a = { polygon = [[0.5, 0.5], [0.6, 0.5], [0.6, 0.95]] }\nlines.l = { a = [0.1, 0.1], b = [0.2, 0.2] }",
            );
            let point = |(x, y): (f64, f64)| crate::model::NormPoint { x, y };
            placed.zones[0].polygon = corners.into_iter().map(point).collect();
            (placed.lines[0].a, placed.lines[0].b) = (point(ends.0), point(ends.1));
            let crop = around_places(&placed, SIZE, |_| height).to_box();
            for place in places(&placed, SIZE) {
                prop_assert!(crop.left <= place.x && place.x <= crop.right, "{:?} in {:?}", place, crop);
                prop_assert!(crop.top <= place.y && place.y <= crop.bottom, "{:?} in {:?}", place, crop);
                // Heads too, as far as the picture goes.
                prop_assert!(crop.top <= (place.y - height).max(0.0));
            }
        }
    }
}
