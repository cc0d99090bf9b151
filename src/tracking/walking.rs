//! How far somebody who walks gets in the picture, by the ground plane where there is one.

use crate::calibration::GroundPlane;
use crate::model::{FrameSize, PixelPoint};

/// Height of a body, in metres: what makes a box's height a length on the ground.
const BODY_HEIGHT_M: f64 = 1.7;

/// However flat the view, people still move by this share of their height for a height walked: ground is not quite a
/// plane, calibrations err, and half-hidden boxes end where the legs are cut off.
const LEAST_SHARE: f64 = 0.25;

/// The camera's ground plane, for pictures of the present size.
///
/// A camera looks at a walkway at an angle: a metre along its line of sight is drawn shorter than a metre across. A
/// track's filters know a box's height only and must expect the same along both axes; with the plane they know how far a
/// metre on the ground reaches along each at the foot point, so that somebody who was hidden is looked for where walking
/// may have brought them, and not above and below it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Walking {
    given: Option<GroundPlane>,
    fitted: Option<GroundPlane>,
}

impl Walking {
    /// On this plane; without one, the same along both axes.
    pub(super) fn on(plane: Option<GroundPlane>) -> Self {
        Self { given: plane, fitted: plane }
    }

    /// For pictures of this size from now on.
    pub(super) fn fit(&mut self, size: FrameSize) {
        self.fitted = self.given.map(|plane| plane.at_size(size));
    }

    /// How far a body's height walked on the ground reaches along the picture's x and y at a foot point, as shares of
    /// the box's height in pixels there: 1 without a plane, at most 1, at least a quarter.
    pub(super) fn shares(&self, foot: PixelPoint, height_px: f64) -> [f64; 2] {
        let px_per_m = self.fitted.as_ref().and_then(|plane| plane.px_per_m_in_x_and_y(foot));
        px_per_m.map_or([1.0; 2], |px_per_m| {
            px_per_m.map(|px_per_m| (px_per_m * BODY_HEIGHT_M / height_px.max(1.0)).clamp(LEAST_SHARE, 1.0))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::CameraParameters;

    const SIZE: FrameSize = FrameSize { width_px: 1000, height_px: 800 };

    /// 6 m up, looking 20° down.
    fn walking() -> Walking {
        let camera = CameraParameters { height_m: 6.0, tilt_deg: 20.0, roll_deg: 0.0, focal_px: 1000.0 };
        Walking::on(Some(GroundPlane::from_camera(camera, SIZE, 0.0).unwrap()))
    }

    #[test]
    fn across_the_line_of_sight_a_metre_is_drawn_in_full_and_along_it_foreshortened() {
        // 1000 px of focal length, 6 m / sin 20° from the lens: 57 px a metre, 92 px for a body that is seen from the
        // side, and the sine of 20° of it along the line of sight.
        let [x, y] = walking().shares(PixelPoint { x: 500.0, y: 400.0 }, 96.9);
        assert!((x - 1.0).abs() < 1e-3, "{x}");
        assert!((y - 0.342).abs() < 1e-3, "{y}");
    }

    #[test]
    fn without_a_plane_and_beyond_the_horizon_nothing_is_narrowed() {
        let foot = PixelPoint { x: 500.0, y: 400.0 };
        assert_eq!(Walking::default().shares(foot, 90.0), [1.0; 2]);
        assert_eq!(walking().shares(PixelPoint { y: 10.0, ..foot }, 90.0), [1.0; 2]);
    }

    #[test]
    fn a_plane_only_narrows_and_never_to_nothing() {
        let foot = PixelPoint { x: 500.0, y: 400.0 };
        assert_eq!(walking().shares(foot, 5.0), [1.0; 2]);
        assert_eq!(walking().shares(foot, 4000.0), [LEAST_SHARE; 2]);
    }

    #[test]
    fn a_picture_of_half_the_size_gives_the_same_shares() {
        let mut half = walking();
        half.fit(FrameSize { width_px: 500, height_px: 400 });
        let whole = walking().shares(PixelPoint { x: 620.0, y: 470.0 }, 150.0);
        let [x, y] = half.shares(PixelPoint { x: 310.0, y: 235.0 }, 75.0);
        assert!((x - whole[0]).abs() < 1e-9 && (y - whole[1]).abs() < 1e-9);
    }
}
