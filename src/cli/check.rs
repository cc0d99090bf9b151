//! `crowdflow check`: says what is wrong with a configuration.

use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::failure::{Unavailable, message};
use super::model::{check_input_sizes, open_models};
use super::output::{count as counted, print};
use crate::api::Tls;
use crate::app::{Findings, read_config};
use crate::config::{CameraPlan, ConfigError, Credentials, Plan, SourcePlan};
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
    sources: usize,
    zones: usize,
    lines: usize,
    rules: usize,
    faults: &'a [String],
    /// Users and passwords that are not where it says: `run` needs them.
    missing_secrets: &'a [String],
    /// `false`: there may be more faults, as keys and types that don't fit, or a text that isn't TOML, come first.
    values_checked: bool,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let (mut findings, plan) = match read_config(&args.config) {
        Ok(read) => read,
        // Its message names the file, and nothing in it can be at fault.
        Err(error @ ConfigError::Io { .. }) if !args.json => bail!("{error}"),
        Err(error) => (Findings::of(&error), None),
    };
    findings.faults.append(&mut findings.unfit_pictures);
    let mut unavailable = false;
    if let Some(plan) = plan.as_ref().filter(|_| args.environment) {
        findings.faults.append(&mut findings.missing_secrets);
        let environment = environment_faults(plan);
        unavailable = !environment.is_empty();
        findings.faults.extend(environment);
    }
    let count = |of: fn(&Plan) -> usize| plan.as_ref().map_or(0, of);
    let report = Report {
        config: &args.config,
        ok: findings.faults.is_empty(),
        cameras: count(|plan| plan.cameras.len()),
        sources: count(|plan| plan.sources.len()),
        zones: count(|plan| {
            let of_cameras = plan.cameras.iter().map(|camera| camera.zones.len());
            of_cameras.chain(plan.sources.iter().map(|source| source.zones.len())).sum()
        }),
        lines: count(|plan| {
            let of_cameras = plan.cameras.iter().map(|camera| camera.lines.len());
            of_cameras.chain(plan.sources.iter().map(|source| source.lines.len())).sum()
        }),
        rules: count(|plan| plan.rules.len()),
        faults: &findings.faults,
        missing_secrets: &findings.missing_secrets,
        values_checked: findings.values_checked,
    };
    if args.json {
        print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
    } else if report.ok {
        print(&format!(
            "{}: fine. {}{}, {}, {}, {}{}\n",
            args.config.display(),
            counted(report.cameras, "camera"),
            match report.sources {
                0 => String::new(),
                sources => format!(", {}", counted(sources, "external source")),
            },
            counted(report.zones, "zone"),
            counted(report.lines, "line"),
            counted(report.rules, "rule"),
            if args.environment { "; model, sources and port are there" } else { "" }
        ))?;
    }
    if !args.json && !report.missing_secrets.is_empty() {
        let missing = report.missing_secrets.join("\n");
        eprintln!("warning: not here, and needed by `run`:\n{missing}");
    }
    if report.ok {
        return Ok(());
    }
    let message = findings.list(&args.config);
    if unavailable { Err(Unavailable(message).into()) } else { bail!(message) }
}

/// Opens everything that the service would open, and closes it again.
fn environment_faults(plan: &Plan) -> Vec<String> {
    let mut faults = Vec::new();
    match open_models(&plan.inference) {
        Ok(models) => {
            for camera in &plan.cameras {
                if let Err(error) = check_input_sizes(&models, &plan.inference, camera) {
                    faults.push(message(&error));
                }
            }
        }
        Err(error) => faults.push(format!("inference: {error:#}")),
    }
    let needs_secret = |camera: &&CameraPlan| matches!(&camera.source, SourcePlan::Stream(stream) if matches!(stream.credentials, Credentials::Missing(_)));
    for camera in plan.cameras.iter().filter(|camera| !needs_secret(camera)) {
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
    if let Some(tls) = &plan.server.tls
        && let Err(error) = Tls::open(tls)
    {
        faults.push(format!("server.tls: {error}"));
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
