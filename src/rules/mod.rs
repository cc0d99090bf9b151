//! From readings to alerts. Pure: a rule sees samples with their times and says what changed; the same samples always
//! give the same events.

mod book;
mod engine;
mod machine;
pub mod wire;

pub use book::{Acknowledgement, ActFault, AlertBook, BookState, OpenAlert, OpenStep, Shelf};
pub use engine::{CameraReadings, RuleEngine, RuleState, RuleStatus};
pub use machine::MAX_GAP_S;
