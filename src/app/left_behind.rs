//! What a service that ended has left in the store, and nobody would look at any more.

use std::collections::BTreeSet;

use crate::alerting::Kept;
use crate::config::Plan;
use crate::model::{AlertId, DestinationId, Notice, NoticeKind, Reading, RuleId, Timestamp, UnknownReason};
use crate::pipeline::GivenUpBefore;
use crate::sink::delivery::{Composer, Context};
use crate::store::{AlertCommit, AlertRow, DeliveryRow, NewDelivery, Store, StoreError, TransitionRow};

/// Alerts that are open in the store and that nobody goes on with, as what was kept of them can't be read.
pub(super) async fn forgotten(store: &Store, kept: &Kept) -> Result<Vec<AlertRow>, StoreError> {
    let known: BTreeSet<&str> = kept.alerts().map(|alert| alert.id.as_str()).collect();
    Ok(store.open_alerts().await?.into_iter().filter(|row| !known.contains(row.id.as_str())).collect())
}

/// Ends such alerts: they would stay open for ever. Everybody is told, as nobody knows any more who was.
pub(super) async fn end_forgotten(
    store: &Store,
    plan: &Plan,
    forgotten: Vec<AlertRow>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let composer = Composer::new(plan);
    for row in forgotten {
        tracing::error!(alert = row.id, "what was kept of this open alert can't be gone on with: it ends");
        let why = "what was kept of it could not be read after a restart: look whether it is still so";
        let at = now.max(Timestamp(row.changed.0.saturating_add(1)));
        let entry = next_entry(store, &row.id).await?;
        let deliveries = told_of_end(&composer, plan, &row, (at, entry, why));
        let end = TransitionRow {
            alert: row.id.clone(),
            seq: 0,
            at,
            kind: NoticeKind::Cleared.as_str().to_owned(),
            from: row.level,
            to: None,
            reading: Reading::Unknown(UnknownReason::NotStarted),
            threshold: None,
            who: None,
            note: Some(why.to_owned()),
            subject: String::new(),
        };
        let closed = AlertRow {
            state: "closed".to_owned(),
            level: None,
            stale: false,
            changed: end.at,
            closed: Some(end.at),
            ..row
        };
        let commit = AlertCommit { alerts: vec![closed], transitions: vec![end], deliveries, ..AlertCommit::default() };
        store.commit(&commit, now).await?;
    }
    Ok(())
}

/// The number of the next entry: none that a message has already, or it would pass for that one.
async fn next_entry(store: &Store, alert: &str) -> Result<u32, StoreError> {
    let known = store.transitions(alert).await?.len() as u64;
    let sent = store.deliveries(alert).await?;
    let entry = |row: &DeliveryRow| {
        serde_json::from_str::<serde_json::Value>(&row.delivery.payload).ok()?.get("entry")?.as_u64()
    };
    let newest = sent.iter().filter_map(entry).max().unwrap_or(0);
    Ok(u32::try_from(known.max(newest).saturating_add(1)).unwrap_or(u32::MAX))
}

fn told_of_end(
    composer: &Composer,
    plan: &Plan,
    row: &AlertRow,
    (at, number, why): (Timestamp, u32, &str),
) -> Vec<NewDelivery> {
    let Ok(rule) = serde_json::from_value::<RuleId>(row.rule.clone().into()) else { return Vec::new() };
    let notice = Notice {
        alert: AlertId::from_text(&row.id),
        rule,
        number,
        at,
        kind: NoticeKind::Cleared,
        level: None,
        who: None,
        step: None,
        text: Some(why.to_owned()),
        until: None,
        event: None,
        tell: plan.response.units.iter().map(|unit| unit.id.clone()).collect(),
        goes_out: true,
    };
    composer.compose(&notice, &Context::default()).unwrap_or_else(|error| {
        tracing::error!(alert = row.id, %error, "a message can't be written: a bug");
        Vec::new()
    })
}

/// Messages to the configured destinations that were given up and that these took none after.
pub(super) async fn given_up_before(store: &Store, plan: &Plan, kept: &Kept) -> Result<Vec<GivenUpBefore>, StoreError> {
    let mut all = Vec::with_capacity(plan.destinations.len());
    for destination in &plan.destinations {
        let Ok(id) = DestinationId::new(&destination.id) else { continue };
        let Some(rule) = kept.rules.get(&RuleId::of_undelivered(&id)) else { continue };
        let times = store.given_up_last(&destination.id).await?;
        let new = times.iter().filter(|at| Some(**at) > rule.given_up).count() as u64;
        let newest = times.last().copied().max(rule.given_up);
        let (destination, known) = (destination.id.clone(), times.len() as u64 - new);
        all.push(GivenUpBefore { destination, known, new, newest });
    }
    Ok(all)
}

/// Gives up what waits for destinations that the configuration has no more: nobody would ever send it.
pub(super) async fn give_up_removed(store: &Store, plan: &Plan, now: Timestamp) -> Result<(), StoreError> {
    for count in store.outbox_counts().await? {
        if count.pending > 0 && !plan.destinations.iter().any(|destination| destination.id == count.sink) {
            let why = "the destination is not in the configuration any more";
            let messages = store.give_up_deliveries(&count.sink, why, now).await?;
            tracing::warn!(destination = count.sink, messages, "messages that waited are given up: {why}");
        }
    }
    Ok(())
}
