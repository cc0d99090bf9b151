//! Whether a dense crowd sways.

use std::collections::VecDeque;

use super::{GAP_S, GroundVelocity};
use crate::model::Timestamp;

/// How a zone sways.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Oscillation {
    /// Height of the autocorrelation's peak, 0 to 1: 0 where there is none, 1 where the same goes on and on. Of
    /// noise alone, with velocities over 1 s, 99 of 100 windows have less than 0.34 at 120 s and less than 0.50 at 60 s.
    pub peak: f64,
    /// Lag of the peak in seconds: how long one sway takes; `None` where there is no peak.
    pub period_s: Option<f64>,
    /// Amplitude in m/s of a sine of the same variance: tells a crowd that sways from a camera that trembles.
    pub amplitude_mps: f64,
}

/// Mean over half a second.
#[derive(Debug, Clone, Copy, Default)]
struct Moment {
    x_mps: f64,
    y_mps: f64,
    density_per_m2: f64,
}

impl Moment {
    fn towards(self, other: Self, share: f64) -> Self {
        let mix = |from: f64, to: f64| from + share * (to - from);
        Self {
            x_mps: mix(self.x_mps, other.x_mps),
            y_mps: mix(self.y_mps, other.y_mps),
            density_per_m2: mix(self.density_per_m2, other.density_per_m2),
        }
    }
}

/// The half second that is going on.
#[derive(Debug, Clone, Copy)]
struct Open {
    slot: i64,
    sum: Moment,
    count: f64,
    newest: Timestamp,
    density_per_m2: f64,
}

impl Open {
    fn mean(&self) -> Moment {
        Moment {
            x_mps: self.sum.x_mps / self.count,
            y_mps: self.sum.y_mps / self.count,
            density_per_m2: self.sum.density_per_m2 / self.count,
        }
    }
}

/// Oscillation of a zone's mean velocity over the last 120 s: the peak of its autocorrelation at lags of 5 to 30 s, given
/// only where the density is 3 /m² or more, now and in the mean of the window. At about 4 /m² crowds begin to oscillate
/// collectively (Gu et al., Nature 2025); the measure is our own choice:
///
/// - velocities are averaged over each half second (2 Hz); where none came in one, as at 1 frame a second, it is
///   interpolated;
/// - the component is the one along the principal axis of the velocities' variation in the window (the axis along which
///   their variance is greatest), less its linear trend;
/// - the autocorrelation at lag k is the correlation of the first n − k values with the last n − k, each normalised by
///   their own energy, so that a lasting sine has 1 whatever the lag;
/// - a peak is a local maximum behind the first lag at which the correlation was negative: a speed that only drifts has
///   none. Where several are as high within 5 % (multiples of the period), it is the first one.
///
/// Frames further apart than 5 s are a gap, and the window begins anew.
#[derive(Debug, Clone, Default)]
pub struct OscillationWindow {
    moments: VecDeque<Moment>,
    open: Option<Open>,
    /// As of the last whole half second: it takes too long for every frame.
    newest: Option<Oscillation>,
}

const SLOT_US: i64 = 500_000;
const SLOTS_PER_S: usize = 2;
const WINDOW_SLOTS: usize = 120 * SLOTS_PER_S;
const LEAST_SLOTS: usize = 60 * SLOTS_PER_S;
const SHORTEST_LAG: usize = 5 * SLOTS_PER_S;
const LONGEST_LAG: usize = 30 * SLOTS_PER_S;
const AS_HIGH: f64 = 0.95;
/// Less than this is rounding, in m/s.
const NOTHING_MPS: f64 = 1e-6;

impl OscillationWindow {
    /// Below this density nothing is told.
    pub const DENSE_PER_M2: f64 = 3.0;

    /// Takes in the zone's mean velocity and density; times must not go back. A frame without a mean velocity (nobody
    /// is there) is left out.
    pub fn push(&mut self, at: Timestamp, velocity: GroundVelocity, density_per_m2: f64) {
        let slot = at.0.div_euclid(SLOT_US);
        if self.open.is_some_and(|open| at.seconds_since(open.newest) > GAP_S) {
            self.reset();
        }
        let mut open = match self.open {
            Some(open) if open.slot == slot => open,
            before => {
                if let Some(before) = before {
                    self.keep(before.mean());
                    self.newest = self.measure();
                }
                Open { slot, sum: Moment::default(), count: 0.0, newest: at, density_per_m2 }
            }
        };
        let velocity = Moment { x_mps: velocity.x_mps, y_mps: velocity.y_mps, density_per_m2 };
        open.sum.x_mps += velocity.x_mps;
        open.sum.y_mps += velocity.y_mps;
        open.sum.density_per_m2 += density_per_m2;
        open.count += 1.0;
        (open.newest, open.density_per_m2) = (at, density_per_m2);
        // Half seconds that were passed over lie on the way from the last whole one to this first value.
        if let (Some(before), Some(&last)) = (self.open, self.moments.back()) {
            let missing = slot - before.slot - 1;
            for step in 1..=missing {
                self.keep(last.towards(velocity, step as f64 / (missing + 1) as f64));
            }
        }
        self.open = Some(open);
    }

