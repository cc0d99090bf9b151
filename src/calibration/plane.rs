//! The map between a picture and the ground.

use super::camera::{self, CameraParameters, CameraPose, Vertical};
use super::distortion::Distortion;
use super::fault::CalibrationFault;
use super::matrix::Matrix3;
use crate::model::{FrameSize, GroundPoint, PixelBox, PixelPoint};

/// Parts that a polygon's edge is cut into where the lens bows straight lines.
const BOWED_EDGE_PARTS: usize = 16;

/// The map between pixels of a picture of one size and metres on the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroundPlane {
    frame_size: FrameSize,
    distortion: Distortion,
    /// From straightened pixels to metres; its scale is positive in front of the camera.
    to_ground: Matrix3,
    /// Its inverse; its scale is positive in front of the camera too.
    to_image: Matrix3,
    vertical: Option<Vertical>,
}

impl GroundPlane {
    /// From a known homography: pixels of a picture of `frame_size` (straightened by `k1`, see
    /// [`GroundPlane::straightened`]) to metres.
    ///
    /// # Errors
    /// [`CalibrationFault::Singular`]; [`CalibrationFault::UpsideDown`] for a mirror image or a camera on its head.
    pub fn from_homography(rows: [[f64; 3]; 3], frame_size: FrameSize, k1: f64) -> Result<Self, CalibrationFault> {
        let matrix = Matrix3(rows);
        // A homography's sign is free. From a camera above a right-handed ground, the map to the ground turns areas
        // over (y goes down in the picture) wherever its scale is positive: its determinant is negative.
        let signed = if matrix.determinant() > 0.0 { matrix.scaled(-1.0) } else { matrix };
        let plane = Self::from_matrix(signed, frame_size, k1).ok_or(CalibrationFault::Singular)?;
        let bottom = PixelPoint { x: f64::from(frame_size.width_px) / 2.0, y: f64::from(frame_size.height_px) };
        let ground = plane.to_ground(bottom).ok_or(CalibrationFault::UpsideDown)?;
        let back = plane.to_pixel(ground).ok_or(CalibrationFault::Singular)?;
        // What lost its digits in the inverse is no map.
        let exact = (back.x - bottom.x).hypot(back.y - bottom.y) < 1e-3;
        if exact { Ok(plane) } else { Err(CalibrationFault::Singular) }
    }

    /// From where the camera hangs. The ground's origin is below the camera, y goes away from it along its line of
    /// sight and x to its right.
    ///
    /// # Errors
    /// [`CalibrationFault::Singular`] where the numbers make no camera that sees the ground.
    pub fn from_camera(camera: CameraParameters, frame_size: FrameSize, k1: f64) -> Result<Self, CalibrationFault> {
        let (to_image, vertical) = camera.projection(frame_size);
        let to_ground = to_image.inverse().ok_or(CalibrationFault::Singular)?;
        let distortion = Distortion::new(k1, frame_size);
        Ok(Self { frame_size, distortion, to_ground, to_image, vertical: Some(vertical) })
    }

    /// From a matrix whose scale is positive in front of the camera.
    pub(super) fn from_matrix(to_ground: Matrix3, frame_size: FrameSize, k1: f64) -> Option<Self> {
        let to_image = to_ground.inverse()?;
        let vertical = camera::vertical(&to_image, frame_size);
        Some(Self { frame_size, distortion: Distortion::new(k1, frame_size), to_ground, to_image, vertical })
    }

    /// Whether the ground's axes are left-handed as seen from above.
    pub(super) fn is_mirrored(&self) -> bool {
        self.to_ground.determinant() >= 0.0
    }

    /// The size of the picture whose pixels are meant.
    #[must_use]
    pub fn frame_size(&self) -> FrameSize {
        self.frame_size
    }

    /// The same plane for the same view in a picture of another size.
    #[must_use]
    pub fn at_size(&self, size: FrameSize) -> Self {
        if size == self.frame_size || size.width_px == 0 || size.height_px == 0 {
            return *self;
        }
        let x = f64::from(size.width_px) / f64::from(self.frame_size.width_px);
        let y = f64::from(size.height_px) / f64::from(self.frame_size.height_px);
        let smaller = Matrix3::scale_and_shift((1.0 / x, 1.0 / y), (0.0, 0.0));
        let larger = Matrix3::scale_and_shift((x, y), (0.0, 0.0));
        Self {
            frame_size: size,
            distortion: self.distortion.scaled(x, y),
            to_ground: self.to_ground.times(&smaller),
            to_image: larger.times(&self.to_image),
            vertical: self.vertical.map(|vertical| vertical.scaled(x, y)),
        }
    }

