//! A camera's calibration.

use super::place::{self, CameraFrameSize, Scale};
use super::{Checker, Fault, FaultKind, KeyPath, Range, defaults};
use crate::calibration::{CalibrationFault, CameraParameters, GroundPlane, PointPair, fit};
use crate::config::CalibrationPlan;
use crate::config::raw::{RawCalibration, RawCameraPose, RawPointPair, Table};
use crate::model::FrameSize;

pub(super) fn check(
    checker: &mut Checker<'_>,
    raw: &RawCalibration,
    path: &KeyPath,
    camera_frame_size: CameraFrameSize,
) -> Option<CalibrationPlan> {
    let size = frame_size(checker, raw, path, camera_frame_size);
    let in_pixels = match raw.coords.as_deref() {
        Some(written) => checker.word(&path.key("coords"), written, &[("normalized", false), ("pixel", true)]),
        None => Some(false),
    };
    let k1 = checker.number_or(&path.key("k1"), raw.k1, defaults::K1, 0.0);
    match (&raw.points, &raw.homography, &raw.camera) {
        (Some(points), None, None) => {
            let path = path.key("points");
            let (size, in_pixels, k1) = (size?, in_pixels?, k1?);
            let scale = if in_pixels {
                Scale::Pixel { width_px: size.width_px, height_px: size.height_px }
            } else {
                Scale::Normalized
            };
            let pairs = pairs(checker, points, &path, scale, size)?;
            match fit(&pairs, size, k1) {
                Ok(fit) => Some(CalibrationPlan { plane: fit.plane, points: fit.points }),
                Err(fault) => {
                    let path = fault.point().map_or(path.clone(), |point| path.index(point));
                    refuse(checker, &path, &fault)
                }
            }
        }
        (None, Some(rows), None) => {
            let path = path.key("homography");
            let rows = matrix(checker, rows, &path);
            let plane = GroundPlane::from_homography(rows?, size?, k1?);
            without_points(checker, &path, plane)
        }
        (None, None, Some(camera)) => {
            let path = path.key("camera");
            let camera = camera_pose(checker, camera, &path);
            let plane = GroundPlane::from_camera(camera?, size?, k1?);
            without_points(checker, &path, plane)
        }
        (points, homography, camera) => {
            let given: Vec<&str> = [
                points.is_some().then_some("points"),
                homography.is_some().then_some("homography"),
                camera.is_some().then_some("camera"),
            ]
            .into_iter()
            .flatten()
            .collect();
            let found = if given.is_empty() { "none".to_owned() } else { given.join(" and ") };
            let fault = Fault::new(FaultKind::NotOneCalibration, found, "exactly one of points, homography, camera")
                .help("Points are the surest: places that are seen in the picture and measured on the ground");
            checker.note(path, fault);
            None
        }
    }
}

fn without_points(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    plane: Result<GroundPlane, CalibrationFault>,
) -> Option<CalibrationPlan> {
    match plane {
        Ok(plane) => Some(CalibrationPlan { plane, points: Vec::new() }),
        Err(fault) => refuse(checker, path, &fault),
    }
}

fn refuse(checker: &mut Checker<'_>, path: &KeyPath, fault: &CalibrationFault) -> Option<CalibrationPlan> {
    checker.note(path, Fault::new(FaultKind::BadCalibration, fault, fault.expected()).help(fault.help()));
    None
}

/// The size of the picture that pixels and focal lengths are counted in: needed in any case, as a picture's shape is
/// part of its geometry.
fn frame_size(
    checker: &mut Checker<'_>,
    raw: &RawCalibration,
    path: &KeyPath,
    camera_frame_size: CameraFrameSize,
) -> Option<FrameSize> {
    let size_path = path.key("frame_size");
    let (width_px, height_px) = match (raw.frame_size.as_deref(), camera_frame_size) {
        (Some(size), _) => checker.frame_size(&size_path, size)?,
        // Where it is wrong at the camera, that is noted there.
        (None, Some(size)) => size?,
        (None, None) => {
            let expected = "[width, height] of the picture that the calibration was made in";
            let fault = Fault::new(FaultKind::FrameSizeMissing, "nothing", expected).help(
                "It can be given here, or as the camera's `frame_size`; pictures of other sizes are scaled to it",
            );
            checker.note(&size_path, fault);
            return None;
        }
    };
    Some(FrameSize { width_px, height_px })
}

