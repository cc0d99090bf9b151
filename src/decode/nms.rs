//! Greedy non-maximum suppression.

use std::cmp::Ordering;

use crate::model::Detection;

/// Drops each box that overlaps a better one of its class by more than `iou`; what is left is sorted, best first.
/// The order of the input doesn't matter: equal scores are ordered by class and place.
pub fn suppress(detections: &mut Vec<Detection>, iou: f64) {
    best_first(detections);
    suppress_sorted(detections, iou);
}

/// Sorts by falling score, ties by class and place.
pub(super) fn best_first(detections: &mut [Detection]) {
    detections.sort_unstable_by(order);
}

/// Falling score, ties by class and place.
pub(super) fn order(a: &Detection, b: &Detection) -> Ordering {
    let sides = |d: &Detection| [d.bbox.left, d.bbox.top, d.bbox.right, d.bbox.bottom];
    b.score.total_cmp(&a.score).then_with(|| a.class.cmp(&b.class)).then_with(|| {
        let sides = sides(a).into_iter().zip(sides(b));
        sides.map(|(a, b)| a.total_cmp(&b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    })
}

/// [`suppress`] for detections that are sorted.
pub(super) fn suppress_sorted(detections: &mut Vec<Detection>, iou: f64) {
    let mut kept = 0;
    for index in 0..detections.len() {
        let candidate = detections[index];
        let better = &detections[..kept];
        if !better.iter().any(|best| best.class == candidate.class && best.bbox.iou(&candidate.bbox) > iou) {
            detections[kept] = candidate;
            kept += 1;
        }
    }
    detections.truncate(kept);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{ObjectClass, PixelBox};

    fn detections() -> impl Strategy<Value = Vec<Detection>> {
        // Few places and scores, so that overlaps and ties are common.
        let one = (0..12_u8, 0..12_u8, 1..8_u8, 1..8_u8, 0..5_u8, 0..2_usize).prop_map(
            |(left, top, width, height, score, class)| Detection {
                bbox: PixelBox {
                    left: f64::from(left),
                    top: f64::from(top),
                    right: f64::from(left + width),
                    bottom: f64::from(top + height),
                },
                class: ObjectClass::ALL[class],
                score: f64::from(score) / 4.0,
            },
        );
        prop::collection::vec(one, 0..60)
    }

    proptest! {
        #[test]
        fn kept_boxes_of_a_class_overlap_at_most_by_the_threshold(mut boxes in detections(), iou in 0.0..1.0) {
            suppress(&mut boxes, iou);
            for (index, a) in boxes.iter().enumerate() {
                for b in &boxes[index + 1..] {
                    prop_assert!(a.class != b.class || a.bbox.iou(&b.bbox) <= iou);
                }
            }
        }

        #[test]
        fn each_dropped_box_overlaps_a_kept_one_at_least_as_good(boxes in detections(), iou in 0.0..1.0) {
            let mut kept = boxes.clone();
            suppress(&mut kept, iou);
            for dropped in boxes.iter().filter(|candidate| !kept.contains(candidate)) {
                prop_assert!(kept.iter().any(|best| best.class == dropped.class
                    && best.score >= dropped.score
                    && best.bbox.iou(&dropped.bbox) > iou));
            }
        }

        #[test]
        fn the_best_of_each_class_is_kept(boxes in detections(), iou in 0.0..1.0) {
            let mut kept = boxes.clone();
            suppress(&mut kept, iou);
            for class in ObjectClass::ALL {
                let best = |of: &[Detection]| {
                    of.iter().filter(|d| d.class == class).map(|d| d.score).max_by(f64::total_cmp)
                };
                prop_assert_eq!(best(&kept), best(&boxes));
            }
        }

        #[test]
        fn the_order_of_the_input_does_not_matter(
            (boxes, shuffled) in detections().prop_flat_map(|boxes| (Just(boxes.clone()), Just(boxes).prop_shuffle())),
            iou in 0.0..1.0,
        ) {
            let (mut boxes, mut shuffled) = (boxes, shuffled);
            suppress(&mut boxes, iou);
            suppress(&mut shuffled, iou);
            prop_assert_eq!(boxes, shuffled);
        }
    }
}
