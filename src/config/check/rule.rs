//! Alert rules.

use super::found_place::{FoundPlace, Owner, find_place, known_places};
use super::response::known;
use super::{Checker, Fault, FaultKind, KeyPath, Range, defaults};
use crate::config::defaults::ShippedLevels;
use crate::config::raw::{RawCamera, RawCondition, RawConfig, RawLevel, RawLevels, RawRule};
use crate::config::raw_external::RawExternalSource;
use crate::config::{CameraPlan, Combine, ConditionPlan, LevelPlan, Response, RulePlan, Schedule, When};
use crate::model::{Level, Measure, Needs, ObjectClass, Place, RuleId, Scope, SiteId, Worse, ZoneUse};

/// What a rule refers to.
pub(super) struct Surroundings<'s> {
    pub(super) raw: &'s RawConfig,
    pub(super) cameras: &'s [CameraPlan],
    /// `None` where something is wrong with them.
    pub(super) response: Option<&'s Response>,
    pub(super) schedules: Option<&'s [Schedule]>,
}

pub(super) fn check(
    checker: &mut Checker<'_>,
    id: &str,
    raw: &RawRule,
    path: &KeyPath,
    around: &Surroundings<'_>,
) -> Option<RulePlan> {
    let rule_id = checker.id(path, RuleId::new(id));
    let name = raw.name.as_deref().map_or(Some(id.to_owned()), |name| checker.text(&path.key("name"), name));
    let own_source = match raw.source.as_deref() {
        Some(source) => checker.text(&path.key("source"), source).map(Some),
        None => Some(None),
    };
    let when = when(checker, raw, path, around);
    let (combine, conditions) = conditions(checker, raw, path, around)?;
    let shipped_source = conditions.first().map_or(defaults::RULE_SOURCE, |(_, source)| source);
    let conditions: Vec<ConditionPlan> = conditions.into_iter().map(|(condition, _)| condition).collect();
    let place = &conditions.first()?.place;
    Some(RulePlan {
        id: rule_id?,
        name: name?,
        site: around.response.and_then(|response| response.site_of(place)).map(|site| site.id.clone()),
        conditions,
        combine,
        source: own_source?.unwrap_or_else(|| shipped_source.to_owned()),
        when: when?,
    })
}

/// A condition as written: at the rule itself, or in its list.
struct Written<'r> {
    zone: Option<&'r str>,
    line: Option<&'r str>,
    camera: Option<&'r str>,
    site: Option<&'r str>,
    measure: Option<&'r str>,
    ground_use: Option<&'r str>,
    levels: Option<&'r RawLevels>,
}

impl<'r> Written<'r> {
    fn at_rule(raw: &'r RawRule) -> Self {
        Self {
            zone: raw.zone.as_deref(),
            line: raw.line.as_deref(),
            camera: raw.camera.as_deref(),
            site: raw.site.as_deref(),
            measure: raw.measure.as_deref(),
            ground_use: raw.ground_use.as_deref(),
            levels: raw.levels.as_deref(),
        }
    }

    fn in_list(raw: &'r RawCondition) -> Self {
        Self {
            zone: raw.zone.as_deref(),
            line: raw.line.as_deref(),
            camera: raw.camera.as_deref(),
            site: raw.site.as_deref(),
            measure: raw.measure.as_deref(),
            ground_use: raw.ground_use.as_deref(),
            levels: raw.levels.as_deref(),
        }
    }

    /// The keys that it has.
    fn keys(&self) -> Vec<&'static str> {
        let has = [
            ("zone", self.zone.is_some()),
            ("line", self.line.is_some()),
            ("camera", self.camera.is_some()),
            ("site", self.site.is_some()),
            ("measure", self.measure.is_some()),
            ("use", self.ground_use.is_some()),
            ("levels", self.levels.is_some()),
        ];
        has.into_iter().filter(|(_, has)| *has).map(|(key, _)| key).collect()
    }
}

