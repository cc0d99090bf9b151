//! What of rules and their alerts survives a restart, as the store has it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{RuleId, Timestamp};
use crate::rules::{BuiltInState, OpenAlert, RuleState};
use crate::store::RuleStateRow;

/// Version of the format.
const SCHEMA: u32 = 1;
/// The row of what is switched on; no rule has such an id.
const PROFILES: &str = ".profiles";

/// A rule and its alert, as they stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptRule {
    schema: u32,
    /// Of a configured rule.
    pub engine: Option<RuleState>,
    /// Of a rule that the product brings along.
    pub built_in: Option<BuiltInState>,
    /// Its open alert.
    pub alert: Option<OpenAlert>,
    /// Of a rule on messages that are given up: when the newest one was that it has heard of.
    #[serde(default)]
    pub given_up: Option<Timestamp>,
}

impl KeptRule {
    /// What is to be kept of a rule.
    #[must_use]
    pub fn new(engine: Option<RuleState>, built_in: Option<BuiltInState>, alert: Option<OpenAlert>) -> Self {
        Self { schema: SCHEMA, engine, built_in, alert, given_up: None }
    }

    /// The newest time that it goes by.
    fn newest(&self) -> Option<Timestamp> {
        let engine = self.engine.as_ref().and_then(RuleState::newest);
        let built_in = self.built_in.and_then(|state| state.newest());
        engine.max(built_in).max(self.alert.as_ref().map(OpenAlert::newest))
    }

    /// Moves what it goes by back where it is of a time to come; `true`: it was.
    fn not_after(&mut self, now: Timestamp) -> bool {
        let Some(ahead_us) = self.newest().map(|newest| newest.0.saturating_sub(now.0)).filter(|us| *us > 0) else {
            return false;
        };
        if let Some(engine) = &mut self.engine {
            engine.set_back(ahead_us);
        }
        if let Some(built_in) = &mut self.built_in {
            built_in.set_back(ahead_us);
        }
        if let Some(alert) = &mut self.alert {
            alert.set_back(ahead_us);
        }
        true
    }

    /// With what a rule on messages that are given up has heard of.
    #[must_use]
    pub fn with_given_up(self, given_up: Option<Timestamp>) -> Self {
        Self { given_up, ..self }
    }

    /// Its row.
    ///
    /// # Errors
    /// As `serde_json` has it; none of the types gives it reason to.
    pub fn row(&self, rule: &RuleId, at: Timestamp) -> Result<RuleStateRow, serde_json::Error> {
        Ok(RuleStateRow { rule: rule.to_string(), at, state: serde_json::to_string(self)? })
    }
}

/// All that was kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kept {
    /// By rule.
    pub rules: BTreeMap<RuleId, KeptRule>,
    /// Profiles that were switched on by hand.
    pub profiles: BTreeSet<String>,
    /// Rules whose newest sample was of a time to come: the clock was set back since. They go on with their levels and
    /// alerts, their holds begin anew.
    pub set_back: Vec<RuleId>,
    /// Rows that can't be read, and why: of another version, say. Their rules begin in calm.
    pub unreadable: Vec<(String, String)>,
}

impl Kept {
    /// Reads what a store has, as of now.
    #[must_use]
    pub fn of(rows: Vec<RuleStateRow>, now: Timestamp) -> Self {
        let mut kept = Self::default();
        for row in rows {
            if row.rule == PROFILES {
                match serde_json::from_str(&row.state) {
                    Ok(profiles) => kept.profiles = profiles,
                    Err(error) => kept.unreadable.push((row.rule, error.to_string())),
                }
                continue;
            }
            let id = serde_json::from_value::<RuleId>(row.rule.clone().into());
            match id.and_then(|id| Ok((id, serde_json::from_str::<KeptRule>(&row.state)?))) {
                Ok((id, mut rule)) if rule.schema == SCHEMA => {
                    if rule.not_after(now) {
                        kept.set_back.push(id.clone());
                    }
                    kept.rules.insert(id, rule);
                }
                Ok((_, rule)) => kept.unreadable.push((row.rule, format!("schema {}, not {SCHEMA}", rule.schema))),
                Err(error) => kept.unreadable.push((row.rule, error.to_string())),
            }
        }
        kept
    }

    /// The open alerts that are gone on with.
    pub fn alerts(&self) -> impl Iterator<Item = &OpenAlert> {
        self.rules.values().filter_map(|rule| rule.alert.as_ref())
    }

