//! What is on record beside what rules would have told: which alerts that people answered would have come.

use serde::Serialize;

use super::report::Replayed;
use super::{Period, Replay, RuleTally};
use crate::config::RulePlan;
use crate::model::Timestamp;
use crate::store::{AlertRow, PlaceKey};

/// An alert on record, as far as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedAlert {
    /// Where.
    pub place: PlaceKey,
    /// When it began.
    pub since: Timestamp,
    /// When it ended; `None`: it is open.
    pub until: Option<Timestamp>,
    /// Somebody acknowledged it.
    pub acknowledged: bool,
    /// Somebody shelved it, whether or not it was acknowledged too.
    pub shelved: bool,
}

impl RecordedAlert {
    /// The stored alert; `None` of a drill, which no samples made.
    #[must_use]
    pub fn of(row: &AlertRow) -> Option<Self> {
        (!row.drill).then(|| Self {
            place: row.place.clone(),
            since: row.since,
            until: row.closed,
            acknowledged: row.acknowledged.is_some(),
            shelved: row.shelved.is_some(),
        })
    }
}

/// How many of some alerts on record the rules would have told too: with an alert of theirs on the same place that was on
/// at the same time, be it for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct Matched {
    /// Alerts on record.
    pub of: u64,
    /// Those that the rules would have told too.
    pub fired: u64,
    /// Those that they would not have told.
    pub not_fired: u64,
    /// Those of which the samples don't say: a rule on the place could not be replayed, or nothing was known there all the
    /// while.
    pub unknown: u64,
}

/// Rules beside the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct OnRecord {
    /// Of the alerts that somebody acknowledged.
    pub acknowledged: Matched,
    /// Of the alerts that somebody shelved.
    pub shelved: Matched,
    /// Of the alerts that nobody acknowledged or shelved.
    pub unanswered: Matched,
    /// Alerts of the rules, from calm to calm.
    pub alerts: u64,
    /// Of these, such that no alert on record was on at the same place and time.
    pub alerts_not_on_record: u64,
}

/// What is on record of this time, and what the rules make of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct RecordReport {
    /// Alerts on record that were on in this time, drills left out.
    pub alerts: u64,
    /// The candidate's.
    pub candidate: OnRecord,
    /// Today's; `null` where they are not known.
    pub today: Option<OnRecord>,
}

/// A rule, what of it was replayed, and what it told.
pub(super) type Told<'a> = (&'a RulePlan, Replayed, RuleTally);

impl OnRecord {
    pub(super) fn new(record: &[RecordedAlert], rules: &[Told<'_>], replay: &Replay, period: Period) -> Self {
        let mut on_record = Self::default();
        for alert in record {
            let on = alert.on(period);
            let mut fired = false;
            let mut says = true;
            for (rule, replayed, tally) in rules.iter().filter(|(rule, ..)| looks_at(rule, &alert.place)) {
                fired |= tally.alerts.iter().any(|told| told.from < on.to && told.until > on.from);
                let blind =
                    rule.conditions.iter().filter(|condition| PlaceKey::of(&condition.place) == alert.place).any(
                        |condition| {
                            let coverage = replay.coverage.get(&(condition.place.clone(), condition.measure));
                            let all_the_while = |gap: &Period| gap.from <= on.from && gap.to >= on.to;
                            coverage.is_none_or(|coverage| coverage.unknown.iter().any(all_the_while))
                        },
                    );
                says &= *replayed == Replayed::Whole && !blind;
            }
            let count = |matched: &mut Matched| {
                matched.of += 1;
                let counted = match (fired, says) {
                    (true, _) => &mut matched.fired,
                    (false, true) => &mut matched.not_fired,
                    (false, false) => &mut matched.unknown,
                };
                *counted += 1;
            };
            if alert.acknowledged {
                count(&mut on_record.acknowledged);
            }
            if alert.shelved {
                count(&mut on_record.shelved);
            }
            if !alert.acknowledged && !alert.shelved {
                count(&mut on_record.unanswered);
            }
        }
        for (rule, _, tally) in rules {
            let near: Vec<Period> =
                record.iter().filter(|alert| looks_at(rule, &alert.place)).map(|alert| alert.on(period)).collect();
            let is_on_record = |told: &&super::Episode| near.iter().any(|on| told.from < on.to && told.until > on.from);
            on_record.alerts += tally.alerts.len() as u64;
            on_record.alerts_not_on_record += tally.alerts.iter().filter(|told| !is_on_record(told)).count() as u64;
        }
        on_record
    }
}

impl RecordedAlert {
    /// When it was on within a time; a moment at least.
    fn on(&self, period: Period) -> Period {
        let from = self.since.max(period.from);
        let to = self.until.unwrap_or(period.to).min(period.to);
        Period { from, to: to.max(Timestamp(from.0.saturating_add(1))) }
    }
}

fn looks_at(rule: &RulePlan, place: &PlaceKey) -> bool {
    rule.conditions.iter().any(|condition| &PlaceKey::of(&condition.place) == place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::{Coverage, Episode};
    use crate::config::LevelPlan;
    use crate::model::{CameraId, Level, Measure, Place, RuleId};

    fn second(second: i64) -> Timestamp {
        Timestamp(second * 1_000_000)
    }

    fn alert(camera: &str, since: i64, until: Option<i64>, acknowledged: bool, shelved: bool) -> RecordedAlert {
        let until = until.map(second);
        RecordedAlert { place: PlaceKey::alone("camera", camera), since: second(since), until, acknowledged, shelved }
    }

    #[test]
    fn alerts_meet_on_a_place_and_in_time_and_gaps_say_nothing() {
        let place = Place::Camera(CameraId::new("a").unwrap());
        let level = LevelPlan { level: Level::Red, raise: 2.0, hold_s: 0.0, clear: 1.0, clear_hold_s: 0.0 };
        let rule = RulePlan::new(RuleId::new("r").unwrap(), place.clone(), Measure::People, vec![level]);
        let stretch = |from, to| Period { from: second(from), to: second(to) };
        let episode = |from, until| Episode { from: second(from), until: second(until), open: false, unknown_s: 0.0 };
        let tally = RuleTally { levels: Vec::new(), alerts: vec![episode(10, 20), episode(50, 60)] };
        let coverage = Coverage { samples: 1, unknown: vec![stretch(100, 200)], ..Coverage::default() };
        let replay = Replay { coverage: [((place, Measure::People), coverage)].into(), ..Replay::default() };
        let record = [
            alert("a", -5, Some(11), true, false),
            alert("a", 20, Some(30), true, true),
            alert("a", 110, Some(190), true, false),
            alert("b", 10, Some(20), false, true),
            alert("a", 199, None, false, false),
        ];
        let on = OnRecord::new(&record, &[(&rule, Replayed::Whole, tally.clone())], &replay, stretch(0, 300));
        let matched = |of, fired, not_fired, unknown| Matched { of, fired, not_fired, unknown };
        assert_eq!(
            on,
            OnRecord {
                acknowledged: matched(3, 1, 1, 1),
                shelved: matched(2, 0, 2, 0),
                unanswered: matched(1, 0, 1, 0),
                alerts: 2,
                alerts_not_on_record: 1,
            }
        );
        let on = OnRecord::new(&record[1..2], &[(&rule, Replayed::Not, tally)], &replay, stretch(0, 300));
        assert_eq!(on.acknowledged, matched(1, 0, 0, 1), "what was not replayed says nothing");
    }
}
