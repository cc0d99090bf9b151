//! Every frame of a file or folder, the same each time: what `analyze` reads.

use super::{Grabbed, Opener, Source, SourceError, SourceErrorKind, SourceTotals, TimeGrid};
use crate::config::{CameraPlan, SourcePlan};
use crate::model::{CameraId, FrameMeta, FrameSize, Timestamp};
use crate::picture::Picture;

/// Frames of a file or folder in order, thinned to the camera's `analysis_fps` by frame time. A frame's time is its
/// number over the configured rate. Frames that fail to decode are skipped and counted; the iterator gives an error
/// only where nothing more can come, and ends with it.
pub struct FrameReader {
    source: Box<dyn Source>,
    address: String,
    camera: CameraId,
    start: Timestamp,
    fps: f64,
    grid: Option<TimeGrid>,
    size: Option<FrameSize>,
    epoch: u64,
    retrieved: u64,
    undecodable: u64,
    ended: bool,
}

impl FrameReader {
    /// Opens the camera's file or folder.
    ///
    /// # Errors
    /// [`SourceError`] where it can't be read or decoded, or is a live source, which has no end.
    pub fn open(camera: &CameraPlan) -> Result<Self, SourceError> {
        Self::open_with(camera, &mut super::OpenCvOpener)
    }

    fn open_with(camera: &CameraPlan, opener: &mut impl Opener) -> Result<Self, SourceError> {
        let live = |address: &str| {
            let detail = "a live source has no end; a video file or a folder of pictures was expected";
            Err(SourceError::new(SourceErrorKind::Unsupported, address, detail))
        };
        let (path, start, fps) = match &camera.source {
            SourcePlan::File(file) => (&file.path, file.start, file.fps),
            SourcePlan::Images(folder) => (&folder.path, folder.start, folder.fps),
            SourcePlan::Stream(stream) => return live(&stream.url),
            SourcePlan::V4l2(device) => return live(&device.device.to_string_lossy()),
        };
        Ok(Self {
            source: opener.open(&camera.source)?,
            address: path.to_string_lossy().into_owned(),
            camera: camera.id.clone(),
            start,
            fps,
            grid: camera.analysis_fps.map(TimeGrid::new),
            size: None,
            epoch: 0,
            retrieved: 0,
            undecodable: 0,
            ended: false,
        })
    }

    /// Frames read so far, thinned ones included, frames that failed, and how many there should be.
    #[must_use]
    pub fn totals(&self) -> SourceTotals {
        let totals = self.source.totals();
        SourceTotals {
            frames: totals.frames.saturating_sub(self.undecodable),
            failed: totals.failed + self.undecodable,
            ..totals
        }
    }

    fn step(&mut self) -> Result<Option<(FrameMeta, Picture)>, SourceError> {
        while let Grabbed::Frame { seq } = self.source.grab()? {
            let seconds = seq as f64 / self.fps;
            if self.grid.as_mut().is_some_and(|grid| !grid.is_due(seconds, 0.0)) {
                continue;
            }
            let picture = match self.source.retrieve() {
                Ok(picture) => picture,
                Err(error) if error.kind() == SourceErrorKind::Decode => {
                    self.undecodable += 1;
                    tracing::warn!(camera = %self.camera, seq, %error, "frame skipped");
                    continue;
                }
                Err(error) => return Err(error),
            };
            let size = picture.size();
            if self.size.replace(size).is_some_and(|before| before != size) {
                self.epoch += 1;
            }
            self.retrieved += 1;
            let at = self.start.plus_seconds(seconds);
            return Ok(Some((FrameMeta { camera: self.camera.clone(), seq, at, size, epoch: self.epoch }, picture)));
        }
        if self.retrieved == 0 {
            let detail = format!("none of its {} frames can be decoded", self.undecodable);
            return Err(SourceError::new(SourceErrorKind::Format, &self.address, detail));
        }
        Ok(None)
    }
}

impl Iterator for FrameReader {
    type Item = Result<(FrameMeta, Picture), SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step();
        self.ended = !matches!(step, Ok(Some(_)));
        step.transpose()
    }
}
