//! What somebody sees whose scope is one site.

use std::io::{BufRead as _, BufReader};

use crowdflow::model::{AccessScope, Role};
use crowdflow::store::AuditRow;
use serde_json::{Value, json};

use super::{Guarded, bearer, code, only};
use crate::made_up_service::{NOW, camera, gate_report};

/// The ids of a list's members.
fn ids(list: &Value, key: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

/// What is in somebody's state.
#[derive(Clone, Copy)]
struct Seen {
    cameras: &'static [&'static str],
    rules: &'static [&'static str],
    sites: &'static [&'static str],
}

#[test]
fn the_state_is_that_of_the_own_sites() {
    let guarded = Guarded::start();
    let north = AccessScope::Only { sites: [].into(), units: ["north".parse().unwrap()].into() };
    let city = AccessScope::Only { sites: [].into(), units: ["city".parse().unwrap()].into() };
    guarded.add_user("li", Role::Admin, AccessScope::All);
    let all = Seen {
        cameras: &["gate", "patrol", "quay"],
        rules: &["plaza_dense", "quay_full", "road_full"],
        sites: &["river", "square"],
    };
    let square = Seen { cameras: &["gate"], rules: &["plaza_dense", "road_full"], sites: &["square"] };
    let river = Seen { cameras: &["quay"], rules: &["quay_full"], sites: &["river"] };
    for (name, scope, Seen { cameras, rules, sites }) in [
        ("all", AccessScope::All, all),
        ("square", only("square"), square),
        ("river", only("river"), river),
        ("north", north, square),
        ("city", city, Seen { cameras: &["gate", "quay"], ..all }),
    ] {
        guarded.add_token("li", name, Role::Viewer, scope);
        let seen = guarded.service.call("GET", "/api/v1/state", &bearer(name), None).json();
        assert_eq!(ids(&seen["cameras"], "id"), cameras, "{name}");
        assert_eq!(ids(&seen["rules"], "id"), rules, "{name}");
        assert_eq!(ids(&seen["sites"], "id"), sites, "{name}");
        let alerts: Vec<&str> = rules.iter().copied().filter(|rule| *rule != "road_full").collect();
        let mut open = ids(&seen["alerts"], "rule");
        open.sort();
        assert_eq!(open, alerts, "{name}");
        let recent = ids(&seen["recent_alerts"], "rule");
        assert!(recent.iter().all(|rule| rules.contains(&rule.as_str())) && !recent.is_empty(), "{name}: {recent:?}");
        let mut recorded =
            ids(&guarded.service.call("GET", "/api/v1/alerts", &bearer(name), None).json()["alerts"], "rule");
        recorded.sort();
        assert_eq!(recorded, alerts, "{name}");
        // No word of another site in any of it.
        if name == "river" || name == "square" {
            let other = if name == "river" { ["gate", "plaza", "square"] } else { ["quay", "\"edge", "river"] };
            // The name of a line has the word `river` in it.
            let text = seen.to_string().replace("Steps to the river", "");
            assert_eq!(other.iter().find(|word| text.contains(*word)), None, "{name}: {text}");
        }
    }
    let missing = guarded.service.call("GET", "/cameras/gate/snapshot.jpg", &bearer("river"), None);
    assert_eq!((missing.status, &missing.json()["error"]["cameras"]), (404, &json!(["quay"])));
    let drill = json!({ "rule": "plaza_dense", "level": "red" });
    guarded.add_token("li", "drill", Role::Planner, only("river"));
    let missing = guarded.service.call("POST", "/api/v1/drills", &bearer("drill"), Some(&drill));
    let message = missing.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("expected one of: quay_full"), "{message}");
}

