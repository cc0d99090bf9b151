//! What `run` does with what cameras read, without cameras, clock and store: rules of cameras and sites, the desk, and
//! the rows that a store would have when the power fails.

use std::collections::BTreeMap;

use crowdflow::alerting::{AlertDesk, Kept, RulesNow, Told};
use crowdflow::analysis::SiteAnalysis;
use crowdflow::config::Plan;
use crowdflow::model::{
    Action, AlertEvent, AlertId, AlertKind, CameraId, FrameReport, Level, NoticeKind, Readings, RuleId, SiteId,
    StepState, Timestamp,
};
use crowdflow::rules::{CameraReadings, RuleEngine, RuleState};
use crowdflow::store::RuleStateRow;

/// The rules, and how they stand.
struct Rules {
    cameras: Vec<(CameraId, RuleEngine)>,
    sites: SiteAnalysis,
}

impl Rules {
    fn all(&self) -> impl Iterator<Item = &RuleEngine> {
        self.cameras.iter().map(|(_, engine)| engine).chain([self.sites.rules()])
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut RuleEngine> {
        self.cameras.iter_mut().map(|(_, engine)| engine).chain([self.sites.rules_mut()])
    }
}

impl RulesNow for Rules {
    fn standing(&self, rule: &RuleId) -> Option<AlertEvent> {
        self.all().find_map(|engine| engine.standing(rule))
    }
    fn state(&self, rule: &RuleId) -> Option<RuleState> {
        self.all().find_map(|engine| engine.state_of_rule(rule))
    }
    fn site(&self, site: &SiteId) -> Option<Readings> {
        self.sites.readings().find(|(known, _)| *known == site).map(|(_, readings)| readings)
    }
}

/// What was told in a second.
#[derive(Default)]
pub struct Heard {
    /// Changes of level and of what is known.
    pub events: Vec<AlertEvent>,
    /// Entries of histories: the rule, what, and the units that are told.
    pub entries: Vec<[String; 3]>,
}

impl Heard {
    fn add(&mut self, told: &Told) {
        self.events.extend(told.events.iter().cloned());
        for notice in &told.notices {
            let mut what = notice.kind.as_str().to_owned();
            match &notice.step {
                Some((step, state)) if notice.kind == NoticeKind::Step => {
                    what += &format!(" {step} {}", state.as_str())
                }
                Some((step, _)) => what += &format!(" {step}"),
                None => {}
            }
            if let Some(who) = &notice.who {
                what += &format!(" by {who}");
            }
            let units: Vec<&str> = notice.tell.iter().map(|unit| unit.as_str()).collect();
            let units = if notice.goes_out { units.join(", ") } else { "only kept".to_owned() };
            self.entries.push([notice.rule.to_string(), what, units]);
        }
    }
}

/// The service of a scenario.
pub struct Service<'p> {
    plan: &'p Plan,
    rules: Rules,
    desk: AlertDesk,
    /// The store's rows of rules, as of the newest commit of each.
    rows: BTreeMap<String, RuleStateRow>,
    /// The number of each alert's newest entry.
    numbers: BTreeMap<String, u64>,
    /// The profiles that are switched on.
    profiles: std::collections::BTreeSet<String>,
}

impl<'p> Service<'p> {
    pub fn new(plan: &'p Plan) -> Self {
        let (rules, desk) = begin(plan);
        let (rows, numbers) = (BTreeMap::new(), BTreeMap::new());
        Self { plan, rules, desk, rows, numbers, profiles: Default::default() }
    }

    /// It dies, and goes on with what the store has.
    pub fn restart(&mut self, at: Timestamp, heard: &mut Heard) {
        (self.rules, self.desk) = begin(self.plan);
        let kept = Kept::of(self.rows.values().cloned().collect(), Timestamp(i64::MAX));
        assert_eq!(kept.unreadable, []);
        let states: BTreeMap<_, _> =
            kept.rules.iter().filter_map(|(id, rule)| Some((id.clone(), rule.engine.clone()?))).collect();
        let dropped: Vec<RuleId> = self.rules.all_mut().flat_map(|engine| engine.restore(&states)).collect();
        let told = self.desk.restore(&kept, &dropped, at, &self.rules);
        self.profiles.clear();
        for profile in &kept.profiles {
            self.switch_profile(profile, true);
        }
        self.take(told, heard);
    }

