//! Pictures: reading, preparing for the network, drawing on, writing.
//!
//! Here and in `source` only is OpenCV used. It is told to use one thread: the inference workers own the cores.

mod draw;
mod mp4;
mod plate;
mod prepare;
mod video;

use std::path::{Path, PathBuf};
use std::sync::Once;

use opencv::core::{self, Mat, MatTraitConst, MatTraitConstManual, MatTraitManual, Vector, VectorToVec};
use opencv::{imgcodecs, imgproc};

use crate::geometry::Letterbox;
use crate::model::FrameSize;

pub use draw::Colour;
pub use mp4::Mp4Boxes;
pub use plate::Plate;
pub use prepare::{ChannelOrder, Normalisation};
pub use video::VideoWriter;

/// What can go wrong with a picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// A file that isn't there or isn't a picture.
    #[error("cannot read {} as a picture: it is missing or not in a known format", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// Bytes that are no picture.
    #[error("{length_bytes} bytes are not a picture in a known format")]
    Undecodable {
        /// How many bytes.
        length_bytes: usize,
    },
    /// Pixels of another kind than 8-bit grey, BGR or BGRA.
    #[error("pixels of OpenCV type {found}; expected 8-bit grey, BGR or BGRA")]
    UnknownPixels {
        /// OpenCV's name of the type.
        found: String,
    },
    /// A buffer or a picture of another size than expected.
    #[error("{what}: found {found}, expected {expected}")]
    WrongSize {
        /// Of what.
        what: &'static str,
        /// The size found.
        found: String,
        /// The size expected.
        expected: String,
    },
    /// A file that can't be written.
    #[error("cannot write {}: {reason}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why, and what was tried.
        reason: String,
    },
    /// OpenCV refused.
    #[error("OpenCV could not {action}: {source}")]
    OpenCv {
        /// What it was asked to do.
        action: &'static str,
        /// What it says.
        source: opencv::Error,
    },
}

impl PictureError {
    /// Short name for labels.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Undecodable { .. } => "undecodable",
            Self::UnknownPixels { .. } => "unknown_pixels",
            Self::WrongSize { .. } => "wrong_size",
            Self::Unwritable { .. } => "unwritable",
            Self::OpenCv { .. } => "opencv",
        }
    }
}

/// Turns OpenCV's error into ours.
fn failed(action: &'static str) -> impl FnOnce(opencv::Error) -> PictureError {
    move |source| PictureError::OpenCv { action, source }
}

/// Keeps OpenCV to the calling thread. Whoever is first to use OpenCV calls it; it costs nothing afterwards.
pub fn keep_opencv_to_one_thread() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It can't fail with a number of threads of one; were it to, OpenCV would only be less polite.
        if let Err(error) = core::set_num_threads(1) {
            tracing::warn!(%error, "opencv does not keep to one thread");
        }
    });
}

/// A picture of 8-bit BGR pixels, rows one after the other without gaps.
#[derive(Debug)]
pub struct Picture {
    mat: Mat,
}

impl Picture {
    /// Takes an OpenCV matrix; grey and BGRA ones are converted.
    ///
    /// # Errors
    /// [`PictureError::UnknownPixels`] for other kinds of pixels, [`PictureError::WrongSize`] for an empty matrix.
    pub fn from_mat(mat: Mat) -> Result<Self, PictureError> {
        keep_opencv_to_one_thread();
        if mat.empty() || mat.dims() != 2 {
            return Err(PictureError::WrongSize {
                what: "picture",
                found: format!("{} pixels in {} axes", mat.total(), mat.dims()),
                expected: "at least one pixel in two axes".to_owned(),
            });
        }
        let conversion = match mat.typ() {
            core::CV_8UC3 => None,
            core::CV_8UC1 => Some(imgproc::COLOR_GRAY2BGR),
            core::CV_8UC4 => Some(imgproc::COLOR_BGRA2BGR),
            other => {
                let found = core::type_to_string(other).unwrap_or_else(|_| other.to_string());
                return Err(PictureError::UnknownPixels { found });
            }
        };
        match conversion {
            Some(code) => {
                let mut converted = Mat::default();
                imgproc::cvt_color_def(&mat, &mut converted, code).map_err(failed("convert pixels to BGR"))?;
                Ok(Self { mat: converted })
            }
            None if mat.is_continuous() => Ok(Self { mat }),
            None => Ok(Self { mat: mat.try_clone().map_err(failed("copy a picture"))? }),
        }
    }

    /// Copies BGR pixels, three bytes each, row after row.
    ///
    /// # Errors
    /// [`PictureError::WrongSize`] where there are not as many bytes as pixels need.
    pub fn from_bgr(size: FrameSize, bgr: &[u8]) -> Result<Self, PictureError> {
        let mut picture = Self::filled(size, Colour::BLACK)?;
        let bytes = picture.bytes_mut()?;
        if bytes.len() != bgr.len() {
            return Err(PictureError::WrongSize {
                what: "bytes of a picture",
                found: bgr.len().to_string(),
                expected: bytes.len().to_string(),
            });
        }
        bytes.copy_from_slice(bgr);
        Ok(picture)
    }

