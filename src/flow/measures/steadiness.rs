//! Whether a crowd moves evenly or in waves.

use std::collections::VecDeque;

use super::GAP_S;
use crate::model::Timestamp;

/// Stop-and-go index of a zone: standard deviation over mean of its mean speed in the last 60 s (the coefficient of
/// variation). 0 where people move evenly; a crowd that stops and goes for as long as it goes has 1. Our own choice.
///
/// Frames further apart than 5 s are a gap, and the window begins anew. So does it where nobody's speed was known for that
/// long: how an empty place moved is nothing that can be told.
#[derive(Debug, Clone)]
pub struct StopAndGo {
    window_s: f64,
    speeds_mps: VecDeque<(Timestamp, f64)>,
}

impl Default for StopAndGo {
    fn default() -> Self {
        Self { window_s: 60.0, speeds_mps: VecDeque::new() }
    }
}

impl StopAndGo {
    /// Takes in the zone's mean speed; times must not go back.
    pub fn push(&mut self, at: Timestamp, speed_mps: f64) {
        if self.speeds_mps.back().is_some_and(|&(last, _)| at.seconds_since(last) > GAP_S) {
            self.speeds_mps.clear();
        }
        self.speeds_mps.push_back((at, speed_mps));
        while self.speeds_mps.front().is_some_and(|&(from, _)| at.seconds_since(from) > self.window_s) {
            self.speeds_mps.pop_front();
        }
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
        (0..=seconds).for_each(|i| measure.push(Timestamp(0).plus_seconds(i as f64), speed_mps(i)));
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
            measure.push(Timestamp(0).plus_seconds(seconds), if seconds < 35.0 { 1.0 } else { 0.2 });
            measure.index()
        };
        assert_eq!((0..=30).map(|second| push(f64::from(second))).last(), Some(Some(0.0)));
        assert!(push(35.0).is_some(), "5 s are no gap");
        assert_eq!(push(40.1), None);
        assert_eq!((41..=71).map(|second| push(f64::from(second) + 0.1)).last().flatten().map(f64::round), Some(0.0));
    }
}
