//! People of a density map within a polygon.

use super::Polygon;
use crate::model::{DensityMap, PixelBox, PixelPoint};

/// How many people the map has in the polygon (both in the camera's pixels): the sum over its cells, of a cell that lies
/// partly inside its share by area, as if people were spread evenly over it. Never below 0: cells that hold a little less
/// than nobody must not make a debt.
#[must_use]
pub fn people_in(map: &DensityMap, polygon: &Polygon) -> f64 {
    let (width_px, height_px) = map.cell_px();
    let cell_px2 = width_px * height_px;
    let bounds = polygon.bounds();
    if !(cell_px2 > 0.0 && polygon.area_px2() > 0.0) {
        return 0.0;
    }
    // The cast brings what lies before the map to its first cell.
    let span = |from: f64, to: f64, origin: f64, cell_px: f64, cells: usize| {
        let first = ((from - origin) / cell_px).floor() as usize;
        first.min(cells)..(((to - origin) / cell_px).ceil() as usize).min(cells)
    };
    let columns = span(bounds.left, bounds.right, map.bounds.left, width_px, map.columns);
    let mut sum = 0.0;
    for row in span(bounds.top, bounds.bottom, map.bounds.top, height_px, map.rows) {
        let top = map.bounds.top + row as f64 * height_px;
        for column in columns.clone() {
            let Some(&people) = map.people.get(row * map.columns + column) else { continue };
            let left = map.bounds.left + column as f64 * width_px;
            let cell = PixelBox { left, top, right: left + width_px, bottom: top + height_px };
            sum += f64::from(people) * polygon.overlap_px2(&cell) / cell_px2;
        }
    }
    sum.max(0.0)
}

