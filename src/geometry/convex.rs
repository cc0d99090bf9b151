//! Convex polygons on the ground, cut by straight lines: all that Voronoi cells need.

use super::GroundSegment;
use crate::model::GroundPoint;

/// All points on one side of a straight line, the line included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfPlane {
    normal_x: f64,
    normal_y: f64,
    offset: f64,
}

impl HalfPlane {
    /// The points that are at least as near to `own` as to `other`; all points where the two are one.
    #[must_use]
    pub fn nearer_to(own: GroundPoint, other: GroundPoint) -> Self {
        let (normal_x, normal_y) = (other.x_m - own.x_m, other.y_m - own.y_m);
        let (middle_x, middle_y) = (own.x_m + normal_x / 2.0, own.y_m + normal_y / 2.0);
        Self { normal_x, normal_y, offset: normal_x * middle_x + normal_y * middle_y }
    }

    /// The points to the left of the line from `a` to `b`; all points where the two are one.
    #[must_use]
    pub fn left_of(a: GroundPoint, b: GroundPoint) -> Self {
        let (normal_x, normal_y) = (b.y_m - a.y_m, a.x_m - b.x_m);
        Self { normal_x, normal_y, offset: normal_x * a.x_m + normal_y * a.y_m }
    }

    /// Above 0 outside, growing with the distance from the line.
    fn excess(&self, point: GroundPoint) -> f64 {
        self.normal_x * point.x_m + self.normal_y * point.y_m - self.offset
    }
}

/// A convex polygon; its corners go round counter-clockwise (y to the left of x).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConvexPolygon {
    corners: Vec<GroundPoint>,
}

impl ConvexPolygon {
    /// The polygon with these corners, which the caller knows to be convex and counter-clockwise.
    #[must_use]
    pub fn new(corners: Vec<GroundPoint>) -> Self {
        Self { corners }
    }

    /// Its corners.
    #[must_use]
    pub fn corners(&self) -> &[GroundPoint] {
        &self.corners
    }

    /// Its sides as half planes: the polygon is what they share.
    pub fn sides(&self) -> impl Iterator<Item = HalfPlane> {
        let next = self.corners.iter().cycle().skip(1);
        self.corners.iter().zip(next).map(|(&a, &b)| HalfPlane::left_of(a, b))
    }

    /// Cuts away what is outside the half plane; says whether anything was. `spare` is memory for the work.
    pub fn clip(&mut self, keep: &HalfPlane, spare: &mut Vec<GroundPoint>) -> bool {
        let Some(&last) = self.corners.last() else { return false };
        if self.corners.iter().all(|&corner| keep.excess(corner) <= 0.0) {
            return false;
        }
        spare.clear();
        let (mut before, mut before_excess) = (last, keep.excess(last));
        for &corner in &self.corners {
            let excess = keep.excess(corner);
            if (excess > 0.0) != (before_excess > 0.0) {
                let share = before_excess / (before_excess - excess);
                spare.push(GroundPoint {
                    x_m: before.x_m + share * (corner.x_m - before.x_m),
                    y_m: before.y_m + share * (corner.y_m - before.y_m),
                });
            }
            if excess <= 0.0 {
                spare.push(corner);
            }
            (before, before_excess) = (corner, excess);
        }
        std::mem::swap(&mut self.corners, spare);
        true
    }

    /// Area in m²; 0 where fewer than three corners are left.
    #[must_use]
    pub fn area_m2(&self) -> f64 {
        let Some((&origin, rest)) = self.corners.split_first() else { return 0.0 };
        // Relative to one corner: far from the origin the products would lose digits.
        let doubled: f64 = rest
            .windows(2)
            .map(|pair| {
                (pair[0].x_m - origin.x_m) * (pair[1].y_m - origin.y_m)
                    - (pair[1].x_m - origin.x_m) * (pair[0].y_m - origin.y_m)
            })
            .sum();
        doubled.max(0.0) / 2.0
    }

