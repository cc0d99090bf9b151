//! Alert rules.

use super::{Checker, Fault, FaultKind, KeyPath, defaults};
use crate::config::defaults::ShippedLevels;
use crate::config::raw::{ById, RawCamera, RawLevel, RawLevels, RawRule, RawZone};
use crate::config::suggest::nearest;
use crate::config::{CameraPlan, LevelPlan, Measure, RulePlan};
use crate::model::{CameraId, Level, ObjectClass, RuleId, ZoneId};

pub(super) fn check(
    checker: &mut Checker<'_>,
    id: &str,
    raw: &RawRule,
    path: &KeyPath,
    (cameras, plans): (&ById<RawCamera>, &[CameraPlan]),
) -> Option<RulePlan> {
    let rule_id = checker.id(path, RuleId::new(id));
    let name = raw.name.as_deref().map_or(Some(id.to_owned()), |name| checker.text(&path.key("name"), name));
    let measure_path = path.key("measure");
    let measure = match raw.measure.as_deref() {
        Some(written) => {
            let words = [Measure::Occupancy, Measure::Density].map(|measure| (measure.as_str(), measure));
            checker.word(&measure_path, written, &words)
        }
        None => {
            checker.missing(&measure_path, "\"occupancy\" (people) or \"density\" (people per m²)");
            None
        }
    };
    let zone = find_zone(checker, raw.zone.as_deref(), &path.key("zone"), cameras);
    if let (Some(found), Some(measure)) = (&zone, measure) {
        zone_fits(checker, found, measure, path, plans);
    }
    let own_source = match raw.source.as_deref() {
        Some(source) => checker.text(&path.key("source"), source).map(Some),
        None => Some(None),
    };
    let levels = measure.and_then(|measure| levels(checker, raw, measure, path));
    let (found, (levels, shipped_source)) = (zone?, levels?);
    Some(RulePlan {
        id: rule_id?,
        name: name?,
        camera: CameraId::new(found.camera).ok()?,
        zone: ZoneId::new(found.zone).ok()?,
        measure: measure?,
        levels,
        source: own_source?.unwrap_or_else(|| shipped_source.to_owned()),
    })
}

/// The zone that a rule is about.
struct FoundZone<'r> {
    camera: &'r str,
    zone: &'r str,
    raw: &'r RawZone,
    /// Whether the camera has a calibration, sound or not.
    calibrated: bool,
}

fn find_zone<'r>(
    checker: &mut Checker<'_>,
    written: Option<&str>,
    path: &KeyPath,
    cameras: &'r ById<RawCamera>,
) -> Option<FoundZone<'r>> {
    let all: Vec<(String, FoundZone<'r>)> = cameras
        .iter()
        .flat_map(|(camera, plan)| {
            let calibrated = plan.calibration.is_some();
            let found = move |zone, raw| FoundZone { camera, zone, raw, calibrated };
            plan.zones.iter().map(move |(zone, raw)| (format!("{camera}/{zone}"), found(zone, raw)))
        })
        .collect();
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    let expected = match names.as_slice() {
        [] => "\"CAMERA/ZONE\", but no camera has a zone".to_owned(),
        names if names.len() <= 8 => format!("\"CAMERA/ZONE\", one of {}", names.join(", ")),
        names => format!("\"CAMERA/ZONE\", one of {}, … ({} in all)", names[..8].join(", "), names.len()),
    };
    let Some(written) = written else {
        checker.missing(path, expected);
        return None;
    };
    // A zone's id alone is a likely slip: it is what the zone's own table is called.
    let by_zone_alone = || all.iter().find(|(_, found)| found.zone == written).map(|(name, _)| name.as_str());
    let suggestion = by_zone_alone().or_else(|| nearest(written, names)).map(str::to_owned);
    if let Some((_, found)) = all.into_iter().find(|(name, _)| name == written) {
        return Some(found);
    }
    let fault = Fault::new(FaultKind::UnknownZone, format!("{written:?}"), expected);
    checker.note(
        path,
        match suggestion {
            Some(meant) => fault.help(format!("Did you mean {meant:?}?")),
            None => fault,
        },
    );
    None
}

