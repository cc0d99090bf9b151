//! `crowdflow backtest`: what rules would have told of recorded samples.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::Args;

use super::config_file;
use super::output::print;
use crate::backtest::{Named, Period, Recording, Report, as_text, backtest_store, list, looked_at, replays};
use crate::config::Plan;
use crate::model::{Scope, Timestamp};
use crate::store::{Store, StoreAddress};

/// Try alert rules on recorded samples: how often, for how long and when each level would have fired.
///
/// The rules are compared with today's over the same samples, and with what operators acknowledged or shelved. Nothing is
/// sent, and nothing is written to the store.
#[derive(Debug, Args)]
pub(super) struct BacktestArgs {
    /// The configuration whose rules are tried.
    #[arg(value_name = "RULES")]
    rules: PathBuf,
    /// The store with the samples: its file, or postgres://USER@HOST:PORT/DATABASE (its password in PGPASSWORD or
    /// ~/.pgpass).
    #[arg(long, value_name = "STORE", requires_all = ["from", "to"], conflicts_with_all = ["zones", "lines"])]
    store: Option<String>,
    /// Samples of zones in a file that `analyze` wrote, such as results/zones.csv.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["store", "lines"])]
    zones: Option<PathBuf>,
    /// Samples of lines in a file that `analyze` wrote, such as results/lines.csv.
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
    /// Begin, RFC 3339, such as 2026-11-01T00:00:00+08:00. Of files: without it their first time.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// End, excluded. Of files: without it just behind their last time.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The configuration to compare with. With a store, without it: the newest on record there.
    #[arg(long, value_name = "FILE")]
    today: Option<PathBuf>,
    /// Write JSON, with every time, instead of text.
    #[arg(long)]
    json: bool,
}

fn load(path: &Path) -> anyhow::Result<Named> {
    Ok(Named { name: path.display().to_string(), plan: config_file::load(path)? })
}

pub(super) fn run(args: &BacktestArgs) -> anyhow::Result<()> {
    let (from, to) = (time("--from", args.from.as_deref())?, time("--to", args.to.as_deref())?);
    if let (Some(from), Some(to)) = (from, to) {
        period(from, to)?;
    }
    let candidate = load(&args.rules)?;
    ensure!(
        !candidate.plan.rules.is_empty(),
        "{}: found no rules, expected [rules.ID] tables to try",
        args.rules.display()
    );
    let today = args.today.as_deref().map(load).transpose()?;
    let report = match (&args.store, from, to) {
        (Some(store), Some(from), Some(to)) => of_store(store, &candidate, today, period(from, to)?)?,
        _ => of_files(args, &candidate, today.as_ref(), from, to)?,
    };
    Ok(print(&if args.json { serde_json::to_string_pretty(&report)? + "\n" } else { as_text(&report) })?)
}

fn time(option: &str, text: Option<&str>) -> anyhow::Result<Option<Timestamp>> {
    let parsed = |text: &str| {
        let expected = Timestamp::RFC3339_WORDS;
        Timestamp::from_rfc3339(text).with_context(|| format!("{option} {text}: expected {expected}"))
    };
    text.map(parsed).transpose()
}

fn period(from: Timestamp, to: Timestamp) -> anyhow::Result<Period> {
    ensure!(
        from < to,
        "--from {} is not before --to {}: nothing lies between them",
        from.to_rfc3339(),
        to.to_rfc3339()
    );
    Ok(Period { from, to })
}

fn of_store(address: &str, candidate: &Named, today: Option<Named>, period: Period) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let store = runtime.block_on(async { Store::open_existing(&StoreAddress::parse(address)?).await })?;
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    Ok(backtest_store(&store, runtime.handle(), candidate, today, (period, threads))?)
}

fn of_files(
    args: &BacktestArgs,
    candidate: &Named,
    today: Option<&Named>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> anyhow::Result<Report> {
    let plans: Vec<&Plan> = std::iter::once(candidate).chain(today).map(|named| &named.plan).collect();
    let mut recording = Recording::for_rules(&plans);
    let files = [(&args.zones, Scope::Zone), (&args.lines, Scope::Line)];
    let files: Vec<(&Path, Scope)> =
        files.iter().filter_map(|(path, scope)| Some((path.as_deref()?, *scope))).collect();
    for (path, scope) in &files {
        recording.read(path, *scope)?;
    }
    let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    let names = names.join(" and ");
    let (first, last) =
        recording.ends().ok_or_else(|| anyhow!("{names}: found no rows of people, expected what `analyze` writes"))?;
    // The end is excluded, and the last row is not.
    let period = period(from.unwrap_or(first), to.unwrap_or(Timestamp(last.0.saturating_add(1))))?;
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let (replayed, todays) = match replays(candidate, today, &recording, (period, threads)) {
        Ok(replays) => replays,
        Err(never) => match never {},
    };
    let mut report = Report::new(
        candidate.subject(&replayed),
        today.zip(todays.as_ref()).map(|(today, replay)| today.subject(replay)),
        None,
        period,
        &names,
    );
    if !report.says_something() {
        let known: Vec<String> = recording.places().map(ToOwned::to_owned).collect();
        bail!(
            "{names}: found no samples from {} to {} of what the rules look at ({}); the files go from {} to {} and tell \
             of: {}. Check the times, and that the configuration's ids are those of the files",
            period.from.to_rfc3339(),
            period.to.to_rfc3339(),
            looked_at(&candidate.plan),
            first.to_rfc3339(),
            last.to_rfc3339(),
            list(&known)
        );
    }
    if first.0 < YEAR_1971_US {
        report.notes.push(
            "the files' times begin in 1970, so that schedules, holidays and profiles are not those of the day: run \
             `analyze` with --start"
                .to_owned(),
        );
    }
    Ok(report)
}

/// Recordings whose begin nobody said start in 1970.
const YEAR_1971_US: i64 = 365 * 86_400 * 1_000_000;
