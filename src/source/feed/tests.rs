//! The loop against sources and clocks of its own making: no thread, no waiting.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Mutex;

use opencv::core::{CV_8UC3, Mat, Scalar};

use super::*;
use crate::config::{Credentials, FileSource, StreamSource};
use crate::source::SourceTotals;

const START: Timestamp = Timestamp(1_800_000_000_000_000);

/// Time that a fake source takes to make a picture: too little to change what the tests are about.
const DECODE_S: f64 = 1e-6;

/// What a fake source does at one grab.
#[derive(Clone, Copy)]
enum Step {
    /// A frame after so many seconds, of this width.
    Frame(f64, i32),
    /// A frame that can't be made into a picture.
    Undecodable(f64),
    /// Nothing for so many seconds, then this error.
    Fault(f64, SourceErrorKind),
}

#[derive(Default)]
struct Times {
    steady: Duration,
    /// Added to the steady clock in the wall clock, in seconds, from a steady time on.
    wall_shift: Option<(Duration, f64)>,
    /// The stop flag is set at this time.
    stop_at: Option<Duration>,
    waits: Vec<Duration>,
}

/// A clock that jumps to what is waited for.
#[derive(Clone, Default)]
struct FakeClock(Arc<Mutex<Times>>);

impl FakeClock {
    fn times(&self) -> std::sync::MutexGuard<'_, Times> {
        self.0.lock().unwrap()
    }

    fn pass(&self, seconds: f64) {
        self.times().steady += Duration::from_secs_f64(seconds);
    }
}

impl Clock for FakeClock {
    fn wall(&self) -> Timestamp {
        let times = self.times();
        let shift = times.wall_shift.filter(|(from, _)| times.steady >= *from).map_or(0.0, |(_, seconds)| seconds);
        START.plus_seconds(times.steady.as_secs_f64() + shift)
    }

    fn steady(&self) -> Duration {
        self.times().steady
    }

    fn wait_until(&self, deadline: Duration, stop: &AtomicBool) {
        let mut times = self.times();
        if let Some(stop_at) = times.stop_at.filter(|stop_at| *stop_at <= deadline) {
            times.steady = times.steady.max(stop_at);
            stop.store(true, Ordering::Release);
            return;
        }
        let wait = deadline.saturating_sub(times.steady);
        times.waits.push(wait);
        times.steady += wait;
    }
}

struct FakeSource {
    steps: VecDeque<Step>,
    clock: FakeClock,
    next_seq: u64,
    width: Option<i32>,
}

impl Source for FakeSource {
    fn grab(&mut self) -> Result<Grabbed, SourceError> {
        let Some(step) = self.steps.pop_front() else { return Ok(Grabbed::End) };
        let (seconds, width) = match step {
            Step::Frame(seconds, width) => (seconds, Some(width)),
            Step::Undecodable(seconds) => (seconds, None),
            Step::Fault(seconds, kind) => {
                self.clock.pass(seconds);
                return Err(SourceError::new(kind, "rtsp://user:secret@cam/live", "as the test wants"));
            }
        };
        self.clock.pass(seconds);
        self.width = width;
        self.next_seq += 1;
        Ok(Grabbed::Frame { seq: self.next_seq - 1 })
    }

    fn retrieve(&mut self) -> Result<Picture, SourceError> {
        let width = self.width.ok_or_else(|| SourceError::new(SourceErrorKind::Decode, "cam", "as the test wants"))?;
        self.clock.pass(DECODE_S);
        let mat = Mat::new_rows_cols_with_default(4, width, CV_8UC3, Scalar::default()).unwrap();
        Ok(Picture::from_mat(mat).unwrap())
    }

    fn totals(&self) -> SourceTotals {
        SourceTotals::default()
    }
}

/// Opens one script after the other and stops the loop after the last.
struct FakeOpener {
    scripts: VecDeque<Result<Vec<Step>, SourceErrorKind>>,
    clock: FakeClock,
    stop: Arc<AtomicBool>,
}

impl Opener for FakeOpener {
    fn open(&mut self, _plan: &SourcePlan) -> Result<Box<dyn Source>, SourceError> {
        let failed = |kind| SourceError::new(kind, "rtsp://user:secret@cam/live", "as the test wants");
        match self.scripts.pop_front() {
            Some(Ok(steps)) => {
                let clock = self.clock.clone();
                Ok(Box::new(FakeSource { steps: steps.into(), clock, next_seq: 0, width: None }))
            }
            Some(Err(kind)) => Err(failed(kind)),
            None => {
                self.stop.store(true, Ordering::Release);
                Err(failed(SourceErrorKind::Connect))
            }
        }
    }
}

