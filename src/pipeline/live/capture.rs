//! Capture threads, and what becomes of those that panic.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::panic_budget::PanicBudget;
use super::{Buffers, WaitingFrame};
use crate::config::{CameraPlan, Plan};
use crate::evidence::cameras_with_rules;
use crate::inference::PreparedFrame;
use crate::input::InputReport;
use crate::metrics::{CameraMetrics, CaptureTotals, DropReason, Metrics, Stage, WorkerThread};
use crate::model::{CameraState, FrameMeta};
use crate::picture::Picture;
use crate::pipeline::density_turns::DensityTurns;
use crate::pipeline::{FrameHub, Preparation};
use crate::source::{CameraHealth, CaptureCounters, FeedHandle, FeedSink, spawn_feed};
use crate::status::{CameraHealthStatus, RepeatLimit, StatusBoard};
use crate::view::LiveHub;

/// Wait before a thread that the system did not give is asked for again.
const NO_THREAD_WAIT: Duration = Duration::from_secs(1);
/// How often the threads are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Each restart of a camera's capture counts its epochs from here times the number of restarts.
const EPOCHS_PER_RESTART: u64 = 1 << 32;

/// Starts a capture thread for each camera, and starts those that panic anew.
pub(super) struct CaptureSupervisor {
    pub plan: Arc<Plan>,
    pub preparations: Vec<Preparation>,
    pub density_turns: Vec<Option<DensityTurns>>,
    pub hub: Arc<FrameHub<WaitingFrame>>,
    pub buffers: Buffers,
    pub metrics: Metrics,
    pub board: Arc<StatusBoard>,
    pub live: LiveHub,
    pub stop: Arc<AtomicBool>,
}

#[derive(Default)]
struct Watched {
    feed: Option<FeedHandle>,
    panics: PanicBudget,
    restarts: u64,
    restart_at: Option<Instant>,
}

impl CaptureSupervisor {
    pub fn run(self) {
        let now = Instant::now();
        let mut watched: Vec<Watched> =
            self.plan.cameras.iter().map(|_| Watched { restart_at: Some(now), ..Watched::default() }).collect();
        while !self.stop.load(Ordering::Acquire) {
            for (index, watched) in watched.iter_mut().enumerate() {
                self.look_at(index, watched);
            }
            thread::park_timeout(LOOK_INTERVAL);
        }
        let feeds: Vec<FeedHandle> = watched.into_iter().filter_map(|watched| watched.feed).collect();
        feeds.iter().for_each(FeedHandle::stop);
        for feed in feeds {
            if feed.join().is_err() {
                self.metrics.panicked(WorkerThread::Capture);
            }
        }
    }

    fn look_at(&self, index: usize, watched: &mut Watched) {
        let Some(camera) = self.plan.cameras.get(index) else { return };
        if watched.feed.as_ref().is_some_and(FeedHandle::is_finished)
            && let Some(feed) = watched.feed.take()
            && feed.join().is_err()
        {
            self.note_panic(camera, watched);
        }
        if watched.restart_at.is_some_and(|at| at <= Instant::now()) {
            watched.restart_at = None;
            self.start(index, camera, watched);
        }
    }

    fn note_panic(&self, camera: &CameraPlan, watched: &mut Watched) {
        let now = Instant::now();
        self.metrics.panicked(WorkerThread::Capture);
        watched.restarts += 1;
        let Some(wait) = watched.panics.spend(now) else {
            tracing::error!(camera = %camera.id, "capture panicked again and again: the camera stays down until the service is started anew");
            self.set_state(camera, CameraState::Failed, Some("its capture panicked again and again"));
            return;
        };
        tracing::error!(camera = %camera.id, wait_s = wait.as_secs_f64(), "capture panicked: this is a bug in crowdflow; it is started anew");
        self.set_state(camera, CameraState::Down, Some("its capture panicked and is started anew"));
        watched.restart_at = Some(now + wait);
    }

    fn start(&self, index: usize, camera: &CameraPlan, watched: &mut Watched) {
        if watched.restarts > 0
            && let Some(metrics) = self.metrics.camera(&camera.id)
        {
            metrics.capture_restarted();
        }
        let Some(preparation) = self.preparations.get(index).cloned() else { return };
        let sink = CaptureSink {
            camera: camera.clone(),
            index,
            preparation,
            density_turns: self.density_turns.get(index).cloned().flatten(),
            first_epoch: watched.restarts * EPOCHS_PER_RESTART,
            hub: Arc::clone(&self.hub),
            buffers: Arc::clone(&self.buffers),
            metrics: self.metrics.clone(),
            board: Arc::clone(&self.board),
            live: self.live.clone(),
            keeps_pictures: self.plan.evidence.is_some() && cameras_with_rules(&self.plan).contains(&camera.id),
            not_prepared: RepeatLimit::default(),
        };
        match spawn_feed(camera, Arc::clone(&self.stop), sink) {
            Ok(feed) => watched.feed = Some(feed),
            Err(error) => {
                tracing::error!(camera = %camera.id, %error, "no thread for its capture; tried again");
                watched.restart_at = Some(Instant::now() + NO_THREAD_WAIT);
            }
        }
    }

