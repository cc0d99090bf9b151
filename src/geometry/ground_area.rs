//! An area on the ground: what outlines share, less obstacles, cut into convex pieces once so that everything asked of
//! it later is asked of convex polygons.

use super::{ConvexPolygon, HalfPlane};
use crate::model::GroundPoint;

/// Shorter than this is no way through and no piece, in metres: far above the rounding of coordinates within a
/// kilometre, far below what anybody surveys.
const NOTHING_M: f64 = 1e-9;

/// Why an outline is no area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GroundAreaFault {
    /// It, or an obstacle, has fewer than three corners.
    #[error("an outline needs three corners or more")]
    TooFewCorners,
    /// A coordinate is not a finite number.
    #[error("a corner's coordinates are not finite")]
    NotFinite,
    /// Nothing is left: the outline is flat, an obstacle covers it, or two outlines share nothing.
    #[error("no area is left inside the outline")]
    Empty,
}

/// A convex piece between two horizontal lines.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub polygon: ConvexPolygon,
    pub sides: Vec<HalfPlane>,
    low: GroundPoint,
    high: GroundPoint,
}

impl Piece {
    /// Whether a box reaches into the piece's own.
    pub fn reaches(&self, low: GroundPoint, high: GroundPoint) -> bool {
        low.x_m <= self.high.x_m && high.x_m >= self.low.x_m && low.y_m <= self.high.y_m && high.y_m >= self.low.y_m
    }

    fn contains(&self, point: GroundPoint) -> bool {
        self.square_distance(point) == 0.0
    }

    /// 0 inside.
    pub fn square_distance(&self, point: GroundPoint) -> f64 {
        let mut spare = self.polygon.corners().iter().cycle().skip(1);
        let mut nearest = f64::INFINITY;
        let mut inside = true;
        for &a in self.polygon.corners() {
            let Some(&b) = spare.next() else { break };
            let turn = (b.x_m - a.x_m) * (point.y_m - a.y_m) - (b.y_m - a.y_m) * (point.x_m - a.x_m);
            inside &= turn >= 0.0;
            nearest = nearest.min(square_distance(a, b, point));
        }
        if inside { 0.0 } else { nearest }
    }
}

/// Where one can walk from one piece to another: part of a horizontal line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portal {
    pub pieces: (usize, usize),
    pub y_m: f64,
    pub from_x_m: f64,
    pub to_x_m: f64,
}

/// What one or more outlines share, less obstacles. Obstacles may touch or overlap one another and the outline; a self-crossing outline is
/// filled by the even-odd rule.
#[derive(Debug, Clone)]
pub struct GroundArea {
    /// The outlines, then the obstacles.
    rings: Vec<Vec<GroundPoint>>,
    /// How many of them are outlines: inside is what is inside each.
    outlines: usize,
    pieces: Vec<Piece>,
    portals: Vec<Portal>,
    area_m2: f64,
}

impl GroundArea {
    /// The area inside `outline` and outside each of `obstacles`, in either direction of turning.
    ///
    /// # Errors
    /// Where that is nothing.
    pub fn new(outline: &[GroundPoint], obstacles: &[Vec<GroundPoint>]) -> Result<Self, GroundAreaFault> {
        let rings: Vec<Vec<GroundPoint>> = std::iter::once(outline.to_vec()).chain(obstacles.iter().cloned()).collect();
        Self::of(rings, 1)
    }

    /// What this area shares with another, such as a zone with where people can walk.
    ///
    /// # Errors
    /// Where that is nothing.
    pub fn within(&self, other: &Self) -> Result<Self, GroundAreaFault> {
        let outlines = [self, other].map(|area| &area.rings[..area.outlines]);
        let obstacles = [self, other].map(|area| &area.rings[area.outlines..]);
        let rings = outlines.into_iter().chain(obstacles).flatten().cloned().collect();
        Self::of(rings, self.outlines + other.outlines)
    }

    fn of(rings: Vec<Vec<GroundPoint>>, outlines: usize) -> Result<Self, GroundAreaFault> {
        if rings.iter().any(|ring| ring.len() < 3) {
            return Err(GroundAreaFault::TooFewCorners);
        }
        if rings.iter().flatten().any(|corner| !corner.x_m.is_finite() || !corner.y_m.is_finite()) {
            return Err(GroundAreaFault::NotFinite);
        }
        let trapezoids = trapezoids(&rings, outlines);
        let portals = portals(&trapezoids);
        let pieces: Vec<Piece> = trapezoids.iter().map(Trapezoid::piece).collect();
        let area_m2 = pieces.iter().map(|piece| piece.polygon.area_m2()).sum();
        if area_m2 > 0.0 { Ok(Self { rings, outlines, pieces, portals, area_m2 }) } else { Err(GroundAreaFault::Empty) }
    }

