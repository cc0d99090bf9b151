//! How long to wait before the next attempt.

use std::time::Duration;

/// Exponential back-off with jitter over its whole range, so that cameras that failed together don't return together.
/// (Full jitter: Brooker, "Exponential Backoff And Jitter", 2015; with a floor so that a refusing camera is not
/// hammered.)
#[derive(Debug)]
pub struct Backoff {
    attempt: u32,
    random: fastrand::Rng,
}

impl Backoff {
    /// Shortest wait.
    pub const MIN: Duration = Duration::from_millis(500);
    /// Longest wait.
    pub const MAX: Duration = Duration::from_secs(30);
    /// Good frames for this long make the next failure the first one again.
    pub const RESET_AFTER: Duration = Duration::from_secs(30);

    /// Starts with the shortest range.
    #[must_use]
    pub fn new(random: fastrand::Rng) -> Self {
        Self { attempt: 0, random }
    }

    /// The next wait: even between [`Self::MIN`] and a ceiling that doubles from 1 s to [`Self::MAX`].
    pub fn next_wait(&mut self) -> Duration {
        self.attempt = self.attempt.saturating_add(1);
        let doublings = self.attempt.min(16);
        let ceiling = Self::MIN.saturating_mul(1 << doublings).min(Self::MAX);
        Self::MIN + (ceiling - Self::MIN).mul_f64(self.random.f64())
    }

    /// The source is well again.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_within_their_bounds_and_reset() {
        for seed in 0..50 {
            let mut backoff = Backoff::new(fastrand::Rng::with_seed(seed));
            for attempt in 1..100_u32 {
                let ceiling = Backoff::MIN.saturating_mul(1 << attempt.min(16)).min(Backoff::MAX);
                let wait = backoff.next_wait();
                assert!((Backoff::MIN..=ceiling).contains(&wait), "attempt {attempt}: {wait:?}");
            }
            backoff.reset();
            assert!(backoff.next_wait() <= Duration::from_secs(1));
        }
    }

    #[test]
    fn late_waits_spread_over_the_whole_range() {
        let waits: Vec<Duration> = (0..200)
            .map(|seed| {
                let mut backoff = Backoff::new(fastrand::Rng::with_seed(seed));
                (0..20).map(|_| backoff.next_wait()).last().unwrap_or_default()
            })
            .collect();
        assert!(waits.iter().any(|wait| *wait < Duration::from_secs(4)));
        assert!(waits.iter().any(|wait| *wait > Duration::from_secs(26)));
    }
}