    /// The part of a segment that lies within, as shares of the way from its first point to its second; `None` where
    /// that is no length. A segment along a side lies within, rounding forgiven (a nanometre).
    #[must_use]
    pub fn span_of(&self, segment: &GroundSegment) -> Option<(f64, f64)> {
        let (mut from, mut to) = (0.0_f64, 1.0_f64);
        for side in self.sides() {
            let rounding = 1e-9 * side.normal_x.hypot(side.normal_y);
            let (at_a, at_b) = (side.excess(segment.a), side.excess(segment.b));
            if at_a.max(at_b) <= rounding {
                continue;
            }
            match (at_a > 0.0, at_b > 0.0) {
                (true, true) => return None,
                (true, false) => from = from.max(at_a / (at_a - at_b)),
                (false, true) => to = to.min(at_a / (at_a - at_b)),
                (false, false) => (),
            }
        }
        (self.corners.len() > 2 && from < to).then_some((from, to))
    }

    /// Its extent in x at this y, where it reaches there.
    #[must_use]
    pub fn extent_at_y(&self, y_m: f64) -> Option<(f64, f64)> {
        let next = self.corners.iter().cycle().skip(1);
        let met = self.corners.iter().zip(next).filter(|(a, b)| (a.y_m <= y_m) != (b.y_m <= y_m));
        met.map(|(a, b)| a.x_m + (y_m - a.y_m) / (b.y_m - a.y_m) * (b.x_m - a.x_m)).fold(None, |extent, x_m| {
            let (low, high) = extent.unwrap_or((x_m, x_m));
            Some((low.min(x_m), high.max(x_m)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(x_m: f64, y_m: f64) -> GroundPoint {
        GroundPoint { x_m, y_m }
    }

    #[test]
    fn a_square_is_cut_in_half_and_away() {
        let square = ConvexPolygon::new(vec![at(0.0, 0.0), at(2.0, 0.0), at(2.0, 2.0), at(0.0, 2.0)]);
        let mut spare = Vec::new();
        let mut left = square.clone();
        assert!(left.clip(&HalfPlane::nearer_to(at(0.5, 1.0), at(1.5, 1.0)), &mut spare));
        assert_eq!((square.area_m2(), left.area_m2()), (4.0, 2.0));
        assert!(!left.clip(&HalfPlane::nearer_to(at(0.5, 1.0), at(9.0, 1.0)), &mut spare), "nothing is there to cut");
        assert!(!left.clip(&HalfPlane::nearer_to(at(0.5, 1.0), at(0.5, 1.0)), &mut spare), "the same point");
        assert_eq!(left.extent_at_y(1.5), Some((0.0, 1.0)));
        assert_eq!(left.extent_at_y(2.5), None);
        left.clip(&HalfPlane::left_of(at(-1.0, 5.0), at(-1.0, 0.0)).clone(), &mut spare);
        let mut gone = square.clone();
        gone.clip(&HalfPlane::left_of(at(-1.0, 0.0), at(-1.0, 5.0)), &mut spare);
        assert_eq!((left.area_m2(), gone.area_m2()), (2.0, 0.0));
        let segment = |a, b| GroundSegment { a, b };
        let span = |a, b| square.span_of(&segment(a, b)).unwrap();
        let near = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs() < 1e-12 && (a.1 - b.1).abs() < 1e-12;
        assert!(near(span(at(-1.0, 1.0), at(3.0, 1.0)), (0.25, 0.75)));
        assert!(near(span(at(1.0, 1.0), at(1.0, 5.0)), (0.0, 0.25)));
        assert_eq!(square.span_of(&segment(at(0.0, 2.0), at(2.0, 2.0))), Some((0.0, 1.0)), "along a side");
        assert!(near(span(at(-1.0, 2.0 + 1e-16), at(1.0, 2.0 + 1e-16)), (0.5, 1.0)), "along it, rounded");
        assert_eq!(square.span_of(&segment(at(-1.0, 1.0), at(1.0, 3.5))), None, "past a corner");
        let mut same = square.clone();
        square.sides().for_each(|side| assert!(!same.clip(&side, &mut spare)));
        assert_eq!(same, square);
    }
}
