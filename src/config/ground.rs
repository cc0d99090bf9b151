//! A calibrated camera's places on the ground: the one way from a plan's polygons to areas in metres.

use super::{LinePlan, WalkablePlan, defaults};
use crate::calibration::GroundPlane;
use crate::geometry::{GroundArea, GroundAreaFault};
use crate::model::{GroundPoint, NormPoint, PixelPoint};

/// A polygon's corners on the ground, edges that the lens bows cut into parts; `None` where one of them is at or above
/// the horizon.
#[must_use]
pub fn polygon_on_ground(plane: &GroundPlane, corners: &[NormPoint]) -> Option<Vec<GroundPoint>> {
    let corners: Vec<PixelPoint> = corners.iter().map(|corner| corner.to_px(plane.frame_size())).collect();
    plane.polygon_to_ground(&corners)
}

/// A point of the picture on the ground; `None` at and above the horizon.
#[must_use]
pub fn point_on_ground(plane: &GroundPlane, point: NormPoint) -> Option<GroundPoint> {
    plane.to_ground(point.to_px(plane.frame_size()))
}

/// How wide a line is on the ground, in metres: as configured, or where it isn't, as the calibration has it. `None` where
/// neither says, or an end is at or above the horizon.
#[must_use]
pub fn line_width_m(plane: Option<&GroundPlane>, plan: &LinePlan) -> Option<f64> {
    plan.width_m.or_else(|| derived_width_m(plane?, plan))
}

/// How wide a line is by the calibration, in metres; `None` where an end is at or above the horizon.
#[must_use]
pub fn derived_width_m(plane: &GroundPlane, plan: &LinePlan) -> Option<f64> {
    Some(point_on_ground(plane, plan.a)?.distance_m(point_on_ground(plane, plan.b)?))
}

/// Where people can walk; `None` where that reaches the horizon or is nothing.
#[must_use]
pub fn walkable_on_ground(plane: &GroundPlane, plan: &WalkablePlan) -> Option<GroundArea> {
    let outline = polygon_on_ground(plane, &plan.polygon)?;
    let obstacles: Vec<Vec<GroundPoint>> =
        plan.obstacles.iter().map(|corners| polygon_on_ground(plane, corners)).collect::<Option<_>>()?;
    GroundArea::new(&outline, &obstacles).ok()
}

/// What of a zone people can stand on: the zone, cut at the walls where it is known where people can walk. `None` where
/// that reaches the horizon, or so near it that its area means nothing: there a pixel is a field.
///
/// # Errors
/// Where nobody can stand in the zone.
pub fn zone_on_ground(
    plane: &GroundPlane,
    polygon: &[NormPoint],
    walkable: Option<&GroundArea>,
) -> Result<Option<GroundArea>, GroundAreaFault> {
    let Some(outline) = polygon_on_ground(plane, polygon) else { return Ok(None) };
    let whole = GroundArea::new(&outline, &[])?;
    let area = match walkable {
        Some(walkable) => whole.within(walkable)?,
        None => whole,
    };
    Ok(Some(area).filter(|area| area.area_m2() <= defaults::AREA_MOST_M2))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::{self, ConfigError, Plan};

    /// Seen from above, 100 pixels a metre: 10 m × 10 m of ground, of which people can walk on the left half without a
    /// pillar of 1 m × 2 m.
    fn parse(zone: &str) -> Result<Plan, ConfigError> {
        let text = format!(
            "[cameras.gate]
            frame_size = [1000, 1000]
            source.file = {{ path = \"gate.avi\", fps = 7 }}
            calibration.homography = [[0.01, 0, 0], [0, -0.01, 10], [0, 0, 1]]
            walkable = {{ coords = \"ground\", polygon = [[0, 0], [5, 0], [5, 10], [0, 10]],
                obstacles = [[[2, 2], [3, 2], [3, 4], [2, 4]]] }}
            [cameras.gate.zones.hall]
            {zone}"
        );
        config::parse(&text, Path::new("/site"), &|_| None)
    }

    #[test]
    fn a_derived_area_is_what_people_can_stand_on() {
        let area_m2 = |zone: &str| parse(zone).unwrap().cameras[0].zones[0].area_m2.unwrap();
        let whole = "polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]";
        assert!((area_m2(whole) - 48.0).abs() < 1e-9, "the left half less the pillar");
        assert!((area_m2("polygon = [[0.1, 0], [0.2, 0], [0.2, 1], [0.1, 1]]") - 10.0).abs() < 1e-9, "beside walls");
        assert_eq!(area_m2(&format!("{whole}\narea_m2 = 70")), 70.0, "a value that is given wins");
    }
}
