//! What happens again and again is told now and then.

use crate::model::Timestamp;

/// Lets one of many like events be told, and then no other for a while; counts those that are not told.
#[derive(Debug, Clone)]
pub struct RepeatLimit {
    pause_s: f64,
    told: Option<Timestamp>,
    not_told: u64,
}

impl RepeatLimit {
    /// One event in so many seconds is told.
    #[must_use]
    pub fn new(pause_s: f64) -> Self {
        Self { pause_s, told: None, not_told: 0 }
    }

    /// An event: where it is to be told, how many were not since the one before that was. A time before the last one told
    /// begins anew: a clock was set back.
    pub fn event(&mut self, at: Timestamp) -> Option<u64> {
        if self.told.is_some_and(|told| (0.0..self.pause_s).contains(&at.seconds_since(told))) {
            self.not_told += 1;
            return None;
        }
        self.told = Some(at);
        Some(std::mem::take(&mut self.not_told))
    }
}

impl Default for RepeatLimit {
    /// One event a minute.
    fn default() -> Self {
        Self::new(60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_minute_is_told_with_the_number_of_those_in_between() {
        let mut limit = RepeatLimit::default();
        let told = [0.0, 0.1, 59.9, 60.0, 61.0, 200.0, 260.0, 100.0].map(|s| limit.event(Timestamp(0).plus_seconds(s)));
        assert_eq!(told, [Some(0), None, None, Some(2), None, Some(1), Some(0), Some(0)]);
    }
}
