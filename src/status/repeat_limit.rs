//! What happens again and again is told now and then.

use std::time::{Duration, Instant};

/// Lets one of many like events be told, and then no other for a while; counts those that are not told.
#[derive(Debug, Clone)]
pub struct RepeatLimit {
    pause: Duration,
    told: Option<Instant>,
    not_told: u64,
}

impl RepeatLimit {
    /// One event in this time is told.
    #[must_use]
    pub fn new(pause: Duration) -> Self {
        Self { pause, told: None, not_told: 0 }
    }

    /// An event: where it is to be told, how many were not since the one before that was.
    pub fn event(&mut self, now: Instant) -> Option<u64> {
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < self.pause) {
            self.not_told += 1;
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.not_told))
    }
}

impl Default for RepeatLimit {
    /// One event a minute.
    fn default() -> Self {
        Self::new(Duration::from_secs(60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_minute_is_told_with_the_number_of_those_in_between() {
        let mut limit = RepeatLimit::default();
        let begin = Instant::now();
        let told = [0.0, 0.1, 59.9, 60.0, 61.0, 200.0, 260.0].map(|s| limit.event(begin + Duration::from_secs_f64(s)));
        assert_eq!(told, [Some(0), None, None, Some(2), None, Some(1), Some(0)]);
    }
}
