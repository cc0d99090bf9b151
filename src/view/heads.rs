//! Where a person's head is, judged from the box alone and generously: when in doubt, it is hidden.

use crate::model::{Detection, ObjectClass, PixelBox};

/// Share of the box's height, from the top, in which the head of a person who is seen whole lies (a head is about an
/// eighth of a person; the rest is for those who bend, sit, or are boxed too high).
const HEIGHT_SHARE: f64 = 0.30;
/// The same as a share of the box's width: of a person who is cut off by the picture's edge or half hidden, the box is
/// short, and the head takes more of it. Shoulders are about as wide as the box and heads half of that.
const WIDTH_SHARE: f64 = 0.70;
/// Margins for boxes that are a little off, as shares: above of the height, beside of the width.
const MARGIN_ABOVE: f64 = 0.08;
const MARGIN_BESIDE: f64 = 0.12;

/// The part of a person's box that is made unrecognisable.
pub fn head_region(person: &PixelBox) -> PixelBox {
    let (width, height) = (person.width(), person.height());
    let depth = (HEIGHT_SHARE * height).max(WIDTH_SHARE * width).min(height);
    PixelBox {
        left: person.left - MARGIN_BESIDE * width,
        top: person.top - MARGIN_ABOVE * height,
        right: person.right + MARGIN_BESIDE * width,
        bottom: person.top + depth,
    }
}

/// A person's box with the margins that their head is given.
pub fn whole_region(person: &PixelBox) -> PixelBox {
    PixelBox { bottom: person.bottom + MARGIN_ABOVE * person.height(), ..head_region(person) }
}

/// Everybody besides the counted tracks whose head is hidden: all people that the detector saw, and those who are followed
/// but not counted in this frame. When in doubt, hide.
#[must_use]
pub fn people_to_hide(detections: &[Detection], not_counted: &[PixelBox]) -> Vec<PixelBox> {
    let people = detections.iter().filter(|detection| detection.class == ObjectClass::Person);
    people.map(|detection| detection.bbox).chain(not_counted.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_person_loses_the_upper_part_and_a_cut_off_one_more_of_it() {
        let region = head_region(&PixelBox { left: 100.0, top: 200.0, right: 140.0, bottom: 300.0 });
        assert_eq!(region, PixelBox { left: 95.2, top: 192.0, right: 144.8, bottom: 230.0 });
        // Head and shoulders at the lower edge of the picture.
        let region = head_region(&PixelBox { left: 100.0, top: 500.0, right: 180.0, bottom: 570.0 });
        assert_eq!(region.bottom, 556.0);
        let whole = whole_region(&PixelBox { left: 100.0, top: 200.0, right: 140.0, bottom: 300.0 });
        assert_eq!(whole, PixelBox { left: 95.2, top: 192.0, right: 144.8, bottom: 308.0 });
        let flat = head_region(&PixelBox { left: 0.0, top: 0.0, right: 100.0, bottom: 20.0 });
        assert_eq!(flat.bottom, 20.0);
    }
}
