//! The store as written: see [`super::raw`].

use serde::Deserialize;

use super::number::Number;
use super::raw::{Expected, Table, expected};

/// `[store]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawStore {
    pub file: Option<String>,
    pub postgres: Option<String>,
    pub password_env: Option<String>,
    pub password_file: Option<String>,
    pub keep_days: Table<RawKeepDays>,
}

/// `[store.keep_days]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawKeepDays {
    pub samples: Option<Number>,
    pub series: Option<Number>,
    pub minutes: Option<Number>,
    pub hours: Option<Number>,
    pub crossings: Option<Number>,
    pub alerts: Option<Number>,
    pub deliveries: Option<Number>,
    pub health: Option<Number>,
}

expected! {
    RawStore: "a table such as { file = \"crowdflow.db\" }",
    RawKeepDays: "a table such as { alerts = 1095 }",
}
