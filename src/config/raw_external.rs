//! External sources as written: see [`super::raw`].

use serde::Deserialize;

use super::number::Number;
use super::raw::{ById, Expected, Table, expected};
use super::raw_delivery::RawMqtt;

/// `[sources.ID]`: exactly one of http and mqtt.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawExternalSource {
    pub name: Option<String>,
    pub stale_after_s: Option<Number>,
    pub http: Option<Table<RawToken>>,
    pub mqtt: Option<Table<RawMqtt>>,
    pub zones: ById<RawCountedZone>,
    pub lines: ById<RawCountedLine>,
}

/// `[sources.ID.http]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawToken {
    pub token_env: Option<String>,
    pub token_file: Option<String>,
}

/// `[sources.ID.zones.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCountedZone {
    pub name: Option<String>,
    pub area_m2: Option<Number>,
}

/// `[sources.ID.lines.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCountedLine {
    pub name: Option<String>,
}

expected! {
    RawExternalSource: "a table with http or mqtt, and zones or lines",
    RawToken: "a table with token_env or token_file",
    RawCountedZone: "a table such as { name = \"Hall\", area_m2 = 400 }",
    RawCountedLine: "a table such as { name = \"North gate\" }",
}
