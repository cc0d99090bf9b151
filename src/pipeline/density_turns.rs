//! Which of a camera's frames get a density map.

use super::Preparation;
use crate::config::{CameraPlan, DensityMapPlan};
use crate::inference::{Model, PreparedFrame};
use crate::model::{FrameMeta, Timestamp};
use crate::picture::{Picture, PictureError};

/// One camera's turns: by the times of its frames, so that a recording gives the same maps each time.
#[derive(Debug, Clone)]
pub(super) struct DensityTurns {
    preparation: Preparation,
    every_s: f64,
    last: Option<(Timestamp, u64)>,
}

impl DensityTurns {
    /// `None` where this camera gets no density maps.
    pub fn new(camera: &CameraPlan, plan: Option<&DensityMapPlan>, model: Option<&Model>) -> Option<Self> {
        let every_s = camera.counting.density_map_every_s?;
        let size = plan?.input_size.unwrap_or(camera.input.size);
        Some(Self { preparation: Preparation::with_input(camera, size, model?), every_s, last: None })
    }

    /// Prepares the picture where it is its turn: the first of an epoch, and the first that is `every_s` or more after
    /// the one before it.
    pub fn prepare(&mut self, meta: &FrameMeta, picture: &Picture) -> Result<Option<PreparedFrame>, PictureError> {
        // Half a millisecond: times are whole microseconds, and 1/7 s seven times over is not quite a second.
        let early = |&(at, epoch): &(Timestamp, u64)| {
            let since_s = meta.at.seconds_since(at);
            epoch == meta.epoch && (0.0..self.every_s - 0.0005).contains(&since_s)
        };
        if self.last.as_ref().is_some_and(early) {
            return Ok(None);
        }
        let prepared = self.preparation.prepare(picture, Vec::new())?;
        self.last = Some((meta.at, meta.epoch));
        Ok(Some(prepared))
    }

    /// The frame that had its turn was dropped on its way: the next one has it.
    pub fn lost(&mut self) {
        self.last = None;
    }
}
