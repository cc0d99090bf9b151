//! Whether a group of standing people forms and grows.

use std::collections::VecDeque;

use super::{GAP_S, StandingGroup};
use crate::config::GatheringPlan;
use crate::model::Timestamp;

/// One group over time.
#[derive(Debug, Clone)]
struct Followed {
    newest: StandingGroup,
    seen: Timestamp,
    /// Sizes of the last while, one a second at most.
    sizes: VecDeque<(Timestamp, usize)>,
    /// Nothing was known of its place before it was first seen: so it may have been there, and hasn't grown from nobody.
    was_there: bool,
    first: Timestamp,
    grown_since: Option<Timestamp>,
    /// When it was last large and grown, for short losses of single people.
    grown_last: Timestamp,
    is_gathering: bool,
    small_since: Option<Timestamp>,
}

/// Says *gathering* of standing groups (see [`super::StandingWatch`]) that form and grow: FIELD's "a standing group forms
/// and grows" in figures of our own ([`GatheringPlan`]). A group that was there when the watch began is one only
/// once it grows; a queue or an audience that stays as it is never is.
///
/// Groups are told from one another by place: a group is the one whose centre was nearest, within 2.5 m. One that is lost
/// for up to the growth window and comes back goes on with its former sizes, so people whose tracks break off don't
/// "gather". Frames that fail the conditions for up to 3 s don't break the hold. A gap of more than 5 s begins all of
/// it anew, also a gathering that is on. At most 64 groups are followed.
#[derive(Debug, Clone)]
pub struct GatheringWatch {
    settings: GatheringPlan,
    groups: Vec<Followed>,
    began: Option<Timestamp>,
    newest: Option<Timestamp>,
}

const SAME_WITHIN_M: f64 = 2.5;
const SPACING_S: f64 = 1.0;
const SHORT_LOSS_S: f64 = 3.0;
const FEWER: usize = 2;
const MOST_GROUPS: usize = 64;
/// Groups seen so soon after the beginning may have been there before: standing itself takes 10 s to be told.
const SETTLED_AFTER_S: f64 = 15.0;

impl GatheringWatch {
    /// A watch that has seen nothing.
    #[must_use]
    pub fn new(settings: GatheringPlan) -> Self {
        Self { settings, groups: Vec::new(), began: None, newest: None }
    }

    /// The largest gathering as of now, where there is one; a group that is out of sight for a moment is as it was last
    /// seen. Times must not go back.
    pub fn step(&mut self, at: Timestamp, groups: &[StandingGroup]) -> Option<StandingGroup> {
        if self.newest.is_some_and(|newest| at.seconds_since(newest) > GAP_S) {
            self.reset();
        }
        self.newest = Some(at);
        let began = *self.began.get_or_insert(at);
        let mut is_taken = vec![false; self.groups.len()];
        for group in groups {
            let distance_m = |index: usize| self.groups[index].newest.centre.distance_m(group.centre);
            let free = (0..is_taken.len()).filter(|&index| !is_taken[index] && distance_m(index) <= SAME_WITHIN_M);
            match free.min_by(|&a, &b| distance_m(a).total_cmp(&distance_m(b))) {
                Some(index) => {
                    is_taken[index] = true;
                    (self.groups[index].newest, self.groups[index].seen) = (*group, at);
                }
                None => {
                    let was_there = at.seconds_since(began) <= SETTLED_AFTER_S;
                    self.groups.push(Followed::new(at, *group, was_there));
                }
            }
        }
        let settings = self.settings;
        self.groups.iter_mut().for_each(|group| group.step(at, &settings));
        self.groups.retain(|group| group.is_gathering || at.seconds_since(group.seen) <= settings.growth_window_s);
        while self.groups.len() > MOST_GROUPS {
            // The one that was lost first, the smaller of two.
            let oldest = (0..self.groups.len()).min_by_key(|&index| {
                let group = &self.groups[index];
                (group.is_gathering, group.seen, group.newest.people)
            });
            oldest.map(|index| self.groups.remove(index));
        }
        let gatherings = self.groups.iter().filter(|group| group.is_gathering).map(|group| group.newest);
        gatherings.max_by_key(|group| group.people)
    }

    /// Forgets every group.
    pub fn reset(&mut self) {
        self.groups.clear();
        (self.began, self.newest) = (None, None);
    }
}

impl Followed {
    fn new(at: Timestamp, group: StandingGroup, was_there: bool) -> Self {
        Self {
            newest: group,
            seen: at,
            sizes: VecDeque::new(),
            was_there,
            first: at,
            grown_since: None,
            grown_last: at,
            is_gathering: false,
            small_since: None,
        }
    }

