//! All rules together.

use super::machine::LevelMachine;
use crate::config::{Measure, RulePlan};
use crate::model::{AlertEvent, CameraId, Level, ObjectClass, Reading, RuleId, Timestamp, ZoneId, ZoneState};

/// How a rule stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleStatus<'a> {
    /// The rule.
    pub rule: &'a RuleId,
    /// The zone's camera.
    pub camera: &'a CameraId,
    /// The zone.
    pub zone: &'a ZoneId,
    /// What is compared.
    pub measure: Measure,
    /// The level that is on; `None`: calm.
    pub level: Option<Level>,
    /// When the alert that is on left calm; `None`: calm.
    pub since: Option<Timestamp>,
    /// The newest value; `None` before the first sample.
    pub reading: Option<Reading>,
    /// No value is known now (or none was, yet): the level is what was known last, and calm means nothing.
    pub stale: bool,
}

#[derive(Debug, Clone)]
struct Rule {
    plan: RulePlan,
    machine: LevelMachine,
    /// Where the zone was in the last list: zones come in the same order each time.
    zone_at: usize,
}

/// Rules on zones, any number of cameras. It needs no ticks of its own: a camera that sends nothing is still told of,
/// with zones that read unknown.
#[derive(Debug, Clone)]
pub struct RuleEngine {
    rules: Vec<Rule>,
}

impl RuleEngine {
    /// All rules in calm, in this order.
    #[must_use]
    pub fn new(plans: &[RulePlan]) -> Self {
        let rule = |plan: &RulePlan| Rule { plan: plan.clone(), machine: LevelMachine::new(&plan.levels), zone_at: 0 };
        Self { rules: plans.iter().map(rule).collect() }
    }

    /// Takes in a camera's zones as of a frame or tick, and gives what changed, in the order of the rules.
    ///
    /// Each rule on this camera gets one sample. A zone that is not in the list, or has no such measure (no area, no
    /// people counted), gives its rules none. Times go forward rule by rule: a sample that is not later than a rule's
    /// newest is passed over.
    pub fn step(&mut self, at: Timestamp, camera: &CameraId, zones: &[ZoneState]) -> Vec<AlertEvent> {
        let mut events = Vec::new();
        for Rule { plan, machine, zone_at } in self.rules.iter_mut().filter(|rule| &rule.plan.camera == camera) {
            if zones.get(*zone_at).is_none_or(|state| state.zone != plan.zone) {
                let Some(found) = zones.iter().position(|state| state.zone == plan.zone) else { continue };
                *zone_at = found;
            }
            let Some(reading) = zones.get(*zone_at).and_then(|state| measured(plan.measure, state)) else { continue };
            machine.sample(at, reading, |transition| {
                events.push(AlertEvent {
                    at,
                    rule: plan.id.clone(),
                    camera: plan.camera.clone(),
                    zone: plan.zone.clone(),
                    measure: plan.measure.as_str(),
                    kind: transition.kind,
                    from: transition.from,
                    to: transition.to,
                    reading,
                    threshold: transition.threshold,
                    source: plan.source.clone(),
                    since: transition.since,
                });
            });
        }
        events
    }

    /// How every rule stands, in order.
    pub fn states(&self) -> impl Iterator<Item = RuleStatus<'_>> {
        self.rules.iter().map(|Rule { plan, machine, .. }| {
            let reading = machine.newest().map(|(_, reading)| reading);
            RuleStatus {
                rule: &plan.id,
                camera: &plan.camera,
                zone: &plan.zone,
                measure: plan.measure,
                level: machine.level(),
                since: machine.since(),
                reading,
                stale: reading.is_none_or(|reading| reading.value().is_none()),
            }
        })
    }
}

