//! A recording at full speed: every frame, in order, the same result each time.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::density_turns::DensityTurns;
use super::sessions::{Inferred, Sessions};
use super::{PipelineError, Preparation, StageSummary, StageTimes, look_for_people, worker_count};
use crate::analysis::CameraAnalysis;
use crate::config::{CameraPlan, InferencePlan};
use crate::flow::HeatMap;
use crate::inference::{Models, PreparedFrame};
use crate::input::{InputInUse, budgets_px};
use crate::model::{Detection, FrameMeta, FrameReport};
use crate::picture::Picture;
use crate::rules::RuleEngine;
use crate::source::{FrameReader, SourceTotals};

/// Prepared frames that wait for a worker, for each worker: enough that none waits for the decoder.
const QUEUED_PER_WORKER: usize = 2;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Frames of the recording up to here, those that were passed over among them.
    pub frames: u64,
    /// Frames that there should be in all, where the recording says so.
    pub expected: Option<u64>,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingSummary {
    /// Frames analysed.
    pub frames: u64,
    /// From the first frame read to the last analysed, in seconds.
    pub wall_s: f64,
    /// Inference workers.
    pub workers: usize,
    /// How long each stage took a frame.
    pub stages: StageSummaries,
    /// What the source gave, with its failures.
    pub source: SourceTotals,
    /// Detections dropped since they were not finite or had no area.
    pub unusable_detections: u64,
    /// What the network was given of the last picture; `None` without one.
    pub input: Option<InputInUse>,
    /// The heat map of the last hour, as far as it was seen.
    pub last_heat_map: Option<HeatMap>,
}

/// Mean and tail of each stage.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct StageSummaries {
    /// Reading and decoding the frame.
    pub decode: StageSummary,
    /// Crop, resize, normalise.
    pub prepare: StageSummary,
    /// The network and its head.
    pub infer: StageSummary,
    /// The tracker.
    pub track: StageSummary,
    /// Zones, lines and rules.
    pub analyse: StageSummary,
    /// Writing the results, the annotated video among them.
    pub write: StageSummary,
}

/// A frame with all that was found in it.
#[derive(Debug)]
pub struct AnalysedFrame<'a> {
    /// What was counted.
    pub report: &'a FrameReport,
    /// The picture, where it was kept.
    pub picture: Option<Picture>,
    /// Everything that the detector saw.
    pub detections: &'a [Detection],
    /// The camera's analysis after this frame.
    pub analysis: &'a CameraAnalysis,
    /// The heat map of an hour that has ended.
    pub heat_map: Option<HeatMap>,
}

/// A frame on its way to a worker.
struct Job {
    ticket: u64,
    meta: FrameMeta,
    prepared: PreparedFrame,
    density_map: Option<PreparedFrame>,
    picture: Option<Picture>,
    decode: Duration,
    prepare: Duration,
}

/// A frame back from a worker.
struct Done {
    meta: FrameMeta,
    picture: Option<Picture>,
    inferred: Inferred,
    decode: Duration,
    prepare: Duration,
    infer: Duration,
}

/// A frame's number in the run, and what became of it.
type Arrival = (u64, Result<Done, PipelineError>);

