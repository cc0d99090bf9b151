//! Where alerts are looked after: every open alert, what is done about it, and who is to be told.

use std::collections::{BTreeMap, BTreeSet};

use super::kept::{Kept, KeptRule};
use crate::config::{Plan, RulePlan};
use crate::model::{
    Action, AlertEvent, AlertId, AlertKind, CameraId, Level, Measure, Notice, NoticeKind, Place, Reading, Readings,
    RuleId, SiteId, Timestamp, UnknownReason,
};
use crate::rules::{ActFault, AlertBook, BuiltInRule, Drill, OpenAlert, RuleState};
use crate::sink::delivery::{Composer, Context, MayEnter};
use crate::status::AlertStatus;
use crate::store::{ActionRow, AlertCommit, AlertRow, PlaceKey, PlanStepRow, Shelving, TransitionRow};

/// A destination that has taken nothing for so long, in seconds, while messages were tried, is told of: a mistyped key is no
/// reason to give a message up for a day.
const FAILING_AFTER_S: f64 = 300.0;

/// How rules and sites stand, as whoever runs them knows.
pub trait RulesNow {
    /// How a configured rule's alert stands, as if told anew; `None` in calm.
    fn standing(&self, rule: &RuleId) -> Option<AlertEvent>;
    /// What has to be kept of a configured rule.
    fn state(&self, rule: &RuleId) -> Option<RuleState>;
    /// What a site reads.
    fn site(&self, site: &SiteId) -> Option<Readings>;
}

/// What came of events, an action, or time going by.
#[derive(Debug, Default)]
pub struct Told {
    /// Events that the desk itself brought about: blindness, messages given up, drills.
    pub events: Vec<AlertEvent>,
    /// Entries of alerts' histories, in order.
    pub notices: Vec<Notice>,
    /// What is to be written, whole or not at all.
    pub commit: AlertCommit,
}

impl Told {
    /// Whether nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.notices.is_empty() && self.commit == AlertCommit::default()
    }
}

/// Why something can't be done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeskFault {
    /// The alert doesn't allow it.
    #[error(transparent)]
    Act(#[from] ActFault),
    /// There is no such rule.
    #[error("found no rule {found:?}, expected one of: {known}")]
    NoSuchRule {
        /// The one that was named.
        found: String,
        /// Those that there are.
        known: String,
    },
    /// The rule has no such level.
    #[error("the rule {rule} has no level {level}, it has: {known}")]
    NoSuchLevel {
        /// The rule.
        rule: String,
        /// The level that was named.
        level: Level,
        /// Those that it has.
        known: String,
    },
    /// It is being drilled already.
    #[error("the rule {0} is being drilled already: end that drill first")]
    DrillGoesOn(String),
    /// There is nothing to end.
    #[error("the rule {0} is not being drilled")]
    NoDrill(String),
    /// There is no such profile.
    #[error("found no profile {found:?}, expected {known}")]
    NoSuchProfile {
        /// The one that was named.
        found: String,
        /// Those that there are.
        known: String,
    },
}

/// What is known of messages to a destination.
#[derive(Debug)]
struct Undelivered {
    rule: BuiltInRule,
    /// Given up since it took one last.
    since_taken: u64,
    /// When the newest one was given up.
    newest: Option<Timestamp>,
    /// Since when it has taken none, while some were tried.
    failing_since: Option<Timestamp>,
}

/// Every open alert, and what is told of it. Pure: it reads no clock and writes nothing.
#[derive(Debug)]
pub struct AlertDesk {
    book: AlertBook,
    composer: Composer,
    rules: Vec<RulePlan>,
    sites: BTreeMap<RuleId, SiteId>,
    capacities: BTreeMap<SiteId, f64>,
    /// Hash of the configuration.
    config: String,
    blind_level: Level,
    blindness: BTreeMap<CameraId, BuiltInRule>,
    /// The rules that look at a camera or external source.
    looked_at: BTreeMap<CameraId, Vec<RuleId>>,
    undelivered: BTreeMap<String, Undelivered>,
    drills: BTreeMap<RuleId, Drill>,
}

