//! All rules together.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::machine::{LevelMachine, MachineState};
use crate::config::{Calendar, Combine, ConditionPlan, LevelPlan, Plan, Profile, RulePlan, When};
use crate::model::{
    AlertEvent, AlertKind, CameraId, FrameReport, Level, LineState, Measure, Place, Reading, Readings, RuleId,
    Timestamp, UnknownReason, ZoneState,
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
    /// The readings of this place of the camera; `index` is where it was last time, and is set to where it is now.
    fn of(&self, place: &Place, index: &mut usize) -> Option<&'a Readings> {
        match place {
            Place::Camera(_) => Some(self.camera),
            Place::Zone(_, id) => found(self.zones, index, |state| &state.zone == id).map(|state| &state.readings),
            Place::Line(_, id) => found(self.lines, index, |state| &state.line == id).map(|state| &state.readings),
            Place::Site(_) | Place::Destination(_) => None,
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
    /// The place of the condition that decides.
    pub place: &'a Place,
    /// What is compared there.
    pub measure: Measure,
    /// The level that is on; `None`: calm.
    pub level: Option<Level>,
    /// When the alert that is on left calm; `None`: calm.
    pub since: Option<Timestamp>,
    /// The newest value there; `None` before the first sample.
    pub reading: Option<Reading>,
    /// No value is known now of some condition (or none was, yet): the level is what was known last, and calm means
    /// nothing.
    pub stale: bool,
    /// A graver level that is on its way, and since when: it is raised once it has held.
    pub rising: Option<(Level, Timestamp)>,
    /// Since when the level that is on is being left: it falls once that has held.
    pub clearing_since: Option<Timestamp>,
}

/// What of a rule survives a restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleState {
    on: Option<(Level, Timestamp)>,
    told_stale: bool,
    conditions: Vec<ConditionState>,
}

