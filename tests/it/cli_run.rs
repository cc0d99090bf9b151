//! `crowdflow run` from end to end: cameras that deliver, hang, die and come back; what is served of them; and its end.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, Read as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crowdflow::picture::Picture;
use serde_json::Value;

use crate::rtsp_server::{Server, server_is_installed};
use crate::support::{Finished, PATIENCE, Program, Site, States, block, get, open, sample, sample_is_here};

/// However a camera behaves, the service ends within this.
const END_WITHIN: Duration = Duration::from_secs(8);

const SERVICE: &str = "[server]\nlisten = \"127.0.0.1:0\"\n[output]\nalerts_jsonl = \"logs/alerts.jsonl\"\n";

/// A camera with one zone over all its picture and a rule that alerts where there is anybody. Three small frames a
/// second, so that the tests are quick.
fn camera(id: &str, source: &str) -> String {
    format!(
        r#"[cameras.{id}]
analysis_fps = 3
input_size = "256x192"
stale_after_s = 2
[cameras.{id}.source.{source}
[cameras.{id}.zones.everywhere]
polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]
[rules.anybody_at_{id}]
zone = "{id}/everywhere"
measure = "occupancy"
levels.blue = {{ raise = 1, hold_s = 0, clear = 0, clear_hold_s = 3600 }}
"#
    )
}

/// The sample, played as a live camera in a loop.
fn looped_sample(id: &str) -> String {
    camera(id, &format!("file]\npath = \"{}\"\nfps = 7\nrepeat = true", sample().display()))
}

/// A camera that takes connections and never says a word.
struct Silent {
    port: u16,
    connections: Receiver<TcpStream>,
}

impl Silent {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, connections) = channel();
        std::thread::spawn(move || listener.incoming().flatten().try_for_each(|connection| sender.send(connection)));
        Self { port, connections }
    }

    fn camera(&self, id: &str) -> String {
        camera(id, &format!("rtsp]\nurl = \"rtsp://127.0.0.1:{}/live\"\nopen_timeout_s = 600", self.port))
    }

    /// The next connection, once somebody has made it.
    fn connected(&self) -> TcpStream {
        self.connections.recv_timeout(PATIENCE).expect("the program connects to the camera")
    }
}

fn by_id<'v>(list: &'v Value, id: &str) -> &'v Value {
    list.as_array().unwrap().iter().find(|item| item["id"] == id).unwrap_or_else(|| panic!("no {id} in {list:#}"))
}

fn occupancy<'v>(state: &'v Value, camera: &str) -> &'v Value {
    &by_id(&by_id(&state["cameras"], camera)["zones"], "everywhere")["classes"][0]["occupancy"]
}

fn counts_somebody(state: &Value, camera: &str) -> bool {
    occupancy(state, camera)["value"].as_f64().is_some_and(|people| people >= 1.0)
}

/// A metric of a camera's zone; `None` where it is absent.
fn metric(address: SocketAddr, name: &str, label: &str) -> Option<f64> {
    let text = get(address, "/metrics");
    let line = text.lines().find(|line| line.starts_with(&format!("{name}{{")) && line.contains(label))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn ends_in_order(program: Program, signal: &str) -> Finished {
    let asked = Instant::now();
    program.signal(signal);
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(asked.elapsed() < END_WITHIN, "{:?}\n{}", asked.elapsed(), ended.stderr);
    ended
}

/// Kinds of each rule's transitions in the file of alerts.
fn kinds_by_rule(site: &Site) -> BTreeMap<String, Vec<String>> {
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let text = site.read("logs/alerts.jsonl");
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        let alert: Value = serde_json::from_str(line).unwrap();
        let word = |key: &str| alert[key].as_str().unwrap().to_owned();
        kinds.entry(word("rule")).or_default().push(word("kind"));
    }
    kinds
}

