//! Alerts as they are looked up: what is open, what was, and one alert with all its history.

use super::alerts::{
    ActionRow, AlertRow, PlanStepRow, RuleStateRow, TransitionRow, action, alert, select_alerts, select_transitions,
    step, transition,
};
use super::evidence::EvidenceRow;
use super::outbox::DeliveryRow;
use super::place::PlaceKey;
use super::sql::values;
use super::{Store, StoreError};
use crate::model::Timestamp;

/// Which alerts. What is `None` leaves all in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertFilter {
    /// Of this rule.
    pub rule: Option<String>,
    /// Of this place.
    pub place: Option<PlaceKey>,
    /// Not ended before this time.
    pub from: Option<Timestamp>,
    /// Begun before this time.
    pub to: Option<Timestamp>,
    /// Only those that are open.
    pub open: bool,
    /// Those that come after this one, by when it began and its id.
    pub after: Option<(Timestamp, String)>,
}

/// One alert with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertHistory {
    /// The alert.
    pub alert: AlertRow,
    /// What happened to it, in order.
    pub transitions: Vec<TransitionRow>,
    /// What people did, in order.
    pub actions: Vec<ActionRow>,
    /// Its plan, in order.
    pub steps: Vec<PlanStepRow>,
    /// What was sent about it, in order.
    pub deliveries: Vec<DeliveryRow>,
    /// Its evidence, in order.
    pub evidence: Vec<EvidenceRow>,
}

impl Store {
    /// Alerts, the newest first; `most` at most.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn alerts(&self, filter: &AlertFilter, most: u32) -> Result<Vec<AlertRow>, StoreError> {
        let (from, mut to) = (filter.from.map_or(i64::MIN, |at| at.0), filter.to.map_or(i64::MAX, |at| at.0));
        // Of those that began at the same time, by their ids.
        let (after_us, after_id) = filter.after.as_ref().map_or((i64::MAX, ""), |(since, id)| (since.0, id.as_str()));
        to = to.min(after_us.saturating_add(1));
        let place = filter.place.as_ref().map(ToString::to_string);
        let (rule, place) = (filter.rule.as_deref().unwrap_or_default(), place.as_deref().unwrap_or_default());
        let most = i64::from(most);
        // An index holds the open ones; they are asked for every second.
        let sql = if filter.open {
            select_alerts!(
                "WHERE closed_us IS NULL AND since_us < $1 AND (since_us >= $2 OR closed_us IS NULL) \
                 AND ($3 = '' OR rule = $3) AND ($4 = '' OR place = $4) AND (since_us < $5 OR id > $6) \
                 ORDER BY since_us DESC, id LIMIT $7"
            )
        } else {
            select_alerts!(
                "WHERE since_us < $1 AND (closed_us IS NULL OR closed_us >= $2) \
                 AND ($3 = '' OR rule = $3) AND ($4 = '' OR place = $4) AND (since_us < $5 OR id > $6) \
                 ORDER BY since_us DESC, id LIMIT $7"
            )
        };
        self.database().read(sql, values![to, from, rule, place, after_us, after_id, most], alert).await
    }

    /// All alerts that are open, the newest first.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn open_alerts(&self) -> Result<Vec<AlertRow>, StoreError> {
        self.database().read(select_alerts!("WHERE closed_us IS NULL ORDER BY since_us DESC, id"), &[], alert).await
    }

    /// One alert; `None` where there is none of this id.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn alert(&self, id: &str) -> Result<Option<AlertRow>, StoreError> {
        self.database().read_first(select_alerts!("WHERE id = $1"), values![id], alert).await
    }

    /// One alert with its history; `None` where there is none of this id. While it is being changed, its parts may be of
    /// neighbouring moments.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn alert_history(&self, id: &str) -> Result<Option<AlertHistory>, StoreError> {
        let Some(alert) = self.alert(id).await? else { return Ok(None) };
        let actions = "SELECT alert, at_us, kind, who, subject, note, until_us FROM alert_action WHERE alert = $1 \
                       ORDER BY at_us, id";
        let steps = "SELECT alert, step, position, state, who, at_us, note FROM plan_step WHERE alert = $1 \
                     ORDER BY position, step";
        Ok(Some(AlertHistory {
            alert,
            transitions: self.transitions(id).await?,
            actions: self.database().read(actions, values![id], action).await?,
            steps: self.database().read(steps, values![id], step).await?,
            deliveries: self.deliveries(id).await?,
            evidence: self.evidence(id).await?,
        }))
    }

    /// What happened to an alert, in order.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn transitions(&self, alert: &str) -> Result<Vec<TransitionRow>, StoreError> {
        let sql = select_transitions!("WHERE alert = $1 ORDER BY seq");
        self.database().read(sql, values![alert], transition).await
    }

    /// What happened to all alerts from `from` until before `to`, in the order of time.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn transitions_between(&self, from: Timestamp, to: Timestamp) -> Result<Vec<TransitionRow>, StoreError> {
        let sql = select_transitions!("WHERE at_us >= $1 AND at_us < $2 ORDER BY at_us, alert, seq");
        self.database().read(sql, values![from.0, to.0], transition).await
    }

    /// The states that rules were left in, by rule.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn rule_states(&self) -> Result<Vec<RuleStateRow>, StoreError> {
        let sql = "SELECT rule, at_us, state FROM rule_state ORDER BY rule";
        let of = |row: &super::sql::Row| {
            Ok(RuleStateRow { rule: row.get(0)?, at: Timestamp(row.get(1)?), state: row.get(2)? })
        };
        self.database().read(sql, &[], of).await
    }

    /// Forgets the states of rules that are no more; gives how many there were.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn forget_rule_states(&self, rules: &[&str]) -> Result<u64, StoreError> {
        let mut writing = self.database().write().await?;
        let mut forgotten = 0;
        for rule in rules {
            forgotten += writing.execute("DELETE FROM rule_state WHERE rule = $1", values![*rule]).await?;
        }
        writing.commit().await?;
        Ok(forgotten)
    }
}
