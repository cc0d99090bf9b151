//! Rules that nobody has to configure: what the product tells of itself, so that silence means calm.

use serde::{Deserialize, Serialize};

use crate::config::{CameraPlan, DestinationPlan, ExternalSourcePlan};
use crate::model::{
    AlertEvent, AlertKind, DestinationId, IdError, Level, Measure, Place, Reading, RuleId, Timestamp, UnknownReason,
};

/// A camera has to send for so long before it counts as seeing again: one that comes and goes is one alert, not many.
const SEES_AGAIN_AFTER_S: f64 = 10.0;

/// What of such a rule survives a restart.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct BuiltInState {
    /// The level that is on, and since when.
    on: Option<(Level, Timestamp)>,
    /// Since when all has been well, while it is still on.
    well_since: Option<Timestamp>,
    newest: Option<Timestamp>,
}

impl BuiltInState {
    /// When it was looked at last.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Moves its times back, as [`RuleState::set_back`](super::RuleState::set_back) does.
    pub fn set_back(&mut self, by_us: i64) {
        if let Some(newest) = &mut self.newest {
            newest.0 = newest.0.saturating_sub(by_us);
        }
        self.well_since = None;
    }
}

/// A rule whose level somebody else works out: it has a hysteresis in time, tells of a rise at once, and only rises or
/// ends.
#[derive(Debug, Clone)]
pub struct BuiltInRule {
    id: RuleId,
    name: String,
    place: Place,
    measure: Measure,
    source: &'static str,
    threshold: f64,
    clear_hold_s: f64,
    state: BuiltInState,
    reading: Reading,
}

impl BuiltInRule {
    /// Tells that a camera sends nothing.
    #[must_use]
    pub fn of_blindness(camera: &CameraPlan) -> Self {
        Self {
            id: RuleId::of_blindness(&camera.id),
            name: format!("{} sends no pictures", camera.name),
            place: Place::Camera(camera.id.clone()),
            measure: Measure::Blind,
            source: "a blind camera warns of nothing: as grave as what was on in its picture",
            threshold: camera.stale_after_s,
            clear_hold_s: SEES_AGAIN_AFTER_S,
            state: BuiltInState::default(),
            reading: Reading::Unknown(UnknownReason::NotStarted),
        }
    }

    /// Tells that an external source sends nothing.
    #[must_use]
    pub fn of_silence(source: &ExternalSourcePlan) -> Self {
        Self {
            id: RuleId::of_blindness(&source.id),
            name: format!("{} sends nothing", source.name),
            place: Place::Camera(source.id.clone()),
            measure: Measure::Blind,
            source: "a silent source warns of nothing: as grave as what was on in its places",
            threshold: source.stale_after_s,
            clear_hold_s: SEES_AGAIN_AFTER_S,
            state: BuiltInState::default(),
            reading: Reading::Unknown(UnknownReason::NotStarted),
        }
    }

    /// Tells that messages to a destination were given up, or don't get through for a while.
    ///
    /// # Errors
    /// Where its name is no id; a checked configuration has none such.
    pub fn of_undelivered(destination: &DestinationPlan) -> Result<Self, IdError> {
        let id = DestinationId::new(&destination.id)?;
        Ok(Self {
            id: RuleId::of_undelivered(&id),
            name: format!("Messages to {id} don't get through"),
            place: Place::Destination(id),
            measure: Measure::Undelivered,
            source: "who is not told can't act: tell them another way, then mend the destination",
            threshold: 1.0,
            clear_hold_s: 0.0,
            state: BuiltInState::default(),
            reading: Reading::Unknown(UnknownReason::NotStarted),
        })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RuleId {
        &self.id
    }

    /// The level that is on.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        self.state.on.map(|(level, _)| level)
    }

    /// What has to be kept to go on later.
    #[must_use]
    pub fn state(&self) -> BuiltInState {
        self.state
    }

    /// Goes on where it stood.
    pub fn restore(&mut self, state: BuiltInState) {
        self.state = state;
    }

    /// Takes in how grave it is now (`None`: all is well) and what was measured. Time only goes forward: what is not
    /// later than the newest is passed over.
    pub fn step(&mut self, at: Timestamp, grave: Option<Level>, reading: Reading) -> Option<AlertEvent> {
        if self.state.newest.is_some_and(|newest| at <= newest) {
            return None;
        }
        self.state.newest = Some(at);
        self.reading = reading;
        let before = self.level();
        let Some(level) = grave else {
            let (from, since) = self.state.on?;
            let well_since = *self.state.well_since.get_or_insert(at);
            if at.seconds_since(well_since) < self.clear_hold_s {
                return None;
            }
            (self.state.on, self.state.well_since) = (None, None);
            return Some(self.event(at, AlertKind::Cleared, Some(from), None, since));
        };
        self.state.well_since = None;
        if before >= Some(level) {
            return None;
        }
        let since = self.state.on.map_or(at, |(_, since)| since);
        self.state.on = Some((level, since));
        Some(self.event(at, AlertKind::Raised, before, Some(level), since))
    }