impl RuleState {
    /// When its newest sample was.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.conditions.iter().filter_map(|condition| condition.machine.newest()).max()
    }

    /// Moves its times back, as the clock that they came from was: time only goes forward for a rule, so that it would
    /// look at nothing until then. Its level, and since when that is on, stay; holds begin anew.
    pub fn set_back(&mut self, by_us: i64) {
        self.conditions.iter_mut().for_each(|condition| condition.machine.set_back(by_us));
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ConditionState {
    /// As configuration names it: a machine of another place or measure is not gone on with.
    place: String,
    measure: String,
    machine: MachineState,
}

#[derive(Debug, Clone)]
struct Condition {
    place: Place,
    measure: Measure,
    levels: Vec<LevelPlan>,
    machine: LevelMachine,
    /// Where the place was in the last list.
    place_at: usize,
    /// Its level before the newest step.
    before: Option<Level>,
}

#[derive(Debug, Clone)]
struct Rule {
    plan: RulePlan,
    conditions: Vec<Condition>,
    /// The level that was told, and when the alert left calm.
    on: Option<(Level, Timestamp)>,
    /// It was told last that nothing is known.
    told_stale: bool,
    newest: Option<Timestamp>,
}

/// Rules on zones, lines, cameras and sites, any number of them. It needs no ticks of its own: a camera that sends nothing
/// is still told of, with places that read unknown.
///
/// Each condition has a machine of its own, with its holds and its hysteresis. A rule of several has the gravest level
/// that all of them, or one of them, has reached; it is stale while one of them is, and an unknown condition keeps the
/// level that it had.
#[derive(Debug, Clone)]
pub struct RuleEngine {
    rules: Vec<Rule>,
    occasions: Option<Occasions>,
}

/// What decides whether a rule applies, beside the time.
#[derive(Debug, Clone)]
struct Occasions {
    calendar: Calendar,
    profiles: Vec<Profile>,
    switched_on: BTreeSet<String>,
}

impl Occasions {
    fn apply(&self, when: &When, at: Timestamp) -> bool {
        let is_on = |id: &String| {
            let dated = || self.profiles.iter().any(|known| &known.id == id && self.calendar.is_dated(known, at));
            self.switched_on.contains(id) || dated()
        };
        (when.schedules.is_empty() || when.schedules.iter().any(|schedule| self.calendar.applies(schedule, at)))
            && (when.profiles.is_empty() || when.profiles.iter().any(is_on))
            && !when.except_profiles.iter().any(is_on)
    }
}

impl RuleEngine {
    /// All rules in calm, in this order. Without a calendar ([`RuleEngine::by_calendar`]) they apply at any time.
    #[must_use]
    pub fn new(plans: &[RulePlan]) -> Self {
        let rule = |plan: &RulePlan| {
            let condition = |plan: &ConditionPlan| Condition {
                place: plan.place.clone(),
                measure: plan.measure,
                machine: LevelMachine::new(&plan.levels, plan.measure.facts().worse),
                levels: plan.levels.clone(),
                place_at: 0,
                before: None,
            };
            let conditions = plan.conditions.iter().map(condition).collect();
            Rule { plan: plan.clone(), conditions, on: None, told_stale: false, newest: None }
        };
        Self { rules: plans.iter().map(rule).collect(), occasions: None }
    }

    /// The rules of the plan that are on this camera alone.
    #[must_use]
    pub fn of_camera(plan: &Plan, camera: &CameraId) -> Self {
        Self::of_plan(plan, |rule| rule.camera() == Some(camera))
    }

    /// The rules of the plan that are not on one camera alone.
    #[must_use]
    pub fn of_sites(plan: &Plan) -> Self {
        Self::of_plan(plan, |rule| rule.camera().is_none())
    }

    fn of_plan(plan: &Plan, is_own: impl Fn(&RulePlan) -> bool) -> Self {
        let own: Vec<RulePlan> = plan.rules.iter().filter(|rule| is_own(rule)).cloned().collect();
        Self::new(&own).by_calendar(&plan.calendar, &plan.profiles)
    }

    /// Every place that its conditions look at.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.rules.iter().flat_map(|rule| &rule.conditions).map(|condition| &condition.place)
    }

    /// The same rules, which begin alerts only when they are to by their schedules and profiles.
    #[must_use]
    pub fn by_calendar(mut self, calendar: &Calendar, profiles: &[Profile]) -> Self {
        let (calendar, profiles) = (calendar.clone(), profiles.to_vec());
        self.occasions = Some(Occasions { calendar, profiles, switched_on: BTreeSet::new() });
        self
    }

    /// Switches a profile on, or off again; one that is on by its dates stays on by them.
    pub fn switch_profile(&mut self, profile: &str, on: bool) {
        if let Some(occasions) = &mut self.occasions {
            if on {
                occasions.switched_on.insert(profile.to_owned());
            } else {
                occasions.switched_on.remove(profile);
            }
        }
    }

    /// Takes in what a camera's places read as of a frame or tick, and gives what changed, in the order of the rules.
    ///
    /// Each condition on this camera gets one sample. A place that is not in the list, or has no such measure (no area,
    /// no people counted, no calibration), gives none. Times go forward rule by rule: what is not later than a rule's
    /// newest is passed over.
    pub fn step(&mut self, at: Timestamp, camera: &CameraId, readings: CameraReadings<'_>) -> Vec<AlertEvent> {
        self.step_places(at, |place, index| {
            (place.camera() == Some(camera)).then(|| readings.of(place, index)).flatten()
        })
    }

    /// Takes in what any places read at this moment: `of` gives a place's readings, or `None` where it says nothing of it
    /// now; its second argument is for its own use, kept by place. Otherwise as [`RuleEngine::step`].
    pub fn step_places<'r>(
        &mut self,
        at: Timestamp,
        mut of: impl FnMut(&Place, &mut usize) -> Option<&'r Readings>,
    ) -> Vec<AlertEvent> {
        let mut events = Vec::new();
        let occasions = self.occasions.as_ref();
        for rule in &mut self.rules {
            if rule.newest.is_some_and(|newest| at <= newest) {
                continue;
            }
            let mut sampled = false;
            for condition in &mut rule.conditions {
                condition.before = condition.machine.level();
                let Some(readings) = of(&condition.place, &mut condition.place_at) else { continue };
                let Some(reading) = readings.get(condition.measure) else { continue };
                condition.machine.sample(at, reading, |_| ());
                sampled = true;
            }
            if sampled {
                rule.newest = Some(at);
                rule.tell(at, occasions, &mut events);
            }
        }
        events
    }

    /// How every rule stands, in order.
    pub fn states(&self) -> impl Iterator<Item = RuleStatus<'_>> {
        self.rules.iter().filter_map(|rule| {
            let condition = rule.deciding(rule.on.map(|(level, _)| level))?;
            Some(RuleStatus {
                rule: &rule.plan.id,
                place: &condition.place,
                measure: condition.measure,
                level: rule.on.map(|(level, _)| level),
                since: rule.on.map(|(_, since)| since),
                reading: condition.machine.newest().map(|(_, reading)| reading),
                stale: rule.is_stale(),
                rising: rule.conditions.iter().filter_map(|condition| condition.machine.rising()).max(),
                clearing_since: condition.machine.clearing_since().filter(|_| rule.on.is_some()),
            })
        })
    }

    /// How a rule's alert stands, as if it were told anew; `None` in calm, or where it has no such rule.
    #[must_use]
    pub fn standing(&self, rule: &RuleId) -> Option<AlertEvent> {
        let rule = self.rules.iter().find(|known| &known.plan.id == rule)?;
        let (level, since) = rule.on?;
        let kind = if rule.is_stale() { AlertKind::Stale } else { AlertKind::Fresh };
        rule.event(rule.newest?, kind, Some(level), Some(level), since)
    }

    /// What has to be kept of this rule; `None` where it has no such rule.
    #[must_use]
    pub fn state_of_rule(&self, rule: &RuleId) -> Option<RuleState> {
        self.rules.iter().find(|known| &known.plan.id == rule).map(Rule::state)
    }

    /// What has to be kept of each rule to go on later just as if nothing had been.
    #[must_use]
    pub fn state(&self) -> BTreeMap<RuleId, RuleState> {
        self.rules.iter().map(|rule| (rule.plan.id.clone(), rule.state())).collect()
    }

    /// Goes on where these rules stood. A rule that looks at other things now begins in calm; gives the rules that had an
    /// alert which is not gone on with.
    pub fn restore(&mut self, states: &BTreeMap<RuleId, RuleState>) -> Vec<RuleId> {
        let mut dropped = Vec::new();
        for rule in &mut self.rules {
            if let Some(state) = states.get(&rule.plan.id)
                && !rule.restore(state)
                && state.on.is_some()
            {
                dropped.push(rule.plan.id.clone());
            }
        }
        dropped
    }
}

