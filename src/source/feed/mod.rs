//! A camera's capture loop: opens, grabs, thins, paces, reconnects, and tells how the camera is.

mod thread;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{
    Backoff, CameraHealth, CaptureCounters, Clock, Grabbed, Opener, Source, SourceError, SourceErrorKind, TimeGrid,
};
use crate::config::{CameraPlan, SourcePlan};
use crate::model::{CameraId, ForwardTime, FrameMeta, FrameSize, Timestamp};
use crate::picture::Picture;

pub use thread::{FeedHandle, spawn_feed};

/// What is done with a camera's frames. Called in the capture thread, so that the time it takes is the camera's own.
pub trait FeedSink {
    /// A frame to analyse, and the seconds that it took to decode it.
    fn frame(&mut self, meta: FrameMeta, picture: Picture, decode_s: f64);

    /// How the camera is: after each frame that came, analysed or not, and at each change of health.
    fn status(&mut self, health: &CameraHealth, counters: &CaptureCounters);
}

/// Time without a frame after which what was followed before does not go on; longer for cameras that send rarely.
const GAP_S: f64 = 3.0;
/// …namely this many frame intervals.
const GAP_INTERVALS: f64 = 3.0;
/// A file that plays later than this goes on from where it is: it can't be decoded at its own rate.
const HOPELESSLY_LATE: Duration = Duration::from_secs(2);
/// Frames in a row that can't be decoded after which a source is opened anew.
const UNDECODABLE_IN_A_ROW: u32 = 100;

/// The capture loop of one camera. Live sources give their newest frame; files and folders are played at their rate
/// like a live camera.
pub struct Feed<O, C> {
    camera: CameraId,
    plan: SourcePlan,
    opener: O,
    clock: C,
    stop: Arc<AtomicBool>,
    /// Rate at which a file or folder is played.
    play_fps: Option<f64>,
    repeat: bool,
    grid: Option<TimeGrid>,
    backoff: Backoff,
    health: CameraHealth,
    counters: CaptureCounters,
    frame_time: ForwardTime,
    epoch: u64,
    /// Frames since the last reason for a new epoch: an epoch without a frame isn't counted.
    epoch_has_frames: bool,
    /// Number of the next opening's first frame.
    seq_base: u64,
    size: Option<FrameSize>,
    last_frame_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    /// Smoothed interval between grabbed frames of a live source, in seconds.
    interval_s: f64,
}

/// How one opening came to its end.
enum Played {
    Stopped,
    Ended,
    Failed(SourceError),
}

impl<O: Opener, C: Clock> Feed<O, C> {
    /// The loop of this camera. It ends soon after `stop` is set: waits end at once, a blocking open or read at its
    /// time-out. `random` spreads the reconnects of several cameras.
    pub fn new(camera: &CameraPlan, opener: O, clock: C, random: fastrand::Rng, stop: Arc<AtomicBool>) -> Self {
        let (play_fps, repeat) = match &camera.source {
            SourcePlan::File(file) => (Some(file.fps), file.repeat),
            SourcePlan::Images(folder) => (Some(folder.fps), folder.repeat),
            SourcePlan::Stream(_) | SourcePlan::V4l2(_) => (None, false),
        };
        Self {
            camera: camera.id.clone(),
            plan: camera.source.clone(),
            opener,
            clock,
            stop,
            play_fps,
            repeat,
            grid: camera.analysis_fps.map(TimeGrid::new),
            backoff: Backoff::new(random),
            health: CameraHealth::Connecting,
            counters: CaptureCounters::default(),
            frame_time: ForwardTime::default(),
            epoch: 0,
            epoch_has_frames: false,
            seq_base: 0,
            size: None,
            last_frame_at: None,
            failing_since: None,
            interval_s: 0.0,
        }
    }

    /// Runs until stopped, or until a source that isn't repeated ends.
    pub fn run(mut self, sink: &mut impl FeedSink) -> CaptureCounters {
        sink.status(&self.health, &self.counters);
        while !self.stopped() {
            let played = match self.opener.open(&self.plan) {
                Ok(mut source) => self.play(&mut *source, sink),
                Err(error) => Played::Failed(error),
            };
            match played {
                Played::Stopped => break,
                Played::Failed(error) => self.wait_to_reconnect(error, sink),
                Played::Ended if self.repeat => self.counters.loops += 1,
                Played::Ended => {
                    self.health = CameraHealth::Ended;
                    tracing::info!(camera = %self.camera, frames = self.counters.grabbed, "source ended");
                    sink.status(&self.health, &self.counters);
                    break;
                }
            }
        }
        self.counters
    }

