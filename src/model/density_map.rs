//! People per cell of a picture, as a crowd-density network estimates them.

use super::PixelBox;

/// What the people in a density map are marked by: where each one's mass lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The middle of the head, as nearly all sets of training pictures have it.
    #[default]
    Head,
    /// The point where the person stands.
    Foot,
}

/// A grid of cells, each with the number of people in it. A cell may hold a fraction of a person, and a little less than
/// nobody.
#[derive(Debug, Clone, PartialEq)]
pub struct DensityMap {
    /// What the grid covers, in the camera's pixels. It may reach beyond the picture.
    pub bounds: PixelBox,
    /// Cells across; above 0.
    pub columns: usize,
    /// Cells down; above 0.
    pub rows: usize,
    /// People per cell, row by row from the top left: as many as columns × rows, all finite.
    pub people: Vec<f32>,
    /// Where in the picture a person is counted.
    pub mark: Mark,
}

impl DensityMap {
    /// Width and height of a cell, in the camera's pixels.
    #[must_use]
    pub fn cell_px(&self) -> (f64, f64) {
        (self.bounds.width() / self.columns as f64, self.bounds.height() / self.rows as f64)
    }
}

/// What besides boxes is known of a frame: it bears on how far the counts can be trusted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CountEvidence {
    /// The detector gave as many boxes as it can, or nearly so: there may be more people.
    pub at_limit: bool,
    /// Pixels of the detector's input per pixel of the camera's picture, downwards, in the tile where they are fewest;
    /// `None`: not known, and nobody passes for too small.
    pub input_scale: Option<f64>,
    /// A second opinion; `None`: none was asked for in this frame.
    pub density_map: Option<DensityMap>,
}
