//! A parsed TOML text: from key paths to lines, and from the text to the raw structs with every fault of shape at once.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key_path::{KeyPath, Segment};
use super::raw::RawConfig;
use super::suggest::nearest;
use super::{Fault, FaultKind, SyntaxFault, secret};

/// Faults of shape that are collected before giving up: each takes another pass over the file.
const SHAPE_FAULTS_MOST: usize = 100;

/// A TOML text that parsed.
pub(super) struct Document<'t> {
    text: &'t str,
    root: Spanned<DeTable<'t>>,
}

impl<'t> Document<'t> {
    /// Parses a text.
    pub(super) fn parse(text: &'t str) -> Result<Self, SyntaxFault> {
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { text, root }),
            Err(error) => Err(SyntaxFault::new(text, &error)),
        }
    }

    /// The line of a key, from 1; of the nearest table around it where the key itself is missing.
    pub(super) fn line_of(&self, path: &KeyPath) -> Option<usize> {
        let [Segment::Key(first), rest @ ..] = path.segments() else { return None };
        let (key, mut value) = self.root.get_ref().get_key_value(first.as_str())?;
        let mut at = key.span();
        for segment in rest {
            let next = match (segment, value.get_ref()) {
                (Segment::Key(key), DeValue::Table(table)) => {
                    table.get_key_value(key.as_str()).map(|(key, value)| (key.span(), value))
                }
                (Segment::Index(index), DeValue::Array(items)) => items.get(*index).map(|item| (item.span(), item)),
                _ => None,
            };
            let Some((span, inner)) = next else { break };
            (at, value) = (span, inner);
        }
        Some(self.text.get(..at.start)?.matches('\n').count() + 1)
    }

    /// The text in the shape of the raw structs, or every key that doesn't fit.
    ///
    /// The deserialiser stops at its first error. So the key at fault is noted and taken out, and it is asked again:
    /// an operator sees all the slips of a long file at once.
    pub(super) fn shape(&self) -> Result<RawConfig, Vec<Fault>> {
        let mut root = self.root.clone();
        let mut faults = Vec::new();
        loop {
            let error = match RawConfig::deserialize(toml::Deserializer::from(root.clone())) {
                Ok(raw) if faults.is_empty() => return Ok(raw),
                Ok(_) => break,
                Err(error) => error,
            };
            let place = error.span().and_then(|span| find(root.get_ref(), &span, &KeyPath::default()));
            let (path, value) = place.unwrap_or((KeyPath::default(), None));
            let mut fault = shape_fault(error.message(), &path, value);
            fault.path = path.to_string();
            fault.line = self.line_of(&path);
            faults.push(fault);
            if faults.len() >= SHAPE_FAULTS_MOST || !take_out(root.get_mut(), path.segments()) {
                break;
            }
        }
        faults.sort_by_key(|fault| fault.line);
        Err(faults)
    }
}

/// The path and value that a span belongs to: that of a key (then without its value) or of a value.
fn find<'v, 't>(
    table: &'v DeTable<'t>,
    span: &Range<usize>,
    path: &KeyPath,
) -> Option<(KeyPath, Option<&'v DeValue<'t>>)> {
    table.iter().find_map(|(key, value)| {
        let path = path.key(key.get_ref().as_ref());
        find_in(value, span, &path).or_else(|| (key.span() == *span).then_some((path, None)))
    })
}

fn find_in<'v, 't>(
    value: &'v Spanned<DeValue<'t>>,
    span: &Range<usize>,
    path: &KeyPath,
) -> Option<(KeyPath, Option<&'v DeValue<'t>>)> {
    let inside = match value.get_ref() {
        DeValue::Table(table) => find(table, span, path),
        DeValue::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| find_in(item, span, &path.index(index)))
        }
        _ => None,
    };
    inside.or_else(|| (value.span() == *span).then(|| (path.clone(), Some(value.get_ref()))))
}

/// Removes the key at a path; for an item of a list the list's key, as the other items' numbers would change.
fn take_out(table: &mut DeTable<'_>, path: &[Segment]) -> bool {
    let [Segment::Key(key), rest @ ..] = path else { return false };
    if let [Segment::Key(_), ..] = rest
        && let Some(DeValue::Table(inner)) = table.get_mut(key.as_str()).map(Spanned::get_mut)
    {
        return take_out(inner, rest);
    }
    table.remove(key.as_str()).is_some()
}

/// A fault from the deserialiser's message. serde has no other way to say what it knows; its texts are held by tests.
fn shape_fault(message: &str, path: &KeyPath, value: Option<&DeValue<'_>>) -> Fault {
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let mut names = rest.split('`').skip(1).step_by(2);
        let written = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        let fault = Fault::new(
            FaultKind::UnknownKey,
            format!("an unknown key `{written}`"),
            format!("one of {}", known.join(", ")),
        );
        return match nearest(written, known.iter().copied()) {
            Some(meant) => fault.help(format!("Did you mean `{meant}`?")),
            None => fault,
        };
    }
    let expected = match message.split_once(", expected ").map_or(message, |(_, expected)| expected) {
        "a string" => "text in quotes",
        "a boolean" => "true or false (without quotes)",
        "a sequence" => "a list [ … ]",
        "a map" => "tables, each under its own id",
        other => other,
    };
    let found = match value {
        Some(_) if secret::is_sensitive(&path.to_string()) => secret::HIDDEN.to_owned(),
        Some(value) => in_words(value),
        None => "another value".to_owned(),
    };
    Fault::new(FaultKind::WrongType, found, expected)
}

fn in_words(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(time) => format!("the time {time}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
