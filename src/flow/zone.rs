//! Who is in a zone, who came and went, how long they stayed.

use super::table::TrackTable;
use crate::config::ZonePlan;
use crate::geometry::Polygon;
use crate::model::{
    ClassSet, FrameSize, Measure, NormPoint, ObjectClass, Reading, Readings, Timestamp, Track, TrackId, TrackState,
    UnknownReason, ZoneClassState, ZoneId, ZoneState,
};

/// Sums since the start. Times are whole microseconds, so that no order of adding changes the sum.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    entries: u64,
    exits: u64,
    stays: u64,
    dwell_us: i64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.exits += other.exits;
        self.stays += other.stays;
        self.dwell_us = self.dwell_us.saturating_add(other.dwell_us);
    }

    fn add_stay(&mut self, from: Timestamp, to: Timestamp) {
        self.stays += 1;
        self.dwell_us = self.dwell_us.saturating_add(to.0.saturating_sub(from.0).max(0));
    }
}

/// A class in the newest frame.
#[derive(Debug, Clone, Copy, Default)]
struct Present {
    count: u32,
    /// When the longest of the present stays began.
    earliest: Option<Timestamp>,
    /// How many have been here for longer than the zone's limit.
    loitering: u32,
}

/// What is remembered of a track.
#[derive(Debug, Clone)]
struct Visitor {
    class: ObjectClass,
    confirmed: bool,
    inside: bool,
    /// Where it is inside: when this stay began.
    since: Timestamp,
    last_seen: Timestamp,
    /// What it did while it was tentative: counted when it is confirmed.
    pending: Tally,
}

/// Counts one zone.
///
/// A track is in the zone while its foot point is, with a band along the border in which it keeps its side: see
/// [`crate::flow`]. The band reaches equally far to both sides, so it favours neither: who comes is counted late by as
/// much as who goes. A track that is first seen within the band is where its foot point is.
#[derive(Debug, Clone)]
pub struct ZoneCounter {
    id: ZoneId,
    corners: Vec<NormPoint>,
    area_m2: Option<f64>,
    classes: ClassSet,
    band_heights: f64,
    loitering_s: f64,
    polygon: Polygon,
    /// Upper limit of the band's half width, in pixels.
    band_limit_px: f64,
    visitors: TrackTable<Visitor>,
    totals: [Tally; ObjectClass::ALL.len()],
    present: [Present; ObjectClass::ALL.len()],
    /// Lengths of people's stays that ended and weren't fetched yet, in seconds.
    ended_stays_s: Vec<f64>,
}

impl ZoneCounter {
    /// A counter for this zone. It needs [`ZoneCounter::fit`] before its first step.
    #[must_use]
    pub fn new(plan: &ZonePlan) -> Self {
        Self {
            id: plan.id.clone(),
            corners: plan.polygon.clone(),
            area_m2: plan.area_m2,
            classes: plan.classes,
            band_heights: plan.band_heights,
            loitering_s: plan.loitering_s,
            polygon: Polygon::new(&[]),
            band_limit_px: 0.0,
            visitors: TrackTable::new(),
            totals: Default::default(),
            present: Default::default(),
            ended_stays_s: Vec::new(),
        }
    }

    /// Scales the zone to pictures of this size.
    pub fn fit(&mut self, size: FrameSize) {
        let corners: Vec<_> = self.corners.iter().map(|corner| corner.to_px(size)).collect();
        self.polygon = Polygon::new(&corners);
        // Somebody must be able to get beyond the band, so it takes at most half of the way to the zone's middle: the
        // inscribed circle of a convex zone has a radius of at least area / perimeter. It bites only where a zone is
        // narrower than a fraction of the people in it.
        let radius_px = self.polygon.area_px2() / self.polygon.perimeter_px();
        self.band_limit_px = if radius_px.is_finite() { radius_px / 2.0 } else { 0.0 };
    }