    /// Where a pixel would be without the lens's distortion; `None` far outside the picture, where the formula ends.
    #[must_use]
    pub fn straightened(&self, point: PixelPoint) -> Option<PixelPoint> {
        self.distortion.straighten(point)
    }

    /// Where on the ground a foot point stands; `None` at and beyond the horizon.
    #[must_use]
    pub fn to_ground(&self, point: PixelPoint) -> Option<GroundPoint> {
        let straight = self.distortion.straighten(point)?;
        let (x_m, y_m) = self.to_ground.map(straight.x, straight.y)?;
        Some(GroundPoint { x_m, y_m })
    }

    /// The pixel of a place on the ground, inside the picture or not; `None` behind the camera.
    #[must_use]
    pub fn to_pixel(&self, point: GroundPoint) -> Option<PixelPoint> {
        let (x, y) = self.to_image.map(point.x_m, point.y_m)?;
        self.distortion.bend(PixelPoint { x, y })
    }

    /// Pixels per metre on the ground at a pixel, in the direction in which a metre looks longest: across the line of
    /// sight, where nothing is foreshortened. Upright things are drawn at about that scale (less by the cosine of the
    /// tilt). `None` at and beyond the horizon. Distortion is left out: it changes scales by a few times k1.
    #[must_use]
    pub fn px_per_m(&self, at: PixelPoint) -> Option<f64> {
        self.scales(at).map(|(most, _)| most)
    }

    /// Pixels per metre on the ground at a pixel, in the direction in which a metre looks shortest: along the line of
    /// sight. A pixel's error in a foot point is worth this much on the ground. Otherwise as
    /// [`GroundPlane::px_per_m`].
    #[must_use]
    pub fn px_per_m_along_sight(&self, at: PixelPoint) -> Option<f64> {
        self.scales(at).map(|(_, least)| least)
    }

    /// Pixels by which a foot point moves along the picture's x and y at most when it moves one metre on the ground, at
    /// a pixel. `None` at and beyond the horizon. Distortion is left out, as in [`GroundPlane::px_per_m`].
    #[must_use]
    pub fn px_per_m_in_x_and_y(&self, at: PixelPoint) -> Option<[f64; 2]> {
        let scales = self.derivative(at)?.map(|[a, b]| a.hypot(b));
        scales.iter().all(|scale| scale.is_finite()).then_some(scales)
    }

    /// The derivative of the map from the ground to the picture: pixels (rows x, y) by metres.
    fn derivative(&self, at: PixelPoint) -> Option<[[f64; 2]; 2]> {
        let straight = self.distortion.straighten(at)?;
        let (x_m, y_m) = self.to_ground.map(straight.x, straight.y)?;
        let [u, v, w] = self.to_image.times_vector([x_m, y_m, 1.0]);
        let [[a, b, _], [c, d, _], [e, f, _]] = self.to_image.0;
        Some([[(a - u / w * e) / w, (b - u / w * f) / w], [(c - v / w * e) / w, (d - v / w * f) / w]])
    }

    /// The singular values of the derivative of the map from the ground to the picture, the larger one first.
    fn scales(&self, at: PixelPoint) -> Option<(f64, f64)> {
        let [[a, b], [c, d]] = self.derivative(at)?;
        let half_sum = (a * a + b * b + c * c + d * d) / 2.0;
        let determinant = a * d - b * c;
        let most = (half_sum + (half_sum * half_sum - determinant * determinant).max(0.0).sqrt()).sqrt();
        let least = determinant.abs() / most;
        (most.is_finite() && least.is_finite()).then_some((most, least))
    }

    /// A polygon in the picture as one on the ground; edges that the lens bows are cut into parts. `None` where a
    /// corner is at or beyond the horizon.
    #[must_use]
    pub fn polygon_to_ground(&self, corners: &[PixelPoint]) -> Option<Vec<GroundPoint>> {
        let cut = cut(corners, if self.distortion.is_none() { 1 } else { BOWED_EDGE_PARTS }, |a, b, share| {
            PixelPoint { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share }
        });
        cut.into_iter().map(|point| self.to_ground(point)).collect()
    }

