//! The newest of everything, in one place.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::config::{ExternalSourcePlan, Plan};
use crate::input::InputInUse;
use crate::model::{
    AlertEvent, CameraId, CameraState, FrameReport, Level, Measure, Reading, Readings, RuleId, SiteId, Timestamp,
};
use crate::rules::{OpenAlert, RuleStatus};

/// Transitions kept for showing; all of them are in the file of alerts.
const RECENT_ALERTS: usize = 50;

/// Where the service is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The model is loaded, threads are started.
    Starting,
    /// Frames are analysed.
    Running,
    /// It comes to its end.
    Stopping,
}

impl Phase {
    /// Its name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
        }
    }
}

/// How a camera's capture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraHealthStatus {
    /// Its state.
    pub state: CameraState,
    /// While down: time of the last good frame, or of the first failure.
    pub since: Option<Timestamp>,
    /// While down or given up: why, without any secret.
    pub error: Option<String>,
    /// While down: when it is tried next.
    pub next_try: Option<Timestamp>,
}

impl CameraHealthStatus {
    /// A state that needs no more words.
    #[must_use]
    pub fn of(state: CameraState) -> Self {
        Self { state, since: None, error: None, next_try: None }
    }
}

/// How a camera stands.
#[derive(Debug, Clone)]
pub struct CameraStatus {
    /// The camera.
    pub camera: CameraId,
    /// How its capture is.
    pub health: CameraHealthStatus,
    /// The newest report, of a frame or of a tick; `None` before the first.
    pub report: Option<Arc<FrameReport>>,
    /// When the newest analysed frame was taken; `None` before the first.
    pub last_frame: Option<Timestamp>,
    /// When its analysis last said that it is alive; `None` before the first time.
    pub analysis_alive: Option<Timestamp>,
    /// What the network is given of its pictures; `None` before the first.
    pub input: Option<InputInUse>,
}

/// How an external source stands.
#[derive(Debug, Clone)]
pub struct SourceStatus {
    /// The source.
    pub source: CameraId,
    /// After so long without news what it told is stale, in seconds.
    pub stale_after_s: f64,
    /// The newest report, of a message or of a tick; `None` before the first.
    pub report: Option<Arc<FrameReport>>,
    /// When the newest message was counted, by the sender's clock; `None` before the first.
    pub last_message: Option<Timestamp>,
    /// What went wrong since the last message that was taken.
    pub error: Option<String>,
    /// When its analysis last said that it is alive; `None` before the first time.
    pub analysis_alive: Option<Timestamp>,
}

impl SourceStatus {
    /// Whether it tells: a camera's states, of which it may have three.
    #[must_use]
    pub fn state(&self) -> CameraState {
        let Some(report) = &self.report else { return CameraState::Connecting };
        let silent_s = report.readings.value(Measure::Blind).unwrap_or(f64::INFINITY);
        let tells = self.last_message.is_some() && silent_s <= self.stale_after_s;
        if tells { CameraState::Delivering } else { CameraState::Down }
    }

    /// The same, with what is known of why.
    #[must_use]
    pub fn health(&self) -> CameraHealthStatus {
        let state = self.state();
        let is_down = state == CameraState::Down;
        let nothing = || "it sends nothing".to_owned();
        CameraHealthStatus {
            since: self.last_message.filter(|_| is_down),
            error: is_down.then(|| self.error.clone().unwrap_or_else(nothing)),
            ..CameraHealthStatus::of(state)
        }
    }
}

/// How a rule stands: [`RuleStatus`] that may be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleState {
    /// The rule.
    pub rule: RuleId,
    /// The level that is on; `None`: calm.
    pub level: Option<Level>,
    /// When the alert that is on left calm; `None`: calm.
    pub since: Option<Timestamp>,
    /// The newest value; `None` before the first sample.
    pub reading: Option<Reading>,
    /// No value is known now: the level is what was known last, and calm means nothing.
    pub stale: bool,
    /// A graver level that is on its way, and since when.
    pub rising: Option<(Level, Timestamp)>,
    /// Since when the level that is on is being left.
    pub clearing_since: Option<Timestamp>,
}

/// How an open alert stands.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertStatus {
    /// The alert.
    pub alert: OpenAlert,
    /// What was measured last, as if told anew; `None` where nothing is known of its rule any more.
    pub last: Option<AlertEvent>,
}

