//! The configuration is changed over HTTP while `crowdflow run` runs.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::support::{Program, Site, States, get, post, sample, sample_is_here};

fn config() -> String {
    format!(
        r#"# The walkway, as it stands
[server]
listen = "127.0.0.1:0"
accounts = "off"
[store]
file = "data/store.db"
[cameras.walkway]
analysis_fps = 3
input_size = "256x192"
source.file = {{ path = "{}", fps = 7, repeat = true }} # the test's own
[rules.anybody]
zone = "walkway/all"
measure = "occupancy"
levels.orange = {{ raise = 1, hold_s = 0, clear = 0, clear_hold_s = 3600 }}
[cameras.walkway.zones.all]
polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]
"#,
        sample().display()
    )
}

fn json_of(address: SocketAddr, path: &str) -> Value {
    serde_json::from_str(&get(address, path)).unwrap()
}

/// Asks for a change that is taken, and waits until the service has started anew.
fn change(address: SocketAddr, body: &Value) -> (String, States) {
    let states = States::of(address);
    let (code, answer) = post(address, "/api/v1/config", body);
    assert_eq!(code, 202, "{answer}");
    states.end();
    // Who connects meanwhile waits.
    (answer["hash"].as_str().unwrap().to_owned(), States::of(address))
}

#[test]
fn a_zone_is_drawn_counted_and_taken_back_while_the_alert_goes_on() {
    if !sample_is_here() {
        return;
    }
    let site = Site::new();
    site.write("site.toml", config());
    let mut program = Program::start(&mut site.command(&["run", "--config", "site.toml"]));
    let address = program.address();
    let alert_of = |state: &Value| {
        let alerts = state["alerts"].as_array().unwrap();
        alerts.iter().find(|alert| alert["rule"] == "anybody").map(|alert| alert["id"].clone())
    };
    let state = States::of(address).until("an alert", |state| alert_of(state).is_some());
    let alert = alert_of(&state);
    let first = json_of(address, "/api/v1/config");
    assert_eq!((&first["text"], &first["changeable"]), (&config().into(), &true.into()));
    let base = first["hash"].as_str().unwrap().to_owned();

    // Drawn on the picture: first looked at, then put in force.
    let polygon = json!([[0, 0.5], [1, 0.5], [1, 1], [0, 1]]);
    let edits =
        json!([{ "path": ["cameras", "walkway", "zones", "near"], "value": { "name": "Near", "polygon": polygon } }]);
    let (code, checked) = post(address, "/api/v1/config/check", &json!({ "edits": edits }));
    assert_eq!((code, &checked["ok"]), (200, &true.into()), "{checked}");
    assert!(checked["diff"].as_str().unwrap().contains("+[cameras.walkway.zones.near]\n"), "{checked}");
    let crossed =
        json!([{ "path": ["cameras", "walkway", "zones", "near"], "value": { "polygon": [[0, 0], [1, 1]] } }]);
    let (_, checked) = post(address, "/api/v1/config/check", &json!({ "edits": crossed }));
    assert!(checked["faults"][0].as_str().unwrap().contains("cameras.walkway.zones.near.polygon"), "{checked}");
    // Somebody's own text, and keys of it that differ besides; what it says comes as JSON, as it is written.
    let own = format!("{}\n[units.north]\nname = \"North\"\n", config());
    let (code, checked) = post(address, "/api/v1/config/check", &json!({ "text": own, "edits": edits }));
    assert_eq!((code, &checked["ok"]), (200, &true.into()), "{checked}");
    let text = checked["text"].as_str().unwrap();
    assert!(text.contains("[units.north]\n") && text.contains("[cameras.walkway.zones.near]\n"), "{text}");
    assert_eq!(checked["values"]["units"]["north"]["name"], "North");
    assert_eq!(checked["values"]["cameras"]["walkway"]["zones"]["near"]["polygon"], polygon);
    assert_eq!(checked["values"]["cameras"]["walkway"]["analysis_fps"], 3);
    let (code, checked) = post(address, "/api/v1/config/check", &json!({ "text": "[cameras" }));
    assert_eq!((code, &checked["ok"], &checked["values"]), (200, &false.into(), &Value::Null), "{checked}");
    let (code, _) = post(address, "/api/v1/config/check", &json!({ "text": "[cameras", "edits": edits }));
    assert_eq!(code, 400, "there is nothing to change in what is no TOML");
    let by_li =
        |base: &str, edits: &Value| json!({ "base": base, "edits": edits, "who": "Li", "why": "a zone by the river" });
    let (code, answer) = post(address, "/api/v1/config", &by_li(&base, &crossed));
    assert_eq!(code, 422, "{answer}");
    let (hash, mut states) = change(address, &by_li(&base, &edits));
    let state = states.until("the new zone is counted", |state| {
        let zones = state["cameras"][0]["zones"].as_array().unwrap();
        zones.iter().any(|zone| zone["id"] == "near" && !zone["measures"]["occupancy"]["value"].is_null())
    });
    assert_eq!(alert_of(&state), alert, "the alert goes on");
    let now = json_of(address, "/api/v1/config");
    assert_eq!((&now["hash"], &now["changing"]), (&hash.as_str().into(), &false.into()));
    assert!(now["text"].as_str().unwrap().starts_with(&config()), "what was written by hand stays");
    assert_eq!(std::fs::read_to_string(site.path("site.toml")).unwrap(), now["text"].as_str().unwrap());
    let (code, answer) = post(address, "/api/v1/config", &by_li(&base, &edits));
    assert_eq!(code, 409, "made of an older one: {answer}");

    // Points that somebody clicks, before they are in force: the grid of metres, and what the zones become.
    let pair = |x: f64, y: f64, at: [i32; 2]| json!({ "image": [x, y], "ground": at });
    let points =
        json!([pair(0.2, 0.9, [0, 0]), pair(0.8, 0.9, [4, 0]), pair(0.65, 0.4, [4, 12]), pair(0.35, 0.4, [0, 12])]);
    let calibration = json!({ "frame_size": [768, 576], "points": points });
    let calibrate = json!([{ "path": ["cameras", "walkway", "calibration"], "value": calibration }]);
    let (code, ground) = post(address, "/api/v1/config/ground", &json!({ "camera": "walkway", "edits": calibrate }));
    assert_eq!((code, &ground["faults"]), (200, &json!([])), "{ground}");
    assert!(ground["calibration"]["rms_ground_m"].as_f64().unwrap() < 1e-6, "{ground}");
    let grid = ground["calibration"]["grid"].as_array().unwrap();
    let near = grid.iter().find(|line| line["axis"] == "y" && line["at_m"] == 0).unwrap();
    for point in near["points"].as_array().unwrap() {
        assert!((point[1].as_f64().unwrap() - 0.9).abs() < 1e-6, "{near}");
    }
    let scale = |row: usize| ground["calibration"]["scale"][row * 5 + 2]["px_per_m"].as_f64();
    assert!(scale(4) > scale(3), "nearer is larger: {ground}");
    let three =
        json!([{ "path": ["cameras", "walkway", "calibration"], "value": { "points": [], "frame_size": [768, 576] } }]);
    let (_, ground) = post(address, "/api/v1/config/ground", &json!({ "camera": "walkway", "edits": three }));
    assert!(ground["faults"][0].as_str().unwrap().contains("calibration"), "{ground}");
    let (code, answer) = post(address, "/api/v1/config/ground", &json!({ "camera": "quay", "edits": [] }));
    assert_eq!((code, &answer["error"]["cameras"]), (404, &json!(["walkway"])));

    // A camera that somebody thinks of, before it is in force: the video of the test, an address where nobody is, and one
    // that it has not.
    let try_camera = |camera: &str, source: Value| {
        let value = json!({ "analysis_fps": 1, "source": source });
        let edits = json!([{ "path": ["cameras", "new"], "value": value }]);
        post(address, "/api/v1/config/camera", &json!({ "camera": camera, "edits": edits }))
    };
    let file = json!({ "file": { "path": sample(), "fps": 7 } });
    let (code, tried) = try_camera("new", file.clone());
    assert_eq!((code, &tried["ok"], &tried["frame_size"]), (200, &true.into(), &json!([768, 576])), "{tried}");
    assert_eq!((&tried["given_fps"], &tried["coarse"]), (&7.0.into(), &true.into()));
    assert!(tried["picture"].as_str().unwrap().starts_with("/9j/"), "a JPEG");
    let (code, tried) = try_camera("new", json!({ "rtsp": { "url": "rtsp://127.0.0.1:9/live" } }));
    assert_eq!((code, &tried["ok"], &tried["picture"]), (200, &false.into(), &Value::Null), "{tried}");
    assert!(tried["fault"].as_str().unwrap().contains("Connection refused"), "{tried}");
    let (code, tried) = try_camera("new", json!({ "file": { "path": "site.toml", "fps": 7 } }));
    let fault = tried["fault"].as_str().unwrap();
    assert!(code == 200 && !fault.contains("walkway"), "what is no video is not shown: {fault}");
    let (code, answer) = try_camera("new", json!({ "rtsp": {} }));
    assert_eq!(code, 422, "{answer}");
    let (code, answer) = try_camera("quay", file);
    assert_eq!((code, &answer["error"]["cameras"]), (404, &json!(["new", "walkway"])));

    // A rule that somebody thinks of, on what is on record.
    let rule =
        json!({ "zone": "walkway/all", "measure": "occupancy", "levels": { "blue": { "raise": 1, "hold_s": 0 } } });
    let try_rule = |state: &Value| {
        let body = json!({
            "from": first["since"], "to": state["time"],
            "edits": [{ "path": ["rules", "new"], "value": rule }],
        });
        post(address, "/api/v1/config/backtest", &body)
    };
    // 404 as long as nothing of that time is on record.
    let state = states.until("a second of samples is on record", |state| try_rule(state).0 != 404);
    let (code, report) = try_rule(&state);
    assert_eq!(code, 200, "{report}");
    let new = report["rules"].as_array().unwrap().iter().find(|row| row["rule"] == "new").unwrap();
    assert!(new["candidate"]["levels"][0]["times"].as_u64() >= Some(1), "{new}");
    assert!(new["today"].is_null());

    // One that is right in itself, and that the service can't be started with.
    let folder = json!([{ "path": ["output", "alerts_jsonl"], "value": "site.toml/alerts.jsonl" }]);
    let _ = change(address, &by_li(&hash, &folder));
    let now = json_of(address, "/api/v1/config");
    assert_eq!(now["hash"], hash.as_str(), "it has gone back");
    assert!(now["refused"]["why"].as_str().unwrap().contains("alerts.jsonl"), "{now}");
    assert_eq!(std::fs::read_to_string(site.path("site.toml")).unwrap(), now["text"].as_str().unwrap());

    // Back to the first, as it is on record.
    let version = json_of(address, &format!("/api/v1/config/versions/{base}"));
    let back = json!({ "base": hash, "text": version["text"], "who": "Wang", "why": "not needed" });
    let (hash, mut states) = change(address, &back);
    assert_eq!(hash, base);
    let state = states.until("the zone is gone", |state| state["cameras"][0]["zones"].as_array().unwrap().len() == 1);
    assert_eq!(alert_of(&state), alert);
    let versions = json_of(address, "/api/v1/config/versions");
    let who: Vec<&str> =
        versions["versions"].as_array().unwrap().iter().map(|version| version["who"].as_str().unwrap()).collect();
    assert_eq!(who, ["Wang", "the service at its start", "Li", "Li", "the service at its start"]);
    assert_eq!(versions["versions"][2]["why"], "a zone by the river");

    program.signal("TERM");
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
