//! `crowdflow evidence`: whether evidence is as it was written.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::failure;
use super::output::{count, print};
use crate::evidence::{EvidenceError, EvidenceFolder, Verification, verify};

/// Check evidence of alerts, also while the service runs.
#[derive(Debug, Args)]
pub(super) struct EvidenceArgs {
    #[command(subcommand)]
    command: EvidenceCommand,
}

#[derive(Debug, Subcommand)]
enum EvidenceCommand {
    /// Check the whole chain of records and every file: what is missing, changed, removed or on no record. Exit code 65
    /// where something is not as it was written.
    Verify {
        /// The store's file, or postgres://USER@HOST:PORT/DATABASE (its password in PGPASSWORD or ~/.pgpass).
        #[arg(long, value_name = "STORE")]
        store: String,
        /// The folder of evidence.
        #[arg(long, value_name = "FOLDER")]
        evidence: PathBuf,
        /// A newest hash that was noted earlier: it has to be on the chain still.
        #[arg(long, value_name = "HASH")]
        known_hash: Option<String>,
        /// Write JSON instead of text.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: &EvidenceArgs) -> anyhow::Result<ExitCode> {
    let EvidenceCommand::Verify { store, evidence, known_hash, json } = &args.command;
    let folder = open_folder(evidence)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let store = super::store::open(store).await?;
        verify(&store, &folder, known_hash.as_deref()).await
    })?;
    print(&if *json { as_json(&done)? } else { as_text(&done) })?;
    Ok(if done.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(failure::NOT_AS_WRITTEN) })
}

pub(super) fn open_folder(path: &Path) -> Result<EvidenceFolder, EvidenceError> {
    EvidenceFolder::open_existing(path).map_err(|source| EvidenceError::Io { path: path.to_owned(), source })
}

fn as_json(done: &Verification) -> serde_json::Result<String> {
    let value = serde_json::json!({
        "records": done.records,
        "files": done.files,
        "begins_with": done.begins_with,
        "newest": done.newest,
        "findings": done.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

fn as_text(done: &Verification) -> String {
    let mut lines: Vec<String> = done.findings.iter().map(ToString::to_string).collect();
    if let Some(first) = done.begins_with {
        lines.push(format!("the chain begins with record {first}: those before it were removed, as retention does"));
    }
    if let Some(newest) = &done.newest {
        lines.push(format!("newest hash {newest}: note it elsewhere, and give it as --known-hash later"));
    }
    let (records, files) = (count(done.records as usize, "record"), count(done.files as usize, "file"));
    let verdict = match done.findings.len() {
        0 => "all as it was written".to_owned(),
        findings => format!("{} not as it was written", count(findings, "thing")),
    };
    lines.push(format!("{records}, {files}: {verdict}"));
    lines.join("\n") + "\n"
}
