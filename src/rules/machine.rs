//! One rule's levels over time.

use serde::{Deserialize, Serialize};

use crate::config::{LevelPlan, defaults};
use crate::model::{AlertKind, Level, Reading, Timestamp, Worse};

/// Longest time between two samples over which a condition counts as held, in seconds. Nobody saw what happened in a
/// longer gap: the crowd may have gone and come back, so hold times begin anew after it. It is well above the second
/// between two ticks and the time between frames of any rate that a configuration may have.
pub const MAX_GAP_S: f64 = defaults::MAX_FRAME_INTERVAL_S;

/// A level's thresholds, as severities; times in whole microseconds: 70 frames at 7 fps make exactly 10 s.
#[derive(Debug, Clone, Copy)]
struct Threshold {
    level: Level,
    raise: f64,
    hold_us: i64,
    clear: f64,
    clear_hold_us: i64,
    /// When the present run of samples at or above `raise` began.
    above_since: Option<Timestamp>,
}

/// What changed with a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Transition {
    pub(super) kind: AlertKind,
    pub(super) from: Option<Level>,
    pub(super) to: Option<Level>,
    pub(super) threshold: Option<f64>,
    pub(super) since: Timestamp,
}

/// An alert that is on.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// Index of its level.
    level: usize,
    /// When it left calm.
    since: Timestamp,
    /// When the present run of samples at or below the level's clear value began.
    below_since: Option<Timestamp>,
}

/// What of a machine survives a restart. Levels are kept by name, so that a configuration with other levels can go on
/// with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct MachineState {
    newest: Option<(Timestamp, Reading)>,
    /// The level that is on, since when, and since when it is to be left.
    open: Option<(Level, Timestamp, Option<Timestamp>)>,
    /// Levels that are to be raised, and since when.
    rising: Vec<(Level, Timestamp)>,
}

/// The state of one condition.
///
/// What is compared is the value's severity: the value itself, its negative for a measure that gets worse downwards, or its
/// size for one that gets worse away from 0.
///
/// - **Up**: a level is due when the severity has been at or above its raise value for its hold time, from the first
///   sample there. The highest level that is due wins at once, whatever lies between.
/// - **Down**: when the severity has been at or below the clear value of the level that is on for its clear hold time,
///   the alert falls to the next lower level (or ends), which then needs its own clear hold, from that moment on. One
///   sample brings it down by one level at most.
/// - **Bounds** count for what they prove: where the true severity may be greater (`AtLeast`, of a measure that gets
///   worse upwards), they can raise, and never bring down: they also break a run towards clearing. Where it may be
///   less, they can bring down and never raise. Away from 0, "at least 5" proves a size of 5 and "at least −5" proves
///   nothing: the true value may lie on either side, as near to 0 or as far from it as can be.
/// - **Nothing to measure** is known calm: better than every clear value, whichever way the measure gets worse.
/// - **Unknown** for any other reason keeps an alert as it is: it is told as stale once, all runs end, and the next known
///   sample is told as fresh and begins them anew.
#[derive(Debug, Clone)]
pub(super) struct LevelMachine {
    worse: Worse,
    thresholds: Vec<Threshold>,
    newest: Option<(Timestamp, Reading)>,
    open: Option<Open>,
}

impl LevelMachine {
    /// A rule in calm. The levels come mildest first.
    pub(super) fn new(levels: &[LevelPlan], worse: Worse) -> Self {
        let threshold = |plan: &LevelPlan| Threshold {
            level: plan.level,
            raise: severity(plan.raise, worse),
            hold_us: microseconds(plan.hold_s),
            clear: severity(plan.clear, worse),
            clear_hold_us: microseconds(plan.clear_hold_s),
            above_since: None,
        };
        Self { worse, thresholds: levels.iter().map(threshold).collect(), newest: None, open: None }
    }

    /// The level that is on; `None`: calm.
    pub(super) fn level(&self) -> Option<Level> {
        self.open.and_then(|open| self.level_at(open.level))
    }

