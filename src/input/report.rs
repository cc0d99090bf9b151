//! The input in use as it is told in `summary.json` and `/api/v1/state`.

use serde::Serialize;

use super::InputInUse;

/// What the network is given of a camera's picture.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct InputReport {
    /// Size of the camera's picture, "WIDTHxHEIGHT" in pixels.
    pub picture: String,
    /// The part of it that is looked at: left, top, width and height in pixels.
    pub crop_px: [u32; 4],
    /// Tiles that this part is cut into: columns and rows.
    pub tiles: [u32; 2],
    /// The network's input for each tile, "WIDTHxHEIGHT" in pixels.
    pub size: String,
    /// Pixels of network input a frame, over all tiles.
    pub input_px: u64,
    /// Height in the input of the smallest people by whom it was chosen, in pixels; `null` where it was not chosen.
    pub smallest_person_px: Option<f64>,
    /// Why it is this input, in words.
    pub why: String,
    /// What could not be had, and what it would take; `null` where nothing is missing.
    pub warning: Option<String>,
}

impl From<&InputInUse> for InputReport {
    fn from(input: &InputInUse) -> Self {
        let (region, size) = (input.region, input.size());
        Self {
            picture: input.frame.to_string(),
            crop_px: [region.left_px, region.top_px, region.width_px, region.height_px],
            tiles: [input.grid.columns, input.grid.rows],
            size: size.to_string(),
            input_px: input.input_px(),
            smallest_person_px: input.person_px().map(|height| (height * 10.0).round() / 10.0),
            why: input.to_string(),
            warning: input.warning.clone(),
        }
    }
}
