//! From readings to alerts. Pure: a rule sees samples with their times and says what changed; the same samples always
//! give the same events.

mod book;
mod built_in;
mod drill;
mod engine;
mod machine;
pub mod wire;

pub use book::{Acknowledgement, ActFault, AlertBook, OpenAlert, OpenStep, Shelf};
pub use built_in::{BuiltInRule, BuiltInState};
pub use drill::{DRILL_RAMP_S, Drill};
pub use engine::{CameraReadings, RuleEngine, RuleState, RuleStatus};
pub use machine::MAX_GAP_S;
