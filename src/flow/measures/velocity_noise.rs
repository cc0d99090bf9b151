//! How far the velocities of people are only noise, measured on those who stand.

use std::collections::{BTreeMap, VecDeque};

use super::GAP_S;
use crate::filter::median;
use crate::model::{GroundPoint, Timestamp, TrackId};

/// One place a second is kept of each person…
const SPACING_S: f64 = 1.0;
/// …so many of them.
const PLACES: usize = 11;
/// Frame times are rounded, and frames are dropped.
const EARLY_S: f64 = 0.1;
/// The longer of the two lags that are compared, in places.
const LONG_LAG: usize = 3;
/// Slower than this over all the places somebody stands, in m/s. Over ten seconds even strong noise stays below it.
const STANDING_BELOW_MPS: f64 = 0.2;
/// Fewer people than this who stand tell nothing.
const LEAST_PEOPLE: usize = 5;
/// What was measured in so many seconds is smoothed.
const WINDOW_S: f64 = 60.0;

/// The variance of noise in one component of a velocity that is a displacement over one second, from people who stand.
///
/// A foot point scatters about where somebody is, and that adds to a displacement as much over one second as over three; a
/// motion adds more over three. So of the mean square displacements D over 1 s and 3 s the part that doesn't grow is taken,
/// (3·D(1) − D(3))/2: the nugget of a variogram (Matheron 1963), all of it for scatter, nothing for a random walk or anything
/// that goes on in one direction for longer. That is what keeps a crowd which is pushed to and fro from being taken for
/// noise and its pressure from being corrected away. The median is taken over the people who stand (less than 0.2 m/s over
/// ten seconds), then over the last minute. Scatter that lasts for longer than a second or two is not found. Our own method.
#[derive(Debug, Clone, Default)]
pub struct VelocityNoise {
    people: BTreeMap<TrackId, VecDeque<(Timestamp, GroundPoint)>>,
    /// Of the last minute, one a second.
    variances: VecDeque<(Timestamp, f64)>,
    newest: Option<Timestamp>,
    median: Option<f64>,
}

impl VelocityNoise {
    /// Takes in where everybody is in a frame; times must not go back. After a gap of more than 5 s it begins anew.
    pub fn step(&mut self, at: Timestamp, people: impl IntoIterator<Item = (TrackId, GroundPoint)>) {
        if self.newest.is_some_and(|newest| at.seconds_since(newest) > GAP_S) {
            self.reset();
        }
        self.newest = Some(at);
        for (track, point) in people {
            let places = self.people.entry(track).or_default();
            if places.back().is_some_and(|&(last, _)| at.seconds_since(last) < SPACING_S - EARLY_S) {
                continue;
            }
            // Who was out of sight came back somewhere else.
            if places.back().is_some_and(|&(last, _)| at.seconds_since(last) > 2.0 * SPACING_S) {
                places.clear();
            }
            places.push_back((at, point));
            if places.len() > PLACES {
                places.pop_front();
            }
        }
        let last = self.variances.back().map(|&(last, _)| last);
        if last.is_some_and(|last| at.seconds_since(last) < SPACING_S - EARLY_S) {
            return;
        }
        self.people.retain(|_, places| places.back().is_some_and(|&(last, _)| at.seconds_since(last) <= GAP_S));
        let mut variances: Vec<f64> = self.people.values().filter_map(variance_of_standing).collect();
        if variances.len() >= LEAST_PEOPLE
            && let Some(variance) = median(&mut variances)
        {
            self.variances.push_back((at, variance));
        }
        while self.variances.front().is_some_and(|&(first, _)| at.seconds_since(first) > WINDOW_S) {
            self.variances.pop_front();
        }
        self.median = median(&mut self.variances.iter().map(|&(_, variance)| variance).collect::<Vec<_>>());
    }

    /// In m²/s²; `None` where nobody stood for ten seconds within the last minute, or too few.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        self.median
    }

    /// Forgets what was.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// `None` where somebody was not seen for long enough, or walks.
