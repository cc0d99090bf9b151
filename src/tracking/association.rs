//! Which detection continues which track.

use super::target::{Place, Target, place};
use crate::assign::{Assigner, Edge};
use crate::model::Detection;

/// What a pair is worth; pairs that are worth nothing are not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Log-likelihood ratio of "the same" against "somebody new".
    Likelihood,
    /// Overlap of the expected and the seen box, at least [`MIN_WEAK_IOU`].
    Overlap,
}

/// Logarithm of the density of newcomers in (x, y, height), per height³: how likely it is to see somebody new at just
/// this place and of just this height. One in 6 height³, so about one person to 6 square heights of the picture;
/// −1.76 + 2.76, as [`Expectation::log_likelihood`](super::target::Expectation::log_likelihood) leaves out the constant
/// −1.5·ln 2π = −2.76 of the Gaussian density.
const LOG_NEWCOMER_DENSITY: f64 = 1.0;

/// A weak detection says little by itself: it must overlap the expected box by half.
const MIN_WEAK_IOU: f64 = 0.5;

/// Buffers of the association, kept between frames.
#[derive(Debug, Default)]
pub(super) struct Association {
    assigner: Assigner,
    edges: Vec<Edge>,
    places: Vec<Place>,
}

impl Association {
    /// The best pairs `(index in targets, index in detections)` among the given indices.
    pub(super) fn pairs(
        &mut self,
        measure: Measure,
        targets: &[Target],
        target_indices: &[usize],
        detections: &[Detection],
        detection_indices: &[usize],
    ) -> Vec<(usize, usize)> {
        self.edges.clear();
        if target_indices.is_empty() || detection_indices.is_empty() {
            return Vec::new();
        }
        match measure {
            Measure::Likelihood => self.weigh_likelihood(targets, target_indices, detections, detection_indices),
            Measure::Overlap => self.weigh_overlap(targets, target_indices, detections, detection_indices),
        }
        self.assigner
            .max_weight(target_indices.len(), detection_indices.len(), &self.edges)
            .into_iter()
            .enumerate()
            .filter_map(|(row, col)| col.map(|col| (target_indices[row], detection_indices[col])))
            .collect()
    }

    fn weigh_likelihood(
        &mut self,
        targets: &[Target],
        target_indices: &[usize],
        detections: &[Detection],
        detection_indices: &[usize],
    ) {
        self.places.clear();
        self.places.extend(detection_indices.iter().map(|&index| place(&detections[index])));
        for (row, &target_index) in target_indices.iter().enumerate() {
            let target = &targets[target_index];
            let expectation = target.expectation();
            let (x_px, reach_px) = (expectation.x_px(), expectation.reach_px(LOG_NEWCOMER_DENSITY));
            for (col, &place) in self.places.iter().enumerate() {
                // In a crowd nearly all pairs are too far apart; this comparison is the whole of their cost.
                if (place[0] - x_px).abs() > reach_px || detections[detection_indices[col]].class != target.class {
                    continue;
                }
                let weight = expectation.log_likelihood(place) - LOG_NEWCOMER_DENSITY;
                if weight > 0.0 {
                    self.edges.push(Edge { row, col, weight });
                }
            }
        }
    }

    fn weigh_overlap(
        &mut self,
        targets: &[Target],
        target_indices: &[usize],
        detections: &[Detection],
        detection_indices: &[usize],
    ) {
        for (row, &target_index) in target_indices.iter().enumerate() {
            let target = &targets[target_index];
            let expected = target.expected();
            for (col, &detection_index) in detection_indices.iter().enumerate() {
                let detection = &detections[detection_index];
                if detection.class != target.class {
                    continue;
                }
                let weight = expected.iou(&detection.bbox);
                if weight >= MIN_WEAK_IOU {
                    self.edges.push(Edge { row, col, weight });
                }
            }
        }
    }
}
