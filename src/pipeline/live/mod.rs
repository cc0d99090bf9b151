//! Cameras for as long as the service runs.
//!
//! A capture thread a camera prepares its frames and leaves them in the hub; inference workers fetch them in turn; one
//! analysis thread owns every camera's state, needs no locks, and tells files, metrics, status board and live view what
//! it found. A panic is contained: in a capture thread it restarts that camera's capture, in an analysis that camera's
//! analysis, in a worker its frame is lost.

mod alert_duty;
mod analysis_thread;
mod capture;
mod heat_map_writer;
mod intake;
mod orders;
mod panic_budget;
mod sources;
mod worker;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::density_turns::DensityTurns;
use super::sessions::Sessions;
use super::{FrameHub, PeopleSeen, PipelineError, Preparation, megapixels_per_s, worker_count};
use crate::analysis::SourceMessage;
use crate::config::Plan;
use crate::inference::{Model, Models, PreparedFrame};
use crate::input::budgets_px;
use crate::metrics::Metrics;
use crate::model::{CountEvidence, Detection, FrameMeta};
use crate::picture::Picture;
use crate::sink::{AlertLog, HeatMapFolder};
use crate::status::{Phase, StatusBoard};
use crate::view::LiveHub;

pub use alert_duty::{AlertKeeping, GivenUpBefore};
pub use intake::{IntakeError, SourceIntake};
pub use orders::{NotTaken, Order, Orders, Outcome, Stored};

/// Results that may wait for the analysis thread. It takes well under a millisecond for each, so this is never reached
/// unless it writes alerts to a slow disk; then workers wait, and cameras drop frames.
const WAITING_RESULTS: usize = 64;

/// Capture threads are waited for no longer than this from the stop on, once all else has ended. One that hangs in the opening of a camera
/// that doesn't answer comes back at its time-out, which may be far off, and holds nothing that has to be saved.
const CAPTURE_GRACE: Duration = Duration::from_secs(2);

/// Whom the service tells what it finds.
#[derive(Debug)]
pub struct Observers {
    /// Prometheus series.
    pub metrics: Metrics,
    /// The newest of everything.
    pub board: Arc<StatusBoard>,
    /// Live pictures.
    pub live: LiveHub,
    /// File of alert transitions.
    pub alert_log: Option<AlertLog>,
    /// What alerts are kept with.
    pub alerts: AlertKeeping,
    /// Folder of heat maps.
    pub heat_maps: Option<HeatMapFolder>,
}

/// A frame that waits for a worker.
#[derive(Debug)]
struct WaitingFrame {
    meta: FrameMeta,
    prepared: PreparedFrame,
    /// The same for the density map, where it is this frame's turn.
    density_map: Option<PreparedFrame>,
    /// Kept where somebody looks at the camera, or evidence is kept of its alerts.
    picture: Option<Picture>,
    queued: Instant,
    /// While people are looked for: where what is detected is to be added.
    people_seen: Option<Arc<PeopleSeen>>,
}

/// What the analysis thread is told.
#[derive(Debug)]
enum Message {
    Frame(Arrival),
    Order(Order, oneshot::Sender<Outcome>),
    /// Of the external source with this index.
    Counts(usize, SourceMessage, oneshot::Sender<Result<(), IntakeError>>),
}

/// What a worker made of a frame.
#[derive(Debug)]
struct Arrival {
    camera: usize,
    ticket: u64,
    /// `None`: inference failed, or panicked.
    done: Option<DetectedFrame>,
}

#[derive(Debug)]
struct DetectedFrame {
    meta: FrameMeta,
    picture: Option<Picture>,
    detections: Vec<Detection>,
    evidence: CountEvidence,
}

/// Old tensors, to be filled again.
type Buffers = Arc<Mutex<Vec<Vec<f32>>>>;

/// The running threads.
#[derive(Debug)]
pub struct LiveService {
    stop: Arc<AtomicBool>,
    hub: Arc<FrameHub<WaitingFrame>>,
    board: Arc<StatusBoard>,
    live: LiveHub,
    orders: Orders,
    capture: JoinHandle<()>,
    workers: Vec<JoinHandle<()>>,
    analysis: JoinHandle<()>,
}

/// The grace ran out: these threads still ran.
#[derive(Debug, thiserror::Error)]
#[error("the service did not end within {grace_s} s; still at work: {threads}")]
pub struct StillRunning {
    /// The grace, in seconds.
    pub grace_s: f64,
    /// Which threads.
    pub threads: String,
}

