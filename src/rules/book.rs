//! Open alerts and what becomes of them: acknowledged, shelved, escalated, repeated, answered by a plan, closed.
//!
//! The levels come from the rules' machines; this book keeps what people do about them and says who is to be told what.
//! Like them it is a pure function of what it is given: events, actions and the time.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::config::{Response, StepPlan};
use crate::model::{
    Action, AlertEvent, AlertId, AlertKind, Level, Notice, NoticeKind, RuleId, SiteId, StepState, Timestamp, UnitId,
};

/// Chats and mail are told that nothing is known once that has lasted so long, in seconds: a camera that comes and goes would
/// fill them.
pub const STALE_LASTS_S: f64 = 60.0;

/// What the measure reads so long after a step of the plan was done is put on record, in seconds: about as long as a crowd
/// takes to follow what it is told.
pub const STEP_EFFECT_AFTER_S: f64 = 300.0;

/// Somebody has seen it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
}

/// Somebody wants quiet about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelf {
    /// When it began.
    pub at: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// How a step of the alert's plan stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenStep {
    /// The step's id in the plan.
    pub step: String,
    /// How it stands.
    pub state: StepState,
    /// When it is to be over; `None`: whenever.
    pub due: Option<Timestamp>,
    /// Who moved it last.
    pub who: Option<String>,
    /// When that was.
    pub at: Option<Timestamp>,
    /// What was said of it.
    pub note: Option<String>,
    /// Who does it, where it is not the site's unit.
    pub unit: Option<UnitId>,
    /// That it is late has been told.
    overdue_told: bool,
    /// What was measured after it was done is on record.
    #[serde(default)]
    effect_told: bool,
}

/// An alert that is on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenAlert {
    /// The alert.
    pub id: AlertId,
    /// Its rule.
    pub rule: RuleId,
    /// The level that is on.
    pub level: Level,
    /// The gravest level that was on.
    pub gravest: Level,
    /// When it left calm.
    pub since: Timestamp,
    /// When its level rose last.
    pub raised: Timestamp,
    /// Nothing is known at present.
    pub stale: bool,
    /// Since when nothing has been known, until that is told as lasting.
    #[serde(default)]
    stale_since: Option<Timestamp>,
    /// Who has seen it; a rise wants to be seen anew.
    pub acknowledged: Option<Acknowledgement>,
    /// There is quiet about it.
    pub shelved: Option<Shelf>,
    /// When the units above were told.
    pub escalated: Option<Timestamp>,
    /// The response plan that came with it.
    pub plan: Option<String>,
    /// Its steps, in order.
    pub steps: Vec<OpenStep>,
    /// Entries of its history so far.
    pub entries: u32,
    /// Who was told so far, and hears the rest.
    pub told: BTreeSet<UnitId>,
    /// Since when nobody has answered what they were told.
    waiting_since: Timestamp,
    /// When they were told last.
    last_told: Timestamp,
    newest: Timestamp,
}

impl OpenAlert {
    /// Neither seen by anybody nor shelved: somebody has to look at it.
    #[must_use]
    pub fn wants_attention(&self) -> bool {
        self.acknowledged.is_none() && self.shelved.is_none()
    }

    /// When the newest entry of its history was.
    #[must_use]
    pub fn newest(&self) -> Timestamp {
        self.newest
    }

    /// Moves the times that it waits for back, as the clock that they came from was: it is escalated, its shelf ends and
    /// its steps are due no later for that. What is history stays as it was written.
    pub fn set_back(&mut self, by_us: i64) {
        let due = self.steps.iter_mut().filter_map(|step| step.due.as_mut());
        let until = self.shelved.as_mut().map(|shelf| &mut shelf.until);
        let own = [&mut self.waiting_since, &mut self.last_told, &mut self.newest];
        for at in due.chain(until).chain(own).chain(self.stale_since.as_mut()) {
            at.0 = at.0.saturating_sub(by_us);
        }
    }
}

