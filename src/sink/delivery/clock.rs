//! The one place here that knows what time it is, and can be exchanged.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;

use crate::model::{ForwardTime, Timestamp};

/// A clock to go by.
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;

    /// Waits until then.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()>;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        sleep(at.seconds_since(self.now()))
    }
}

fn sleep(wait_s: f64) -> BoxFuture<'static, ()> {
    Box::pin(tokio::time::sleep(Duration::from_secs_f64(wait_s.max(0.0))))
}

/// The system's clock as a running service goes by it: were the machine's clock set back by an hour, whoever waits for a
/// time would wait for an hour more.
#[derive(Debug)]
pub struct ServiceClock {
    begun: Instant,
    time: Mutex<ForwardTime>,
}

impl ServiceClock {
    /// It reads what the system's clock reads now.
    #[must_use]
    pub fn new() -> Self {
        Self { begun: Instant::now(), time: Mutex::default() }
    }
}

impl Default for ServiceClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ServiceClock {
    fn now(&self) -> Timestamp {
        let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        time.stamp(SystemClock.now(), self.begun.elapsed()).0
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        sleep(at.seconds_since(self.now()))
    }
}
