//! Whether the rules of a configuration can ever have a value: what the analysis of each camera gives decides, so that
//! nothing about it is thought of twice.

use std::collections::BTreeMap;

use super::CameraAnalysis;
use crate::config::{CameraPlan, ConditionPlan, Fault, FaultKind, Plan, RulePlan};
use crate::model::{CameraId, FrameReport, Measure, Place, Readings, Timestamp};
use crate::rules::RuleEngine;
use crate::tracking::ScoreThresholds;

/// A fault for every rule whose place never reads its measure, in the order of the rules. What can be told without the
/// ground (no calibration, no area) is told when the configuration is read; what is left depends on where a zone or line
/// lies on it. The faults have no line.
#[must_use]
pub fn rules_without_readings(plan: &Plan) -> Vec<Fault> {
    let report = |camera: &CameraPlan| {
        let thresholds = ScoreThresholds { high: 1.0, low: 1.0 };
        (camera.id.clone(), CameraAnalysis::new(camera, RuleEngine::new(&[]), thresholds).blind(Timestamp(0)))
    };
    let reports: BTreeMap<CameraId, FrameReport> = plan.cameras.iter().map(report).collect();
    let conditions = plan.rules.iter().flat_map(|rule| rule.conditions.iter().enumerate().map(move |at| (rule, at)));
    let faults = conditions.filter_map(|(rule, (index, condition))| {
        // What a site reads is told when the configuration is read.
        let report = reports.get(condition.place.camera()?)?;
        fault(rule, index, condition, report.of(&condition.place)?)
    });
    faults.collect()
}