    /// Plays one opening.
    fn play(&mut self, source: &mut dyn Source, sink: &mut impl FeedSink) -> Played {
        self.begin_epoch();
        if let Some(grid) = &mut self.grid {
            grid.restart();
        }
        let seq_base = self.seq_base;
        let opened = self.clock.steady();
        let mut play_start = opened;
        let mut last_grab: Option<Duration> = None;
        let mut failed_before = 0;
        let mut undecodable_in_a_row = 0;
        loop {
            if self.stopped() {
                return Played::Stopped;
            }
            let grabbed = source.grab();
            let failed = source.totals().failed;
            self.counters.decode_failures += failed - failed_before;
            failed_before = failed;
            let seq = match grabbed {
                Ok(Grabbed::Frame { seq }) => seq,
                Ok(Grabbed::End) if self.play_fps.is_none() => {
                    return Played::Failed(self.fault(SourceErrorKind::Lost, "the stream ended"));
                }
                Ok(Grabbed::End) if last_grab.is_some() => {
                    if let Some(warning) = source.totals().warning() {
                        tracing::warn!(camera = %self.camera, warning, "source ended");
                    }
                    return Played::Ended;
                }
                // Opening it again at once would turn in circles.
                Ok(Grabbed::End) => {
                    return Played::Failed(self.fault(SourceErrorKind::Format, "it ended before its first frame"));
                }
                Err(error) => return Played::Failed(error),
            };
            self.counters.grabbed += 1;
            self.seq_base = seq_base + seq + 1;

            let mut late = false;
            if let Some(fps) = self.play_fps {
                let interval = Duration::from_secs_f64(1.0 / fps);
                let due = play_start + Duration::from_secs_f64(seq as f64 / fps);
                self.clock.wait_until(due, &self.stop);
                if self.stopped() {
                    return Played::Stopped;
                }
                let behind = self.clock.steady().saturating_sub(due);
                if behind > HOPELESSLY_LATE {
                    play_start += behind;
                } else {
                    late = behind > interval;
                }
            }
            let now = self.clock.steady();
            let at = self.stamp(now, last_grab);
            last_grab = Some(now);
            self.note_good_frame(now.saturating_sub(opened));

            if late {
                self.counters.skipped_late += 1;
            } else if self.is_due(seq, now.saturating_sub(opened)) {
                let before = self.clock.steady();
                match source.retrieve() {
                    Ok(picture) => {
                        let decode_s = self.clock.steady().saturating_sub(before).as_secs_f64();
                        undecodable_in_a_row = 0;
                        let meta = self.meta(seq_base + seq, at, picture.size());
                        self.counters.retrieved += 1;
                        sink.frame(meta, picture, decode_s);
                    }
                    Err(error) if error.kind() == SourceErrorKind::Decode => {
                        self.counters.decode_failures += 1;
                        undecodable_in_a_row += 1;
                        tracing::debug!(camera = %self.camera, seq, %error, "frame skipped");
                        if undecodable_in_a_row == UNDECODABLE_IN_A_ROW {
                            return Played::Failed(error);
                        }
                    }
                    Err(error) => return Played::Failed(error),
                }
            }
            sink.status(&self.health, &self.counters);
        }
    }

    /// The frame's time. A long gap before it begins an epoch.
    fn stamp(&mut self, now: Duration, last_grab: Option<Duration>) -> Timestamp {
        if let Some(last_grab) = last_grab {
            let interval_s = now.saturating_sub(last_grab).as_secs_f64();
            let usual_s = self.play_fps.map_or(self.interval_s, f64::recip);
            if interval_s > GAP_S.max(GAP_INTERVALS * usual_s) {
                self.begin_epoch();
            }
            // The first interval is taken as it is, later ones are smoothed.
            let share = if self.interval_s == 0.0 { 1.0 } else { 0.1 };
            self.interval_s += share * (interval_s - self.interval_s);
        }
        let (at, set_back) = self.frame_time.stamp(self.clock.wall(), now);
        if set_back {
            self.counters.clock_set_back += 1;
            tracing::warn!(camera = %self.camera, "the wall clock was set back: frame times run slower until it has caught up");
        }
        at
    }

    /// Whether the frame is analysed. A played file is thinned by its own frame times, exactly; a live source by the
    /// time at which its frames come.
    fn is_due(&mut self, seq: u64, since_opened: Duration) -> bool {
        let Some(grid) = &mut self.grid else { return true };
        match self.play_fps {
            Some(fps) => grid.is_due(seq as f64 / fps, 0.0),
            None => grid.is_due(since_opened.as_secs_f64(), 0.5 * self.interval_s),
        }
    }

    fn meta(&mut self, seq: u64, at: Timestamp, size: FrameSize) -> FrameMeta {
        if self.size.replace(size).is_some_and(|before| before != size) {
            self.begin_epoch();
        }
        self.epoch_has_frames = true;
        self.last_frame_at = Some(at);
        FrameMeta { camera: self.camera.clone(), seq, at, size, epoch: self.epoch }
    }

    fn begin_epoch(&mut self) {
        if std::mem::take(&mut self.epoch_has_frames) {
            self.epoch += 1;
        }
    }

    fn note_good_frame(&mut self, good_for: Duration) {
        if good_for >= Backoff::RESET_AFTER {
            self.backoff.reset();
        }
        if self.health != CameraHealth::Delivering {
            tracing::info!(camera = %self.camera, "frames come");
            self.health = CameraHealth::Delivering;
            self.failing_since = None;
        }
    }

    /// Reports the camera down and waits for its next attempt, or for the stop.
    fn wait_to_reconnect(&mut self, error: SourceError, sink: &mut impl FeedSink) {
        let wait = self.backoff.next_wait();
        let now = self.clock.wall();
        let since = *self.failing_since.get_or_insert(self.last_frame_at.unwrap_or(now));
        let down_s = now.seconds_since(since);
        tracing::warn!(camera = %self.camera, %error, down_s, next_try_s = wait.as_secs_f64(), "camera is down");
        self.health = CameraHealth::Down { since, error, next_try: now.plus_seconds(wait.as_secs_f64()) };
        sink.status(&self.health, &self.counters);
        let deadline = self.clock.steady() + wait;
        self.clock.wait_until(deadline, &self.stop);
        if !self.stopped() {
            self.counters.reconnects += 1;
        }
    }

    fn fault(&self, kind: SourceErrorKind, detail: &str) -> SourceError {
        let address = match &self.plan {
            SourcePlan::File(file) => file.path.to_string_lossy(),
            SourcePlan::Images(folder) => folder.path.to_string_lossy(),
            SourcePlan::Stream(stream) => stream.url.as_str().into(),
            SourcePlan::V4l2(device) => device.device.to_string_lossy(),
        };
        SourceError::new(kind, &address, detail)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests;