#[test]
fn evidence_and_histories_are_those_of_the_own_sites_and_who_viewed_them_is_on_record() {
    let guarded = Guarded::start();
    guarded.add_user("li", Role::Admin, AccessScope::All);
    for site in ["square", "river"] {
        guarded.add_token("li", site, Role::Viewer, only(site));
    }
    let get = |path: &str, token: &str| guarded.service.call("GET", path, &bearer(token), None);
    let history = |place: &str| {
        format!("/api/v1/history?place={place}&measures=density&from=2026-11-24T02:00:00Z&to=2026-11-24T03:00:00Z")
    };
    let evidence = "/api/v1/alerts/plaza_dense.1/evidence";
    for (path, square, river) in [
        (evidence.to_owned(), 200, 404),
        (format!("{evidence}/1"), 200, 404),
        // An alert that was never there looks as one of another site does.
        ("/api/v1/alerts/plaza_dense.9/evidence".to_owned(), 404, 404),
        (history("zone:gate/plaza"), 200, 404),
        (history("zone:quay/edge"), 404, 200),
        (history("camera:gate"), 200, 404),
        (history("site:square"), 200, 404),
        (history("site:river"), 404, 200),
        (history("site:nowhere"), 404, 404),
    ] {
        assert_eq!(get(&path, "square").status, square, "{path}");
        assert_eq!(get(&path, "river").status, river, "{path}");
    }
    guarded.service.clock.fetch_add(1_000_000, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(get(&format!("{evidence}/1"), "square").text(), "picture");
    let message = |path: &str| get(path, "river").json()["error"]["message"].to_string();
    assert_eq!(message(evidence).replace(".1`", ".9`"), message("/api/v1/alerts/plaza_dense.9/evidence"));
    assert_eq!(message(&history("site:square")).replace("square", "nowhere"), message(&history("site:nowhere")));
    // Nobody waits for the audit, so it is asked until it has both views; a list is none.
    let viewed = || guarded.audit().into_iter().filter(|entry| entry.kind == "evidence_viewed").collect::<Vec<_>>();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while viewed().len() < 2 && std::time::Instant::now() < end {
        std::thread::yield_now();
    }
    let entries = viewed();
    assert_eq!(entries.len(), 2, "{entries:?}");
    for entry in entries {
        let AuditRow { who, subject, detail, .. } = entry;
        assert_eq!((who.as_str(), &*subject, &*detail), ("li", "plaza_dense.1", "1_picture_gate.jpg"));
    }
}

#[test]
fn site_maps_show_the_own_places() {
    let guarded = Guarded::start();
    guarded.add_user("li", Role::Admin, AccessScope::All);
    for (name, scope) in [("all", AccessScope::All), ("square", only("square")), ("river", only("river"))] {
        guarded.add_token("li", name, Role::Viewer, scope);
    }
    let get = |path: &str, token: &str| guarded.service.call("GET", path, &bearer(token), None);
    let maps = |token: &str| get("/api/v1/maps", token).json()["maps"].clone();
    assert_eq!(ids(&maps("all"), "id"), ["square", "town"]);
    assert_eq!(ids(&maps("square"), "id"), ["square", "town"]);
    let river = maps("river");
    assert_eq!(
        river,
        json!([{
            "id": "town", "name": "Town", "picture": null, "width_m": 200.0,
            "zones": [{ "place": "zone:quay/edge", "outline": [[0.6, 0.1], [0.9, 0.1], [0.9, 0.5]] }],
            "lines": [],
            "cameras": [{ "place": "camera:quay", "at": [0.8, 0.9] }],
        }])
    );
    let town = &maps("all")[1];
    assert_eq!(ids(&town["zones"], "place"), ["zone:gate/plaza", "zone:quay/edge"]);
    assert_eq!(town["lines"], json!([{ "place": "line:gate/door", "ends": [[0.1, 0.5], [0.4, 0.5]] }]));

    let picture = maps("square")[0]["picture"].clone();
    let address = picture["address"].as_str().unwrap();
    assert_eq!(address, "/api/v1/maps/square/picture");
    let given = get(address, "square");
    let on_disk = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/config/demo_map.png")).unwrap();
    assert_eq!((given.status, &given.body), (200, &on_disk));
    let header = |name: &str| {
        let line = given.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("{name}: {}", given.head)).to_owned()
    };
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("cache-control"), "private, no-cache");
    let known = format!("{}If-None-Match: \"else\", {}\r\n", bearer("square"), header("etag"));
    let same = guarded.service.call("GET", address, &known, None);
    assert_eq!((same.status, same.body.len()), (304, 0));
    // A picture that is not on the disk, and a map of other places, which looks as one that there isn't.
    assert_eq!(get("/api/v1/maps/town/picture", "river").status, 404);
    let message = |path: &str| get(path, "river").json()["error"]["message"].to_string();
    assert_eq!(message(address).replace("square", "nowhere"), message("/api/v1/maps/nowhere/picture"));
}

