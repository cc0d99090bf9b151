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

/// The scale of heat maps: viridis (S. van der Walt and N. Smith, 2015; dedicated to the public domain by CC0), at nine
/// equal steps. It grows evenly lighter, so that equal steps look equal, in grey and to the colour-blind too.
const VIRIDIS: [Colour; 9] = [
    rgb(68, 1, 84),
    rgb(71, 45, 123),
    rgb(59, 82, 139),
    rgb(44, 114, 142),
    rgb(33, 145, 140),
    rgb(40, 174, 128),
    rgb(94, 201, 98),
    rgb(173, 220, 48),
    rgb(253, 231, 37),
];

/// The colour at a share of the scale; beyond its ends that of the end.
pub fn viridis(share: f64) -> Colour {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let below = (place.floor() as usize).min(VIRIDIS.len() - 2);
    let part = place - below as f64;
    let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u8;
    let (from, to) = (VIRIDIS[below], VIRIDIS[below + 1]);
    Colour { red: mix(from.red, to.red), green: mix(from.green, to.green), blue: mix(from.blue, to.blue) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_of_heat_maps_grows_lighter_all_the_way() {
        let light = |step: u32| {
            let Colour { red, green, blue } = viridis(f64::from(step) / 100.0);
            0.2126 * f64::from(red) + 0.7152 * f64::from(green) + 0.0722 * f64::from(blue)
        };
        assert!((0..100).all(|step| light(step) < light(step + 1)));
        assert_eq!((viridis(-1.0), viridis(7.0)), (VIRIDIS[0], VIRIDIS[8]));
    }
}
