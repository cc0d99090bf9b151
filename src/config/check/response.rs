//! Sites, units and response plans.

use std::collections::BTreeSet;

use super::found_place::{FoundPlace, Owner, find_place};
use super::place::counts_people;
use super::{Checker, Fault, FaultKind, KeyPath, defaults};
use crate::config::number::Number;
use crate::config::raw::{ById, RawConfig, Table};
use crate::config::raw_response::{RawPursuit, RawResponsePlan, RawSite, RawStep, RawUnit};
use crate::config::suggest::nearest;
use crate::config::{
    CameraPlan, ExternalSourcePlan, PursuitPlan, Response, ResponsePlan, SitePlan, SiteZone, StepKind, StepPlan,
    UnitPlan,
};
use crate::model::{Direction, Level, ObjectClass, Place, Scope, SiteId, UnitId};

/// The cameras and external sources that are sound.
type Plans<'p> = (&'p [CameraPlan], &'p [ExternalSourcePlan]);

const DIRECTIONS: [(&str, Direction); 2] = [("in", Direction::In), ("out", Direction::Out)];

pub(super) fn check(checker: &mut Checker<'_>, raw: &RawConfig, plans: Plans<'_>) -> Option<Response> {
    let top = KeyPath::default();
    let units: Vec<Option<UnitPlan>> = raw
        .units
        .iter()
        .map(|(id, unit)| self::unit(checker, id, unit, &top.key("units").key(id), &raw.units))
        .collect();
    circles(checker, &raw.units, &top.key("units"));
    let sites: Vec<Option<SitePlan>> = raw
        .sites
        .iter()
        .map(|(id, site)| self::site(checker, id, site, &top.key("sites").key(id), (raw, plans)))
        .collect();
    let plans: Vec<Option<ResponsePlan>> =
        raw.plans.iter().map(|(id, plan)| self::plan(checker, id, plan, &top.key("plans").key(id), raw)).collect();
    repeated_plans(checker, &raw.plans, &top.key("plans"));
    let pursuit = pursuit(checker, &raw.alerts, &top.key("alerts"));
    Some(Response {
        units: units.into_iter().collect::<Option<_>>()?,
        sites: sites.into_iter().collect::<Option<_>>()?,
        plans: plans.into_iter().collect::<Option<_>>()?,
        pursuit: pursuit?,
    })
}

/// One of the names of a table; the fault says which there are.
pub(super) fn known<T>(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    written: &str,
    what: &str,
    table: &ById<T>,
) -> Option<String> {
    if table.contains_key(written) {
        return Some(written.to_owned());
    }
    let names: Vec<&str> = table.keys().map(String::as_str).collect();
    let expected = match names.as_slice() {
        [] => format!("the id of a {what}, but there is no [{what}s.ID]"),
        names => format!("the id of a {what}, one of {}", names.join(", ")),
    };
    let fault = Fault::new(FaultKind::UnknownName, format!("{written:?}"), expected);
    checker.note(path, fault.meant(nearest(written, names.iter().copied())));
    None
}

