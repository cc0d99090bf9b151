//! Which way people have come, and whether that is against an allowed direction or against one another.

use std::collections::{BTreeMap, VecDeque};

use super::{GroundVelocity, Sample, counter_flow_ratio};
use crate::model::{GroundPoint, Timestamp, TrackId};

/// A direction on the ground: a vector of length 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroundDirection {
    x: f64,
    y: f64,
}

impl GroundDirection {
    /// The direction of this vector, of any length; `None` where it has none (0 or not finite).
    #[must_use]
    pub fn new(x: f64, y: f64) -> Option<Self> {
        let length = x.hypot(y);
        (length > 0.0 && length.is_finite()).then(|| Self { x: x / length, y: y / length })
    }

    /// From one point to another; `None` where they are the same.
    #[must_use]
    pub fn between(from: GroundPoint, to: GroundPoint) -> Option<Self> {
        Self::new(to.x_m - from.x_m, to.y_m - from.y_m)
    }

    /// Its part along x, −1 to 1.
    #[must_use]
    pub fn x(self) -> f64 {
        self.x
    }

    /// Its part along y, −1 to 1.
    #[must_use]
    pub fn y(self) -> f64 {
        self.y
    }

    /// Cosine of the angle between the two.
    #[must_use]
    pub fn cosine(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y
    }
}

/// The way each track has come: the direction of its displacement over the last 2 m of it. From where it is now, that is
/// the newest earlier place 2 m away or more, as the crow flies; its path along would grow with the scatter of a
/// standing person's foot point. It must lie at most 10 s back: who takes longer is slower than 0.2 m/s, and stands.
///
/// One for a camera serves all its zones and lines. It remembers a place each 0.2 s for 10 s of each track, and forgets
/// tracks that were not seen for 10 s: so a gap needs no telling, what came before a longer one is too old to be used.
#[derive(Debug, Clone, Default)]
pub struct WalkedWays {
    tracks: BTreeMap<TrackId, VecDeque<Sample>>,
}

const LEAST_WAY_M: f64 = 2.0;
const LONGEST_S: f64 = 10.0;
const SPACING_S: f64 = 0.2;

impl WalkedWays {
    /// Takes in where each track is, those that are seen; times must not go back.
    pub fn step(&mut self, at: Timestamp, people: impl IntoIterator<Item = (TrackId, GroundPoint)>) {
        for (track, point) in people {
            let way = self.tracks.entry(track).or_default();
            // The newest is kept where it is far enough from the one before it, else the next takes its place.
            let last_two = way.len().checked_sub(2).and_then(|index| Some((way.get(index)?, way.get(index + 1)?)));
            if last_two.is_some_and(|(before, last)| last.at.seconds_since(before.at) < SPACING_S) {
                way.pop_back();
            }
            way.push_back(Sample { at, point });
        }
        self.tracks.retain(|_, way| {
            while way.front().is_some_and(|first| at.seconds_since(first.at) > LONGEST_S) {
                way.pop_front();
            }
            !way.is_empty()
        });
    }

    /// The way the track has come, as of the frame in which it was last seen; `None` where it hasn't walked 2 m.
    #[must_use]
    pub fn direction(&self, track: TrackId) -> Option<GroundDirection> {
        let way = self.tracks.get(&track)?;
        let now = way.back()?.point;
        let from = way.iter().rev().find(|sample| sample.point.distance_m(now) >= LEAST_WAY_M)?;
        GroundDirection::between(from.point, now)
    }

    /// Forgets a track that is over.
    pub fn forget(&mut self, track: TrackId) {
        self.tracks.remove(&track);
    }

    /// Forgets every track.
    pub fn reset(&mut self) {
        self.tracks.clear();
    }
}

/// Beyond this cosine, 60° to either side, somebody goes along a direction; below its negative, against it.
const ALONG_ABOVE: f64 = 0.5;

/// How many walk against an allowed direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongWay {
    /// Against it.
    pub wrong: usize,
    /// All who have walked 2 m.
    pub walkers: usize,
}

impl WrongWay {
    /// Counts those who go against the allowed direction, cosine below −0.5, among these who have walked 2 m (see
    /// [`WalkedWays`]). Who goes across, or stands, isn't wrong. FIELD's rule, which is our own choice.
    #[must_use]
    pub fn count(directions: impl IntoIterator<Item = GroundDirection>, allowed: GroundDirection) -> Self {
        let mut count = Self { wrong: 0, walkers: 0 };
        for direction in directions {
            count.walkers += 1;
            count.wrong += usize::from(direction.cosine(allowed) < -ALONG_ABOVE);
        }
        count
    }

