//! Why a measure of people who move has no value: the place is calm, or the people there could not be measured.

use std::cell::OnceCell;
use std::f64::consts::PI;

use super::ground::GroundPerson;
use crate::model::UnknownReason;

/// So many people of whom nothing is known yet are no calm place: in a crowd whose tracks break off again and again
/// everybody is new. One or two are somebody who has just come.
const TOO_MANY_UNMEASURED: usize = 3;
/// Who stands as close as this, in people per m² around them, may stand because nobody can go on: walkways are at level
/// of service F from about there on (2.17 /m², Fruin 1971).
const STUCK_FROM_PER_M2: f64 = 2.0;

/// The people in a place, looked at only when one of its measures has no value.
pub(super) struct Presence<'a> {
    people: &'a [&'a GroundPerson],
    is_crowded: OnceCell<bool>,
}

impl<'a> Presence<'a> {
    pub(super) fn new(people: &'a [&'a GroundPerson]) -> Self {
        Self { people, is_crowded: OnceCell::new() }
    }

    /// For measures of velocities. Where people stand close together it is never calm: two streams that have come to a
    /// standstill have no direction, and the alert about them must not clear by that.
    pub(super) fn without_velocities(&self) -> UnknownReason {
        self.without(|person| person.velocity.is_none())
    }

    /// For measures of where people have come along. Who stands comes from nowhere.
    pub(super) fn without_ways(&self) -> UnknownReason {
        self.without(|person| person.way.is_none() && person.velocity.is_none_or(|now| now.heading().is_some()))
    }

    fn without(&self, is_unmeasured: impl Fn(&GroundPerson) -> bool) -> UnknownReason {
        let unmeasured = self.people.iter().filter(|person| is_unmeasured(person)).count();
        if unmeasured >= TOO_MANY_UNMEASURED || *self.is_crowded.get_or_init(|| self.is_crowded()) {
            UnknownReason::NotEnough
        } else {
            UnknownReason::NothingToMeasure
        }
    }

    /// By the Gaussian-weighted density of Helbing, Johansson & Al-Abideen (2007) with R = 1 m, at each person.
    fn is_crowded(&self) -> bool {
        self.people.iter().any(|person| {
            let square_m2 = |other: &GroundPerson| {
                let (dx, dy) = (person.point.x_m - other.point.x_m, person.point.y_m - other.point.y_m);
                dx * dx + dy * dy
            };
            let near = self.people.iter().map(|other| square_m2(other)).filter(|&square_m2| square_m2 < 9.0);
            near.map(|square_m2| (-square_m2).exp()).sum::<f64>() / PI >= STUCK_FROM_PER_M2
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::measures::GroundVelocity;
    use crate::model::{GroundPoint, TrackId};

    fn people(count: usize, spacing_m: f64, velocity: Option<GroundVelocity>) -> Vec<GroundPerson> {
        let person = |id: usize| {
            let point = GroundPoint { x_m: spacing_m * (id % 6) as f64, y_m: spacing_m * (id / 6) as f64 };
            GroundPerson { track: TrackId(id as u64), point, velocity, way: None }
        };
        (0..count).map(person).collect()
    }

    fn reasons(people: &[GroundPerson]) -> [UnknownReason; 2] {
        let all: Vec<&GroundPerson> = people.iter().collect();
        let presence = Presence::new(&all);
        [presence.without_velocities(), presence.without_ways()]
    }

    #[test]
    fn nobody_few_new_people_and_people_who_stand_apart_are_calm() {
        use UnknownReason::{NotEnough, NothingToMeasure};
        let standing = Some(GroundVelocity { x_mps: 0.05, y_mps: 0.0 });
        let walking = Some(GroundVelocity { x_mps: 1.0, y_mps: 0.0 });
        for (people, expected) in [
            (people(0, 1.0, None), [NothingToMeasure; 2]),
            (people(2, 1.0, None), [NothingToMeasure; 2]),
            (people(3, 1.0, None), [NotEnough; 2]),
            (people(30, 2.0, standing), [NothingToMeasure; 2]),
            (people(30, 2.0, walking), [NothingToMeasure, NotEnough]),
            // At a standstill, four to the square metre.
            (people(30, 0.5, standing), [NotEnough; 2]),
        ] {
            assert_eq!(reasons(&people), expected, "{people:?}");
        }
    }
}
