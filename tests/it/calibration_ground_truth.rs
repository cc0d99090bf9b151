//! Calibration against the PETS2009 S2.L1 camera (shared data; skipped where it is absent): planes from a few measured
//! points against the known homography, and the people in its ground truth.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::collections::BTreeMap;

use crowdflow::calibration::{GroundPlane, PointPair, WalkerPoint, check_walkers, fit};
use crowdflow::config;
use crowdflow::geometry::GroundArea;
use crowdflow::model::{FrameSize, GroundPoint, PixelBox, PixelPoint};

use crate::flow_ground_truth::shared;

const SIZE: FrameSize = FrameSize { width_px: 768, height_px: 576 };
const FPS: f64 = 7.0;

/// Places that can be seen in the picture.
const PLACES: [(f64, f64); 9] = [
    (433.0, 391.0),
    (597.0, 333.0),
    (343.0, 312.0),
    (42.0, 190.0),
    (171.0, 206.0),
    (604.0, 145.0),
    (177.0, 274.0),
    (753.0, 285.0),
    (339.0, 461.0),
];

fn known_plane() -> Option<GroundPlane> {
    let text = std::fs::read_to_string(shared("pets/homography_view001.json")?).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = std::array::from_fn(|row| {
        std::array::from_fn(|column| json["H_image_to_world"][row][column].as_f64().unwrap())
    });
    Some(GroundPlane::from_homography(rows, SIZE, 0.0).unwrap())
}

/// Scored boxes by person, in the order of time.
fn people() -> Option<Vec<Vec<WalkerPoint>>> {
    let text = std::fs::read_to_string(shared("pets/gt.txt")?).unwrap();
    let mut people: BTreeMap<u64, Vec<WalkerPoint>> = BTreeMap::new();
    for line in text.lines() {
        let row: Vec<f64> = line.split(',').map(|field| field.trim().parse().unwrap()).collect();
        if row[6] == 1.0 {
            let bbox = PixelBox { left: row[2], top: row[3], right: row[2] + row[4], bottom: row[3] + row[5] };
            people.entry(row[1] as u64).or_default().push(WalkerPoint { at_s: row[0] / FPS, bbox });
        }
    }
    for points in people.values_mut() {
        points.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    }
    Some(people.into_values().collect())
}

/// Distances on the ground between two planes' places of all foot points, sorted.
fn differences_m(a: &GroundPlane, b: &GroundPlane, people: &[Vec<WalkerPoint>]) -> Vec<f64> {
    let feet = people.iter().flatten().map(|point| point.bbox.foot());
    let mut off: Vec<f64> =
        feet.map(|foot| a.to_ground(foot).unwrap().distance_m(b.to_ground(foot).unwrap())).collect();
    off.sort_by(f64::total_cmp);
    off
}

#[test]
fn points_taped_to_a_decimetre_put_people_within_centimetres() {
    let (Some(known), Some(people)) = (known_plane(), people()) else { return };
    // Pixels read to the pixel, metres to 5 cm either way: what a tape gives.
    let pairs = PLACES.map(|(x, y)| {
        let image = PixelPoint { x, y };
        let ground = known.to_ground(image).unwrap();
        let rounded = |metres: f64| (metres * 10.0).round() / 10.0;
        PointPair { image, ground: GroundPoint { x_m: rounded(ground.x_m), y_m: rounded(ground.y_m) } }
    });
    let fitted = fit(&pairs, SIZE, 0.0).unwrap();
    assert!(fitted.points.iter().all(|point| point.used), "{:?}", fitted.points);
    let off_m = differences_m(&known, &fitted.plane, &people);
    let (median_m, p95_m) = (off_m[off_m.len() / 2], off_m[off_m.len() * 95 / 100]);
    println!("rms {:.3} m; feet: median {median_m:.3} m, p95 {p95_m:.3} m", fitted.rms_ground_m());
    assert!(fitted.rms_ground_m() < 0.06);
    assert!(median_m < 0.05 && p95_m < 0.15, "median {median_m} m, p95 {p95_m} m");
}

#[test]
fn the_demo_is_calibrated_to_centimetres() {
    let (Some(known), Some(people)) = (known_plane(), people()) else { return };
    let text = include_str!("../../config/demo.toml");
    let plan = config::parse(text, std::path::Path::new("/"), &|_| None).unwrap();
    let camera = &plan.cameras[0];
    let plane = camera.calibration.as_ref().unwrap().at_size(SIZE);
    let off_m = differences_m(&known, &plane, &people);
    assert!(off_m[off_m.len() / 2] < 0.05, "median {} m", off_m[off_m.len() / 2]);
    let centre = camera.zones.iter().find(|zone| zone.id.as_str() == "centre").unwrap();
    let corners: Vec<PixelPoint> = centre.polygon.iter().map(|corner| corner.to_px(SIZE)).collect();
    let true_m2 = GroundArea::new(&known.polygon_to_ground(&corners).unwrap(), &[]).unwrap().area_m2();
    let derived = centre.area_m2.unwrap();
    assert!((derived / true_m2 - 1.0).abs() < 0.02, "{derived} m² for {true_m2} m²");
}

#[test]
fn people_have_the_height_and_speed_of_people() {
    let (Some(known), Some(people)) = (known_plane(), people()) else { return };
    let check = check_walkers(&known, &people);
    println!("{check:?}");
    let (height_m, speed_mps) = (check.body_height_m.unwrap(), check.speed_mps.unwrap());
    assert!(check.height_by_pose);
    assert!((height_m / 1.76 - 1.0).abs() < 0.05, "{height_m} m");
    assert!((speed_mps / 0.98 - 1.0).abs() < 0.08, "{speed_mps} m/s");
    assert!(check.warnings.is_empty(), "{:?}", check.warnings);
    // The camera, worked out from the homography alone: the Tsai calibration has it 7.07 m up.
    let pose = known.pose().unwrap();
    assert!((pose.height_m / 7.066 - 1.0).abs() < 0.05, "{pose:?}");
}
