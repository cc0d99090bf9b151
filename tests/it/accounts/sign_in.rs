//! Logging in and out, what limits it, and what is put on record.

use std::time::{Duration, Instant};

use crowdflow::model::{AccessScope, Role};
use serde_json::{Value, json};

use super::{Guarded, PASSWORD, bearer, code, cookie, only};
use crate::made_up_service::Answer;

/// The token in an answer's cookie.
fn token(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").unwrap();
    cookie.strip_prefix("crowdflow_session=").unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn one_logs_in_is_known_and_logs_out() {
    let guarded = Guarded::start();
    guarded.add_user("李警官", Role::Operator, only("square"));
    let answer = guarded.sign_in("李警官", PASSWORD);
    let who = answer.json();
    assert_eq!(answer.status, 200);
    assert_eq!(
        (&who["accounts"], &who["name"], &who["role"]),
        (&"required".into(), &"李警官".into(), &"operator".into())
    );
    assert_eq!(who["scope"], json!({ "only": { "sites": ["square"], "units": [] } }));
    let set = answer.header("set-cookie").unwrap();
    assert!(set.ends_with("; Path=/; Max-Age=50400; HttpOnly; SameSite=Strict"), "{set}");
    let headers = cookie(&token(&answer));
    assert_eq!(guarded.service.call("GET", "/api/v1/session", &headers, None).json(), who);
    let csrf = format!("X-CSRF-Token: {}\r\n", who["csrf"].as_str().unwrap());
    let out = guarded.service.call("DELETE", "/api/v1/session", &format!("{headers}{csrf}"), None);
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().starts_with("crowdflow_session=; Path=/; Max-Age=0;"));
    let after = guarded.service.call("GET", "/api/v1/session", &headers, None);
    assert_eq!(code(&after), (401, "unauthorized".to_owned()));
    assert_eq!(after.header("www-authenticate"), Some("Bearer realm=\"crowdflow\""));
    let audit: Vec<_> = guarded.audit().into_iter().map(|row| (row.who, row.kind, row.subject)).collect();
    let deed = |kind: &str, subject: &str| ("李警官".to_owned(), kind.to_owned(), subject.to_owned());
    assert!(audit.contains(&deed("login", "127.0.0.1")) && audit.contains(&deed("logout", "")), "{audit:?}");
}