#[test]
fn events_are_of_the_own_sites_and_end_with_the_session() {
    let guarded = Guarded::start();
    guarded.add_user("li", Role::Viewer, only("river"));
    guarded.add_user("chief", Role::Admin, AccessScope::All);
    let id = guarded.add_session("li", "li-session");
    guarded.add_session("chief", "chief-session");
    let (cookie, _) = guarded.session("li-session");
    let connection = guarded.service.send("GET", "/api/v1/events", &cookie, None);
    let mut lines = BufReader::new(connection).lines();
    let mut data = || lines.find_map(|line| line.unwrap().strip_prefix("data: ").map(ToOwned::to_owned));
    let first: Value = serde_json::from_str(&data().unwrap()).unwrap();
    assert_eq!(ids(&first["cameras"], "id"), ["quay"]);
    let (chief, csrf) = guarded.session("chief-session");
    let path = format!("/api/v1/sessions/{id}");
    assert_eq!(guarded.service.call("DELETE", &path, &format!("{chief}{csrf}"), None).status, 204);
    guarded.service.board.report(gate_report(NOW, crowdflow::model::Reading::Valid(3.0), 1.0).into(), []);
    assert_eq!(data(), None, "nothing comes after it");
}

#[test]
fn alerts_of_other_sites_leave_room_for_the_own() {
    let guarded = Guarded::start();
    guarded.add_user("li", Role::Admin, AccessScope::All);
    guarded.add_token("li", "all", Role::Viewer, AccessScope::All);
    guarded.add_token("li", "square", Role::Viewer, only("square"));
    // More than an answer has, all of them newer, many of one moment.
    let river = guarded.service.wait(guarded.store.alert("quay_full.1")).unwrap().unwrap();
    let alerts = (2..1503_i64).map(|number| crowdflow::store::AlertRow {
        id: format!("quay_full.{number}"),
        since: NOW.plus_seconds((number / 400) as f64 + 1.0),
        ..river.clone()
    });
    let commit = crowdflow::store::AlertCommit { alerts: alerts.collect(), ..Default::default() };
    guarded.service.wait(guarded.store.commit(&commit, NOW)).unwrap();
    let list = |token: &str| guarded.service.call("GET", "/api/v1/alerts", &bearer(token), None).json();
    let (all, square) = (list("all"), list("square"));
    assert_eq!((all["alerts"].as_array().unwrap().len(), &all["cut"]), (1000, &true.into()));
    assert_eq!((ids(&square["alerts"], "id"), &square["cut"]), (vec!["plaza_dense.1".to_owned()], &false.into()));
}

#[test]
fn a_live_picture_ends_with_the_session() {
    let guarded = Guarded::start();
    guarded.add_user("li", Role::Viewer, AccessScope::All);
    guarded.add_session("li", "li-session");
    let (cookie, csrf) = guarded.session("li-session");
    let gate = camera("gate");
    guarded.service.pictures.send(&gate, b"first");
    let connection = guarded.service.send("GET", "/cameras/gate/live.mjpeg", &cookie, None);
    let mut lines = BufReader::new(connection).lines();
    assert!(lines.any(|line| line.unwrap() == "first"));
    assert_eq!(guarded.service.call("DELETE", "/api/v1/session", &format!("{cookie}{csrf}"), None).status, 204);
    guarded.service.pictures.send(&gate, b"second");
    let rest: Vec<String> = lines.map(|line| line.unwrap()).collect();
    assert!(!rest.contains(&"second".to_owned()), "{rest:?}");
    assert!(rest.iter().any(|line| line == "--crowdflow-frame--"), "{rest:?}");
}

#[test]
fn orders_are_in_the_name_of_who_is_logged_in() {
    let guarded = Guarded::start();
    guarded.add_user("李警官", Role::Operator, only("square"));
    guarded.add_session("李警官", "li-session");
    let (cookie, csrf) = guarded.session("li-session");
    let order = |body: Value| {
        let headers = format!("{cookie}{csrf}");
        guarded.service.call("POST", "/api/v1/alerts/plaza_dense.1/actions", &headers, Some(&body))
    };
    let other = order(json!({ "action": "acknowledge", "who": "Wang" }));
    assert_eq!(code(&other), (400, "bad_request".to_owned()));
    assert!(other.text().contains("you are logged in as"), "{}", other.text());
    // Past all checks: this service has nobody to take orders.
    assert_eq!(order(json!({ "action": "acknowledge" })).status, 503);
    assert_eq!(order(json!({ "action": "acknowledge", "who": "李警官" })).status, 503);
}
