//! A source's message as JSON: `docs/sources.md` is its description.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::analysis::{LineTotals, SourceMessage};
use crate::config::ExternalSourcePlan;
use crate::model::{LineId, Rfc3339, Timestamp, ZoneId};

/// Version of the format. Keys may be added without a new one; a key that changes its meaning or goes needs one.
pub const SCHEMA: u64 = 1;

/// The longest message, in bytes: room for some thousand zones and lines.
pub const MOST_BYTES: usize = 256 * 1024;
/// More people than any place holds: a slip of the sender.
const MOST_PEOPLE: f64 = 1_000_000.0;
/// The largest total: up to here JSON's numbers are exact everywhere.
const MOST_TOTAL: u64 = 1 << 53;

/// A message as it is described to those who write one; [`read`] is stricter, and says where something is wrong.
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// 1, or left out.
    #[serde(default = "schema_left_out")]
    #[schemars(range(min = SCHEMA, max = SCHEMA))]
    pub schema: u64,
    /// When it was counted.
    #[schemars(with = "Rfc3339")]
    pub at: String,
    /// How many are in each zone, by its id.
    #[serde(default)]
    pub zones: BTreeMap<String, ZoneCount>,
    /// How many have crossed each line, by its id.
    #[serde(default)]
    pub lines: BTreeMap<String, LineCount>,
}

fn schema_left_out() -> u64 {
    SCHEMA
}

/// A zone of it.
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneCount {
    /// People in it.
    #[schemars(range(min = 0.0, max = MOST_PEOPLE))]
    pub occupancy: f64,
}

/// A line of it.
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineCount {
    /// People who crossed it inwards since the counter began.
    #[schemars(range(max = MOST_TOTAL))]
    pub in_total: u64,
    /// The same outwards.
    #[schemars(range(max = MOST_TOTAL))]
    pub out_total: u64,
}

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageFault {
    /// It is no JSON, has other keys or types, or another schema.
    #[error("{0}")]
    Shape(String),
    /// It has the right shape, and says what can't be.
    #[error("{0}")]
    Value(String),
}

/// A source's message, whole; `body` is its JSON.
///
/// # Errors
/// [`MessageFault`], which says where, what was found, and what was expected.
pub fn read(plan: &ExternalSourcePlan, body: &[u8]) -> Result<SourceMessage, MessageFault> {
    let json: Value = serde_json::from_slice(body)
        .map_err(|error| MessageFault::Shape(format!("the message is not JSON: {error}")))?;
    let top = object("the message", &json, &["schema", "at", "zones", "lines"])?;
    if let Some(found) = top.get("schema").filter(|schema| schema.as_u64() != Some(SCHEMA)) {
        return Err(MessageFault::Shape(format!("schema: found {}, expected {SCHEMA}", shown(found))));
    }
    let at = match top.get("at").map(|at| (at, at.as_str().and_then(Timestamp::from_rfc3339))) {
        Some((_, Some(at))) => at,
        found => {
            let found = found.map_or("nothing".to_owned(), |(at, _)| shown(at));
            return Err(MessageFault::Shape(format!("at: found {found}, expected {}", Timestamp::RFC3339_WORDS)));
        }
    };
    let mut message = SourceMessage { at, zones: Vec::new(), lines: Vec::new() };
    for (id, written) in part(top, "zones")? {
        let path = format!("zones.{id}");
        let known = plan.zones.iter().map(|zone| zone.id.as_str());
        let zone = place(&path, id, known, ZoneId::new(id).ok())?;
        let figures = object(&path, written, &["occupancy"])?;
        message.zones.push((zone, people(&format!("{path}.occupancy"), figures.get("occupancy"))?));
    }
    for (id, written) in part(top, "lines")? {
        let path = format!("lines.{id}");
        let known = plan.lines.iter().map(|line| line.id.as_str());
        let line = place(&path, id, known, LineId::new(id).ok())?;
        let figures = object(&path, written, &["in_total", "out_total"])?;
        let total = |key: &str| total(&format!("{path}.{key}"), figures.get(key));
        message.lines.push((line, LineTotals { in_total: total("in_total")?, out_total: total("out_total")? }));
    }
    if message.zones.is_empty() && message.lines.is_empty() {
        let expected = "expected at least one entry in zones or lines";
        return Err(MessageFault::Value(format!("the message: found neither zone nor line, {expected}")));
    }
    Ok(message)
}

/// An object with these keys and no others: a key with a slip in it would be passed over in silence.
fn object<'j>(path: &str, json: &'j Value, keys: &[&str]) -> Result<&'j Map<String, Value>, MessageFault> {
    let expected = || keys.join(", ");
    let Some(object) = json.as_object() else {
        let message = format!("{path}: found {}, expected an object with {}", shown(json), expected());
        return Err(MessageFault::Shape(message));
    };
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(MessageFault::Shape(format!("{path}: found the key {key:?}, expected {}", expected()))),
        None => Ok(object),
    }
}

/// The entries of `zones` or `lines`.
fn part<'j>(
    top: &'j Map<String, Value>,
    key: &str,
) -> Result<impl Iterator<Item = (&'j String, &'j Value)>, MessageFault> {
    let entries = match top.get(key) {
        None => None,
        Some(Value::Object(entries)) => Some(entries),
        Some(other) => {
            return Err(MessageFault::Shape(format!("{key}: found {}, expected an object by id", shown(other))));
        }
    };
    Ok(entries.into_iter().flatten())
}

