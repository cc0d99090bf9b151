//! From an entry of an alert's history to the rows of the outbox.

use std::collections::BTreeMap;

use super::payload::{MayEnter, Measured, Named, Payload, PlaceText, PlanText, SCHEMA, StepText};
use super::sender::{shows_state, wants};
use crate::config::{
    CameraPlan, ConditionPlan, DestinationPlan, ExternalSourcePlan, Plan, Response, RulePlan, StepPlan,
};
use crate::model::{
    AlertEvent, CameraId, Level, LineId, Measure, Notice, NoticeKind, Place, RuleId, SiteId, StepState, Timestamp,
    UnitId, ZoneId,
};
use crate::rules::OpenAlert;
use crate::store::NewDelivery;

/// What a notice does not say itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The alert after the notice; for one that ended, as it stood before. Without it, nothing is known of its plan's
    /// steps, and its end is told to everybody.
    pub alert: Option<&'a OpenAlert>,
    /// What was measured last, where the notice has no event of its own.
    pub last: Option<&'a AlertEvent>,
    /// How many may still enter.
    pub may_enter: Option<MayEnter>,
    /// A destination that is not to be told: what it is about is that messages to it were given up. All others are, as
    /// whoever it was for has to be told another way.
    pub except: Option<&'a str>,
}

/// Makes messages for the configured destinations. Pure: the same notice always gives the same rows.
#[derive(Debug, Clone)]
pub struct Composer {
    destinations: Vec<DestinationPlan>,
    response: Response,
    cameras: BTreeMap<CameraId, CameraNames>,
    rules: BTreeMap<RuleId, RulePlan>,
    sites: BTreeMap<RuleId, SiteId>,
}

#[derive(Debug, Clone)]
struct CameraNames {
    name: String,
    zones: BTreeMap<ZoneId, String>,
    lines: BTreeMap<LineId, String>,
}

impl CameraNames {
    fn of(camera: &CameraPlan) -> Self {
        Self {
            name: camera.name.clone(),
            zones: camera.zones.iter().map(|zone| (zone.id.clone(), zone.name.clone())).collect(),
            lines: camera.lines.iter().map(|line| (line.id.clone(), line.name.clone())).collect(),
        }
    }

    fn of_source(source: &ExternalSourcePlan) -> Self {
        Self {
            name: source.name.clone(),
            zones: source.zones.iter().map(|zone| (zone.id.clone(), zone.name.clone())).collect(),
            lines: source.lines.iter().map(|line| (line.id.clone(), line.name.clone())).collect(),
        }
    }
}

