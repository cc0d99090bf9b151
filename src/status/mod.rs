//! How everything stands now: written by capture and analysis, read by whoever shows it. No I/O, no clock.

mod board;

pub use board::{CameraHealthStatus, CameraStatus, Phase, RuleState, StatusBoard, StatusSnapshot};
