//! Planes made from cameras, points and matrices, against one another.

use proptest::prelude::*;

use super::*;
use crate::geometry::GroundArea;
use crate::model::{FrameSize, GroundPoint, PixelBox, PixelPoint};

const SIZE: FrameSize = FrameSize { width_px: 1280, height_px: 720 };
const CAMERA: CameraParameters = CameraParameters { height_m: 6.0, tilt_deg: 25.0, roll_deg: 2.0, focal_px: 1100.0 };

fn plane() -> GroundPlane {
    GroundPlane::from_camera(CAMERA, SIZE, 0.0).unwrap()
}

const fn ground(x_m: f64, y_m: f64) -> GroundPoint {
    GroundPoint { x_m, y_m }
}

/// Places on the ground, and where the plane draws them.
fn pairs(plane: &GroundPlane, places: &[(f64, f64)]) -> Vec<PointPair> {
    let pair = |&(x_m, y_m): &(f64, f64)| {
        let ground = ground(x_m, y_m);
        PointPair { image: plane.to_pixel(ground).unwrap(), ground }
    };
    places.iter().map(pair).collect()
}

const PLACES: [(f64, f64); 8] =
    [(-3.0, 8.0), (3.0, 8.5), (-4.0, 13.0), (4.0, 12.0), (0.0, 10.0), (-6.0, 22.0), (7.0, 25.0), (1.0, 17.0)];

fn off_px(a: PixelPoint, b: PixelPoint) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

#[test]
fn a_camera_sees_what_it_must() {
    let level = GroundPlane::from_camera(
        CameraParameters { height_m: 5.0, tilt_deg: 45.0, roll_deg: 0.0, focal_px: 1000.0 },
        SIZE,
        0.0,
    )
    .unwrap();
    let middle = PixelPoint { x: 640.0, y: 360.0 };
    // The line of sight meets the ground as far away as the camera is high.
    assert!(level.to_ground(middle).unwrap().distance_m(ground(0.0, 5.0)) < 1e-9);
    let across = 1000.0 / 50.0_f64.sqrt();
    assert!((level.px_per_m(middle).unwrap() - across).abs() < 1e-9);
    assert!((level.px_per_m_along_sight(middle).unwrap() - across / 2.0_f64.sqrt()).abs() < 1e-9);
    // What is to the right and further away is drawn to the right and higher up.
    let pixel = level.to_pixel(ground(1.0, 6.0)).unwrap();
    assert!(pixel.x > 640.0 && pixel.y < 360.0, "{pixel:?}");
    // A camera turned clockwise shows the world turned anticlockwise: what is to the right goes up.
    let turned = GroundPlane::from_camera(CameraParameters { roll_deg: 5.0, ..CAMERA }, SIZE, 0.0).unwrap();
    let straight = GroundPlane::from_camera(CameraParameters { roll_deg: 0.0, ..CAMERA }, SIZE, 0.0).unwrap();
    let right = ground(3.0, 12.0);
    assert!(turned.to_pixel(right).unwrap().y < straight.to_pixel(right).unwrap().y);
}

#[test]
fn nothing_is_at_or_beyond_the_horizon() {
    let plane = GroundPlane::from_camera(CameraParameters { roll_deg: 0.0, ..CAMERA }, SIZE, 0.0).unwrap();
    let horizon_y = 360.0 - CAMERA.focal_px * CAMERA.tilt_deg.to_radians().tan();
    for x in [-500.0, 640.0, 2000.0] {
        assert!(plane.to_ground(PixelPoint { x, y: horizon_y + 0.5 }).is_some());
        assert_eq!(plane.to_ground(PixelPoint { x, y: horizon_y - 0.5 }), None);
    }
    assert_eq!(plane.to_pixel(ground(0.0, -5.0)), None, "behind the camera");
    let sky = [(600.0, horizon_y - 10.0), (700.0, 500.0), (600.0, 500.0)].map(|(x, y)| PixelPoint { x, y });
    assert_eq!(plane.polygon_to_ground(&sky), None);
}

