//! How fast a zone fills, and when it will have reached a density.

use std::collections::VecDeque;

use super::GAP_S;
use crate::model::{FORECAST_HORIZON_S, Timestamp};

/// When a threshold will be reached if it goes on like this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeToThreshold {
    /// It is.
    Reached,
    /// In so many seconds.
    In {
        /// At the rate that is most likely; half an hour at most.
        likely_s: f64,
        /// One in ten is sooner.
        earliest_s: f64,
        /// One in ten is later; `None`: perhaps never. That may be as the rate is not surely above 0, has not lasted for
        /// as long as it would have to go on, or takes more than half an hour.
        latest_s: Option<f64>,
    },
    /// At its likely rate the zone doesn't fill, or so slowly that it takes longer than half an hour.
    NotFilling {
        /// One in ten is sooner all the same; `None`: not even that one within half an hour.
        earliest_s: Option<f64>,
    },
}

/// What was seen in about a second.
#[derive(Debug, Clone, Copy)]
struct Moment {
    begun: Timestamp,
    frames: f64,
    /// Sums over the frames: of the seconds since it began, and of the densities.
    seconds: f64,
    densities_per_m2: f64,
    in_total: u64,
    out_total: u64,
}

impl Moment {
    fn density_per_m2(&self) -> f64 {
        self.densities_per_m2 / self.frames
    }

    /// Seconds from `origin` to its middle.
    fn seconds_since(&self, origin: Timestamp) -> f64 {
        self.begun.seconds_since(origin) + self.seconds / self.frames
    }
}

/// A rate in 1/(m²·s) and its variance.
#[derive(Debug, Clone, Copy)]
struct Rate {
    per_m2_s: f64,
    variance: f64,
}

impl Rate {
    /// Its 80 % interval.
    fn interval(&self) -> (f64, f64) {
        let spread = EIGHTY_PERCENT * self.variance.sqrt();
        (self.per_m2_s - spread, self.per_m2_s + spread)
    }
}

/// How a density scatters about its trend.
#[derive(Debug, Clone, Copy)]
struct Scatter {
    /// People come and go one by one, so a density wanders: growth of its variance a second.
    wander_per_s: f64,
    /// Variance of what comes and goes within a few seconds: people whom the detector misses and finds again.
    flicker: f64,
}

/// Forecasts a zone's density by a random walk with drift.
///
/// - **Drift.** Over each of the last 15, 30, 60 … seconds up to the window, the slope of the least-squares line through
///   the densities and, where people were counted over the zone's lines, the net fill rate (in − out)/(A·T). The two
///   share the same coming and going, so they are not averaged as if they were independent: the one with the smaller
///   variance is taken, or the slope, where the two contradict each other (lines miss people, and what they miss adds
///   up). Of the windows, the longest is taken whose interval still has something in common with those of all shorter
///   ones (the intersection of confidence intervals, Goldenshluger & Nemirovski 1997): long while the crowd behaves
///   evenly, short after it has changed.
/// - **Scatter.** Densities of neighbouring seconds are nearly the same, so the scatter about a line says too little. It
///   is taken from the *changes* from second to second: their long-run variance (Newey & West 1987) is the variance of
///   coming and going, and what of their plain variance is beyond it flickers. A slope over T seconds has the variance
///   6/5·wander/T + 12·flicker/(n·T²) then; a net fill rate that of two Poisson counts, (in + out)/(A·T)², or of nothing
///   where nobody came.
/// - **Interval.** The density in h seconds has the variance of the level now, plus that of the rate times h², plus
///   wander·h. `earliest_s` is where its 90th percentile meets the threshold, `latest_s` where its 10th does: 80 %
///   between. Where even the 10th never does, there is no latest.
/// - **Belief.** A rate is believed for as long ahead as it has lasted: the odds that it lasts that long again are even
///   where nothing else is known of it (Gott 1993). Where the likely time is later there is no latest either, or each
///   arriving train would fill the place by extrapolation. So a latest time is never promised by what was seen for a few
///   seconds. It is still what the present rate makes of the next minutes, not what the crowd will decide to do.
///
/// Our own method; how often it is right is measured by `examples/forecast_lead`.
#[derive(Debug, Clone)]
pub struct FillForecast {
    area_m2: f64,
    window_s: f64,
    newest_per_m2: f64,
    moments: VecDeque<Moment>,
}

