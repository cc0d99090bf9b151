//! Voronoi cells of people on the ground, cut by a circle and by walls.

use super::ground_area::bounds;
use super::{ConvexPolygon, GroundArea, GroundSegment, HalfPlane};
use crate::model::GroundPoint;

/// The circle that bounds a cell: without it, the cell of somebody alone would be the whole area. It is a polygon with
/// its corners on the circle, as in PedPy (whose buffer of a point is the same polygon).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CutOff {
    /// Radius in metres.
    pub radius_m: f64,
    /// Sides of the polygon a quarter circle, 1 or more.
    pub segments_per_quadrant: u32,
}

impl Default for CutOff {
    /// 0.8 m and 3 segments a quadrant: what the reference values of the Jülich experiments are made with. Somebody
    /// alone then has 1.92 m².
    fn default() -> Self {
        Self { radius_m: 0.8, segments_per_quadrant: 3 }
    }
}

impl CutOff {
    fn polygon_around(&self, centre: GroundPoint) -> ConvexPolygon {
        let corners = 4 * self.segments_per_quadrant.max(1);
        let corner = |index: u32| {
            let (sin, cos) = (std::f64::consts::TAU * f64::from(index) / f64::from(corners)).sin_cos();
            GroundPoint { x_m: centre.x_m + self.radius_m * cos, y_m: centre.y_m + self.radius_m * sin }
        };
        ConvexPolygon::new((0..corners).map(corner).collect())
    }
}

/// One person's cell.
#[derive(Debug, Clone, PartialEq)]
pub struct VoronoiCell {
    /// It in convex parts, which share borders only.
    parts: Vec<ConvexPolygon>,
    area_m2: f64,
}

impl VoronoiCell {
    /// Area in m²; 0 where the cell lies wholly in walls.
    #[must_use]
    pub fn area_m2(&self) -> f64 {
        self.area_m2
    }

    /// People per m² that this person stands for; `None` where the cell has no area.
    #[must_use]
    pub fn density_per_m2(&self) -> Option<f64> {
        (self.area_m2 > 0.0).then(|| 1.0 / self.area_m2)
    }

    /// Area in m² that the cell shares with a zone.
    #[must_use]
    pub fn shared_area_m2(&self, zone: &GroundArea) -> f64 {
        let (mut work, mut spare) = (ConvexPolygon::default(), Vec::new());
        self.parts.iter().map(|part| zone.shared_area_m2(part, &mut work, &mut spare)).sum()
    }

    /// Length in metres of the part of a line that lies in the cell.
    #[must_use]
    pub fn shared_length_m(&self, line: &GroundSegment) -> f64 {
        let mut spans: Vec<(f64, f64)> = self.parts.iter().filter_map(|part| part.span_of(line)).collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        // A line along the border of two parts lies in both and counts once.
        let (mut share, mut reached) = (0.0, 0.0_f64);
        for (from, to) in spans {
            share += (to - from.max(reached)).max(0.0);
            reached = reached.max(to);
        }
        share * line.length_m()
    }
}

