//! Notices pictures that OpenCV did not renew.
//!
//! When a stream's size changes while it is open, OpenCV (4.6 at least) goes on giving pictures of the old size and
//! calls each a success: after a growth the last picture again and again, after a shrinking the new one in the top
//! left corner of the old one. Either way the right and bottom edges never change again. A camera behind a dark
//! border looks the same, so that still edges are a suspicion and no proof. (A size that grows in width alone gives
//! cropped pictures, which this doesn't notice.)

use std::hash::{DefaultHasher, Hash, Hasher};

use opencv::core::{Mat, MatTraitConst, MatTraitConstManual};

/// Pixels of the right and bottom edges that are looked at.
const EDGE_PX: usize = 4;
/// Every so many rows are compared to tell whether a whole picture is the same.
const SAMPLED_ROWS: usize = 8;

/// Pictures in a row that were the same as the one before.
#[derive(Debug, Default)]
pub(super) struct Stillness {
    edges: Option<u64>,
    whole: Option<u64>,
    /// …at their right and bottom edges.
    pub(super) still_edges: u32,
    /// …all over.
    pub(super) still_pictures: u32,
}

impl Stillness {
    /// Looks at the next picture (8 bits, three channels).
    pub(super) fn note(&mut self, picture: &Mat) {
        let rows = usize::try_from(picture.rows()).unwrap_or(0);
        let row_bytes = usize::try_from(picture.cols()).unwrap_or(0) * 3;
        // OpenCV's own pictures are always in one piece.
        let Ok(bytes) = picture.data_bytes() else { return };
        if row_bytes == 0 || bytes.len() != rows * row_bytes {
            return;
        }
        let mut edges = DefaultHasher::new();
        for row in bytes.chunks_exact(row_bytes) {
            row[row_bytes.saturating_sub(3 * EDGE_PX)..].hash(&mut edges);
        }
        bytes[rows.saturating_sub(EDGE_PX) * row_bytes..].hash(&mut edges);
        let edges = Some(edges.finish());
        if self.edges != edges {
            *self = Self { edges, ..Self::default() };
            return;
        }
        self.still_edges += 1;
        let mut whole = DefaultHasher::new();
        bytes.chunks_exact(row_bytes).step_by(SAMPLED_ROWS).for_each(|row| row.hash(&mut whole));
        let whole = Some(whole.finish());
        self.still_pictures = if self.whole == whole { self.still_pictures + 1 } else { 0 };
        self.whole = whole;
    }
}

#[cfg(test)]
mod tests {
    use opencv::core::{CV_8UC3, MatTrait, Scalar, Vec3b};

    use super::*;

    fn picture(marked: Option<(i32, i32)>) -> Mat {
        let mut mat = Mat::new_rows_cols_with_default(48, 64, CV_8UC3, Scalar::all(7.0)).unwrap();
        if let Some((x, y)) = marked {
            *mat.at_2d_mut::<Vec3b>(y, x).unwrap() = Vec3b::from([1, 2, 3]);
        }
        mat
    }

    #[test]
    fn still_edges_and_still_pictures_are_told_apart() {
        let mut stillness = Stillness::default();
        for x in 0..10 {
            stillness.note(&picture(Some((x, 8))));
        }
        assert_eq!((stillness.still_edges, stillness.still_pictures), (9, 0));
        for _ in 0..10 {
            stillness.note(&picture(None));
        }
        assert_eq!((stillness.still_edges, stillness.still_pictures), (19, 9));
        for corner in [(63, 20), (20, 47)] {
            stillness.note(&picture(Some(corner)));
            assert_eq!((stillness.still_edges, stillness.still_pictures), (0, 0));
        }
    }
}
