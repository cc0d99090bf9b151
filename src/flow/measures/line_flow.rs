//! Crossings of a line by trajectories, and the flow they make.
//!
//! These are for trajectories without gaps or scatter, as experiments have them: every sign change counts. The live
//! counter, [`crate::flow::LineCounter`], has a band and a minimum travel on top.

use std::collections::HashSet;

use super::Trajectory;
use crate::geometry::GroundSegment;
use crate::model::{Direction, Timestamp};

/// One crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineCrossing {
    /// Time of the first sample beyond the line.
    pub at: Timestamp,
    /// Who.
    pub person: u64,
    /// *In* is to the left of the line.
    pub direction: Direction,
}

/// Every crossing of the line, there and back included, in the order of time.
///
/// PedPy's `compute_crossing_frames` differs in one case: it misses a crossing in the last step of a trajectory.
#[must_use]
pub fn line_crossings(people: &[Trajectory], line: &GroundSegment) -> Vec<LineCrossing> {
    let mut crossings = Vec::new();
    for way in people {
        for step in way.samples.windows(2) {
            let direction = match line.crossing(step[0].point, step[1].point) {
                0 => continue,
                1 => Direction::In,
                _ => Direction::Out,
            };
            crossings.push(LineCrossing { at: step[1].at, person: way.person, direction });
        }
    }
    crossings.sort_by_key(|crossing| (crossing.at, crossing.person));
    crossings
}

/// Each person's first crossing only: what PedPy's N-t curve counts.
#[must_use]
pub fn first_crossings(crossings: &[LineCrossing]) -> Vec<LineCrossing> {
    let mut seen = HashSet::new();
    crossings.iter().copied().filter(|crossing| seen.insert(crossing.person)).collect()
}

/// The flow in one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowWindow {
    /// The first crossing, or the end of the window before.
    pub from: Timestamp,
    /// The end of the frame with the last crossing.
    pub to: Timestamp,
    /// Crossings within.
    pub crossings: usize,
    /// Crossings a second.
    pub per_s: f64,
}

/// Flow ΔN/Δt in windows of about `window_s`, as PedPy's `compute_flow` has it: windows begin with the first crossing;
/// each is cut where the last crossing in it is over, and the next begins there, so that the time in which nobody came
/// belongs to the window in which somebody comes again. A crossing lasts to the end of its frame (`frame_s` seconds).
/// The last window begun before `end`, the last frame, that is not over by then is left out.
///
/// `times` are the crossings' times, in order.
#[must_use]
pub fn flow_windows(times: &[Timestamp], window_s: f64, frame_s: f64, end: Timestamp) -> Vec<FlowWindow> {
    let mut windows = Vec::new();
    let Some(&first) = times.first() else { return windows };
    if window_s <= 0.0 {
        return windows;
    }
    let (mut from, mut before) = (first, 0);
    for number in 1u32.. {
        let limit = first.plus_seconds(window_s * f64::from(number));
        if limit >= end {
            break;
        }
        let now = times.partition_point(|&at| at <= limit);
        if now == before {
            continue;
        }
        let to = times[now - 1].plus_seconds(frame_s);
        let crossings = now - before;
        windows.push(FlowWindow { from, to, crossings, per_s: crossings as f64 / to.seconds_since(from) });
        (from, before) = (to, now);
    }
    windows
}

/// Flow per metre of the line's width, in 1/(m·s); `None` where the line has no width.
#[must_use]
pub fn specific_flow(per_s: f64, width_m: f64) -> Option<f64> {
    (width_m > 0.0).then(|| per_s / width_m)
}

/// The most a level surface lets through when people leave in an emergency, in people a minute and metre of width: the
/// UK's Guide to Safety at Sports Grounds (Green Guide). Steps have less.
const LEVEL_CAPACITY_PER_MIN_M: f64 = 82.0;

/// Specific flow, in 1/(m·s), over the capacity of a level surface, 82 people a minute and metre (Green Guide): 1 where
/// the line lets through what is reckoned with at most. Flow falls again where it gets too dense, so a low ratio alone
/// doesn't say that there is room. For one direction, or both together: the capacity is the surface's.
#[must_use]
pub fn capacity_ratio(specific_flow_per_m_s: f64) -> f64 {
    specific_flow_per_m_s * 60.0 / LEVEL_CAPACITY_PER_MIN_M
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::measures::Sample;
    use crate::model::GroundPoint;

    #[test]
    fn there_and_back_is_two_crossings_and_one_first() {
        let line = GroundSegment { a: GroundPoint { x_m: 0.0, y_m: 0.0 }, b: GroundPoint { x_m: 0.0, y_m: 2.0 } };
        let samples = [1.0, -1.0, 1.0]
            .into_iter()
            .enumerate()
            .map(|(i, x_m)| Sample { at: Timestamp(i as i64), point: GroundPoint { x_m, y_m: 1.0 } })
            .collect();
        let all = line_crossings(&[Trajectory { person: 7, samples }], &line);
        let crossing = |at, direction| LineCrossing { at: Timestamp(at), person: 7, direction };
        assert_eq!(all, [crossing(1, Direction::In), crossing(2, Direction::Out)]);
        assert_eq!(first_crossings(&all), [crossing(1, Direction::In)]);
    }

    #[test]
    fn windows_end_with_their_last_crossing() {
        let at = |seconds| Timestamp(0).plus_seconds(seconds);
        let times = [1.0, 2.0, 4.0, 12.0].map(at);
        let windows = flow_windows(&times, 5.0, 0.5, at(40.0));
        let spans: Vec<_> = windows.iter().map(|w| (w.from, w.to, w.crossings)).collect();
        assert_eq!(spans, [(at(1.0), at(4.5), 3), (at(4.5), at(12.5), 1)]);
        assert_eq!(windows[1].per_s, 1.0 / 8.0);
        assert_eq!(specific_flow(windows[1].per_s, 0.5), Some(0.25));
        assert_eq!(specific_flow(1.0, 0.0), None);
        assert!((capacity_ratio(82.0 / 60.0) - 1.0).abs() < 1e-12 && capacity_ratio(0.0) == 0.0);
        assert!(flow_windows(&[], 5.0, 0.5, at(40.0)).is_empty());
    }
}