impl LiveService {
    /// Loads the models for each worker and starts every thread.
    ///
    /// # Errors
    /// The model can't be loaded, or the system has no thread to give.
    pub fn start(plan: &Arc<Plan>, models: &Models, observers: Observers) -> Result<Self, PipelineError> {
        let (mut sessions, thresholds) = Sessions::load(models, &plan.inference, worker_count(&plan.inference))?;
        let budgets = budgets(plan, &models.detector, &mut sessions)?;
        let Observers { metrics, board, live, alert_log, alerts, heat_maps } = observers;
        metrics.inference_workers(sessions.len());

        let stop = Arc::new(AtomicBool::new(false));
        let hub = Arc::new(FrameHub::new(plan.cameras.len()));
        let buffers = Buffers::default();
        let (messages, arriving) = sync_channel(WAITING_RESULTS);

        let start = |folder| heat_map_writer::HeatMapWriter::start(plan, folder, metrics.clone());
        let heat_maps = heat_maps.map(start).transpose()?;
        let analysis = analysis_thread::AnalysisThread::new(
            Arc::clone(plan),
            thresholds,
            (metrics.clone(), Arc::clone(&board), live.clone()),
            (alert_log, alerts),
            heat_maps,
        );
        let analysis = spawn("analysis", move || analysis.run(&arriving))?;
        let workers = sessions
            .into_iter()
            .enumerate()
            .map(|(index, sessions)| {
                let worker = worker::Worker {
                    sessions,
                    plan: Arc::clone(plan),
                    hub: Arc::clone(&hub),
                    messages: messages.clone(),
                    buffers: Arc::clone(&buffers),
                    metrics: metrics.clone(),
                    logged: plan.cameras.iter().map(|_| Default::default()).collect(),
                };
                spawn(&format!("inference {index}"), move || worker.run())
            })
            .collect::<Result<_, _>>()?;
        let cameras = plan.cameras.iter().zip(budgets);
        let preparations =
            cameras.map(|(camera, budget_px)| Preparation::new(camera, &models.detector, budget_px)).collect();
        let turns =
            |camera| DensityTurns::new(camera, plan.inference.density_map.as_ref(), models.density_map.as_ref());
        let capture = capture::CaptureSupervisor {
            plan: Arc::clone(plan),
            preparations,
            density_turns: plan.cameras.iter().map(turns).collect(),
            hub: Arc::clone(&hub),
            buffers,
            metrics,
            board: Arc::clone(&board),
            live: live.clone(),
            stop: Arc::clone(&stop),
        };
        let capture = spawn("capture supervisor", move || capture.run())?;
        board.set_phase(Phase::Running);
        Ok(Self { stop, hub, board, live, orders: Orders::new(messages), capture, workers, analysis })
    }

    /// Where people ask for something to be done.
    #[must_use]
    pub fn orders(&self) -> Orders {
        self.orders.clone()
    }

    /// Whether a thread that should run for ever has ended: a bug, and nothing is analysed any more.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        let threads = self.workers.iter().chain([&self.analysis, &self.capture]);
        threads.into_iter().any(JoinHandle::is_finished)
    }

    /// Ends the service: no new frames, those on their way are analysed, alerts are written. A camera that doesn't answer
    /// holds this up for two seconds at most.
    ///
    /// # Errors
    /// [`StillRunning`] where that takes longer than `grace`.
    pub fn stop(self, grace: Duration) -> Result<(), StillRunning> {
        self.board.set_phase(Phase::Stopping);
        self.stop.store(true, Ordering::Release);
        self.capture.thread().unpark();
        self.hub.close();
        self.live.close();
        self.orders.close();
        let named = [("analysis", vec![self.analysis]), ("inference", self.workers), ("capture", vec![self.capture])];
        let (ended, ending) = channel();
        for (name, threads) in named {
            let ended = ended.clone();
            thread::spawn(move || {
                for thread in threads {
                    if thread.join().is_err() {
                        tracing::error!(thread = name, "a thread had panicked: this is a bug in crowdflow");
                    }
                }
                // Where the grace has run out nobody listens.
                let _ = ended.send(name);
            });
        }
        drop(ended);
        let begun = Instant::now();
        let mut running = vec!["analysis", "inference", "capture"];
        while !running.is_empty() {
            let grace = if running == ["capture"] { CAPTURE_GRACE.min(grace) } else { grace };
            match ending.recv_timeout(grace.saturating_sub(begun.elapsed())) {
                Ok(name) => running.retain(|other| *other != name),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if running == ["capture"] => {
                    tracing::info!("a camera is still being opened or read: not waited for");
                    break;
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(StillRunning { grace_s: grace.as_secs_f64(), threads: running.join(", ") });
                }
            }
        }
        Ok(())
    }
}

/// Pixels of network input that a frame of each camera may take. The machine is measured only where an input is chosen
/// and the configuration doesn't say how fast it is.
fn budgets(plan: &Plan, model: &Model, sessions: &mut [Sessions]) -> Result<Vec<Option<f64>>, PipelineError> {
    if plan.cameras.iter().all(|camera| camera.input.auto.is_none()) {
        return Ok(vec![None; plan.cameras.len()]);
    }
    let speed = match plan.inference.megapixels_per_s {
        Some(configured) => configured,
        None => {
            let measured = megapixels_per_s(sessions.iter_mut().map(Sessions::detector), model)?;
            tracing::info!(megapixels_per_s = (measured * 100.0).round() / 100.0, "this machine was measured");
            measured
        }
    };
    Ok(budgets_px(&plan.cameras, speed))
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(run)
}
