//! Alerts on duty: what rules tell goes to the desk, and from there to log, file, board and store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use tokio::sync::oneshot;

use super::orders::{Order, Outcome};
use crate::alerting::{AlertDesk, DeskFault, KeeperHandle, Kept, Moment, RulesNow, Told};
use crate::config::Plan;
use crate::evidence::EvidenceRecorder;
use crate::metrics::{DeliveryOutcome, Metrics};
use crate::model::{
    AlertEvent, AlertKind, CameraId, Crossing, FrameReport, LineId, NoticeKind, Place, Readings, RuleId, SiteId,
    Timestamp, ZoneId,
};
use crate::sink::AlertLog;
use crate::sink::delivery::DeliveryEvent;
use crate::status::{AlertStatus, CameraHealthStatus, StatusBoard};
use crate::store::{AlertCommit, AuditRow};

/// What alerts are kept with, and what was kept of them.
#[derive(Debug, Default)]
pub struct AlertKeeping {
    /// Who writes to the store; `None`: there is none.
    pub keeper: Option<KeeperHandle>,
    /// What the store had.
    pub kept: Kept,
    /// What comes of messages.
    pub deliveries: Option<Receiver<DeliveryEvent>>,
    /// Messages that were given up before the service began.
    pub given_up: Vec<GivenUpBefore>,
    /// Hash of the configuration.
    pub config: String,
    /// Who keeps evidence of rises; `None`: nobody.
    pub evidence: Option<EvidenceRecorder>,
}

/// Messages to a destination that were given up and that it took none after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUpBefore {
    /// The destination.
    pub destination: String,
    /// How many of them the kept state of its rule knows of.
    pub known: u64,
    /// How many it doesn't: given up in the last moments, or while the service was stopping.
    pub new: u64,
    /// When the newest one was given up, of which the state may know.
    pub newest: Option<Timestamp>,
}

/// Looks after alerts for the analysis thread.
pub(super) struct AlertDuty {
    desk: AlertDesk,
    keeper: Option<KeeperHandle>,
    deliveries: Option<Receiver<DeliveryEvent>>,
    log: Option<AlertLog>,
    metrics: Metrics,
    board: Arc<StatusBoard>,
    /// What places read last, and until when that was written.
    newest: BTreeMap<Place, (Timestamp, Readings)>,
    crossings: Vec<Crossing>,
    health: BTreeMap<CameraId, CameraHealthStatus>,
    profiles: BTreeSet<String>,
    known_profiles: Vec<String>,
}

impl AlertDuty {
    pub fn new(
        plan: &Plan,
        config: String,
        (keeper, deliveries): (Option<KeeperHandle>, Option<Receiver<DeliveryEvent>>),
        log: Option<AlertLog>,
        metrics: Metrics,
        board: Arc<StatusBoard>,
    ) -> Self {
        Self {
            desk: AlertDesk::new(plan, config),
            keeper,
            deliveries,
            log,
            metrics,
            board,
            newest: BTreeMap::new(),
            crossings: Vec::new(),
            health: BTreeMap::new(),
            profiles: BTreeSet::new(),
            known_profiles: plan.profiles.iter().map(|profile| profile.id.clone()).collect(),
        }
    }

    /// Goes on where the service stood when it ended; the rules have been restored already, but for these.
    pub fn restore(&mut self, kept: &Kept, dropped: &[RuleId], now: Timestamp, rules: &dyn RulesNow) {
        for (row, why) in &kept.unreadable {
            tracing::error!(rule = row, why, "what was kept of it can't be read: it begins in calm");
        }
        if !kept.set_back.is_empty() {
            tracing::warn!(
                rules = kept.set_back.len(),
                "the clock was set back since the service ended: these rules go on, their holds begin anew"
            );
        }
        self.profiles = kept.profiles.iter().filter(|profile| self.known_profiles.contains(profile)).cloned().collect();
        let told = self.desk.restore(kept, dropped, now, rules);
        let open = self.desk.open().count();
        if open > 0 {
            tracing::info!(open, "open alerts go on where they stood");
        }
        self.tell(told, now, None);
        self.show(rules);
    }

    /// Takes up how messages stand that were given up before the service began.
    pub fn restore_given_up(&mut self, given_up: &[GivenUpBefore], now: Timestamp, rules: &dyn RulesNow) {
        for GivenUpBefore { destination, known, new, newest } in given_up {
            self.desk.given_up_before(destination, *known, *newest);
            // Nothing was taken meanwhile, though what was given up may be due again: the alert goes on until something is.
            if *new > 0 {
                let told = self.desk.deliveries(now, destination, (*new, *newest, false), rules);
                self.tell(told, now, None);
            }
        }
        self.show(rules);
    }

    /// The profiles that are switched on.
    pub fn profiles(&self) -> &BTreeSet<String> {
        &self.profiles
    }

