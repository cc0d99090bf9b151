//! The configuration that a command is given.

use std::path::Path;

use anyhow::anyhow;

use super::output::count;
use crate::config::{self, ConfigError, Fault, Plan};

/// Reads and checks it; the error says everything that is wrong with it. Users and passwords of cameras may be missing:
/// who opens such a camera is told.
pub(super) fn load(path: &Path) -> anyhow::Result<Plan> {
    config::load(path).map_err(|error| match error {
        // It names the file itself.
        ConfigError::Io { .. } => anyhow!("{error}"),
        _ => anyhow!(list(path, &Findings::of(&error).faults)),
    })
}

/// As [`load`], for those who open every camera: a user or password that is missing is a fault.
pub(super) fn load_with_secrets(path: &Path) -> anyhow::Result<Plan> {
    match config::load(path) {
        Ok(plan) => match plan.missing_secrets() {
            missing if missing.is_empty() => Ok(plan),
            missing => Err(anyhow!(list(path, &in_words(&missing)))),
        },
        Err(ConfigError::Faults(faults)) => Err(anyhow!(list(path, &in_words(&faults)))),
        Err(_) => load(path),
    }
}

/// What is wrong in a configuration, each by itself, and what it needs that is not here.
#[derive(Default)]
pub(super) struct Findings {
    /// What has to be changed in it.
    pub(super) faults: Vec<String>,
    /// Users and passwords that are not where it says.
    pub(super) missing_secrets: Vec<String>,
}

impl Findings {
    /// Of a configuration that was not taken.
    pub(super) fn of(error: &ConfigError) -> Self {
        match error {
            ConfigError::Faults(faults) => {
                let (missing, faults): (Vec<Fault>, Vec<Fault>) =
                    faults.iter().cloned().partition(|fault| fault.kind.is_missing_secret());
                Self { faults: in_words(&faults), missing_secrets: in_words(&missing) }
            }
            ConfigError::Io { .. } | ConfigError::Syntax(_) => {
                Self { faults: vec![error.to_string()], ..Self::default() }
            }
        }
    }

    /// Of a configuration that was taken.
    pub(super) fn of_plan(plan: &Plan) -> Self {
        Self { faults: Vec::new(), missing_secrets: in_words(&plan.missing_secrets()) }
    }
}

fn in_words(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

/// How many faults a configuration has, and which.
pub(super) fn list(path: &Path, faults: &[String]) -> String {
    format!("{}: {}\n{}", path.display(), count(faults.len(), "fault"), faults.join("\n"))
}
