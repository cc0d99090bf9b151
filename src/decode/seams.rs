//! Detections of tiles that overlap, put together so that nobody is there twice.

use super::nms;
use crate::geometry::PixelRect;
use crate::model::{Detection, PixelBox};

/// Overlap (IoU) above which boxes of one class from two tiles are one object. Less than a detector's own threshold:
/// the two were seen at other places of the network's grid, so that boxes of one small person differ by a pixel or two
/// of the input on each side, while two people in the overlap of the tiles are seen apart by both tiles.
pub const SEAM_IOU: f64 = 0.45;
/// Share of a cut box that lies in another tile's box from which on it is a piece of that one.
const PIECE_SHARE: f64 = 0.6;
/// Share of the narrower of two pieces' common side from which on they belong together.
const FACING_SHARE: f64 = 0.5;
/// A box that ends this near to a tile's edge, as a share of its own side, is taken as cut there…
const CUT_SHARE: f64 = 0.05;

/// A tile and what was seen in it.
#[derive(Debug, Clone, PartialEq)]
pub struct TileDetections {
    /// Where the tile is in the camera's picture.
    pub tile: PixelRect,
    /// …or that near in pixels of the picture: what a detector's boxes scatter by.
    pub scatter_px: f64,
    /// What was seen, in the camera's pixels, after non-maximum suppression within the tile.
    pub detections: Vec<Detection>,
}

/// Which sides of a box lie at an inner edge of its tile: one beyond which the region goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cut {
    left: bool,
    top: bool,
    right: bool,
    bottom: bool,
}

impl Cut {
    fn of(bbox: &PixelBox, tile: &TileDetections, region: &PixelBox) -> Self {
        let edge = tile.tile.to_box();
        let across = (CUT_SHARE * bbox.width()).max(tile.scatter_px);
        let down = (CUT_SHARE * bbox.height()).max(tile.scatter_px);
        Self {
            left: edge.left > region.left && bbox.left < edge.left + across,
            top: edge.top > region.top && bbox.top < edge.top + down,
            right: edge.right < region.right && bbox.right > edge.right - across,
            bottom: edge.bottom < region.bottom && bbox.bottom > edge.bottom - down,
        }
    }

    fn any(self) -> bool {
        self != Self::default()
    }
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    detection: Detection,
    tiles: (usize, usize),
    cut: Cut,
}

/// Puts the tiles' detections together, best first.
///
/// Whole boxes come first: of two that overlap by more than [`SEAM_IOU`] and come from two tiles the better stays. A box
/// cut by an inner edge goes where another tile's box holds it. Two pieces cut by edges that face each other, neither
/// of which any tile has whole (a person taller than the overlap), become one box with the better score. What is left of
/// the cut ones stays as it is. The order of tiles and of what was seen in them doesn't matter but for exact ties.
#[must_use]
pub fn merge_tiles(tiles: &[TileDetections]) -> Vec<Detection> {
    if let [only] = tiles {
        return only.detections.clone();
    }
    let region = tiles.iter().map(|tile| tile.tile.to_box()).reduce(|a, b| union(&a, &b));
    let Some(region) = region else { return Vec::new() };
    let mut candidates: Vec<Candidate> = tiles
        .iter()
        .enumerate()
        .flat_map(|(index, tile)| tile.detections.iter().map(move |&detection| (index, tile, detection)))
        .map(|(index, tile, detection)| Candidate {
            detection,
            tiles: (index, index),
            cut: Cut::of(&detection.bbox, tile, &region),
        })
        .collect();
    candidates.sort_by(|a, b| a.cut.any().cmp(&b.cut.any()).then_with(|| nms::order(&a.detection, &b.detection)));
    let mut kept: Vec<Candidate> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        if kept.iter().any(|other| is_again(&candidate, other)) {
            continue;
        }
        match kept.iter_mut().find(|other| are_facing_pieces(&candidate, other)) {
            Some(other) => *other = united(&candidate, other),
            None => kept.push(candidate),
        }
    }
    let mut merged: Vec<Detection> = kept.into_iter().map(|candidate| candidate.detection).collect();
    nms::best_first(&mut merged);
    merged
}

