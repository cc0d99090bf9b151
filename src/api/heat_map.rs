//! Heat maps of calibrated cameras over a time, as they were written hour by hour.

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use super::error::{ApiError, json};
use super::history::{Format, Resolution, attachment, widened};
use super::request::{Query, period};
use crate::accounts::Caller;
use crate::calibration::GroundPlane;
use crate::model::{GroundPoint, Rfc3339};
use crate::sink::{HeatMapSum, SummedCell, sum_heat_maps};

/// The longest time that may be asked for: each hour is a file.
const MOST_S: i64 = 62 * 86_400;

/// What is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HeatMapQuery {
    /// The camera's id.
    camera: String,
    /// Not before this time.
    #[schemars(with = "Rfc3339")]
    from: String,
    /// Before this time.
    #[schemars(with = "Rfc3339")]
    to: String,
    /// Without a wish JSON.
    format: Option<Format>,
}

/// Where on the ground people were, over a time.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HeatMapBody<'a> {
    /// The camera's id.
    camera: &'a str,
    /// The time that is told of, RFC 3339: what was asked for, widened to whole hours (UTC).
    #[schemars(with = "Rfc3339")]
    from: String,
    /// Its end.
    #[schemars(with = "Rfc3339")]
    to: String,
    /// Seconds of it in which the camera was seen, and of which the map is written: once an hour is over.
    observed_s: f64,
    /// Share of it, as far as it has passed, that these are.
    coverage: f64,
    /// Files that were left out: their cells have another size, or they can't be read.
    passed_over: usize,
    /// Side of a cell in metres; `null`: nothing was written.
    cell_m: Option<f64>,
    /// Person-seconds of those who were where there is no cell.
    off_grid_s: f64,
    /// Cells in which somebody was.
    cells: Vec<HeatMapCellBody>,
}

/// A cell of the ground.
#[derive(Debug, Serialize, JsonSchema)]
struct HeatMapCellBody {
    /// Its middle, in metres.
    x_m: f64,
    /// Likewise.
    y_m: f64,
    /// Person-seconds spent there.
    occupancy_s: f64,
    /// Mean speed there; `null`: nobody's was known.
    mean_speed_mps: Option<f64>,
    /// Its corners as shares of the picture's width and height; `null`: it is not in the picture as it is calibrated now.
    outline: Option<[[f64; 2]; 4]>,
}

/// A cell's corners in the camera's picture.
fn outline(plane: &GroundPlane, centre: GroundPoint, cell_m: f64) -> Option<[[f64; 2]; 4]> {
    let size = plane.frame_size();
    let half_m = cell_m / 2.0;
    let corner = |x: f64, y: f64| {
        let pixel = plane.to_pixel(GroundPoint { x_m: centre.x_m + x * half_m, y_m: centre.y_m + y * half_m })?;
        Some([pixel.x / f64::from(size.width_px), pixel.y / f64::from(size.height_px)])
    };
    let corners = [corner(-1.0, -1.0)?, corner(1.0, -1.0)?, corner(1.0, 1.0)?, corner(-1.0, 1.0)?];
    let is_in = |[x, y]: &[f64; 2]| (0.0..=1.0).contains(x) && (0.0..=1.0).contains(y);
    corners.iter().any(is_in).then_some(corners)
}

impl HeatMapCellBody {
    fn new(cell: &SummedCell, cell_m: f64, plane: &GroundPlane) -> Self {
        Self {
            x_m: cell.centre.x_m,
            y_m: cell.centre.y_m,
            occupancy_s: cell.occupancy_s,
            mean_speed_mps: cell.mean_speed_mps,
            outline: outline(plane, cell.centre, cell_m),
        }
    }
}

fn csv(camera: &str, (from, to): (&str, &str), sum: &HeatMapSum) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let columns = ["from", "to", "camera", "observed_s", "cell_m", "x_m", "y_m", "occupancy_s", "speed_known_s"];
    table.write_record(columns.into_iter().chain(["mean_speed_mps"]))?;
    let cell_m = sum.cell_m.map(|cell_m| cell_m.to_string()).unwrap_or_default();
    let observed_s = sum.observed_s.to_string();
    let first = [from, to, camera, &observed_s, &cell_m];
    let off_grid_s = sum.off_grid_s.to_string();
    table.write_record(first.into_iter().chain(["", "", &off_grid_s, "", ""]))?;
    for SummedCell { centre, occupancy_s, speed_known_s, mean_speed_mps } in &sum.cells {
        let row = [
            centre.x_m.to_string(),
            centre.y_m.to_string(),
            occupancy_s.to_string(),
            speed_known_s.to_string(),
            mean_speed_mps.map(|speed| speed.to_string()).unwrap_or_default(),
        ];
        table.write_record(first.into_iter().chain(row.iter().map(String::as_str)))?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

pub(super) async fn heat_map(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<HeatMapQuery>,
) -> Result<Response, ApiError> {
    let (asked, _) = period(&query.from, &query.to, MOST_S)?;
    let plan = &context.state.plan;
    let seen = || plan.cameras.iter().filter(|camera| caller.reach.has_camera(&camera.id));
    let camera = seen().find(|camera| camera.id.as_str() == query.camera);
    let known = || seen().map(|camera| camera.id.to_string()).collect();
    let camera = camera.ok_or_else(|| ApiError::unknown_camera(&query.camera, known()))?;
    let uncalibrated = || ApiError::conflict("this camera is not calibrated, so it has no heat maps");
    let plane = camera.ground_plane().ok_or_else(uncalibrated)?;
    let nowhere = || ApiError::conflict("no heat maps are written: the configuration has no `heat_maps` in [output]");
    let folder = plan.heat_maps.folder.clone().ok_or_else(nowhere)?;
    let time = widened(asked, Resolution::Hour);
    let id = camera.id.clone();
    let turn = std::sync::Arc::clone(&context.figures).acquire_owned().await;
    let turn = turn.map_err(|error| ApiError::internal(&error))?;
    let summed = tokio::task::spawn_blocking(move || {
        // Held to the end of the work, whether or not somebody still waits for it.
        let _turn = turn;
        sum_heat_maps(&folder, &id, time)
    })
    .await;
    let sum = summed.map_err(|error| ApiError::internal(&error))?.map_err(|error| ApiError::internal(&error))?;
    let (from, to) = (time.0.to_rfc3339(), time.1.to_rfc3339());
    if query.format == Some(Format::Csv) {
        let table = csv(&query.camera, (&from, &to), &sum).map_err(|error| ApiError::internal(&error))?;
        return Ok(attachment(&format!("{}_heat_map", query.camera), table));
    }
    let passed_s = (time.1.min((context.state.now)()).0 - time.0.0).div_euclid(1_000_000).max(1);
    let cell_m = sum.cell_m.unwrap_or_default();
    let body = HeatMapBody {
        camera: &query.camera,
        from,
        to,
        observed_s: sum.observed_s,
        coverage: (sum.observed_s / passed_s as f64).min(1.0),
        passed_over: sum.passed_over,
        cell_m: sum.cell_m,
        off_grid_s: sum.off_grid_s,
        cells: sum.cells.iter().map(|cell| HeatMapCellBody::new(cell, cell_m, plane)).collect(),
    };
    json(StatusCode::OK, &body)
}
