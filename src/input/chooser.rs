//! The input in which the smallest people who matter are high enough, at the least cost.

use super::people::PeopleHeights;
use crate::config::defaults::{INPUT_MOST_PX, TILES_MOST};
use crate::geometry::{PixelRect, TileGrid, TileOverlap, tile_size_px};
use crate::model::FrameSize;

/// Most input pixels per pixel of the picture: beyond twice, nothing is added but cost.
pub const SCALE_MOST: f64 = 2.0;
/// Most pixels of one tile's input; beyond it, tiles take over. A network's memory grows with it: two workers of the
/// shipped model took 220 MB at 512x288, 450 MB at 1280x736 and 770 MB at 1920x1088.
pub const TILE_PX_MOST: u64 = 1280 * 960;
/// Room that tiles share beyond the tallest person's height.
const OVERLAP_HEIGHTS: f64 = 1.1;
/// Room that they share across, in the same heights: a walking person's box is less than half as wide as high.
const OVERLAP_WIDTH_HEIGHTS: f64 = 0.55;

/// Which inputs a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputSides {
    /// Any width and height that are multiples of this, in pixels.
    Free {
        /// 1 or more.
        step_px: u32,
    },
    /// This one.
    Fixed(FrameSize),
}

/// What a model needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelNeeds {
    /// Height in its input from which on it sees people well, in pixels.
    pub least_person_px: f64,
    /// Which inputs it takes.
    pub sides: InputSides,
}

/// What is asked of [`choose`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// The part of the picture that has to be seen; not empty.
    pub region: PixelRect,
    /// The people in it.
    pub people: PeopleHeights,
    /// What the model needs.
    pub needs: ModelNeeds,
    /// The tiles where they are given; `None`: they are chosen.
    pub grid: Option<TileGrid>,
    /// Most pixels of input that a frame may take over all tiles; `None`: no bound but those of the sizes.
    pub budget_px: Option<f64>,
}

/// An input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputChoice {
    /// The network's input for each tile, in pixels.
    pub size: FrameSize,
    /// How many tiles.
    pub grid: TileGrid,
    /// What neighbouring tiles share.
    pub overlap: TileOverlap,
    /// Input pixels per pixel of the picture.
    pub scale: f64,
    /// Pixels of input over all tiles.
    pub input_px: u64,
    /// Whether that is within the budget: not so only where even the smallest input is above it.
    pub within_budget: bool,
    /// Pixels of input that the smallest people would need; `None` where they are high enough, or no input at all makes
    /// them so.
    pub needed_px: Option<u64>,
}

/// Chooses.
///
/// - Where an input within the budget makes the smallest people `least_person_px` high: the cheapest such input.
/// - Else the one within the budget in which they are highest, and of equal ones the cheapest.
/// - Where even the smallest input is above the budget: that one.
///
/// So the choice is never above the budget where anything is below it, and a larger budget never makes people smaller.
/// One input is preferred to tiles of the same cost: for a network that takes any size, tiles cost their overlaps and
/// give nothing but smaller tensors; a network of one size sees small people only in tiles.
#[must_use]
pub fn choose(question: &Question) -> InputChoice {
    let least_scale = question.needs.least_person_px / question.people.smallest_px;
    let mut cheapest: Option<InputChoice> = None;
    let mut enough: Option<InputChoice> = None;
    let mut best: Option<InputChoice> = None;
    let is_cheaper =
        |a: &InputChoice, than: &InputChoice| (a.input_px, a.grid.count()) < (than.input_px, than.grid.count());
    let mut look_at = |candidate: InputChoice| {
        if cheapest.is_none_or(|cheapest| is_cheaper(&candidate, &cheapest)) {
            cheapest = Some(candidate);
        }
        let reaches = candidate.scale >= least_scale * (1.0 - 1e-9);
        if reaches && enough.is_none_or(|enough| is_cheaper(&candidate, &enough)) {
            enough = Some(candidate);
        }
        let is_better = |best: InputChoice| {
            candidate.scale > best.scale || (candidate.scale == best.scale && is_cheaper(&candidate, &best))
        };
        if candidate.within_budget && best.is_none_or(is_better) {
            best = Some(candidate);
        }
    };
    for grid in grids(question) {
        candidates(question, grid, &mut look_at);
    }
    match (enough, best, cheapest) {
        (Some(enough), _, _) if enough.within_budget => enough,
        (enough, Some(best), _) | (enough, None, Some(best)) => {
            let needed = enough.filter(|enough| best.input_px < enough.input_px);
            InputChoice { needed_px: needed.map(|needed| needed.input_px), ..best }
        }
        // Every grid has a smallest input.
        (_, None, None) => smallest(question),
    }
}

