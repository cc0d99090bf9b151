//! What a back-test found, for programs and for people.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::grouping::read_for;
use super::recorded::{OnRecord, RecordReport, RecordedAlert, Told};
use super::{Episode, LevelTally, Period, Replay, RuleTally};
use crate::config::{Combine, ConditionPlan, Plan, RulePlan};
use crate::model::{Level, Measure, Place, Rfc3339, RuleId};

/// Version of the report. Fields may be added without a new one.
const SCHEMA: u32 = 1;

/// A configuration whose rules were replayed.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What it is called in the report: its file.
    pub name: &'a str,
    /// The configuration.
    pub plan: &'a Plan,
    /// What its rules would have told.
    pub replay: &'a Replay,
}

/// A whole report.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "BacktestReport")]
pub struct Report {
    /// Version of this format.
    pub schema: u32,
    /// Begin, RFC 3339 in UTC.
    #[schemars(with = "Rfc3339")]
    pub from: String,
    /// End, excluded.
    #[schemars(with = "Rfc3339")]
    pub to: String,
    /// How long that is.
    pub seconds: f64,
    /// Where the samples come from.
    pub samples: String,
    /// Which configuration the candidate rules are of.
    pub candidate: String,
    /// Which configuration today's rules are of; `null` where none is known.
    pub today: Option<String>,
    /// What else a reader has to know.
    pub notes: Vec<String>,
    /// Every rule of either configuration, by id.
    pub rules: Vec<RuleRow>,
    /// Beside the alerts on record; `null` where there is no record, as for files.
    pub record: Option<RecordReport>,
}

/// A rule of the one and the rule of the same id of the other.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct RuleRow {
    /// Its id.
    pub rule: RuleId,
    /// Its name for people.
    pub name: String,
    /// As the candidate has it; `null` where it has no such rule.
    pub candidate: Option<RuleReport>,
    /// As it is today; `null` where there is no such rule.
    pub today: Option<RuleReport>,
}

/// How much of a rule could be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Replayed {
    /// Everything that it looks at has samples.
    Whole,
    /// Some of what it looks at has none, and it may still tell by the rest: it would have told at least this.
    InPart,
    /// Without samples of what it looks at it tells nothing, and what it would have told is not known.
    Not,
}

/// What a rule would have told.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct RuleReport {
    /// How much of it could be replayed. Where nothing could, it has no levels.
    pub replayed: Replayed,
    /// What it looks at.
    pub conditions: Vec<ConditionReport>,
    /// Its levels, mildest first.
    pub levels: Vec<LevelReport>,
}

/// A measure of a place that a rule looks at.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ConditionReport {
    /// The place, as rules name it.
    pub place: String,
    /// The measure's name.
    pub measure: &'static str,
    /// Samples of it; of a site, moments at which one of its cameras had one.
    pub samples: u64,
    /// Share of the time in which it was known, 0 to 1.
    pub known_share: f64,
    /// Share of the time in which it was known as a bound, 0 to 1.
    pub bound_share: f64,
    /// Share of the time in which it was not known, 0 to 1.
    pub unknown_share: f64,
    /// What it is made from and has no samples.
    pub without_samples: Vec<String>,
}

/// A level of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LevelReport {
    /// The level.
    pub level: Level,
    /// How often it was reached from below.
    pub times: usize,
    /// Time at or above it, in seconds.
    pub total_s: f64,
    /// Longest time at or above it, in seconds.
    pub longest_s: f64,
    /// Of the total, time in which nothing was known and the level was what was known last, in seconds.
    pub unknown_s: f64,
    /// Each time.
    pub episodes: Vec<EpisodeReport>,
}

/// A time at or above a level.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EpisodeReport {
    /// Begin, RFC 3339 in UTC.
    #[schemars(with = "Rfc3339")]
    pub from: String,
    /// End; `null`: it was still on at the end of the time.
    #[schemars(with = "Option<Rfc3339>")]
    pub until: Option<String>,
    /// How long it was.
    pub seconds: f64,
}

