//! The input that a camera's pictures are put into, and why it is that one.

use std::fmt;

use super::chooser::{InputChoice, InputSides, ModelNeeds, Question, choose};
use super::people::{HeightSource, PERSON_M, PeopleHeights};
use super::{BOXES_LEAST, around_places};
use crate::config::{CameraPlan, Region, defaults};
use crate::geometry::{Letterbox, LetterboxError, PixelRect, TileGrid, TileOverlap, tiles};
use crate::model::{FrameSize, PixelBox};

/// Pixels of input with which people are looked for before an input is chosen, a frame: generous, so that small ones are
/// seen too.
pub const LOOK_PX: f64 = 1280.0 * 960.0;

/// Why an input is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The configuration says so.
    Configured,
    /// Chosen from the heights of people.
    Chosen(HeightSource),
    /// Nothing is chosen yet: people are looked for.
    Looking,
    /// Too few people were seen to choose by.
    TooFew(usize),
}

/// An input in use for pictures of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct InputInUse {
    /// Size of the pictures.
    pub frame: FrameSize,
    /// The part of them that is looked at.
    pub region: PixelRect,
    /// How many tiles it is cut into.
    pub grid: TileGrid,
    /// How each tile is fitted into the network's input, which has the same size for all of them.
    pub letterboxes: Vec<Letterbox>,
    /// Why this input.
    pub reason: Reason,
    /// The people by whom it was chosen.
    pub people: Option<PeopleHeights>,
    /// What could not be had, and what it would take.
    pub warning: Option<String>,
}

impl InputInUse {
    /// The network's input for a tile.
    #[must_use]
    pub fn size(&self) -> FrameSize {
        self.letterboxes.first().map_or(defaults::INPUT_SIZE, Letterbox::input)
    }

    /// Pixels of network input a frame.
    #[must_use]
    pub fn input_px(&self) -> u64 {
        self.size().pixels() * self.letterboxes.len() as u64
    }

    /// Height in the network's input of the smallest people by whom it was chosen, in pixels.
    #[must_use]
    pub fn person_px(&self) -> Option<f64> {
        let (_, down) = self.letterboxes.first()?.scale();
        Some(self.people?.smallest_px * down)
    }
}

impl fmt::Display for InputInUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.reason, self.people) {
            (Reason::Configured, _) => f.write_str("as configured"),
            (Reason::Looking, _) => f.write_str("looking for people, to choose by their heights"),
            (Reason::TooFew(seen), _) => {
                write!(f, "as large as the default: only {seen} people were seen, and it takes {BOXES_LEAST} to choose")
            }
            (Reason::Chosen(source), people) => {
                let (smallest, tallest) = people.map_or((0.0, 0.0), |people| (people.smallest_px, people.tallest_px));
                match source {
                    HeightSource::Calibration => write!(
                        f,
                        "chosen by the calibration: people of {PERSON_M} m are {smallest:.0} to {tallest:.0} px high where \
                         the zones and lines are"
                    )?,
                    HeightSource::Boxes(boxes) => {
                        write!(f, "chosen by {boxes} boxes seen, {smallest:.0} to {tallest:.0} px high")?;
                    }
                }
                write!(f, "; in the input the smallest have {:.0} px", self.person_px().unwrap_or(0.0))
            }
        }
    }
}

/// The configured input.
///
/// # Errors
/// [`LetterboxError`] where the picture or the region in it is empty.
pub fn configured_input(
    camera: &CameraPlan,
    frame: FrameSize,
    sides: InputSides,
) -> Result<InputInUse, LetterboxError> {
    let (region, grid) = (configured_region(camera, frame)?, camera.input.tiles);
    let overlap = TileOverlap::usual(region, grid);
    let letterboxes = fit(frame, region, grid, overlap, camera.input.size, sides)?;
    let (reason, people, warning) = (Reason::Configured, None, None);
    Ok(InputInUse { frame, region, grid, letterboxes, reason, people, warning })
}

