//! CLEAR MOT scores (Bernardin & Stiefelhagen 2008), matched frame by frame as `motmetrics` does.

use super::ratio;
use super::sequence::{Sequence, Step};
use crate::assign::{Assigner, Edge};

/// CLEAR MOT scores.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct ClearScores {
    /// 1 − (false positives + false negatives + ID switches) / ground-truth boxes; may be below 0.
    pub mota: Option<f64>,
    /// Mean IoU of the matched boxes (`motmetrics` gives 1 − this).
    pub motp: Option<f64>,
    /// Share of the result boxes that are matched.
    pub precision: Option<f64>,
    /// Share of the ground-truth boxes that are matched.
    pub recall: Option<f64>,
    /// Matched boxes.
    pub true_positives: u64,
    /// Result boxes without a match.
    pub false_positives: u64,
    /// Ground-truth boxes without a match.
    pub false_negatives: u64,
    /// Times an object was matched to another track than at its last match.
    pub id_switches: u64,
    /// Objects matched in at least 80 % of their frames.
    pub mostly_tracked: u64,
    /// Objects matched in 20 % to less than 80 % of their frames.
    pub partly_tracked: u64,
    /// Objects matched in less than 20 % of their frames.
    pub mostly_lost: u64,
}

/// Sums that several sequences add up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ClearTally {
    true_positives: u64,
    false_positives: u64,
    false_negatives: u64,
    id_switches: u64,
    mostly_tracked: u64,
    partly_tracked: u64,
    mostly_lost: u64,
    iou_sum: f64,
}

/// What is remembered of an object between frames.
#[derive(Clone, Copy, Default)]
struct Object {
    /// The track of its last match and that match's frame.
    last: Option<(usize, u32)>,
    boxes: u64,
    matched: u64,
}

impl ClearTally {
    pub(super) fn of(sequence: &Sequence) -> Self {
        let mut tally = Self::default();
        let mut objects = vec![Object::default(); sequence.truth_ids];
        let mut assigner = Assigner::default();
        for step in &sequence.steps {
            let matched = match_step(step, &objects, &mut assigner);
            let mut matches = 0;
            for (&id, matched) in step.truth.iter().zip(matched) {
                let object = &mut objects[id];
                object.boxes += 1;
                let Some((col, iou)) = matched else { continue };
                let track = step.result[col];
                tally.id_switches += u64::from(object.last.is_some_and(|(last, _)| last != track));
                tally.iou_sum += iou;
                object.last = Some((track, step.frame));
                object.matched += 1;
                matches += 1;
            }
            tally.true_positives += matches;
            tally.false_negatives += step.truth.len() as u64 - matches;
            tally.false_positives += step.result.len() as u64 - matches;
        }
        for object in objects {
            // In whole numbers: 0.8 has no exact floating-point value.
            if object.matched * 5 >= object.boxes * 4 {
                tally.mostly_tracked += 1;
            } else if object.matched * 5 >= object.boxes {
                tally.partly_tracked += 1;
            } else {
                tally.mostly_lost += 1;
            }
        }
        tally
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
        self.id_switches += other.id_switches;
        self.mostly_tracked += other.mostly_tracked;
        self.partly_tracked += other.partly_tracked;
        self.mostly_lost += other.mostly_lost;
        self.iou_sum += other.iou_sum;
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of boxes are far below 2^53")]
    pub(super) fn scores(&self) -> ClearScores {
        let truth_boxes = self.true_positives + self.false_negatives;
        let faults = self.false_positives + self.false_negatives + self.id_switches;
        ClearScores {
            mota: ratio(faults, truth_boxes).map(|faults| 1.0 - faults),
            motp: (self.true_positives > 0).then(|| self.iou_sum / self.true_positives as f64),
            precision: ratio(self.true_positives, self.true_positives + self.false_positives),
            recall: ratio(self.true_positives, truth_boxes),
            true_positives: self.true_positives,
            false_positives: self.false_positives,
            false_negatives: self.false_negatives,
            id_switches: self.id_switches,
            mostly_tracked: self.mostly_tracked,
            partly_tracked: self.partly_tracked,
            mostly_lost: self.mostly_lost,
        }
    }
}

/// For each ground-truth box its result box and their IoU. Pairs that were matched last go on where they still overlap
/// enough; the rest are matched by most pairs first, then by the greatest sum of IoU.
fn match_step(step: &Step, objects: &[Object], assigner: &mut Assigner) -> Vec<Option<(usize, f64)>> {
    let mut matched = vec![None; step.truth.len()];
    let mut taken = vec![false; step.result.len()];
    // Two objects may both have been matched last to one track: the one whose match is newer keeps it.
    let mut kept: Vec<_> = step
        .overlaps
        .iter()
        .filter(|overlap| overlap.may_match())
        .filter_map(|overlap| {
            let (last, frame) = objects[step.truth[overlap.row]].last?;
            (last == step.result[overlap.col]).then_some((frame, overlap))
        })
        .collect();
    kept.sort_by_key(|(frame, _)| std::cmp::Reverse(*frame));
    for (_, overlap) in kept {
        if matched[overlap.row].is_none() && !taken[overlap.col] {
            matched[overlap.row] = Some((overlap.col, overlap.iou));
            taken[overlap.col] = true;
        }
    }

    // One more pair must be worth more than any gain in IoU.
    #[expect(clippy::cast_precision_loss, reason = "a number of boxes in a frame")]
    let pair_worth = (step.truth.len().min(step.result.len()) + 1) as f64;
    let rest: Vec<_> = step
        .overlaps
        .iter()
        .filter(|overlap| overlap.may_match() && matched[overlap.row].is_none() && !taken[overlap.col])
        .collect();
    let edges: Vec<Edge> = rest
        .iter()
        .map(|overlap| Edge { row: overlap.row, col: overlap.col, weight: pair_worth + overlap.iou })
        .collect();
    let cols = assigner.max_weight(step.truth.len(), step.result.len(), &edges);
    for overlap in rest {
        if cols[overlap.row] == Some(overlap.col) {
            matched[overlap.row] = Some((overlap.col, overlap.iou));
        }
    }
    matched
}