#[test]
fn a_camera_is_counted_and_shown_beside_one_that_is_missing_and_one_that_hangs() {
    if !sample_is_here() {
        return;
    }
    let site = Site::new();
    let silent = Silent::new();
    let gone = camera("gone", "file]\npath = \"gone.avi\"\nfps = 7");
    site.write("site.toml", [SERVICE, &looped_sample("walkway"), &gone, &silent.camera("silent")].concat());
    let mut program = Program::start(&mut site.command(&["run", "--config", "site.toml", "--status-line"]));
    let address = program.address();
    let mut states = States::of(address);
    let is_down = |state: &Value| by_id(&state["cameras"], "gone")["state"] == "down";
    let state = states.until("people on the walkway", |state| {
        counts_somebody(state, "walkway") && is_down(state) && state["rules"][1]["stale"] == true
    });
    assert_eq!(state["phase"], "running");
    let gone = by_id(&state["cameras"], "gone");
    assert!(
        gone["error"]
            .as_str()
            .is_some_and(|error| error.ends_with("gone.avi: not found: nothing is there; check the path"))
    );
    for id in ["gone", "silent"] {
        assert_eq!(occupancy(&state, id)["quality"], "unknown:not_started");
        assert_eq!(by_id(&state["rules"], &format!("anybody_at_{id}"))["level"], "unknown");
    }
    assert_eq!(by_id(&state["cameras"], "silent")["state"], "connecting");

    let zone_label = |id: &str| format!("camera=\"{id}\"");
    assert!(metric(address, "crowdflow_zone_occupancy", &zone_label("walkway")).is_some());
    assert_eq!(metric(address, "crowdflow_zone_occupancy", &zone_label("gone")), None, "unknown is absent");
    assert_eq!(metric(address, "crowdflow_zone_occupancy", &zone_label("silent")), None);

    for stage in ["decode", "prepare", "wait", "infer", "analyse"] {
        let label = format!("camera=\"walkway\",stage=\"{stage}\"");
        let frames = metric(address, "crowdflow_stage_seconds_count", &label);
        assert!(frames.is_some_and(|frames| frames > 0.0), "{stage}: {frames:?}");
    }

    let mut pictures = open(address, "/cameras/walkway/live.mjpeg");
    let mut boundary = String::new();
    pictures.read_line(&mut boundary).unwrap();
    // One may be sent twice, so that a browser shows it at once.
    let mut different = BTreeSet::new();
    let deadline = Instant::now() + PATIENCE;
    while different.len() < 3 {
        let head = block(&mut pictures);
        assert_eq!(head[0], "Content-Type: image/jpeg");
        let length = head[1].strip_prefix("Content-Length: ").unwrap().parse().unwrap();
        let mut jpeg = vec![0; length];
        pictures.read_exact(&mut jpeg).unwrap();
        assert!(jpeg.starts_with(&[0xff, 0xd8, 0xff]) && jpeg.ends_with(&[0xff, 0xd9]));
        assert!(Picture::decode(&jpeg).unwrap().size().width_px > 0);
        different.insert(jpeg);
        assert!(Instant::now() < deadline, "{} pictures", different.len());
        // The end of the picture's line, then the boundary.
        for _ in 0..2 {
            pictures.read_line(&mut boundary).unwrap();
        }
    }
    program.out(|line| line.contains("  walkway: everywhere ").then_some(()));

    let ended = ends_in_order(program, "INT");
    assert!(ended.stdout.contains("gone: down") || ended.stdout.contains("gone: everywhere ?"), "{}", ended.stdout);
    assert!(!ended.stderr.contains(" ERROR "), "{}", ended.stderr);
    assert_eq!(kinds_by_rule(&site)["anybody_at_walkway"][0], "raised");
}

