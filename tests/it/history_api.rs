//! What places read over time, over HTTP.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use crowdflow::model::{Measure, Reading, Readings, UnknownReason};
use crowdflow::store::{PlaceKey, Sample};

use crate::made_up_service::{Answer, NOW, Service};

/// Ten minutes of the plaza, one reading a second, half an hour ago: 5 minutes known, 2 as a lower bound, 1 blind, and
/// of the last two nothing was sampled.
fn with_samples(folder: &std::path::Path) -> Service {
    let service = Service::start_in(folder);
    let store = service.store.clone().unwrap();
    service.wait(async {
        let place = store.place(&PlaceKey::within("zone", "gate", "plaza"), NOW).await.unwrap();
        let reading = |second: u32| match second {
            0..300 => Reading::Valid(f64::from(second % 60)),
            300..420 => Reading::AtLeast(100.0),
            _ => Reading::Unknown(UnknownReason::NoFrames),
        };
        let sample = |second: u32| {
            let readings =
                Readings::NONE.with(Measure::Occupancy, reading(second)).with(Measure::Pressure, Reading::Valid(0.5));
            Sample { place, at: NOW.plus_seconds(f64::from(second) - 1800.0 + 0.25), readings }
        };
        store.write_samples(&(0..480).map(sample).collect::<Vec<_>>(), &[]).await.unwrap();
        store.roll_up(NOW).await.unwrap();
    });
    service
}

/// From half an hour ago for ten minutes.
const TEN_MINUTES: &str = "from=2026-11-24T02%3A30%3A00Z&to=2026-11-24T10:40:00%2B08:00";

fn ask(service: &Service, query: &str) -> Answer {
    service.get(&format!("/api/v1/history?place=zone:gate%2Fplaza&{query}"))
}

