//! Evidence as written: see [`super::raw`].

use serde::Deserialize;

use super::number::Number;
use super::raw::{Expected, expected};

/// `[evidence]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawEvidence {
    pub folder: Option<String>,
    pub before_s: Option<Number>,
    pub after_s: Option<Number>,
    pub hide: Option<String>,
    pub clip: Option<bool>,
    pub keep_days: Option<Number>,
}

expected! {
    RawEvidence: "a table such as { folder = \"evidence\" }",
}
