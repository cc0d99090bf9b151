//! Which thresholds a zone's time to each level is told for, and the rules on those times.

use super::{Checker, Fault, FaultKind, KeyPath};
use crate::config::{CameraPlan, RulePlan};
use crate::model::{Level, Measure};

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

/// The rule whose thresholds count in each zone: the first on the density that the forecast runs on, else the first on
/// the other mean density.
fn rule_that_counts<'r>(camera: &CameraPlan, zone: usize, rules: &'r [RulePlan]) -> Option<&'r RulePlan> {
    let zone = &camera.zones.get(zone)?.id;
    let is_here = |rule: &&RulePlan| rule.camera == camera.id && rule.place.zone() == Some(zone);
    let first_on = |measure| rules.iter().filter(is_here).find(|rule| rule.measure == measure);
    densities(camera).into_iter().find_map(first_on)
}

/// Gives every zone the thresholds of its rule on density, where it has one.
pub(super) fn tell_zones_their_thresholds(cameras: &mut [CameraPlan], rules: &[RulePlan]) {
    for camera in cameras {
        for index in 0..camera.zones.len() {
            let Some(rule) = rule_that_counts(camera, index, rules) else { continue };
            let raise = |level| rule.levels.iter().find(|plan| plan.level == level).map(|plan| plan.raise);
            camera.zones[index].thresholds_per_m2 = Level::ALL.map(raise);
        }
    }
}

/// Notes the rules on the time to a level that their zone's rule on density doesn't have. They follow `path`.
pub(super) fn check(checker: &mut Checker<'_>, path: &KeyPath, cameras: &[CameraPlan], rules: &[RulePlan]) {
    for rule in rules {
        let Some(level) = Level::ALL.into_iter().find(|&level| Measure::times_to(level).contains(&rule.measure)) else {
            continue;
        };
        let Some(camera) = cameras.iter().find(|camera| camera.id == rule.camera) else { continue };
        let at = camera.zones.iter().position(|zone| Some(&zone.id) == rule.place.zone());
        let Some(of_density) = at.and_then(|zone| rule_that_counts(camera, zone, rules)) else { continue };
        if of_density.levels.iter().any(|plan| plan.level == level) {
            continue;
        }
        let there: Vec<&str> = of_density.levels.iter().map(|plan| plan.level.as_str()).collect();
        let found = format!(
            "{:?}, but {level} has no density here: the zone's rule on {} has {}",
            rule.measure.as_str(),
            of_density.measure.as_str(),
            there.join(", ")
        );
        let expected = format!("the time to one of those, or rules.{}.levels.{level}", of_density.id);
        let fault = Fault::new(FaultKind::MeasureUnknowable, found, expected)
            .help("It is told when the density will reach what raises that level");
        checker.note(&path.key(rule.id.as_str()).key("measure"), fault);
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
    }
}