    fn keep(&mut self, moment: Moment) {
        self.moments.push_back(moment);
        if self.moments.len() > WINDOW_SLOTS {
            self.moments.pop_front();
        }
    }

    /// Forgets what was.
    pub fn reset(&mut self) {
        self.moments.clear();
        (self.open, self.newest) = (None, None);
    }

    /// How the zone sways as of the last whole half second; `None` until velocities reach over 60 s, and where it is not
    /// dense.
    #[must_use]
    pub fn oscillation(&self) -> Option<Oscillation> {
        self.newest.filter(|_| self.open.is_some_and(|open| open.density_per_m2 >= Self::DENSE_PER_M2))
    }

    fn measure(&self) -> Option<Oscillation> {
        let count = self.moments.len();
        if count < LEAST_SLOTS {
            return None;
        }
        let mean_density = self.moments.iter().map(|moment| moment.density_per_m2).sum::<f64>() / count as f64;
        if mean_density < Self::DENSE_PER_M2 {
            return None;
        }
        let along = self.along_principal_axis();
        let variance = along.iter().map(|value| value * value).sum::<f64>() / count as f64;
        let amplitude_mps = (2.0 * variance).sqrt();
        let first = if amplitude_mps > NOTHING_MPS { first_peak(&along) } else { None };
        let (peak, period_s) = match first {
            Some((lag, peak)) => (peak, Some(lag as f64 / SLOTS_PER_S as f64)),
            None => (0.0, None),
        };
        Some(Oscillation { peak, period_s, amplitude_mps })
    }

    /// The component along the principal axis, less mean and trend.
    fn along_principal_axis(&self) -> Vec<f64> {
        let mut x: Vec<f64> = self.moments.iter().map(|moment| moment.x_mps).collect();
        let mut y: Vec<f64> = self.moments.iter().map(|moment| moment.y_mps).collect();
        take_off_trend(&mut x);
        take_off_trend(&mut y);
        let sum = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let angle = f64::atan2(2.0 * sum(&x, &y), sum(&x, &x) - sum(&y, &y)) / 2.0;
        let (sin, cos) = angle.sin_cos();
        x.iter().zip(&y).map(|(x, y)| cos * x + sin * y).collect()
    }
}

/// Less the least-squares line through the values.
fn take_off_trend(values: &mut [f64]) {
    let count = values.len() as f64;
    let (mean, middle) = (values.iter().sum::<f64>() / count, (count - 1.0) / 2.0);
    let spread: f64 = (0..values.len()).map(|index| (index as f64 - middle).powi(2)).sum();
    let slope = values.iter().enumerate().map(|(i, value)| (i as f64 - middle) * (value - mean)).sum::<f64>() / spread;
    for (index, value) in values.iter_mut().enumerate() {
        *value -= mean + slope * (index as f64 - middle);
    }
}