#[test]
fn the_pose_comes_back_from_points() {
    let fit = fit(&pairs(&plane(), &PLACES), SIZE, 0.0).unwrap();
    let pose = fit.plane.pose().unwrap();
    for (found, expected) in [
        (pose.height_m, CAMERA.height_m),
        (pose.tilt_deg, CAMERA.tilt_deg),
        (pose.roll_deg, CAMERA.roll_deg),
        (pose.focal_px, CAMERA.focal_px),
    ] {
        assert!((found - expected).abs() < 1e-6 * expected.abs(), "{pose:?}");
    }
    // Looking straight down, height and focal length can't be told apart.
    let down = CameraParameters { height_m: 10.0, tilt_deg: 90.0, roll_deg: 0.0, focal_px: 800.0 };
    let down = GroundPlane::from_camera(down, SIZE, 0.0).unwrap();
    let places = [(-3.0, -2.0), (3.0, -2.0), (3.0, 2.0), (-3.0, 2.0)];
    assert_eq!(super::fit(&pairs(&down, &places), SIZE, 0.0).unwrap().plane.pose(), None);
}

#[test]
fn upright_people_have_their_height() {
    // A camera that is not tilted draws a person over the foot at the same scale.
    let straight = CameraParameters { height_m: 3.0, tilt_deg: 0.0, roll_deg: 0.0, focal_px: 1000.0 };
    let plane = GroundPlane::from_camera(straight, SIZE, 0.0).unwrap();
    let foot = plane.to_pixel(ground(1.0, 10.0)).unwrap();
    let bbox = PixelBox { left: foot.x - 20.0, right: foot.x + 20.0, bottom: foot.y, top: foot.y - 170.0 };
    assert!((plane.height_m(&bbox).unwrap() - 1.7).abs() < 1e-9);
    assert!((plane.person_px(bbox.foot(), 1.7).unwrap() - bbox.height()).abs() < 1e-6);
    assert!((plane.height_by_scale_m(&bbox).unwrap() - 1.7).abs() < 0.02);
    // Seen from above, a point over the foot is higher: 1.7 m above the ground a ray from the camera at 3 m has gone
    // (3 − 1.7) / 3 of its way, so the head hides the ground at 3 / 1.3 times the distance.
    for tilt_deg in [10.0, 40.0] {
        let plane = GroundPlane::from_camera(CameraParameters { tilt_deg, ..straight }, SIZE, 0.0).unwrap();
        let foot = plane.to_pixel(ground(1.0, 6.0)).unwrap();
        let head = plane.to_pixel(ground(3.0 / 1.3, 6.0 * 3.0 / 1.3)).unwrap();
        let bbox = PixelBox { left: foot.x - 20.0, right: foot.x + 20.0, bottom: foot.y, top: head.y };
        let height = plane.height_m(&bbox).unwrap();
        assert!((height - 1.7).abs() < 1e-9, "{tilt_deg}: {height}");
    }
}

#[test]
fn areas_are_those_of_the_ground_with_and_without_distortion() {
    for k1 in [0.0, 0.08, -0.05] {
        let plane = GroundPlane::from_camera(CAMERA, SIZE, k1).unwrap();
        let square = [ground(-2.0, 9.0), ground(2.0, 9.0), ground(2.0, 13.0), ground(-2.0, 13.0)];
        let pixels = plane.polygon_to_pixels(&square).unwrap();
        let back = plane.polygon_to_ground(&pixels).unwrap();
        let area = GroundArea::new(&back, &[]).unwrap().area_m2();
        assert!((area - 16.0).abs() < 1e-2, "k1 {k1}: {area}");
        assert!(back[0].distance_m(square[0]) < 1e-6);
    }
    assert_eq!(plane().polygon_to_ground(&[]), Some(Vec::new()));
}

#[test]
fn sets_that_leave_the_plane_open_are_refused() {
    let fault = |change: &dyn Fn(&mut Vec<PointPair>)| {
        let mut pairs = pairs(&plane(), &PLACES[..4]);
        change(&mut pairs);
        fit(&pairs, SIZE, 0.0).unwrap_err().to_string()
    };
    let three = fault(&|pairs| pairs.truncate(3));
    insta::assert_snapshot!(three, @"3 point pairs");
    let repeated = fault(&|pairs| pairs[3].image = pairs[1].image);
    insta::assert_snapshot!(repeated, @"points [1] and [3], which are the same place in the picture");
    let line = fault(&|pairs| pairs[2].ground = ground(0.0, 8.25));
    insta::assert_snapshot!(line, @"points [0], [1] and [2], which lie on one line on the ground");
    let mirrored = fault(&|pairs| pairs.iter_mut().for_each(|pair| pair.ground.x_m = -pair.ground.x_m));
    insta::assert_snapshot!(mirrored, @"a mirror image: the points run round one way in the picture and the other way on the ground");
    let swapped = fault(&|pairs| {
        let first = pairs[0].ground;
        pairs[0].ground = pairs[1].ground;
        pairs[1].ground = first;
    });
    insta::assert_snapshot!(swapped, @"points [0], [1] and [2], which run round the other way in the picture than the other points do");
}

