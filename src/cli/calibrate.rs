//! `crowdflow calibrate`: how good a camera's calibration is, in figures and in a picture.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Serialize;

use super::config_file::calibrated_camera;
use super::model::open_models;
use super::output::print;
use crate::calibration::{FittedPoint, GroundPlane, PointPair, WalkerCheck, WalkerPoint, check_walkers};
use crate::config::{self, CameraPlan, InputPlan, Plan, Region, SourcePlan};
use crate::evaluation::{TrackRow, read_tracks};
use crate::geometry::GroundArea;
use crate::inference::Detector;
use crate::model::{FrameSize, PixelBox, PixelPoint};
use crate::picture::Picture;
use crate::pipeline::Preparation;
use crate::source::{self, Grabbed};
use crate::view::{GroundScene, draw_ground, people_to_hide};

/// Check a camera's calibration: residuals, pixels per metre, areas, and a picture with a grid of metres.
///
/// Writes calibration.png and calibration.json. With --tracks it also checks people's heights and walking speeds.
#[derive(Debug, Args)]
pub(super) struct CalibrateArgs {
    /// The configuration with the camera's calibration.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// Which camera; may be left out where only one is calibrated.
    #[arg(long, value_name = "ID")]
    camera: Option<String>,
    /// Picture to draw on. Without it: the first frame of the camera's source.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Folder for calibration.png and calibration.json.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Tracks in MOT Challenge format, such as the `tracks.txt` that `analyze` writes, in pixels of the same picture:
    /// checks body heights and walking speeds.
    #[arg(long, value_name = "FILE")]
    tracks: Option<PathBuf>,
    /// True frames a second of the tracks; without it as configured for the camera.
    #[arg(long, value_name = "RATE", requires = "tracks")]
    fps: Option<f64>,
    /// Hide no heads: for a picture with nobody in it. Without it, and unless the configuration switches that off, the
    /// model is run to find them.
    #[arg(long)]
    keep_heads: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Where the scale is told: shares of the picture's width and height.
const SCALE_SHARES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];
/// Residual on the ground above which a calibration is worth another look, in metres.
const RMS_MOST_M: f64 = 0.3;
/// Difference between a given and a derived area or width that is worth a warning, as a share.
const DIFFERENCE_MOST: f64 = 0.15;

#[derive(Serialize)]
struct Report {
    schema: u32,
    version: &'static str,
    camera: String,
    picture_px: [u32; 2],
    points: Vec<PointBody>,
    rms_ground_m: Option<f64>,
    pose: Option<PoseBody>,
    scale: Vec<ScaleBody>,
    zones: Vec<ZoneBody>,
    lines: Vec<LineBody>,
    walkers: Option<WalkersBody>,
    warnings: Vec<String>,
    picture: PathBuf,
}

#[derive(Serialize)]
struct PointBody {
    image_px: [f64; 2],
    ground_m: [f64; 2],
    residual_m: Option<f64>,
    residual_px: Option<f64>,
    used: bool,
}

#[derive(Serialize)]
struct PoseBody {
    height_m: f64,
    tilt_deg: f64,
    roll_deg: f64,
    focal_px: f64,
}

#[derive(Serialize)]
struct ScaleBody {
    image_px: [f64; 2],
    ground_m: Option<[f64; 2]>,
    px_per_m: Option<f64>,
}

#[derive(Serialize)]
struct ZoneBody {
    id: String,
    /// What densities are made with.
    area_m2: Option<f64>,
    /// What people can stand on by the calibration and the walkable area; null where the zone reaches the horizon.
    derived_area_m2: Option<f64>,
}

#[derive(Serialize)]
struct LineBody {
    id: String,
    /// What flows per metre are made with.
    width_m: Option<f64>,
    /// What follows from the calibration; null where the line reaches the horizon.
    length_m: Option<f64>,
}

#[derive(Serialize)]
struct WalkersBody {
    tracks: usize,
    boxes: usize,
    median_body_height_m: Option<f64>,
    height_by_pose: bool,
    speeds: usize,
    median_speed_mps: Option<f64>,
}

