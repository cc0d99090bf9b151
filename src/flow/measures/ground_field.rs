//! Where in a zone it is densest, and where the pressure is greatest: a grid over the ground onto which people are
//! scattered with Helbing's Gaussian weight.

use super::pressure::{FAR_RADII, NEAR_RADII, WeightedSums};
use super::{GroundVelocity, Pressure, PressureSettings};
use crate::geometry::GroundArea;
use crate::model::GroundPoint;

/// Nodes are so far apart, in metres: half of the usual radius, so that the densest spot between nodes weighs at most
/// an eighth more than its nearest node, even where it is one person alone.
const SPACING_M: f64 = 0.5;
/// Where there would be more, nodes are further apart.
const MOST_NODES: usize = 20_000;

/// The highest local density of a zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalDensity {
    /// The node where it is.
    pub at: GroundPoint,
    /// Gaussian-weighted density there, in 1/m².
    pub per_m2: f64,
}

/// Density, momentum and energy of a crowd on the nodes of a grid: at each node the sums of w, w·v and w·|v|² over the
/// people around it, with the weight w = exp(−d²/R²) of Helbing, Johansson & Al-Abideen (2007) and a local density
/// of Σ w/(πR²). From them come the highest local density of each zone (of everybody, also those whose velocity is not
/// known yet) and its greatest pressure, which is what [`super::pressure()`] gives at the nodes: of those whose velocity
/// is known, corrected and gated in the same way.
///
/// The grid lies over the box around all zones, 0.5 m apart, or further where that were more than 20 000 nodes. Half of
/// a local density near a zone's border comes from people beyond it: give everybody the camera sees, not only those
/// inside. It is for one moment and has no memory, so that frame rates and gaps are nothing to it.
#[derive(Debug, Clone)]
pub struct GroundField {
    settings: PressureSettings,
    noise_variance: f64,
    first: GroundPoint,
    spacing_m: f64,
    columns: usize,
    rows: usize,
    weight: Vec<f64>,
    x: Vec<f64>,
    y: Vec<f64>,
    squares: Vec<f64>,
    near: Vec<f64>,
    /// Weights of those whose velocity is not known.
    resting: Vec<f64>,
    zones: Vec<Vec<usize>>,
    /// Where something is on the grid.
    touched: Vec<Window>,
    row_axis: Axis,
    column_axis: Axis,
}

/// Nodes that somebody reaches.
#[derive(Debug, Clone, Copy)]
struct Window {
    first_row: usize,
    rows: usize,
    first_column: usize,
    columns: usize,
}

/// Along one axis: the nodes that somebody reaches, their square distances and weights.
#[derive(Debug, Clone, Default)]
struct Axis {
    first: usize,
    squares_m2: Vec<f64>,
    weights: Vec<f64>,
}

impl Axis {
    /// For somebody at `at_m` on an axis of `nodes` nodes from `from_m` on. exp(−(dx² + dy²)/R²) is the product of what
    /// either axis gives, so it takes as many exponentials as there are rows and columns, not nodes.
    fn reach(&mut self, at_m: f64, from_m: f64, spacing_m: f64, nodes: usize, radius_m: f64) {
        let node = |distance_m: f64| (at_m + distance_m - from_m) / spacing_m;
        let far_m = FAR_RADII * radius_m;
        // One node more on either side: rounding must not leave out one that is reached, and it weighs nothing if not.
        self.first = (node(-far_m).floor().max(0.0) as usize).min(nodes);
        let end = ((node(far_m).ceil() + 1.0).max(0.0) as usize).min(nodes).max(self.first);
        self.squares_m2.clear();
        self.squares_m2.extend((self.first..end).map(|index| {
            let away_m = at_m - (from_m + index as f64 * spacing_m);
            away_m * away_m
        }));
        let radius_m2 = radius_m * radius_m;
        self.weights.clear();
        self.weights.extend(self.squares_m2.iter().map(|square_m2| (-square_m2 / radius_m2).exp()));
    }
}

