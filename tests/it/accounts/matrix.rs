//! Every route, asked by everybody: each role with each scope, by session and by token, and those who may nothing.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};

use crowdflow::api::ROUTES;
use crowdflow::model::{AccessScope, Role};
use serde_json::{Value, json};

use super::{Guarded, bearer, cookie, deed, only};

/// Who may use each route, from elsewhere, and how scopes bear on it. A new route has to be entered here, by hand.
const EXPECTED: &str = "
    GET    /                                everybody
    GET    /icon.svg                        everybody
    GET    /assets/{file}                   everybody
    GET    /login                           everybody
    GET    /setup                           everybody
    GET    /sign_in.css                     everybody
    GET    /sign_in.js                      everybody
    GET    /healthz                         everybody
    GET    /readyz                          everybody
    GET    /metrics                         viewer    everything
    GET    /api/v1/openapi.json             everybody
    GET    /api/v1/state                    viewer    filtered
    GET    /api/v1/events                   viewer    filtered
    GET    /cameras/{camera}/live.mjpeg     viewer    one
    GET    /cameras/{camera}/snapshot.jpg   viewer    one
    GET    /api/v1/alerts                   viewer    filtered
    GET    /api/v1/alerts/{alert}           viewer    one
    GET    /api/v1/alerts/{alert}/evidence  viewer    one
    GET    /api/v1/alerts/{alert}/evidence/{number} viewer one
    GET    /api/v1/history                  viewer    one
    GET    /api/v1/summary                  viewer    one
    GET    /api/v1/heat_map                 viewer    one
    GET    /api/v1/maps                     viewer    filtered
    GET    /api/v1/maps/{map}/picture       viewer    one
    POST   /api/v1/alerts/{alert}/actions   operator  one
    POST   /api/v1/profiles/{profile}       planner   everything
    POST   /api/v1/drills                   planner   one
    POST   /api/v1/drills/{rule}/end        operator  one
    POST   /api/v1/sources/{source}         token
    GET    /api/v1/config                   planner   everything
    POST   /api/v1/config                   planner   everything
    POST   /api/v1/config/check             planner   everything
    POST   /api/v1/config/ground            planner   everything
    POST   /api/v1/config/backtest          planner   everything
    POST   /api/v1/config/camera            planner   everything
    GET    /api/v1/config/versions          planner   everything
    GET    /api/v1/config/versions/{hash}   planner   everything
    POST   /api/v1/setup                    everybody
    POST   /api/v1/session                  everybody
    GET    /api/v1/session                  viewer
    DELETE /api/v1/session                  viewer    session
    POST   /api/v1/session/password         viewer    session
    GET    /api/v1/sessions                 viewer    session
    DELETE /api/v1/sessions/{session}       viewer    session
    GET    /api/v1/tokens                   viewer    session
    POST   /api/v1/tokens                   viewer    session
    DELETE /api/v1/tokens/{token}           viewer    session
    GET    /api/v1/users                    admin     session
    POST   /api/v1/users                    admin     session
    PATCH  /api/v1/users/{user}             admin     session
    GET    /api/v1/audit                    admin
";

#[derive(Debug, Clone, Copy)]
struct Rule {
    verb: &'static str,
    path: &'static str,
    /// `None`: everybody.
    least: Option<Role>,
    word: &'static str,
}

fn rules() -> Vec<Rule> {
    let line = |line: &'static str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        // A machine's own token is nobody's of these.
        let own_token = words[2] == "token";
        let word = if own_token { "token" } else { words.get(3).copied().unwrap_or_default() };
        let least = (!own_token && words[2] != "everybody").then(|| Role::named(words[2]).unwrap());
        Rule { verb: words[0], path: words[1], least, word }
    };
    EXPECTED.lines().filter(|text| !text.trim().is_empty()).map(line).collect()
}

