//! Writing a video file.

use std::fs::File;
use std::path::{Path, PathBuf};

use opencv::core::Size;
use opencv::videoio::{self, VideoWriterTrait, VideoWriterTraitConst};

use super::{Mp4Boxes, Picture, PictureError, failed, keep_opencv_to_one_thread};
use crate::model::FrameSize;

/// Codecs in the order in which they are tried: H.264 plays in every browser but isn't in every FFmpeg; MPEG-4 Part 2
/// is.
const CODECS: [[char; 4]; 2] = [['a', 'v', 'c', '1'], ['m', 'p', '4', 'v']];

/// An MP4 file being written. Call [`VideoWriter::finish`] at the end: it says whether the file is whole.
pub struct VideoWriter {
    writer: videoio::VideoWriter,
    path: PathBuf,
    size: FrameSize,
    codec: String,
}

impl std::fmt::Debug for VideoWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoWriter")
            .field("path", &self.path)
            .field("size", &self.size)
            .field("codec", &self.codec)
            .finish_non_exhaustive()
    }
}

impl VideoWriter {
    /// Starts a file (its name should end in `.mp4`) of pictures of one size.
    ///
    /// # Errors
    /// [`PictureError::Unwritable`] where no codec works or the file can't be made; it says what was tried.
    pub fn create(path: &Path, size: FrameSize, fps: f64) -> Result<Self, PictureError> {
        keep_opencv_to_one_thread();
        let unwritable = |reason: String| PictureError::Unwritable { path: path.to_owned(), reason };
        let sides = (i32::try_from(size.width_px), i32::try_from(size.height_px));
        let (Ok(width), Ok(height)) = sides else {
            return Err(unwritable(format!("no video is {} x {} pixels", size.width_px, size.height_px)));
        };
        // OpenCV doesn't tell a missing folder from a missing codec: ask the system.
        if let Err(error) = std::fs::OpenOptions::new().create(true).append(true).open(path) {
            return Err(unwritable(error.to_string()));
        }
        let mut tried = Vec::new();
        for codec in CODECS {
            let [a, b, c, d] = codec;
            let name: String = codec.iter().collect();
            let fourcc = videoio::VideoWriter::fourcc(a, b, c, d).map_err(failed("name a codec"))?;
            let writer = videoio::VideoWriter::new_with_backend(
                path,
                videoio::CAP_FFMPEG,
                fourcc,
                fps,
                Size::new(width, height),
                true,
            );
            match writer {
                Ok(writer) if writer.is_opened().unwrap_or(false) => {
                    return Ok(Self { writer, path: path.to_owned(), size, codec: name });
                }
                Ok(_) => tried.push(format!("{name} (not available)")),
                Err(error) => tried.push(format!("{name} ({})", error.message)),
            }
        }
        // What the attempts left behind is no video.
        let _ = std::fs::remove_file(path);
        Err(unwritable(format!(
            "no video of {} x {} pixels at {fps} frames a second can be written; tried with FFmpeg: {}",
            size.width_px,
            size.height_px,
            tried.join(", ")
        )))
    }

    /// The codec in use, as four letters.
    #[must_use]
    pub fn codec(&self) -> &str {
        &self.codec
    }

    /// Adds a picture.
    ///
    /// # Errors
    /// [`PictureError::WrongSize`] where it isn't of the video's size.
    pub fn write(&mut self, picture: &Picture) -> Result<(), PictureError> {
        if picture.size() != self.size {
            let text = |size: FrameSize| format!("{} x {}", size.width_px, size.height_px);
            return Err(PictureError::WrongSize {
                what: "picture of a video",
                found: text(picture.size()),
                expected: text(self.size),
            });
        }
        self.writer.write(&picture.mat).map_err(failed("write a picture to a video"))
    }

    /// Writes what is left and closes the file.
    ///
    /// # Errors
    /// [`PictureError::Unwritable`] where the file is missing, empty or not whole afterwards: OpenCV doesn't tell when the
    /// disk is full.
    pub fn finish(mut self) -> Result<(), PictureError> {
        self.writer.release().map_err(failed("close a video"))?;
        let unwritable = |reason: String| PictureError::Unwritable { path: self.path.clone(), reason };
        match File::open(&self.path).and_then(|mut file| Mp4Boxes::read(&mut file)) {
            Ok(Mp4Boxes { has_index: true, ends_well: true }) => Ok(()),
            Ok(_) => Err(unwritable("the video is not whole: no picture was written, or the disk is full".to_owned())),
            Err(error) => Err(unwritable(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use opencv::videoio::{VideoCapture, VideoCaptureTrait};

    use super::*;
    use crate::picture::Colour;

    const SIZE: FrameSize = FrameSize { width_px: 96, height_px: 64 };

    #[test]
    fn a_video_comes_back_picture_by_picture() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        let mut writer = VideoWriter::create(&path, SIZE, 7.0).unwrap();
        println!("codec: {}", writer.codec());
        for shade in [20, 120, 220] {
            let picture = Picture::filled(SIZE, Colour { red: shade, green: shade, blue: shade }).unwrap();
            writer.write(&picture).unwrap();
        }
        let other = Picture::filled(FrameSize { width_px: 64, height_px: 64 }, Colour::BLACK).unwrap();
        assert_eq!(writer.write(&other).unwrap_err().kind(), "wrong_size");
        writer.finish().unwrap();

        let mut capture = VideoCapture::from_file(path.to_str().unwrap(), videoio::CAP_FFMPEG).unwrap();
        for shade in [20_u8, 120, 220] {
            let mut mat = opencv::core::Mat::default();
            assert!(capture.read(&mut mat).unwrap());
            let picture = Picture::from_mat(mat).unwrap();
            assert!(picture.bytes().unwrap().iter().all(|value| value.abs_diff(shade) < 12), "shade {shade}");
        }
        assert!(!capture.read(&mut opencv::core::Mat::default()).unwrap());
    }

    #[test]
    fn a_video_that_cannot_be_written_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| {
            let error = VideoWriter::create(path, SIZE, 7.0).unwrap_err();
            error.to_string().replace(&*folder.path().to_string_lossy(), "FOLDER")
        };
        insta::assert_snapshot!(message(&folder.path().join("missing/a.mp4")), @"cannot write FOLDER/missing/a.mp4: No such file or directory (os error 2)");
        let odd = folder.path().join("a.unknown_ending");
        insta::assert_snapshot!(message(&odd), @"cannot write FOLDER/a.unknown_ending: no video of 96 x 64 pixels at 7 frames a second can be written; tried with FFmpeg: avc1 (not available), mp4v (not available)");
        assert!(!odd.exists());
    }
}
