//! The thread that owns every camera's and external source's analysis.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::alert_duty::{AlertDuty, AlertKeeping, GivenUpBefore};
use super::heat_map_writer::HeatMapWriter;
use super::orders::{Order, Outcome};
use super::panic_budget::PanicBudget;
use super::sources::{Panicked, Source};
use super::{Arrival, DetectedFrame, IntakeError, Message};
use crate::alerting::{Kept, RulesNow};
use crate::analysis::{CameraAnalysis, SiteAnalysis, SourceMessage};
use crate::config::{CameraPlan, Plan};
use crate::evidence::{EvidenceRecorder, EvidenceStats, SeenFrame};
use crate::metrics::{DropReason, EvidenceTotals, LivePictureTotals, Metrics, Stage, WorkerThread};
use crate::model::{
    AlertEvent, AlertId, Detection, ForwardTime, FrameReport, Measure, Readings, RuleId, SiteId, Timestamp,
    UnknownReason,
};
use crate::picture::Picture;
use crate::rules::{RuleEngine, RuleState};
use crate::sink::AlertLog;
use crate::source::{Clock as _, SystemClock};
use crate::status::StatusBoard;
use crate::tracking::ScoreThresholds;
use crate::view::{Blind, LiveFrame, LiveHub, LiveStats, people_to_hide, zone_levels};

/// A camera that sends nothing is told the time this often, so that its zones turn unknown and its rules move.
const TICK_INTERVAL: Duration = Duration::from_secs(1);

/// One camera's state and the results that wait for an earlier one.
struct Camera {
    analysis: CameraAnalysis,
    /// Number of the result to take next.
    next: u64,
    waiting: BTreeMap<u64, Option<DetectedFrame>>,
    last_frame: Option<LastFrame>,
    panics: PanicBudget,
    /// It panicked too often: its frames are passed over, its readings stay unknown.
    given_up: bool,
}

/// When the newest frame was taken, and what the steady clock said when it had been analysed.
#[derive(Debug, Clone, Copy)]
struct LastFrame {
    at: Timestamp,
    steady: Duration,
}

/// Takes results in each camera's order and tells everybody what they mean.
pub(super) struct AnalysisThread {
    plan: Arc<Plan>,
    thresholds: ScoreThresholds,
    metrics: Metrics,
    board: Arc<StatusBoard>,
    live: LiveHub,
    alerts: AlertDuty,
    evidence: Option<EvidenceRecorder>,
    config: String,
    heat_maps: Option<HeatMapWriter>,
    cameras: Vec<Camera>,
    sources: Vec<Source>,
    sites: SiteAnalysis,
    clock: SystemClock,
    /// What alerts go by.
    time: ForwardTime,
}

impl AnalysisThread {
    /// Takes up what was kept of rules and alerts.
    pub fn new(
        plan: Arc<Plan>,
        thresholds: ScoreThresholds,
        (metrics, board, live): (Metrics, Arc<StatusBoard>, LiveHub),
        (alert_log, keeping): (Option<AlertLog>, AlertKeeping),
        heat_maps: Option<HeatMapWriter>,
    ) -> Self {
        let camera = |camera: &CameraPlan| Camera {
            analysis: CameraAnalysis::new(camera, RuleEngine::of_camera(&plan, &camera.id), thresholds),
            next: 0,
            waiting: BTreeMap::new(),
            last_frame: None,
            panics: PanicBudget::default(),
            given_up: false,
        };
        let cameras = plan.cameras.iter().map(camera).collect();
        let sources = plan.sources.iter().map(|source| Source::new(&plan, source)).collect();
        let (sites, clock) = (SiteAnalysis::new(&plan), SystemClock::new());
        let AlertKeeping { keeper, kept, deliveries, given_up, config, evidence } = keeping;
        let (own_metrics, own_board) = (metrics.clone(), Arc::clone(&board));
        let alerts = AlertDuty::new(&plan, config.clone(), (keeper, deliveries), alert_log, own_metrics, own_board);
        let time = ForwardTime::default();
        let mut thread = Self {
            plan,
            thresholds,
            metrics,
            board,
            live,
            alerts,
            evidence,
            config,
            heat_maps,
            cameras,
            sources,
            sites,
            clock,
            time,
        };
        thread.restore(&kept, &given_up);
        thread
    }