pub(super) fn run(args: &CalibrateArgs) -> anyhow::Result<()> {
    let path = &args.config;
    let plan = config::load(path).with_context(|| format!("{} can't be used", path.display()))?;
    let camera = calibrated_camera(&plan, args.camera.as_deref())?;
    let Some(calibration) = &camera.calibration else {
        bail!(
            "cameras.{} has no calibration: give it four or more points, \
             [cameras.{0}.calibration] points = [{{ image = [x, y], ground = [x_m, y_m] }}, …]; docs/calibration.md \
             says how",
            camera.id
        );
    };
    let tracks = match &args.tracks {
        Some(path) => Some((read_tracks(path)?, rate_fps(args, &camera)?)),
        None => None,
    };
    let mut picture = match &args.picture {
        Some(path) => Picture::read(path)?,
        None => first_picture(&camera)?,
    };
    let size = picture.size();
    let ground = calibration.at_size(size);
    let points = points_at(&ground, calibration.plane.frame_size(), &calibration.points);
    let walkers = tracks.as_ref().map(|(rows, fps)| check_walkers(&ground, &walkers(rows, *fps)));

    fs::create_dir_all(&args.out).with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    let path = args.out.join("calibration.png");
    let hide = if args.keep_heads || !plan.privacy.blur_heads { Vec::new() } else { people(&picture, &plan, &camera)? };
    let walkable = camera.walkable.as_ref().and_then(|walkable| config::walkable_on_ground(&ground, walkable));
    let scene = GroundScene {
        zones: &camera.zones,
        walkable: walkable.as_ref(),
        lines: &camera.lines,
        points: &points,
        hide: &hide,
    };
    draw_ground(&mut picture, &ground, &scene)?;
    picture.write(&path)?;

    let report = report(&camera, (&ground, walkable.as_ref()), &points, walkers.as_ref(), path);
    let text = serde_json::to_string_pretty(&report)? + "\n";
    let json_path = args.out.join("calibration.json");
    fs::write(&json_path, &text).with_context(|| format!("cannot write {}", json_path.display()))?;
    Ok(print(&if args.json { text } else { in_words(&report) })?)
}

/// Everybody whom the model sees in the picture: their heads are hidden.
fn people(picture: &Picture, plan: &Plan, camera: &CameraPlan) -> anyhow::Result<Vec<PixelBox>> {
    let models = open_models(&plan.inference).context(
        "people's heads are to be hidden, and that takes the model; for a picture with nobody in it give --keep-heads",
    )?;
    let mut detector =
        Detector::new(&models.detector, plan.inference.threads_per_worker, 1, plan.inference.thresholds)?;
    // All of the picture is shown, so all of it is searched.
    let input = InputPlan { region: Region::Whole, auto: None, ..camera.input };
    let whole = CameraPlan { input, ..camera.clone() };
    let prepared = Preparation::new(&whole, &models.detector, None).prepare(picture, Vec::new())?;
    let seen = detector.infer(&[prepared])?;
    Ok(seen.iter().flat_map(|decoded| people_to_hide(&decoded.detections, &[])).collect())
}

fn rate_fps(args: &CalibrateArgs, camera: &CameraPlan) -> anyhow::Result<f64> {
    let configured = match &camera.source {
        SourcePlan::File(file) => Some(file.fps),
        SourcePlan::Images(folder) => Some(folder.fps),
        SourcePlan::Stream(_) | SourcePlan::V4l2(_) => None,
    };
    let fps = args.fps.or(configured).context("the tracks' frame rate is not known: give it as --fps RATE")?;
    if fps.is_finite() && fps > 0.0 { Ok(fps) } else { bail!("--fps: found {fps}, expected a number above 0") }
}

fn first_picture(camera: &CameraPlan) -> anyhow::Result<Picture> {
    let mut source = source::open(&camera.source)?;
    match source.grab()? {
        Grabbed::Frame { .. } => Ok(source.retrieve()?),
        Grabbed::End => bail!("the source of cameras.{} has no frame; give a picture with --picture", camera.id),
    }
}

/// Point pairs in pixels of the picture at hand, and how well they fit there.
fn points_at(plane: &GroundPlane, made_for: FrameSize, points: &[FittedPoint]) -> Vec<FittedPoint> {
    let scale = |to: u32, from: u32| f64::from(to) / f64::from(from);
    let size = plane.frame_size();
    let (x, y) = (scale(size.width_px, made_for.width_px), scale(size.height_px, made_for.height_px));
    let moved = |point: &FittedPoint| {
        let image = PixelPoint { x: point.pair.image.x * x, y: point.pair.image.y * y };
        FittedPoint::of(plane, PointPair { image, ground: point.pair.ground }, point.used)
    };
    points.iter().map(moved).collect()
}