impl Rule {
    /// The level that the conditions make.
    fn level(&self) -> Option<Level> {
        let levels = self.conditions.iter().map(|condition| condition.machine.level());
        match self.plan.combine {
            Combine::All => levels.min().flatten(),
            Combine::Any => levels.max().flatten(),
        }
    }

    fn is_stale(&self) -> bool {
        self.conditions.iter().any(|condition| condition.machine.is_stale())
    }

    /// The condition that stands for the rule while it has this level: the first that has just this one.
    fn deciding(&self, level: Option<Level>) -> Option<&Condition> {
        let has_it = self.conditions.iter().find(|condition| condition.machine.level() == level);
        has_it.or_else(|| self.conditions.first())
    }

    /// Tells what changed: at most a change of freshness, then a change of level.
    fn tell(&mut self, at: Timestamp, occasions: Option<&Occasions>, events: &mut Vec<AlertEvent>) {
        let stale = self.is_stale();
        if let Some((level, _)) = self.on
            && stale != self.told_stale
        {
            self.tell_freshness(at, stale, level, events);
        }
        let (before, now) = (self.on.map(|(level, _)| level), self.level());
        if before == now {
            return;
        }
        let may_begin = || occasions.is_none_or(|occasions| occasions.apply(&self.plan.when, at));
        if before.is_none() && !may_begin() {
            return;
        }
        let since = self.on.map_or(at, |(_, since)| since);
        let kind = match now {
            None => AlertKind::Cleared,
            Some(_) if now > before => AlertKind::Raised,
            Some(_) => AlertKind::Lowered,
        };
        events.extend(self.event(at, kind, before, now, since));
        self.on = now.map(|level| (level, since));
        match now {
            None => self.told_stale = false,
            // It rose by what is known, while something else is not.
            Some(level) if before.is_none() && stale => self.tell_freshness(at, stale, level, events),
            Some(_) => {}
        }
    }

    fn tell_freshness(&mut self, at: Timestamp, stale: bool, level: Level, events: &mut Vec<AlertEvent>) {
        self.told_stale = stale;
        let kind = if stale { AlertKind::Stale } else { AlertKind::Fresh };
        let since = self.on.map_or(at, |(_, since)| since);
        events.extend(self.event(at, kind, Some(level), Some(level), since));
    }

