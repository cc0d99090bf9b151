//! Every colour that is drawn. Lines are drawn over a darker, wider one and text stands on plates, so that each colour
//! is seen on bright pavement as well as at night; a level is always named too, for those who can't tell colours.

use crate::model::Level;
use crate::picture::Colour;

const fn rgb(red: u8, green: u8, blue: u8) -> Colour {
    Colour { red, green, blue }
}

/// Under lines, and the ground of plates.
pub const SHADE: Colour = rgb(12, 16, 20);
/// Text on dark ground.
pub const INK: Colour = rgb(245, 248, 250);
/// A zone without an alert.
pub const CALM: Colour = rgb(90, 210, 220);
/// A zone of which nothing is known.
pub const UNKNOWN: Colour = rgb(165, 170, 175);
/// A line and its arrow: no level's colour.
pub const LINE: Colour = rgb(240, 130, 255);
/// A followed object.
pub const TRACK: Colour = rgb(225, 255, 215);

/// The headline where there is no picture.
pub const NO_PICTURE: Colour = rgb(255, 200, 90);

/// A level's colour, its zone's opacity, and the ink that is readable on it.
#[derive(Debug, Clone, Copy)]
pub struct LevelLook {
    /// The colour.
    pub colour: Colour,
    /// Text on that colour.
    pub ink: Colour,
    /// How much the colour covers its zone, 0 to 1: people in it must stay visible.
    pub opacity: f64,
}

/// How a level looks.
pub fn level(level: Level) -> LevelLook {
    match level {
        Level::Blue => LevelLook { colour: rgb(40, 105, 255), ink: INK, opacity: 0.24 },
        Level::Yellow => LevelLook { colour: rgb(255, 225, 0), ink: SHADE, opacity: 0.24 },
        Level::Orange => LevelLook { colour: rgb(255, 140, 0), ink: SHADE, opacity: 0.26 },
        Level::Red => LevelLook { colour: rgb(225, 20, 30), ink: INK, opacity: 0.26 },
    }
}

/// How a zone without an alert looks, where its values are known and where not.
pub fn calm(known: bool) -> LevelLook {
    let (colour, opacity) = if known { (CALM, 0.10) } else { (UNKNOWN, 0.20) };
    LevelLook { colour, ink: SHADE, opacity }
}
