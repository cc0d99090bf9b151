//! The store, and what is sent out of it.

use std::collections::BTreeMap;

use prometheus::{Gauge, GaugeVec, Histogram, IntCounter, IntCounterVec};

use super::series::{Families, FollowedTotal, KnownGauge};
use super::{Metrics, MetricsError};
use crate::config::Plan;
use crate::model::Level;

/// Seconds from an alert to its place in the store.
const STORED_BUCKETS: [f64; 10] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0];

/// What could not be written, and is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lost {
    /// Transitions of alerts with their messages.
    Alerts,
    /// Samples of a second.
    Samples,
    /// A change of a camera's health.
    Health,
}

impl Lost {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Alerts, Self::Samples, Self::Health];

    /// Its label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Samples => "samples",
            Self::Health => "health",
        }
    }
}

/// What came of an attempt to send a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryOutcome {
    /// It was taken.
    Delivered,
    /// It is tried again.
    Failed,
    /// It was given up.
    GivenUp,
}

impl DeliveryOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Delivered, Self::Failed, Self::GivenUp];

    /// Its label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }
}

/// What became of evidence since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EvidenceTotals {
    /// Rises that were told of.
    pub rises: u64,
    /// Files put on record.
    pub recorded: u64,
    /// Files that were lost, or stay without a record.
    pub failed: u64,
    /// Pictures that a clip may lack.
    pub dropped: u64,
}

/// Series of the store and the outbox. Where there is no store they stay at 0, or absent.
#[derive(Debug)]
pub(super) struct AlertingMetrics {
    open: GaugeVec,
    up: KnownGauge,
    waiting: Gauge,
    failures: IntCounter,
    lost: IntCounterVec,
    stored: Histogram,
    attempts: IntCounterVec,
    destinations: BTreeMap<String, [KnownGauge; 3]>,
    evidence: [FollowedTotal; 4],
}

impl AlertingMetrics {
    pub fn new(families: &Families, plan: &Plan) -> Result<Self, MetricsError> {
        let none: [&str; 0] = [];
        let open = families.gauges(
            "crowdflow_alerts_open",
            "Open alerts by level, those that the product raises of itself among them; drills are not counted.",
            &["level"],
        )?;
        Level::ALL.iter().for_each(|level| open.with_label_values(&[level.as_str()]).set(0.0));
        let lost = families.counters(
            "crowdflow_store_lost_total",
            "What could not be written to the store, and is lost.",
            &["what"],
        )?;
        for what in Lost::ALL {
            lost.with_label_values(&[what.as_str()]);
        }
        let attempts = families.counters(
            "crowdflow_delivery_attempts_total",
            "Attempts to send a message about an alert, by what came of them.",
            &["destination", "outcome"],
        )?;
        let labels = ["destination"];
        let pending = families.gauges("crowdflow_deliveries_pending", "Messages that wait to be taken.", &labels)?;
        let given_up = families.gauges(
            "crowdflow_deliveries_given_up",
            "Messages in the outbox that were given up and not sent anew.",
            &labels,
        )?;
        let oldest = families.gauges(
            "crowdflow_delivery_oldest_pending_seconds",
            "Age of the oldest message that waits; absent where none does.",
            &labels,
        )?;
        for destination in &plan.destinations {
            for outcome in DeliveryOutcome::ALL {
                attempts.with_label_values(&[destination.id.as_str(), outcome.as_str()]);
            }
        }
        let gauges = |id: &str| [&pending, &given_up, &oldest].map(|family| KnownGauge::new(family, &[id]));
        let up = families.gauges(
            "crowdflow_store_up",
            "1 while the last write to the store went well, 0 while it did not; absent without a store.",
            &[],
        )?;
        let evidence = families.counters(
            "crowdflow_evidence_total",
            "Evidence: rises told of, files put on record, files that were lost, pictures that a clip may lack.",
            &["what"],
        )?;
        let evidence = ["rises", "recorded", "failed", "dropped"].map(|what| FollowedTotal::new(&evidence, &[what]));
        Ok(Self {
            evidence,
            open,
            up: KnownGauge::new(&up, &none),
            waiting: families
                .gauges("crowdflow_store_waiting", "Writes that wait for the store.", &[])?
                .with_label_values(&none),
            failures: families
                .counters("crowdflow_store_failures_total", "Writes and reads of the store that failed.", &[])?
                .with_label_values(&none),
            lost,
            stored: families
                .histograms(
                    "crowdflow_alert_stored_seconds",
                    "Time from a change of an alert until the store has it.",
                    &[],
                    &STORED_BUCKETS,
                )?
                .with_label_values(&none),
            attempts,
            destinations: plan.destinations.iter().map(|plan| (plan.id.clone(), gauges(&plan.id))).collect(),
        })
    }
}

impl Metrics {
    /// How many alerts are open, for each of [`Level::ALL`].
    pub fn open_alerts(&self, open: [usize; 4]) {
        for (level, open) in Level::ALL.into_iter().zip(open) {
            self.0.alerting.open.with_label_values(&[level.as_str()]).set(open as f64);
        }
    }

    /// Whether the last write to the store went well.
    pub fn store_up(&self, is_up: bool) {
        self.0.alerting.up.set(Some(if is_up { 1.0 } else { 0.0 }));
    }

    /// How many writes wait for the store.
    pub fn store_waiting(&self, waiting: usize) {
        self.0.alerting.waiting.set(waiting as f64);
    }

    /// A write or read of the store failed.
    pub fn store_failed(&self) {
        self.0.alerting.failures.inc();
        self.store_up(false);
    }

    /// Something could not be written.
    pub fn store_lost(&self, what: Lost) {
        self.0.alerting.lost.with_label_values(&[what.as_str()]).inc();
    }

    /// Alerts were written this long after they changed.
    pub fn alert_stored(&self, after_s: f64) {
        self.0.alerting.stored.observe(after_s);
    }

    /// What became of evidence.
    pub fn evidence(&self, totals: &EvidenceTotals) {
        let EvidenceTotals { rises, recorded, failed, dropped } = *totals;
        for (series, total) in self.0.alerting.evidence.iter().zip([rises, recorded, failed, dropped]) {
            series.follow(total);
        }
    }

    /// A message was tried to be sent. A destination that the plan doesn't have is passed over.
    pub fn delivery(&self, destination: &str, outcome: DeliveryOutcome) {
        if self.0.alerting.destinations.contains_key(destination) {
            self.0.alerting.attempts.with_label_values(&[destination, outcome.as_str()]).inc();
        }
    }

    /// How many messages wait and were given up, and how old the oldest that waits is, in seconds.
    pub fn outbox(&self, destination: &str, (pending, given_up): (u64, u64), oldest_s: Option<f64>) {
        if let Some([known_pending, known_given_up, oldest]) = self.0.alerting.destinations.get(destination) {
            known_pending.set(Some(pending as f64));
            known_given_up.set(Some(given_up as f64));
            oldest.set(oldest_s);
        }
    }
}
