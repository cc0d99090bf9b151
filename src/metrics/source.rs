//! External sources: whether they tell, and what.

use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec};

use super::MetricsError;
use super::flow::{FlowFamilies, FlowMetrics};
use super::series::{Families, KnownGauge};
use crate::config::ExternalSourcePlan;
use crate::model::{FrameReport, Measure};

/// The families of [`SourceMetrics`].
pub(super) struct SourceFamilies {
    up: GaugeVec,
    age: GaugeVec,
    messages: IntCounterVec,
}

impl SourceFamilies {
    pub fn new(families: &Families) -> Result<Self, MetricsError> {
        Ok(Self {
            up: families.gauges(
                "crowdflow_source_up",
                "1 while the external source tells its counts in time, else 0.",
                &["source"],
            )?,
            age: families.gauges(
                "crowdflow_source_age_seconds",
                "How long ago the newest counts of the external source were counted. Absent before the first.",
                &["source"],
            )?,
            messages: families.counters(
                "crowdflow_source_messages_total",
                "Messages of the external source: taken, or refused.",
                &["source", "outcome"],
            )?,
        })
    }
}

/// One external source's series.
#[derive(Debug)]
pub struct SourceMetrics {
    stale_after_s: f64,
    up: Gauge,
    age: KnownGauge,
    taken: IntCounter,
    refused: IntCounter,
    flow: FlowMetrics,
}

impl SourceMetrics {
    pub(super) fn new(families: &SourceFamilies, flow: &FlowFamilies, plan: &ExternalSourcePlan) -> Self {
        let source = plan.id.as_str();
        let messages = |outcome: &str| families.messages.with_label_values(&[source, outcome]);
        Self {
            stale_after_s: plan.stale_after_s,
            up: families.up.with_label_values(&[source]),
            age: KnownGauge::new(&families.age, &[source]),
            taken: messages("taken"),
            refused: messages("refused"),
            flow: FlowMetrics::of_source(flow, plan),
        }
    }

    /// A message was taken.
    pub fn taken(&self) {
        self.taken.inc();
    }

    /// A message was refused.
    pub fn refused(&self) {
        self.refused.inc();
    }

    pub(super) fn observe(&self, report: &FrameReport) {
        let silent_s = report.readings.value(Measure::Blind).unwrap_or(f64::INFINITY);
        // From the start until the first message nothing has an age.
        let age_s = Some(silent_s).filter(|_| self.taken.get() > 0);
        self.age.set(age_s);
        self.up.set(if age_s.is_some_and(|age_s| age_s <= self.stale_after_s) { 1.0 } else { 0.0 });
        self.flow.observe(report);
    }
}
