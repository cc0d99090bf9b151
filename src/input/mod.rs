//! What a network is given of a camera's picture: which part, at which size, in how many tiles.
//!
//! A detector sees people only from some height in its input on ([`ModelNeeds::least_person_px`]); what is larger costs
//! time for nothing. So where a camera's input is `auto`, [`PeopleHeights`] says how high the people who matter are in
//! the picture (from the calibration, else from boxes that were seen), [`around_places`] which part of the picture is
//! needed, [`budgets_px`] what a frame may cost, and [`choose`] takes the cheapest input in which the smallest of those
//! people are high enough, or, where the budget doesn't allow it, the one in which they are highest. All of it is
//! arithmetic: no clock, no picture.

mod budget;
mod chooser;
mod crop;
mod in_use;
mod people;
mod report;

pub use budget::{HEADROOM, budgets_px};
pub use chooser::{InputChoice, InputSides, ModelNeeds, Question, SCALE_MOST, TILE_PX_MOST, choose};
pub use crop::around_places;
pub use in_use::{InputInUse, LOOK_PX, Reason, auto_input, configured_input, looking_input, single_input};
pub use people::{BOXES_LEAST, HeightSource, PERSON_M, PeopleHeights, boxes_that_matter};
pub use report::InputReport;