/// The one condition of a rule, or those of its list, each with the text for where its thresholds come from.
fn conditions(
    checker: &mut Checker<'_>,
    raw: &RawRule,
    path: &KeyPath,
    around: &Surroundings<'_>,
) -> Option<(Combine, Vec<(ConditionPlan, &'static str)>)> {
    let (combine, list) = match (&raw.all, &raw.any) {
        (None, None) => {
            let condition = condition(checker, &Written::at_rule(raw), path, around)?;
            return Some((Combine::Any, vec![condition]));
        }
        (Some(_), Some(_)) => {
            let fault = Fault::new(FaultKind::NotOnePlace, "both `all` and `any`", "one of them")
                .help("Write two rules, or one list");
            checker.note(&path.key("any"), fault);
            return None;
        }
        (Some(list), None) => (Combine::All, list),
        (None, Some(list)) => (Combine::Any, list),
    };
    let path_of_list = path.key(combine.as_str());
    let own = Written::at_rule(raw).keys();
    if let Some(key) = own.first() {
        let found = format!("`{}` beside `{}`", own.join("`, `"), combine.as_str());
        let fault = Fault::new(FaultKind::NotOnePlace, found, "place, measure and levels in each entry of the list")
            .help("Each condition has its own");
        checker.note(&path.key(*key), fault);
    }
    if list.len() < 2 {
        let found = if list.is_empty() { "no condition" } else { "one condition" };
        let fault = Fault::new(FaultKind::NotOnePlace, found, "two conditions or more")
            .help("A rule of one condition has its place, measure and levels itself");
        checker.note(&path_of_list, fault);
    }
    let conditions: Vec<Option<(ConditionPlan, &'static str)>> = list
        .iter()
        .enumerate()
        .map(|(index, raw)| condition(checker, &Written::in_list(raw), &path_of_list.index(index), around))
        .collect();
    let conditions: Vec<_> = conditions.into_iter().collect::<Option<_>>()?;
    (own.is_empty() && conditions.len() >= 2).then_some((combine, conditions))
}

fn condition(
    checker: &mut Checker<'_>,
    written: &Written<'_>,
    path: &KeyPath,
    around: &Surroundings<'_>,
) -> Option<(ConditionPlan, &'static str)> {
    let place = place(checker, written, path, around);
    let measure = measure(checker, written.measure, &path.key("measure"), place.as_ref().map(Found::scope));
    if let (Some(found), Some(measure)) = (&place, measure) {
        match found {
            Found::Place(found) => match found.owner {
                Owner::Camera(camera) => measure_can_be_had(checker, (found, camera), measure, path, around.cameras),
                Owner::Source(source) => source_tells(checker, (found, source), measure, path),
            },
            Found::Site(site) => site_measure_can_be_had(checker, site, measure, path, around),
        }
    }
    let zone_use = place.as_ref().and_then(Found::zone_use).unwrap_or_default();
    let levels = measure.and_then(|measure| levels(checker, written, measure, zone_use, path));
    let (levels, source) = levels?;
    Some((ConditionPlan { place: place?.place()?, measure: measure?, levels }, source))
}

fn when(checker: &mut Checker<'_>, raw: &RawRule, path: &KeyPath, around: &Surroundings<'_>) -> Option<When> {
    let mut named = |key: &str, written: &[String], what: &str| {
        let path = path.key(key);
        let known = written.iter().enumerate().map(|(index, id)| {
            if what == "schedule" {
                known(checker, &path.index(index), id, what, &around.raw.schedules)
            } else {
                known(checker, &path.index(index), id, what, &around.raw.profiles)
            }
        });
        known.collect::<Vec<_>>().into_iter().collect::<Option<Vec<String>>>()
    };
    let schedules = named("schedules", &raw.schedules, "schedule");
    let profiles = named("profiles", &raw.profiles, "profile");
    let except_profiles = named("except_profiles", &raw.except_profiles, "profile");
    let find = |id: String| around.schedules?.iter().find(|schedule| schedule.id == id).cloned();
    Some(When {
        schedules: schedules?.into_iter().map(find).collect::<Option<_>>()?,
        profiles: profiles?,
        except_profiles: except_profiles?,
    })
}

/// Notes where the measure can never have a value at that site.
fn site_measure_can_be_had(
    checker: &mut Checker<'_>,
    id: &str,
    measure: Measure,
    path: &KeyPath,
    around: &Surroundings<'_>,
) {
    // A site with faults of its own is mended first.
    let Some(site) = around.response.and_then(|response| response.sites.iter().find(|site| site.id.as_str() == id))
    else {
        return;
    };
    let zones_without_area = site.zones.iter().filter(|zone| zone.area_m2.is_none());
    let without_area: Vec<String> = zones_without_area.map(|zone| format!("{}/{}", zone.camera, zone.zone)).collect();
    let (lack, expected) = match measure {
        Measure::ShareOfCapacity | Measure::AdmissibleFlow if site.capacity.is_none() => {
            ("has no capacity".to_owned(), format!("sites.{id}.capacity, the published greatest number of people"))
        }
        Measure::FlowIn | Measure::FlowOut if site.entrances.is_empty() => (
            "has no entrances".to_owned(),
            format!("sites.{id}.entrances = {{ \"CAMERA/LINE\" = \"in\" or \"out\", … }}"),
        ),
        Measure::Density if !without_area.is_empty() => (
            format!("has zones of unknown area: {}", without_area.join(", ")),
            "area_m2 of each, or calibrated cameras".to_owned(),
        ),
        Measure::LocalDensity if without_area.len() == site.zones.len() => {
            ("has no zone of known area".to_owned(), "area_m2 of its zones, or calibrated cameras".to_owned())
        }
        Measure::LevelOfService if !site.zones.iter().any(|zone| zone.is_calibrated) => {
            ("has no zone of a calibrated camera".to_owned(), "[cameras.ID.calibration] of its cameras".to_owned())
        }
        _ => return,
    };
    let found = format!("{:?} of {id}, which {lack}", measure.as_str());
    checker.note(&path.key("measure"), Fault::new(FaultKind::MeasureUnknowable, found, expected));
}

/// Whether the shipped density levels fit the measure.
fn is_density(measure: Measure) -> bool {
    matches!(measure, Measure::Density | Measure::VoronoiDensity | Measure::LocalDensity)
}

/// The place that a condition is about.
enum Found<'r> {
    Place(FoundPlace<'r>),
    Site(&'r str),
}

impl Found<'_> {
    fn scope(&self) -> Scope {
        match self {
            Self::Place(found) => found.scope(),
            Self::Site(_) => Scope::Site,
        }
    }

    fn place(&self) -> Option<Place> {
        match self {
            Self::Place(found) => found.place(),
            Self::Site(id) => SiteId::new(id).ok().map(Place::Site),
        }
    }

    fn zone_use(&self) -> Option<ZoneUse> {
        match self {
            Self::Place(found) => found.zone_use(),
            Self::Site(_) => None,
        }
    }
}

/// The one place that the condition names.
fn place<'r>(
    checker: &mut Checker<'_>,
    written: &Written<'r>,
    path: &KeyPath,
    around: &Surroundings<'r>,
) -> Option<Found<'r>> {
    let named = [
        (Scope::Zone, written.zone),
        (Scope::Line, written.line),
        (Scope::Camera, written.camera),
        (Scope::Site, written.site),
    ];
    let given: Vec<(Scope, &str)> = named.into_iter().filter_map(|(scope, name)| Some((scope, name?))).collect();
    match given.as_slice() {
        &[(Scope::Site, id)] => {
            known(checker, &path.key("site"), id, "site", &around.raw.sites)?;
            Some(Found::Site(id))
        }
        &[(scope, name)] => find_place(checker, scope, name, &path.key(scope.as_str()), around.raw).map(Found::Place),
        [] => {
            let zones = known_places(Scope::Zone, around.raw);
            checker.missing(&path.key("zone"), format!("{zones}; or `line`, or `camera`, or `site`"));
            None
        }
        several => {
            let keys: Vec<String> = several.iter().map(|(scope, _)| format!("`{}`", scope.as_str())).collect();
            let expected = "one of `zone`, `line`, `camera` and `site`";
            let fault = Fault::new(FaultKind::NotOnePlace, keys.join(" and "), expected)
                .help("A condition looks at one place; for several, see `all` and `any`");
            checker.note(path, fault);
            None
        }
    }
}

