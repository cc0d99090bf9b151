//! Back-test: recorded samples go through candidate rules as they went through the live ones, and what would have been
//! told is counted and set beside today's rules and beside what is on record.
//!
//! ```text
//! samples (store, zones.csv) ─▶ timeline (one time, with ticks in gaps) ─▶ rule engine, sites ─▶ tally ─▶ report
//!                                                                       └▶ coverage
//! ```
//!
//! Nothing here knows a rule's meaning: the engine is the live one. What samples can't show is said and not guessed: a
//! gap is unknown as for a live camera that sends nothing, and a rule on a place or measure without samples is not
//! replayed.

mod coverage;
mod grouping;
mod on_store;
mod recorded;
mod recording;
mod replay;
mod report;
mod samples;
mod site_replay;
mod stored;
mod tally;
mod text;
mod timeline;

pub use coverage::Coverage;
pub use on_store::{BacktestFault, Named, backtest_store, list, looked_at, replays};
pub use recorded::{Matched, OnRecord, RecordReport, RecordedAlert};
pub use recording::{Recording, RecordingFault};
pub use replay::{Replay, replay};
pub use report::{ConditionReport, EpisodeReport, LevelReport, Replayed, Report, RuleReport, RuleRow, Subject};
pub use samples::{Period, Samples};
pub use stored::StoredSamples;
pub use tally::{Episode, LevelTally, RuleTally};
pub use text::as_text;