    fn set_state(&self, camera: &CameraPlan, state: CameraState, error: Option<&str>) {
        if let Some(metrics) = self.metrics.camera(&camera.id) {
            metrics.state(state);
        }
        let health = CameraHealthStatus { error: error.map(str::to_owned), ..CameraHealthStatus::of(state) };
        self.board.set_health(&camera.id, health);
    }
}

/// What the capture thread does with its frames: prepares them where they are warm, and leaves them in the hub.
struct CaptureSink {
    camera: CameraPlan,
    index: usize,
    preparation: Preparation,
    density_turns: Option<DensityTurns>,
    first_epoch: u64,
    hub: Arc<FrameHub<WaitingFrame>>,
    buffers: Buffers,
    metrics: Metrics,
    board: Arc<StatusBoard>,
    live: LiveHub,
    /// Evidence is kept of its alerts.
    keeps_pictures: bool,
    not_prepared: RepeatLimit,
}

impl CaptureSink {
    fn metrics(&self) -> Option<&CameraMetrics> {
        self.metrics.camera(&self.camera.id)
    }

    /// Says what the network is given, where that has changed.
    fn tell_input(&mut self) {
        let Some(input) = self.preparation.news() else { return };
        let camera = &self.camera.id;
        let InputReport { crop_px, tiles, size, why, warning, .. } = InputReport::from(input);
        tracing::info!(%camera, size, ?crop_px, ?tiles, why, "network input");
        if let Some(warning) = warning {
            tracing::warn!(%camera, "network input: {warning}");
        }
        self.board.set_input(camera, input.clone());
    }

    fn drop_frame(&self, reason: DropReason) {
        if let Some(metrics) = self.metrics() {
            metrics.dropped(reason);
        }
    }

    fn keep(&self, tensor: Vec<f32>) {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(tensor);
    }
}

impl FeedSink for CaptureSink {
    fn frame(&mut self, mut meta: FrameMeta, picture: Picture, decode_s: f64) {
        meta.epoch += self.first_epoch;
        if let Some(metrics) = self.metrics() {
            metrics.stage(Stage::Decode, decode_s);
        }
        let buffer = self.buffers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let begun = Instant::now();
        let people_seen = self.preparation.look(meta.at, picture.size());
        let prepared = self.preparation.prepare(&picture, buffer.unwrap_or_default()).and_then(|prepared| {
            let input = self.preparation.in_use();
            let turns = self.density_turns.as_mut();
            let density_map = turns.map(|turns| turns.prepare(&meta, &picture, input)).transpose()?;
            Ok((prepared, density_map.flatten()))
        });
        let (prepared, density_map) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                if let Some(not_logged) = self.not_prepared.event(meta.at) {
                    tracing::warn!(camera = %self.camera.id, seq = meta.seq, %error, not_logged, "frame can't be prepared");
                }
                self.drop_frame(DropReason::InferenceFailed);
                return;
            }
        };
        self.tell_input();
        let queued = Instant::now();
        if let Some(metrics) = self.metrics() {
            metrics.stage(Stage::Prepare, (queued - begun).as_secs_f64());
        }
        let is_wanted = self.keeps_pictures || self.live.has_viewers(&self.camera.id);
        let picture = is_wanted.then_some(picture);
        let frame = WaitingFrame { meta, prepared, density_map, picture, queued, people_seen };
        let cost = frame.prepared.input_px() + frame.density_map.as_ref().map_or(0, PreparedFrame::input_px);
        if let Some(dropped) = self.hub.put(self.index, frame, cost) {
            self.drop_frame(DropReason::Superseded);
            if let (Some(_), Some(turns)) = (&dropped.density_map, &mut self.density_turns) {
                turns.lost();
            }
            self.keep(dropped.prepared.tensor);
        }
    }

    fn status(&mut self, health: &CameraHealth, counters: &CaptureCounters) {
        let (state, health) = match health {
            CameraHealth::Connecting => (CameraState::Connecting, CameraHealthStatus::of(CameraState::Connecting)),
            CameraHealth::Delivering => (CameraState::Delivering, CameraHealthStatus::of(CameraState::Delivering)),
            CameraHealth::Ended => (CameraState::Ended, CameraHealthStatus::of(CameraState::Ended)),
            CameraHealth::Down { since, error, next_try } => (
                CameraState::Down,
                CameraHealthStatus {
                    state: CameraState::Down,
                    since: Some(*since),
                    error: Some(error.to_string()),
                    next_try: Some(*next_try),
                },
            ),
        };
        if let Some(metrics) = self.metrics() {
            metrics.state(state);
            metrics.capture(&CaptureTotals {
                grabbed: counters.grabbed,
                // A frame that is passed over because its file plays late was due as well.
                due: counters.retrieved + counters.skipped_late,
                decode_failures: counters.decode_failures,
                skipped_late: counters.skipped_late,
                reconnects: counters.reconnects,
                loops: counters.loops,
                clock_set_back: counters.clock_set_back,
            });
        }
        self.board.set_health(&self.camera.id, health);
    }
}
