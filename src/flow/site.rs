//! Several zones as one place: how many people there are in all, how full that is, and how many may still come.

use crate::config::{SitePlan, SiteZone};
use crate::model::{CameraId, Direction, FrameReport, Measure, Reading, Readings, UnknownReason};

/// Time within which a site that is filled at the admissible rate reaches its capacity, in minutes: long enough for the
/// word to reach the entrances and for a queue there to be led elsewhere.
pub const ADMISSION_HORIZON_MIN: f64 = 10.0;

/// What a site's zones and entrances read last.
///
/// A camera that sends nothing is told of too, with readings that are unknown, so the newest reading of each zone is its
/// present one.
#[derive(Debug, Clone)]
pub struct SiteFlow {
    plan: SitePlan,
    /// Of each zone, in the order of the plan.
    zones: Vec<ZoneNow>,
    /// People a minute out of the site over each entrance, in the order of the plan, and people a minute in.
    flows: Vec<[Reading; 2]>,
}

/// The newest readings of a zone that a site asks for.
#[derive(Debug, Clone, Copy)]
struct ZoneNow {
    occupancy: Reading,
    density: Option<Reading>,
    level_of_service: Option<Reading>,
}

const NOT_STARTED: Reading = Reading::Unknown(UnknownReason::NotStarted);

impl SiteFlow {
    /// A site of which nothing is known yet.
    #[must_use]
    pub fn new(plan: &SitePlan) -> Self {
        let zone = |zone: &SiteZone| ZoneNow {
            occupancy: NOT_STARTED,
            density: zone.area_m2.map(|_| NOT_STARTED),
            level_of_service: zone.is_calibrated.then_some(NOT_STARTED),
        };
        Self {
            zones: plan.zones.iter().map(zone).collect(),
            flows: vec![[NOT_STARTED; 2]; plan.entrances.len()],
            plan: plan.clone(),
        }
    }

    /// Whether some of it is this camera's.
    #[must_use]
    pub fn is_seen_by(&self, camera: &CameraId) -> bool {
        self.plan.zones.iter().any(|zone| &zone.camera == camera)
            || self.plan.entrances.iter().any(|(entrance, ..)| entrance == camera)
    }

    /// Takes in what a camera says; cameras may come in any order.
    pub fn take_in(&mut self, report: &FrameReport) {
        for (plan, now) in self.plan.zones.iter().zip(&mut self.zones) {
            if plan.camera == report.camera
                && let Some(state) = report.zones.iter().find(|state| state.zone == plan.zone)
            {
                *now = ZoneNow {
                    occupancy: state.readings.get(Measure::Occupancy).unwrap_or(NOT_STARTED),
                    density: state.readings.get(Measure::Density),
                    level_of_service: state.readings.get(Measure::LevelOfService),
                };
            }
        }
        for ((camera, line, inward), flow) in self.plan.entrances.iter().zip(&mut self.flows) {
            if camera == &report.camera
                && let Some(state) = report.lines.iter().find(|state| &state.line == line)
            {
                let outward = if *inward == Direction::In { Direction::Out } else { Direction::In };
                *flow = [outward, *inward]
                    .map(|direction| state.readings.get(Measure::flow(direction)).unwrap_or(NOT_STARTED));
            }
        }
    }

