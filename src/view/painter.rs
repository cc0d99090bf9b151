//! From a frame and its report to a JPEG.

use std::sync::Arc;
use std::time::Duration;

use super::annotate::{Annotator, Scene};
use super::blind::Blind;
use super::levels::ZoneLevel;
use super::live::LiveOptions;
use crate::model::{FrameReport, FrameSize, PixelBox, Timestamp};
use crate::picture::{Picture, PictureError};

/// What the analysis hands to the live view.
#[derive(Debug)]
pub enum LiveFrame {
    /// An analysed frame.
    Seen {
        /// Its picture, as the camera sent it.
        picture: Picture,
        /// Its report.
        report: Arc<FrameReport>,
        /// How the zones stand.
        levels: Vec<ZoneLevel>,
        /// Boxes whose heads are hidden too: see [`Scene::also_hide`].
        also_hide: Vec<PixelBox>,
    },
    /// A tick of a camera that sends nothing.
    Blind(Blind),
}

impl LiveFrame {
    /// The time of the frame or tick.
    pub(super) fn at(&self) -> Timestamp {
        match self {
            Self::Seen { report, .. } => report.at,
            Self::Blind(blind) => blind.at,
        }
    }
}

/// A frame's pictures, as JPEGs.
#[derive(Debug, Clone)]
pub(super) struct Painted {
    /// With all that is drawn on it.
    pub drawn: Arc<[u8]>,
    /// With people hidden and nothing drawn, where somebody wants that.
    pub plain: Option<Arc<[u8]>>,
}

/// Time between two pictures that say that there is none.
const BLIND_PAUSE: Duration = Duration::from_secs(1);
/// The last picture is shown behind the text only if it is one of the camera's last: one that somebody looked at long
/// before the camera went down is not what was there then. In seconds.
const LAST_PICTURE_MAX_AGE_S: f64 = 5.0;

/// Draws and encodes one camera's pictures.
#[derive(Debug)]
pub struct Painter {
    annotator: Annotator,
    options: LiveOptions,
    last: Option<(Timestamp, Arc<[u8]>)>,
    blind: bool,
}

impl Painter {
    pub fn new(annotator: Annotator, options: LiveOptions) -> Self {
        Self { annotator, options, last: None, blind: false }
    }

    /// How long the camera rests after a picture of its present kind.
    pub fn pause(&self) -> Duration {
        let pause = Duration::try_from_secs_f64(1.0 / self.options.max_fps).unwrap_or(Duration::ZERO);
        if self.blind { BLIND_PAUSE.max(pause) } else { pause }
    }

    /// Draws and encodes. It gives no picture rather than one with heads in it.
    pub fn paint(&mut self, frame: LiveFrame, wants_plain: bool) -> Result<Painted, PictureError> {
        match frame {
            LiveFrame::Seen { mut picture, report, levels, also_hide } => {
                self.blind = false;
                // Before drawing, so that text and lines stay sharp.
                if let Some(smaller) = smaller(picture.size(), self.options.max_width_px) {
                    picture = picture.resized(smaller)?;
                }
                let scene = Scene { report: &report, levels: &levels, also_hide: &also_hide };
                let plain = if wants_plain { Some(self.plain(&picture, &scene)?) } else { None };
                self.annotator.draw(&mut picture, &scene)?;
                let jpeg: Arc<[u8]> = picture.jpeg(self.options.jpeg_quality)?.into();
                self.last = Some((report.at, Arc::clone(&jpeg)));
                Ok(Painted { drawn: jpeg, plain })
            }
            LiveFrame::Blind(blind) => {
                self.blind = true;
                let is_late = |at: Timestamp| {
                    blind.since.is_some_and(|since| since.seconds_since(at).abs() <= LAST_PICTURE_MAX_AGE_S)
                };
                let last = self.last.as_ref().filter(|(at, _)| is_late(*at));
                let last = last.map(|(_, jpeg)| Picture::decode(jpeg)).transpose()?;
                let picture = self.annotator.blind_picture(last.as_ref(), &blind)?;
                let drawn: Arc<[u8]> = picture.jpeg(self.options.jpeg_quality)?.into();
                // It says that there is no picture, which is true of a plain one too.
                Ok(Painted { plain: wants_plain.then(|| Arc::clone(&drawn)), drawn })
            }
        }
    }

    fn plain(&self, picture: &Picture, scene: &Scene<'_>) -> Result<Arc<[u8]>, PictureError> {
        let mut plain = picture.try_clone()?;
        self.annotator.only_hide(&mut plain, scene)?;
        Ok(plain.jpeg(self.options.jpeg_quality)?.into())
    }
}

/// The size at which a picture is shown, where that is smaller than its own.
fn smaller(size: FrameSize, max_width_px: u32) -> Option<FrameSize> {
    let width_px = max_width_px.max(1);
    (size.width_px > width_px).then(|| {
        let height = u64::from(size.height_px) * u64::from(width_px) / u64::from(size.width_px);
        FrameSize { width_px, height_px: u32::try_from(height).unwrap_or(u32::MAX).max(1) }
    })
}