    /// Takes in a camera's report and what rules told with it; gives what is to be told besides.
    pub fn observe(
        &mut self,
        report: &FrameReport,
        of_sites: &[AlertEvent],
        blind_s: Option<f64>,
        rules: &dyn RulesNow,
    ) -> Vec<AlertEvent> {
        let events: Vec<AlertEvent> = report.alerts.iter().chain(of_sites).cloned().collect();
        for event in &events {
            self.write_down(event);
        }
        let told = self.desk.observe(&events, (&report.camera, report.at, blind_s), rules);
        let own = told.events.clone();
        let changed = !told.is_empty();
        self.tell(told, report.at, None);
        if changed {
            self.show(rules);
        }
        self.collect(report);
        own
    }

    /// Says what time it is, once a second.
    pub fn tick(&mut self, now: Timestamp, sites: impl Iterator<Item = (SiteId, Readings)>, rules: &dyn RulesNow) {
        let told = self.desk.tick(now, rules);
        self.tell(told, now, None);
        self.take_in_deliveries(now, rules);
        self.show(rules);
        let Some(keeper) = &self.keeper else {
            self.newest.clear();
            self.crossings.clear();
            return;
        };
        for (site, readings) in sites {
            self.newest.insert(Place::Site(site), (now, readings));
        }
        let samples = std::mem::take(&mut self.newest).into_iter().map(|(place, (at, readings))| (place, at, readings));
        keeper.moment(Moment { samples: samples.collect(), crossings: std::mem::take(&mut self.crossings) });
        let rows = self.desk.kept(rules).into_iter().filter_map(|(rule, kept)| kept.row(&rule, now).ok());
        keeper.states(rows.collect());
        self.board.store(keeper.standing());
        for (camera, health) in self.board.health() {
            if self.health.get(&camera) != Some(&health) {
                keeper.health(&camera, health.state.as_str(), health.error.clone().unwrap_or_default(), now);
                self.health.insert(camera, health);
            }
        }
    }

    /// Carries out what somebody asks for. A profile is only noted: whoever runs the rules switches it there.
    pub fn carry_out(&mut self, order: Order, now: Timestamp, rules: &dyn RulesNow) -> Outcome {
        let (done, stored) = oneshot::channel();
        match order {
            Order::Act { alert, who, action } => {
                let told = self.desk.act(now, &alert, &who, action, rules)?;
                self.tell(told, now, Some(done));
            }
            Order::SwitchProfile { profile, on, who } => {
                if !self.known_profiles.contains(&profile) {
                    let known = match self.known_profiles.as_slice() {
                        [] => "none: the configuration has no [profiles.ID]".to_owned(),
                        known => format!("one of: {}", known.join(", ")),
                    };
                    return Err(DeskFault::NoSuchProfile { found: profile, known });
                }
                tracing::warn!(profile, on, who, "a profile is switched");
                if on {
                    self.profiles.insert(profile.clone());
                } else {
                    self.profiles.remove(&profile);
                }
                self.keep_profiles(now, (profile, on, who), done);
            }
            Order::BeginDrill { rule, level, hold_s, who } => {
                self.desk.begin_drill(now, &rule, level, hold_s)?;
                tracing::warn!(rule, %level, who, "a drill begins");
                let detail = format!("up to {level}, its peak held for {hold_s} s");
                self.keep_deed(AuditRow { at: now, who, kind: "drill_begun".to_owned(), subject: rule, detail }, done);
            }
            Order::EndDrill { rule, who } => {
                self.desk.end_drill(now, &rule)?;
                tracing::warn!(rule, who, "a drill is ended");
                let (kind, detail) = ("drill_ended".to_owned(), String::new());
                self.keep_deed(AuditRow { at: now, who, kind, subject: rule, detail }, done);
            }
        }
        self.show(rules);
        Ok(self.keeper.is_some().then_some(stored))
    }

    fn keep_profiles(&self, now: Timestamp, (profile, on, who): (String, bool, String), done: oneshot::Sender<()>) {
        let Some(keeper) = &self.keeper else { return };
        match Kept::profiles_row(&self.profiles, now) {
            Ok(row) => {
                let kind = if on { "profile_on" } else { "profile_off" }.to_owned();
                let deed = AuditRow { at: now, who, kind, subject: profile, detail: String::new() };
                let commit = AlertCommit { rule_states: vec![row], audit: vec![deed], ..AlertCommit::default() };
                keeper.commit(commit, now, Some(done));
            }
            Err(error) => tracing::error!(%error, "profiles can't be written: a bug"),
        }
    }

    fn keep_deed(&self, deed: AuditRow, done: oneshot::Sender<()>) {
        if let Some(keeper) = &self.keeper {
            let at = deed.at;
            keeper.commit(AlertCommit { audit: vec![deed], ..AlertCommit::default() }, at, Some(done));
        }
    }