/// Why an action can't be done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ActFault {
    /// It has ended, or never was.
    #[error("the alert {0} is not open: it has ended, or there is no such alert")]
    NotOpen(AlertId),
    /// A text is missing.
    #[error("{0} is empty: say why, so that others can judge it")]
    NoText(&'static str),
    /// It would end before it begins.
    #[error("the shelf would end at {}, which is over: expected a time to come", until.to_rfc3339())]
    ShelfIsOver {
        /// The time that was given.
        until: Timestamp,
    },
    /// It is too long.
    #[error("the shelf would last {asked_s:.0} s, at most {most_s:.0} s are allowed: shelve it anew when that is over")]
    ShelfTooLong {
        /// How long it would be.
        asked_s: f64,
        /// How long it may be.
        most_s: f64,
    },
    /// It isn't shelved.
    #[error("the alert {0} is not shelved")]
    NotShelved(AlertId),
    /// The plan has no such step.
    #[error("found no step {step:?} in the alert's plan, expected one of: {known}")]
    NoSuchStep {
        /// The step that was named.
        step: String,
        /// Those that there are.
        known: String,
    },
    /// A step goes from waiting over started to its end.
    #[error("the step {step:?} is {}: it can't become {}", from.as_str(), to.as_str())]
    StepGoesForward {
        /// The step.
        step: String,
        /// How it stands.
        from: StepState,
        /// How it should have stood.
        to: StepState,
    },
}

/// Every open alert.
#[derive(Debug, Clone)]
pub struct AlertBook {
    response: Response,
    sites: BTreeMap<RuleId, SiteId>,
    open: BTreeMap<RuleId, OpenAlert>,
}

impl AlertBook {
    /// No alert yet. `sites` says which rule is about which site.
    #[must_use]
    pub fn new(response: Response, sites: BTreeMap<RuleId, SiteId>) -> Self {
        Self { response, sites, open: BTreeMap::new() }
    }

    /// Takes up an alert that was open: all of them together are what has to be kept to go on later just as if nothing had
    /// been.
    pub fn restore(&mut self, alert: OpenAlert) {
        self.open.insert(alert.rule.clone(), alert);
    }

    /// The open alerts, in the order of their rules.
    pub fn open(&self) -> impl Iterator<Item = &OpenAlert> {
        self.open.values()
    }

    /// The open alert of that rule.
    #[must_use]
    pub fn alert_of(&self, rule: &RuleId) -> Option<&OpenAlert> {
        self.open.get(rule)
    }

    /// The open alert of that id.
    #[must_use]
    pub fn alert(&self, id: &AlertId) -> Option<&OpenAlert> {
        self.open.values().find(|alert| &alert.id == id)
    }

    /// Ends an alert whose rule is no more, as after a change of the configuration.
    pub fn close(&mut self, rule: &RuleId, at: Timestamp, why: &str) -> Option<Notice> {
        let mut alert = self.open.remove(rule)?;
        let told = alert.told.iter().cloned().collect();
        let draft = Draft { text: Some(why.to_owned()), tell: told, ..Draft::of(NoticeKind::Cleared) };
        let mut notice = alert.entry(at, draft);
        notice.level = None;
        Some(notice)
    }

