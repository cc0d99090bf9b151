//! Whether a crowd scatters.

use super::{GAP_S, GroundVelocity};
use crate::config::DispersalPlan;
use crate::model::{GroundPoint, Timestamp};

/// How often each mean speed was, in bins; weights are seconds, so that it is the same at every frame rate.
#[derive(Debug, Clone)]
struct SpeedHistory {
    seconds: [f64; BINS],
    total_s: f64,
}

/// Up to 6 m/s, faster than crowds run; what is faster lies in the last bin.
const BINS: usize = 300;
const BIN_MPS: f64 = 0.02;
/// When so much is in the history all of it is halved: it follows the site over days.
const HALVED_AT_S: f64 = 48.0 * 3600.0;

impl SpeedHistory {
    fn push(&mut self, speed_mps: f64, seconds: f64) {
        self.seconds[((speed_mps / BIN_MPS) as usize).min(BINS - 1)] += seconds;
        self.total_s += seconds;
        if self.total_s > HALVED_AT_S {
            self.seconds.iter_mut().for_each(|weight| *weight /= 2.0);
            self.total_s /= 2.0;
        }
    }

    /// The upper end of the bin it lies in.
    fn quantile_mps(&self, share: f64) -> f64 {
        let mut below_s = 0.0;
        for (bin, seconds) in self.seconds.iter().enumerate() {
            below_s += seconds;
            if below_s >= share * self.total_s {
                return (bin + 1) as f64 * BIN_MPS;
            }
        }
        BINS as f64 * BIN_MPS
    }
}

/// Says *dispersal* when people in a zone suddenly run apart: their mean speed is above a high percentile of what this
/// zone's was (the 99th, see [`DispersalPlan`] for it and all other limits), and those who walk go away from the middle of
/// all (mean cosine between their heading and the direction from the centroid to them above 0.5, five walkers or more),
/// for 2 s. It is over when it has not been so for 5 s. Our own choice, after the field's "speed above the site's 99th percentile and directions radially outwards".
///
/// The percentile is of moments with as many people, as one runner says nothing about crowds; until there are 10 minutes
/// of them there is no dispersal to be told. It is a histogram of 0.02 m/s bins weighted by time (so its memory is
/// fixed, and an outlier is one of many) whose weights are halved whenever it holds two days. Moments in which people
/// scatter don't enter it. A gap of more than 5 s, and [`Self::reset`], begin the hold anew and keep the history, which
/// is the site's: a camera that is turned elsewhere needs a new watch.
#[derive(Debug, Clone)]
pub struct DispersalWatch {
    settings: DispersalPlan,
    history: SpeedHistory,
    newest: Option<Timestamp>,
    since: Option<Timestamp>,
    last: Option<Timestamp>,
    is_on: bool,
}

const OUTWARDS_ABOVE: f64 = 0.5;
/// Who is so near to the centroid has no direction from it.
const NO_DIRECTION_WITHIN_M: f64 = 0.1;

impl Default for DispersalWatch {
    /// A watch that knows nothing of its site.
    fn default() -> Self {
        Self::new(DispersalPlan::default())
    }
}

impl DispersalWatch {
    /// A watch with these limits that knows nothing of its site.
    #[must_use]
    pub fn new(settings: DispersalPlan) -> Self {
        let history = SpeedHistory { seconds: [0.0; BINS], total_s: 0.0 };
        Self { settings, history, newest: None, since: None, last: None, is_on: false }
    }

    /// Whether the people in the zone scatter as of now; those whose velocity isn't known yet are left out by the
    /// caller. Times must not go back.
    pub fn step(&mut self, at: Timestamp, people: &[(GroundPoint, GroundVelocity)]) -> bool {
        let step_s = self.newest.map_or(0.0, |newest| at.seconds_since(newest));
        if step_s > GAP_S {
            self.reset();
        }
        self.newest = Some(at);
        let is_fast_and_outwards = self.looks_like_it(people, if step_s > GAP_S { 0.0 } else { step_s });
        if is_fast_and_outwards {
            self.last = Some(at);
            let since = *self.since.get_or_insert(at);
            self.is_on |= at.seconds_since(since) >= self.settings.hold_s;
        } else {
            self.since = None;
            self.is_on &= self.last.is_some_and(|last| at.seconds_since(last) < self.settings.clear_s);
        }
        self.is_on
    }