    fn event(
        &self,
        at: Timestamp,
        kind: AlertKind,
        from: Option<Level>,
        to: Option<Level>,
        since: Timestamp,
    ) -> Option<AlertEvent> {
        // What rises is told by who has risen there, what falls by who fell, what is not known by what it is not known of.
        let fell = |condition: &&Condition| condition.machine.level() < condition.before;
        let condition = match kind {
            AlertKind::Raised | AlertKind::Fresh => None,
            AlertKind::Lowered | AlertKind::Cleared => self.conditions.iter().find(fell),
            AlertKind::Stale => self.conditions.iter().find(|condition| condition.machine.is_stale()),
        };
        let condition = condition.or_else(|| self.deciding(to))?;
        let plan_of = |level: Option<Level>| condition.levels.iter().find(|plan| Some(plan.level) == level);
        let threshold = match kind {
            AlertKind::Raised => plan_of(to).map(|plan| plan.raise),
            AlertKind::Lowered | AlertKind::Cleared => plan_of(condition.before).map(|plan| plan.clear),
            AlertKind::Stale | AlertKind::Fresh => None,
        };
        let reading = condition.machine.newest().map(|(_, reading)| reading);
        Some(AlertEvent {
            at,
            rule: self.plan.id.clone(),
            name: self.plan.name.clone(),
            place: condition.place.clone(),
            measure: condition.measure,
            kind,
            from,
            to,
            reading: reading.unwrap_or(Reading::Unknown(UnknownReason::NotStarted)),
            threshold,
            source: self.plan.source.clone(),
            since,
        })
    }

    fn state(&self) -> RuleState {
        let conditions = self.conditions.iter().map(|condition| ConditionState {
            place: condition.place.to_string(),
            measure: condition.measure.as_str().to_owned(),
            machine: condition.machine.state(),
        });
        RuleState { on: self.on, told_stale: self.told_stale, conditions: conditions.collect() }
    }

    /// Whether the state was of what the rule looks at now.
    fn restore(&mut self, state: &RuleState) -> bool {
        let fits = state.conditions.len() == self.conditions.len()
            && self.conditions.iter().zip(&state.conditions).all(|(condition, state)| {
                condition.place.to_string() == state.place && condition.measure.as_str() == state.measure
            });
        if !fits {
            return false;
        }
        for (condition, state) in self.conditions.iter_mut().zip(&state.conditions) {
            condition.machine.restore(&state.machine);
        }
        // A level that is no more falls to the next milder one that there is; the next sample tells of it.
        (self.on, self.told_stale) = (state.on, state.told_stale);
        self.newest = self.conditions.iter().filter_map(|condition| condition.machine.newest()).map(|(at, _)| at).max();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AlertKind, LineId, UnknownReason, ZoneId};

    fn zone(id: &str, occupancy: Reading, density_per_m2: Option<Reading>) -> ZoneState {
        let mut readings = Readings::NONE.with(Measure::Occupancy, occupancy);
        if let Some(density) = density_per_m2 {
            readings.set(Measure::Density, density);
        }
        ZoneState { zone: ZoneId::new(id).unwrap(), classes: Vec::new(), readings, saturation: None }
    }

    fn rule(id: &str, camera: &str, zone: &str, measure: Measure, raise: f64) -> RulePlan {
        let level = LevelPlan { level: Level::Yellow, raise, hold_s: 0.0, clear: raise / 2.0, clear_hold_s: 0.0 };
        let place = Place::Zone(CameraId::new(camera).unwrap(), ZoneId::new(zone).unwrap());
        let plan = RulePlan::new(RuleId::new(id).unwrap(), place, measure, vec![level]);
        RulePlan { name: id.to_uppercase(), source: "the test".to_owned(), ..plan }
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
                place: Place::Zone(cam_a.clone(), ZoneId::new("plaza").unwrap()),
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
        let camera_id = CameraId::new("cam_a").unwrap();
        let on = |place, measure| {
            let mut plan = rule("r", "cam_a", "none", measure, 10.0);
            plan.conditions[0].place = place;
            plan
        };
        let gate = Place::Line(camera_id.clone(), line.clone());
        let mut engine = RuleEngine::new(&[
            on(gate.clone(), Measure::FlowIn),
            on(gate.clone(), Measure::FlowOut),
            on(Place::Camera(camera_id.clone()), Measure::People),
        ]);
        let readings = Readings::NONE
            .with(Measure::FlowIn, Reading::Valid(12.0))
            .with(Measure::FlowOut, Reading::Unknown(UnknownReason::NotEnough));
        let lines = [LineState { line: line.clone(), totals: Vec::new(), people_were_missed: false, readings }];
        let camera = Readings::NONE.with(Measure::People, Reading::Valid(10.0));
        let readings = CameraReadings { zones: &[], lines: &lines, camera: &camera };
        let events = engine.step(Timestamp(1), &camera_id, readings);
        let told: Vec<_> = events.iter().map(|event| (&event.place, event.measure, event.reading)).collect();
        let flow = (&gate, Measure::FlowIn, Reading::Valid(12.0));
        assert_eq!(told, [flow, (&Place::Camera(camera_id), Measure::People, Reading::Valid(10.0))]);
    }

