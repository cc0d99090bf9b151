//! The cells of a heat map: which part of the ground they cover.

use crate::calibration::GroundPlane;
use crate::config::{CameraPlan, defaults, polygon_on_ground};
use crate::model::{GroundPoint, NormPoint, PixelPoint};

/// Where there would be more cells, they are larger: 2.4 MB for each hour's map.
const MOST_CELLS: usize = 100_000;
/// More cells in a row or column are no picture that anybody can look at.
const MOST_ALONG_A_SIDE: usize = 2000;
/// Without zones and walkable area, cells reach this far from the ground at the picture's lower edge, in metres: further
/// away people are a few pixels high in most cameras.
const FARTHEST_M: f64 = 60.0;
/// Places along the picture's sides at which it is looked where the ground is.
const SAMPLES: u32 = 100;

/// Square cells on the ground. Their borders lie at whole multiples of their side from the ground's origin, so that maps
/// of one camera fit one another however its zones are redrawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeatMapGrid {
    cell_m: f64,
    first_column: f64,
    first_row: f64,
    columns: usize,
    rows: usize,
}

impl HeatMapGrid {
    /// Cells over the upright box between two corners. Where that were more than 100 000, or more than 2000 along a side,
    /// their sides are doubled until it is not.
    #[must_use]
    pub fn over(low: GroundPoint, high: GroundPoint, cell_m: f64) -> Self {
        let mut cell_m = cell_m;
        loop {
            let along = |low_m: f64, high_m: f64| {
                let (first, last) = ((low_m / cell_m).floor(), (high_m / cell_m).floor());
                (first, (last - first).max(0.0) as usize + 1)
            };
            let ((first_column, columns), (first_row, rows)) = (along(low.x_m, high.x_m), along(low.y_m, high.y_m));
            if columns.max(rows) <= MOST_ALONG_A_SIDE && columns * rows <= MOST_CELLS {
                return Self { cell_m, first_column, first_row, columns, rows };
            }
            cell_m *= 2.0;
        }
    }

    /// The cells of a calibrated camera: over its zones and its walkable area where it has any, as far as a cell is
    /// still larger than a pixel; else over the ground in its picture, as far as that and up to 60 m away. `None` where
    /// the picture shows no ground so near.
    pub(super) fn of_camera(plan: &CameraPlan, plane: &GroundPlane, cell_m: f64) -> Option<Self> {
        let outlines = plan.zones.iter().map(|zone| &zone.polygon);
        let outlines = outlines.chain(plan.walkable.iter().map(|walkable| &walkable.polygon));
        let of_outline = |polygon: &Vec<NormPoint>| bounds(&polygon_on_ground(plane, polygon)?);
        let wanted = outlines.filter_map(of_outline).filter(is_sane).reduce(union);
        let clear: Vec<GroundPoint> = clear_ground(plane, cell_m).collect();
        let (low, high) = match wanted {
            Some(wanted) => bounds(&clear).and_then(|seen| intersection(wanted, seen)).unwrap_or(wanted),
            None => {
                let size = plane.frame_size();
                let nearest = plane.to_ground(NormPoint { x: 0.5, y: 1.0 }.to_px(size))?;
                let near: Vec<_> = clear.into_iter().filter(|at| at.distance_m(nearest) <= FARTHEST_M).collect();
                bounds(&near)?
            }
        };
        Some(Self::over(low, high, cell_m))
    }

    /// Side of a cell, in metres.
    #[must_use]
    pub fn cell_m(&self) -> f64 {
        self.cell_m
    }

    /// Cells along x.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Cells along y.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many cells there are.
    #[allow(clippy::len_without_is_empty, reason = "it never is")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns * self.rows
    }

    /// The corner with the lowest x and y.
    #[must_use]
    pub fn low(&self) -> GroundPoint {
        GroundPoint { x_m: self.first_column * self.cell_m, y_m: self.first_row * self.cell_m }
    }

    /// The middle of a cell. Cells are numbered row by row from low y, in a row from low x.
    #[must_use]
    pub fn centre(&self, index: usize) -> GroundPoint {
        let middle = |first: f64, steps: usize| (first + steps as f64 + 0.5) * self.cell_m;
        GroundPoint {
            x_m: middle(self.first_column, index % self.columns),
            y_m: middle(self.first_row, index / self.columns),
        }
    }

    /// The cell in which a point is; `None` where there is none. A point on a border is in the cell of higher x or y.
    #[must_use]
    pub fn cell_at(&self, point: GroundPoint) -> Option<usize> {
        let steps = |at_m: f64, first: f64, count: usize| {
            let steps = (at_m / self.cell_m).floor() - first;
            (steps >= 0.0 && steps < count as f64).then_some(steps as usize)
        };
        let column = steps(point.x_m, self.first_column, self.columns)?;
        Some(steps(point.y_m, self.first_row, self.rows)? * self.columns + column)
    }
}

type Bounds = (GroundPoint, GroundPoint);

fn bounds(points: &[GroundPoint]) -> Option<Bounds> {
    points.iter().map(|&point| (point, point)).reduce(union)
}

fn union(a: Bounds, b: Bounds) -> Bounds {
    let low = GroundPoint { x_m: a.0.x_m.min(b.0.x_m), y_m: a.0.y_m.min(b.0.y_m) };
    (low, GroundPoint { x_m: a.1.x_m.max(b.1.x_m), y_m: a.1.y_m.max(b.1.y_m) })
}

fn intersection(a: Bounds, b: Bounds) -> Option<Bounds> {
    let low = GroundPoint { x_m: a.0.x_m.max(b.0.x_m), y_m: a.0.y_m.max(b.0.y_m) };
    let high = GroundPoint { x_m: a.1.x_m.min(b.1.x_m), y_m: a.1.y_m.min(b.1.y_m) };
    (low.x_m <= high.x_m && low.y_m <= high.y_m).then_some((low, high))
}