/// Whether `candidate` is what a kept box of another tile shows.
fn is_again(candidate: &Candidate, kept: &Candidate) -> bool {
    let (new, old) = (&candidate.detection, &kept.detection);
    if new.class != old.class || candidate.tiles.0 == kept.tiles.0 && candidate.tiles.1 == kept.tiles.1 {
        return false;
    }
    let is_piece = candidate.cut.any() && new.bbox.intersection(&old.bbox) > PIECE_SHARE * new.bbox.area();
    is_piece || new.bbox.iou(&old.bbox) > SEAM_IOU
}

/// Whether the two are the parts of one object on both sides of a seam.
fn are_facing_pieces(a: &Candidate, b: &Candidate) -> bool {
    let (first, second) = (&a.detection.bbox, &b.detection.bbox);
    if a.detection.class != b.detection.class || a.tiles == b.tiles {
        return false;
    }
    let shared = |low: f64, high: f64, shorter: f64| high - low > FACING_SHARE * shorter;
    let across = (first.left.max(second.left), first.right.min(second.right));
    let down = (first.top.max(second.top), first.bottom.min(second.bottom));
    let beside = (a.cut.right && b.cut.left) || (a.cut.left && b.cut.right);
    let above = (a.cut.bottom && b.cut.top) || (a.cut.top && b.cut.bottom);
    // Along the seam they show the same stretch, across it they meet in the overlap of the tiles.
    (above && down.0 <= down.1 && shared(across.0, across.1, first.width().min(second.width())))
        || (beside && across.0 <= across.1 && shared(down.0, down.1, first.height().min(second.height())))
}

fn united(a: &Candidate, b: &Candidate) -> Candidate {
    let score = a.detection.score.max(b.detection.score);
    let bbox = union(&a.detection.bbox, &b.detection.bbox);
    // A side at which only the one that reaches less far was cut is whole.
    let cut = Cut {
        left: a.cut.left && b.cut.left,
        top: a.cut.top && b.cut.top,
        right: a.cut.right && b.cut.right,
        bottom: a.cut.bottom && b.cut.bottom,
    };
    let tiles = (a.tiles.0.min(b.tiles.0), a.tiles.1.max(b.tiles.1));
    Candidate { detection: Detection { bbox, score, ..b.detection }, tiles, cut }
}