impl GroundField {
    /// A grid over these zones; its radius and the limits below which there is no pressure are the settings'.
    ///
    /// `None` where there is no zone, the radius is not above 0, or the box around the zones is so large (from
    /// 20 000 m² on with R = 1 m) that nodes would be further apart than the radius: then the grid would miss what it
    /// looks for. Zones far apart need a field each.
    #[must_use]
    pub fn new(zones: &[&GroundArea], settings: PressureSettings) -> Option<Self> {
        if settings.radius_m.is_nan() || settings.radius_m <= 0.0 {
            return None;
        }
        let boxes = zones.iter().map(|zone| zone.bounds());
        let (low, high) = boxes.reduce(|(low, high), (next_low, next_high)| {
            (
                GroundPoint { x_m: low.x_m.min(next_low.x_m), y_m: low.y_m.min(next_low.y_m) },
                GroundPoint { x_m: high.x_m.max(next_high.x_m), y_m: high.y_m.max(next_high.y_m) },
            )
        })?;
        let (width_m, length_m) = (high.x_m - low.x_m, high.y_m - low.y_m);
        let count = |extent_m: f64, spacing_m: f64| (extent_m / spacing_m).floor() as usize + 1;
        let mut spacing_m = SPACING_M.min(settings.radius_m / 2.0);
        while spacing_m <= settings.radius_m
            && count(width_m, spacing_m).saturating_mul(count(length_m, spacing_m)) > MOST_NODES
        {
            spacing_m *= 1.02;
        }
        if spacing_m > settings.radius_m {
            return None;
        }
        let (columns, rows) = (count(width_m, spacing_m), count(length_m, spacing_m));
        // What is left over is shared out to both sides.
        let begin = |low_m: f64, extent_m: f64, nodes: usize| low_m + (extent_m - (nodes - 1) as f64 * spacing_m) / 2.0;
        let nothing = vec![0.0; columns * rows];
        let mut field = Self {
            settings,
            noise_variance: settings.noise_variance,
            first: GroundPoint { x_m: begin(low.x_m, width_m, columns), y_m: begin(low.y_m, length_m, rows) },
            spacing_m,
            columns,
            rows,
            weight: nothing.clone(),
            x: nothing.clone(),
            y: nothing.clone(),
            squares: nothing.clone(),
            near: nothing.clone(),
            resting: nothing,
            zones: Vec::new(),
            touched: Vec::new(),
            row_axis: Axis::default(),
            column_axis: Axis::default(),
        };
        field.zones = zones.iter().map(|zone| field.nodes_of(zone)).collect();
        Some(field)
    }

    /// Distance between neighbouring nodes in metres.
    #[must_use]
    pub fn spacing_m(&self) -> f64 {
        self.spacing_m
    }

    /// The nodes inside the zone; where it is too small to have any, the one nearest to its middle.
    fn nodes_of(&self, zone: &GroundArea) -> Vec<usize> {
        let inside: Vec<usize> =
            (0..self.rows * self.columns).filter(|&node| zone.contains(self.point(node))).collect();
        if !inside.is_empty() {
            return inside;
        }
        let (low, high) = zone.bounds();
        let nearest = |middle_m: f64, from_m: f64, nodes: usize| {
            (((middle_m - from_m) / self.spacing_m).round().max(0.0) as usize).min(nodes - 1)
        };
        let column = nearest(f64::midpoint(low.x_m, high.x_m), self.first.x_m, self.columns);
        let row = nearest(f64::midpoint(low.y_m, high.y_m), self.first.y_m, self.rows);
        vec![row * self.columns + column]
    }

    fn point(&self, node: usize) -> GroundPoint {
        GroundPoint {
            x_m: self.first.x_m + (node % self.columns) as f64 * self.spacing_m,
            y_m: self.first.y_m + (node / self.columns) as f64 * self.spacing_m,
        }
    }

    /// The variance of the noise in one component of a velocity, in m²/s², as measured; what the settings have is the least
    /// that is taken, and what is taken where none was measured.
    pub fn assume_noise(&mut self, measured: Option<f64>) {
        self.noise_variance = measured.map_or(self.settings.noise_variance, |it| it.max(self.settings.noise_variance));
    }

    /// Takes in the people of a frame instead of those of the frame before.
    pub fn scatter(&mut self, people: &[(GroundPoint, Option<GroundVelocity>)]) {
        self.clear();
        for &(point, velocity) in people {
            self.add(point, velocity);
        }
    }

    /// Where there are few people on a large grid only what they touched is cleared.
    fn clear(&mut self) {
        let fields = [&mut self.weight, &mut self.x, &mut self.y, &mut self.squares, &mut self.near, &mut self.resting];
        let touched: usize = self.touched.iter().map(|window| window.rows * window.columns).sum();
        for field in fields {
            if touched >= field.len() {
                field.fill(0.0);
                continue;
            }
            for window in &self.touched {
                for row in window.first_row..window.first_row + window.rows {
                    let begin = row * self.columns + window.first_column;
                    field[begin..begin + window.columns].fill(0.0);
                }
            }
        }
        self.touched.clear();
    }