    /// Share of the walkers, 0 to 1; `None` where nobody walks.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.walkers > 0).then(|| self.wrong as f64 / self.walkers as f64)
    }
}

/// Two opposite streams in a zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CounterFlow {
    /// The axis they were told apart by.
    pub axis: GroundDirection,
    /// Share of the walkers who go along it, within 60°.
    pub along_share: f64,
    /// Share of the walkers who go against it, within 60°.
    pub against_share: f64,
    /// The weaker over both, 0 to 0.5; `None` where all go across.
    pub ratio: Option<f64>,
}

/// Opposite streams among the people who walk (0.2 m/s or faster), along this axis. Where none is given it is the
/// principal axis of their headings: the mean of the doubled angles, halved (Mardia & Jupp, *Directional Statistics*,
/// axial data), turned the way the greater number goes. The ratio is [`counter_flow_ratio`]'s, of numbers of people in
/// the zone instead of people over a line. Our own choice.
///
/// `None` where nobody walks, and where no axis is given and headings have none, as with as many that go across as go
/// along. A principal axis of few people is what they happen to do: with two it always finds one.
#[must_use]
pub fn counter_flow(velocities: &[GroundVelocity], axis: Option<GroundDirection>) -> Option<CounterFlow> {
    let headings: Vec<GroundDirection> =
        velocities.iter().filter_map(|velocity| velocity.heading()).map(|(x, y)| GroundDirection { x, y }).collect();
    if headings.is_empty() {
        return None;
    }
    let told = |axis: GroundDirection| {
        let beyond = |sign: f64| headings.iter().filter(|way| sign * way.cosine(axis) > ALONG_ABOVE).count() as f64;
        let (along, against) = (beyond(1.0), beyond(-1.0));
        let walkers = headings.len() as f64;
        CounterFlow {
            axis,
            along_share: along / walkers,
            against_share: against / walkers,
            ratio: counter_flow_ratio(along, against),
        }
    };
    if let Some(axis) = axis {
        return Some(told(axis));
    }
    let found = told(principal_axis(&headings)?);
    let is_turned = found.against_share > found.along_share;
    Some(if is_turned { told(GroundDirection { x: -found.axis.x, y: -found.axis.y }) } else { found })
}

/// Less than this share of agreement is rounding.
const NO_AXIS: f64 = 1e-9;