impl Report {
    /// What was found. `record`: alerts on record that were on in this time; `None` where there is no record.
    #[must_use]
    pub fn new(
        candidate: Subject<'_>,
        today: Option<Subject<'_>>,
        record: Option<&[RecordedAlert]>,
        period: Period,
        samples: &str,
    ) -> Self {
        let (of_candidate, of_today) = (candidate.told(period), today.map(|today| today.told(period)));
        let record = record.map(|record| RecordReport {
            alerts: record.len() as u64,
            candidate: OnRecord::new(record, &of_candidate, candidate.replay, period),
            today: today.zip(of_today.as_ref()).map(|(today, told)| OnRecord::new(record, told, today.replay, period)),
        });
        let mut rules: BTreeMap<RuleId, RuleRow> = BTreeMap::new();
        let mut add = |subject: Subject<'_>, told: &[Told<'_>], set: fn(&mut RuleRow, RuleReport)| {
            for (rule, replayed, tally) in told {
                let row = rules.entry(rule.id.clone()).or_insert_with(|| RuleRow {
                    rule: rule.id.clone(),
                    name: rule.name.clone(),
                    candidate: None,
                    today: None,
                });
                set(row, RuleReport::new(subject, rule, *replayed, tally, period));
            }
        };
        add(candidate, &of_candidate, |row, report| row.candidate = Some(report));
        if let Some((today, told)) = today.zip(of_today.as_ref()) {
            add(today, told, |row, report| row.today = Some(report));
        }
        Self {
            schema: SCHEMA,
            from: period.from.to_rfc3339(),
            to: period.to.to_rfc3339(),
            seconds: period.seconds(),
            samples: samples.to_owned(),
            candidate: candidate.name.to_owned(),
            today: today.map(|today| today.name.to_owned()),
            notes: Vec::new(),
            rules: rules.into_values().collect(),
            record,
        }
    }

    /// Whether anything of the candidate could be replayed.
    #[must_use]
    pub fn says_something(&self) -> bool {
        self.rules.iter().filter_map(|row| row.candidate.as_ref()).any(|rule| rule.replayed != Replayed::Not)
    }
}

impl<'a> Subject<'a> {
    fn told(self, period: Period) -> Vec<Told<'a>> {
        let told = |rule: &'a RulePlan| {
            let replayed = self.replayed(rule);
            (rule, replayed, RuleTally::new(rule, &self.replay.events, period))
        };
        self.plan.rules.iter().map(told).collect()
    }

    /// What a condition is made from that has no samples, and of how much it is made.
    fn without_samples(self, condition: &ConditionPlan) -> (BTreeSet<(Place, Measure)>, usize) {
        let read = read_for(self.plan, &condition.place, condition.measure);
        let has_none =
            |of: &(Place, Measure)| self.replay.coverage.get(of).is_none_or(|coverage| coverage.samples == 0);
        (read.iter().filter(|of| has_none(of)).cloned().collect(), read.len())
    }

    fn replayed(self, rule: &RulePlan) -> Replayed {
        let missing = rule.conditions.iter().map(|condition| {
            let (without, all) = self.without_samples(condition);
            (without.len() == all, !without.is_empty())
        });
        let missing: Vec<(bool, bool)> = missing.collect();
        let nothing = match rule.combine {
            Combine::All => missing.iter().any(|(whole, _)| *whole),
            Combine::Any => missing.iter().all(|(whole, _)| *whole),
        };
        match (nothing, missing.iter().any(|(_, some)| *some)) {
            (true, _) => Replayed::Not,
            (false, true) => Replayed::InPart,
            (false, false) => Replayed::Whole,
        }
    }
}

impl RuleReport {
    fn new(subject: Subject<'_>, rule: &RulePlan, replayed: Replayed, tally: &RuleTally, period: Period) -> Self {
        let condition = |condition: &ConditionPlan| {
            let coverage = subject.replay.coverage.get(&(condition.place.clone(), condition.measure));
            let coverage = coverage.cloned().unwrap_or_default();
            let without = subject.without_samples(condition).0;
            let share = |seconds: f64| seconds / period.seconds();
            ConditionReport {
                place: condition.place.to_string(),
                measure: condition.measure.as_str(),
                samples: coverage.samples,
                known_share: share(coverage.known_s),
                bound_share: share(coverage.bound_s),
                unknown_share: share(period.seconds() - coverage.known_s),
                without_samples: without
                    .iter()
                    .map(|(place, measure)| format!("{place} {}", measure.as_str()))
                    .collect(),
            }
        };
        let levels = tally.levels.iter().filter(|_| replayed != Replayed::Not).map(LevelReport::new);
        Self { replayed, conditions: rule.conditions.iter().map(condition).collect(), levels: levels.collect() }
    }
}

impl LevelReport {
    fn new(tally: &LevelTally) -> Self {
        let episode = |episode: &Episode| EpisodeReport {
            from: episode.from.to_rfc3339(),
            until: (!episode.open).then(|| episode.until.to_rfc3339()),
            seconds: episode.seconds(),
        };
        Self {
            level: tally.level,
            times: tally.episodes.len(),
            total_s: tally.total_s(),
            longest_s: tally.longest_s(),
            unknown_s: tally.unknown_s(),
            episodes: tally.episodes.iter().map(episode).collect(),
        }
    }
}
