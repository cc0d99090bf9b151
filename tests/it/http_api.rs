//! The HTTP interface, asked by plain requests over TCP.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crowdflow::model::{CameraState, Reading};
use crowdflow::status::{CameraHealthStatus, Phase};

use crate::made_up_service::{NOW, Service, camera, gate_report};

/// The lines of an answer up to the empty one.
fn head(reader: &mut impl BufRead) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the connection ended in the head: {lines:?}");
        match line.trim_end() {
            "" => return lines,
            line => lines.push(line.to_owned()),
        }
    }
}

fn host(service: &Service) -> String {
    format!("Host: {}\r\n", service.address)
}

/// Reads an answer's body, which comes in chunks.
struct Chunked {
    reader: BufReader<TcpStream>,
    left: usize,
}

impl Chunked {
    /// Reads the head, and what follows it from then on.
    fn new(connection: TcpStream) -> (Vec<String>, BufReader<Self>) {
        let mut reader = BufReader::new(connection);
        let head = head(&mut reader);
        (head, BufReader::new(Self { reader, left: 0 }))
    }
}

impl Read for Chunked {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                line.clear();
                self.reader.read_line(&mut line)?;
            }
            self.left = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
        }
        let length = self.left.min(into.len());
        let read = self.reader.read(&mut into[..length])?;
        self.left -= read;
        Ok(read)
    }
}

/// The server takes up and ends a viewing in its own time.
fn await_viewers(service: &Service, id: &str, viewers: usize) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while service.pictures.viewers(&camera(id)) != viewers {
        assert!(Instant::now() < deadline, "not {viewers} viewers of {id}");
        std::thread::yield_now();
    }
}

#[test]
fn metrics_are_prometheus_text() {
    let service = Service::start();
    service.fill();
    let answer = service.get("/metrics");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; version=0.0.4; charset=utf-8")));
    assert!(answer.text().contains("crowdflow_zone_occupancy{camera=\"gate\",class=\"person\",zone=\"plaza\"} 112\n"));
    assert!(!answer.text().contains("crowdflow_zone_occupancy{camera=\"quay\""), "unknown is absent");
}

#[test]
fn the_state_says_what_is_known_and_what_is_not() {
    let service = Service::start();
    service.fill();
    let answer = service.get("/api/v1/state");
    assert_eq!(answer.status, 200);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()).unwrap());
}

#[test]
fn before_the_first_frame_everything_is_unknown() {
    let service = Service::start();
    let state = service.get("/api/v1/state").json();
    let plaza = &state["cameras"][0]["zones"][0];
    assert_eq!(plaza["classes"][0]["occupancy"]["value"], serde_json::Value::Null);
    assert_eq!(plaza["classes"][0]["occupancy"]["quality"], "unknown:not_started");
    assert_eq!(plaza["density_per_m2"]["quality"], "unknown:not_started");
    assert_eq!(state["cameras"][0]["counts"][0]["quality"], "unknown:not_started");
    assert_eq!((&state["rules"][0]["level"], &state["rules"][0]["stale"]), (&"unknown".into(), &true.into()));
    assert_eq!(state["phase"], "starting");
}

#[test]
fn values_that_nobody_renews_are_not_shown_as_true() {
    // The analysis hangs: it sends neither frames nor ticks, so its last report says that all is known.
    let service = Service::start();
    service.board.set_phase(Phase::Running);
    service.board.report(gate_report(NOW.plus_seconds(-60.0), Reading::Valid(5.0), 1.0).into(), []);
    let state = service.get("/api/v1/state").json();
    let gate = &state["cameras"][0];
    assert_eq!((&gate["fresh"], &gate["age_s"]), (&false.into(), &60.0.into()));
    assert_eq!(gate["zones"][0]["classes"][0]["occupancy"]["quality"], "unknown:no_frames");
    assert_eq!(gate["zones"][0]["classes"][0]["entries_total"], 31, "what was counted stays counted");
    assert_eq!(gate["counts"][0]["value"], serde_json::Value::Null);
}