/// The input of a model that has nothing to do with how the detector's is cut: all of this part of the picture, fitted into
/// one input.
///
/// # Errors
/// [`LetterboxError`] where the picture or the region in it is empty.
pub fn single_input(
    frame: FrameSize,
    region: PixelRect,
    size: FrameSize,
    sides: InputSides,
) -> Result<Vec<Letterbox>, LetterboxError> {
    fit(frame, region, TileGrid::ONE, TileOverlap::usual(region, TileGrid::ONE), size, sides)
}

/// The input with which people are looked for, of a camera whose input is chosen by their heights: the picture's own
/// size as far as `most_px` pixels of input allow.
///
/// # Errors
/// As [`configured_input`].
pub fn looking_input(
    camera: &CameraPlan,
    frame: FrameSize,
    needs: ModelNeeds,
    most_px: f64,
) -> Result<InputInUse, LetterboxError> {
    let wanted_px = needs.least_person_px;
    let people = PeopleHeights { smallest_px: wanted_px, tallest_px: wanted_px, source: HeightSource::Boxes(0) };
    let question = Question {
        region: configured_region(camera, frame)?,
        people,
        needs,
        grid: fixed_grid(camera),
        budget_px: Some(most_px.min(LOOK_PX)),
    };
    in_use(frame, &question, &choose(&question), (Reason::Looking, None, None))
}

/// The input for people of these heights; `budget_px`: pixels of input that a frame may take at most.
///
/// # Errors
/// As [`configured_input`].
pub fn auto_input(
    camera: &CameraPlan,
    frame: FrameSize,
    needs: ModelNeeds,
    people: PeopleHeights,
    budget_px: Option<f64>,
) -> Result<InputInUse, LetterboxError> {
    let plane = camera.calibration.as_ref().map(|calibration| calibration.at_size(frame));
    let chooses_region = camera.input.auto.is_some_and(|auto| auto.chooses_region);
    let region = if chooses_region {
        around_places(camera, frame, |place| {
            let by_plane = plane.as_ref().and_then(|plane| plane.person_px(place, PERSON_M));
            by_plane.unwrap_or(people.tallest_px)
        })
    } else {
        configured_region(camera, frame)?
    };
    let question = Question { region, people, needs, grid: fixed_grid(camera), budget_px };
    let choice = choose(&question);
    let keep_fps = camera.input.auto.map_or(0.0, |auto| auto.keep_fps);
    let warning = warning(&question, &choice, keep_fps);
    in_use(frame, &question, &choice, (Reason::Chosen(people.source), Some(people), warning))
}

fn fixed_grid(camera: &CameraPlan) -> Option<TileGrid> {
    let chooses_tiles = camera.input.auto.is_some_and(|auto| auto.chooses_tiles);
    (!chooses_tiles).then_some(camera.input.tiles)
}

/// What the configuration says of the region, widened to whole pixels.
fn configured_region(camera: &CameraPlan, frame: FrameSize) -> Result<PixelRect, LetterboxError> {
    let fitted = match camera.input.region {
        Region::Whole => Letterbox::whole(frame, camera.input.size),
        Region::Crop(from, to) => {
            let (from, to) = (from.to_px(frame), to.to_px(frame));
            let region = PixelBox { left: from.x, top: from.y, right: to.x, bottom: to.y };
            Letterbox::crop_to(frame, region, camera.input.size)
        }
    };
    Ok(fitted?.crop())
}

fn in_use(
    frame: FrameSize,
    question: &Question,
    choice: &InputChoice,
    (reason, people, warning): (Reason, Option<PeopleHeights>, Option<String>),
) -> Result<InputInUse, LetterboxError> {
    let (region, grid) = (question.region, choice.grid);
    let letterboxes = fit(frame, region, grid, choice.overlap, choice.size, question.needs.sides)?;
    Ok(InputInUse { frame, region, grid, letterboxes, reason, people, warning })
}