    fn restore(&mut self, kept: &Kept, given_up: &[GivenUpBefore]) {
        let states: BTreeMap<_, _> =
            kept.rules.iter().filter_map(|(id, rule)| Some((id.clone(), rule.engine.clone()?))).collect();
        let mut dropped = self.sites.rules_mut().restore(&states);
        for camera in &mut self.cameras {
            dropped.extend(camera.analysis.rules_mut().restore(&states));
        }
        for source in &mut self.sources {
            dropped.extend(source.analysis.rules_mut().restore(&states));
        }
        let now = self.alert_time();
        let engines = Engines { cameras: &self.cameras, sources: &self.sources, sites: &self.sites };
        self.alerts.restore(kept, &dropped, now, &engines);
        self.alerts.restore_given_up(given_up, now, &engines);
        for profile in self.alerts.profiles().clone() {
            self.switch_profile(&profile, true);
        }
        for camera in &self.cameras {
            self.board.rules(camera.analysis.rule_states());
        }
        for source in &self.sources {
            self.board.rules(source.analysis.rule_states());
        }
        self.board.rules(self.sites.rule_states());
    }

    fn switch_profile(&mut self, profile: &str, on: bool) {
        self.sites.rules_mut().switch_profile(profile, on);
        for camera in &mut self.cameras {
            camera.analysis.rules_mut().switch_profile(profile, on);
        }
        for source in &mut self.sources {
            source.analysis.rules_mut().switch_profile(profile, on);
        }
    }

    /// Runs until every worker is gone, and what there is of the last hour's heat maps is written.
    pub fn run(mut self, messages: &Receiver<Message>) {
        self.take_in(messages);
        if let Some(evidence) = self.evidence.take() {
            evidence.finish();
        }
        let Some(heat_maps) = self.heat_maps.take() else { return };
        for (index, (camera, plan)) in self.cameras.iter_mut().zip(&self.plan.cameras).enumerate() {
            if let Some(map) = camera.analysis.take_current_heat_map() {
                heat_maps.write(index, plan, map);
            }
        }
        heat_maps.finish();
    }

