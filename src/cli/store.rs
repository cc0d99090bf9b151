//! `crowdflow store`: a copy of the store while the service runs, and how it stands.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::output::{count, print};
use crate::model::Timestamp;
use crate::sink::delivery::{Clock as _, SystemClock};
use crate::store::{Store, StoreAddress, StoreError, StoreStatus};

/// Look after the store of alerts, samples and deliveries, also while the service runs.
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Write a copy of an SQLite store, as of one moment. For PostgreSQL use pg_dump.
    Backup {
        /// The store's file.
        #[arg(value_name = "STORE")]
        store: String,
        /// The copy. Nothing may be there yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Make messages that were given up due again: the running service sends them, or the next one.
    Resend {
        /// The store's file, or postgres://USER@HOST:PORT/DATABASE.
        #[arg(value_name = "STORE")]
        store: String,
        /// Only those to this destination.
        #[arg(long, value_name = "ID")]
        destination: Option<String>,
    },
    /// Say how a store stands: its tables, since when and until when there are samples, what waits to be delivered.
    Status {
        /// The store's file, or postgres://USER@HOST:PORT/DATABASE (its password in PGPASSWORD or ~/.pgpass).
        #[arg(value_name = "STORE")]
        store: String,
        /// Write JSON instead of text.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: &StoreArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &args.command {
        StoreCommand::Backup { store, to } => {
            runtime.block_on(async { open(store).await?.backup(to).await })?;
            Ok(print(&format!("{}: written\n", to.display()))?)
        }
        StoreCommand::Resend { store, destination } => {
            let resent = runtime.block_on(resend(store, destination.as_deref()))?;
            Ok(print(&format!("{} due again\n", count(resent, "message")))?)
        }
        StoreCommand::Status { store, json } => {
            let (address, status) = runtime.block_on(async {
                let store = open(store).await?;
                Ok::<_, StoreError>((store.address().to_owned(), store.status().await?))
            })?;
            Ok(print(&if *json { as_json(&address, &status)? } else { as_text(&address, &status) })?)
        }
    }
}

/// How many were made due again.
async fn resend(store: &str, destination: Option<&str>) -> Result<usize, StoreError> {
    let store = open(store).await?;
    let now = SystemClock.now();
    let mut resent = 0;
    // In the order in which they were written.
    let mut dead = store.dead_deliveries(u32::MAX).await?;
    dead.retain(|row| destination.is_none_or(|destination| row.delivery.sink == destination));
    dead.sort_by_key(|row| row.delivery.id);
    for row in dead {
        resent += usize::from(store.revive_delivery(row.delivery.id, now).await?);
    }
    store.close().await;
    Ok(resent)
}

pub(super) async fn open(address: &str) -> Result<Store, StoreError> {
    Store::open_existing(&StoreAddress::parse(address)?).await
}

fn as_json(address: &str, status: &StoreStatus) -> serde_json::Result<String> {
    let time = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
    let rows: serde_json::Map<_, _> =
        status.rows.iter().map(|(table, rows)| ((*table).to_owned(), (*rows).into())).collect();
    let sink = |count: &crate::store::OutboxCount| {
        serde_json::json!({
            "sink": count.sink, "pending": count.pending, "dead": count.dead, "oldest_pending": time(count.oldest_pending),
        })
    };
    let value = serde_json::json!({
        "address": address,
        "kind": status.kind,
        "schema": status.schema,
        "bytes": status.bytes,
        "rows": rows,
        "first_sample": time(status.samples.map(|(first, _)| first)),
        "last_sample": time(status.samples.map(|(_, last)| last)),
        "rolled_up_until": time(status.rolled_up_until),
        "open_alerts": status.open_alerts,
        "outbox": status.outbox.iter().map(sink).collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

fn as_text(address: &str, status: &StoreStatus) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<18} {value}");
    };
    let time = |at: Option<Timestamp>| at.map_or("none".to_owned(), Timestamp::to_rfc3339);
    line("store", format!("{address} ({}, tables of version {})", status.kind, status.schema));
    line("size", format!("{:.1} MB", status.bytes as f64 / 1e6));
    line(
        "samples",
        match status.samples {
            Some((first, last)) => format!("{} to {}", first.to_rfc3339(), last.to_rfc3339()),
            None => "none".to_owned(),
        },
    );
    line("rolled up until", time(status.rolled_up_until));
    line("open alerts", status.open_alerts.to_string());
    for count in &status.outbox {
        let waiting = count.oldest_pending.map_or(String::new(), |at| format!(", the oldest of {}", at.to_rfc3339()));
        line("deliveries", format!("{}: {} pending{waiting}; {} given up", count.sink, count.pending, count.dead));
    }
    for (table, rows) in &status.rows {
        line(table, format!("{rows} rows"));
    }
    text
}
