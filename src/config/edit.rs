//! Changes to a configuration's text that leave everything else in it as somebody wrote it, comments among it.

use std::fmt;

use serde_json::Value as Json;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// A change at one key.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The tables' names and the key, from the outermost: `["cameras", "gate", "zones", "plaza", "polygon"]`.
    #[schemars(length(min = 1))]
    pub path: Vec<String>,
    /// What it is from now on; `null`: it is taken away.
    pub value: Json,
}

/// Why a change can't be made. The text has not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditFault {
    /// The text isn't TOML.
    #[error("the text is not TOML: {0}")]
    Text(String),
    /// There is no path.
    #[error("an edit's path is empty: expected the tables' names and the key")]
    NoPath,
    /// The way leads through something that is no table.
    #[error("{path}: found a value, expected a table with the key {key:?}")]
    NoTable {
        /// Up to where it goes.
        path: String,
        /// What was looked for in it.
        key: String,
    },
    /// There is nothing to be taken away.
    #[error("{0}: found nothing to take away")]
    Nothing(String),
    /// The value can't be written as TOML.
    #[error("{path}: found {found}, expected a text, number, `true`, `false`, list or table")]
    Value {
        /// Where.
        path: String,
        /// What.
        found: &'static str,
    },
}

/// The text with these changes, made in this order. It may be at fault in meaning: whoever uses it checks it.
///
/// # Errors
/// [`EditFault`].
pub fn edit(text: &str, edits: &[Edit]) -> Result<String, EditFault> {
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| EditFault::Text(error.message().to_owned()))?;
    for edit in edits {
        let (key, tables) = edit.path.split_last().ok_or(EditFault::NoPath)?;
        let mut table: &mut dyn TableLike = document.as_table_mut();
        for (depth, name) in tables.iter().enumerate() {
            if edit.value.is_null() && !table.contains_key(name) {
                return Err(EditFault::Nothing(Path(&edit.path).to_string()));
            }
            // A table of tables only needs no header of its own.
            let new = || {
                let mut table = Table::new();
                table.set_implicit(true);
                Item::Table(table)
            };
            let item = table.entry(name).or_insert_with(new);
            let no_table = || EditFault::NoTable {
                path: Path(edit.path.get(..=depth).unwrap_or_default()).to_string(),
                key: edit.path.get(depth + 1).cloned().unwrap_or_default(),
            };
            table = item.as_table_like_mut().ok_or_else(no_table)?;
        }
        if edit.value.is_null() {
            table.remove(key).ok_or_else(|| EditFault::Nothing(Path(&edit.path).to_string()))?;
            continue;
        }
        let item = item(&edit.value, &edit.path)?;
        match table.get_mut(key) {
            // What stands beside a value, such as a comment at the end of its line, stays.
            Some(Item::Value(before)) if item.is_value() => {
                let decor = before.decor().clone();
                if let Item::Value(mut value) = item {
                    *value.decor_mut() = decor;
                    *before = value;
                }
            }
            _ => drop(table.insert(key, item)),
        }
    }
    Ok(document.to_string())
}

struct Path<'a>(&'a [String]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// A table as a table of its own, all else as a value.
fn item(json: &Json, path: &[String]) -> Result<Item, EditFault> {
    let Json::Object(entries) = json else { return Ok(Item::Value(value(json, path)?)) };
    let mut table = Table::new();
    for (key, json) in entries {
        table.insert(key, Item::Value(value(json, path)?));
    }
    Ok(Item::Table(table))
}

fn value(json: &Json, path: &[String]) -> Result<Value, EditFault> {
    let fault = |found| EditFault::Value { path: Path(path).to_string(), found };
    Ok(match json {
        Json::Null => return Err(fault("null")),
        Json::Bool(bool) => (*bool).into(),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) if number.is_finite() => number.into(),
            _ => return Err(fault("a number that is too large")),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(list) => {
            let mut array = Array::new();
            for json in list {
                array.push(value(json, path)?);
            }
            array.into()
        }
        Json::Object(entries) => {
            let mut table = InlineTable::new();
            for (key, json) in entries {
                table.insert(key, value(json, path)?);
            }
            table.into()
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = r#"# The Bund
[cameras.gate] # by the stairs
name = "Gate" # as officers say
source.file = { path = "gate.avi", fps = 7 }
zones.steps = { polygon = [[0, 0], [1, 0], [1, 1]], area_m2 = 40 }

# do not touch
[cameras.gate.zones.plaza]
polygon = [[0, 0], [0.5, 0], [0.5, 0.5]] # measured 2026-03
"#;

    fn change(path: &[&str], value: Json) -> Result<String, EditFault> {
        edit(TEXT, &[Edit { path: path.iter().map(|name| (*name).to_owned()).collect(), value }])
    }

    #[test]
    fn what_is_not_changed_stays_as_it_was_written() {
        let moved =
            change(&["cameras", "gate", "zones", "plaza", "polygon"], json!([[0, 0], [1, 0], [1, 0.25]])).unwrap();
        let wanted = TEXT.replace("[[0, 0], [0.5, 0], [0.5, 0.5]]", "[[0, 0], [1, 0], [1, 0.25]]");
        assert_eq!(moved, wanted);
        // Within a table on one line too.
        let wider = change(&["cameras", "gate", "zones", "steps", "area_m2"], json!(41.5)).unwrap();
        assert_eq!(wider, TEXT.replace("area_m2 = 40", "area_m2 = 41.5"));
        assert_eq!(edit(TEXT, &[]).unwrap(), TEXT);
    }

    #[test]
    fn tables_are_made_and_taken_away() {
        let rule =
            json!({ "zone": "gate/plaza", "measure": "occupancy", "levels": { "red": { "raise": 50, "hold_s": 5 } } });
        let with_rule = change(&["rules", "full"], rule).unwrap();
        assert!(with_rule.starts_with(TEXT), "{with_rule}");
        let new = with_rule.strip_prefix(TEXT).unwrap();
        assert!(new.contains("[rules.full]\n") && new.contains("levels = { red = { "), "{new}");
        assert!(!new.contains("[rules]\n"), "{new}");
        let read: toml::Table = with_rule.parse().unwrap();
        assert_eq!(read["rules"]["full"]["levels"]["red"]["raise"].as_integer(), Some(50));
        let without = change(&["cameras", "gate", "zones", "plaza"], Json::Null).unwrap();
        let read: toml::Table = without.parse().unwrap();
        assert!(read["cameras"]["gate"]["zones"].get("plaza").is_none() && without.contains("# by the stairs"));
    }

    #[test]
    fn what_cannot_be_changed_is_said() {
        for (path, value, says) in [
            (
                &["cameras", "gate", "name", "zh"][..],
                json!("x"),
                "cameras.gate.name: found a value, expected a table with the key \"zh\"",
            ),
            (&["cameras", "quay", "name"], Json::Null, "cameras.quay.name: found nothing to take away"),
            (&[], json!(1), "an edit's path is empty: expected the tables' names and the key"),
            (&["a"], json!([null]), "a: found null, expected a text, number, `true`, `false`, list or table"),
        ] {
            assert_eq!(change(path, value).unwrap_err().to_string(), says);
        }
        assert!(matches!(edit("a = ", &[]), Err(EditFault::Text(_))));
    }
}
