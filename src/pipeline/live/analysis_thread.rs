//! The thread that owns every camera's analysis.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::{Arrival, DetectedFrame};
use crate::analysis::CameraAnalysis;
use crate::config::{CameraPlan, Plan};
use crate::metrics::{DropReason, Metrics, Stage, WorkerThread};
use crate::model::{AlertEvent, AlertKind, Detection, FrameReport, ObjectClass, PixelBox, Timestamp, UnknownReason};
use crate::picture::Picture;
use crate::sink::AlertLog;
use crate::source::{Clock as _, SystemClock};
use crate::status::StatusBoard;
use crate::tracking::ScoreThresholds;
use crate::view::{Blind, LiveFrame, LiveHub, zone_levels};

/// A camera that sends nothing is told the time this often, so that its zones turn unknown and its rules move.
const TICK_INTERVAL: Duration = Duration::from_secs(1);

/// One camera's state and the results that wait for an earlier one.
struct Camera {
    analysis: CameraAnalysis,
    /// Number of the result to take next.
    next: u64,
    waiting: BTreeMap<u64, Option<DetectedFrame>>,
    last_frame: Option<Timestamp>,
}

/// Takes results in each camera's order and tells everybody what they mean.
pub(super) struct AnalysisThread {
    plan: Arc<Plan>,
    thresholds: ScoreThresholds,
    metrics: Metrics,
    board: Arc<StatusBoard>,
    live: LiveHub,
    alert_log: Option<AlertLog>,
    cameras: Vec<Camera>,
    clock: SystemClock,
}

impl AnalysisThread {
    pub fn new(
        plan: Arc<Plan>,
        thresholds: ScoreThresholds,
        metrics: Metrics,
        board: Arc<StatusBoard>,
        live: LiveHub,
        alert_log: Option<AlertLog>,
    ) -> Self {
        let camera = |camera: &CameraPlan| Camera {
            analysis: CameraAnalysis::new(camera, &plan.rules, thresholds),
            next: 0,
            waiting: BTreeMap::new(),
            last_frame: None,
        };
        let cameras = plan.cameras.iter().map(camera).collect();
        Self { plan, thresholds, metrics, board, live, alert_log, cameras, clock: SystemClock::new() }
    }

    /// Runs until every worker is gone.
    pub fn run(mut self, arrivals: &Receiver<Arrival>) {
        let mut next_tick = Instant::now();
        loop {
            match arrivals.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
                Ok(arrival) => self.arrived(arrival),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // Also under a steady stream of results: a busy camera must not keep the news of a dead one back.
            if Instant::now() >= next_tick {
                next_tick = Instant::now() + TICK_INTERVAL;
                (0..self.cameras.len()).for_each(|camera| self.tick(camera));
            }
        }
    }

    fn arrived(&mut self, arrival: Arrival) {
        let Arrival { camera: index, ticket, done } = arrival;
        let Some(camera) = self.cameras.get_mut(index) else { return };
        camera.waiting.insert(ticket, done);
        while let Some(camera) = self.cameras.get_mut(index)
            && let Some(done) = camera.waiting.remove(&camera.next)
        {
            camera.next += 1;
            if let Some(frame) = done {
                self.analyse(index, frame);
            }
        }
    }

    fn analyse(&mut self, index: usize, frame: DetectedFrame) {
        let DetectedFrame { meta, picture, detections } = frame;
        let (at, begun) = (meta.at, Instant::now());
        let Some(camera) = self.cameras.get_mut(index) else { return };
        let Ok(report) = catch_unwind(AssertUnwindSafe(|| camera.analysis.step(meta, &detections))) else {
            self.restart(index);
            return;
        };
        let Some(camera_metrics) = self.plan.cameras.get(index).and_then(|camera| self.metrics.camera(&camera.id))
        else {
            return;
        };
        let Some(report) = report else {
            camera_metrics.dropped(DropReason::Backwards);
            return;
        };
        camera.last_frame = Some(at);
        camera_metrics.stage(Stage::Analyse, begun.elapsed().as_secs_f64());
        camera_metrics.result_age(self.clock.wall().seconds_since(at));
        self.publish(index, report, picture, &detections);
    }