#[test]
fn health_and_readiness_differ() {
    let service = Service::start();
    let health = service.get("/healthz");
    assert_eq!(health.status, 200);
    let body = health.json();
    assert_eq!(
        (&body["version"], &body["model"], &body["model_licence"]),
        (&"1.2.3".into(), &"nanodet_g".into(), &"Apache-2.0".into())
    );
    assert!(body["uptime_s"].as_f64().is_some_and(|uptime_s| uptime_s >= 0.0));

    let reasons = |expected: u16| {
        let answer = service.get("/readyz");
        assert_eq!(answer.status, expected, "{}", answer.text());
        answer.json()["reasons"].as_array().unwrap().iter().map(|reason| reason.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(reasons(503), [r#""the service is starting""#]);
    service.fill();
    assert_eq!(reasons(200), Vec::<String>::new());
    let body = service.get("/readyz").json();
    assert_eq!((&body["cameras"][2]["id"], &body["cameras"][2]["state"]), (&"quay".into(), &"down".into()));
    assert_eq!(body["cameras"][2]["error"], "rtsp://192.0.2.1/live: timed out: nothing came within 5 s");

    service.board.analysis_alive(&camera("gate"), NOW.plus_seconds(-12.0));
    assert_eq!(reasons(503), [r#""the analysis of camera `gate` has not moved for 12 s""#]);
    service.board.set_health(&camera("gate"), CameraHealthStatus::of(CameraState::Failed));
    assert_eq!(reasons(200), Vec::<String>::new());
    service.board.set_phase(Phase::Stopping);
    assert_eq!(reasons(503), [r#""the service is stopping""#]);
}

/// Addresses of the page's own files, as they stand in it.
fn linked(page: &str) -> Vec<&str> {
    let quoted = page.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with("/assets/") || *text == "/icon.svg").collect()
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let service = Service::start();
    let page = service.get("/");
    let files = linked(page.text());
    let kinds = files.iter().filter_map(|file| file.rsplit('.').next()).collect::<BTreeSet<_>>();
    assert_eq!(kinds, ["css", "js", "svg"].into());
    for path in [&["/"], files.as_slice()].concat() {
        let answer = service.get(path);
        let content_type = match path.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(content_type)), "{path}");
        // Named by the hash of what is in it, it never changes; all else is asked for anew.
        let cache = if path.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), Some(cache), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
        // Namespaces, and where libraries say who made them.
        let known = ["http://www.w3.org/", "https://preactjs.com", "https://leafletjs.com"];
        let elsewhere = known.iter().fold(answer.text().to_owned(), |text, known| text.replace(known, ""));
        let elsewhere = ["http://", "https://"].map(|scheme| elsewhere.matches(scheme).count());
        assert_eq!(elsewhere, [0, 0], "{path}");
    }
    assert!(!page.text().contains("style=") && !page.text().contains("<style"), "the policy takes none");
}

#[test]
fn the_pages_files_go_over_the_wire_compressed_to_those_who_take_it() {
    let service = Service::start();
    let page = service.get("/");
    let script = *linked(page.text()).iter().find(|path| path.ends_with(".js")).unwrap();
    let plain = service.get(script);
    let headers = format!("{}Accept-Encoding: gzip, br\r\nConnection: close\r\n", host(&service));
    let compressed = service.ask(&format!("GET {script}"), &headers);
    assert_eq!((plain.header("content-encoding"), compressed.header("content-encoding")), (None, Some("gzip")));
    assert_eq!(compressed.header("vary"), Some("accept-encoding"));
    assert_eq!(compressed.header("content-type"), plain.header("content-type"));
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(compressed.body.as_slice()).read_to_end(&mut text).unwrap();
    assert!(text == plain.body && compressed.body.len() * 2 < text.len());
    for missing in ["/assets/other.js", "/assets/", "/assets/..%2Findex.html", &format!("{script}.gz")] {
        assert_eq!(service.get(missing).status, 404, "{missing}");
    }
}

#[test]
fn errors_are_json_and_say_what_to_do() {
    let service = Service::start();
    let error = |answer: crate::made_up_service::Answer| {
        let body = answer.json();
        (answer.status, body["error"]["code"].to_string(), body["error"]["message"].to_string())
    };
    let missing = service.get("/cameras/elsewhere/live.mjpeg");
    assert_eq!(missing.json()["error"]["cameras"], serde_json::json!(["gate", "patrol", "quay"]));
    let errors = [
        error(missing),
        error(service.get("/cameras/elsewhere/snapshot.jpg")),
        error(service.get("/nowhere")),
        error(service.ask("POST /api/v1/state", &format!("{}Connection: close\r\n", host(&service)))),
        error(service.ask("GET /api/v1/state", "Host: evil.example\r\nConnection: close\r\n")),
        error(service.ask("GET http://evil.example/", &format!("{}Connection: close\r\n", host(&service)))),
        error(service.ask("GET /", "Connection: close\r\n")),
    ];
    insta::assert_debug_snapshot!(errors);
    let refused = service.ask("DELETE /", &format!("{}Connection: close\r\n", host(&service)));
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET,HEAD")));
    let tunnel = service.ask("GET /healthz", "Host: localhost:9999\r\nConnection: close\r\n");
    assert_eq!(tunnel.status, 200, "another port of this machine, as through a tunnel");
    let head = service.ask("HEAD /metrics", &format!("{}Connection: close\r\n", host(&service)));
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn whatever_is_refused_is_refused_as_json() {
    let service = Service::start();
    let code = |answer: &crate::made_up_service::Answer| {
        assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.text());
        (answer.status, answer.json()["error"]["code"].as_str().unwrap().to_owned())
    };
    let refused = |status: u16, code: &str| (status, code.to_owned());
    // No text.
    assert_eq!(code(&service.get("/cameras/%ff/snapshot.jpg")), refused(400, "bad_request"));
    assert_eq!(code(&service.get("/api/v1/alerts?rule=%00")), refused(400, "bad_request"));
    assert_eq!(code(&service.get("/api/v1/alerts/a%00b")), refused(400, "bad_request"));
    assert_eq!(code(&service.get("/api/v1/alerts?open=perhaps")), refused(400, "bad_request"));
    let long = serde_json::json!({ "rule": "x".repeat(2 * 1024 * 1024) });
    assert_eq!(code(&service.call("POST", "/api/v1/drills", "", Some(&long))), refused(413, "too_large"));
    let put = service.ask("PUT /api/v1/state", &format!("{}Connection: close\r\n", host(&service)));
    assert_eq!((code(&put), put.header("allow")), (refused(405, "method_not_allowed"), Some("GET,HEAD")));
}

#[test]
fn the_description_is_openapi_and_for_everybody() {
    let service = Service::start();
    let answer = service.get("/api/v1/openapi.json");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let description = answer.json();
    assert_eq!(description["openapi"], "3.1.0");
    let (paths, schemas) = (&description["paths"], &description["components"]["schemas"]);
    let of_state = &paths["/api/v1/state"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(of_state["$ref"], "#/components/schemas/StateBody");
    // The description is of what is answered: every key of the state, and no other.
    service.fill();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&service.get("/api/v1/state").json()), keys(&schemas["StateBody"]["properties"]));
}

#[test]
fn orders_come_from_here_only_and_as_json() {
    let service = Service::start();
    let order = |more: &str| {
        let headers = format!("{}Content-Length: 0\r\nConnection: close\r\n{more}", host(&service));
        let answer = service.ask("POST /api/v1/alerts/a.1/actions", &headers);
        (answer.status, answer.json()["error"]["message"].as_str().unwrap().to_owned())
    };
    let json = "Content-Type: application/json\r\n";
    assert_eq!(order("Content-Type: text/plain\r\n").0, 415, "what a form of any web site can send");
    assert_eq!(order(&format!("{json}Origin: http://evil.example\r\n")).0, 403);
    assert_eq!(order(&format!("{json}Origin: null\r\n")).0, 403);
    let own = format!("{json}Origin: http://{}\r\n", service.address);
    assert!(order(&own).1.starts_with("the body is not as expected: EOF"), "{:?}", order(&own));
    let page = service.ask("POST /", &format!("{}{json}Connection: close\r\n", host(&service)));
    assert_eq!(page.status, 405);
}

#[test]
fn a_live_picture_is_a_multipart_stream_that_counts_its_viewers() {
    let service = Service::start();
    let gate = camera("gate");
    service.pictures.send(&gate, b"first picture");
    let (lines, mut body) = Chunked::new(service.open("GET /cameras/gate/live.mjpeg", &host(&service)));
    assert_eq!(lines[0], "HTTP/1.1 200 OK");
    let is_multipart =
        lines.iter().any(|line| line == "content-type: multipart/x-mixed-replace; boundary=crowdflow-frame");
    assert!(is_multipart, "{lines:?}");

    let mut boundary = String::new();
    body.read_line(&mut boundary).unwrap();
    assert_eq!(boundary, "--crowdflow-frame\r\n");
    let mut next = || {
        let part = head(&mut body);
        assert_eq!((part.len(), part[0].as_str()), (2, "Content-Type: image/jpeg"));
        let length = part[1].strip_prefix("Content-Length: ").unwrap().parse().unwrap();
        let mut jpeg = vec![0; length];
        body.read_exact(&mut jpeg).unwrap();
        // The boundary that ends it comes with the picture.
        let mut rest = vec![0; "\r\n--crowdflow-frame\r\n".len()];
        body.read_exact(&mut rest).unwrap();
        assert_eq!(rest, b"\r\n--crowdflow-frame\r\n");
        String::from_utf8(jpeg).unwrap()
    };
    assert_eq!(next(), "first picture");
    // Nothing follows it, so it comes once more; only then can every browser show it.
    assert_eq!(next(), "first picture");
    service.pictures.send(&gate, b"the second one");
    assert_eq!(next(), "the second one");
    assert_eq!(next(), "the second one");
    service.pictures.send(&gate, b"third");
    assert_eq!(next(), "third");
    assert!(service.get("/metrics").text().contains("crowdflow_live_viewers{camera=\"gate\"} 1\n"));
    assert!(service.get("/metrics").text().contains("crowdflow_live_pictures_sent_total{camera=\"gate\"} 5\n"));
    drop(body);
    await_viewers(&service, "gate", 0);
    assert!(service.get("/metrics").text().contains("crowdflow_live_viewers{camera=\"gate\"} 0\n"));
}

#[test]
fn a_snapshot_is_one_picture() {
    let service = Service::start();
    service.pictures.send(&camera("quay"), b"a picture");
    let answer = service.get("/cameras/quay/snapshot.jpg");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/jpeg")));
    assert_eq!((answer.text(), answer.header("content-length")), ("a picture", Some("9")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn events_push_changes_at_most_twice_a_second() {
    let service = Service::start();
    service.fill();
    // Before the stream is opened: its first event may be on its way before its head is read here.
    let started = Instant::now();
    let (lines, mut body) = Chunked::new(service.open("GET /api/v1/events", &host(&service)));
    assert!(lines.iter().any(|line| line == "content-type: text/event-stream"), "{lines:?}");
    let mut values = Vec::new();
    for round in 0..3 {
        let event = head(&mut body);
        let data = event.iter().find_map(|line| line.strip_prefix("data: ")).unwrap();
        assert!(event.contains(&"event: state".to_owned()));
        let state: serde_json::Value = serde_json::from_str(data).unwrap();
        values.push(state["cameras"][0]["zones"][0]["classes"][0]["occupancy"]["value"].as_f64().unwrap());
        // Many changes make one event, with the newest.
        for people in [1.0, 2.0, 3.0] {
            let people = Reading::Valid(people + 10.0 * f64::from(round));
            service.board.report(gate_report(NOW, people, 1.0).into(), []);
        }
    }
    assert_eq!(values, [112.0, 3.0, 13.0]);
    assert!(started.elapsed() >= Duration::from_millis(1000), "{:?}", started.elapsed());
}

#[test]
fn stopping_ends_pictures_and_events_at_once() {
    let mut service = Service::start();
    service.pictures.send(&camera("gate"), b"picture");
    let (_, mut pictures) = Chunked::new(service.open("GET /cameras/gate/live.mjpeg", &host(&service)));
    let (_, mut events) = Chunked::new(service.open("GET /api/v1/events", &host(&service)));
    let mut waiting = service.open("GET /cameras/quay/snapshot.jpg", &host(&service));
    head(&mut events);
    head(&mut pictures);
    await_viewers(&service, "quay", 1);
    let idle = TcpStream::connect(service.address).unwrap();
    let started = Instant::now();
    service.stop();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let mut rest = Vec::new();
    pictures.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(b"--crowdflow-frame--\r\n"));
    events.read_to_end(&mut Vec::new()).unwrap();
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    drop(idle);
}

#[test]
fn a_client_that_never_reads_does_not_hold_up_the_stop() {
    let mut service = Service::start();
    let gate = camera("gate");
    let mut stuck = BufReader::new(service.open("GET /cameras/gate/live.mjpeg", &host(&service)));
    head(&mut stuck);
    // More than both sides' buffers take.
    service.pictures.send(&gate, &vec![b'x'; 64 << 20]);
    let started = Instant::now();
    service.stop();
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn a_camera_that_goes_and_comes_is_pushed_at_once() {
    let service = Service::start();
    let (_, mut body) = Chunked::new(service.open("GET /api/v1/events", &host(&service)));
    head(&mut body);
    let started = Instant::now();
    for round in 0..12 {
        let expected = if round % 2 == 0 { CameraState::Down } else { CameraState::Delivering };
        service.board.set_health(&camera("quay"), CameraHealthStatus::of(expected));
        let event = head(&mut body);
        let data = event.iter().find_map(|line| line.strip_prefix("data: ")).unwrap();
        let state: serde_json::Value = serde_json::from_str(data).unwrap();
        let quay = state["cameras"].as_array().unwrap().iter().find(|camera| camera["id"] == "quay").unwrap();
        assert_eq!(quay["state"].as_str(), Some(expected.as_str()));
    }
    // Twelve of the others take five and a half seconds at least.
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn the_number_of_streams_is_bounded() {
    let service = Service::start();
    let open = |path: &str| {
        let mut reader = BufReader::new(service.open(path, &host(&service)));
        (head(&mut reader), reader)
    };
    let pictures: Vec<_> = (0..128).map(|_| open("GET /cameras/gate/live.mjpeg")).collect();
    assert!(pictures.iter().all(|(lines, _)| lines[0] == "HTTP/1.1 200 OK"));
    let one_more = service.get("/cameras/gate/snapshot.jpg");
    assert_eq!((one_more.status, one_more.json()["error"]["code"].as_str()), (503, Some("unavailable")));
    // Who looks at pictures keeps nobody from the alerts.
    let events: Vec<_> = (0..128).map(|_| open("GET /api/v1/events")).collect();
    assert!(events.iter().all(|(lines, _)| lines[0] == "HTTP/1.1 200 OK"));
    assert_eq!(service.get("/healthz").status, 200);
}
