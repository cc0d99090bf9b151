//! Threads: frames to inference workers and their detections to the cameras' analyses.
//!
//! - [`analyze_recording`]: a file or folder at full speed, every frame, the same result each time;
//! - [`LiveService`]: cameras, each on its own capture thread, newest frame first, for as long as the service runs.
//!
//! On a CPU the default is one worker a core, each with a session of one thread: several sessions give more frames a
//! second than one session of many threads.

mod density_turns;
mod error;
mod hub;
mod live;
mod look;
mod preparation;
mod recording;
mod sessions;
mod speed;
mod stage_times;

pub use error::PipelineError;
pub use hub::{FrameHub, Handed};
pub use live::{
    AlertKeeping, GivenUpBefore, IntakeError, LiveService, NotTaken, Observers, Order, Orders, Outcome, SourceIntake,
    StillRunning, Stored,
};
pub use look::look_for_people;
pub use preparation::{PeopleSeen, Preparation};
pub use recording::{AnalysedFrame, Progress, RecordingSummary, StageSummaries, analyze_recording};
pub use speed::megapixels_per_s;
pub use stage_times::{StageSummary, StageTimes};

use crate::config::InferencePlan;

/// Workers to start: as configured, else one a core that is left after `threads_per_worker`.
#[must_use]
pub fn worker_count(plan: &InferencePlan) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    plan.workers.unwrap_or_else(|| (cores / plan.threads_per_worker.max(1)).max(1))
}