/// Each track's boxes in the order of time.
fn walkers(rows: &[TrackRow], fps: f64) -> Vec<Vec<WalkerPoint>> {
    let mut tracks: BTreeMap<i64, Vec<&TrackRow>> = BTreeMap::new();
    for row in rows {
        tracks.entry(row.id).or_default().push(row);
    }
    let points = |mut rows: Vec<&TrackRow>| {
        rows.sort_by_key(|row| row.frame);
        rows.iter().map(|row| WalkerPoint { at_s: f64::from(row.frame) / fps, bbox: row.bbox }).collect()
    };
    tracks.into_values().map(points).collect()
}

fn report(
    camera: &CameraPlan,
    (plane, walkable): (&GroundPlane, Option<&GroundArea>),
    points: &[FittedPoint],
    walkers: Option<&WalkerCheck>,
    picture: PathBuf,
) -> Report {
    let size = plane.frame_size();
    let rms_ground_m = FittedPoint::rms_ground_m(points);
    let pixels = SCALE_SHARES.iter().flat_map(|y| {
        SCALE_SHARES
            .iter()
            .map(move |x| PixelPoint { x: x * f64::from(size.width_px), y: y * f64::from(size.height_px) })
    });
    let zones: Vec<ZoneBody> = camera
        .zones
        .iter()
        .map(|zone| {
            let derived = config::zone_on_ground(plane, &zone.polygon, walkable).ok().flatten();
            let derived_area_m2 = derived.map(|area| area.area_m2());
            ZoneBody { id: zone.id.to_string(), area_m2: zone.area_m2, derived_area_m2 }
        })
        .collect();
    let lines = camera.lines.iter().map(|line| {
        let (width_m, length_m) = (config::line_width_m(Some(plane), line), config::derived_width_m(plane, line));
        LineBody { id: line.id.to_string(), width_m, length_m }
    });
    let lines: Vec<LineBody> = lines.collect();
    let warnings = warnings(points, rms_ground_m, (&zones, &lines), walkers);
    Report {
        schema: 1,
        version: env!("CARGO_PKG_VERSION"),
        camera: camera.id.to_string(),
        picture_px: [size.width_px, size.height_px],
        points: points.iter().map(point_body).collect(),
        rms_ground_m,
        pose: plane.pose().map(|pose| PoseBody {
            height_m: pose.height_m,
            tilt_deg: pose.tilt_deg,
            roll_deg: pose.roll_deg,
            focal_px: pose.focal_px,
        }),
        scale: pixels
            .map(|pixel| ScaleBody {
                image_px: [pixel.x, pixel.y],
                ground_m: plane.to_ground(pixel).map(|ground| [ground.x_m, ground.y_m]),
                px_per_m: plane.px_per_m(pixel),
            })
            .collect(),
        zones,
        lines,
        walkers: walkers.map(|walkers| WalkersBody {
            tracks: walkers.tracks,
            boxes: walkers.boxes,
            median_body_height_m: walkers.body_height_m,
            height_by_pose: walkers.height_by_pose,
            speeds: walkers.speeds,
            median_speed_mps: walkers.speed_mps,
        }),
        warnings,
        picture,
    }
}

fn point_body(point: &FittedPoint) -> PointBody {
    PointBody {
        image_px: [point.pair.image.x, point.pair.image.y],
        ground_m: [point.pair.ground.x_m, point.pair.ground.y_m],
        residual_m: point.ground_m,
        residual_px: point.image_px,
        used: point.used,
    }
}