impl Composer {
    /// For a configuration's destinations.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let cameras = plan.cameras.iter().map(|camera| (camera.id.clone(), CameraNames::of(camera)));
        let sources = plan.sources.iter().map(|source| (source.id.clone(), CameraNames::of_source(source)));
        let rules = plan.rules.iter().flat_map(|rule| [(rule.id.clone(), rule), (rule.id.of_drill(), rule)]);
        Self {
            destinations: plan.destinations.clone(),
            response: plan.response.clone(),
            cameras: cameras.chain(sources).collect(),
            rules: rules.map(|(id, rule)| (id, rule.clone())).collect(),
            sites: plan.sites_of_rules(),
        }
    }

    /// The rows for everybody who is to be told: to be written together with the transition. None where the notice is
    /// only kept.
    ///
    /// # Errors
    /// As `serde_json` has it; none of the fields' types gives it reason to.
    pub fn compose(&self, notice: &Notice, context: &Context<'_>) -> Result<Vec<NewDelivery>, serde_json::Error> {
        let told = self.destinations.iter().filter(|destination| is_told(destination, notice, context));
        told.map(|destination| {
            let payload = self.payload(&destination.id, notice, context);
            Ok(NewDelivery {
                sink: destination.id.clone(),
                stream: payload.alert.clone(),
                key: payload.key.clone(),
                payload: serde_json::to_string(&payload)?,
                // At once, whatever the clocks say: a frame's time may be ahead of one that was set back.
                due: Timestamp(0),
            })
        })
        .collect()
    }

    /// What a destination is told.
    #[must_use]
    pub fn payload(&self, destination: &str, notice: &Notice, context: &Context<'_>) -> Payload {
        let event = notice.event.as_deref().or(context.last);
        let rule = self.rules.get(&notice.rule);
        let name = event.map(|event| &event.name).or(rule.map(|rule| &rule.name));
        let site = self.sites.get(&notice.rule);
        let since = context.alert.map(|alert| alert.since).or(event.map(|event| event.since));
        let level_before = match (&notice.event, notice.kind) {
            (Some(event), NoticeKind::Raised | NoticeKind::Lowered | NoticeKind::Cleared) => event.from,
            // Ended without a measurement: its rule is no more.
            (None, NoticeKind::Cleared) => context.alert.map(|alert| alert.level),
            _ => None,
        };
        let place = match (event, rule) {
            (Some(event), _) => Some(self.place(&event.place)),
            (None, Some(rule)) => rule.conditions.first().map(|condition| self.place(&condition.place)),
            (None, None) => None,
        };
        let plan = self.plan(notice, context, site);
        let step = notice.step.as_ref().map(|(id, state)| {
            let known = plan.as_ref().and_then(|plan| plan.steps.iter().find(|step| &step.id == id));
            let known = known.cloned().or_else(|| self.step_of(site, id).map(|step| self.step(step, *state)));
            known.map_or_else(|| unknown_step(id, *state), |step| StepText { state: *state, ..step })
        });
        Payload {
            schema: SCHEMA,
            key: format!("{}/{}/{destination}", notice.alert, notice.number),
            destination: destination.to_owned(),
            alert: notice.alert.to_string(),
            entry: notice.number,
            kind: notice.kind,
            time: notice.at.to_rfc3339(),
            since: since.unwrap_or(notice.at).to_rfc3339(),
            level: notice.level,
            level_before,
            drill: notice.rule.is_drill(),
            rule: named(notice.rule.as_str(), name),
            site: site.map(|site| named(site.as_str(), self.response.site(site).map(|site| &site.name))),
            place,
            measure: measured(event, rule, notice.level),
            units: notice.tell.iter().map(|unit| self.unit(unit)).collect(),
            plan,
            may_enter: context.may_enter,
            who: notice.who.clone(),
            text: notice.text.clone(),
            until: notice.until.map(Timestamp::to_rfc3339),
            step,
        }
    }

    fn place(&self, place: &Place) -> PlaceText {
        let names = place.camera().and_then(|camera| self.cameras.get(camera));
        let camera = place.camera().map(|camera| named(camera.as_str(), names.map(|names| &names.name)));
        let site = place.site().map(|site| named(site.as_str(), self.response.site(site).map(|site| &site.name)));
        let zone = place.zone().map(|zone| named(zone.as_str(), names.and_then(|names| names.zones.get(zone))));
        let line = place.line().map(|line| named(line.as_str(), names.and_then(|names| names.lines.get(line))));
        PlaceText { camera, site, zone, line }
    }

    fn unit(&self, unit: &UnitId) -> Named {
        let known = self.response.units.iter().find(|known| &known.id == unit);
        named(unit.as_str(), known.map(|unit| &unit.name))
    }

    /// The plan that came with the alert, or the one of its level. An alert that is over has none any more.
    fn plan(&self, notice: &Notice, context: &Context<'_>, site: Option<&SiteId>) -> Option<PlanText> {
        let level = notice.level?;
        let carried = context.alert.map(|alert| alert.plan.as_deref());
        let plan = match carried {
            Some(id) => self.response.plans.iter().find(|plan| Some(plan.id.as_str()) == id)?,
            None => self.response.plan(site?, level)?,
        };
        let open = context.alert.map(|alert| alert.steps.as_slice()).unwrap_or_default();
        let state = |id: &str| open.iter().find(|open| open.step == id).map_or(StepState::Waiting, |open| open.state);
        let steps = plan.steps.iter().map(|step| self.step(step, state(&step.id))).collect();
        Some(PlanText { id: plan.id.clone(), name: plan.name.clone(), steps })
    }

    fn step(&self, step: &StepPlan, state: StepState) -> StepText {
        StepText {
            id: step.id.clone(),
            kind: step.kind.as_str().to_owned(),
            text: step.text.clone(),
            text_zh: step.text_zh.clone(),
            unit: step.unit.as_ref().map(|unit| self.unit(unit)),
            limit_s: step.limit_s,
            state,
        }
    }

    /// A step by its id in any plan of the site.
    fn step_of(&self, site: Option<&SiteId>, id: &str) -> Option<&StepPlan> {
        let of_site = self.response.plans.iter().filter(|plan| Some(&plan.site) == site);
        of_site.flat_map(|plan| &plan.steps).find(|step| step.id == id)
    }
}