/// Two-sided 80 % of a normal distribution.
const EIGHTY_PERCENT: f64 = 1.281_551_565_5;
/// Frames this near to one another are one moment, in seconds.
const SPACING_S: f64 = 1.0;
/// Fewer than this tell nothing of scatter.
const LEAST_MOMENTS: usize = 10;
/// The shortest of the windows, in seconds.
const SHORTEST_WINDOW_S: f64 = 15.0;
/// Flicker is over after so many moments: a detector's dropouts last for a second or two.
const FLICKER_MOMENTS: usize = 4;
/// The density now is the mean of so many moments.
const LEVEL_MOMENTS: usize = 5;
impl FillForecast {
    /// A window that holds enough of a slow filling, and within which a crowd may keep its rate, in seconds.
    pub const USUAL_WINDOW_S: f64 = 180.0;
    /// Nothing is said of what takes longer, in seconds.
    pub const HORIZON_S: f64 = FORECAST_HORIZON_S;

    /// A forecast for a zone of this area from the last `window_s` seconds at most.
    #[must_use]
    pub fn new(area_m2: f64, window_s: f64) -> Self {
        Self { area_m2, window_s, newest_per_m2: 0.0, moments: VecDeque::new() }
    }

    /// Takes in the zone's density, and the people who have come in and gone out over its lines since the start (0 and
    /// 0 where there are no lines). Times must not go back; after more than 5 s without a frame it begins anew.
    pub fn push(&mut self, at: Timestamp, density_per_m2: f64, in_total: u64, out_total: u64) {
        self.newest_per_m2 = density_per_m2;
        // The last moment's frames lie within a second of its beginning.
        if self.moments.back().is_some_and(|last| at.seconds_since(last.begun) > GAP_S + SPACING_S) {
            self.moments.clear();
        }
        match self.moments.back_mut() {
            Some(last) if at.seconds_since(last.begun) < SPACING_S - 1e-5 => {
                last.frames += 1.0;
                last.seconds += at.seconds_since(last.begun);
                last.densities_per_m2 += density_per_m2;
                (last.in_total, last.out_total) = (in_total, out_total);
            }
            _ => self.moments.push_back(Moment {
                begun: at,
                frames: 1.0,
                seconds: 0.0,
                densities_per_m2: density_per_m2,
                in_total,
                out_total,
            }),
        }
        while self.moments.front().is_some_and(|first| at.seconds_since(first.begun) > self.window_s) {
            self.moments.pop_front();
        }
    }

    /// Net fill rate over the whole window, in people per m² and second; `None` while the window is too short.
    #[must_use]
    pub fn net_fill_rate(&self) -> Option<f64> {
        (self.moments.len() >= LEAST_MOMENTS).then(|| self.net_fill(0).map(|rate| rate.per_m2_s)).flatten()
    }

    /// By the lines, since the moment of this index.
    fn net_fill(&self, from: usize) -> Option<Rate> {
        let (first, last) = (self.moments.get(from)?, self.moments.back()?);
        let scale = self.area_m2 * last.begun.seconds_since(first.begun);
        let came = last.in_total.saturating_sub(first.in_total) as f64;
        let went = last.out_total.saturating_sub(first.out_total) as f64;
        (scale > 0.0).then(|| Rate { per_m2_s: (came - went) / scale, variance: (came + went) / (scale * scale) })
    }

    fn scatter(&self) -> Scatter {
        let (first, last) = (&self.moments[0], &self.moments[self.moments.len() - 1]);
        let origin = first.begun;
        let whole_s = last.seconds_since(origin) - first.seconds_since(origin);
        let drift = (last.density_per_m2() - first.density_per_m2()) / whole_s;
        let pairs = self.moments.iter().zip(self.moments.iter().skip(1));
        // Of a random walk, the changes divided by √Δt all have the same variance.
        let changes: Vec<f64> = pairs
            .map(|(before, after)| {
                let step_s = after.seconds_since(origin) - before.seconds_since(origin);
                (after.density_per_m2() - before.density_per_m2() - drift * step_s) / step_s.sqrt()
            })
            .collect();
        let covariance = |lag: usize| {
            changes.iter().zip(&changes[lag..]).map(|(a, b)| a * b).sum::<f64>() / (changes.len() as f64 - 1.0)
        };
        let plain = covariance(0);
        let weight = |lag: usize| 1.0 - lag as f64 / (FLICKER_MOMENTS as f64 + 1.0);
        let lagged: f64 = (1..=FLICKER_MOMENTS).map(|lag| 2.0 * weight(lag) * covariance(lag)).sum();
        let wander_per_s = (plain + lagged).max(0.0);
        let step_s = whole_s / changes.len() as f64;
        Scatter { wander_per_s, flicker: (plain - wander_per_s).max(0.0) * step_s / 2.0 }
    }