/// Every person's cell, in the order of the people: the points nearer to them than to anybody else, within the
/// cut-off polygon and the walkable area (everywhere, where there is none). Where walls cut a cell into several, the
/// one in which the person stands is kept. The same cells as PedPy 1.5's `compute_individual_voronoi_polygons`, apart
/// from two cases that it refuses: people who stand at the very same point have the same cell each, and somebody who
/// stands in a wall has the part of the cell that begins in the nearest piece of walkable area.
///
/// Each cell is the cut-off polygon cut by the bisectors with the neighbours, nearest first, until no farther
/// neighbour can reach it. So the cost grows with the number of people times the neighbours within two radii.
#[must_use]
pub fn voronoi_cells(people: &[GroundPoint], walkable: Option<&GroundArea>, cut_off: CutOff) -> Vec<VoronoiCell> {
    let mut by_x: Vec<usize> = (0..people.len()).collect();
    by_x.sort_by(|&a, &b| people[a].x_m.total_cmp(&people[b].x_m));
    let reach_m = 2.0 * cut_off.radius_m;
    let mut cells = vec![VoronoiCell { parts: Vec::new(), area_m2: 0.0 }; people.len()];
    let (mut neighbours, mut spare) = (Vec::new(), Vec::new());
    for (place, &index) in by_x.iter().enumerate() {
        let own = people[index];
        let near = |&&other: &&usize| (people[other].x_m - own.x_m).abs() < reach_m;
        let before = by_x[..place].iter().rev().take_while(near);
        let after = by_x[place + 1..].iter().take_while(near);
        neighbours.clear();
        neighbours.extend(before.chain(after).filter_map(|&other| {
            let square_m2 = square_distance(own, people[other]);
            (square_m2 < reach_m * reach_m).then_some((square_m2, other))
        }));
        neighbours.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut cell = cut_off.polygon_around(own);
        let mut farthest_m2 = cut_off.radius_m * cut_off.radius_m;
        for &(square_m2, other) in &neighbours {
            if square_m2 >= 4.0 * farthest_m2 {
                break;
            }
            if cell.clip(&HalfPlane::nearer_to(own, people[other]), &mut spare) {
                farthest_m2 = cell.corners().iter().map(|&corner| square_distance(own, corner)).fold(0.0, f64::max);
            }
        }
        let parts = match walkable {
            Some(area) if !area.contains(own) || area.has_wall_within(own, farthest_m2.sqrt()) => {
                parts_around(own, &cell, area, &mut spare)
            }
            _ => vec![cell],
        };
        let area_m2 = parts.iter().map(ConvexPolygon::area_m2).sum();
        cells[index] = VoronoiCell { parts, area_m2 };
    }
    cells
}

fn square_distance(a: GroundPoint, b: GroundPoint) -> f64 {
    let (dx, dy) = (a.x_m - b.x_m, a.y_m - b.y_m);
    dx * dx + dy * dy
}