fn zone_fits(checker: &mut Checker<'_>, found: &FoundZone<'_>, measure: Measure, path: &KeyPath, plans: &[CameraPlan]) {
    let FoundZone { camera, zone, raw, calibrated } = found;
    // What follows from a calibration is known where the camera as a whole is; otherwise its own faults come first.
    let has_no_area = |plan: &CameraPlan| {
        plan.zones.iter().any(|candidate| candidate.id.as_str() == *zone && candidate.area_m2.is_none())
    };
    let plan = plans.iter().find(|plan| plan.id.as_str() == *camera);
    let needs_area = measure == Measure::Density && raw.area_m2.is_none();
    if needs_area && *calibrated && plan.is_some_and(has_no_area) {
        let fault = Fault::new(
            FaultKind::DensityWithoutArea,
            format!("\"density\" of {camera}/{zone}, which reaches up to the horizon"),
            "a zone that lies on the ground as a whole",
        )
        .help("Draw it so that it ends where people can still be told apart, or give its area_m2");
        checker.note(&path.key("measure"), fault);
    } else if needs_area && !calibrated {
        let fault = Fault::new(
            FaultKind::DensityWithoutArea,
            format!("\"density\" of {camera}/{zone}, whose area is not known"),
            format!("cameras.{camera}.zones.{zone}.area_m2, the zone's area on the ground"),
        )
        .help(
            "Measure it on a map or plan, or calibrate the camera, from which it follows; without it, use measure = \"occupancy\"",
        );
        checker.note(&path.key("measure"), fault);
    }
    // A word that isn't a class is noted at the zone, and may have been meant as "person".
    let other_than_people =
        |name: &String| ObjectClass::from_name(name).is_some_and(|class| class != ObjectClass::Person);
    let without_people =
        raw.classes.as_ref().is_some_and(|classes| !classes.is_empty() && classes.iter().all(other_than_people));
    if without_people {
        let fault = Fault::new(
            FaultKind::ZoneWithoutPeople,
            format!("{camera}/{zone}, which does not count people"),
            "a zone with \"person\" among its classes",
        )
        .help("Rules look at people; the value of this one would always be 0");
        checker.note(&path.key("zone"), fault);
    }
}

/// The levels of a rule, and the text for where they come from.
fn levels(
    checker: &mut Checker<'_>,
    raw: &RawRule,
    measure: Measure,
    path: &KeyPath,
) -> Option<(Vec<LevelPlan>, &'static str)> {
    let shipped = |name: &str| defaults::SHIPPED_LEVELS.iter().find(|levels| levels.name == name);
    let use_path = path.key("use");
    match (&raw.levels, raw.ground_use.as_deref(), measure) {
        (Some(levels), None, _) => {
            own_levels(checker, levels, measure, &path.key("levels")).map(|levels| (levels, defaults::RULE_SOURCE))
        }
        (Some(levels), Some(_), _) => {
            let fault = Fault::new(FaultKind::LevelsAndUse, "both `use` and `levels`", "one of them")
                .help("`use` takes the shipped density levels, `levels` sets the site's own");
            checker.note(&use_path, fault);
            own_levels(checker, levels, measure, &path.key("levels"));
            None
        }
        (None, Some(_), Measure::Occupancy) => {
            let fault = Fault::new(FaultKind::LevelsAndUse, "`use` with measure = \"occupancy\"", "`levels` in people")
                .help("`use` takes shipped levels in people per m², which fit measure = \"density\" only");
            checker.note(&use_path, fault);
            None
        }
        (None, None, Measure::Occupancy) => {
            let fault = Fault::new(
                FaultKind::NoLevel,
                "no level",
                "at least one of blue, yellow, orange, red, for example levels.orange = { raise = 120 }",
            )
            .help("How many people are too many depends on the place, so there is no default");
            checker.note(&path.key("levels"), fault);
            None
        }
        (None, Some(written), Measure::Density) => {
            let words = defaults::SHIPPED_LEVELS.each_ref().map(|levels| (levels.name, levels.name));
            let name = checker.word(&use_path, written, &words)?;
            shipped(name).map(shipped_levels)
        }
        (None, None, Measure::Density) => defaults::SHIPPED_LEVELS.first().map(shipped_levels),
    }
}

fn shipped_levels(shipped: &ShippedLevels) -> (Vec<LevelPlan>, &'static str) {
    let levels = Level::ALL.into_iter().zip(shipped.raise_per_m2).map(|(level, raise)| LevelPlan {
        level,
        raise,
        hold_s: defaults::hold_s(level),
        clear: raise * defaults::CLEAR_SHARE,
        clear_hold_s: defaults::CLEAR_HOLD_S,
    });
    (levels.collect(), shipped.source)
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
        if level.raise <= milder.raise {
            let expected = format!("more than the {} level's {}", milder.level, milder.raise);
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
    let range = defaults::threshold(measure);
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
    if let Some(clear) = clear
        && clear >= raise
    {
        let expected = format!("less than this level's raise value, {raise}");
        let fault = Fault::new(FaultKind::ClearNotBelowRaise, clear, expected).help(format!(
            "The gap between them keeps an alert from flickering; without `clear` it is {} × raise",
            defaults::CLEAR_SHARE
        ));
        checker.note(&path.key("clear"), fault);
        return None;
    }
    let clear = clear.unwrap_or(raise * defaults::CLEAR_SHARE);
    Some(LevelPlan { level, raise, hold_s: hold_s?, clear, clear_hold_s: clear_hold_s? })
}
