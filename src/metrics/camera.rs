//! One camera's capture and path to its result.

use std::sync::atomic::{AtomicBool, Ordering};

use prometheus::{Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec};

use super::MetricsError;
use super::flow::{FlowFamilies, FlowMetrics};
use super::series::{Families, FollowedTotal, KnownGauge, observe_seconds};
use crate::config::CameraPlan;
use crate::model::{CameraState, FrameReport, ObjectClass, Reading};

/// Why a frame that was due was not analysed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// A newer frame of the same camera took its place.
    Superseded,
    /// Its time was not later than that of the frame before.
    Backwards,
    /// Preparing it or inference failed.
    InferenceFailed,
    /// The service was stopping.
    Stopping,
}

impl DropReason {
    /// All reasons.
    pub const ALL: [Self; 4] = [Self::Superseded, Self::Backwards, Self::InferenceFailed, Self::Stopping];

    /// Its label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::Backwards => "backwards",
            Self::InferenceFailed => "inference_failed",
            Self::Stopping => "stopping",
        }
    }
}

/// A part of a frame's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Grabbed frame to picture. What a codec does while the next frame is awaited isn't in it: waiting and decoding
    /// can't be told apart there.
    Decode,
    /// Picture to tensor.
    Prepare,
    /// Waiting for an inference worker.
    Wait,
    /// The network and its head.
    Infer,
    /// Tracker, zones, lines and rules.
    Analyse,
}

impl Stage {
    /// All stages, in a frame's order.
    pub const ALL: [Self; 5] = [Self::Decode, Self::Prepare, Self::Wait, Self::Infer, Self::Analyse];

    /// Its label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Prepare => "prepare",
            Self::Wait => "wait",
            Self::Infer => "infer",
            Self::Analyse => "analyse",
        }
    }
}

/// What a camera's capture did since its thread began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaptureTotals {
    /// Frames that came.
    pub grabbed: u64,
    /// Frames due for analysis at the camera's rate.
    pub due: u64,
    /// Frames that failed to decode and were skipped.
    pub decode_failures: u64,
    /// Frames passed over because a file was played too slowly.
    pub skipped_late: u64,
    /// Attempts to open after a failure.
    pub reconnects: u64,
    /// Times that a file began again.
    pub loops: u64,
    /// Times that the wall clock went backwards between frames.
    pub clock_set_back: u64,
}

/// What became of a camera's live pictures since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LivePictureTotals {
    /// Drawn and encoded, once however many look on.
    pub encoded: u64,
    /// Passed over for a newer one.
    pub replaced: u64,
    /// Not shown, as drawing or encoding failed.
    pub failed: u64,
}

/// Fine around half a second, which is where a result should be.
const AGE_BUCKETS_S: [f64; 15] = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0];
const STAGE_BUCKETS_S: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0];

/// The families of [`CameraMetrics`].
pub(super) struct CameraFamilies {
    up: GaugeVec,
    state: GaugeVec,
    grabbed: IntCounterVec,
    due: IntCounterVec,
    analysed: IntCounterVec,
    dropped: IntCounterVec,
    decode_failures: IntCounterVec,
    skipped_late: IntCounterVec,
    reconnects: IntCounterVec,
    loops: IntCounterVec,
    clock_set_back: IntCounterVec,
    restarts: IntCounterVec,
    result_age: HistogramVec,
    last_frame: GaugeVec,
    stage: HistogramVec,
    objects: GaugeVec,
    objects_are_lower_bound: GaugeVec,
    viewers: GaugeVec,
    live_pictures: IntCounterVec,
    live_sent: IntCounterVec,
    pub flow: FlowFamilies,
}