    /// By the densities, since the moment of this index: the slope of the least-squares line.
    fn slope(&self, from: usize, scatter: Scatter) -> Rate {
        let origin = self.moments[from].begun;
        let count = (self.moments.len() - from) as f64;
        let points = || self.moments.range(from..).map(|m| (m.seconds_since(origin), m.density_per_m2()));
        let (sum_s, sum) = points().fold((0.0, 0.0), |(s, d), (seconds, density)| (s + seconds, d + density));
        let (mean_s, mean) = (sum_s / count, sum / count);
        let spread: f64 = points().map(|(seconds, _)| (seconds - mean_s).powi(2)).sum();
        let per_m2_s = points().map(|(seconds, density)| (seconds - mean_s) * (density - mean)).sum::<f64>() / spread;
        let whole_s = self.moments[self.moments.len() - 1].seconds_since(origin);
        Rate { per_m2_s, variance: 1.2 * scatter.wander_per_s / whole_s + scatter.flicker / spread }
    }

    /// Over the window from the moment of this index.
    fn rate_since(&self, from: usize, scatter: Scatter) -> Rate {
        let slope = self.slope(from, scatter);
        // Nobody over the lines is no knowledge of the rate: it is what a zone without lines says.
        let Some(fill) = self.net_fill(from).filter(|fill| fill.variance > 0.0) else { return slope };
        let contradicts =
            (fill.per_m2_s - slope.per_m2_s).powi(2) > EIGHTY_PERCENT.powi(2) * (fill.variance + slope.variance);
        if fill.variance < slope.variance && !contradicts { fill } else { slope }
    }

    /// The rate now, and for how long it has been so, in seconds.
    fn rate(&self, scatter: Scatter) -> (Rate, f64) {
        let last = self.moments[self.moments.len() - 1].begun;
        let mut chosen: Option<(Rate, f64)> = None;
        let mut common = (f64::NEG_INFINITY, f64::INFINITY);
        let mut window_s = SHORTEST_WINDOW_S;
        loop {
            let begins = self.moments.partition_point(|moment| last.seconds_since(moment.begun) > window_s);
            let from = begins.min(self.moments.len() - LEAST_MOMENTS);
            let rate = self.rate_since(from, scatter);
            let (low, high) = rate.interval();
            common = (common.0.max(low), common.1.min(high));
            match chosen {
                Some(shorter) if common.0 > common.1 => return shorter,
                _ if from == 0 => return (rate, last.seconds_since(self.moments[0].begun)),
                _ => chosen = Some((rate, window_s)),
            }
            window_s *= 2.0;
        }
    }