    fn take_in(&mut self, messages: &Receiver<Message>) {
        let mut next_tick = Instant::now();
        loop {
            match messages.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
                Ok(Message::Frame(arrival)) => self.arrived(arrival),
                Ok(Message::Order(order, reply)) => self.ordered(order, reply),
                Ok(Message::Counts(source, message, reply)) => {
                    // Whoever sent it may have gone.
                    let _ = reply.send(self.told(source, &message));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // Also under a steady stream of results: a busy camera must not keep the news of a dead one back.
            if Instant::now() >= next_tick {
                next_tick = Instant::now() + TICK_INTERVAL;
                (0..self.cameras.len()).for_each(|camera| self.tick(camera));
                (0..self.sources.len()).for_each(|source| self.tick_source(source));
                let now = self.alert_time();
                let engines = Engines { cameras: &self.cameras, sources: &self.sources, sites: &self.sites };
                let sites = self.sites.readings().map(|(site, readings)| (site.clone(), readings));
                self.alerts.tick(now, sites, &engines);
                if let Some(evidence) = &self.evidence {
                    let EvidenceStats { rises, recorded, failed, dropped, .. } = evidence.stats();
                    self.metrics.evidence(&EvidenceTotals { rises, recorded, failed, dropped });
                }
            }
        }
    }

    /// Now, for alerts: like frames' times it never goes back, so that nothing that is due waits for a wall clock that was
    /// set back.
    fn alert_time(&mut self) -> Timestamp {
        self.time.stamp(self.clock.wall(), self.clock.steady()).0
    }

    fn ordered(&mut self, order: Order, reply: oneshot::Sender<Outcome>) {
        let profile = match &order {
            Order::SwitchProfile { profile, on, .. } => Some((profile.clone(), *on)),
            _ => None,
        };
        let now = self.alert_time();
        let engines = Engines { cameras: &self.cameras, sources: &self.sources, sites: &self.sites };
        let outcome = self.alerts.carry_out(order, now, &engines);
        if let (Some((profile, on)), Ok(_)) = (profile, &outcome) {
            self.switch_profile(&profile, on);
        }
        // Whoever asked may have gone.
        let _ = reply.send(outcome);
    }

    fn arrived(&mut self, arrival: Arrival) {
        let Arrival { camera: index, ticket, done } = arrival;
        let Some(camera) = self.cameras.get_mut(index) else { return };
        camera.waiting.insert(ticket, done);
        while let Some(camera) = self.cameras.get_mut(index)
            && let Some(done) = camera.waiting.remove(&camera.next)
        {
            camera.next += 1;
            if let Some(frame) = done {
                self.analyse(index, frame);
            }
        }
    }

    fn analyse(&mut self, index: usize, frame: DetectedFrame) {
        let DetectedFrame { meta, picture, detections, evidence } = frame;
        let (at, begun) = (meta.at, Instant::now());
        let Some(camera) = self.cameras.get_mut(index).filter(|camera| !camera.given_up) else { return };
        camera.analysis.consider(evidence);
        let Ok(report) = catch_unwind(AssertUnwindSafe(|| camera.analysis.step(meta, &detections))) else {
            self.restart(index);
            return;
        };
        let Some(camera_metrics) = self.plan.cameras.get(index).and_then(|camera| self.metrics.camera(&camera.id))
        else {
            return;
        };
        let Some(report) = report else {
            camera_metrics.dropped(DropReason::Backwards);
            return;
        };
        camera.last_frame = Some(LastFrame { at, steady: self.clock.steady() });
        camera_metrics.stage(Stage::Analyse, begun.elapsed().as_secs_f64());
        camera_metrics.result_age(self.clock.wall().seconds_since(at));
        self.publish(index, report, picture, &detections);
        self.write_heat_map(index, at);
    }

    /// Has the heat map of an hour that is over written.
    fn write_heat_map(&mut self, index: usize, now: Timestamp) {
        let (Some(camera), Some(plan)) = (self.cameras.get_mut(index), self.plan.cameras.get(index)) else { return };
        if let Some(heat_maps) = &self.heat_maps
            && let Some(map) = camera.analysis.take_ended_heat_map(now)
        {
            heat_maps.write(index, plan, map);
        }
    }

    fn tick(&mut self, index: usize) {
        let now = self.now(index);
        self.write_heat_map(index, now);
        let (Some(camera), Some(plan)) = (self.cameras.get_mut(index), self.plan.cameras.get(index)) else { return };
        self.board.analysis_alive(&plan.id, self.clock.wall());
        if camera.given_up {
            let report = camera.analysis.blind(now);
            self.publish(index, report, None, &[]);
            return;
        }
        match catch_unwind(AssertUnwindSafe(|| camera.analysis.tick(now))) {
            Ok(Some(report)) => self.publish(index, report, None, &[]),
            Ok(None) => {}
            Err(_) => self.restart(index),
        }
    }

    /// Now, in the camera's own time: from its newest frame on by the steady clock. Were the machine's clock set back by
    /// an hour, frames would otherwise pass for fresh for an hour after the camera has died.
    fn now(&self, index: usize) -> Timestamp {
        match self.cameras.get(index).and_then(|camera| camera.last_frame) {
            Some(LastFrame { at, steady }) => at.plus_seconds(self.clock.steady().saturating_sub(steady).as_secs_f64()),
            None => self.clock.wall(),
        }
    }

    /// Takes in what an external source tells.
    fn told(&mut self, index: usize, message: &SourceMessage) -> Result<(), IntakeError> {
        let source = self.sources.get_mut(index).filter(|source| !source.is_given_up());
        let source = source.ok_or(IntakeError::Failed)?;
        match source.take(&self.clock, message) {
            Ok(Ok(report)) => {
                if let Some(metrics) = self.metrics.source(&report.camera) {
                    metrics.taken();
                }
                self.board.message_taken(&report.camera, message.at);
                self.publish_source(index, report);
                Ok(())
            }
            Ok(Err(refused)) => Err(refused.into()),
            Err(Panicked) => {
                self.source_panicked(index);
                Err(IntakeError::Failed)
            }
        }
    }

    fn tick_source(&mut self, index: usize) {
        let (Some(source), Some(plan)) = (self.sources.get_mut(index), self.plan.sources.get(index)) else { return };
        self.board.analysis_alive(&plan.id, self.clock.wall());
        match source.tick(&self.clock) {
            Ok(report) => self.publish_source(index, report),
            Err(Panicked) => self.source_panicked(index),
        }
    }

    /// Its readings are unknown with the next tick, and alerts that are on stay on, stale.
    fn source_panicked(&self, index: usize) {
        self.metrics.panicked(WorkerThread::Analysis);
        let given_up = self.sources.get(index).is_some_and(Source::is_given_up);
        let source = self.plan.sources.get(index).map(|source| source.id.as_str());
        tracing::error!(source, given_up, "its analysis panicked: this is a bug in crowdflow");
    }

    /// Tells everybody what an external source told, or that it tells nothing; alerts first.
    fn publish_source(&mut self, index: usize, report: FrameReport) {
        let Some(silent_s) = self.sources.get(index).map(|source| source.analysis.silent_s()) else { return };
        let (of_sites, own) = self.judge(&report, silent_s);
        let Some(source) = self.sources.get(index) else { return };
        self.metrics.observe(&report);
        self.metrics.rule_states(source.analysis.rule_states());
        let report = Arc::new(report);
        self.board.report(Arc::clone(&report), source.analysis.rule_states());
        if let Some(evidence) = &mut self.evidence {
            evidence.seen(&report, || None);
        }
        self.keep_evidence(&report, of_sites.iter().chain(&own));
    }

    /// Has sites, and then alerts, take in a report; `blind_s`: how long whoever it is of has told nothing. What the rules
    /// on sites told, and what is told besides.
    fn judge(&mut self, report: &FrameReport, blind_s: Option<f64>) -> (Vec<AlertEvent>, Vec<AlertEvent>) {
        let of_sites = self.sites.step(report);
        let engines = Engines { cameras: &self.cameras, sources: &self.sources, sites: &self.sites };
        let own = self.alerts.observe(report, &of_sites, blind_s, &engines);
        self.metrics.observe_sites(self.sites.readings(), &of_sites);
        self.metrics.rule_states(self.sites.rule_states());
        self.board.sites(self.sites.readings(), of_sites.clone(), self.sites.rule_states());
        (of_sites, own)
    }

    /// Has evidence kept of what rose with this report.
    fn keep_evidence<'e>(&mut self, report: &'e FrameReport, besides: impl Iterator<Item = &'e AlertEvent>) {
        let Some(evidence) = &mut self.evidence else { return };
        evidence.sites(report.at, self.sites.readings());
        for event in report.alerts.iter().chain(besides) {
            evidence.raised(event, &AlertId::of(event), Some(&self.config));
        }
    }