#[test]
fn nothing_secret_is_in_the_store() {
    let guarded = Guarded::start();
    guarded.add_user("chief", Role::Admin, AccessScope::All);
    let answer = guarded.sign_in("chief", PASSWORD);
    let session = token(&answer);
    let csrf = answer.json()["csrf"].as_str().unwrap().to_owned();
    let headers = format!("{}X-CSRF-Token: {csrf}\r\n", cookie(&session));
    let body = json!({ "name": "wall", "role": "viewer", "scope": "all", "expires": "2026-12-24T00:00:00Z" });
    let made = guarded.service.call("POST", "/api/v1/tokens", &headers, Some(&body));
    assert_eq!(made.status, 201, "{}", made.text());
    let token = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(guarded.service.call("GET", "/api/v1/state", &bearer(&token), None).status, 200);
    let new = json!({ "name": "wang", "password": "another password", "role": "viewer", "scope": "all" });
    assert_eq!(guarded.service.call("POST", "/api/v1/users", &headers, Some(&new)).status, 201);
    guarded.service.wait(guarded.store.close());
    let folder = guarded._folder.path();
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let bytes: Vec<u8> = paths.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect();
    assert!(bytes.windows(9).any(|window| window == b"$argon2id"), "there is something to look at");
    for secret in [PASSWORD, "another password", &session, &csrf, &token] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

#[test]
fn a_wrong_name_and_a_wrong_password_are_the_same() {
    let guarded = Guarded::start();
    // Made as the product makes it, so that the times can be compared.
    let hash = crowdflow::accounts::hash_password(PASSWORD).unwrap();
    for name in ["li", "gone"] {
        guarded.add_user(name, Role::Viewer, AccessScope::All);
        let change = crowdflow::store::UserChange {
            password_hash: Some(hash.clone()),
            disabled: Some(name == "gone"),
            ..Default::default()
        };
        guarded.service.wait(guarded.store.change_user(name, &change, &super::deed(5))).unwrap();
    }
    let mut bodies = Vec::new();
    let mut fastest = [Duration::MAX; 3];
    for _ in 0..3 {
        for (number, (name, password)) in
            [("li", "wrong password"), ("nobody", PASSWORD), ("gone", PASSWORD)].into_iter().enumerate()
        {
            let began = Instant::now();
            let answer = guarded.sign_in(name, password);
            fastest[number] = fastest[number].min(began.elapsed());
            assert_eq!(code(&answer), (401, "wrong_login".to_owned()));
            bodies.push(answer.text().to_owned());
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    // Without the hash that is made all the same it would be a hundredth.
    let (least, most) = (fastest.iter().min().unwrap(), fastest.iter().max().unwrap());
    assert!(*most < *least * 4, "{fastest:?}");
    let audit = guarded.audit();
    let failed: Vec<&str> = audit.iter().filter(|row| row.kind == "login_failed").map(|row| row.who.as_str()).collect();
    assert!(failed.contains(&"li") && failed.contains(&"unknown name"), "{failed:?}");
    assert!(!failed.contains(&"nobody"), "what was typed as a name may be a password");
}

#[test]
fn too_many_failures_are_not_looked_at() {
    let guarded = Guarded::start();
    guarded.add_user("li", Role::Viewer, AccessScope::All);
    guarded.add_user("wang", Role::Viewer, AccessScope::All);
    for _ in 0..10 {
        guarded.later(1.0);
        assert_eq!(guarded.sign_in("li", "wrong password").status, 401);
    }
    let limited = guarded.sign_in("li", PASSWORD);
    assert_eq!(code(&limited), (429, "too_many".to_owned()), "also the right one");
    assert_eq!(limited.header("retry-after"), Some("291"));
    assert_eq!(guarded.sign_in("wang", PASSWORD).status, 200, "others are not kept out");
    assert_eq!(guarded.audit().iter().filter(|row| row.kind == "login_limited").count(), 1);
    guarded.later(300.0);
    assert_eq!(guarded.sign_in("li", PASSWORD).status, 200);
}

#[test]
fn users_are_looked_after() {
    let guarded = Guarded::start();
    guarded.add_user("chief", Role::Admin, AccessScope::All);
    guarded.add_session("chief", "chief-session");
    let (cookie_line, csrf) = guarded.session("chief-session");
    let headers = format!("{cookie_line}{csrf}");
    let add = |body: Value| guarded.service.call("POST", "/api/v1/users", &headers, Some(&body));
    let li = json!({ "name": "li", "password": "0123456789", "role": "operator", "scope": { "only": { "sites": ["square"] } } });
    assert_eq!(add(li.clone()).status, 201);
    assert_eq!(add(li.clone()).status, 409, "there is one");
    let with = |key: &str, value: Value| {
        let mut body = li.clone();
        body["name"] = "new".into();
        body[key] = value;
        let answer = add(body);
        (answer.status, answer.json()["error"]["message"].as_str().unwrap().to_owned())
    };
    for (key, value, said) in [
        ("password", json!("012345678"), "9 characters, expected 10"),
        ("name", json!("two\nlines"), "on one line"),
        ("name", json!(" li"), "without spaces around it"),
        ("role", json!("boss"), "unknown variant `boss`"),
        ("role", json!("admin"), "an admin has to do with everything"),
        ("scope", json!({ "only": { "sites": ["moon"] } }), "there is no site `moon`; there are: river, square"),
        ("scope", json!({ "only": { "units": ["moon"] } }), "there is no unit `moon`; there are: city, north, south"),
        ("scope", json!({ "only": {} }), "the scope is of nothing"),
        ("more", json!(1), "unknown field `more`"),
    ] {
        let (status, message) = with(key, value);
        assert!(status == 400 && message.contains(said), "{status} {message}");
    }
    let users = guarded.service.call("GET", "/api/v1/users", &headers, None).json();
    let names: Vec<&Value> = users["users"].as_array().unwrap().iter().map(|user| &user["name"]).collect();
    assert_eq!(names, ["chief", "li"]);
    assert!(!users.to_string().contains("argon2"), "no hash leaves the store");
    // The last admin stays.
    let change = |user: &str, body: Value| {
        guarded.service.call("PATCH", &format!("/api/v1/users/{user}"), &headers, Some(&body))
    };
    assert_eq!(change("chief", json!({ "disabled": true })).status, 409);
    assert_eq!(change("chief", json!({ "role": "viewer" })).status, 409);
    assert_eq!(change("nobody", json!({ "disabled": true })).status, 404);
    assert_eq!(change("li", json!({})).status, 400);
    // Whose role changes begins anew, and has what the new one has.
    guarded.add_session("li", "li-session");
    assert_eq!(guarded.service.call("GET", "/api/v1/session", &cookie("li-session"), None).json()["role"], "operator");
    assert_eq!(change("li", json!({ "role": "planner", "scope": "all", "password": "9876543210" })).status, 204);
    assert_eq!(guarded.service.call("GET", "/api/v1/session", &cookie("li-session"), None).status, 401);
    assert_eq!(guarded.sign_in("li", "0123456789").status, 401);
    assert_eq!(guarded.sign_in("li", "9876543210").json()["role"], "planner");
    assert_eq!(
        guarded.service.call("GET", "/api/v1/session", &cookie_line, None).status,
        200,
        "the admin's own goes on"
    );
    let audit = guarded.service.call("GET", "/api/v1/audit", &headers, None).json();
    let has = |kind: &str, detail: &str| {
        audit["audit"].as_array().unwrap().iter().any(|row| {
            row["kind"] == kind && row["who"] == "chief" && row["subject"] == "li" && row["detail"] == detail
        })
    };
    assert!(has("user_added", "operator, site square"), "{audit}");
    assert!(has("user_changed", "planner, everything, a new password"), "{audit}");
}

#[test]
fn ones_own_password_is_changed_by_the_old_one() {
    let guarded = Guarded::start();
    guarded.add_user("li", Role::Viewer, AccessScope::All);
    guarded.add_session("li", "one");
    guarded.add_session("li", "two");
    let (one, csrf) = guarded.session("one");
    let change = |old: &str, new: &str| {
        let body = json!({ "old": old, "new": new });
        code(&guarded.service.call("POST", "/api/v1/session/password", &format!("{one}{csrf}"), Some(&body)))
    };
    assert_eq!(change("wrong password", "0123456789"), (401, "wrong_login".to_owned()));
    assert_eq!(change(PASSWORD, "short"), (400, "bad_request".to_owned()));
    assert_eq!(change(PASSWORD, "0123456789").0, 204);
    assert_eq!(guarded.service.call("GET", "/api/v1/session", &one, None).status, 200);
    assert_eq!(guarded.service.call("GET", "/api/v1/session", &cookie("two"), None).status, 401);
    assert_eq!(guarded.sign_in("li", "0123456789").status, 200);
}

#[test]
fn a_token_never_has_more_than_its_user() {
    let guarded = Guarded::start();
    guarded.add_user("li", Role::Operator, only("square"));
    guarded.add_user("chief", Role::Admin, AccessScope::All);
    guarded.add_session("li", "li-session");
    let (cookie_line, csrf) = guarded.session("li-session");
    let headers = format!("{cookie_line}{csrf}");
    let make = |name: &str, role: &str, scope: Value, expires: &str| {
        let body = json!({ "name": name, "role": role, "scope": scope, "expires": expires });
        guarded.service.call("POST", "/api/v1/tokens", &headers, Some(&body))
    };
    let (square, soon) = (json!({ "only": { "sites": ["square"] } }), "2026-12-24T00:00:00Z");
    assert_eq!(make("a", "planner", square.clone(), soon).status, 403);
    assert_eq!(make("a", "viewer", json!("all"), soon).status, 403);
    assert_eq!(make("a", "viewer", json!({ "only": { "sites": ["river"] } }), soon).status, 403);
    assert_eq!(make("a", "viewer", square.clone(), "2028-01-01T00:00:00Z").status, 400, "within a year");
    assert_eq!(make("a", "viewer", square.clone(), "2026-01-01T00:00:00Z").status, 400, "not over yet");
    let made = make("a", "operator", square.clone(), soon);
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(make("a", "viewer", square, soon).status, 409, "one name, one token");
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let who = || guarded.service.call("GET", "/api/v1/session", &bearer(&token), None).json();
    assert_eq!((&who()["role"], &who()["csrf"]), (&"operator".into(), &Value::Null));
    // The user is given less: so is the token, within seconds.
    let less =
        crowdflow::store::UserChange { role: Some(Role::Viewer), scope: Some(only("river")), ..Default::default() };
    guarded.service.wait(guarded.store.change_user("li", &less, &super::deed(6))).unwrap();
    guarded.later(6.0);
    assert_eq!(who()["role"], "viewer");
    let state = guarded.service.call("GET", "/api/v1/state", &bearer(&token), None).json();
    assert_eq!(state["cameras"], json!([]), "neither's alone is within both");
}

#[test]
fn who_watches_goes_on_watching_while_the_store_is_away() {
    let guarded = Guarded::start();
    guarded.add_user("li", Role::Viewer, AccessScope::All);
    guarded.add_session("li", "li-session");
    guarded.add_session("li", "never-seen");
    let ask = |token: &str| guarded.service.call("GET", "/api/v1/state", &cookie(token), None).status;
    assert_eq!(ask("li-session"), 200);
    guarded.service.wait(guarded.store.close());
    guarded.later(3.0 * 3600.0);
    assert_eq!(ask("li-session"), 200, "it was known before");
    assert_eq!(ask("never-seen"), 503, "it can't be known");
    assert_eq!(ask("made-up"), 503);
    guarded.later(12.0 * 3600.0);
    assert_eq!(ask("li-session"), 503, "its time is over all the same");
}

#[test]
fn an_hours_use_keeps_a_session_until_its_shift_is_over() {
    let guarded = Guarded::start();
    guarded.add_user("li", Role::Viewer, AccessScope::All);
    guarded.add_session("li", "li-session");
    let ask = || guarded.service.call("GET", "/api/v1/state", &cookie("li-session"), None).status;
    for _ in 0..16 {
        guarded.later(3000.0);
        assert_eq!(ask(), 200);
    }
    guarded.later(3000.0);
    assert_eq!(ask(), 401, "14 hours and 10 minutes");
}

#[test]
fn figures_are_open_on_this_machine_only() {
    let guarded = Guarded::start();
    guarded.add_user("chief", Role::Admin, AccessScope::All);
    guarded.add_token("chief", "prometheus", Role::Viewer, AccessScope::All);
    let status = |headers: &str| guarded.service.call("GET", "/metrics", headers, None).status;
    assert_eq!(status(""), 200);
    for header in
        ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy", "X-Forwarded-Proto: https"]
    {
        assert_eq!(status(&format!("{header}\r\n")), 401, "{header}");
        assert_eq!(status(&format!("{header}\r\n{}", bearer("prometheus"))), 200, "{header}");
    }
    let full = guarded.service.call("GET", "/readyz", "", None).json();
    assert!(full["cameras"].is_array() && full["reasons"].is_array());
    let short = guarded.service.call("GET", "/readyz", "X-Forwarded-For: 192.0.2.1\r\n", None).json();
    let keys: Vec<&String> = short.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["phase", "ready"], "no camera's address for everybody");
}