/// Lag and height of the first of the highest peaks.
fn first_peak(values: &[f64]) -> Option<(usize, f64)> {
    let product = |lag: usize| -> f64 { values.iter().zip(&values[lag..]).map(|(early, late)| early * late).sum() };
    let (mut early, mut late) = (product(0), product(0));
    let mut correlations = Vec::with_capacity(LONGEST_LAG + 2);
    for lag in 0..=LONGEST_LAG + 1 {
        let energy = (early * late).sqrt();
        correlations.push(if energy > 0.0 { (product(lag) / energy).clamp(-1.0, 1.0) } else { 0.0 });
        // The next lag compares one value less from either end.
        early -= values[values.len() - 1 - lag].powi(2);
        late -= values[lag].powi(2);
    }
    let negative = correlations.iter().position(|&correlation| correlation < 0.0)?;
    let peaks: Vec<(usize, f64)> = (SHORTEST_LAG.max(negative)..=LONGEST_LAG)
        .filter(|&lag| {
            let here = correlations[lag];
            here > 0.0 && here >= correlations[lag - 1] && here >= correlations[lag + 1]
        })
        .map(|lag| (lag, correlations[lag]))
        .collect();
    let highest = peaks.iter().map(|&(_, peak)| peak).fold(0.0, f64::max);
    peaks.into_iter().find(|&(_, peak)| peak >= AS_HIGH * highest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn velocity(x_mps: f64, y_mps: f64) -> GroundVelocity {
        GroundVelocity { x_mps, y_mps }
    }

    fn pushed(
        fps: f64,
        seconds: f64,
        per_m2: impl Fn(f64) -> f64,
        at: impl Fn(f64) -> GroundVelocity,
    ) -> OscillationWindow {
        let mut window = OscillationWindow::default();
        for frame in 0..=(seconds * fps) as usize {
            let time_s = frame as f64 / fps;
            window.push(Timestamp(0).plus_seconds(time_s), at(time_s), per_m2(time_s));
        }
        window
    }

    fn sway(period_s: f64) -> impl Fn(f64) -> GroundVelocity {
        move |time_s| {
            let along = 0.3 * (std::f64::consts::TAU * time_s / period_s).sin();
            velocity(0.1 + 0.8 * along, -0.6 * along)
        }
    }

    #[test]
    fn a_swaying_crowd_has_its_period_at_every_frame_rate() {
        for (fps, lowest) in [(1.0, 0.9), (7.5, 0.99), (30.0, 0.99)] {
            for period_s in [6.0, 10.0, 18.0] {
                let found = pushed(fps, 121.0, |_| 4.0, sway(period_s)).oscillation().unwrap();
                assert!((found.period_s.unwrap() - period_s).abs() <= 0.5 && found.peak > lowest, "{fps} {found:?}");
                assert!((found.amplitude_mps - 0.3).abs() < 0.04, "{fps} {found:?}");
            }
        }
    }

    #[test]
    fn what_only_drifts_or_stands_has_no_peak() {
        let found = |at: &dyn Fn(f64) -> GroundVelocity| pushed(10.0, 121.0, |_| 4.0, at).oscillation().unwrap();
        let still = found(&|_| velocity(0.4, 0.1));
        assert_eq!((still.peak, still.period_s), (0.0, None));
        let slower = found(&|time_s| velocity(1.0 - time_s / 150.0, 0.0));
        assert_eq!((slower.peak, slower.period_s), (0.0, None));
        // Down for good in the middle: no sway.
        assert!(found(&|time_s| velocity(if time_s < 60.0 { 0.8 } else { 0.1 }, 0.0)).peak < 0.35);
    }

    #[test]
    fn it_needs_a_minute_and_a_dense_crowd() {
        assert_eq!(pushed(10.0, 59.0, |_| 4.0, sway(8.0)).oscillation(), None);
        assert!(pushed(10.0, 60.5, |_| 4.0, sway(8.0)).oscillation().is_some());
        assert_eq!(pushed(10.0, 121.0, |_| 2.9, sway(8.0)).oscillation(), None);
        let only_now = |time_s: f64| if time_s < 115.0 { 2.0 } else { 4.0 };
        assert_eq!(pushed(10.0, 121.0, only_now, sway(8.0)).oscillation(), None);
        let no_more = |time_s: f64| if time_s < 121.0 { 5.0 } else { 2.0 };
        assert_eq!(pushed(10.0, 121.0, no_more, sway(8.0)).oscillation(), None);
    }

    #[test]
    fn a_gap_begins_it_anew_and_a_short_one_is_bridged() {
        let mut window = pushed(10.0, 121.0, |_| 4.0, sway(8.0));
        assert_eq!(window.moments.len(), WINDOW_SLOTS);
        window.push(Timestamp(0).plus_seconds(124.0), sway(8.0)(124.0), 4.0);
        assert!(window.oscillation().unwrap().peak > 0.95);
        window.push(Timestamp(0).plus_seconds(130.0), sway(8.0)(130.0), 4.0);
        assert_eq!(window.oscillation(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn noise_stays_low(noise in prop::collection::vec((-1.0..1.0, -1.0..1.0), 250)) {
            let at = |time_s: f64| {
                let (x, y): (f64, f64) = noise[(time_s * 2.0) as usize % noise.len()];
                velocity(x, y)
            };
            let found = pushed(2.0, 121.0, |_| 4.0, at).oscillation().unwrap();
            prop_assert!((0.0..0.5).contains(&found.peak), "{found:?}");
        }
    }
}