fn variance_of_standing(places: &VecDeque<(Timestamp, GroundPoint)>) -> Option<f64> {
    let (&(from, first), &(to, last)) = (places.front()?, places.back()?);
    let stands = first.distance_m(last) < STANDING_BELOW_MPS * to.seconds_since(from);
    if places.len() < PLACES || !stands {
        return None;
    }
    let mean_square_m2 = |lag: usize| {
        let pairs = places.iter().zip(places.iter().skip(lag));
        pairs.map(|((_, a), (_, b))| a.distance_m(*b).powi(2)).sum::<f64>() / (places.len() - lag) as f64
    };
    let long = LONG_LAG as f64;
    let scatter_m2 = (long * mean_square_m2(1) - mean_square_m2(LONG_LAG)) / (long - 1.0);
    // Both components together, over one second.
    Some(scatter_m2.max(0.0) / (2.0 * SPACING_S * SPACING_S))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::measures::{GroundField, PressureSettings, Sample, SpeedWindow, TurbulenceWatch};
    use crate::geometry::GroundArea;

    const FPS: f64 = 5.0;
    const SIDE_M: f64 = 6.0;

    /// Standard normal numbers, the same in each run (SplitMix64, Box–Muller).
    struct Normal(u64);

    impl Normal {
        fn uniform(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = self.0;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
        }

        fn next(&mut self) -> f64 {
            let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
            radius * (std::f64::consts::TAU * self.uniform()).cos()
        }
    }

    /// A crowd of 5 people/m² on 6 m × 6 m.
    struct Crowd {
        /// Scatter of a foot point in one axis, and how much of it is still there in the next frame.
        scatter_m: f64,
        lasting: f64,
        /// Velocity in one axis: its standard deviation, and the time in which it is forgotten.
        moving_mps: f64,
        forgets_s: f64,
    }

    /// The share of 80 s, after the first 20, in which turbulence is said; and the noise measured in the end, in m/s.
    fn watch(crowd: &Crowd, measures_noise: bool) -> (f64, Option<f64>) {
        let mut normal = Normal(7);
        let corner = |x_m, y_m| GroundPoint { x_m, y_m };
        let area =
            GroundArea::new(&[corner(0., 0.), corner(SIDE_M, 0.), corner(SIDE_M, SIDE_M), corner(0., SIDE_M)], &[])
                .unwrap();
        let mut field = GroundField::new(&[&area], PressureSettings::default()).unwrap();
        let (mut noise, mut turbulence) = (VelocityNoise::default(), TurbulenceWatch::default());
        let spacing_m = 5f64.recip().sqrt();
        let mut people: Vec<_> = (0..180)
            .map(|index| {
                let home = [f64::from(index % 13) * spacing_m, f64::from(index / 13) * spacing_m];
                (home, [0.0; 2], [0.0; 2], SpeedWindow::new(1.0))
            })
            .collect();
        let (mut turbulent, mut frames) = (0.0, 0.0);
        for frame in 0..(100.0 * FPS) as u32 {
            let at = Timestamp(0).plus_seconds(f64::from(frame) / FPS);
            let keeps = (-1.0 / (FPS * crowd.forgets_s)).exp();
            let mut seen = Vec::new();
            for (id, (place, velocity, scatter, window)) in people.iter_mut().enumerate() {
                for axis in 0..2 {
                    let fresh = |keeps: f64| (1.0 - keeps * keeps).sqrt();
                    velocity[axis] = keeps * velocity[axis] + fresh(keeps) * crowd.moving_mps * normal.next();
                    place[axis] += velocity[axis] / FPS;
                    // Walls.
                    if !(0.0..=SIDE_M).contains(&place[axis]) {
                        (place[axis], velocity[axis]) =
                            (2.0 * place[axis].clamp(0.0, SIDE_M) - place[axis], -velocity[axis]);
                    }
                    scatter[axis] =
                        crowd.lasting * scatter[axis] + fresh(crowd.lasting) * crowd.scatter_m * normal.next();
                }
                let point = corner(place[0] + scatter[0], place[1] + scatter[1]);
                window.push(Sample { at, point });
                seen.push((TrackId(id as u64), point, window.velocity()));
            }
            if measures_noise {
                noise.step(at, seen.iter().map(|&(track, point, _)| (track, point)));
            }
            field.assume_noise(noise.variance());
            field.scatter(&seen.iter().map(|&(_, point, velocity)| (point, velocity)).collect::<Vec<_>>());
            let is_turbulent = turbulence.step(at, field.surest_pressure(0, TurbulenceWatch::DENSE_PER_M2));
            if f64::from(frame) >= 20.0 * FPS {
                (turbulent, frames) = (turbulent + f64::from(u8::from(is_turbulent)), frames + 1.0);
            }
        }
        (turbulent / frames, noise.variance().map(f64::sqrt))
    }

    #[test]
    fn noise_is_no_turbulence_however_strong() {
        for scatter_m in [0.02, 0.05, 0.1, 0.25] {
            for lasting in [0.0, 0.8] {
                let crowd = Crowd { scatter_m, lasting, moving_mps: 0.0, forgets_s: 1.0 };
                let (turbulent, noise_mps) = watch(&crowd, true);
                assert_eq!(turbulent, 0.0, "{scatter_m} {lasting} {noise_mps:?}");
                if lasting == 0.0 {
                    let expected = scatter_m * 2f64.sqrt();
                    assert!((noise_mps.unwrap() - expected).abs() <= 0.1 * expected, "{scatter_m}: {noise_mps:?}");
                }
            }
        }
        let usual = Crowd { scatter_m: 0.1, lasting: 0.0, moving_mps: 0.0, forgets_s: 1.0 };
        assert!(watch(&usual, false).0 > 0.5, "without being measured it is");
    }

    #[test]
    fn a_crowd_that_is_pushed_about_is_turbulent_all_the_same() {
        for (scatter_m, moving_mps) in [(0.0, 0.15), (0.05, 0.25), (0.1, 0.4)] {
            for forgets_s in [1.0, 3.0] {
                let crowd = Crowd { scatter_m, lasting: 0.5, moving_mps, forgets_s };
                let (turbulent, noise_mps) = watch(&crowd, true);
                assert!(turbulent > 0.8, "{scatter_m} {moving_mps} {forgets_s}: {turbulent} {noise_mps:?}");
            }
        }
    }

    #[test]
    fn who_walks_says_nothing_of_noise_and_a_gap_begins_it_anew() {
        let mut noise = VelocityNoise::default();
        let people =
            |second: f64, mps: f64| (0..8).map(move |id| (TrackId(id), GroundPoint { x_m: mps * second, y_m: 0.0 }));
        for second in 0..30 {
            let second = f64::from(second);
            noise.step(Timestamp(0).plus_seconds(second), people(second, 1.0));
        }
        assert_eq!(noise.variance(), None);
        for second in 30..60 {
            let second = f64::from(second);
            noise.step(Timestamp(0).plus_seconds(second), people(second, 0.0));
        }
        assert_eq!(noise.variance(), Some(0.0));
        noise.step(Timestamp(0).plus_seconds(66.0), people(0.0, 0.0));
        assert_eq!(noise.variance(), None);
    }
}
