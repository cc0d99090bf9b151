//! How long a stage takes, in memory that does not grow.

use std::time::Duration;

/// Each bucket reaches this much further than the one before: percentiles are off by at most 2 %.
const GROWTH: f64 = 1.02;
/// Where the first bucket ends, in seconds.
const FIRST_S: f64 = 1e-7;
/// The last bucket ends beyond half a minute.
const BUCKETS: usize = 1000;

/// A histogram of durations with logarithmic buckets.
#[derive(Debug, Clone)]
pub struct StageTimes {
    counts: Vec<u64>,
    count: u64,
    sum_s: f64,
    max_s: f64,
}

/// Mean and tail of a stage.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct StageSummary {
    /// Mean in milliseconds.
    pub mean_ms: f64,
    /// 95th percentile in milliseconds.
    pub p95_ms: f64,
}

impl Default for StageTimes {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], count: 0, sum_s: 0.0, max_s: 0.0 }
    }
}

impl StageTimes {
    /// Takes in one duration.
    pub fn add(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = ((seconds / FIRST_S).ln() / GROWTH.ln()).ceil().clamp(0.0, (BUCKETS - 1) as f64) as usize;
        self.counts[bucket] += 1;
        self.count += 1;
        self.sum_s += seconds;
        self.max_s = self.max_s.max(seconds);
    }

    /// The duration, in seconds, below which this share (0 to 1) of them lies; 0 where there is none.
    #[must_use]
    pub fn quantile_s(&self, share: f64) -> f64 {
        let wanted = (share * self.count as f64).ceil().max(1.0) as u64;
        let mut below = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            below += count;
            if below >= wanted {
                return (FIRST_S * GROWTH.powi(bucket as i32)).min(self.max_s);
            }
        }
        0.0
    }

    /// Mean and 95th percentile; zeros where nothing was measured.
    #[must_use]
    pub fn summary(&self) -> StageSummary {
        let thousandths = |milliseconds: f64| (milliseconds * 1000.0).round() / 1000.0;
        StageSummary {
            mean_ms: thousandths(self.sum_s * 1000.0 / self.count.max(1) as f64),
            p95_ms: thousandths(self.quantile_s(0.95) * 1000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_two_per_cent() {
        let mut times = StageTimes::default();
        for milliseconds in 1..=1000 {
            times.add(Duration::from_millis(milliseconds));
        }
        assert!((times.quantile_s(0.95) / 0.950 - 1.0).abs() < 0.02, "{}", times.quantile_s(0.95));
        assert_eq!(times.summary().mean_ms, 500.5);
        assert_eq!(times.quantile_s(1.0), 1.0);
        assert_eq!(StageTimes::default().summary(), StageSummary { mean_ms: 0.0, p95_ms: 0.0 });
    }
}
