//! Candidate rules on what a store has recorded, beside today's and what is on record.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;

use tokio::runtime::Handle;

use super::{Period, RecordedAlert, Replay, Report, Samples, StoredSamples, Subject, replay};
use crate::config::{self, Plan};
use crate::store::{AlertFilter, Store, StoreError};

/// A configuration, and what it is called.
#[derive(Debug)]
pub struct Named {
    /// Its name for people.
    pub name: String,
    /// What it says.
    pub plan: Plan,
}

impl Named {
    /// It with what it would have told.
    #[must_use]
    pub fn subject<'a>(&'a self, replay: &'a Replay) -> Subject<'a> {
        Subject { name: &self.name, plan: &self.plan, replay }
    }
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum BacktestFault {
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It has no samples of what the rules look at.
    #[error("{0}")]
    NoSamples(String),
}

/// One replay for the candidate, and one for today's rules where they are known.
///
/// # Errors
/// Where samples can't be read.
pub fn replays<S: Samples>(
    candidate: &Named,
    today: Option<&Named>,
    samples: &S,
    (period, threads): (Period, NonZeroUsize),
) -> Result<(Replay, Option<Replay>), S::Error> {
    let plans: Vec<&Plan> = std::iter::once(candidate).chain(today).map(|named| &named.plan).collect();
    let mut replays = replay(&plans, samples, period, threads)?.into_iter();
    Ok((replays.next().unwrap_or_default(), today.and(replays.next())))
}

/// What the candidate's rules would have told of a store's samples. Today's rules are `today`'s, or those of the newest
/// configuration on record. It waits: not to be called from a runtime's own threads.
///
/// # Errors
/// [`BacktestFault`].
pub fn backtest_store(
    store: &Store,
    runtime: &Handle,
    candidate: &Named,
    today: Option<Named>,
    (period, threads): (Period, NonZeroUsize),
) -> Result<Report, BacktestFault> {
    let (samples, versions, record, newest) = runtime.block_on(async {
        let samples = StoredSamples::open(store.clone(), runtime.clone()).await?;
        let versions = store.config_versions(1).await?;
        let filter = AlertFilter { from: Some(period.from), to: Some(period.to), ..AlertFilter::default() };
        let record = store.alerts(&filter, u32::MAX).await?;
        let newest = store.newest_sample().await?;
        Ok::<_, StoreError>((samples, versions, record, newest))
    })?;
    let mut notes = Vec::new();
    let today = today.or_else(|| {
        let version = versions.first()?;
        let name = format!("the newest configuration on record, in force since {}", version.at.to_rfc3339());
        // Its secrets are not looked for: no camera is opened.
        match config::parse(&version.text, Path::new("/"), &|_| None) {
            Ok(plan) => Some(Named { name, plan }),
            Err(error) => {
                notes.push(format!(
                    "today's rules are not replayed: {name}, is not taken by this version ({error}); name a \
                     configuration with --today"
                ));
                None
            }
        }
    });
    let (replayed, todays) = replays(candidate, today.as_ref(), &samples, (period, threads))?;
    let record: Vec<RecordedAlert> = record.iter().filter_map(RecordedAlert::of).collect();
    let mut report = Report::new(
        candidate.subject(&replayed),
        today.as_ref().zip(todays.as_ref()).map(|(today, replay)| today.subject(replay)),
        Some(&record),
        period,
        &format!("store {}", store.address()),
    );
    report.notes = notes;
    if !report.says_something() {
        let known: Vec<String> = samples.places().map(ToString::to_string).collect();
        let until = newest.map_or("it has none".to_owned(), |at| format!("its newest is of {}", at.to_rfc3339()));
        return Err(BacktestFault::NoSamples(format!(
            "store {}: found no samples from {} to {} of what the rules look at ({}); {until}, and the places it knows \
             are: {}. Check the times, and that the configuration's ids are those of the store",
            store.address(),
            period.from.to_rfc3339(),
            period.to.to_rfc3339(),
            looked_at(&candidate.plan),
            list(&known)
        )));
    }
    Ok(report)
}

/// What the rules of a plan look at, in words.
#[must_use]
pub fn looked_at(plan: &Plan) -> String {
    let conditions = plan.rules.iter().flat_map(|rule| &rule.conditions);
    let of = |condition: &config::ConditionPlan| format!("{} {}", condition.place, condition.measure.as_str());
    let all: BTreeSet<String> = conditions.map(of).collect();
    list(&all.into_iter().collect::<Vec<_>>())
}

/// The first few of them.
#[must_use]
pub fn list(names: &[String]) -> String {
    const MOST: usize = 8;
    match names.len() {
        0 => "none".to_owned(),
        all if all > MOST => format!("{} and {} more", names[..MOST].join(", "), all - MOST),
        _ => names.join(", "),
    }
}
