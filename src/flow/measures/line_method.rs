//! Specific flow at a line from the people around it, frame by frame, without waiting for anybody to cross.

use super::GroundVelocity;
use crate::geometry::{GroundSegment, VoronoiCell};
use crate::model::Direction;

/// Somebody whose Voronoi cell reaches a line.
#[derive(Debug, Clone, Copy)]
pub struct CellFlow<'a> {
    /// Their cell.
    pub cell: &'a VoronoiCell,
    /// Their velocity.
    pub velocity: GroundVelocity,
    /// Where they were going when their cell first reached the line: [`approach`].
    pub approach: Direction,
}

/// Specific flow over a line, in people per metre and second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LineFlow {
    /// Of those who came towards its left. Below 0 where they go back.
    pub in_per_m_s: f64,
    /// Of those who came towards its right. Below 0 where they go back.
    pub out_per_m_s: f64,
}

impl LineFlow {
    /// Of both together, whichever way they go.
    #[must_use]
    pub fn total_per_m_s(&self) -> f64 {
        self.in_per_m_s + self.out_per_m_s
    }
}

/// Speed towards the left of the line, in m/s.
fn leftward_mps(velocity: GroundVelocity, line: &GroundSegment) -> f64 {
    let (along_x, along_y) = (line.b.x_m - line.a.x_m, line.b.y_m - line.a.y_m);
    (velocity.y_mps * along_x - velocity.x_mps * along_y) / line.length_m()
}

/// From which side somebody with this velocity comes to the line, as the direction in which they would cross it; `None`
/// where they move along it or not at all. Asked once, when their cell first reaches the line: PedPy's *species*.
#[must_use]
pub fn approach(velocity: GroundVelocity, line: &GroundSegment) -> Option<Direction> {
    let leftward_mps = leftward_mps(velocity, line);
    if leftward_mps > 0.0 {
        Some(Direction::In)
    } else if leftward_mps < 0.0 {
        Some(Direction::Out)
    } else {
        None
    }
}

/// The line method: Σ vᵢ⊥ · ρᵢ · wᵢ/w over the people whose cells the line cuts. vᵢ⊥ is the speed across the line in the
/// direction of the person's approach, ρᵢ = 1/Aᵢ the density in their cell, wᵢ the length of the line in it, w the line's
/// whole length. It is ρ·v, so it has a value in every frame, but it follows the speeds of people *near* the line, not
/// only of those who cross.
///
/// PedPy 1.5's `compute_line_flow`, whose species +1 goes to the *right* of the line, so that its `j_sp+1` is `out` here;
/// its documentation has the unit 1/s for what is 1/(m·s).
#[must_use]
pub fn line_flow(people: &[CellFlow<'_>], line: &GroundSegment) -> LineFlow {
    let mut flow = LineFlow::default();
    for person in people {
        let share = person.cell.shared_length_m(line) / line.length_m();
        let Some(density_per_m2) = person.cell.density_per_m2() else { continue };
        let leftward_per_m_s = leftward_mps(person.velocity, line) * density_per_m2 * share;
        match person.approach {
            Direction::In => flow.in_per_m_s += leftward_per_m_s,
            Direction::Out => flow.out_per_m_s -= leftward_per_m_s,
        }
    }
    flow
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{CutOff, voronoi_cells};
    use crate::model::GroundPoint;

    const fn at(x_m: f64, y_m: f64) -> GroundPoint {
        GroundPoint { x_m, y_m }
    }

    #[test]
    fn two_who_meet_on_the_line_flow_both_ways() {
        // Square cells of 0.5 m²: their corners lie 0.5 m from the person.
        let cells =
            voronoi_cells(&[at(0.0, 1.0), at(0.0, 3.0)], None, CutOff { radius_m: 0.5, segments_per_quadrant: 1 });
        let line = GroundSegment { a: at(0.0, 0.0), b: at(0.0, 4.0) };
        let velocities = [-1.2, 0.6].map(|x_mps| GroundVelocity { x_mps, y_mps: 0.3 });
        assert_eq!(velocities.map(|velocity| approach(velocity, &line)), [Some(Direction::In), Some(Direction::Out)]);
        assert_eq!(approach(GroundVelocity { x_mps: 0.0, y_mps: 1.0 }, &line), None);
        let person = |index: usize, approach| CellFlow { cell: &cells[index], velocity: velocities[index], approach };
        let flow = line_flow(&[person(0, Direction::In), person(1, Direction::Out)], &line);
        // v · 1/A · w_i/w = v · 2 · 1/4
        assert!((flow.in_per_m_s - 0.6).abs() < 1e-12 && (flow.out_per_m_s - 0.3).abs() < 1e-12, "{flow:?}");
        assert!((flow.total_per_m_s() - 0.9).abs() < 1e-12);
        let back = line_flow(&[person(0, Direction::Out)], &line);
        assert!((back.out_per_m_s + 0.6).abs() < 1e-12, "who came from the left and goes back counts against");
        assert_eq!(line_flow(&[], &line), LineFlow::default());
    }
}
