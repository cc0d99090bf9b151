//! The homography that fits point pairs best.

use super::matrix::{Matrix3, solve};
use super::point_set::PointPair;

/// Steps of the refinement: it converges in three to six, as it starts at the algebraic solution.
const REFINEMENTS_MOST: usize = 50;

/// Picture → ground by the normalised direct linear transform (Hartley 1997), refined so that the sum of squared
/// distances on the ground is least (Levenberg–Marquardt). Scale positive at the points' centroid. `None` where the
/// points leave it open.
pub(super) fn fit(pairs: &[PointPair]) -> Option<Matrix3> {
    let image: Vec<_> = pairs.iter().map(|pair| (pair.image.x, pair.image.y)).collect();
    let ground: Vec<_> = pairs.iter().map(|pair| (pair.ground.x_m, pair.ground.y_m)).collect();
    let (image, image_norm) = normalised(&image)?;
    let (ground, ground_norm) = normalised(&ground)?;
    let rows = image.iter().copied().zip(ground.iter().copied());

    let mut normal = Normal::default();
    for ((x, y), (u, v)) in rows.clone() {
        normal.add([x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y], u);
        normal.add([0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y], v);
    }
    let mut h = solve(normal.matrix, normal.right)?;
    let mut error = square_error(&h, rows.clone());
    let mut damping = 1e-3;
    // Four points are met exactly.
    let refinements = if pairs.len() > 4 { REFINEMENTS_MOST } else { 0 };
    for _ in 0..refinements {
        let mut normal = Normal::default();
        for ((x, y), (u, v)) in rows.clone() {
            let w = h[6] * x + h[7] * y + 1.0;
            let mapped_u = (h[0] * x + h[1] * y + h[2]) / w;
            let mapped_v = (h[3] * x + h[4] * y + h[5]) / w;
            let (a, b, c) = (x / w, y / w, 1.0 / w);
            normal.add([a, b, c, 0.0, 0.0, 0.0, -mapped_u * a, -mapped_u * b], u - mapped_u);
            normal.add([0.0, 0.0, 0.0, a, b, c, -mapped_v * a, -mapped_v * b], v - mapped_v);
        }
        for (at, row) in normal.matrix.iter_mut().enumerate() {
            row[at] *= 1.0 + damping;
        }
        let Some(step) = solve(normal.matrix, normal.right) else { break };
        let next: [f64; 8] = std::array::from_fn(|at| h[at] + step[at]);
        let next_error = square_error(&next, rows.clone());
        if next_error < error {
            let done = error - next_error <= 1e-15 * error;
            (h, error, damping) = (next, next_error, damping * 0.1);
            if done {
                break;
            }
        } else {
            damping *= 10.0;
            if damping > 1e9 {
                break;
            }
        }
    }
    let h = Matrix3([[h[0], h[1], h[2]], [h[3], h[4], h[5]], [h[6], h[7], 1.0]]);
    let matrix = ground_norm.inverse()?.times(&h).times(&image_norm);
    matrix.inverse().map(|_| matrix)
}

/// Normal equations of a linear least-squares problem in the eight free elements.
#[derive(Default)]
struct Normal {
    matrix: [[f64; 8]; 8],
    right: [f64; 8],
}

impl Normal {
    fn add(&mut self, row: [f64; 8], value: f64) {
        for i in 0..8 {
            for j in 0..8 {
                self.matrix[i][j] += row[i] * row[j];
            }
            self.right[i] += row[i] * value;
        }
    }
}

/// Infinite where a point would be beyond the horizon: the refinement never steps there.
fn square_error(h: &[f64; 8], rows: impl Iterator<Item = ((f64, f64), (f64, f64))>) -> f64 {
    rows.map(|((x, y), (u, v))| {
        let w = h[6] * x + h[7] * y + 1.0;
        if w <= 0.0 {
            return f64::INFINITY;
        }
        let (du, dv) = ((h[0] * x + h[1] * y + h[2]) / w - u, (h[3] * x + h[4] * y + h[5]) / w - v);
        du * du + dv * dv
    })
    .sum()
}

/// The points about their centroid with a mean distance of √2 from it, and the matrix that does that.
fn normalised(points: &[(f64, f64)]) -> Option<(Vec<(f64, f64)>, Matrix3)> {
    let count = points.len() as f64;
    let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
    let centre = (mean(|point| point.0), mean(|point| point.1));
    let distance = points.iter().map(|point| (point.0 - centre.0).hypot(point.1 - centre.1)).sum::<f64>() / count;
    let scale = std::f64::consts::SQRT_2 / distance;
    if !scale.is_finite() {
        return None;
    }
    let points = points.iter().map(|point| ((point.0 - centre.0) * scale, (point.1 - centre.1) * scale)).collect();
    Some((points, Matrix3::scale_and_shift((scale, scale), (-centre.0 * scale, -centre.1 * scale))))
}