/// How a site stands.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteStatus {
    /// The site.
    pub site: SiteId,
    /// What is measured of it; none before the first report of one of its cameras.
    pub readings: Readings,
}

/// Everything at one moment.
#[derive(Debug, Clone)]
pub struct StatusSnapshot {
    /// Where the service is in its life.
    pub phase: Phase,
    /// Cameras in the order of the plan.
    pub cameras: Vec<CameraStatus>,
    /// External sources in the order of the plan.
    pub sources: Vec<SourceStatus>,
    /// Sites in the order of the plan.
    pub sites: Vec<SiteStatus>,
    /// Rules in the order of the plan.
    pub rules: Vec<RuleState>,
    /// The newest alert transitions, newest first.
    pub recent_alerts: Vec<AlertEvent>,
    /// Open alerts, in the order of their rules.
    pub open_alerts: Vec<AlertStatus>,
    /// Profiles that are switched on by hand.
    pub profiles: BTreeSet<String>,
    /// How the store takes what is written; `None`: there is none.
    pub store: Option<StoreStanding>,
}

/// How the store takes what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreStanding {
    /// The newest write went well. While it doesn't, nothing is sent to anybody, and what waits is lost with the machine's
    /// power.
    pub ok: bool,
    /// Writes that wait.
    pub waiting: usize,
}

/// The newest of everything. Its lock is held for a few moves only, never while something waits.
#[derive(Debug)]
pub struct StatusBoard {
    newest: Mutex<Newest>,
    version: watch::Sender<u64>,
    urgent: watch::Sender<u64>,
}

#[derive(Debug)]
struct Newest {
    phase: Phase,
    cameras: Vec<CameraStatus>,
    sources: Vec<SourceStatus>,
    sites: Vec<SiteStatus>,
    rules: Vec<RuleState>,
    /// Oldest first.
    recent_alerts: VecDeque<AlertEvent>,
    open_alerts: Vec<AlertStatus>,
    profiles: BTreeSet<String>,
    store: Option<StoreStanding>,
    /// Something has changed that nobody should wait for, and was not told yet.
    is_urgent: bool,
}

