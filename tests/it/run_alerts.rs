//! `crowdflow run` and its alerts from end to end: raised, stored, sent, acknowledged, and gone on with after a kill.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::time::Duration;

use crowdflow::model::Timestamp;
use crowdflow::store::{AlertCommit, NewDelivery, RuleStateRow, Store, StoreAddress};
use serde_json::{Value, json};

use crate::delivery::target::{Target, status};
use crate::support::{Program, Site, States, get, post, sample, sample_is_here};

/// A camera whose alert begins as soon as anybody is seen and does not end by itself; a site with a unit and a plan.
fn config(webhook: &str) -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
accounts = "off"
[store]
file = "data/alerts.db"
[cameras.walkway]
name = "Walkway"
analysis_fps = 3
input_size = "256x192"
stale_after_s = 2
source.file = {{ path = "{}", fps = 7, repeat = true }}
zones.all.polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]
[rules.anybody]
name = "Somebody is there"
zone = "walkway/all"
measure = "occupancy"
levels.orange = {{ raise = 1, hold_s = 0, clear = 0, clear_hold_s = 3600 }}
[rules.never]
zone = "walkway/all"
measure = "occupancy"
levels.red = {{ raise = 90000, hold_s = 0, clear = 80000, clear_hold_s = 0 }}
[sites.bund]
name = "Bund"
unit = "district"
zones = ["walkway/all"]
[units.district]
name = "District"
[plans.orange]
site = "bund"
level = "orange"
[[plans.orange.steps]]
id = "patrol"
kind = "send_patrol"
text = "Send a patrol"
text_zh = "派出巡逻"
limit_s = 600
[alerts]
remind_every_s = 0
escalate_after_s = {{ orange = 86400 }}
[evidence]
folder = "evidence"
before_s = 1
after_s = 1
[destinations.hook.webhook]
url = "{webhook}"
"#,
        sample().display()
    )
}

fn only_alert(state: &Value) -> Option<&Value> {
    state["alerts"].as_array().unwrap().iter().find(|alert| alert["rule"] == "anybody")
}

