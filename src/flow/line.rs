//! Who crossed a line, and which way.

use super::table::TrackTable;
use crate::config::LinePlan;
use crate::geometry::Segment;
use crate::model::{
    ClassSet, Crossing, Direction, FrameMeta, FrameSize, LineId, LineState, NormPoint, ObjectClass, PixelPoint,
    Readings, Track, TrackId, TrackState,
};

/// What is remembered of a track.
#[derive(Debug, Clone)]
struct Walker {
    class: ObjectClass,
    /// Its newest foot point.
    foot: PixelPoint,
    /// Where it was first seen, or counted last.
    start: PixelPoint,
    /// Farthest it has been from `start`, squared.
    travel_px2: f64,
    /// The side on which it last was beyond the band, as the direction that leads there; `None`: on neither, yet.
    side: Option<Direction>,
    /// Net crossings of the segment since it was last beyond the band on `side`; *in* is positive.
    net: i32,
}

impl Walker {
    fn first_seen(class: ObjectClass, foot: PixelPoint) -> Self {
        Self { class, foot, start: foot, travel_px2: 0.0, side: None, net: 0 }
    }

    /// Goes on to a new foot point; says whether a crossing is to be counted.
    fn walk_to(
        &mut self,
        foot: PixelPoint,
        segment: &Segment,
        band_px: f64,
        min_travel_px: f64,
        confirmed: bool,
    ) -> Option<Direction> {
        self.net += segment.crossing(self.foot, foot);
        self.foot = foot;
        let (dx, dy) = (foot.x - self.start.x, foot.y - self.start.y);
        self.travel_px2 = self.travel_px2.max(dx * dx + dy * dy);
        let distance_px = segment.signed_distance_to_line(foot);
        let side = if distance_px > band_px {
            Direction::In
        } else if distance_px < -band_px {
            Direction::Out
        } else {
            return None;
        };
        let through = match side {
            Direction::In => self.net > 0,
            Direction::Out => self.net < 0,
        };
        let changed = self.side.is_some_and(|before| before != side);
        if changed && through {
            if !confirmed || self.travel_px2 < min_travel_px * min_travel_px {
                // Not yet: it stays on its old side, and is counted as soon as nothing is missing, unless it turns
                // back first.
                return None;
            }
            self.start = foot;
            self.travel_px2 = 0.0;
        }
        self.side = Some(side);
        self.net = 0;
        (changed && through).then_some(side)
    }
}

/// Counts one line.
///
/// A track is counted when it has gone from beyond the band on one side to beyond the band on the other, and the way
/// it went between them leads through the line itself: the way's crossings of the segment are summed with their signs,
/// so that going to and fro in the band adds nothing and going round an end of the line is no crossing. After a count
/// the track is on its new side, and can be counted again only the other way. A track that is first seen within the
/// band belongs to the side on which it leaves the band.
///
/// The track must also have got some way from where it was first seen or counted last (straight, so that scatter does
/// not add up), which keeps a person who sways across the band from being counted each time.
#[derive(Debug, Clone)]
pub struct LineCounter {
    id: LineId,
    ends: (NormPoint, NormPoint),
    classes: ClassSet,
    band_heights: f64,
    min_travel_heights: f64,
    segment: Segment,
    walkers: TrackTable<Walker>,
    /// In and out for each class.
    totals: [(u64, u64); ObjectClass::ALL.len()],
}

impl LineCounter {
    /// A counter for this line. It needs [`LineCounter::fit`] before its first step.
    #[must_use]
    pub fn new(plan: &LinePlan) -> Self {
        let nowhere = PixelPoint { x: 0.0, y: 0.0 };
        Self {
            id: plan.id.clone(),
            ends: (plan.a, plan.b),
            classes: plan.classes,
            band_heights: plan.band_heights,
            min_travel_heights: plan.min_travel_heights,
            segment: Segment { a: nowhere, b: nowhere },
            walkers: TrackTable::new(),
            totals: Default::default(),
        }
    }

    /// Scales the line to pictures of this size.
    pub fn fit(&mut self, size: FrameSize) {
        self.segment = Segment { a: self.ends.0.to_px(size), b: self.ends.1.to_px(size) };
    }

    /// Takes in the tracks of a frame; adds what it counts to `crossings`.
    pub fn step(&mut self, frame: &FrameMeta, tracks: &[Track], crossings: &mut Vec<Crossing>) {
        for track in tracks {
            // Somebody who is hidden is not counted over a line before they are seen on its other side.
            if matches!(track.state, TrackState::Coasting | TrackState::Lost) || !self.classes.contains(track.class) {
                continue;
            }
            let (foot, height_px) = (track.foot(), track.bbox.height());
            let walker = self.walkers.get_or_insert_with(track.id, || Walker::first_seen(track.class, foot));
            let counted = walker.walk_to(
                foot,
                &self.segment,
                self.band_heights * height_px,
                self.min_travel_heights * height_px,
                track.state == TrackState::Confirmed,
            );
            let Some(direction) = counted else { continue };
            let (in_total, out_total) = &mut self.totals[walker.class as usize];
            match direction {
                Direction::In => *in_total += 1,
                Direction::Out => *out_total += 1,
            }
            crossings.push(Crossing {
                at: frame.at,
                seq: frame.seq,
                camera: frame.camera.clone(),
                line: self.id.clone(),
                direction,
                class: walker.class,
                track: track.id,
            });
        }
    }

    /// The track is over.
    pub fn end(&mut self, track: TrackId) {
        self.walkers.remove(track);
    }

    /// All tracks are over.
    pub fn end_all(&mut self) {
        self.walkers.take_values();
    }