impl AlertDesk {
    /// No alert yet; `config` is the hash of the configuration's text.
    #[must_use]
    pub fn new(plan: &Plan, config: String) -> Self {
        let undelivered = plan.destinations.iter().filter_map(|destination| {
            let rule = BuiltInRule::of_undelivered(destination).ok()?;
            Some((destination.id.clone(), Undelivered { rule, since_taken: 0, newest: None, failing_since: None }))
        });
        let cameras = plan.cameras.iter().map(|camera| (camera.id.clone(), BuiltInRule::of_blindness(camera)));
        let sources = plan.sources.iter().map(|source| (source.id.clone(), BuiltInRule::of_silence(source)));
        let blindness: BTreeMap<CameraId, BuiltInRule> = cameras.chain(sources).collect();
        let capacities = plan.response.sites.iter().filter_map(|site| Some((site.id.clone(), site.capacity?)));
        Self {
            book: AlertBook::new(plan.response.clone(), plan.sites_of_rules()),
            composer: Composer::new(plan),
            rules: plan.rules.clone(),
            sites: plan.sites_of_rules(),
            capacities: capacities.collect(),
            config,
            blind_level: plan.response.pursuit.blind_level,
            looked_at: blindness.keys().map(|id| (id.clone(), rules_on(plan, id))).collect(),
            blindness,
            undelivered: undelivered.collect(),
            drills: BTreeMap::new(),
        }
    }

    /// Goes on where a desk stood. `dropped` are rules whose alert is not gone on with, as they look at other things now:
    /// these alerts end, as do those of rules that are no more, and drills.
    pub fn restore(&mut self, kept: &Kept, dropped: &[RuleId], at: Timestamp, rules: &dyn RulesNow) -> Told {
        let mut over = Vec::new();
        for (id, rule) in &kept.rules {
            if let Some(alert) = &rule.alert {
                self.book.restore(alert.clone());
            }
            let known = match rule.built_in {
                Some(state) => match self.built_in_mut(id) {
                    Some(built_in) => {
                        built_in.restore(state);
                        true
                    }
                    None => false,
                },
                None => self.rules.iter().any(|known| &known.id == id) && !dropped.contains(id),
            };
            if !known && rule.alert.is_some() {
                over.push(id.clone());
            }
        }
        let mut told = Told::default();
        for id in over {
            let why = if id.is_drill() {
                "the drill ended with the service"
            } else {
                "the configuration has changed: what its rule looked at is watched otherwise now, or no more"
            };
            let before = self.book.alert_of(&id).cloned();
            if let Some(notice) = self.book.close(&id, at, why) {
                self.write(vec![notice], before.as_ref(), None, rules, &mut told);
            }
        }
        told
    }

    /// Every open alert.
    pub fn open(&self) -> impl Iterator<Item = &OpenAlert> {
        self.book.open()
    }

    /// Every open alert, and what was measured last.
    pub fn statuses<'a>(&'a self, rules: &'a dyn RulesNow) -> impl Iterator<Item = AlertStatus> + 'a {
        self.book.open().map(|alert| AlertStatus { alert: alert.clone(), last: self.standing(&alert.rule, rules) })
    }

    /// What has to be kept of all rules: also of those that have told nothing, as what they wait for goes on too.
    #[must_use]
    pub fn kept(&self, rules: &dyn RulesNow) -> Vec<(RuleId, KeptRule)> {
        let built_in = self.blindness.values().chain(self.undelivered.values().map(|of| &of.rule));
        let ids = self.rules.iter().map(|rule| &rule.id).chain(built_in.map(BuiltInRule::id));
        ids.map(|id| (id.clone(), self.kept_of(id, rules))).collect()
    }

