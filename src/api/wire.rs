//! The state as JSON. The format has a version of its own, so that inner types may change.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::alert_wire::{AlertBody, NamedBody};
use super::{ApiState, Visible};
use crate::config::{CameraPlan, CountedLinePlan, CountedZonePlan, ExternalSourcePlan, RulePlan, SitePlan, ZonePlan};
use crate::input::InputReport;
use crate::model::{
    CameraId, CameraState, ClassSet, FrameReport, Level, LineId, Measure, ObjectClass, Place, Reading, Readings,
    Rfc3339, SaturationReason, SiteId, Timestamp, UnknownReason, ZoneClassState, ZoneId,
};
use crate::rules::wire::AlertLine;
use crate::status::{AlertStatus, CameraStatus, RuleState, SiteStatus, SourceStatus, StatusSnapshot, StoreStanding};

/// Version of the format. Fields may be added without a new one; a field that changes its meaning or goes needs one.
pub const SCHEMA: u32 = 3;

/// Everything as it stands: `/api/v1/state`, and the data of each event of `/api/v1/events`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StateBody<'a> {
    /// [`SCHEMA`].
    pub schema: u32,
    /// When this was written, RFC 3339 in UTC.
    #[schemars(with = "Rfc3339")]
    pub time: String,
    /// `starting`, `running` or `stopping`.
    pub phase: &'static str,
    /// Version of the program.
    pub version: &'a str,
    /// Id of the model.
    pub model: &'a str,
    /// Every camera.
    pub cameras: Vec<CameraBody<'a>>,
    /// Every external source.
    pub sources: Vec<SourceBody<'a>>,
    /// Every site.
    pub sites: Vec<SiteBody<'a>>,
    /// Every rule.
    pub rules: Vec<RuleBody<'a>>,
    /// Alerts and samples are kept in a store; else they end with the service.
    pub kept: bool,
    /// How the store takes what is written; `null` where nothing is kept.
    pub store: Option<StoreBody>,
    /// Open alerts, the gravest first and of those the newest first.
    pub alerts: Vec<AlertBody<'a>>,
    /// Profiles for days out of the ordinary.
    pub known_profiles: Vec<NamedBody<'a>>,
    /// Those of them that are switched on by hand.
    pub profiles: &'a BTreeSet<String>,
    /// The newest alert transitions, newest first, as in `alerts.jsonl`.
    pub recent_alerts: Vec<AlertLine<'a>>,
}

/// How the store takes what is written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StoreBody {
    /// The newest write went well. While it doesn't, nothing is sent to anybody.
    pub ok: bool,
    /// Writes that wait.
    pub waiting: usize,
}

/// A site.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SiteBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The published greatest number of people.
    pub capacity: Option<f64>,
    /// What is measured of it, by name.
    pub measures: Measures,
}

/// A camera.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CameraBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// It moves: counts of the whole picture only.
    pub mobile: bool,
    /// `connecting`, `delivering`, `down`, `ended` or `failed`.
    pub state: &'static str,
    /// While down: since when, RFC 3339.
    #[schemars(with = "Option<Rfc3339>")]
    pub since: Option<String>,
    /// While down: why.
    pub error: Option<&'a str>,
    /// While down: when it is tried next, RFC 3339.
    #[schemars(with = "Option<Rfc3339>")]
    pub next_try: Option<String>,
    /// When the newest analysed frame was taken, RFC 3339.
    #[schemars(with = "Option<Rfc3339>")]
    pub last_frame: Option<String>,
    /// How old that is, in seconds.
    pub age_s: Option<f64>,
    /// What the network is given of its pictures, and why; `null` before the first.
    pub input: Option<InputReport>,
    /// The newest frame stands for now. Where it doesn't, every value is unknown.
    pub fresh: bool,
    /// What is counted in the whole picture.
    pub counts: Vec<CountBody>,
    /// What is measured of the whole picture.
    pub measures: Measures,
    /// Its zones.
    pub zones: Vec<ZoneBody<'a>>,
    /// Its lines.
    pub lines: Vec<LineBody<'a>>,
}