    /// Area in m².
    #[must_use]
    pub fn area_m2(&self) -> f64 {
        self.area_m2
    }

    /// The smallest upright box around the outline, or what such boxes of several outlines share: lowest and highest x
    /// and y.
    #[must_use]
    pub fn bounds(&self) -> (GroundPoint, GroundPoint) {
        let nowhere = GroundPoint { x_m: 0.0, y_m: 0.0 };
        let boxes = self.rings[..self.outlines].iter().filter_map(|outline| bounds(outline));
        let shared = boxes.reduce(|(low, high), (next_low, next_high)| {
            (
                GroundPoint { x_m: low.x_m.max(next_low.x_m), y_m: low.y_m.max(next_low.y_m) },
                GroundPoint { x_m: high.x_m.min(next_high.x_m), y_m: high.y_m.min(next_high.y_m) },
            )
        });
        shared.unwrap_or((nowhere, nowhere))
    }

    /// Whether the point lies inside. Areas that share a border share it out: see [`super::Polygon::contains`].
    #[must_use]
    pub fn contains(&self, point: GroundPoint) -> bool {
        let within =
            |ring: &Vec<GroundPoint>| ring_sides(ring).filter(|&(a, b)| ray_meets(a, b, point)).count() % 2 == 1;
        let (outlines, obstacles) = self.rings.split_at(self.outlines);
        outlines.iter().all(within) && !obstacles.iter().any(within)
    }

    /// Area in m² that the convex polygon shares with this one. `work` and `spare` are memory for the work.
    pub fn shared_area_m2(
        &self,
        polygon: &ConvexPolygon,
        work: &mut ConvexPolygon,
        spare: &mut Vec<GroundPoint>,
    ) -> f64 {
        let Some((low, high)) = bounds(polygon.corners()) else { return 0.0 };
        let mut area_m2 = 0.0;
        for piece in self.pieces.iter().filter(|piece| piece.reaches(low, high)) {
            work.clone_from(polygon);
            for side in &piece.sides {
                work.clip(side, spare);
            }
            area_m2 += work.area_m2();
        }
        area_m2
    }

    /// Whether a side of the outline or of an obstacle is nearer than this.
    pub(super) fn has_wall_within(&self, point: GroundPoint, distance_m: f64) -> bool {
        let near_m2 = distance_m * distance_m;
        self.rings.iter().flat_map(|ring| ring_sides(ring)).any(|(a, b)| square_distance(a, b, point) < near_m2)
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    pub(super) fn portals(&self) -> &[Portal] {
        &self.portals
    }

    /// The piece in which the point is; where it is in none, the nearest.
    pub(super) fn piece_at(&self, point: GroundPoint) -> Option<usize> {
        let pieces = || self.pieces.iter().enumerate();
        let inside = pieces().find(|(_, piece)| piece.contains(point));
        let nearest =
            || pieces().min_by(|(_, a), (_, b)| a.square_distance(point).total_cmp(&b.square_distance(point)));
        inside.or_else(nearest).map(|(index, _)| index)
    }
}

/// The smallest upright box around the points.
pub(super) fn bounds(points: &[GroundPoint]) -> Option<(GroundPoint, GroundPoint)> {
    let (&first, rest) = points.split_first()?;
    Some(rest.iter().fold((first, first), |(low, high), point| {
        (
            GroundPoint { x_m: low.x_m.min(point.x_m), y_m: low.y_m.min(point.y_m) },
            GroundPoint { x_m: high.x_m.max(point.x_m), y_m: high.y_m.max(point.y_m) },
        )
    }))
}

fn ring_sides(ring: &[GroundPoint]) -> impl Iterator<Item = (GroundPoint, GroundPoint)> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

fn square_distance(a: GroundPoint, b: GroundPoint, point: GroundPoint) -> f64 {
    let (dx, dy) = (b.x_m - a.x_m, b.y_m - a.y_m);
    let square = dx * dx + dy * dy;
    let along = (point.x_m - a.x_m) * dx + (point.y_m - a.y_m) * dy;
    let share = if square > 0.0 { (along / square).clamp(0.0, 1.0) } else { 0.0 };
    let (away_x, away_y) = (point.x_m - a.x_m - share * dx, point.y_m - a.y_m - share * dy);
    away_x * away_x + away_y * away_y
}

/// Whether the ray from the point towards growing x meets the side; always computed from its lower end, which belongs
/// to it, unlike its upper one.
fn ray_meets(a: GroundPoint, b: GroundPoint, point: GroundPoint) -> bool {
    let (lower, upper) = if a.y_m < b.y_m { (a, b) } else { (b, a) };
    point.y_m >= lower.y_m && point.y_m < upper.y_m && point.x_m < x_at(lower, upper, point.y_m)
}

fn x_at(lower: GroundPoint, upper: GroundPoint, y_m: f64) -> f64 {
    lower.x_m + (y_m - lower.y_m) / (upper.y_m - lower.y_m) * (upper.x_m - lower.x_m)
}

/// A side that is not horizontal.
#[derive(Debug, Clone, Copy)]
struct Side {
    ring: usize,
    lower: GroundPoint,
    upper: GroundPoint,
}

impl Side {
    fn x_at(&self, y_m: f64) -> f64 {
        x_at(self.lower, self.upper, y_m)
    }

