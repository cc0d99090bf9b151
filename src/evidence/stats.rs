//! What became of evidence.

use std::sync::atomic::{AtomicU64, Ordering};

/// What became of evidence since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EvidenceStats {
    /// Rises that were told of.
    pub rises: u64,
    /// Pictures taken in, and drawn where there are clips.
    pub drawn: u64,
    /// Files written.
    pub written: u64,
    /// Files put on record.
    pub recorded: u64,
    /// Files that were lost, or stay without a record.
    pub failed: u64,
    /// Pictures that a clip may lack, as the one before was still being drawn.
    pub dropped: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub rises: AtomicU64,
    pub drawn: AtomicU64,
    pub written: AtomicU64,
    pub recorded: AtomicU64,
    pub failed: AtomicU64,
    pub dropped: AtomicU64,
}

impl Counters {
    pub fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub fn stats(&self) -> EvidenceStats {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        EvidenceStats {
            rises: of(&self.rises),
            drawn: of(&self.drawn),
            written: of(&self.written),
            recorded: of(&self.recorded),
            failed: of(&self.failed),
            dropped: of(&self.dropped),
        }
    }
}
