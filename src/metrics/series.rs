//! Series that the prometheus crate has no type for: gauges that may be unknown, and counters that follow a total.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use prometheus::{
    Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts,
    Registry,
};

use super::MetricsError;

/// Makes families and registers them.
pub(super) struct Families<'a>(pub &'a Registry);

impl Families<'_> {
    pub fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, MetricsError> {
        let family = GaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(family.clone()))?;
        Ok(family)
    }

    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, MetricsError> {
        let family = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(family.clone()))?;
        Ok(family)
    }

    pub fn seconds_counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<CounterVec, MetricsError> {
        let family = CounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(family.clone()))?;
        Ok(family)
    }

    pub fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<HistogramVec, MetricsError> {
        let family = HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels)?;
        self.0.register(Box::new(family.clone()))?;
        Ok(family)
    }
}

/// A gauge that is absent while its value is unknown: neither 0 nor -1 would be true.
#[derive(Debug)]
pub(super) struct KnownGauge {
    family: GaugeVec,
    labels: Vec<String>,
    series: Mutex<Option<Gauge>>,
}

impl KnownGauge {
    /// Unknown at first.
    pub fn new(family: &GaugeVec, labels: &[&str]) -> Self {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        Self { family: family.clone(), labels, series: Mutex::new(None) }
    }

    pub fn set(&self, value: Option<f64>) {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        match (value, &*series) {
            (Some(value), Some(gauge)) => gauge.set(value),
            (Some(value), None) => {
                let gauge = self.family.with_label_values(&self.labels);
                gauge.set(value);
                *series = Some(gauge);
            }
            (None, Some(_)) => {
                *series = None;
                // It was made above with the same labels, so it is there.
                let _ = self.family.remove_label_values(&self.labels);
            }
            (None, None) => {}
        }
    }
}

/// A counter fed from a total that someone else keeps. A total that is smaller than the last began again from 0.
#[derive(Debug)]
pub(super) struct FollowedTotal {
    counter: IntCounter,
    last: AtomicU64,
}

impl FollowedTotal {
    /// There at once, at 0, so that a first increase is seen as one.
    pub fn new(family: &IntCounterVec, labels: &[&str]) -> Self {
        Self { counter: family.with_label_values(labels), last: AtomicU64::new(0) }
    }

    pub fn follow(&self, total: u64) {
        let last = self.last.swap(total, Ordering::Relaxed);
        self.counter.inc_by(total.checked_sub(last).unwrap_or(total));
    }

    /// The next total counts from 0.
    pub fn restart(&self) {
        self.last.store(0, Ordering::Relaxed);
    }
}

/// [`FollowedTotal`] of seconds.
#[derive(Debug)]
pub(super) struct FollowedSeconds {
    counter: Counter,
    last: Mutex<f64>,
}

impl FollowedSeconds {
    pub fn new(family: &CounterVec, labels: &[&str]) -> Self {
        Self { counter: family.with_label_values(labels), last: Mutex::new(0.0) }
    }

    pub fn follow(&self, total_s: f64) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let increase_s = if total_s >= *last { total_s - *last } else { total_s };
        self.counter.inc_by(increase_s);
        *last = total_s;
    }

    pub fn restart(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = 0.0;
    }
}

/// Takes in a time that was measured: a clock that was set back between its ends gives 0.
pub(super) fn observe_seconds(histogram: &Histogram, seconds: f64) {
    histogram.observe(seconds.max(0.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_value_has_no_series() {
        let registry = Registry::new();
        let family = Families(&registry).gauges("g", "help", &["zone"]).unwrap();
        let gauge = KnownGauge::new(&family, &["plaza"]);
        let seen = || registry.gather().iter().map(|family| family.get_metric().len()).sum::<usize>();
        assert_eq!(seen(), 0);
        for (value, series) in [(Some(3.0), 1), (Some(0.0), 1), (None, 0), (None, 0), (Some(2.0), 1)] {
            gauge.set(value);
            assert_eq!(seen(), series, "{value:?}");
        }
        assert_eq!(family.with_label_values(&["plaza"]).get(), 2.0);
    }

    #[test]
    fn a_followed_total_never_goes_back_and_counts_nothing_twice() {
        let registry = Registry::new();
        let family = Families(&registry).counters("c", "help", &["zone"]).unwrap();
        let counter = FollowedTotal::new(&family, &["plaza"]);
        let value = || family.with_label_values(&["plaza"]).get();
        for (total, counted) in [(0, 0), (3, 3), (3, 3), (5, 5), (1, 6), (4, 9)] {
            counter.follow(total);
            assert_eq!(value(), counted, "{total}");
        }
        // A restart that isn't seen in the numbers is told.
        counter.restart();
        counter.follow(6);
        assert_eq!(value(), 15);

        let family = Families(&registry).seconds_counters("s", "help", &["zone"]).unwrap();
        let seconds = FollowedSeconds::new(&family, &["plaza"]);
        for total_s in [1.5, 2.0, 0.25] {
            seconds.follow(total_s);
        }
        seconds.restart();
        seconds.follow(1.0);
        assert_eq!(family.with_label_values(&["plaza"]).get(), 3.25);
    }
}
