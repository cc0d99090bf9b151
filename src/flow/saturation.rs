//! Whether a zone's count of people is a lower bound.
//!
//! A box detector misses people who stand behind others, who are too small, or who are too many; how many it misses can't
//! be seen, that it misses some can. Four signs are watched, each with a value from which the count is a lower bound and a
//! lower one below which it may be taken as it is again, once it has stayed there for [`CALM_S`]:
//!
//! - the detector gave about as many boxes as it can;
//! - **density**: from 2 people per m² on a count by boxes is a lower bound, whatever the boxes look like;
//! - **overlap**: the share of people seen whose box shares at least [`OVERLAP_LEAST`] of the smaller box with somebody
//!   else's, in front or behind. A detector keeps no box that is mostly covered, so the hidden don't show; but where many
//!   of those who are seen overlap a little, some overlap a lot. In the MOT17 sequences (public detections against truth)
//!   it is above a half over the whole picture, which lacks 40 to 60 % of its people; on a loose campus walkway a fifth;
//! - **size**: the share of people whose box is less high in the network's input than the detector resolves.
//!
//! Shares are over the last seconds, not of one frame: two friends who pass through an empty zone side by side are both
//! seen. And a zone with few people borrows from the whole picture ([`PRIOR_PEOPLE`]): what hides people there hides them
//! here, and one pair is little evidence ([`OVERLAPPING_LEAST`]).

use crate::model::{PixelBox, SaturationReason, Timestamp};

/// How far back people are remembered, in seconds: their weight falls by a factor of e in this time. The few people of a
/// loose scene change within it, so that one knot of friends is not taken for how people stand here.
const MEMORY_S: f64 = 10.0;
/// A sign has to stay below its lower value for this long before the count is taken as it is again, in seconds.
pub const CALM_S: f64 = 5.0;
/// Least share of the smaller box that two boxes must have in common to overlap: less is a box drawn loosely.
pub const OVERLAP_LEAST: f64 = 0.05;
/// A zone's share of overlapping people is taken as if so many more people with the picture's share were in it.
pub const PRIOR_PEOPLE: f64 = 4.0;
/// So many people must overlap in the whole picture: a pair that walks arm in arm is no crowd, however alone it is.
pub const OVERLAPPING_LEAST: f64 = 2.5;
/// Shares of fewer people than this say nothing.
const PEOPLE_LEAST: f64 = 0.5;
/// The first frame stands for this long, in seconds.
const FIRST_S: f64 = 0.5;

/// Values from 0.35 to 0.4 were tried and differ little, on crowded scenes and on a loose one.
const OVERLAP: Band = Band { from: 0.40, until: 0.30 };
/// People far down in a zone are small in it, and some of those who are there are seen: a quarter is more than chance.
const SMALL: Band = Band { from: 0.25, until: 0.15 };
/// In people per m².
const DENSE: Band = Band { from: 2.0, until: 1.7 };
const LIMIT: Band = Band { from: 1.0, until: 1.0 };

/// From which value a sign holds, and until which it goes on.
#[derive(Debug, Clone, Copy)]
struct Band {
    from: f64,
    until: f64,
}

/// A sign with hysteresis.
#[derive(Debug, Clone, Copy, Default)]
struct Latch {
    holds: bool,
    calm_since: Option<Timestamp>,
}

impl Latch {
    fn step(&mut self, at: Timestamp, value: f64, band: Band) -> bool {
        if value >= band.from {
            self.holds = true;
        }
        if !self.holds || value >= band.until {
            self.calm_since = None;
        } else if at.seconds_since(*self.calm_since.get_or_insert(at)) >= CALM_S {
            *self = Self::default();
        }
        self.holds
    }
}

/// People of one place in one frame, or on average over the last seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CrowdSample {
    /// How many were counted.
    pub people: f64,
    /// Those of them whose box overlaps somebody else's.
    pub overlapping: f64,
    /// Those of them who are smaller than the detector resolves.
    pub small: f64,
    /// Sum of the heights of their boxes, in the camera's pixels.
    pub heights_px: f64,
}

