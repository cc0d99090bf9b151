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
    /// Rows that can't be read, and why: of another version, say. Their rules begin in calm.
    pub unreadable: Vec<(String, String)>,
}

impl Kept {
    /// Reads what a store has.
    #[must_use]
    pub fn of(rows: Vec<RuleStateRow>) -> Self {
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
                Ok((id, rule)) if rule.schema == SCHEMA => drop(kept.rules.insert(id, rule)),
                Ok((_, rule)) => kept.unreadable.push((row.rule, format!("schema {}, not {SCHEMA}", rule.schema))),
                Err(error) => kept.unreadable.push((row.rule, error.to_string())),
            }
        }
        kept
    }

    /// The row of the profiles that are switched on.
    ///
    /// # Errors
    /// As `serde_json` has it; texts give it no reason to.
    pub fn profiles_row(profiles: &BTreeSet<String>, at: Timestamp) -> Result<RuleStateRow, serde_json::Error> {
        Ok(RuleStateRow { rule: PROFILES.to_owned(), at, state: serde_json::to_string(profiles)? })
    }
}
