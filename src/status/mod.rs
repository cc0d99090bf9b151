//! How everything stands now: written by capture and analysis, read by whoever shows it. No I/O, no clock.

mod board;
mod repeat_limit;

pub use board::{
    AlertStatus, CameraHealthStatus, CameraStatus, Phase, RuleState, SiteStatus, SourceStatus, StatusBoard,
    StatusSnapshot, StoreStanding,
};
pub use repeat_limit::RepeatLimit;
