//! Identity scores (Ristani et al. 2016): how much of each object one single track covers, under the best one-to-one
//! pairing of objects and tracks over the whole sequence.

use super::ratio;
use super::sequence::Sequence;
use crate::assign::{Assigner, Edge};

/// Identity scores.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct IdentityScores {
    /// 2·IDTP / (ground-truth boxes + result boxes).
    pub idf1: Option<f64>,
    /// IDTP / result boxes.
    pub idp: Option<f64>,
    /// IDTP / ground-truth boxes.
    pub idr: Option<f64>,
    /// Boxes that overlap enough with a box of their partner.
    pub id_true_positives: u64,
    /// Result boxes that don't.
    pub id_false_positives: u64,
    /// Ground-truth boxes that don't.
    pub id_false_negatives: u64,
}

/// Sums that several sequences add up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct IdentityTally {
    true_positives: u64,
    truth_boxes: u64,
    result_boxes: u64,
}

impl IdentityTally {
    #[expect(clippy::cast_precision_loss, reason = "counts of boxes are far below 2^53")]
    pub(super) fn of(sequence: &Sequence) -> Self {
        let mut together = vec![0u64; sequence.pairs.len()];
        for overlap in sequence.steps.iter().flat_map(|step| &step.overlaps) {
            together[overlap.pair] += u64::from(overlap.may_match());
        }
        let edges: Vec<Edge> = sequence
            .pairs
            .iter()
            .zip(&together)
            .map(|(&(row, col), &frames)| Edge { row, col, weight: frames as f64 })
            .collect();
        let partner = Assigner::default().max_weight(sequence.truth_ids, sequence.result_ids, &edges);
        let true_positives = sequence.pairs.iter().zip(&together).filter(|((row, col), _)| partner[*row] == Some(*col));
        Self {
            true_positives: true_positives.map(|(_, frames)| frames).sum(),
            truth_boxes: sequence.truth_boxes,
            result_boxes: sequence.result_boxes,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.true_positives += other.true_positives;
        self.truth_boxes += other.truth_boxes;
        self.result_boxes += other.result_boxes;
    }

    pub(super) fn scores(&self) -> IdentityScores {
        IdentityScores {
            idf1: ratio(2 * self.true_positives, self.truth_boxes + self.result_boxes),
            idp: ratio(self.true_positives, self.result_boxes),
            idr: ratio(self.true_positives, self.truth_boxes),
            id_true_positives: self.true_positives,
            id_false_positives: self.result_boxes - self.true_positives,
            id_false_negatives: self.truth_boxes - self.true_positives,
        }
    }
}
