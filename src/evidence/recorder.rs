//! What the analysis tells: it never waits for drawing, the disk or the store.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use tokio::runtime::Handle;

use super::clip::FPS;
use super::darkroom::{Darkroom, Message, SeenFrame, cameras_with_rules};
use super::documents::Rise;
use super::folder::EvidenceFolder;
use super::stats::{Counters, EvidenceStats};
use super::writer::Writer;
use crate::config::{EvidencePlan, Plan};
use crate::model::{AlertEvent, AlertId, AlertKind, CameraId, FrameReport, Place, Readings, SiteId, Timestamp};
use crate::store::Store;

/// Files that may wait for the disk: pictures and clips of some dozen rises, some megabytes each.
const WAITING_FILES: usize = 64;
/// A picture is taken this much early rather than a frame late, as a share of the time between two.
const EARLY: f64 = 0.1;
/// Least time between two reports without a picture, and between two of sites, in seconds: samples are by the second.
const REPORT_EVERY_S: f64 = 0.5;

/// Keeps evidence of rises. It is told of every report; each of its calls takes microseconds.
///
/// Two threads do the work: one draws and keeps the last seconds of each camera in memory, one writes files and their
/// records. What they are behind with is dropped and counted, never waited for.
#[derive(Debug)]
pub struct EvidenceRecorder {
    messages: Sender<Message>,
    cameras: BTreeMap<CameraId, Gate>,
    sites_told: Option<Timestamp>,
    picture_every_s: f64,
    counters: Arc<Counters>,
    threads: [JoinHandle<()>; 2],
}

/// What a camera has handed over.
#[derive(Debug, Default)]
struct Gate {
    /// Pictures that wait to be drawn: one, and one more at a rise.
    waiting: Arc<AtomicUsize>,
    last_picture: Option<Timestamp>,
    last_report: Option<Timestamp>,
}

impl EvidenceRecorder {
    /// Starts it for the plan's cameras that have rules. Records are written on this runtime, which has to live until
    /// [`EvidenceRecorder::finish`] has come back, as has the store.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(
        plan: &Plan,
        settings: &EvidencePlan,
        folder: EvidenceFolder,
        store: Store,
        runtime: Handle,
    ) -> io::Result<Self> {
        let counters = Arc::new(Counters::default());
        let (items, waiting_items) = sync_channel(WAITING_FILES);
        let writer = Writer {
            folder,
            store,
            runtime,
            counters: Arc::clone(&counters),
            numbers: VecDeque::new(),
            unrecorded: VecDeque::new(),
            retry_at: None,
        };
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| thread::Builder::new().name(name.to_owned()).spawn(run);
        let writer = spawn("evidence files", Box::new(move || writer.run(&waiting_items)))?;
        let wanted = cameras_with_rules(plan);
        let darkroom = Darkroom::new(plan, settings, &wanted, items, Arc::clone(&counters));
        // Without a bound, as no rise may be lost: pictures are bounded by their gates, and the rest is small.
        let (messages, waiting) = channel();
        let darkroom = spawn("evidence pictures", Box::new(move || darkroom.run(&waiting)))?;
        Ok(Self {
            messages,
            cameras: wanted.into_iter().map(|camera| (camera, Gate::default())).collect(),
            sites_told: None,
            picture_every_s: if settings.clip { (1.0 - EARLY) / FPS } else { 1.0 },
            counters,
            threads: [darkroom, writer],
        })
    }

    /// Takes in a camera's report, of a frame or of a tick, before its alerts are told by [`EvidenceRecorder::raised`].
    /// `frame` is called where its picture is wanted: not for every frame, and always for one in which an alert rises.
    pub fn seen(&mut self, report: &Arc<FrameReport>, frame: impl FnOnce() -> Option<SeenFrame>) {
        let Some(gate) = self.cameras.get_mut(&report.camera) else { return };
        let at = report.at;
        let rises = report.alerts.iter().any(|alert| alert.kind == AlertKind::Raised);
        let wanted = report.frame.is_some() && (rises || is_due(gate.last_picture, at, self.picture_every_s));
        let room = if rises { 2 } else { 1 };
        let frame = if !wanted {
            None
        } else if gate.waiting.load(Ordering::Relaxed) >= room {
            Counters::count(&self.counters.dropped);
            None
        } else {
            frame()
        };
        if frame.is_none() && !rises && !is_due(gate.last_report, at, REPORT_EVERY_S) {
            return;
        }
        gate.last_report = Some(at);
        if frame.is_some() {
            gate.last_picture = Some(at);
            gate.waiting.fetch_add(1, Ordering::Relaxed);
        }
        self.send(Message::Seen {
            report: Arc::clone(report),
            frame,
            waiting: Arc::clone(&self.cameras[&report.camera].waiting),
        });
    }

    /// Takes in what sites read.
    pub fn sites<'a>(&mut self, at: Timestamp, readings: impl Iterator<Item = (&'a SiteId, Readings)>) {
        if is_due(self.sites_told, at, REPORT_EVERY_S) {
            self.sites_told = Some(at);
            let readings = readings.map(|(site, readings)| (Place::Site(site.clone()), readings)).collect();
            self.send(Message::Sites(at, readings));
        }
    }

    /// Keeps evidence of a rise; other events are passed over. `config` is the hash of the configuration in force, by which
    /// the store has its text.
    pub fn raised(&mut self, event: &AlertEvent, alert: &AlertId, config: Option<&str>) {
        if event.kind == AlertKind::Raised {
            let (event, alert, config) = (event.clone(), alert.clone(), config.map(str::to_owned));
            self.send(Message::Raised(Rise { event, alert, config }));
        }
    }

    /// What became of it so far.
    #[must_use]
    pub fn stats(&self) -> EvidenceStats {
        self.counters.stats()
    }

    /// Waits until all is written and on record, clips as far as they have come; some seconds where the store doesn't
    /// answer. What became of it in the end.
    pub fn finish(self) -> EvidenceStats {
        drop(self.messages);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!(thread = "evidence", "a thread had panicked: this is a bug in crowdflow");
            }
        }
        self.counters.stats()
    }

    fn send(&self, message: Message) {
        if self.messages.send(message).is_err() {
            Counters::count(&self.counters.failed);
        }
    }
}

/// Whether so much time has gone since the last one; also where time went back.
fn is_due(last: Option<Timestamp>, at: Timestamp, every_s: f64) -> bool {
    last.is_none_or(|last| at < last || at.seconds_since(last) >= every_s)
}
