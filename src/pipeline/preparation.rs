//! From a camera's picture to what the network takes.

use std::sync::{Arc, Mutex, PoisonError};

use crate::config::CameraPlan;
use crate::geometry::LetterboxError;
use crate::inference::{Model, PreparedFrame};
use crate::input::{
    InputInUse, ModelNeeds, PeopleHeights, Reason, auto_input, boxes_that_matter, configured_input, looking_input,
};
use crate::model::{ClassSet, Detection, FrameSize, Timestamp};
use crate::picture::{Normalisation, Picture, PictureError};

/// How long people are looked for before an input is chosen by their heights, in seconds.
const LOOK_S: f64 = 60.0;

/// Prepares one camera's pictures. Done in the capture thread, where the picture is warm in the cache.
///
/// Where the camera's input is chosen, it is chosen once: from the calibration at the first picture, or from the heights
/// that [`Preparation::decide`] is told, or from those seen in the first minute of [`Preparation::look`]. It then stays,
/// over reconnects too; a picture of another size is the same view at another scale.
#[derive(Debug, Clone)]
pub struct Preparation {
    camera: CameraPlan,
    needs: ModelNeeds,
    budget_px: Option<f64>,
    normalisation: Normalisation,
    classes: ClassSet,
    decided: Option<Decided>,
    look_since: Option<Timestamp>,
    seen: Arc<PeopleSeen>,
    in_use: Option<InputInUse>,
    is_news: bool,
}

/// By what an input is chosen, and the size of the pictures in which that was seen.
#[derive(Debug, Clone, Copy)]
struct Decided {
    people: Result<PeopleHeights, usize>,
    frame: FrameSize,
}

/// Heights of people, left by the workers while they are looked for.
#[derive(Debug, Default)]
pub struct PeopleSeen(Mutex<Vec<f64>>);

impl PeopleSeen {
    /// Takes in what was detected in a picture of this camera.
    pub fn add(&self, detections: &[Detection], camera: &CameraPlan, size: FrameSize, least_score: f64) {
        let mut heights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heights.extend(boxes_that_matter(detections, camera, size, least_score));
    }

    /// The heights so far, in pixels, and how many there are where they are too few.
    pub fn heights(&self) -> Result<PeopleHeights, usize> {
        let heights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        PeopleHeights::by_boxes(&heights).ok_or(heights.len())
    }
}

impl Preparation {
    /// How this camera's pictures are prepared for this model. `budget_px`: pixels of network input that a frame may take
    /// at most where the input is chosen.
    #[must_use]
    pub fn new(camera: &CameraPlan, model: &Model, budget_px: Option<f64>) -> Self {
        Self {
            camera: camera.clone(),
            needs: model.needs(),
            budget_px,
            normalisation: *model.normalisation(),
            classes: camera.classes(),
            decided: None,
            look_since: None,
            seen: Arc::default(),
            in_use: None,
            is_news: false,
        }
    }

    /// Whether nothing but a look at people can say which input is the right one for pictures of this size.
    #[must_use]
    pub fn needs_a_look(&self, size: FrameSize) -> bool {
        self.camera.input.auto.is_some()
            && self.decided.is_none()
            && PeopleHeights::by_calibration(&self.camera, size).is_none()
    }

    /// The input is to be chosen by these people, seen in pictures of this size; or, where they were too few (so many),
    /// to cost what the default costs.
    pub fn decide(&mut self, people: Result<PeopleHeights, usize>, frame: FrameSize) {
        self.decided = Some(Decided { people, frame });
        self.in_use = None;
    }

    /// For a camera that runs: says when a picture was taken. While people are looked for, gives where what is detected in
    /// it is to be added; once a minute has passed and enough of them were seen, decides.
    pub fn look(&mut self, at: Timestamp, size: FrameSize) -> Option<Arc<PeopleSeen>> {
        if !self.needs_a_look(size) {
            return None;
        }
        let since = *self.look_since.get_or_insert(at);
        if at.seconds_since(since) >= LOOK_S {
            match self.seen.heights() {
                Ok(people) => {
                    self.decide(Ok(people), size);
                    return None;
                }
                // Nobody came: the look goes on.
                Err(_) => self.look_since = Some(at),
            }
        }
        Some(Arc::clone(&self.seen))
    }

    /// Prepares a picture of any size; `buffer` is an old tensor to use again, or empty.
    ///
    /// # Errors
    /// [`PictureError`] where the picture can't be fitted into the input.
    pub fn prepare(&mut self, picture: &Picture, buffer: Vec<f32>) -> Result<PreparedFrame, PictureError> {
        let size = picture.size();
        if self.in_use.as_ref().is_none_or(|in_use| in_use.frame != size) {
            let in_use = self.choose(size).map_err(|error| does_not_fit(size, &error))?;
            self.in_use = Some(in_use);
            self.is_news = true;
        }
        let letterboxes = self.in_use.as_ref().map_or(&[][..], |in_use| &in_use.letterboxes);
        PreparedFrame::new(picture, letterboxes, &self.normalisation, self.classes, buffer)
    }

    /// The input in use; `None` before the first picture.
    #[must_use]
    pub fn in_use(&self) -> Option<&InputInUse> {
        self.in_use.as_ref()
    }

