//! Optimal assignment on a gated (sparse) bipartite graph.
//!
//! The graph is split into its connected components first: the result is the same, and in a crowd, where each track
//! has only a few candidates, the work falls by an order of magnitude against one dense matrix.

mod hungarian;

/// A permitted pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Index of the left vertex.
    pub row: usize,
    /// Index of the right vertex.
    pub col: usize,
    /// What the pair is worth. Pairs with a weight that is not above 0 are never chosen.
    pub weight: f64,
}

/// Buffers kept between calls, so that a tracker's step does not allocate.
#[derive(Debug, Default)]
pub struct Assigner {
    parent: Vec<usize>,
    order: Vec<(usize, usize)>,
    row_index: Vec<usize>,
    col_index: Vec<usize>,
    component_rows: Vec<usize>,
    component_cols: Vec<usize>,
    solver: hungarian::Solver,
}

const NONE: usize = usize::MAX;

impl Assigner {
    /// The matching with the greatest sum of weights: for each row its column.
    ///
    /// Where several matchings are equally good the result depends only on the edges' order, never on chance. To ask
    /// for the most pairs first, add to every weight a constant greater than the sum of all weights.
    ///
    /// # Panics
    /// Where an edge names a row or column beyond `rows` and `cols`.
    #[must_use]
    pub fn max_weight(&mut self, rows: usize, cols: usize, edges: &[Edge]) -> Vec<Option<usize>> {
        let mut result = vec![None; rows];
        self.parent.clear();
        self.parent.extend(0..rows + cols);
        for edge in edges {
            assert!(edge.row < rows && edge.col < cols, "edge ({}, {}) beyond {rows}x{cols}", edge.row, edge.col);
            if edge.weight > 0.0 {
                let (a, b) = (find(&mut self.parent, edge.row), find(&mut self.parent, rows + edge.col));
                // The smaller root wins, so that components keep the order of their first row.
                self.parent[a.max(b)] = a.min(b);
            }
        }
        self.order.clear();
        for (index, edge) in edges.iter().enumerate() {
            if edge.weight > 0.0 {
                self.order.push((find(&mut self.parent, edge.row), index));
            }
        }
        self.order.sort_unstable();
        self.row_index.clear();
        self.row_index.resize(rows, NONE);
        self.col_index.clear();
        self.col_index.resize(cols, NONE);

        let order = std::mem::take(&mut self.order);
        for component in order.chunk_by(|a, b| a.0 == b.0) {
            self.solve_component(component, edges, &mut result);
        }
        self.order = order;
        result
    }

    fn solve_component(&mut self, component: &[(usize, usize)], edges: &[Edge], result: &mut [Option<usize>]) {
        if let [(_, only)] = component {
            result[edges[*only].row] = Some(edges[*only].col);
            return;
        }
        self.component_rows.clear();
        self.component_cols.clear();
        for &(_, index) in component {
            let Edge { row, col, .. } = edges[index];
            if self.row_index[row] == NONE {
                self.row_index[row] = self.component_rows.len();
                self.component_rows.push(row);
            }
            if self.col_index[col] == NONE {
                self.col_index[col] = self.component_cols.len();
                self.component_cols.push(col);
            }
        }
        self.solver.reset(self.component_rows.len(), self.component_cols.len());
        for &(_, index) in component {
            let Edge { row, col, weight } = edges[index];
            self.solver.set_weight(self.row_index[row], self.col_index[col], weight);
        }
        for (local, col) in self.solver.solve().iter().enumerate() {
            result[self.component_rows[local]] = col.map(|col| self.component_cols[col]);
        }
    }
}

fn find(parent: &mut [usize], mut vertex: usize) -> usize {
    while parent[vertex] != vertex {
        parent[vertex] = parent[parent[vertex]];
        vertex = parent[vertex];
    }
    vertex
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(edges: &[Edge], result: &[Option<usize>]) -> f64 {
        let weight = |row, col| {
            edges.iter().filter(|e| e.row == row && e.col == col).map(|e| e.weight).fold(f64::NEG_INFINITY, f64::max)
        };
        result.iter().enumerate().filter_map(|(row, col)| col.map(|col| weight(row, col))).sum()
    }

    fn best_by_trying_all(rows: usize, cols: usize, edges: &[Edge]) -> f64 {
        fn go(row: usize, rows: usize, used: &mut Vec<bool>, edges: &[Edge]) -> f64 {
            if row == rows {
                return 0.0;
            }
            let mut best = go(row + 1, rows, used, edges);
            for edge in edges.iter().filter(|e| e.row == row && e.weight > 0.0) {
                if !used[edge.col] {
                    used[edge.col] = true;
                    best = best.max(edge.weight + go(row + 1, rows, used, edges));
                    used[edge.col] = false;
                }
            }
            best
        }
        go(0, rows, &mut vec![false; cols], edges)
    }

    fn graph() -> impl Strategy<Value = (usize, usize, Vec<Edge>)> {
        (1usize..6, 1usize..6).prop_flat_map(|(rows, cols)| {
            let edge = (0..rows, 0..cols, -1i32..20).prop_map(|(row, col, w)| Edge { row, col, weight: f64::from(w) });
            (Just(rows), Just(cols), proptest::collection::vec(edge, 0..14))
        })
    }

    proptest! {
        #[test]
        fn it_is_as_good_as_trying_everything((rows, cols, edges) in graph()) {
            let result = Assigner::default().max_weight(rows, cols, &edges);
            let mut taken: Vec<_> = result.iter().flatten().collect();
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len(), result.iter().flatten().count(), "a column twice");
            for (row, col) in result.iter().enumerate().filter_map(|(r, c)| c.map(|c| (r, c))) {
                prop_assert!(edges.iter().any(|e| e.row == row && e.col == col && e.weight > 0.0));
            }
            prop_assert!((total(&edges, &result) - best_by_trying_all(rows, cols, &edges)).abs() < 1e-9);
        }

        #[test]
        fn a_used_assigner_gives_what_a_new_one_gives((r1, c1, e1) in graph(), (r2, c2, e2) in graph()) {
            let mut used = Assigner::default();
            let _ = used.max_weight(r1, c1, &e1);
            prop_assert_eq!(used.max_weight(r2, c2, &e2), Assigner::default().max_weight(r2, c2, &e2));
        }
    }

    #[test]
    fn greedy_would_be_worse() {
        let edge = |row, col, weight| Edge { row, col, weight };
        let edges = [edge(0, 0, 10.0), edge(0, 1, 9.0), edge(1, 0, 9.0), edge(1, 1, 1.0)];
        assert_eq!(Assigner::default().max_weight(2, 2, &edges), [Some(1), Some(0)]);
    }
}