#[test]
fn an_alert_is_stored_sent_answered_and_goes_on_after_a_kill() {
    if !sample_is_here() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let target = runtime.block_on(Target::start(|_| status(200)));
    let site = Site::new();
    site.write("site.toml", config(&format!("http://{}/alerts", target.address)));
    let run = || Program::start(&mut site.command(&["run", "--config", "site.toml"]));

    let mut program = run();
    let address = program.address();
    let mut states = States::of(address);
    let state = states.until("an alert", |state| only_alert(state).is_some());
    let alert = only_alert(&state).unwrap();
    let id = alert["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&alert["level"], &alert["state"], &alert["site"]),
        (&"orange".into(), &"firing".into(), &"bund".into())
    );
    assert_eq!((&alert["plan"]["id"], &alert["plan"]["steps"][0]["state"]), (&"orange".into(), &"waiting".into()));

    let act = |address, body: Value| post(address, &format!("/api/v1/alerts/{id}/actions"), &body);
    let (code, answer) = act(address, json!({ "who": "Li", "action": "acknowledge" }));
    assert_eq!((code, &answer["stored"], &answer["alert"]["acknowledged"]["who"]), (200, &true.into(), &"Li".into()));
    let started =
        json!({ "who": "Li", "action": "step", "step": "patrol", "state": "started", "note": "two officers" });
    assert_eq!(act(address, started).0, 200);
    // What can't be is refused, and says why.
    let (code, answer) = act(address, json!({ "who": "Li", "action": "step", "step": "dance", "state": "done" }));
    assert_eq!(code, 400, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("expected one of: patrol"), "{answer}");
    assert_eq!(act(address, json!({ "who": "", "action": "acknowledge" })).0, 400);
    assert_eq!(post(address, "/api/v1/alerts/nothing.1/actions", &json!({ "who": "Li", "action": "escalate" })).0, 404);

    states.until("evidence is on record: rule, samples, picture and clip", |_| {
        get(address, "/metrics").contains("crowdflow_evidence_total{what=\"recorded\"} 4\n")
    });
    // What was confirmed is there after a kill.
    program.signal("KILL");
    program.end();
    let mut program = run();
    let address = program.address();
    let mut states = States::of(address);
    let state = states.until("the alert goes on", |state| {
        only_alert(state).is_some_and(|alert| !alert["reading"]["value"].is_null())
    });
    let alert = only_alert(&state).unwrap();
    assert_eq!((&alert["id"], &alert["state"]), (&id.as_str().into(), &"acknowledged".into()));
    assert_eq!(alert["plan"]["steps"][0]["note"], "two officers");

    // A drill has its own alert, marked as one.
    let drill = json!({ "who": "Li", "rule": "never", "level": "red", "hold_s": 2 });
    assert_eq!(post(address, "/api/v1/drills", &drill).0, 200);
    assert_eq!(post(address, "/api/v1/drills", &drill).0, 409, "it goes on already");
    let drilled = |state: &Value| {
        let alerts = state["alerts"].as_array().unwrap();
        alerts.iter().find(|alert| alert["rule"] == "drill.never").cloned()
    };
    let state = states.until("the drill's alert", |state| drilled(state).is_some());
    let drill = drilled(&state).unwrap();
    assert_eq!(
        (&drill["drill"], &drill["level"], &drill["reading"]["value"]),
        (&true.into(), &"red".into(), &90000.0.into())
    );
    assert_eq!(post(address, "/api/v1/drills/never/end", &json!({ "who": "Li" })).0, 200);
    states.until("the drill is over", |state| drilled(state).is_none());

    let metrics = get(address, "/metrics");
    assert!(metrics.contains("crowdflow_alerts_open{level=\"orange\"} 1\n"), "{metrics}");
    assert!(metrics.contains("crowdflow_store_up 1\n"));
    let history: Value = serde_json::from_str(&get(address, &format!("/api/v1/alerts/{id}"))).unwrap();
    let entries: Vec<(u64, &str)> = history["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["number"].as_u64().unwrap(), entry["kind"].as_str().unwrap()))
        .filter(|(_, kind)| !["stale", "fresh"].contains(kind))
        .collect();
    assert_eq!(entries, [(1, "raised"), (2, "acknowledged"), (3, "step_started")]);
    assert_eq!(history["actions"][1]["note"], "two officers");

    program.signal("TERM");
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("ERROR"), "{}", ended.stderr);
    // Everything has been sent by the orderly end at the latest; again only with the same key.
    let mut keys: Vec<String> =
        target.seen().iter().map(|seen| seen.json()["key"].as_str().unwrap().to_owned()).collect();
    keys.dedup();
    for (number, told) in [(1, true), (2, true), (3, false)] {
        assert_eq!(keys.contains(&format!("{id}/{number}/hook")), told, "{number}: {keys:?}");
    }
    let drills = target.seen().iter().filter(|seen| seen.json()["drill"] == true).count();
    assert!(drills >= 2, "its rise and its end, marked as a drill");
    let store = site.run(&["store", "status", "data/alerts.db", "--json"]).quietly_fine();
    let store: Value = serde_json::from_str(&store.stdout).unwrap();
    assert_eq!(store["open_alerts"], 1);
    assert!(store["last_sample"].is_string() && store["rows"]["rule_state"].as_u64() >= Some(3), "{store}");
    assert_eq!(store["outbox"][0]["pending"], 0, "{store}");

    // The rise left its evidence, and the chain holds.
    let verified = site.run(&["evidence", "verify", "--store", "data/alerts.db", "--evidence", "evidence"]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
    let export = ["alert", "export", &id, "--store", "data/alerts.db", "--evidence", "evidence", "--to", "alert.zip"];
    let exported = site.run(&export);
    assert_eq!(exported.code, Some(0), "{}{}", exported.stdout, exported.stderr);
    let zip = std::fs::read(site.path("alert.zip")).unwrap();
    let has = |name: &[u8]| zip.windows(name.len()).any(|window| window == name);
    for name in [&b"_picture_walkway.jpg"[..], b"_clip_walkway.mp4", b"_rule.json", b"_samples.json", b"alert.json"] {
        assert!(has(name), "{}", String::from_utf8_lossy(name));
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
}

#[test]
fn what_a_killed_service_left_behind_is_told() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let target = runtime.block_on(Target::start(|_| status(200)));
    let site = Site::new();
    let config = config(&format!("http://{}/alerts", target.address)).replace(&*sample().to_string_lossy(), "gone.avi");
    let config = config
        + "[calendar]\ntime_zone = \"Asia/Shanghai\"\n[profiles.festival]\n[destinations.broken.webhook]\nurl = \"http://127.0.0.1:9/\"\n";
    site.write("site.toml", &config);
    let mut program = Program::start(&mut site.command(&["run", "--config", "site.toml"]));
    let address = program.address();
    let of_rule = |state: &Value, rule: &str| {
        let alerts = state["alerts"].as_array().unwrap();
        alerts.iter().find(|alert| alert["rule"] == rule).cloned()
    };
    let state = States::of(address).until("the blind camera is told of", |state| {
        of_rule(state, "blind.walkway").is_some() && state["store"]["ok"] == true
    });
    let id = of_rule(&state, "blind.walkway").unwrap()["id"].as_str().unwrap().to_owned();
    // A second service on the same store is refused, and told who has it.
    let second = site.run(&["run", "--config", "site.toml"]);
    assert_eq!(second.code, Some(69), "{}", second.stderr);
    assert!(second.stderr.contains("another running service uses it (process "), "{}", second.stderr);
    // Whoever switches a profile is on record before the answer says so.
    let (code, answer) = post(address, "/api/v1/profiles/festival", &json!({ "who": "Li", "on": true }));
    assert_eq!((code, &answer["stored"]), (200, &true.into()), "{answer}");
    let two_lines = json!({ "who": "Li\nERROR", "on": true });
    assert_eq!(post(address, "/api/v1/profiles/festival", &two_lines).0, 400, "a name is one line");
    program.signal("KILL");
    program.end();

    // Somebody spoils what was kept; a message was given up in the last moment; another destination is no more.
    runtime.block_on(async {
        let store = Store::open_existing(&StoreAddress::file(site.path("data/alerts.db"))).await.unwrap();
        let deeds = store.audit(Timestamp(0), Timestamp(i64::MAX), 10).await.unwrap();
        let deeds: Vec<_> = deeds.iter().map(|row| (row.who.as_str(), row.kind.as_str(), &*row.subject)).collect();
        assert_eq!(deeds, [("Li", "profile_on", "festival")]);
        let states = store.rule_states().await.unwrap();
        let state = |rule: &str| states.iter().find(|row| row.rule == rule).unwrap().clone();
        let spoilt = RuleStateRow { state: "{".to_owned(), ..state("blind.walkway") };
        let later = state("undelivered.broken").at.plus_seconds(0.2);
        let commit = AlertCommit {
            rule_states: vec![spoilt],
            deliveries: vec![NewDelivery {
                sink: "removed".to_owned(),
                stream: id.clone(),
                key: "a/1/removed".to_owned(),
                payload: "{}".to_owned(),
                due: Timestamp(0),
            }],
            ..AlertCommit::default()
        };
        store.commit(&commit, later).await.unwrap();
        assert!(store.give_up_deliveries("broken", "no answer", later).await.unwrap() >= 1);
        store.close().await;
    });
    let mut program = Program::start(&mut site.command(&["run", "--config", "site.toml"]));
    let mut states = States::of(program.address());
    let state = states.until("the message that was given up", |state| of_rule(state, "undelivered.broken").is_some());
    assert_eq!(of_rule(&state, "undelivered.broken").unwrap()["level"], "orange");
    states.until("the end of the alert that was forgotten", |_| {
        let seen = target.seen();
        seen.iter().any(|seen| seen.json()["alert"] == id.as_str() && seen.json()["kind"] == "cleared")
    });
    states.until("that somebody was not told is told to the others", |_| {
        target.seen().iter().any(|seen| seen.json()["rule"]["id"] == "undelivered.broken")
    });
    program.signal("TERM");
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("the destination is not in the configuration any more"), "{}", ended.stderr);
    runtime.shutdown_timeout(Duration::from_secs(1));
}

#[test]
fn a_camera_that_sends_nothing_is_an_alert_of_its_own() {
    let site = Site::new();
    let config = config("http://127.0.0.1:9/").replace(&*sample().to_string_lossy(), "gone.avi");
    site.write("site.toml", config);
    let mut program = Program::start(&mut site.command(&["run", "--config", "site.toml"]));
    let mut states = States::of(program.address());
    let blind = |state: &Value| {
        let alerts = state["alerts"].as_array().unwrap();
        alerts.iter().find(|alert| alert["rule"] == "blind.walkway").cloned()
    };
    let state = states.until("the blind camera is told of", |state| blind(state).is_some());
    let blind = blind(&state).unwrap();
    assert_eq!((&blind["level"], &blind["measure"], &blind["site"]), (&"blue".into(), &"blind".into(), &Value::Null));
    assert_eq!(blind["name"], "Walkway sends no pictures");
    assert!(state["recent_alerts"].as_array().unwrap().iter().any(|alert| alert["rule"] == "blind.walkway"));
    program.signal("TERM");
    assert_eq!(program.end().code, Some(0));
}
