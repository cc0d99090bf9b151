//! What holds of the desk's commits whatever happens: readings, blindness, people, messages given up, drills, restarts.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::config;
use crate::model::{StepState, ZoneId, ZoneState};
use crate::rules::{CameraReadings, RuleEngine};
use crate::store::RuleStateRow;

const CONFIG: &str = r#"
    store = {}
    cameras.gate = { source.file = { path = "a", fps = 1 }, zones.plaza = { polygon = [[0, 0], [1, 0], [1, 1]], area_m2 = 50 } }
    [rules.dense]
    zone = "gate/plaza"
    measure = "density"
    levels.yellow = { raise = 1, hold_s = 0, clear_hold_s = 2 }
    levels.red = { raise = 3, hold_s = 1, clear_hold_s = 0 }
    [sites.bund]
    unit = "quarter"
    zones = ["gate/plaza"]
    [units.district]
    [units.quarter]
    parent = "district"
    [plans.loop]
    site = "bund"
    level = "yellow"
    steps = [{ id = "patrol", text = "look", limit_s = 10 }, { id = "close", text = "close" }]
    [destinations.all]
    webhook.url = "http://localhost/"
"#;

struct OneCamera(RuleEngine);

impl RulesNow for OneCamera {
    fn standing(&self, rule: &RuleId) -> Option<AlertEvent> {
        self.0.standing(rule)
    }
    fn state(&self, rule: &RuleId) -> Option<RuleState> {
        self.0.state_of_rule(rule)
    }
    fn site(&self, _: &SiteId) -> Option<Readings> {
        None
    }
}

/// Milliseconds since the last, what, and a number for it.
type Happening = (u16, u8, u8);

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let after_ms = prop_oneof![0u16..100, 0u16..6000];
    prop::collection::vec((after_ms, 0u8..16, any::<u8>()), 0..60)
}

/// What came of it all: every commit and its notices, and what is open in the end.
struct Story {
    told: Vec<Told>,
    open: Vec<OpenAlert>,
}

struct Play {
    plan: Plan,
    rules: OneCamera,
    desk: AlertDesk,
    rows: BTreeMap<String, RuleStateRow>,
    told: Vec<Told>,
}

impl Play {
    fn begin() -> Self {
        let plan = config::parse(CONFIG, Path::new("/"), &|_| None).unwrap_or_else(|error| panic!("{error}"));
        let (rules, desk) = (OneCamera(RuleEngine::new(&plan.rules)), AlertDesk::new(&plan, "c".to_owned()));
        Self { plan, rules, desk, rows: BTreeMap::new(), told: Vec::new() }
    }

    fn take(&mut self, told: Told) {
        for row in &told.commit.rule_states {
            self.rows.insert(row.rule.clone(), row.clone());
        }
        self.told.push(told);
    }

    fn report(&mut self, at: Timestamp, number: u8) {
        let camera = self.plan.cameras[0].id.clone();
        let (reading, blind_s) = match number % 8 {
            0 | 1 => (Reading::Unknown(UnknownReason::NoFrames), Some(9.0)),
            number => (Reading::Valid(f64::from(number - 2)), None),
        };
        let zone = ZoneState {
            zone: ZoneId::new("plaza").unwrap(),
            classes: Vec::new(),
            saturation: None,
            readings: Readings::NONE.with(Measure::Density, reading),
        };
        let readings = CameraReadings { zones: &[zone], lines: &[], camera: &Readings::NONE };
        let events = self.rules.0.step(at, &camera, readings);
        let told = self.desk.observe(&events, (&camera, at, blind_s), &self.rules);
        self.take(told);
    }

    fn act(&mut self, at: Timestamp, number: u8) {
        let open: Vec<AlertId> = self.desk.open().map(|alert| alert.id.clone()).collect();
        let Some(id) = open.get(usize::from(number) % open.len().max(1)) else { return };
        let step = |step: &str, state| Action::Step { step: step.to_owned(), state, note: None };
        let action = match number / 8 % 8 {
            0 => Action::Acknowledge,
            1 => Action::Shelve { until: at.plus_seconds(20.0), reason: "why".to_owned() },
            2 => Action::Unshelve,
            3 => Action::Escalate,
            4 => Action::Comment { text: "so".to_owned() },
            5 => step("patrol", StepState::Started),
            6 => step("patrol", StepState::Done),
            _ => step("close", StepState::Skipped),
        };
        // What an alert doesn't allow changes nothing.
        if let Ok(told) = self.desk.act(at, id, "li", action, &self.rules) {
            self.take(told);
        }
    }

