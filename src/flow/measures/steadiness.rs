//! Whether a crowd moves evenly or in waves.

use std::collections::VecDeque;

use super::GAP_S;
use crate::model::Timestamp;

/// Stop-and-go index of a zone: standard deviation over mean of its mean speed in the last 60 s (the coefficient of
/// variation). 0 where people move evenly; a crowd that stops and goes for as long as it goes has 1. Our own choice.
///
/// Frames further apart than 5 s are a gap, and the window begins anew.
#[derive(Debug, Clone)]
pub struct StopAndGo {
    window_s: f64,
    /// First and newest frame.
    seen: Option<(Timestamp, Timestamp)>,
    speeds_mps: VecDeque<(Timestamp, f64)>,
}

impl Default for StopAndGo {
    fn default() -> Self {
        Self { window_s: 60.0, seen: None, speeds_mps: VecDeque::new() }
    }
}

impl StopAndGo {
    /// Takes in the zone's mean speed in a frame, where there is one; times must not go back.
    pub fn step(&mut self, at: Timestamp, speed_mps: Option<f64>) {
        if self.seen.is_some_and(|(_, newest)| at.seconds_since(newest) > GAP_S) {
            *self = Self { window_s: self.window_s, ..Self::default() };
        }
        self.seen = Some((self.seen.map_or(at, |(first, _)| first), at));
        self.speeds_mps.extend(speed_mps.map(|speed_mps| (at, speed_mps)));
        while self.speeds_mps.front().is_some_and(|&(from, _)| at.seconds_since(from) > self.window_s) {
            self.speeds_mps.pop_front();
        }
    }

    /// Whether frames reach over half the window: without an index then, nobody was there for long enough, or nobody moved.
    #[must_use]
    pub fn is_warm(&self) -> bool {
        self.seen.is_some_and(|(first, newest)| newest.seconds_since(first) >= self.window_s / 2.0)
    }

    /// The index; `None` until speeds reach over half the window, and where nothing moved at all.
    #[must_use]
    pub fn index(&self) -> Option<f64> {
        let (&(from, _), &(to, _)) = (self.speeds_mps.front()?, self.speeds_mps.back()?);
        if to.seconds_since(from) < self.window_s / 2.0 {
            return None;
        }
        let count = self.speeds_mps.len() as f64;
        let mean = self.speeds_mps.iter().map(|&(_, speed)| speed).sum::<f64>() / count;
        let variance = self.speeds_mps.iter().map(|&(_, speed)| (speed - mean).powi(2)).sum::<f64>() / count;
        (mean > 0.0).then(|| variance.sqrt() / mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(speed_mps: impl Fn(usize) -> f64, seconds: usize) -> Option<f64> {
        let mut measure = StopAndGo::default();
        (0..=seconds).for_each(|i| measure.step(Timestamp(0).plus_seconds(i as f64), Some(speed_mps(i))));
        measure.index()
    }

    #[test]
    fn even_walking_is_0_and_stopping_half_of_the_time_is_1() {
        assert_eq!(index(|_| 1.0, 29), None);
        assert_eq!(index(|_| 1.0, 30), Some(0.0));
        assert_eq!(index(|_| 0.0, 60), None);
        assert!((index(|i| f64::from(u8::from(i / 5 % 2 == 0)), 239).unwrap() - 1.0).abs() < 0.05);
        assert_eq!(index(|i| if i < 50 { 5.0 } else { 1.0 }, 200), Some(0.0), "what is long ago is forgotten");
    }

    #[test]
    fn a_gap_begins_it_anew() {
        let mut measure = StopAndGo::default();
        let mut push = |seconds: f64| {
            measure.step(Timestamp(0).plus_seconds(seconds), Some(if seconds < 35.0 { 1.0 } else { 0.2 }));
            measure.index()
        };
        assert_eq!((0..=30).map(|second| push(f64::from(second))).last(), Some(Some(0.0)));
        assert!(push(35.0).is_some(), "5 s are no gap");
        assert_eq!(push(40.1), None);
        assert_eq!((41..=71).map(|second| push(f64::from(second) + 0.1)).last().flatten().map(f64::round), Some(0.0));
    }

    #[test]
    fn a_zone_that_empties_has_no_index_once_its_speeds_are_long_ago() {
        let mut measure = StopAndGo::default();
        for second in 0..200 {
            let speed_mps = (second < 100).then(|| f64::from(second % 2));
            measure.step(Timestamp(0).plus_seconds(f64::from(second)), speed_mps);
            assert_eq!((measure.is_warm(), measure.index().is_some()), (second >= 30, (30..130).contains(&second)));
        }
    }
}
