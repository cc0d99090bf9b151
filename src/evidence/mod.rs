//! Evidence of rises: a picture and a clip in which nobody can be recognised, what was measured, and the rule; as files whose
//! records are a chain of hashes in the store. What is promised stands in `docs/evidence.md`.
//!
//! ```text
//! analysis ─▶ EvidenceRecorder ─▶ darkroom (draws, keeps the last seconds) ─▶ writer (files, then records)
//! ```
//!
//! A file is on the disk, whole and under its name, before its record is written: a crash leaves a file without a record at
//! worst, which [`verify()`] names, never a record without a file. When evidence is old enough to go, [`expire`] therefore
//! takes its records first and its files afterwards.

mod clip;
mod darkroom;
mod documents;
mod error;
mod expiry;
mod export;
mod folder;
mod recorder;
mod ring;
mod samples;
mod stats;
mod verify;
mod writer;

pub use darkroom::{SeenFrame, cameras_with_rules};
pub use error::EvidenceError;
pub use expiry::{Expired, expire};
pub use export::{Exported, export};
pub use folder::{EvidenceFolder, EvidenceReadError};
pub use recorder::EvidenceRecorder;
pub use stats::EvidenceStats;
pub use verify::{Finding, Verification, verify};