    /// Takes the moment of so many seconds into the history where it doesn't.
    fn looks_like_it(&mut self, people: &[(GroundPoint, GroundVelocity)], seconds: f64) -> bool {
        if people.len() < self.settings.least_people {
            return false;
        }
        let speed_mps = people.iter().map(|(_, velocity)| velocity.speed_mps()).sum::<f64>() / people.len() as f64;
        let is_outwards = outwards(people, self.settings.least_people).is_some_and(|cosine| cosine > OUTWARDS_ABOVE);
        let is_fast = self.fast_above_mps().is_some_and(|limit_mps| speed_mps > limit_mps);
        if !(is_fast && is_outwards) {
            self.history.push(speed_mps, seconds);
        }
        is_fast && is_outwards
    }

    /// The zone's own high percentile of mean speed in m/s, to 0.02; `None` until there is history enough.
    #[must_use]
    pub fn fast_above_mps(&self) -> Option<f64> {
        (self.history.total_s >= self.settings.learn_s).then(|| self.history.quantile_mps(self.settings.fast_share))
    }

    /// Begins the hold anew; what is known of the site is kept.
    pub fn reset(&mut self) {
        (self.newest, self.since, self.last, self.is_on) = (None, None, None, false);
    }
}

/// Mean cosine between the headings of those who walk and the direction from the centroid of all to them: 1 where all go
/// straight away from it, −1 where all come, near 0 where they go one way; `None` where fewer than so many walk.
fn outwards(people: &[(GroundPoint, GroundVelocity)], least_people: usize) -> Option<f64> {
    let count = people.len() as f64;
    let middle = GroundPoint {
        x_m: people.iter().map(|(point, _)| point.x_m).sum::<f64>() / count,
        y_m: people.iter().map(|(point, _)| point.y_m).sum::<f64>() / count,
    };
    let cosines = people.iter().filter_map(|(point, velocity)| {
        let ((x, y), away_m) = (velocity.heading()?, point.distance_m(middle));
        (away_m > NO_DIRECTION_WITHIN_M).then(|| (x * (point.x_m - middle.x_m) + y * (point.y_m - middle.y_m)) / away_m)
    });
    let (sum, walkers) = cosines.fold((0.0, 0usize), |(sum, walkers), cosine| (sum + cosine, walkers + 1));
    (walkers >= least_people).then(|| sum / walkers as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight people on a circle of 3 m who go at this speed: outwards, round and round (a quarter turn), or all to the
    /// right.
    fn circle(speed_mps: f64, turned: f64) -> Vec<(GroundPoint, GroundVelocity)> {
        (0..8)
            .map(|index| {
                let (sin, cos) = (std::f64::consts::TAU * f64::from(index) / 8.0).sin_cos();
                let (turn_sin, turn_cos) = (std::f64::consts::TAU * (f64::from(index) / 8.0 + turned)).sin_cos();
                let velocity = GroundVelocity { x_mps: speed_mps * turn_cos, y_mps: speed_mps * turn_sin };
                (GroundPoint { x_m: 20.0 + 3.0 * cos, y_m: 3.0 * sin }, velocity)
            })
            .collect()
    }

    /// Ten minutes in which people go round at 0.8 to 1.2 m/s.
    fn taught(fps: f64) -> DispersalWatch {
        let mut watch = DispersalWatch::default();
        for frame in 0..=(600.0 * fps) as usize {
            let speed_mps = 0.8 + 0.4 * (frame % 101) as f64 / 100.0;
            assert!(!watch.step(Timestamp(0).plus_seconds(frame as f64 / fps), &circle(speed_mps, 0.25)));
        }
        watch
    }

    #[test]
    fn outwards_is_1_inwards_is_minus_1_and_one_way_is_0() {
        let close = |people: &[(GroundPoint, GroundVelocity)], expected: f64| {
            assert!((outwards(people, 5).unwrap() - expected).abs() < 1e-9);
        };
        close(&circle(1.0, 0.0), 1.0);
        close(&circle(1.0, 0.5), -1.0);
        close(&circle(1.0, 0.25), 0.0);
        let mut one_way = circle(1.0, 0.0);
        one_way.iter_mut().for_each(|(_, velocity)| *velocity = GroundVelocity { x_mps: 1.0, y_mps: 0.0 });
        close(&one_way, 0.0);
        assert_eq!(outwards(&circle(0.1, 0.0), 5), None);
        assert_eq!(outwards(&circle(1.0, 0.0)[..4], 5), None);
    }

    #[test]
    fn fast_and_outwards_for_two_seconds_is_dispersal_at_every_frame_rate() {
        for fps in [1.0, 10.0, 30.0] {
            let mut watch = taught(fps);
            assert!((watch.fast_above_mps().unwrap() - 1.2).abs() < 0.021, "{:?}", watch.fast_above_mps());
            let mut on = Vec::new();
            for frame in 1..=(20.0 * fps) as usize {
                let seconds = 600.0 + frame as f64 / fps;
                let people = if seconds < 610.0 { circle(2.5, 0.0) } else { circle(1.0, 0.25) };
                if watch.step(Timestamp(0).plus_seconds(seconds), &people) {
                    on.push(seconds - 600.0);
                }
            }
            let (first, last) = (on[0], on[on.len() - 1]);
            assert!((2.0..=3.0).contains(&first) && (13.0..15.0).contains(&last), "{fps}: {first} {last}");
        }
    }

    #[test]
    fn fast_one_way_slow_outwards_and_few_people_are_none() {
        let after = |people: Vec<(GroundPoint, GroundVelocity)>| {
            let mut watch = taught(4.0);
            (1..40).any(|quarter| watch.step(Timestamp(0).plus_seconds(600.0 + f64::from(quarter) / 4.0), &people))
        };
        assert!(after(circle(2.5, 0.0)));
        assert!(!after(circle(2.5, 0.25)) && !after(circle(0.9, 0.0)) && !after(circle(2.5, 0.5)));
        assert!(!after(circle(2.5, 0.0)[..4].to_vec()));
    }

    #[test]
    fn it_needs_ten_minutes_and_a_gap_begins_the_hold_anew() {
        let mut watch = DispersalWatch::default();
        let at = |seconds: f64| Timestamp(0).plus_seconds(seconds);
        (0..599).for_each(|second| assert!(!watch.step(at(f64::from(second)), &circle(1.0, 0.25))));
        assert!(watch.fast_above_mps().is_none());
        // A gap is no history.
        watch.step(at(1000.0), &circle(1.0, 0.25));
        assert!(watch.fast_above_mps().is_none());
        (1001..1010).for_each(|second| assert!(!watch.step(at(f64::from(second)), &circle(1.0, 0.25))));
        assert!(watch.fast_above_mps().is_some());
        assert!(!watch.step(at(1010.0), &circle(3.0, 0.0)) && !watch.step(at(1011.0), &circle(3.0, 0.0)));
        assert!(!watch.step(at(1017.0), &circle(3.0, 0.0)) && watch.step(at(1019.0), &circle(3.0, 0.0)));
    }

    #[test]
    fn a_zone_may_have_its_own_limits() {
        let settings = DispersalPlan { least_people: 9, learn_s: 60.0, hold_s: 4.0, ..DispersalPlan::default() };
        let first = |settings: DispersalPlan| {
            let mut watch = DispersalWatch::new(settings);
            let at = |second: i32| Timestamp(0).plus_seconds(f64::from(second));
            (0..=70).for_each(|second| assert!(!watch.step(at(second), &circle(1.0, 0.25))));
            (71..90).find(|&second| watch.step(at(second), &circle(3.0, 0.0)))
        };
        assert_eq!(first(DispersalPlan { least_people: 8, ..settings }), Some(75));
        assert_eq!(first(settings), None, "eight are too few");
        assert_eq!(first(DispersalPlan { least_people: 8, learn_s: 600.0, ..settings }), None, "too little is known");
    }

    #[test]
    fn history_is_halved_and_stays_what_it_says() {
        let mut history = SpeedHistory { seconds: [0.0; BINS], total_s: 0.0 };
        (0..200_000).for_each(|second| history.push(f64::from(second % 100) / 100.0 + 0.005, 1.0));
        assert!(history.total_s <= HALVED_AT_S);
        assert!((history.quantile_mps(0.5) - 0.5).abs() < 0.021 && (history.quantile_mps(0.99) - 1.0).abs() < 0.021);
        history.push(99.0, HALVED_AT_S / 3.0);
        assert_eq!(history.quantile_mps(1.0), 6.0);
    }
}
