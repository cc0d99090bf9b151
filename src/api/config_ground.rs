//! What a configuration that is not in force yet would make of a camera's picture: its calibration, and its zones and lines in
//! metres.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use super::config::{Changed, configuration};
use super::error::{ApiError, json};
use super::request::read;
use crate::calibration::{FittedPoint, GroundPlane};
use crate::config::{self, CameraPlan};
use crate::model::PixelPoint;
use crate::view::grid_lines;

/// Where the scale is told: shares of the picture's width and height.
const SCALE_SHARES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroundRequest {
    camera: String,
    text: Option<String>,
    edits: Option<Vec<config::Edit>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GroundBody<'a> {
    camera: &'a str,
    /// What is wrong with the configuration as a whole; the rest is null and empty then.
    faults: Vec<String>,
    calibration: Option<CalibrationBody>,
    zones: Vec<ZoneBody<'a>>,
    lines: Vec<LineBody<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CalibrationBody {
    /// The picture that it was made in.
    frame_size: [u32; 2],
    /// Root mean square of the used points' errors on the ground; null without points.
    rms_ground_m: Option<f64>,
    points: Vec<PointBody>,
    /// Pixels of that picture to a metre, across the line of sight.
    scale: Vec<ScaleBody>,
    grid: Vec<GridBody>,
}

/// A point pair and how far it is off. Places in the picture are shares of its width and height here.
#[derive(Debug, Serialize, JsonSchema)]
struct PointBody {
    image: [f64; 2],
    ground_m: [f64; 2],
    residual_m: Option<f64>,
    residual_px: Option<f64>,
    /// The calibration was made with it; one that is too far off is left out.
    used: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ScaleBody {
    image: [f64; 2],
    px_per_m: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct GridBody {
    /// The coordinate that stays the same along it.
    axis: &'static str,
    at_m: i32,
    points: Vec<[f64; 2]>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "GroundZoneBody")]
struct ZoneBody<'a> {
    id: &'a str,
    /// What densities would be made with.
    area_m2: Option<f64>,
    /// What people can stand on by the calibration; null without one, or where the zone reaches the horizon.
    derived_area_m2: Option<f64>,
    /// Pixels to a metre in its middle.
    px_per_m: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "GroundLineBody")]
struct LineBody<'a> {
    id: &'a str,
    /// What flows per metre would be made with.
    width_m: Option<f64>,
}

pub(super) async fn ground(State(context): State<Context>, body: Bytes) -> Result<Response, ApiError> {
    let configuration = configuration(&context.state)?;
    let GroundRequest { camera, text, edits } = read(&body)?;
    let text = Changed { text, edits }.text(&configuration.in_force().text)?;
    let plan = match configuration.plan(&text) {
        Ok(plan) => plan,
        Err(faults) => {
            let body = GroundBody { camera: &camera, faults, calibration: None, zones: Vec::new(), lines: Vec::new() };
            return json(StatusCode::OK, &body);
        }
    };
    let known = || plan.cameras.iter().map(|camera| camera.id.to_string()).collect();
    let found = plan.cameras.iter().find(|known| known.id.as_str() == camera);
    let found = found.ok_or_else(|| ApiError::unknown_camera(&camera, known()))?;
    json(StatusCode::OK, &of_camera(found))
}

fn of_camera(camera: &CameraPlan) -> GroundBody<'_> {
    let plane = camera.calibration.as_ref().map(|calibration| &calibration.plane);
    let walkable =
        plane.zip(camera.walkable.as_ref()).and_then(|(plane, plan)| config::walkable_on_ground(plane, plan));
    let zones = camera.zones.iter().map(|zone| ZoneBody {
        id: zone.id.as_str(),
        area_m2: zone.area_m2,
        derived_area_m2: plane.and_then(|plane| {
            let derived = config::zone_on_ground(plane, &zone.polygon, walkable.as_ref()).ok().flatten();
            derived.map(|area| area.area_m2())
        }),
        px_per_m: plane.and_then(|plane| {
            let size = plane.frame_size();
            let corners: Vec<PixelPoint> = zone.polygon.iter().map(|corner| corner.to_px(size)).collect();
            let mean = |of: fn(&PixelPoint) -> f64| corners.iter().map(of).sum::<f64>() / corners.len() as f64;
            plane.px_per_m(PixelPoint { x: mean(|corner| corner.x), y: mean(|corner| corner.y) })
        }),
    });
    let lines =
        camera.lines.iter().map(|line| LineBody { id: line.id.as_str(), width_m: config::line_width_m(plane, line) });
    GroundBody {
        camera: camera.id.as_str(),
        faults: Vec::new(),
        calibration: camera.calibration.as_ref().map(|calibration| of_plane(&calibration.plane, &calibration.points)),
        zones: zones.collect(),
        lines: lines.collect(),
    }
}

fn of_plane(plane: &GroundPlane, points: &[FittedPoint]) -> CalibrationBody {
    let size = plane.frame_size();
    let (width, height) = (f64::from(size.width_px), f64::from(size.height_px));
    let share = |at: PixelPoint| [at.x / width, at.y / height];
    let scale = SCALE_SHARES.iter().flat_map(|y| SCALE_SHARES.iter().map(move |x| [*x, *y]));
    CalibrationBody {
        frame_size: [size.width_px, size.height_px],
        rms_ground_m: FittedPoint::rms_ground_m(points),
        points: points
            .iter()
            .map(|point| PointBody {
                image: share(point.pair.image),
                ground_m: [point.pair.ground.x_m, point.pair.ground.y_m],
                residual_m: point.ground_m,
                residual_px: point.image_px,
                used: point.used,
            })
            .collect(),
        scale: scale
            .map(|[x, y]| ScaleBody {
                image: [x, y],
                px_per_m: plane.px_per_m(PixelPoint { x: x * width, y: y * height }),
            })
            .collect(),
        grid: grid_lines(plane)
            .into_iter()
            .map(|line| GridBody {
                axis: if line.along_x { "y" } else { "x" },
                at_m: line.at_m,
                points: line.points.into_iter().map(share).collect(),
            })
            .collect(),
    }
}
