//! Which of a camera's frames get a density map, and what the network is given of them.

use super::preparation::does_not_fit;
use crate::config::{CameraPlan, DensityMapPlan};
use crate::geometry::PixelRect;
use crate::inference::{Model, PreparedFrame};
use crate::input::{InputInUse, InputSides, single_input};
use crate::model::{ClassSet, FrameMeta, FrameSize, Timestamp};
use crate::picture::{Normalisation, Picture, PictureError};

/// One camera's turns: by the times of its frames, so that a recording gives the same maps each time. The network is given
/// the part of the picture that the detector looks at, in one input of its own size: how the detector's input is cut and
/// chosen is made for boxes.
#[derive(Debug, Clone)]
pub(super) struct DensityTurns {
    size: FrameSize,
    sides: InputSides,
    normalisation: Normalisation,
    every_s: f64,
    last: Option<(Timestamp, u64)>,
}

impl DensityTurns {
    /// `None` where this camera gets no density maps.
    pub fn new(camera: &CameraPlan, plan: Option<&DensityMapPlan>, model: Option<&Model>) -> Option<Self> {
        let (every_s, plan, model) = (camera.counting.density_map_every_s?, plan?, model?);
        Some(Self {
            size: plan.input_size.unwrap_or(camera.input.size),
            sides: model.needs().sides,
            normalisation: *model.normalisation(),
            every_s,
            last: None,
        })
    }

    /// Prepares the picture where it is its turn: the first of an epoch, and the first that is `every_s` or more after
    /// the one before it. `detector`: what the detector is given of this picture.
    pub fn prepare(
        &mut self,
        meta: &FrameMeta,
        picture: &Picture,
        detector: Option<&InputInUse>,
    ) -> Result<Option<PreparedFrame>, PictureError> {
        // Half a millisecond: times are whole microseconds, and 1/7 s seven times over is not quite a second.
        let early = |&(at, epoch): &(Timestamp, u64)| {
            let since_s = meta.at.seconds_since(at);
            epoch == meta.epoch && (0.0..self.every_s - 0.0005).contains(&since_s)
        };
        if self.last.as_ref().is_some_and(early) {
            return Ok(None);
        }
        let size = picture.size();
        let whole = PixelRect { left_px: 0, top_px: 0, width_px: size.width_px, height_px: size.height_px };
        let region = detector.map_or(whole, |input| input.region);
        let letterboxes =
            single_input(size, region, self.size, self.sides).map_err(|error| does_not_fit(size, &error))?;
        let prepared = PreparedFrame::new(picture, &letterboxes, &self.normalisation, ClassSet::PERSON, Vec::new())?;
        self.last = Some((meta.at, meta.epoch));
        Ok(Some(prepared))
    }

    /// The frame that had its turn was dropped on its way: the next one has it.
    pub fn lost(&mut self) {
        self.last = None;
    }
}