    fn kept_of(&self, id: &RuleId, rules: &dyn RulesNow) -> KeptRule {
        let kept =
            KeptRule::new(rules.state(id), self.built_in(id).map(BuiltInRule::state), self.book.alert_of(id).cloned());
        let given_up = self.undelivered.values().find(|of| of.rule.id() == id).and_then(|of| of.newest);
        kept.with_given_up(given_up)
    }

    fn built_in(&self, id: &RuleId) -> Option<&BuiltInRule> {
        let undelivered = self.undelivered.values().map(|of| &of.rule);
        self.blindness.values().chain(undelivered).find(|rule| rule.id() == id)
    }

    fn built_in_mut(&mut self, id: &RuleId) -> Option<&mut BuiltInRule> {
        let undelivered = self.undelivered.values_mut().map(|of| &mut of.rule);
        self.blindness.values_mut().chain(undelivered).find(|rule| rule.id() == id)
    }

    /// Takes in what rules told, and whether the camera whose report brought it about sees: `blind_s` is `None` where it
    /// does, else how long it hasn't.
    pub fn observe(
        &mut self,
        events: &[AlertEvent],
        (camera, at, blind_s): (&CameraId, Timestamp, Option<f64>),
        rules: &dyn RulesNow,
    ) -> Told {
        let mut told = Told::default();
        self.take_in(events, rules, &mut told);
        // After these: what has risen with the last picture counts for how grave the blindness is.
        let grave = blind_s.map(|_| self.gravity_of_blindness(camera));
        let reading = Reading::Valid(blind_s.unwrap_or(0.0));
        let blind = self.blindness.get_mut(camera).and_then(|rule| rule.step(at, grave, reading));
        self.take_in_own(blind, rules, &mut told);
        told
    }

    /// The level of a blindness: that of the gravest alert on in the camera's picture, where that is orange or red.
    fn gravity_of_blindness(&self, camera: &CameraId) -> Level {
        let on = self.looked_at.get(camera).into_iter().flatten().filter_map(|rule| self.book.alert_of(rule));
        let gravest = on.map(|alert| alert.level).max().filter(|level| *level >= Level::Orange);
        gravest.map_or(self.blind_level, |level| level.max(self.blind_level))
    }

    /// Says how many messages to a destination were given up before this desk was: so many since it took one last, of which
    /// the state that it goes on from knows.
    pub fn given_up_before(&mut self, destination: &str, known: u64, newest: Option<Timestamp>) {
        if let Some(of) = self.undelivered.get_mut(destination) {
            (of.since_taken, of.newest) = (known, newest);
        }
    }

    /// Takes in what came of messages to a destination since the last time: how many were given up and when the newest of
    /// them was, and whether one was taken after the last of them.
    pub fn deliveries(
        &mut self,
        at: Timestamp,
        destination: &str,
        (given_up, newest, taken_since): (u64, Option<Timestamp>, bool),
        rules: &dyn RulesNow,
    ) -> Told {
        let mut told = Told::default();
        let Some(of) = self.undelivered.get_mut(destination) else { return told };
        of.since_taken += given_up;
        of.newest = of.newest.max(newest);
        // Who is told of what came of messages is told of at least one of them.
        let failing_since = if taken_since { None } else { Some(*of.failing_since.get_or_insert(at)) };
        of.failing_since = failing_since;
        let fails = failing_since.is_some_and(|since| at.seconds_since(since) >= FAILING_AFTER_S);
        let grave = match (given_up, taken_since) {
            (_, true) => None,
            (0, false) => of.rule.level().max(fails.then_some(Level::Yellow)),
            (_, false) => Some(Level::Orange),
        };
        let event = of.rule.step(at, grave, Reading::Valid(of.since_taken as f64));
        if grave.is_none() {
            of.since_taken = 0;
        }
        self.take_in_own(event, rules, &mut told);
        told
    }

