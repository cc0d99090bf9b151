//! A polygon in the picture, prepared for many questions.

use super::Segment;
use crate::model::{PixelBox, PixelPoint};

/// A polygon in pixels, closed by itself (the last corner joins the first). Made once for each picture size.
///
/// Configuration refuses fewer than three corners and self-crossing outlines; here they are harmless: what has no area
/// contains nothing, and a self-crossing outline is filled by the even-odd rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon {
    sides: Vec<Segment>,
    bounds: PixelBox,
    area_px2: f64,
    perimeter_px: f64,
}

impl Polygon {
    /// Prepares the polygon with these corners, in either direction of turning.
    #[must_use]
    pub fn new(corners: &[PixelPoint]) -> Self {
        let next = corners.iter().skip(1).chain(corners.first());
        let sides: Vec<Segment> = corners.iter().zip(next).map(|(&a, &b)| Segment { a, b }).collect();
        let empty =
            PixelBox { left: f64::INFINITY, top: f64::INFINITY, right: f64::NEG_INFINITY, bottom: f64::NEG_INFINITY };
        let bounds = corners.iter().fold(empty, |bounds, corner| PixelBox {
            left: bounds.left.min(corner.x),
            top: bounds.top.min(corner.y),
            right: bounds.right.max(corner.x),
            bottom: bounds.bottom.max(corner.y),
        });
        // Shoelace formula, relative to the first corner: far from the origin the products would lose digits.
        let origin = corners.first().copied().unwrap_or(PixelPoint { x: 0.0, y: 0.0 });
        let doubled: f64 = sides
            .iter()
            .map(|s| (s.a.x - origin.x) * (s.b.y - origin.y) - (s.b.x - origin.x) * (s.a.y - origin.y))
            .sum();
        let perimeter_px = sides.iter().map(Segment::length).sum();
        Self { sides, bounds, area_px2: doubled.abs() / 2.0, perimeter_px }
    }

    /// Its corners, in their order.
    pub fn corners(&self) -> impl Iterator<Item = PixelPoint> {
        self.sides.iter().map(|side| side.a)
    }

    /// The smallest upright box around it; inside out where there are no corners.
    #[must_use]
    pub fn bounds(&self) -> PixelBox {
        self.bounds
    }

    /// Area in square pixels.
    #[must_use]
    pub fn area_px2(&self) -> f64 {
        self.area_px2
    }

    /// Length of the border in pixels.
    #[must_use]
    pub fn perimeter_px(&self) -> f64 {
        self.perimeter_px
    }

    /// Whether the point lies inside, by the even-odd rule.
    ///
    /// Of points on the border some are inside and some are not, but polygons that share a border share it out: a
    /// point on it is inside exactly one of them, so zones side by side count nobody twice and lose nobody.
    #[must_use]
    pub fn contains(&self, point: PixelPoint) -> bool {
        let bounds = &self.bounds;
        let outside =
            point.x < bounds.left || point.x > bounds.right || point.y < bounds.top || point.y > bounds.bottom;
        !outside && self.sides.iter().filter(|side| ray_meets(side, point)).count() % 2 == 1
    }

    /// Distance from the border in pixels, on either side of it; infinite where there are no corners.
    #[must_use]
    pub fn border_distance(&self, point: PixelPoint) -> f64 {
        self.sides.iter().map(|side| side.square_distance(point)).fold(f64::INFINITY, f64::min).sqrt()
    }

    /// Distance in pixels between the segment and the polygon with its inside: 0 where they have a point in common,
    /// infinite where the polygon has no sides.
    #[must_use]
    pub fn distance_to(&self, segment: &Segment) -> f64 {
        let ends = [segment.a, segment.b];
        let meets = |side: &Segment| segment.crossing(side.a, side.b) != 0;
        if ends.into_iter().any(|end| self.contains(end)) || self.sides.iter().any(meets) {
            return 0.0;
        }
        // Two segments that don't cross are nearest at an end of one of them.
        let corners = self.sides.iter().map(|side| segment.square_distance(side.a));
        let of_ends = ends.into_iter().flat_map(|end| self.sides.iter().map(move |side| side.square_distance(end)));
        corners.chain(of_ends).fold(f64::INFINITY, f64::min).sqrt()
    }

    /// [`Polygon::border_distance`], positive inside, negative outside.
    #[must_use]
    pub fn signed_distance(&self, point: PixelPoint) -> f64 {
        let distance = self.border_distance(point);
        if self.contains(point) { distance } else { -distance }
    }
}

