//! `alerts.jsonl`: one JSON object a line for each transition of an alert. The format has a version of its own, so
//! that the inner types may change.

use serde::Serialize;

use crate::model::{AlertEvent, AlertKind, CameraId, Level, LineId, Rfc3339, SiteId, ZoneId};

/// Version of the format. Fields may be added without a new one; a field that changes its meaning or goes needs one.
pub const SCHEMA: u32 = 2;

/// One line of `alerts.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AlertLine<'a> {
    /// [`SCHEMA`].
    pub schema: u32,
    /// When, RFC 3339 in UTC.
    #[schemars(with = "Rfc3339")]
    pub time: String,
    /// Id of the rule.
    pub rule: &'a str,
    /// The rule's name for people.
    pub name: &'a str,
    /// Id of the camera; `null` where it is about a site.
    pub camera: Option<&'a str>,
    /// Id of the site; `null` where it is about a camera's place.
    pub site: Option<&'a str>,
    /// Id of the zone; `null` where it is about something else.
    pub zone: Option<&'a str>,
    /// Id of the line; `null` where it is about something else.
    pub line: Option<&'a str>,
    /// What is measured, by its name in the configuration.
    pub measure: &'a str,
    /// `raised`, `lowered`, `cleared`, `stale` or `fresh`.
    pub kind: AlertKind,
    /// Level before; `null`: calm.
    pub from: Option<Level>,
    /// Level after; `null`: calm.
    pub to: Option<Level>,
    /// The measured value; `null` where there is none.
    pub value: Option<f64>,
    /// `valid`, `at_least`, `at_most`, or `unknown:` with the reason.
    pub quality: String,
    /// The value that was passed: the raise value of the level reached, or the clear value of the level left. `null`
    /// for `stale` and `fresh`.
    pub threshold: Option<f64>,
    /// Where the thresholds come from.
    pub source: &'a str,
    /// When the alert left calm, RFC 3339 in UTC.
    #[schemars(with = "Rfc3339")]
    pub since: String,
}

impl<'a> From<&'a AlertEvent> for AlertLine<'a> {
    fn from(event: &'a AlertEvent) -> Self {
        Self {
            schema: SCHEMA,
            time: event.at.to_rfc3339(),
            rule: event.rule.as_str(),
            name: &event.name,
            camera: event.place.camera().map(CameraId::as_str),
            site: event.place.site().map(SiteId::as_str),
            zone: event.place.zone().map(ZoneId::as_str),
            line: event.place.line().map(LineId::as_str),
            measure: event.measure.as_str(),
            kind: event.kind,
            from: event.from,
            to: event.to,
            value: event.reading.value(),
            quality: event.reading.quality().to_string(),
            threshold: event.threshold,
            source: &event.source,
            since: event.since.to_rfc3339(),
        }
    }
}

/// The event as a line of JSON, without the line's end.
///
/// # Errors
/// As `serde_json` has it; none of the fields' types gives it reason to.
pub fn to_json_line(event: &AlertEvent) -> Result<String, serde_json::Error> {
    serde_json::to_string(&AlertLine::from(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Measure, Place, Reading, RuleId, Timestamp, UnknownReason};

    #[test]
    fn lines_look_as_documented() {
        let raised = AlertEvent {
            at: Timestamp(1_795_489_200_142_857),
            rule: RuleId::new("plaza_full").unwrap(),
            name: "人民广场 is dense".to_owned(),
            place: Place::Zone(CameraId::new("gate_a").unwrap(), ZoneId::new("plaza").unwrap()),
            measure: Measure::Density,
            kind: AlertKind::Raised,
            from: None,
            to: Some(Level::Orange),
            reading: Reading::AtLeast(2.25),
            threshold: Some(2.0),
            source: "site plan, \"section 4\"".to_owned(),
            since: Timestamp(1_795_489_200_142_857),
        };
        let stale = AlertEvent {
            at: raised.at.plus_seconds(12.0),
            kind: AlertKind::Stale,
            from: Some(Level::Orange),
            reading: Reading::Unknown(UnknownReason::NoFrames),
            threshold: None,
            ..raised.clone()
        };
        let cleared = AlertEvent {
            at: raised.at.plus_seconds(90.0),
            kind: AlertKind::Cleared,
            from: Some(Level::Blue),
            to: None,
            place: Place::Line(CameraId::new("gate_a").unwrap(), LineId::new("steps").unwrap()),
            measure: Measure::FlowOut,
            reading: Reading::Valid(3.0),
            threshold: Some(6.8),
            ..raised.clone()
        };
        let lines: Vec<_> = [raised, stale, cleared].iter().map(|event| to_json_line(event).unwrap()).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        {"schema":2,"time":"2026-11-24T03:00:00.142857Z","rule":"plaza_full","name":"人民广场 is dense","camera":"gate_a","site":null,"zone":"plaza","line":null,"measure":"density","kind":"raised","from":null,"to":"orange","value":2.25,"quality":"at_least","threshold":2.0,"source":"site plan, \"section 4\"","since":"2026-11-24T03:00:00.142857Z"}
        {"schema":2,"time":"2026-11-24T03:00:12.142857Z","rule":"plaza_full","name":"人民广场 is dense","camera":"gate_a","site":null,"zone":"plaza","line":null,"measure":"density","kind":"stale","from":"orange","to":"orange","value":null,"quality":"unknown:no_frames","threshold":null,"source":"site plan, \"section 4\"","since":"2026-11-24T03:00:00.142857Z"}
        {"schema":2,"time":"2026-11-24T03:01:30.142857Z","rule":"plaza_full","name":"人民广场 is dense","camera":"gate_a","site":null,"zone":null,"line":"steps","measure":"flow_out","kind":"cleared","from":"blue","to":null,"value":3.0,"quality":"valid","threshold":6.8,"source":"site plan, \"section 4\"","since":"2026-11-24T03:00:00.142857Z"}
        "#);
    }
}
