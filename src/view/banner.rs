//! The bar across the top and the frame around the picture that say that an alert is on: to be seen from the other end
//! of a control room, and in a small tile of a camera wall.

use super::layout::Scale;
use super::{caption, palette};
use crate::model::{Level, PixelBox, PixelPoint};
use crate::picture::{Picture, PictureError, Plate};

/// One zone whose alert is on.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its level.
    pub level: Level,
    /// The zone's name and figures.
    pub text: String,
    /// The name of the rule that has this level; empty where none is known.
    pub rule: String,
    /// The level is what was known last.
    pub stale: bool,
}

impl Item {
    fn text(&self, with_rule: bool) -> String {
        let last_known = if self.stale { " (last known)" } else { "" };
        let rule = if with_rule && !self.rule.is_empty() { format!("  {}", self.rule) } else { String::new() };
        format!("{}  {}{last_known}{rule}", caption::level(self.level), self.text)
    }
}

fn plate(scale: Scale, level: Level) -> Plate {
    let look = palette::level(level);
    Plate { capital_height_px: scale.px(2.8), ink: look.ink, ground: look.colour, opacity: 1.0 }
}

/// Width of the frame in pixels.
pub fn frame_px(scale: Scale) -> u32 {
    scale.stroke_px(1.2)
}

/// Height of the bar in pixels.
pub fn height_px(scale: Scale) -> f64 {
    plate(scale, Level::Red).size_px("").map_or(0.0, |(_, height)| height)
}

/// Draws the bar in the colour of the worst level; where there is no room for all zones, the worst ones and how many
/// more. Draws nothing where there is no alert.
pub fn draw(picture: &mut Picture, scale: Scale, mut items: Vec<Item>) -> Result<(), PictureError> {
    items.sort_by_key(|item| std::cmp::Reverse(item.level));
    let Some(worst) = items.first() else { return Ok(()) };
    let colour = palette::level(worst.level).colour;
    let (width, height) = (f64::from(picture.size().width_px), f64::from(picture.size().height_px));
    let stroke_px = frame_px(scale);
    let inset = f64::from(stroke_px) / 2.0;
    let frame = PixelBox { left: inset, top: inset, right: width - inset, bottom: height - inset };
    picture.rectangle(&frame, colour, stroke_px)?;

    let plate = plate(scale, worst.level);
    let mut text = fitting(&items, |text| plate.size_px(text).is_ok_and(|(needed, _)| needed <= width));
    // Spaces make the bar as wide as the picture.
    let space = plate.size_px("  ")?.0 - plate.size_px(" ")?.0;
    let missing = (width - plate.size_px(&text)?.0).max(0.0);
    text.extend(std::iter::repeat_n(' ', (missing / space.max(1.0)).ceil() as usize));
    picture.plate(&text, PixelPoint { x: 0.0, y: 0.0 }, &plate)
}

/// As many of the items as fit, the worst first; at least the first. With the names of their rules where there is room.
fn fitting(items: &[Item], fits: impl Fn(&str) -> bool) -> String {
    let text = |(shown, with_rules): (usize, bool)| {
        let mut parts: Vec<String> = items[..shown].iter().map(|item| item.text(with_rules)).collect();
        if shown < items.len() {
            parts.push(format!("+{} more", items.len() - shown));
        }
        parts.join("  |  ")
    };
    let ways = (1..=items.len()).rev().flat_map(|shown| [(shown, true), (shown, false)]);
    ways.map(text).find(|text| fits(text)).unwrap_or_else(|| text((1, false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_zones_are_named_and_the_others_counted() {
        let item = |level, text: &str, stale| Item { level, text: text.to_owned(), rule: "Too full".to_owned(), stale };
        let items = [
            item(Level::Red, "plaza 12", false),
            item(Level::Blue, "quay ?", true),
            item(Level::Blue, "pier 3", false),
        ];
        let up_to = |most: usize| fitting(&items, |text| text.len() <= most);
        let with_rules = "RED  plaza 12  Too full  |  BLUE  quay ? (last known)  Too full  |  BLUE  pier 3  Too full";
        assert_eq!(up_to(100), with_rules);
        assert_eq!(up_to(80), "RED  plaza 12  |  BLUE  quay ? (last known)  |  BLUE  pier 3");
        assert_eq!(up_to(55), "RED  plaza 12  |  BLUE  quay ? (last known)  |  +1 more");
        assert_eq!(up_to(40), "RED  plaza 12  Too full  |  +2 more");
        assert_eq!(up_to(30), "RED  plaza 12  |  +2 more");
        assert_eq!(up_to(5), "RED  plaza 12  |  +2 more");
    }
}
