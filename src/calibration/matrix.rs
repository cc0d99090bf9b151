//! 3×3 matrices and small linear systems.

/// A 3×3 matrix, row by row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Matrix3(pub(super) [[f64; 3]; 3]);

pub(super) type Vector3 = [f64; 3];

pub(super) fn cross(a: Vector3, b: Vector3) -> Vector3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(super) fn dot(a: Vector3, b: Vector3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn length(a: Vector3) -> f64 {
    dot(a, a).sqrt()
}

impl Matrix3 {
    /// Scales and then shifts: `x ↦ sx·x + tx`, `y ↦ sy·y + ty`.
    pub(super) fn scale_and_shift(scale: (f64, f64), shift: (f64, f64)) -> Self {
        Self([[scale.0, 0.0, shift.0], [0.0, scale.1, shift.1], [0.0, 0.0, 1.0]])
    }

    pub(super) fn from_columns(columns: [Vector3; 3]) -> Self {
        Self(std::array::from_fn(|row| std::array::from_fn(|column| columns[column][row])))
    }

    pub(super) fn column(&self, column: usize) -> Vector3 {
        std::array::from_fn(|row| self.0[row][column])
    }

    pub(super) fn times_vector(&self, v: Vector3) -> Vector3 {
        self.0.map(|row| dot(row, v))
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        Self(self.0.map(|row| std::array::from_fn(|column| dot(row, other.column(column)))))
    }

    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self(self.0.map(|row| row.map(|value| value * factor)))
    }

    pub(super) fn determinant(&self) -> f64 {
        dot(self.0[0], cross(self.0[1], self.0[2]))
    }

    /// The inverse; `None` where there is none, or none in finite numbers.
    pub(super) fn inverse(&self) -> Option<Self> {
        let [a, b, c] = self.0;
        let determinant = self.determinant();
        let columns = [cross(b, c), cross(c, a), cross(a, b)];
        let inverse = Self::from_columns(columns).scaled(1.0 / determinant);
        let finite = determinant != 0.0 && inverse.0.iter().flatten().all(|value| value.is_finite());
        finite.then_some(inverse)
    }

    /// The point that a point is mapped to; `None` where the scale is not positive (beyond the horizon), or so little
    /// that it is all rounding.
    pub(super) fn map(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let [_, _, [a, b, c]] = self.0;
        let [u, v, w] = self.times_vector([x, y, 1.0]);
        let rounding = 1e-12 * ((a * x).abs() + (b * y).abs() + c.abs());
        let mapped = (u / w, v / w);
        (w > rounding && mapped.0.is_finite() && mapped.1.is_finite()).then_some(mapped)
    }
}

/// Solves `a·x = b` by Gaussian elimination with partial pivoting; `None` where `a` has no inverse to working precision.
pub(super) fn solve<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> Option<[f64; N]> {
    let largest = a.iter().flatten().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for step in 0..N {
        let pivot = (step..N).max_by(|&i, &j| a[i][step].abs().total_cmp(&a[j][step].abs()))?;
        a.swap(step, pivot);
        b.swap(step, pivot);
        let (pivot_row, pivot_value) = (a[step], b[step]);
        if pivot_row[step].abs() <= largest * 1e-14 || !pivot_row[step].is_finite() {
            return None;
        }
        for row in step + 1..N {
            let factor = a[row][step] / pivot_row[step];
            for (value, of_pivot) in a[row].iter_mut().zip(pivot_row).skip(step) {
                *value -= factor * of_pivot;
            }
            b[row] -= factor * pivot_value;
        }
    }
    let mut x = [0.0; N];
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|column| a[row][column] * x[column]).sum();
        x[row] = (b[row] - known) / a[row][row];
    }
    x.iter().all(|value| value.is_finite()).then_some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_solved_and_singular_ones_are_not() {
        let x = solve([[0.0, 2.0, 1.0], [1.0, 1.0, 1.0], [4.0, -1.0, 0.5]], [7.0, 6.0, 3.5]).unwrap();
        for (value, expected) in x.into_iter().zip([1.0, 2.0, 3.0]) {
            assert!((value - expected).abs() < 1e-12, "{x:?}");
        }
        assert_eq!(solve([[1.0, 2.0], [2.0, 4.0]], [1.0, 2.0]), None);
        assert_eq!(solve([[f64::NAN, 2.0], [2.0, 4.0]], [1.0, 2.0]), None);
    }

    #[test]
    fn an_inverse_undoes() {
        let a = Matrix3([[2.0, 1.0, 0.5], [0.0, 3.0, -1.0], [0.25, 0.0, 1.0]]);
        let identity = a.times(&a.inverse().unwrap());
        for (row, values) in identity.0.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                assert!((value - f64::from(u8::from(row == column))).abs() < 1e-12, "{identity:?}");
            }
        }
        assert_eq!(Matrix3([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 0.0, 1.0]]).inverse(), None);
    }
}
