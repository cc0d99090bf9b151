//! Dense maximum-weight matching by shortest augmenting paths (the Hungarian algorithm with potentials, after Kuhn
//! 1955 and Jonker & Volgenant 1987), O(rows² · cols).

/// A dense problem and its buffers.
#[derive(Debug, Default)]
pub(super) struct Solver {
    rows: usize,
    cols: usize,
    /// `rows × (cols + rows)`: behind the real columns each row has a column of its own that stands for "unmatched".
    cost: Vec<f64>,
    row_potential: Vec<f64>,
    col_potential: Vec<f64>,
    row_of_col: Vec<usize>,
    way: Vec<usize>,
    slack: Vec<f64>,
    done: Vec<bool>,
    result: Vec<Option<usize>>,
}

const FREE: usize = 0;

impl Solver {
    /// Begins a problem without permitted pairs.
    pub(super) fn reset(&mut self, rows: usize, cols: usize) {
        (self.rows, self.cols) = (rows, cols);
        let width = cols + rows;
        self.cost.clear();
        self.cost.resize(rows * width, f64::INFINITY);
        for row in 0..rows {
            self.cost[row * width + cols + row] = 0.0;
        }
    }

    /// Permits a pair; of two weights for one pair the greater counts.
    pub(super) fn set_weight(&mut self, row: usize, col: usize, weight: f64) {
        let cost = &mut self.cost[row * (self.cols + self.rows) + col];
        *cost = cost.min(-weight);
    }

    /// For each row its column. A row can always take its own "unmatched" column, so a path is always found.
    pub(super) fn solve(&mut self) -> &[Option<usize>] {
        let width = self.cols + self.rows;
        // Vertices are counted from 1; 0 is the root of the augmenting path.
        self.row_potential.clear();
        self.row_potential.resize(self.rows + 1, 0.0);
        self.col_potential.clear();
        self.col_potential.resize(width + 1, 0.0);
        self.row_of_col.clear();
        self.row_of_col.resize(width + 1, FREE);
        self.way.clear();
        self.way.resize(width + 1, 0);
        for row in 1..=self.rows {
            self.augment(row, width);
        }
        self.result.clear();
        self.result.resize(self.rows, None);
        for col in 1..=self.cols {
            if self.row_of_col[col] != FREE {
                self.result[self.row_of_col[col] - 1] = Some(col - 1);
            }
        }
        &self.result
    }

    fn augment(&mut self, row: usize, width: usize) {
        self.row_of_col[0] = row;
        self.slack.clear();
        self.slack.resize(width + 1, f64::INFINITY);
        self.done.clear();
        self.done.resize(width + 1, false);
        let mut col = 0;
        loop {
            self.done[col] = true;
            let current = self.row_of_col[col];
            let (mut delta, mut next) = (f64::INFINITY, 0);
            for candidate in 1..=width {
                if self.done[candidate] {
                    continue;
                }
                let reduced = self.cost[(current - 1) * width + candidate - 1]
                    - self.row_potential[current]
                    - self.col_potential[candidate];
                if reduced < self.slack[candidate] {
                    self.slack[candidate] = reduced;
                    self.way[candidate] = col;
                }
                if self.slack[candidate] < delta {
                    delta = self.slack[candidate];
                    next = candidate;
                }
            }
            for visited in 0..=width {
                if self.done[visited] {
                    self.row_potential[self.row_of_col[visited]] += delta;
                    self.col_potential[visited] -= delta;
                } else {
                    self.slack[visited] -= delta;
                }
            }
            col = next;
            if self.row_of_col[col] == FREE {
                break;
            }
        }
        while col != 0 {
            let previous = self.way[col];
            self.row_of_col[col] = self.row_of_col[previous];
            col = previous;
        }
    }
}
