//! A picture in memory: 8 bits a channel, blue-green-red.

use opencv::core::{Mat, MatTraitConst};

use crate::model::FrameSize;

/// An owned picture, three channels of 8 bits in the order blue, green, red.
pub struct Picture {
    mat: Mat,
}

impl Picture {
    /// Takes OpenCV's matrix of type `CV_8UC3`.
    #[must_use]
    pub fn from_mat(mat: Mat) -> Self {
        Self { mat }
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> FrameSize {
        let pixels = |n: i32| u32::try_from(n).unwrap_or(0);
        FrameSize { width_px: pixels(self.mat.cols()), height_px: pixels(self.mat.rows()) }
    }

    /// The pixels as OpenCV's matrix.
    #[must_use]
    pub fn mat(&self) -> &Mat {
        &self.mat
    }
}
