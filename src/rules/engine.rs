//! All rules together.

use super::machine::LevelMachine;
use crate::config::RulePlan;
use crate::model::{
    AlertEvent, CameraId, FrameReport, Level, LineState, Measure, Place, Reading, Readings, RuleId, Timestamp,
    ZoneState,
};

/// What a camera's places read at one moment.
#[derive(Debug, Clone, Copy)]
pub struct CameraReadings<'a> {
    /// Its zones.
    pub zones: &'a [ZoneState],
    /// Its lines.
    pub lines: &'a [LineState],
    /// The whole picture.
    pub camera: &'a Readings,
}

impl<'a> From<&'a FrameReport> for CameraReadings<'a> {
    fn from(report: &'a FrameReport) -> Self {
        Self { zones: &report.zones, lines: &report.lines, camera: &report.readings }
    }
}

impl<'a> CameraReadings<'a> {
    /// The readings of this place; `index` is where it was last time, and is set to where it is now.
    fn of(&self, place: &Place, index: &mut usize) -> Option<&'a Readings> {
        match place {
            Place::Camera => Some(self.camera),
            Place::Zone(id) => found(self.zones, index, |state| &state.zone == id).map(|state| &state.readings),
            Place::Line(id) => found(self.lines, index, |state| &state.line == id).map(|state| &state.readings),
        }
    }
}

/// The first that fits: looked for where it was last time first, as places come in the same order each time.
fn found<'a, T>(states: &'a [T], index: &mut usize, fits: impl Fn(&T) -> bool) -> Option<&'a T> {
    if let Some(state) = states.get(*index).filter(|state| fits(state)) {
        return Some(state);
    }
    *index = states.iter().position(fits)?;
    states.get(*index)
}

/// How a rule stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleStatus<'a> {
    /// The rule.
    pub rule: &'a RuleId,
    /// The place's camera.
    pub camera: &'a CameraId,
    /// The place.
    pub place: &'a Place,
    /// What is compared.
    pub measure: Measure,
    /// The level that is on; `None`: calm.
    pub level: Option<Level>,
    /// When the alert that is on left calm; `None`: calm.
    pub since: Option<Timestamp>,
    /// The newest value; `None` before the first sample.
    pub reading: Option<Reading>,
    /// It is not known now how the place is (or was never, yet): the level is what was known last, and calm means nothing.
    pub stale: bool,
}

#[derive(Debug, Clone)]
struct Rule {
    plan: RulePlan,
    machine: LevelMachine,
    /// Where the place was in the last list.
    place_at: usize,
}

/// Rules on zones, lines and cameras, any number of cameras. It needs no ticks of its own: a camera that sends nothing is still told of,
/// with places that read unknown.
#[derive(Debug, Clone)]
pub struct RuleEngine {
    rules: Vec<Rule>,
}

impl RuleEngine {
    /// All rules in calm, in this order.
    #[must_use]
    pub fn new(plans: &[RulePlan]) -> Self {
        let rule = |plan: &RulePlan| {
            let machine = LevelMachine::new(&plan.levels, plan.measure.facts().worse);
            Rule { plan: plan.clone(), machine, place_at: 0 }
        };
        Self { rules: plans.iter().map(rule).collect() }
    }

