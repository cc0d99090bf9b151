//! The configuration that a command is given.

use std::path::Path;

use anyhow::anyhow;

use crate::config::{self, ConfigError, Plan};

/// Reads and checks it; the error says everything that is wrong with it.
pub(super) fn load(path: &Path) -> anyhow::Result<Plan> {
    config::load(path).map_err(|error| match error {
        // It names the file itself.
        ConfigError::Io { .. } => anyhow!("{error}"),
        _ => anyhow!(list(path, &faults(&error))),
    })
}

/// Each fault by itself.
pub(super) fn faults(error: &ConfigError) -> Vec<String> {
    match error {
        ConfigError::Faults(faults) => faults.iter().map(ToString::to_string).collect(),
        ConfigError::Io { .. } | ConfigError::Syntax(_) => vec![error.to_string()],
    }
}

/// How many faults a configuration has, and which.
pub(super) fn list(path: &Path, faults: &[String]) -> String {
    let s = if faults.len() == 1 { "" } else { "s" };
    format!("{}: {} fault{s}\n{}", path.display(), faults.len(), faults.join("\n"))
}
