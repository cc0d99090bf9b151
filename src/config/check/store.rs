//! The store.

use super::delivery::optional_kept;
use super::stream::host_and_port;
use super::{Checker, Fault, FaultKind, KeyPath, defaults};
use crate::config::number::Number;
use crate::config::raw::RawConfig;
use crate::config::raw_store::{RawKeepDays, RawStore};
use crate::config::secret::HIDDEN;
use crate::config::{Retention, StorePlace, StorePlan};

/// `Some(None)`: nothing is to be kept. `None`: something is wrong.
pub(super) fn check(checker: &mut Checker<'_>, raw: &RawConfig) -> Option<Option<StorePlan>> {
    let top = KeyPath::default();
    let Some(store) = &raw.store else {
        let mut is_fine = true;
        let mut missing = |key: &str, why: &str| {
            let fault = Fault::new(FaultKind::StoreMissing, format!("{key}, and no [store]"), "a table [store]");
            let help =
                "An empty table is enough: it keeps everything in the file crowdflow.db beside the configuration";
            checker.note(&top.key(key), fault.help(format!("{why}. {help}")));
            is_fine = false;
        };
        if !raw.destinations.is_empty() {
            missing("destinations", "What is to be sent waits there until it was taken, over restarts too");
        }
        if raw.evidence.is_some() {
            missing("evidence", "The records of what is kept are there");
        }
        return is_fine.then_some(None);
    };
    let path = top.key("store");
    let place = place(checker, store, &path);
    let retention = retention(checker, &store.keep_days, &path.key("keep_days"));
    Some(Some(StorePlan { place: place?, retention: retention? }))
}

fn place(checker: &mut Checker<'_>, raw: &RawStore, path: &KeyPath) -> Option<StorePlace> {
    let secret = (raw.password_env.as_deref(), raw.password_file.as_deref());
    let url = match (raw.file.as_deref(), raw.postgres.as_deref()) {
        (Some(_), Some(_)) => {
            let fault = Fault::new(FaultKind::NotOneStore, "file and postgres", "exactly one of file and postgres");
            checker.note(path, fault);
            return None;
        }
        (file, None) => {
            if secret != (None, None) {
                let fault = Fault::new(FaultKind::NotOneStore, "a password for a file", "no password, or postgres");
                checker.note(path, fault);
                return None;
            }
            let file = file.unwrap_or(defaults::STORE_FILE);
            return checker.path(&path.key("file"), file).map(StorePlace::File);
        }
        (None, Some(url)) => url,
    };
    let url = match postgres_fault(url) {
        None => Some(url.to_owned()),
        Some(fault) => {
            checker.note(&path.key("postgres"), fault);
            None
        }
    };
    let password = optional_kept(checker, path, "password", secret);
    Some(StorePlace::Postgres { url: url?, password: password? })
}

fn postgres_fault(written: &str) -> Option<Fault> {
    const EXPECTED: &str = "a database's address such as postgres://crowdflow@db.example/crowdflow";
    let Some((scheme, rest)) = written.split_once("://") else {
        let found = if written.contains('@') { HIDDEN.to_owned() } else { format!("{written:?}") };
        return Some(Fault::new(FaultKind::BadUrl, found, EXPECTED));
    };
    if scheme != "postgres" && scheme != "postgresql" {
        return Some(Fault::new(
            FaultKind::WrongScheme,
            format!("an address that begins with {scheme}://"),
            "postgres://",
        ));
    }
    let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    if user.contains(':') || rest.to_ascii_lowercase().contains("password=") {
        let found = "a password in the address";
        let fault = Fault::new(FaultKind::SecretInUrl, found, "the address without it: postgres://USER@HOST/DATABASE");
        return Some(fault.help("Set password_env or password_file beside `postgres` to where it is kept"));
    }
    let (authority, database) = place.split_once('/').unwrap_or((place, ""));
    let database = database.split('?').next().unwrap_or_default();
    let readable = host_and_port(authority).is_some() && !written.contains(char::is_whitespace);
    (!readable || database.is_empty()).then(|| Fault::new(FaultKind::BadUrl, format!("{written:?}"), EXPECTED))
}

fn retention(checker: &mut Checker<'_>, raw: &RawKeepDays, path: &KeyPath) -> Option<Retention> {
    let usual = Retention::default();
    let mut days = |key: &str, written: Option<Number>, usual: Option<u32>| {
        let Some(written) = written else { return Some(usual) };
        let days = checker.number(&path.key(key), written, defaults::KEEP_DAYS)?;
        // 0: for ever.
        Some((days > 0.0).then_some(days as u32))
    };
    let samples_days = days("samples", raw.samples, usual.samples_days);
    let series_days = days("series", raw.series, usual.series_days);
    let minutes_days = days("minutes", raw.minutes, usual.minutes_days);
    let hours_days = days("hours", raw.hours, usual.hours_days);
    let crossings_days = days("crossings", raw.crossings, usual.crossings_days);
    let alerts_days = days("alerts", raw.alerts, usual.alerts_days);
    let deliveries_days = days("deliveries", raw.deliveries, usual.deliveries_days);
    let health_days = days("health", raw.health, usual.health_days);
    Some(Retention {
        samples_days: samples_days?,
        series_days: series_days?,
        minutes_days: minutes_days?,
        hours_days: hours_days?,
        crossings_days: crossings_days?,
        alerts_days: alerts_days?,
        deliveries_days: deliveries_days?,
        health_days: health_days?,
    })
}
