//! HOTA (Luiten et al. 2021): detection and association weighed evenly, over 19 thresholds of IoU.

use super::sequence::{Overlap, Sequence};
use crate::assign::{Assigner, Edge};

/// IoU thresholds: 0.05, 0.10 … 0.95.
const ALPHAS: usize = 19;

/// HOTA scores, each the mean over the IoU thresholds 0.05, 0.10 … 0.95. Not defined without any box.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct HotaScores {
    /// √(DetA · AssA) of each threshold, then the mean.
    pub hota: Option<f64>,
    /// Detection: matched / (matched + false positives + false negatives).
    pub det_a: Option<f64>,
    /// Association: of the frames of a matched object and its track, the share in which they are matched to each
    /// other; the mean over all matched boxes. 0 at a threshold without matches.
    pub ass_a: Option<f64>,
    /// Place: mean IoU of the matched boxes. 1 at a threshold without matches, as in `trackeval`.
    pub loc_a: Option<f64>,
}

/// Sums that several sequences add up, one for each threshold.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HotaTally {
    truth_boxes: u64,
    result_boxes: u64,
    at: [AtAlpha; ALPHAS],
}

#[derive(Debug, Clone, Copy, Default)]
struct AtAlpha {
    true_positives: u64,
    association_sum: f64,
    iou_sum: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of boxes are far below 2^53")]
impl HotaTally {
    pub(super) fn of(sequence: &Sequence) -> Self {
        let mut truth_count = vec![0u64; sequence.truth_ids];
        let mut result_count = vec![0u64; sequence.result_ids];
        let mut alignment = vec![0.0; sequence.pairs.len()];
        for step in &sequence.steps {
            // An overlap counts by its share of all overlaps of its two boxes.
            let (mut of_row, mut of_col) = (vec![0.0; step.truth.len()], vec![0.0; step.result.len()]);
            for overlap in &step.overlaps {
                of_row[overlap.row] += overlap.iou;
                of_col[overlap.col] += overlap.iou;
            }
            for Overlap { row, col, iou, pair } in &step.overlaps {
                alignment[*pair] += iou / (of_row[*row] + of_col[*col] - iou);
            }
            step.truth.iter().for_each(|&id| truth_count[id] += 1);
            step.result.iter().for_each(|&id| result_count[id] += 1);
        }
        let together = |pair: usize| {
            let (truth, result) = sequence.pairs[pair];
            (truth_count[truth] + result_count[result]) as f64
        };
        for (pair, shared) in alignment.iter_mut().enumerate() {
            *shared /= together(pair) - *shared;
        }

        let mut tally =
            Self { truth_boxes: sequence.truth_boxes, result_boxes: sequence.result_boxes, ..Self::default() };
        let mut matches = vec![[0u64; ALPHAS]; sequence.pairs.len()];
        let mut assigner = Assigner::default();
        for step in &sequence.steps {
            let edges: Vec<Edge> = step
                .overlaps
                .iter()
                .map(|overlap| Edge {
                    row: overlap.row,
                    col: overlap.col,
                    weight: alignment[overlap.pair] * overlap.iou,
                })
                .collect();
            let cols = assigner.max_weight(step.truth.len(), step.result.len(), &edges);
            for overlap in step.overlaps.iter().filter(|overlap| cols[overlap.row] == Some(overlap.col)) {
                for (index, at) in tally.at.iter_mut().enumerate() {
                    if overlap.iou >= alpha(index) - f64::EPSILON {
                        at.true_positives += 1;
                        at.iou_sum += overlap.iou;
                        matches[overlap.pair][index] += 1;
                    }
                }
            }
        }
        for (pair, matches) in matches.iter().enumerate() {
            for (at, &matches) in tally.at.iter_mut().zip(matches) {
                let matches = matches as f64;
                at.association_sum += matches * matches / (together(pair) - matches);
            }
        }
        tally
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.truth_boxes += other.truth_boxes;
        self.result_boxes += other.result_boxes;
        for (at, other) in self.at.iter_mut().zip(&other.at) {
            at.true_positives += other.true_positives;
            at.association_sum += other.association_sum;
            at.iou_sum += other.iou_sum;
        }
    }

    pub(super) fn scores(&self) -> HotaScores {
        let boxes = self.truth_boxes + self.result_boxes;
        let mean = |score: fn(&AtAlpha, u64) -> f64| {
            (boxes > 0).then(|| self.at.iter().map(|at| score(at, boxes)).sum::<f64>() / ALPHAS as f64)
        };
        HotaScores {
            hota: mean(|at, boxes| (at.det_a(boxes) * at.ass_a()).sqrt()),
            det_a: mean(AtAlpha::det_a),
            ass_a: mean(|at, _| at.ass_a()),
            loc_a: mean(|at, _| at.loc_a()),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of boxes are far below 2^53")]
impl AtAlpha {
    /// `boxes`: ground-truth boxes and result boxes together, of which a matched pair is one thing.
    fn det_a(&self, boxes: u64) -> f64 {
        self.true_positives as f64 / (boxes - self.true_positives) as f64
    }

    fn ass_a(&self) -> f64 {
        self.association_sum / self.true_positives.max(1) as f64
    }

    fn loc_a(&self) -> f64 {
        if self.true_positives == 0 { 1.0 } else { self.iou_sum / self.true_positives as f64 }
    }
}

#[expect(clippy::cast_precision_loss, reason = "an index below 19")]
fn alpha(index: usize) -> f64 {
    0.05 + index as f64 * 0.05
}