    /// Where it meets the other, strictly between both sides' ends.
    fn meets_at_y(&self, other: &Self) -> Option<f64> {
        let (from, to) = (self.lower.y_m.max(other.lower.y_m), self.upper.y_m.min(other.upper.y_m));
        if from >= to {
            return None;
        }
        let (before, after) = (self.x_at(from) - other.x_at(from), self.x_at(to) - other.x_at(to));
        (before * after < 0.0).then(|| from + (to - from) * before / (before - after))
    }
}

/// What lies between two sides, from one height to another.
#[derive(Debug, Clone, Copy)]
struct Trapezoid {
    sides: (usize, usize),
    left: Side,
    right: Side,
    from_y_m: f64,
    to_y_m: f64,
}

impl Trapezoid {
    fn piece(&self) -> Piece {
        let corner = |side: &Side, y_m| GroundPoint { x_m: side.x_at(y_m), y_m };
        let mut corners = vec![
            corner(&self.left, self.from_y_m),
            corner(&self.right, self.from_y_m),
            corner(&self.right, self.to_y_m),
            corner(&self.left, self.to_y_m),
        ];
        // Where the two sides meet, rounding may put their ends the wrong way round: one corner is the truth.
        corners.dedup_by(|next, kept| next.y_m == kept.y_m && (next.x_m - kept.x_m).abs() < NOTHING_M);
        let (low, high) = bounds(&corners).unwrap_or((corners[0], corners[0]));
        let polygon = ConvexPolygon::new(corners);
        Piece { sides: polygon.sides().collect(), polygon, low, high }
    }
}

/// Trapezoidal decomposition: between any two neighbouring heights at which something begins, ends or crosses, the
/// area consists of trapezoids, each between two sides. Those of the same two sides are joined.
fn trapezoids(rings: &[Vec<GroundPoint>], outlines: usize) -> Vec<Trapezoid> {
    let mut sides = Vec::new();
    for (ring, corners) in rings.iter().enumerate() {
        for (a, b) in ring_sides(corners) {
            let (lower, upper) = if a.y_m < b.y_m { (a, b) } else { (b, a) };
            if lower.y_m < upper.y_m {
                sides.push(Side { ring, lower, upper });
            }
        }
    }
    let mut heights_m: Vec<f64> = rings.iter().flatten().map(|corner| corner.y_m).collect();
    for (index, side) in sides.iter().enumerate() {
        heights_m.extend(sides[index + 1..].iter().filter_map(|other| side.meets_at_y(other)));
    }
    heights_m.sort_by(f64::total_cmp);
    heights_m.dedup_by(|next, kept| *next - *kept < NOTHING_M);
    let mut done: Vec<Trapezoid> = Vec::new();
    // Those that reach up to the slab that is looked at.
    let mut open: Vec<Trapezoid> = Vec::new();
    for slab in heights_m.windows(2) {
        let (from_y_m, to_y_m) = (slab[0], slab[1]);
        let middle_m = f64::midpoint(from_y_m, to_y_m);
        let mut met: Vec<(f64, usize)> = sides
            .iter()
            .enumerate()
            .filter(|(_, side)| side.lower.y_m < middle_m && side.upper.y_m > middle_m)
            .map(|(index, side)| (side.x_at(middle_m), index))
            .collect();
        met.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut within = vec![false; rings.len()];
        let mut begun = None;
        let mut found = Vec::new();
        for (x_m, index) in met {
            within[sides[index].ring] ^= true;
            let (outlines, obstacles) = within.split_at(outlines);
            let is_inside = !outlines.contains(&false) && !obstacles.contains(&true);
            match begun {
                None if is_inside => begun = Some((x_m, index)),
                Some((left_x_m, left)) if !is_inside => {
                    if x_m - left_x_m > NOTHING_M {
                        found.push((left, index));
                    }
                    begun = None;
                }
                _ => (),
            }
        }
        let (grown, ended) = open.into_iter().partition::<Vec<_>, _>(|trapezoid| found.contains(&trapezoid.sides));
        done.extend(ended);
        open = found
            .into_iter()
            .map(|pair| match grown.iter().find(|trapezoid| trapezoid.sides == pair) {
                Some(&trapezoid) => Trapezoid { to_y_m, ..trapezoid },
                None => Trapezoid { sides: pair, left: sides[pair.0], right: sides[pair.1], from_y_m, to_y_m },
            })
            .collect();
    }
    done.extend(open);
    done
}

fn portals(trapezoids: &[Trapezoid]) -> Vec<Portal> {
    let mut portals = Vec::new();
    for (lower, below) in trapezoids.iter().enumerate() {
        for (upper, above) in trapezoids.iter().enumerate().filter(|(_, above)| above.from_y_m == below.to_y_m) {
            let y_m = below.to_y_m;
            let from_x_m = below.left.x_at(y_m).max(above.left.x_at(y_m));
            let to_x_m = below.right.x_at(y_m).min(above.right.x_at(y_m));
            if to_x_m - from_x_m > NOTHING_M {
                portals.push(Portal { pieces: (lower, upper), y_m, from_x_m, to_x_m });
            }
        }
    }
    portals
}

impl Portal {
    /// Whether the convex polygon reaches through it.
    pub fn is_open_in(&self, polygon: &ConvexPolygon) -> bool {
        polygon
            .extent_at_y(self.y_m)
            .is_some_and(|(from_x_m, to_x_m)| to_x_m.min(self.to_x_m) - from_x_m.max(self.from_x_m) > NOTHING_M)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(x_m: f64, y_m: f64) -> GroundPoint {
        GroundPoint { x_m, y_m }
    }

    fn ring(points: &[(f64, f64)]) -> Vec<GroundPoint> {
        points.iter().map(|&(x, y)| at(x, y)).collect()
    }

    fn rectangle(x0: f64, y0: f64, x1: f64, y1: f64) -> Vec<GroundPoint> {
        ring(&[(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    }

    #[test]
    fn obstacles_are_taken_off_once_where_they_overlap_or_reach_outside() {
        let area = GroundArea::new(
            &rectangle(0.0, 0.0, 10.0, 10.0),
            &[rectangle(2.0, 2.0, 4.0, 4.0), rectangle(3.0, 3.0, 5.0, 5.0), rectangle(9.0, -1.0, 12.0, 1.0)],
        )
        .unwrap();
        assert!((area.area_m2() - (100.0 - 7.0 - 1.0)).abs() < 1e-12);
        assert!(area.contains(at(1.0, 1.0)) && !area.contains(at(3.5, 3.5)) && !area.contains(at(9.5, 0.5)));
        assert!(!area.contains(at(11.0, 0.0)), "an obstacle outside is no area");
        assert_eq!(area.bounds(), (at(0.0, 0.0), at(10.0, 10.0)));
    }

    #[test]
    fn two_areas_share_what_is_in_both_and_behind_no_obstacle_of_either() {
        let area = |outline: Vec<GroundPoint>, obstacle| GroundArea::new(&outline, &[obstacle]).unwrap();
        let zone = area(rectangle(0.0, 0.0, 10.0, 4.0), rectangle(0.0, 0.0, 1.0, 1.0));
        // An L, and a pillar that stands half in the zone.
        let corners = [(2.0, 0.0), (12.0, 0.0), (12.0, 2.0), (6.0, 2.0), (6.0, 9.0), (2.0, 9.0)];
        let walkable = area(ring(&corners), rectangle(3.0, 3.0, 4.0, 5.0));
        let shared = zone.within(&walkable).unwrap();
        assert!((shared.area_m2() - (8.0 * 2.0 + 4.0 * 2.0 - 1.0)).abs() < 1e-12, "{}", shared.area_m2());
        assert_eq!(shared.bounds(), (at(2.0, 0.0), at(10.0, 4.0)));
        assert!(shared.contains(at(9.0, 1.0)) && shared.contains(at(2.5, 3.5)));
        for outside in [at(1.5, 1.0), at(11.0, 1.0), at(9.0, 3.0), at(3.5, 3.5), at(2.5, 5.0)] {
            assert!(!shared.contains(outside), "{outside:?}");
        }
        let elsewhere = GroundArea::new(&rectangle(20.0, 0.0, 21.0, 1.0), &[]).unwrap();
        assert_eq!(elsewhere.within(&walkable).err(), Some(GroundAreaFault::Empty));
        let beside = GroundArea::new(&rectangle(12.0, 0.0, 13.0, 2.0), &[]).unwrap();
        assert_eq!(beside.within(&walkable).err(), Some(GroundAreaFault::Empty), "a border has no area");
    }

    #[test]
    fn what_is_no_area_is_refused() {
        let fault = |outline: &[GroundPoint], obstacles: &[Vec<GroundPoint>]| GroundArea::new(outline, obstacles).err();
        assert_eq!(fault(&[at(0.0, 0.0), at(1.0, 0.0)], &[]), Some(GroundAreaFault::TooFewCorners));
        assert_eq!(fault(&ring(&[(0.0, 0.0), (1.0, f64::NAN), (0.0, 1.0)]), &[]), Some(GroundAreaFault::NotFinite));
        assert_eq!(fault(&ring(&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]), &[]), Some(GroundAreaFault::Empty));
        let square = rectangle(0.0, 0.0, 1.0, 1.0);
        assert_eq!(fault(&square, &[rectangle(-1.0, -1.0, 2.0, 2.0)]), Some(GroundAreaFault::Empty));
    }

    /// A polygon that does not cross itself: corners around a centre at rising angles.
    fn star() -> impl Strategy<Value = Vec<GroundPoint>> {
        prop::collection::vec(0.5..9.0, 3..12).prop_map(|radii| {
            let step = std::f64::consts::TAU / radii.len() as f64;
            radii
                .iter()
                .enumerate()
                .map(|(i, r)| at(r * (i as f64 * step).cos(), r * (i as f64 * step).sin()))
                .collect()
        })
    }

    fn shoelace_m2(corners: &[GroundPoint]) -> f64 {
        ring_sides(corners).map(|(a, b)| a.x_m * b.y_m - b.x_m * a.y_m).sum::<f64>().abs() / 2.0
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_polygon(corners in star(), x in -9.0..9.0, y in -9.0..9.0) {
            let area = GroundArea::new(&corners, &[]).unwrap();
            prop_assert!((area.area_m2() / shoelace_m2(&corners) - 1.0).abs() < 1e-9);
            let point = at(x, y);
            prop_assume!(!area.has_wall_within(point, 1e-6));
            let in_a_piece = area.pieces.iter().any(|piece| piece.contains(point));
            let on_a_portal = area.portals.iter().any(|portal| (portal.y_m - y).abs() < 1e-6);
            prop_assume!(!on_a_portal);
            prop_assert_eq!(area.contains(point), in_a_piece);
        }

        #[test]
        fn within_a_polygon_is_what_it_is_not_an_obstacle_to(corners in star(), other in star()) {
            let (zone, walkable) = (GroundArea::new(&corners, &[]).unwrap(), GroundArea::new(&other, &[]).unwrap());
            let rest = GroundArea::new(&corners, std::slice::from_ref(&other)).map_or(0.0, |area| area.area_m2());
            let shared = zone.within(&walkable).unwrap();
            prop_assert!((shared.area_m2() + rest - zone.area_m2()).abs() < 1e-9);
            prop_assert!((shared.area_m2() - walkable.within(&zone).unwrap().area_m2()).abs() < 1e-9);
        }

        #[test]
        fn an_obstacle_and_what_is_left_share_out_a_convex_polygon(corners in star()) {
            let whole = rectangle(-5.0, -5.0, 5.0, 5.0);
            let left = GroundArea::new(&rectangle(-20.0, -20.0, 20.0, 20.0), std::slice::from_ref(&corners)).unwrap();
            let obstacle = GroundArea::new(&corners, &[]).unwrap();
            let polygon = ConvexPolygon::new(whole);
            let shared = |area: &GroundArea| area.shared_area_m2(&polygon, &mut ConvexPolygon::default(), &mut Vec::new());
            prop_assert!((shared(&left) + shared(&obstacle) - 100.0).abs() < 1e-9);
        }
    }
}
