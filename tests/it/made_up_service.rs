//! A service whose state and pictures are made up, on a free port: what the tests of the HTTP interface look at.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crowdflow::accounts::Accounts;
use crowdflow::api::{ApiState, Door, JpegFuture, JpegStream, LivePictures, ServiceInfo, serve};
use crowdflow::config::{self, EvidencePlan, Hide, Plan};
use crowdflow::metrics::{BuildInfo, Metrics};
use crowdflow::model::{
    CameraId, CameraState, FrameMeta, FrameReport, FrameSize, LineId, LineState, Measure, ObjectClass, PixelBox,
    Reading, Readings, SaturationReason, Timestamp, Track, TrackId, TrackState, UnknownReason, ZoneClassState, ZoneId,
    ZoneState,
};
use crowdflow::pipeline::{Orders, SourceIntake};
use crowdflow::rules::RuleEngine;
use crowdflow::status::{CameraHealthStatus, Phase, StatusBoard};
use crowdflow::store::{Store, StoreAddress};
use tokio::runtime::Runtime;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// `gate` delivers; `quay` is down; `patrol` moves and has not delivered yet.
const PLAN: &str = r#"
[cameras.gate]
name = "陈毅广场 · Chen Yi Square"
[cameras.gate.source.file]
path = "gate.avi"
fps = 7
[cameras.gate.zones.plaza]
name = "Plaza"
polygon = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]
area_m2 = 50
[cameras.gate.zones.road]
name = "Road"
polygon = [[0.1, 0.5], [0.9, 0.5], [0.9, 0.9]]
classes = ["person", "bicycle"]
[cameras.gate.lines.door]
name = "Steps to the river"
a = [0.1, 0.5]
b = [0.9, 0.5]
[cameras.quay]
name = "Quay"
[cameras.quay.source.rtsp]
url = "rtsp://192.0.2.1/live"
[cameras.quay.zones.edge]
name = "Quay edge"
polygon = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]
[cameras.patrol]
mobile = true
[cameras.patrol.source.file]
path = "patrol.avi"
fps = 7
[store]
[destinations.hook]
webhook.url = "http://192.0.2.2/alerts"
[rules.plaza_dense]
name = "Plaza is dense"
zone = "gate/plaza"
measure = "density"
levels.blue = { raise = 0.72, hold_s = 0 }
levels.orange = { raise = 2, hold_s = 0 }
source = "site plan 2026, section 4"
[rules.quay_full]
name = "Quay is full"
zone = "quay/edge"
measure = "occupancy"
levels.yellow = { raise = 40, hold_s = 0 }
levels.red = { raise = 60, hold_s = 0 }
[rules.road_full]
name = "Road is full"
zone = "gate/road"
measure = "occupancy"
levels.blue = { raise = 30, hold_s = 0 }
"#;

pub fn plan_text() -> &'static str {
    PLAN
}

pub fn plan() -> Plan {
    config::parse(PLAN, Path::new("/site"), &|_| None).unwrap_or_else(|error| panic!("{error}"))
}

pub fn camera(id: &str) -> CameraId {
    CameraId::new(id).unwrap()
}

/// What the service takes for now: 2026-11-24 03:00 UTC.
pub const NOW: Timestamp = Timestamp(1_795_489_200_000_000);

type Newest = Option<Arc<[u8]>>;

/// Pictures that the test sends; each viewer gets the newest.
pub struct MadeUpPictures(Vec<(CameraId, watch::Sender<Newest>)>);

impl MadeUpPictures {
    pub fn send(&self, camera: &CameraId, jpeg: &[u8]) {
        let (_, sender) = self.0.iter().find(|(known, _)| known == camera).unwrap();
        sender.send_replace(Some(jpeg.into()));
    }

    pub fn viewers(&self, camera: &CameraId) -> usize {
        self.0.iter().find(|(known, _)| known == camera).unwrap().1.receiver_count()
    }
}

struct MadeUpStream(watch::Receiver<Newest>);

impl LivePictures for MadeUpPictures {
    fn subscribe(&self, camera: &CameraId) -> Option<Box<dyn JpegStream>> {
        let (_, sender) = self.0.iter().find(|(known, _)| known == camera)?;
        let mut receiver = sender.subscribe();
        receiver.mark_changed();
        Some(Box::new(MadeUpStream(receiver)))
    }

    fn subscribe_plain(&self, camera: &CameraId) -> Option<Box<dyn JpegStream>> {
        self.subscribe(camera)
    }
}

impl JpegStream for MadeUpStream {
    fn next_jpeg(&mut self) -> JpegFuture<'_> {
        Box::pin(async {
            loop {
                self.0.changed().await.ok()?;
                let newest = self.0.borrow_and_update().clone();
                if newest.is_some() {
                    return newest;
                }
            }
        })
    }
}

pub struct Service {
    pub address: SocketAddr,
    pub board: Arc<StatusBoard>,
    pub metrics: Metrics,
    pub pictures: Arc<MadeUpPictures>,
    /// What it takes for now, in microseconds.
    pub clock: Arc<AtomicI64>,
    /// Only where it was started with one.
    pub store: Option<Store>,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<std::io::Result<()>>>,
}