    /// A picture of one colour.
    ///
    /// # Errors
    /// [`PictureError::WrongSize`] where the size is nothing or beyond what OpenCV can hold.
    pub fn filled(size: FrameSize, colour: Colour) -> Result<Self, PictureError> {
        let sides = (i32::try_from(size.width_px), i32::try_from(size.height_px));
        let (Ok(width), Ok(height)) = sides else {
            return Err(PictureError::WrongSize {
                what: "picture",
                found: format!("{} x {}", size.width_px, size.height_px),
                expected: format!("sides up to {}", i32::MAX),
            });
        };
        let mat = Mat::new_rows_cols_with_default(height, width, core::CV_8UC3, colour.scalar())
            .map_err(failed("make a picture"))?;
        Self::from_mat(mat)
    }

    /// Reads a picture file (JPEG, PNG, BMP…).
    ///
    /// # Errors
    /// [`PictureError::Unreadable`] where there is none, or no picture in it.
    pub fn read(path: &Path) -> Result<Self, PictureError> {
        keep_opencv_to_one_thread();
        match imgcodecs::imread(path, imgcodecs::IMREAD_COLOR) {
            Ok(mat) if !mat.empty() => Self::from_mat(mat),
            _ => Err(PictureError::Unreadable { path: path.to_owned() }),
        }
    }