    /// What is measured of the site.
    ///
    /// - **Occupancy**: the sum over its zones. Where some are unknown it is a lower bound, since there are no fewer
    ///   people than in the others; where all are, it is unknown.
    /// - **Density**: occupancy over the zones' area, where every area is known; **local density** and **level of
    ///   service**: those of the worst zone, lower bounds where a zone is unknown.
    /// - **Flow in, flow out**: the sums over its entrances.
    /// - **Share of capacity**: occupancy over the published capacity.
    /// - **Admissible flow**: how many may still enter a minute so that the capacity is reached no sooner than in
    ///   [`ADMISSION_HORIZON_MIN`], (capacity − occupancy) / horizon + flow out; never below 0. People who are not seen
    ///   to leave are not counted on: an unknown flow out counts as none.
    #[must_use]
    pub fn readings(&self) -> Readings {
        let occupancy = sum(self.zones.iter().map(|zone| zone.occupancy));
        let mut readings = Readings::NONE.with(Measure::Occupancy, occupancy);
        let areas_m2: Option<Vec<f64>> = self.plan.zones.iter().map(|zone| zone.area_m2).collect();
        if let Some(area_m2) = areas_m2.map(|areas| areas.iter().sum::<f64>()).filter(|area_m2| *area_m2 > 0.0) {
            readings.set(Measure::Density, occupancy.map(|people| people / area_m2));
        }
        let worst = |of: fn(&ZoneNow) -> Option<Reading>| worst(self.zones.iter().filter_map(of));
        if let Some(density) = worst(|zone| zone.density) {
            readings.set(Measure::LocalDensity, density);
        }
        if let Some(level) = worst(|zone| zone.level_of_service) {
            readings.set(Measure::LevelOfService, level);
        }
        let out_per_min = (!self.flows.is_empty()).then(|| sum(self.flows.iter().map(|[out, _]| *out)));
        if let Some(out_per_min) = out_per_min {
            readings.set(Measure::FlowOut, out_per_min);
            readings.set(Measure::FlowIn, sum(self.flows.iter().map(|[_, into]| *into)));
        }
        if let Some(capacity) = self.plan.capacity {
            readings.set(Measure::ShareOfCapacity, occupancy.map(|people| people / capacity));
            let leaving_per_min = out_per_min.and_then(Reading::value).unwrap_or(0.0);
            let admissible = |people: f64| ((capacity - people) / ADMISSION_HORIZON_MIN + leaving_per_min).max(0.0);
            readings.set(
                Measure::AdmissibleFlow,
                match occupancy {
                    Reading::Valid(people) => Reading::Valid(admissible(people)),
                    Reading::AtLeast(people) => Reading::AtMost(admissible(people)),
                    Reading::AtMost(people) => Reading::AtLeast(admissible(people)),
                    Reading::Unknown(reason) => Reading::Unknown(reason),
                },
            );
        }
        readings
    }
}

/// The sum of numbers of people of which none is negative: a lower bound where one is, or where one is unknown.
fn sum(readings: impl Iterator<Item = Reading> + Clone) -> Reading {
    let total: f64 = readings.clone().filter_map(Reading::value).sum();
    let unknown = readings.clone().find_map(|reading| match reading {
        Reading::Unknown(reason) => Some(reason),
        _ => None,
    });
    let bounded = |is: fn(&Reading) -> bool| readings.clone().any(|reading| is(&reading));
    let (low, high) = (
        bounded(|reading| matches!(reading, Reading::AtLeast(_))),
        bounded(|reading| matches!(reading, Reading::AtMost(_))),
    );
    match unknown {
        Some(reason) if readings.clone().all(|reading| reading.value().is_none()) || high => Reading::Unknown(reason),
        None if low && high => Reading::Unknown(UnknownReason::NotEnough),
        None if high => Reading::AtMost(total),
        None if !low => Reading::Valid(total),
        _ => Reading::AtLeast(total),
    }
}

