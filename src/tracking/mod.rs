//! Multi-object tracking: detections of one frame after another become tracks.
//!
//! Two-stage association after ByteTrack (Zhang et al. 2022): strong detections first, weak ones only to continue
//! tracks that were just seen. The first stage weighs a pair by the log-likelihood ratio of "this detection is that
//! track" against "this detection is somebody new" (Blackman & Popoli 1999, §6.2): a track whose place is well known
//! wins over one that has been out of sight and could be anywhere, and a track that could be anywhere is not forced
//! onto whoever is near. Over a known ground plane it looks for people where walking may have brought them. `docs/tracking.md` has the comparison that led here.

mod association;
mod target;
#[cfg(test)]
mod tests;
mod tracker;
mod walking;

pub use tracker::{ScoreThresholds, Tracker, TrackerStep};