/// What of the cell one can walk to from the person without leaving the cell or the area.
fn parts_around(
    person: GroundPoint,
    cell: &ConvexPolygon,
    area: &GroundArea,
    spare: &mut Vec<GroundPoint>,
) -> Vec<ConvexPolygon> {
    let (Some((low, high)), Some(start)) = (bounds(cell.corners()), area.piece_at(person)) else { return Vec::new() };
    let mut reached = vec![start];
    let mut parts = Vec::new();
    let mut next = 0;
    while let Some(&piece) = reached.get(next) {
        next += 1;
        if area.pieces()[piece].reaches(low, high) {
            let mut part = cell.clone();
            area.pieces()[piece].sides.iter().for_each(|side| {
                part.clip(side, spare);
            });
            if part.area_m2() > 0.0 {
                parts.push(part);
            }
        }
        for portal in area.portals() {
            let (a, b) = portal.pieces;
            let Some(beyond) = (a == piece).then_some(b).or((b == piece).then_some(a)) else { continue };
            if !reached.contains(&beyond) && portal.is_open_in(cell) {
                reached.push(beyond);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(x_m: f64, y_m: f64) -> GroundPoint {
        GroundPoint { x_m, y_m }
    }

    fn rectangle(x0: f64, y0: f64, x1: f64, y1: f64) -> Vec<GroundPoint> {
        vec![at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1)]
    }

    #[test]
    fn somebody_alone_has_the_cut_off_polygon() {
        let cells = voronoi_cells(&[at(5.0, 5.0)], None, CutOff::default());
        // A regular polygon of 12 corners on a circle: 6 r² sin 30°.
        assert!((cells[0].area_m2() - 3.0 * 0.64).abs() < 1e-12);
    }

    #[test]
    fn a_wall_keeps_apart_what_lies_behind_it() {
        let room = rectangle(0.0, 0.0, 10.0, 10.0);
        let wall = rectangle(4.9, 0.0, 5.1, 9.0);
        let area = GroundArea::new(&room, &[wall]).unwrap();
        let beside = voronoi_cells(&[at(4.8, 5.0)], Some(&area), CutOff { radius_m: 1.0, segments_per_quadrant: 1 });
        let left_half = GroundArea::new(&rectangle(0.0, 0.0, 4.9, 10.0), &[]).unwrap();
        assert!(
            (beside[0].area_m2() - beside[0].shared_area_m2(&left_half)).abs() < 1e-12,
            "none of it behind the wall"
        );
        assert!(beside[0].area_m2() > 1.0);
        let round_its_end =
            voronoi_cells(&[at(4.8, 9.2)], Some(&area), CutOff { radius_m: 1.0, segments_per_quadrant: 1 });
        assert!(round_its_end[0].shared_area_m2(&left_half) < round_its_end[0].area_m2() - 0.1);
        let in_the_wall = voronoi_cells(&[at(4.95, 5.0)], Some(&area), CutOff::default());
        assert!((in_the_wall[0].area_m2() - in_the_wall[0].shared_area_m2(&left_half)).abs() < 1e-12);
    }

    #[test]
    fn people_at_one_point_have_one_cell_each() {
        let cells = voronoi_cells(&[at(1.0, 1.0), at(1.0, 1.0)], None, CutOff::default());
        assert_eq!(cells[0], cells[1]);
    }

    #[test]
    fn a_line_along_the_border_of_two_parts_is_measured_once() {
        // A niche: pieces meet at y = 2, where the line runs.
        let room = [at(0.0, 0.0), at(4.0, 0.0), at(4.0, 2.0), at(3.0, 2.0), at(3.0, 4.0), at(1.0, 4.0), at(1.0, 2.0)];
        let room = GroundArea::new(&[&room[..], &[at(0.0, 2.0)]].concat(), &[]).unwrap();
        let cell = &voronoi_cells(&[at(1.4, 1.9)], Some(&room), CutOff { radius_m: 0.5, segments_per_quadrant: 1 })[0];
        assert!(cell.parts.len() > 1);
        let line = GroundSegment { a: at(0.0, 2.0), b: at(4.0, 2.0) };
        assert!((cell.shared_length_m(&line) - 0.8).abs() < 1e-12);
    }

    fn people() -> impl Strategy<Value = Vec<GroundPoint>> {
        prop::collection::vec((0.0..8.0, 0.0..6.0).prop_map(|(x, y)| at(x, y)), 1..60)
    }

    proptest! {
        #[test]
        fn cells_share_out_what_they_cover(people in people(), x in 0.0..8.0, y in 0.0..6.0) {
            let area = GroundArea::new(&rectangle(0.0, 0.0, 8.0, 6.0), &[]).unwrap();
            let cells = voronoi_cells(&people, Some(&area), CutOff { radius_m: 20.0, segments_per_quadrant: 8 });
            prop_assert!((cells.iter().map(VoronoiCell::area_m2).sum::<f64>() - 48.0).abs() < 1e-6);
            // The small square around a point belongs to the nearest person.
            let square = GroundArea::new(&rectangle(x - 1e-4, y - 1e-4, x + 1e-4, y + 1e-4), &[]).unwrap();
            let nearest = (0..people.len())
                .min_by(|&a, &b| square_distance(people[a], at(x, y)).total_cmp(&square_distance(people[b], at(x, y))))
                .unwrap();
            let second = (0..people.len())
                .filter(|&index| index != nearest)
                .map(|index| square_distance(people[index], at(x, y)).sqrt())
                .fold(f64::INFINITY, f64::min);
            prop_assume!(second - square_distance(people[nearest], at(x, y)).sqrt() > 1e-3);
            prop_assume!(area.contains(at(x - 1e-4, y - 1e-4)) && area.contains(at(x + 1e-4, y + 1e-4)));
            prop_assert!((cells[nearest].shared_area_m2(&square) / square.area_m2() - 1.0).abs() < 1e-6);
        }
    }
}