/// A measure of that kind of place.
fn measure(checker: &mut Checker<'_>, written: Option<&str>, path: &KeyPath, scope: Option<Scope>) -> Option<Measure> {
    let Some(written) = written else {
        checker.missing(path, "a measure, such as \"occupancy\" (people) or \"density\" (people per m²)");
        return None;
    };
    let named = Measure::ALL.into_iter().find(|measure| measure.as_str() == written);
    match (named, scope) {
        (Some(measure), Some(scope)) if !measure.is_of(scope) => {
            let is_an_end = |name: &&str| name.starts_with("earliest_") || name.starts_with("latest_");
            let fits: Vec<&str> = Measure::of(scope).map(Measure::as_str).filter(|name| !is_an_end(name)).collect();
            let place = scope.as_str();
            let expected = format!("a measure of a {place}, one of {}", fits.join(", "));
            let of: Vec<&str> = measure.facts().scopes.iter().map(|scope| scope.as_str()).collect();
            let fault = Fault::new(FaultKind::MeasureOfAnotherPlace, format!("{written:?}"), expected).help(format!(
                "It is measured of a {}: name one in `{}`",
                of.join(" or "),
                of.join("` or `")
            ));
            checker.note(path, fault);
            None
        }
        (Some(measure), _) => Some(measure),
        (None, scope) => {
            let fits = |measure: &Measure| scope.is_none_or(|scope| measure.is_of(scope));
            let words: Vec<(&str, Measure)> =
                Measure::ALL.into_iter().filter(fits).map(|measure| (measure.as_str(), measure)).collect();
            checker.word(path, written, &words)
        }
    }
}

