//! Where frames come from: files, image folders, network streams and cameras of this machine, through OpenCV.
//!
//! [`FrameReader`] gives every frame of a file or folder, the same each time. [`spawn_feed`] runs a live camera (or a
//! file played like one) on its own thread: reconnects, thins to the wanted rate, tells how the camera is. Both stand
//! on a [`Source`], which is one opening of one address.
//!
//! What OpenCV's FFmpeg backend really does, and what follows from it:
//! - `grab()` is false at the end, on a packet that can't be decoded, on a time-out and on a lost connection alike.
//!   A file is therefore asked again before its end is believed; a frame that comes after all proves that the packets
//!   before it were bad.
//! - A packet lost inside a container (AVI, MPEG-TS) or hidden by a codec's error concealment (MPEG-4) leaves no trace
//!   but the number of frames. [`SourceTotals::missing`] compares it with the container's own.
//! - A stream that changes its size while it is open gives its last picture again and again, as a success. Pictures
//!   whose edges stand still are therefore suspected and the stream's size looked up anew.
//! - It opens one capture at a time: one that waits for a camera holds up all others. Cameras are therefore first asked
//!   whether they answer at all.
//! - After a read time-out it may give out a frame that its decoder had held back: a time-out all the same.
//! - Positions in milliseconds jump back with reordered frames, so they are not used.

mod address;
mod backoff;
mod clock;
mod contents;
mod environment;
mod error;
mod feed;
mod grid;
mod health;
mod images;
mod knock;
mod reader;
mod spread;
mod stillness;
mod trial;
mod video;

use crate::config::SourcePlan;
use crate::picture::Picture;

pub use address::shown_address;
pub use backoff::Backoff;
pub use clock::{Clock, SystemClock};
pub use environment::process_environment;
pub use error::{SourceError, SourceErrorKind};
pub use feed::{Feed, FeedHandle, FeedSink, spawn_feed};
pub use grid::TimeGrid;
pub use health::{CameraHealth, CaptureCounters};
pub use reader::FrameReader;
pub use spread::spread;
pub use trial::{Trial, try_out};

/// What a [`Source`] found at its next place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grabbed {
    /// A frame.
    Frame {
        /// Its number since this opening, from 0. Frames that failed to decode before it are counted in, so that
        /// number over rate stays its time.
        seq: u64,
    },
    /// There are no more.
    End,
}

/// What one opening of a source gave so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceTotals {
    /// Frames grabbed.
    pub frames: u64,
    /// Frames that failed to decode and were passed over.
    pub failed: u64,
    /// Frames that the container or folder should hold; from its length and rate where it doesn't count them, so
    /// "about". `None`: it doesn't say, or the source has no end.
    pub expected: Option<u64>,
    /// The container holds more frames than it says, and OpenCV stops there: the rest was not read.
    pub cut_by_header: bool,
    /// A file's pictures are all the same from this frame to its end.
    pub still_from: Option<u64>,
}

impl SourceTotals {
    /// Frames that should have come by the end and did not: a truncated file, or packets lost inside it. 0 where at
    /// most two are missing: containers that don't count their frames are off by that much.
    #[must_use]
    pub fn missing(&self) -> u64 {
        let missing = self.expected.unwrap_or(0).saturating_sub(self.frames + self.failed);
        if missing > 2 { missing } else { 0 }
    }

    /// What a user should know at the end: `None` where all is well.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let mut parts = Vec::new();
        if let (Some(expected), 1..) = (self.expected, self.missing()) {
            parts.push(format!("truncated or damaged: {} of about {expected} frames", self.frames));
        }
        if self.failed > 0 {
            let (s, were) = if self.failed == 1 { ("", "was") } else { ("s", "were") };
            parts.push(format!("{} frame{s} failed to decode and {were} skipped", self.failed));
        }
        if self.cut_by_header {
            parts.push(format!(
                "its header says {} frames but it holds more, which can't be read; `ffmpeg -i IN -c copy OUT` \
                 writes a right header",
                self.expected.unwrap_or(0)
            ));
        }
        if let Some(from) = self.still_from {
            parts.push(format!(
                "the picture stands still from frame {from} to the end: a change of its size inside the file? \
                 `ffmpeg -i IN -c:v libx264 OUT.mp4` makes it one size"
            ));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// One opening of one address.
pub trait Source: Send {
    /// Goes to the next frame, cheaply: without making a picture of it. Blocks until there is one.
    ///
    /// # Errors
    /// Of a kind other than [`SourceErrorKind::Decode`]: nothing more will come, open it anew.
    fn grab(&mut self) -> Result<Grabbed, SourceError>;

    /// The picture of the frame grabbed last.
    ///
    /// # Errors
    /// [`SourceErrorKind::Decode`]: it can't be decoded; the next may.
    fn retrieve(&mut self) -> Result<Picture, SourceError>;

    /// What came so far.
    fn totals(&self) -> SourceTotals;

    /// Goes on such that the next frame grabbed is about number `seq`, where the source can do that without reading what
    /// lies between; a source that can't goes on as ever. For a look only: after it, numbers and totals mean nothing.
    fn skip_to(&mut self, _seq: u64) {}
}

/// Opens an address once.
pub trait Opener: Send {
    /// Opens it. Blocks for at most the plan's open time-out.
    ///
    /// # Errors
    /// [`SourceError`] with what was found, what was expected and what to do.
    fn open(&mut self, plan: &SourcePlan) -> Result<Box<dyn Source>, SourceError>;
}

/// Opens sources through OpenCV.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenCvOpener;

impl Opener for OpenCvOpener {
    fn open(&mut self, plan: &SourcePlan) -> Result<Box<dyn Source>, SourceError> {
        open(plan)
    }
}

/// Opens what a plan says.
///
/// # Errors
/// [`SourceError`] with what was found, what was expected and what to do.
pub fn open(plan: &SourcePlan) -> Result<Box<dyn Source>, SourceError> {
    Ok(match plan {
        SourcePlan::File(file) => Box::new(video::open_file(&file.path)?),
        SourcePlan::Stream(stream) => Box::new(video::open_stream(stream)?),
        SourcePlan::V4l2(device) => Box::new(video::open_device(device)?),
        SourcePlan::Images(folder) => Box::new(images::ImageFolder::open(&folder.path)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_report_says_what_is_missing() {
        let whole = SourceTotals { frames: 795, expected: Some(795), ..SourceTotals::default() };
        assert_eq!(whole.warning(), None);
        let short = SourceTotals { frames: 412, expected: Some(795), ..SourceTotals::default() };
        assert_eq!(short.warning().as_deref(), Some("truncated or damaged: 412 of about 795 frames"));
        let bad = SourceTotals { frames: 790, failed: 5, expected: Some(795), ..SourceTotals::default() };
        assert_eq!((bad.missing(), bad.warning()), (0, Some("5 frames failed to decode and were skipped".into())));
        let off_by_two = SourceTotals { frames: 793, expected: Some(795), ..SourceTotals::default() };
        assert_eq!(off_by_two.warning(), None);
        let unknown = SourceTotals { frames: 3, ..SourceTotals::default() };
        assert_eq!(unknown.missing(), 0);
    }
}
