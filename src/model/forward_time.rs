//! A time to go by while the service runs: the wall clock, but never backwards.

use std::time::Duration;

use super::Timestamp;

/// Share of its rate at which this time runs after the wall clock was set back, until that has caught up. Slower and
/// not stopped, so that speeds and dwell times stay nearly right.
const SLOWED: f64 = 0.9;

/// Makes such a time of what a wall clock and a steady clock read. Frames, what is done about alerts, and deliveries go
/// by one each: after the wall clock was set back by `d`, none of them is ahead of it by more than `d`, and none stands
/// still until it is that late again.
#[derive(Debug, Clone, Default)]
pub struct ForwardTime {
    last: Option<(Timestamp, Duration)>,
    set_back: bool,
}

impl ForwardTime {
    /// The time when the clocks read `wall` and `steady`, and whether the wall clock is seen to have been set back since
    /// it was asked for last.
    pub fn stamp(&mut self, wall: Timestamp, steady: Duration) -> (Timestamp, bool) {
        let Some((last_at, last_steady)) = self.last else {
            self.last = Some((wall, steady));
            return (wall, false);
        };
        let newly_set_back = wall < last_at && !self.set_back;
        let slowed = last_at.plus_seconds(SLOWED * steady.saturating_sub(last_steady).as_secs_f64());
        self.set_back = (self.set_back || newly_set_back) && wall < slowed;
        let at = if self.set_back { slowed } else { wall.max(last_at) };
        self.last = Some((at, steady));
        (at, newly_set_back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_is_told_once_and_caught_up_with() {
        let mut clock = ForwardTime::default();
        let mut last = Timestamp(0);
        let mut told = 0;
        let mut caught_up_s = None;
        for second in 0..40_u32 {
            // Set back by 1.5 s at second 10.
            let wall = Timestamp(0).plus_seconds(100.0 + f64::from(second) - if second >= 10 { 1.5 } else { 0.0 });
            let (at, set_back) = clock.stamp(wall, Duration::from_secs(second.into()));
            assert!(at >= last, "second {second}");
            assert!(at.seconds_since(wall) <= 1.5);
            last = at;
            told += u32::from(set_back);
            if second >= 10 && at == wall {
                caught_up_s.get_or_insert(second);
            }
        }
        assert_eq!(told, 1);
        assert_eq!(caught_up_s, Some(24), "1.4 s ahead at second 10, a tenth less each second");
    }
}