pub(super) fn level_words() -> [(&'static str, Level); 4] {
    Level::ALL.map(|level| (level.as_str(), level))
}

fn name(checker: &mut Checker<'_>, id: &str, written: Option<&str>, path: &KeyPath) -> Option<String> {
    written.map_or(Some(id.to_owned()), |name| checker.text(&path.key("name"), name))
}

fn unit(checker: &mut Checker<'_>, id: &str, raw: &RawUnit, path: &KeyPath, units: &ById<RawUnit>) -> Option<UnitPlan> {
    let unit_id = checker.id(path, UnitId::new(id));
    let name = name(checker, id, raw.name.as_deref(), path);
    let parent = match raw.parent.as_deref() {
        Some(parent) => known(checker, &path.key("parent"), parent, "unit", units).map(Some),
        None => Some(None),
    };
    let levels = match &raw.levels {
        Some(written) => {
            let path = path.key("levels");
            let levels = written.iter().enumerate();
            levels.map(|(index, level)| checker.word(&path.index(index), level, &level_words())).collect()
        }
        // Who is at the top is there for what is grave; the others do the daily work.
        None if raw.parent.is_none() && has_units_below(id, units) => Some(vec![Level::Orange, Level::Red]),
        None => Some(Level::ALL.to_vec()),
    };
    let parent = parent?.map(|parent| UnitId::new(&parent)).transpose().ok()?;
    Some(UnitPlan { id: unit_id?, name: name?, parent, levels: levels? })
}

fn has_units_below(id: &str, units: &ById<RawUnit>) -> bool {
    units.values().any(|unit| unit.parent.as_deref() == Some(id))
}

/// Notes each unit that is above itself, once a circle.
fn circles(checker: &mut Checker<'_>, units: &ById<RawUnit>, path: &KeyPath) {
    let mut told = BTreeSet::new();
    for id in units.keys() {
        let above = |id: &String| units.get(id).and_then(|unit| unit.parent.clone());
        let chain: Vec<String> = std::iter::successors(above(id), above).take(units.len()).collect();
        let Some(end) = chain.iter().position(|unit| unit == id) else { continue };
        if told.insert(id.clone()) {
            told.extend(chain[..=end].iter().cloned());
            let found = format!("{id} is below {}", chain[..=end].join(", which is below "));
            let fault = Fault::new(FaultKind::UnitCircle, found, "a unit at the top, without a parent");
            checker.note(&path.key(id).key("parent"), fault);
        }
    }
}

fn site(
    checker: &mut Checker<'_>,
    id: &str,
    raw: &RawSite,
    path: &KeyPath,
    (config, plans): (&RawConfig, Plans<'_>),
) -> Option<SitePlan> {
    let site_id = checker.id(path, SiteId::new(id));
    let name = name(checker, id, raw.name.as_deref(), path);
    let unit = match raw.unit.as_deref() {
        Some(unit) => known(checker, &path.key("unit"), unit, "unit", &config.units).map(Some),
        None => Some(None),
    };
    let zones = zones(checker, raw.zones.as_deref(), &path.key("zones"), (config, plans));
    let mut entrances = Some(Vec::new());
    for (written, inward) in &raw.entrances {
        let path = path.key("entrances").key(written);
        let found = find_place(checker, Scope::Line, written, &path, config);
        let line = found.as_ref().and_then(FoundPlace::raw_line);
        if line.is_some_and(|line| !counts_people(line)) {
            let found = format!("{written:?}, which does not count people");
            let expected = "a line with \"person\" among its classes";
            checker.note(&path, Fault::new(FaultKind::PlaceWithoutPeople, found, expected));
            entrances = None;
        }
        let direction = checker.word(&path, inward, &DIRECTIONS);
        let entrance = found.as_ref().and_then(FoundPlace::place);
        match (&mut entrances, entrance, direction) {
            (Some(entrances), Some(Place::Line(camera, line)), Some(direction)) => {
                entrances.push((camera, line, direction));
            }
            (entrances, _, _) => *entrances = None,
        }
    }
    let capacity = checker.optional_number(&path.key("capacity"), raw.capacity, defaults::CAPACITY);
    let unit = unit?.map(|unit| UnitId::new(&unit)).transpose().ok()?;
    Some(SitePlan { id: site_id?, name: name?, unit, zones: zones?, entrances: entrances?, capacity: capacity? })
}

fn zones(
    checker: &mut Checker<'_>,
    written: Option<&[String]>,
    path: &KeyPath,
    (config, plans): (&RawConfig, Plans<'_>),
) -> Option<Vec<SiteZone>> {
    let Some(written) = written.filter(|zones| !zones.is_empty()) else {
        checker.missing(path, "the site's zones, such as [\"CAMERA/ZONE\"]");
        return None;
    };
    let mut zones = Vec::with_capacity(written.len());
    let mut is_sound = true;
    for (index, name) in written.iter().enumerate() {
        let path = path.index(index);
        if written[..index].contains(name) {
            let fault = Fault::new(
                FaultKind::Repeated,
                format!("{name:?} again"),
                "each zone once: people in it would count twice",
            );
            checker.note(&path, fault);
            is_sound = false;
            continue;
        }
        let zone = find_place(checker, Scope::Zone, name, &path, config)
            .and_then(|found| site_zone(checker, &found, &path, plans));
        is_sound &= zone.is_some();
        zones.extend(zone);
    }
    is_sound.then_some(zones)
}

/// A zone as a site's; one that has faults of its own is noted there.
fn site_zone(
    checker: &mut Checker<'_>,
    found: &FoundPlace<'_>,
    path: &KeyPath,
    (cameras, sources): Plans<'_>,
) -> Option<SiteZone> {
    if let Owner::Source(_) = found.owner {
        let source = sources.iter().find(|plan| plan.id.as_str() == found.of)?;
        let zone = source.zones.iter().find(|known| known.id.as_str() == found.part())?;
        let (camera, zone, area_m2) = (source.id.clone(), zone.id.clone(), zone.area_m2);
        return Some(SiteZone { camera, zone, area_m2, is_calibrated: false });
    }
    let camera = cameras.iter().find(|plan| plan.id.as_str() == found.of)?;
    let zone = camera.zones.iter().find(|known| known.id.as_str() == found.part())?;
    if !zone.classes.contains(ObjectClass::Person) {
        let fault = Fault::new(
            FaultKind::PlaceWithoutPeople,
            format!("{:?}, which does not count people", found.name()),
            format!("\"person\" among cameras.{}.zones.{}.classes", camera.id, zone.id),
        );
        checker.note(path, fault);
        return None;
    }
    Some(SiteZone {
        camera: camera.id.clone(),
        zone: zone.id.clone(),
        area_m2: zone.area_m2,
        is_calibrated: camera.ground_plane().is_some(),
    })
}

fn plan(
    checker: &mut Checker<'_>,
    id: &str,
    raw: &RawResponsePlan,
    path: &KeyPath,
    config: &RawConfig,
) -> Option<ResponsePlan> {
    // A plan's id goes where a rule's does: into files and addresses.
    let is_id = checker.id(path, SiteId::new(id)).is_some();
    let name = name(checker, id, raw.name.as_deref(), path);
    let site = match raw.site.as_deref() {
        Some(site) => known(checker, &path.key("site"), site, "site", &config.sites),
        None => {
            checker.missing(&path.key("site"), "the id of the site that it is for");
            None
        }
    };
    let level = match raw.level.as_deref() {
        Some(level) => checker.word(&path.key("level"), level, &level_words()),
        None => {
            checker.missing(
                &path.key("level"),
                "the level from which on it holds: \"blue\", \"yellow\", \"orange\" or \"red\"",
            );
            None
        }
    };
    if raw.steps.is_empty() {
        checker.missing(&path.key("steps"), "at least one step, as [[plans.ID.steps]]");
    }
    let steps: Vec<Option<StepPlan>> = raw
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| self::step(checker, step, &path.key("steps").index(index), &raw.steps[..index], config))
        .collect();
    let (site, steps) = (SiteId::new(&site?).ok()?, steps.into_iter().collect::<Option<Vec<_>>>()?);
    (is_id && !steps.is_empty()).then_some(ResponsePlan { id: id.to_owned(), name: name?, site, level: level?, steps })
}

fn step(
    checker: &mut Checker<'_>,
    raw: &RawStep,
    path: &KeyPath,
    before: &[Table<RawStep>],
    config: &RawConfig,
) -> Option<StepPlan> {
    let id = match raw.id.as_deref() {
        Some(id) if before.iter().any(|other| other.id.as_deref() == Some(id)) => {
            let fault =
                Fault::new(FaultKind::Repeated, format!("the step {id:?} again"), "an id that no step before it has");
            checker.note(&path.key("id"), fault);
            None
        }
        Some(id) => checker.id(&path.key("id"), SiteId::new(id)).map(|id| id.as_str().to_owned()),
        None => {
            checker.missing(&path.key("id"), "a short id of the step, such as \"close_gate_3\"");
            None
        }
    };
    let words = StepKind::ALL.map(|kind| (kind.as_str(), kind));
    let kind = raw.kind.as_deref().map_or(Some(StepKind::Other), |kind| checker.word(&path.key("kind"), kind, &words));
    // Who reads one language only must not be left without words: one text stands for both where there is one.
    let text = raw.text.as_deref().or(raw.text_zh.as_deref());
    let text_zh = raw.text_zh.as_deref().or(raw.text.as_deref());
    let (text, text_zh) = match (text, text_zh) {
        (Some(text), Some(text_zh)) => {
            (checker.text(&path.key("text"), text), checker.text(&path.key("text_zh"), text_zh))
        }
        _ => {
            checker.missing(&path.key("text"), "what is to be done, in English as `text` or in Chinese as `text_zh`");
            (None, None)
        }
    };
    let unit = match raw.unit.as_deref() {
        Some(unit) => known(checker, &path.key("unit"), unit, "unit", &config.units).map(Some),
        None => Some(None),
    };
    let limit_s = checker.optional_number(&path.key("limit_s"), raw.limit_s, defaults::STEP_LIMIT);
    let unit = unit?.map(|unit| UnitId::new(&unit)).transpose().ok()?;
    Some(StepPlan { id: id?, kind: kind?, text: text?, text_zh: text_zh?, unit, limit_s: limit_s? })
}

fn repeated_plans(checker: &mut Checker<'_>, plans: &ById<RawResponsePlan>, path: &KeyPath) {
    let mut seen: Vec<(&str, &str, &str)> = Vec::new();
    for (id, plan) in plans {
        let (Some(site), Some(level)) = (plan.site.as_deref(), plan.level.as_deref()) else { continue };
        if let Some((first, ..)) = seen.iter().find(|known| (known.1, known.2) == (site, level)) {
            let found = format!("a second plan for {level} at {site}, after {first}");
            let fault = Fault::new(FaultKind::Repeated, found, "one plan for each site and level")
                .help("Put the steps of both into one");
            checker.note(&path.key(id), fault);
        }
        seen.push((id, site, level));
    }
}

fn pursuit(checker: &mut Checker<'_>, raw: &RawPursuit, path: &KeyPath) -> Option<PursuitPlan> {
    let remind_path = path.key("remind_every_s");
    let remind = checker.number_or(&remind_path, raw.remind_every_s, defaults::REMIND_EVERY, defaults::REMIND_EVERY_S);
    let shelf_path = path.key("longest_shelf_s");
    let shelf = checker.number_or(&shelf_path, raw.longest_shelf_s, defaults::LONGEST_SHELF, defaults::LONGEST_SHELF_S);
    let blind_level = match raw.blind_level.as_deref() {
        Some(level) => checker.word(&path.key("blind_level"), level, &level_words()),
        None => Some(defaults::BLIND_LEVEL),
    };
    let path = path.key("escalate_after_s");
    let escalation = &raw.escalate_after_s;
    let written: [Option<Number>; 4] = [escalation.blue, escalation.yellow, escalation.orange, escalation.red];
    let mut escalate_after_s = [None; 4];
    let mut is_sound = true;
    for (level, number) in Level::ALL.into_iter().zip(written) {
        let default = defaults::ESCALATE_AFTER_S[level as usize];
        match checker.optional_number(&path.key(level.as_str()), number, defaults::ESCALATE_AFTER) {
            Some(after_s) => escalate_after_s[level as usize] = after_s.or(default),
            None => is_sound = false,
        }
    }
    let remind_every_s = remind?;
    is_sound.then_some(PursuitPlan {
        // 0: never again.
        remind_every_s: (remind_every_s > 0.0).then_some(remind_every_s),
        escalate_after_s,
        longest_shelf_s: shelf?,
        blind_level: blind_level?,
    })
}