    /// Tells everybody; alerts first.
    fn publish(&mut self, index: usize, report: FrameReport, mut picture: Option<Picture>, detections: &[Detection]) {
        let blind_s = match report.frame {
            Some(_) => None,
            None => Some(report.readings.value(Measure::Blind).unwrap_or(0.0)),
        };
        let (of_sites, own) = self.judge(&report, blind_s);
        let Some(camera) = self.cameras.get(index) else { return };
        self.metrics.observe(&report);
        self.metrics.rule_states(camera.analysis.rule_states());
        let report = Arc::new(report);
        self.board.report(Arc::clone(&report), camera.analysis.rule_states());
        if let (Some(metrics), Some(stats)) = (self.metrics.camera(&report.camera), self.live.stats(&report.camera)) {
            let LiveStats { encoded, replaced, failed, .. } = stats;
            metrics.live_pictures(&LivePictureTotals { encoded, replaced, failed });
        }
        let is_watched = self.live.has_viewers(&report.camera);
        if let Some(evidence) = &mut self.evidence {
            evidence.seen(&report, || {
                let picture = if is_watched { picture.as_ref()?.try_clone().ok()? } else { picture.take()? };
                let levels = zone_levels(camera.analysis.rule_states());
                let also_hide = people_to_hide(detections, camera.analysis.people_not_counted());
                Some(SeenFrame { picture, levels, also_hide })
            });
        }
        self.keep_evidence(&report, own.iter().chain(&of_sites));
        if !is_watched {
            return;
        }
        let Some(camera) = self.cameras.get(index) else { return };
        let levels = zone_levels(camera.analysis.rule_states());
        if report.frame.is_none() {
            let reason = if camera.last_frame.is_some() { UnknownReason::NoFrames } else { UnknownReason::NotStarted };
            let since = camera.last_frame.map(|last| last.at);
            let blind = Blind { at: report.at, since, reason, levels };
            self.live.publish(&report.camera, LiveFrame::Blind(blind));
        } else if let Some(picture) = picture {
            let also_hide = people_to_hide(detections, camera.analysis.people_not_counted());
            let camera = report.camera.clone();
            self.live.publish(&camera, LiveFrame::Seen { picture, report, levels, also_hide });
        }
    }