    /// Takes in what a camera's places read as of a frame or tick, and gives what changed, in the order of the rules.
    ///
    /// Each rule on this camera gets one sample. A place that is not in the list, or has no such measure (no area, no
    /// people counted, no calibration), gives its rules none. Times go forward rule by rule: a sample that is not later
    /// than a rule's newest is passed over.
    pub fn step(&mut self, at: Timestamp, camera: &CameraId, readings: CameraReadings<'_>) -> Vec<AlertEvent> {
        let mut events = Vec::new();
        for Rule { plan, machine, place_at } in self.rules.iter_mut().filter(|rule| &rule.plan.camera == camera) {
            let Some(of_place) = readings.of(&plan.place, place_at) else { continue };
            let Some(reading) = of_place.get(plan.measure) else { continue };
            machine.sample(at, reading, |transition| {
                events.push(AlertEvent {
                    at,
                    rule: plan.id.clone(),
                    name: plan.name.clone(),
                    camera: plan.camera.clone(),
                    place: plan.place.clone(),
                    measure: plan.measure,
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
                place: &plan.place,
                measure: plan.measure,
                level: machine.level(),
                since: machine.since(),
                reading,
                stale: reading.is_none_or(|reading| !reading.is_known()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LevelPlan;
    use crate::model::{AlertKind, LineId, UnknownReason, ZoneId};

    fn zone(id: &str, occupancy: Reading, density_per_m2: Option<Reading>) -> ZoneState {
        let mut readings = Readings::NONE.with(Measure::Occupancy, occupancy);
        if let Some(density) = density_per_m2 {
            readings.set(Measure::Density, density);
        }
        ZoneState { zone: ZoneId::new(id).unwrap(), classes: Vec::new(), readings, saturation: None }
    }

    fn rule(id: &str, camera: &str, zone: &str, measure: Measure, raise: f64) -> RulePlan {
        RulePlan {
            id: RuleId::new(id).unwrap(),
            name: id.to_uppercase(),
            camera: CameraId::new(camera).unwrap(),
            place: Place::Zone(ZoneId::new(zone).unwrap()),
            measure,
            levels: vec![LevelPlan { level: Level::Yellow, raise, hold_s: 0.0, clear: raise / 2.0, clear_hold_s: 0.0 }],
            source: "the test".to_owned(),
        }
    }

    fn zones(zones: &[ZoneState]) -> CameraReadings<'_> {
        CameraReadings { zones, lines: &[], camera: &Readings::NONE }
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
        let events = engine.step(Timestamp(1), &cam_a, zones(&[quay.clone(), plaza.clone()]));
        assert_eq!(names(&events), [("a_people", AlertKind::Raised), ("a_density", AlertKind::Raised)]);
        assert_eq!(
            events[1],
            AlertEvent {
                at: Timestamp(1),
                rule: RuleId::new("a_density").unwrap(),
                name: "A_DENSITY".to_owned(),
                camera: cam_a.clone(),
                place: Place::Zone(ZoneId::new("plaza").unwrap()),
                measure: Measure::Density,
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
        assert_eq!(engine.step(Timestamp(2), &cam_a, zones(&[plaza.clone(), quay])), []);
        assert_eq!(names(&engine.step(Timestamp(1), &cam_b, zones(&[plaza]))), [("b_people", AlertKind::Raised)]);
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
        engine.step(Timestamp(5), &camera, zones(&[zone("plaza", Reading::Valid(12.0), None)]));
        let full = Some(Reading::Valid(12.0));
        let on = (Some(Level::Yellow), Some(Timestamp(5)));
        assert_eq!(state(&engine), [(on.0, on.1, false, full), (None, None, false, full)]);
        let blind = Reading::Unknown(UnknownReason::NoFrames);
        let events = engine.step(Timestamp(6), &camera, zones(&[zone("plaza", blind, None)]));
        assert_eq!(names(&events), [("full", AlertKind::Stale)]);
        assert_eq!(state(&engine), [(on.0, on.1, true, Some(blind)), (None, None, true, Some(blind))]);
        let nothing = Reading::Unknown(UnknownReason::NothingToMeasure);
        engine.step(Timestamp(7), &camera, zones(&[zone("plaza", nothing, None)]));
        assert_eq!(state(&engine), [(None, None, false, Some(nothing)); 2], "calm is known");
    }

    #[test]
    fn lines_and_whole_pictures_have_rules_too() {
        let line = LineId::new("gate").unwrap();
        let on = |place, measure| RulePlan { place, measure, ..rule("r", "cam_a", "none", measure, 10.0) };
        let mut engine = RuleEngine::new(&[
            on(Place::Line(line.clone()), Measure::FlowIn),
            on(Place::Line(line.clone()), Measure::FlowOut),
            on(Place::Camera, Measure::People),
        ]);
        let readings = Readings::NONE
            .with(Measure::FlowIn, Reading::Valid(12.0))
            .with(Measure::FlowOut, Reading::Unknown(UnknownReason::NotEnough));
        let lines = [LineState { line: line.clone(), totals: Vec::new(), readings }];
        let camera = Readings::NONE.with(Measure::People, Reading::Valid(10.0));
        let readings = CameraReadings { zones: &[], lines: &lines, camera: &camera };
        let events = engine.step(Timestamp(1), &CameraId::new("cam_a").unwrap(), readings);
        let told: Vec<_> = events.iter().map(|event| (&event.place, event.measure, event.reading)).collect();
        let flow = (&Place::Line(line), Measure::FlowIn, Reading::Valid(12.0));
        assert_eq!(told, [flow, (&Place::Camera, Measure::People, Reading::Valid(10.0))]);
    }
}