    /// People who crossed since the start, in and out.
    #[must_use]
    pub fn people_totals(&self) -> (u64, u64) {
        self.totals[ObjectClass::Person as usize]
    }

    /// The totals, without readings.
    #[must_use]
    pub fn state(&self) -> LineState {
        let total = |class: ObjectClass| {
            let (in_total, out_total) = self.totals[class as usize];
            (class, in_total, out_total)
        };
        LineState {
            line: self.id.clone(),
            totals: self.classes.iter().map(total).collect(),
            people_were_missed: false,
            readings: Readings::NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{CameraId, PixelBox, Timestamp};

    const HEIGHT_PX: f64 = 100.0;
    const SIZE: FrameSize = FrameSize { width_px: 1000, height_px: 1000 };

    /// A line at x = 500, drawn upwards or downwards.
    fn line(upwards: bool, from_y: f64, to_y: f64) -> LineCounter {
        let (low, high) = (NormPoint { x: 0.5, y: from_y }, NormPoint { x: 0.5, y: to_y });
        let (a, b) = if upwards { (low, high) } else { (high, low) };
        let mut counter = LineCounter::new(&LinePlan::new(LineId::new("gate").unwrap(), a, b));
        counter.fit(SIZE);
        counter
    }

    /// The directions counted for one track with these foot points.
    fn walk(counter: &mut LineCounter, feet: impl IntoIterator<Item = (f64, f64)>) -> Vec<Direction> {
        let mut crossings = Vec::new();
        for (seq, (x, y)) in feet.into_iter().enumerate() {
            let at = Timestamp(seq as i64);
            let bbox = PixelBox { left: x - 20.0, top: y - HEIGHT_PX, right: x + 20.0, bottom: y };
            let (id, class, state) = (TrackId(1), ObjectClass::Person, TrackState::Confirmed);
            let track = Track { id, class, state, bbox, score: 0.9, first_seen: at, last_seen: at };
            let frame = FrameMeta { camera: CameraId::new("cam").unwrap(), seq: seq as u64, at, size: SIZE, epoch: 0 };
            counter.step(&frame, &[track], &mut crossings);
        }
        crossings.iter().map(|crossing| crossing.direction).collect()
    }

    fn feet() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec((400.0..600.0, 0.0..1000.0), 1..60)
    }

    proptest! {
        #[test]
        fn over_a_line_without_end_directions_alternate(feet in feet()) {
            let counted = walk(&mut line(true, 50.0, -50.0), feet);
            prop_assert!(counted.windows(2).all(|pair| pair[0] != pair[1]));
        }

        #[test]
        fn far_beyond_the_band_in_minus_out_is_the_change_of_side(feet in feet(), ends in (any::<bool>(), any::<bool>())) {
            let far = |left: bool| (if left { 100.0 } else { 900.0 }, 500.0);
            let way = std::iter::once(far(ends.0)).chain(feet).chain([far(ends.1)]);
            let counted = walk(&mut line(true, 50.0, -50.0), way);
            let sum: i32 = counted.iter().map(|&way| if way == Direction::In { 1 } else { -1 }).sum();
            prop_assert_eq!(sum, i32::from(ends.1) - i32::from(ends.0));
        }

        #[test]
        fn turning_the_line_round_swaps_in_and_out(feet in feet()) {
            let swapped = |direction| if direction == Direction::In { Direction::Out } else { Direction::In };
            let counted = walk(&mut line(true, 0.8, 0.2), feet.clone());
            let reversed = walk(&mut line(false, 0.8, 0.2), feet);
            prop_assert_eq!(counted, reversed.into_iter().map(swapped).collect::<Vec<_>>());
        }

        #[test]
        fn walking_back_the_whole_way_counts_the_opposite(feet in prop::collection::vec((0.0..1000.0, 0.0..1000.0), 2..30)) {
            // Both ends of the way far beyond the band; a band and a travel of no size, as otherwise places differ.
            let way: Vec<_> = [(900.0, 500.0)].into_iter().chain(feet).chain([(100.0, 500.0)]).collect();
            let mut counter = line(true, 50.0, -50.0);
            (counter.band_heights, counter.min_travel_heights) = (0.0, 0.0);
            let mut back = counter.clone();
            let there = walk(&mut counter, way.iter().copied());
            let back = walk(&mut back, way.iter().rev().copied());
            let count = |directions: &[Direction], which| directions.iter().filter(|&&d| d == which).count();
            prop_assert_eq!(count(&there, Direction::In), count(&back, Direction::Out));
            prop_assert_eq!(count(&there, Direction::Out), count(&back, Direction::In));
        }

        #[test]
        fn scatter_within_the_band_is_never_counted(
            scatter in prop::collection::vec((-10.0..10.0, -10.0..10.0), 1..200), from_left in any::<bool>()
        ) {
            let from = (if from_left { 300.0 } else { 700.0 }, 500.0);
            let way = std::iter::once(from).chain(scatter.into_iter().map(|(x, y)| (500.0 + x, 500.0 + y)));
            prop_assert_eq!(walk(&mut line(true, 0.8, 0.2), way), []);
        }

        #[test]
        fn a_walk_with_scatter_is_counted_once(scatter in prop::collection::vec((-9.0..9.0, -9.0..9.0), 100)) {
            let way = scatter.into_iter().enumerate().map(|(i, (x, y))| (600.0 - 2.0 * i as f64 + x, 500.0 + y));
            prop_assert_eq!(walk(&mut line(true, 0.8, 0.2), way), [Direction::In]);
        }
    }
}
