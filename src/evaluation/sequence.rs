//! Two sets of rows become one sequence ready to be scored: ignore rules applied, ids numbered, overlaps worked out.

use std::collections::BTreeMap;

use super::MATCH_IOU;
use super::mot_text::{GroundTruth, GroundTruthRow, TrackRow};
use crate::assign::{Assigner, Edge};
use crate::model::PixelBox;

/// MOT17's classes of things that look like a pedestrian and are not to be tracked: person on vehicle, static person,
/// distractor, reflection.
const DISTRACTORS: [u8; 4] = [2, 7, 8, 12];
const PEDESTRIAN: u8 = 1;

/// Choices in scoring beside the ground truth's format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// Result boxes that are matched to a MOT15 box with conf 0 (or to a MOT17 pedestrian with conf 0) count neither
    /// as right nor as wrong. The packages don't do this: there such a result box is a false positive.
    pub forgive_unscored: bool,
}

/// One sequence, ready to be scored.
#[derive(Debug)]
pub(super) struct Sequence {
    /// Frames from 1 to the last that has any row.
    pub frames: u32,
    /// Scored ground-truth tracks.
    pub truth_ids: usize,
    /// Result tracks that have a box left after the ignore rules.
    pub result_ids: usize,
    /// Scored ground-truth boxes.
    pub truth_boxes: u64,
    /// Result boxes left after the ignore rules.
    pub result_boxes: u64,
    /// Result boxes that the ignore rules took out.
    pub forgiven_boxes: u64,
    /// Frames that have boxes, in order.
    pub steps: Vec<Step>,
    /// Every pair of ids (truth, result) whose boxes overlap in some frame, sorted.
    pub pairs: Vec<(usize, usize)>,
}

/// One frame.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// Frame number, from 1.
    pub frame: u32,
    /// Ids of the ground-truth boxes, numbered from 0.
    pub truth: Vec<usize>,
    /// Ids of the result boxes, numbered from 0.
    pub result: Vec<usize>,
    /// All pairs of boxes with an IoU above 0, by row, then column.
    pub overlaps: Vec<Overlap>,
}

/// A ground-truth box and a result box that share some area.
#[derive(Debug, Clone, Copy)]
pub(super) struct Overlap {
    /// Index in [`Step::truth`].
    pub row: usize,
    /// Index in [`Step::result`].
    pub col: usize,
    /// Intersection over union, above 0.
    pub iou: f64,
    /// Index in [`Sequence::pairs`].
    pub pair: usize,
}

impl Overlap {
    /// Whether the two may be the same person. Within rounding, as in `trackeval`.
    pub(super) fn may_match(&self) -> bool {
        self.iou >= MATCH_IOU - f64::EPSILON
    }
}

/// What a ground-truth box is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// To be found.
    Scored,
    /// A result box on it is taken out.
    Forgiving,
    /// It may take a result box from a forgiving box, nothing else.
    Neutral,
}

fn role(row: &GroundTruthRow, rules: Rules) -> Role {
    let unscored = if rules.forgive_unscored { Role::Forgiving } else { Role::Neutral };
    match row.class {
        None | Some(PEDESTRIAN) if row.conf != 0.0 => Role::Scored,
        None | Some(PEDESTRIAN) => unscored,
        Some(class) if DISTRACTORS.contains(&class) => Role::Forgiving,
        Some(_) => Role::Neutral,
    }
}

