//! A directed segment in the picture or on the ground: sides, crossings, distances.

use crate::model::{GroundPoint, PixelPoint};

/// A directed segment a→b. *Left* and *right* are as a person sees them who looks at the picture and travels from `a`
/// to `b` (y points down): a segment drawn upwards has smaller x on its left.
///
/// # Sides are exact
/// Whether a point is left or right of the line through `a` and `b` is decided by the sign of one determinant that is
/// always computed from the end that comes first in the order of (x, y). So it doesn't matter in which direction the
/// segment was drawn: turning it round swaps left and right for every point, to the last bit. A point exactly on the
/// line is taken to lie on one side of it, always the same one (the right-hand side of the direction of growing x; of
/// growing y where the segment is vertical). There is no third case, hence a step that ends on the line and the next
/// step away from it are together counted once or not at all, never twice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Where it begins.
    pub a: PixelPoint,
    /// Where it ends.
    pub b: PixelPoint,
}

impl Segment {
    /// Length in pixels.
    #[must_use]
    pub fn length(&self) -> f64 {
        let (dx, dy) = (self.b.x - self.a.x, self.b.y - self.a.y);
        (dx * dx + dy * dy).sqrt()
    }

    /// Distance in pixels from the (infinite) line through the segment: positive on its left, negative on its right,
    /// 0 where the segment is a point.
    #[must_use]
    pub fn signed_distance_to_line(&self, point: PixelPoint) -> f64 {
        let length = self.length();
        if length > 0.0 { turn(self.a, self.b, point).0 / length } else { 0.0 }
    }

    /// Distance in pixels from the nearest point of the segment itself.
    #[must_use]
    pub fn distance(&self, point: PixelPoint) -> f64 {
        self.square_distance(point).sqrt()
    }

    /// The square of [`Segment::distance`].
    pub(super) fn square_distance(&self, point: PixelPoint) -> f64 {
        let (dx, dy) = (self.b.x - self.a.x, self.b.y - self.a.y);
        let square = dx * dx + dy * dy;
        let along = (point.x - self.a.x) * dx + (point.y - self.a.y) * dy;
        let share = if square > 0.0 { (along / square).clamp(0.0, 1.0) } else { 0.0 };
        let (away_x, away_y) = (point.x - self.a.x - share * dx, point.y - self.a.y - share * dy);
        away_x * away_x + away_y * away_y
    }

    /// Whether the point is on the left of the line; points on the line have a side too (see the type).
    #[must_use]
    pub fn is_left(&self, point: PixelPoint) -> bool {
        turn(self.a, self.b, point).1
    }

    /// How the step from `from` to `to` crosses this segment: 1 towards its left, −1 towards its right, 0 not at all.
    ///
    /// It crosses where the two points lie on different sides of the segment's line **and** the segment's ends lie on
    /// different sides of the step's line, both by the rule of [`Segment::is_left`]. What follows from that rule:
    /// - the step backwards crosses with the opposite sign, and so does the same step over the reversed segment;
    /// - a step along the line, or one of no length, doesn't cross;
    /// - a path that touches the line and turns back sums up to 0, one that touches it and goes on sums up to ±1;
    /// - a step through the very end of a segment crosses it or passes it, the same way in both directions, and of two
    ///   gates that share this end on one line it crosses exactly one.
    #[must_use]
    pub fn crossing(&self, from: PixelPoint, to: PixelPoint) -> i32 {
        let (was_left, is_left) = (self.is_left(from), self.is_left(to));
        if was_left == is_left {
            return 0;
        }
        let step = Self { a: from, b: to };
        if step.is_left(self.a) == step.is_left(self.b) {
            return 0;
        }
        if is_left { 1 } else { -1 }
    }
}

/// A directed segment on the ground, where y is to the left of x: *left* is as a person sees it who walks from `a` to
/// `b`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroundSegment {
    /// Where it begins.
    pub a: GroundPoint,
    /// Where it ends.
    pub b: GroundPoint,
}

impl GroundSegment {
    /// Length in metres.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        (self.b.x_m - self.a.x_m).hypot(self.b.y_m - self.a.y_m)
    }

    /// How the step from `from` to `to` crosses this segment: 1 towards its left, −1 towards its right, 0 not at all.
    /// The rule is that of [`Segment::crossing`].
    #[must_use]
    pub fn crossing(&self, from: GroundPoint, to: GroundPoint) -> i32 {
        // The same plane seen from below: with y turned round, left in the picture is left on the ground.
        let turned = |point: GroundPoint| PixelPoint { x: point.x_m, y: -point.y_m };
        Segment { a: turned(self.a), b: turned(self.b) }.crossing(turned(from), turned(to))
    }
}