/// What came out of a loop.
#[derive(Default)]
struct Seen {
    frames: Vec<FrameMeta>,
    healths: Vec<CameraHealth>,
    /// Time that handling a frame takes, in seconds.
    busy_s: f64,
    clock: FakeClock,
}

impl FeedSink for Seen {
    fn frame(&mut self, meta: FrameMeta, _picture: Picture, decode_s: f64) {
        assert!((decode_s - DECODE_S).abs() < 1e-9, "{decode_s}");
        self.frames.push(meta);
        self.clock.pass(self.busy_s);
    }

    fn status(&mut self, health: &CameraHealth, _counters: &CaptureCounters) {
        if self.healths.last() != Some(health) {
            self.healths.push(health.clone());
        }
    }
}

impl Seen {
    fn health_names(&self) -> Vec<&'static str> {
        self.healths.iter().map(CameraHealth::as_str).collect()
    }

    fn epochs(&self) -> Vec<u64> {
        self.frames.iter().map(|frame| frame.epoch).collect()
    }

    fn seqs(&self) -> Vec<u64> {
        self.frames.iter().map(|frame| frame.seq).collect()
    }
}

fn camera(source: SourcePlan, analysis_fps: Option<f64>) -> CameraPlan {
    CameraPlan { analysis_fps, ..CameraPlan::new(CameraId::new("gate").unwrap(), source) }
}

fn stream() -> SourcePlan {
    let url = "rtsp://cam/live".to_owned();
    SourcePlan::Stream(StreamSource { url, credentials: Credentials::None, open_timeout_s: 10.0, read_timeout_s: 5.0 })
}

fn file(fps: f64, repeat: bool) -> SourcePlan {
    SourcePlan::File(FileSource { path: PathBuf::from("/videos/a.avi"), fps, start: START, repeat })
}

fn frames(count: usize, every_s: f64) -> Vec<Step> {
    vec![Step::Frame(every_s, 8); count]
}

fn run_with(
    clock: &FakeClock,
    camera: &CameraPlan,
    scripts: Vec<Result<Vec<Step>, SourceErrorKind>>,
    busy_s: f64,
) -> (Seen, CaptureCounters) {
    let stop = Arc::new(AtomicBool::new(false));
    let opener = FakeOpener { scripts: scripts.into(), clock: clock.clone(), stop: Arc::clone(&stop) };
    let mut seen = Seen { busy_s, clock: clock.clone(), ..Seen::default() };
    let counters = Feed::new(camera, opener, clock.clone(), fastrand::Rng::with_seed(1), stop).run(&mut seen);
    (seen, counters)
}

fn run(camera: &CameraPlan, scripts: Vec<Result<Vec<Step>, SourceErrorKind>>) -> (Seen, CaptureCounters) {
    run_with(&FakeClock::default(), camera, scripts, 0.0)
}

#[test]
fn a_camera_that_refuses_three_times_delivers_at_the_fourth() {
    let clock = FakeClock::default();
    let refused = || Err(SourceErrorKind::Connect);
    let scripts = vec![refused(), refused(), refused(), Ok(frames(5, 0.1))];
    let (seen, counters) = run_with(&clock, &camera(stream(), None), scripts, 0.0);

    assert_eq!(seen.health_names()[..5], ["connecting", "down", "down", "down", "delivering"]);
    assert_eq!(seen.seqs(), [0, 1, 2, 3, 4]);
    assert_eq!(seen.epochs(), [0; 5]);
    assert_eq!((counters.reconnects, counters.grabbed, counters.retrieved), (4, 5, 5));
    let mut earliest = START;
    for health in &seen.healths[1..4] {
        let CameraHealth::Down { since, error, next_try } = health else { panic!("{health:?}") };
        assert_eq!(*since, START, "down since the first failure");
        assert!(*next_try > earliest);
        earliest = *next_try;
        assert_eq!(error.to_string(), "rtsp://cam/live: no connection: as the test wants");
    }
    for (wait, ceiling_s) in clock.times().waits.iter().zip([1.0, 2.0, 4.0]) {
        assert!((0.5..=ceiling_s).contains(&wait.as_secs_f64()), "{wait:?} of {ceiling_s} s");
    }
}

#[test]
fn a_lost_camera_comes_back_in_a_new_epoch_with_numbers_that_go_on() {
    let mut first = frames(3, 0.1);
    first.push(Step::Fault(5.0, SourceErrorKind::TimedOut));
    let (seen, _) = run(&camera(stream(), None), vec![Ok(first), Ok(frames(2, 0.1))]);
    assert_eq!(seen.epochs(), [0, 0, 0, 1, 1]);
    assert_eq!(seen.seqs(), [0, 1, 2, 3, 4]);
    let CameraHealth::Down { since, error, .. } = &seen.healths[2] else { panic!("{:?}", seen.healths) };
    assert_eq!(*since, seen.frames[2].at, "down since its last good frame");
    assert_eq!(error.kind(), SourceErrorKind::TimedOut);
}