/// Whether it is no larger than the largest zone can be: next to the horizon everything is kilometres away.
fn is_sane((low, high): &Bounds) -> bool {
    let side_m = defaults::AREA_MOST_M2.sqrt();
    high.x_m - low.x_m <= side_m && high.y_m - low.y_m <= side_m
}

/// Places in the picture where a pixel is no longer on the ground than a cell.
fn clear_ground(plane: &GroundPlane, cell_m: f64) -> impl Iterator<Item = GroundPoint> {
    let size = plane.frame_size();
    let share = |sample: u32| f64::from(sample) / f64::from(SAMPLES);
    let samples = (0..=SAMPLES).flat_map(move |y| (0..=SAMPLES).map(move |x| NormPoint { x: share(x), y: share(y) }));
    samples.filter_map(move |sample| {
        let pixel: PixelPoint = sample.to_px(size);
        plane.px_per_m_along_sight(pixel).filter(|px_per_m| px_per_m * cell_m >= 1.0)?;
        plane.to_ground(pixel)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::CameraParameters;
    use crate::config::{WalkablePlan, ZonePlan};
    use crate::flow::camera::tests::plan;
    use crate::model::{FrameSize, ZoneId};

    const SIZE: FrameSize = FrameSize { width_px: 1000, height_px: 500 };

    fn at(x_m: f64, y_m: f64) -> GroundPoint {
        GroundPoint { x_m, y_m }
    }

    fn from_a_mast() -> GroundPlane {
        let camera = CameraParameters { height_m: 6.0, tilt_deg: 10.0, roll_deg: 0.0, focal_px: 800.0 };
        GroundPlane::from_camera(camera, SIZE, 0.0).unwrap()
    }

    #[test]
    fn a_point_is_in_the_cell_whose_middle_is_near() {
        let grid = HeatMapGrid::over(at(-1.2, 0.0), at(1.9, 0.99), 0.5);
        assert_eq!((grid.low(), grid.columns(), grid.rows(), grid.len()), (at(-1.5, 0.0), 7, 2, 14));
        assert_eq!((grid.centre(0), grid.centre(13)), (at(-1.25, 0.25), at(1.75, 0.75)));
        for index in 0..grid.len() {
            assert_eq!(grid.cell_at(grid.centre(index)), Some(index));
        }
        assert_eq!(grid.cell_at(at(-1.5, 0.5)), Some(7));
        for outside in [at(-1.51, 0.5), at(2.0, 0.5), at(0.0, -0.01), at(0.0, 1.0), at(f64::NAN, 0.0)] {
            assert_eq!(grid.cell_at(outside), None);
        }
    }

    #[test]
    fn too_many_cells_grow_and_keep_their_borders() {
        let grid = HeatMapGrid::over(at(0.0, 0.0), at(399.9, 399.9), 0.5);
        assert_eq!((grid.cell_m(), grid.len()), (2.0, 40_000));
        assert_eq!(HeatMapGrid::over(at(-3.0, 0.0), at(1999.0, 0.1), 0.5).cell_m(), 2.0);
        assert_eq!(HeatMapGrid::over(at(7.0, 7.0), at(7.0, 7.0), 0.5).len(), 1);
    }

    #[test]
    fn cells_cover_zones_and_walkable_area_or_what_is_seen_of_the_ground() {
        let plane = from_a_mast();
        let mut camera = plan(false);
        camera.zones.clear();
        let seen = HeatMapGrid::of_camera(&camera, &plane, 0.5).unwrap();
        let high_m = |grid: &HeatMapGrid| grid.centre(grid.len() - 1).y_m;
        // The lower edge looks 10° + atan(250/800) down.
        assert!((seen.low().y_m - 6.0 / (10f64 + 17.35).to_radians().tan()).abs() < 0.6, "{seen:?}");
        assert!(high_m(&seen) > 25.0 && high_m(&seen) < seen.low().y_m + 60.5, "{seen:?}");
        let on = |x_m, y_m| {
            let pixel = plane.to_pixel(at(x_m, y_m)).unwrap();
            NormPoint { x: pixel.x / 1000.0, y: pixel.y / 500.0 }
        };
        let zone = |polygon| ZonePlan::new(ZoneId::new("z").unwrap(), polygon);
        camera.zones.push(zone(vec![on(-1.9, 15.1), on(1.9, 15.1), on(1.9, 24.9), on(-1.9, 24.9)]));
        // One up to the horizon says nothing of where cells are wanted.
        let sky = NormPoint { x: 0.5, y: 0.0 };
        camera.zones.push(zone(vec![NormPoint { x: 0.0, y: 1.0 }, NormPoint { x: 1.0, y: 1.0 }, sky]));
        let zones = HeatMapGrid::of_camera(&camera, &plane, 0.5).unwrap();
        assert_eq!((zones.low(), zones.columns(), zones.rows()), (at(-2.0, 15.0), 8, 20));
        let polygon = vec![on(-1.9, 15.1), on(3.9, 15.1), on(3.9, 17.0)];
        camera.walkable = Some(WalkablePlan { polygon, obstacles: Vec::new() });
        let both = HeatMapGrid::of_camera(&camera, &plane, 0.5).unwrap();
        assert_eq!((both.low(), both.columns(), both.rows()), (at(-2.0, 15.0), 12, 20));
        // A pixel there is longer than a cell of this size, so cells end before it.
        camera.zones[0].polygon[2] = on(1.9, 200.0);
        assert!(high_m(&HeatMapGrid::of_camera(&camera, &plane, 0.5).unwrap()) < 60.0);
    }
}