fn pairs(
    checker: &mut Checker<'_>,
    points: &[Table<RawPointPair>],
    path: &KeyPath,
    scale: Scale<'_>,
    size: FrameSize,
) -> Option<Vec<PointPair>> {
    if points.len() > defaults::POINTS_MOST {
        let found = format!("{} point pairs", points.len());
        let expected = format!("4 to {}", defaults::POINTS_MOST);
        checker.note(path, Fault::new(FaultKind::WrongLength, found, expected));
        return None;
    }
    let pairs: Vec<Option<PointPair>> = points
        .iter()
        .enumerate()
        .map(|(index, pair)| {
            let path = path.index(index);
            let image = match &pair.image {
                Some(point) => place::point_in(checker, &path.key("image"), point, scale),
                None => {
                    checker.missing(&path.key("image"), "the place in the picture, [x, y]");
                    None
                }
            };
            let ground = match &pair.ground {
                Some(point) => place::ground_point(checker, &path.key("ground"), point),
                None => {
                    checker.missing(&path.key("ground"), "the place on the ground in metres, [x_m, y_m]");
                    None
                }
            };
            Some(PointPair { image: image?.to_px(size), ground: ground? })
        })
        .collect();
    pairs.into_iter().collect()
}

fn matrix(checker: &mut Checker<'_>, rows: &[Vec<super::Number>], path: &KeyPath) -> Option<[[f64; 3]; 3]> {
    let [first, second, third] = rows else {
        let found = format!("{} rows", rows.len());
        checker.note(path, Fault::new(FaultKind::WrongLength, found, "three rows of three numbers"));
        return None;
    };
    let anything = Range::from_to(f64::MIN, f64::MAX);
    let mut row = |index: usize, numbers: &[super::Number]| {
        let path = path.index(index);
        let &[a, b, c] = numbers else {
            let found = format!("{} numbers", numbers.len());
            checker.note(&path, Fault::new(FaultKind::WrongLength, found, "three"));
            return None;
        };
        let [a, b, c] = [(0, a), (1, b), (2, c)].map(|(at, number)| checker.number(&path.index(at), number, anything));
        Some([a?, b?, c?])
    };
    let rows = [row(0, first), row(1, second), row(2, third)];
    let [first, second, third] = rows;
    Some([first?, second?, third?])
}

fn camera_pose(checker: &mut Checker<'_>, raw: &RawCameraPose, path: &KeyPath) -> Option<CameraParameters> {
    let mut needed = |key: &str, number: Option<super::Number>, range: Range, what: &str| {
        let path = path.key(key);
        match number {
            Some(number) => checker.number(&path, number, range),
            None => {
                checker.missing(&path, what);
                None
            }
        }
    };
    let height_m = needed("height_m", raw.height_m, defaults::CAMERA_HEIGHT_M, "the lens's height over the ground");
    let tilt_deg = needed(
        "tilt_deg",
        raw.tilt_deg,
        defaults::TILT_DEG,
        "how far it looks below the horizon, 0 to the horizon, 90 straight down",
    );
    let focal_px = needed(
        "focal_px",
        raw.focal_px,
        defaults::FOCAL_PX,
        "the focal length in pixels of frame_size: width / (2 × tan(horizontal angle of view / 2))",
    );
    let roll_deg = checker.number_or(&path.key("roll_deg"), raw.roll_deg, defaults::ROLL_DEG, 0.0);
    Some(CameraParameters { height_m: height_m?, tilt_deg: tilt_deg?, roll_deg: roll_deg?, focal_px: focal_px? })
}