/// An external source.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SourceBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// `http` or `mqtt`.
    pub access: &'static str,
    /// `connecting` before its first message, `delivering`, or `down`.
    pub state: &'static str,
    /// What went wrong since the last message that was taken.
    pub error: Option<&'a str>,
    /// When the newest message was counted by the sender's clock, RFC 3339.
    #[schemars(with = "Option<Rfc3339>")]
    pub last_message: Option<String>,
    /// How long ago that was, in seconds.
    pub age_s: Option<f64>,
    /// It tells in time. Where it doesn't, every value is unknown.
    pub fresh: bool,
    /// What is measured of the source itself.
    pub measures: Measures,
    /// Its zones.
    pub zones: Vec<CountedZoneBody<'a>>,
    /// Its lines.
    pub lines: Vec<LineBody<'a>>,
}

/// A zone of an external source.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CountedZoneBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its area on the ground; `null` where none is configured.
    pub area_m2: Option<f64>,
    /// What is counted in it: people.
    pub classes: Vec<CountedClassBody>,
    /// People per m²; `null` where its area is not known.
    pub density_per_m2: Option<ReadingBody>,
    /// What is measured of the people in it.
    pub measures: Measures,
}

/// How many of a class another system counts in a zone.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CountedClassBody {
    /// What is counted.
    pub class: ObjectClass,
    /// How many are in the zone now.
    pub occupancy: ReadingBody,
}

/// A value with its quality.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ReadingBody {
    /// `null`: unknown.
    pub value: Option<f64>,
    /// `valid`, `at_least`, `at_most`, or `unknown:` with the reason.
    pub quality: String,
}

/// How many of a class.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CountBody {
    /// What is counted.
    pub class: ObjectClass,
    /// How many.
    #[serde(flatten)]
    pub count: ReadingBody,
}

/// A zone.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ZoneBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its area on the ground; `null` where none is configured.
    pub area_m2: Option<f64>,
    /// Each class that it counts.
    pub classes: Vec<ZoneClassBody>,
    /// Why its count of people is a lower bound: `detector_limit`, `dense`, `overlap` or `small_people`; `null` where it is
    /// none, or unknown.
    pub saturation: Option<SaturationReason>,
    /// People per m²; `null` where the zone has no area or counts no people.
    pub density_per_m2: Option<ReadingBody>,
    /// Everything that is measured of the people in it, by the measure's name in the configuration.
    pub measures: Measures,
}

/// What is measured of a place, by name; a measure that can't be had there is not in it.
pub type Measures = BTreeMap<&'static str, ReadingBody>;

/// A zone's figures for a class.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ZoneClassBody {
    /// What is counted.
    pub class: ObjectClass,
    /// How many are in the zone now.
    pub occupancy: ReadingBody,
    /// Entries since the start.
    pub entries_total: u64,
    /// Exits since the start.
    pub exits_total: u64,
    /// Stays that ended since the start.
    pub stays_total: u64,
    /// Sum of their lengths, in seconds.
    pub dwell_seconds_total: f64,
    /// Longest stay of those who are there now, in seconds; `null` where nobody is, or it is unknown.
    pub longest_dwell_s: Option<f64>,
}

/// A line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LineBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Each class that it counts.
    pub totals: Vec<LineTotalsBody>,
    /// What is measured of the people who cross it.
    pub measures: Measures,
}

/// A line's totals for a class since the start.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LineTotalsBody {
    /// What is counted.
    pub class: ObjectClass,
    /// Crossings to the left of a→b.
    #[serde(rename = "in")]
    pub inwards: u64,
    /// Crossings to the right of a→b.
    #[serde(rename = "out")]
    pub outwards: u64,
    /// `valid`, or `at_least`: people were missed at the line since the totals began.
    pub quality: &'static str,
}