    /// Reads a picture from the bytes of a file.
    ///
    /// # Errors
    /// [`PictureError::Undecodable`] where they are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, PictureError> {
        keep_opencv_to_one_thread();
        match imgcodecs::imdecode(&Vector::<u8>::from_slice(bytes), imgcodecs::IMREAD_COLOR) {
            Ok(mat) if !mat.empty() => Self::from_mat(mat),
            _ => Err(PictureError::Undecodable { length_bytes: bytes.len() }),
        }
    }

    /// Writes a picture file, in the format that its name's ending asks for.
    ///
    /// # Errors
    /// [`PictureError::Unwritable`].
    pub fn write(&self, path: &Path) -> Result<(), PictureError> {
        let unwritable = |reason: String| PictureError::Unwritable { path: path.to_owned(), reason };
        match imgcodecs::imwrite(path, &self.mat, &Vector::new()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(unwritable("the folder is missing or not writable".to_owned())),
            Err(error) => Err(unwritable(error.message)),
        }
    }

    /// The picture as a JPEG file, quality 0 to 100.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn jpeg(&self, quality: u8) -> Result<Vec<u8>, PictureError> {
        let mut bytes = Vector::<u8>::new();
        let options = Vector::from_slice(&[imgcodecs::IMWRITE_JPEG_QUALITY, i32::from(quality.min(100))]);
        imgcodecs::imencode(".jpg", &self.mat, &mut bytes, &options).map_err(failed("make a JPEG"))?;
        Ok(bytes.to_vec())
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        let mut bytes = Vector::<u8>::new();
        imgcodecs::imencode(".png", &self.mat, &mut bytes, &Vector::new()).map_err(failed("make a PNG"))?;
        Ok(bytes.to_vec())
    }

    /// A copy.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`] where there is no memory for it.
    pub fn try_clone(&self) -> Result<Self, PictureError> {
        Ok(Self { mat: self.mat.try_clone().map_err(failed("copy a picture"))? })
    }

    /// A copy of another size.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`] where the size is nothing.
    pub fn resized(&self, size: FrameSize) -> Result<Self, PictureError> {
        let sides = core::Size::new(
            i32::try_from(size.width_px).unwrap_or(i32::MAX),
            i32::try_from(size.height_px).unwrap_or(i32::MAX),
        );
        let mut mat = Mat::default();
        // Averages when it shrinks, which looks better than bilinear sampling.
        imgproc::resize(&self.mat, &mut mat, sides, 0.0, 0.0, imgproc::INTER_AREA)
            .map_err(failed("resize a picture"))?;
        Self::from_mat(mat)
    }

    /// Its size.
    #[must_use]
    pub fn size(&self) -> FrameSize {
        FrameSize { width_px: self.mat.cols().unsigned_abs(), height_px: self.mat.rows().unsigned_abs() }
    }

    /// Its pixels, three bytes each (blue, green, red), row after row.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`]; in practice never, as the pixels have no gaps.
    pub fn bytes(&self) -> Result<&[u8], PictureError> {
        self.mat.data_bytes().map_err(failed("give the pixels"))
    }

    fn bytes_mut(&mut self) -> Result<&mut [u8], PictureError> {
        self.mat.data_bytes_mut().map_err(failed("give the pixels"))
    }

    /// The picture as an OpenCV matrix.
    #[must_use]
    pub fn mat(&self) -> &Mat {
        &self.mat
    }

    /// Prepares the network's input: crops, resizes (bilinear), pads and normalises in one pass, into planes of
    /// 32-bit floats. `out` holds three planes of the input's size.
    ///
    /// # Errors
    /// [`PictureError::WrongSize`] where the letterbox is for another picture size, or `out` of another length.
    pub fn prepare(
        &self,
        letterbox: &Letterbox,
        normalisation: &Normalisation,
        out: &mut [f32],
    ) -> Result<(), PictureError> {
        let (found, expected) = (self.size(), letterbox.frame());
        if found != expected {
            return Err(PictureError::WrongSize {
                what: "picture",
                found: format!("{} x {}", found.width_px, found.height_px),
                expected: format!("{} x {}", expected.width_px, expected.height_px),
            });
        }
        let length = 3 * letterbox.input().width_px as usize * letterbox.input().height_px as usize;
        if out.len() != length {
            return Err(PictureError::WrongSize {
                what: "tensor",
                found: format!("{} values", out.len()),
                expected: format!("{length} values"),
            });
        }
        prepare::prepare(self.bytes()?, letterbox, normalisation, out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: FrameSize = FrameSize { width_px: 24, height_px: 16 };

    #[test]
    fn grey_and_bgra_become_bgr_and_other_kinds_are_refused() {
        let of = |kind, value: f64| {
            let mat = Mat::new_rows_cols_with_default(2, 3, kind, core::Scalar::all(value)).unwrap();
            Picture::from_mat(mat)
        };
        for kind in [core::CV_8UC1, core::CV_8UC3, core::CV_8UC4] {
            let picture = of(kind, 7.0).unwrap();
            assert_eq!(picture.size(), FrameSize { width_px: 3, height_px: 2 });
            assert_eq!(picture.bytes().unwrap(), [7; 18]);
        }
        let error = of(core::CV_32FC3, 0.5).unwrap_err();
        insta::assert_snapshot!(error, @"pixels of OpenCV type CV_32FC3; expected 8-bit grey, BGR or BGRA");
        assert_eq!(Picture::from_mat(Mat::default()).unwrap_err().kind(), "wrong_size");
    }

    #[test]
    fn a_part_of_a_matrix_is_copied_without_its_gaps() {
        let whole = Picture::filled(SIZE, Colour { red: 1, green: 2, blue: 3 }).unwrap();
        let part = Mat::roi(whole.mat(), core::Rect::new(2, 3, 4, 5)).unwrap().clone_pointee();
        let picture = Picture::from_mat(part).unwrap();
        assert_eq!(picture.bytes().unwrap(), [3, 2, 1].repeat(20));
    }

    #[test]
    fn files_come_back_and_what_is_no_picture_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let pixels: Vec<u8> = (0..24 * 16 * 3).map(|index| (index % 251) as u8).collect();
        let picture = Picture::from_bgr(SIZE, &pixels).unwrap();
        let path = folder.path().join("a.png");
        picture.write(&path).unwrap();
        assert_eq!(Picture::read(&path).unwrap().bytes().unwrap(), pixels);

        assert_eq!(Picture::decode(&picture.png().unwrap()).unwrap().bytes().unwrap(), pixels);

        let jpeg = Picture::filled(SIZE, Colour { red: 200, green: 100, blue: 50 }).unwrap().jpeg(95).unwrap();
        let back = Picture::decode(&jpeg).unwrap();
        assert!(back.bytes().unwrap().iter().zip([50, 100, 200].repeat(384)).all(|(&is, was)| is.abs_diff(was) < 4));

        std::fs::write(&path, b"no picture").unwrap();
        assert_eq!(Picture::read(&path).unwrap_err().kind(), "unreadable");
        assert_eq!(Picture::decode(b"no picture").unwrap_err().kind(), "undecodable");
        assert_eq!(Picture::decode(b"").unwrap_err().kind(), "undecodable");
        assert_eq!(picture.write(&folder.path().join("missing/a.png")).unwrap_err().kind(), "unwritable");
        assert_eq!(Picture::from_bgr(SIZE, &pixels[1..]).unwrap_err().kind(), "wrong_size");
    }

    #[test]
    fn preparing_refuses_other_sizes() {
        let picture = Picture::filled(SIZE, Colour::BLACK).unwrap();
        let normalisation = Normalisation::default();
        let input = FrameSize { width_px: 32, height_px: 32 };
        let letterbox = Letterbox::whole(SIZE, input).unwrap();
        let error = picture.prepare(&letterbox, &normalisation, &mut [0.0; 5]).unwrap_err();
        insta::assert_snapshot!(error, @"tensor: found 5 values, expected 3072 values");
        let other = Letterbox::whole(FrameSize { width_px: 25, height_px: 16 }, input).unwrap();
        let error = picture.prepare(&other, &normalisation, &mut [0.0; 3072]).unwrap_err();
        insta::assert_snapshot!(error, @"picture: found 24 x 16, expected 25 x 16");
    }
}