fn grids(question: &Question) -> Vec<TileGrid> {
    if let Some(grid) = question.grid {
        return vec![grid];
    }
    let wanted = overlap(question, TileGrid { columns: 2, rows: 2 });
    // Tiles that share more than half of the region are nearly the region itself.
    let most = |side_px: u32, overlap_px: u32| if overlap_px > side_px / 2 { 1 } else { TILES_MOST };
    let columns = most(question.region.width_px, wanted.across_px);
    let rows = most(question.region.height_px, wanted.down_px);
    (1..=rows).flat_map(|rows| (1..=columns).map(move |columns| TileGrid { columns, rows })).collect()
}

/// What tiles of this grid share: room for the tallest person.
fn overlap(question: &Question, grid: TileGrid) -> TileOverlap {
    let of = |heights: f64| (heights * question.people.tallest_px - 1e-6).ceil() as u32;
    TileOverlap {
        across_px: if grid.columns > 1 { of(OVERLAP_WIDTH_HEIGHTS) } else { 0 },
        down_px: if grid.rows > 1 { of(OVERLAP_HEIGHTS) } else { 0 },
    }
}

fn candidates(question: &Question, grid: TileGrid, look_at: &mut impl FnMut(InputChoice)) {
    let overlap = overlap(question, grid);
    let (width_px, height_px) = tile_size_px(question.region, grid, overlap);
    let (width, height) = (f64::from(width_px), f64::from(height_px));
    let mut candidate = |size: FrameSize| {
        let scale = (f64::from(size.width_px) / width).min(f64::from(size.height_px) / height);
        let input_px = size.pixels() * u64::from(grid.count());
        let within_budget = question.budget_px.is_none_or(|budget_px| input_px as f64 <= budget_px);
        look_at(InputChoice { size, grid, overlap, scale, input_px, within_budget, needed_px: None });
    };
    match question.needs.sides {
        InputSides::Fixed(size) => candidate(size),
        InputSides::Free { step_px } => {
            let step_px = step_px.max(1);
            let side = |content: f64| ((content / f64::from(step_px) - 1e-9).ceil().max(1.0) as u32) * step_px;
            let fits = |size: FrameSize| {
                let pixels = size.pixels();
                size.width_px.max(size.height_px) <= INPUT_MOST_PX && pixels <= TILE_PX_MOST
            };
            // Each multiple as a width or height that the tile fills, with the other side as long as it then needs.
            for filled_px in (1..=INPUT_MOST_PX / step_px).map(|steps| steps * step_px) {
                let by_width = f64::from(filled_px) / width;
                let by_height = f64::from(filled_px) / height;
                let sizes = [
                    (by_width, FrameSize { width_px: filled_px, height_px: side(height * by_width) }),
                    (by_height, FrameSize { width_px: side(width * by_height), height_px: filled_px }),
                ];
                for (scale, size) in sizes {
                    if scale <= SCALE_MOST && fits(size) {
                        candidate(size);
                    }
                }
            }
            // A region of a few pixels, or a very long one, may have none of these.
            candidate(smallest(&Question { grid: Some(grid), ..*question }).size);
        }
    }
}

