//! What of rules and their alerts survives a restart, as the store has it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{RuleId, Timestamp};
use crate::rules::{BuiltInState, OpenAlert, RuleState};
use crate::store::RuleStateRow;

/// Version of the format.
const SCHEMA: u32 = 1;
/// What was kept may be so much later than the clock says, in seconds: clocks are corrected by less all the time.
const MOST_AHEAD_S: f64 = 5.0;
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
}

impl KeptRule {
    /// What is to be kept of a rule.
    #[must_use]
    pub fn new(engine: Option<RuleState>, built_in: Option<BuiltInState>, alert: Option<OpenAlert>) -> Self {
        Self { schema: SCHEMA, engine, built_in, alert }
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
    /// Rules whose newest sample is of a time to come: the clock was set back since. Time only goes forward for a rule, so
    /// that it would look at nothing until then; it begins in calm instead, and its alert ends.
    pub ahead: Vec<RuleId>,
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
                Ok((id, rule)) if rule.schema == SCHEMA && row.at.seconds_since(now) > MOST_AHEAD_S => {
                    kept.ahead.push(id.clone());
                    kept.rules.insert(id, KeptRule { engine: None, built_in: None, ..rule });
                }
                Ok((id, rule)) if rule.schema == SCHEMA => drop(kept.rules.insert(id, rule)),
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

    #[test]
    fn a_clock_that_was_set_back_freezes_no_rule_and_what_cannot_be_read_is_said() {
        let second = |second: i64| Timestamp(second * 1_000_000);
        let rule = |id: &str| RuleId::new(id).unwrap();
        let kept = KeptRule::new(None, Some(BuiltInState::default()), None);
        let mut unknown = kept.row(&rule("unknown"), second(100)).unwrap();
        unknown.state = unknown.state.replace("\"schema\":1", "\"schema\":9");
        let broken = RuleStateRow { rule: "broken".to_owned(), at: second(100), state: "{".to_owned() };
        let rows = vec![
            kept.row(&rule("now"), second(104)).unwrap(),
            kept.row(&rule("ahead"), second(3700)).unwrap(),
            Kept::profiles_row(&BTreeSet::from(["festival".to_owned()]), second(100)).unwrap(),
            unknown,
            broken,
        ];
        let read = Kept::of(rows, second(100));
        assert_eq!(read.ahead, [rule("ahead")]);
        assert_eq!((read.rules[&rule("ahead")].built_in, &read.rules[&rule("now")]), (None, &kept));
        assert!(read.profiles.contains("festival"));
        let unreadable: Vec<&str> = read.unreadable.iter().map(|(row, _)| row.as_str()).collect();
        assert_eq!(unreadable, ["unknown", "broken"]);
    }
}