impl CrowdSample {
    /// Adds a counted person.
    pub fn add(&mut self, bbox: &PixelBox, overlaps: bool, is_small: bool) {
        self.people += 1.0;
        self.overlapping += f64::from(u8::from(overlaps));
        self.small += f64::from(u8::from(is_small));
        self.heights_px += bbox.height();
    }
}

/// What the last seconds showed of one place, on average.
#[derive(Debug, Clone, Copy, Default)]
pub struct CrowdMemory {
    /// Weighted sums, and the sum of the weights.
    sums: CrowdSample,
    weights: f64,
    newest: Option<Timestamp>,
}

impl CrowdMemory {
    /// Takes in a frame.
    pub fn step(&mut self, at: Timestamp, sample: CrowdSample) {
        let elapsed_s = self.newest.map_or(FIRST_S, |newest| at.seconds_since(newest).max(0.0));
        self.newest = Some(at);
        let weight = 1.0 - (-elapsed_s / MEMORY_S).exp();
        let move_to = |sum: &mut f64, value: f64| *sum += weight * (value - *sum);
        move_to(&mut self.sums.people, sample.people);
        move_to(&mut self.sums.overlapping, sample.overlapping);
        move_to(&mut self.sums.small, sample.small);
        move_to(&mut self.sums.heights_px, sample.heights_px);
        move_to(&mut self.weights, 1.0);
    }

    /// Of what was seen so far; nothing before the first frame.
    fn mean(&self, sum: f64) -> f64 {
        if self.weights > 0.0 { sum / self.weights } else { 0.0 }
    }

    /// Mean height of a counted person's box, in the camera's pixels.
    #[must_use]
    pub fn height_px(&self) -> Option<f64> {
        (self.sums.people > 0.0).then(|| self.sums.heights_px / self.sums.people)
    }

    /// Share of people who overlap others, with `picture` standing in for people who aren't there; 0 where so few overlap
    /// that it says nothing.
    fn overlap(&self, picture: &Self) -> f64 {
        if picture.mean(picture.sums.overlapping) < OVERLAPPING_LEAST || !self.is_enough() {
            return 0.0;
        }
        let prior = picture.sums.overlapping / picture.sums.people;
        (self.mean(self.sums.overlapping) + PRIOR_PEOPLE * prior) / (self.mean(self.sums.people) + PRIOR_PEOPLE)
    }

    /// Share of people who are too small; 0 where so few are there that it says nothing.
    fn small(&self) -> f64 {
        if self.is_enough() { self.sums.small / self.sums.people } else { 0.0 }
    }

    fn is_enough(&self) -> bool {
        self.mean(self.sums.people) >= PEOPLE_LEAST
    }
}

/// Watches one zone.
#[derive(Debug, Clone, Default)]
pub struct SaturationWatch {
    memory: CrowdMemory,
    limit: Latch,
    dense: Latch,
    overlap: Latch,
    small: Latch,
}

impl SaturationWatch {
    /// Takes in a frame: the zone's people, what the whole picture showed up to and with this frame, the zone's density in
    /// people per m² where it is known, and whether the detector gave as many boxes as it can. Says why the count is a
    /// lower bound, where it is: the most telling reason of those that hold.
    pub fn step(
        &mut self,
        at: Timestamp,
        zone: CrowdSample,
        picture: &CrowdMemory,
        density_per_m2: Option<f64>,
        at_limit: bool,
    ) -> Option<SaturationReason> {
        self.memory.step(at, zone);
        let (overlap, small) = (self.memory.overlap(picture), self.memory.small());
        let reasons = [
            (self.limit.step(at, f64::from(u8::from(at_limit)), LIMIT), SaturationReason::DetectorLimit),
            (self.dense.step(at, density_per_m2.unwrap_or(0.0), DENSE), SaturationReason::Dense),
            (self.overlap.step(at, overlap, OVERLAP), SaturationReason::Overlap),
            (self.small.step(at, small, SMALL), SaturationReason::SmallPeople),
        ];
        reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason))
    }

    /// What the last seconds showed of the zone.
    #[must_use]
    pub fn memory(&self) -> &CrowdMemory {
        &self.memory
    }
}