/// Whether the ray from the point towards growing x meets the side. Each side includes its upper end and not its lower
/// one, so that a ray through a corner meets one of two sides that go on and both or neither of two that turn back;
/// and it is always computed from its upper end, so that two polygons which share a side agree on it to the last bit.
fn ray_meets(side: &Segment, point: PixelPoint) -> bool {
    let (upper, lower) = if side.a.y < side.b.y { (side.a, side.b) } else { (side.b, side.a) };
    if point.y < upper.y || point.y >= lower.y {
        return false;
    }
    point.x < upper.x + (point.y - upper.y) / (lower.y - upper.y) * (lower.x - upper.x)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(x: f64, y: f64) -> PixelPoint {
        PixelPoint { x, y }
    }

    fn corners(points: &[(f64, f64)]) -> Vec<PixelPoint> {
        points.iter().map(|&(x, y)| at(x, y)).collect()
    }

    #[test]
    fn a_concave_polygon_contains_its_arms_and_not_its_notch() {
        let u = Polygon::new(&corners(&[
            (0.0, 0.0),
            (10.0, 0.0),
            (10.0, 40.0),
            (30.0, 40.0),
            (30.0, 0.0),
            (40.0, 0.0),
            (40.0, 50.0),
            (0.0, 50.0),
        ]));
        assert!(u.contains(at(5.0, 20.0)) && u.contains(at(35.0, 20.0)) && u.contains(at(20.0, 45.0)));
        assert!(!u.contains(at(20.0, 20.0)) && !u.contains(at(-1.0, 20.0)) && !u.contains(at(20.0, 51.0)));
        assert_eq!(u.area_px2(), 40.0 * 50.0 - 20.0 * 40.0);
        assert_eq!(u.perimeter_px(), 40.0 + 50.0 + 40.0 + 50.0 + 2.0 * 40.0);
        assert_eq!(u.signed_distance(at(20.0, 45.0)), 5.0);
        assert_eq!(u.signed_distance(at(20.0, 20.0)), -10.0);
        assert_eq!(u.signed_distance(at(43.0, 54.0)), -5.0);
        let segment = |a: (f64, f64), b: (f64, f64)| Segment { a: at(a.0, a.1), b: at(b.0, b.1) };
        // Within an arm; right through; in the notch, 4 from a side; beside a corner.
        assert_eq!(u.distance_to(&segment((2.0, 10.0), (4.0, 20.0))), 0.0);
        assert_eq!(u.distance_to(&segment((-5.0, 10.0), (60.0, 11.0))), 0.0);
        assert_eq!(u.distance_to(&segment((14.0, -9.0), (14.0, 20.0))), 4.0);
        assert_eq!(u.distance_to(&segment((43.0, 54.0), (90.0, 54.0))), 5.0);
        assert_eq!(u.bounds(), PixelBox { left: 0.0, top: 0.0, right: 40.0, bottom: 50.0 });
    }

    #[test]
    fn what_has_no_area_contains_nothing() {
        for points in [&[][..], &[(1.0, 1.0)], &[(0.0, 0.0), (5.0, 5.0)], &[(2.0, 2.0), (2.0, 2.0), (2.0, 2.0)]] {
            let nothing = Polygon::new(&corners(points));
            assert!(!nothing.contains(at(1.0, 1.0)) && !nothing.contains(at(2.0, 2.0)));
            assert_eq!(nothing.area_px2(), 0.0);
            assert!(nothing.signed_distance(at(9.0, 9.0)) < 0.0);
        }
    }

    /// A polygon that does not cross itself: corners around a centre at rising angles.
    fn star() -> impl Strategy<Value = Vec<PixelPoint>> {
        prop::collection::vec(10.0..400.0, 3..12).prop_map(|radii| {
            let step = std::f64::consts::TAU / radii.len() as f64;
            radii
                .iter()
                .enumerate()
                .map(|(i, r)| at(r * (i as f64 * step).cos(), r * (i as f64 * step).sin()))
                .collect()
        })
    }

    fn near_it() -> impl Strategy<Value = PixelPoint> {
        (-450.0..450.0, -450.0..450.0).prop_map(|(x, y)| at(x, y))
    }

    fn far_away() -> impl Strategy<Value = PixelPoint> {
        (-5000.0..5000.0, -5000.0..5000.0).prop_map(|(x, y)| at(x, y))
    }

    /// Sum of the angles under which the point sees the sides, in turns: another way to the same answer.
    fn winding_number(corners: &[PixelPoint], p: PixelPoint) -> i32 {
        let next = corners.iter().cycle().skip(1);
        let angles = corners.iter().zip(next).map(|(a, b)| {
            let (ax, ay, bx, by) = (a.x - p.x, a.y - p.y, b.x - p.x, b.y - p.y);
            (ax * by - ay * bx).atan2(ax * bx + ay * by)
        });
        (angles.sum::<f64>() / std::f64::consts::TAU).round() as i32
    }

    proptest! {
        #[test]
        fn inside_agrees_with_the_winding_number(corners in star(), point in near_it()) {
            let polygon = Polygon::new(&corners);
            prop_assume!(polygon.signed_distance(point).abs() > 1e-6);
            prop_assert_eq!(polygon.contains(point), winding_number(&corners, point) != 0);
        }

        #[test]
        fn a_step_into_the_polygon_crosses_its_border_once_more_inwards(
            corners in star(), from in near_it(), to in near_it()
        ) {
            // The corners go round with growing angle where y points down: the inside is on the right of each side.
            let polygon = Polygon::new(&corners);
            let inwards: i32 = polygon.sides.iter().map(|side| -side.crossing(from, to)).sum();
            let inside = |p| i32::from(polygon.contains(p));
            prop_assert_eq!(inwards, inside(to) - inside(from));
        }

        #[test]
        fn moving_and_turning_the_picture_changes_nothing(
            corners in star(), point in near_it(), shift in far_away(), angle in 0.0..std::f64::consts::TAU
        ) {
            let (sin, cos) = angle.sin_cos();
            let moved = |p: &PixelPoint| at(p.x * cos - p.y * sin + shift.x, p.x * sin + p.y * cos + shift.y);
            let polygon = Polygon::new(&corners);
            let other = Polygon::new(&corners.iter().map(moved).collect::<Vec<_>>());
            let distance = polygon.signed_distance(point);
            prop_assume!(distance.abs() > 1e-6);
            prop_assert!((distance - other.signed_distance(moved(&point))).abs() < 1e-6);
            prop_assert!((polygon.area_px2() / other.area_px2() - 1.0).abs() < 1e-9);
            prop_assert!((polygon.perimeter_px() / other.perimeter_px() - 1.0).abs() < 1e-9);
        }

        #[test]
        fn the_direction_and_the_first_corner_do_not_matter(corners in star(), point in near_it(), first in 0usize..12) {
            let polygon = Polygon::new(&corners);
            let mut other = corners;
            let shift = first % other.len();
            other.rotate_left(shift);
            other.reverse();
            let other = Polygon::new(&other);
            prop_assert_eq!(polygon.contains(point), other.contains(point));
            prop_assert!((polygon.signed_distance(point) - other.signed_distance(point)).abs() < 1e-9);
            prop_assert!((polygon.area_px2() / other.area_px2() - 1.0).abs() < 1e-9);
        }

        #[test]
        fn polygons_side_by_side_share_out_every_point(
            heights in prop::collection::vec(-3..=3, 5), x in -8..=8, y in -6..=6
        ) {
            // Halves of the square (-8,-8)-(8,8) above and below a zigzag through grid points; the point is on the
            // grid too, so it often lies on the border.
            let zigzag: Vec<PixelPoint> =
                heights.iter().enumerate().map(|(i, &h)| at(i as f64 * 4.0 - 8.0, f64::from(h))).collect();
            let mut above = zigzag.clone();
            above.extend([at(8.0, -8.0), at(-8.0, -8.0)]);
            let mut below = zigzag;
            below.extend([at(8.0, 8.0), at(-8.0, 8.0)]);
            let whole = Polygon::new(&corners(&[(-8.0, -8.0), (8.0, -8.0), (8.0, 8.0), (-8.0, 8.0)]));
            let point = at(f64::from(x), f64::from(y));
            let halves = [Polygon::new(&above), Polygon::new(&below)].iter().filter(|half| half.contains(point)).count();
            prop_assert_eq!(halves, usize::from(whole.contains(point)));
        }

        #[test]
        fn the_distance_changes_no_faster_than_the_point_moves(corners in star(), p in near_it(), q in near_it()) {
            let polygon = Polygon::new(&corners);
            let moved = (p.x - q.x).hypot(p.y - q.y);
            prop_assert!((polygon.signed_distance(p) - polygon.signed_distance(q)).abs() <= moved + 1e-9);
        }
    }
}
