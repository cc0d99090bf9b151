//! Which frames are analysed when fewer are wanted than come.

/// A fixed grid of times: of the frames between two grid points the first is taken. The grid starts at the first
/// frame and never moves with the frames that were taken, so that the rate neither drifts nor bunches.
#[derive(Debug, Clone)]
pub struct TimeGrid {
    rate_fps: f64,
    origin_s: Option<f64>,
    last_slot: f64,
}

/// Frame times are whole microseconds: a frame this little before a grid point is on it.
const ROUNDING_S: f64 = 2e-6;

impl TimeGrid {
    /// A grid of `rate_fps` points a second (above 0).
    #[must_use]
    pub fn new(rate_fps: f64) -> Self {
        Self { rate_fps, origin_s: None, last_slot: 0.0 }
    }

    /// Whether the frame of time `at_s` (in seconds from any fixed origin, never decreasing) is to be analysed.
    ///
    /// `jitter_s` lets a frame be taken that comes early for its grid point: half the interval between frames on a
    /// live camera whose frames are not evenly spaced, 0 for a file. At most half the grid's own interval is used.
    pub fn is_due(&mut self, at_s: f64, jitter_s: f64) -> bool {
        let Some(origin_s) = self.origin_s else {
            self.origin_s = Some(at_s);
            self.last_slot = 0.0;
            return true;
        };
        let early_s = jitter_s.clamp(0.0, 0.5 / self.rate_fps) + ROUNDING_S;
        let slot = ((at_s - origin_s + early_s) * self.rate_fps).floor();
        let due = slot > self.last_slot;
        if due {
            self.last_slot = slot;
        }
        due
    }

    /// The next frame starts a new grid: after a reconnect or at a loop.
    pub fn restart(&mut self) {
        self.origin_s = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_a_second_thinned_to_two_is_exactly_the_grid() {
        let mut grid = TimeGrid::new(2.0);
        let taken: Vec<u32> = (0..700).filter(|k| grid.is_due(1e9 + f64::from(*k) / 7.0, 0.0)).collect();
        let expected: Vec<u32> = (0..200).map(|slot| (slot * 7_u32).div_ceil(2)).collect();
        assert_eq!(taken, expected);
        assert_eq!(taken[..5], [0, 4, 7, 11, 14]);
    }

    #[test]
    fn a_grid_finer_than_the_frames_takes_every_frame() {
        for rate_fps in [7.0, 10.0, 25.0] {
            let mut grid = TimeGrid::new(rate_fps);
            assert!((0..500).all(|k| grid.is_due(f64::from(k) / 7.0, 0.0)), "{rate_fps}");
        }
    }

    #[test]
    fn jittered_frames_at_the_grids_own_rate_are_all_taken() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut grid = TimeGrid::new(2.0);
        let taken = (0..1000).filter(|k| grid.is_due(f64::from(*k) * 0.5 + (random.f64() - 0.5) * 0.2, 0.25)).count();
        assert!(taken >= 990, "{taken}");
    }

    #[test]
    fn after_a_pause_one_frame_is_taken_and_not_all_that_were_missed() {
        let mut grid = TimeGrid::new(2.0);
        let times_s = [0.0, 10.1, 10.2, 10.3, 10.4, 10.6];
        let taken: Vec<f64> = times_s.into_iter().filter(|at_s| grid.is_due(*at_s, 0.0)).collect();
        assert_eq!(taken, [0.0, 10.1, 10.6]);
    }
}