fn union(a: &PixelBox, b: &PixelBox) -> PixelBox {
    PixelBox {
        left: a.left.min(b.left),
        top: a.top.min(b.top),
        right: a.right.max(b.right),
        bottom: a.bottom.max(b.bottom),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geometry::{TileGrid, TileOverlap, tiles};
    use crate::model::ObjectClass;

    const REGION: PixelRect = PixelRect { left_px: 0, top_px: 0, width_px: 1000, height_px: 600 };
    const GRID: TileGrid = TileGrid { columns: 2, rows: 2 };
    const OVERLAP: TileOverlap = TileOverlap { across_px: 60, down_px: 120 };

    fn person(left: f64, top: f64, width: f64, height: f64) -> PixelBox {
        PixelBox { left, top, right: left + width, bottom: top + height }
    }

    fn detection(bbox: PixelBox, score: f64) -> Detection {
        Detection { bbox, class: ObjectClass::Person, score }
    }

    /// What a perfect detector sees in each tile of people at these places: the part that is in the tile, where that is
    /// a quarter of them or more.
    fn seen(people: &[PixelBox]) -> Vec<TileDetections> {
        let part = |tile: &PixelRect, person: &PixelBox| {
            let edge = tile.to_box();
            let part = PixelBox {
                left: person.left.max(edge.left),
                top: person.top.max(edge.top),
                right: person.right.min(edge.right),
                bottom: person.bottom.min(edge.bottom),
            };
            let share = part.area() / person.area();
            (share >= 0.25).then(|| detection(part, 0.5 + 0.4 * share))
        };
        let see = |tile: PixelRect| TileDetections {
            tile,
            scatter_px: 2.0,
            detections: people.iter().filter_map(|person| part(&tile, person)).collect(),
        };
        tiles(REGION, GRID, OVERLAP).into_iter().map(see).collect()
    }

    #[test]
    fn somebody_in_the_overlap_is_there_once() {
        let whole = person(480.0, 260.0, 40.0, 100.0);
        let merged = merge_tiles(&seen(&[whole]));
        assert_eq!(merged, [detection(whole, 0.9)]);
    }

    #[test]
    fn a_piece_goes_where_another_tile_has_the_whole() {
        // Cut by the right edge of the left tiles (at 530), whole in the right ones.
        let whole = person(500.0, 100.0, 60.0, 110.0);
        let by_tile = seen(&[whole]);
        assert_eq!(by_tile.iter().filter(|tile| !tile.detections.is_empty()).count(), 2);
        assert_eq!(merge_tiles(&by_tile), [detection(whole, 0.9)]);
    }

    #[test]
    fn somebody_taller_than_the_overlap_is_put_together() {
        let tall = person(100.0, 150.0, 90.0, 300.0);
        let merged = merge_tiles(&seen(&[tall]));
        assert_eq!(merged.len(), 1, "{merged:?}");
        assert_eq!(merged[0].bbox, tall);
    }

    #[test]
    fn two_people_near_a_seam_stay_two() {
        // Side by side in the overlap, half hidden by one another.
        let (a, b) = (person(475.0, 60.0, 40.0, 100.0), person(490.0, 64.0, 40.0, 100.0));
        assert_eq!(merge_tiles(&seen(&[a, b])).len(), 2);
        // A piece that no other tile has is kept.
        let mut by_tile = seen(&[a]);
        by_tile[1].detections.clear();
        assert_eq!(merge_tiles(&by_tile).len(), 1);
    }

    #[test]
    fn other_classes_and_one_tile_alone_are_left_as_they_are() {
        let whole = person(480.0, 260.0, 40.0, 100.0);
        let mut by_tile = seen(&[whole]);
        by_tile[0].detections[0].class = ObjectClass::Car;
        assert_eq!(merge_tiles(&by_tile).len(), 2);
        let alone = TileDetections { tile: REGION, scatter_px: 2.0, detections: vec![detection(whole, 0.4); 2] };
        assert_eq!(merge_tiles(&[alone]).len(), 2);
        assert_eq!(merge_tiles(&[]), []);
    }

    /// People who stand apart: one in each cell of a coarse grid, no larger than the overlaps.
    fn crowd() -> impl Strategy<Value = Vec<PixelBox>> {
        let one = (0.0..1.0, 0.0..1.0, 20.0..100.0_f64, 0.3..0.5, any::<bool>());
        prop::collection::vec(one, 30).prop_map(|people| {
            let cells = people.into_iter().enumerate().filter(|(_, (.., there))| *there);
            cells
                .map(|(cell, (x, y, height, slim, _))| {
                    let (column, row) = ((cell % 10) as f64, (cell / 10) as f64);
                    let width = height * slim;
                    person(column * 100.0 + x * (100.0 - width), row * 200.0 + y * (200.0 - height), width, height)
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn everybody_is_there_once_and_where_they_are(people in crowd()) {
            let merged = merge_tiles(&seen(&people));
            prop_assert_eq!(merged.len(), people.len());
            for person in &people {
                prop_assert!(merged.iter().any(|found| found.bbox.iou(person) > 0.9), "{:?} in {:?}", person, merged);
            }
        }

        #[test]
        fn the_order_of_the_tiles_does_not_matter(people in crowd()) {
            let by_tile = seen(&people);
            let mut turned = by_tile.clone();
            turned.reverse();
            prop_assert_eq!(merge_tiles(&by_tile), merge_tiles(&turned));
        }
    }
}