    fn add(&mut self, point: GroundPoint, velocity: Option<GroundVelocity>) {
        let radius_m = self.settings.radius_m;
        self.column_axis.reach(point.x_m, self.first.x_m, self.spacing_m, self.columns, radius_m);
        self.row_axis.reach(point.y_m, self.first.y_m, self.spacing_m, self.rows, radius_m);
        let (row_axis, column_axis) = (&self.row_axis, &self.column_axis);
        let columns = column_axis.weights.len();
        self.touched.push(Window {
            first_row: row_axis.first,
            rows: row_axis.weights.len(),
            first_column: column_axis.first,
            columns,
        });
        let far_m2 = FAR_RADII * FAR_RADII * radius_m * radius_m;
        let near_m2 = NEAR_RADII * NEAR_RADII * radius_m * radius_m;
        for (index, (&row_m2, &row_weight)) in row_axis.squares_m2.iter().zip(&row_axis.weights).enumerate() {
            let begin = (row_axis.first + index) * self.columns + column_axis.first;
            let nodes = begin..begin + columns;
            let column = column_axis.squares_m2.iter().zip(&column_axis.weights);
            let within = |&column_m2: &f64, &column_weight: &f64| {
                if column_m2 + row_m2 <= far_m2 { column_weight * row_weight } else { 0.0 }
            };
            let Some(velocity) = velocity else {
                for (resting, (column_m2, column_weight)) in self.resting[nodes].iter_mut().zip(column) {
                    *resting += within(column_m2, column_weight);
                }
                continue;
            };
            let square = velocity.x_mps * velocity.x_mps + velocity.y_mps * velocity.y_mps;
            let sums = self.weight[nodes.clone()].iter_mut().zip(&mut self.x[nodes.clone()]);
            let sums = sums.zip(&mut self.y[nodes.clone()]).zip(&mut self.squares[nodes.clone()]);
            let sums = sums.zip(&mut self.near[nodes]);
            for (((((weights, x), y), squares), near), (column_m2, column_weight)) in sums.zip(column) {
                let weight = within(column_m2, column_weight);
                *weights += weight;
                *x += weight * velocity.x_mps;
                *y += weight * velocity.y_mps;
                *squares += weight * square;
                *near += if column_m2 + row_m2 <= near_m2 { 1.0 } else { 0.0 };
            }
        }
    }

    /// The highest local density of the zone of that place, in 1/m²: 0 where nobody is near; `None` where there is no
    /// such zone. Being a maximum it is above the zone's mean density also where people are spread evenly, as they
    /// are never even within a metre.
    #[must_use]
    pub fn densest(&self, zone: usize) -> Option<LocalDensity> {
        let weight = |&node: &usize| self.weight[node] + self.resting[node];
        let node = *self.zones.get(zone)?.iter().max_by(|a, b| weight(a).total_cmp(&weight(b)))?;
        let circle_m2 = std::f64::consts::PI * self.settings.radius_m * self.settings.radius_m;
        Some(LocalDensity { at: self.point(node), per_m2: weight(&node) / circle_m2 })
    }

    /// The greatest pressure of the zone of that place, and where; `None` where there is no such zone, and where no
    /// node of it has people enough and is dense enough.
    #[must_use]
    pub fn greatest_pressure(&self, zone: usize) -> Option<(GroundPoint, Pressure)> {
        let pressures = self.zones.get(zone)?.iter().filter_map(|&node| Some((node, self.pressure(node)?)));
        let (node, pressure) = pressures.max_by(|(_, a), (_, b)| a.per_s2.total_cmp(&b.per_s2))?;
        Some((self.point(node), pressure))
    }

    /// Where in the zone of that place, at this density or more, the pressure is furthest above what noise may make by
    /// chance; `None` where it is nowhere so dense, or no pressure can be told there.
    #[must_use]
    pub fn surest_pressure(&self, zone: usize, least_per_m2: f64) -> Option<Pressure> {
        let dense = self.zones.get(zone)?.iter().filter_map(|&node| self.pressure(node));
        let sure = |pressure: &Pressure| pressure.per_s2 - pressure.chance_per_s2;
        dense.filter(|pressure| pressure.density_per_m2 >= least_per_m2).max_by(|a, b| sure(a).total_cmp(&sure(b)))
    }

    fn pressure(&self, node: usize) -> Option<Pressure> {
        let sums = WeightedSums {
            weight: self.weight[node],
            x: self.x[node],
            y: self.y[node],
            squares: self.squares[node],
            near: self.near[node],
        };
        sums.pressure(&PressureSettings { noise_variance: self.noise_variance, ..self.settings })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flow::measures::pressure;

    const fn at(x_m: f64, y_m: f64) -> GroundPoint {
        GroundPoint { x_m, y_m }
    }

    fn rectangle(x0: f64, y0: f64, x1: f64, y1: f64) -> GroundArea {
        GroundArea::new(&[at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1)], &[]).unwrap()
    }

    const fn moving(x_mps: f64, y_mps: f64) -> Option<GroundVelocity> {
        Some(GroundVelocity { x_mps, y_mps })
    }

