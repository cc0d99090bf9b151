//! Where a camera hangs and how it looks at the ground.

use super::matrix::{Matrix3, Vector3, cross, dot, length};
use crate::model::FrameSize;

/// A camera over the ground, with square pixels and the lens's axis through the middle of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraParameters {
    /// Height of the lens above the ground, in metres.
    pub height_m: f64,
    /// How far it looks below the horizon, in degrees: 0 to the horizon, 90 straight down.
    pub tilt_deg: f64,
    /// How far it is turned clockwise about its line of sight, as seen from behind it, in degrees.
    pub roll_deg: f64,
    /// Focal length in pixels of a picture of the given size: width / (2·tan(horizontal angle of view / 2)).
    pub focal_px: f64,
}

/// A camera's pose, as given or as worked out.
pub type CameraPose = CameraParameters;

/// How upright things are drawn: the point z metres above a place is drawn at `to_image·place + z·up`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Vertical {
    /// The homogeneous pixel of the zenith, in the scale of the plane's matrix.
    pub(super) up: Vector3,
    pub(super) pose: CameraPose,
}

impl Vertical {
    /// The same in a picture that is scaled. The focal length is then that across.
    pub(super) fn scaled(self, x: f64, y: f64) -> Self {
        let [up_x, up_y, up_w] = self.up;
        let pose = CameraPose { focal_px: self.pose.focal_px * x, ..self.pose };
        Self { up: [up_x * x, up_y * y, up_w], pose }
    }
}

impl CameraParameters {
    /// Ground → picture, with the ground's origin below the camera and y along its line of sight.
    pub(super) fn projection(self, size: FrameSize) -> (Matrix3, Vertical) {
        let (sin_tilt, cos_tilt) = self.tilt_deg.to_radians().sin_cos();
        let (sin_roll, cos_roll) = self.roll_deg.to_radians().sin_cos();
        let (level_right, level_down) = ([1.0, 0.0, 0.0], [0.0, -sin_tilt, -cos_tilt]);
        let turned = |a: f64, b: f64| std::array::from_fn(|axis| a * level_right[axis] + b * level_down[axis]);
        let rotation = Matrix3([turned(cos_roll, sin_roll), turned(-sin_roll, cos_roll), [0.0, cos_tilt, -sin_tilt]]);
        let lens = lens(self.focal_px, size);
        let column = |at: usize| lens.times_vector(rotation.column(at));
        let up = column(2);
        let origin = up.map(|value| -self.height_m * value);
        (Matrix3::from_columns([column(0), column(1), origin]), Vertical { up, pose: self })
    }
}

fn lens(focal_px: f64, size: FrameSize) -> Matrix3 {
    let centre = (f64::from(size.width_px) / 2.0, f64::from(size.height_px) / 2.0);
    Matrix3::scale_and_shift((focal_px, focal_px), centre)
}

/// Focal lengths of surveillance lenses in widths of the picture: from a fish-eye's middle to a long zoom.
const FOCAL_WIDTHS: std::ops::RangeInclusive<f64> = 0.3..=20.0;
/// How far the two ground axes may be from equal length and a right angle: beyond that the picture is no plain camera's.
const AXES_TOLERANCE: f64 = 0.15;
/// Tilt in degrees above which the focal length cannot be told from the height: the plane is seen face on.
const FACE_ON_DEG: f64 = 75.0;

/// The focal length and with it the vertical from a homography ground → picture, whose two ground axes must be at a
/// right angle and of equal length once the lens is undone (Zhang 2000, with one view, square pixels and the axis
/// through the middle of the picture). `None` where no camera of that kind fits.
pub(super) fn vertical(to_image: &Matrix3, size: FrameSize) -> Option<Vertical> {
    let about_centre =
        Matrix3::scale_and_shift((1.0, 1.0), (-f64::from(size.width_px) / 2.0, -f64::from(size.height_px) / 2.0));
    let centred = about_centre.times(to_image);
    let (a, b) = (centred.column(0), centred.column(1));
    // Both conditions are linear in 1/f².
    let across = [a[0] * b[0] + a[1] * b[1], a[0] * a[0] + a[1] * a[1] - b[0] * b[0] - b[1] * b[1]];
    let along = [a[2] * b[2], a[2] * a[2] - b[2] * b[2]];
    // The first counts twice, so that the answer does not change when the ground axes are turned.
    let weighted = |of: [f64; 2], with: [f64; 2]| 4.0 * of[0] * with[0] + of[1] * with[1];
    let focal_px = (-weighted(across, across) / weighted(across, along)).sqrt();
    let width = f64::from(size.width_px);
    if !focal_px.is_finite() || !FOCAL_WIDTHS.contains(&(focal_px / width)) {
        return None;
    }
    let lens = lens(focal_px, size);
    let camera = lens.inverse()?.times(to_image);
    let (x, y, origin) = (camera.column(0), camera.column(1), camera.column(2));
    let scale = (length(x) + length(y)) / 2.0;
    let skew = dot(x, y) / (length(x) * length(y));
    let stretch = length(x) / length(y);
    if skew.abs() > AXES_TOLERANCE || (stretch - 1.0).abs() > AXES_TOLERANCE {
        return None;
    }
    let z = cross(x, y);
    let z = z.map(|value| value / length(z));
    let pose = CameraPose {
        height_m: -dot(z, origin) / scale,
        tilt_deg: (-z[2]).clamp(-1.0, 1.0).asin().to_degrees(),
        roll_deg: (-z[0]).atan2(-z[1]).to_degrees(),
        focal_px,
    };
    let sound = pose.height_m > 0.0 && pose.tilt_deg < FACE_ON_DEG;
    sound.then(|| Vertical { up: lens.times_vector(z.map(|value| value * scale)), pose })
}
