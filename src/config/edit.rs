//! Changes to a configuration's text that leave everything else in it as somebody wrote it, comments among it.

use std::fmt;

use serde_json::{Map, Value as Json};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

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
        if let Some(Item::ArrayOfTables(before)) = table.get_mut(key)
            && let Some(entries) = objects(&edit.value)
        {
            *before = tables_anew(before, &entries, &edit.path)?;
            continue;
        }
        put(table, key, item(&edit.value, &edit.path)?);
    }
    Ok(document.to_string())
}

struct Path<'a>(&'a [String]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// Puts a value in the place of another. What stands beside that, such as a comment at the end of its line, stays.
fn put(table: &mut dyn TableLike, key: &str, item: Item) {
    match table.get_mut(key) {
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

/// The tables of a list that has nothing else.
fn objects(json: &Json) -> Option<Vec<&Map<String, Json>>> {
    let list = json.as_array().filter(|list| !list.is_empty())?;
    list.iter().map(Json::as_object).collect()
}

/// The tables of a list that were written below headers of their own, anew. One whose `id` was there before keeps what was
/// written about it, as does one without an id in its place.
fn tables_anew(
    before: &ArrayOfTables,
    entries: &[&Map<String, Json>],
    path: &[String],
) -> Result<ArrayOfTables, EditFault> {
    // All are written where the first was.
    let position = before.iter().next().and_then(Table::position);
    let mut anew = ArrayOfTables::new();
    for (index, entry) in entries.iter().enumerate() {
        let id = entry.get("id").and_then(Json::as_str);
        let has_its_id = |table: &&Table| table.get("id").and_then(Item::as_str) == id;
        let former = if id.is_some() { before.iter().find(has_its_id) } else { before.get(index) };
        let mut table = former.cloned().unwrap_or_default();
        table.retain(|key, _| entry.contains_key(key));
        for (key, json) in *entry {
            put(&mut table, key, Item::Value(value(json, path)?));
        }
        table.set_position(position);
        anew.push(table);
    }
    Ok(anew)
}

/// A table as a table of its own, all else as a value; tables in a list stand on a line each.
fn item(json: &Json, path: &[String]) -> Result<Item, EditFault> {
    let spread = |json: &Json| {
        let mut value = value(json, path)?;
        if let (Value::Array(list), Some(_)) = (&mut value, objects(json)) {
            list.iter_mut().for_each(|table| table.decor_mut().set_prefix("\n    "));
            list.set_trailing("\n");
            list.set_trailing_comma(true);
        }
        Ok(Item::Value(value))
    };
    let Json::Object(entries) = json else { return spread(json) };
    let mut table = Table::new();
    for (key, json) in entries {
        table.insert(key, spread(json)?);
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
    fn lists_of_tables_stay_readable() {
        let text = "\
[plans.orange]
site = \"bund\"

# first of all
[[plans.orange.steps]]
id = \"patrol\"
limit_s = 600 # as agreed

[[plans.orange.steps]]
id = \"broadcast\" # over all loudspeakers
text = \"Keep moving\"

[calendar]
time_zone = \"Asia/Shanghai\"
";
        let path = || ["plans", "orange", "steps"].map(str::to_owned).to_vec();
        let steps = json!([
            { "id": "broadcast", "text": "Keep moving" },
            { "id": "gate", "text": "Close it" },
            { "id": "patrol", "limit_s": 300 },
        ]);
        let moved = edit(text, &[Edit { path: path(), value: steps.clone() }]).unwrap();
        let wanted = "\
[plans.orange]
site = \"bund\"

[[plans.orange.steps]]
id = \"broadcast\" # over all loudspeakers
text = \"Keep moving\"

[[plans.orange.steps]]
id = \"gate\"
text = \"Close it\"

# first of all
[[plans.orange.steps]]
id = \"patrol\"
limit_s = 300 # as agreed

[calendar]
time_zone = \"Asia/Shanghai\"
";
        assert_eq!(moved, wanted);
        // A list that is new has a table a line.
        let new = edit("", &[Edit { path: path(), value: steps }]).unwrap();
        assert!(new.contains("steps = [\n    { id = \"broadcast\", text = \"Keep moving\" },\n    { id = "), "{new}");
        let read: toml::Table = new.parse().unwrap();
        assert_eq!(read["plans"]["orange"]["steps"].as_array().unwrap().len(), 3);
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