#[test]
fn an_opening_without_a_frame_makes_no_epoch_of_its_own() {
    let lost = || Ok(vec![Step::Fault(0.0, SourceErrorKind::Lost)]);
    let (seen, _) = run(&camera(stream(), None), vec![Ok(frames(1, 0.1)), lost(), lost(), Ok(frames(1, 0.1))]);
    assert_eq!(seen.epochs(), [0, 1]);
}

#[test]
fn waits_begin_small_again_only_after_thirty_good_seconds() {
    let dropped = |count| {
        let mut steps = frames(count, 0.1);
        steps.push(Step::Fault(0.0, SourceErrorKind::Lost));
        Ok(steps)
    };
    let third_wait_ceiling = |good_frames| {
        (0..40).fold(0.0_f64, |longest, seed| {
            let clock = FakeClock::default();
            let stop = Arc::new(AtomicBool::new(false));
            let scripts = [dropped(1), dropped(1), dropped(1), dropped(1), dropped(good_frames)].into();
            let opener = FakeOpener { scripts, clock: clock.clone(), stop: Arc::clone(&stop) };
            let mut seen = Seen::default();
            Feed::new(&camera(stream(), None), opener, clock.clone(), fastrand::Rng::with_seed(seed), stop)
                .run(&mut seen);
            longest.max(clock.times().waits[4].as_secs_f64())
        })
    };
    assert!(third_wait_ceiling(310) <= 1.0);
    assert!(third_wait_ceiling(290) > 8.0);
}

#[test]
fn a_stop_during_the_wait_ends_the_loop_at_once() {
    let clock = FakeClock::default();
    clock.times().stop_at = Some(Duration::from_millis(100));
    let refused = || Err(SourceErrorKind::Connect);
    let (seen, counters) = run_with(&clock, &camera(stream(), None), vec![refused(), refused()], 0.0);
    assert_eq!(clock.steady(), Duration::from_millis(100));
    assert_eq!(seen.health_names(), ["connecting", "down"]);
    assert_eq!(counters.reconnects, 0);
}

#[test]
fn the_machines_clock_ends_a_wait_at_the_stop() {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let waiting = std::thread::spawn(move || {
        let clock = crate::source::SystemClock::new();
        clock.wait_until(Duration::from_secs(3600), &flag);
        clock.steady()
    });
    stop.store(true, Ordering::Release);
    waiting.thread().unpark();
    assert!(waiting.join().unwrap() < Duration::from_secs(60));
}

#[test]
fn a_repeated_file_plays_at_its_rate_and_each_loop_is_an_epoch() {
    let clock = FakeClock::default();
    let scripts = vec![Ok(frames(7, 0.001)), Ok(frames(7, 0.001)), Err(SourceErrorKind::Connect)];
    let (seen, counters) = run_with(&clock, &camera(file(7.0, true), None), scripts, 0.0);
    assert_eq!(seen.epochs(), [[0; 7], [1; 7]].concat());
    assert_eq!(seen.seqs(), (0..14).collect::<Vec<u64>>());
    assert_eq!(counters.loops, 2);
    for pair in seen.frames[1..7].windows(2) {
        let interval_s = pair[1].at.seconds_since(pair[0].at);
        assert!((interval_s - 1.0 / 7.0).abs() < 1e-5, "{interval_s}");
    }
}

#[test]
fn a_file_that_is_not_repeated_ends() {
    let (seen, counters) = run(&camera(file(7.0, false), None), vec![Ok(frames(3, 0.001))]);
    assert_eq!(seen.health_names(), ["connecting", "delivering", "ended"]);
    assert_eq!((counters.grabbed, counters.loops, counters.reconnects), (3, 0, 0));
}

#[test]
fn an_empty_repeated_source_waits_instead_of_turning_in_circles() {
    let (seen, counters) = run(&camera(file(7.0, true), None), vec![Ok(Vec::new()), Ok(Vec::new())]);
    assert_eq!((counters.loops, counters.reconnects), (0, 2));
    assert_eq!(seen.health_names()[..3], ["connecting", "down", "down"]);
}

