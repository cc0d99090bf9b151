//! From a camera's picture to what the network takes.

use crate::config::{CameraPlan, Region};
use crate::geometry::Letterbox;
use crate::inference::{Model, PreparedFrame};
use crate::model::{ClassSet, FrameSize, PixelBox};
use crate::picture::{Normalisation, Picture, PictureError};

/// Prepares one camera's pictures. Done in the capture thread, where the picture is warm in the cache.
#[derive(Debug, Clone)]
pub struct Preparation {
    region: Region,
    input: FrameSize,
    /// The input may be made smaller in steps of this; `None`: the model's input is fixed.
    step_px: Option<u32>,
    normalisation: Normalisation,
    classes: ClassSet,
    letterbox: Option<Letterbox>,
}

impl Preparation {
    /// How this camera's pictures are prepared for this model.
    #[must_use]
    pub fn new(camera: &CameraPlan, model: &Model) -> Self {
        Self::with_input(camera, camera.input.size, model)
    }

    /// The same with an input of another size than the camera's.
    #[must_use]
    pub fn with_input(camera: &CameraPlan, input: FrameSize, model: &Model) -> Self {
        Self {
            region: camera.input.region,
            input,
            step_px: model.fixed_size().is_none().then_some(model.entry().stride_multiple_px),
            normalisation: *model.normalisation(),
            classes: camera.classes(),
            letterbox: None,
        }
    }

    /// Prepares a picture of any size; `buffer` is an old tensor to use again, or empty.
    ///
    /// # Errors
    /// [`PictureError`] where the picture can't be fitted into the input.
    pub fn prepare(&mut self, picture: &Picture, buffer: Vec<f32>) -> Result<PreparedFrame, PictureError> {
        let size = picture.size();
        let letterbox = match self.letterbox {
            Some(letterbox) if letterbox.frame() == size => letterbox,
            _ => *self.letterbox.insert(self.fit(size)?),
        };
        PreparedFrame::new(picture, letterbox, &self.normalisation, self.classes, buffer)
    }

    /// Fits the picture into the configured input; padding that makes a whole step is cut off the input, since it costs
    /// as much as people do (a 16:9 picture leaves a quarter of a 4:3 input empty).
    fn fit(&self, size: FrameSize) -> Result<Letterbox, PictureError> {
        let into = |input: FrameSize| match self.region {
            Region::Whole => Letterbox::whole(size, input),
            Region::Crop(from, to) => {
                let (from, to) = (from.to_px(size), to.to_px(size));
                let region = PixelBox { left: from.x, top: from.y, right: to.x, bottom: to.y };
                Letterbox::crop_to(size, region, input)
            }
        };
        let fitted = into(self.input).and_then(|fitted| match self.step_px {
            Some(step_px) => {
                let content = fitted.content();
                let side = |content_px: u32, most_px: u32| (content_px.div_ceil(step_px) * step_px).min(most_px);
                into(FrameSize {
                    width_px: side(content.width_px, self.input.width_px),
                    height_px: side(content.height_px, self.input.height_px),
                })
            }
            None => Ok(fitted),
        });
        fitted.map_err(|error| PictureError::WrongSize {
            what: "picture",
            found: format!("{} x {}", size.width_px, size.height_px),
            expected: error.to_string(),
        })
    }
}
