//! Image ↔ ground: where on the ground, in metres, a person stands whose foot point is at a pixel.
//!
//! The ground is taken as a plane, so a 3×3 homography joins it to the picture, after a radial lens distortion where
//! one is given. [`GroundPlane`] is that map, made from point pairs ([`fit`]), from a known homography or from the
//! camera's height, tilt and focal length. Ground axes are right-handed as seen from above: with x to the right, y goes
//! away from the viewer. A picture whose points run round the other way is a mirror image, and is refused.
//!
//! The module stands below `config`, so that a bad calibration is a fault of the configuration and areas that follow
//! from one are in the plan.
//!
//! Its linear algebra is one 8×8 solve and 3×3 matrices, so it is written here: in coordinates about the points'
//! centroid the homography's last element is never 0 (the scale is positive at every point in front of the camera, and
//! linear), so no null space of a 9×9 matrix is needed, and the solution is refined afterwards anyway.

mod camera;
mod consensus;
mod distortion;
mod fault;
mod homography;
mod matrix;
mod plane;
mod point_set;
mod walkers;

#[cfg(test)]
mod tests;

pub use camera::{CameraParameters, CameraPose};
pub use consensus::{Fit, FittedPoint, fit};
pub use fault::{CalibrationFault, Plane};
pub use plane::GroundPlane;
pub use point_set::PointPair;
pub use walkers::{WalkerCheck, WalkerPoint, WalkerWarning, check_walkers};