fn warnings(
    points: &[FittedPoint],
    rms_ground_m: Option<f64>,
    (zones, lines): (&[ZoneBody], &[LineBody]),
    walkers: Option<&WalkerCheck>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if points.len() == 4 {
        warnings.push("four points fit any plane exactly: their residuals say nothing, two more would".to_owned());
    }
    for (index, _) in points.iter().enumerate().filter(|(_, point)| !point.used) {
        warnings.push(format!("point [{index}] is too far off and was left out: measure it again, or take it out"));
    }
    if let Some(rms_m) = rms_ground_m.filter(|rms_m| *rms_m > RMS_MOST_M) {
        warnings.push(format!("the points are off by {rms_m:.2} m (root mean square): speeds and areas will be too"));
    }
    for zone in zones {
        if let (Some(given), Some(derived)) = (zone.area_m2, zone.derived_area_m2)
            && (given / derived - 1.0).abs() > DIFFERENCE_MOST
        {
            warnings.push(format!("zone {}: area_m2 = {given} is given, but {derived:.1} m² follows", zone.id));
        }
    }
    for line in lines {
        if let (Some(given), Some(derived)) = (line.width_m, line.length_m)
            && (given / derived - 1.0).abs() > DIFFERENCE_MOST
        {
            warnings.push(format!("line {}: width_m = {given} is given, but {derived:.2} m follows", line.id));
        }
    }
    warnings.extend(walkers.into_iter().flat_map(|walkers| walkers.warnings.iter().map(ToString::to_string)));
    warnings
}

fn in_words(report: &Report) -> String {
    let mut text = String::new();
    let [width, height] = report.picture_px;
    text += &format!("camera {} ({width}x{height})\n", report.camera);
    let figure =
        |value: Option<f64>, decimals: usize| value.map_or("-".to_owned(), |value| format!("{value:.decimals$}"));
    if !report.points.is_empty() {
        text += "\npoint     image px         ground m          off m   off px\n";
        for (index, point) in report.points.iter().enumerate() {
            let ([x, y], [x_m, y_m]) = (point.image_px, point.ground_m);
            text += &format!(
                "[{index:>2}]   {x:>7.1} {y:>7.1}  {x_m:>8.2} {y_m:>8.2}  {:>8} {:>8}{}\n",
                figure(point.residual_m, 3),
                figure(point.residual_px, 1),
                if point.used { "" } else { "   left out" }
            );
        }
        text += &format!("root mean square {} m\n", figure(report.rms_ground_m, 3));
    }
    if let Some(pose) = &report.pose {
        text += &format!(
            "\nthe camera: {:.2} m above the ground, {:.1} degrees below the horizon, turned by {:.1}, focal length {:.0} px\n",
            pose.height_m, pose.tilt_deg, pose.roll_deg, pose.focal_px
        );
    }
    text += "\npixels per metre (- at the horizon and above)\n";
    let row = |cells: Vec<String>| cells.iter().map(|cell| format!("{cell:>8}")).collect::<String>();
    let columns = SCALE_SHARES.map(|share| format!("x {:.0}", share * f64::from(width)));
    text += &format!("{:>8}{}\n", "", row(columns.to_vec()));
    for cells in report.scale.chunks(SCALE_SHARES.len()) {
        let y = cells.first().map_or(0.0, |cell| cell.image_px[1]);
        text += &format!(
            "{:>8}{}\n",
            format!("y {y:.0}"),
            row(cells.iter().map(|cell| figure(cell.px_per_m, 1)).collect())
        );
    }
    if !report.zones.is_empty() || !report.lines.is_empty() {
        text += "\n";
    }
    for zone in &report.zones {
        text += &format!(
            "zone {}: {} m² by the calibration, {} m² used\n",
            zone.id,
            figure(zone.derived_area_m2, 1),
            figure(zone.area_m2, 1)
        );
    }
    for line in &report.lines {
        text += &format!(
            "line {}: {} m by the calibration, {} m used\n",
            line.id,
            figure(line.length_m, 2),
            figure(line.width_m, 2)
        );
    }
    if let Some(walkers) = &report.walkers {
        text += &format!(
            "\npeople: median height {} m{} ({} boxes), median speed {} m/s ({} steps of a second), {} tracks\n",
            figure(walkers.median_body_height_m, 2),
            if walkers.height_by_pose { "" } else { ", by scale alone" },
            walkers.boxes,
            figure(walkers.median_speed_mps, 2),
            walkers.speeds,
            walkers.tracks
        );
    }
    for warning in &report.warnings {
        text += &format!("warning: {warning}\n");
    }
    text += &format!("\n{}\n", written(&report.picture));
    text
}

fn written(path: &Path) -> String {
    format!("{} shows the ground's metres: look whether its lines lie where they should", path.display())
}