    /// Takes in the tracks of a frame.
    pub fn step(&mut self, at: Timestamp, tracks: &[Track]) {
        self.present = Default::default();
        for track in tracks {
            if track.state == TrackState::Lost || !self.classes.contains(track.class) {
                continue;
            }
            let foot = track.foot();
            let is_inside = self.polygon.contains(foot);
            let band_px = (self.band_heights * track.bbox.height()).min(self.band_limit_px);
            let visitor = self.visitors.get_or_insert_with(track.id, || Visitor {
                class: track.class,
                confirmed: false,
                inside: is_inside,
                since: at,
                last_seen: at,
                pending: Tally::default(),
            });
            visitor.last_seen = at;
            let class = visitor.class as usize;
            if track.state.is_counted() && !visitor.confirmed {
                visitor.confirmed = true;
                self.totals[class].add(std::mem::take(&mut visitor.pending));
            }
            // Most tracks are where they were, and need no distance.
            if is_inside != visitor.inside && self.polygon.border_distance(foot) > band_px {
                let tally = if visitor.confirmed { &mut self.totals[class] } else { &mut visitor.pending };
                if visitor.inside {
                    tally.exits += 1;
                    tally.add_stay(visitor.since, at);
                    if visitor.confirmed && visitor.class == ObjectClass::Person {
                        self.ended_stays_s.push(at.seconds_since(visitor.since));
                    }
                } else {
                    tally.entries += 1;
                    visitor.since = at;
                }
                visitor.inside = !visitor.inside;
            }
            if visitor.inside && track.state.is_counted() {
                let present = &mut self.present[class];
                present.count += 1;
                present.earliest = Some(present.earliest.map_or(visitor.since, |earliest| earliest.min(visitor.since)));
                present.loitering += u32::from(at.seconds_since(visitor.since) > self.loitering_s);
            }
        }
    }

    /// The track is over: where it was inside, its stay ends when it was last seen, without an exit.
    pub fn end(&mut self, track: TrackId) {
        if let Some(visitor) = self.visitors.remove(track) {
            self.close(&visitor);
        }
    }

    /// All tracks are over.
    pub fn end_all(&mut self) {
        for visitor in self.visitors.take_values() {
            self.close(&visitor);
        }
    }

    fn close(&mut self, visitor: &Visitor) {
        if visitor.confirmed && visitor.inside {
            self.totals[visitor.class as usize].add_stay(visitor.since, visitor.last_seen);
            if visitor.class == ObjectClass::Person {
                self.ended_stays_s.push(visitor.last_seen.seconds_since(visitor.since));
            }
        }
    }

    /// The lengths of people's stays that ended since it was asked last, in seconds. A stay that a track had behind it
    /// before it was confirmed is not among them: it is shorter than anybody stays.
    pub fn take_ended_stays_s(&mut self) -> Vec<f64> {
        std::mem::take(&mut self.ended_stays_s)
    }

    /// The zone now: as of the newest frame, whose time this is, or while nothing is seen, its totals only.
    #[must_use]
    pub fn state(&self, now: Result<Timestamp, UnknownReason>) -> ZoneState {
        let class_state = |class: ObjectClass| {
            let tally = &self.totals[class as usize];
            ZoneClassState {
                class,
                occupancy: self.occupancy(class, now),
                entries_total: tally.entries,
                exits_total: tally.exits,
                stays_total: tally.stays,
                dwell_seconds_total: tally.dwell_us as f64 / 1e6,
                longest_dwell_s: self.longest_dwell_s(class, now),
            }
        };
        ZoneState {
            zone: self.id.clone(),
            classes: self.classes.iter().map(class_state).collect(),
            readings: self.readings(now),
            saturation: None,
        }
    }

    /// What is measured of people by counting them; none where they aren't counted.
    #[must_use]
    pub fn readings(&self, now: Result<Timestamp, UnknownReason>) -> Readings {
        let mut readings = Readings::NONE;
        if self.classes.contains(ObjectClass::Person) {
            let people = self.occupancy(ObjectClass::Person, now);
            readings.set(Measure::Occupancy, people);
            if let Some(area_m2) = self.area_m2.filter(|&area_m2| area_m2 > 0.0) {
                readings.set(Measure::Density, people.map(|people| people / area_m2));
            }
            // Nobody there has stayed for no time: no reading would let an alert about somebody who left go on.
            let longest = self.longest_dwell_s(ObjectClass::Person, now).unwrap_or(0.0);
            readings.set(Measure::LongestDwell, people.map(|_| longest));
            let loitering = f64::from(self.present[ObjectClass::Person as usize].loitering);
            readings.set(Measure::Loitering, people.map(|_| loitering));
        }
        readings
    }

    fn occupancy(&self, class: ObjectClass, now: Result<Timestamp, UnknownReason>) -> Reading {
        let count = f64::from(self.present[class as usize].count);
        now.map_or_else(Reading::Unknown, |_| Reading::Valid(count))
    }