    /// A camera's report, without its alerts. `blind_s` is how long the camera has shown nothing.
    pub fn report(&mut self, mut report: FrameReport, blind_s: Option<f64>, heard: &mut Heard) {
        let engine = self.rules.cameras.iter_mut().find(|(id, _)| *id == report.camera);
        let (camera, engine) = engine.unwrap();
        report.alerts = engine.step(report.at, camera, CameraReadings::from(&report));
        let of_sites = self.rules.sites.step(&report);
        let events: Vec<AlertEvent> = report.alerts.iter().chain(&of_sites).cloned().collect();
        heard.events.extend(events.iter().cloned());
        let told = self.desk.observe(&events, (&report.camera, report.at, blind_s), &self.rules);
        self.take(told, heard);
    }

    /// Once a second.
    pub fn tick(&mut self, at: Timestamp, heard: &mut Heard) {
        let told = self.desk.tick(at, &self.rules);
        self.take(told, heard);
        for (rule, kept) in self.desk.kept(&self.rules) {
            let row = kept.row(&rule, at).unwrap();
            self.rows.insert(row.rule.clone(), row);
        }
    }

    /// So many messages were given up; none: one was taken.
    pub fn deliveries(&mut self, at: Timestamp, destination: &str, given_up: u64, heard: &mut Heard) {
        let told = self.desk.deliveries(at, destination, (given_up, None, given_up == 0), &self.rules);
        self.take(told, heard);
    }

    /// Somebody does something about an alert: that of this rule, or the only one.
    pub fn act(&mut self, at: Timestamp, (who, rule): (&str, Option<&str>), action: Action, heard: &mut Heard) {
        let id = self.alert(rule);
        let told = self.desk.act(at, &id, who, action, &self.rules).unwrap_or_else(|error| panic!("{who}: {error}"));
        self.take(told, heard);
    }

    fn alert(&self, rule: Option<&str>) -> AlertId {
        let is_it = |id: &RuleId| rule.is_none_or(|rule| id.as_str() == rule);
        let open: Vec<_> = self.desk.open().filter(|alert| is_it(&alert.rule)).collect();
        let [alert] = open.as_slice() else {
            let open: Vec<_> = open.iter().map(|alert| alert.rule.as_str()).collect();
            panic!("open are {open:?}: which of them, as the fourth word?")
        };
        alert.id.clone()
    }

    pub fn begin_drill(&mut self, at: Timestamp, rule: &str, level: Level, hold_s: f64) {
        self.desk.begin_drill(at, rule, level, hold_s).unwrap();
    }

    pub fn end_drill(&mut self, at: Timestamp, rule: &str) {
        self.desk.end_drill(at, rule).unwrap();
    }

    pub fn profile(&mut self, at: Timestamp, profile: &str, on: bool) {
        assert!(self.plan.profiles.iter().any(|known| known.id == profile), "no profile {profile}");
        self.switch_profile(profile, on);
        let row = Kept::profiles_row(&self.profiles, at).unwrap();
        self.rows.insert(row.rule.clone(), row);
    }

    fn switch_profile(&mut self, profile: &str, on: bool) {
        if on {
            self.profiles.insert(profile.to_owned());
        } else {
            self.profiles.remove(profile);
        }
        self.rules.all_mut().for_each(|engine| engine.switch_profile(profile, on));
    }

    /// Keeps what the store would, and looks whether histories have gaps.
    fn take(&mut self, told: Told, heard: &mut Heard) {
        heard.add(&told);
        for transition in &told.commit.transitions {
            let number = self.numbers.entry(transition.alert.clone()).or_default();
            *number += 1;
            assert_eq!(transition.seq, *number, "{}: a gap in its history", transition.alert);
        }
        for row in told.commit.rule_states {
            self.rows.insert(row.rule.clone(), row);
        }
    }
}

fn begin(plan: &Plan) -> (Rules, AlertDesk) {
    let camera = |id: &CameraId| (id.clone(), RuleEngine::of_camera(plan, id));
    let cameras = plan.cameras.iter().map(|plan| camera(&plan.id)).collect();
    (Rules { cameras, sites: SiteAnalysis::new(plan) }, AlertDesk::new(plan, "scenario".to_owned()))
}

/// What events are about: in calm, nothing.
pub fn level_after(event: &AlertEvent) -> &'static str {
    match (event.kind, event.to) {
        (AlertKind::Cleared, _) | (_, None) => "calm",
        (_, Some(level)) => level.as_str(),
    }
}

/// How a step stands, by its name.
pub fn step_state(name: &str) -> StepState {
    let states = [StepState::Started, StepState::Done, StepState::Skipped];
    states.into_iter().find(|state| state.as_str() == name).unwrap_or_else(|| panic!("{name}: how does a step stand?"))
}