/// A rule.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The camera of its first condition's place; `null` where that is a site.
    pub camera: Option<&'a str>,
    /// The site; `null` where it is a camera's place.
    pub site: Option<&'a str>,
    /// The zone; `null` where it is something else.
    pub zone: Option<&'a str>,
    /// The line; `null` where it is something else.
    pub line: Option<&'a str>,
    /// What is compared.
    pub measure: &'static str,
    /// `calm`, `blue`, `yellow`, `orange`, `red`; `unknown` where calm can't be claimed for want of values.
    pub level: &'static str,
    /// When the alert left calm, RFC 3339; `null` without an alert.
    #[schemars(with = "Option<Rfc3339>")]
    pub since: Option<String>,
    /// A graver level that is on its way: it is raised once it has held. `null`: none.
    pub rising: Option<RisingBody>,
    /// Since when the level that is on is being left, RFC 3339: it falls once that has held. `null`: it isn't.
    #[schemars(with = "Option<Rfc3339>")]
    pub clearing_since: Option<String>,
    /// There is no fresh value: the level is what was known last.
    pub stale: bool,
    /// The newest value.
    pub reading: ReadingBody,
    /// Its levels, mildest first.
    pub levels: Vec<LevelBody>,
    /// Where the thresholds come from.
    pub source: &'a str,
}

/// A level that is on its way.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RisingBody {
    /// Which.
    pub level: Level,
    /// Since when samples have been there, RFC 3339.
    #[schemars(with = "Rfc3339")]
    pub since: String,
}

/// A level's thresholds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LevelBody {
    /// Which.
    pub level: Level,
    /// Raised at this value or worse…
    pub raise: f64,
    /// …held for so many seconds.
    pub hold_s: f64,
    /// Left at this value or better…
    pub clear: f64,
    /// …held for so many seconds.
    pub clear_hold_s: f64,
}

impl<'a> StateBody<'a> {
    /// The state as of now, as far as it is seen.
    #[must_use]
    pub fn new(state: &'a ApiState, snapshot: &'a StatusSnapshot, visible: Visible<'_>) -> Self {
        let now = (state.now)();
        // The board was made from the plan: both have the same order.
        let cameras = state.plan.cameras.iter().zip(&snapshot.cameras);
        let rules = state.plan.rules.iter().zip(&snapshot.rules);
        let sources = state.plan.sources.iter().zip(&snapshot.sources);
        let unknown = |id: &CameraId| {
            let camera = cameras.clone().find(|(plan, _)| &plan.id == id);
            let source = sources.clone().find(|(plan, _)| &plan.id == id);
            let of_camera = camera.map(|(plan, status)| freshness(plan, status, now).err());
            of_camera.or_else(|| source.map(|(_, status)| silence(status, now))).flatten()
        };
        // A site is looked at by several cameras: what it reads says itself which of them are blind.
        let ids = state.plan.cameras.iter().map(|plan| &plan.id).chain(state.plan.sources.iter().map(|plan| &plan.id));
        let all_unknown = ids.clone().map(unknown).collect::<Option<Vec<_>>>().map(|_| UnknownReason::NoFrames);
        let unknown_of_rule = |rule: &RulePlan| rule.camera().map_or(all_unknown, unknown);
        let site = |(plan, status): (&'a SitePlan, &SiteStatus)| SiteBody {
            id: plan.id.as_str(),
            name: &plan.name,
            capacity: plan.capacity,
            // Where no analysis is alive, what was said last stands for nothing.
            measures: measures(Some(&status.readings), all_unknown),
        };
        let mut alerts: Vec<&AlertStatus> =
            snapshot.open_alerts.iter().filter(|status| visible.open_alert(status)).collect();
        let sites = state.plan.response.sites.iter().zip(&snapshot.sites);
        let recent_alerts =
            snapshot.recent_alerts.iter().filter(|event| visible.alert(event.rule.as_str(), Some(&event.place)));
        alerts.sort_by_key(|status| Reverse((status.alert.level, status.alert.raised)));
        Self {
            schema: SCHEMA,
            time: now.to_rfc3339(),
            phase: snapshot.phase.as_str(),
            version: &state.info.version,
            model: &state.info.model,
            cameras: cameras
                .clone()
                .filter(|(plan, _)| visible.reach.has_camera(&plan.id))
                .map(|(plan, status)| CameraBody::new(plan, status, now, visible))
                .collect(),
            sources: sources
                .clone()
                .filter(|(plan, _)| visible.reach.has_camera(&plan.id))
                .map(|(plan, status)| SourceBody::new(plan, status, now, visible))
                .collect(),
            sites: sites.filter(|(plan, _)| visible.reach.has_site(&plan.id)).map(site).collect(),
            rules: rules
                .filter(|(plan, _)| visible.rule(plan))
                .map(|(plan, rule)| RuleBody::new(plan, rule, unknown_of_rule(plan)))
                .collect(),
            kept: state.store.is_some(),
            store: snapshot.store.map(|StoreStanding { ok, waiting }| StoreBody { ok, waiting }),
            alerts: alerts.into_iter().map(|status| AlertBody::new(&state.plan, status)).collect(),
            known_profiles: state
                .plan
                .profiles
                .iter()
                .map(|profile| NamedBody { id: &profile.id, name: &profile.name })
                .collect(),
            profiles: &snapshot.profiles,
            recent_alerts: recent_alerts.map(AlertLine::from).collect(),
        }
    }
}