/// Evidence in this folder.
pub fn evidence_in(folder: &Path) -> EvidencePlan {
    EvidencePlan {
        folder: folder.join("evidence"),
        before_s: 1.0,
        after_s: 1.0,
        hide: Hide::Heads,
        clip: true,
        keep_days: None,
    }
}

impl Service {
    pub fn start() -> Self {
        Self::of(plan(), None, false)
    }

    /// With a store and evidence in this folder, and without accounts.
    pub fn start_in(folder: &Path) -> Self {
        let mut plan = plan();
        plan.evidence = Some(evidence_in(folder));
        Self::of(plan, Some(&StoreAddress::file(folder.join("store.db"))), false)
    }

    /// With a store, and without accounts.
    pub fn of_plan(plan: Plan, store: &StoreAddress) -> Self {
        Self::of(plan, Some(store), false)
    }

    /// With a store, in which whoever uses it has an account.
    pub fn of_opened(plan: Plan, store: &StoreAddress) -> Self {
        Self::of(plan, Some(store), true)
    }

    fn of(plan: Plan, store: Option<&StoreAddress>, with_accounts: bool) -> Self {
        let plan = Arc::new(plan);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let store = store.map(|address| runtime.block_on(Store::open(address, NOW)).unwrap());
        let clock = Arc::new(AtomicI64::new(NOW.0));
        let now: Arc<dyn Fn() -> Timestamp + Send + Sync> = {
            let clock = Arc::clone(&clock);
            Arc::new(move || Timestamp(clock.load(Ordering::SeqCst)))
        };
        let accounts = store
            .clone()
            .filter(|_| with_accounts)
            .map(|store| Accounts::new(store, Arc::clone(&plan), Arc::clone(&now)).unwrap());
        let board = Arc::new(StatusBoard::new(&plan));
        let build = BuildInfo { version: "1.2.3".into(), model: "nanodet_g".into(), onnxruntime: "1.32.0".into() };
        let metrics = Metrics::new(&plan, &build).unwrap();
        let ids = plan.cameras.iter().map(|camera| (camera.id.clone(), watch::Sender::new(None)));
        let pictures = Arc::new(MadeUpPictures(ids.collect()));
        let intake = SourceIntake::new(&plan, Orders::nowhere(), metrics.clone(), Arc::clone(&board));
        let state = ApiState {
            configuration: None,
            metrics: metrics.clone(),
            live: pictures.clone(),
            status: Arc::clone(&board),
            plan,
            info: ServiceInfo {
                version: "1.2.3".into(),
                model: "nanodet_g".into(),
                model_licence: "Apache-2.0".into(),
            },
            store: store.clone(),
            accounts,
            orders: Orders::nowhere(),
            intake,
            now,
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let door = runtime.block_on(async { Door::of(listener).unwrap() });
        let (stop, stopped) = oneshot::channel();
        let serving = runtime.spawn(serve(door, state, async {
            let _ = stopped.await;
        }));
        Self { address, board, metrics, pictures, clock, store, runtime, stop: Some(stop), serving: Some(serving) }
    }

    /// Sends a request line with these headers and gives the connection to read from.
    pub fn open(&self, request_line: &str, headers: &str) -> TcpStream {
        let mut connection = TcpStream::connect(self.address).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(connection, "{request_line} HTTP/1.1\r\n{headers}\r\n").unwrap();
        connection
    }

    /// Runs what a test wants of the store.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Sends a whole request. Headers are lines with their ends.
    pub fn send(&self, verb: &str, path: &str, headers: &str, body: Option<&serde_json::Value>) -> TcpStream {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let json = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let length = body.len();
        let host = if headers.contains("Host: ") { String::new() } else { format!("Host: {}\r\n", self.address) };
        let head = format!("{host}Connection: close\r\n{json}Content-Length: {length}\r\n{headers}");
        let mut connection = self.open(&format!("{verb} {path}"), &head);
        connection.write_all(body.as_bytes()).unwrap();
        connection
    }

    /// Sends a whole request and reads the whole answer.
    pub fn call(&self, verb: &str, path: &str, headers: &str, body: Option<&serde_json::Value>) -> Answer {
        let mut text = Vec::new();
        self.send(verb, path, headers, body).read_to_end(&mut text).unwrap();
        Answer::parse(&text)
    }

    /// Asks for a path and reads the whole answer.
    pub fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &format!("Host: {}\r\nConnection: close\r\n", self.address))
    }

    pub fn ask(&self, request_line: &str, headers: &str) -> Answer {
        let mut text = Vec::new();
        self.open(request_line, headers).read_to_end(&mut text).unwrap();
        Answer::parse(&text)
    }

    /// Asks the service to stop and waits for it.
    pub fn stop(&mut self) {
        if let (Some(stop), Some(serving)) = (self.stop.take(), self.serving.take()) {
            let _ = stop.send(());
            self.runtime.block_on(serving).unwrap().unwrap();
        }
    }

    /// Every sort of value: known, a lower bound, unknown, never known; levels that are on, held and calm.
    pub fn fill(&self) {
        self.metrics.store_up(true);
        self.metrics.outbox("hook", (1, 0), Some(0.5));
        let plan = plan();
        let mut rules = RuleEngine::new(&plan.rules);
        let mut report = |report: FrameReport| {
            let alerts = rules.step(report.at, &report.camera, (&report).into());
            let report = FrameReport { alerts, ..report };
            self.metrics.observe(&report);
            self.metrics.rule_states(rules.states());
            self.board.report(Arc::new(report), rules.states());
        };
        let (gate, quay) = (camera("gate"), camera("quay"));
        self.board.set_phase(Phase::Running);
        self.board.set_health(&gate, CameraHealthStatus::of(CameraState::Delivering));
        self.board.set_health(
            &quay,
            CameraHealthStatus {
                state: CameraState::Down,
                since: Some(NOW.plus_seconds(-75.0)),
                error: Some("rtsp://192.0.2.1/live: timed out: nothing came within 5 s".into()),
                next_try: Some(NOW.plus_seconds(4.0)),
            },
        );
        for id in ["gate", "quay", "patrol"] {
            self.board.analysis_alive(&camera(id), NOW.plus_seconds(-0.5));
        }
        report(quay_report(NOW.plus_seconds(-75.0), Reading::Valid(63.0)));
        report(gate_report(NOW.plus_seconds(-20.0), Reading::Valid(40.0), 6.0));
        report(quay_report(NOW.plus_seconds(-1.0), Reading::Unknown(UnknownReason::NoFrames)));
        report(gate_report(NOW.plus_seconds(-0.25), Reading::AtLeast(112.0), 12.0));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An answer that was read to its end.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    fn parse(text: &[u8]) -> Self {
        let end = text.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
        let head = String::from_utf8(text[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: text[end + 4..].to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn class(class: ObjectClass, occupancy: Reading) -> ZoneClassState {
    ZoneClassState {
        class,
        occupancy,
        entries_total: 31,
        exits_total: 12,
        stays_total: 11,
        dwell_seconds_total: 140.5,
        longest_dwell_s: occupancy.value().map(|_| 42.0),
    }
}

fn report(camera: CameraId, at: Timestamp, zones: Vec<ZoneState>, lines: Vec<LineState>, people: u64) -> FrameReport {
    let is_known = zones.iter().all(|zone| zone.classes.iter().all(|class| class.occupancy.value().is_some()));
    let size = FrameSize { width_px: 768, height_px: 576 };
    let frame = FrameMeta { camera: camera.clone(), seq: 7, at, size, epoch: 0 };
    let track = |id: u64| Track {
        id: TrackId(id),
        class: ObjectClass::Person,
        state: TrackState::Confirmed,
        bbox: PixelBox { left: 0.0, top: 0.0, right: 20.0, bottom: 60.0 },
        score: 0.9,
        first_seen: at,
        last_seen: at,
    };
    let tracks = (1..=people).map(track).collect();
    let frame = is_known.then_some(frame);
    let readings = Readings::NONE.with(Measure::People, Reading::Valid(people as f64));
    let (crossings, alerts) = (Vec::new(), Vec::new());
    FrameReport { camera, at, frame, tracks, zones, lines, readings, crossings, alerts }
}

pub fn gate_report(at: Timestamp, people: Reading, road: f64) -> FrameReport {
    let plaza = ZoneState {
        saturation: matches!(people, Reading::AtLeast(_)).then_some(SaturationReason::Overlap),
        zone: ZoneId::new("plaza").unwrap(),
        classes: vec![class(ObjectClass::Person, people)],
        readings: Readings::NONE
            .with(Measure::Occupancy, people)
            .with(Measure::Density, people.map(|people| people / 50.0)),
    };
    let road = ZoneState {
        saturation: None,
        zone: ZoneId::new("road").unwrap(),
        classes: vec![
            class(ObjectClass::Person, Reading::Valid(road)),
            class(ObjectClass::Bicycle, Reading::Valid(0.0)),
        ],
        readings: Readings::NONE.with(Measure::Occupancy, Reading::Valid(road)),
    };
    let door = LineState {
        line: LineId::new("door").unwrap(),
        totals: vec![(ObjectClass::Person, 418, 395)],
        people_were_missed: false,
        readings: Readings::NONE,
    };
    report(camera("gate"), at, vec![plaza, road], vec![door], 17)
}

fn quay_report(at: Timestamp, people: Reading) -> FrameReport {
    let edge = ZoneState {
        saturation: None,
        zone: ZoneId::new("edge").unwrap(),
        classes: vec![class(ObjectClass::Person, people)],
        readings: Readings::NONE.with(Measure::Occupancy, people),
    };
    report(camera("quay"), at, vec![edge], Vec::new(), 0)
}
