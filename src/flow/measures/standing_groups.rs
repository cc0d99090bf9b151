//! Groups of people who stand together.

use std::collections::BTreeMap;

use super::{GAP_S, GroundVelocity};
use crate::config::GroupsPlan;
use crate::model::{GroundPoint, Timestamp, TrackId};

/// People who stand together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StandingGroup {
    /// How many.
    pub people: usize,
    /// The mean of their places.
    pub centre: GroundPoint,
}

#[derive(Debug, Clone, Copy)]
struct Standing {
    since: Timestamp,
    /// Since when they have walked without a stop.
    walking_since: Option<Timestamp>,
    seen: Timestamp,
}

/// Who has stood for a while, and the groups they make: people who have been slow for long enough, joined by single
/// linkage wherever two are near enough to one another, so many or more ([`GroupsPlan`]). Our own choice of measure.
///
/// A step aside of up to 1 s doesn't end standing, nor does being out of sight for up to 5 s (the same track). A gap of
/// more than 5 s between frames begins it anew: nobody knows what was meanwhile. It remembers those seen in the last
/// 5 s.
#[derive(Debug, Clone, Default)]
pub struct StandingWatch {
    settings: GroupsPlan,
    tracks: BTreeMap<TrackId, Standing>,
    newest: Option<Timestamp>,
}

const STEP_ASIDE_S: f64 = 1.0;

impl StandingWatch {
    /// A watch over a zone with these limits.
    #[must_use]
    pub fn new(settings: GroupsPlan) -> Self {
        Self { settings, ..Self::default() }
    }

    /// The groups in this frame, the largest first, from everybody in the zone with their velocity where it is known.
    /// Where it isn't, somebody goes on as they were, and nobody begins to stand. Times must not go back.
    pub fn step(
        &mut self,
        at: Timestamp,
        people: &[(TrackId, GroundPoint, Option<GroundVelocity>)],
    ) -> Vec<StandingGroup> {
        if self.newest.is_some_and(|newest| at.seconds_since(newest) > GAP_S) {
            self.reset();
        }
        self.newest = Some(at);
        let mut standing = Vec::new();
        for &(track, point, velocity) in people {
            if self.has_stood(at, track, velocity) {
                standing.push(point);
            }
        }
        self.tracks.retain(|_, one| at.seconds_since(one.seen) <= GAP_S);
        joined(standing, self.settings.within_m, self.settings.least_people)
    }

    fn has_stood(&mut self, at: Timestamp, track: TrackId, velocity: Option<GroundVelocity>) -> bool {
        let stands = velocity.map(|velocity| velocity.speed_mps() < self.settings.slower_than_mps);
        let Some(one) = self.tracks.get_mut(&track) else {
            if stands == Some(true) {
                self.tracks.insert(track, Standing { since: at, walking_since: None, seen: at });
            }
            return false;
        };
        one.seen = at;
        match stands {
            Some(true) => one.walking_since = None,
            Some(false) => {
                let since = *one.walking_since.get_or_insert(at);
                if at.seconds_since(since) > STEP_ASIDE_S {
                    self.tracks.remove(&track);
                    return false;
                }
            }
            None => (),
        }
        at.seconds_since(one.since) >= self.settings.standing_for_s
    }

    /// Forgets who stood.
    pub fn reset(&mut self) {
        self.tracks.clear();
        self.newest = None;
    }
}

/// Single linkage: the groups of so many people or more, the largest first.
fn joined(mut points: Vec<GroundPoint>, within_m: f64, least_people: usize) -> Vec<StandingGroup> {
    points.sort_by(|a, b| a.x_m.total_cmp(&b.x_m).then(a.y_m.total_cmp(&b.y_m)));
    let mut parents: Vec<usize> = (0..points.len()).collect();
    for (index, a) in points.iter().enumerate() {
        // Sorted by x: those further on are too far.
        let close = points[index + 1..].iter().enumerate().take_while(|(_, b)| b.x_m - a.x_m <= within_m);
        for (after, b) in close {
            if a.distance_m(*b) <= within_m {
                let (one, other) = (root(&mut parents, index), root(&mut parents, index + 1 + after));
                parents[one.max(other)] = one.min(other);
            }
        }
    }
    let mut sums: BTreeMap<usize, (usize, f64, f64)> = BTreeMap::new();
    for (index, point) in points.iter().enumerate() {
        let sum = sums.entry(root(&mut parents, index)).or_default();
        *sum = (sum.0 + 1, sum.1 + point.x_m, sum.2 + point.y_m);
    }
    let mut groups: Vec<StandingGroup> = sums
        .into_values()
        .filter(|&(people, ..)| people >= least_people)
        .map(|(people, x, y)| {
            let centre = GroundPoint { x_m: x / people as f64, y_m: y / people as f64 };
            StandingGroup { people, centre }
        })
        .collect();
    // Stable: those of one size stay in the order of x.
    groups.sort_by_key(|group| std::cmp::Reverse(group.people));
    groups
}

fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(x_m: f64, y_m: f64) -> GroundPoint {
        GroundPoint { x_m, y_m }
    }

    const STILL: Option<GroundVelocity> = Some(GroundVelocity { x_mps: 0.05, y_mps: 0.0 });
    const WALKS: Option<GroundVelocity> = Some(GroundVelocity { x_mps: 1.0, y_mps: 0.0 });

    /// People of a row, a metre apart, seen at this time.
    fn step(watch: &mut StandingWatch, seconds: f64, velocities: &[Option<GroundVelocity>]) -> Vec<usize> {
        let people: Vec<_> = velocities
            .iter()
            .enumerate()
            .map(|(index, &velocity)| (TrackId(index as u64), at(index as f64, 0.0), velocity))
            .collect();
        watch.step(Timestamp(0).plus_seconds(seconds), &people).iter().map(|group| group.people).collect()
    }

    #[test]
    fn three_who_stand_for_ten_seconds_are_a_group() {
        for fps in [1.0, 10.0, 30.0] {
            let mut watch = StandingWatch::default();
            for frame in 0..=(15.0 * fps) as usize {
                let seconds = frame as f64 / fps;
                let found = step(&mut watch, seconds, &[STILL, STILL, STILL, WALKS, STILL]);
                assert_eq!(found, if seconds >= 10.0 { vec![3] } else { vec![] }, "{seconds}");
            }
        }
    }

    #[test]
    fn a_zone_may_have_its_own_limits() {
        let settings = GroupsPlan { slower_than_mps: 0.4, standing_for_s: 3.0, within_m: 0.9, least_people: 2 };
        let slow = Some(GroundVelocity { x_mps: 0.3, y_mps: 0.0 });
        let mut own = StandingWatch::new(settings);
        let mut wider = StandingWatch::new(GroupsPlan { within_m: 1.0, ..settings });
        for second in 0..=5 {
            let seconds = f64::from(second);
            let expected = if seconds >= 3.0 { vec![2] } else { Vec::new() };
            assert_eq!(step(&mut wider, seconds, &[slow, slow]), expected, "{seconds}");
            assert!(step(&mut own, seconds, &[slow, slow]).is_empty(), "a metre apart");
        }
    }

    #[test]
    fn a_step_aside_and_a_moment_out_of_sight_dont_end_it() {
        let mut watch = StandingWatch::default();
        (0..=110).for_each(|tenth| drop(step(&mut watch, f64::from(tenth) / 10.0, &[STILL; 3])));
        assert_eq!(step(&mut watch, 11.5, &[WALKS, None, STILL]), [3]);
        assert_eq!(step(&mut watch, 12.5, &[WALKS, STILL, STILL]), [3]);
        assert!(step(&mut watch, 12.6, &[WALKS, STILL, STILL]).is_empty(), "walks for more than a second");
        assert!(step(&mut watch, 13.0, &[]).is_empty());
        (0..=3).for_each(|i| drop(step(&mut watch, 14.0 + f64::from(i), &[])));
        assert!(step(&mut watch, 17.5, &[STILL; 2]).is_empty(), "two are no group");
        (0..=10).for_each(|i| drop(step(&mut watch, 18.0 + f64::from(i), &[])));
        assert!(watch.tracks.is_empty());
    }

    #[test]
    fn a_gap_begins_it_anew() {
        let mut watch = StandingWatch::default();
        (0..=12).for_each(|second| drop(step(&mut watch, f64::from(second), &[STILL; 4])));
        assert_eq!(step(&mut watch, 17.0, &[STILL; 4]), [4]);
        assert!(step(&mut watch, 22.1, &[STILL; 4]).is_empty());
    }

    #[test]
    fn chains_are_one_group_and_two_are_sorted_by_size() {
        let points = vec![at(0.0, 0.0), at(9.0, 9.0), at(1.5, 0.0), at(9.0, 8.0), at(9.5, 8.0), at(8.5, 8.0)];
        let groups = joined(points.clone(), 1.5, 2);
        let group = |people, x_m, y_m| StandingGroup { people, centre: at(x_m, y_m) };
        assert_eq!(groups, [group(4, 9.0, 8.25), group(2, 0.75, 0.0)]);
        assert_eq!(joined(points, 1.5, 3).len(), 1);
    }

    proptest! {
        #[test]
        fn groups_are_the_connected_ones(points in prop::collection::vec((0.0..12.0, 0.0..12.0), 0..40)) {
            let points: Vec<GroundPoint> = points.into_iter().map(|(x, y)| at(x, y)).collect();
            let mut left: Vec<GroundPoint> = points.clone();
            let mut sizes = Vec::new();
            while let Some(first) = left.pop() {
                let (mut group, mut done) = (vec![first], 0);
                while done < group.len() {
                    let (near, far) = left.into_iter().partition(|point| point.distance_m(group[done]) <= 1.5);
                    group.extend::<Vec<GroundPoint>>(near);
                    (left, done) = (far, done + 1);
                }
                sizes.push(group.len());
            }
            sizes.retain(|&size| size >= 3);
            sizes.sort_by_key(|&size| std::cmp::Reverse(size));
            let found: Vec<usize> = joined(points, 1.5, 3).iter().map(|group| group.people).collect();
            prop_assert_eq!(found, sizes);
        }
    }
}