/// For each box, whether it overlaps another: has a twentieth of the smaller box or more in common with it.
#[must_use]
pub fn overlapping(boxes: &[PixelBox]) -> Vec<bool> {
    let mut by_left: Vec<usize> = (0..boxes.len()).collect();
    by_left.sort_unstable_by(|&a, &b| boxes[a].left.total_cmp(&boxes[b].left));
    let mut overlaps = vec![false; boxes.len()];
    for (rank, &first) in by_left.iter().enumerate() {
        for &second in by_left[rank + 1..].iter().take_while(|&&second| boxes[second].left < boxes[first].right) {
            let (a, b) = (&boxes[first], &boxes[second]);
            let shared_px2 = a.intersection(b);
            if shared_px2 > 0.0 && shared_px2 >= OVERLAP_LEAST * a.area().min(b.area()) {
                (overlaps[first], overlaps[second]) = (true, true);
            }
        }
    }
    overlaps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(people: f64, overlapping: f64, small: f64) -> CrowdSample {
        CrowdSample { people, overlapping, small, heights_px: people * 80.0 }
    }

    /// The zone is the whole picture, seven frames a second; each step is a number of seconds and what is seen in them.
    fn reasons(watch: &mut SaturationWatch, steps: &[(f64, CrowdSample)]) -> Vec<Option<SaturationReason>> {
        let mut picture = CrowdMemory::default();
        let mut seconds = 0.0;
        let mut reasons = Vec::new();
        for &(length_s, sample) in steps {
            let end = seconds + length_s;
            let mut reason = None;
            while seconds < end {
                let at = Timestamp(0).plus_seconds(seconds);
                picture.step(at, sample);
                reason = watch.step(at, sample, &picture, None, false);
                seconds += 1.0 / 7.0;
            }
            reasons.push(reason);
        }
        reasons
    }

    #[test]
    fn a_crowd_that_overlaps_is_a_lower_bound_at_once_and_until_it_has_been_loose_for_a_while() {
        use SaturationReason::Overlap;
        let steps = [
            (1.0, sample(30.0, 18.0, 0.0)),
            // The memory has to fall below the lower value first, and then five seconds pass.
            (5.0, sample(30.0, 3.0, 0.0)),
            (30.0, sample(30.0, 3.0, 0.0)),
            // Between the two values nothing changes, from below…
            (60.0, sample(30.0, 9.0, 0.0)),
            (30.0, sample(30.0, 15.0, 0.0)),
            // … nor from above.
            (60.0, sample(30.0, 9.0, 0.0)),
        ];
        let expected = [Some(Overlap), Some(Overlap), None, None, Some(Overlap), Some(Overlap)];
        assert_eq!(reasons(&mut SaturationWatch::default(), &steps), expected);
    }

    #[test]
    fn two_friends_who_pass_are_two() {
        let steps = [(20.0, sample(0.0, 0.0, 0.0)), (60.0, sample(2.0, 2.0, 0.0)), (20.0, sample(0.0, 0.0, 0.0))];
        assert_eq!(reasons(&mut SaturationWatch::default(), &steps), [None; 3]);
    }

    #[test]
    fn few_people_are_judged_by_the_picture_around_them() {
        let judge = |picture_overlaps: f64| {
            let (mut picture, mut watch) = (CrowdMemory::default(), SaturationWatch::default());
            let at = |second: i32| Timestamp(0).plus_seconds(f64::from(second));
            let steps = (0..60).map(|second| {
                picture.step(at(second), sample(30.0, picture_overlaps, 0.0));
                watch.step(at(second), sample(2.0, 0.8, 0.0), &picture, None, false)
            });
            steps.last().flatten()
        };
        assert_eq!(judge(20.0), Some(SaturationReason::Overlap));
        assert_eq!(judge(3.0), None);
    }

    #[test]
    fn small_people_density_and_the_limit_have_their_reasons() {
        let mut watch = SaturationWatch::default();
        let steps = [(10.0, sample(4.0, 0.0, 2.0)), (60.0, sample(4.0, 0.0, 0.0))];
        assert_eq!(reasons(&mut watch, &steps), [Some(SaturationReason::SmallPeople), None]);

        let mut watch = SaturationWatch::default();
        let mut step = |second: f64, density_per_m2: f64, at_limit| {
            let at = Timestamp(0).plus_seconds(second);
            watch.step(at, sample(9.0, 0.0, 0.0), &CrowdMemory::default(), Some(density_per_m2), at_limit)
        };
        assert_eq!(step(0.0, 1.99, false), None);
        assert_eq!(step(1.0, 2.0, false), Some(SaturationReason::Dense));
        assert_eq!(step(2.0, 2.0, true), Some(SaturationReason::DetectorLimit));
        assert_eq!(step(3.0, 1.6, false), Some(SaturationReason::DetectorLimit));
        assert_eq!(step(7.9, 1.8, false), Some(SaturationReason::DetectorLimit));
        assert_eq!(step(8.0, 1.6, false), Some(SaturationReason::Dense));
        assert_eq!(step(13.0, 1.6, false), None);
    }

    #[test]
    fn boxes_that_only_touch_do_not_overlap() {
        let at = |left: f64| PixelBox { left, top: 0.0, right: left + 20.0, bottom: 50.0 };
        assert_eq!(overlapping(&[at(0.0), at(19.5), at(100.0)]), [false; 3]);
        assert_eq!(overlapping(&[at(100.0), at(0.0), at(18.0)]), [false, true, true]);
        assert_eq!(overlapping(&[]), Vec::<bool>::new());
    }

    proptest! {
        #[test]
        fn overlaps_are_those_of_any_pair(
            boxes in prop::collection::vec((0.0..100.0, 0.0..100.0, 0.0..40.0, 0.0..40.0), 0..30),
        ) {
            let boxes: Vec<PixelBox> = boxes
                .into_iter()
                .map(|(left, top, width, height)| PixelBox { left, top, right: left + width, bottom: top + height })
                .collect();
            let any = |a: usize| {
                (0..boxes.len()).any(|b| {
                    let shared = boxes[a].intersection(&boxes[b]);
                    b != a && shared > 0.0 && shared >= OVERLAP_LEAST * boxes[a].area().min(boxes[b].area())
                })
            };
            prop_assert_eq!(overlapping(&boxes), (0..boxes.len()).map(any).collect::<Vec<_>>());
        }

        /// Whatever comes, the reason doesn't change to none within the calm time of having been seen to hold.
        #[test]
        fn it_does_not_flicker(frames in prop::collection::vec((0u8..40, 0u8..40, 0u8..40), 2..120)) {
            let (mut picture, mut watch) = (CrowdMemory::default(), SaturationWatch::default());
            let (mut was, mut changes): (bool, Vec<f64>) = (false, Vec::new());
            for (i, (people, overlapping, small)) in frames.into_iter().enumerate() {
                let seconds = i as f64 / 5.0;
                let at = Timestamp(0).plus_seconds(seconds);
                let of = |part: u8| f64::from(part.min(people));
                let sample = sample(f64::from(people), of(overlapping), of(small));
                picture.step(at, sample);
                let is = watch.step(at, sample, &picture, None, false).is_some();
                if is != was {
                    changes.push(seconds);
                    was = is;
                }
            }
            // On, off, on, …: each time it is on it stays so for the calm time.
            for pair in changes.chunks(2) {
                if let [on, off] = pair {
                    prop_assert!(off - on >= CALM_S - 1e-9, "{changes:?}");
                }
            }
        }
    }
}
