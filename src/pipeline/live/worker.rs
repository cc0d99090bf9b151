//! An inference worker.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::{Arrival, Buffers, DetectedFrame, Message, WaitingFrame};
use crate::config::Plan;
use crate::metrics::{DropReason, Metrics, Stage, WorkerThread};
use crate::pipeline::FrameHub;
use crate::pipeline::sessions::{Inferred, Sessions};
use crate::status::RepeatLimit;

/// Fetches frames and detects people in them, until the hub is closed and empty.
pub(super) struct Worker {
    pub sessions: Sessions,
    pub plan: Arc<Plan>,
    pub hub: Arc<FrameHub<WaitingFrame>>,
    pub messages: SyncSender<Message>,
    pub buffers: Buffers,
    pub metrics: Metrics,
    /// Failures and panics of inference that are logged, for each camera.
    pub logged: Vec<[RepeatLimit; 2]>,
}

impl Worker {
    pub fn run(mut self) {
        let mut density_map_fails = false;
        while let Some(handed) = self.hub.take() {
            let WaitingFrame { meta, prepared, density_map, picture, queued, people_seen } = handed.frame;
            let begun = Instant::now();
            let inferred = catch_unwind(AssertUnwindSafe(|| self.sessions.infer(&prepared, density_map.as_ref())));
            let busy_s = begun.elapsed().as_secs_f64();
            self.metrics.inference_busy(busy_s);
            let camera = self.plan.cameras.get(handed.camera).and_then(|camera| self.metrics.camera(&camera.id));
            if let Some(camera) = camera {
                camera.stage(Stage::Wait, (begun - queued).as_secs_f64());
                camera.stage(Stage::Infer, busy_s);
            }
            let inferred = match inferred {
                Ok(Ok(inferred)) => Some(inferred),
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
            if let (None, Some(camera)) = (&inferred, camera) {
                camera.dropped(DropReason::InferenceFailed);
            }
            let plan = self.plan.cameras.get(handed.camera);
            if let (Some(seen), Some(plan), Some(inferred)) = (people_seen, plan, &inferred) {
                let least_score = self.sessions.detector().thresholds().high_score;
                seen.add(&inferred.detections, plan, meta.size, least_score);
            }
            self.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(prepared.tensor);
            if let (Some(Inferred { density_map_error, .. }), Some(_)) = (&inferred, density_map) {
                // It comes with every map, so it is told once until they are good again.
                if let (Some(error), false) = (density_map_error, density_map_fails) {
                    tracing::error!(camera = %meta.camera, seq = meta.seq, %error, "no density map: counts go on by boxes alone");
                }
                density_map_fails = density_map_error.is_some();
            }
            let done = inferred.map(|Inferred { detections, evidence, .. }| DetectedFrame {
                meta,
                picture,
                detections,
                evidence,
            });
            let arrival = Arrival { camera: handed.camera, ticket: handed.ticket, done };
            if self.messages.send(Message::Frame(arrival)).is_err() {
                return;
            }
        }
    }
}
