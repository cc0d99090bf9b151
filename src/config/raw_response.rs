//! Sites, units, plans and times as written: see [`super::raw`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::number::Number;
use super::raw::{Expected, Table, expected};

/// `[sites.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSite {
    pub name: Option<String>,
    pub unit: Option<String>,
    pub zones: Option<Vec<String>>,
    pub entrances: BTreeMap<String, String>,
    pub capacity: Option<Number>,
}

/// `[units.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawUnit {
    pub name: Option<String>,
    pub parent: Option<String>,
    pub levels: Option<Vec<String>>,
}

/// `[plans.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawResponsePlan {
    pub name: Option<String>,
    pub site: Option<String>,
    pub level: Option<String>,
    pub steps: Vec<Table<RawStep>>,
}

/// `[[plans.ID.steps]]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawStep {
    pub id: Option<String>,
    pub kind: Option<String>,
    pub text: Option<String>,
    pub text_zh: Option<String>,
    pub unit: Option<String>,
    pub limit_s: Option<Number>,
}

/// `[alerts]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawPursuit {
    pub remind_every_s: Option<Number>,
    pub longest_shelf_s: Option<Number>,
    pub blind_level: Option<String>,
    pub escalate_after_s: Table<RawEscalation>,
}

/// `[alerts.escalate_after_s]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawEscalation {
    pub blue: Option<Number>,
    pub yellow: Option<Number>,
    pub orange: Option<Number>,
    pub red: Option<Number>,
}

/// `[calendar]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCalendar {
    pub time_zone: Option<String>,
    pub holidays: Vec<String>,
}

/// `[schedules.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSchedule {
    pub days: Option<Vec<String>>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub holidays: Option<String>,
}

/// `[profiles.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawProfile {
    pub name: Option<String>,
    pub dates: Vec<String>,
}

expected! {
    RawSite: "a table with zones",
    RawUnit: "a table",
    RawResponsePlan: "a table with site, level and steps",
    RawStep: "a table with id, kind, text and text_zh",
    RawPursuit: "a table",
    RawEscalation: "a table of levels such as { red = 30 }",
    RawCalendar: "a table",
    RawSchedule: "a table with days, from and to",
    RawProfile: "a table",
}
