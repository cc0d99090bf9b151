//! Live cameras against a real RTSP server (GStreamer's, H.264) that is killed, frozen and started again.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use crowdflow::config::{CameraPlan, Credentials, SourcePlan, StreamSource};
use crowdflow::model::{CameraId, FrameMeta};
use crowdflow::picture::Picture;
use crowdflow::source::{CameraHealth, CaptureCounters, FeedHandle, FeedSink, SourceErrorKind, spawn_feed};

use crate::rtsp_server::{Server, server_is_installed};

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(30);
const READ_TIMEOUT_S: f64 = 2.0;

enum Event {
    Frame(FrameMeta),
    Health(CameraHealth),
}

struct Forward {
    events: Sender<Event>,
    health: Option<CameraHealth>,
}

impl FeedSink for Forward {
    fn frame(&mut self, meta: FrameMeta, _picture: Picture, _decode_s: f64) {
        // The test may be over.
        let _ = self.events.send(Event::Frame(meta));
    }

    fn status(&mut self, health: &CameraHealth, _counters: &CaptureCounters) {
        if self.health.as_ref() != Some(health) {
            self.health = Some(health.clone());
            let _ = self.events.send(Event::Health(health.clone()));
        }
    }
}

/// A camera under test.
struct Camera {
    handle: FeedHandle,
    events: Receiver<Event>,
}

impl Camera {
    fn watch(id: &str, url: String, credentials: Credentials) -> Self {
        let source = StreamSource { url, credentials, open_timeout_s: 10.0, read_timeout_s: READ_TIMEOUT_S };
        let plan = CameraPlan::new(CameraId::new(id).expect("an id"), SourcePlan::Stream(source));
        let (sender, events) = channel();
        let sink = Forward { events: sender, health: None };
        let handle = spawn_feed(&plan, Arc::new(AtomicBool::new(false)), sink).expect("a thread");
        Self { handle, events }
    }

    fn next(&self, deadline: Instant) -> Event {
        let left = deadline.saturating_duration_since(Instant::now());
        self.events.recv_timeout(left).unwrap_or_else(|error| panic!("nothing came any more: {error}"))
    }

    fn frame(&self) -> FrameMeta {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Event::Frame(meta) = self.next(deadline) {
                return meta;
            }
        }
    }

    /// Waits for the camera to be down.
    fn down(&self) -> SourceErrorKind {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Event::Health(CameraHealth::Down { error, .. }) = self.next(deadline) {
                return error.kind();
            }
        }
    }

    /// What has come and wasn't looked at.
    fn waiting(&self) -> Vec<Event> {
        self.events.try_iter().collect()
    }

    fn end(self) -> CaptureCounters {
        self.handle.stop();
        self.handle.join().expect("no panic")
    }
}

#[test]
fn a_killed_camera_is_down_beside_one_that_goes_on_and_comes_back() {
    if !server_is_installed() {
        return;
    }
    let server = Server::start(0, &["--fps", "25"]);
    let other_server = Server::start(0, &["--fps", "25", "--size", "160x120"]);
    let camera = Camera::watch("gate", server.url(), Credentials::None);
    let other = Camera::watch("plaza", other_server.url(), Credentials::None);
    let mut last = camera.frame();
    assert_eq!((last.size.width_px, last.size.height_px, last.epoch), (320, 240, 0));
    for _ in 0..25 {
        let next = camera.frame();
        assert!(next.seq > last.seq && next.at >= last.at);
        last = next;
    }
    assert_eq!(other.frame().size.width_px, 160);

    let port = server.port;
    other.waiting();
    let killed = Instant::now();
    drop(server);
    camera.down();
    let noticed_after = killed.elapsed();
    assert!(noticed_after.as_secs_f64() < READ_TIMEOUT_S + 2.0, "{noticed_after:?}");
    for _ in 0..25 {
        other.frame();
    }

    let server = Server::start(port, &["--fps", "25"]);
    let back = camera.frame();
    assert!(back.epoch > last.epoch && back.seq > last.seq && back.at > last.at);
    let undisturbed = |event: &Event| matches!(event, Event::Frame(meta) if meta.epoch == 0);
    assert!(other.waiting().iter().all(undisturbed));

    let counters = camera.end();
    assert!(counters.reconnects >= 1 && counters.retrieved > 25, "{counters:?}");
    assert_eq!(other.end().reconnects, 0);
    drop(server);
}

#[test]
fn a_camera_that_falls_silent_is_down_after_the_read_timeout() {
    if !server_is_installed() {
        return;
    }
    let server = Server::start(0, &["--fps", "25"]);
    let camera = Camera::watch("gate", server.url(), Credentials::None);
    camera.frame();
    server.signal("-STOP");
    let frozen = Instant::now();
    assert_eq!(camera.down(), SourceErrorKind::TimedOut);
    let noticed_after = frozen.elapsed().as_secs_f64();
    assert!((READ_TIMEOUT_S - 0.5..READ_TIMEOUT_S + 2.0).contains(&noticed_after), "{noticed_after} s");
    // Nothing is waited for any more: a frozen server would hold the next opening until its time-out.
    drop(server);
    camera.end();
}

#[test]
fn a_camera_that_changes_its_size_is_not_a_still_picture_for_ever() {
    if !server_is_installed() {
        return;
    }
    let server = Server::start(0, &["--fps", "25", "--double-after", "2.5"]);
    let camera = Camera::watch("gate", server.url(), Credentials::None);
    assert_eq!(camera.frame().size.width_px, 320);
    let deadline = Instant::now() + PATIENCE;
    let doubled = loop {
        let frame = camera.frame();
        if frame.size.width_px == 640 {
            break frame;
        }
        assert!(Instant::now() < deadline, "still {:?}", frame.size);
    };
    assert!(doubled.epoch > 0);
    camera.end();
}

#[test]
fn user_and_password_open_a_guarded_camera() {
    if !server_is_installed() {
        return;
    }
    let server = Server::start(0, &["--fps", "25", "--user", "operator", "--password", "p@:/ss"]);
    let credentials =
        |password: &str| Credentials::Known { user: "operator".to_owned(), password: password.to_owned() };
    let camera = Camera::watch("gate", server.url(), credentials("p@:/ss"));
    camera.frame();
    camera.end();
    let refused = Camera::watch("gate", server.url(), credentials("wrong"));
    assert_eq!(refused.down(), SourceErrorKind::Connect);
    refused.end();
}