#[test]
fn a_camera_that_is_killed_is_unknown_until_it_is_back_and_its_alert_stays() {
    if !sample_is_here() || !server_is_installed() {
        return;
    }
    let site = Site::new();
    let play = sample().to_string_lossy().into_owned();
    let play = ["--fps", "7", "--video", &play];
    let server = Server::start(0, &play);
    let quay = format!("rtsp]\nurl = \"{}\"\nread_timeout_s = 2\nopen_timeout_s = 5", server.url());
    site.write("site.toml", [SERVICE, &looped_sample("walkway"), &camera("quay", &quay)].concat());
    let mut program = Program::start(&mut site.command(&["run", "--config", "site.toml"]));
    let address = program.address();
    let mut states = States::of(address);
    let rule = |state: &Value| by_id(&state["rules"], "anybody_at_quay").clone();
    states.until("an alert at both", |state| {
        let alert = |id: &str| by_id(&state["rules"], &format!("anybody_at_{id}"))["level"] == "blue";
        counts_somebody(state, "quay") && counts_somebody(state, "walkway") && alert("quay") && alert("walkway")
    });
    assert!(metric(address, "crowdflow_zone_occupancy", "camera=\"quay\"").is_some());

    let port = server.port;
    drop(server);
    let state = states.until("the killed camera's alert is stale", |state| {
        let newest = state["recent_alerts"].as_array().unwrap();
        let is_stale = newest.iter().any(|alert| alert["rule"] == "anybody_at_quay" && alert["kind"] == "stale");
        is_stale && by_id(&state["cameras"], "quay")["state"] == "down"
    });
    assert_eq!((&rule(&state)["level"], &rule(&state)["stale"]), (&"blue".into(), &true.into()));
    assert_eq!(occupancy(&state, "quay"), &serde_json::json!({"value": null, "quality": "unknown:no_frames"}));
    let of_rule = |name: &str, camera: &str| metric(address, name, &format!("rule=\"anybody_at_{camera}\""));
    let alert = |camera: &str| (of_rule("crowdflow_alert_level", camera), of_rule("crowdflow_alert_stale", camera));
    assert_eq!((alert("quay"), alert("walkway")), ((Some(1.0), Some(1.0)), (Some(1.0), Some(0.0))));
    assert_eq!(metric(address, "crowdflow_zone_occupancy", "camera=\"quay\""), None, "unknown is absent");
    assert!(metric(address, "crowdflow_zone_occupancy", "camera=\"walkway\"").is_some());
    let frame = |state: &Value| by_id(&state["cameras"], "walkway")["last_frame"].as_str().unwrap().to_owned();
    let (before, walkway) = (frame(&state), by_id(&state["cameras"], "walkway"));
    assert_eq!((&walkway["state"], &walkway["fresh"]), (&"delivering".into(), &true.into()));
    states.until("the other camera goes on", |state| frame(state) > before);

    let server = Server::start(port, &play);
    let state = states.until("the camera is back", |state| {
        occupancy(state, "quay")["quality"] == "valid" && rule(state)["stale"] == false
    });
    assert_eq!(
        (&by_id(&state["cameras"], "quay")["state"], &rule(&state)["level"]),
        (&"delivering".into(), &"blue".into())
    );
    assert!(metric(address, "crowdflow_zone_occupancy", "camera=\"quay\"").is_some());
    ends_in_order(program, "TERM");
    let kinds = kinds_by_rule(&site);
    assert_eq!(kinds["anybody_at_quay"][..3], ["raised", "stale", "fresh"]);
    assert!(kinds["anybody_at_walkway"].iter().all(|kind| kind != "stale"));
    drop(server);
}

#[test]
fn a_camera_that_hangs_does_not_hold_up_the_end_and_a_second_signal_ends_at_once() {
    let site = Site::new();
    let silent = Silent::new();
    site.write("site.toml", SERVICE.to_owned() + &silent.camera("silent"));
    let start = || {
        let mut program = Program::start(&mut site.command(&["run", "--config", "site.toml", "--json-logs"]));
        program.address();
        (program, silent.connected())
    };
    let (program, _connection) = start();
    let ended = ends_in_order(program, "TERM");
    let logs: Vec<Value> = ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(logs.last().unwrap()["message"], "stopped");

    let (mut program, _connection) = start();
    program.signal("INT");
    program.err("a second signal ends at once");
    program.signal("INT");
    let ended = program.end();
    assert_eq!(ended.code, Some(75), "{}", ended.stderr);
    assert!(!ended.stderr.contains("\"stopped\""), "{}", ended.stderr);
}

#[test]
fn it_ends_by_itself_when_its_time_is_up_even_where_nobody_reads_what_it_prints() {
    let site = Site::new();
    site.write("site.toml", SERVICE.to_owned() + &camera("gone", "file]\npath = \"gone.avi\"\nfps = 7"));
    let args = ["run", "--config", "site.toml", "--status-line", "--for-seconds", "1.5"];
    let ended = site.run(&args);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.starts_with("page     http://127.0.0.1:"), "{}", ended.stdout);
    assert!(ended.stdout.contains("\npicture  http://127.0.0.1:"), "{}", ended.stdout);
    let status_lines = ended.stdout.lines().filter(|line| line.starts_with("--:--:--  gone: ")).count();
    assert!(status_lines >= 1, "{}", ended.stdout);

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = site.command(&args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
}
