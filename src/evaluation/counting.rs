//! How far the number of boxes is from the truth, frame by frame: what matters where people are only counted.

use super::sequence::Sequence;

/// Counting scores, per frame, over all frames from 1 to the last that either file has a row in.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct CountScores {
    /// Mean of |result boxes − ground-truth boxes|.
    pub mae: Option<f64>,
    /// Mean of result boxes − ground-truth boxes: above 0 where too many are counted.
    pub bias: Option<f64>,
}

/// Sums that several sequences add up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CountTally {
    frames: u64,
    too_many: u64,
    too_few: u64,
}

impl CountTally {
    pub(super) fn of(sequence: &Sequence) -> Self {
        let mut tally = Self { frames: u64::from(sequence.frames), ..Self::default() };
        for step in &sequence.steps {
            tally.too_many += step.result.len().saturating_sub(step.truth.len()) as u64;
            tally.too_few += step.truth.len().saturating_sub(step.result.len()) as u64;
        }
        tally
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.too_many += other.too_many;
        self.too_few += other.too_few;
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of boxes are far below 2^53")]
    pub(super) fn scores(&self) -> CountScores {
        let per_frame = |sum: f64| (self.frames > 0).then(|| sum / self.frames as f64);
        CountScores {
            mae: per_frame(self.too_many as f64 + self.too_few as f64),
            bias: per_frame(self.too_many as f64 - self.too_few as f64),
        }
    }
}
