//! Prometheus Alertmanager, API v2.
//!
//! It tells alerts apart by their labels, forgets them when it restarts, and holds an alert for over once `endsAt` has
//! passed. So labels are a closed set without anything that changes while a level is on; an open alert is sent again
//! every minute; and a change of level ends the alert of the old level and begins one of the new.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use reqwest::{Client, header};
use serde::Serialize;

use super::http;
use super::payload::Payload;
use super::sender::{Failure, Outgoing, Sender};
use super::text::Message;
use crate::config::Language;
use crate::model::{Level, NoticeKind, Timestamp};

/// Seconds between two times that open alerts are sent.
const KEEP_EVERY_S: f64 = 60.0;
/// Seconds after which an alert that is not sent again counts as over there: longer than a restart here takes, as it
/// must not say that all is well because this program is down.
const ENDS_AFTER_S: f64 = 900.0;

/// An Alertmanager.
pub(super) struct Alertmanager {
    client: Client,
    url: String,
    login: Option<(String, String)>,
    language: Language,
    time_zone: TimeZone,
    open: Mutex<BTreeMap<String, Open>>,
}

/// What it was told of an alert last.
#[derive(Debug, Clone)]
struct Open {
    payload: Payload,
    level: Level,
    /// An alert is known there by its labels: what ends, or goes on while another place decides, has those it began with.
    labels: BTreeMap<&'static str, String>,
    starts_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, String>,
    starts_at: String,
    ends_at: String,
}

impl Alertmanager {
    pub(super) fn new(
        url: &str,
        login: Option<(String, String)>,
        timeout: Duration,
        language: Language,
        time_zone: TimeZone,
    ) -> Result<Self, String> {
        let url = format!("{url}/api/v2/alerts");
        Ok(Self { client: http::client(timeout)?, url, login, language, time_zone, open: Mutex::default() })
    }

    fn open(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alert(
        &self,
        payload: &Payload,
        labels: BTreeMap<&'static str, String>,
        starts_at: &str,
        ends_at: String,
    ) -> Alert {
        let message = Message::of(payload, self.language, &self.time_zone);
        let mut annotations = BTreeMap::from([("summary", message.title), ("description", message.body)]);
        if let Some(measure) = &payload.measure {
            annotations.insert("value", measure.value.map_or_else(String::new, |value| value.to_string()));
            annotations.insert("quality", measure.quality.clone());
            annotations.insert("source", measure.source.clone());
        }
        Alert { labels, annotations, starts_at: starts_at.to_owned(), ends_at }
    }

    /// What a notice changes: the alert of the old level ends, that of the new begins or goes on.
    fn changes(&self, payload: &Payload, now: Timestamp) -> (Vec<Alert>, Option<Open>) {
        let before = self.open().get(&payload.alert).cloned();
        let mut alerts = Vec::new();
        let goes_on = before.as_ref().filter(|open| Some(open.level) == payload.level);
        // A level of which it was not told here may have been told before a restart.
        let told = [before.as_ref().map(|open| open.level), payload.level_before];
        let mut over: Vec<Level> = told.into_iter().flatten().filter(|level| Some(*level) != payload.level).collect();
        over.sort_unstable();
        over.dedup();
        for level in over {
            let known = before.as_ref().filter(|open| open.level == level);
            let starts_at = known.map_or(&payload.since, |open| &open.starts_at);
            let labels = known.map_or_else(|| labels(payload, level), |open| open.labels.clone());
            alerts.push(self.alert(payload, labels, starts_at, payload.time.clone()));
        }
        let open = payload.level.map(|level| {
            let begins = matches!(payload.kind, NoticeKind::Raised | NoticeKind::Lowered);
            let anew = if begins { &payload.time } else { &payload.since };
            let starts_at = goes_on.map_or(anew, |open| &open.starts_at).clone();
            let labels = goes_on.map_or_else(|| labels(payload, level), |open| open.labels.clone());
            Open { payload: payload.clone(), level, labels, starts_at }
        });
        if let Some(open) = &open {
            alerts.push(self.still(open, now));
        }
        (alerts, open)
    }

    fn still(&self, open: &Open, now: Timestamp) -> Alert {
        let ends_at = now.plus_seconds(ENDS_AFTER_S).to_rfc3339();
        self.alert(&open.payload, open.labels.clone(), &open.starts_at, ends_at)
    }

    async fn post(&self, alerts: &[Alert], now: Timestamp) -> Result<(), Failure> {
        let body = serde_json::to_string(alerts).map_err(Failure::refused)?;
        let mut request = self.client.post(&self.url).header(header::CONTENT_TYPE, "application/json").body(body);
        if let Some((user, password)) = &self.login {
            request = request.basic_auth(user, Some(password));
        }
        http::exchange(request).await?.taken(now)
    }
}

/// A closed set: the same names for every alert but for what there is not.
fn labels(payload: &Payload, level: Level) -> BTreeMap<&'static str, String> {
    let mut labels = BTreeMap::from([
        ("alertname", "CrowdflowAlert".to_owned()),
        ("rule", payload.rule.id.clone()),
        ("severity", level.as_str().to_owned()),
        ("drill", payload.drill.to_string()),
    ]);
    let mut add = |name, value: Option<&String>| labels.extend(value.map(|value| (name, value.clone())));
    add("site", payload.site.as_ref().map(|site| &site.id));
    add("measure", payload.measure.as_ref().map(|measure| &measure.name));
    let place = payload.place.as_ref();
    add("camera", place.and_then(|place| place.camera.as_ref()).map(|camera| &camera.id));
    add("zone", place.and_then(|place| place.zone.as_ref()).map(|zone| &zone.id));
    add("line", place.and_then(|place| place.line.as_ref()).map(|line| &line.id));
    labels
}

impl Sender for Alertmanager {
    fn send<'a>(&'a self, message: Outgoing<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let (alerts, open) = self.changes(message.payload, message.now);
            self.post(&alerts, message.now).await?;
            let alert = &message.payload.alert;
            match open {
                Some(open) => drop(self.open().insert(alert.clone(), open)),
                None => drop(self.open().remove(alert)),
            }
            Ok(())
        })
    }

    fn most_at_once(&self) -> usize {
        4
    }

    fn keep_every_s(&self) -> Option<f64> {
        Some(KEEP_EVERY_S)
    }

    fn restore(&self, open: Vec<(Payload, String)>) {
        let mut known = self.open();
        for (payload, _) in open {
            if let Some(level) = payload.level {
                let begins = matches!(payload.kind, NoticeKind::Raised | NoticeKind::Lowered);
                let starts_at = if begins { payload.time.clone() } else { payload.since.clone() };
                let labels = labels(&payload, level);
                known.insert(payload.alert.clone(), Open { payload, level, labels, starts_at });
            }
        }
    }

    fn keep(&self, now: Timestamp) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            let alerts: Vec<Alert> = self.open().values().map(|open| self.still(open, now)).collect();
            if alerts.is_empty() { Ok(()) } else { self.post(&alerts, now).await }
        })
    }
}