/// Analyses a whole recording. `write` gets each frame in order, with its picture where `keep_pictures`; `progress` is
/// told after each frame.
///
/// # Errors
/// [`PipelineError`]; what was written before is the caller's to discard.
pub fn analyze_recording(
    camera: &CameraPlan,
    rules: RuleEngine,
    inference: &InferencePlan,
    models: &Models,
    keep_pictures: bool,
    mut write: impl FnMut(AnalysedFrame<'_>) -> Result<(), PipelineError>,
    mut progress: impl FnMut(Progress),
) -> Result<RecordingSummary, PipelineError> {
    let reader = FrameReader::open(camera)?;
    let workers = worker_count(inference);
    let (mut sessions, thresholds) = Sessions::load(models, inference, workers)?;
    // Never measured here: a result must not depend on how fast this machine is at the moment.
    let budget = inference.megapixels_per_s.map(|speed| budgets_px(std::slice::from_ref(camera), speed));
    let budget_px = budget.and_then(|of_cameras| of_cameras.first().copied()?);
    let mut preparation = Preparation::new(camera, &models.detector, budget_px);
    if let Some(sessions) = sessions.first_mut() {
        look_for_people(camera, &mut preparation, sessions.detector())?;
    }
    let turns = DensityTurns::new(camera, inference.density_map.as_ref(), models.density_map.as_ref());
    let mut analysis = CameraAnalysis::new(camera, rules, thresholds);

    let (jobs, queue) = sync_channel::<Job>(workers * QUEUED_PER_WORKER);
    // Only the workers hold it: once they are gone, the reader ends too.
    let queue = Arc::new(Mutex::new(queue));
    let (results, arrivals) = sync_channel::<Arrival>(workers);
    // Tensors go round: reader → worker → reader.
    let (spent, buffers) = sync_channel::<Vec<f32>>(workers * (QUEUED_PER_WORKER + 1));
    let begun = Instant::now();
    let expected = reader.totals().expected;

    thread::scope(|scope| {
        let reading = scope.spawn({
            let results = results.clone();
            move || read(reader, (preparation, turns), keep_pictures, &jobs, &buffers, &results)
        });
        let working: Vec<_> = sessions
            .into_iter()
            .map(|sessions| {
                let (queue, results, spent) = (Arc::clone(&queue), results.clone(), spent.clone());
                scope.spawn(move || work(sessions, &queue, &results, &spent))
            })
            .collect();
        drop((results, spent, queue));

        let mut clocks = Clocks::default();
        let mut waiting: BTreeMap<u64, Done> = BTreeMap::new();
        let (mut next, mut frames, mut unusable_detections) = (0, 0, 0);
        let outcome: Result<(), PipelineError> = arrivals.iter().try_for_each(|(ticket, arrived)| {
            waiting.insert(ticket, arrived?);
            while let Some(done) = waiting.remove(&next) {
                next += 1;
                unusable_detections += done.inferred.unusable as u64;
                clocks.decode.add(done.decode);
                clocks.prepare.add(done.prepare);
                clocks.infer.add(done.infer);
                let Inferred { detections, evidence, .. } = done.inferred;
                let tracking = Instant::now();
                let Some(tracked) = analysis.track(&done.meta, &detections) else { continue };
                analysis.consider(evidence);
                let judging = Instant::now();
                let passed = done.meta.seq + 1;
                let report = analysis.judge(done.meta, tracked);
                let heat_map = analysis.take_ended_heat_map(report.at);
                let writing = Instant::now();
                clocks.track.add(judging - tracking);
                clocks.analyse.add(writing - judging);
                let picture = done.picture;
                write(AnalysedFrame {
                    report: &report,
                    picture,
                    detections: &detections,
                    analysis: &analysis,
                    heat_map,
                })?;
                clocks.write.add(writing.elapsed());
                frames += 1;
                progress(Progress { frames: passed, expected });
            }
            Ok(())
        });
        // Where it stops early, nobody takes results any more, and the threads end at their next one.
        drop(arrivals);
        let (reader, preparation) = reading.join().map_err(|_| PipelineError::Panicked("reading"))?;
        for worker in working {
            worker.join().map_err(|_| PipelineError::Panicked("inference"))?;
        }
        outcome?;
        Ok(RecordingSummary {
            frames,
            wall_s: begun.elapsed().as_secs_f64(),
            workers,
            stages: clocks.summaries(),
            source: reader.totals(),
            unusable_detections,
            input: preparation.in_use().cloned(),
            last_heat_map: analysis.take_current_heat_map(),
        })
    })
}

#[derive(Default)]
struct Clocks {
    decode: StageTimes,
    prepare: StageTimes,
    infer: StageTimes,
    track: StageTimes,
    analyse: StageTimes,
    write: StageTimes,
}

impl Clocks {
    fn summaries(&self) -> StageSummaries {
        StageSummaries {
            decode: self.decode.summary(),
            prepare: self.prepare.summary(),
            infer: self.infer.summary(),
            track: self.track.summary(),
            analyse: self.analyse.summary(),
            write: self.write.summary(),
        }
    }
}

/// Reads and prepares every frame. An error is a result too, and ends the run.
fn read(
    mut reader: FrameReader,
    (mut preparation, mut turns): (Preparation, Option<DensityTurns>),
    keep_pictures: bool,
    jobs: &SyncSender<Job>,
    buffers: &Receiver<Vec<f32>>,
    results: &SyncSender<Arrival>,
) -> (FrameReader, Preparation) {
    let mut ticket = 0;
    loop {
        let begun = Instant::now();
        let Some(frame) = reader.next() else { break };
        let decode = begun.elapsed();
        let job = frame.map_err(PipelineError::from).and_then(|(meta, picture)| {
            let begun = Instant::now();
            let prepared = preparation.prepare(&picture, buffers.try_recv().unwrap_or_default())?;
            let input = preparation.in_use();
            let density_map = turns.as_mut().map(|turns| turns.prepare(&meta, &picture, input)).transpose()?.flatten();
            let picture = keep_pictures.then_some(picture);
            Ok(Job { ticket, meta, prepared, density_map, picture, decode, prepare: begun.elapsed() })
        });
        let goes_on = match job {
            Ok(job) => jobs.send(job).is_ok(),
            Err(error) => {
                // Where the collector is gone it has an error of its own.
                let _ = results.send((ticket, Err(error)));
                false
            }
        };
        if !goes_on {
            break;
        }
        ticket += 1;
    }
    (reader, preparation)
}

fn work(
    mut sessions: Sessions,
    queue: &Mutex<Receiver<Job>>,
    results: &SyncSender<Arrival>,
    spent: &SyncSender<Vec<f32>>,
) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        let begun = Instant::now();
        // A panic is told like an error: were its frame to stay out, all later ones would wait for it.
        let inferred = catch_unwind(AssertUnwindSafe(|| sessions.infer(&job.prepared, job.density_map.as_ref())));
        let infer = begun.elapsed();
        let inferred = match inferred {
            Ok(Ok(Inferred { density_map_error: Some(error), .. }) | Err(error)) => Err(error.into()),
            Ok(Ok(inferred)) => Ok(inferred),
            Err(_) => Err(PipelineError::Panicked("inference")),
        };
        let done = inferred.map(|inferred| Done {
            meta: job.meta,
            picture: job.picture,
            inferred,
            decode: job.decode,
            prepare: job.prepare,
            infer,
        });
        // Where enough of them are on their way, or nobody reads any more, it is simply dropped.
        let _ = spent.try_send(job.prepared.tensor);
        if results.send((job.ticket, done)).is_err() {
            return;
        }
    }
}
