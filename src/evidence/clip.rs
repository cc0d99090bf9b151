//! A clip in the making: what the ring held at the rise, and what comes until some seconds after it.

use super::ring::Shot;
use crate::model::Timestamp;

/// Pictures a second of a clip, as it is played.
pub(super) const FPS: f64 = 5.0;

/// The pictures around a rise. It ends by the time that it is told, so that a camera that dies ends it too.
#[derive(Debug)]
pub(super) struct Clip {
    from: Timestamp,
    rise: Timestamp,
    until: Timestamp,
    shots: Vec<Shot>,
}

impl Clip {
    /// The clip of this rise, with what is there of the seconds before it.
    pub fn new<'a>(rise: Timestamp, before_s: f64, after_s: f64, shots: impl IntoIterator<Item = &'a Shot>) -> Self {
        let (from, until) = (rise.plus_seconds(-before_s), rise.plus_seconds(after_s));
        let wanted = |shot: &&Shot| shot.at >= from && shot.at <= until;
        Self { from, rise, until, shots: shots.into_iter().filter(wanted).cloned().collect() }
    }

    /// Takes in a picture; one of another time is left out.
    pub fn add(&mut self, shot: &Shot) {
        let newest = self.shots.last().map_or(self.from, |newest| newest.at);
        if shot.at > newest && shot.at <= self.until {
            self.shots.push(shot.clone());
        }
    }

    /// Whether nothing can be added to it any more: its time is over, or the camera's clock was set back behind its begin.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until || now < self.from
    }

    /// When the alert rose.
    pub fn rise(&self) -> Timestamp {
        self.rise
    }

    /// Its pictures, in the order of time.
    pub fn into_shots(self) -> Vec<Shot> {
        self.shots
    }
}

/// Which picture is shown at each moment of a clip that plays as fast as it was: the newest at that time. In a gap the last
/// one stands still.
pub(super) fn played(times: &[Timestamp]) -> Vec<usize> {
    let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return Vec::new() };
    let moments = (last.seconds_since(first) * FPS).round().max(0.0) as usize;
    let mut shown = 0;
    let picture = |moment: usize| {
        // Half a moment early: frames come a little late or early, and none should be passed over for that.
        let at = first.plus_seconds((moment as f64 + 0.5) / FPS);
        while times.get(shown + 1).is_some_and(|&next| next < at) {
            shown += 1;
        }
        shown
    };
    (0..=moments).map(picture).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp(1_000_000_000).plus_seconds(seconds)
    }

    fn shot(seconds: f64) -> Shot {
        Shot { at: at(seconds), jpeg: Vec::new().into() }
    }

    fn times(clip: Clip) -> Vec<f64> {
        clip.into_shots().iter().map(|shot| shot.at.seconds_since(at(0.0))).collect()
    }

    #[test]
    fn it_is_what_was_seen_before_and_after_the_rise() {
        let ring: Vec<Shot> = [-3.0, -2.0, -1.0, 0.0].map(shot).to_vec();
        let mut clip = Clip::new(at(0.0), 2.0, 1.5, &ring);
        for seconds in [0.0, 0.5, 0.4, 1.0, 1.6] {
            clip.add(&shot(seconds));
        }
        assert!(!clip.is_over(at(1.4)) && clip.is_over(at(1.5)));
        assert_eq!(times(clip), [-2.0, -1.0, 0.0, 0.5, 1.0]);
    }

    #[test]
    fn a_dead_camera_and_a_clock_that_is_set_back_end_it() {
        let clip = Clip::new(at(0.0), 2.0, 5.0, &[]);
        assert!(!clip.is_over(at(-1.0)), "cameras differ a little");
        assert!(clip.is_over(at(-3600.0)) && clip.is_over(at(60.0)));
        assert_eq!(clip.rise(), at(0.0));
        assert_eq!(times(clip), [0.0; 0]);
    }

    #[test]
    fn it_plays_as_fast_as_it_was() {
        let seconds = |times: &[f64]| played(&times.iter().map(|&seconds| at(seconds)).collect::<Vec<_>>());
        assert_eq!(seconds(&[]), [0; 0]);
        assert_eq!(seconds(&[7.0]), [0]);
        assert_eq!(seconds(&[0.0, 0.21, 0.39, 0.6]), [0, 1, 2, 3]);
        assert_eq!(seconds(&[0.0, 1.0, 1.2]), [0, 0, 0, 0, 0, 1, 2]);
    }

    proptest! {
        #[test]
        fn it_begins_and_ends_with_its_pictures_and_is_as_long_as_they_took(gaps in prop::collection::vec(0.05..3.0_f64, 0..60)) {
            let mut now = 0.0;
            let mut times = vec![at(0.0)];
            for gap in gaps {
                now += gap;
                times.push(at(now));
            }
            let played = played(&times);
            prop_assert!(played.is_sorted());
            prop_assert!(times[played[0]].seconds_since(times[0]) <= 0.5 / FPS);
            let (last, end) = (*played.last().unwrap(), *times.last().unwrap());
            prop_assert!(end.seconds_since(times[last]) < 1.0 / FPS);
            prop_assert!((played.len() as f64 - 1.0 - now * FPS).abs() <= 0.5 + 1e-9);
        }
    }
}