    /// A polygon on the ground as one in the picture; edges that the lens bows are cut into parts. `None` where a
    /// corner is behind the camera.
    #[must_use]
    pub fn polygon_to_pixels(&self, corners: &[GroundPoint]) -> Option<Vec<PixelPoint>> {
        let parts = if self.distortion.is_none() { 1 } else { BOWED_EDGE_PARTS };
        let cut = cut(corners, parts, |a, b, share| GroundPoint {
            x_m: a.x_m + (b.x_m - a.x_m) * share,
            y_m: a.y_m + (b.y_m - a.y_m) * share,
        });
        cut.into_iter().map(|point| self.to_pixel(point)).collect()
    }

    /// Where the camera is, in so far as the plane says so: given, or worked out from the homography with square pixels
    /// and the middle of the picture on the lens's axis. `None` where that makes no camera: looking straight down, or
    /// a picture that was cut out of a larger one.
    #[must_use]
    pub fn pose(&self) -> Option<CameraPose> {
        self.vertical.as_ref().map(|vertical| vertical.pose)
    }

    /// A person's height from their box: how far above the foot point the ground's vertical reaches the box's upper
    /// edge. The edge alone is used, as the middle of a box leans where people stand beside the middle of the picture.
    /// In metres; `None` where the pose is not known or the foot is beyond the horizon.
    #[must_use]
    pub fn height_m(&self, bbox: &PixelBox) -> Option<f64> {
        let [_, up_y, up_w] = self.vertical.as_ref()?.up;
        let ground = self.to_ground(bbox.foot())?;
        let head = self.distortion.straighten(PixelPoint { x: bbox.foot().x, y: bbox.top })?;
        // The point z metres above the ground is drawn at `base + z·up`; its row is to be the head's.
        let [_, base_y, base_w] = self.to_image.times_vector([ground.x_m, ground.y_m, 1.0]);
        let height_m = (head.y * base_w - base_y) / (up_y - head.y * up_w);
        height_m.is_finite().then_some(height_m)
    }

    /// How many pixels high somebody of `height_m` metres is drawn who stands with their feet at this pixel: rows between
    /// feet and head, as a box has them. Where the pose is not known, by the scale alone, and then too many by the cosine
    /// of the tilt. `None` at and beyond the horizon, and where the head is behind the camera.
    #[must_use]
    pub fn person_px(&self, foot: PixelPoint, height_m: f64) -> Option<f64> {
        let Some(vertical) = &self.vertical else { return Some(self.px_per_m(foot)? * height_m) };
        let ground = self.to_ground(foot)?;
        let base = self.to_image.times_vector([ground.x_m, ground.y_m, 1.0]);
        let [x, y, w]: [f64; 3] = std::array::from_fn(|axis| base[axis] + height_m * vertical.up[axis]);
        if w <= 0.0 {
            return None;
        }
        let head = self.distortion.bend(PixelPoint { x: x / w, y: y / w })?;
        let height_px = (foot.y - head.y).abs();
        height_px.is_finite().then_some(height_px)
    }

    /// A person's height in metres by scale alone, where the pose is not known: the box's height over
    /// [`GroundPlane::px_per_m`] at the foot. Too small by the cosine of the tilt (6 % at 20°, 18 % at 35°).
    #[must_use]
    pub fn height_by_scale_m(&self, bbox: &PixelBox) -> Option<f64> {
        let height_m = bbox.height() / self.px_per_m(bbox.foot())?;
        height_m.is_finite().then_some(height_m)
    }
}

/// A closed polygon with each edge cut into equal parts.
fn cut<P: Copy>(corners: &[P], parts: usize, between: impl Fn(P, P, f64) -> P) -> Vec<P> {
    let next = corners.iter().skip(1).chain(corners.first());
    let edges = corners.iter().zip(next);
    edges
        .flat_map(|(&a, &b)| (0..parts).map(move |part| (a, b, part as f64 / parts as f64)))
        .map(|(a, b, share)| between(a, b, share))
        .collect()
}
