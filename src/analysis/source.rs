//! The counts that another system tells, as readings of its zones and lines, with the rules on them.

use std::collections::VecDeque;

use crate::config::{CountedZonePlan, ExternalSourcePlan};
use crate::flow::measures::counter_flow_ratio;
use crate::model::{
    CameraId, Direction, FrameReport, LineId, LineState, Measure, ObjectClass, Reading, Readings, Timestamp,
    UnknownReason, ZoneClassState, ZoneId, ZoneState,
};
use crate::rules::{RuleEngine, RuleStatus};

/// A sender's clock may be ahead of this machine's by so much, in seconds.
pub const AHEAD_S: f64 = 5.0;
/// Flow is over at least so long where there are messages of so long, in seconds…
const FLOW_WINDOW_S: f64 = 60.0;
/// …and unknown until there are messages so far apart.
const FLOW_LEAST_S: f64 = 10.0;
/// A total that rises faster belongs to another counter: no gate lets through so many people a minute.
const MOST_PER_MIN: f64 = 100_000.0;

/// A source's message, read: every place in it is one of the source's.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceMessage {
    /// When it was counted, by the sender's clock.
    pub at: Timestamp,
    /// How many people are in a zone.
    pub zones: Vec<(ZoneId, f64)>,
    /// How many have crossed a line so far.
    pub lines: Vec<(LineId, LineTotals)>,
}

/// How many have crossed a line since its counter began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineTotals {
    /// Inwards.
    pub in_total: u64,
    /// Outwards.
    pub out_total: u64,
}

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum MessageRefused {
    /// It is of a time that is not yet.
    #[error(
        "at: found {}, {ahead_s:.1} s ahead of this machine's clock, expected at most {AHEAD_S} s: set both clocks by NTP",
        at.to_rfc3339()
    )]
    Ahead {
        /// Its time.
        at: Timestamp,
        /// How far ahead it is, in seconds.
        ahead_s: f64,
    },
    /// It says nothing of now.
    #[error(
        "at: found {}, {age_s:.1} s ago by this machine's clock, expected at most stale_after_s = {stale_after_s}: send \
         counts when they are counted, and set both clocks by NTP",
        at.to_rfc3339()
    )]
    Stale {
        /// Its time.
        at: Timestamp,
        /// How long ago it was.
        age_s: f64,
        /// How old it may be.
        stale_after_s: f64,
    },
    /// Something newer has been told.
    #[error("at: found {}, expected {} or later: that is when the newest of the same places was counted", at.to_rfc3339(), newest.to_rfc3339())]
    Older {
        /// Its time.
        at: Timestamp,
        /// That of the newest message of the same places.
        newest: Timestamp,
    },
}

/// When something was told of a place.
#[derive(Debug, Clone, Copy)]
struct Told {
    /// By the sender's clock.
    at: Timestamp,
    /// As of when that is in the analysis's own time.
    as_of: Timestamp,
}

/// A zone, and what was told of it last.
#[derive(Debug)]
struct CountedZone {
    plan: CountedZonePlan,
    told: Option<(Told, f64)>,
}

/// A line's totals over the last minute.
#[derive(Debug)]
struct CountedLine {
    id: LineId,
    told: Option<Told>,
    /// By the sender's clock, oldest first: of the last minute, and one before it.
    totals: VecDeque<(Timestamp, LineTotals)>,
    /// What was counted here since the start.
    counted: LineTotals,
    /// Something was not counted, as its counter began anew or nothing was told for too long.
    is_short: bool,
}

/// Everything that one source's messages pass through.
///
/// Rules are judged in the analysis's own time, that of receipt: the sender's clock says how old a count is, in which order
/// messages were written, and how long a flow was counted. Between messages each place reads what was told of it last, so
/// that holds go on, until that is too old: then it is unknown, as with a camera that shows nothing.
#[derive(Debug)]
pub struct SourceAnalysis {
    source: CameraId,
    stale_after_s: f64,
    zones: Vec<CountedZone>,
    lines: Vec<CountedLine>,
    rules: RuleEngine,
    started: Option<Timestamp>,
    reported: Option<Timestamp>,
}

impl SourceAnalysis {
    /// The analysis of this source with the rules on its own places, [`RuleEngine::of_camera`].
    #[must_use]
    pub fn new(plan: &ExternalSourcePlan, rules: RuleEngine) -> Self {
        let line = |id: &LineId| CountedLine {
            id: id.clone(),
            told: None,
            totals: VecDeque::new(),
            counted: LineTotals::default(),
            is_short: false,
        };
        Self {
            source: plan.id.clone(),
            stale_after_s: plan.stale_after_s,
            zones: plan.zones.iter().map(|plan| CountedZone { plan: plan.clone(), told: None }).collect(),
            lines: plan.lines.iter().map(|plan| line(&plan.id)).collect(),
            rules,
            started: None,
            reported: None,
        }
    }

