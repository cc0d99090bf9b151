//! Whether point pairs can fix a plane at all.

use super::fault::{CalibrationFault, Plane};
use crate::model::{GroundPoint, PixelPoint};

/// A place in the picture and the same place on the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointPair {
    /// In the picture.
    pub image: PixelPoint,
    /// On the ground.
    pub ground: GroundPoint,
}

/// Distance from a line within which a point counts as on it, as a share of the points' spread. A place clicked or
/// taped with that little leverage says more about the hand than about the plane.
const LINE_SHARE: f64 = 0.01;
/// Distance within which two places are the same, as a share of the spread.
const SAME_SHARE: f64 = 1e-6;
/// Twice a triangle's area, as a share of the square of the spread, from which on its direction of turning is sure.
const SURE_TURN_SHARE: f64 = 0.02;

type Flat = (f64, f64);

/// Both planes' points as plain numbers.
fn planes(pairs: &[PointPair]) -> [(Plane, Vec<Flat>); 2] {
    [
        (Plane::Picture, pairs.iter().map(|pair| (pair.image.x, pair.image.y)).collect()),
        (Plane::Ground, pairs.iter().map(|pair| (pair.ground.x_m, pair.ground.y_m)).collect()),
    ]
}

/// Refuses sets that leave the plane open: too few, repeated, all but one on a line.
pub(super) fn check(pairs: &[PointPair]) -> Result<(), CalibrationFault> {
    let all: Vec<usize> = (0..pairs.len()).collect();
    check_of(pairs, &all)
}

/// [`check`] of some of the points.
pub(super) fn check_of(pairs: &[PointPair], of: &[usize]) -> Result<(), CalibrationFault> {
    if of.len() < 4 {
        return Err(CalibrationFault::TooFewPoints { count: of.len() });
    }
    let couples = || of.iter().enumerate().flat_map(|(at, &i)| of[at + 1..].iter().map(move |&j| (i, j)));
    let planes = planes(pairs);
    for (plane, points) in &planes {
        let spread = spread(points);
        let same = |&(i, j): &(usize, usize)| distance(points[i], points[j]) <= spread * SAME_SHARE;
        if let Some((first, second)) = couples().find(same) {
            return Err(CalibrationFault::RepeatedPoint { first, second, plane: *plane });
        }
    }
    for (plane, points) in &planes {
        let near = spread(points) * LINE_SHARE;
        for (i, j) in couples() {
            let on_line: Vec<usize> =
                of.iter().copied().filter(|&k| from_line(points[k], points[i], points[j]) <= near).collect();
            if on_line.len() + 1 >= of.len() {
                return Err(CalibrationFault::OnOneLine { points: on_line, plane: *plane });
            }
        }
    }
    Ok(())
}

/// Refuses four points of which some triangles keep their direction of turning and others don't: with no fifth point
/// no residual would show it.
pub(super) fn check_turning(pairs: &[PointPair]) -> Result<(), CalibrationFault> {
    let [(_, image), (_, ground)] = planes(pairs);
    let (image_spread, ground_spread) = (spread(&image), spread(&ground));
    let mut right = 0;
    let mut mirrored = Vec::new();
    for i in 0..pairs.len() {
        for j in i + 1..pairs.len() {
            for k in j + 1..pairs.len() {
                let turn = |points: &[Flat], spread: f64| {
                    let share = doubled_area(points[i], points[j], points[k]) / (spread * spread);
                    (share.abs() > SURE_TURN_SHARE).then_some(share > 0.0)
                };
                match (turn(&image, image_spread), turn(&ground, ground_spread)) {
                    // y goes down in the picture, so what turns left there turns right on the ground.
                    (Some(a), Some(b)) if a != b => right += 1,
                    (Some(_), Some(_)) => mirrored.push([i, j, k]),
                    _ => {}
                }
            }
        }
    }
    match (right, mirrored.first()) {
        (_, None) => Ok(()),
        (0, Some(_)) => Err(CalibrationFault::Mirrored),
        (_, Some(triangle)) => Err(CalibrationFault::MixedUp { points: triangle.to_vec() }),
    }
}

fn spread(points: &[Flat]) -> f64 {
    let span = |value: fn(&Flat) -> f64| {
        let (low, high) = points
            .iter()
            .map(value)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        high - low
    };
    span(|point| point.0).hypot(span(|point| point.1))
}

fn distance(a: Flat, b: Flat) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

fn doubled_area(a: Flat, b: Flat, c: Flat) -> f64 {
    (b.0 - a.0) * (c.1 - a.1) - (c.0 - a.0) * (b.1 - a.1)
}

/// Distance from the line through two points.
fn from_line(point: Flat, a: Flat, b: Flat) -> f64 {
    doubled_area(a, b, point).abs() / distance(a, b)
}