impl Polygon {
    /// The area that it shares with an upright box, in square pixels; for an outline that doesn't cross itself.
    ///
    /// The outline is cut at each side of the box in turn (Sutherland and Hodgman, 1974). Where a hollow outline falls
    /// into several pieces they stay joined by edges along the box's sides, which enclose nothing.
    #[must_use]
    pub fn overlap_px2(&self, rect: &PixelBox) -> f64 {
        if rect.area() <= 0.0 {
            return 0.0;
        }
        let mut outline: Vec<PixelPoint> = self.corners().collect();
        let mut cut = Vec::with_capacity(outline.len() + 4);
        // How far a point lies inside each side.
        let sides: [&dyn Fn(PixelPoint) -> f64; 4] =
            [&|p| p.x - rect.left, &|p| rect.right - p.x, &|p| p.y - rect.top, &|p| rect.bottom - p.y];
        for inside_px in sides {
            cut.clear();
            let mut before = outline.last().copied();
            for &point in &outline {
                if let Some(before) = before {
                    let (from, to) = (inside_px(before), inside_px(point));
                    if (from < 0.0) != (to < 0.0) {
                        let share = from / (from - to);
                        cut.push(PixelPoint {
                            x: before.x + share * (point.x - before.x),
                            y: before.y + share * (point.y - before.y),
                        });
                    }
                    if to >= 0.0 {
                        cut.push(point);
                    }
                }
                before = Some(point);
            }
            std::mem::swap(&mut outline, &mut cut);
        }
        // Rounding at the cuts must not give a cell more than all of itself.
        Self::new(&outline).area_px2().min(rect.area())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Mark;

    fn polygon(corners: &[(f64, f64)]) -> Polygon {
        Polygon::new(&corners.iter().map(|&(x, y)| PixelPoint { x, y }).collect::<Vec<_>>())
    }

    fn map(bounds: PixelBox, columns: usize, rows: usize, people: Vec<f32>) -> DensityMap {
        DensityMap { bounds, columns, rows, people, mark: Mark::Head }
    }

    const fn rect(left: f64, top: f64, right: f64, bottom: f64) -> PixelBox {
        PixelBox { left, top, right, bottom }
    }

    #[test]
    fn a_hollow_outline_shares_what_its_pieces_do() {
        // A U whose two arms reach into the box: 2 × 3 each.
        let u = polygon(&[(0., 0.), (2., 0.), (2., 8.), (6., 8.), (6., 0.), (8., 0.), (8., 10.), (0., 10.)]);
        assert!((u.overlap_px2(&rect(-1.0, 2.0, 9.0, 5.0)) - 12.0).abs() < 1e-12);
        assert_eq!(u.overlap_px2(&rect(2.5, 1.0, 5.5, 7.0)), 0.0);
        assert_eq!(u.overlap_px2(&rect(3.0, 3.0, 3.0, 9.0)), 0.0);
        assert_eq!(polygon(&[]).overlap_px2(&rect(0.0, 0.0, 1.0, 1.0)), 0.0);
    }

    #[test]
    fn a_cell_gives_its_share_by_area() {
        // Two by two cells of 10 pixels from (100, 50) on.
        let map = map(rect(100.0, 50.0, 120.0, 70.0), 2, 2, vec![1.0, 2.0, 4.0, 8.0]);
        let of = |corners: &[(f64, f64)]| people_in(&map, &polygon(corners));
        assert!((of(&[(0., 0.), (500., 0.), (500., 500.), (0., 500.)]) - 15.0).abs() < 1e-12);
        // All of the left cells and a quarter of the right ones.
        assert!((of(&[(90., 40.), (112.5, 40.), (112.5, 80.), (90., 80.)]) - (5.0 + 2.5)).abs() < 1e-12);
        // Half of the first cell: a triangle.
        assert!((of(&[(100., 50.), (110., 50.), (100., 60.)]) - 0.5).abs() < 1e-12);
        assert_eq!(of(&[(0., 0.), (50., 0.), (50., 40.)]), 0.0);
        assert_eq!(of(&[(130., 0.), (150., 0.), (150., 400.)]), 0.0);
    }

    #[test]
    fn less_than_nobody_is_nobody() {
        let map = map(rect(0.0, 0.0, 2.0, 1.0), 2, 1, vec![-0.5, 3.0]);
        assert_eq!(people_in(&map, &polygon(&[(0., 0.), (1., 0.), (1., 1.), (0., 1.)])), 0.0);
        assert_eq!(people_in(&map, &polygon(&[(0., 0.), (2., 0.), (2., 1.), (0., 1.)])), 2.5);
    }

    proptest! {
        /// Two zones that share out the picture share out the people, wherever the border runs.
        #[test]
        fn zones_that_share_out_the_picture_share_out_the_people(
            cells in prop::collection::vec(0f32..5.0, 35),
            (left, top, width, height) in (-50.0..50.0, -50.0..50.0, 5.0..400.0, 5.0..400.0),
            border in prop::collection::vec(-200.0..600.0, 4),
        ) {
            let map = map(rect(left, top, left + width, top + height), 7, 5, cells);
            let seam: Vec<(f64, f64)> =
                border.iter().enumerate().map(|(i, &x)| (x, -1000.0 + 700.0 * i as f64)).collect();
            let side = |x: f64| {
                let corners = [(x, -1000.0)].into_iter().chain(seam.iter().copied()).chain([(x, 1100.0)]);
                polygon(&corners.collect::<Vec<_>>())
            };
            let all: f64 = map.people.iter().copied().map(f64::from).sum();
            let sum = people_in(&map, &side(-1000.0)) + people_in(&map, &side(2000.0));
            prop_assert!((sum - all).abs() < 1e-6, "{sum} of {all}");
        }

        #[test]
        fn shares_are_symmetric_and_never_more_than_either(
            points in prop::collection::vec((0.0..100.0, 0.0..100.0), 3..=3),
            (x, y, w, h) in (-20.0..110.0, -20.0..110.0, 0.1..80.0, 0.1..80.0),
        ) {
            let triangle = polygon(&points);
            let rect = rect(x, y, x + w, y + h);
            let shared = triangle.overlap_px2(&rect);
            prop_assert!(shared <= triangle.area_px2() + 1e-6 && shared <= rect.area() + 1e-6);
            let reversed: Vec<_> = points.iter().rev().copied().collect();
            prop_assert!((polygon(&reversed).overlap_px2(&rect) - shared).abs() < 1e-6);
            // A coarse count of points on a lattice agrees.
            let lattice = 40;
            let hits = (0..lattice * lattice).filter(|i| {
                let at = |i: usize| (i as f64 + 0.5) / lattice as f64;
                triangle.contains(PixelPoint { x: x + w * at(i % lattice), y: y + h * at(i / lattice) })
            });
            let counted = hits.count() as f64 / (lattice * lattice) as f64;
            prop_assert!((counted - shared / rect.area()).abs() < 0.06, "{counted} {}", shared / rect.area());
        }
    }
}