#[test]
fn larger_sets_that_make_no_plane_are_refused() {
    let mut all = pairs(&plane(), &PLACES);
    for pair in &mut all {
        pair.ground.y_m = -pair.ground.y_m;
    }
    assert_eq!(fit(&all, SIZE, 0.0).unwrap_err(), CalibrationFault::Mirrored);
    let mut one_line: Vec<(f64, f64)> = (0..6).map(|at| (f64::from(at) - 2.5, 10.0)).collect();
    one_line.push((1.0, 14.0));
    let fault = fit(&pairs(&plane(), &one_line), SIZE, 0.0).unwrap_err();
    insta::assert_snapshot!(fault, @"points [0], [1], [2], [3], [4] and [5], which lie on one line in the picture");
    // Five points of which one is wrong: any four fit a plane, so there is no telling which.
    let mut five = pairs(&plane(), &PLACES[..5]);
    five[3].ground.x_m += 6.0;
    let fault = fit(&five, SIZE, 0.0).unwrap_err();
    assert!(matches!(fault, CalibrationFault::Disagree { agreeing: 4, count: 5, .. }), "{fault}");
}

#[test]
fn matrices_without_a_ground_are_refused() {
    let of = |rows| GroundPlane::from_homography(rows, SIZE, 0.0).unwrap_err();
    assert_eq!(of([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), CalibrationFault::Singular);
    assert_eq!(of([[0.0; 3]; 3]), CalibrationFault::Singular);
    assert_eq!(of([[f64::MAX; 3]; 3]), CalibrationFault::Singular);
    // A plan seen from above has its y upwards.
    assert!(GroundPlane::from_homography([[0.01, 0.0, 0.0], [0.0, -0.01, 0.0], [0.0, 0.0, 1.0]], SIZE, 0.0).is_ok());
    let mirrored = of([[0.01, 0.0, 0.0], [0.0, 0.01, 0.0], [0.0, 0.0, 1.0]]);
    assert_eq!(mirrored, CalibrationFault::UpsideDown);
}

#[test]
fn people_who_make_no_sense_give_warnings() {
    let plane = plane();
    let walk = |step_m: f64, height_m: f64| -> Vec<WalkerPoint> {
        let point = |at: u32| {
            let place = ground(-1.0, 9.0 + step_m * f64::from(at) / 5.0);
            let foot = plane.to_pixel(place).unwrap();
            let hides = CAMERA.height_m / (CAMERA.height_m - height_m);
            let head = plane.to_pixel(ground(place.x_m * hides, place.y_m * hides)).unwrap();
            let bbox = PixelBox { left: foot.x - 9.0, right: foot.x + 9.0, top: head.y, bottom: foot.y };
            WalkerPoint { at_s: f64::from(at) / 5.0, bbox }
        };
        (0..30).map(point).collect()
    };
    let check = check_walkers(&plane, &[walk(1.3, 1.75)]);
    assert!((check.body_height_m.unwrap() - 1.75).abs() < 0.01, "{check:?}");
    assert!((check.speed_mps.unwrap() - 1.3).abs() < 1e-6, "{check:?}");
    assert!(check.warnings.is_empty() && check.height_by_pose && check.tracks == 1, "{check:?}");
    let check = check_walkers(&plane, &[walk(0.3, 1.0)]);
    assert!(matches!(
        check.warnings.as_slice(),
        [WalkerWarning::BodyHeight { .. }, WalkerWarning::WalkingSpeed { .. }]
    ));
    let check = check_walkers(&plane, &[walk(1.3, 1.75)[..5].to_vec(), Vec::new()]);
    assert_eq!(check.warnings, [WalkerWarning::TooFew { samples: 5 }]);
}

/// Cameras as they hang over walkways.
fn cameras() -> impl Strategy<Value = CameraParameters> {
    (2.5..15.0_f64, 8.0..70.0_f64, -8.0..8.0_f64, 500.0..2500.0_f64).prop_map(
        |(height_m, tilt_deg, roll_deg, focal_px)| CameraParameters { height_m, tilt_deg, roll_deg, focal_px },
    )
}

/// Pixels of a picture's lower part, on a loose grid: never nearly on a line.
fn clicks() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((-0.08..0.08_f64, -0.08..0.08_f64), 8).prop_map(|shifts| {
        let grid =
            [(0.15, 0.4), (0.85, 0.45), (0.1, 0.9), (0.9, 0.85), (0.5, 0.55), (0.3, 0.7), (0.7, 0.7), (0.5, 0.9)];
        grid.iter().zip(shifts).map(|((x, y), (dx, dy))| ((x + dx) * 1280.0, (y + dy) * 720.0)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn pixels_come_back_from_the_ground(
        camera in cameras(), k1 in -0.1..0.3_f64, x in 0.0..1280.0_f64, y in 0.0..720.0_f64, scale in 1_u32..4,
    ) {
        let plane = GroundPlane::from_camera(camera, SIZE, k1).unwrap();
        let point = PixelPoint { x, y };
        if let Some(ground) = plane.to_ground(point) {
            let back = plane.to_pixel(ground).unwrap();
            prop_assert!(off_px(back, point) < 1e-4, "{point:?} {ground:?} {back:?}");
            // The same place in a picture of another size, squeezed too.
            let other = plane.at_size(FrameSize { width_px: 1280 * scale, height_px: 360 });
            let same = other.to_ground(PixelPoint { x: x * f64::from(scale), y: y / 2.0 }).unwrap();
            let reach_m = ground.x_m.hypot(ground.y_m);
            prop_assert!(same.distance_m(ground) <= 1e-6 * (1.0 + reach_m), "{:?} {:?}", same, ground);
        }
    }

    #[test]
    fn exact_points_give_their_plane(camera in cameras(), clicks in clicks(), count in 4_usize..=8, k1 in -0.1..0.2_f64) {
        let plane = GroundPlane::from_camera(camera, SIZE, k1).unwrap();
        let pairs: Vec<PointPair> = clicks[..count].iter().filter_map(|&(x, y)| {
            let image = PixelPoint { x, y };
            Some(PointPair { image, ground: plane.to_ground(image)? })
        }).collect();
        prop_assume!(pairs.len() == count);
        // Close to the horizon the ground coordinates of exact pixels are beyond taping.
        prop_assume!(pairs.iter().all(|pair| pair.ground.y_m < 200.0));
        match fit(&pairs, SIZE, k1) {
            Ok(found) => {
                for pair in &pairs {
                    let off_m = found.plane.to_ground(pair.image).unwrap().distance_m(pair.ground);
                    prop_assert!(off_m < 1e-5, "{off_m}");
                }
                prop_assert!(found.points.iter().all(|point| point.used));
            }
            // Points that are spread in the picture may lie on a line on the ground for grazing views.
            Err(fault) => prop_assert!(matches!(fault, CalibrationFault::OnOneLine { .. }), "{fault}"),
        }
    }

    #[test]
    fn noise_gives_residuals_of_its_order_and_outliers_are_left_out(
        noise in prop::collection::vec((-0.05..0.05_f64, -0.05..0.05_f64), 8), outlier in 0_usize..8, off_m in 3.0..6.0_f64,
    ) {
        let mut pairs = pairs(&plane(), &PLACES);
        for (pair, (dx, dy)) in pairs.iter_mut().zip(noise) {
            pair.ground.x_m += dx;
            pair.ground.y_m += dy;
        }
        let noisy = fit(&pairs, SIZE, 0.0).unwrap();
        prop_assert!(noisy.rms_ground_m() < 0.08, "{}", noisy.rms_ground_m());
        prop_assert!(noisy.points.iter().all(|point| point.used));
        pairs[outlier].ground.x_m += off_m;
        let found = fit(&pairs, SIZE, 0.0).unwrap();
        let left_out: Vec<usize> = (0..8).filter(|&at| !found.points[at].used).collect();
        prop_assert_eq!(left_out, vec![outlier]);
        prop_assert!(found.points[outlier].ground_m.unwrap() > 1.0);
        prop_assert!(found.rms_ground_m() < 0.08);
    }

    #[test]
    fn any_points_give_a_plane_or_a_fault(
        numbers in prop::collection::vec((-1e3..1e3_f64, -1e3..1e3_f64, -50.0..50.0_f64, -50.0..50.0_f64), 0..12),
    ) {
        let pairs: Vec<PointPair> = numbers.iter().map(|&(x, y, x_m, y_m)| {
            PointPair { image: PixelPoint { x, y }, ground: GroundPoint { x_m, y_m } }
        }).collect();
        if let Ok(found) = fit(&pairs, SIZE, 0.0) {
            prop_assert!(found.points.iter().filter(|point| point.used).count() >= 4);
        }
    }
}
