//! The two texts of a rise: the rule with what happened, and what was measured before. Each has a version of its own, so
//! that the inner types may change.

use serde::Serialize;

use super::samples::SampleRing;
use crate::config::{LevelPlan, RulePlan};
use crate::model::{AlertEvent, AlertId, CameraId, Level, Measure, Place, Timestamp};
use crate::rules::wire::AlertLine;

/// Version of both. Fields may be added without a new one; a field that changes its meaning or goes needs one.
const SCHEMA: u32 = 1;

/// A rise, as the recorder is told of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rise {
    /// What happened.
    pub event: AlertEvent,
    /// The alert.
    pub alert: AlertId,
    /// Hash of the configuration that is in force.
    pub config: Option<String>,
}

/// What there is to see of a rise at one camera.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct SeenBy {
    /// The camera's id.
    pub camera: CameraId,
    /// Time of the picture, RFC 3339 in UTC; `null`: none was there.
    pub picture: Option<String>,
    /// Why there is no picture.
    pub why_none: Option<String>,
}

#[derive(Serialize)]
struct RuleDocument<'a> {
    schema: u32,
    alert: &'a str,
    rise: AlertLine<'a>,
    /// `null`: a rule that the product brings along.
    rule: Option<RuleText<'a>>,
    /// Hash of the configuration's text, which the store has; `null`: it has none.
    config: Option<&'a str>,
    program: &'static str,
    cameras: &'a [SeenBy],
    hidden: &'static str,
}

#[derive(Serialize)]
struct RuleText<'a> {
    id: &'a str,
    name: &'a str,
    source: &'a str,
    site: Option<&'a str>,
    combine: &'static str,
    schedules: Vec<&'a str>,
    profiles: &'a [String],
    except_profiles: &'a [String],
    conditions: Vec<ConditionText>,
}

#[derive(Serialize)]
struct ConditionText {
    place: String,
    measure: &'static str,
    levels: Vec<LevelText>,
}

#[derive(Serialize)]
struct LevelText {
    level: Level,
    raise: f64,
    hold_s: f64,
    clear: f64,
    clear_hold_s: f64,
}

impl<'a> RuleText<'a> {
    fn of(rule: &'a RulePlan) -> Self {
        let level = |plan: &LevelPlan| {
            let &LevelPlan { level, raise, hold_s, clear, clear_hold_s } = plan;
            LevelText { level, raise, hold_s, clear, clear_hold_s }
        };
        let conditions = rule.conditions.iter().map(|condition| ConditionText {
            place: condition.place.to_string(),
            measure: condition.measure.as_str(),
            levels: condition.levels.iter().map(level).collect(),
        });
        Self {
            id: rule.id.as_str(),
            name: &rule.name,
            source: &rule.source,
            site: rule.site.as_ref().map(|site| site.as_str()),
            combine: rule.combine.as_str(),
            schedules: rule.when.schedules.iter().map(|schedule| schedule.id.as_str()).collect(),
            profiles: &rule.when.profiles,
            except_profiles: &rule.when.except_profiles,
            conditions: conditions.collect(),
        }
    }
}

/// The rule with its thresholds, the rise, and which cameras saw it.
pub(super) fn rule_document(
    rise: &Rise,
    rule: Option<&RulePlan>,
    cameras: &[SeenBy],
    hidden: &'static str,
) -> serde_json::Result<Vec<u8>> {
    let document = RuleDocument {
        schema: SCHEMA,
        alert: rise.alert.as_str(),
        rise: AlertLine::from(&rise.event),
        rule: rule.map(RuleText::of),
        config: rise.config.as_deref(),
        program: concat!("crowdflow ", env!("CARGO_PKG_VERSION")),
        cameras,
        hidden,
    };
    serde_json::to_vec_pretty(&document)
}

#[derive(Serialize)]
struct SamplesDocument<'a> {
    schema: u32,
    alert: &'a str,
    rise: String,
    samples: Vec<SeriesText>,
}

#[derive(Serialize)]
struct SeriesText {
    place: String,
    measure: &'static str,
    readings: Vec<ReadingText>,
}

#[derive(Serialize)]
struct ReadingText {
    time: String,
    /// `null`: unknown.
    value: Option<f64>,
    quality: String,
}

/// What the rule's measures read at their places in the minute before the rise, the reading that made it rise at the end.
pub(super) fn samples_document(
    rise: &Rise,
    rule: Option<&RulePlan>,
    samples: &SampleRing,
) -> serde_json::Result<Vec<u8>> {
    let event = &rise.event;
    let conditions = rule.into_iter().flat_map(|rule| &rule.conditions);
    let mut wanted: Vec<(&Place, Measure)> =
        conditions.map(|condition| (&condition.place, condition.measure)).collect();
    if !wanted.contains(&(&event.place, event.measure)) {
        wanted.push((&event.place, event.measure));
    }
    let series = |(place, measure): (&Place, Measure)| {
        let mut readings: Vec<_> =
            samples.get(place, measure).into_iter().flatten().filter(|(at, _)| *at <= event.at).copied().collect();
        let is_its = (place, measure) == (&event.place, event.measure);
        if is_its && readings.last().is_none_or(|(at, _)| *at != event.at) {
            readings.push((event.at, event.reading));
        }
        let text = |(at, reading): (Timestamp, crate::model::Reading)| ReadingText {
            time: at.to_rfc3339(),
            value: reading.value(),
            quality: reading.quality().to_string(),
        };
        SeriesText {
            place: place.to_string(),
            measure: measure.as_str(),
            readings: readings.into_iter().map(text).collect(),
        }
    };
    let document = SamplesDocument {
        schema: SCHEMA,
        alert: rise.alert.as_str(),
        rise: event.at.to_rfc3339(),
        samples: wanted.into_iter().map(series).collect(),
    };
    serde_json::to_vec_pretty(&document)
}
