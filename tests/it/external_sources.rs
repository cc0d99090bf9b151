//! Counts of other systems, over HTTP and over a real broker that is killed in the middle, through the running program.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::net::SocketAddr;
use std::process::Command;

use crowdflow::model::Timestamp;
use crowdflow::source::{Clock as _, SystemClock};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::delivery::services::{MOSQUITTO, is_installed, mosquitto};
use crate::delivery::target::{Target, closed, status};
use crate::support::{Program, Site, States, get, post_with, sample, sample_is_here};

const TOKEN: &str = "geheim-campus";
const PATH: &str = "/api/v1/sources/campus";

/// A source alone: no camera is needed.
fn config(access: &str, rest: &str) -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
accounts = "off"
[store]
[sources.campus]
name = "Campus gates"
{access}
zones.hall = {{ name = "Main hall", area_m2 = 100 }}
zones.yard = {{}}
lines.north_gate.name = "North gate"
[rules.hall_dense]
name = "Hall is dense"
zone = "campus/hall"
measure = "density"
levels.orange = {{ raise = 2, hold_s = 0, clear_hold_s = 0 }}
{rest}
"#
    )
}

fn start(site: &Site, config: String) -> Program {
    site.write("site.toml", config);
    Program::start(site.command(&["run", "--config", "site.toml"]).env("CAMPUS_TOKEN", TOKEN))
}

fn now() -> Timestamp {
    SystemClock::new().wall()
}

fn counts(people: f64) -> Value {
    json!({ "at": now().to_rfc3339(), "zones": { "hall": { "occupancy": people } } })
}

fn tell(address: SocketAddr, message: &Value) -> (u16, Value) {
    // Another name, as a proxy on this machine may send it; no word of JSON.
    let headers = format!("Host: crowdflow.example\r\nAuthorization: Bearer {TOKEN}\r\n");
    post_with(address, PATH, &headers, &message.to_string())
}

fn hall(state: &Value) -> &Value {
    &state["sources"][0]["zones"][0]["classes"][0]["occupancy"]
}

fn alert_of(state: &Value, rule: &str) -> Option<Value> {
    state["alerts"].as_array().unwrap().iter().find(|alert| alert["rule"] == rule).cloned()
}