/// The path with something of the site `square` in it, and a body that is as it should be.
fn request(rule: Rule) -> (String, Option<Value>) {
    let path = rule.path.replace("{camera}", "gate").replace("{alert}", "plaza_dense.1");
    let path = path
        .replace("{rule}", "plaza_dense")
        .replace("{profile}", "festival")
        .replace("{source}", "campus")
        .replace("{map}", "square")
        .replace("{user}", "nobody-at-all");
    let path = path.replace("{session}", "999999").replace("{token}", "999999");
    let path = path.replace("{file}", "gone.js").replace("{number}", "1");
    let query = match rule.path {
        "/api/v1/history" => {
            "?place=zone:gate/plaza&measures=density&from=2026-11-24T02:00:00Z&to=2026-11-24T03:00:00Z"
        }
        "/api/v1/summary" => "?place=zone:gate/plaza&from=2026-11-24T02:00:00Z&to=2026-11-24T03:00:00Z",
        "/api/v1/heat_map" => "?camera=gate&from=2026-11-24T02:00:00Z&to=2026-11-24T03:00:00Z",
        _ => "",
    };
    let path = path + query;
    let body = match rule.path {
        "/api/v1/alerts/{alert}/actions" => json!({ "action": "escalate" }),
        "/api/v1/profiles/{profile}" => json!({ "on": true }),
        "/api/v1/drills" => json!({ "rule": "plaza_dense", "level": "red" }),
        _ => json!({}),
    };
    (path, matches!(rule.verb, "POST" | "PATCH").then_some(body))
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Served,
    /// 401.
    WhoAreYou,
    /// 403.
    NotForYou,
    /// 404: for this caller it is not there.
    NotThere,
}

/// All requests come from elsewhere, as through a proxy.
const ELSEWHERE: &str = "X-Forwarded-For: 192.0.2.9\r\n";

fn ask(guarded: &Guarded, rule: Rule, headers: &str) -> Verdict {
    let (path, body) = request(rule);
    let connection = guarded.service.send(rule.verb, &path, &format!("{ELSEWHERE}{headers}"), body.as_ref());
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status: u16 = line.split(' ').nth(1).unwrap_or_else(|| panic!("{rule:?}: {line:?}")).parse().unwrap();
    // What is served may have no end.
    if status < 400 {
        return Verdict::Served;
    }
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let body: Value = serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    match (status, body["error"]["code"].as_str().unwrap_or_default()) {
        (401, "unauthorized") => Verdict::WhoAreYou,
        (403, "forbidden") => Verdict::NotForYou,
        // Of numbers and names that there are for nobody.
        (404, _) if rule.word == "one" => Verdict::NotThere,
        // Past the check: the body is of no use, nobody takes orders, there is no such number.
        (400 | 404 | 409 | 503, _) => Verdict::Served,
        other => panic!("{rule:?}: {other:?}"),
    }
}

#[test]
fn the_table_is_as_it_was_thought_out() {
    let there: BTreeSet<(&str, &str)> = ROUTES.iter().map(|route| (route.verb.as_str(), route.path)).collect();
    let expected: BTreeSet<(&str, &str)> = rules().iter().map(|rule| (rule.verb, rule.path)).collect();
    assert_eq!(there, expected, "who may use a new route?");
    assert_eq!(ROUTES.len(), there.len());
}

