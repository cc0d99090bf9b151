//! Who may do what: the roles of users, and the part of the site that each has to do with.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{SiteId, UnitId};

/// What somebody may do; each role may do all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks on.
    Viewer,
    /// Acts on alerts.
    Operator,
    /// Changes what is watched and how: profiles, drills.
    Planner,
    /// Looks after users.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Planner, Self::Admin];

    /// Its name in the store, in JSON and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Planner => "planner",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// Which sites somebody has to do with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AccessScope {
    /// Everything, also what belongs to no site.
    All,
    /// These sites, and those that these units, or units below them, look after.
    Only {
        /// Sites.
        #[serde(default)]
        sites: BTreeSet<SiteId>,
        /// Units.
        #[serde(default)]
        units: BTreeSet<UnitId>,
    },
}

/// In words.
impl fmt::Display for AccessScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Only { sites, units } = self else { return f.write_str("everything") };
        let sites = sites.iter().map(|site| format!("site {site}"));
        let parts: Vec<String> = sites.chain(units.iter().map(|unit| format!("unit {unit}"))).collect();
        f.write_str(&parts.join(", "))
    }
}
