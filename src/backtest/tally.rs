//! From transitions to figures: how often, for how long, when.

use std::collections::BTreeSet;

use super::Period;
use crate::config::RulePlan;
use crate::model::{AlertEvent, AlertKind, Level, Timestamp};

/// A stretch at or above a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// When the level was reached from below.
    pub from: Timestamp,
    /// When it was left; the end of the time where it was still on then.
    pub until: Timestamp,
    /// It was still on at the end.
    pub open: bool,
    /// For so long of it nothing was known, in seconds: the level is what was known last.
    pub unknown_s: f64,
}

impl Episode {
    /// How long it was, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.until.seconds_since(self.from)
    }
}

/// What a rule told of a level: each time that it rose to it or through it from below.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelTally {
    /// The level.
    pub level: Level,
    /// In the order of time.
    pub episodes: Vec<Episode>,
}

impl LevelTally {
    /// Time at or above the level, in seconds.
    #[must_use]
    pub fn total_s(&self) -> f64 {
        self.episodes.iter().map(Episode::seconds).sum()
    }

    /// The longest time at a stretch, in seconds; 0 without any.
    #[must_use]
    pub fn longest_s(&self) -> f64 {
        self.episodes.iter().map(Episode::seconds).fold(0.0, f64::max)
    }

    /// The part of the total in which nothing was known, in seconds.
    #[must_use]
    pub fn unknown_s(&self) -> f64 {
        self.episodes.iter().map(|episode| episode.unknown_s).sum()
    }
}

/// What a rule told.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTally {
    /// Every level that the rule may have, mildest first.
    pub levels: Vec<LevelTally>,
    /// Alerts: from calm to calm.
    pub alerts: Vec<Episode>,
}

impl RuleTally {
    /// The figures of this rule; events of others are passed over.
    #[must_use]
    pub fn new(rule: &RulePlan, events: &[AlertEvent], period: Period) -> Self {
        let own: Vec<&AlertEvent> = events.iter().filter(|event| event.rule == rule.id).collect();
        let unknown = unknown(&own, period);
        let levels: BTreeSet<Level> = rule.levels().into_iter().collect();
        let episodes = |level: Level| episodes(&own, level, &unknown, period);
        Self {
            alerts: levels.first().map_or_else(Vec::new, |&mildest| episodes(mildest)),
            levels: levels.into_iter().map(|level| LevelTally { level, episodes: episodes(level) }).collect(),
        }
    }
}

/// Stretches in which an alert was on and nothing was known.
fn unknown(events: &[&AlertEvent], period: Period) -> Vec<Period> {
    let mut stretches = Vec::new();
    let mut since = None;
    for event in events {
        match event.kind {
            AlertKind::Stale => {
                since.get_or_insert(event.at);
            }
            AlertKind::Fresh | AlertKind::Cleared => {
                stretches.extend(since.take().map(|from| Period { from, to: event.at }));
            }
            AlertKind::Raised | AlertKind::Lowered => {}
        }
    }
    stretches.extend(since.map(|from| Period { from, to: period.to }));
    stretches
}

fn episodes(events: &[&AlertEvent], level: Level, unknown: &[Period], period: Period) -> Vec<Episode> {
    let mut episodes = Vec::new();
    let mut since = None;
    let mut end = |from: Timestamp, until: Timestamp, open: bool| {
        // They are in the order of time.
        let first = unknown.partition_point(|stretch| stretch.to <= from);
        let within = unknown.iter().skip(first).take_while(|stretch| stretch.from < until);
        let unknown_s = within.map(|stretch| stretch.to.min(until).seconds_since(stretch.from.max(from))).sum();
        episodes.push(Episode { from, until, open, unknown_s });
    };
    for event in events.iter().filter(|event| event.from != event.to) {
        let (was, is) = (event.from >= Some(level), event.to >= Some(level));
        if is && !was {
            since = Some(event.at);
        } else if was && !is {
            end(since.take().unwrap_or(period.from), event.at, false);
        }
    }
    if let Some(since) = since {
        end(since, period.to, true);
    }
    episodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LevelPlan;
    use crate::model::{CameraId, Measure, Place, Reading, RuleId};

    #[test]
    fn a_jump_counts_for_every_level_that_it_passes_and_blindness_is_told_of() {
        let place = Place::Camera(CameraId::new("cam").unwrap());
        let id = RuleId::new("r").unwrap();
        let level = |level, raise| LevelPlan { level, raise, hold_s: 0.0, clear: 0.0, clear_hold_s: 0.0 };
        let levels = vec![level(Level::Blue, 1.0), level(Level::Red, 2.0)];
        let rule = RulePlan::new(id.clone(), place.clone(), Measure::People, levels);
        let second = |second: i64| Timestamp(second * 1_000_000);
        let event = |at: i64, kind, from, to| AlertEvent {
            at: second(at),
            rule: id.clone(),
            name: String::new(),
            place: place.clone(),
            measure: Measure::People,
            kind,
            from,
            to,
            reading: Reading::Valid(0.0),
            threshold: None,
            source: String::new(),
            since: second(0),
        };
        let (blue, red) = (Some(Level::Blue), Some(Level::Red));
        let events = [
            event(10, AlertKind::Raised, None, red),
            event(15, AlertKind::Stale, red, red),
            event(25, AlertKind::Fresh, red, red),
            event(30, AlertKind::Lowered, red, blue),
            event(40, AlertKind::Raised, blue, red),
            event(50, AlertKind::Lowered, red, blue),
            event(60, AlertKind::Cleared, blue, None),
            event(80, AlertKind::Raised, None, blue),
            event(90, AlertKind::Stale, blue, blue),
        ];
        let period = Period { from: second(0), to: second(100) };
        let tally = RuleTally::new(&rule, &events, period);
        let episode =
            |from, until, open, unknown_s| Episode { from: second(from), until: second(until), open, unknown_s };
        let blues = vec![episode(10, 60, false, 10.0), episode(80, 100, true, 10.0)];
        assert_eq!(tally.alerts, blues);
        assert_eq!(
            tally.levels,
            [
                LevelTally { level: Level::Blue, episodes: blues },
                LevelTally {
                    level: Level::Red,
                    episodes: vec![episode(10, 30, false, 10.0), episode(40, 50, false, 0.0)]
                },
            ]
        );
        assert_eq!(
            (tally.levels[0].total_s(), tally.levels[0].longest_s(), tally.levels[0].unknown_s()),
            (70.0, 50.0, 20.0)
        );
    }
}
