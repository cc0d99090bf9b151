//! The configuration that a command is given.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};

use crate::app::read_config;
use crate::config::{CameraPlan, Plan};

/// Reads and checks it; the error says everything that is wrong with it. Users and passwords of cameras may be missing:
/// who opens such a camera is told.
pub(super) fn load(path: &Path) -> anyhow::Result<Plan> {
    let (findings, plan) = read_config(path)?;
    plan.ok_or_else(|| anyhow!(findings.list(path)))
}

/// As [`load`], for those who open every camera: a user or password that is missing is a fault.
pub(super) fn load_with_secrets(path: &Path) -> anyhow::Result<Plan> {
    let (mut findings, plan) = read_config(path)?;
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