/// Notes where the measure can never have a value at that place.
fn measure_can_be_had(
    checker: &mut Checker<'_>,
    (found, raw_camera): (&FoundPlace<'_>, &RawCamera),
    measure: Measure,
    path: &KeyPath,
    plans: &[CameraPlan],
) {
    let (camera, name) = (found.of, found.name());
    let part = found.part();
    let is_calibrated = raw_camera.calibration.is_some();
    let (raw_zone, raw_line) = (found.raw_zone(), found.raw_line());
    let has_area = raw_zone.is_some_and(|zone| zone.area_m2.is_some());
    let unknowable = |found: String, expected: String, help: String| {
        Some(Fault::new(FaultKind::MeasureUnknowable, found, expected).help(help))
    };
    let written = measure.as_str();
    let area_unknown = || {
        unknowable(
            format!("{written:?} of {name}, whose area is not known"),
            format!("cameras.{camera}.zones.{part}.area_m2, the zone's area on the ground"),
            "Measure it on a map or plan, or calibrate the camera, from which it follows; without it, use measure = \
             \"occupancy\""
                .to_owned(),
        )
    };
    let area_first = measure == Measure::FillRate && !has_area && !is_calibrated;
    let fault = match measure.needs(found.scope()) {
        Needs::EnclosingLines if area_first => area_unknown(),
        Needs::Pictures => None,
        Needs::DensityMap => {
            // Of a camera with faults of its own nothing is known here.
            let has_none = plans
                .iter()
                .any(|plan| plan.id.as_str() == camera && !plan.mobile && plan.counting.density_map_every_s.is_none());
            let declines = raw_camera.density_map == Some(false);
            let expected = if declines {
                format!("cameras.{camera} without density_map = false")
            } else {
                "a table [inference.density_map], which names the model that gives one".to_owned()
            };
            let fault = unknowable(
                format!("{written:?} of {name}, whose camera has no second opinion"),
                expected,
                "A count by boxes alone has nothing to disagree with: see docs/density-maps.md".to_owned(),
            );
            fault.filter(|_| has_none)
        }
        Needs::Area if has_area => None,
        Needs::Area if is_calibrated => {
            // What follows from a calibration is known where the camera as a whole is; otherwise its own faults come first.
            let zones = plans.iter().filter(|plan| plan.id.as_str() == camera).flat_map(|plan| &plan.zones);
            let has_none = zones.into_iter().any(|zone| zone.id.as_str() == part && zone.area_m2.is_none());
            let fault = unknowable(
                format!("{written:?} of {name}, which reaches up to the horizon"),
                "a zone that lies on the ground as a whole".to_owned(),
                "Draw it so that it ends where people can still be told apart, or give its area_m2".to_owned(),
            );
            fault.filter(|_| has_none)
        }
        Needs::Area => area_unknown(),
        Needs::AllowedDirection if raw_line.is_some_and(|line| line.allowed.is_some()) => None,
        Needs::AllowedDirection if raw_line.is_some() => unknowable(
            format!("{written:?} of {name}, which says no direction"),
            format!("cameras.{camera}.lines.{part}.allowed = \"in\" or \"out\""),
            "Wrong is who crosses the other way".to_owned(),
        ),
        Needs::AllowedDirection if raw_zone.is_some_and(|zone| zone.allowed_direction.is_none()) => unknowable(
            format!("{written:?} of {name}, which says no direction"),
            format!("cameras.{camera}.zones.{part}.allowed_direction = {{ from = [x, y], to = [x, y] }}"),
            "Wrong is who walks against it".to_owned(),
        ),
        Needs::EnclosingLines if raw_zone.is_some_and(|zone| zone.enclosed_by.is_empty()) => unknowable(
            format!("{written:?} of {name}, which names no lines around it"),
            format!("cameras.{camera}.zones.{part}.enclosed_by = {{ LINE = \"in\" or \"out\", … }}"),
            "Name every line over which people come and go, with the direction that leads into the zone".to_owned(),
        ),
        // What sites have is said by them.
        Needs::EnclosingLines | Needs::Capacity => None,
        Needs::Width if is_calibrated || raw_line.is_some_and(|line| line.width_m.is_some()) => None,
        Needs::Width => unknowable(
            format!("{written:?} of {name}, whose width is not known"),
            format!("cameras.{camera}.lines.{part}.width_m, how wide the line is on the ground"),
            "Measure it with a tape, or calibrate the camera, from which it follows; without it, use measure = \
             \"flow_in\" or \"flow_out\""
                .to_owned(),
        ),
        Needs::Calibration | Needs::AllowedDirection if is_calibrated => None,
        Needs::Calibration | Needs::AllowedDirection => unknowable(
            format!("{written:?} of {name}, whose camera is not calibrated"),
            format!("[cameras.{camera}.calibration], which tells where on the ground a pixel is"),
            "docs/calibration.md says how".to_owned(),
        ),
    };
    if let Some(fault) = fault {
        checker.note(&path.key("measure"), fault);
    }
    // A word that isn't a class is noted at the zone, and may have been meant as "person".
    let other_than_people =
        |name: &String| ObjectClass::from_name(name).is_some_and(|class| class != ObjectClass::Person);
    let classes = raw_zone.map(|zone| &zone.classes).or(raw_line.map(|line| &line.classes)).and_then(Option::as_ref);
    if classes.is_some_and(|classes| !classes.is_empty() && classes.iter().all(other_than_people)) {
        let place = found.scope().as_str();
        let fault = Fault::new(
            FaultKind::PlaceWithoutPeople,
            format!("{name}, which does not count people"),
            format!("a {place} with \"person\" among its classes"),
        )
        .help("Rules look at people; the value of this one would always be 0");
        checker.note(&path.key(place), fault);
    }
}

/// Notes where an external source doesn't tell of the measure, and what it tells of.
fn source_tells(
    checker: &mut Checker<'_>,
    (found, source): (&FoundPlace<'_>, &RawExternalSource),
    measure: Measure,
    path: &KeyPath,
) {
    let has_area = || source.zones.get(found.part()).is_some_and(|zone| zone.area_m2.is_some());
    let (name, written) = (found.name(), measure.as_str());
    let (expected, help) = match (found.scope(), measure) {
        (Scope::Zone, Measure::Occupancy)
        | (Scope::Line, Measure::FlowIn | Measure::FlowOut | Measure::CounterFlow)
        | (Scope::Camera, Measure::Blind) => return,
        (Scope::Zone, Measure::Density) if has_area() => return,
        (Scope::Zone, Measure::Density) => {
            let (of, zone) = (found.of, found.part());
            let expected = format!("sources.{of}.zones.{zone}.area_m2, the zone's area on the ground");
            (expected, "Measure it on a map or plan; without it, use measure = \"occupancy\"")
        }
        (scope, _) => {
            let expected = match scope {
                Scope::Zone if has_area() => "occupancy or density",
                Scope::Zone => "occupancy, or density where the zone has an area_m2",
                Scope::Line => "flow_in, flow_out or counter_flow",
                _ => "blind",
            };
            (expected.to_owned(), "Another system tells counts, from which nothing else follows")
        }
    };
    let found = match measure {
        Measure::Density => format!("{written:?} of {name}, whose area is not known"),
        _ => format!("{written:?} of {name}, which an external source counts"),
    };
    checker.note(&path.key("measure"), Fault::new(FaultKind::MeasureUnknowable, found, expected).help(help));
}

/// The levels of a rule, and the text for where they come from.
fn levels(
    checker: &mut Checker<'_>,
    raw: &Written<'_>,
    measure: Measure,
    zone_use: ZoneUse,
    path: &KeyPath,
) -> Option<(Vec<LevelPlan>, &'static str)> {
    let use_path = path.key("use");
    match (raw.levels, raw.ground_use) {
        (Some(levels), None) => {
            own_levels(checker, levels, measure, &path.key("levels")).map(|levels| (levels, defaults::RULE_SOURCE))
        }
        (Some(levels), Some(_)) => {
            let fault = Fault::new(FaultKind::LevelsAndUse, "both `use` and `levels`", "one of them")
                .help("`use` takes the shipped density levels, `levels` sets the site's own");
            checker.note(&use_path, fault);
            own_levels(checker, levels, measure, &path.key("levels"));
            None
        }
        (None, Some(_)) if !is_density(measure) => {
            let found = format!("`use` with measure = {:?}", measure.as_str());
            let fault = Fault::new(FaultKind::LevelsAndUse, found, format!("`levels`{}", in_unit(measure)))
                .help("`use` takes shipped levels in people per m², which fit densities only");
            checker.note(&use_path, fault);
            None
        }
        (None, None) if measure == Measure::ShareOfCapacity => {
            Some((shipped_levels(defaults::SHARE_OF_CAPACITY), defaults::SHARE_OF_CAPACITY_SOURCE))
        }
        (None, None) if !is_density(measure) => {
            let fault = Fault::new(
                FaultKind::NoLevel,
                "no level",
                format!(
                    "at least one of blue, yellow, orange, red{}, for example levels.orange = {{ raise = … }}",
                    in_unit(measure)
                ),
            )
            .help("How much is too much depends on the place, so there is no default");
            checker.note(&path.key("levels"), fault);
            None
        }
        (None, Some(written)) => {
            let words = ZoneUse::ALL.map(|ground_use| (ground_use.as_str(), ground_use));
            checker.word(&use_path, written, &words).map(|ground_use| shipped(defaults::shipped_levels(ground_use)))
        }
        (None, None) => Some(shipped(defaults::shipped_levels(zone_use))),
    }
}

/// ` in people`, where the measure has a unit.
fn in_unit(measure: Measure) -> String {
    let unit = measure.facts().unit;
    if unit.is_empty() { String::new() } else { format!(" in{unit}") }
}

fn shipped(shipped: &ShippedLevels) -> (Vec<LevelPlan>, &'static str) {
    (shipped_levels(shipped.raise_per_m2), shipped.source)
}

fn shipped_levels(raise: [f64; 4]) -> Vec<LevelPlan> {
    let level = |(level, raise)| LevelPlan {
        level,
        raise,
        hold_s: defaults::hold_s(level),
        clear: raise * defaults::CLEAR_SHARE,
        clear_hold_s: defaults::CLEAR_HOLD_S,
    };
    Level::ALL.into_iter().zip(raise).map(level).collect()
}

fn own_levels(checker: &mut Checker<'_>, raw: &RawLevels, measure: Measure, path: &KeyPath) -> Option<Vec<LevelPlan>> {
    let given = [&raw.blue, &raw.yellow, &raw.orange, &raw.red];
    let given: Vec<(Level, &RawLevel)> =
        Level::ALL.into_iter().zip(given).filter_map(|(level, raw)| raw.as_deref().map(|raw| (level, raw))).collect();
    if given.is_empty() {
        let fault = Fault::new(FaultKind::NoLevel, "no level", "at least one of blue, yellow, orange, red");
        checker.note(path, fault);
        return None;
    }
    let levels: Vec<Option<LevelPlan>> = given
        .into_iter()
        .map(|(level, raw)| own_level(checker, level, raw, measure, &path.key(level.as_str())))
        .collect();
    for pair in levels.iter().flatten().collect::<Vec<_>>().windows(2) {
        let (milder, level) = (pair[0], pair[1]);
        let (is_worse, word) = match measure.facts().worse {
            Worse::High | Worse::AwayFromZero => (level.raise > milder.raise, "more"),
            Worse::Low => (level.raise < milder.raise, "less"),
        };
        if !is_worse {
            let expected = format!("{word} than the {} level's {}", milder.level, milder.raise);
            let fault = Fault::new(FaultKind::LevelsOutOfOrder, level.raise, expected)
                .help("From mildest to gravest: blue, yellow, orange, red");
            checker.note(&path.key(level.level.as_str()).key("raise"), fault);
        }
    }
    levels.into_iter().collect()
}

fn own_level(
    checker: &mut Checker<'_>,
    level: Level,
    raw: &RawLevel,
    measure: Measure,
    path: &KeyPath,
) -> Option<LevelPlan> {
    let facts = measure.facts();
    let range = Range::above_zero(facts.most).of(facts.unit);
    let raise = match raw.raise {
        Some(number) => checker.number(&path.key("raise"), number, range),
        None => {
            checker.missing(&path.key("raise"), format!("the value that raises this level, {range}"));
            None
        }
    };
    let hold_s = checker.number_or(&path.key("hold_s"), raw.hold_s, defaults::HOLD_S, defaults::hold_s(level));
    let clear = checker.optional_number(&path.key("clear"), raw.clear, range.with_zero());
    let clear_hold_path = path.key("clear_hold_s");
    let clear_hold_s = checker.number_or(&clear_hold_path, raw.clear_hold_s, defaults::HOLD_S, defaults::CLEAR_HOLD_S);
    let (raise, clear) = (raise?, clear?);
    let (is_better, word, factor) = match facts.worse {
        Worse::High | Worse::AwayFromZero => (clear.is_none_or(|clear| clear < raise), "less", defaults::CLEAR_SHARE),
        Worse::Low => (clear.is_none_or(|clear| clear > raise), "more", 1.0 / defaults::CLEAR_SHARE),
    };
    if let Some(clear) = clear
        && !is_better
    {
        let expected = format!("{word} than this level's raise value, {raise}");
        let fault = Fault::new(FaultKind::ClearNotBetterThanRaise, clear, expected).help(format!(
            "The gap between them keeps an alert from flickering; without `clear` it is {} × raise",
            (factor * 1000.0).round() / 1000.0
        ));
        checker.note(&path.key("clear"), fault);
        return None;
    }
    let left_at = clear.unwrap_or(raise * factor);
    if let Some(fault) = never_clears(measure, raise, clear, left_at) {
        checker.note(&path.key(if clear.is_some() { "clear" } else { "raise" }), fault);
        return None;
    }
    let clear = left_at;
    Some(LevelPlan { level, raise, hold_s: hold_s?, clear, clear_hold_s: clear_hold_s? })
}

/// Where the measure never reads what would end the alert.
fn never_clears(measure: Measure, raise: f64, clear: Option<f64>, left_at: f64) -> Option<Fault> {
    let facts = measure.facts();
    let [least, greatest] = facts.reads;
    let (is_reached, side, end, better) = match facts.worse {
        Worse::High => (left_at >= least, "below", least, "above"),
        Worse::Low => (left_at <= greatest, "above", greatest, "below"),
        // Its size, which is what is compared, may always be 0.
        Worse::AwayFromZero => return None,
    };
    if is_reached {
        return None;
    }
    let found = match clear {
        Some(clear) => format!("{clear}"),
        None => format!("{raise}, which without `clear` is left at {}", (left_at * 1000.0).round() / 1000.0),
    };
    let has_room = raise != end && (raise > end) == (better == "above");
    let mend = if has_room {
        format!("Give a `clear` between {raise} and {end}")
    } else {
        format!("The measure is always at or beyond {raise}: give a `raise` {better} {end}")
    };
    let expected = format!("a level that can be left: {} never reads {side} {end}{}", facts.name, facts.unit);
    Some(Fault::new(FaultKind::NeverClears, found, expected).help(format!("{mend}; else the alert would never end")))
}