fn measured(measure: Measure, state: &ZoneState) -> Option<Reading> {
    match measure {
        Measure::Occupancy => {
            state.classes.iter().find(|class| class.class == ObjectClass::Person).map(|class| class.occupancy)
        }
        Measure::Density => state.density_per_m2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LevelPlan;
    use crate::model::{AlertKind, UnknownReason, ZoneClassState};

    fn zone(id: &str, occupancy: Reading, density_per_m2: Option<Reading>) -> ZoneState {
        let class = |class| ZoneClassState {
            class,
            occupancy: if class == ObjectClass::Person { occupancy } else { Reading::Valid(50.0) },
            entries_total: 0,
            exits_total: 0,
            stays_total: 0,
            dwell_seconds_total: 0.0,
            longest_dwell_s: None,
        };
        let classes = vec![class(ObjectClass::Person), class(ObjectClass::Bicycle)];
        ZoneState {
            zone: ZoneId::new(id).unwrap(),
            classes,
            density_per_m2,
            saturation: None,
            count_disagreement: None,
            ground: None,
        }
    }

    fn rule(id: &str, camera: &str, zone: &str, measure: Measure, raise: f64) -> RulePlan {
        RulePlan {
            id: RuleId::new(id).unwrap(),
            name: id.to_owned(),
            camera: CameraId::new(camera).unwrap(),
            zone: ZoneId::new(zone).unwrap(),
            measure,
            levels: vec![LevelPlan { level: Level::Yellow, raise, hold_s: 0.0, clear: raise / 2.0, clear_hold_s: 0.0 }],
            source: "the test".to_owned(),
        }
    }

    fn names(events: &[AlertEvent]) -> Vec<(&str, AlertKind)> {
        events.iter().map(|event| (event.rule.as_str(), event.kind)).collect()
    }

    #[test]
    fn each_rule_looks_at_its_own_camera_zone_and_measure() {
        let mut engine = RuleEngine::new(&[
            rule("a_people", "cam_a", "plaza", Measure::Occupancy, 10.0),
            rule("a_density", "cam_a", "plaza", Measure::Density, 1.0),
            rule("a_quay", "cam_a", "quay", Measure::Occupancy, 10.0),
            rule("b_people", "cam_b", "plaza", Measure::Occupancy, 10.0),
            rule("no_area", "cam_a", "quay", Measure::Density, 0.0),
            rule("no_zone", "cam_a", "elsewhere", Measure::Occupancy, 0.0),
        ]);
        let (cam_a, cam_b) = (CameraId::new("cam_a").unwrap(), CameraId::new("cam_b").unwrap());
        let plaza = zone("plaza", Reading::Valid(12.0), Some(Reading::AtLeast(2.5)));
        let quay = zone("quay", Reading::Valid(3.0), None);
        let events = engine.step(Timestamp(1), &cam_a, &[quay.clone(), plaza.clone()]);
        assert_eq!(names(&events), [("a_people", AlertKind::Raised), ("a_density", AlertKind::Raised)]);
        assert_eq!(
            events[1],
            AlertEvent {
                at: Timestamp(1),
                rule: RuleId::new("a_density").unwrap(),
                camera: cam_a.clone(),
                zone: ZoneId::new("plaza").unwrap(),
                measure: "density",
                kind: AlertKind::Raised,
                from: None,
                to: Some(Level::Yellow),
                reading: Reading::AtLeast(2.5),
                threshold: Some(1.0),
                source: "the test".to_owned(),
                since: Timestamp(1),
            }
        );
        // Another order of zones, another camera, whose time goes its own way.
        assert_eq!(engine.step(Timestamp(2), &cam_a, &[plaza.clone(), quay]), []);
        assert_eq!(names(&engine.step(Timestamp(1), &cam_b, &[plaza])), [("b_people", AlertKind::Raised)]);
    }

    #[test]
    fn states_say_what_is_on_and_what_is_not_known() {
        let mut engine = RuleEngine::new(&[
            rule("full", "cam_a", "plaza", Measure::Occupancy, 10.0),
            rule("crowded", "cam_a", "plaza", Measure::Occupancy, 20.0),
        ]);
        let state = |engine: &RuleEngine| -> Vec<_> {
            engine.states().map(|status| (status.level, status.since, status.stale, status.reading)).collect()
        };
        assert_eq!(state(&engine), [(None, None, true, None); 2], "before the first sample nothing is known");
        let camera = CameraId::new("cam_a").unwrap();
        engine.step(Timestamp(5), &camera, &[zone("plaza", Reading::Valid(12.0), None)]);
        let full = Some(Reading::Valid(12.0));
        let on = (Some(Level::Yellow), Some(Timestamp(5)));
        assert_eq!(state(&engine), [(on.0, on.1, false, full), (None, None, false, full)]);
        let blind = Reading::Unknown(UnknownReason::NoFrames);
        let events = engine.step(Timestamp(6), &camera, &[zone("plaza", blind, None)]);
        assert_eq!(names(&events), [("full", AlertKind::Stale)]);
        assert_eq!(state(&engine), [(on.0, on.1, true, Some(blind)), (None, None, true, Some(blind))]);
    }
}