/// Twice the signed area of the triangle a, b, point (positive: the point is on the left in the picture), and the side
/// with ties broken. Both are computed from the end that comes first, so that `turn(a, b, p)` and `turn(b, a, p)` are
/// exact opposites.
fn turn(a: PixelPoint, b: PixelPoint, point: PixelPoint) -> (f64, bool) {
    let area = |a: PixelPoint, b: PixelPoint| (b.y - a.y) * (point.x - a.x) - (b.x - a.x) * (point.y - a.y);
    if (a.x, a.y) <= (b.x, b.y) {
        let area = area(a, b);
        (area, area > 0.0)
    } else {
        let area = area(b, a);
        (-area, area <= 0.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(x: f64, y: f64) -> PixelPoint {
        PixelPoint { x, y }
    }

    /// The documented example: drawn upwards in the picture, so that smaller x is on the left.
    const UPWARDS: Segment = Segment { a: at(384.0, 575.0), b: at(384.0, 140.0) };

    #[test]
    fn left_is_left_as_seen_in_the_picture() {
        assert_eq!(UPWARDS.signed_distance_to_line(at(374.0, 300.0)), 10.0);
        assert_eq!(UPWARDS.signed_distance_to_line(at(390.0, 900.0)), -6.0);
        assert!(UPWARDS.is_left(at(0.0, 300.0)) && !UPWARDS.is_left(at(767.0, 300.0)));
        assert_eq!(UPWARDS.crossing(at(400.0, 300.0), at(370.0, 310.0)), 1);
        assert_eq!(UPWARDS.crossing(at(370.0, 310.0), at(400.0, 300.0)), -1);
        let rightwards = Segment { a: at(0.0, 100.0), b: at(200.0, 100.0) };
        assert!(rightwards.signed_distance_to_line(at(50.0, 90.0)) > 0.0, "left of rightwards is up");
    }

    #[test]
    fn left_on_the_ground_is_where_y_grows_beside_growing_x() {
        let ground = |x_m, y_m| GroundPoint { x_m, y_m };
        let along_x = GroundSegment { a: ground(0.0, 0.0), b: ground(2.0, 0.0) };
        assert_eq!(along_x.crossing(ground(1.0, -1.0), ground(1.0, 1.0)), 1);
        assert_eq!(along_x.crossing(ground(1.0, 1.0), ground(1.0, -1.0)), -1);
        assert_eq!(along_x.crossing(ground(3.0, 1.0), ground(3.0, -1.0)), 0);
        assert_eq!(along_x.length_m(), 2.0);
    }

    #[test]
    fn beyond_the_ends_is_not_a_crossing() {
        assert_eq!(UPWARDS.crossing(at(400.0, 139.0), at(370.0, 139.0)), 0);
        assert_eq!(UPWARDS.crossing(at(400.0, 100.0), at(370.0, 150.0)), 0, "passes the line above its end");
        assert_eq!(UPWARDS.crossing(at(400.0, 576.0), at(370.0, 576.0)), 0);
    }

    #[test]
    fn a_segment_of_no_length_is_never_crossed() {
        let point = Segment { a: at(5.0, 5.0), b: at(5.0, 5.0) };
        assert_eq!(point.crossing(at(0.0, 5.0), at(10.0, 5.0)), 0);
        assert_eq!(point.signed_distance_to_line(at(0.0, 0.0)), 0.0);
        assert_eq!(point.distance(at(5.0, 8.0)), 3.0);
    }

    #[test]
    fn touching_counts_once_or_not_at_all() {
        let on = at(384.0, 300.0);
        let (left, right) = (at(380.0, 300.0), at(390.0, 300.0));
        assert_eq!(UPWARDS.crossing(right, on) + UPWARDS.crossing(on, left), 1);
        assert_eq!(UPWARDS.crossing(right, on) + UPWARDS.crossing(on, right), 0);
        assert_eq!(UPWARDS.crossing(left, on) + UPWARDS.crossing(on, left), 0);
        assert_eq!(UPWARDS.crossing(on, on), 0);
        assert_eq!(UPWARDS.crossing(on, at(384.0, 200.0)), 0, "along the line");
    }

    #[test]
    fn distance_is_to_the_nearest_point_of_the_segment() {
        assert_eq!(UPWARDS.distance(at(380.0, 300.0)), 4.0);
        assert_eq!(UPWARDS.distance(at(387.0, 136.0)), 5.0);
        assert_eq!(UPWARDS.distance(at(384.0, 580.0)), 5.0);
    }

    fn anywhere() -> impl Strategy<Value = PixelPoint> {
        (-1000.0..1000.0, -1000.0..1000.0).prop_map(|(x, y)| at(x, y))
    }

    /// Few distinct coordinates, so that points often coincide, touch and line up.
    fn on_a_grid() -> impl Strategy<Value = PixelPoint> {
        (-3..=3, -3..=3).prop_map(|(x, y)| at(f64::from(x), f64::from(y)))
    }

    fn either() -> impl Strategy<Value = PixelPoint> {
        prop_oneof![anywhere(), on_a_grid()]
    }

    proptest! {
        #[test]
        fn crossing_is_antisymmetric_in_the_step_and_in_the_segment(
            a in either(), b in either(), from in either(), to in either()
        ) {
            let (segment, reversed) = (Segment { a, b }, Segment { a: b, b: a });
            let crossing = segment.crossing(from, to);
            prop_assert_eq!(segment.crossing(to, from), -crossing);
            prop_assert_eq!(reversed.crossing(from, to), -crossing);
            prop_assert_eq!(reversed.crossing(to, from), crossing);
            prop_assert_eq!(segment.signed_distance_to_line(from), -reversed.signed_distance_to_line(from));
        }

        #[test]
        fn a_closed_path_crosses_an_endless_line_as_often_each_way(
            offset in -3..=3, slope in -3..=3, mut path in prop::collection::vec(on_a_grid(), 2..20)
        ) {
            // Long enough to be endless for the grid's points, through many of them.
            let (offset, slope) = (f64::from(offset), f64::from(slope));
            let line = Segment { a: at(-1e3, offset - 1e3 * slope), b: at(1e3, offset + 1e3 * slope) };
            path.push(path[0]);
            let sum: i32 = path.windows(2).map(|step| line.crossing(step[0], step[1])).sum();
            prop_assert_eq!(sum, 0);
        }

        #[test]
        fn gates_in_a_row_are_crossed_like_one(
            y in -3..=3, middle in -2..=2, from in on_a_grid(), to in on_a_grid()
        ) {
            let (y, middle) = (f64::from(y), f64::from(middle));
            let whole = Segment { a: at(-9.0, y), b: at(9.0, y) };
            let first = Segment { a: whole.a, b: at(middle, y) };
            let second = Segment { a: at(middle, y), b: whole.b };
            prop_assert_eq!(first.crossing(from, to) + second.crossing(from, to), whole.crossing(from, to));
        }

        #[test]
        fn moving_and_turning_the_picture_changes_nothing(
            a in anywhere(), b in anywhere(), from in anywhere(), to in anywhere(),
            shift in anywhere(), angle in 0.0..std::f64::consts::TAU
        ) {
            let (sin, cos) = angle.sin_cos();
            let moved = |p: PixelPoint| at(p.x * cos - p.y * sin + shift.x, p.x * sin + p.y * cos + shift.y);
            let (segment, other) = (Segment { a, b }, Segment { a: moved(a), b: moved(b) });
            prop_assume!(segment.length() > 1.0);
            let near = |x: f64, y: f64| (x - y).abs() < 1e-6;
            prop_assert!(near(segment.length(), other.length()));
            prop_assert!(near(segment.distance(from), other.distance(moved(from))));
            prop_assert!(near(segment.signed_distance_to_line(from), other.signed_distance_to_line(moved(from))));
            // Rounding may decide only where points are within rounding of a line.
            let step = Segment { a: from, b: to };
            let distances = [segment.signed_distance_to_line(from), segment.signed_distance_to_line(to),
                step.signed_distance_to_line(a), step.signed_distance_to_line(b)];
            prop_assume!(distances.iter().all(|d| d.abs() > 1e-6));
            prop_assert_eq!(segment.crossing(from, to), other.crossing(moved(from), moved(to)));
        }

        #[test]
        fn a_step_is_no_longer_than_the_distances_it_bridges(
            a in anywhere(), b in anywhere(), from in anywhere(), to in anywhere()
        ) {
            let segment = Segment { a, b };
            prop_assume!(segment.crossing(from, to) != 0);
            let step = Segment { a: from, b: to }.length();
            prop_assert!(segment.distance(from) + segment.distance(to) <= 2.0 * step + 1e-6);
            prop_assert!(segment.distance(from) <= step + 1e-6);
            prop_assert!(segment.distance(from) + 1e-9 >= segment.signed_distance_to_line(from).abs());
        }
    }
}
