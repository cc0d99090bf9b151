//! `crowdflow alert`: which alerts there are, and one with all that is known of it as a file.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::failure;
use super::output::{count, print};
use crate::evidence::export;
use crate::model::{Level, Timestamp};
use crate::store::{AlertFilter, AlertRow};

/// Look at alerts in the store, also while the service runs.
#[derive(Debug, Args)]
pub(super) struct AlertArgs {
    #[command(subcommand)]
    command: AlertCommand,
}

#[derive(Debug, Subcommand)]
enum AlertCommand {
    /// List alerts, the newest first.
    List {
        /// The store's file, or postgres://USER@HOST:PORT/DATABASE (its password in PGPASSWORD or ~/.pgpass).
        #[arg(long, value_name = "STORE")]
        store: String,
        /// Only those that are open.
        #[arg(long)]
        open: bool,
        /// So many at most.
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        most: u32,
        /// Write JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Write all that is known of an alert, with its evidence, as a ZIP file. Exit code 65 where a file of evidence is
    /// missing or was changed; the rest is written all the same.
    Export {
        /// The alert's id, as `list` says it.
        #[arg(value_name = "ALERT")]
        alert: String,
        /// The store's file, or postgres://USER@HOST:PORT/DATABASE (its password in PGPASSWORD or ~/.pgpass).
        #[arg(long, value_name = "STORE")]
        store: String,
        /// The folder of evidence.
        #[arg(long, value_name = "FOLDER")]
        evidence: PathBuf,
        /// The ZIP file. Nothing may be there yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

pub(super) fn run(args: &AlertArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &args.command {
        AlertCommand::List { store, open, most, json } => {
            let filter = AlertFilter { open: *open, ..AlertFilter::default() };
            let alerts = runtime.block_on(async { super::store::open(store).await?.alerts(&filter, *most).await })?;
            print(&if *json { as_json(&alerts)? } else { as_text(&alerts) })?;
            Ok(ExitCode::SUCCESS)
        }
        AlertCommand::Export { alert, store, evidence, to } => {
            let folder = super::evidence::open_folder(evidence)?;
            let exported = runtime.block_on(async {
                let store = super::store::open(store).await?;
                export(&store, &folder, alert, to).await
            })?;
            print(&format!("{}: written, with {} of evidence\n", to.display(), count(exported.files, "file")))?;
            for finding in &exported.findings {
                eprintln!("warning: {finding}");
            }
            let is_fine = exported.findings.is_empty();
            Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::from(failure::NOT_AS_WRITTEN) })
        }
    }
}

fn as_json(alerts: &[AlertRow]) -> serde_json::Result<String> {
    let alert = |alert: &AlertRow| {
        serde_json::json!({
            "id": alert.id, "rule": alert.rule, "name": alert.name, "place": alert.place.to_string(),
            "measure": alert.measure, "drill": alert.drill, "state": alert.state, "level": alert.level.map(Level::as_str),
            "highest": alert.highest.map(Level::as_str), "stale": alert.stale, "since": alert.since.to_rfc3339(),
            "closed": alert.closed.map(Timestamp::to_rfc3339),
            "acknowledged_by": alert.acknowledged.as_ref().map(|(_, who)| who),
        })
    };
    Ok(serde_json::to_string_pretty(&alerts.iter().map(alert).collect::<Vec<_>>())? + "\n")
}

fn as_text(alerts: &[AlertRow]) -> String {
    if alerts.is_empty() {
        return "no alerts\n".to_owned();
    }
    let mut text = String::new();
    for alert in alerts {
        let level = |level: Option<Level>| level.map_or("calm", Level::as_str);
        let stands = match alert.closed {
            Some(closed) => format!("{} at most, closed {}", level(alert.highest), closed.to_rfc3339()),
            None => format!("{}, {}{}", level(alert.level), alert.state, if alert.stale { ", stale" } else { "" }),
        };
        let drill = if alert.drill { " (drill)" } else { "" };
        let (since, id, place) = (alert.since.to_rfc3339(), &alert.id, &alert.place);
        let _ = writeln!(text, "{since}  {id}{drill}  {place}  {}: {stands}", alert.name);
    }
    text
}
