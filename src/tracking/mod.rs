//! Multi-object tracking: detections of one frame after another become tracks.

mod association;
mod target;
mod tracker;

pub use tracker::{ScoreThresholds, Tracker, TrackerStep};
