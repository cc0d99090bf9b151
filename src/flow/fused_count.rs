//! A zone's count from boxes and, as a second opinion, a density map.

use crate::model::Reading;

/// What two ways of counting say together.
///
/// | boxes | map | reading |
/// |---|---|---|
/// | valid | any or none | the boxes' count, valid |
/// | lower bound | none, or not above the boxes | the boxes' count, at least |
/// | lower bound | above the boxes | the map's count, rounded down, **at least** |
/// | unknown | any or none | unknown |
///
/// Why so:
/// - Where people can be told apart, boxes are better: each stands for somebody who is followed, while a map's errors in a
///   sparse scene (a fraction of a person on every bush) add up over a large zone.
/// - A map's count is never `valid`: nobody has measured its error on this camera, and a value that is valid may bring an
///   alert down. What the second opinion may do is raise one earlier, which errs on the side of the people in the zone.
/// - It is never below the boxes: those people were seen.
/// - A camera that delivers no frames is as blind to the map as to the boxes.
///
/// So where a map joined in, "at least" means: no fewer than the higher of two counts says. It is no bound that the map
/// proves; the disagreement is there to be watched, and a map that is far off on a site is to be switched off there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FusedCount {
    /// The zone's count of people.
    pub reading: Reading,
    /// (map − boxes) / max(map, boxes, 1), −1 to 1: above 0 where the map sees more. `None` where there is no fresh map, or
    /// nothing is known of the boxes.
    pub disagreement: Option<f64>,
}

/// How the people in a zone stood in a frame, for what is made from counts over a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ZonePeople {
    /// By both opinions.
    pub(super) fused: f64,
    /// By the boxes alone.
    pub(super) boxes: f64,
    /// A map joins in: the boxes' count is a lower bound, and there is a fresh map.
    pub(super) map_joins: bool,
}

impl FusedCount {
    /// From the boxes' count and the map's, in people.
    #[must_use]
    pub fn new(boxes: Reading, map: Option<f64>) -> Self {
        let disagreement = boxes.value().zip(map).map(|(boxes, map)| (map - boxes) / map.max(boxes).max(1.0));
        let reading = match (boxes, map) {
            (Reading::AtLeast(boxes), Some(map)) => Reading::AtLeast(map.floor().max(boxes)),
            _ => boxes,
        };
        Self { reading, disagreement }
    }

    /// Whether the map could raise the count: the boxes' was a lower bound, and there was a map.
    #[must_use]
    pub fn map_joins(&self) -> bool {
        self.disagreement.is_some() && matches!(self.reading, Reading::AtLeast(_))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::UnknownReason;

    #[test]
    fn the_rule_is_as_stated() {
        use Reading::{AtLeast, Unknown, Valid};
        let blind = Unknown(UnknownReason::NoFrames);
        for (boxes, map, reading, disagreement) in [
            (Valid(10.0), None, Valid(10.0), None),
            (Valid(10.0), Some(40.0), Valid(10.0), Some(0.75)),
            (AtLeast(10.0), None, AtLeast(10.0), None),
            (AtLeast(10.0), Some(5.0), AtLeast(10.0), Some(-0.5)),
            (AtLeast(10.0), Some(40.9), AtLeast(40.0), Some(30.9 / 40.9)),
            (Valid(0.0), Some(0.25), Valid(0.0), Some(0.25)),
            (blind, Some(40.0), blind, None),
        ] {
            assert_eq!(FusedCount::new(boxes, map), FusedCount { reading, disagreement }, "{boxes:?} {map:?}");
        }
    }

    proptest! {
        #[test]
        fn a_map_never_takes_people_away_and_never_makes_a_count_valid(boxes in 0u32..500, map in 0.0..900.0) {
            let boxes = f64::from(boxes);
            let valid = FusedCount::new(Reading::Valid(boxes), Some(map));
            prop_assert_eq!(valid.reading, Reading::Valid(boxes));
            let bound = FusedCount::new(Reading::AtLeast(boxes), Some(map));
            let Reading::AtLeast(people) = bound.reading else { panic!("{bound:?}") };
            prop_assert!(people >= boxes && people <= boxes.max(map));
            prop_assert!((-1.0..=1.0).contains(&bound.disagreement.unwrap()));
        }
    }
}
