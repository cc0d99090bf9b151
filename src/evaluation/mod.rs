//! How good tracks are against ground truth: CLEAR MOT, identity, HOTA and counting scores on MOT Challenge data.
//!
//! [`score`] compares one sequence, [`combined`] sums several as one long sequence. Both follow the definitions of the
//! packages the field quotes, so that figures can be set beside published ones:
//!
//! | scores | definition |
//! |---|---|
//! | [`ClearScores`] | `motmetrics` 1.4: a pair that was matched is kept while it overlaps (the *last* match, however long ago); the rest is matched by most pairs, then greatest IoU |
//! | [`IdentityScores`] | `motmetrics` and `trackeval` (they are the same) |
//! | [`HotaScores`] | `trackeval` 1.3 |
//! | ignore rules | `trackeval` 1.3; see [`GroundTruthFormat`] |
//!
//! **ID switches** are where the packages part. Both count one when an object is matched to another track than at its
//! last match, any time ago. But `motmetrics` also tries that last track first in the matching, however old the match;
//! `trackeval` prefers only the track of the frame before, and otherwise takes the best overlap, so that an object
//! seen again after a gap may get another of two overlapping tracks there, and a switch. `trackeval` also weighs pairs
//! by their summed IoU alone, which in a long chain of overlapping boxes can mean a pair fewer. Mostly tracked is "at
//! least 80 %" here and in `motmetrics`, "more than 80 %" in `trackeval`. `scripts/compare_metrics.sh` compares all
//! three on real sequences.
//!
//! One thing is nobody's but ours: where two objects were last matched to the same track, `motmetrics` gives it to the
//! one whose row comes first in the file, here the one with the newer match has it, so that neither the order of rows
//! nor the choice of ids can change a score. On the tracks tried it moved MOTP by up to 0.002 and no other figure.
//!
//! A figure that is not defined (precision without result boxes, say) is `None`, not 0.

mod clear;
mod counting;
mod hota;
mod identity;
mod mot_file;
mod mot_text;
mod scores;
mod sequence;
mod table;
#[cfg(test)]
mod tests;

pub use clear::ClearScores;
pub use counting::CountScores;
pub use hota::HotaScores;
pub use identity::IdentityScores;
pub use mot_file::{MotFileError, read_detections, read_ground_truth, read_tracks};
pub use mot_text::{
    DetectionRow, GroundTruth, GroundTruthFormat, GroundTruthRow, MotFault, RowFault, TrackRow, parse_detections,
    parse_ground_truth, parse_tracks, write_track,
};
pub use scores::{Scores, combined, score};
pub use sequence::Rules;
pub use table::table;

/// IoU from which a box and a ground-truth box may be the same person, in all scores but HOTA.
const MATCH_IOU: f64 = 0.5;

/// A ratio, or nothing where its denominator is 0.
#[expect(clippy::cast_precision_loss, reason = "counts of boxes are far below 2^53")]
fn ratio(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}