    fn step(&mut self, at: Timestamp, settings: &GatheringPlan) {
        let people = if self.seen == at { self.newest.people } else { 0 };
        while self.sizes.front().is_some_and(|&(when, _)| at.seconds_since(when) > settings.growth_window_s) {
            self.sizes.pop_front();
        }
        // Where the group is not seen its size is not known: somebody may stand before the camera.
        if people > 0 && self.sizes.back().is_none_or(|&(when, _)| at.seconds_since(when) >= SPACING_S) {
            self.sizes.push_back((at, people));
        }
        let is_new = !self.was_there && at.seconds_since(self.first) <= settings.growth_window_s;
        let before = if is_new { 0 } else { self.sizes.iter().map(|&(_, size)| size).min().unwrap_or(people) };
        if people >= settings.least_people && people >= before + settings.growth {
            self.grown_last = at;
            self.grown_since.get_or_insert(at);
        } else if at.seconds_since(self.grown_last) > SHORT_LOSS_S {
            self.grown_since = None;
        }
        let is_held = self.grown_since.is_some_and(|since| at.seconds_since(since) >= settings.hold_s);
        if is_held && self.grown_last == at {
            self.is_gathering = true;
        }
        if people + FEWER > settings.least_people {
            self.small_since = None;
        } else if at.seconds_since(*self.small_since.get_or_insert(at)) >= settings.clear_s {
            self.is_gathering = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GroundPoint;

    fn group(people: usize, x_m: f64) -> StandingGroup {
        StandingGroup { people, centre: GroundPoint { x_m, y_m: 0.0 } }
    }

    /// The seconds at which it is on, four frames a second.
    fn on(seconds: std::ops::Range<u32>, size: impl Fn(f64) -> usize) -> Vec<f64> {
        let mut watch = GatheringWatch::new(GatheringPlan::default());
        (seconds.start * 4..seconds.end * 4)
            .map(|quarter| f64::from(quarter) / 4.0)
            .filter(|&second| {
                let people = size(second);
                let groups = [group(people, 10.0), group(4, 30.0)];
                let seen = if people < 3 { &groups[1..] } else { &groups[..] };
                watch.step(Timestamp(0).plus_seconds(second), seen).is_some()
            })
            .collect()
    }

    #[test]
    fn a_group_that_grows_from_three_to_five_gathers_after_twenty_seconds() {
        let grows = |second: f64| if second < 50.0 { 3 } else { 5 };
        let seconds = on(0..200, grows);
        assert_eq!((seconds[0], seconds[seconds.len() - 1]), (70.0, 199.75), "on it stays, grown or not");
        // Groups of three end it only after ten seconds.
        let shrinks = |second: f64| if (50.0..100.0).contains(&second) { 6 } else { 3 };
        let seconds = on(0..200, shrinks);
        assert_eq!((seconds[0], seconds[seconds.len() - 1]), (70.0, 109.75));
    }

    #[test]
    fn a_group_that_forms_later_grows_from_nobody_and_one_that_was_there_does_not() {
        assert_eq!(on(0..100, |second| if second < 30.0 { 0 } else { 5 })[0], 50.0);
        assert!(on(0..300, |_| 12).is_empty());
        assert!(on(0..300, |second| if second < 10.0 { 0 } else { 12 }).is_empty(), "as soon as standing can be told");
        assert_eq!(on(0..300, |second| if second < 100.0 { 12 } else { 14 })[0], 120.0);
        assert!(on(0..300, |second| if second < 100.0 { 12 } else { 13 }).is_empty());
    }

    #[test]
    fn short_losses_break_nothing_and_a_lost_group_comes_back_as_what_it_was() {
        let flickers = |second: f64| match second {
            second if second < 50.0 => 3,
            second if (60.0..62.0).contains(&second) => 4,
            _ => 5,
        };
        assert_eq!(on(0..100, flickers)[0], 70.0);
        assert!(on(0..200, |second| if (50.0..80.0).contains(&second) { 0 } else { 8 }).is_empty());
        let short = |second: f64| if (50.0..65.0).contains(&second) { 5 } else { 3 };
        assert!(on(0..200, short).is_empty(), "not for twenty seconds");
    }

    #[test]
    fn a_gap_begins_it_anew_and_memory_is_bounded() {
        let mut watch = GatheringWatch::new(GatheringPlan::default());
        let mut step = |seconds: f64, people| watch.step(Timestamp(0).plus_seconds(seconds), &[group(people, 0.0)]);
        (0..30).for_each(|second| assert_eq!(step(f64::from(second), 3), None));
        (30..50).for_each(|second| assert_eq!(step(f64::from(second), 7), None));
        (50..60).for_each(|second| assert_eq!(step(f64::from(second), 7), Some(group(7, 0.0))));
        assert_eq!(step(60.0, 7), Some(group(7, 0.0)));
        assert_eq!(step(65.5, 7), None);
        (66..200).for_each(|second| assert_eq!(step(f64::from(second), 7), None));
        for second in 200..300 {
            let groups = [3, 4, 5].map(|people| group(people, (second * people * 10) as f64));
            watch.step(Timestamp(0).plus_seconds(second as f64), &groups);
        }
        assert_eq!(watch.groups.len(), MOST_GROUPS);
        assert!(watch.groups.iter().all(|group| group.sizes.len() <= 61));
    }
}