#[test]
fn no_route_is_made_outside_the_table() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("routes.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let made = [".route(", ".nest(", ".merge(", "Router::new"].into_iter().find(|made| text.contains(made));
            assert_eq!(made, None, "{}", path.display());
        }
    }
}

#[test]
fn every_route_by_every_role_and_scope() {
    let guarded = Guarded::start();
    guarded.service.pictures.send(&crate::made_up_service::camera("gate"), b"picture");
    let mut asked = 0;
    for role in Role::ALL {
        for (scope_name, scope) in [("all", AccessScope::All), ("own", only("square")), ("other", only("river"))] {
            // An admin has to do with everything.
            if role == Role::Admin && scope != AccessScope::All {
                continue;
            }
            let name = format!("{}-{scope_name}", role.as_str());
            guarded.add_user(&name, role, scope.clone());
            guarded.add_user(&format!("{name}-owner"), Role::Admin, AccessScope::All);
            guarded.add_token(&format!("{name}-owner"), &format!("{name}-token"), role, scope.clone());
            for by_session in [true, false] {
                for (number, rule) in rules().into_iter().enumerate() {
                    let headers = if by_session {
                        let token = format!("{name}-session-{number}");
                        guarded.add_session(&name, &token);
                        let (cookie, csrf) = guarded.session(&token);
                        cookie + &csrf
                    } else {
                        bearer(&format!("{name}-token"))
                    };
                    let expected = match (rule.least, rule.word) {
                        (None, "token") => Verdict::WhoAreYou,
                        (None, _) => Verdict::Served,
                        (Some(least), _) if role < least => Verdict::NotForYou,
                        (Some(_), "session") if !by_session => Verdict::NotForYou,
                        (Some(_), "everything") if scope_name != "all" => Verdict::NotForYou,
                        (Some(_), "one") if scope_name == "other" => Verdict::NotThere,
                        _ => Verdict::Served,
                    };
                    let how = if by_session { "session" } else { "token" };
                    assert_eq!(ask(&guarded, rule, &headers), expected, "{name} by {how}: {} {}", rule.verb, rule.path);
                    asked += 1;
                }
            }
        }
    }
    assert_eq!(asked, 10 * 2 * ROUTES.len());
}

#[test]
fn nobody_gets_in_without_a_session_or_token_that_holds() {
    let guarded = Guarded::start();
    for name in ["chief", "gone", "idle", "off"] {
        guarded.add_user(name, Role::Admin, AccessScope::All);
        guarded.add_session(name, &format!("{name}-session"));
        guarded.add_token(name, &format!("{name}-token"), Role::Admin, AccessScope::All);
    }
    let ids = |name: &str| {
        let session = guarded.service.wait(guarded.store.sessions(Some(name), guarded.now())).unwrap()[0].id;
        (session, guarded.service.wait(guarded.store.api_tokens(Some(name))).unwrap()[0].id)
    };
    // All of them have been let in before, so that they are remembered.
    for name in ["chief", "gone", "off"] {
        assert_eq!(
            guarded.service.call("GET", "/api/v1/session", &cookie(&format!("{name}-session")), None).status,
            200
        );
        assert_eq!(guarded.service.call("GET", "/api/v1/session", &bearer(&format!("{name}-token")), None).status, 200);
    }
    let (chief, csrf) = guarded.session("chief-session");
    let chief = chief + &csrf;
    let change = |verb: &str, path: &str, body: Option<&Value>| {
        assert_eq!(guarded.service.call(verb, path, &chief, body).status, 204, "{path}");
    };
    let (session, token) = ids("gone");
    change("DELETE", &format!("/api/v1/sessions/{session}"), None);
    change("DELETE", &format!("/api/v1/tokens/{token}"), None);
    change("PATCH", "/api/v1/users/off", Some(&json!({ "disabled": true })));
    let nobody = |what: &str, headers: &str| {
        for rule in rules() {
            let is_open = rule.least.is_none() && rule.word != "token";
            let expected = if is_open { Verdict::Served } else { Verdict::WhoAreYou };
            assert_eq!(ask(&guarded, rule, headers), expected, "{what}: {} {}", rule.verb, rule.path);
        }
    };
    nobody("nothing", "");
    nobody("a cookie that nobody was given", &cookie("made-up"));
    nobody("a token that nobody was given", &bearer("made-up"));
    nobody("another scheme", "Authorization: Basic Y2hpZWY6Y29ycmVjdCBob3JzZQ==\r\n");
    nobody("a bad token beside a good cookie", &format!("{}{}", cookie("chief-session"), bearer("made-up")));
    nobody("a session's token as a program's", &bearer("chief-session"));
    nobody("a program's token as a cookie", &cookie("chief-token"));
    nobody("a session that was ended", &cookie("gone-session"));
    nobody("a token that was ended", &bearer("gone-token"));
    nobody("a disabled user's session", &cookie("off-session"));
    nobody("a disabled user's token", &bearer("off-token"));
    // Their times.
    guarded.later(3601.0);
    nobody("a session that nobody used for an hour", &cookie("idle-session"));
    guarded.later(86_400.0);
    nobody("an expired session", &cookie("chief-session"));
    nobody("an expired token", &bearer("chief-token"));
    let ended = guarded.service.wait(guarded.store.end_session(session, None, &deed(3))).unwrap();
    assert!(!ended, "it was ended above");
}

#[test]
fn what_a_session_changes_is_asked_for_by_its_own_page() {
    let guarded = Guarded::start();
    guarded.add_user("chief", Role::Admin, AccessScope::All);
    guarded.add_session("chief", "one");
    guarded.add_session("chief", "two");
    let (_, of_two) = guarded.session("two");
    for rule in rules().into_iter().filter(|rule| rule.least.is_some() && rule.verb != "GET") {
        for csrf in ["", "X-CSRF-Token: \r\n", "X-CSRF-Token: abc\r\n", &of_two] {
            let headers = cookie("one") + csrf;
            assert_eq!(ask(&guarded, rule, &headers), Verdict::NotForYou, "{} {}: {csrf:?}", rule.verb, rule.path);
        }
    }
    let (cookie, csrf) = guarded.session("one");
    let (path, body) = ("/api/v1/session/password", json!({}));
    let of_another = format!("{cookie}{csrf}Origin: http://evil.example\r\n");
    assert_eq!(guarded.service.call("POST", path, &of_another, Some(&body)).status, 403);
    let own = format!("{cookie}{csrf}Origin: http://{}\r\n", guarded.service.address);
    assert_eq!(guarded.service.call("POST", path, &own, Some(&body)).status, 400, "past the checks");
    assert_eq!(guarded.service.call("DELETE", "/api/v1/session", &of_another, None).status, 403);
}
