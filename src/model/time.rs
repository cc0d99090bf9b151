//! Frame time.

/// UTC time in microseconds since 1970-01-01. It travels with a frame; nothing below the edge reads a clock.
///
/// Serialised it is that number: for state that survives a restart. Outputs say times in RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// What [`Timestamp::from_rfc3339`] takes, in words.
    pub const RFC3339_WORDS: &str =
        "date, time and offset as RFC 3339 writes them, 2026-11-24T03:00:00Z or 2026-11-24T11:00:00+08:00";

    /// The time of an RFC 3339 text, which says its offset; whole microseconds.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|time| Self(time.as_microsecond()))
    }

    /// Seconds from `earlier` to `self`; negative where `self` is earlier.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1e6
    }

    /// This time moved by `seconds` (rounded to whole microseconds).
    #[must_use]
    pub fn plus_seconds(self, seconds: f64) -> Self {
        Self(self.0.saturating_add((seconds * 1e6).round() as i64))
    }

    /// RFC 3339 in UTC with microseconds, as every output file writes it: `2026-11-24T03:00:00.142857Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => format!("{time:.6}"),
            Err(_) => format!("{}us", self.0),
        }
    }
}

/// A time as [`Timestamp::to_rfc3339`] writes it, in descriptions of formats.
#[derive(Debug)]
pub struct Rfc3339;

impl schemars::JsonSchema for Rfc3339 {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_microseconds() {
        assert_eq!(Timestamp(0).to_rfc3339(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Timestamp(0).plus_seconds(1.0 / 7.0).to_rfc3339(), "1970-01-01T00:00:00.142857Z");
        let read = Timestamp::from_rfc3339("1970-01-01T08:00:00.142857+08:00");
        assert_eq!(read, Some(Timestamp(0).plus_seconds(1.0 / 7.0)));
        assert_eq!(Timestamp::from_rfc3339("1970-01-01T08:00:00"), None);
        assert_eq!(Timestamp(2_000_000).seconds_since(Timestamp(500_000)), 1.5);
    }
}