fn fault(rule: &RulePlan, index: usize, condition: &ConditionPlan, readings: &Readings) -> Option<Fault> {
    if readings.get(condition.measure).is_some() {
        return None;
    }
    let place = &condition.place;
    let table = match place {
        Place::Zone(camera, id) => format!("cameras.{camera}.zones.{id}"),
        Place::Line(camera, id) => format!("cameras.{camera}.lines.{id}"),
        Place::Camera(camera) => format!("cameras.{camera}"),
        Place::Site(site) => format!("sites.{site}"),
        Place::Destination(destination) => format!("destinations.{destination}"),
    };
    let path = match rule.conditions.len() {
        1 => format!("rules.{}", rule.id),
        _ => format!("rules.{}.{}[{index}]", rule.id, rule.combine.as_str()),
    };
    let is_on_ground = readings.get(Measure::VoronoiDensity).is_some();
    let (why, expected, help) = match (place, condition.measure) {
        (Place::Zone(..), Measure::WrongWay) if is_on_ground => (
            "whose allowed direction begins or ends at the horizon",
            format!("{table}.allowed_direction with both ends on the ground"),
            "Draw its ends within the zone, or calibrate the camera anew if they are on the ground",
        ),
        (Place::Zone(..), Measure::LocalDensity | Measure::Pressure | Measure::Turbulence) if is_on_ground => (
            "which is too large on the ground for the grid that it is measured on",
            format!("{table}.polygon of 20 000 m² at most"),
            "Divide it into several zones, or use measure = \"voronoi_density\"",
        ),
        (Place::Zone(..), _) => (
            "which reaches up to the horizon",
            format!("{table}.polygon that lies on the ground as a whole"),
            "Draw it so that it ends where people can still be told apart; with its area_m2 given, \"density\" and the \
             time to a level can be had all the same",
        ),
        (Place::Line(..), _) => (
            "which reaches up to the horizon",
            format!("{table} with both ends on the ground"),
            "Draw it where people can still be told apart, or give its width_m; its flow in people a minute (\"flow_in\", \
             \"flow_out\") can be had all the same",
        ),
        (Place::Camera(_) | Place::Site(_) | Place::Destination(_), _) => (
            "which never reads it",
            "a measure that the camera gives".to_owned(),
            "`analyze` writes what there is into zones.csv",
        ),
    };
    Some(Fault {
        kind: FaultKind::MeasureUnknowable,
        path: format!("{path}.measure"),
        line: None,
        found: format!("{:?} of {place}, {why}", condition.measure.as_str()),
        expected,
        help: Some(help.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;
    use crate::model::{Level, Needs, Scope, Worse};

    /// A camera 5 m up that looks 10° below the horizon, which lies in the upper part of the picture.
    const CAMERA: &str = r#"
[cameras.gate]
source.file = { path = "-", fps = 7 }
calibration = { frame_size = [1000, 1000], camera = { height_m = 5, tilt_deg = 10, focal_px = 800 } }
zones.near = { polygon = [[0.3, 0.7], [0.7, 0.7], [0.7, 1], [0.3, 1]], allowed_direction = { from = [0.4, 0.9], to = [0.4, 0.1] } }
zones.sky = { polygon = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]], area_m2 = 400, allowed_direction = { from = [0.4, 0.9], to = [0.5, 0.9] } }
zones.wide = { polygon = [[0, 0.37], [1, 0.37], [1, 1], [0, 1]] }
lines.door = { a = [0.4, 0.8], b = [0.6, 0.8], allowed = "in" }
lines.flag = { a = [0.4, 0.8], b = [0.4, 0.1], allowed = "in" }
"#;

    fn faults(rules: &str) -> String {
        let plan = config::parse(&format!("{CAMERA}[rules]\n{rules}"), Path::new("."), &|_| None).unwrap();
        rules_without_readings(&plan).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    /// A rule on the measure that is fine but for its place.
    fn rule(id: &str, scope: Scope, place: &str, measure: Measure) -> String {
        let raise = if measure.facts().worse == Worse::Low { 0.5 } else { measure.facts().most };
        format!(
            "{id} = {{ {} = \"gate{place}\", measure = \"{}\", levels.{} = {{ raise = {raise} }} }}\n",
            scope.as_str(),
            measure.as_str(),
            Level::Red
        )
    }

    #[test]
    fn where_nothing_lies_on_the_ground_it_is_said_why_and_what_to_do() {
        let rules = rule("a", Scope::Zone, "/sky", Measure::Pressure)
            + &rule("b", Scope::Zone, "/sky", Measure::Density)
            + &rule("c", Scope::Zone, "/sky", Measure::TimeToRed)
            + &rule("d", Scope::Zone, "/sky", Measure::WrongWay)
            + &rule("e", Scope::Zone, "/near", Measure::WrongWay)
            + &rule("f", Scope::Zone, "/wide", Measure::LocalDensity)
            + &rule("g", Scope::Line, "/flag", Measure::CapacityRatio)
            + &rule("h", Scope::Line, "/flag", Measure::FlowIn);
        insta::assert_snapshot!(faults(&rules), @r#"
        rules.a.measure: found "pressure" of gate/sky, which reaches up to the horizon, expected cameras.gate.zones.sky.polygon that lies on the ground as a whole. Draw it so that it ends where people can still be told apart; with its area_m2 given, "density" and the time to a level can be had all the same
        rules.d.measure: found "wrong_way_share" of gate/sky, which reaches up to the horizon, expected cameras.gate.zones.sky.polygon that lies on the ground as a whole. Draw it so that it ends where people can still be told apart; with its area_m2 given, "density" and the time to a level can be had all the same
        rules.e.measure: found "wrong_way_share" of gate/near, whose allowed direction begins or ends at the horizon, expected cameras.gate.zones.near.allowed_direction with both ends on the ground. Draw its ends within the zone, or calibrate the camera anew if they are on the ground
        rules.f.measure: found "local_density" of gate/wide, which is too large on the ground for the grid that it is measured on, expected cameras.gate.zones.wide.polygon of 20 000 m² at most. Divide it into several zones, or use measure = "voronoi_density"
        rules.g.measure: found "capacity_ratio" of gate/flag, which reaches up to the horizon, expected cameras.gate.lines.flag with both ends on the ground. Draw it where people can still be told apart, or give its width_m; its flow in people a minute ("flow_in", "flow_out") can be had all the same
        "#);
    }

    #[test]
    fn what_can_be_had_is_no_fault() {
        let can_be_had = |measure: &Measure| {
            !matches!(measure.facts().needs, Needs::EnclosingLines | Needs::DensityMap) && *measure != Measure::WrongWay
        };
        let mut rules = String::new();
        for (scope, place) in [(Scope::Zone, "/near"), (Scope::Line, "/door"), (Scope::Camera, "")] {
            for measure in Measure::of(scope).filter(can_be_had) {
                rules += &rule(&format!("{}_{}", scope.as_str(), measure.as_str()), scope, place, measure);
            }
        }
        // The forecast is told for the levels of a rule on density, which has red only here.
        let rules: String = rules
            .lines()
            .filter(|rule| !rule.contains("voronoi") && !rule.contains("\"density\""))
            .map(|rule| format!("{rule}\n"))
            .collect();
        assert!(rules.lines().count() > 40);
        assert_eq!(faults(&rules), "");
    }
}
