//! What the service tells Prometheus. The only module that knows the crate `prometheus`.
//!
//! All series of cameras, zones, lines and rules are made once, from the plan: label sets are closed, and counters are
//! there at 0 from the start, so that a first increase is seen as one. A gauge whose value is unknown is absent.

mod alerting;
mod alerts;
mod camera;
mod flow;
mod measures;
mod process;
mod series;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus::{Counter, Gauge, IntCounter, Registry, TextEncoder};

use crate::config::Plan;
use crate::model::{AlertEvent, CameraId, FrameReport, Readings, RuleId, Scope, SiteId};
use crate::rules::RuleStatus;
use alerting::AlertingMetrics;
use alerts::{RuleFamilies, RuleMetrics};
use camera::CameraFamilies;
use measures::{MeasureFamilies, MeasureMetrics};
use process::ProcessCollector;
use series::Families;
use source::SourceFamilies;

pub use alerting::{DeliveryOutcome, EvidenceTotals, Lost};
pub use camera::{CameraMetrics, CaptureTotals, DropReason, LivePictureTotals, Stage, ViewerGuard};
pub use source::SourceMetrics;

/// The content type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Series that can't be made or written: a fault of this program, not of its input.
#[derive(Debug, thiserror::Error)]
#[error("metrics: {0}")]
pub struct MetricsError(#[from] prometheus::Error);

/// What runs, as labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildInfo {
    /// Version of the program.
    pub version: String,
    /// Id of the model.
    pub model: String,
    /// Version of ONNX Runtime.
    pub onnxruntime: String,
}

/// A thread whose panics are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkerThread {
    /// A camera's capture.
    Capture,
    /// An inference worker.
    Inference,
    /// An analysis thread.
    Analysis,
}

impl WorkerThread {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Capture, Self::Inference, Self::Analysis];

    /// Its label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Inference => "inference",
            Self::Analysis => "analysis",
        }
    }
}

/// All series of the service. Clones share them.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    cameras: BTreeMap<CameraId, CameraMetrics>,
    sources: BTreeMap<CameraId, SourceMetrics>,
    sites: BTreeMap<SiteId, MeasureMetrics>,
    rules: BTreeMap<RuleId, RuleMetrics>,
    alerting: AlertingMetrics,
    workers: Gauge,
    busy: Counter,
    panics: Vec<(WorkerThread, IntCounter)>,
    alerts_write_failures: IntCounter,
    heat_map_write_failures: IntCounter,
}

impl Metrics {
    /// The series of everything in the plan.
    ///
    /// # Errors
    /// [`MetricsError`] where two families have one name.
    pub fn new(plan: &Plan, build: &BuildInfo) -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let families = Families(&registry);
        registry.register(Box::new(ProcessCollector::new()?))?;
        let labels = ["version", "model", "onnxruntime"];
        let info = families.gauges("crowdflow_build_info", "1; its labels say what runs.", &labels)?;
        info.with_label_values(&[&build.version, &build.model, &build.onnxruntime]).set(1.0);

