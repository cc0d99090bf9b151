//! Which thresholds a zone's time to each level is told for, and the rules on those times.

use super::{Checker, Fault, FaultKind, KeyPath};
use crate::config::{CameraPlan, Combine, ConditionPlan, RulePlan, When};
use crate::model::{Level, Measure, Place, ZoneId};

/// The density that the forecast of the camera's zones runs on, and the other one.
///
/// A threshold is a value of the measure that its rule compares: one on the greatest local density, which is above a
/// zone's mean, would be told to be far away while that rule is on. So those never count.
fn densities(camera: &CameraPlan) -> [Measure; 2] {
    if camera.calibration.is_some() {
        [Measure::VoronoiDensity, Measure::Density]
    } else {
        [Measure::Density, Measure::VoronoiDensity]
    }
}

/// The condition whose thresholds count in each zone, and its rule: the first on the density that the forecast runs on,
/// else the first on the other mean density; one that applies at any time before one that does at some. One of several
/// that all have to hold doesn't count: what raises it is no level of the zone by itself.
fn that_counts<'r>(
    camera: &CameraPlan,
    zone: &ZoneId,
    rules: &'r [RulePlan],
) -> Option<(&'r RulePlan, &'r ConditionPlan)> {
    let place = Place::Zone(camera.id.clone(), zone.clone());
    let alone = rules.iter().filter(|rule| rule.conditions.len() == 1 || rule.combine == Combine::Any);
    let conditions = alone.flat_map(|rule| rule.conditions.iter().map(move |condition| (rule, condition)));
    let here: Vec<_> = conditions.filter(|(_, condition)| condition.place == place).collect();
    let first = |always: bool, measure: Measure| {
        let is_it = |(rule, condition): &&(&RulePlan, &ConditionPlan)| {
            condition.measure == measure && (rule.when == When::default()) == always
        };
        here.iter().find(is_it).copied()
    };
    let [own, other] = densities(camera);
    [(true, own), (true, other), (false, own), (false, other)].into_iter().find_map(|(always, of)| first(always, of))
}

/// Gives every zone the thresholds of its rule on density, where it has one.
pub(super) fn tell_zones_their_thresholds(cameras: &mut [CameraPlan], rules: &[RulePlan]) {
    for camera in cameras {
        for index in 0..camera.zones.len() {
            let Some((_, condition)) = that_counts(camera, &camera.zones[index].id, rules) else { continue };
            let raise = |level| condition.levels.iter().find(|plan| plan.level == level).map(|plan| plan.raise);
            camera.zones[index].thresholds_per_m2 = Level::ALL.map(raise);
        }
    }
}

/// Notes the rules on the time to a level that their zone's rule on density doesn't have. They follow `path`.
pub(super) fn check(checker: &mut Checker<'_>, path: &KeyPath, cameras: &[CameraPlan], rules: &[RulePlan]) {
    let all = rules.iter().flat_map(|rule| rule.conditions.iter().enumerate().map(move |entry| (rule, entry)));
    for (rule, (index, condition)) in all {
        let is_to = |level: &Level| Measure::times_to(*level).contains(&condition.measure);
        let Some(level) = Level::ALL.into_iter().find(is_to) else { continue };
        let Place::Zone(camera, zone) = &condition.place else { continue };
        let Some(camera) = cameras.iter().find(|known| &known.id == camera) else { continue };
        let Some((of_density, density)) = that_counts(camera, zone, rules) else { continue };
        if density.levels.iter().any(|plan| plan.level == level) {
            continue;
        }
        let there: Vec<&str> = density.levels.iter().map(|plan| plan.level.as_str()).collect();
        let found = format!(
            "{:?}, but {level} has no density here: the zone's rule on {} has {}",
            condition.measure.as_str(),
            density.measure.as_str(),
            there.join(", ")
        );
        let expected = format!("the time to one of those, or rules.{}.levels.{level}", of_density.id);
        let fault = Fault::new(FaultKind::MeasureUnknowable, found, expected)
            .help("It is told when the density will reach what raises that level");
        let path = path.key(rule.id.as_str());
        let path = if rule.conditions.len() > 1 { path.key(rule.combine.as_str()).index(index) } else { path };
        checker.note(&path.key("measure"), fault);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// The thresholds of the plaza with these rules.
    fn thresholds(calibration: &str, rules: &str) -> [Option<f64>; 4] {
        let text = format!(
            "[cameras.gate]\nsource.file = {{ path = \"-\", fps = 7 }}\n{calibration}\n\
             zones.plaza = {{ polygon = [[0, 0], [1, 0], [1, 1]], area_m2 = 50 }}\n[rules]\n{rules}"
        );
        let plan = crate::config::parse(&text, Path::new("."), &|_| None).unwrap();
        plan.cameras[0].zones[0].thresholds_per_m2
    }

    #[test]
    fn the_rule_on_the_density_that_the_forecast_runs_on_counts_and_one_on_local_density_never() {
        let rule = |id: &str, measure: &str, red: f64| {
            format!("{id} = {{ zone = \"gate/plaza\", measure = {measure:?}, levels.red = {{ raise = {red} }} }}\n")
        };
        let calibrated =
            "calibration = { frame_size = [100, 100], homography = [[0.1, 0, 0], [0, -0.1, 10], [0, 0, 1]] }";
        let shipped = thresholds(calibrated, "");
        let red = |per_m2| [None, None, None, Some(per_m2)];
        let local = rule("a", "local_density", 6.0);
        assert_eq!(thresholds(calibrated, &local), shipped);
        let both = local + &rule("b", "density", 3.0) + &rule("c", "voronoi_density", 4.0);
        assert_eq!(thresholds(calibrated, &both), red(4.0));
        let two = rule("a", "density", 3.0) + &rule("b", "density", 2.0);
        assert_eq!((thresholds(calibrated, &two), thresholds("", &two)), (red(3.0), red(3.0)));
        let list = |key: &str| {
            let entry = |measure: &str, red: f64| {
                format!("{{ zone = \"gate/plaza\", measure = {measure:?}, levels.red = {{ raise = {red} }} }}")
            };
            format!("a = {{ {key} = [{}, {}] }}\n", entry("density", 1.5), entry("occupancy", 9.0))
        };
        assert_eq!(thresholds("", &(list("all") + &rule("b", "density", 3.0))), red(3.0));
        assert_eq!(thresholds("", &(list("any") + &rule("b", "density", 3.0))), red(1.5));
    }
}