/// Whether the newest report stands for now. The analysis says so itself with its ticks; where it hangs there are none,
/// and what it said last must not be shown as true.
fn freshness<'a>(
    plan: &CameraPlan,
    status: &'a CameraStatus,
    now: Timestamp,
) -> Result<&'a FrameReport, UnknownReason> {
    let last = status.last_frame.ok_or(UnknownReason::NotStarted)?;
    let report = status.report.as_deref().ok_or(UnknownReason::NotStarted)?;
    let is_fresh = report.frame.is_some() && now.seconds_since(last) <= plan.stale_after_s;
    if is_fresh { Ok(report) } else { Err(UnknownReason::NoFrames) }
}

/// Why nothing of a source stands for now. As with a camera, the analysis says so itself unless it hangs.
fn silence(status: &SourceStatus, now: Timestamp) -> Option<UnknownReason> {
    let Some(report) = status.report.as_deref().filter(|_| status.last_message.is_some()) else {
        return Some(UnknownReason::NotStarted);
    };
    let hangs = now.seconds_since(report.at) > status.stale_after_s;
    (hangs || status.state() != CameraState::Delivering).then_some(UnknownReason::NotReported)
}

impl<'a> SourceBody<'a> {
    fn new(plan: &'a ExternalSourcePlan, status: &'a SourceStatus, now: Timestamp, visible: Visible<'_>) -> Self {
        let unknown = silence(status, now);
        let report = status.report.as_deref();
        let sees = |place: Place| visible.place(&place);
        let zones = plan.zones.iter().filter(|zone| sees(Place::Zone(plan.id.clone(), zone.id.clone())));
        let lines = plan.lines.iter().filter(|line| sees(Place::Line(plan.id.clone(), line.id.clone())));
        let zone = |zone: &'a CountedZonePlan| CountedZoneBody::new(zone, report, unknown);
        let line = |line: &'a CountedLinePlan| {
            LineBody::new((line.id.as_str(), &line.name, ClassSet::PERSON), report, unknown)
        };
        Self {
            id: plan.id.as_str(),
            name: &plan.name,
            access: plan.access.as_str(),
            state: status.state().as_str(),
            error: status.error.as_deref(),
            last_message: status.last_message.map(Timestamp::to_rfc3339),
            age_s: status.last_message.map(|at| (now.seconds_since(at) * 1e3).round() / 1e3),
            fresh: unknown.is_none(),
            // How long nothing has come is known all the same.
            measures: measures(report.map(|report| &report.readings), None),
            zones: zones.map(zone).collect(),
            lines: lines.map(line).collect(),
        }
    }
}

