//! Site maps: pictures of a place from above, with the outlines of zones on them.

use std::path::PathBuf;

use super::Fault;
use crate::model::{FrameSize, MapId, NormPoint, Place};

/// A site map. Places on it are shares of its picture's width and height, from the upper left.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPlan {
    /// Its id.
    pub id: MapId,
    /// Name shown to people.
    pub name: String,
    /// The drawing or photograph beneath.
    pub picture: MapPicture,
    /// How wide what the picture shows is on the ground, in metres; `None`: it has no scale.
    pub width_m: Option<f64>,
    /// Outlines of zones, in the order of their names.
    pub zones: Vec<(Place, Vec<NormPoint>)>,
    /// Both ends of lines, in the order of their names.
    pub lines: Vec<(Place, [NormPoint; 2])>,
    /// Where cameras stand, in the order of their ids.
    pub cameras: Vec<(Place, NormPoint)>,
}

impl MapPlan {
    /// Every place on it.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        let zones = self.zones.iter().map(|(place, _)| place);
        let lines = self.lines.iter().map(|(place, _)| place);
        zones.chain(lines).chain(self.cameras.iter().map(|(place, _)| place))
    }
}

/// A map's picture file.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPicture {
    /// The file.
    pub path: PathBuf,
    /// What is in it, or why it can't be shown. Such a file makes no plan wrong: people are watched over without it, too.
    pub found: Result<FoundPicture, Fault>,
}

/// What a picture file is, by its own first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundPicture {
    /// Its format.
    pub format: PictureFormat,
    /// Its size.
    pub size: FrameSize,
}

/// Formats that a map's picture may have. SVG is none of them: it may hold scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
}

impl PictureFormat {
    /// As browsers say it.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}
