//! How fast people walk: displacement over a window of seconds, never over a number of frames.

use std::collections::VecDeque;

use super::Sample;
use crate::geometry::GroundArea;
use crate::model::GroundPoint;

/// Slower than this somebody stands, in m/s: swaying and the scatter of a foot point stay below it. Our own choice.
const STANDING_BELOW_MPS: f64 = 0.2;

/// A velocity on the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroundVelocity {
    /// Along x, in m/s.
    pub x_mps: f64,
    /// Along y, in m/s.
    pub y_mps: f64,
}

impl GroundVelocity {
    /// Its size in m/s.
    #[must_use]
    pub fn speed_mps(self) -> f64 {
        self.x_mps.hypot(self.y_mps)
    }

    /// Its direction of length 1; `None` where the person stands (below 0.2 m/s), as noise has no direction.
    #[must_use]
    pub fn heading(self) -> Option<(f64, f64)> {
        let speed_mps = self.speed_mps();
        (speed_mps >= STANDING_BELOW_MPS).then(|| (self.x_mps / speed_mps, self.y_mps / speed_mps))
    }

    fn between(from: Sample, to: Sample) -> Option<Self> {
        let seconds = to.at.seconds_since(from.at);
        (seconds > 0.0).then(|| Self {
            x_mps: (to.point.x_m - from.point.x_m) / seconds,
            y_mps: (to.point.y_m - from.point.y_m) / seconds,
        })
    }
}

/// The velocity at every sample from the displacement between `half_window_s` before and after it. Where the way does
/// not reach that far to one side, the window is its other half; where it reaches to neither, there is no velocity.
/// This is PedPy's `compute_individual_speed` with single-sided borders and a `frame_step` of `half_window_s` times the
/// frame rate; where samples are missing, the nearest ones stand in (PedPy counts samples, not time).
#[must_use]
pub fn centred_velocities(samples: &[Sample], half_window_s: f64) -> Vec<Option<GroundVelocity>> {
    let (Some(&first), Some(&last)) = (samples.first(), samples.last()) else { return Vec::new() };
    // Frame times are rounded to microseconds.
    let enough_s = half_window_s - 1e-5;
    let velocity = |sample: &Sample| {
        let back_s = if sample.at.seconds_since(first.at) >= enough_s { half_window_s } else { 0.0 };
        let forth_s = if last.at.seconds_since(sample.at) >= enough_s { half_window_s } else { 0.0 };
        let from = nearest(samples, sample.at.plus_seconds(-back_s).0)?;
        let to = nearest(samples, sample.at.plus_seconds(forth_s).0)?;
        GroundVelocity::between(from, to)
    };
    samples.iter().map(velocity).collect()
}

/// The sample nearest to this time in microseconds, the earlier one of two.
fn nearest(samples: &[Sample], at_us: i64) -> Option<Sample> {
    let after = samples.partition_point(|sample| sample.at.0 < at_us);
    let candidates = samples.get(after.saturating_sub(1)..)?.iter().take(2);
    candidates.min_by_key(|sample| sample.at.0.abs_diff(at_us)).copied()
}

/// A track's velocity live: the displacement over the last seconds, as the future is not known. It lags behind the
/// centred one by half the window.
#[derive(Debug, Clone)]
pub struct SpeedWindow {
    window_s: f64,
    samples: VecDeque<Sample>,
}

impl SpeedWindow {
    /// A window of this many seconds.
    #[must_use]
    pub fn new(window_s: f64) -> Self {
        Self { window_s, samples: VecDeque::new() }
    }

    /// Takes in where the track is; samples must come in the order of time.
    pub fn push(&mut self, sample: Sample) {
        self.samples.push_back(sample);
        // The oldest one kept is the last at or before the window's beginning, so that the window is full.
        while self.samples.get(1).is_some_and(|second| sample.at.seconds_since(second.at) >= self.window_s) {
            self.samples.pop_front();
        }
    }

    /// The velocity over the window; `None` until samples reach over half of it.
    #[must_use]
    pub fn velocity(&self) -> Option<GroundVelocity> {
        let (&first, &last) = (self.samples.front()?, self.samples.back()?);
        let is_long_enough = last.at.seconds_since(first.at) >= self.window_s / 2.0;
        if is_long_enough { GroundVelocity::between(first, last) } else { None }
    }
}

/// Mean speed in m/s of the people inside the zone whose velocity is known; `None` where there is nobody (PedPy's
/// `compute_mean_speed_per_frame` says 0 there, which would be people who stand).
#[must_use]
pub fn mean_speed_mps(people: &[(GroundPoint, Option<GroundVelocity>)], zone: &GroundArea) -> Option<f64> {
    let inside = people.iter().filter(|(point, _)| zone.contains(*point));
    mean(inside.filter_map(|(_, velocity)| velocity.map(GroundVelocity::speed_mps)))
}

/// Mean speed in m/s of these people; `None` where there is nobody.
#[must_use]
pub fn mean_speed_of_mps(velocities: &[GroundVelocity]) -> Option<f64> {
    mean(velocities.iter().map(|velocity| velocity.speed_mps()))
}

/// Share, 0 to 1, of these people who are slower than 0.2 m/s; `None` where there is nobody.
#[must_use]
pub fn standing_share(velocities: &[GroundVelocity]) -> Option<f64> {
    mean(velocities.iter().map(|velocity| if velocity.heading().is_none() { 1.0 } else { 0.0 }))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    /// 1 m/s along x for two seconds, then standing, ten samples a second.
    fn walk() -> Vec<Sample> {
        (0..=40)
            .map(|i| Sample {
                at: Timestamp(i * 100_000),
                point: GroundPoint { x_m: (i as f64 / 10.0).min(2.0), y_m: 0.0 },
            })
            .collect()
    }

    #[test]
    fn the_centred_window_is_halved_at_the_ends() {
        let speeds = |samples: &[Sample]| -> Vec<_> {
            let velocities = centred_velocities(samples, 0.4);
            velocities.into_iter().map(|velocity| velocity.map(GroundVelocity::speed_mps)).collect()
        };
        let whole = speeds(&walk());
        for (index, expected) in [(0, 1.0), (3, 1.0), (20, 0.5), (22, 0.25), (30, 0.0), (40, 0.0)] {
            assert!((whole[index].unwrap() - expected).abs() < 1e-9, "{index}: {whole:?}");
        }
        assert_eq!(speeds(&walk()[..4]), [None; 4], "shorter than half a window");
        assert!(speeds(&[]).is_empty());
    }

    #[test]
    fn the_live_window_waits_for_half_of_itself_and_lags_by_half() {
        let mut window = SpeedWindow::new(0.8);
        let speeds: Vec<_> = walk()
            .into_iter()
            .map(|sample| {
                window.push(sample);
                window.velocity().map(GroundVelocity::speed_mps)
            })
            .collect();
        assert_eq!((speeds[3], speeds[4].is_some()), (None, true));
        assert!((speeds[24].unwrap() - 0.5).abs() < 1e-9);
        assert!(speeds[28].unwrap() < 1e-9 && window.samples.len() <= 10);
    }

    #[test]
    fn standing_is_slower_than_a_fifth_of_a_metre_a_second() {
        let velocity = |x_mps| GroundVelocity { x_mps, y_mps: 0.0 };
        assert_eq!(standing_share(&[]), None);
        assert_eq!(standing_share(&[velocity(0.1), velocity(-0.3), velocity(1.0), velocity(0.0)]), Some(0.5));
        assert_eq!(velocity(-2.0).heading(), Some((-1.0, 0.0)));
    }
}
