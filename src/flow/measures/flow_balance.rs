//! Whether a zone's lines and its occupancy agree.

use std::collections::VecDeque;

use super::GAP_S;
use crate::filter::median;
use crate::model::Timestamp;

/// The flow balance of a zone that is enclosed by lines: Σin − Σout + occupancy at the start against the occupancy
/// counted. In and out are those of all its lines together, as seen from the zone. People are neither made nor lost, so
/// what is left is **counting error**, of the lines or the zone, and nothing about the crowd: a drift that grows says
/// that a line misses people or counts some twice, and that totals of it are not to be subtracted over hours.
///
/// Occupancy scatters from frame to frame as people hide one another: on both sides it is the median of a minute, from
/// one frame a second, so the first drift comes after a minute, and a drift of a person or two in a crowd is no
/// error yet. A gap of more than 5 s, in which people cross unseen, ends the stretch: the drift up to there is kept,
/// the gap itself adds nothing, and the next stretch begins with its own occupancy. Our own method.
#[derive(Debug, Clone, Default)]
pub struct FlowBalance {
    /// Of the last minute: Σin − Σout − occupancy.
    differences: VecDeque<(Timestamp, f64)>,
    newest: Option<Timestamp>,
    /// Of the stretch: the median of its first minute.
    start: Option<f64>,
    /// Of the stretch.
    drift_people: f64,
    /// Of the stretches before.
    before_people: f64,
    is_known: bool,
    /// Memory for the work.
    sorted: Vec<f64>,
}

const MEDIAN_OVER_S: f64 = 60.0;
const SPACING_S: f64 = 1.0;

impl FlowBalance {
    /// Takes in the totals of all lines around the zone and its occupancy, as of a frame; times must not go back.
    pub fn push(&mut self, at: Timestamp, in_total: u64, out_total: u64, occupancy: f64) {
        if self.newest.is_some_and(|newest| at.seconds_since(newest) > GAP_S) {
            self.begin_stretch();
        }
        self.newest = Some(at);
        if self.differences.back().is_some_and(|&(last, _)| at.seconds_since(last) < SPACING_S) {
            return;
        }
        let first = *self.differences.front().map_or(&at, |(first, _)| first);
        self.differences.push_back((at, in_total as f64 - out_total as f64 - occupancy));
        while self.differences.front().is_some_and(|&(first, _)| at.seconds_since(first) > MEDIAN_OVER_S) {
            self.differences.pop_front();
        }
        self.sorted.clear();
        self.sorted.extend(self.differences.iter().map(|&(_, difference)| difference));
        let Some(now) = median(&mut self.sorted) else { return };
        match self.start {
            Some(start) => self.drift_people = now - start,
            None if at.seconds_since(first) >= MEDIAN_OVER_S => {
                self.start = Some(now);
                self.is_known = true;
            }
            None => (),
        }
    }

    /// (Occupancy at the start + Σin − Σout) − occupancy now, in people: above 0 where the lines have let in more people than
    /// the zone shows. `None` until the first minute is over.
    #[must_use]
    pub fn drift_people(&self) -> Option<f64> {
        self.is_known.then_some(self.before_people + self.drift_people)
    }

    /// Ends the stretch, as a gap does: for when totals or tracks begin anew.
    pub fn begin_stretch(&mut self) {
        self.before_people += self.drift_people;
        self.differences.clear();
        (self.newest, self.start, self.drift_people) = (None, None, 0.0);
    }

    /// Forgets all drift.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp(0).plus_seconds(seconds)
    }

    /// One in a second, of whom the lines miss the share; the zone shows all, less a scatter.
    fn balanced(balance: &mut FlowBalance, from_s: u32, to_s: u32, missed_every: u64) {
        for second in from_s..to_s {
            let came = u64::from(second);
            let hidden = if second % 3 == 0 { 2.0 } else { 0.0 };
            balance.push(at(f64::from(second)), came - came / missed_every, 0, 7.0 + came as f64 - hidden);
        }
    }

    #[test]
    fn exact_lines_have_no_drift_and_missed_people_show() {
        let mut balance = FlowBalance::default();
        balanced(&mut balance, 0, 60, 1_000_000);
        assert_eq!(balance.drift_people(), None);
        balanced(&mut balance, 60, 400, 1_000_000);
        assert_eq!(balance.drift_people(), Some(0.0));
        let mut balance = FlowBalance::default();
        balanced(&mut balance, 0, 3000, 20);
        // One in twenty of those who came since the first minute.
        let people = balance.drift_people().unwrap();
        assert!((people + 2940.0 / 20.0).abs() < 2.0, "{people}");
        assert!(balance.differences.len() <= 61);
    }

    #[test]
    fn a_gap_adds_nothing_and_takes_nothing_away() {
        let mut balance = FlowBalance::default();
        balanced(&mut balance, 0, 1000, 20);
        let before = balance.drift_people().unwrap();
        // 500 people came unseen by anybody.
        balance.push(at(1500.0), 950, 0, 1507.0);
        assert_eq!(balance.drift_people(), Some(before));
        balanced(&mut balance, 1501, 3000, 20);
        let after = balance.drift_people().unwrap();
        assert!((after - before + 1440.0 / 20.0).abs() < 2.0, "{after}");
        balance.reset();
        assert_eq!(balance.drift_people(), None);
    }

    proptest! {
        #[test]
        fn without_errors_there_is_no_drift(steps in prop::collection::vec((0u64..3, 0u64..3), 90..400)) {
            let (mut balance, mut came, mut went) = (FlowBalance::default(), 0, 0);
            for (second, (more_in, more_out)) in steps.into_iter().enumerate() {
                came += more_in;
                went += more_out;
                balance.push(at(second as f64), came, went, 1000.0 + came as f64 - went as f64);
            }
            prop_assert_eq!(balance.drift_people(), Some(0.0));
        }
    }
}
