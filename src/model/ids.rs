//! Names of configured things. An id is 1 to 64 of `a-z 0-9 _ -`, starting with a letter or digit,
//! so that it is safe in a metric label, a file name and a URL.

use std::fmt;
use std::sync::Arc;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not an id: expected 1 to 64 of a-z, 0-9, `_` and `-`, starting with a letter or digit")]
pub struct IdError {
    /// The text that was found.
    pub found: String,
}

fn check(text: &str) -> Result<Arc<str>, IdError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if starts_well && text.len() <= 64 && text.chars().all(allowed) {
        Ok(text.into())
    } else {
        Err(IdError { found: text.to_owned() })
    }
}

/// As [`check`], for what the product itself has written: rules that it brings along are named there, too.
fn written(text: &str) -> Result<Arc<str>, IdError> {
    match text.split_once('.') {
        Some((kind, id)) if BUILT_IN.contains(&kind) => check(id).map(|_| text.into()),
        _ => check(text),
    }
}

/// What [`written`] takes, as a regular expression.
const WRITTEN_PATTERN: &str = "^((blind|undelivered|drill)\\.)?[a-z0-9][a-z0-9_-]{0,63}$";

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and takes a configured name.
            ///
            /// # Errors
            /// [`IdError`] where the text has other characters or another length than an id may have.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check(text).map(Self)
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": WRITTEN_PATTERN })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                written(&text).map(Self).map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A camera's name, unique in a configuration.
    CameraId
);
id!(
    /// A zone's name, unique within its camera.
    ZoneId
);
id!(
    /// A line's name, unique within its camera.
    LineId
);
id!(
    /// An alert rule's name, unique in a configuration.
    RuleId
);

/// Rules that the product brings along have ids that no configured rule can have: what they watch for, a dot, and whom.
const BUILT_IN: [&str; 3] = ["blind", "undelivered", "drill"];

impl RuleId {
    /// The rule that tells of this camera's blindness.
    #[must_use]
    pub fn of_blindness(camera: &CameraId) -> Self {
        Self(format!("{}.{camera}", BUILT_IN[0]).into())
    }

    /// The rule that tells of messages to this destination that were given up.
    #[must_use]
    pub fn of_undelivered(destination: &DestinationId) -> Self {
        Self(format!("{}.{destination}", BUILT_IN[1]).into())
    }

    /// The rule that is this one in a drill.
    #[must_use]
    pub fn of_drill(&self) -> Self {
        Self(format!("{}.{self}", BUILT_IN[2]).into())
    }

    /// Whether its alerts are drills.
    #[must_use]
    pub fn is_drill(&self) -> bool {
        self.0.strip_prefix(BUILT_IN[2]).is_some_and(|rest| rest.starts_with('.'))
    }
}

id!(
    /// A site's name, unique in a configuration: a group of zones, or the whole of a place.
    SiteId
);
id!(
    /// A site map's name, unique in a configuration.
    MapId
);
id!(
    /// A destination's name, unique in a configuration.
    DestinationId
);
id!(
    /// A command unit's name, unique in a configuration.
    UnitId
);

/// A track's number, unique within one camera's tracker since it was built (so across epochs too). Counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u64);

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_safe_everywhere_it_is_written() {
        for good in ["a", "gate_a", "0-north", &"x".repeat(64)] {
            assert_eq!(ZoneId::new(good).map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "_a", "-a", "Gate", "a b", "a/b", "外滩", &"x".repeat(65)] {
            assert!(ZoneId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rule_of_the_product_itself_can_be_kept_but_not_configured() {
        let rule = RuleId::of_blindness(&CameraId::new("gate").unwrap());
        assert_eq!(rule.as_str(), "blind.gate");
        assert!(RuleId::new(rule.as_str()).is_err());
        let kept = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<RuleId>(&kept).unwrap(), rule);
        assert!(serde_json::from_str::<RuleId>("\"other.gate\"").is_err());
    }
}