    /// Takes in what a rule's level did.
    pub fn observe(&mut self, event: &AlertEvent) -> Vec<Notice> {
        let site = self.sites.get(&event.rule);
        let level = match (event.kind, event.to) {
            (AlertKind::Raised, Some(level)) => level,
            (kind, level) => return self.observe_milder(event, kind, level).into_iter().collect(),
        };
        let alert = self.open.entry(event.rule.clone()).or_insert_with(|| OpenAlert {
            id: AlertId::of(event),
            rule: event.rule.clone(),
            level,
            gravest: level,
            since: event.since,
            raised: event.at,
            stale: false,
            stale_since: None,
            acknowledged: None,
            shelved: None,
            escalated: None,
            plan: None,
            steps: Vec::new(),
            entries: 0,
            told: BTreeSet::new(),
            waiting_since: event.at,
            last_told: event.at,
            newest: event.at,
        });
        alert.level = level;
        alert.gravest = alert.gravest.max(level);
        // Whoever has seen the milder level has not seen this one, and no quiet was meant for it.
        (alert.acknowledged, alert.shelved, alert.escalated) = (None, None, None);
        (alert.raised, alert.waiting_since) = (event.at, event.at);
        if let Some(plan) = site.and_then(|site| self.response.plan(site, level))
            && alert.plan.as_ref() != Some(&plan.id)
        {
            alert.plan = Some(plan.id.clone());
            alert.steps = plan.steps.iter().map(|step| open_step(step, event.at, &alert.steps)).collect();
        }
        alert.told.extend(self.response.told(site, level));
        alert.told.extend(alert.steps.iter().filter_map(|step| step.unit.clone()));
        let tell = alert.told.iter().cloned().collect();
        vec![alert.entry(event.at, Draft { tell, event: Some(event), ..Draft::of(NoticeKind::Raised) })]
    }

    /// Anything but a rise.
    fn observe_milder(&mut self, event: &AlertEvent, kind: AlertKind, level: Option<Level>) -> Option<Notice> {
        let alert = self.open.get_mut(&event.rule)?;
        alert.stale = match kind {
            AlertKind::Stale => true,
            AlertKind::Fresh => false,
            _ => alert.stale,
        };
        match kind {
            AlertKind::Stale => alert.stale_since = Some(event.at),
            AlertKind::Fresh => alert.stale_since = None,
            _ => {}
        }
        if let Some(level) = level {
            alert.level = level;
        }
        let tell = alert.told.iter().cloned().collect();
        // That it is over is told even where there was quiet about it: those who were told of it wait for that.
        let goes_out = alert.shelved.is_none() || kind == AlertKind::Cleared;
        let draft = Draft { tell, goes_out, event: Some(event), ..Draft::of(kind.into()) };
        let mut notice = alert.entry(event.at, draft);
        if kind == AlertKind::Cleared {
            notice.level = None;
            self.open.remove(&event.rule);
        }
        Some(notice)
    }

    /// Does what somebody wants done about an alert. What is done already (acknowledging twice, say) changes nothing.
    ///
    /// # Errors
    /// [`ActFault`]; then nothing has changed.
    pub fn act(&mut self, at: Timestamp, id: &AlertId, who: &str, action: Action) -> Result<Vec<Notice>, ActFault> {
        let rule = self.alert(id).map(|alert| alert.rule.clone()).ok_or_else(|| ActFault::NotOpen(id.clone()))?;
        let site = self.sites.get(&rule);
        let alert = self.open.get_mut(&rule).ok_or_else(|| ActFault::NotOpen(id.clone()))?;
        // Two people may act within a clock's tick: what is done later is later.
        let at = at.max(Timestamp(alert.newest.0.saturating_add(1)));
        let told = |alert: &OpenAlert| alert.told.iter().cloned().collect::<Vec<_>>();
        let draft = match action {
            Action::Acknowledge if alert.acknowledged.is_some() => return Ok(Vec::new()),
            Action::Acknowledge => {
                alert.acknowledged = Some(Acknowledgement { at, who: who.to_owned() });
                Draft { tell: told(alert), ..Draft::of(NoticeKind::Acknowledged) }
            }
            Action::Shelve { until, reason } => {
                let (asked_s, most_s) = (until.seconds_since(at), self.response.pursuit.longest_shelf_s);
                if reason.trim().is_empty() {
                    return Err(ActFault::NoText("the reason"));
                }
                if asked_s <= 0.0 {
                    return Err(ActFault::ShelfIsOver { until });
                }
                if asked_s > most_s {
                    return Err(ActFault::ShelfTooLong { asked_s, most_s });
                }
                alert.shelved = Some(Shelf { at, until, who: who.to_owned(), reason: reason.clone() });
                Draft { tell: told(alert), text: Some(reason), until: Some(until), ..Draft::of(NoticeKind::Shelved) }
            }
            Action::Unshelve => {
                if alert.shelved.take().is_none() {
                    return Err(ActFault::NotShelved(id.clone()));
                }
                alert.waiting_since = at;
                Draft { tell: told(alert), ..Draft::of(NoticeKind::Unshelved) }
            }
            Action::Escalate => {
                alert.escalated = Some(at);
                alert.told.extend(self.response.told_by_escalation(site));
                Draft { tell: told(alert), ..Draft::of(NoticeKind::Escalated) }
            }
            Action::Comment { text } if text.trim().is_empty() => return Err(ActFault::NoText("the comment")),
            Action::Comment { text } => Draft { text: Some(text), goes_out: false, ..Draft::of(NoticeKind::Commented) },
            Action::Step { step, state, note } => {
                alert.move_step(&step, state, who, note.clone(), at)?;
                let step = Some((step, state));
                Draft { step, text: note, goes_out: false, ..Draft::of(NoticeKind::Step) }
            }
        };
        Ok(vec![alert.entry(at, Draft { who: Some(who.to_owned()), ..draft })])
    }