/// Fits each tile into the input; padding that makes a whole step is cut off the input, since it costs as much as people
/// do (a 16:9 picture leaves a quarter of a 4:3 input empty).
fn fit(
    frame: FrameSize,
    region: PixelRect,
    grid: TileGrid,
    overlap: TileOverlap,
    size: FrameSize,
    sides: InputSides,
) -> Result<Vec<Letterbox>, LetterboxError> {
    let fit_tile = |tile: PixelRect| {
        let fitted = Letterbox::crop_to(frame, tile.to_box(), size)?;
        let InputSides::Free { step_px } = sides else { return Ok(fitted) };
        let content = fitted.content();
        let side = |content_px: u32, most_px: u32| (content_px.div_ceil(step_px) * step_px).min(most_px);
        let trimmed = FrameSize {
            width_px: side(content.width_px, size.width_px),
            height_px: side(content.height_px, size.height_px),
        };
        Letterbox::crop_to(frame, tile.to_box(), trimmed)
    };
    tiles(region, grid, overlap).into_iter().map(fit_tile).collect()
}

/// What could not be had, in words; `None` where people are high enough and the budget is kept.
fn warning(question: &Question, choice: &InputChoice, keep_fps: f64) -> Option<String> {
    let (smallest_px, least_px) = (question.people.smallest_px, question.needs.least_person_px);
    let reached_px = smallest_px * choice.scale;
    let megapixels = |pixels: f64| format!("{:.2} megapixels", pixels / 1e6);
    let size = choice.size;
    let budget = question.budget_px.unwrap_or(0.0);
    if !choice.within_budget {
        return Some(format!(
            "even the smallest input, {size}, takes more than the {} a frame that keep_fps = {keep_fps} leaves: use fewer \
             cameras, a lower keep_fps or analysis_fps, or a faster machine",
            megapixels(budget)
        ));
    }
    if let Some(needed_px) = choice.needed_px {
        let needed = needed_px as f64;
        return Some(format!(
            "the smallest people are {reached_px:.0} px high in the input, and the model needs {least_px:.0} px: that takes \
             {} a frame, and keep_fps = {keep_fps} leaves {}. It would take keep_fps = {:.2}, or a machine that is {:.1} \
             times as fast, or smaller zones that leave the farthest part out; until then take counts there as lower bounds",
            megapixels(needed),
            megapixels(budget),
            keep_fps * budget / needed,
            needed / budget.max(1.0),
        ));
    }
    (reached_px < least_px * (1.0 - 1e-9)).then(|| {
        format!(
            "the smallest people are {smallest_px:.0} px high in the picture and {reached_px:.0} px in the largest input there \
             is, and the model needs {least_px:.0} px: a camera that is nearer, zoomed in or of a higher resolution would \
             show them; until then take counts there as lower bounds"
        )
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;

    const HD: FrameSize = FrameSize { width_px: 1920, height_px: 1080 };
    const NEEDS: ModelNeeds = ModelNeeds { least_person_px: 48.0, sides: InputSides::Free { step_px: 32 } };

    /// A camera with these keys.
    pub fn camera(keys: &str) -> CameraPlan {
        let text = format!("[cameras.a]\nsource.file = {{ path = \"a.avi\", fps = 7 }}\n{keys}\n");
        let plan = config::parse(&text, Path::new("/site"), &|_| None).unwrap_or_else(|error| panic!("{error}"));
        plan.cameras[0].clone()
    }

    fn people(smallest_px: f64, tallest_px: f64) -> PeopleHeights {
        PeopleHeights { smallest_px, tallest_px, source: HeightSource::Boxes(100) }
    }

    #[test]
    fn a_configured_input_is_cut_down_to_the_pictures_shape() {
        let input = configured_input(&camera("input_size = \"512x384\""), HD, NEEDS.sides).unwrap();
        assert_eq!(input.size(), FrameSize { width_px: 512, height_px: 288 });
        assert_eq!((input.letterboxes.len(), input.to_string().as_str()), (1, "as configured"));
        let fixed = InputSides::Fixed(FrameSize { width_px: 512, height_px: 384 });
        let input = configured_input(&camera("input_size = \"512x384\""), HD, fixed).unwrap();
        assert_eq!(input.size(), FrameSize { width_px: 512, height_px: 384 });
    }

    #[test]
    fn configured_tiles_each_get_an_input() {
        let tiled = camera("input_size = \"832x480\"\ninput_tiles = [3, 2]");
        let input = configured_input(&tiled, HD, NEEDS.sides).unwrap();
        assert_eq!((input.letterboxes.len(), input.size()), (6, FrameSize { width_px: 608, height_px: 480 }));
        assert_eq!(input.input_px(), 6 * 608 * 480);
        let whole = PixelRect { left_px: 0, top_px: 0, width_px: 1920, height_px: 1080 };
        assert_eq!(input.region, whole);
    }

    #[test]
    fn a_chosen_input_crops_to_the_places_and_says_why() {
        let zoned = camera(
            "input_size = \"auto\"\nzones.a = { polygon = [[0.25, 0.5], [0.5, 0.5], [0.5, 0.75], [0.25, 0.75]] }",
        );
        let input = auto_input(&zoned, HD, NEEDS, people(96.0, 160.0), None).unwrap();
        assert_eq!(input.region, PixelRect { left_px: 320, top_px: 300, width_px: 800, height_px: 590 });
        assert!(input.person_px().unwrap() >= 48.0 && input.warning.is_none());
        insta::assert_snapshot!(input, @"chosen by 100 boxes seen, 96 to 160 px high; in the input the smallest have 50 px");
        let whole = CameraPlan {
            input: config::InputPlan {
                region: Region::Whole,
                ..camera("input_size = \"auto\"\nregion = \"whole\"").input
            },
            ..zoned
        };
        let input = auto_input(&whole, HD, NEEDS, people(96.0, 160.0), None).unwrap();
        assert_eq!((input.region.width_px, input.region.height_px), (1920, 1080));
    }

    #[test]
    fn a_shortfall_says_what_it_would_take() {
        let auto = camera("input_size = \"auto\"\nkeep_fps = 5");
        let warning = |smallest: f64, budget: Option<f64>| {
            auto_input(&auto, HD, NEEDS, people(smallest, 300.0), budget).unwrap().warning.unwrap()
        };
        insta::assert_snapshot!(warning(40.0, Some(5e5)), @"the smallest people are 19 px high in the input, and the model needs 48 px: that takes 3.65 megapixels a frame, and keep_fps = 5 leaves 0.50 megapixels. It would take keep_fps = 0.68, or a machine that is 7.3 times as fast, or smaller zones that leave the farthest part out; until then take counts there as lower bounds");
        insta::assert_snapshot!(warning(40.0, Some(500.0)), @"even the smallest input, 32x32, takes more than the 0.00 megapixels a frame that keep_fps = 5 leaves: use fewer cameras, a lower keep_fps or analysis_fps, or a faster machine");
        insta::assert_snapshot!(warning(10.0, None), @"the smallest people are 10 px high in the picture and 20 px in the largest input there is, and the model needs 48 px: a camera that is nearer, zoomed in or of a higher resolution would show them; until then take counts there as lower bounds");
    }

    #[test]
    fn people_are_looked_for_in_the_pictures_own_size_as_far_as_the_bound_allows() {
        let auto = camera("input_size = \"auto\"");
        let small = FrameSize { width_px: 768, height_px: 576 };
        assert_eq!(looking_input(&auto, small, NEEDS, f64::INFINITY).unwrap().size(), small);
        let bound = looking_input(&auto, HD, NEEDS, f64::INFINITY).unwrap();
        assert!(bound.input_px() as f64 <= LOOK_PX && bound.input_px() as f64 > 0.9 * LOOK_PX, "{bound:?}");
        let tight = looking_input(&auto, small, NEEDS, 512.0 * 384.0).unwrap();
        assert_eq!(tight.size(), FrameSize { width_px: 512, height_px: 384 });
    }
}
