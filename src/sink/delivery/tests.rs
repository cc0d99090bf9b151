//! What people and systems are told, held by snapshots: a whole night of one alert, in both languages.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;

use super::payload::{MayEnter, Payload};
use super::{Composer, Context, Message};
use crate::config::{self, Language, Plan};
use crate::model::{
    Action, AlertEvent, AlertKind, CameraId, Level, Measure, Notice, Place, Reading, RuleId, SiteId, StepState,
    Timestamp, UnknownReason, ZoneId,
};
use crate::rules::{AlertBook, OpenAlert};

const CONFIG: &str = r#"
    [cameras.harbour]
    name = "Harbour mast"
    source.file = { path = "a.avi", fps = 5 }
    zones.jetty = { name = "码头平台 Jetty", polygon = [[0, 0], [1, 0], [1, 1]], area_m2 = 50 }

    [units.district]
    name = "District"
    [units.quarter]
    name = "Old town"
    parent = "district"

    [sites.riverside]
    name = "Riverside"
    unit = "quarter"
    zones = ["harbour/jetty"]
    capacity = 800

    [plans.riverside_orange]
    name = "Riverside, orange"
    site = "riverside"
    level = "orange"
    [[plans.riverside_orange.steps]]
    id = "one_way"
    kind = "one_way_loop"
    text = "Set up the one-way loop: in over the steps, out over the pier"
    text_zh = "启动单向循环：台阶进，码头出"
    unit = "quarter"
    limit_s = 300
    [[plans.riverside_orange.steps]]
    id = "tell"
    kind = "broadcast"
    text = "Announce: the jetty is full"
    text_zh = "广播：码头平台已满"
    limit_s = 90

    [rules.jetty_full]
    name = "Jetty is dense"
    zone = "harbour/jetty"
    measure = "density"
    source = "site plan 2026, section 4"
    levels = { yellow = { raise = 1.1 }, orange = { raise = 2.0 }, red = { raise = 3.5 } }

    [calendar]
    time_zone = "Asia/Shanghai"

    [store]

    [destinations.all.webhook]
    url = "http://127.0.0.1/"
    [destinations.chief]
    units = ["district"]
    from_level = "orange"
    webhook.url = "http://127.0.0.1/"
    [destinations.metrics.alertmanager]
    url = "http://127.0.0.1"
"#;

fn plan() -> Plan {
    config::parse(CONFIG, Path::new("/site"), &|_| None).unwrap_or_else(|error| panic!("{error}"))
}

fn rule() -> RuleId {
    RuleId::new("jetty_full").unwrap()
}

fn sites() -> BTreeMap<RuleId, SiteId> {
    BTreeMap::from([(rule(), SiteId::new("riverside").unwrap())])
}

fn at(seconds: f64) -> Timestamp {
    // 23:50 in Shanghai, so that midnight comes.
    Timestamp::from_rfc3339("2026-11-24T15:50:00Z").unwrap().plus_seconds(seconds)
}

fn event(at_s: f64, kind: AlertKind, from: Option<Level>, to: Option<Level>, reading: Reading) -> AlertEvent {
    AlertEvent {
        at: at(at_s),
        rule: rule(),
        name: "Jetty is dense".to_owned(),
        place: Place::Zone(CameraId::new("harbour").unwrap(), ZoneId::new("jetty").unwrap()),
        measure: Measure::Density,
        kind,
        from,
        to,
        reading,
        threshold: match (kind, to) {
            (AlertKind::Raised, Some(Level::Yellow)) => Some(1.1),
            (AlertKind::Raised, _) => Some(2.0),
            (AlertKind::Lowered, _) => Some(1.7),
            (AlertKind::Cleared, _) => Some(0.935),
            _ => None,
        },
        source: "site plan 2026, section 4".to_owned(),
        since: at(0.0),
    }
}