    /// Says what time it is: shelves end, alerts that nobody has answered are escalated and repeated, steps get late.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Notice> {
        let mut notices = Vec::new();
        for (rule, alert) in &mut self.open {
            let site = self.sites.get(rule);
            if alert.shelved.as_ref().is_some_and(|shelf| now >= shelf.until) {
                alert.shelved = None;
                alert.waiting_since = now;
                let tell = alert.told.iter().cloned().collect();
                notices.push(alert.entry(now, Draft { tell, ..Draft::of(NoticeKind::Unshelved) }));
            }
            let pursuit = &self.response.pursuit;
            let escalate_after_s = pursuit.escalate_after_s.get(alert.level as usize).copied().flatten();
            let waited = |after_s: f64, since: Timestamp| now >= since.plus_seconds(after_s);
            if alert.wants_attention()
                && alert.escalated.is_none()
                && escalate_after_s.is_some_and(|after_s| waited(after_s, alert.waiting_since))
            {
                alert.escalated = Some(now);
                alert.told.extend(self.response.told_by_escalation(site));
                let tell = alert.told.iter().cloned().collect();
                notices.push(alert.entry(now, Draft { tell, ..Draft::of(NoticeKind::Escalated) }));
            }
            if alert.wants_attention() && pursuit.remind_every_s.is_some_and(|every_s| waited(every_s, alert.last_told))
            {
                let tell = alert.told.iter().cloned().collect();
                notices.push(alert.entry(now, Draft { tell, ..Draft::of(NoticeKind::Reminder) }));
            }
            alert.tell_lasting_staleness(now, &mut notices);
            alert.tell_late_steps(now, &mut notices);
            alert.tell_effects(now, &mut notices);
        }
        notices
    }
}

/// The step as it begins; one that an earlier plan of the same alert had too goes on as it stood.
fn open_step(plan: &StepPlan, raised: Timestamp, before: &[OpenStep]) -> OpenStep {
    let due = plan.limit_s.map(|limit_s| raised.plus_seconds(limit_s));
    let known = before.iter().find(|known| known.step == plan.id && known.state != StepState::Waiting);
    known.cloned().unwrap_or_else(|| OpenStep {
        step: plan.id.clone(),
        state: StepState::Waiting,
        due,
        who: None,
        at: None,
        note: None,
        unit: plan.unit.clone(),
        overdue_told: false,
        effect_told: false,
    })
}

/// What an entry says, but for what every entry of an alert has.
struct Draft<'e> {
    kind: NoticeKind,
    who: Option<String>,
    step: Option<(String, StepState)>,
    text: Option<String>,
    until: Option<Timestamp>,
    event: Option<&'e AlertEvent>,
    tell: Vec<UnitId>,
    goes_out: bool,
}

impl Draft<'_> {
    fn of(kind: NoticeKind) -> Self {
        Self { kind, who: None, step: None, text: None, until: None, event: None, tell: Vec::new(), goes_out: true }
    }
}