fn place<'k, T>(
    path: &str,
    id: &str,
    known: impl Iterator<Item = &'k str>,
    place: Option<T>,
) -> Result<T, MessageFault> {
    let known: Vec<&str> = known.collect();
    place.filter(|_| known.contains(&id)).ok_or_else(|| {
        let expected = if known.is_empty() { "none: this source has none".to_owned() } else { known.join(", ") };
        MessageFault::Value(format!("{path}: found the id {id:?}, expected one of: {expected}"))
    })
}

fn people(path: &str, json: Option<&Value>) -> Result<f64, MessageFault> {
    let Some(people) = json.and_then(Value::as_f64) else { return Err(no_number(path, json, "a number of people")) };
    if (0.0..=MOST_PEOPLE).contains(&people) {
        return Ok(people);
    }
    Err(MessageFault::Value(format!("{path}: found {people}, expected a number from 0 to {MOST_PEOPLE}")))
}

fn total(path: &str, json: Option<&Value>) -> Result<u64, MessageFault> {
    let expected = format!("a whole number from 0 to {MOST_TOTAL}: everybody counted since the counter began");
    let Some(number) = json.filter(|json| json.is_number()) else { return Err(no_number(path, json, &expected)) };
    number
        .as_u64()
        .filter(|total| *total <= MOST_TOTAL)
        .ok_or_else(|| MessageFault::Value(format!("{path}: found {number}, expected {expected}")))
}

fn no_number(path: &str, json: Option<&Value>, expected: &str) -> MessageFault {
    let found = json.map_or("nothing".to_owned(), shown);
    MessageFault::Shape(format!("{path}: found {found}, expected {expected}"))
}

/// As much of a value as a message can hold.
fn shown(json: &Value) -> String {
    const MOST: usize = 60;
    let text = json.to_string();
    if text.len() <= MOST {
        return text;
    }
    format!("{}…", &text[..text.floor_char_boundary(MOST)])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;

    fn plan() -> ExternalSourcePlan {
        let text = "[sources.campus]\nhttp.token_env = \"TOKEN\"\nzones = { hall = {}, yard = {} }\nlines.gate = {}";
        let environment = |name: &str| (name == "TOKEN").then(|| "secret".to_owned());
        config::parse(text, Path::new("/"), &environment).unwrap_or_else(|error| panic!("{error}")).sources.remove(0)
    }

    #[test]
    fn a_whole_message_is_read() {
        let body = br#"{"schema": 1, "at": "2026-11-24T11:00:00+08:00", "zones": {"yard": {"occupancy": 12.5}},
            "lines": {"gate": {"in_total": 1200, "out_total": 900}}}"#;
        let message = SourceMessage {
            at: Timestamp::from_rfc3339("2026-11-24T03:00:00Z").unwrap(),
            zones: vec![(ZoneId::new("yard").unwrap(), 12.5)],
            lines: vec![(LineId::new("gate").unwrap(), LineTotals { in_total: 1200, out_total: 900 })],
        };
        assert_eq!(read(&plan(), body), Ok(message));
    }

    #[test]
    fn it_is_read_by_the_keys_that_it_is_described_by() {
        let schema = schemars::schema_for!(Message).to_value();
        let keys = |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let [message, zone, line] = [&schema, &schema["$defs"]["ZoneCount"], &schema["$defs"]["LineCount"]].map(keys);
        assert_eq!(message, ["at", "lines", "schema", "zones"]);
        let object = |keys: &[String], value: u32| -> Value {
            Value::Object(keys.iter().map(|key| (key.clone(), value.into())).collect())
        };
        let (zone, line) = (object(&zone, 3), object(&line, 4));
        let whole = serde_json::json!({
            "schema": 1, "at": "2026-11-24T03:00:00Z", "zones": { "hall": zone }, "lines": { "gate": line },
        });
        let read = read(&plan(), whole.to_string().as_bytes()).unwrap();
        assert_eq!((read.zones[0].1, read.lines[0].1), (3.0, LineTotals { in_total: 4, out_total: 4 }));
    }

    #[test]
    fn what_is_wrong_says_where_what_was_found_and_what_was_expected() {
        let fault = |body: &str| match read(&plan(), body.as_bytes()).expect_err(body) {
            MessageFault::Shape(said) => format!("shape: {said}"),
            MessageFault::Value(said) => format!("value: {said}"),
        };
        let rest = |rest: &str| fault(&format!("{{\"at\": \"2026-11-24T03:00:00Z\", {rest}}}"));
        let said = [
            fault("{"),
            fault("[1]"),
            fault("{\"at\": \"11:00\"}"),
            fault("{\"zones\": {}}"),
            rest("\"schema\": 2"),
            rest("\"zone\": {}"),
            rest("\"zones\": [1]"),
            rest("\"zones\": {}"),
            rest("\"zones\": {\"roof\": {\"occupancy\": 1}}"),
            rest("\"zones\": {\"hall\": 3}"),
            rest("\"zones\": {\"hall\": {\"people\": 3}}"),
            rest("\"zones\": {\"hall\": {}}"),
            rest("\"zones\": {\"hall\": {\"occupancy\": \"3\"}}"),
            rest("\"zones\": {\"hall\": {\"occupancy\": -3}}"),
            rest("\"zones\": {\"hall\": {\"occupancy\": 1e999}}"),
            rest("\"lines\": {\"gate\": {\"in_total\": 3}}"),
            rest("\"lines\": {\"gate\": {\"in_total\": 3.5, \"out_total\": 0}}"),
            rest("\"lines\": {\"gate\": {\"in_total\": -3, \"out_total\": 0}}"),
        ];
        insta::assert_snapshot!(said.join("\n"));
    }
}