    /// When the alert that is on left calm.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.open.map(|open| open.since)
    }

    /// The newest sample.
    pub(super) fn newest(&self) -> Option<(Timestamp, Reading)> {
        self.newest
    }

    /// Nothing is known now, or was, yet.
    pub(super) fn is_stale(&self) -> bool {
        self.newest.is_none_or(|(_, reading)| !reading.is_known())
    }

    /// What has to be kept to go on later just as if nothing had been.
    pub(super) fn state(&self) -> MachineState {
        let open = self.open.and_then(|open| Some((self.level_at(open.level)?, open.since, open.below_since)));
        let rising = self.thresholds.iter().filter_map(|threshold| Some((threshold.level, threshold.above_since?)));
        MachineState { newest: self.newest, open, rising: rising.collect() }
    }

    /// Goes on where a machine stood. A level that is no more falls to the next milder one that there is.
    pub(super) fn restore(&mut self, state: &MachineState) {
        self.newest = state.newest;
        self.open = state.open.and_then(|(level, since, below_since)| {
            let index = self.thresholds.iter().rposition(|threshold| threshold.level <= level)?;
            let is_same = self.level_at(index) == Some(level);
            Some(Open { level: index, since, below_since: below_since.filter(|_| is_same) })
        });
        for threshold in &mut self.thresholds {
            let rising = state.rising.iter().find(|(level, _)| *level == threshold.level);
            threshold.above_since = rising.map(|(_, since)| *since);
        }
    }

    /// Takes in a sample and tells what changed: at most a change of freshness, then a change of level. Time only goes
    /// forward: a sample that is not later than the newest one is passed over.
    pub(super) fn sample(&mut self, at: Timestamp, reading: Reading, mut tell: impl FnMut(Transition)) {
        let before = self.newest;
        if before.is_some_and(|(newest, _)| at <= newest) {
            return;
        }
        self.newest = Some((at, reading));
        let was_unknown = before.is_some_and(|(_, reading)| !reading.is_known());
        let gap = before.is_some_and(|(newest, _)| at.0.saturating_sub(newest.0) > microseconds(MAX_GAP_S));
        if gap {
            self.break_runs();
        }
        if !reading.is_known() {
            self.break_runs();
            if !was_unknown {
                self.tell_freshness(AlertKind::Stale, &mut tell);
            }
            return;
        }
        if was_unknown {
            self.tell_freshness(AlertKind::Fresh, &mut tell);
        }
        let (may_be_graver, may_be_milder) = open_ends(reading, self.worse);
        // What is known and has no value is calm.
        let severity = reading.value().map_or(f64::NEG_INFINITY, |value| severity(value, self.worse));
        let raised = self.raise(at, severity, !may_be_milder);
        if let Some(transition) = raised.or_else(|| self.lower(at, severity, !may_be_graver)) {
            let threshold = transition.threshold.map(|threshold| self::severity(threshold, self.worse));
            tell(Transition { threshold, ..transition });
        }
    }

    fn break_runs(&mut self) {
        self.thresholds.iter_mut().for_each(|threshold| threshold.above_since = None);
        if let Some(open) = &mut self.open {
            open.below_since = None;
        }
    }

    fn tell_freshness(&self, kind: AlertKind, tell: &mut impl FnMut(Transition)) {
        if let Some(open) = self.open {
            let level = self.level_at(open.level);
            tell(Transition { kind, from: level, to: level, threshold: None, since: open.since });
        }
    }

    fn raise(&mut self, at: Timestamp, severity: f64, may_raise: bool) -> Option<Transition> {
        let mut due = None;
        for (index, threshold) in self.thresholds.iter_mut().enumerate() {
            if run(&mut threshold.above_since, may_raise && severity >= threshold.raise, at, threshold.hold_us) {
                due = Some(index);
            }
        }
        let due = due.filter(|&due| self.open.is_none_or(|open| due > open.level))?;
        let from = self.level();
        let since = self.since().unwrap_or(at);
        self.open = Some(Open { level: due, since, below_since: None });
        let threshold = self.thresholds.get(due)?;
        Some(Transition {
            kind: AlertKind::Raised,
            from,
            to: Some(threshold.level),
            threshold: Some(threshold.raise),
            since,
        })
    }

    fn lower(&mut self, at: Timestamp, severity: f64, may_lower: bool) -> Option<Transition> {
        let open = self.open.as_mut()?;
        let left = *self.thresholds.get(open.level)?;
        if !run(&mut open.below_since, may_lower && severity <= left.clear, at, left.clear_hold_us) {
            return None;
        }
        let since = open.since;
        let next = open.level.checked_sub(1).and_then(|next| self.thresholds.get(next).map(|lower| (next, lower)));
        let to = next.map(|(_, lower)| lower.level);
        self.open =
            next.map(|(level, lower)| Open { level, since, below_since: (severity <= lower.clear).then_some(at) });
        let kind = if to.is_some() { AlertKind::Lowered } else { AlertKind::Cleared };
        Some(Transition { kind, from: Some(left.level), to, threshold: Some(left.clear), since })
    }

    fn level_at(&self, index: usize) -> Option<Level> {
        self.thresholds.get(index).map(|threshold| threshold.level)
    }
}

