//! The tracker alone, on detections out of a file.

use std::collections::BTreeMap;

use crate::config::defaults;
use crate::evaluation::{DetectionRow, TrackRow};
use crate::model::{Detection, ObjectClass};
use crate::tracking::Tracker;

/// What a tracker without tracks makes of the detections of one class: the boxes that count, as `analyze` writes them. Frame `n`, from 1 to `last_frame`, is taken at (n − 1) / `fps` seconds; frames without detections too.
pub(super) fn track_detections(
    detections: &[DetectionRow],
    last_frame: u32,
    fps: f64,
    mut tracker: Tracker,
) -> Vec<TrackRow> {
    let mut frames: BTreeMap<u32, Vec<Detection>> = BTreeMap::new();
    for row in detections {
        let detection = Detection { bbox: row.bbox, class: ObjectClass::Person, score: row.score };
        frames.entry(row.frame).or_default().push(detection);
    }
    let mut rows = Vec::new();
    for frame in 1..=last_frame {
        let at = defaults::START.plus_seconds(f64::from(frame - 1) / fps);
        let step = tracker.step(at, frames.get(&frame).map_or(&[], Vec::as_slice));
        let counted = step.tracks.iter().filter(|track| track.state.is_counted());
        rows.extend(counted.map(|track| TrackRow {
            frame,
            id: i64::try_from(track.id.0).unwrap_or(i64::MAX),
            bbox: track.bbox,
            score: track.score,
        }));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TrackerPlan;
    use crate::model::PixelBox;
    use crate::tracking::ScoreThresholds;

    fn tracker(high: f64, low: f64) -> Tracker {
        Tracker::new(TrackerPlan::default(), ScoreThresholds { high, low })
    }

    fn row(frame: u32, score: f64) -> DetectionRow {
        let left = 100.0 + f64::from(frame);
        let bbox = PixelBox { left, top: 50.0, right: left + 40.0, bottom: 150.0 };
        DetectionRow { frame, bbox, score }
    }

    #[test]
    fn frames_are_told_by_their_numbers_and_those_without_rows_count_too() {
        let detections: Vec<_> = [5, 3, 4, 2, 6, 20].map(|frame| row(frame, 0.7)).into();
        let rows = track_detections(&detections, 22, 10.0, tracker(0.6, 0.3));
        // First seen in frame 2; confirmed 0.2 s later, in 4; last seen in 6; counted for 0.3 s more; back in 20.
        let frames: Vec<_> = rows.iter().map(|row| row.frame).collect();
        assert_eq!(frames, [4, 5, 6, 7, 8, 9, 20, 21, 22]);
        assert!(rows.iter().all(|row| row.id == rows[0].id), "{rows:?}");
    }

    #[test]
    fn weak_rows_begin_nothing() {
        let detections: Vec<_> = (1..30).map(|frame| row(frame, 0.5)).collect();
        assert_eq!(track_detections(&detections, 30, 10.0, tracker(0.6, 0.3)), []);
    }
}
