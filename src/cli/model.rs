//! `crowdflow model`: what models there are, and whether they are what they should be.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::output::print;
use crate::config::{CameraPlan, InferencePlan};
use crate::inference::{Manifest, Model, Models, Runtime};

/// Show the models of a manifest and verify their checksums.
#[derive(Debug, Args)]
pub(super) struct ModelArgs {
    /// Describe this model: input, outputs, head, classes, thresholds, licence. Without it all are listed and verified.
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// The manifest; without it the shipped one.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// ONNX Runtime's shared library; without it as set up.
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// Write JSON instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Listed {
    id: String,
    file: PathBuf,
    licence: String,
    source: String,
    verified: bool,
    fault: Option<String>,
}

pub(super) fn run(args: &ModelArgs) -> anyhow::Result<()> {
    let manifest = Manifest::find(args.manifest.as_deref())?;
    if let Some(id) = &args.id {
        let runtime = Runtime::load(args.onnxruntime.as_deref())?;
        let description = Model::open(&runtime, manifest.model(id)?)?.describe();
        let text = if args.json {
            serde_json::to_string_pretty(&description)? + "\n"
        } else {
            toml::to_string_pretty(&description).context("the model cannot be described")?
        };
        return Ok(print(&text)?);
    }
    let listed: Vec<Listed> = manifest
        .models()
        .zip(manifest.verify())
        .map(|(entry, verification)| Listed {
            id: entry.id.clone(),
            file: entry.file.clone(),
            licence: entry.licence.clone(),
            source: entry.source.clone(),
            verified: verification.result.is_ok(),
            fault: verification.result.err().map(|error| error.to_string()),
        })
        .collect();
    let text = if args.json {
        serde_json::to_string_pretty(&listed)? + "\n"
    } else {
        let line = |model: &Listed| {
            let state = if model.verified { "checksum right" } else { "WRONG" };
            format!("{}  {}  {}  {state}\n", model.id, model.file.display(), model.licence)
        };
        listed.iter().map(line).collect()
    };
    print(&text)?;
    let faults: Vec<String> = listed.into_iter().filter_map(|model| model.fault).collect();
    anyhow::ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// Checks that the camera's input sizes fit the models; an error names the key. A size that is chosen fits.
pub(super) fn check_input_sizes(models: &Models, plan: &InferencePlan, camera: &CameraPlan) -> anyhow::Result<()> {
    let key = || format!("cameras.{}.input_size", camera.id);
    let is_auto = camera.input.auto.is_some();
    if !is_auto {
        models.detector.check_size(camera.input.size).with_context(key)?;
    }
    if let (Some(model), Some(density_map), Some(_)) =
        (&models.density_map, &plan.density_map, camera.counting.density_map_every_s)
    {
        match density_map.input_size {
            Some(size) => model.check_size(size).context("inference.density_map.input_size")?,
            None => model.check_size(camera.input.size).with_context(|| {
                let taken = if is_auto {
                    format!("and cameras.{} has \"auto\", so the default is taken", camera.id)
                } else {
                    format!("so that of cameras.{} is taken", camera.id)
                };
                format!("inference.density_map has no input_size, {taken}")
            })?,
        }
    }
    Ok(())
}

/// Loads ONNX Runtime and checks the plan's models.
pub(super) fn open_models(plan: &InferencePlan) -> anyhow::Result<Models> {
    let manifest = Manifest::find(plan.manifest.as_deref())?;
    let runtime = Runtime::load(plan.onnxruntime.as_deref())?;
    Ok(Models::open(&runtime, &manifest, plan)?)
}