impl<'a> CountedZoneBody<'a> {
    /// With `unknown`, values are.
    fn new(plan: &'a CountedZonePlan, report: Option<&FrameReport>, unknown: Option<UnknownReason>) -> Self {
        let state = report.and_then(|report| report.zones.iter().find(|state| state.zone == plan.id));
        let honest = |measure: Measure| {
            let known = state.and_then(|state| state.readings.get(measure));
            let not_started = Reading::Unknown(UnknownReason::NotStarted);
            ReadingBody::from(unknown.map_or(known.unwrap_or(not_started), Reading::Unknown))
        };
        Self {
            id: plan.id.as_str(),
            name: &plan.name,
            area_m2: plan.area_m2,
            classes: vec![CountedClassBody { class: ObjectClass::Person, occupancy: honest(Measure::Occupancy) }],
            density_per_m2: plan.area_m2.map(|_| honest(Measure::Density)),
            measures: measures(state.map(|state| &state.readings), unknown),
        }
    }
}

impl<'a> CameraBody<'a> {
    fn new(plan: &'a CameraPlan, status: &'a CameraStatus, now: Timestamp, visible: Visible<'_>) -> Self {
        let fresh = freshness(plan, status, now);
        let counts = plan.classes().iter().map(|class| {
            let count = fresh.map_or_else(Reading::Unknown, |report| report.count(class));
            CountBody { class, count: count.into() }
        });
        let health = &status.health;
        let is_down = matches!(health.state, CameraState::Down | CameraState::Failed);
        let report = status.report.as_deref();
        let unknown = fresh.err();
        let sees = |place: Place| visible.place(&place);
        let zones = plan.zones.iter().filter(|zone| sees(Place::Zone(plan.id.clone(), zone.id.clone())));
        let lines = plan.lines.iter().filter(|line| sees(Place::Line(plan.id.clone(), line.id.clone())));
        Self {
            id: plan.id.as_str(),
            name: &plan.name,
            mobile: plan.mobile,
            state: health.state.as_str(),
            since: health.since.filter(|_| is_down).map(Timestamp::to_rfc3339),
            error: health.error.as_deref().filter(|_| is_down),
            next_try: health.next_try.filter(|_| is_down).map(Timestamp::to_rfc3339),
            last_frame: status.last_frame.map(Timestamp::to_rfc3339),
            age_s: status.last_frame.map(|at| (now.seconds_since(at) * 1e3).round() / 1e3),
            input: status.input.as_ref().map(InputReport::from),
            fresh: unknown.is_none(),
            counts: counts.collect(),
            measures: measures(report.map(|report| &report.readings), unknown),
            zones: zones.map(|zone| ZoneBody::new(zone, report, unknown)).collect(),
            lines: lines
                .map(|line| LineBody::new((line.id.as_str(), &line.name, line.classes), report, unknown))
                .collect(),
        }
    }
}

impl<'a> ZoneBody<'a> {
    /// With `unknown`, totals are the report's and values are unknown.
    fn new(plan: &'a ZonePlan, report: Option<&FrameReport>, unknown: Option<UnknownReason>) -> Self {
        let state = report.and_then(|report| report.zones.iter().find(|state| state.zone == plan.id));
        let honest = |reading: Option<Reading>| match (unknown, reading) {
            (None, Some(reading)) => ReadingBody::from(reading),
            (Some(reason), _) => Reading::Unknown(reason).into(),
            (None, None) => Reading::Unknown(UnknownReason::NotStarted).into(),
        };
        let class = |class: ObjectClass| {
            let figures = state.and_then(|state| state.classes.iter().find(|figures| figures.class == class));
            let total = |of: fn(&ZoneClassState) -> u64| figures.map_or(0, of);
            ZoneClassBody {
                class,
                occupancy: honest(figures.map(|figures| figures.occupancy)),
                entries_total: total(|figures| figures.entries_total),
                exits_total: total(|figures| figures.exits_total),
                stays_total: total(|figures| figures.stays_total),
                dwell_seconds_total: figures.map_or(0.0, |figures| figures.dwell_seconds_total),
                longest_dwell_s: figures.and_then(|figures| figures.longest_dwell_s).filter(|_| unknown.is_none()),
            }
        };
        let has_density = plan.area_m2.is_some() && plan.classes.contains(ObjectClass::Person);
        Self {
            id: plan.id.as_str(),
            name: &plan.name,
            area_m2: plan.area_m2,
            classes: plan.classes.iter().map(class).collect(),
            saturation: state.and_then(|state| state.saturation).filter(|_| unknown.is_none()),
            density_per_m2: has_density.then(|| honest(state.and_then(|state| state.readings.get(Measure::Density)))),
            measures: measures(state.map(|state| &state.readings), unknown),
        }
    }
}