    /// When this density will be reached; `None` while too little was seen to tell (10 s).
    #[must_use]
    pub fn time_to(&self, threshold_per_m2: f64) -> Option<TimeToThreshold> {
        let last = self.moments.back()?;
        if self.newest_per_m2 >= threshold_per_m2 {
            return Some(TimeToThreshold::Reached);
        }
        if self.moments.len() < LEAST_MOMENTS {
            return None;
        }
        let scatter = self.scatter();
        let (rate, lasted_s) = self.rate(scatter);
        let newest = || self.moments.range(self.moments.len() - LEVEL_MOMENTS..);
        let count = LEVEL_MOMENTS as f64;
        let mean = newest().map(Moment::density_per_m2).sum::<f64>() / count;
        let age_s =
            newest().map(|moment| -moment.seconds_since(last.begun)).sum::<f64>() / count + last.seconds / last.frames;
        // The mean of what a random walk was over the last n seconds is off by n/3 of its variance a second.
        let level_variance = scatter.wander_per_s * count / 3.0 + scatter.flicker / count;
        // The level smooths the scatter of single frames; it may already be past the threshold while the frame is not.
        let missing = (threshold_per_m2 - mean - rate.per_m2_s * age_s).max(0.0);
        // (missing − rate·h)² = z²·(level variance + wander·h + rate variance·h²), as square·h² − 2·half·h + rest = 0.
        let z2 = EIGHTY_PERCENT.powi(2);
        let square = rate.per_m2_s.powi(2) - z2 * rate.variance;
        let half = missing * rate.per_m2_s + z2 * scatter.wander_per_s / 2.0;
        let rest = missing.powi(2) - z2 * level_variance;
        let beneath_root = half * half - square * rest;
        let root = beneath_root.max(0.0).sqrt();
        let earliest_s = if rest <= 0.0 {
            Some(0.0)
        } else {
            // The smaller of its solutions above 0. Of a zone that empties there may be none: then the walk's upper end turns
            // back before the threshold.
            let meets = beneath_root >= 0.0 && half + root > 0.0;
            meets.then(|| rest / (half + root)).filter(|&earliest_s| earliest_s <= Self::HORIZON_S)
        };
        let likely_s = missing / rate.per_m2_s;
        if rate.per_m2_s <= 0.0 || likely_s > Self::HORIZON_S {
            return Some(TimeToThreshold::NotFilling { earliest_s });
        }
        // Rounding may have it that a tangent misses.
        let earliest_s = earliest_s.unwrap_or(likely_s).min(likely_s);
        let is_believed = square > 0.0 && likely_s <= lasted_s;
        let latest_s = is_believed.then(|| (half + root) / square).filter(|&latest_s| latest_s <= Self::HORIZON_S);
        Some(TimeToThreshold::In { likely_s, earliest_s, latest_s })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        let never = Some(TimeToThreshold::NotFilling { earliest_s: None });
        assert_eq!(forecast.time_to(40.0), never, "in 33 minutes is not soon");
        assert_eq!(filled(|_| 0.5, |_| 0).time_to(1.0), never);
        assert_eq!(FillForecast::new(100.0, 60.0).time_to(1.0), None);
    }

    #[test]
    fn scatter_widens_the_interval_and_the_lines_narrow_it() {
        // Groups of four in a zone of 100 m² that nearly all stay.
        let in_groups = |s: u32| 0.04 * f64::from(2 * s / 4) + if s % 7 < 3 { 0.04 } else { 0.0 };
        let spread = |forecast: &FillForecast| match forecast.time_to(1.0) {
            Some(TimeToThreshold::In { likely_s, earliest_s, latest_s: Some(latest_s) }) => {
                assert!(earliest_s < likely_s && likely_s < latest_s);
                latest_s - earliest_s
            }
            other => panic!("{other:?}"),
        };
        let alone = filled(in_groups, |_| 0);
        // Two people a second into 100 m²: the same rate, known more exactly.
        let with_lines = filled(in_groups, |s| u64::from(2 * s));
        assert!(spread(&with_lines) < spread(&alone));
        assert!((with_lines.net_fill_rate().unwrap() - 0.02).abs() < 1e-9);
    }

    #[test]
    fn lines_that_contradict_the_densities_are_not_believed() {
        let emptying = filled(|s| 1.0 - 0.01 * f64::from(s), |s| u64::from(2 * s));
        assert_eq!(emptying.time_to(2.0), Some(TimeToThreshold::NotFilling { earliest_s: None }));
    }

    #[test]
    fn a_zone_that_is_not_filling_has_an_earliest_time_where_its_scatter_says_so() {
        // Groups of ten come and go, in a zone of 100 m²; in the end there are as many as at the beginning.
        let wandering = filled(|s| 0.5 + 0.1 * f64::from((s / 3) % 4) - 0.004 * f64::from(s), |_| 0);
        let Some(TimeToThreshold::NotFilling { earliest_s: Some(soon_s) }) = wandering.time_to(1.0) else {
            panic!("{:?}", wandering.time_to(1.0))
        };
        assert!(soon_s > 0.0 && soon_s < 600.0, "{soon_s}");
        let later = wandering.time_to(1.5);
        let Some(TimeToThreshold::NotFilling { earliest_s: Some(later_s) }) = later else { panic!("{later:?}") };
        assert!(later_s > soon_s);
        // What empties surely will not have filled.
        let emptying = filled(|s| 0.9 - 0.02 * f64::from(s), |_| 0);
        assert_eq!(emptying.time_to(1.0), Some(TimeToThreshold::NotFilling { earliest_s: None }));
        // Forty minutes at the likely rate, which is known so badly that it may be a quarter of that.
        let slow = filled(|s| 0.5 + 0.0004 * f64::from(s) + if s % 5 < 2 { 0.02 } else { 0.0 }, |_| 0);
        assert!(matches!(slow.time_to(1.5), Some(TimeToThreshold::NotFilling { earliest_s: Some(_) })));
    }