    /// Says what time it is: shelves end, alerts are escalated and repeated, steps get late, drills go on.
    pub fn tick(&mut self, now: Timestamp, rules: &dyn RulesNow) -> Told {
        let mut told = Told::default();
        let mut drills = std::mem::take(&mut self.drills);
        for drill in drills.values_mut() {
            let events = drill.step(now);
            let in_drill = InDrill { drill, rules };
            self.take_in(&events, &in_drill, &mut told);
            told.events.extend(events);
        }
        drills.retain(|_, drill| !drill.is_over(now));
        self.drills = drills;
        let notices = self.book.tick(now);
        self.write(notices, None, None, rules, &mut told);
        told
    }

    /// Does what somebody wants done about an alert.
    ///
    /// # Errors
    /// [`DeskFault::Act`]; then nothing has changed.
    pub fn act(
        &mut self,
        at: Timestamp,
        id: &AlertId,
        who: &str,
        action: Action,
        rules: &dyn RulesNow,
    ) -> Result<Told, DeskFault> {
        let notices = self.book.act(at, id, who, action)?;
        let mut told = Told::default();
        self.write(notices, None, None, rules, &mut told);
        Ok(told)
    }

    /// Begins a drill.
    ///
    /// # Errors
    /// [`DeskFault`]; then nothing has changed.
    pub fn begin_drill(&mut self, at: Timestamp, rule: &str, level: Level, hold_s: f64) -> Result<(), DeskFault> {
        let plan = self.rule(rule)?;
        let drill = Drill::new(plan, level, at, hold_s).ok_or_else(|| DeskFault::NoSuchLevel {
            rule: rule.to_owned(),
            level,
            known: plan.levels().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        })?;
        if self.drills.contains_key(drill.id()) {
            return Err(DeskFault::DrillGoesOn(rule.to_owned()));
        }
        self.drills.insert(drill.id().clone(), drill);
        Ok(())
    }

    /// Ends a drill before its time: its measures go back to calm from now on.
    ///
    /// # Errors
    /// [`DeskFault`]; then nothing has changed.
    pub fn end_drill(&mut self, at: Timestamp, rule: &str) -> Result<(), DeskFault> {
        let id = self.rule(rule)?.id.of_drill();
        let drill = self.drills.get_mut(&id).ok_or_else(|| DeskFault::NoDrill(rule.to_owned()))?;
        drill.end(at);
        Ok(())
    }