impl CameraFamilies {
    pub fn new(families: &Families) -> Result<Self, MetricsError> {
        let counter = |name, help| families.counters(name, help, &["camera"]);
        Ok(Self {
            up: families.gauges(
                "crowdflow_camera_up",
                "1 while the camera gives fresh frames, else 0.",
                &["camera"],
            )?,
            state: families.gauges(
                "crowdflow_camera_state",
                "1 for the state in which the camera is, 0 for the others.",
                &["camera", "state"],
            )?,
            grabbed: counter("crowdflow_frames_grabbed_total", "Frames that came from the camera.")?,
            due: counter("crowdflow_frames_due_total", "Frames due for analysis at the camera's rate.")?,
            analysed: counter("crowdflow_frames_analysed_total", "Frames whose result was reported.")?,
            dropped: families.counters(
                "crowdflow_frames_dropped_total",
                "Frames due for analysis that were not analysed, by reason.",
                &["camera", "reason"],
            )?,
            decode_failures: counter("crowdflow_decode_failures_total", "Frames that failed to decode.")?,
            skipped_late: counter(
                "crowdflow_frames_skipped_late_total",
                "Frames of a file that were passed over because it was played too slowly.",
            )?,
            reconnects: counter("crowdflow_reconnects_total", "Attempts to open the camera after a failure.")?,
            loops: counter("crowdflow_source_loops_total", "Times that a repeated file began again.")?,
            clock_set_back: counter(
                "crowdflow_clock_set_back_total",
                "Times that the wall clock went backwards between two frames.",
            )?,
            restarts: families.counters(
                "crowdflow_camera_restarts_total",
                "Times that a part of the camera's processing was started anew after a panic.",
                &["camera", "part"],
            )?,
            result_age: families.histograms(
                "crowdflow_result_age_seconds",
                "Time from taking a frame to its result.",
                &["camera"],
                &AGE_BUCKETS_S,
            )?,
            last_frame: families.gauges(
                "crowdflow_last_frame_timestamp_seconds",
                "When the newest analysed frame was taken, in seconds since 1970. Absent before the first.",
                &["camera"],
            )?,
            stage: families.histograms(
                "crowdflow_stage_seconds",
                "Time that a frame spends in a stage.",
                &["camera", "stage"],
                &STAGE_BUCKETS_S,
            )?,
            objects: families.gauges(
                "crowdflow_picture_objects",
                "Objects counted in the whole picture now. Absent while unknown.",
                &["camera", "class"],
            )?,
            objects_are_lower_bound: families.gauges(
                "crowdflow_picture_objects_is_lower_bound",
                "1 where the count of the whole picture is a lower bound: the crowd is denser than the detector resolves.",
                &["camera", "class"],
            )?,
            viewers: families.gauges("crowdflow_live_viewers", "Open live pictures.", &["camera"])?,
            live_pictures: families.counters(
                "crowdflow_live_pictures_total",
                "Pictures for viewers: encoded (once for all), replaced by a newer one, or failed to be drawn.",
                &["camera", "outcome"],
            )?,
            live_sent: counter(
                "crowdflow_live_pictures_sent_total",
                "Pictures sent to viewers, each viewer's counted and repeats included.",
            )?,
            flow: FlowFamilies::new(families)?,
        })
    }
}

/// One camera's series. Cheap to use from any thread.
#[derive(Debug)]
pub struct CameraMetrics {
    up: Gauge,
    /// In the order of [`CameraState::ALL`].
    states: Vec<(CameraState, Gauge)>,
    delivering: AtomicBool,
    blind: AtomicBool,
    grabbed: FollowedTotal,
    due: FollowedTotal,
    decode_failures: FollowedTotal,
    skipped_late: FollowedTotal,
    reconnects: FollowedTotal,
    loops: FollowedTotal,
    clock_set_back: FollowedTotal,
    analysed: IntCounter,
    dropped: Vec<(DropReason, IntCounter)>,
    capture_restarts: IntCounter,
    analysis_restarts: IntCounter,
    result_age: Histogram,
    last_frame: KnownGauge,
    stages: Vec<(Stage, Histogram)>,
    /// How many, and whether that is a lower bound.
    objects: Vec<(ObjectClass, KnownGauge, KnownGauge)>,
    viewers: Gauge,
    live_encoded: FollowedTotal,
    live_replaced: FollowedTotal,
    live_failed: FollowedTotal,
    live_sent: IntCounter,
    flow: FlowMetrics,
}

impl CameraMetrics {
    pub(super) fn new(families: &CameraFamilies, plan: &CameraPlan) -> Self {
        let camera = plan.id.as_str();
        let total = |family| FollowedTotal::new(family, &[camera]);
        let state = |state: CameraState| (state, families.state.with_label_values(&[camera, state.as_str()]));
        let reason = |reason: DropReason| (reason, families.dropped.with_label_values(&[camera, reason.as_str()]));
        let stage = |stage: Stage| (stage, families.stage.with_label_values(&[camera, stage.as_str()]));
        let objects = |class: ObjectClass| {
            let labels = [camera, class.as_str()];
            let is_lower_bound = KnownGauge::new(&families.objects_are_lower_bound, &labels);
            (class, KnownGauge::new(&families.objects, &labels), is_lower_bound)
        };
        let live = |outcome: &str| FollowedTotal::new(&families.live_pictures, &[camera, outcome]);
        let metrics = Self {
            up: families.up.with_label_values(&[camera]),
            states: CameraState::ALL.map(state).into(),
            delivering: AtomicBool::new(false),
            blind: AtomicBool::new(false),
            grabbed: total(&families.grabbed),
            due: total(&families.due),
            decode_failures: total(&families.decode_failures),
            skipped_late: total(&families.skipped_late),
            reconnects: total(&families.reconnects),
            loops: total(&families.loops),
            clock_set_back: total(&families.clock_set_back),
            analysed: families.analysed.with_label_values(&[camera]),
            dropped: DropReason::ALL.map(reason).into(),
            capture_restarts: families.restarts.with_label_values(&[camera, "capture"]),
            analysis_restarts: families.restarts.with_label_values(&[camera, "analysis"]),
            result_age: families.result_age.with_label_values(&[camera]),
            last_frame: KnownGauge::new(&families.last_frame, &[camera]),
            stages: Stage::ALL.map(stage).into(),
            objects: plan.classes().iter().map(objects).collect(),
            viewers: families.viewers.with_label_values(&[camera]),
            live_encoded: live("encoded"),
            live_replaced: live("replaced"),
            live_failed: live("failed"),
            live_sent: families.live_sent.with_label_values(&[camera]),
            flow: FlowMetrics::new(&families.flow, plan),
        };
        metrics.state(CameraState::Connecting);
        metrics
    }

