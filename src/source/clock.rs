//! Time at the edge: the only place of capture that reads a clock, so that its loop is tested without waiting.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// The wall clock, a steady clock, and waiting.
pub trait Clock: Send {
    /// UTC now; may jump when the machine's clock is set.
    fn wall(&self) -> Timestamp;

    /// Time since a fixed moment; never jumps.
    fn steady(&self) -> Duration;

    /// Waits until the steady clock reads `deadline` or `stop` is set. Returns at once where either is so already.
    fn wait_until(&self, deadline: Duration, stop: &AtomicBool);
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// Its steady clock starts at 0 now.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

/// The stop flag is looked at this often where nobody unparks the waiting thread.
const LONGEST_NAP: Duration = Duration::from_millis(100);

impl Clock for SystemClock {
    fn wall(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    }

    fn steady(&self) -> Duration {
        self.origin.elapsed()
    }

    fn wait_until(&self, deadline: Duration, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            let left = deadline.saturating_sub(self.steady());
            if left.is_zero() {
                return;
            }
            // `FeedHandle::stop` unparks: the wait then ends at once.
            std::thread::park_timeout(left.min(LONGEST_NAP));
        }
    }
}