    fn restart(&mut self, at: Timestamp) {
        let before: Vec<OpenAlert> = self.desk.open().filter(|alert| !alert.rule.is_drill()).cloned().collect();
        // What is written each second.
        for (rule, kept) in self.desk.kept(&self.rules) {
            let row = kept.row(&rule, at).unwrap();
            self.rows.insert(row.rule.clone(), row);
        }
        let kept = Kept::of(self.rows.values().cloned().collect(), Timestamp(i64::MAX));
        assert_eq!(kept.unreadable, []);
        self.rules = OneCamera(RuleEngine::new(&self.plan.rules));
        self.desk = AlertDesk::new(&self.plan, "c".to_owned());
        let states = kept.rules.iter().filter_map(|(id, rule)| Some((id.clone(), rule.engine.clone()?))).collect();
        assert_eq!(self.rules.0.restore(&states), []);
        let told = self.desk.restore(&kept, &[], at, &self.rules);
        assert!(self.desk.open().eq(&before), "what was open is open just so");
        self.take(told);
    }
}

fn play(happenings: &[Happening]) -> Story {
    let mut play = Play::begin();
    let mut now = Timestamp(1_795_489_200_000_000);
    let mut newest_frame = now;
    for &(after_ms, what, number) in happenings {
        now = now.plus_seconds(f64::from(after_ms) / 1000.0);
        match what {
            // A frame is older than the clock by what its analysis took.
            0..=6 => {
                newest_frame = Timestamp(newest_frame.0 + 1).max(now.plus_seconds(-f64::from(number) / 100.0));
                play.report(newest_frame, number);
            }
            7..=9 => play.act(now, number),
            10..=12 => {
                let told = play.desk.tick(now, &play.rules);
                play.take(told);
            }
            13 => {
                let came = (u64::from(number % 3), number % 3 == 0);
                let told = play.desk.deliveries(now, "all", (came.0, None, came.1), &play.rules);
                play.take(told);
            }
            14 if number < 128 => drop(play.desk.begin_drill(now, "dense", Level::Red, 3.0)),
            14 => drop(play.desk.end_drill(now, "dense")),
            _ => play.restart(now),
        }
    }
    Story { open: play.desk.open().cloned().collect(), told: play.told }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    /// The store passes over an entry of the same alert, time, kind and subject as one that it has.
    #[test]
    fn histories_have_no_gap_and_no_two_entries_that_a_store_takes_for_one(happenings in happenings()) {
        let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for transition in play(&happenings).told.iter().flat_map(|told| &told.commit.transitions) {
            let number = numbers.entry(transition.alert.clone()).or_default();
            *number += 1;
            prop_assert_eq!(transition.seq, *number);
            let key = (&transition.alert, transition.at, &transition.kind, &transition.subject);
            let key = (key.0.clone(), key.1, key.2.clone(), key.3.clone());
            prop_assert!(seen.insert(key), "{:?}", transition);
        }
    }

    #[test]
    fn a_rise_its_message_and_its_rules_state_are_one_commit(happenings in happenings()) {
        for told in play(&happenings).told {
            for notice in told.notices.iter().filter(|notice| notice.kind == NoticeKind::Raised) {
                let id = notice.alert.as_str();
                let is_it = |row: &&TransitionRow| row.alert == id && row.seq == u64::from(notice.number);
                prop_assert!(told.commit.transitions.iter().any(|row| is_it(&row) && row.kind == "raised"));
                prop_assert!(told.commit.alerts.iter().any(|row| row.id == id));
                prop_assert!(told.commit.rule_states.iter().any(|row| row.rule == notice.rule.as_str()));
                // Nobody can be told by a destination that it takes nothing.
                let key = format!("{id}/{}/all", notice.number);
                let is_sent = told.commit.deliveries.iter().any(|row| row.sink == "all" && row.stream == id && row.key == key);
                prop_assert_eq!(is_sent, notice.rule.as_str() != "undelivered.all");
            }
        }
    }

    #[test]
    fn an_alert_is_open_or_closed_once(happenings in happenings()) {
        let story = play(&happenings);
        let mut closed: BTreeMap<&str, usize> = BTreeMap::new();
        for row in story.told.iter().flat_map(|told| &told.commit.alerts) {
            let times = closed.entry(row.id.as_str()).or_default();
            prop_assert_eq!(*times, 0, "it goes on after its end: {:?}", row);
            prop_assert_eq!(row.state == "closed", row.closed.is_some() && row.level.is_none());
            *times += usize::from(row.state == "closed");
        }
        let open: BTreeSet<&str> = story.open.iter().map(|alert| alert.id.as_str()).collect();
        let not_closed: BTreeSet<&str> = closed.iter().filter(|(_, times)| **times == 0).map(|(id, _)| *id).collect();
        prop_assert_eq!(not_closed, open);
    }
}
