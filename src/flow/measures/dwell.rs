//! How long people stay.

use std::collections::VecDeque;

use crate::model::Timestamp;

/// How long the stays were that ended in the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DwellDistribution {
    /// How many.
    pub stays: usize,
    /// Mean in seconds.
    pub mean_s: f64,
    /// Median in seconds.
    pub median_s: f64,
    /// Nine of ten were shorter, in seconds.
    pub p90_s: f64,
}

/// The stays in a zone that ended in the last while. Median and 90th percentile lie between neighbouring stays by linear
/// interpolation (Hyndman & Fan's type 7, as NumPy has it).
///
/// It is about those who have left: while people stay on, their long stays are missing (the measure of loitering sees them), and a
/// track that breaks off makes two short stays of a long one. A gap takes nothing away, as an ended stay stays true;
/// what ended unseen was never pushed. At most 10 000 stays are kept, then the oldest go early.
#[derive(Debug, Clone)]
pub struct DwellWindow {
    window_s: f64,
    /// In the order of their ends.
    stays: VecDeque<(Timestamp, i64)>,
    /// The same in microseconds, by length.
    sorted_us: Vec<i64>,
    sum_us: i64,
}

const MOST_STAYS: usize = 10_000;

impl Default for DwellWindow {
    /// A quarter of an hour.
    fn default() -> Self {
        Self::new(900.0)
    }
}

impl DwellWindow {
    /// For stays that ended in the last `window_s` seconds.
    #[must_use]
    pub fn new(window_s: f64) -> Self {
        Self { window_s, stays: VecDeque::new(), sorted_us: Vec::new(), sum_us: 0 }
    }

    /// Takes in a stay that ended now and lasted so many seconds; times must not go back.
    pub fn push(&mut self, ended: Timestamp, dwell_s: f64) {
        let dwell_us = (dwell_s * 1e6).round() as i64;
        self.forget_until(ended);
        if self.stays.len() == MOST_STAYS {
            self.pop();
        }
        self.stays.push_back((ended, dwell_us));
        let place = self.sorted_us.partition_point(|&shorter| shorter < dwell_us);
        self.sorted_us.insert(place, dwell_us);
        self.sum_us = self.sum_us.saturating_add(dwell_us);
    }

    fn forget_until(&mut self, now: Timestamp) {
        while self.stays.front().is_some_and(|&(ended, _)| now.seconds_since(ended) > self.window_s) {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let Some((_, dwell_us)) = self.stays.pop_front() else { return };
        if let Ok(place) = self.sorted_us.binary_search(&dwell_us) {
            self.sorted_us.remove(place);
        }
        self.sum_us = self.sum_us.saturating_sub(dwell_us);
    }

    /// The distribution as of now; `None` where no stay ended in the window.
    pub fn distribution(&mut self, now: Timestamp) -> Option<DwellDistribution> {
        self.forget_until(now);
        let stays = self.sorted_us.len();
        (stays > 0).then(|| DwellDistribution {
            stays,
            mean_s: self.sum_us as f64 / stays as f64 / 1e6,
            median_s: self.quantile_s(0.5),
            p90_s: self.quantile_s(0.9),
        })
    }

    /// Where there is a stay.
    fn quantile_s(&self, share: f64) -> f64 {
        let place = share * (self.sorted_us.len() - 1) as f64;
        let (below, above) = (self.sorted_us[place.floor() as usize], self.sorted_us[place.ceil() as usize]);
        (below as f64 + (above - below) as f64 * place.fract()) / 1e6
    }

    /// Forgets every stay.
    pub fn reset(&mut self) {
        self.stays.clear();
        self.sorted_us.clear();
        self.sum_us = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp(0).plus_seconds(seconds)
    }

    #[test]
    fn known_values_and_what_is_long_ago_is_forgotten() {
        let mut window = DwellWindow::default();
        assert_eq!(window.distribution(at(0.0)), None);
        for (ended_s, dwell_s) in [(10.0, 40.0), (20.0, 10.0), (30.0, 20.0), (40.0, 30.0), (50.0, 100.0)] {
            window.push(at(ended_s), dwell_s);
        }
        let all = DwellDistribution { stays: 5, mean_s: 40.0, median_s: 30.0, p90_s: 76.0 };
        assert_eq!(window.distribution(at(910.0)), Some(all));
        let less = DwellDistribution { stays: 1, mean_s: 100.0, median_s: 100.0, p90_s: 100.0 };
        assert_eq!(window.distribution(at(941.0)), Some(less));
        assert_eq!(window.distribution(at(951.0)), None);
        window.push(at(1000.0), 1.0);
        window.reset();
        assert_eq!(window.distribution(at(1000.0)), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut window = DwellWindow::default();
        (0..MOST_STAYS + 5).for_each(|index| window.push(at(0.0), index as f64));
        let found = window.distribution(at(0.0)).unwrap();
        assert_eq!((found.stays, found.mean_s), (MOST_STAYS, 5.0 + (MOST_STAYS - 1) as f64 / 2.0));
    }

    proptest! {
        #[test]
        fn it_is_what_sorting_the_window_gives(stays in prop::collection::vec((0.0..50.0, 0.0..500.0), 1..60)) {
            let mut window = DwellWindow::new(100.0);
            let mut now_s = 0.0;
            let mut all = Vec::new();
            for (step_s, dwell_s) in stays {
                now_s += step_s;
                window.push(at(now_s), dwell_s);
                all.push((at(now_s), dwell_s));
            }
            let kept = all.iter().filter(|(ended, _)| at(now_s).seconds_since(*ended) <= 100.0);
            let mut dwells_s: Vec<f64> = kept.map(|&(_, dwell_s)| dwell_s).collect();
            dwells_s.sort_by(f64::total_cmp);
            let found = window.distribution(at(now_s)).unwrap();
            prop_assert_eq!(found.stays, dwells_s.len());
            prop_assert!((found.mean_s - dwells_s.iter().sum::<f64>() / dwells_s.len() as f64).abs() < 1e-5);
            prop_assert!(found.median_s <= found.p90_s && found.p90_s <= dwells_s[dwells_s.len() - 1] + 1e-5);
            let shorter = dwells_s.iter().filter(|&&dwell_s| dwell_s < found.median_s - 1e-5).count();
            prop_assert!(2 * shorter <= dwells_s.len());
        }
    }
}