/// The value where more is worse, its negative where less is, its size where either side is; of a threshold, the same way
/// back.
fn severity(value: f64, worse: Worse) -> f64 {
    match worse {
        Worse::High => value,
        Worse::Low => -value,
        Worse::AwayFromZero => value.abs(),
    }
}

/// Whether the true severity may be greater than that of the reading's value, and whether it may be less.
fn open_ends(reading: Reading, worse: Worse) -> (bool, bool) {
    match (reading, worse) {
        (Reading::AtLeast(_), Worse::High) | (Reading::AtMost(_), Worse::Low) => (true, false),
        (Reading::AtLeast(_), Worse::Low) | (Reading::AtMost(_), Worse::High) => (false, true),
        (Reading::AtLeast(bound), Worse::AwayFromZero) => (true, bound < 0.0),
        (Reading::AtMost(bound), Worse::AwayFromZero) => (true, bound > 0.0),
        (Reading::Valid(_) | Reading::Unknown(_), _) => (false, false),
    }
}

/// Goes on with or ends a run of samples that fulfil a condition; says whether it has lasted long enough.
fn run(since: &mut Option<Timestamp>, fulfilled: bool, at: Timestamp, hold_us: i64) -> bool {
    if !fulfilled {
        *since = None;
        return false;
    }
    let begun = *since.get_or_insert(at);
    at.0.saturating_sub(begun.0) >= hold_us
}

