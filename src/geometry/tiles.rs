//! A region of the picture cut into tiles that overlap.

use super::PixelRect;
use crate::model::PixelBox;

/// How many tiles a region is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileGrid {
    /// Tiles across, 1 or more.
    pub columns: u32,
    /// Tiles down, 1 or more.
    pub rows: u32,
}

impl TileGrid {
    /// One tile: the region as it is.
    pub const ONE: Self = Self { columns: 1, rows: 1 };

    /// How many tiles there are.
    #[must_use]
    pub fn count(self) -> u32 {
        self.columns * self.rows
    }
}

/// Pixels of the picture that neighbouring tiles share, at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TileOverlap {
    /// Across, between columns.
    pub across_px: u32,
    /// Down, between rows.
    pub down_px: u32,
}

impl TileOverlap {
    /// The share of a tile that its neighbour has too where nothing is known of the people: wide enough for a person a
    /// fifth of a tile high. Whoever is larger is put together from pieces.
    pub const SHARE: f64 = 0.2;

    /// [`TileOverlap::SHARE`] of a tile.
    #[must_use]
    pub fn usual(region: PixelRect, grid: TileGrid) -> Self {
        // With n tiles of width w and n − 1 overlaps of share·w, the region is w·(n − share·(n − 1)) wide.
        let of = |side_px: u32, tiles: u32| {
            let tile = f64::from(side_px) / (f64::from(tiles) - Self::SHARE * f64::from(tiles.saturating_sub(1)));
            (Self::SHARE * tile).round() as u32
        };
        Self { across_px: of(region.width_px, grid.columns), down_px: of(region.height_px, grid.rows) }
    }
}

/// The tile's size. Every tile of a region has the same, so that they go through a network together.
///
/// An overlap of more than half the region is cut down to that: the tiles would all be nearly the region itself.
#[must_use]
pub fn tile_size_px(region: PixelRect, grid: TileGrid, overlap: TileOverlap) -> (u32, u32) {
    (
        tile_side_px(region.width_px, grid.columns, overlap.across_px),
        tile_side_px(region.height_px, grid.rows, overlap.down_px),
    )
}

fn tile_side_px(side_px: u32, tiles: u32, overlap_px: u32) -> u32 {
    let tiles = tiles.max(1);
    let overlap_px = overlap_px.min(side_px / 2);
    (side_px + (tiles - 1) * overlap_px).div_ceil(tiles)
}

/// The tiles, row by row. Together they cover the region, none reaches out of it, all have the size of
/// [`tile_size_px`], and neighbours share `overlap` or more.
#[must_use]
pub fn tiles(region: PixelRect, grid: TileGrid, overlap: TileOverlap) -> Vec<PixelRect> {
    let (width_px, height_px) = tile_size_px(region, grid, overlap);
    // Rounded down: two neighbours are then never further apart than the overlap allows.
    let begin = |side_px: u32, tile_px: u32, index: u32, tiles: u32| {
        if tiles < 2 { 0 } else { index * (side_px - tile_px) / (tiles - 1) }
    };
    let columns = grid.columns.max(1);
    let rows = grid.rows.max(1);
    (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .map(|(row, column)| PixelRect {
            left_px: region.left_px + begin(region.width_px, width_px, column, columns),
            top_px: region.top_px + begin(region.height_px, height_px, row, rows),
            width_px,
            height_px,
        })
        .collect()
}

impl PixelRect {
    /// First column after it.
    #[must_use]
    pub fn right_px(self) -> u32 {
        self.left_px + self.width_px
    }

    /// First row after it.
    #[must_use]
    pub fn bottom_px(self) -> u32 {
        self.top_px + self.height_px
    }

    /// The same as a box.
    #[must_use]
    pub fn to_box(self) -> PixelBox {
        PixelBox {
            left: f64::from(self.left_px),
            top: f64::from(self.top_px),
            right: f64::from(self.right_px()),
            bottom: f64::from(self.bottom_px()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cases() -> impl Strategy<Value = (PixelRect, TileGrid, TileOverlap)> {
        ((0..500_u32, 0..500_u32, 1..3000_u32, 1..3000_u32), (1..9_u32, 1..9_u32), (0..1500_u32, 0..1500_u32)).prop_map(
            |((left_px, top_px, width_px, height_px), (columns, rows), (across_px, down_px))| {
                let region = PixelRect { left_px, top_px, width_px, height_px };
                (region, TileGrid { columns, rows }, TileOverlap { across_px, down_px })
            },
        )
    }

    #[test]
    fn a_full_hd_picture_in_three_by_two() {
        let region = PixelRect { left_px: 0, top_px: 0, width_px: 1920, height_px: 1080 };
        let grid = TileGrid { columns: 3, rows: 2 };
        let overlap = TileOverlap::usual(region, grid);
        assert_eq!(overlap, TileOverlap { across_px: 148, down_px: 120 });
        let tiles = tiles(region, grid, overlap);
        let places: Vec<_> = tiles.iter().map(|tile| (tile.left_px, tile.top_px)).collect();
        assert_eq!(places, [(0, 0), (590, 0), (1181, 0), (0, 480), (590, 480), (1181, 480)]);
        assert!(tiles.iter().all(|tile| (tile.width_px, tile.height_px) == (739, 600)));
    }

    proptest! {
        #[test]
        fn tiles_cover_the_region_and_stay_in_it((region, grid, overlap) in cases()) {
            let tiles = tiles(region, grid, overlap);
            prop_assert_eq!(tiles.len() as u32, grid.count());
            for tile in &tiles {
                prop_assert!(tile.left_px >= region.left_px && tile.right_px() <= region.right_px());
                prop_assert!(tile.top_px >= region.top_px && tile.bottom_px() <= region.bottom_px());
            }
            let (first, last) = (tiles[0], tiles[tiles.len() - 1]);
            prop_assert_eq!((first.left_px, first.top_px), (region.left_px, region.top_px));
            prop_assert_eq!((last.right_px(), last.bottom_px()), (region.right_px(), region.bottom_px()));
        }

        #[test]
        fn whoever_fits_into_the_overlap_is_whole_in_a_tile(
            (region, grid, overlap) in cases(), (x, y) in (0.0..1.0, 0.0..1.0), (width, height) in (0.0..1.0, 0.0..1.0),
        ) {
            let width = width * f64::from(overlap.across_px.min(region.width_px / 2));
            let height = height * f64::from(overlap.down_px.min(region.height_px / 2));
            let left = f64::from(region.left_px) + x * (f64::from(region.width_px) - width);
            let top = f64::from(region.top_px) + y * (f64::from(region.height_px) - height);
            let is_whole = |tile: &PixelRect| {
                let tile = tile.to_box();
                tile.left <= left && left + width <= tile.right + 1e-9 && tile.top <= top && top + height <= tile.bottom + 1e-9
            };
            prop_assert!(tiles(region, grid, overlap).iter().any(is_whole));
        }
    }
}