    fn take_in_deliveries(&mut self, now: Timestamp, rules: &dyn RulesNow) {
        let Some(deliveries) = &self.deliveries else { return };
        // By destination: how many were given up, the newest, and whether one was taken after the last of them.
        let mut came: BTreeMap<String, (u64, Option<Timestamp>, bool)> = BTreeMap::new();
        for event in deliveries.try_iter() {
            let (destination, outcome, dead) = match event {
                DeliveryEvent::Delivered { destination, .. } => (destination, DeliveryOutcome::Delivered, None),
                DeliveryEvent::Failed { destination, .. } => (destination, DeliveryOutcome::Failed, None),
                DeliveryEvent::Dead(dead) => (dead.destination, DeliveryOutcome::GivenUp, Some(dead.at)),
            };
            self.metrics.delivery(&destination, outcome);
            let (given_up, newest, taken_since) = came.entry(destination).or_default();
            match outcome {
                DeliveryOutcome::Delivered => *taken_since = true,
                DeliveryOutcome::GivenUp => {
                    (*given_up, *newest, *taken_since) = (*given_up + 1, dead.max(*newest), false);
                }
                DeliveryOutcome::Failed => {}
            }
        }
        for (destination, came) in came {
            let told = self.desk.deliveries(now, &destination, came, rules);
            self.tell(told, now, None);
        }
    }

    /// Keeps what the places of this report read, for the second's samples.
    fn collect(&mut self, report: &FrameReport) {
        let (camera, at) = (&report.camera, report.at);
        let mut keep = |place: Place, readings: &Readings| {
            self.newest.insert(place, (at, readings.clone()));
        };
        for zone in &report.zones {
            keep(Place::Zone(camera.clone(), zone.zone.clone()), &zone.readings);
        }
        for line in &report.lines {
            keep(Place::Line(camera.clone(), line.line.clone()), &line.readings);
        }
        keep(Place::Camera(camera.clone()), &report.readings);
        self.crossings.extend(report.crossings.iter().cloned());
    }

    /// Tells of what the desk brought about, and has it written. Events of rules are written down already.
    fn tell(&mut self, told: Told, at: Timestamp, done: Option<oneshot::Sender<()>>) {
        for event in &told.events {
            self.write_down(event);
        }
        self.board.alerts(told.events);
        for notice in &told.notices {
            if notice.event.is_none() {
                let (kind, who, text) = (notice.kind.as_str(), notice.who.as_deref(), notice.text.as_deref());
                if notice.kind == NoticeKind::Escalated {
                    tracing::warn!(alert = %notice.alert, kind, who, "nobody has answered the alert, or somebody wants those above to know");
                } else {
                    tracing::info!(alert = %notice.alert, kind, who, text, "alert");
                }
            }
        }
        match &self.keeper {
            // Most frames and seconds bring nothing about.
            Some(_) if told.commit == AlertCommit::default() => {
                // Nobody may wait for it.
                let _ = done.map(|done| done.send(()));
            }
            Some(keeper) => keeper.commit(told.commit, at, done),
            None => drop(done),
        }
    }

    fn write_down(&mut self, event: &AlertEvent) {
        log_alert(event);
        if let Some(log) = &mut self.log
            && let Err(error) = log.append(event)
        {
            self.metrics.alerts_jsonl_write_failed();
            tracing::error!(rule = %event.rule, %error, "the alert could not be written to the file of alerts");
        }
    }

    /// Shows how open alerts stand.
    fn show(&self, rules: &dyn RulesNow) {
        let open: Vec<AlertStatus> = self.desk.statuses(rules).collect();
        let mut by_level = [0; 4];
        for status in open.iter().filter(|status| !status.alert.rule.is_drill()) {
            by_level[status.alert.level as usize] += 1;
        }
        self.metrics.open_alerts(by_level);
        self.board.open_alerts(open, &self.profiles);
    }
}

fn log_alert(alert: &AlertEvent) {
    let AlertEvent { rule, name, place, measure, kind, from, to, reading, threshold, .. } = alert;
    let (camera, site) = (place.camera().map(CameraId::as_str), place.site().map(SiteId::as_str));
    let (zone, line) = (place.zone().map(ZoneId::as_str), place.line().map(LineId::as_str));
    let destination = place.destination().map(crate::model::DestinationId::as_str);
    let measure = measure.as_str();
    let (from, to) = (from.map_or("calm", |level| level.as_str()), to.map_or("calm", |level| level.as_str()));
    let (kind_name, quality) = (kind.as_str(), reading.quality());
    match kind {
        AlertKind::Raised | AlertKind::Stale => tracing::warn!(
            %rule, name, camera, site, zone, line, destination, measure, kind = kind_name, from, to, value = reading.value(), %quality, threshold, "alert"
        ),
        AlertKind::Lowered | AlertKind::Cleared | AlertKind::Fresh => tracing::info!(
            %rule, name, camera, site, zone, line, destination, measure, kind = kind_name, from, to, value = reading.value(), %quality, threshold, "alert"
        ),
    }
}