    /// Takes in a message that came at `now` in the analysis's own time, when this machine's clock said `wall`.
    ///
    /// # Errors
    /// [`MessageRefused`]; then nothing has changed.
    pub fn take(
        &mut self,
        (now, wall): (Timestamp, Timestamp),
        message: &SourceMessage,
    ) -> Result<FrameReport, MessageRefused> {
        let (at, age_s) = (message.at, wall.seconds_since(message.at));
        if age_s < -AHEAD_S {
            return Err(MessageRefused::Ahead { at, ahead_s: -age_s });
        }
        if age_s > self.stale_after_s {
            return Err(MessageRefused::Stale { at, age_s, stale_after_s: self.stale_after_s });
        }
        let now = self.later(now);
        if let Some(newest) = self.newest_of(message, now).filter(|newest| at < *newest) {
            return Err(MessageRefused::Older { at, newest });
        }
        self.started.get_or_insert(now);
        let told = Told { at, as_of: now.plus_seconds(-age_s.max(0.0)) };
        for zone in &mut self.zones {
            if let Some((_, people)) = message.zones.iter().find(|(id, _)| *id == zone.plan.id) {
                zone.told = Some((told, *people));
            }
        }
        for line in &mut self.lines {
            if let Some((_, totals)) = message.lines.iter().find(|(id, _)| *id == line.id) {
                line.told = Some(told);
                line.take(at, *totals, self.stale_after_s);
            }
        }
        Ok(self.report(now))
    }

    /// Says what time it is, at least once a second. What was never told is unknown from the first second on: a site that it
    /// is a part of need not wait for it to be alarmed by what is seen of the rest.
    pub fn tick(&mut self, now: Timestamp) -> FrameReport {
        let now = self.later(now);
        self.started.get_or_insert(now);
        self.report(now)
    }

    /// The newest sender's time of a place that the message tells of: two gates' computers may be behind one source. A sender
    /// whose clock was set back is heard again after a silence.
    fn newest_of(&self, message: &SourceMessage, now: Timestamp) -> Option<Timestamp> {
        let is_told = |zone: &&CountedZone| message.zones.iter().any(|(id, _)| *id == zone.plan.id);
        let zones = self.zones.iter().filter(is_told).filter_map(|zone| zone.told.map(|(told, _)| told));
        let is_told = |line: &&CountedLine| message.lines.iter().any(|(id, _)| *id == line.id);
        let lines = self.lines.iter().filter(is_told).filter_map(|line| line.told);
        let fresh = zones.chain(lines).filter(|told| now.seconds_since(told.as_of) <= self.stale_after_s);
        fresh.map(|told| told.at).max()
    }

    /// For how long nothing has come of some place of it, in seconds, where that is too long: a place that nobody tells of is
    /// as dark as one that a blind camera looks at.
    #[must_use]
    pub fn silent_s(&self) -> Option<f64> {
        let now = self.reported?;
        Some(self.oldest_s(now)).filter(|silent_s| *silent_s > self.stale_after_s)
    }

    /// How old what was told of its places is, of the one that it was told of longest ago; since the start where of one it
    /// was told nothing.
    fn oldest_s(&self, now: Timestamp) -> f64 {
        let zones = self.zones.iter().map(|zone| zone.told.map(|(told, _)| told));
        let places = zones.chain(self.lines.iter().map(|line| line.told));
        let since = |told: Option<Told>| told.map(|told| told.as_of).or(self.started).unwrap_or(now);
        places.map(|told| now.seconds_since(since(told))).fold(0.0, f64::max)
    }

    /// Forgets everything that was told; rules keep their levels.
    pub fn begin_anew(&mut self) {
        self.zones.iter_mut().for_each(|zone| zone.told = None);
        for line in &mut self.lines {
            (line.told, line.is_short) = (None, true);
            line.totals.clear();
        }
    }

    /// Each rule and where it stands.
    pub fn rule_states(&self) -> impl Iterator<Item = RuleStatus<'_>> {
        self.rules.states()
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &RuleEngine {
        &self.rules
    }

    /// Its rules, to be restored, or for a profile to be switched.
    pub fn rules_mut(&mut self) -> &mut RuleEngine {
        &mut self.rules
    }

    /// Time only goes forward: two messages of one moment are one after the other.
    fn later(&self, now: Timestamp) -> Timestamp {
        self.reported.map_or(now, |reported| now.max(Timestamp(reported.0 + 1)))
    }