fn named(id: &str, name: Option<&String>) -> Named {
    Named { id: id.to_owned(), name: name.map_or(id, String::as_str).to_owned() }
}

/// A step that the configuration has no more.
fn unknown_step(id: &str, state: StepState) -> StepText {
    StepText {
        id: id.to_owned(),
        kind: "other".to_owned(),
        text: id.to_owned(),
        text_zh: id.to_owned(),
        unit: None,
        limit_s: None,
        state,
    }
}

fn measured(event: Option<&AlertEvent>, rule: Option<&RulePlan>, level: Option<Level>) -> Option<Measured> {
    // Of the condition that was measured; of the first where none was.
    let measured = |condition: &&ConditionPlan| {
        event.is_none_or(|event| (&condition.place, condition.measure) == (&event.place, event.measure))
    };
    let condition = rule.and_then(|rule| rule.conditions.iter().find(measured));
    let raise = |level: Level| condition?.levels.iter().find(|plan| plan.level == level).map(|plan| plan.raise);
    let unit = |measure: Measure| measure.facts().unit.trim_start().to_owned();
    match (event, rule.zip(condition)) {
        (Some(event), _) => Some(Measured {
            name: event.measure.as_str().to_owned(),
            unit: unit(event.measure),
            value: event.reading.value(),
            quality: event.reading.quality().to_string(),
            time: Some(event.at.to_rfc3339()),
            threshold: event.threshold.or_else(|| level.and_then(raise)),
            source: event.source.clone(),
        }),
        (None, Some((rule, condition))) => Some(Measured {
            name: condition.measure.as_str().to_owned(),
            unit: unit(condition.measure),
            value: None,
            quality: "unknown:not_started".to_owned(),
            time: None,
            threshold: level.and_then(raise),
            source: rule.source.clone(),
        }),
        (None, None) => None,
    }
}

/// Whether this destination hears of it: it takes such notices, one of its units is told, and it is grave enough.
fn is_told(destination: &DestinationPlan, notice: &Notice, context: &Context<'_>) -> bool {
    let has_unit = |units: &Vec<UnitId>| units.iter().any(|unit| notice.tell.contains(unit));
    let before = notice.event.as_ref().and_then(|event| event.from);
    let gravest = match notice.level {
        Some(level) => Some(before.map_or(level, |before| before.max(level))),
        // Its end is told to all who may have been told of it.
        None => context.alert.map(|alert| alert.gravest),
    };
    let is_change = matches!(notice.kind, NoticeKind::Lowered | NoticeKind::Stale | NoticeKind::Fresh);
    let goes_out = notice.goes_out || (is_change && shows_state(&destination.kind));
    if !goes_out || !wants(&destination.kind, notice.kind) {
        return false;
    }
    if let Some(except) = context.except {
        return except != destination.id;
    }
    destination.units.as_ref().is_none_or(has_unit) && gravest.is_none_or(|gravest| gravest >= destination.from_level)
}
