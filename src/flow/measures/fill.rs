//! How fast a zone fills, and when it will have reached a density.

use std::collections::VecDeque;

use crate::model::Timestamp;

/// When a threshold will be reached if it goes on like this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeToThreshold {
    /// It is.
    Reached,
    /// In so many seconds.
    In {
        /// At the rate that is most likely.
        likely_s: f64,
        /// At the fastest rate of the interval.
        earliest_s: f64,
        /// At the slowest rate; `None`: perhaps never.
        latest_s: Option<f64>,
    },
    /// The zone doesn't fill.
    NotFilling,
}

#[derive(Debug, Clone, Copy)]
struct Moment {
    at: Timestamp,
    density_per_m2: f64,
    in_total: u64,
    out_total: u64,
}

/// Forecasts a zone's density from two independent rates over the last seconds, joined by their weights (the inverses of
/// their variances):
/// - the trend: slope of the least-squares line through the densities, with its standard error. Densities of
///   neighbouring frames are not independent (people stay), so it is computed from one moment a second at most;
/// - the net fill rate (in − out)/(A·T) over the zone's lines, where there are any, with the variance of two Poisson
///   counts, (in + out)/(A·T)².
///
/// The interval is 80 %: ±1.28 standard deviations of the joined rate. It says how well the present rate is known, not
/// what the crowd will decide to do. Our own method.
#[derive(Debug, Clone)]
pub struct FillForecast {
    area_m2: f64,
    window_s: f64,
    moments: VecDeque<Moment>,
}

/// Two-sided 80 % of a normal distribution.
const EIGHTY_PERCENT: f64 = 1.281_551_565_5;
/// Moments closer than this add no knowledge, in seconds.
const SPACING_S: f64 = 1.0;
/// Fewer than this give no trend.
const LEAST_MOMENTS: usize = 5;

impl FillForecast {
    /// A forecast for a zone of this area from the last `window_s` seconds.
    #[must_use]
    pub fn new(area_m2: f64, window_s: f64) -> Self {
        Self { area_m2, window_s, moments: VecDeque::new() }
    }

    /// Takes in the zone's density, and the people who have come in and gone out over its lines since the start (0 and
    /// 0 where there are no lines). Times must not go back; what comes within a second of the last is passed over.
    pub fn push(&mut self, at: Timestamp, density_per_m2: f64, in_total: u64, out_total: u64) {
        if self.moments.back().is_some_and(|last| at.seconds_since(last.at) < SPACING_S) {
            return;
        }
        self.moments.push_back(Moment { at, density_per_m2, in_total, out_total });
        while self.moments.front().is_some_and(|first| at.seconds_since(first.at) > self.window_s) {
            self.moments.pop_front();
        }
    }

    /// Net fill rate over the window, in people per m² and second; `None` while the window is too short.
    #[must_use]
    pub fn net_fill_rate(&self) -> Option<f64> {
        self.net_fill().map(|(rate, _)| rate)
    }

    /// Rate and variance.
    fn net_fill(&self) -> Option<(f64, f64)> {
        let (first, last) = (self.moments.front()?, self.moments.back()?);
        let scale = self.area_m2 * last.at.seconds_since(first.at);
        if self.moments.len() < LEAST_MOMENTS || scale <= 0.0 {
            return None;
        }
        let came = last.in_total.saturating_sub(first.in_total) as f64;
        let went = last.out_total.saturating_sub(first.out_total) as f64;
        Some(((came - went) / scale, (came + went) / (scale * scale)))
    }

    /// Slope of the densities in 1/(m²·s), its variance, and the line's density now.
    fn trend(&self) -> Option<(f64, f64, f64)> {
        let last = self.moments.back()?;
        let count = self.moments.len() as f64;
        if self.moments.len() < LEAST_MOMENTS {
            return None;
        }
        let seconds = |moment: &Moment| moment.at.seconds_since(last.at);
        let mean_s = self.moments.iter().map(seconds).sum::<f64>() / count;
        let mean = self.moments.iter().map(|moment| moment.density_per_m2).sum::<f64>() / count;
        let spread: f64 = self.moments.iter().map(|moment| (seconds(moment) - mean_s).powi(2)).sum();
        let slope =
            self.moments.iter().map(|m| (seconds(m) - mean_s) * (m.density_per_m2 - mean)).sum::<f64>() / spread;
        let residual = |m: &Moment| m.density_per_m2 - mean - slope * (seconds(m) - mean_s);
        let variance = self.moments.iter().map(|m| residual(m).powi(2)).sum::<f64>() / (count - 2.0) / spread;
        Some((slope, variance, mean - slope * mean_s))
    }