/// With `unknown`, every measure is.
fn measures(readings: Option<&Readings>, unknown: Option<UnknownReason>) -> Measures {
    let honest = |reading: Reading| ReadingBody::from(unknown.map_or(reading, Reading::Unknown));
    let readings = readings.into_iter().flat_map(Readings::iter);
    readings.map(|(measure, reading)| (measure.as_str(), honest(reading))).collect()
}

impl<'a> LineBody<'a> {
    /// With `unknown`, totals are the report's and values are unknown.
    fn new(
        (id, name, classes): (&'a str, &'a str, ClassSet),
        report: Option<&FrameReport>,
        unknown: Option<UnknownReason>,
    ) -> Self {
        let state = report.and_then(|report| report.lines.iter().find(|state| state.line.as_str() == id));
        let totals = |class: ObjectClass| {
            let found = state.and_then(|state| state.totals.iter().find(|(known, ..)| *known == class));
            let (inwards, outwards) = found.map_or((0, 0), |&(_, inwards, outwards)| (inwards, outwards));
            let are_short = class == ObjectClass::Person && state.is_some_and(|state| state.people_were_missed);
            LineTotalsBody { class, inwards, outwards, quality: if are_short { "at_least" } else { "valid" } }
        };
        Self {
            id,
            name,
            totals: classes.iter().map(totals).collect(),
            measures: measures(state.map(|state| &state.readings), unknown),
        }
    }
}

impl<'a> RuleBody<'a> {
    /// With `unknown`, its value is.
    fn new(plan: &'a RulePlan, state: &RuleState, unknown: Option<UnknownReason>) -> Self {
        let stale = state.stale || unknown.is_some();
        let reading = match (state.reading, unknown) {
            (Some(reading), None) => reading,
            (Some(reading), _) if !reading.is_known() => reading,
            // Something was known.
            (Some(_), Some(UnknownReason::NotStarted)) => Reading::Unknown(UnknownReason::NoFrames),
            (Some(_), Some(reason)) => Reading::Unknown(reason),
            (None, _) => Reading::Unknown(UnknownReason::NotStarted),
        };
        let first = plan.conditions.first();
        let place = first.map(|condition| &condition.place);
        let levels = first.into_iter().flat_map(|condition| &condition.levels).map(|level| LevelBody {
            level: level.level,
            raise: level.raise,
            hold_s: level.hold_s,
            clear: level.clear,
            clear_hold_s: level.clear_hold_s,
        });
        Self {
            id: plan.id.as_str(),
            name: &plan.name,
            camera: place.and_then(Place::camera).map(CameraId::as_str),
            site: place.and_then(Place::site).map(SiteId::as_str),
            zone: place.and_then(Place::zone).map(ZoneId::as_str),
            line: place.and_then(Place::line).map(LineId::as_str),
            measure: first.map_or("", |condition| condition.measure.as_str()),
            level: match state.level {
                Some(level) => level.as_str(),
                None if stale => "unknown",
                None => "calm",
            },
            since: state.since.map(Timestamp::to_rfc3339),
            rising: state.rising.map(|(level, since)| RisingBody { level, since: since.to_rfc3339() }),
            clearing_since: state.clearing_since.map(Timestamp::to_rfc3339),
            stale,
            reading: reading.into(),
            levels: levels.collect(),
            source: &plan.source,
        }
    }
}

impl From<Reading> for ReadingBody {
    fn from(reading: Reading) -> Self {
        Self { value: reading.value(), quality: reading.quality().to_string() }
    }
}
