//! Site maps as written: see [`super::raw`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::number::Number;
use super::raw::{Expected, RawPoint, expected};

/// `[maps.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawMap {
    pub name: Option<String>,
    pub picture: Option<String>,
    pub width_m: Option<Number>,
    pub zones: BTreeMap<String, Vec<RawPoint>>,
    pub lines: BTreeMap<String, Vec<RawPoint>>,
    pub cameras: BTreeMap<String, RawPoint>,
}

expected! {
    RawMap: "a table with picture and zones",
}