fn microseconds(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::UnknownReason;
    use AlertKind::{Cleared, Fresh, Lowered, Raised, Stale};
    use Level::{Blue, Orange, Red, Yellow};

    /// A machine for a measure that gets worse upwards.
    fn machine(levels: &[LevelPlan]) -> LevelMachine {
        LevelMachine::new(levels, Worse::High)
    }

    const BLIND: Reading = Reading::Unknown(UnknownReason::NoFrames);

    /// Blue 10 after 4 s, yellow 20 after 3 s, orange 30 after 2 s, red 40 after 1 s; clear at 85 % after 4 s.
    fn four_levels() -> Vec<LevelPlan> {
        let plan = |(i, level): (usize, Level)| {
            let raise = 10.0 * (i + 1) as f64;
            LevelPlan { level, raise, hold_s: 4.0 - i as f64, clear: 0.85 * raise, clear_hold_s: 4.0 }
        };
        Level::ALL.into_iter().enumerate().map(plan).collect()
    }

    type Told = (f64, AlertKind, Option<Level>, Option<Level>);

    /// One sample a second from 0 s on.
    fn each_second(levels: &[LevelPlan], readings: impl IntoIterator<Item = Reading>) -> Vec<Told> {
        let mut machine = machine(levels);
        let mut told = Vec::new();
        for (second, reading) in readings.into_iter().enumerate() {
            machine.sample(Timestamp(0).plus_seconds(second as f64), reading, |transition| {
                told.push((second as f64, transition.kind, transition.from, transition.to));
            });
        }
        told
    }

    fn steps(parts: &[(usize, f64)]) -> Vec<Reading> {
        parts.iter().flat_map(|&(count, value)| std::iter::repeat_n(Reading::Valid(value), count)).collect()
    }

    #[test]
    fn a_level_is_raised_when_its_hold_has_passed_since_the_first_sample_there() {
        assert_eq!(each_second(&four_levels(), steps(&[(2, 5.0), (9, 10.0)])), [(6.0, Raised, None, Some(Blue))]);
        assert_eq!(each_second(&four_levels(), steps(&[(2, 5.0), (4, 10.0), (1, 9.9), (4, 10.0)])), []);
    }

    #[test]
    fn a_rise_may_jump_levels_and_milder_ones_follow_only_downwards() {
        assert_eq!(each_second(&four_levels(), steps(&[(9, 99.0)])), [(1.0, Raised, None, Some(Red))]);
        assert_eq!(
            each_second(&four_levels(), steps(&[(5, 12.0), (3, 50.0)])),
            [(4.0, Raised, None, Some(Blue)), (6.0, Raised, Some(Blue), Some(Red))]
        );
    }

    #[test]
    fn a_level_without_hold_is_raised_at_once() {
        let level = LevelPlan { level: Yellow, raise: 5.0, hold_s: 0.0, clear: 4.0, clear_hold_s: 0.0 };
        assert_eq!(
            each_second(&[level], steps(&[(1, 5.0), (1, 4.0), (1, 4.5), (1, 6.0)])),
            [(0.0, Raised, None, Some(Yellow)), (1.0, Cleared, Some(Yellow), None), (3.0, Raised, None, Some(Yellow))]
        );
    }

    #[test]
    fn it_falls_level_by_level_each_with_its_own_clear_hold() {
        assert_eq!(
            each_second(&four_levels(), steps(&[(2, 45.0), (20, 0.0)])),
            [
                (1.0, Raised, None, Some(Red)),
                (6.0, Lowered, Some(Red), Some(Orange)),
                (10.0, Lowered, Some(Orange), Some(Yellow)),
                (14.0, Lowered, Some(Yellow), Some(Blue)),
                (18.0, Cleared, Some(Blue), None),
            ]
        );
    }

    #[test]
    fn it_stays_on_the_lower_level_while_the_value_is_above_that_ones_clear_value() {
        assert_eq!(
            each_second(&four_levels(), steps(&[(2, 45.0), (30, 33.0)])),
            [(1.0, Raised, None, Some(Red)), (6.0, Lowered, Some(Red), Some(Orange))]
        );
    }

    #[test]
    fn between_clear_and_raise_nothing_changes() {
        assert_eq!(each_second(&four_levels(), steps(&[(5, 12.0), (60, 9.0)])), [(4.0, Raised, None, Some(Blue))]);
        // A visit to the middle breaks the run towards clearing.
        let swings = steps(&[(5, 12.0), (4, 8.0), (1, 9.0), (4, 8.0), (1, 9.0)]);
        assert_eq!(each_second(&four_levels(), swings), [(4.0, Raised, None, Some(Blue))]);
    }

    #[test]
    fn levels_that_are_not_set_are_skipped() {
        let levels: Vec<_> = four_levels().into_iter().filter(|plan| [Blue, Red].contains(&plan.level)).collect();
        let told = each_second(&levels, steps(&[(2, 45.0), (10, 0.0)]));
        assert_eq!(told[1..], [(6.0, Lowered, Some(Red), Some(Blue)), (10.0, Cleared, Some(Blue), None)]);
        assert_eq!(each_second(&[], steps(&[(9, 99.0)])), []);
    }

    #[test]
    fn a_blind_camera_keeps_a_red_alert_open_and_says_so_once() {
        let mut readings = steps(&[(3, 45.0)]);
        readings.extend([BLIND; 60]);
        readings.extend(steps(&[(10, 0.0)]));
        assert_eq!(
            each_second(&four_levels(), readings),
            [
                (1.0, Raised, None, Some(Red)),
                (3.0, Stale, Some(Red), Some(Red)),
                (63.0, Fresh, Some(Red), Some(Red)),
                (67.0, Lowered, Some(Red), Some(Orange)),
                (71.0, Lowered, Some(Orange), Some(Yellow)),
            ]
        );
    }

    #[test]
    fn in_calm_a_blind_camera_tells_nothing_and_holds_begin_anew_after_it() {
        let mut readings = steps(&[(4, 12.0)]);
        readings.push(BLIND);
        readings.extend(steps(&[(5, 12.0)]));
        assert_eq!(each_second(&four_levels(), readings), [(9.0, Raised, None, Some(Blue))]);
    }

    #[test]
    fn what_is_fresh_can_rise_at_once() {
        let level = LevelPlan { level: Yellow, raise: 5.0, hold_s: 0.0, clear: 4.0, clear_hold_s: 0.0 };
        let higher = LevelPlan { level: Red, raise: 9.0, ..level };
        assert_eq!(
            each_second(&[level, higher], [Reading::Valid(6.0), BLIND, Reading::AtLeast(9.0)])[1..],
            [
                (1.0, Stale, Some(Yellow), Some(Yellow)),
                (2.0, Fresh, Some(Yellow), Some(Yellow)),
                (2.0, Raised, Some(Yellow), Some(Red)),
            ]
        );
    }

    #[test]
    fn where_there_is_nothing_to_measure_an_alert_clears_whichever_way_is_worse() {
        let nothing = Reading::Unknown(UnknownReason::NothingToMeasure);
        for (worse, clear, grave) in [(Worse::High, 4.0, 9.0), (Worse::Low, 6.0, 1.0)] {
            let level = LevelPlan { level: Yellow, raise: 5.0, hold_s: 2.0, clear, clear_hold_s: 3.0 };
            let mut machine = LevelMachine::new(&[level], worse);
            let mut told = Vec::new();
            let mut readings = vec![Reading::Valid(grave), Reading::Valid(grave), nothing];
            readings.extend([Reading::Valid(grave); 3]);
            readings.extend([nothing, nothing, BLIND]);
            readings.extend([nothing; 4]);
            for (second, reading) in readings.into_iter().enumerate() {
                machine.sample(Timestamp(0).plus_seconds(second as f64), reading, |transition| {
                    told.push((second, transition.kind, transition.threshold));
                });
            }
            let cleared = (12, Cleared, Some(clear));
            assert_eq!(told, [(5, Raised, Some(5.0)), (8, Stale, None), (9, Fresh, None), cleared], "{worse:?}");
        }
    }

    #[test]
    fn away_from_zero_either_sign_raises_and_bounds_prove_what_they_prove() {
        let level = LevelPlan { level: Yellow, raise: 5.0, hold_s: 0.0, clear: 4.0, clear_hold_s: 0.0 };
        use Reading::{AtLeast, AtMost, Valid};
        for (first, second, kinds) in [
            (Valid(5.0), Valid(-5.0), &[Raised][..]),
            (Valid(-5.0), Valid(-4.0), &[Raised, Cleared]),
            (Valid(-6.0), Valid(4.5), &[Raised]),
            (Valid(-6.0), Valid(4.0), &[Raised, Cleared]),
            (AtLeast(5.0), AtLeast(1.0), &[Raised]),
            (AtMost(-5.0), AtMost(-1.0), &[Raised]),
            (AtLeast(-5.0), AtMost(5.0), &[]),
            (Valid(9.0), AtLeast(-1.0), &[Raised]),
            (Valid(9.0), AtMost(1.0), &[Raised]),
        ] {
            let mut machine = LevelMachine::new(&[level], Worse::AwayFromZero);
            let mut told = Vec::new();
            for (second, reading) in [first, second].into_iter().enumerate() {
                machine.sample(Timestamp(0).plus_seconds(second as f64), reading, |transition| {
                    told.push(transition.kind);
                });
            }
            assert_eq!(told, kinds, "{first:?} {second:?}");
        }
    }

    #[test]
    fn a_gap_between_samples_is_not_held_time() {
        for (gap_s, raised) in [(5.0, true), (5.1, false)] {
            let mut machine = machine(&four_levels());
            let mut told = 0;
            machine.sample(Timestamp(0), Reading::Valid(12.0), |_| told += 1);
            machine.sample(Timestamp(0).plus_seconds(gap_s), Reading::Valid(12.0), |_| told += 1);
            assert_eq!(told == 1, raised, "{gap_s} s");
        }
    }

    #[test]
    fn frames_at_seven_a_second_hold_to_the_microsecond() {
        let level = LevelPlan { level: Blue, raise: 5.0, hold_s: 10.0, clear: 4.0, clear_hold_s: 0.0 };
        let mut machine = machine(&[level]);
        let mut raised = Vec::new();
        for frame in 0..100 {
            let at = Timestamp(0).plus_seconds(f64::from(frame) / 7.0);
            machine.sample(at, Reading::Valid(5.0), |_| raised.push(frame));
        }
        assert_eq!(raised, [70]);
    }

    // Properties. A run is a list of samples; values stay for a while, so that holds pass.

    type Sample = (Timestamp, Reading);

    fn some_levels() -> impl Strategy<Value = Vec<LevelPlan>> {
        let level = (1u32..15, 0u32..12, 1u32..12, 0u32..12);
        (prop::sample::subsequence(Level::ALL.to_vec(), 1..=4), prop::collection::vec(level, 4)).prop_map(
            |(levels, numbers)| {
                let mut raise = 0.0;
                let plan = |(level, (step, hold, below, clear_hold)): (Level, (u32, u32, u32, u32))| {
                    raise += f64::from(step);
                    let clear = raise - f64::from(below) / 2.0;
                    let (hold_s, clear_hold_s) = (f64::from(hold) / 2.0, f64::from(clear_hold) / 2.0);
                    LevelPlan { level, raise, hold_s, clear, clear_hold_s }
                };
                levels.into_iter().zip(numbers).map(plan).collect()
            },
        )
    }

    /// Runs of one value each, some of them blind or lower bounds, with a few long gaps.
    fn some_samples() -> impl Strategy<Value = Vec<Sample>> {
        let value = (0u32..60).prop_map(f64::from);
        let reading = prop_oneof![
            8 => value.clone().prop_map(Reading::Valid),
            1 => value.prop_map(Reading::AtLeast),
            1 => Just(BLIND),
        ];
        let step = prop_oneof![20 => 100_000i64..2_000_000, 1 => 4_000_000i64..9_000_000];
        prop::collection::vec((reading, prop::collection::vec(step, 1..12)), 1..14).prop_map(|parts| {
            let mut at = 0;
            let steps =
                parts.into_iter().flat_map(|(reading, steps)| steps.into_iter().map(move |step| (step, reading)));
            let sample = |(step, reading)| {
                at += step;
                (Timestamp(at), reading)
            };
            steps.map(sample).collect()
        })
    }

    /// For each sample: what was told, and the level after it.
    fn run_on(machine: &mut LevelMachine, samples: &[Sample]) -> Vec<(Vec<Transition>, Option<Level>)> {
        let step = |&(at, reading): &Sample| {
            let mut told = Vec::new();
            machine.sample(at, reading, |transition| told.push(transition));
            (told, machine.level())
        };
        samples.iter().map(step).collect()
    }

    fn run_all(levels: &[LevelPlan], samples: &[Sample]) -> Vec<(Vec<Transition>, Option<Level>)> {
        run_on(&mut machine(levels), samples)
    }

    /// Straight from the words: how long, up to and with sample `i`, the condition has held in samples without a gap.
    fn held_us(samples: &[Sample], i: usize, condition: impl Fn(Reading) -> bool) -> Option<i64> {
        let mut first = None;
        for j in (0..=i).rev() {
            let gap_after = first.is_some_and(|next: usize| samples[next].0.0 - samples[j].0.0 > 5_000_000);
            if gap_after || !condition(samples[j].1) {
                break;
            }
            first = Some(j);
        }
        first.map(|first| samples[i].0.0 - samples[first].0.0)
    }

    fn highest_due(levels: &[LevelPlan], samples: &[Sample], i: usize) -> Option<Level> {
        let due = |plan: &&LevelPlan| {
            held_us(samples, i, |reading| reading.value().is_some_and(|value| value >= plan.raise))
                .is_some_and(|held| held >= microseconds(plan.hold_s))
        };
        levels.iter().rfind(due).map(|plan| plan.level)
    }

    proptest! {
        #[test]
        fn no_rise_is_swallowed_and_none_is_made_up(levels in some_levels(), samples in some_samples()) {
            let mut before = None;
            for (i, (told, level)) in run_all(&levels, &samples).into_iter().enumerate() {
                let due = highest_due(&levels, &samples, i);
                prop_assert!(level >= due, "at sample {}: {:?} is due, {:?} is on", i, due, level);
                let raised: Vec<_> = told.iter().filter(|transition| transition.kind == Raised).collect();
                prop_assert_eq!(raised.len(), usize::from(due > before));
                for transition in raised {
                    prop_assert_eq!(transition.to, due);
                }
                before = level;
            }
        }

        #[test]
        fn a_fall_needs_its_whole_clear_hold_on_that_level(levels in some_levels(), samples in some_samples()) {
            let run = run_all(&levels, &samples);
            for (i, (told, _)) in run.iter().enumerate() {
                for transition in told.iter().filter(|transition| [Lowered, Cleared].contains(&transition.kind)) {
                    let plan = levels.iter().find(|plan| Some(plan.level) == transition.from).unwrap();
                    let held = held_us(&samples, i, |reading| matches!(reading, Reading::Valid(v) if v <= plan.clear));
                    prop_assert!(held.is_some_and(|held| held >= microseconds(plan.clear_hold_s)));
                    let arrived = (0..i).rev().take_while(|&j| run[j].1 == transition.from).last().unwrap();
                    prop_assert!(samples[i].0.0 - samples[arrived].0.0 >= microseconds(plan.clear_hold_s));
                }
            }
        }

        #[test]
        fn events_make_a_chain(levels in some_levels(), samples in some_samples()) {
            let (mut level, mut since, mut stale) = (None, None, false);
            for ((at, _), (told, after)) in samples.iter().zip(run_all(&levels, &samples)) {
                for transition in told {
                    prop_assert_eq!(transition.from, level);
                    let threshold = |wanted: Option<Level>| levels.iter().find(|plan| Some(plan.level) == wanted);
                    match transition.kind {
                        Raised => {
                            prop_assert!(transition.to > level);
                            since = since.or(Some(*at));
                            prop_assert_eq!(transition.threshold, threshold(transition.to).map(|plan| plan.raise));
                        }
                        Lowered | Cleared => {
                            prop_assert!(transition.to < level);
                            prop_assert_eq!(transition.kind == Cleared, transition.to.is_none());
                            prop_assert_eq!(transition.threshold, threshold(transition.from).map(|plan| plan.clear));
                        }
                        Stale | Fresh => {
                            prop_assert!(level.is_some() && transition.to == level && transition.threshold.is_none());
                            prop_assert_eq!(stale, transition.kind == Fresh);
                            stale = !stale;
                        }
                    }
                    prop_assert_eq!(Some(transition.since), since);
                    level = transition.to;
                    since = since.filter(|_| level.is_some());
                }
                prop_assert_eq!(level, after);
            }
        }

        #[test]
        fn it_steps_down_one_set_level_at_a_time(levels in some_levels(), samples in some_samples()) {
            for transition in run_all(&levels, &samples).into_iter().flat_map(|(told, _)| told) {
                if [Lowered, Cleared].contains(&transition.kind) {
                    let next = levels.iter().rfind(|plan| Some(plan.level) < transition.from).map(|plan| plan.level);
                    prop_assert_eq!(transition.to, next);
                }
            }
        }

        #[test]
        fn a_level_is_not_raised_twice_without_a_fall_between(levels in some_levels(), samples in some_samples()) {
            let mut highest = None;
            for transition in run_all(&levels, &samples).into_iter().flat_map(|(told, _)| told) {
                if transition.kind == Raised {
                    prop_assert!(transition.to > highest);
                }
                highest = transition.to;
            }
        }

        #[test]
        fn a_sample_tells_one_change_of_freshness_and_one_of_level_at_most(
            levels in some_levels(), samples in some_samples()
        ) {
            for (told, _) in run_all(&levels, &samples) {
                let kinds: Vec<_> = told.iter().map(|transition| [Stale, Fresh].contains(&transition.kind)).collect();
                prop_assert!([&[][..], &[true], &[false], &[true, false]].contains(&kinds.as_slice()), "{:?}", kinds);
            }
        }

        #[test]
        fn below_the_lowest_raise_value_nothing_is_ever_told(levels in some_levels(), samples in some_samples()) {
            let below = levels[0].raise - 0.25;
            let calm: Vec<Sample> =
                samples.into_iter().map(|(at, reading)| (at, reading.map(|value| value.min(below)))).collect();
            prop_assert!(run_all(&levels, &calm).iter().all(|(told, level)| told.is_empty() && level.is_none()));
        }

        #[test]
        fn flicker_faster_than_the_hold_never_alerts(
            levels in some_levels(), runs in prop::collection::vec((1usize..20, 0i64..1_000_000), 1..30)
        ) {
            let hold_us = levels.iter().map(|plan| microseconds(plan.hold_s)).min().unwrap();
            prop_assume!(hold_us > 0);
            let mut samples = Vec::new();
            let mut at = 0;
            for (count, pause_us) in runs {
                // All samples of a run lie within less than the shortest hold.
                let step = (hold_us - 1) / count as i64;
                samples.extend((0..count as i64).map(|i| (Timestamp(at + i * step), Reading::Valid(99.0))));
                at += hold_us;
                samples.push((Timestamp(at), Reading::Valid(0.0)));
                at += 1 + pause_us;
            }
            prop_assert!(run_all(&levels, &samples).iter().all(|(told, _)| told.is_empty()));
        }

        #[test]
        fn a_higher_input_never_gives_a_lower_level(
            levels in some_levels(), samples in some_samples(), extra in prop::collection::vec(0u32..20, 160)
        ) {
            let higher: Vec<Sample> = samples
                .iter()
                .zip(extra.iter().cycle())
                .map(|(&(at, reading), &extra)| (at, reading.map(|value| value + f64::from(extra))))
                .collect();
            for ((_, low), (_, high)) in run_all(&levels, &samples).iter().zip(run_all(&levels, &higher)) {
                prop_assert!(high >= *low);
            }
        }

        #[test]
        fn unknown_never_changes_the_level(levels in some_levels(), samples in some_samples()) {
            let mut before = None;
            for ((_, reading), (told, level)) in samples.iter().zip(run_all(&levels, &samples)) {
                if reading.value().is_none() {
                    prop_assert_eq!(level, before);
                    prop_assert!(told.iter().all(|transition| transition.kind == Stale));
                }
                before = level;
            }
        }

        #[test]
        fn lower_bounds_raise_as_values_do_and_never_lower(levels in some_levels(), samples in some_samples()) {
            let bounds: Vec<Sample> = samples
                .iter()
                .map(|&(at, reading)| (at, reading.value().map_or(reading, Reading::AtLeast)))
                .collect();
            let run = run_all(&levels, &bounds);
            let mut before = None;
            for ((_, value_level), (told, level)) in run_all(&levels, &samples).iter().zip(run) {
                prop_assert!(told.iter().all(|transition| ![Lowered, Cleared].contains(&transition.kind)));
                prop_assert!(level >= before && level >= *value_level);
                before = level;
            }
        }

        #[test]
        fn the_same_samples_give_the_same_events(levels in some_levels(), samples in some_samples()) {
            prop_assert_eq!(run_all(&levels, &samples), run_all(&levels, &samples));
        }

        #[test]
        fn a_run_can_be_split_anywhere(levels in some_levels(), samples in some_samples(), at in 0usize..160) {
            let (first, second) = samples.split_at(at.min(samples.len()));
            let mut machine = machine(&levels);
            let mut parts = run_on(&mut machine, first);
            let mut copy = machine.clone();
            drop(machine);
            parts.extend(run_on(&mut copy, second));
            prop_assert_eq!(parts, run_all(&levels, &samples));
        }

        #[test]
        fn only_differences_of_time_matter(
            levels in some_levels(), samples in some_samples(), shift_us in -1_000_000_000_000i64..1_000_000_000_000_000
        ) {
            let shifted: Vec<Sample> =
                samples.iter().map(|&(at, reading)| (Timestamp(at.0 + shift_us), reading)).collect();
            let mut expected = run_all(&levels, &samples);
            for transition in expected.iter_mut().flat_map(|(told, _)| told) {
                transition.since.0 += shift_us;
            }
            prop_assert_eq!(run_all(&levels, &shifted), expected);
        }

        #[test]
        fn late_samples_are_passed_over(
            levels in some_levels(), samples in some_samples(), late in some_samples(), back_us in 0i64..9_000_000
        ) {
            let mut machine = machine(&levels);
            let mut run = Vec::new();
            for (sample, (_, reading)) in samples.iter().zip(late.iter().cycle()) {
                run.extend(run_on(&mut machine, std::slice::from_ref(sample)));
                let told = run_on(&mut machine, &[(Timestamp(sample.0.0 - back_us), *reading)]);
                prop_assert!(told[0].0.is_empty());
            }
            prop_assert_eq!(run, run_all(&levels, &samples));
        }

        #[test]
        fn a_lasting_value_brings_every_state_to_rest(levels in some_levels(), samples in some_samples(), high in any::<bool>()) {
            let mut machine = machine(&levels);
            run_on(&mut machine, &samples);
            let value = if high { levels[levels.len() - 1].raise } else { -100.0 };
            let start = samples[samples.len() - 1].0;
            // Holds are below 6 s, and there are four levels at most.
            let lasting: Vec<Sample> =
                (1..=30).map(|second| (start.plus_seconds(f64::from(second)), Reading::Valid(value))).collect();
            run_on(&mut machine, &lasting);
            prop_assert_eq!(machine.level(), levels.last().map(|plan| plan.level).filter(|_| high));
        }
    }
}
