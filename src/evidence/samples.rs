//! What the rules' measures read in the last minute.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::config::RulePlan;
use crate::model::{Measure, Place, Reading, Readings, Timestamp};

/// How long a reading is kept.
const KEEP_S: f64 = 60.0;
/// Most readings of a measure: one a second, at both ends.
const MOST: usize = KEEP_S as usize + 1;

/// The readings of a measure at a place, in the order of time.
pub(super) type Series = VecDeque<(Timestamp, Reading)>;

/// One reading a second of each measure that a rule looks at.
#[derive(Debug, Default)]
pub(super) struct SampleRing {
    series: BTreeMap<Place, Vec<(Measure, Series)>>,
}

impl SampleRing {
    /// Keeps what these rules look at.
    pub fn new(rules: &[RulePlan]) -> Self {
        let mut ring = Self::default();
        for condition in rules.iter().flat_map(|rule| &rule.conditions) {
            let measures = ring.series.entry(condition.place.clone()).or_default();
            if measures.iter().all(|(measure, _)| *measure != condition.measure) {
                measures.push((condition.measure, Series::new()));
            }
        }
        ring
    }

    /// The places that a rule looks at.
    pub fn places(&self) -> BTreeSet<&Place> {
        self.series.keys().collect()
    }

    /// Takes in what a place reads. Of one second the latest is kept.
    pub fn push(&mut self, place: &Place, at: Timestamp, readings: &Readings) {
        let Some(measures) = self.series.get_mut(place) else { return };
        let second = |at: Timestamp| at.0.div_euclid(1_000_000);
        for (measure, series) in measures {
            let Some(reading) = readings.get(*measure) else { continue };
            // Where the clock was set back, what was before is of another time.
            if series.back().is_some_and(|&(newest, _)| newest > at) {
                series.clear();
            }
            if series.back().is_some_and(|&(newest, _)| second(newest) == second(at)) {
                series.pop_back();
            }
            series.push_back((at, reading));
            while series.len() > MOST || series.front().is_some_and(|&(oldest, _)| at.seconds_since(oldest) > KEEP_S) {
                series.pop_front();
            }
        }
    }

    /// The readings of a measure at a place; `None` where no rule looks at it.
    pub fn get(&self, place: &Place, measure: Measure) -> Option<&Series> {
        self.series.get(place)?.iter().find(|(known, _)| *known == measure).map(|(_, series)| series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CameraId, RuleId};

    #[test]
    fn the_last_minute_of_what_rules_look_at_is_kept() {
        let place = Place::Camera(CameraId::new("gate").unwrap());
        let rule = RulePlan::new(RuleId::new("full").unwrap(), place.clone(), Measure::People, Vec::new());
        let mut ring = SampleRing::new(&[rule]);
        for frame in 0..1000 {
            let readings = Readings::NONE
                .with(Measure::People, Reading::Valid(f64::from(frame)))
                .with(Measure::Occupancy, Reading::Valid(0.0));
            ring.push(&place, Timestamp(0).plus_seconds(f64::from(frame) / 7.0), &readings);
        }
        let series = ring.get(&place, Measure::People).unwrap();
        assert_eq!(series.len(), 61);
        assert_eq!(series.back().unwrap().1, Reading::Valid(999.0));
        assert_eq!(ring.get(&place, Measure::Occupancy), None);
        ring.push(&place, Timestamp(0), &Readings::NONE.with(Measure::People, Reading::Valid(1.0)));
        assert_eq!(ring.get(&place, Measure::People).unwrap().len(), 1);
    }
}
