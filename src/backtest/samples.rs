//! Where samples come from.

use crate::model::{Measure, Place, Reading, Timestamp};

/// A time, its end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its begin.
    pub from: Timestamp,
    /// Its end; after the begin.
    pub to: Timestamp,
}

impl Period {
    /// How long it is, in seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.to.seconds_since(self.from)
    }

    /// Its parts, each of this many seconds at most; all but the first begin at a multiple of that.
    pub(super) fn parts(self, seconds: i64) -> impl Iterator<Item = Period> {
        let length = seconds.saturating_mul(1_000_000).max(1);
        let next = move |from: i64| from.div_euclid(length).saturating_add(1).saturating_mul(length).min(self.to.0);
        let starts = std::iter::successors(Some(self.from.0), move |&from| Some(next(from)));
        starts
            .take_while(move |&from| from < self.to.0)
            .map(move |from| Self { from: Timestamp(from), to: Timestamp(next(from)) })
    }
}

/// Recorded samples. Several threads ask at the same time, each for a part of the time after the other.
pub trait Samples: Sync {
    /// Why they can't be read.
    type Error: Send;

    /// What a place read of a measure in this time, in order; empty where nothing is known of it.
    ///
    /// # Errors
    /// Where they can't be read.
    fn series(&self, place: &Place, measure: Measure, part: Period) -> Result<Vec<(Timestamp, Reading)>, Self::Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_up_the_whole() {
        let parts = |from: i64, to: i64| {
            let period = Period { from: Timestamp(from * 1_000_000), to: Timestamp(to * 1_000_000) };
            let seconds = |part: Period| (part.from.0 / 1_000_000, part.to.0 / 1_000_000);
            period.parts(100).map(seconds).collect::<Vec<_>>()
        };
        assert_eq!(parts(-50, 230), [(-50, 0), (0, 100), (100, 200), (200, 230)]);
        assert_eq!(parts(100, 200), [(100, 200)]);
        assert_eq!(parts(100, 100), []);
    }
}
