//! How often a part of a camera's processing may panic before it is left down.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A part that panics this often…
const MOST_PANICS: usize = 5;
/// …within this time is left down: something about it is beyond us, and each restart costs the other cameras.
const WINDOW: Duration = Duration::from_secs(600);
/// Wait before the first restart; doubled for each further panic in the window.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The panics of one part of one camera.
#[derive(Debug, Default)]
pub(super) struct PanicBudget {
    panics: VecDeque<Instant>,
}

impl PanicBudget {
    /// Notes a panic. How long to wait before the restart; `None`: no restart any more.
    pub fn spend(&mut self, now: Instant) -> Option<Duration> {
        self.panics.push_back(now);
        self.panics.retain(|&at| now.duration_since(at) < WINDOW);
        let in_window = self.panics.len();
        (in_window < MOST_PANICS).then(|| FIRST_WAIT * (1 << (in_window - 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_in_ten_minutes_are_too_many_and_old_ones_are_forgotten() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut budget = PanicBudget::default();
        let waits: Vec<_> = (0..4).map(|minute| budget.spend(after(minute * 60)).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits, [Some(1), Some(2), Some(4), Some(8)]);
        assert_eq!(budget.spend(after(599)), None);
        assert_eq!(budget.spend(after(2000)), Some(FIRST_WAIT));
    }
}
