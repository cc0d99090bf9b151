//! The samples of several series as one course of time, with the ticks that a live camera would have had where it sent
//! nothing.

use crate::model::{Reading, Timestamp, UnknownReason};

/// Time between ticks: those of a live camera come once a second.
const TICK_US: i64 = 1_000_000;
const BLIND: Reading = Reading::Unknown(UnknownReason::NoFrames);

/// Puts series into the order of time.
///
/// Where the newest sample of a series is older than its `stale_after_s`, the series reads [`UnknownReason::NoFrames`] at
/// each whole second until its next sample, as [`crate::analysis::CameraAnalysis::tick`] has it for a camera that sends
/// nothing; before its first sample it counts from the begin.
#[derive(Debug)]
pub(super) struct Timeline {
    lanes: Vec<Lane>,
    /// Everything up to this time is told.
    told: i64,
    /// What each series reads now.
    now: Vec<Option<Reading>>,
}

#[derive(Debug)]
struct Lane {
    stale_after_us: i64,
    /// Time of its newest sample, or of the begin.
    newest: i64,
    /// Index of its next sample.
    next: usize,
}

impl Timeline {
    /// A series for each of these times, in seconds, after which it is stale.
    pub(super) fn new(stale_after_s: impl Iterator<Item = f64>, from: Timestamp) -> Self {
        let lane =
            |stale_after_s: f64| Lane { stale_after_us: (stale_after_s * 1e6).round() as i64, newest: from.0, next: 0 };
        let lanes: Vec<Lane> = stale_after_s.map(lane).collect();
        Self { now: vec![None; lanes.len()], lanes, told: from.0.saturating_sub(1) }
    }

    /// Goes on until before `until` with these samples, those of each series in order. `step` gets each moment, and what
    /// each series reads at it; `None`: it says nothing then.
    pub(super) fn advance(
        &mut self,
        samples: &[Vec<(Timestamp, Reading)>],
        until: Timestamp,
        mut step: impl FnMut(Timestamp, &[Option<Reading>]),
    ) {
        self.lanes.iter_mut().for_each(|lane| lane.next = 0);
        loop {
            let (mut next, mut due) = (until.0, i64::MAX);
            for (lane, samples) in self.lanes.iter().zip(samples) {
                if let Some((at, _)) = samples.get(lane.next) {
                    next = next.min(at.0);
                }
                due = due.min(lane.newest.saturating_add(lane.stale_after_us));
            }
            if due < next {
                // The first whole second behind both.
                let mut tick = (due.max(self.told).div_euclid(TICK_US) + 1) * TICK_US;
                while tick < next {
                    for (lane, now) in self.lanes.iter().zip(&mut self.now) {
                        *now = lane.is_stale(tick).then_some(BLIND);
                    }
                    self.told = tick;
                    step(Timestamp(tick), &self.now);
                    tick += TICK_US;
                }
            }
            if next >= until.0 {
                return;
            }
            let is_tick = next.rem_euclid(TICK_US) == 0;
            for ((lane, samples), now) in self.lanes.iter_mut().zip(samples).zip(&mut self.now) {
                *now = match samples.get(lane.next) {
                    Some(&(at, reading)) if at.0 <= next => {
                        lane.next += 1;
                        lane.newest = at.0;
                        Some(reading)
                    }
                    _ => (is_tick && lane.is_stale(next)).then_some(BLIND),
                };
            }
            self.told = next;
            step(Timestamp(next), &self.now);
        }
    }
}

impl Lane {
    fn is_stale(&self, at: i64) -> bool {
        at - self.newest > self.stale_after_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Reading::Valid;

    /// Milliseconds, and what each series reads.
    fn told(series: &[&[(i64, f64)]], parts: &[i64]) -> Vec<(i64, Vec<Option<Reading>>)> {
        let mut timeline = Timeline::new(series.iter().map(|_| 3.0), Timestamp(0));
        let (mut told, mut from) = (Vec::new(), 0);
        for &until in parts {
            let inside = |samples: &&[(i64, f64)]| {
                let inside = samples.iter().filter(|(at, _)| (from..until).contains(at));
                inside.map(|&(at, value)| (Timestamp(at * 1000), Valid(value))).collect()
            };
            let samples: Vec<Vec<_>> = series.iter().map(inside).collect();
            timeline.advance(&samples, Timestamp(until * 1000), |at, now| told.push((at.0 / 1000, now.to_vec())));
            from = until;
        }
        told
    }

    #[test]
    fn what_is_sampled_together_is_told_together() {
        let (a, b) = ([(500, 1.0), (1500, 2.0)], [(500, 3.0), (1700, 4.0)]);
        let all = told(&[&a, &b], &[2000]);
        let expected = [
            (500, vec![Some(Valid(1.0)), Some(Valid(3.0))]),
            (1500, vec![Some(Valid(2.0)), None]),
            (1700, vec![None, Some(Valid(4.0))]),
        ];
        assert_eq!(all, expected);
        assert_eq!(told(&[&a, &b], &[600, 1500, 1501, 2000]), expected, "parts change nothing");
    }

    #[test]
    fn a_gap_is_told_as_a_live_camera_would() {
        let gap = told(&[&[(500, 1.0), (6200, 2.0)]], &[1000, 3000, 7000, 11_000]);
        let blind = |ms: i64| (ms, vec![Some(BLIND)]);
        let value = |ms: i64, value: f64| (ms, vec![Some(Valid(value))]);
        assert_eq!(
            gap,
            [value(500, 1.0), blind(4000), blind(5000), blind(6000), value(6200, 2.0), blind(10_000)],
            "more than 3 s after the newest"
        );
        let late: Vec<_> = (0..7).map(|second| (second * 1000, 1.0)).collect();
        let beside = told(&[&late, &[]], &[7000]);
        let stale: Vec<i64> = beside.iter().filter(|(_, now)| now[1] == Some(BLIND)).map(|(at, _)| *at).collect();
        assert_eq!(stale, [4000, 5000, 6000], "one that never begins beside one that goes on");
        assert_eq!(told(&[&[]], &[4000]), [], "no more than 3 s");
    }
}