    fn tick(&mut self, index: usize) {
        let now = self.clock.wall();
        let (Some(camera), Some(plan)) = (self.cameras.get_mut(index), self.plan.cameras.get(index)) else { return };
        self.board.analysis_alive(&plan.id, now);
        match catch_unwind(AssertUnwindSafe(|| camera.analysis.tick(now))) {
            Ok(Some(report)) => self.publish(index, report, None, &[]),
            Ok(None) => {}
            Err(_) => self.restart(index),
        }
    }

    /// Tells everybody; alerts first.
    fn publish(&mut self, index: usize, report: FrameReport, picture: Option<Picture>, detections: &[Detection]) {
        for alert in &report.alerts {
            log_alert(alert);
            if let Some(alert_log) = &mut self.alert_log
                && let Err(error) = alert_log.append(alert)
            {
                self.metrics.alerts_jsonl_write_failed();
                tracing::error!(rule = %alert.rule, %error, "the alert could not be written to the file of alerts");
            }
        }
        let Some(camera) = self.cameras.get(index) else { return };
        self.metrics.observe(&report);
        self.metrics.rule_states(camera.analysis.rule_states());
        let report = Arc::new(report);
        self.board.report(Arc::clone(&report), camera.analysis.rule_states());
        if !self.live.has_viewers(&report.camera) {
            return;
        }
        let levels = zone_levels(camera.analysis.rule_states());
        if report.frame.is_none() {
            let reason = if camera.last_frame.is_some() { UnknownReason::NoFrames } else { UnknownReason::NotStarted };
            let blind = Blind { at: report.at, since: camera.last_frame, reason, levels };
            self.live.publish(&report.camera, LiveFrame::Blind(blind));
        } else if let Some(picture) = picture {
            // Every person that was seen or is followed, counted or not: when in doubt, a head is hidden.
            let also_hide: Vec<PixelBox> = detections
                .iter()
                .filter(|detection| detection.class == ObjectClass::Person)
                .map(|detection| detection.bbox)
                .chain(camera.analysis.people_not_counted().iter().copied())
                .collect();
            let camera = report.camera.clone();
            self.live.publish(&camera, LiveFrame::Seen { picture, report, levels, also_hide });
        }
    }

    /// A camera's analysis panicked: it begins anew, with its rules in calm.
    fn restart(&mut self, index: usize) {
        self.metrics.panicked(WorkerThread::Analysis);
        let (Some(plan), Some(camera)) = (self.plan.cameras.get(index), self.cameras.get_mut(index)) else { return };
        tracing::error!(camera = %plan.id, "its analysis panicked: this is a bug in crowdflow; it is started anew");
        camera.analysis = CameraAnalysis::new(plan, &self.plan.rules, self.thresholds);
        if let Some(metrics) = self.metrics.camera(&plan.id) {
            metrics.analysis_restarted();
        }
    }
}

fn log_alert(alert: &AlertEvent) {
    let AlertEvent { rule, camera, zone, measure, kind, from, to, reading, threshold, .. } = alert;
    let (from, to) = (from.map_or("calm", |level| level.as_str()), to.map_or("calm", |level| level.as_str()));
    let (kind_name, quality) = (kind.as_str(), reading.quality());
    match kind {
        AlertKind::Raised | AlertKind::Stale => tracing::warn!(
            %rule, %camera, %zone, measure, kind = kind_name, from, to, value = reading.value(), %quality, threshold, "alert"
        ),
        AlertKind::Lowered | AlertKind::Cleared | AlertKind::Fresh => tracing::info!(
            %rule, %camera, %zone, measure, kind = kind_name, from, to, value = reading.value(), %quality, threshold, "alert"
        ),
    }
}