#[test]
fn a_file_played_too_slowly_skips_frames_and_keeps_its_time() {
    let clock = FakeClock::default();
    let (seen, counters) = run_with(&clock, &camera(file(10.0, false), None), vec![Ok(frames(100, 0.001))], 0.25);
    assert_eq!(counters.grabbed, 100);
    assert_eq!(counters.retrieved + counters.skipped_late, 100);
    assert!((35..=60).contains(&counters.retrieved), "{counters:?}");
    for frame in &seen.frames {
        let behind_s = frame.at.seconds_since(START) - frame.seq as f64 / 10.0;
        assert!((0.0..=0.11).contains(&behind_s), "frame {} is {behind_s} s late", frame.seq);
    }
}

#[test]
fn a_file_that_cannot_be_decoded_at_its_rate_still_gives_frames() {
    let (_, counters) = run(&camera(file(10.0, false), None), vec![Ok(frames(100, 0.5))]);
    assert_eq!(counters.retrieved + counters.skipped_late, 100);
    assert!(counters.retrieved >= 15, "{counters:?}");
}

#[test]
fn a_played_file_is_thinned_on_the_exact_grid() {
    let (seen, counters) = run(&camera(file(7.0, false), Some(2.0)), vec![Ok(frames(28, 0.001))]);
    assert_eq!(seen.seqs(), [0, 4, 7, 11, 14, 18, 21, 25]);
    assert_eq!((counters.grabbed, counters.retrieved), (28, 8));
}

#[test]
fn a_live_camera_is_thinned_by_the_time_its_frames_come() {
    let mut random = fastrand::Rng::with_seed(3);
    let steps = (0..2500).map(|_| Step::Frame(0.04 + 0.02 * (random.f64() - 0.5), 8)).collect();
    let (seen, _) = run(&camera(stream(), Some(5.0)), vec![Ok(steps)]);
    assert!((495..=505).contains(&seen.frames.len()), "{} in 100 s", seen.frames.len());
    for pair in seen.frames.windows(2) {
        let interval_s = pair[1].at.seconds_since(pair[0].at);
        assert!((0.13..0.27).contains(&interval_s), "{interval_s}");
    }
}

#[test]
fn a_change_of_size_and_a_long_gap_begin_an_epoch() {
    let steps = vec![
        Step::Frame(0.1, 8),
        Step::Frame(0.1, 16),
        Step::Frame(2.9, 16),
        Step::Frame(3.5, 16),
        Step::Frame(0.1, 16),
        Step::Frame(3.5, 8),
    ];
    let (seen, _) = run(&camera(stream(), None), vec![Ok(steps)]);
    assert_eq!(seen.epochs(), [0, 1, 1, 2, 2, 3], "a gap and a change at once are one epoch");
}

#[test]
fn a_camera_of_one_frame_in_five_seconds_has_no_gaps() {
    let (seen, _) = run(&camera(stream(), None), vec![Ok(frames(10, 5.0))]);
    assert_eq!(seen.epochs()[2..], [1; 8], "only the first interval is not known to be usual");
}

#[test]
fn undecodable_frames_are_counted_and_skipped_and_too_many_reopen() {
    let steps = vec![Step::Frame(0.1, 8), Step::Undecodable(0.1), Step::Frame(0.1, 8)];
    let (seen, counters) = run(&camera(stream(), None), vec![Ok(steps)]);
    assert_eq!(seen.seqs(), [0, 2]);
    assert_eq!((counters.decode_failures, counters.grabbed, counters.retrieved), (1, 3, 2));

    let (seen, counters) = run(&camera(stream(), None), vec![Ok(vec![Step::Undecodable(0.1); 150])]);
    assert_eq!(counters.decode_failures, u64::from(UNDECODABLE_IN_A_ROW));
    assert!(matches!(&seen.healths[2], CameraHealth::Down { error, .. } if error.kind() == SourceErrorKind::Decode));
}

#[test]
fn times_never_go_back_when_the_wall_clock_does() {
    let clock = FakeClock::default();
    clock.times().wall_shift = Some((Duration::from_secs(5), -2.0));
    let (seen, counters) = run_with(&clock, &camera(stream(), None), vec![Ok(frames(100, 0.1))], 0.0);
    assert_eq!(counters.clock_set_back, 1);
    assert!(seen.frames.windows(2).all(|pair| pair[1].at > pair[0].at));
    assert_eq!(seen.frames.len(), 100);
    assert_eq!(seen.epochs(), [0; 100]);
}

#[test]
fn two_cameras_share_nothing() {
    let alone = run(&camera(stream(), Some(2.0)), vec![Ok(frames(100, 0.1))]);
    let down = run(&camera(stream(), None), vec![Err(SourceErrorKind::Connect); 3]);
    let beside = run(&camera(stream(), Some(2.0)), vec![Ok(frames(100, 0.1))]);
    assert_eq!(down.1.grabbed, 0);
    assert_eq!(alone.0.frames, beside.0.frames);
    assert_eq!(alone.1, beside.1);
}