    /// How the camera is.
    pub fn state(&self, now: CameraState) {
        for (state, gauge) in &self.states {
            gauge.set(if *state == now { 1.0 } else { 0.0 });
        }
        self.delivering.store(now == CameraState::Delivering, Ordering::Relaxed);
        self.set_up();
    }

    /// What its capture did so far.
    pub fn capture(&self, totals: &CaptureTotals) {
        self.grabbed.follow(totals.grabbed);
        self.due.follow(totals.due);
        self.decode_failures.follow(totals.decode_failures);
        self.skipped_late.follow(totals.skipped_late);
        self.reconnects.follow(totals.reconnects);
        self.loops.follow(totals.loops);
        self.clock_set_back.follow(totals.clock_set_back);
    }

    /// Its capture was started anew: the next totals count from 0.
    pub fn capture_restarted(&self) {
        self.capture_restarts.inc();
        let totals = [&self.grabbed, &self.due, &self.decode_failures, &self.skipped_late];
        totals
            .into_iter()
            .chain([&self.reconnects, &self.loops, &self.clock_set_back])
            .for_each(FollowedTotal::restart);
    }

    /// Its analysis was started anew: the next report's totals count from 0.
    pub fn analysis_restarted(&self) {
        self.analysis_restarts.inc();
        self.flow.restart();
    }

    /// A frame that was due is not analysed.
    pub fn dropped(&self, reason: DropReason) {
        if let Some((_, counter)) = self.dropped.iter().find(|(known, _)| *known == reason) {
            counter.inc();
        }
    }

    /// A frame's result was ready this long after the frame was taken.
    pub fn result_age(&self, age_s: f64) {
        observe_seconds(&self.result_age, age_s);
    }

    /// A frame spent this long in a stage.
    pub fn stage(&self, stage: Stage, seconds: f64) {
        if let Some((_, histogram)) = self.stages.iter().find(|(known, _)| *known == stage) {
            observe_seconds(histogram, seconds);
        }
    }

    /// Someone looks at the live picture, until the guard is dropped.
    #[must_use]
    pub fn viewer(&self) -> ViewerGuard {
        self.viewers.inc();
        ViewerGuard { viewers: self.viewers.clone(), sent: self.live_sent.clone() }
    }

    /// What became of its live pictures so far.
    pub fn live_pictures(&self, totals: &LivePictureTotals) {
        self.live_encoded.follow(totals.encoded);
        self.live_replaced.follow(totals.replaced);
        self.live_failed.follow(totals.failed);
    }

    pub(super) fn observe(&self, report: &FrameReport) {
        self.blind.store(report.frame.is_none(), Ordering::Relaxed);
        self.set_up();
        if let Some(frame) = &report.frame {
            self.analysed.inc();
            self.last_frame.set(Some(frame.at.0 as f64 / 1e6));
        }
        for (class, count, is_lower_bound) in &self.objects {
            let reading = report.count(*class);
            let known = reading.value().filter(|_| report.frame.is_some());
            count.set(known);
            is_lower_bound.set(known.map(|_| f64::from(u8::from(matches!(reading, Reading::AtLeast(_))))));
        }
        self.flow.observe(report);
    }

    fn set_up(&self) {
        let up = self.delivering.load(Ordering::Relaxed) && !self.blind.load(Ordering::Relaxed);
        self.up.set(if up { 1.0 } else { 0.0 });
    }
}

/// Counts one viewer of a live picture while it lives.
#[derive(Debug)]
pub struct ViewerGuard {
    viewers: Gauge,
    sent: IntCounter,
}

impl ViewerGuard {
    /// A picture is sent to this viewer.
    pub fn sent(&self) {
        self.sent.inc();
    }
}

impl Drop for ViewerGuard {
    fn drop(&mut self) {
        self.viewers.dec();
    }
}
