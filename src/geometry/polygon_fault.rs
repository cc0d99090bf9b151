//! Whether corners make a polygon that has an inside.

/// Why corners don't make a polygon. Corners and edges are counted from 0; edge *i* runs from corner *i* to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolygonFault {
    /// Fewer than three corners.
    TooFewCorners {
        /// How many there are.
        count: usize,
    },
    /// Two corners are the same point.
    RepeatedCorner {
        /// The first of them.
        first: usize,
        /// The second of them.
        second: usize,
    },
    /// All corners lie on one line.
    ZeroArea,
    /// Two edges cross or touch, other than neighbours at the corner that they share.
    SelfCrossing {
        /// The first of them.
        first: usize,
        /// The second of them.
        second: usize,
    },
}

/// Twice the area below which corners count as lying on one line, as a share of the square of the longer side of their
/// bounding box. Rounding of coordinates stays far below it; a zone a thousandth as wide as it is long, far above.
const FLAT_SHARE: f64 = 1e-9;

/// The first thing that is wrong with a polygon, simplest first; `None`: it is a simple polygon with an area.
///
/// The polygon closes by itself: the last corner is joined to the first. Its direction does not matter. Corners must be
/// finite numbers; others read as no area.
#[must_use]
pub fn polygon_fault(points: &[(f64, f64)]) -> Option<PolygonFault> {
    let count = points.len();
    if count < 3 {
        return Some(PolygonFault::TooFewCorners { count });
    }
    let pairs = || (0..count).flat_map(|first| (first + 1..count).map(move |second| (first, second)));
    if let Some((first, second)) = pairs().find(|&(first, second)| points[first] == points[second]) {
        return Some(PolygonFault::RepeatedCorner { first, second });
    }
    let flat = FLAT_SHARE * longer_side(points).powi(2);
    if all_on_one_line(points, flat) {
        return Some(PolygonFault::ZeroArea);
    }
    let edge = |at: usize| (points[at], points[(at + 1) % count]);
    pairs()
        .find(|&(first, second)| edges_meet(edge(first), edge(second), flat))
        .map(|(first, second)| PolygonFault::SelfCrossing { first, second })
}

type Point = (f64, f64);

fn longer_side(points: &[Point]) -> f64 {
    let span = |value: fn(&Point) -> f64| {
        let low = points.iter().map(value).fold(f64::INFINITY, f64::min);
        let high = points.iter().map(value).fold(f64::NEG_INFINITY, f64::max);
        high - low
    };
    span(|point| point.0).max(span(|point| point.1))
}

/// Twice the signed area of the triangle a, b, c: its sign says on which side of a→b the point c lies.
fn turn(a: Point, b: Point, c: Point) -> f64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

/// The sum of an 8's two lobes is 0 although it has an inside, so the shoelace formula cannot tell.
fn all_on_one_line(points: &[Point], flat: f64) -> bool {
    let far = |from: Point| {
        let distance = |point: &Point| (point.0 - from.0).hypot(point.1 - from.1);
        points.iter().copied().max_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(from)
    };
    let a = far(points[0]);
    let b = far(a);
    // Written so that a value that is not a number reads as flat.
    !points.iter().any(|&point| turn(a, b, point).abs() > flat)
}