/// The greatest of them, a lower bound where one of them is, or is unknown; `None` of none.
fn worst(readings: impl Iterator<Item = Reading> + Clone) -> Option<Reading> {
    let greatest = readings.clone().filter_map(Reading::value).reduce(f64::max);
    let is_exact = readings.clone().all(|reading| matches!(reading, Reading::Valid(_)));
    match greatest {
        Some(greatest) if is_exact => Some(Reading::Valid(greatest)),
        Some(greatest) => Some(Reading::AtLeast(greatest)),
        None => readings.last(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LineId, LineState, SiteId, Timestamp, ZoneId, ZoneState};
    use Reading::{AtLeast, AtMost, Unknown, Valid};

    const BLIND: Reading = Unknown(UnknownReason::NoFrames);

    fn camera(id: &str) -> CameraId {
        CameraId::new(id).unwrap()
    }

    /// Two cameras with a zone each, 100 m² and 300 m², an entrance at the first; 1000 people may be there.
    fn site() -> SiteFlow {
        let zone = |id, area_m2| SiteZone {
            camera: camera(id),
            zone: ZoneId::new("z").unwrap(),
            area_m2: Some(area_m2),
            is_calibrated: false,
        };
        SiteFlow::new(&SitePlan {
            id: SiteId::new("bund").unwrap(),
            name: "Bund".to_owned(),
            unit: None,
            zones: vec![zone("a", 100.0), zone("b", 300.0)],
            entrances: vec![(camera("a"), LineId::new("steps").unwrap(), Direction::Out)],
            capacity: Some(1000.0),
        })
    }

    fn report(id: &str, occupancy: Reading, density: f64, flows: Option<[f64; 2]>) -> FrameReport {
        let readings = Readings::NONE
            .with(Measure::Occupancy, occupancy)
            .with(Measure::Density, if occupancy == BLIND { BLIND } else { Valid(density) });
        let flow = |[into, out]: [f64; 2]| {
            Readings::NONE.with(Measure::FlowIn, Valid(into)).with(Measure::FlowOut, Valid(out))
        };
        let line = |flows| LineState {
            line: LineId::new("steps").unwrap(),
            totals: Vec::new(),
            people_were_missed: false,
            readings: flow(flows),
        };
        FrameReport {
            camera: camera(id),
            at: Timestamp(0),
            frame: None,
            tracks: Vec::new(),
            zones: vec![ZoneState { zone: ZoneId::new("z").unwrap(), classes: Vec::new(), readings, saturation: None }],
            lines: flows.map(line).into_iter().collect(),
            readings: Readings::NONE,
            crossings: Vec::new(),
            alerts: Vec::new(),
        }
    }

    #[test]
    fn a_site_is_the_sum_of_its_zones() {
        let mut site = site();
        assert!(site.is_seen_by(&camera("b")) && !site.is_seen_by(&camera("c")));
        assert_eq!(site.readings().get(Measure::Occupancy), Some(NOT_STARTED));
        // *In* at the entrance leads out of the site.
        site.take_in(&report("a", Valid(300.0), 3.0, Some([20.0, 50.0])));
        assert_eq!(site.readings().get(Measure::LocalDensity), Some(AtLeast(3.0)), "of the other nothing is known yet");
        site.take_in(&report("b", Valid(500.0), 1.7, None));
        let readings = site.readings();
        for (measure, reading) in [
            (Measure::Occupancy, Valid(800.0)),
            (Measure::Density, Valid(2.0)),
            (Measure::LocalDensity, Valid(3.0)),
            (Measure::ShareOfCapacity, Valid(0.8)),
            (Measure::FlowOut, Valid(20.0)),
            (Measure::FlowIn, Valid(50.0)),
            // 200 more in ten minutes, and those who leave make room.
            (Measure::AdmissibleFlow, Valid(40.0)),
        ] {
            assert_eq!(readings.get(measure), Some(reading), "{measure:?}");
        }
    }

    #[test]
    fn a_blind_camera_makes_bounds_and_two_make_it_unknown() {
        let mut site = site();
        site.take_in(&report("a", Valid(900.0), 9.0, Some([0.0, 0.0])));
        site.take_in(&report("b", BLIND, 0.0, None));
        let readings = site.readings();
        assert_eq!(readings.get(Measure::Occupancy), Some(AtLeast(900.0)));
        assert_eq!(readings.get(Measure::LocalDensity), Some(AtLeast(9.0)));
        assert_eq!(readings.get(Measure::AdmissibleFlow), Some(AtMost(10.0)));
        site.take_in(&report("a", BLIND, 0.0, None));
        let readings = site.readings();
        for measure in [Measure::Occupancy, Measure::LocalDensity, Measure::ShareOfCapacity, Measure::AdmissibleFlow] {
            assert_eq!(readings.get(measure), Some(BLIND), "{measure:?}");
        }
    }

    #[test]
    fn nobody_is_admitted_to_a_site_that_is_too_full() {
        let mut site = site();
        site.take_in(&report("a", Valid(700.0), 7.0, Some([0.0, 30.0])));
        site.take_in(&report("b", AtLeast(500.0), 1.7, None));
        assert_eq!(site.readings().get(Measure::ShareOfCapacity), Some(AtLeast(1.2)));
        assert_eq!(site.readings().get(Measure::AdmissibleFlow), Some(AtMost(0.0)));
    }

    #[test]
    fn sums_of_bounds_are_bounds_or_nothing() {
        for (readings, expected) in [
            (vec![Valid(1.0), AtLeast(2.0)], AtLeast(3.0)),
            (vec![Valid(1.0), AtMost(2.0)], AtMost(3.0)),
            (vec![AtLeast(1.0), AtMost(2.0)], Unknown(UnknownReason::NotEnough)),
            (vec![BLIND, AtMost(2.0)], BLIND),
            (vec![BLIND, AtLeast(2.0)], AtLeast(2.0)),
        ] {
            assert_eq!(sum(readings.iter().copied()), expected, "{readings:?}");
        }
    }
}
