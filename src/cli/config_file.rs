//! The configuration that a command is given.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};

use super::output::count;
use crate::analysis::rules_without_readings;
use crate::config::{self, CameraPlan, ConfigError, Fault, Plan};

/// Reads and checks it; the error says everything that is wrong with it. Users and passwords of cameras may be missing:
/// who opens such a camera is told.
pub(super) fn load(path: &Path) -> anyhow::Result<Plan> {
    let (findings, plan) = read(path)?;
    plan.ok_or_else(|| anyhow!(findings.list(path)))
}

/// Reads it, checks it, and tries its rules on what each camera will give. A plan is there where nothing is at fault but
/// secrets that are missing.
///
/// # Errors
/// [`ConfigError::Io`], which names the file itself.
pub(super) fn read(path: &Path) -> Result<(Findings, Option<Plan>), ConfigError> {
    let plan = match config::load(path) {
        Ok(plan) => plan,
        Err(error @ ConfigError::Io { .. }) => return Err(error),
        Err(error) => return Ok((Findings::of(&error), None)),
    };
    let mut findings = Findings::of_plan(&plan);
    findings.faults = in_words(&rules_without_readings(&plan));
    let is_fine = findings.faults.is_empty();
    Ok((findings, is_fine.then_some(plan)))
}

/// As [`load`], for those who open every camera: a user or password that is missing is a fault.
pub(super) fn load_with_secrets(path: &Path) -> anyhow::Result<Plan> {
    let (mut findings, plan) = read(path)?;
    findings.faults.append(&mut findings.missing_secrets);
    plan.filter(|_| findings.faults.is_empty()).ok_or_else(|| anyhow!(findings.list(path)))
}

/// The camera of that id; without one, the only one that is calibrated, or the only one at all.
pub(super) fn calibrated_camera(plan: &Plan, id: Option<&str>) -> anyhow::Result<CameraPlan> {
    let known = || plan.cameras.iter().map(|camera| camera.id.to_string()).collect::<Vec<_>>().join(", ");
    if let Some(id) = id {
        let camera = plan.cameras.iter().find(|camera| camera.id.as_str() == id).cloned();
        return camera.with_context(|| format!("--camera {id}: found no such camera, expected one of: {}", known()));
    }
    let mut calibrated = plan.cameras.iter().filter(|camera| camera.calibration.is_some());
    match (calibrated.next(), calibrated.next(), plan.cameras.as_slice()) {
        (Some(only), None, _) | (None, _, [only]) => Ok(only.clone()),
        _ => bail!("say which camera with --camera, one of: {}", known()),
    }
}

/// What is wrong in a configuration, each by itself, and what it needs that is not here.
pub(super) struct Findings {
    /// What has to be changed in it.
    pub(super) faults: Vec<String>,
    /// Users and passwords that are not where it says.
    pub(super) missing_secrets: Vec<String>,
    /// `false`: there may be more faults, as keys and types that don't fit, or a text that isn't TOML, come first.
    pub(super) values_checked: bool,
}

impl Findings {
    /// Of a configuration that was not taken.
    pub(super) fn of(error: &ConfigError) -> Self {
        match error {
            ConfigError::Faults(faults) => {
                let values_checked = !faults.iter().all(|fault| fault.kind.is_of_shape());
                let (missing, faults): (Vec<Fault>, Vec<Fault>) =
                    faults.iter().cloned().partition(|fault| fault.kind.is_missing_secret());
                Self { faults: in_words(&faults), missing_secrets: in_words(&missing), values_checked }
            }
            ConfigError::Io { .. } | ConfigError::Syntax(_) => {
                Self { faults: vec![error.to_string()], missing_secrets: Vec::new(), values_checked: false }
            }
        }
    }

    /// Of a configuration that was taken.
    pub(super) fn of_plan(plan: &Plan) -> Self {
        Self { faults: Vec::new(), missing_secrets: in_words(&plan.missing_secrets()), values_checked: true }
    }

    /// How many faults a configuration has, which, and whether there may be more.
    pub(super) fn list(&self, path: &Path) -> String {
        let faults = &self.faults;
        let mut list = format!("{}: {}\n{}", path.display(), count(faults.len(), "fault"), faults.join("\n"));
        if !self.values_checked {
            let these = if faults.len() == 1 { "this is" } else { "these are" };
            list.push_str(&format!("\nThe values of the other keys are checked once {these} mended"));
        }
        list
    }
}

fn in_words(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}