impl Sequence {
    pub(super) fn new(truth: &GroundTruth, result: &[TrackRow], rules: Rules) -> Self {
        let mut frames: BTreeMap<u32, (Vec<&GroundTruthRow>, Vec<&TrackRow>)> = BTreeMap::new();
        for row in &truth.rows {
            frames.entry(row.frame).or_default().0.push(row);
        }
        for row in result {
            frames.entry(row.frame).or_default().1.push(row);
        }
        let last_frame = frames.keys().next_back().copied().unwrap_or(0);

        let mut assigner = Assigner::default();
        let (mut truth_numbers, mut result_numbers) = (Numbers::default(), Numbers::default());
        let mut forgiven_boxes = 0;
        let mut steps = Vec::with_capacity(frames.len());
        for (frame, (mut truth, mut result)) in frames {
            // By place, so that neither the files' order nor the choice of ids decides between equal matchings.
            truth.sort_by(|a, b| order(&a.bbox, &b.bbox).then(a.id.cmp(&b.id)));
            result.sort_by(|a, b| order(&a.bbox, &b.bbox).then(a.id.cmp(&b.id)));
            let before = result.len();
            forgive(&mut assigner, &truth, &mut result, rules);
            forgiven_boxes += (before - result.len()) as u64;
            truth.retain(|row| role(row, rules) == Role::Scored);
            if truth.is_empty() && result.is_empty() {
                continue;
            }
            steps.push(Step {
                frame,
                truth: truth.iter().map(|row| truth_numbers.number(row.id)).collect(),
                result: result.iter().map(|row| result_numbers.number(row.id)).collect(),
                overlaps: overlaps(&boxes(&truth, |row| row.bbox), &boxes(&result, |row| row.bbox)),
            });
        }
        let pairs = number_pairs(&mut steps);
        Self {
            frames: last_frame,
            truth_ids: truth_numbers.len(),
            result_ids: result_numbers.len(),
            truth_boxes: steps.iter().map(|step| step.truth.len() as u64).sum(),
            result_boxes: steps.iter().map(|step| step.result.len() as u64).sum(),
            forgiven_boxes,
            steps,
            pairs,
        }
    }
}

/// Takes out the result boxes that are matched to a forgiving box, where every ground-truth box takes part in the
/// matching, so that a box on a pedestrian in front of a distractor stays.
fn forgive(assigner: &mut Assigner, truth: &[&GroundTruthRow], result: &mut Vec<&TrackRow>, rules: Rules) {
    if !truth.iter().any(|row| role(row, rules) == Role::Forgiving) {
        return;
    }
    let edges: Vec<Edge> = overlaps(&boxes(truth, |row| row.bbox), &boxes(result, |row| row.bbox))
        .iter()
        .filter(|overlap| overlap.may_match())
        .map(|overlap| Edge { row: overlap.row, col: overlap.col, weight: overlap.iou })
        .collect();
    let matched = assigner.max_weight(truth.len(), result.len(), &edges);
    let mut forgiven = vec![false; result.len()];
    for (row, col) in truth.iter().zip(matched) {
        if let Some(col) = col {
            forgiven[col] = role(row, rules) == Role::Forgiving;
        }
    }
    let mut forgiven = forgiven.into_iter();
    result.retain(|_| forgiven.next() != Some(true));
}

fn boxes<T>(rows: &[T], bbox: impl Fn(&T) -> PixelBox) -> Vec<PixelBox> {
    rows.iter().map(bbox).collect()
}

fn order(a: &PixelBox, b: &PixelBox) -> std::cmp::Ordering {
    let key = |bbox: &PixelBox| [bbox.left, bbox.top, bbox.right, bbox.bottom];
    key(a)
        .iter()
        .zip(key(b))
        .map(|(a, b)| a.total_cmp(&b))
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

/// Pairs with an IoU above 0; the pair's number is filled in later. `cols` must be sorted by their left edge.
fn overlaps(rows: &[PixelBox], cols: &[PixelBox]) -> Vec<Overlap> {
    let mut found = Vec::new();
    for (row, a) in rows.iter().enumerate() {
        for (col, b) in cols.iter().enumerate().take_while(|(_, b)| b.left < a.right) {
            let iou = a.iou(b);
            if iou > 0.0 {
                found.push(Overlap { row, col, iou, pair: 0 });
            }
        }
    }
    found
}

fn number_pairs(steps: &mut [Step]) -> Vec<(usize, usize)> {
    let pair_of = |step: &Step, overlap: &Overlap| (step.truth[overlap.row], step.result[overlap.col]);
    let mut pairs: Vec<_> =
        steps.iter().flat_map(|step| step.overlaps.iter().map(move |overlap| pair_of(step, overlap))).collect();
    pairs.sort_unstable();
    pairs.dedup();
    for step in steps {
        for overlap in &mut step.overlaps {
            let pair = (step.truth[overlap.row], step.result[overlap.col]);
            overlap.pair = pairs.partition_point(|other| *other < pair);
        }
    }
    pairs
}

/// Ids in the order in which they come, numbered from 0.
#[derive(Default)]
struct Numbers(std::collections::HashMap<i64, usize>);

impl Numbers {
    fn number(&mut self, id: i64) -> usize {
        let next = self.0.len();
        *self.0.entry(id).or_insert(next)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
