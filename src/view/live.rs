//! The live view: one thread draws and encodes for all cameras, each picture once however many look at it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::annotate::Annotator;
use super::board::{Board, Turn};
use super::painter::{LiveFrame, Painted, Painter};
use crate::config::{CameraPlan, PrivacyPlan, RulePlan};
use crate::model::{CameraId, Timestamp};
use crate::picture::PictureError;
use crate::status::RepeatLimit;

/// How live pictures are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveOptions {
    /// Most pictures a second of one camera; above 0.
    pub max_fps: f64,
    /// JPEG quality, 0 to 100.
    pub jpeg_quality: u8,
    /// Wider pictures are made smaller.
    pub max_width_px: u32,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self { max_fps: 10.0, jpeg_quality: 80, max_width_px: 1280 }
    }
}

/// What became of a camera's live pictures since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LiveStats {
    /// Drawn and encoded.
    pub encoded: u64,
    /// Passed over for a newer one, as the encoder was busy or the camera's most pictures a second were reached.
    pub replaced: u64,
    /// Not shown, as drawing or encoding failed.
    pub failed: u64,
    /// Looking on now.
    pub viewers: usize,
}

/// The live view of all cameras. Clones share it; it closes with the last of them.
#[derive(Debug, Clone)]
pub struct LiveHub(Arc<Hub>);

#[derive(Debug)]
struct Hub {
    shared: Arc<Shared>,
    encoder: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    index: BTreeMap<CameraId, usize>,
    slots: Vec<Slot>,
    work: Mutex<Work>,
    wake: Condvar,
}

#[derive(Debug)]
struct Work {
    board: Board<LiveFrame>,
    closed: bool,
}

#[derive(Debug)]
struct Slot {
    shown: watch::Sender<Shown>,
    plain: watch::Sender<Shown>,
    /// Of both.
    viewers: AtomicUsize,
    plain_viewers: AtomicUsize,
    encoded: AtomicU64,
    replaced: AtomicU64,
    failed: AtomicU64,
}

#[derive(Debug, Clone)]
enum Shown {
    Nothing,
    Picture(Arc<[u8]>),
    Closed,
}

/// Draws and encodes a camera's frame, a plain picture of it too where that is wanted, and says how long the camera rests
/// afterwards.
type Encode = Box<dyn FnMut(usize, LiveFrame, bool) -> (Result<Painted, PictureError>, Duration) + Send>;