#[test]
fn seconds_are_given_as_they_were_sampled() {
    let folder = tempfile::tempdir().unwrap();
    let service = with_samples(folder.path());
    let answer = ask(&service, &format!("measures=occupancy,pressure&{TEN_MINUTES}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["place"], "zone:gate/plaza");
    let occupancy = &body["measures"][0];
    assert_eq!((&occupancy["measure"], &occupancy["resolution_s"]), (&"occupancy".into(), &1.into()));
    assert_eq!(occupancy["time_s"].as_array().unwrap().len(), 480);
    assert_eq!(occupancy["time_s"][0], NOW.0 / 1_000_000 - 1800);
    assert_eq!([&occupancy["mean"][59], &occupancy["mean"][400]], [59.0, 100.0]);
    assert_eq!([&occupancy["seconds_bound"][59], &occupancy["seconds_bound"][400]], [0, 1]);
    assert!(occupancy["mean"][450].is_null(), "blind is not zero");
    assert_eq!(occupancy["coverage"], 0.7, "420 of 600 seconds");
    assert_eq!((&body["measures"][1]["measure"], &body["measures"][1]["coverage"]), (&"pressure".into(), &0.8.into()));
}

#[test]
fn minutes_and_hours_tell_what_is_known_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let service = with_samples(folder.path());
    let minutes = ask(&service, &format!("measures=occupancy&resolution=minute&{TEN_MINUTES}")).json();
    let minutes = &minutes["measures"][0];
    assert_eq!(minutes["resolution_s"], 60);
    assert_eq!(minutes["mean"].as_array().unwrap().len(), 8, "nothing was sampled of the last two");
    assert_eq!([&minutes["mean"][0], &minutes["min"][0], &minutes["max"][0]], [29.5, 0.0, 59.0]);
    assert_eq!([&minutes["seconds_known"][5], &minutes["seconds_bound"][5]], [60, 60]);
    assert_eq!((&minutes["mean"][7], &minutes["seconds_known"][7]), (&serde_json::Value::Null, &0.into()));
    assert_eq!(minutes["coverage"], 0.7);

    // The time is widened to whole hours, of which only what has passed can be known.
    let day = "measures=pressure&from=2026-11-24T00:30:00Z&to=2026-11-25T00:00:00Z";
    let hours = ask(&service, day).json();
    let hours = &hours["measures"][0];
    assert_eq!((&hours["resolution_s"], &hours["from"]), (&3600.into(), &"2026-11-24T00:00:00.000000Z".into()));
    assert_eq!((&hours["mean"], &hours["seconds_known"]), (&serde_json::json!([0.5]), &serde_json::json!([480])));
    assert_eq!(hours["coverage"].as_f64().map(|share| (share * 10_800.0).round()), Some(480.0));
}

#[test]
fn a_table_is_given_to_those_who_ask_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let service = with_samples(folder.path());
    let query = format!("measures=occupancy&resolution=minute&{TEN_MINUTES}");
    let by_format = ask(&service, &format!("{query}&format=csv"));
    assert_eq!(by_format.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(by_format.header("content-disposition"), Some("attachment; filename=\"zone_gate_plaza.csv\""));
    let lines: Vec<&str> = by_format.text().lines().collect();
    assert_eq!(lines.len(), 9);
    assert_eq!(lines[0], "time,place,measure,period_s,mean,min,max,seconds_known,seconds_bound,seconds_unknown");
    assert_eq!(lines[1], "2026-11-24T02:30:00.000000Z,zone:gate/plaza,occupancy,60,29.5,0,59,60,0,0");
    assert_eq!(lines[8], "2026-11-24T02:37:00.000000Z,zone:gate/plaza,occupancy,60,,,,0,0,60", "empty, not zero");
    let headers = format!("Host: {}\r\nAccept: text/csv\r\nConnection: close\r\n", service.address);
    let by_header = service.ask(&format!("GET /api/v1/history?place=zone:gate/plaza&{query}"), &headers);
    assert_eq!(by_header.text(), by_format.text());
}

#[test]
fn what_cannot_be_given_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let service = with_samples(folder.path());
    let message = |path: &str| {
        let answer = service.get(&format!("/api/v1/history?{path}"));
        (answer.status, answer.json()["error"]["message"].as_str().unwrap().to_owned())
    };
    let errors = [
        message(&format!("place=zone:gate/elsewhere&measures=density&{TEN_MINUTES}")),
        message(&format!("place=plaza&measures=density&{TEN_MINUTES}")),
        message(&format!("place=zone:gate/plaza&measures=crowdiness&{TEN_MINUTES}")),
        message(&format!("place=zone:gate/plaza&measures=pressure&resolution=minute&{TEN_MINUTES}")),
        message("place=zone:gate/plaza&measures=density&from=2026-11-24T03:00:00Z&to=2026-11-24T03:00:00Z"),
        message("place=zone:gate/plaza&measures=density&from=yesterday&to=2026-11-24T03:00:00Z"),
        message(
            "place=zone:gate/plaza&measures=density&resolution=second&from=2026-01-01T00:00:00Z&to=2026-11-24T03:00:00Z",
        ),
        message(&format!("measures=density&{TEN_MINUTES}")),
        message(&format!("place=zone:gate/plaza&measures=density&colour=red&{TEN_MINUTES}")),
    ];
    insta::assert_debug_snapshot!(errors);
    // A place of the configuration of which nothing was ever sampled is no fault: nothing is known of it.
    let edge = service.get(&format!("/api/v1/history?place=zone:quay/edge&measures=occupancy&{TEN_MINUTES}")).json();
    assert_eq!((&edge["measures"][0]["mean"], &edge["measures"][0]["coverage"]), (&serde_json::json!([]), &0.0.into()));
    let nothing_kept =
        Service::start().get(&format!("/api/v1/history?place=zone:gate/plaza&measures=density&{TEN_MINUTES}"));
    assert_eq!(nothing_kept.status, 404);
}