    fn rule(&self, id: &str) -> Result<&RulePlan, DeskFault> {
        self.rules.iter().find(|known| known.id.as_str() == id).ok_or_else(|| DeskFault::NoSuchRule {
            found: id.to_owned(),
            known: self.rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// Takes in an event of a rule that the desk runs itself: whoever gave it no event has to be told of it.
    fn take_in_own(&mut self, event: Option<AlertEvent>, rules: &dyn RulesNow, told: &mut Told) {
        if let Some(event) = event {
            self.take_in(std::slice::from_ref(&event), rules, told);
            told.events.push(event);
        }
    }

    fn take_in(&mut self, events: &[AlertEvent], rules: &dyn RulesNow, told: &mut Told) {
        for event in events {
            let before = self.book.alert_of(&event.rule).cloned();
            let notices = self.book.observe(event);
            self.write(notices, before.as_ref(), Some(event), rules, told);
        }
    }

    /// Makes the rows of these entries.
    fn write(
        &self,
        notices: Vec<Notice>,
        before: Option<&OpenAlert>,
        event: Option<&AlertEvent>,
        rules: &dyn RulesNow,
        told: &mut Told,
    ) {
        let mut changed = BTreeSet::new();
        for notice in notices {
            let alert = self.book.alert_of(&notice.rule).or(before);
            let last = event.cloned().or_else(|| self.standing(&notice.rule, rules));
            let context = Context {
                alert,
                last: last.as_ref(),
                may_enter: self.may_enter(&notice, rules),
                except: last.as_ref().and_then(|event| event.place.destination()).map(|id| id.as_str()),
            };
            match self.composer.compose(&notice, &context) {
                Ok(deliveries) => told.commit.deliveries.extend(deliveries),
                Err(error) => tracing::error!(alert = %notice.alert, %error, "a message can't be written: a bug"),
            }
            told.commit.transitions.push(transition(&notice, last.as_ref()));
            told.commit.actions.extend(action(&notice));
            if let Some(alert) = alert {
                let row = self.alert_row(alert, &notice, last.as_ref());
                told.commit.alerts.retain(|known| known.id != row.id);
                told.commit.alerts.push(row);
                told.commit.steps.retain(|known| known.alert != alert.id.as_str());
                told.commit.steps.extend(steps(alert));
            }
            changed.insert(notice.rule.clone());
            told.notices.push(notice);
        }
        for rule in changed {
            let at = told.notices.last().map_or(Timestamp(0), |notice| notice.at);
            match self.kept_of(&rule, rules).row(&rule, at) {
                Ok(row) => {
                    told.commit.rule_states.retain(|known| known.rule != row.rule);
                    told.commit.rule_states.push(row);
                }
                Err(error) => tracing::error!(%rule, %error, "a rule's state can't be written: a bug"),
            }
        }
    }

    fn standing(&self, rule: &RuleId, rules: &dyn RulesNow) -> Option<AlertEvent> {
        let of_drill = || self.drills.get(rule).and_then(|drill| drill.rules().standing(rule));
        rules.standing(rule).or_else(of_drill).or_else(|| self.built_in(rule).and_then(BuiltInRule::standing))
    }

    /// How many more a site takes, where its capacity is published and its rule is told of.
    fn may_enter(&self, notice: &Notice, rules: &dyn RulesNow) -> Option<MayEnter> {
        let site = self.sites.get(&notice.rule).filter(|_| !notice.rule.is_drill())?;
        let capacity = self.capacities.get(site)?;
        let readings = rules.site(site)?;
        // Of an upper bound of people it is not known that so many may still come; of a lower one neither.
        let people = match readings.get(Measure::Occupancy)? {
            Reading::Valid(people) => (capacity - people).max(0.0).floor(),
            Reading::AtLeast(people) if people >= *capacity => 0.0,
            _ => return None,
        };
        let per_minute = match readings.get(Measure::AdmissibleFlow)? {
            Reading::Valid(per_minute) => Some(per_minute.floor()),
            _ => None,
        };
        Some(MayEnter { people, per_minute })
    }

    fn alert_row(&self, alert: &OpenAlert, notice: &Notice, last: Option<&AlertEvent>) -> AlertRow {
        let plan = self.rules.iter().find(|rule| rule.id == alert.rule);
        let first = plan.and_then(|rule| rule.conditions.first());
        let place = last.map(|event| &event.place).or(first.map(|condition| &condition.place));
        let measure = last.map(|event| event.measure).or(first.map(|condition| condition.measure));
        let is_over = notice.kind == NoticeKind::Cleared;
        let state = match alert {
            _ if is_over => "closed",
            OpenAlert { shelved: Some(_), .. } => "shelved",
            OpenAlert { acknowledged: Some(_), .. } => "acknowledged",
            _ => "firing",
        };
        let name = last.map(|event| event.name.clone()).or(plan.map(|rule| rule.name.clone()));
        let source = last.map(|event| event.source.clone()).or(plan.map(|rule| rule.source.clone()));
        let shelved = alert.shelved.as_ref().map(|shelf| Shelving {
            at: shelf.at,
            until: shelf.until,
            who: shelf.who.clone(),
            reason: shelf.reason.clone(),
        });
        AlertRow {
            id: alert.id.to_string(),
            rule: alert.rule.to_string(),
            name: name.unwrap_or_else(|| alert.rule.to_string()),
            place: place.map_or_else(|| PlaceKey::alone("rule", alert.rule.as_str()), PlaceKey::of),
            measure: measure.map_or_else(String::new, |measure| measure.as_str().to_owned()),
            source: source.unwrap_or_default(),
            config: Some(self.config.clone()),
            drill: alert.rule.is_drill(),
            state: state.to_owned(),
            level: Some(alert.level).filter(|_| !is_over),
            highest: Some(alert.gravest),
            stale: alert.stale && !is_over,
            since: alert.since,
            changed: notice.at,
            closed: is_over.then_some(notice.at),
            acknowledged: alert.acknowledged.as_ref().map(|by| (by.at, by.who.clone())),
            shelved,
        }
    }
}

/// The rules of a drill beside the real ones.
struct InDrill<'a> {
    drill: &'a Drill,
    rules: &'a dyn RulesNow,
}

impl RulesNow for InDrill<'_> {
    fn standing(&self, rule: &RuleId) -> Option<AlertEvent> {
        self.drill.rules().standing(rule)
    }
    fn state(&self, _: &RuleId) -> Option<RuleState> {
        None
    }
    fn site(&self, site: &SiteId) -> Option<Readings> {
        self.rules.site(site)
    }
}

/// The rules that look at something of this camera, those on sites that it sees a part of among them.
fn rules_on(plan: &Plan, camera: &CameraId) -> Vec<RuleId> {
    let sees = |site: &SiteId| {
        plan.response.site(site).is_some_and(|site| site.zones.iter().any(|zone| &zone.camera == camera))
    };
    let is_on = |place: &Place| match place {
        Place::Site(site) => sees(site),
        place => place.camera() == Some(camera),
    };
    let looks = |rule: &&RulePlan| rule.conditions.iter().any(|condition| is_on(&condition.place));
    plan.rules.iter().filter(looks).map(|rule| rule.id.clone()).collect()
}

/// What happened, as rows name it: a step says how it stands.
fn kind(notice: &Notice) -> String {
    match &notice.step {
        Some((_, state)) if notice.kind == NoticeKind::Step => format!("step_{}", state.as_str()),
        _ => notice.kind.as_str().to_owned(),
    }
}

/// The step that it is about; empty: the whole alert.
fn subject(notice: &Notice) -> String {
    notice.step.as_ref().map(|(step, _)| step.clone()).unwrap_or_default()
}

fn transition(notice: &Notice, last: Option<&AlertEvent>) -> TransitionRow {
    let event = notice.event.as_deref();
    let (from, to) = match event {
        Some(event) if event.kind != AlertKind::Stale && event.kind != AlertKind::Fresh => (event.from, event.to),
        _ => (notice.level, notice.level),
    };
    let reading = event.or(last).map_or(Reading::Unknown(UnknownReason::NotStarted), |event| event.reading);
    TransitionRow {
        alert: notice.alert.to_string(),
        seq: u64::from(notice.number),
        at: notice.at,
        kind: kind(notice),
        from,
        to,
        reading,
        threshold: event.and_then(|event| event.threshold),
        who: notice.who.clone(),
        note: notice.text.clone(),
        subject: subject(notice),
    }
}

/// What a person did.
fn action(notice: &Notice) -> Option<ActionRow> {
    Some(ActionRow {
        alert: notice.alert.to_string(),
        at: notice.at,
        kind: kind(notice),
        who: notice.who.clone()?,
        subject: subject(notice),
        note: notice.text.clone().unwrap_or_default(),
        until: notice.until,
    })
}

fn steps(alert: &OpenAlert) -> impl Iterator<Item = PlanStepRow> {
    (1..).zip(&alert.steps).map(|(position, step)| PlanStepRow {
        alert: alert.id.to_string(),
        step: step.step.clone(),
        position,
        state: step.state.as_str().to_owned(),
        who: step.who.clone(),
        at: step.at.unwrap_or(alert.raised),
        note: step.note.clone(),
    })
}

#[cfg(test)]
mod properties;
