//! A drill: a rule on a surge that is only simulated.

use super::RuleEngine;
use crate::config::{ConditionPlan, LevelPlan, RulePlan, When};
use crate::model::{AlertEvent, Level, Place, Reading, Readings, RuleId, Timestamp, Worse};

/// The simulated measure takes so long from calm to its peak, in seconds: long enough to see the levels come one by one.
pub const DRILL_RAMP_S: f64 = 20.0;

/// A rule that is told of a surge: its measures rise from calm to just what the level asks for, stay there, and go back.
/// The thresholds, holds and plans are the real ones; the readings are made up, and its alerts are marked as drills.
#[derive(Debug, Clone)]
pub struct Drill {
    id: RuleId,
    engine: RuleEngine,
    conditions: Vec<ConditionPlan>,
    level: Level,
    began: Timestamp,
    /// When the measures begin to go back.
    until: Timestamp,
}

impl Drill {
    /// A drill of this rule up to this level, whose peak is held for `hold_s`; `None` where the rule has no such level.
    #[must_use]
    pub fn new(rule: &RulePlan, level: Level, began: Timestamp, hold_s: f64) -> Option<Self> {
        rule.levels().contains(&level).then_some(())?;
        let id = rule.id.of_drill();
        let plan = RulePlan { id: id.clone(), when: When::default(), ..rule.clone() };
        Some(Self {
            id,
            engine: RuleEngine::new(&[plan]),
            conditions: rule.conditions.clone(),
            level,
            began,
            until: began.plus_seconds(DRILL_RAMP_S + hold_s),
        })
    }

    /// The rule's id in the drill.
    #[must_use]
    pub fn id(&self) -> &RuleId {
        &self.id
    }

    /// The measures go back from now on.
    pub fn end(&mut self, at: Timestamp) {
        self.until = self.until.min(at);
    }

    /// The rule in the drill.
    #[must_use]
    pub fn rules(&self) -> &RuleEngine {
        &self.engine
    }

    /// What it tells at this time; asked for once a second.
    pub fn step(&mut self, at: Timestamp) -> Vec<AlertEvent> {
        let share = if at >= self.until { 0.0 } else { (at.seconds_since(self.began) / DRILL_RAMP_S).clamp(0.0, 1.0) };
        let mut places: Vec<(&Place, Readings)> = Vec::new();
        for condition in &self.conditions {
            let Some(value) = simulated(condition, self.level, share) else { continue };
            let reading = Reading::Valid(value);
            match places.iter_mut().find(|(place, _)| *place == &condition.place) {
                Some((_, readings)) => readings.set(condition.measure, reading),
                None => places.push((&condition.place, Readings::NONE.with(condition.measure, reading))),
            }
        }
        self.engine
            .step_places(at, |place, _| places.iter().find(|(known, _)| *known == place).map(|(_, readings)| readings))
    }

    /// Whether there is nothing more to come: the surge is over and the alert has ended.
    #[must_use]
    pub fn is_over(&self, at: Timestamp) -> bool {
        at >= self.until && self.engine.standing(&self.id).is_none()
    }
}

/// The measure at a share of the way from calm to the level's threshold; at 1 it has just reached it.
fn simulated(condition: &ConditionPlan, level: Level, share: f64) -> Option<f64> {
    // A condition without this level gives the gravest that it has.
    let peak = condition.levels.iter().rev().find(|plan| plan.level <= level).or(condition.levels.last())?;
    let mildest = condition.levels.first()?;
    let beyond = |LevelPlan { raise, clear, .. }: &LevelPlan| clear + (clear - raise);
    let [least, most] = condition.measure.facts().reads;
    let calm = match condition.measure.facts().worse {
        Worse::High | Worse::Low => beyond(mildest).clamp(least, most),
        Worse::AwayFromZero => 0.0,
    };
    Some(if share >= 1.0 { peak.raise } else { calm + (peak.raise - calm) * share })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;
    use crate::model::{AlertKind, Measure};

    fn rules() -> Vec<RulePlan> {
        let text = r#"
            cameras.a = { source.file = { path = "a", fps = 1 }, zones.z = { polygon = [[0, 0], [1, 0], [1, 1]], area_m2 = 50 } }
            [rules.dense]
            zone = "a/z"
            measure = "density"
            levels.yellow = { raise = 1.3, hold_s = 5, clear = 1.1, clear_hold_s = 5 }
            levels.orange = { raise = 2.0, hold_s = 5, clear = 1.7, clear_hold_s = 5 }
            [rules.soon]
            all = [
                { zone = "a/z", measure = "time_to_orange", levels.orange = { raise = 300, hold_s = 0, clear = 400, clear_hold_s = 0 } },
                { zone = "a/z", measure = "surge", levels.orange = { raise = 10, hold_s = 0, clear = 5, clear_hold_s = 0 } },
            ]
        "#;
        config::parse(
            &(text.to_owned()
                + "[rules.soon2]\nzone = \"a/z\"\nmeasure = \"density\"\nlevels.orange = { raise = 2 }\n"),
            Path::new("/"),
            &|_| None,
        )
        .unwrap_or_else(|error| panic!("{error}"))
        .rules
    }

    /// What is told, by second.
    fn play(drill: &mut Drill, end: Option<i64>) -> Vec<(i64, AlertKind, Option<Level>)> {
        let at = |second: i64| Timestamp(second * 1_000_000);
        let mut told = Vec::new();
        for second in 0.. {
            if end == Some(second) {
                drill.end(at(second));
            }
            for event in drill.step(at(second)) {
                assert!(event.rule.is_drill() && event.since <= event.at);
                told.push((second, event.kind, event.to));
            }
            if drill.is_over(at(second)) {
                break;
            }
            assert!(second < 1000, "it never ends: {told:?}");
        }
        told
    }

    #[test]
    fn a_surge_rises_through_the_levels_up_to_the_one_that_is_drilled_and_ends() {
        let rules = rules();
        let dense = &rules[0];
        assert_eq!((dense.id.as_str(), dense.conditions[0].measure), ("dense", Measure::Density));
        let mut drill = Drill::new(dense, Level::Orange, Timestamp(0), 60.0).unwrap();
        let told = play(&mut drill, None);
        let kinds: Vec<_> = told.iter().map(|(_, kind, to)| (*kind, *to)).collect();
        let all = [
            (AlertKind::Raised, Some(Level::Yellow)),
            (AlertKind::Raised, Some(Level::Orange)),
            (AlertKind::Lowered, Some(Level::Yellow)),
            (AlertKind::Cleared, None),
        ];
        assert_eq!(kinds, all, "{told:?}");
        assert!((85..=95).contains(&told[3].0), "{told:?}");
        // Up to yellow only.
        let told = play(&mut Drill::new(dense, Level::Yellow, Timestamp(0), 60.0).unwrap(), None);
        assert_eq!(told.iter().map(|(_, _, to)| *to).collect::<Vec<_>>(), [Some(Level::Yellow), None]);
        assert!(Drill::new(dense, Level::Red, Timestamp(0), 60.0).is_none());
    }

    #[test]
    fn every_condition_surges_and_it_can_be_ended_before_its_time() {
        let rules = rules();
        let soon = rules.iter().find(|rule| rule.id.as_str() == "soon").unwrap();
        let told = play(&mut Drill::new(soon, Level::Orange, Timestamp(0), 600.0).unwrap(), Some(40));
        assert_eq!(told, [(20, AlertKind::Raised, Some(Level::Orange)), (40, AlertKind::Cleared, None)]);
    }
}
