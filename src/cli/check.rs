//! `crowdflow check`: says what is wrong with a configuration.

use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::config_file;
use super::failure::{Unavailable, message};
use super::model::{check_input_size, open_model};
use super::output::print;
use crate::config::{self, ConfigError, Plan};
use crate::sink::{AlertLog, HeatMapFolder};
use crate::source;

/// Check a configuration: every fault at once, with its place.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The configuration.
    #[arg(value_name = "FILE")]
    config: PathBuf,
    /// Also open what it names: the model, every source, the port, the alert log.
    #[arg(long)]
    environment: bool,
    /// Write JSON instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Report<'a> {
    config: &'a PathBuf,
    ok: bool,
    cameras: usize,
    zones: usize,
    lines: usize,
    rules: usize,
    faults: Vec<String>,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let loaded = config::load(&args.config);
    let (mut faults, plan) = match loaded {
        Ok(plan) => (Vec::new(), Some(plan)),
        // Its message names the file, and nothing in it can be at fault.
        Err(error @ ConfigError::Io { .. }) if !args.json => bail!("{error}"),
        Err(error) => (config_file::faults(&error), None),
    };
    let mut unavailable = false;
    if let Some(plan) = plan.as_ref().filter(|_| args.environment) {
        faults = environment_faults(plan);
        unavailable = !faults.is_empty();
    }
    let count = |of: fn(&Plan) -> usize| plan.as_ref().map_or(0, of);
    let report = Report {
        config: &args.config,
        ok: faults.is_empty(),
        cameras: count(|plan| plan.cameras.len()),
        zones: count(|plan| plan.cameras.iter().map(|camera| camera.zones.len()).sum()),
        lines: count(|plan| plan.cameras.iter().map(|camera| camera.lines.len()).sum()),
        rules: count(|plan| plan.rules.len()),
        faults,
    };
    if args.json {
        print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
    } else if report.ok {
        print(&format!(
            "{}: fine. {} cameras, {} zones, {} lines, {} rules{}\n",
            args.config.display(),
            report.cameras,
            report.zones,
            report.lines,
            report.rules,
            if args.environment { "; model, sources and port are there" } else { "" }
        ))?;
    }
    if report.ok {
        return Ok(());
    }
    let message = config_file::list(&args.config, &report.faults);
    if unavailable { Err(Unavailable(message).into()) } else { bail!(message) }
}

/// Opens everything that the service would open, and closes it again.
fn environment_faults(plan: &Plan) -> Vec<String> {
    let mut faults = Vec::new();
    match open_model(&plan.inference) {
        Ok(model) => {
            for camera in &plan.cameras {
                if let Err(error) = check_input_size(&model, camera) {
                    faults.push(message(&error));
                }
            }
        }
        Err(error) => faults.push(format!("inference: {error:#}")),
    }
    for camera in &plan.cameras {
        let first = source::open(&camera.source).and_then(|mut source| {
            source.grab()?;
            source.retrieve().map(drop)
        });
        if let Err(error) = first {
            faults.push(format!("cameras.{}.source: {error}", camera.id));
        }
    }
    if let Err(error) = TcpListener::bind(plan.server.listen) {
        faults.push(format!("server.listen: cannot listen on {}: {error}", plan.server.listen));
    }
    if let Some(path) = &plan.alerts_jsonl
        && let Err(error) = AlertLog::open(path)
    {
        faults.push(format!("output.alerts_jsonl: cannot write {}: {error}", path.display()));
    }
    if let Some(path) = &plan.heat_maps.folder
        && let Err(error) = HeatMapFolder::open(path)
    {
        faults.push(format!("output.heat_maps: cannot write to {}: {error}", path.display()));
    }
    faults
}