#[test]
fn a_source_alone_gives_readings_alerts_and_an_alert_when_it_falls_silent() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let target = runtime.block_on(Target::start(|_| status(200)));
    let site = Site::new();
    let rest = format!(
        "[evidence]\nfolder = \"evidence\"\n[destinations.hook.webhook]\nurl = \"http://{}/alerts\"",
        target.address
    );
    let config = config("http.token_env = \"CAMPUS_TOKEN\"\nstale_after_s = 3", &rest);
    let mut program = start(&site, config.clone());
    let address = program.address();
    let mut states = States::of(address);

    // Who may not, and what can't be.
    let host = format!("Host: {address}\r\n");
    let message = counts(120.0).to_string();
    let said = |(status, answer): (u16, Value)| (status, answer["error"]["code"].as_str().unwrap().to_owned());
    let refused = |headers: &str, body: &str| said(post_with(address, PATH, headers, body));
    assert_eq!(refused(&host, &message), (401, "unauthorized".to_owned()));
    assert_eq!(refused(&format!("{host}Authorization: Bearer other\r\n"), &message), (401, "unauthorized".to_owned()));
    assert_eq!(refused(&format!("{host}Authorization: Basic {TOKEN}\r\n"), &message), (401, "unauthorized".to_owned()));
    let with_token = format!("{host}Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(refused(&with_token, "{"), (400, "bad_request".to_owned()));
    assert_eq!(refused(&with_token, &" ".repeat(300_000)), (413, "too_large".to_owned()));
    assert_eq!(
        said(post_with(address, "/api/v1/sources/other", &with_token, &message)),
        (401, "unauthorized".to_owned()),
        "nobody is told which there are"
    );
    let roof =
        json!({ "at": now().to_rfc3339(), "zones": { "hall": { "occupancy": 500 }, "roof": { "occupancy": 1 } } });
    assert_eq!(said(tell(address, &roof)), (422, "unprocessable".to_owned()));
    let (status, answer) =
        tell(address, &json!({ "at": "2020-01-01T00:00:00Z", "zones": { "hall": { "occupancy": 1 } } }));
    let words = answer["error"]["message"].as_str().unwrap();
    assert!(status == 422 && words.contains("expected at most stale_after_s = 3"), "{status} {answer}");
    // Nothing of all that was taken, though one part of it was sound.
    let state: Value = serde_json::from_str(&get(address, "/api/v1/state")).unwrap();
    assert_eq!((hall(&state)["value"].clone(), &state["sources"][0]["fresh"]), (Value::Null, &json!(false)));
    assert!(state["sources"][0]["error"].as_str().unwrap().contains("ago by this machine's clock"), "{state:#}");

    // 2.5 people to the square metre.
    let first = counts(250.0);
    assert_eq!(tell(address, &first), (200, json!({ "taken": true })));
    let state = states.until("the alert", |state| alert_of(state, "hall_dense").is_some());
    let alert = alert_of(&state, "hall_dense").unwrap();
    assert_eq!((&alert["level"], &alert["reading"]["value"]), (&json!("orange"), &json!(2.5)));
    let source = &state["sources"][0];
    assert_eq!((&source["id"], &source["name"]), (&json!("campus"), &json!("Campus gates")));
    assert_eq!(
        (&source["state"], &source["access"], &source["error"]),
        (&json!("delivering"), &json!("http"), &json!(null))
    );
    assert_eq!(hall(&state), &json!({ "value": 250.0, "quality": "valid" }));
    assert_eq!(source["zones"][1]["classes"][0]["occupancy"]["quality"], "unknown:not_started");
    let older = json!({ "at": now().plus_seconds(-2.0).to_rfc3339(), "zones": { "hall": { "occupancy": 1 } } });
    let (status, answer) = tell(address, &older);
    // On a machine that is slow enough it is too old by now.
    assert!(status == 409 || status == 422, "{answer}");
    program.err("a message of an external source was refused");
    let metrics = get(address, "/metrics");
    for series in [
        "crowdflow_zone_occupancy{camera=\"campus\",class=\"person\",zone=\"hall\"} 250\n",
        "crowdflow_source_up{source=\"campus\"} 1\n",
        "crowdflow_source_messages_total{outcome=\"taken\",source=\"campus\"} 1\n",
        "crowdflow_source_messages_total{outcome=\"refused\",source=\"campus\"} 8\n",
        "crowdflow_line_crossings_total{camera=\"campus\",class=\"person\",direction=\"in\",line=\"north_gate\"} 0\n",
    ] {
        assert!(metrics.contains(series), "{series}{metrics}");
    }
    assert!(!metrics.contains("crowdflow_zone_entries_total{camera=\"campus\""), "nobody knows who came and went");

    // Nothing more comes.
    let state = states.until("silence", |state| alert_of(state, "blind.campus").is_some());
    let silence = alert_of(&state, "blind.campus").unwrap();
    assert_eq!(silence["name"], "Campus gates sends nothing");
    assert_eq!(silence["level"], "orange", "as grave as what was on there");
    let state = states.until("the alert is stale", |state| {
        alert_of(state, "hall_dense").is_some_and(|alert| alert["stale"] == true)
            && hall(state)["quality"] == "unknown:not_reported"
    });
    assert_eq!((&state["sources"][0]["state"], &state["sources"][0]["fresh"]), (&json!("down"), &json!(false)));
    assert!(get(address, "/metrics").contains("crowdflow_source_up{source=\"campus\"} 0\n"));

    // A kill ends no alert, also while nothing is told.
    program.signal("KILL");
    program.end();
    let mut program = start(&site, config.clone());
    let address = program.address();
    let mut states = States::of(address);
    let state = states.until("the alert goes on", |state| alert_of(state, "hall_dense").is_some());
    assert_eq!(alert_of(&state, "hall_dense").unwrap()["id"], alert["id"]);

    // It tells again, and the hall has emptied.
    assert_eq!(tell(address, &counts(10.0)).0, 200);
    states.until("the alert is over", |state| alert_of(state, "hall_dense").is_none() && hall(state)["value"] == 10.0);

    let mut browser = Browser::start();
    browser.go(&format!("http://{address}/?lang=en"), 1440, 1200);
    browser.wait_for("document.querySelector(`[data-place='zone:campus/hall']`)?.innerText.includes('Main hall')");
    browser.wait_for("document.getElementById('source-campus')?.innerText.includes('tells its counts')");
    assert_eq!(browser.evaluate("document.getElementById('cameras') === null"), true);
    browser.go(&format!("http://{address}/?lang=zh"), 390, 1200);
    browser.wait_for("document.querySelector('.wall')?.innerText.includes('外部系统')");
    assert_eq!(browser.evaluate("document.documentElement.scrollWidth <= 390"), true);
    assert_eq!(browser.complaints(), Vec::<String>::new());

    program.signal("TERM");
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("ERROR") && !ended.stderr.contains(TOKEN), "{}", ended.stderr);
    // Whoever is told reads names.
    let told = |rule: &str| {
        let seen = target.seen();
        let message = seen.iter().map(|seen| seen.json()).find(|message| message["rule"]["id"] == rule);
        message.unwrap_or_else(|| panic!("nothing about {rule}"))["place"].clone()
    };
    let campus = json!({ "id": "campus", "name": "Campus gates" });
    assert_eq!((&told("hall_dense")["camera"], &told("hall_dense")["zone"]["name"]), (&campus, &json!("Main hall")));
    assert_eq!((&told("blind.campus")["camera"], &told("blind.campus")["zone"]), (&campus, &Value::Null));
    // A rise left its evidence: what was told, and no word of pictures that there can't be.
    let verified = site.run(&["evidence", "verify", "--store", "crowdflow.db", "--evidence", "evidence"]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
    let names: Vec<String> =
        site.contents("evidence").into_keys().map(|path| path.to_string_lossy().into_owned()).collect();
    assert!(names.iter().any(|name| name.contains("hall_dense") && name.ends_with("_samples.json")), "{names:?}");
    // What was told is on record, by the place's name.
    let backtest = ["backtest", "site.toml", "--store", "crowdflow.db", "--from", "2026-01-01T00:00:00Z"];
    let to = now().plus_seconds(60.0).to_rfc3339();
    let replayed = site.run(&[&backtest[..], &["--to", &to, "--json"]].concat());
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
    assert!(replayed.stdout.contains("hall_dense"), "{}", replayed.stdout);
}

#[test]
fn the_documents_example_works() {
    let document = include_str!("../../docs/sources.md");
    let config = document.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let command = document.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let site = Site::new();
    let mut program = start(&site, format!("server.listen = \"127.0.0.1:0\"\n{config}"));
    let checked = site.run(&["check", "site.toml"]);
    assert_eq!(checked.stdout, "site.toml: fine. 0 cameras, 1 external source, 1 zone, 1 line, 1 rule\n");
    let address = program.address();
    let said = Command::new("sh")
        .args(["-c", &command.replace("127.0.0.1:8090", &address.to_string())])
        .env("CAMPUS_TOKEN", TOKEN)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "{\"taken\":true}", "{}", String::from_utf8_lossy(&said.stderr));
    let state = States::of(address).until("its counts", |state| !hall(state)["value"].is_null());
    assert_eq!(hall(&state)["value"], 312.0);
    program.signal("TERM");
    assert_eq!(program.end().code, Some(0));
}