    /// A camera's analysis panicked: it begins anew, or is given up where that happens again and again. Its readings
    /// are unknown at once, and alerts that are on stay on, stale.
    fn restart(&mut self, index: usize) {
        self.metrics.panicked(WorkerThread::Analysis);
        let now = self.now(index);
        let (Some(plan), Some(camera)) = (self.plan.cameras.get(index), self.cameras.get_mut(index)) else { return };
        camera.given_up = camera.panics.spend(Instant::now()).is_none();
        tracing::error!(camera = %plan.id, given_up = camera.given_up, "its analysis panicked: this is a bug in crowdflow");
        camera.analysis.begin_anew(plan, self.thresholds);
        if let Some(metrics) = self.metrics.camera(&plan.id) {
            metrics.analysis_restarted();
        }
        let report = camera.analysis.blind(now);
        self.publish(index, report, None, &[]);
    }
}

/// How rules and sites stand, by the thread's own cameras and sites.
struct Engines<'a> {
    cameras: &'a [Camera],
    sources: &'a [Source],
    sites: &'a SiteAnalysis,
}

impl Engines<'_> {
    fn all(&self) -> impl Iterator<Item = &RuleEngine> {
        let cameras = self.cameras.iter().map(|camera| camera.analysis.rules());
        cameras.chain(self.sources.iter().map(|source| source.analysis.rules())).chain([self.sites.rules()])
    }
}