    #[test]
    fn a_rate_is_believed_for_as_long_as_it_has_lasted() {
        let steady = filled(|s| 0.02 * f64::from(s), |_| 0);
        let latest = |threshold| match steady.time_to(threshold) {
            Some(TimeToThreshold::In { latest_s, .. }) => latest_s,
            other => panic!("{other:?}"),
        };
        assert!(latest(1.1).is_some(), "25 s ahead after 30 s");
        assert_eq!(latest(1.3), None, "35 s ahead after 30 s");
    }

    #[test]
    fn one_who_comes_in_is_no_trend() {
        let one = filled(|s| if s < 12 { 0.50 } else { 0.51 }, |_| 0);
        let Some(forecast) = one.time_to(0.72) else { panic!() };
        assert!(matches!(forecast, TimeToThreshold::In { latest_s: None, .. } | TimeToThreshold::NotFilling { .. }));
    }

    #[test]
    fn after_a_change_the_older_seconds_do_not_count() {
        let mut forecast = FillForecast::new(100.0, 180.0);
        for second in 0..=180 {
            let density_per_m2 = 0.5 + 0.01 * f64::from((second - 150).max(0));
            // A person flickers.
            let flicker = if second % 3 == 0 { 0.01 } else { 0.0 };
            forecast.push(Timestamp(0).plus_seconds(f64::from(second)), density_per_m2 + flicker, 0, 0);
        }
        let Some(TimeToThreshold::In { likely_s, latest_s, .. }) = forecast.time_to(1.1) else { panic!() };
        assert!((likely_s - 30.0).abs() < 5.0 && latest_s.is_some(), "{likely_s} {latest_s:?}");
    }

    #[test]
    fn frames_of_a_second_are_one_moment_and_a_gap_begins_anew() {
        let mut forecast = FillForecast::new(10.0, 20.0);
        for tenth in 0..10_000 {
            forecast.push(Timestamp(tenth * 100_000), if tenth % 2 == 0 { 0.9 } else { 1.1 }, 0, 0);
        }
        assert!((20..=21).contains(&forecast.moments.len()));
        assert!((forecast.moments[3].density_per_m2() - 1.0).abs() < 1e-12);
        forecast.push(Timestamp(2_000_000_000), 1.0, 0, 0);
        assert_eq!((forecast.moments.len(), forecast.time_to(2.0)), (1, None));
    }

    proptest! {
        #[test]
        fn the_interval_is_in_order(
            steps in prop::collection::vec((0.1_f64..5.0, -0.1_f64..0.15, 0_u64..3, 0_u64..3), 1..200),
            threshold in 0.1_f64..6.0,
        ) {
            let mut forecast = FillForecast::new(50.0, FillForecast::USUAL_WINDOW_S);
            let (mut at, mut density, mut came, mut went) = (Timestamp(0), 1.0_f64, 0, 0);
            for (wait_s, change, ins, outs) in steps {
                (at, density) = (at.plus_seconds(wait_s), (density + change).max(0.0));
                (came, went) = (came + ins, went + outs);
                forecast.push(at, density, came, went);
                match forecast.time_to(threshold) {
                    Some(TimeToThreshold::Reached) => prop_assert!(density >= threshold),
                    Some(TimeToThreshold::In { likely_s, earliest_s, latest_s }) => {
                        prop_assert!(0.0 <= earliest_s && earliest_s <= likely_s + 1e-9 && likely_s <= FillForecast::HORIZON_S);
                        prop_assert!(latest_s.is_none_or(|latest_s| latest_s >= likely_s - 1e-9));
                    }
                    Some(TimeToThreshold::NotFilling { earliest_s }) => {
                        prop_assert!(earliest_s.is_none_or(|s| (0.0..=FillForecast::HORIZON_S).contains(&s)));
                    }
                    None => (),
                }
            }
        }
    }
}
