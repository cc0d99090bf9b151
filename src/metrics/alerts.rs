//! Alert rules.

use prometheus::{Gauge, GaugeVec, IntCounterVec};

use super::MetricsError;
use super::series::{Families, KnownGauge};
use crate::config::RulePlan;
use crate::model::{AlertEvent, AlertKind, CameraId, Level, LineId, Place, SiteId, ZoneId};
use crate::rules::RuleStatus;

/// The label of no level.
const CALM: &str = "calm";

/// The families of [`RuleMetrics`].
pub(super) struct RuleFamilies {
    level: GaugeVec,
    stale: GaugeVec,
    transitions: IntCounterVec,
}

impl RuleFamilies {
    pub fn new(families: &Families) -> Result<Self, MetricsError> {
        let rule = ["rule", "camera", "zone", "line", "site"];
        Ok(Self {
            level: families.gauges(
                "crowdflow_alert_level",
                "0 calm, 1 blue, 2 yellow, 3 orange, 4 red; held while the camera is blind. Absent while nothing is known.",
                &rule,
            )?,
            stale: families.gauges(
                "crowdflow_alert_stale",
                "1 while the rule has no fresh value: its level is what was known last.",
                &rule,
            )?,
            transitions: families.counters(
                "crowdflow_alert_transitions_total",
                "Transitions of alerts, by kind and by the level after them.",
                &["rule", "kind", "level"],
            )?,
        })
    }
}

/// One rule's series.
#[derive(Debug)]
pub(super) struct RuleMetrics {
    level: KnownGauge,
    stale: Gauge,
    transitions: IntCounterVec,
}

impl RuleMetrics {
    pub fn new(families: &RuleFamilies, plan: &RulePlan) -> Self {
        // The label of what the rule isn't on is empty, which Prometheus takes for absent.
        let place = plan.conditions.first().map(|condition| &condition.place);
        let labels = [
            plan.id.as_str(),
            place.and_then(Place::camera).map_or("", CameraId::as_str),
            place.and_then(Place::zone).map_or("", ZoneId::as_str),
            place.and_then(Place::line).map_or("", LineId::as_str),
            place.and_then(Place::site).map_or("", SiteId::as_str),
        ];
        let stale = families.stale.with_label_values(&labels);
        stale.set(1.0);
        let transitions = families.transitions.clone();
        // Every transition that can happen is there from the start, so that its first is seen as an increase.
        let count = |kind: AlertKind, level: &str| {
            transitions.with_label_values(&[plan.id.as_str(), kind.as_str(), level]);
        };
        count(AlertKind::Cleared, CALM);
        for level in plan.levels() {
            for kind in [AlertKind::Raised, AlertKind::Lowered, AlertKind::Stale, AlertKind::Fresh] {
                count(kind, level.as_str());
            }
        }
        Self { level: KnownGauge::new(&families.level, &labels), stale, transitions }
    }

    pub fn status(&self, status: &RuleStatus) {
        // Calm without a value is not calm but unknown; a level that is on is held.
        let level = match status.level {
            Some(level) => Some(number(level)),
            None if status.stale => None,
            None => Some(0.0),
        };
        self.level.set(level);
        self.stale.set(if status.stale { 1.0 } else { 0.0 });
    }

    pub fn transition(&self, event: &AlertEvent) {
        let level = event.to.map_or(CALM, Level::as_str);
        self.transitions.with_label_values(&[event.rule.as_str(), event.kind.as_str(), level]).inc();
    }
}

fn number(level: Level) -> f64 {
    match level {
        Level::Blue => 1.0,
        Level::Yellow => 2.0,
        Level::Orange => 3.0,
        Level::Red => 4.0,
    }
}
