//! Why a configuration was not taken.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::{Fault, secret};

/// Why a configuration was not taken. No message holds a secret, whatever was written where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The text is not TOML; nothing more can be checked.
    #[error("{0}")]
    Syntax(SyntaxFault),
    /// Everything that is wrong in it, in the order of the file.
    #[error("{}", Lines(.0))]
    Faults(Vec<Fault>),
}

struct Lines<'f>(&'f [Fault]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

/// Where a text stops being TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxFault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line as written; `None` where it may hold a secret.
    pub text: Option<String>,
    /// What is wrong, in the parser's words, and where known what to do.
    pub message: String,
}

impl SyntaxFault {
    /// The parser's error, without keeping its copy of the text: that may hold secrets.
    pub(super) fn new(text: &str, error: &toml::de::Error) -> Self {
        let offset = text.floor_char_boundary(error.span().map_or(text.len(), |span| span.start));
        let line_start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        let line_text = text[line_start..].lines().next().unwrap_or("");
        let line = text[..line_start].matches('\n').count() + 1;
        let mut message = error.message().to_owned();
        if message == "duplicate key"
            && let Some(first) = first_of(text, line_start, line_text)
        {
            message = format!("duplicate key: it is already set on line {first}; keep one of them, or rename one");
        }
        if BARE_TEXT.iter().any(|beginning| message.starts_with(beginning)) {
            let found = bare_text(text[offset..].lines().next().unwrap_or_default());
            let found = if secret::is_sensitive(line_text) { secret::HIDDEN.to_owned() } else { found };
            message = format!("found {found}, expected a value; text must stand in quotes: \"…\"");
        }
        if message == "invalid basic string, expected `\"`" {
            message = "the text that begins on this line has no closing quote".to_owned();
        }
        Self {
            line,
            column: text[line_start..offset].chars().count() + 1,
            text: (!secret::is_sensitive(line_text)).then(|| secret::mask(line_text)),
            message,
        }
    }
}

/// How the parser's messages begin where a value stands that isn't in quotes: it takes `feld` for a misspelt `false`,
/// `north` for `nan` and `2026-gate` for a date.
const BARE_TEXT: [&str; 5] =
    ["string values must be quoted", "invalid boolean", "invalid float", "invalid date", "invalid time"];

/// What stands where a value begins, up to what may follow one, without secrets.
fn bare_text(rest_of_line: &str) -> String {
    // Masked first: a password may hold the very signs that end a value.
    let masked = secret::mask(rest_of_line);
    let end = masked.find([',', ']', '}', '#']).unwrap_or(masked.len());
    masked[..end].trim_end().to_owned()
}

/// The line, from 1, on which the table or key of a repeated line is set first.
fn first_of(text: &str, line_start: usize, line_text: &str) -> Option<usize> {
    let key_of = |line: &str| line.split('=').next().map(|key| key.trim().to_owned());
    let is_header = |line: &str| line.trim_start().starts_with('[');
    let before: Vec<&str> = text[..line_start].lines().collect();
    if is_header(line_text) {
        let header = |line: &str| line.split('#').next().map(|header| header.trim().to_owned());
        return before.iter().position(|line| header(line) == header(line_text)).map(|at| at + 1);
    }
    let in_this_table = before.iter().rposition(|line| is_header(line)).map_or(0, |at| at + 1);
    let same = |line: &&str| line.contains('=') && key_of(line) == key_of(line_text);
    before.get(in_this_table..)?.iter().position(same).map(|at| in_this_table + at + 1)
}

impl fmt::Display for SyntaxFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)?;
        match &self.text {
            Some(text) => {
                let gutter = self.line.to_string().len();
                write!(f, "\n{} | {text}\n{:gutter$} | {:>column$}", self.line, "", "^", column = self.column)
            }
            None => f.write_str("\n(the line is not shown, as it may hold a secret)"),
        }
    }
}