impl LiveHub {
    /// Starts the live view of these cameras, with the names of the rules on them.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(
        cameras: &[CameraPlan],
        rules: &[RulePlan],
        privacy: &PrivacyPlan,
        options: LiveOptions,
    ) -> std::io::Result<Self> {
        let painter = |camera| Painter::new(Annotator::new(camera, rules, privacy), options);
        let mut painters: Vec<Painter> = cameras.iter().map(painter).collect();
        let encode = move |index: usize, frame: LiveFrame, wants_plain: bool| {
            let painter = &mut painters[index];
            (painter.paint(frame, wants_plain), painter.pause())
        };
        Self::start_with(cameras.iter().map(|camera| camera.id.clone()).collect(), Box::new(encode))
    }

    fn start_with(cameras: Vec<CameraId>, encode: Encode) -> std::io::Result<Self> {
        let slots: Vec<Slot> = (0..cameras.len())
            .map(|_| Slot {
                shown: watch::Sender::new(Shown::Nothing),
                plain: watch::Sender::new(Shown::Nothing),
                viewers: AtomicUsize::new(0),
                plain_viewers: AtomicUsize::new(0),
                encoded: AtomicU64::new(0),
                replaced: AtomicU64::new(0),
                failed: AtomicU64::new(0),
            })
            .collect();
        let index: BTreeMap<CameraId, usize> = cameras.into_iter().zip(0..).collect();
        let work = Mutex::new(Work { board: Board::new(slots.len()), closed: false });
        let shared = Arc::new(Shared { index, slots, work, wake: Condvar::new() });
        let of_encoder = Arc::clone(&shared);
        let encoder = std::thread::Builder::new()
            .name("live-view".to_owned())
            .spawn(move || Encoder::new(of_encoder, encode).run())?;
        Ok(Self(Arc::new(Hub { shared, encoder: Mutex::new(Some(encoder)) })))
    }

    /// Whether somebody looks at this camera. Where nobody does, the caller need not keep the picture.
    #[must_use]
    pub fn has_viewers(&self, camera: &CameraId) -> bool {
        self.0.shared.slot(camera).is_some_and(|(_, slot)| slot.has_viewers())
    }

    /// Hands over a camera's newest frame. Never waits for drawing or for viewers: a frame that is still waiting is
    /// replaced. Where nobody looks on, the frame is dropped.
    pub fn publish(&self, camera: &CameraId, frame: LiveFrame) {
        let Some((index, slot)) = self.0.shared.slot(camera) else { return };
        if !slot.has_viewers() {
            return;
        }
        // Held for a few moves of a frame: the encoder draws outside of it.
        let replaced = self.0.shared.work().board.put(index, frame);
        self.0.shared.wake.notify_one();
        if replaced.is_some() {
            slot.replaced.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Begins to look at a camera. `None` where there is no such camera or the live view is closed.
    #[must_use]
    pub fn subscribe(&self, camera: &CameraId) -> Option<Viewer> {
        self.viewer(camera, false)
    }

    /// The same without anything drawn on the pictures; people are hidden as in the others.
    #[must_use]
    pub fn subscribe_plain(&self, camera: &CameraId) -> Option<Viewer> {
        self.viewer(camera, true)
    }

    fn viewer(&self, camera: &CameraId, is_plain: bool) -> Option<Viewer> {
        let shared = Arc::clone(&self.0.shared);
        let &index = shared.index.get(camera)?;
        let slot = shared.slots.get(index)?;
        let shown = if is_plain { slot.plain.subscribe() } else { slot.shown.subscribe() };
        if matches!(*shown.borrow(), Shown::Closed) {
            return None;
        }
        slot.viewers.fetch_add(1, Ordering::Relaxed);
        if is_plain {
            slot.plain_viewers.fetch_add(1, Ordering::Relaxed);
        }
        Some(Viewer { shared, index, is_plain, shown })
    }

    /// What became of a camera's pictures; `None` where there is no such camera.
    #[must_use]
    pub fn stats(&self, camera: &CameraId) -> Option<LiveStats> {
        let (_, slot) = self.0.shared.slot(camera)?;
        Some(LiveStats {
            encoded: slot.encoded.load(Ordering::Relaxed),
            replaced: slot.replaced.load(Ordering::Relaxed),
            failed: slot.failed.load(Ordering::Relaxed),
            viewers: slot.viewers.load(Ordering::Relaxed),
        })
    }

    /// Ends every viewer, and the encoder once the picture that it is at is done: this waits for it, some tens of
    /// milliseconds. Frames that come later are dropped.
    pub fn close(&self) {
        self.0.close();
    }
}

impl Hub {
    fn close(&self) {
        self.shared.work().closed = true;
        self.shared.wake.notify_one();
        for slot in &self.shared.slots {
            slot.shown.send_replace(Shown::Closed);
            slot.plain.send_replace(Shown::Closed);
        }
        let encoder = self.encoder.lock().unwrap_or_else(PoisonError::into_inner).take();
        if encoder.is_some_and(|encoder| encoder.join().is_err()) {
            tracing::error!("the live view's encoder panicked outside of drawing");
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn slot(&self, camera: &CameraId) -> Option<(usize, &Slot)> {
        let &index = self.index.get(camera)?;
        Some((index, self.slots.get(index)?))
    }

    /// Nothing panics while it holds the lock, and were it to, the board would still be whole.
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn has_viewers(&self) -> bool {
        self.viewers.load(Ordering::Relaxed) > 0
    }
}

/// Shows a picture to whoever looks on, unless it is over.
fn show(to: &watch::Sender<Shown>, jpeg: Arc<[u8]>) {
    to.send_if_modified(|shown| {
        let open = !matches!(shown, Shown::Closed);
        if open {
            *shown = Shown::Picture(jpeg);
        }
        open
    });
}

/// Somebody who looks at a camera. Dropping it ends that.
#[derive(Debug)]
pub struct Viewer {
    shared: Arc<Shared>,
    index: usize,
    is_plain: bool,
    shown: watch::Receiver<Shown>,
}

impl Viewer {
    /// The newest picture that this viewer has not had yet, as a JPEG; waits for one where there is none. A slow
    /// viewer misses those in between. `None` once the live view is closed.
    ///
    /// It can be cancelled without losing a picture.
    pub async fn next_jpeg(&mut self) -> Option<Arc<[u8]>> {
        loop {
            // Closed is seen again and again; a picture once.
            if matches!(*self.shown.borrow(), Shown::Closed) {
                return None;
            }
            self.shown.changed().await.ok()?;
            if let Shown::Picture(jpeg) = &*self.shown.borrow_and_update() {
                return Some(Arc::clone(jpeg));
            }
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let slot = &self.shared.slots[self.index];
        slot.viewers.fetch_sub(1, Ordering::Relaxed);
        if self.is_plain {
            slot.plain_viewers.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The thread that draws.
struct Encoder {
    shared: Arc<Shared>,
    encode: Encode,
    /// For each camera: which failures are logged.
    failures: Vec<RepeatLimit>,
}

impl Encoder {
    fn new(shared: Arc<Shared>, encode: Encode) -> Self {
        let failures = vec![RepeatLimit::default(); shared.slots.len()];
        Self { shared, encode, failures }
    }

    fn run(mut self) {
        while let Some((index, frame)) = self.wait() {
            if !self.shared.slots[index].has_viewers() {
                continue;
            }
            let (taken, at) = (Instant::now(), frame.at());
            // Whatever a broken frame brings about, the pipeline and the other cameras go on. What the closure leaves
            // behind is a picture at most, and the next frame makes a new one.
            let wants_plain = self.shared.slots[index].plain_viewers.load(Ordering::Relaxed) > 0;
            let outcome = catch_unwind(AssertUnwindSafe(|| (self.encode)(index, frame, wants_plain)));
            let slot = &self.shared.slots[index];
            match outcome {
                Ok((Ok(Painted { drawn, plain }), pause)) => {
                    slot.encoded.fetch_add(1, Ordering::Relaxed);
                    show(&slot.shown, drawn);
                    if let Some(plain) = plain {
                        show(&slot.plain, plain);
                    }
                    self.shared.work().board.rest(index, taken, pause);
                }
                Ok((Err(error), pause)) => {
                    self.shared.work().board.rest(index, taken, pause);
                    self.count_failure(index, at, &error.to_string());
                }
                Err(_) => self.count_failure(index, at, "drawing panicked"),
            }
        }
    }

    /// The next frame to draw; `None` once closed.
    fn wait(&self) -> Option<(usize, LiveFrame)> {
        let mut work = self.shared.work();
        loop {
            if work.closed {
                return None;
            }
            let now = Instant::now();
            work = match work.board.take(now) {
                Turn::Frame(index, frame) => return Some((index, frame)),
                Turn::NotBefore(due) => {
                    let waited = self.shared.wake.wait_timeout(work, due.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                Turn::Idle => self.shared.wake.wait(work).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn count_failure(&mut self, index: usize, at: Timestamp, error: &str) {
        self.shared.slots[index].failed.fetch_add(1, Ordering::Relaxed);
        let Some(not_logged) = self.failures[index].event(at) else { return };
        let camera =
            self.shared.index.iter().find(|(_, known)| **known == index).map_or("", |(camera, _)| camera.as_str());
        tracing::warn!(camera, error, not_logged, "live picture not shown");
    }
}

#[cfg(test)]
mod tests;
