//! How fast a zone's occupancy rises.

use std::collections::VecDeque;

use super::GAP_S;
use crate::config::SurgePlan;
use crate::filter::median;
use crate::model::Timestamp;

/// How fast occupancy rises (or falls: below 0), in people a minute, over the last 60 s
/// (or the zone's own window): the Theil–Sen slope, the median
/// of the slopes between all pairs of moments (Sen 1968), of one moment a second.
///
/// Theil–Sen and not least squares, as what goes wrong with an occupancy goes wrong by jumps: a bus hides half the
/// zone for some seconds, a tracker begins anew. Up to 29 % of the moments may be wrong by any amount before the median
/// follows them, where one is enough for least squares. The price: a rise of less than one person in the window reads
/// as 0. Our own choice of measure.
///
/// Frames further apart than 5 s are a gap, and the window begins anew: after one the tracker confirms people afresh,
/// which is no surge.
#[derive(Debug, Clone, Default)]
pub struct SurgeWindow {
    settings: SurgePlan,
    moments: VecDeque<(Timestamp, f64)>,
    newest: Option<Timestamp>,
    per_min: Option<f64>,
    /// Memory for the work.
    slopes: Vec<f64>,
}

/// The slope is known once moments reach over so much of the window.
const LEAST_SHARE: f64 = 1.0 / 3.0;
const SPACING_S: f64 = 1.0;

impl SurgeWindow {
    /// A window as long as this.
    #[must_use]
    pub fn new(settings: SurgePlan) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Takes in the zone's occupancy; times must not go back. What comes within a second of the last moment is passed
    /// over.
    pub fn push(&mut self, at: Timestamp, occupancy: f64) {
        if self.newest.is_some_and(|newest| at.seconds_since(newest) > GAP_S) {
            self.reset();
        }
        self.newest = Some(at);
        if self.moments.back().is_some_and(|&(last, _)| at.seconds_since(last) < SPACING_S) {
            return;
        }
        self.moments.push_back((at, occupancy));
        while self.moments.front().is_some_and(|&(first, _)| at.seconds_since(first) > self.settings.window_s) {
            self.moments.pop_front();
        }
        self.per_min = self.slope().map(|per_s| per_s * 60.0);
    }

    fn slope(&mut self) -> Option<f64> {
        let (&(first, _), &(last, _)) = (self.moments.front()?, self.moments.back()?);
        if last.seconds_since(first) < self.settings.window_s * LEAST_SHARE {
            return None;
        }
        self.slopes.clear();
        for (index, &(from, before)) in self.moments.iter().enumerate() {
            let later = self.moments.iter().skip(index + 1);
            self.slopes.extend(later.map(|&(to, after)| (after - before) / to.seconds_since(from)));
        }
        median(&mut self.slopes)
    }

    /// People a minute as of now; `None` until moments reach over a third of the window.
    #[must_use]
    pub fn people_per_min(&self) -> Option<f64> {
        self.per_min
    }

    /// Forgets what was.
    pub fn reset(&mut self) {
        self.moments.clear();
        (self.newest, self.per_min) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pushed(fps: f64, seconds: f64, occupancy: impl Fn(f64) -> f64) -> SurgeWindow {
        let mut window = SurgeWindow::default();
        for frame in 0..=(seconds * fps) as usize {
            let time_s = frame as f64 / fps;
            window.push(Timestamp(0).plus_seconds(time_s), occupancy(time_s));
        }
        window
    }

    #[test]
    fn a_steady_rise_is_known_at_every_frame_rate_from_twenty_seconds_on() {
        for fps in [1.0, 7.0, 30.0] {
            // One person in two seconds.
            let rise = pushed(fps, 90.0, |time_s| (time_s / 2.0).floor()).people_per_min().unwrap();
            assert!((rise - 30.0).abs() < 1.0, "{fps}: {rise}");
            assert_eq!(pushed(fps, 90.0, |_| 40.0).people_per_min(), Some(0.0));
            assert!(pushed(fps, 90.0, |time_s| 200.0 - time_s).people_per_min().unwrap() < -59.0);
            assert_eq!(pushed(fps, 19.0, |time_s| time_s).people_per_min(), None);
            assert!(pushed(fps, 22.0, |time_s| time_s).people_per_min().is_some());
        }
    }

    #[test]
    fn a_zone_may_have_its_own_window() {
        let mut window = SurgeWindow::new(SurgePlan { window_s: 30.0 });
        // Nobody comes for a minute, then two a second.
        let mut known_from = None;
        for second in 0..=90u32 {
            window.push(Timestamp(0).plus_seconds(f64::from(second)), f64::from(second.saturating_sub(60)) * 2.0);
            known_from = known_from.or(window.people_per_min().map(|_| second));
        }
        assert_eq!(known_from, Some(10));
        assert!((window.people_per_min().unwrap() - 120.0).abs() < 1e-9, "what was before the window is over");
    }

    #[test]
    fn a_dip_is_no_surge() {
        let hidden = |time_s: f64| if (50.0..60.0).contains(&time_s) { 12.0 } else { 40.0 };
        assert_eq!(pushed(10.0, 65.0, hidden).people_per_min(), Some(0.0));
        assert_eq!(pushed(10.0, 55.0, hidden).people_per_min(), Some(0.0));
    }

    #[test]
    fn a_gap_begins_it_anew_and_memory_is_bounded() {
        let mut window = pushed(30.0, 200.0, |time_s| time_s);
        assert!(window.moments.len() <= 61);
        window.push(Timestamp(0).plus_seconds(204.0), 204.0);
        assert!((window.people_per_min().unwrap() - 60.0).abs() < 0.5);
        window.push(Timestamp(0).plus_seconds(210.0), 210.0);
        assert_eq!(window.people_per_min(), None);
    }

    proptest! {
        #[test]
        fn more_than_a_quarter_of_wrong_moments_moves_a_line_nowhere(
            slope in -2.0f64..2.0,
            wrong in prop::collection::vec((0usize..61, 0.0..500.0), 0..=17),
        ) {
            let window = pushed(1.0, 60.0, |time_s| {
                let jump = wrong.iter().find(|&&(second, _)| second == time_s as usize);
                jump.map_or(200.0 + slope * time_s, |&(_, occupancy)| occupancy)
            });
            prop_assert!((window.people_per_min().unwrap() - 60.0 * slope).abs() < 1e-6);
        }
    }
}