    /// When this density will be reached; `None` while the window is too short to tell.
    #[must_use]
    pub fn time_to(&self, threshold_per_m2: f64) -> Option<TimeToThreshold> {
        let last = self.moments.back()?;
        if last.density_per_m2 >= threshold_per_m2 {
            return Some(TimeToThreshold::Reached);
        }
        let (slope, slope_variance, level) = self.trend()?;
        // Nobody over the lines is no knowledge of the rate: it is what a zone without lines says.
        let (rate, variance) = match self.net_fill() {
            Some((fill, fill_variance)) if fill_variance > 0.0 && slope_variance > 0.0 => {
                let (a, b) = (slope_variance.recip(), fill_variance.recip());
                ((slope * a + fill * b) / (a + b), (a + b).recip())
            }
            _ => (slope, slope_variance),
        };
        if rate <= 0.0 {
            return Some(TimeToThreshold::NotFilling);
        }
        // The line smooths the scatter of single frames; it may already be past the threshold while the frame is not.
        let missing = (threshold_per_m2 - level).max(0.0);
        let spread = EIGHTY_PERCENT * variance.sqrt();
        Some(TimeToThreshold::In {
            likely_s: missing / rate,
            earliest_s: missing / (rate + spread),
            latest_s: (rate > spread).then(|| missing / (rate - spread)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(density: impl Fn(u32) -> f64, people_in: impl Fn(u32) -> u64) -> FillForecast {
        let mut forecast = FillForecast::new(100.0, 60.0);
        (0..=30).for_each(|second| {
            forecast.push(Timestamp(0).plus_seconds(f64::from(second)), density(second), people_in(second), 0);
        });
        forecast
    }

    #[test]
    fn a_steady_rise_is_foretold_to_the_second() {
        let forecast = filled(|s| 0.02 * f64::from(s), |_| 0);
        let Some(TimeToThreshold::In { likely_s, earliest_s, latest_s }) = forecast.time_to(1.0) else { panic!() };
        assert!((likely_s - 20.0).abs() < 1e-6 && (earliest_s - 20.0).abs() < 1e-3);
        assert!((latest_s.unwrap() - 20.0).abs() < 1e-3);
        assert_eq!(forecast.time_to(0.6), Some(TimeToThreshold::Reached));
        assert_eq!(filled(|_| 0.5, |_| 0).time_to(1.0), Some(TimeToThreshold::NotFilling));
        assert_eq!(FillForecast::new(100.0, 60.0).time_to(1.0), None);
    }

    #[test]
    fn scatter_widens_the_interval_and_the_lines_narrow_it() {
        let scattered = |s: u32| 0.02 * f64::from(s) + if s.is_multiple_of(2) { 0.15 } else { -0.15 };
        let spread = |forecast: &FillForecast| match forecast.time_to(2.0) {
            Some(TimeToThreshold::In { likely_s, earliest_s, latest_s: Some(latest_s) }) => {
                assert!(earliest_s < likely_s && likely_s < latest_s);
                latest_s - earliest_s
            }
            other => panic!("{other:?}"),
        };
        let alone = filled(scattered, |_| 0);
        // Two people a second into 100 m²: the same rate, known apart from the densities.
        let with_lines = filled(scattered, |s| u64::from(2 * s));
        assert!(spread(&with_lines) < spread(&alone));
        assert!((with_lines.net_fill_rate().unwrap() - 0.02).abs() < 1e-9);
    }

    #[test]
    fn moments_are_kept_for_the_window_only() {
        let mut forecast = FillForecast::new(10.0, 20.0);
        for tenth in 0..10_000 {
            forecast.push(Timestamp(tenth * 100_000), 1.0, 0, 0);
        }
        assert_eq!(forecast.moments.len(), 21);
    }
}