    fn longest_dwell_s(&self, class: ObjectClass, now: Result<Timestamp, UnknownReason>) -> Option<f64> {
        let since = self.present[class as usize].earliest?;
        now.ok().map(|at| at.seconds_since(since).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::defaults;
    use crate::model::PixelBox;

    fn zone(id: &str, corners: &[(f64, f64)], band_heights: f64) -> ZoneCounter {
        let polygon = corners.iter().map(|&(x, y)| NormPoint { x, y }).collect();
        let plan = ZonePlan::new(ZoneId::new(id).unwrap(), polygon);
        let mut counter = ZoneCounter::new(&ZonePlan { band_heights, ..plan });
        counter.fit(FrameSize { width_px: 100, height_px: 100 });
        counter
    }

    fn track(id: u64, (x, y): (f64, f64)) -> Track {
        Track {
            id: TrackId(id),
            class: ObjectClass::Person,
            state: TrackState::Confirmed,
            bbox: PixelBox { left: x - 2.0, top: y - 10.0, right: x + 2.0, bottom: y },
            score: 0.9,
            first_seen: Timestamp(0),
            last_seen: Timestamp(0),
        }
    }

    fn second(i: usize) -> Timestamp {
        Timestamp(0).plus_seconds(i as f64)
    }

    /// People's foot points frame by frame; `None`: not seen.
    fn people() -> impl Strategy<Value = Vec<Vec<Option<(f64, f64)>>>> {
        let foot = prop::option::weighted(0.8, (0.0..100.0, 0.0..100.0));
        prop::collection::vec(prop::collection::vec(foot, 5), 1..30)
    }

    fn tracks(frame: &[Option<(f64, f64)>]) -> Vec<Track> {
        frame.iter().enumerate().filter_map(|(id, foot)| foot.map(|foot| track(id as u64, foot))).collect()
    }

    proptest! {
        #[test]
        fn first_inside_plus_entries_is_exits_plus_inside_at_last(frames in people()) {
            let mut zone = zone("z", &[(0.2, 0.2), (0.8, 0.3), (0.7, 0.9), (0.1, 0.6)], defaults::BAND_HEIGHTS);
            let mut first_inside = 0;
            for (i, frame) in frames.iter().enumerate() {
                let new = tracks(frame).into_iter().filter(|track| !zone.visitors.contains(track.id));
                first_inside += new.filter(|track| zone.polygon.contains(track.foot())).count() as u64;
                zone.step(second(i), &tracks(frame));
            }
            let inside = zone.visitors.values().iter().filter(|visitor| visitor.inside).count() as u64;
            let before = zone.state(Ok(second(frames.len()))).classes[0].clone();
            prop_assert_eq!(first_inside + before.entries_total, before.exits_total + inside);
            prop_assert_eq!(before.stays_total, before.exits_total);
            zone.end_all();
            let after = zone.state(Ok(second(frames.len()))).classes[0].clone();
            prop_assert_eq!(after.stays_total, before.stays_total + inside);
            prop_assert_eq!((after.entries_total, after.exits_total), (before.entries_total, before.exits_total));
        }

        #[test]
        fn zones_that_share_out_the_picture_share_out_the_people(frames in people()) {
            // Without bands: within one a person may have changed to neither zone or to both.
            let mut left = zone("left", &[(-1.0, -1.0), (0.5, -1.0), (0.3, 0.5), (0.5, 2.0), (-1.0, 2.0)], 0.0);
            let mut right = zone("right", &[(2.0, -1.0), (0.5, -1.0), (0.3, 0.5), (0.5, 2.0), (2.0, 2.0)], 0.0);
            for (i, frame) in frames.iter().enumerate() {
                let tracks = tracks(frame);
                left.step(second(i), &tracks);
                right.step(second(i), &tracks);
                let sum = [&left, &right].map(|zone| zone.present[ObjectClass::Person as usize].count).iter().sum::<u32>();
                prop_assert_eq!(sum as usize, tracks.len());
            }
        }

        #[test]
        fn occupancy_is_wrong_only_about_people_within_the_band(frames in people()) {
            let mut zone = zone("z", &[(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)], defaults::BAND_HEIGHTS);
            for (i, frame) in frames.iter().enumerate() {
                let tracks = tracks(frame);
                zone.step(second(i), &tracks);
                let plain = tracks.iter().filter(|track| zone.polygon.contains(track.foot())).count();
                let in_band = tracks.iter().filter(|track| zone.polygon.signed_distance(track.foot()).abs() <= 1.0).count();
                let count = zone.present[ObjectClass::Person as usize].count as usize;
                prop_assert!(count.abs_diff(plain) <= in_band);
            }
        }
    }

    #[test]
    fn what_ended_is_forgotten() {
        let mut zone = zone("z", &[(0.2, 0.2), (0.8, 0.2), (0.8, 0.8)], defaults::BAND_HEIGHTS);
        for id in 0..1000 {
            zone.step(second(id), &[track(id as u64, (70.0, 40.0))]);
            zone.end(TrackId(id as u64));
            zone.end(TrackId(id as u64));
        }
        assert!(zone.visitors.values().is_empty());
        assert_eq!(zone.state(Ok(second(1000))).classes[0].stays_total, 1000);
    }
}