/// Whether two edges share a point that they shouldn't: neighbours may share their common corner and nothing else.
fn edges_meet((a, b): (Point, Point), (c, d): (Point, Point), flat: f64) -> bool {
    if b == c || a == d {
        let (corner, before, after) = if b == c { (b, a, d) } else { (a, b, c) };
        // A spike: the second edge runs back over the first.
        let along = (before.0 - corner.0) * (after.0 - corner.0) + (before.1 - corner.1) * (after.1 - corner.1);
        return turn(before, corner, after).abs() <= flat && along > 0.0;
    }
    let side = |a, b, c| {
        let turn = turn(a, b, c);
        if turn.abs() <= flat {
            0
        } else if turn > 0.0 {
            1
        } else {
            -1
        }
    };
    let (c_side, d_side, a_side, b_side) = (side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b));
    if c_side * d_side < 0 && a_side * b_side < 0 {
        return true;
    }
    let within = |p: Point, a: Point, b: Point| {
        a.0.min(b.0) <= p.0 && p.0 <= a.0.max(b.0) && a.1.min(b.1) <= p.1 && p.1 <= a.1.max(b.1)
    };
    (c_side == 0 && within(c, a, b))
        || (d_side == 0 && within(d, a, b))
        || (a_side == 0 && within(a, c, d))
        || (b_side == 0 && within(b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SQUARE: [Point; 4] = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)];

    #[test]
    fn simple_polygons_are_fine_in_either_direction() {
        let mut square = SQUARE.to_vec();
        assert_eq!(polygon_fault(&square), None);
        square.reverse();
        assert_eq!(polygon_fault(&square), None);
        let arrow = [(0.0, 0.0), (4.0, 2.0), (0.0, 4.0), (1.0, 2.0)];
        assert_eq!(polygon_fault(&arrow), None);
        // A corner in the middle of a straight side is allowed: editors leave such corners behind.
        assert_eq!(polygon_fault(&[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (1.0, 2.0)]), None);
        // A long, narrow walkway.
        assert_eq!(polygon_fault(&[(0.0, 0.5), (1.0, 0.5), (1.0, 0.501), (0.0, 0.501)]), None);
    }

    #[test]
    fn each_fault_is_named_with_its_corners() {
        use PolygonFault::*;
        assert_eq!(polygon_fault(&[]), Some(TooFewCorners { count: 0 }));
        assert_eq!(polygon_fault(&SQUARE[..2]), Some(TooFewCorners { count: 2 }));
        let closed = [SQUARE.as_slice(), &SQUARE[..1]].concat();
        assert_eq!(polygon_fault(&closed), Some(RepeatedCorner { first: 0, second: 4 }));
        assert_eq!(polygon_fault(&[(0.1, 0.1), (0.2, 0.2), (0.7, 0.7)]), Some(ZeroArea));
        assert_eq!(polygon_fault(&[(0.1, 0.1), (f64::NAN, 0.2), (0.7, 0.7)]), Some(ZeroArea));
        let hourglass = [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]];
        assert_eq!(polygon_fault(&hourglass), Some(SelfCrossing { first: 0, second: 2 }));
        // The second corner touches the opposite edge.
        let touching = [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0)];
        assert_eq!(polygon_fault(&touching), Some(SelfCrossing { first: 0, second: 3 }));
        // An edge that runs back over the one before it.
        let spike = [(0.0, 0.0), (3.0, 0.0), (1.0, 0.0), (1.0, 2.0)];
        assert_eq!(polygon_fault(&spike), Some(SelfCrossing { first: 0, second: 1 }));
    }

    proptest! {
        /// Corners in the order of their angle around a point make a star-shaped polygon, which never crosses itself.
        #[test]
        fn star_shaped_polygons_have_no_fault(radii in prop::collection::vec(0.1..1.0_f64, 3..40), scale in 0.01..2000.0_f64) {
            let corners = radii.len() as f64;
            let points: Vec<Point> = radii.iter().enumerate().map(|(at, radius)| {
                let angle = std::f64::consts::TAU * at as f64 / corners;
                (scale * (5.0 + radius * angle.cos()), scale * (5.0 + radius * angle.sin()))
            }).collect();
            prop_assert_eq!(polygon_fault(&points), None);
        }

        /// Exchanging two neighbouring corners of a convex polygon makes it cross itself.
        #[test]
        fn a_convex_polygon_with_two_corners_exchanged_crosses_itself(corners in 4..40_usize, at in 0..40_usize) {
            let mut points: Vec<Point> = (0..corners).map(|at| {
                let angle = std::f64::consts::TAU * at as f64 / corners as f64;
                (angle.cos(), angle.sin())
            }).collect();
            points.swap(at % corners, (at + 1) % corners);
            let crossed = matches!(polygon_fault(&points), Some(PolygonFault::SelfCrossing { .. }));
            prop_assert!(crossed);
        }

        #[test]
        fn any_corners_get_an_answer(points in prop::collection::vec((any::<f64>(), any::<f64>()), 0..12)) {
            let _ = polygon_fault(&points);
        }
    }
}