/// The smallest input there is, of the given or of one tile.
fn smallest(question: &Question) -> InputChoice {
    let grid = question.grid.unwrap_or(TileGrid::ONE);
    let size = match question.needs.sides {
        InputSides::Fixed(size) => size,
        InputSides::Free { step_px } => FrameSize { width_px: step_px.max(1), height_px: step_px.max(1) },
    };
    let overlap = overlap(question, grid);
    let (width_px, height_px) = tile_size_px(question.region, grid, overlap);
    let scale = (f64::from(size.width_px) / f64::from(width_px)).min(f64::from(size.height_px) / f64::from(height_px));
    let input_px = size.pixels() * u64::from(grid.count());
    let within_budget = question.budget_px.is_none_or(|budget_px| input_px as f64 <= budget_px);
    InputChoice { size, grid, overlap, scale, input_px, within_budget, needed_px: None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::input::HeightSource;

    fn question(width_px: u32, height_px: u32, smallest_px: f64, tallest_px: f64) -> Question {
        Question {
            region: PixelRect { left_px: 0, top_px: 0, width_px, height_px },
            people: PeopleHeights { smallest_px, tallest_px, source: HeightSource::Boxes(100) },
            needs: ModelNeeds { least_person_px: 48.0, sides: InputSides::Free { step_px: 32 } },
            grid: None,
            budget_px: None,
        }
    }

    fn person_px(question: &Question, choice: &InputChoice) -> f64 {
        question.people.smallest_px * choice.scale
    }

    #[test]
    fn people_are_made_as_high_as_the_model_needs_and_not_much_higher() {
        let large = question(768, 576, 96.0, 200.0);
        let choice = choose(&large);
        assert_eq!((choice.size, choice.grid), (FrameSize { width_px: 384, height_px: 288 }, TileGrid::ONE));
        assert_eq!(choice.needed_px, None);
        let small = question(1280, 720, 60.0, 300.0);
        let choice = choose(&small);
        assert_eq!(choice.size, FrameSize { width_px: 1024, height_px: 576 });
        assert_eq!(person_px(&small, &choice), 48.0);
    }

    #[test]
    fn a_network_of_one_size_gets_tiles() {
        let sides = InputSides::Fixed(FrameSize { width_px: 640, height_px: 640 });
        let mut fixed = question(1920, 1080, 60.0, 200.0);
        fixed.needs.sides = sides;
        let choice = choose(&fixed);
        assert_eq!((choice.grid, choice.needed_px), (TileGrid { columns: 3, rows: 2 }, None));
        assert!(person_px(&fixed, &choice) >= 48.0, "{choice:?}");
        assert_eq!(choice.overlap, TileOverlap { across_px: 110, down_px: 220 });
        // Within a budget of four tiles they are as high as that allows.
        let tight = Question { budget_px: Some(4.0 * 640.0 * 640.0), ..fixed };
        let fewer = choose(&tight);
        assert!(fewer.grid.count() <= 4 && fewer.within_budget);
        assert_eq!(fewer.needed_px, Some(choice.input_px));
    }

    #[test]
    fn beyond_the_largest_tensor_tiles_take_over() {
        let huge = question(3840, 2160, 40.0, 100.0);
        let choice = choose(&huge);
        assert!(choice.grid.count() > 1 && person_px(&huge, &choice) >= 48.0, "{choice:?}");
    }

    #[test]
    fn what_cannot_be_is_said() {
        // Enlarged twice they are still too small.
        let tiny = choose(&question(640, 480, 10.0, 40.0));
        assert!((tiny.scale - SCALE_MOST).abs() < 0.1);
        assert_eq!(tiny.needed_px, None);
        let poor = choose(&Question { budget_px: Some(100.0), ..question(640, 480, 60.0, 100.0) });
        assert_eq!((poor.size, poor.within_budget), (FrameSize { width_px: 32, height_px: 32 }, false));
        assert!(poor.needed_px.is_some());
    }

    fn questions() -> impl Strategy<Value = Question> {
        let sides = prop_oneof![
            prop::sample::select(vec![1_u32, 8, 32, 64])
                .prop_map(|step_px| InputSides::Free { step_px: step_px.max(8) }),
            (1..40_u32, 1..40_u32)
                .prop_map(|(w, h)| InputSides::Fixed(FrameSize { width_px: w * 32, height_px: h * 32 })),
        ];
        let grid = prop::option::of((1..5_u32, 1..5_u32).prop_map(|(columns, rows)| TileGrid { columns, rows }));
        ((1..4000_u32, 1..3000_u32), (5.0..400.0, 1.0..4.0), sides, grid, prop::option::of(0.0..4e6)).prop_map(
            |((width_px, height_px), (smallest_px, ratio), sides, grid, budget_px)| Question {
                needs: ModelNeeds { least_person_px: 48.0, sides },
                grid,
                budget_px,
                ..question(width_px, height_px, smallest_px, smallest_px * ratio)
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn the_budget_is_kept_where_anything_keeps_it(question in questions()) {
            let choice = choose(&question);
            let budget_px = question.budget_px.unwrap_or(f64::INFINITY);
            prop_assert_eq!(choice.within_budget, choice.input_px as f64 <= budget_px);
            if !choice.within_budget {
                // Then nothing is cheaper.
                prop_assert_eq!(choice.input_px, smallest(&question).input_px);
            }
        }

        #[test]
        fn a_larger_budget_never_makes_people_smaller(question in questions(), more in 1.0..10.0) {
            let Some(budget_px) = question.budget_px else { return Ok(()) };
            let larger = Question { budget_px: Some(budget_px * more), ..question };
            let (choice, with_more) = (choose(&question), choose(&larger));
            prop_assert!(with_more.scale >= choice.scale * (1.0 - 1e-9), "{:?} {:?}", choice, with_more);
            let unbound = choose(&Question { budget_px: None, ..question });
            prop_assert!(unbound.scale >= choice.scale * (1.0 - 1e-9));
        }

        #[test]
        fn the_size_is_one_that_the_model_takes_and_a_shortfall_is_told(question in questions()) {
            let choice = choose(&question);
            match question.needs.sides {
                InputSides::Fixed(size) => prop_assert_eq!(choice.size, size),
                InputSides::Free { step_px } => {
                    let FrameSize { width_px, height_px } = choice.size;
                    prop_assert!(width_px.is_multiple_of(step_px) && height_px.is_multiple_of(step_px));
                    prop_assert!(width_px > 0 && height_px > 0);
                }
            }
            prop_assert!(question.grid.is_none_or(|grid| grid == choice.grid));
            let is_enough = person_px(&question, &choice) >= 48.0 * (1.0 - 1e-9);
            if choice.needed_px.is_some() {
                prop_assert!(!is_enough && question.budget_px.is_some());
            }
            let unbound = choose(&Question { budget_px: None, ..question });
            if !is_enough && person_px(&question, &unbound) >= 48.0 * (1.0 - 1e-9) {
                prop_assert_eq!(choice.needed_px, Some(unbound.input_px));
            }
        }
    }
}
