//! What of the site somebody may see.

use crate::accounts::Reach;
use crate::config::{Plan, RulePlan};
use crate::model::Place;
use crate::status::AlertStatus;
use crate::store::AlertRow;

/// A caller's view.
#[derive(Clone, Copy)]
pub struct Visible<'a> {
    /// What is within it.
    pub reach: &'a Reach,
    /// What there is.
    pub plan: &'a Plan,
}

impl Visible<'_> {
    /// Whether a place is seen.
    #[must_use]
    pub fn place(&self, place: &Place) -> bool {
        self.reach.has(place, self.plan)
    }

    /// Whether a rule is seen: by the site that it is about, else by the places that it reads.
    #[must_use]
    pub fn rule(&self, rule: &RulePlan) -> bool {
        match &rule.site {
            Some(site) => self.reach.has_site(site),
            None => rule.conditions.iter().all(|condition| self.place(&condition.place)),
        }
    }

    /// Whether alerts of a rule are seen, by the rule where it is still there, else by their place. What is about no place
    /// (messages that don't arrive) is for those who see everything.
    #[must_use]
    pub fn alert(&self, rule: &str, place: Option<&Place>) -> bool {
        let is_it = |known: &&RulePlan| known.id.as_str() == rule || known.id.of_drill().as_str() == rule;
        self.reach.is_all()
            || match self.plan.rules.iter().find(is_it) {
                Some(known) => self.rule(known),
                None => place.is_some_and(|place| self.place(place)),
            }
    }

    /// Whether an open alert is seen.
    #[must_use]
    pub fn open_alert(&self, status: &AlertStatus) -> bool {
        self.alert(status.alert.rule.as_str(), status.last.as_ref().map(|last| &last.place))
    }

    /// Whether an alert on record is seen.
    #[must_use]
    pub fn alert_row(&self, row: &AlertRow) -> bool {
        self.alert(&row.rule, row.place.place().as_ref())
    }
}