fn principal_axis(headings: &[GroundDirection]) -> Option<GroundDirection> {
    // cos 2θ and sin 2θ of each.
    let (cos, sin) = headings
        .iter()
        .fold((0.0, 0.0), |(cos, sin), way| (cos + way.x * way.x - way.y * way.y, sin + 2.0 * way.x * way.y));
    let (y, x) = (f64::atan2(sin, cos) / 2.0).sin_cos();
    (f64::hypot(cos, sin) > NO_AXIS * headings.len() as f64).then_some(GroundDirection { x, y })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(x_m: f64, y_m: f64) -> GroundPoint {
        GroundPoint { x_m, y_m }
    }

    fn to(degrees: f64) -> GroundDirection {
        let (y, x) = degrees.to_radians().sin_cos();
        GroundDirection::new(x, y).unwrap()
    }

    /// The direction after each frame of one track that is where `place` says.
    fn directions(fps: f64, seconds: f64, place: impl Fn(f64) -> GroundPoint) -> Vec<Option<GroundDirection>> {
        let mut ways = WalkedWays::default();
        (0..=(seconds * fps) as usize)
            .map(|frame| {
                let time_s = frame as f64 / fps;
                ways.step(Timestamp(0).plus_seconds(time_s), [(TrackId(1), place(time_s))]);
                assert!(ways.tracks[&TrackId(1)].len() <= 53);
                ways.direction(TrackId(1))
            })
            .collect()
    }

    #[test]
    fn a_direction_takes_two_metres_at_every_frame_rate() {
        for fps in [1.0, 10.0, 30.0] {
            let found = directions(fps, 10.0, |time_s| at(0.0, -time_s));
            for (frame, direction) in found.iter().enumerate() {
                let time_s = frame as f64 / fps;
                // Places are kept 0.2 s apart, so it may be known that much late.
                if !(2.0..2.3).contains(&time_s) {
                    assert_eq!(direction.is_some(), time_s >= 2.0, "{fps} {time_s}");
                }
                assert!(direction.is_none_or(|direction| direction.cosine(to(-90.0)) > 1.0 - 1e-9));
            }
        }
    }

    #[test]
    fn who_turns_round_goes_the_other_way_after_two_metres_and_who_stands_goes_nowhere() {
        let found = directions(10.0, 30.0, |time_s| at(if time_s < 5.0 { time_s } else { 10.0 - time_s }, 0.0));
        assert!(found[50].unwrap().x() > 0.99 && found[72].unwrap().x() < -0.99);
        let stops = directions(10.0, 30.0, |time_s| at(time_s.min(5.0), 0.0));
        assert!(stops[100].is_some() && stops[140].is_none());
        let sways = directions(30.0, 60.0, |time_s| at(0.1 * (time_s * 7.0).sin(), 0.1 * (time_s * 5.0).cos()));
        assert!(sways.iter().all(Option::is_none));
    }

    #[test]
    fn tracks_are_forgotten_when_they_are_over_or_unseen() {
        let mut ways = WalkedWays::default();
        let step = |ways: &mut WalkedWays, seconds: f64, tracks: &[u64]| {
            let people: Vec<_> = tracks.iter().map(|&track| (TrackId(track), at(seconds, 0.0))).collect();
            ways.step(Timestamp(0).plus_seconds(seconds), people);
        };
        (0..5).for_each(|second| step(&mut ways, f64::from(second), &[1, 2, 3]));
        ways.forget(TrackId(3));
        assert_eq!((ways.direction(TrackId(3)), ways.direction(TrackId(1))), (None, Some(to(0.0))));
        step(&mut ways, 14.5, &[1]);
        assert_eq!(ways.tracks.len(), 1);
        assert_eq!(ways.direction(TrackId(1)), None, "a gap leaves nothing to compare with");
        ways.reset();
        assert!(ways.tracks.is_empty());
    }

    #[test]
    fn wrong_is_beyond_120_degrees_of_the_allowed_way() {
        let count = WrongWay::count([0.0, 90.0, 119.0, 121.0, 180.0, -121.0].map(to), to(0.0));
        assert_eq!(count, WrongWay { wrong: 3, walkers: 6 });
        assert_eq!((count.share(), WrongWay::count([], to(0.0)).share()), (Some(0.5), None));
        assert_eq!((GroundDirection::new(0.0, 0.0), GroundDirection::new(f64::NAN, 1.0)), (None, None));
    }

    fn walk(degrees: f64) -> GroundVelocity {
        GroundVelocity { x_mps: 1.2 * to(degrees).x(), y_mps: 1.2 * to(degrees).y() }
    }

    #[test]
    fn the_axis_is_found_and_turned_the_way_most_go() {
        let standing = GroundVelocity { x_mps: 0.1, y_mps: 0.1 };
        let people = [walk(-150.0), walk(-151.0), walk(-149.0), walk(30.0), standing];
        let found = counter_flow(&people, None).unwrap();
        assert!(found.axis.cosine(to(-150.0)) > 0.9999, "{found:?}");
        assert_eq!((found.along_share, found.against_share, found.ratio), (0.75, 0.25, Some(0.25)));
        let given = counter_flow(&people, Some(to(30.0))).unwrap();
        assert_eq!((given.along_share, given.against_share, given.ratio), (0.25, 0.75, Some(0.25)));
        let across = counter_flow(&people, Some(to(120.0))).unwrap();
        assert_eq!((across.along_share, across.against_share, across.ratio), (0.0, 0.0, None));
        assert_eq!(counter_flow(&[standing], None), None);
        assert_eq!(counter_flow(&[0.0, 90.0, 180.0, 270.0].map(walk), None), None);
    }

    proptest! {
        #[test]
        fn turning_everybody_turns_the_axis(
            headings in prop::collection::vec(-25.0..25.0, 3..20),
            back in prop::collection::vec(any::<bool>(), 20),
            turn in 0.0..360.0,
        ) {
            let streams: Vec<f64> =
                headings.iter().zip(&back).map(|(way, &back)| way + if back { 180.0 } else { 0.0 }).collect();
            let before = counter_flow(&streams.iter().map(|&way| walk(way)).collect::<Vec<_>>(), None).unwrap();
            let after = counter_flow(&streams.iter().map(|&way| walk(way + turn)).collect::<Vec<_>>(), None).unwrap();
            let turned = to(before.axis.y().atan2(before.axis.x()).to_degrees() + turn);
            prop_assert!(turned.cosine(after.axis).abs() > 1.0 - 1e-9);
            prop_assert!(after.ratio.unwrap() <= 0.5 && after.along_share >= after.against_share);
            // Both streams lie within 25° of one axis, and so does their mean: nobody is 60° away from it.
            prop_assert!((after.along_share + after.against_share - 1.0).abs() < 1e-9);
        }
    }
}