    type Told = (i64, AlertKind, Option<Level>, String, Reading, Option<f64>);

    /// A rule that any of two zones may raise: what each zone reads, second by second, and what is told of which.
    fn told_by_any(rows: &[[Reading; 2]]) -> Vec<Told> {
        let condition = |zone: &str| {
            let level = |level, raise| LevelPlan { level, raise, hold_s: 0.0, clear: raise / 2.0, clear_hold_s: 0.0 };
            ConditionPlan {
                place: Place::Zone(CameraId::new("cam_a").unwrap(), ZoneId::new(zone).unwrap()),
                measure: Measure::Occupancy,
                levels: vec![level(Level::Yellow, 10.0), level(Level::Red, 20.0)],
            }
        };
        let plan = RulePlan {
            conditions: vec![condition("a"), condition("b")],
            ..rule("either", "cam_a", "a", Measure::Occupancy, 1.0)
        };
        let (mut engine, mut told) = (RuleEngine::new(&[plan]), Vec::new());
        for (second, [a, b]) in (1..).zip(rows) {
            let states = [zone("a", *a, None), zone("b", *b, None)];
            // A restart in between changes nothing.
            let kept: BTreeMap<RuleId, RuleState> =
                serde_json::from_str(&serde_json::to_string(&engine.state()).unwrap()).unwrap();
            assert_eq!(engine.restore(&kept), []);
            for event in engine.step(Timestamp(second * 1_000_000), &CameraId::new("cam_a").unwrap(), zones(&states)) {
                told.push((second, event.kind, event.to, event.place.to_string(), event.reading, event.threshold));
            }
        }
        told
    }

    #[test]
    fn a_rule_of_several_conditions_tells_which_of_them_it_is() {
        let (v, blind) = (Reading::Valid, Reading::Unknown(UnknownReason::NoFrames));
        let (a, b) = ("cam_a/a".to_owned(), "cam_a/b".to_owned());
        let told = told_by_any(&[
            [v(0.0), v(25.0)],
            [v(12.0), v(25.0)],
            // Red falls by one level a second, by b; a still holds yellow.
            [v(12.0), v(0.0)],
            [v(12.0), v(0.0)],
            [v(12.0), blind],
            [v(12.0), v(0.0)],
            [v(0.0), v(0.0)],
        ]);
        assert_eq!(
            told,
            [
                (1, AlertKind::Raised, Some(Level::Red), b.clone(), v(25.0), Some(20.0)),
                (3, AlertKind::Lowered, Some(Level::Yellow), b.clone(), v(0.0), Some(10.0)),
                (5, AlertKind::Stale, Some(Level::Yellow), b.clone(), blind, None),
                (6, AlertKind::Fresh, Some(Level::Yellow), a.clone(), v(12.0), None),
                (7, AlertKind::Cleared, None, a, v(0.0), Some(5.0)),
            ]
        );
    }

    #[test]
    fn an_alert_ends_also_where_another_condition_was_never_sampled() {
        let mut plan = rule("either", "cam_a", "a", Measure::Occupancy, 10.0);
        let mut of_b = plan.conditions[0].clone();
        of_b.place = Place::Zone(CameraId::new("cam_b").unwrap(), ZoneId::new("b").unwrap());
        plan.conditions.push(of_b.clone());
        let mut engine = RuleEngine::new(&[plan]);
        let mut step = |second: i64, value: f64| {
            let readings = Readings::NONE.with(Measure::Occupancy, Reading::Valid(value));
            let events = engine.step_places(Timestamp(second), |place, _| (place == &of_b.place).then_some(&readings));
            events.into_iter().map(|event| (event.kind, event.place)).collect::<Vec<_>>()
        };
        // It is stale too, as of the other zone nothing is known.
        let raised = step(1, 12.0);
        assert_eq!(raised[0], (AlertKind::Raised, of_b.place.clone()));
        assert_eq!(step(2, 0.0), [(AlertKind::Cleared, of_b.place.clone())]);
    }
}
