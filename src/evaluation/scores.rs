//! All scores of a sequence, or of several together.

use super::clear::{ClearScores, ClearTally};
use super::counting::{CountScores, CountTally};
use super::hota::{HotaScores, HotaTally};
use super::identity::{IdentityScores, IdentityTally};
use super::mot_text::{GroundTruth, TrackRow};
use super::sequence::{Rules, Sequence};

/// All scores of one sequence, or of several together.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Scores {
    /// Frames, from 1 to the last that either file has a row in.
    pub frames: u64,
    /// Scored ground-truth boxes.
    pub truth_boxes: u64,
    /// Scored ground-truth tracks.
    pub truth_tracks: u64,
    /// Result boxes that are scored.
    pub result_boxes: u64,
    /// Result tracks with a box that is scored.
    pub result_tracks: u64,
    /// Result boxes that the ignore rules took out before scoring.
    pub forgiven_boxes: u64,
    /// CLEAR MOT.
    pub clear: ClearScores,
    /// Identity.
    pub identity: IdentityScores,
    /// HOTA.
    pub hota: HotaScores,
    /// Counting.
    pub count: CountScores,
    #[serde(skip)]
    tally: Tally,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    frames: u64,
    truth_boxes: u64,
    truth_tracks: u64,
    result_boxes: u64,
    result_tracks: u64,
    forgiven_boxes: u64,
    clear: ClearTally,
    identity: IdentityTally,
    hota: HotaTally,
    count: CountTally,
}

/// Scores a sequence's tracks against its ground truth.
///
/// The order of the rows does not matter. An id that is twice in a frame (the readers refuse it) counts as two boxes.
#[must_use]
pub fn score(truth: &GroundTruth, result: &[TrackRow], rules: Rules) -> Scores {
    let sequence = Sequence::new(truth, result, rules);
    let tally = Tally {
        frames: u64::from(sequence.frames),
        truth_boxes: sequence.truth_boxes,
        truth_tracks: sequence.truth_ids as u64,
        result_boxes: sequence.result_boxes,
        result_tracks: sequence.result_ids as u64,
        forgiven_boxes: sequence.forgiven_boxes,
        clear: ClearTally::of(&sequence),
        identity: IdentityTally::of(&sequence),
        hota: HotaTally::of(&sequence),
        count: CountTally::of(&sequence),
    };
    tally.scores()
}

/// The scores of several sequences as one: counts are summed before ratios are taken, so that a long sequence weighs
/// more than a short one (`trackeval`'s "COMBINED", `motmetrics`' "OVERALL").
#[must_use]
pub fn combined<'a>(scores: impl IntoIterator<Item = &'a Scores>) -> Scores {
    let mut sum = Tally::default();
    for Scores { tally, .. } in scores {
        sum.frames += tally.frames;
        sum.truth_boxes += tally.truth_boxes;
        sum.truth_tracks += tally.truth_tracks;
        sum.result_boxes += tally.result_boxes;
        sum.result_tracks += tally.result_tracks;
        sum.forgiven_boxes += tally.forgiven_boxes;
        sum.clear.add(&tally.clear);
        sum.identity.add(&tally.identity);
        sum.hota.add(&tally.hota);
        sum.count.add(&tally.count);
    }
    sum.scores()
}

impl Tally {
    fn scores(self) -> Scores {
        Scores {
            frames: self.frames,
            truth_boxes: self.truth_boxes,
            truth_tracks: self.truth_tracks,
            result_boxes: self.result_boxes,
            result_tracks: self.result_tracks,
            forgiven_boxes: self.forgiven_boxes,
            clear: self.clear.scores(),
            identity: self.identity.scores(),
            hota: self.hota.scores(),
            count: self.count.scores(),
            tally: self,
        }
    }
}