#[test]
fn a_site_is_made_of_a_cameras_zone_and_a_sources_zone() {
    if !sample_is_here() {
        return;
    }
    let site = Site::new();
    let rest = format!(
        r#"
[cameras.walkway]
input_size = "256x192"
analysis_fps = 3
source.file = {{ path = "{}", fps = 7, repeat = true }}
zones.all.polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]
[sites.all]
zones = ["walkway/all", "campus/hall"]
entrances = {{ "campus/north_gate" = "in" }}
capacity = 4000
[rules.site_full]
site = "all"
measure = "share_of_capacity"
levels.red = {{ raise = 1.2, hold_s = 0 }}
"#,
        sample().display()
    );
    let mut program = start(&site, config("http.token_env = \"CAMPUS_TOKEN\"", &rest));
    let address = program.address();
    let mut states = States::of(address);
    states.until("people on the walkway", |state| {
        state["cameras"][0]["zones"][0]["classes"][0]["occupancy"]["value"].as_f64() > Some(0.0)
    });
    assert_eq!(tell(address, &counts(5000.0)).0, 200);
    let state = states.until("walkway and campus together", |state| {
        let people = &state["sites"][0]["measures"]["occupancy"];
        // More than the source alone tells; at this input size the walkway's people may be a lower bound all the time.
        people["value"].as_f64() > Some(5000.0) && alert_of(state, "site_full").is_some()
    });
    assert_eq!(alert_of(&state, "site_full").unwrap()["site"], "all");
    assert_eq!(state["sites"][0]["measures"]["flow_in"]["quality"], "unknown:not_started");
    program.signal("TERM");
    assert_eq!(program.end().code, Some(0));
}

/// Publishes a message, kept by the broker, and waits until the broker has it.
async fn publish(port: u16, message: &Value) {
    let (client, mut events) = AsyncClient::new(MqttOptions::new("campus", "127.0.0.1", port), 10);
    client.publish("campus/counts", QoS::AtLeastOnce, true, message.to_string()).await.unwrap();
    while !matches!(events.poll().await.unwrap(), Event::Incoming(Packet::PubAck(_))) {}
}

#[test]
fn a_broker_that_is_killed_is_read_again() {
    if !is_installed(MOSQUITTO) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let port = closed().port();
    let broker = runtime.block_on(mosquitto(folder.path(), port));
    let site = Site::new();
    let access = format!("mqtt = {{ url = \"mqtt://127.0.0.1:{port}\", topic = \"campus/counts\" }}");
    let mut program = start(&site, config(&access, ""));
    let address = program.address();
    let mut states = States::of(address);
    runtime.block_on(publish(port, &counts(30.0)));
    states.until("the first counts", |state| hall(state)["value"] == 30.0);
    let (status, answer) = tell(address, &counts(31.0));
    assert_eq!((status, &answer["error"]["code"]), (401, &json!("unauthorized")), "it comes over MQTT");

    broker.kill();
    states.until("the broker is away", |state| {
        state["sources"][0]["error"].as_str().is_some_and(|error| error.starts_with("mqtt://127.0.0.1"))
    });
    let _broker = runtime.block_on(mosquitto(folder.path(), port));
    runtime.block_on(publish(port, &counts(250.0)));
    let state = states.until("counts after the restart", |state| hall(state)["value"] == 250.0);
    assert_eq!(state["sources"][0]["error"], Value::Null);
    states.until("the alert", |state| alert_of(state, "hall_dense").is_some());
    runtime.block_on(publish(port, &json!({ "zones": {} })));
    states.until("a message that can't be read is shown", |state| {
        state["sources"][0]["error"].as_str().is_some_and(|error| error.starts_with("at: found nothing"))
    });
    program.signal("TERM");
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