        let camera_families = CameraFamilies::new(&families)?;
        let rule_families = RuleFamilies::new(&families)?;
        let source_families = SourceFamilies::new(&families)?;
        let camera = |plan| CameraMetrics::new(&camera_families, plan);
        let source = |plan| SourceMetrics::new(&source_families, &camera_families.flow, plan);
        let rule = |plan| RuleMetrics::new(&rule_families, plan);
        let site_families = MeasureFamilies::new(&families, Scope::Site)?;
        let site = |id: &SiteId| (id.clone(), MeasureMetrics::new(&site_families, "", id.as_str()));
        let panics = families.counters(
            "crowdflow_thread_panics_total",
            "Panics of worker threads: each is a bug, and was contained.",
            &["thread"],
        )?;
        let no_labels: [&str; 0] = [];
        let inner = Inner {
            cameras: plan.cameras.iter().map(|plan| (plan.id.clone(), camera(plan))).collect(),
            sources: plan.sources.iter().map(|plan| (plan.id.clone(), source(plan))).collect(),
            sites: plan.response.sites.iter().map(|plan| site(&plan.id)).collect(),
            rules: plan.rules.iter().map(|plan| (plan.id.clone(), rule(plan))).collect(),
            alerting: AlertingMetrics::new(&families, plan)?,
            workers: families
                .gauges("crowdflow_inference_workers", "Inference workers that run.", &[])?
                .with_label_values(&no_labels),
            busy: families
                .seconds_counters(
                    "crowdflow_inference_busy_seconds_total",
                    "Time that inference workers spent on frames, summed over workers.",
                    &[],
                )?
                .with_label_values(&no_labels),
            panics: WorkerThread::ALL.map(|thread| (thread, panics.with_label_values(&[thread.as_str()]))).into(),
            alerts_write_failures: families
                .counters(
                    "crowdflow_alerts_jsonl_write_failures_total",
                    "Alert transitions that could not be appended to the file of alerts.",
                    &[],
                )?
                .with_label_values(&no_labels),
            heat_map_write_failures: families
                .counters(
                    "crowdflow_heat_map_write_failures_total",
                    "Heat maps of an hour that could not be written, and are lost.",
                    &[],
                )?
                .with_label_values(&no_labels),
            registry,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// That camera's series; `None` where the plan has no such camera.
    #[must_use]
    pub fn camera(&self, id: &CameraId) -> Option<&CameraMetrics> {
        self.0.cameras.get(id)
    }

    /// That external source's series; `None` where the plan has no such source.
    #[must_use]
    pub fn source(&self, id: &CameraId) -> Option<&SourceMetrics> {
        self.0.sources.get(id)
    }

    /// Takes in the report of a frame, of a blind tick, or of an external source: zones, lines and alert transitions. A report is taken in once.
    pub fn observe(&self, report: &FrameReport) {
        if let Some(camera) = self.camera(&report.camera) {
            camera.observe(report);
        }
        if let Some(source) = self.source(&report.camera) {
            source.observe(report);
        }
        self.transitions(&report.alerts);
    }

    /// Takes in what sites read and what their rules told.
    pub fn observe_sites<'a>(&self, readings: impl IntoIterator<Item = (&'a SiteId, Readings)>, alerts: &[AlertEvent]) {
        for (site, readings) in readings {
            if let Some(metrics) = self.0.sites.get(site) {
                metrics.observe(&readings);
            }
        }
        self.transitions(alerts);
    }

    fn transitions(&self, alerts: &[AlertEvent]) {
        for event in alerts {
            if let Some(rule) = self.0.rules.get(&event.rule) {
                rule.transition(event);
            }
        }
    }

    /// Takes in how rules stand.
    pub fn rule_states<'a>(&self, states: impl IntoIterator<Item = RuleStatus<'a>>) {
        for status in states {
            if let Some(rule) = self.0.rules.get(status.rule) {
                rule.status(&status);
            }
        }
    }

    /// How many inference workers run.
    pub fn inference_workers(&self, workers: usize) {
        self.0.workers.set(workers as f64);
    }

    /// An inference worker was busy for this long.
    pub fn inference_busy(&self, seconds: f64) {
        self.0.busy.inc_by(seconds.max(0.0));
    }

    /// A thread panicked.
    pub fn panicked(&self, thread: WorkerThread) {
        if let Some((_, counter)) = self.0.panics.iter().find(|(known, _)| *known == thread) {
            counter.inc();
        }
    }

    /// An alert transition could not be appended to the file of alerts.
    pub fn alerts_jsonl_write_failed(&self) {
        self.0.alerts_write_failures.inc();
    }

    /// The heat map of an hour could not be written.
    pub fn heat_map_write_failed(&self) {
        self.0.heat_map_write_failures.inc();
    }

    /// Everything in Prometheus's text format, [`CONTENT_TYPE`].
    ///
    /// # Errors
    /// [`MetricsError`] where a family can't be written.
    pub fn encode(&self) -> Result<String, MetricsError> {
        Ok(TextEncoder::new().encode_to_string(&self.0.registry.gather())?)
    }
}
