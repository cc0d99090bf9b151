//! Whether a zone's lines and its occupancy agree.

use std::collections::VecDeque;

use super::GAP_S;
use crate::filter::median;
use crate::model::Timestamp;

/// How far the lines around a zone and the occupancy counted in it have drifted apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// (Occupancy at the start + Σin − Σout) − occupancy now, in people: above 0 where the lines have let in more people
    /// than the zone shows.
    pub people: f64,
    /// The same an hour; `None` until ten minutes were compared.
    pub people_per_h: Option<f64>,
}

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
    /// Of the stretch: when its first minute was over, and that minute's median.
    start: Option<(Timestamp, f64)>,
    /// Of the stretch.
    drift_people: f64,
    /// Of the stretches before.
    before_people: f64,
    before_s: f64,
    is_known: bool,
    /// Memory for the work.
    sorted: Vec<f64>,
}

const MEDIAN_OVER_S: f64 = 60.0;
const SPACING_S: f64 = 1.0;
const LEAST_FOR_RATE_S: f64 = 600.0;

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
            Some((_, start)) => self.drift_people = now - start,
            None if at.seconds_since(first) >= MEDIAN_OVER_S => {
                self.start = Some((at, now));
                self.is_known = true;
            }
            None => (),
        }
    }

    /// The drift as of now; `None` until the first minute is over.
    #[must_use]
    pub fn drift(&self) -> Option<Drift> {
        let people = self.before_people + self.drift_people;
        let compared_s = self.before_s + self.stretch_s();
        let people_per_h = (compared_s >= LEAST_FOR_RATE_S).then(|| people / compared_s * 3600.0);
        self.is_known.then_some(Drift { people, people_per_h })
    }

    fn stretch_s(&self) -> f64 {
        self.start.zip(self.newest).map_or(0.0, |((start, _), newest)| newest.seconds_since(start))
    }

    /// Ends the stretch, as a gap does: for when totals or tracks begin anew.
    pub fn begin_stretch(&mut self) {
        self.before_s += self.stretch_s();
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
    fn exact_lines_have_no_drift_and_missed_people_show_an_hour() {
        let mut balance = FlowBalance::default();
        balanced(&mut balance, 0, 60, 1_000_000);
        assert_eq!(balance.drift(), None);
        balanced(&mut balance, 60, 400, 1_000_000);
        assert_eq!(balance.drift(), Some(Drift { people: 0.0, people_per_h: None }));
        let mut balance = FlowBalance::default();
        balanced(&mut balance, 0, 3000, 20);
        // One in twenty: 180 an hour.
        let drift = balance.drift().unwrap();
        assert!((drift.people_per_h.unwrap() + 180.0).abs() < 2.0, "{drift:?}");
        assert!(balance.differences.len() <= 61);
    }

    #[test]
    fn a_gap_adds_nothing_and_takes_nothing_away() {
        let mut balance = FlowBalance::default();
        balanced(&mut balance, 0, 1000, 20);
        let before = balance.drift().unwrap();
        // 500 people came unseen by anybody.
        balance.push(at(1500.0), 950, 0, 1507.0);
        assert_eq!(balance.drift().unwrap().people, before.people);
        balanced(&mut balance, 1501, 3000, 20);
        let after = balance.drift().unwrap();
        assert!((after.people_per_h.unwrap() + 180.0).abs() < 5.0, "{after:?}");
        balance.reset();
        assert_eq!(balance.drift(), None);
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
            prop_assert_eq!(balance.drift(), Some(Drift { people: 0.0, people_per_h: None }));
        }
    }
}
