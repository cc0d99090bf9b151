//! For how much of the time something was known.

use crate::model::{Reading, Timestamp};

use super::Period;

/// Unknown stretches are kept from this length on, in microseconds: shorter ones decide nothing about an alert, and a
/// measure that flickers has a great many.
const SHORTEST_STRETCH_US: i64 = 10_000_000;

/// For how much of a time a place's measure was known. A sample stands for the time until the next one, and for no longer
/// than the camera's `stale_after_s`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Coverage {
    /// Samples, those that read unknown among them.
    pub samples: u64,
    /// Time in which it was known, calm and bounds among it, in seconds.
    pub known_s: f64,
    /// Of that, time in which it was a bound, in seconds.
    pub bound_s: f64,
    /// Stretches of 10 s and more in which nothing was known.
    pub unknown: Vec<Period>,
}

/// Takes in samples in the order of time.
#[derive(Debug)]
pub(super) struct CoverageMeter {
    stale_after_us: i64,
    samples: u64,
    known_us: i64,
    bound_us: i64,
    /// The newest sample.
    newest: Option<(i64, Reading)>,
    /// Nothing has been known since then.
    unknown_since: Option<i64>,
    unknown: Vec<Period>,
}

impl CoverageMeter {
    pub(super) fn new(stale_after_s: f64, from: Timestamp) -> Self {
        Self {
            stale_after_us: (stale_after_s * 1e6).round() as i64,
            samples: 0,
            known_us: 0,
            bound_us: 0,
            newest: None,
            unknown_since: Some(from.0),
            unknown: Vec::new(),
        }
    }

    /// Takes in samples of a part of the time.
    pub(super) fn take_in(&mut self, samples: &[(Timestamp, Reading)]) {
        for &(at, reading) in samples {
            self.sample(at, reading);
        }
    }

    pub(super) fn sample(&mut self, at: Timestamp, reading: Reading) {
        self.samples += 1;
        self.close(at.0);
        if reading.is_known() {
            self.end_unknown(at.0);
        } else {
            self.unknown_since.get_or_insert(at.0);
        }
        self.newest = Some((at.0, reading));
    }

    /// Adds the time that the newest sample stands for.
    fn close(&mut self, at: i64) {
        let Some((since, reading)) = self.newest.filter(|(_, reading)| reading.is_known()) else { return };
        let known_us = (at - since).clamp(0, self.stale_after_us);
        self.known_us += known_us;
        if matches!(reading, Reading::AtLeast(_) | Reading::AtMost(_)) {
            self.bound_us += known_us;
        }
        if at - since > self.stale_after_us {
            self.unknown_since = Some(since + self.stale_after_us);
        }
    }

    fn end_unknown(&mut self, at: i64) {
        if let Some(since) = self.unknown_since.take()
            && at - since >= SHORTEST_STRETCH_US
        {
            self.unknown.push(Period { from: Timestamp(since), to: Timestamp(at) });
        }
    }

    pub(super) fn finish(mut self, to: Timestamp) -> Coverage {
        self.close(to.0);
        self.end_unknown(to.0);
        let seconds = |us: i64| us as f64 / 1e6;
        Coverage {
            samples: self.samples,
            known_s: seconds(self.known_us),
            bound_s: seconds(self.bound_us),
            unknown: self.unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UnknownReason;

    #[test]
    fn a_sample_stands_for_the_time_until_the_next_and_for_a_few_seconds_at_most() {
        let second = |second: f64| Timestamp((second * 1e6) as i64);
        let mut meter = CoverageMeter::new(3.0, second(0.0));
        for (at, reading) in [
            (20.0, Reading::Valid(1.0)),
            (21.0, Reading::AtLeast(1.0)),
            (22.5, Reading::Unknown(UnknownReason::NoFrames)),
            (23.5, Reading::Unknown(UnknownReason::NothingToMeasure)),
            (24.5, Reading::Valid(1.0)),
            (60.0, Reading::Valid(1.0)),
        ] {
            meter.sample(second(at), reading);
        }
        let stretch = |from, to| Period { from: second(from), to: second(to) };
        assert_eq!(
            meter.finish(second(61.0)),
            Coverage {
                samples: 6,
                known_s: 1.0 + 1.5 + 1.0 + 3.0 + 1.0,
                bound_s: 1.5,
                unknown: vec![stretch(0.0, 20.0), stretch(27.5, 60.0)],
            }
        );
        let nothing = CoverageMeter::new(3.0, second(0.0)).finish(second(100.0));
        assert_eq!((nothing.samples, nothing.known_s), (0, 0.0));
        assert_eq!(nothing.unknown, [stretch(0.0, 100.0)]);
    }
}