    #[test]
    fn one_person_alone_is_densest_where_they_are() {
        let zones = [rectangle(0.0, 0.0, 6.0, 5.0), rectangle(10.0, 0.0, 16.0, 5.0)];
        let mut field = GroundField::new(&[&zones[0], &zones[1]], PressureSettings::default()).unwrap();
        assert_eq!(field.spacing_m(), 0.5);
        field.scatter(&[(at(2.0, 3.0), None)]);
        let densest = field.densest(0).unwrap();
        assert_eq!(densest.at, at(2.0, 3.0));
        assert!((densest.per_m2 - std::f64::consts::FRAC_1_PI).abs() < 1e-12);
        assert_eq!((field.densest(1).unwrap().per_m2, field.greatest_pressure(0)), (0.0, None));
        field.scatter(&[(at(12.0, 3.0), moving(1.0, 0.0)), (at(12.0, 3.0), None), (at(40.0, 3.0), None)]);
        assert_eq!(field.densest(0).unwrap().per_m2, 0.0, "the frame before is forgotten");
        assert!((field.densest(1).unwrap().per_m2 - 2.0 * std::f64::consts::FRAC_1_PI).abs() < 1e-12);
        assert_eq!((field.densest(2), field.greatest_pressure(2)), (None, None));
    }

    #[test]
    fn nodes_are_bounded_and_a_grid_that_would_miss_people_is_none() {
        let field = |zone: &GroundArea| GroundField::new(&[zone], PressureSettings::default());
        let large = field(&rectangle(0.0, 0.0, 100.0, 100.0)).unwrap();
        assert!(large.rows * large.columns <= MOST_NODES && large.spacing_m > 0.5 && large.spacing_m < 0.75);
        assert!(field(&rectangle(0.0, 0.0, 1000.0, 1000.0)).is_none());
        assert!(GroundField::new(&[], PressureSettings::default()).is_none());
        let flat = PressureSettings { radius_m: 0.0, ..PressureSettings::default() };
        assert!(GroundField::new(&[&rectangle(0.0, 0.0, 1.0, 1.0)], flat).is_none());
        // No node lies inside the sliver, but one is near.
        let mut sliver = GroundField::new(
            &[&rectangle(0.0, 0.0, 10.0, 10.0), &rectangle(4.1, 4.1, 4.2, 4.3)],
            PressureSettings::default(),
        )
        .unwrap();
        sliver.scatter(&[(at(4.15, 4.2), None)]);
        assert!(sliver.densest(1).unwrap().per_m2 > 0.28);
    }

    fn person() -> impl Strategy<Value = (GroundPoint, Option<GroundVelocity>)> {
        let velocity = prop::option::weighted(0.9, (-1.5..1.5, -1.5..1.5));
        ((-1.0..5.0, -1.0..4.0), velocity)
            .prop_map(|((x, y), velocity)| (at(x, y), velocity.and_then(|(vx, vy): (f64, f64)| moving(vx, vy))))
    }

    proptest! {
        #[test]
        fn at_every_node_it_is_what_the_function_gives(
            before in prop::collection::vec(person(), 0..5),
            people in prop::collection::vec(person(), 0..160),
            dense in prop::sample::select(vec![0.5, 3.0]),
        ) {
            let zone = rectangle(0.0, 0.0, 4.0, 3.0);
            let settings = PressureSettings { least_density_per_m2: dense, ..PressureSettings::default() };
            let mut field = GroundField::new(&[&zone], settings).unwrap();
            field.scatter(&before);
            field.scatter(&people);
            let known: Vec<_> = people.iter().filter_map(|&(point, velocity)| Some((point, velocity?))).collect();
            let mut greatest = None;
            for node in 0..field.rows * field.columns {
                let direct = pressure(&known, field.point(node), &settings);
                let gridded = field.pressure(node);
                prop_assert_eq!(direct.is_some(), gridded.is_some());
                if let (Some(direct), Some(gridded)) = (direct, gridded) {
                    prop_assert!((direct.per_s2 - gridded.per_s2).abs() < 1e-9);
                    prop_assert!((direct.density_per_m2 - gridded.density_per_m2).abs() < 1e-9);
                    if zone.contains(field.point(node)) {
                        greatest = greatest.max(Some((direct.per_s2 * 1e9).round() as i64));
                    }
                }
            }
            let found = field.greatest_pressure(0).map(|(_, pressure)| (pressure.per_s2 * 1e9).round() as i64);
            prop_assert_eq!(found.is_some(), greatest.is_some());
            prop_assert!((found.unwrap_or(0) - greatest.unwrap_or(0)).abs() <= 1);
            let densest = field.densest(0).unwrap();
            let weight = |p: &GroundPoint| (-p.distance_m(densest.at).powi(2)).exp();
            let near = people.iter().map(|(point, _)| point).filter(|point| point.distance_m(densest.at) <= 3.0);
            prop_assert!((near.map(weight).sum::<f64>() / std::f64::consts::PI - densest.per_m2).abs() < 1e-9);
        }
    }
}
