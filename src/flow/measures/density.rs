//! People per m² of a zone.

use crate::geometry::{GroundArea, VoronoiCell};
use crate::model::GroundPoint;

/// Classic density: people inside the zone over its area, in 1/m² (PedPy's `compute_classic_density`). It jumps by
/// 1/A whenever somebody steps over the border.
#[must_use]
pub fn classic_density(people: &[GroundPoint], zone: &GroundArea) -> f64 {
    people.iter().filter(|&&person| zone.contains(person)).count() as f64 / zone.area_m2()
}

/// Voronoi density of a zone in 1/m²: the mean over its area of a density that is 1/(the cell's area) within each
/// person's cell and 0 where nobody's cell is (Steffen & Seyfried 2010, PedPy's `compute_voronoi_density`). People
/// outside whose cells reach into the zone count with the share of their cell that lies in it, so somebody who steps
/// over the border changes it little by little.
#[must_use]
pub fn voronoi_density(cells: &[VoronoiCell], zone: &GroundArea) -> f64 {
    let share = |cell: &VoronoiCell| cell.density_per_m2().map_or(0.0, |density| density * cell.shared_area_m2(zone));
    // The sum of nothing is -0.
    (cells.iter().map(share).sum::<f64>() + 0.0) / zone.area_m2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{CutOff, voronoi_cells};

    const fn at(x_m: f64, y_m: f64) -> GroundPoint {
        GroundPoint { x_m, y_m }
    }

    #[test]
    fn on_the_border_half_a_person_is_in_the_zone() {
        let zone = GroundArea::new(&[at(0.0, 0.0), at(4.0, 0.0), at(4.0, 4.0), at(0.0, 4.0)], &[]).unwrap();
        let voronoi = |x_m| {
            let people = [at(x_m, 2.0)];
            (classic_density(&people, &zone), voronoi_density(&voronoi_cells(&people, None, CutOff::default()), &zone))
        };
        assert_eq!(voronoi(2.0).0, 1.0 / 16.0);
        assert!((voronoi(2.0).1 - 1.0 / 16.0).abs() < 1e-12);
        assert!((voronoi(4.0).1 - 0.5 / 16.0).abs() < 1e-12);
        assert_eq!(voronoi(9.0), (0.0, 0.0));
    }
}
