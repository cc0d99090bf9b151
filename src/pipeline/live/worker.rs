//! An inference worker.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::{Arrival, Buffers, DetectedFrame, WaitingFrame};
use crate::config::Plan;
use crate::inference::Detector;
use crate::metrics::{DropReason, Metrics, Stage, WorkerThread};
use crate::pipeline::FrameHub;
use crate::status::RepeatLimit;

/// Fetches frames and detects people in them, until the hub is closed and empty.
pub(super) struct Worker {
    pub detector: Detector,
    pub plan: Arc<Plan>,
    pub hub: Arc<FrameHub<WaitingFrame>>,
    pub arrivals: SyncSender<Arrival>,
    pub buffers: Buffers,
    pub metrics: Metrics,
    /// Failures and panics of inference that are logged, for each camera.
    pub logged: Vec<[RepeatLimit; 2]>,
}

impl Worker {
    pub fn run(mut self) {
        while let Some(handed) = self.hub.take() {
            let WaitingFrame { meta, prepared, picture, queued } = handed.frame;
            let begun = Instant::now();
            let inferred = catch_unwind(AssertUnwindSafe(|| self.detector.infer(std::slice::from_ref(&prepared))));
            let busy_s = begun.elapsed().as_secs_f64();
            self.metrics.inference_busy(busy_s);
            let camera = self.plan.cameras.get(handed.camera).and_then(|camera| self.metrics.camera(&camera.id));
            if let Some(camera) = camera {
                camera.stage(Stage::Wait, (begun - queued).as_secs_f64());
                camera.stage(Stage::Infer, busy_s);
            }
            let detections = match inferred {
                Ok(Ok(mut decoded)) => Some(decoded.pop().unwrap_or_default().detections),
                Ok(Err(error)) => {
                    if let Some(not_logged) = self.logged[handed.camera][0].event(meta.at) {
                        tracing::error!(camera = %meta.camera, seq = meta.seq, %error, not_logged, "inference failed");
                    }
                    None
                }
                Err(_) => {
                    self.metrics.panicked(WorkerThread::Inference);
                    if let Some(not_logged) = self.logged[handed.camera][1].event(meta.at) {
                        tracing::error!(camera = %meta.camera, seq = meta.seq, not_logged, "inference panicked: this is a bug in crowdflow");
                    }
                    None
                }
            };
            if let (None, Some(camera)) = (&detections, camera) {
                camera.dropped(DropReason::InferenceFailed);
            }
            self.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(prepared.tensor);
            let done = detections.map(|detections| DetectedFrame { meta, picture, detections });
            let arrival = Arrival { camera: handed.camera, ticket: handed.ticket, done };
            if self.arrivals.send(arrival).is_err() {
                return;
            }
        }
    }
}
