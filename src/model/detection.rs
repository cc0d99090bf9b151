//! What a detector says of one picture.

use super::{ObjectClass, PixelBox};

/// One object that the detector saw, after non-maximum suppression, in the camera's own pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Where.
    pub bbox: PixelBox,
    /// What.
    pub class: ObjectClass,
    /// How sure, 0 to 1.
    pub score: f64,
}