    /// The row of the profiles that are switched on.
    ///
    /// # Errors
    /// As `serde_json` has it; texts give it no reason to.
    pub fn profiles_row(profiles: &BTreeSet<String>, at: Timestamp) -> Result<RuleStateRow, serde_json::Error> {
        Ok(RuleStateRow { rule: PROFILES.to_owned(), at, state: serde_json::to_string(profiles)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AlertEvent, AlertKind, Level, Measure, Reading, Readings};
    use crate::rules::{AlertBook, BuiltInRule, RuleEngine};

    #[test]
    fn a_rule_goes_on_at_once_where_the_clock_was_set_back_while_the_service_was_not_there() {
        let second = |second: i64| Timestamp(second * 1_000_000);
        let text = r#"
            cameras.gate = { source.file = { path = "a", fps = 1 }, zones.z.polygon = [[0, 0], [1, 0], [1, 1]] }
            [rules.full]
            zone = "gate/z"
            measure = "occupancy"
            levels.yellow = { raise = 10, hold_s = 3, clear = 5, clear_hold_s = 3 }
            levels.red = { raise = 20, hold_s = 3, clear = 15, clear_hold_s = 3 }
        "#;
        let plan = crate::config::parse(text, std::path::Path::new("/"), &|_| None).unwrap();
        let (rule, place) = (&plan.rules[0].id, &plan.rules[0].conditions[0].place);
        let step = |engine: &mut RuleEngine, at: i64, people: f64| {
            let readings = Readings::NONE.with(Measure::Occupancy, Reading::Valid(people));
            let events = engine.step_places(second(at), |of, _| (of == place).then_some(&readings));
            events.into_iter().map(|event| (event.kind, event.to)).collect::<Vec<_>>()
        };
        let mut engine = RuleEngine::of_camera(&plan, &plan.cameras[0].id);
        let mut book = AlertBook::new(plan.response.clone(), plan.sites_of_rules());
        for at in 7200..7203 {
            assert_eq!(step(&mut engine, at, 12.0), []);
        }
        assert_eq!(step(&mut engine, 7203, 25.0), [(AlertKind::Raised, Some(Level::Yellow))]);
        book.observe(&engine.standing(rule).map(|event| AlertEvent { kind: AlertKind::Raised, ..event }).unwrap());
        let kept = KeptRule::new(engine.state_of_rule(rule), None, book.alert_of(rule).cloned());
        // An hour and more back.
        let read = Kept::of(vec![kept.row(rule, second(100)).unwrap()], second(100));
        let rules = read.rules.iter().filter_map(|(id, rule)| Some((id.clone(), rule.engine.clone()?))).collect();
        let mut engine = RuleEngine::of_camera(&plan, &plan.cameras[0].id);
        assert_eq!(engine.restore(&rules), []);
        assert_eq!(engine.standing(rule).unwrap().to, Some(Level::Yellow), "its level stays");
        // Holds begin anew: what was held before may have been held by a wrong clock.
        for at in 101..104 {
            assert_eq!(step(&mut engine, at, 25.0), []);
        }
        assert_eq!(step(&mut engine, 104, 25.0), [(AlertKind::Raised, Some(Level::Red))]);
        let alert = read.rules[rule].alert.as_ref().unwrap();
        assert_eq!((alert.newest(), alert.id.as_str()), (second(100), "full.7203000000"), "it is the same alert");
    }

    #[test]
    fn what_cannot_be_read_is_said_and_nothing_kept_is_of_a_time_to_come() {
        let second = |second: i64| Timestamp(second * 1_000_000);
        let rule = |id: &str| RuleId::new(id).unwrap();
        let of = |id: &str, newest: i64| {
            let text = r#"cameras.gate = { source.file = { path = "a", fps = 1 } }"#;
            let plan = crate::config::parse(text, std::path::Path::new("/"), &|_| None).unwrap();
            let mut built_in = BuiltInRule::of_blindness(&plan.cameras[0]);
            built_in.step(second(newest), Some(Level::Blue), Reading::Valid(9.0)).unwrap();
            // The row is written later than the newest sample is, and that is not what counts.
            KeptRule::new(None, Some(built_in.state()), None).row(&rule(id), second(100)).unwrap()
        };
        let mut unknown = of("unknown", 90);
        unknown.state = unknown.state.replace("\"schema\":1", "\"schema\":9");
        let broken = RuleStateRow { rule: "broken".to_owned(), at: second(100), state: "{".to_owned() };
        let rows = vec![
            of("now", 99),
            of("ahead", 3700),
            Kept::profiles_row(&BTreeSet::from(["festival".to_owned()]), second(100)).unwrap(),
            unknown,
            broken,
        ];
        let read = Kept::of(rows, second(100));
        assert_eq!(read.set_back, [rule("ahead")]);
        let newest = |id: &str| read.rules[&rule(id)].newest();
        assert_eq!((newest("now"), newest("ahead")), (Some(second(99)), Some(second(100))));
        assert!(read.profiles.contains("festival"));
        let unreadable: Vec<&str> = read.unreadable.iter().map(|(row, _)| row.as_str()).collect();
        assert_eq!(unreadable, ["unknown", "broken"]);
    }
}