    /// The input in use where it is another one than when this was last asked.
    pub fn news(&mut self) -> Option<&InputInUse> {
        if std::mem::take(&mut self.is_news) { self.in_use.as_ref() } else { None }
    }

    fn choose(&self, size: FrameSize) -> Result<InputInUse, LetterboxError> {
        let (camera, needs) = (&self.camera, self.needs);
        if camera.input.auto.is_none() {
            return configured_input(camera, size, needs.sides);
        }
        if let Some(people) = PeopleHeights::by_calibration(camera, size) {
            return auto_input(camera, size, needs, people, self.budget_px);
        }
        let within = |most_px: f64| most_px.min(self.budget_px.unwrap_or(f64::INFINITY));
        match self.decided {
            Some(Decided { people: Ok(people), frame }) => {
                let scale = f64::from(size.height_px) / f64::from(frame.height_px);
                let people = PeopleHeights {
                    smallest_px: people.smallest_px * scale,
                    tallest_px: people.tallest_px * scale,
                    ..people
                };
                auto_input(camera, size, needs, people, self.budget_px)
            }
            Some(Decided { people: Err(seen), .. }) => {
                let default_px = camera.input.size.pixels() as f64;
                let looking = looking_input(camera, size, needs, within(default_px))?;
                Ok(InputInUse { reason: Reason::TooFew(seen), ..looking })
            }
            None => looking_input(camera, size, needs, within(f64::INFINITY)),
        }
    }
}

/// A picture that can't be fitted into an input.
pub(super) fn does_not_fit(picture: FrameSize, error: &LetterboxError) -> PictureError {
    PictureError::WrongSize {
        what: "picture",
        found: format!("{} x {}", picture.width_px, picture.height_px),
        expected: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;
    use crate::inference::{Manifest, Runtime};
    use crate::input::HeightSource;
    use crate::model::{ObjectClass, PixelBox};
    use crate::picture::Colour;

    const SIZE: FrameSize = FrameSize { width_px: 768, height_px: 576 };

    fn preparation(keys: &str) -> (Preparation, CameraPlan) {
        let text = format!("[cameras.a]\n{keys}\nsource.file = {{ path = \"a.avi\", fps = 7 }}\n");
        let plan = config::parse(&text, Path::new("/site"), &|_| None).unwrap_or_else(|error| panic!("{error}"));
        let manifest = Manifest::find(None).unwrap();
        let model = Model::open(&Runtime::load(None).unwrap(), manifest.model("nanodet_g").unwrap()).unwrap();
        (Preparation::new(&plan.cameras[0], &model, None), plan.cameras[0].clone())
    }

    fn reason(preparation: &mut Preparation, picture: &Picture) -> Option<Reason> {
        preparation.prepare(picture, Vec::new()).unwrap();
        preparation.news().map(|input| input.reason)
    }

    #[test]
    fn an_input_is_chosen_once_after_a_minute_in_which_enough_people_were_seen() {
        let (mut preparation, camera) = preparation("input_size = \"auto\"");
        let picture = Picture::filled(SIZE, Colour::WHITE).unwrap();
        let at = |seconds: f64| Timestamp(0).plus_seconds(seconds);
        let bbox = PixelBox { left: 100.0, top: 100.0, right: 150.0, bottom: 212.0 };
        let person = Detection { bbox, class: ObjectClass::Person, score: 0.9 };

        assert!(preparation.look(at(0.0), SIZE).is_some());
        assert_eq!(reason(&mut preparation, &picture), Some(Reason::Looking));
        // Nobody came in the first minute: the look goes on, and says nothing new.
        let seen = preparation.look(at(61.0), SIZE).unwrap();
        assert_eq!(reason(&mut preparation, &picture), None);
        (0..30).for_each(|_| seen.add(&[person], &camera, SIZE, 0.5));
        assert!(preparation.look(at(100.0), SIZE).is_some());
        assert!(preparation.look(at(122.0), SIZE).is_none());
        assert_eq!(reason(&mut preparation, &picture), Some(Reason::Chosen(HeightSource::Boxes(30))));
        // 112 pixels in the picture, 56 are needed: half of its size.
        let half = FrameSize { width_px: 384, height_px: 288 };
        assert_eq!(preparation.in_use().unwrap().size(), half);
        // It stays, and a picture of twice the size is the same view.
        assert!(preparation.look(at(500.0), SIZE).is_none());
        let twice = FrameSize { width_px: 1536, height_px: 1152 };
        preparation.prepare(&Picture::filled(twice, Colour::WHITE).unwrap(), Vec::new()).unwrap();
        assert_eq!(preparation.in_use().unwrap().size(), half);
    }

    #[test]
    fn a_configured_input_needs_no_look() {
        let (mut preparation, _) = preparation("input_tiles = [2, 2]");
        assert!(preparation.look(Timestamp(0), SIZE).is_none());
        let picture = Picture::filled(SIZE, Colour::WHITE).unwrap();
        let prepared = preparation.prepare(&picture, Vec::new()).unwrap();
        assert_eq!((prepared.letterboxes.len(), prepared.input_px()), (4, 4 * 512 * 384));
        assert_eq!(prepared.tensor.len(), 4 * 3 * 512 * 384);
    }
}