impl RulesNow for Engines<'_> {
    fn standing(&self, rule: &RuleId) -> Option<AlertEvent> {
        self.all().find_map(|engine| engine.standing(rule))
    }
    fn state(&self, rule: &RuleId) -> Option<RuleState> {
        self.all().find_map(|engine| engine.state_of_rule(rule))
    }
    fn site(&self, site: &SiteId) -> Option<Readings> {
        self.sites.readings().find(|(known, _)| *known == site).map(|(_, readings)| readings)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::config;
    use crate::metrics::BuildInfo;
    use crate::model::{CountEvidence, FrameMeta, FrameSize, ObjectClass, PixelBox};
    use crate::sink::HeatMapFolder;
    use crate::view::LiveOptions;

    /// Seen from above, 100 pixels a metre.
    fn plan(maps: &Path) -> Arc<Plan> {
        let text = format!(
            "[output]
            heat_maps = {maps:?}
            [cameras.gate]
            frame_size = [1000, 1000]
            source.file = {{ path = \"gate.avi\", fps = 2 }}
            tracker = {{ confirm_s = 0 }}
            calibration.homography = [[0.01, 0, 0], [0, -0.01, 10], [0, 0, 1]]
            zones.hall.polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]"
        );
        Arc::new(config::parse(&text, Path::new("/site"), &|_| None).unwrap())
    }

    /// The service sees one person who stands, twice a second, from one second of the day to another; then it ends.
    fn watch(plan: &Arc<Plan>, maps: &Path, seconds: (u32, u32)) {
        let build = BuildInfo { version: "0".into(), model: "none".into(), onnxruntime: "none".into() };
        let metrics = Metrics::new(plan, &build).unwrap();
        let board = Arc::new(StatusBoard::new(plan));
        let live = LiveHub::start(&plan.cameras, &plan.rules, &plan.privacy, LiveOptions::default()).unwrap();
        let folder = HeatMapFolder::open(maps).unwrap();
        let writer = HeatMapWriter::start(plan, folder, metrics.clone()).unwrap();
        let thresholds = ScoreThresholds { high: 0.5, low: 0.3 };
        let told = (metrics, board, live);
        let thread =
            AnalysisThread::new(Arc::clone(plan), thresholds, told, (None, AlertKeeping::default()), Some(writer));
        let frames = 2 * (seconds.1 - seconds.0) + 1;
        let (sender, arrivals) = sync_channel(frames as usize);
        for ticket in 0..u64::from(frames) {
            let meta = FrameMeta {
                camera: plan.cameras[0].id.clone(),
                seq: ticket,
                at: Timestamp(0).plus_seconds(f64::from(seconds.0) + ticket as f64 / 2.0),
                size: FrameSize { width_px: 1000, height_px: 1000 },
                epoch: 0,
            };
            let bbox = PixelBox { left: 480.0, top: 420.0, right: 520.0, bottom: 520.0 };
            let detections = vec![Detection { bbox, class: ObjectClass::Person, score: 0.9 }];
            let done = DetectedFrame { meta, picture: None, detections, evidence: CountEvidence::default() };
            sender.send(Message::Frame(Arrival { camera: 0, ticket, done: Some(done) })).unwrap();
        }
        drop(sender);
        thread.run(&arrivals);
    }

    /// Seconds observed and person-seconds of a file.
    fn seconds(path: &Path) -> (f64, f64) {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let number = |row: &csv::StringRecord, column: usize| row[column].parse::<f64>().unwrap();
        (number(&rows[0], 2), rows.iter().map(|row| number(row, 6)).sum())
    }

    #[test]
    fn an_hours_end_and_a_start_within_the_hour_lose_and_overwrite_no_heat_map() {
        let folder = tempfile::tempdir().unwrap();
        let maps = folder.path().join("maps");
        let plan = plan(&maps);
        let path = |name: &str| maps.join(format!("gate/heat_map_1970-01-01T{name}.csv"));
        watch(&plan, &maps, (3550, 3620));
        assert_eq!(seconds(&path("00Z")), (50.0, 50.0));
        assert_eq!(seconds(&path("01Z")), (20.0, 20.0));
        let first = std::fs::read(path("01Z")).unwrap();
        watch(&plan, &maps, (3650, 3700));
        assert_eq!(std::fs::read(path("01Z")).unwrap(), first, "it is not written over");
        assert_eq!(seconds(&path("01Z_2")), (50.0, 50.0));
        // Nine files: three maps with two pictures each.
        assert_eq!(std::fs::read_dir(maps.join("gate")).unwrap().count(), 9);
    }
}