    fn report(&mut self, at: Timestamp) -> FrameReport {
        self.reported = Some(at);
        let is_fresh = |told: Option<Told>| match told {
            None => Err(UnknownReason::NotStarted),
            Some(told) if at.seconds_since(told.as_of) > self.stale_after_s => Err(UnknownReason::NotReported),
            Some(_) => Ok(()),
        };
        let zones: Vec<ZoneState> = self.zones.iter().map(|zone| zone.state(is_fresh)).collect();
        let lines: Vec<LineState> = self.lines.iter().map(|line| line.state(is_fresh(line.told))).collect();
        let readings = Readings::NONE.with(Measure::Blind, Reading::Valid(self.oldest_s(at)));
        let mut report = FrameReport {
            camera: self.source.clone(),
            at,
            frame: None,
            tracks: Vec::new(),
            zones,
            lines,
            readings,
            crossings: Vec::new(),
            alerts: Vec::new(),
        };
        report.alerts = self.rules.step(at, &self.source, (&report).into());
        report
    }
}

impl CountedZone {
    fn state(&self, is_fresh: impl Fn(Option<Told>) -> Result<(), UnknownReason>) -> ZoneState {
        let people = match (self.told, is_fresh(self.told.map(|(told, _)| told))) {
            (Some((_, people)), Ok(())) => Reading::Valid(people),
            (_, Err(reason)) => Reading::Unknown(reason),
            (None, Ok(())) => Reading::Unknown(UnknownReason::NotStarted),
        };
        let mut readings = Readings::NONE.with(Measure::Occupancy, people);
        if let Some(area_m2) = self.plan.area_m2 {
            readings.set(Measure::Density, people.map(|people| people / area_m2));
        }
        let figures = ZoneClassState {
            class: ObjectClass::Person,
            occupancy: people,
            entries_total: 0,
            exits_total: 0,
            stays_total: 0,
            dwell_seconds_total: 0.0,
            longest_dwell_s: None,
        };
        ZoneState { zone: self.plan.id.clone(), classes: vec![figures], readings, saturation: None }
    }
}

impl CountedLine {
    fn take(&mut self, at: Timestamp, totals: LineTotals, stale_after_s: f64) {
        if let Some(&(before, last)) = self.totals.back() {
            let span_s = at.seconds_since(before);
            let most = (MOST_PER_MIN / 60.0 * span_s.max(1.0)) as u64;
            let rise = |now: u64, last: u64| now.checked_sub(last).filter(|rise| *rise <= most);
            match (rise(totals.in_total, last.in_total), rise(totals.out_total, last.out_total)) {
                (Some(inwards), Some(outwards)) if (0.0..=stale_after_s).contains(&span_s) => {
                    self.counted.in_total += inwards;
                    self.counted.out_total += outwards;
                }
                _ => {
                    self.totals.clear();
                    self.is_short = true;
                }
            }
            if span_s <= 0.0 {
                self.totals.pop_back();
            }
        }
        self.totals.push_back((at, totals));
        // The newest that is a minute old bounds the minute; what is before it is of no use.
        while self.totals.get(1).is_some_and(|(second, _)| at.seconds_since(*second) >= FLOW_WINDOW_S) {
            self.totals.pop_front();
        }
    }

    /// People a minute inwards and outwards, over the last minute or since the message before where that is longer ago.
    fn flow_per_min(&self) -> Option<[f64; 2]> {
        let ((since, first), (at, last)) = (self.totals.front()?, self.totals.back()?);
        let span_s = at.seconds_since(*since);
        let per_min = |now: u64, before: u64| now.saturating_sub(before) as f64 * 60.0 / span_s;
        (span_s >= FLOW_LEAST_S)
            .then(|| [per_min(last.in_total, first.in_total), per_min(last.out_total, first.out_total)])
    }

    fn state(&self, is_fresh: Result<(), UnknownReason>) -> LineState {
        let is_silent = is_fresh.is_err();
        let flow = is_fresh.and_then(|()| self.flow_per_min().ok_or(UnknownReason::NotEnough));
        let of = |of: fn([f64; 2]) -> f64| flow.map_or_else(Reading::Unknown, |flow| Reading::Valid(of(flow)));
        let counter_flow = flow.and_then(|[inwards, outwards]| {
            counter_flow_ratio(inwards, outwards).ok_or(UnknownReason::NothingToMeasure)
        });
        let readings = Readings::NONE
            .with(Measure::flow(Direction::In), of(|[inwards, _]| inwards))
            .with(Measure::flow(Direction::Out), of(|[_, outwards]| outwards))
            .with(Measure::CounterFlow, counter_flow.map_or_else(Reading::Unknown, Reading::Valid));
        let LineTotals { in_total, out_total } = self.counted;
        LineState {
            line: self.id.clone(),
            // Of what nothing was told there is no total, not even 0; while nothing is told, more may have crossed.
            totals: self.told.map(|_| (ObjectClass::Person, in_total, out_total)).into_iter().collect(),
            people_were_missed: self.is_short || is_silent,
            readings,
        }
    }
}

#[cfg(test)]
mod tests;
