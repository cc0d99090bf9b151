//! The capture loop on its own thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::{CaptureCounters, Feed, FeedSink};
use crate::config::CameraPlan;
use crate::source::{OpenCvOpener, SystemClock};

/// A running capture thread. Dropping it leaves the thread running until `stop` is set.
#[derive(Debug)]
pub struct FeedHandle {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<CaptureCounters>,
}

impl FeedHandle {
    /// Asks the loop to end: waits end at once, a blocking open or read at its time-out.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
    }

    /// Whether the loop has ended, or panicked.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end of the loop.
    ///
    /// # Errors
    /// What the thread panicked with.
    pub fn join(self) -> std::thread::Result<CaptureCounters> {
        self.thread.join()
    }
}

/// Starts the camera's capture on a thread of its own, through OpenCV. `stop` may be shared between cameras; set
/// without [`FeedHandle::stop`] it is seen within a tenth of a second where the loop waits.
///
/// # Errors
/// Where the operating system gives no thread.
pub fn spawn_feed(
    camera: &CameraPlan,
    stop: Arc<AtomicBool>,
    mut sink: impl FeedSink + Send + 'static,
) -> io::Result<FeedHandle> {
    let feed = Feed::new(camera, OpenCvOpener, SystemClock::new(), fastrand::Rng::new(), Arc::clone(&stop));
    let thread =
        std::thread::Builder::new().name(format!("capture {}", camera.id)).spawn(move || feed.run(&mut sink))?;
    Ok(FeedHandle { stop, thread })
}
