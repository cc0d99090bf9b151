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

impl MachineState {
    /// When the newest sample was.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.newest.map(|(at, _)| at)
    }

    /// Moves its times back, as the clock that they came from was. Nobody knows how long nobody looked: runs begin anew.
    pub(super) fn set_back(&mut self, by_us: i64) {
        if let Some((at, _)) = &mut self.newest {
            at.0 = at.0.saturating_sub(by_us);
        }
        if let Some((_, _, below_since)) = &mut self.open {
            *below_since = None;
        }
        self.rising.clear();
    }
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

    /// The gravest level that is on its way, graver than the one that is on: since when its samples have been there.
    pub(super) fn rising(&self) -> Option<(Level, Timestamp)> {
        let on = self.level();
        let rising = self.thresholds.iter().rev().find(|threshold| threshold.above_since.is_some())?;
        Some((rising.level, rising.above_since?)).filter(|(level, _)| Some(*level) > on)
    }

    /// Since when samples have been where the level that is on is left.
    pub(super) fn clearing_since(&self) -> Option<Timestamp> {
        self.open.and_then(|open| open.below_since)
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
mod properties;
#[cfg(test)]
mod tests;