impl OpenAlert {
    /// The next entry of its history.
    fn entry(&mut self, at: Timestamp, draft: Draft<'_>) -> Notice {
        self.entries += 1;
        // A frame is older than what somebody did while it was analysed. Each entry is later than the one before it: a
        // store passes over another of the same time and kind as one that it has.
        self.newest = if self.entries == 1 { at } else { at.max(Timestamp(self.newest.0.saturating_add(1))) };
        // Not all hear that something is or isn't known: a camera that comes and goes must not put reminders off for ever.
        if draft.goes_out && !matches!(draft.kind, NoticeKind::Stale | NoticeKind::Fresh) {
            self.last_told = self.newest;
        }
        Notice {
            alert: self.id.clone(),
            rule: self.rule.clone(),
            number: self.entries,
            at: self.newest,
            kind: draft.kind,
            level: Some(self.level),
            who: draft.who,
            step: draft.step,
            text: draft.text,
            until: draft.until,
            event: draft.event.cloned().map(Box::new),
            tell: draft.tell,
            goes_out: draft.goes_out,
        }
    }

    fn move_step(
        &mut self,
        step: &str,
        to: StepState,
        who: &str,
        note: Option<String>,
        at: Timestamp,
    ) -> Result<(), ActFault> {
        let known = || self.steps.iter().map(|open| open.step.as_str()).collect::<Vec<_>>().join(", ");
        let no_such_step = ActFault::NoSuchStep { step: step.to_owned(), known: known() };
        let open = self.steps.iter_mut().find(|open| open.step == step).ok_or(no_such_step)?;
        let forward = match (open.state, to) {
            (StepState::Waiting, to) => to != StepState::Waiting,
            (StepState::Started, to) => to.is_over(),
            (StepState::Done | StepState::Skipped, _) => false,
        };
        if !forward {
            return Err(ActFault::StepGoesForward { step: step.to_owned(), from: open.state, to });
        }
        (open.state, open.who, open.at, open.note) = (to, Some(who.to_owned()), Some(at), note);
        Ok(())
    }

    fn tell_lasting_staleness(&mut self, now: Timestamp, notices: &mut Vec<Notice>) {
        if self.stale_since.is_some_and(|since| now >= since.plus_seconds(STALE_LASTS_S)) {
            self.stale_since = None;
            let tell = self.told.iter().cloned().collect();
            let goes_out = self.shelved.is_none();
            notices.push(self.entry(now, Draft { tell, goes_out, ..Draft::of(NoticeKind::StaleLasting) }));
        }
    }

    /// An alert that ends before has its effect on record by its end.
    fn tell_effects(&mut self, now: Timestamp, notices: &mut Vec<Notice>) {
        let is_due = |step: &OpenStep| {
            step.state == StepState::Done
                && !step.effect_told
                && step.at.is_some_and(|at| now >= at.plus_seconds(STEP_EFFECT_AFTER_S))
        };
        while let Some(step) = self.steps.iter_mut().find(|step| is_due(step)) {
            step.effect_told = true;
            let step = Some((step.step.clone(), step.state));
            notices.push(self.entry(now, Draft { step, goes_out: false, ..Draft::of(NoticeKind::StepEffect) }));
        }
    }

    fn tell_late_steps(&mut self, now: Timestamp, notices: &mut Vec<Notice>) {
        let late =
            |step: &OpenStep| !step.state.is_over() && !step.overdue_told && step.due.is_some_and(|due| now >= due);
        while let Some(step) = self.steps.iter_mut().find(|step| late(step)) {
            step.overdue_told = true;
            let step = Some((step.step.clone(), step.state));
            let tell = self.told.iter().cloned().collect();
            let goes_out = self.shelved.is_none();
            notices.push(self.entry(now, Draft { step, tell, goes_out, ..Draft::of(NoticeKind::StepOverdue) }));
        }
    }
}

#[cfg(test)]
mod tests;