/// One night: every kind of notice, with the alert as it stood and what was measured last.
fn night() -> Vec<(Notice, Option<OpenAlert>, AlertEvent)> {
    use Level::{Orange, Yellow};
    let mut book = AlertBook::new(plan().response, sites());
    let id = crate::model::AlertId::new(&rule(), at(0.0));
    let mut told = Vec::new();
    let mut last = event(0.0, AlertKind::Raised, None, Some(Yellow), Reading::Valid(1.24));
    let mut keep = |book: &AlertBook, before: Option<OpenAlert>, notices: Vec<Notice>, last: &AlertEvent| {
        for notice in notices {
            let alert = book.alert(&id).cloned().or(before.clone());
            told.push((notice, alert, last.clone()));
        }
    };
    let events = [
        last.clone(),
        event(60.0, AlertKind::Raised, Some(Yellow), Some(Orange), Reading::AtLeast(2.256)),
        event(400.0, AlertKind::Stale, Some(Orange), Some(Orange), Reading::Unknown(UnknownReason::NoFrames)),
        event(430.0, AlertKind::Fresh, Some(Orange), Some(Orange), Reading::Valid(2.1)),
        event(1200.0, AlertKind::Lowered, Some(Orange), Some(Yellow), Reading::Valid(1.6)),
        event(2400.0, AlertKind::Cleared, Some(Yellow), None, Reading::Valid(0.8)),
    ];
    let act = |book: &mut AlertBook, seconds: f64, action: Action| {
        book.act(at(seconds), &id, "Li, duty officer", action).unwrap()
    };
    for new in events {
        let before = book.alert(&id).cloned();
        last = new;
        let notices = book.observe(&last);
        keep(&book, before, notices, &last);
        match last.kind {
            AlertKind::Raised if last.to == Some(Orange) => {
                let step = Action::Step { step: "one_way".to_owned(), state: StepState::Started, note: None };
                let notices = act(&mut book, 90.0, step);
                keep(&book, None, notices, &last);
                // Escalated, and a step gets late.
                let notices = book.tick(at(181.0));
                keep(&book, None, notices, &last);
                let notices = act(&mut book, 200.0, Action::Acknowledge);
                keep(&book, None, notices, &last);
            }
            AlertKind::Fresh => {
                let shelve = Action::Shelve { until: at(900.0), reason: "fireworks, as planned".to_owned() };
                let notices = act(&mut book, 440.0, shelve);
                keep(&book, None, notices, &last);
                let notices = book.tick(at(900.0));
                keep(&book, None, notices, &last);
                let notices = act(&mut book, 910.0, Action::Comment { text: "stewards report calm".to_owned() });
                keep(&book, None, notices, &last);
            }
            _ => {}
        }
    }
    told
}

fn payloads() -> Vec<Payload> {
    let composer = Composer::new(&plan());
    let may_enter = Some(MayEnter { people: 61.7, per_minute: Some(12.4) });
    let of = |(notice, alert, last): &(Notice, Option<OpenAlert>, AlertEvent)| {
        let may_enter = may_enter.filter(|_| notice.number == 1);
        let context = Context { alert: alert.as_ref(), last: Some(last), may_enter, except: None };
        Payload { drill: notice.number == 2, ..composer.payload("all", notice, &context) }
    };
    night().iter().map(of).collect()
}

#[test]
fn messages_read_as_they_should() {
    let payloads = payloads();
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    for (name, language) in [("messages_zh", Language::Chinese), ("messages_en", Language::English)] {
        let text = |payload: &Payload| {
            let Message { title, body } = Message::of(payload, language, &zone);
            format!("# {}\n{title}\n{body}\n", payload.kind.as_str())
        };
        let all: Vec<String> = payloads.iter().map(text).collect();
        insta::assert_snapshot!(name, all.join("\n"));
    }
    // A reminder comes only where nobody acknowledges.
    let mut reminder = payloads[2].clone();
    (reminder.kind, reminder.step) = (crate::model::NoticeKind::Reminder, None);
    let english = Message::of(&reminder, Language::English, &TimeZone::UTC);
    assert!(english.title.contains("still not acknowledged"), "{english:?}");
    assert!(english.body.contains("15:50:00 UTC"), "{english:?}");
}

#[test]
fn the_wire_format_is_as_documented() {
    let json: Vec<String> =
        payloads()[1..3].iter().map(|payload| serde_json::to_string_pretty(payload).unwrap()).collect();
    insta::assert_snapshot!("payload", json.join("\n"));
}

#[test]
fn a_payload_comes_back_as_it_was_written() {
    for payload in payloads() {
        let text = serde_json::to_string(&payload).unwrap();
        assert_eq!(serde_json::from_str::<Payload>(&text).unwrap(), payload);
    }
}

#[test]
fn each_destination_gets_what_is_for_it() {
    let composer = Composer::new(&plan());
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (notice, alert, last) in night() {
        let context = Context { alert: alert.as_ref(), last: Some(&last), may_enter: None, except: None };
        for row in composer.compose(&notice, &context).unwrap() {
            assert_eq!(row.key, format!("{}/{}/{}", row.stream, notice.number, row.sink));
            assert_eq!((row.stream, row.due), (notice.alert.to_string(), Timestamp(0)));
            told.entry(row.sink).or_default().push(notice.kind.as_str().to_owned());
        }
    }
    let all = [
        "raised",
        "raised",
        "escalated",
        "step_overdue",
        "acknowledged",
        "stale",
        "fresh",
        "shelved",
        "unshelved",
        "step_overdue",
        "lowered",
        "cleared",
    ];
    assert_eq!(told["all"], all, "what is only kept goes nowhere");
    // The yellow rise was not for it; the end is, as orange was on before.
    assert_eq!(told["chief"], all[1..], "{told:?}");
    assert_eq!(told["metrics"], ["raised", "raised", "stale", "fresh", "lowered", "cleared"]);
}

#[test]
fn a_long_message_is_cut_between_letters() {
    let message = Message { title: "橙".repeat(10), body: "色".repeat(1000) };
    let cut = message.within(2048);
    assert!(cut.len() <= 2048 && cut.len() > 2040 && cut.ends_with('…'), "{}", cut.len());
    assert_eq!(message.within(10_000), format!("{}\n{}", message.title, message.body));
}