    /// How it stands, as if told anew; `None` in calm.
    #[must_use]
    pub fn standing(&self) -> Option<AlertEvent> {
        let (level, since) = self.state.on?;
        let at = self.state.newest.unwrap_or(since);
        Some(self.event(at, AlertKind::Fresh, Some(level), Some(level), since))
    }

    fn event(
        &self,
        at: Timestamp,
        kind: AlertKind,
        from: Option<Level>,
        to: Option<Level>,
        since: Timestamp,
    ) -> AlertEvent {
        AlertEvent {
            at,
            rule: self.id.clone(),
            name: self.name.clone(),
            place: self.place.clone(),
            measure: self.measure,
            kind,
            from,
            to,
            reading: self.reading,
            threshold: Some(self.threshold),
            source: self.source.to_owned(),
            since,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::config;

    fn rule() -> BuiltInRule {
        let text = r#"cameras.gate = { name = "Gate", source.file = { path = "a", fps = 1 } }"#;
        BuiltInRule::of_blindness(&config::parse(text, Path::new("/"), &|_| None).unwrap().cameras[0])
    }

    fn step(rule: &mut BuiltInRule, second: i64, grave: Option<Level>) -> Option<(AlertKind, Option<Level>)> {
        let event = rule.step(Timestamp(second * 1_000_000), grave, Reading::Valid(second as f64));
        event.map(|event| (event.kind, event.to))
    }

    #[test]
    fn a_camera_that_comes_and_goes_is_one_alert() {
        let mut rule = rule();
        assert_eq!(step(&mut rule, 0, None), None);
        assert_eq!(step(&mut rule, 1, Some(Level::Blue)), Some((AlertKind::Raised, Some(Level::Blue))));
        assert_eq!(step(&mut rule, 2, None), None, "a picture is not a camera that is back");
        assert_eq!(step(&mut rule, 8, Some(Level::Blue)), None, "it is on already");
        assert_eq!(step(&mut rule, 9, Some(Level::Red)), Some((AlertKind::Raised, Some(Level::Red))));
        assert_eq!(step(&mut rule, 10, Some(Level::Blue)), None, "it does not get milder while nobody sees anything");
        assert_eq!(step(&mut rule, 11, None), None);
        assert_eq!(step(&mut rule, 20, None), None);
        assert_eq!(step(&mut rule, 21, None), Some((AlertKind::Cleared, None)));
        assert_eq!(step(&mut rule, 22, None), None);
    }

    fn graves() -> impl Strategy<Value = Vec<(i64, Option<Level>)>> {
        let grave = proptest::option::of(proptest::sample::select(&Level::ALL[..]));
        proptest::collection::vec((-2i64..8, grave), 0..60)
    }

    proptest! {
        #[test]
        fn a_restart_anywhere_is_no_restart(steps in graves(), restart in 0usize..60) {
            let (mut through, mut restarted) = (rule(), rule());
            let mut second = 0;
            for (index, (later, grave)) in steps.into_iter().enumerate() {
                second += later;
                if index == restart {
                    let kept = serde_json::to_string(&restarted.state()).unwrap();
                    restarted = rule();
                    restarted.restore(serde_json::from_str(&kept).unwrap());
                }
                prop_assert_eq!(step(&mut through, second, grave), step(&mut restarted, second, grave));
            }
        }

        #[test]
        fn it_is_at_least_as_grave_as_what_was_said_last_and_ends_once(steps in graves()) {
            let mut rule = rule();
            let (mut second, mut newest, mut is_on) = (0, i64::MIN, false);
            for (later, grave) in steps {
                second += later;
                let told = step(&mut rule, second, grave);
                if second <= newest {
                    prop_assert_eq!(told, None);
                    continue;
                }
                newest = second;
                match told {
                    Some((AlertKind::Raised, _)) => is_on = true,
                    Some((AlertKind::Cleared, _)) => prop_assert!(std::mem::replace(&mut is_on, false)),
                    other => prop_assert_eq!(other, None),
                }
                prop_assert!(rule.level() >= grave);
                prop_assert_eq!(rule.level().is_some(), is_on);
            }
        }
    }
}
