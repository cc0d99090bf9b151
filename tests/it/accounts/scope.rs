//! What somebody sees whose scope is one site.

use std::io::{BufRead as _, BufReader};

use crowdflow::model::{AccessScope, Role};
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