impl StatusBoard {
    /// Everything unknown: cameras are connecting, rules have no value.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let camera = |id: &CameraId| CameraStatus {
            camera: id.clone(),
            health: CameraHealthStatus::of(CameraState::Connecting),
            report: None,
            last_frame: None,
            analysis_alive: None,
            input: None,
        };
        let source = |plan: &ExternalSourcePlan| SourceStatus {
            source: plan.id.clone(),
            stale_after_s: plan.stale_after_s,
            report: None,
            last_message: None,
            error: None,
            analysis_alive: None,
        };
        let site = |id: &SiteId| SiteStatus { site: id.clone(), readings: Readings::NONE };
        let rule = |id: &RuleId| RuleState {
            rule: id.clone(),
            level: None,
            since: None,
            reading: None,
            stale: true,
            rising: None,
            clearing_since: None,
        };
        let newest = Newest {
            phase: Phase::Starting,
            cameras: plan.cameras.iter().map(|plan| camera(&plan.id)).collect(),
            sources: plan.sources.iter().map(source).collect(),
            sites: plan.response.sites.iter().map(|plan| site(&plan.id)).collect(),
            rules: plan.rules.iter().map(|plan| rule(&plan.id)).collect(),
            recent_alerts: VecDeque::with_capacity(RECENT_ALERTS),
            open_alerts: Vec::new(),
            profiles: BTreeSet::new(),
            store: None,
            is_urgent: false,
        };
        Self { newest: Mutex::new(newest), version: watch::Sender::new(0), urgent: watch::Sender::new(0) }
    }

    /// Where the service is in its life.
    pub fn set_phase(&self, phase: Phase) {
        self.change(|newest| std::mem::replace(&mut newest.phase, phase) != phase);
    }

    /// How a camera's capture is. A camera that the plan doesn't have is passed over.
    pub fn set_health(&self, camera: &CameraId, health: CameraHealthStatus) {
        self.change(|newest| {
            let Some(status) = newest.camera(camera).filter(|status| status.health != health) else { return false };
            let is_other_state = status.health.state != health.state;
            status.health = health;
            newest.is_urgent |= is_other_state;
            true
        });
    }

    /// What the network is given of a camera's pictures from now on.
    pub fn set_input(&self, camera: &CameraId, input: InputInUse) {
        self.change(|newest| match newest.camera(camera) {
            Some(status) if status.input.as_ref() != Some(&input) => {
                status.input = Some(input);
                true
            }
            _ => false,
        });
    }

    /// The analysis of a camera or external source is alive, whether or not it has something to say. At least once a second.
    pub fn analysis_alive(&self, id: &CameraId, now: Timestamp) {
        let mut newest = self.lock();
        if let Some(status) = newest.camera(id) {
            status.analysis_alive = Some(now);
        } else if let Some(status) = newest.source(id) {
            status.analysis_alive = Some(now);
        }
    }

    /// Takes in the report of a frame or tick, and how the camera's rules stand after it.
    pub fn report<'a>(&self, report: Arc<FrameReport>, rules: impl IntoIterator<Item = RuleStatus<'a>>) {
        self.change(|newest| {
            newest.rules(rules);
            newest.alerts(report.alerts.iter().cloned());
            if let Some(status) = newest.camera(&report.camera) {
                if let Some(frame) = &report.frame {
                    status.last_frame = Some(frame.at);
                }
                status.report = Some(report);
            } else if let Some(status) = newest.source(&report.camera) {
                status.report = Some(report);
            }
            true
        });
    }

    /// An external source's message was taken that was counted at this time.
    pub fn message_taken(&self, source: &CameraId, counted: Timestamp) {
        if let Some(status) = self.lock().source(source) {
            (status.last_message, status.error) = (Some(counted), None);
        }
    }

    /// Something went wrong with an external source: a message was refused, a broker is away. `None`: all is well again.
    pub fn source_error(&self, source: &CameraId, error: Option<String>) {
        self.change(|newest| match newest.source(source) {
            Some(status) if status.error != error => {
                status.error = error;
                true
            }
            _ => false,
        });
    }

    /// Takes in what sites read, what their rules told, and how these stand after it. Nobody is told of it: a camera's
    /// report, which brought it about, comes next.
    pub fn sites<'a>(
        &self,
        readings: impl IntoIterator<Item = (&'a SiteId, Readings)>,
        alerts: Vec<AlertEvent>,
        rules: impl IntoIterator<Item = RuleStatus<'a>>,
    ) {
        let mut newest = self.lock();
        for (site, readings) in readings {
            if let Some(status) = newest.sites.iter_mut().find(|status| &status.site == site) {
                status.readings = readings;
            }
        }
        newest.rules(rules);
        newest.alerts(alerts);
    }

    /// Takes in how rules stand.
    pub fn rules<'a>(&self, rules: impl IntoIterator<Item = RuleStatus<'a>>) {
        self.lock().rules(rules);
    }

    /// Takes in transitions that belong to no camera's report.
    pub fn alerts(&self, alerts: Vec<AlertEvent>) {
        self.change(|newest| {
            let is_news = !alerts.is_empty();
            newest.alerts(alerts);
            is_news
        });
    }

    /// Takes in how open alerts stand, and which profiles are switched on.
    pub fn open_alerts(&self, open: Vec<AlertStatus>, profiles: &BTreeSet<String>) {
        self.change(|newest| {
            let is_news = newest.open_alerts != open || &newest.profiles != profiles;
            // What was measured last changes with each frame; the alerts and what was done about them don't.
            let is_same = newest.open_alerts.iter().map(|known| &known.alert).eq(open.iter().map(|now| &now.alert));
            newest.is_urgent |= !is_same || &newest.profiles != profiles;
            newest.open_alerts = open;
            newest.profiles.clone_from(profiles);
            is_news
        });
    }

    /// Takes in how the store takes what is written.
    pub fn store(&self, standing: StoreStanding) {
        self.change(|newest| {
            let before = newest.store.replace(standing);
            let is_news = before.map(|before| before.ok) != Some(standing.ok);
            newest.is_urgent |= is_news;
            is_news
        });
    }

    /// How each camera's capture is, and whether external sources tell.
    #[must_use]
    pub fn health(&self) -> Vec<(CameraId, CameraHealthStatus)> {
        let newest = self.lock();
        let cameras = newest.cameras.iter().map(|status| (status.camera.clone(), status.health.clone()));
        cameras.chain(newest.sources.iter().map(|status| (status.source.clone(), status.health()))).collect()
    }

    /// Everything as it stands.
    #[must_use]
    pub fn snapshot(&self) -> StatusSnapshot {
        let newest = self.lock();
        StatusSnapshot {
            phase: newest.phase,
            cameras: newest.cameras.clone(),
            sources: newest.sources.clone(),
            sites: newest.sites.clone(),
            rules: newest.rules.clone(),
            recent_alerts: newest.recent_alerts.iter().rev().cloned().collect(),
            open_alerts: newest.open_alerts.clone(),
            profiles: newest.profiles.clone(),
            store: newest.store,
        }
    }

    /// Tells of changes: its number grows with each.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Tells of changes that nobody should wait for: an alert, what was done about one, a camera that comes or goes, a
    /// store that can't be written. Its number grows with each; [`Self::changes`] tells of them too.
    #[must_use]
    pub fn urgent_changes(&self) -> watch::Receiver<u64> {
        self.urgent.subscribe()
    }

    /// The number of changes by now.
    #[must_use]
    pub fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// `change` says whether there is something new to tell.
    fn change(&self, change: impl FnOnce(&mut Newest) -> bool) {
        let (changed, is_urgent) = {
            let mut newest = self.lock();
            let changed = change(&mut newest);
            (changed, changed && std::mem::take(&mut newest.is_urgent))
        };
        if changed {
            self.version.send_modify(|version| *version += 1);
        }
        if is_urgent {
            self.urgent.send_modify(|version| *version += 1);
        }
    }

    /// A panic while it was held leaves whole values behind, at worst not all of the newest.
    fn lock(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Newest {
    fn camera(&mut self, id: &CameraId) -> Option<&mut CameraStatus> {
        self.cameras.iter_mut().find(|status| &status.camera == id)
    }

    fn source(&mut self, id: &CameraId) -> Option<&mut SourceStatus> {
        self.sources.iter_mut().find(|status| &status.source == id)
    }

    fn rules<'a>(&mut self, rules: impl IntoIterator<Item = RuleStatus<'a>>) {
        for status in rules {
            if let Some(state) = self.rules.iter_mut().find(|state| &state.rule == status.rule) {
                state.level = status.level;
                state.since = status.since;
                state.reading = status.reading;
                state.stale = status.stale;
                (state.rising, state.clearing_since) = (status.rising, status.clearing_since);
            }
        }
    }

    fn alerts(&mut self, alerts: impl IntoIterator<Item = AlertEvent>) {
        for event in alerts {
            if self.recent_alerts.len() == RECENT_ALERTS {
                self.recent_alerts.pop_front();
            }
            self.recent_alerts.push_back(event);
            self.is_urgent = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;
    use crate::model::{AlertKind, FrameMeta, FrameSize, Measure, Place, Readings, ZoneId};

    fn plan() -> Plan {
        let text = r#"
            [cameras.gate.source.file]
            path = "gate.avi"
            fps = 7
            [cameras.gate.zones.plaza]
            polygon = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]
            [rules.full]
            zone = "gate/plaza"
            measure = "occupancy"
            levels.blue = { raise = 10 }
        "#;
        config::parse(text, Path::new("/site"), &|_| None).unwrap_or_else(|error| panic!("{error}"))
    }

    fn report(at: i64, has_frame: bool, alerts: usize) -> Arc<FrameReport> {
        let camera = CameraId::new("gate").unwrap();
        let size = FrameSize { width_px: 768, height_px: 576 };
        let frame = FrameMeta { camera: camera.clone(), seq: 0, at: Timestamp(at), size, epoch: 0 };
        let alert = |number: usize| AlertEvent {
            at: Timestamp(at + number as i64),
            rule: RuleId::new("full").unwrap(),
            name: "Full".to_owned(),
            place: Place::Zone(CameraId::new("gate").unwrap(), ZoneId::new("plaza").unwrap()),
            measure: Measure::Occupancy,
            kind: AlertKind::Raised,
            from: None,
            to: Some(Level::Blue),
            reading: Reading::Valid(12.0),
            threshold: Some(10.0),
            source: String::new(),
            since: Timestamp(at),
        };
        Arc::new(FrameReport {
            camera: camera.clone(),
            at: Timestamp(at),
            frame: has_frame.then_some(frame),
            tracks: Vec::new(),
            zones: Vec::new(),
            lines: Vec::new(),
            readings: Readings::NONE,
            crossings: Vec::new(),
            alerts: (0..alerts).map(alert).collect(),
        })
    }

    #[test]
    fn the_last_frame_is_kept_through_ticks_and_alerts_are_bounded() {
        let board = StatusBoard::new(&plan());
        let changes = board.changes();
        let gate = CameraId::new("gate").unwrap();
        let before = board.snapshot();
        assert_eq!((before.phase, before.cameras[0].last_frame), (Phase::Starting, None));
        assert!(before.rules[0].stale);

        board.set_phase(Phase::Running);
        board.report(report(100, true, 2), []);
        board.report(report(900, false, RECENT_ALERTS), []);
        board.analysis_alive(&gate, Timestamp(901));
        let rule = RuleId::new("full").unwrap();
        let place = Place::Zone(CameraId::new("gate").unwrap(), ZoneId::new("plaza").unwrap());
        let status = RuleStatus {
            rule: &rule,
            place: &place,
            measure: Measure::Occupancy,
            level: Some(Level::Blue),
            since: Some(Timestamp(100)),
            reading: Some(Reading::Valid(12.0)),
            stale: false,
            rising: None,
            clearing_since: None,
        };
        board.report(report(950, false, 1), [status]);
        let after = board.snapshot();
        let camera = &after.cameras[0];
        assert_eq!((camera.last_frame, camera.analysis_alive), (Some(Timestamp(100)), Some(Timestamp(901))));
        assert_eq!(camera.report.as_ref().map(|report| report.at), Some(Timestamp(950)));
        assert_eq!((after.rules[0].level, after.rules[0].stale), (Some(Level::Blue), false));
        let times: Vec<_> = after.recent_alerts.iter().map(|event| event.at.0).collect();
        assert_eq!((times.len(), times[0], times[1]), (RECENT_ALERTS, 950, 949));
        assert_eq!(*changes.borrow(), 4);
    }

    #[test]
    fn alerts_and_cameras_that_go_are_told_apart_from_values() {
        let board = StatusBoard::new(&plan());
        let urgent = board.urgent_changes();
        let gate = CameraId::new("gate").unwrap();
        board.report(report(100, true, 0), []);
        board.report(report(200, true, 0), []);
        assert_eq!(*urgent.borrow(), 0, "values alone");
        board.report(report(300, true, 1), []);
        assert_eq!(*urgent.borrow(), 1, "a camera's alert");
        let of_site = report(400, true, 1).alerts.clone();
        board.sites([], of_site, []);
        assert_eq!(*urgent.borrow(), 1, "a site's is told of with the camera's report, which comes next");
        board.report(report(400, true, 0), []);
        assert_eq!(*urgent.borrow(), 2);
        board.set_health(&gate, CameraHealthStatus::of(CameraState::Down));
        let again =
            CameraHealthStatus { error: Some("timed out".to_owned()), ..CameraHealthStatus::of(CameraState::Down) };
        board.set_health(&gate, again);
        assert_eq!((*urgent.borrow(), board.version()), (3, 6), "it is down once");
        board.store(StoreStanding { ok: false, waiting: 1 });
        board.store(StoreStanding { ok: false, waiting: 2 });
        assert_eq!(*urgent.borrow(), 4);
    }

    #[test]
    fn the_same_health_again_is_no_change() {
        let board = StatusBoard::new(&plan());
        let changes = board.changes();
        let gate = CameraId::new("gate").unwrap();
        for _ in 0..3 {
            board.set_health(&gate, CameraHealthStatus::of(CameraState::Delivering));
        }
        board.set_health(&CameraId::new("elsewhere").unwrap(), CameraHealthStatus::of(CameraState::Down));
        assert_eq!(*changes.borrow(), 1);
        assert_eq!(board.snapshot().cameras[0].health.state, CameraState::Delivering);
    }
}
