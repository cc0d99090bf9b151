//! How many people a minute cross a line, and what that means for its width.

use std::collections::VecDeque;

use super::measures::{capacity_ratio, counter_flow_ratio, specific_flow};
use crate::config::LinePlan;
use crate::config::defaults::MAX_FRAME_INTERVAL_S;
use crate::model::{Crossing, Direction, LineId, Measure, ObjectClass, Reading, Readings, Timestamp, UnknownReason};

/// Flow is counted over this long, in seconds…
pub(super) const FLOW_WINDOW_S: f64 = 60.0;
/// …and unknown until so much of it was seen.
const FLOW_LEAST_S: f64 = 10.0;

/// The crossings of a line by people in the last minute.
#[derive(Debug, Clone)]
pub(super) struct LineMeasures {
    id: LineId,
    allowed: Option<Direction>,
    /// Width on the ground; `None` where it is not given, and the camera is not calibrated or the line reaches the horizon.
    width_m: Option<f64>,
    crossings: VecDeque<(Timestamp, Direction)>,
    /// Since when frames have come without a gap, and the newest.
    seen: Option<(Timestamp, Timestamp)>,
}

impl LineMeasures {
    /// `None` where the line does not count people.
    pub(super) fn new(plan: &LinePlan, width_m: Option<f64>) -> Option<Self> {
        plan.classes.contains(ObjectClass::Person).then(|| Self {
            id: plan.id.clone(),
            allowed: plan.allowed,
            width_m: width_m.filter(|&width_m| width_m > 0.0),
            crossings: VecDeque::new(),
            seen: None,
        })
    }

    /// Nothing is seen: what is counted over a while begins anew.
    pub(super) fn forget_moments(&mut self) {
        self.crossings.clear();
        self.seen = None;
    }

    /// Takes in the crossings that were counted in a frame, those of other lines included. After a gap of more than 5 s, in
    /// which people cross unseen, it begins anew; whoever is found on the other side after it is counted in the totals alone.
    pub(super) fn step(&mut self, at: Timestamp, crossings: &[Crossing]) {
        if self.seen.is_some_and(|(_, newest)| at.seconds_since(newest) > MAX_FRAME_INTERVAL_S) {
            self.forget_moments();
        }
        let begins = self.seen.is_none();
        self.seen = Some((self.seen.map_or(at, |(since, _)| since), at));
        if begins {
            return;
        }
        let own = crossings.iter().filter(|crossing| crossing.line == self.id && crossing.class == ObjectClass::Person);
        self.crossings.extend(own.map(|crossing| (crossing.at, crossing.direction)));
        while self.crossings.front().is_some_and(|&(when, _)| at.seconds_since(when) > FLOW_WINDOW_S) {
            self.crossings.pop_front();
        }
    }

    /// As of now.
    pub(super) fn readings(&self, now: Result<Timestamp, UnknownReason>) -> Readings {
        let count = |direction| self.crossings.iter().filter(|(_, way)| *way == direction).count() as f64;
        let (inwards, outwards) = (count(Direction::In), count(Direction::Out));
        let span_s = now.map(|at| self.seen.map_or(0.0, |(since, _)| at.seconds_since(since).min(FLOW_WINDOW_S)));
        let reading = |of: &dyn Fn(f64) -> Option<f64>| match span_s {
            Err(reason) => Reading::Unknown(reason),
            Ok(span_s) if span_s < FLOW_LEAST_S => Reading::Unknown(UnknownReason::NotEnough),
            // Nobody crosses it.
            Ok(span_s) => of(span_s).map_or(Reading::Unknown(UnknownReason::NothingToMeasure), Reading::Valid),
        };
        let mut readings = Readings::NONE;
        for (direction, crossed) in [(Direction::In, inwards), (Direction::Out, outwards)] {
            readings.set(Measure::flow(direction), reading(&|span_s| Some(60.0 * crossed / span_s)));
            if let Some(width_m) = self.width_m {
                let flow = reading(&|span_s| specific_flow(crossed / span_s, width_m));
                readings.set(Measure::specific_flow(direction), flow);
            }
        }
        if let Some(width_m) = self.width_m {
            let both = |span_s: f64| specific_flow((inwards + outwards) / span_s, width_m);
            readings.set(Measure::CapacityRatio, reading(&|span_s| both(span_s).map(capacity_ratio)));
        }
        readings.set(Measure::CounterFlow, reading(&|_| counter_flow_ratio(inwards, outwards)));
        if let Some(allowed) = self.allowed {
            let wrong = if allowed == Direction::In { outwards } else { inwards };
            let all = inwards + outwards;
            readings.set(Measure::WrongWay, reading(&|_| (all > 0.0).then(|| wrong / all)));
        }
        readings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CameraId, NormPoint, TrackId};

    #[test]
    fn a_gap_begins_the_minute_anew() {
        let id = LineId::new("gate").unwrap();
        let corner = NormPoint { x: 0.0, y: 0.0 };
        let mut measures = LineMeasures::new(&LinePlan::new(id.clone(), corner, corner), None).unwrap();
        let mut step = |seconds: f64| {
            let at = Timestamp(0).plus_seconds(seconds);
            let crossing = Crossing {
                at,
                seq: 0,
                camera: CameraId::new("cam").unwrap(),
                line: id.clone(),
                direction: Direction::In,
                class: ObjectClass::Person,
                track: TrackId(1),
            };
            measures.step(at, &[crossing]);
            measures.readings(Ok(at)).get(Measure::FlowIn).unwrap()
        };
        (0..20).for_each(|second| assert_eq!(step(f64::from(second)).value().is_some(), second >= 10));
        assert!(step(24.0).value().is_some(), "5 s are no gap");
        let unknown = Reading::Unknown(UnknownReason::NotEnough);
        // Who was counted in the frame after the gap crossed in the gap, or before.
        assert_eq!((step(29.1), step(34.0)), (unknown, unknown));
        assert_eq!(step(39.0), unknown);
        let Reading::Valid(per_min) = step(39.1) else { panic!() };
        assert!((per_min - 60.0 * 3.0 / 10.0).abs() < 1e-9, "{per_min}");
    }
}
