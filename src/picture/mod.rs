//! A picture in memory: 8 bits a channel, blue-green-red.

use opencv::core::{self, Mat, MatTraitConst};

use crate::model::FrameSize;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Pixels of another kind than 8-bit BGR.
    #[error("pixels of OpenCV type {found}; expected 8-bit BGR")]
    UnknownPixels {
        /// OpenCV's number of the type.
        found: i32,
    },
    /// A matrix without pixels.
    #[error("an empty picture")]
    Empty,
}

/// An owned picture, three channels of 8 bits in the order blue, green, red.
#[derive(Debug)]
pub struct Picture {
    mat: Mat,
}

impl Picture {
    /// Takes OpenCV's matrix.
    ///
    /// # Errors
    /// [`PictureError`] where it is empty or of another type than `CV_8UC3`.
    pub fn from_mat(mat: Mat) -> Result<Self, PictureError> {
        if mat.empty() {
            Err(PictureError::Empty)
        } else if mat.typ() == core::CV_8UC3 {
            Ok(Self { mat })
        } else {
            Err(PictureError::UnknownPixels { found: mat.typ() })
        }
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
