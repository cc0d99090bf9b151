//! YOLOv8 to 11: `x y w h classes…` in input pixels, a column a cell, scores as probabilities.

use super::{Candidates, DecodeError, HeadKind, OutputView};

const HEAD: HeadKind = HeadKind::Yolov8;

pub(super) fn read(
    output: usize,
    outputs: &[OutputView<'_>],
    item: usize,
    candidates: &mut Candidates,
) -> Result<(), DecodeError> {
    let (view, table) = OutputView::table(HEAD, outputs, output, item)?;
    let (channels, cells) = (table.rows, table.columns);
    if channels != candidates.class_count + 4 {
        return Err(view.unexpected(HEAD, format!("[N, {}, cells]", candidates.class_count + 4)));
    }
    let channel = |number: usize| &table.data[number * cells..][..cells];
    let (x, y, width, height) = (channel(0), channel(1), channel(2), channel(3));
    for index in 0..candidates.columns.len() {
        let (class, column) = candidates.columns[index];
        for (cell, &score) in channel(4 + column).iter().enumerate() {
            if candidates.passes(score) {
                let (x, y, half_width, half_height) = (x[cell], y[cell], width[cell] / 2.0, height[cell] / 2.0);
                candidates.add(class, score, [x - half_width, y - half_height, x + half_width, y + half_height]);
            }
        }
    }
    Ok(())
}
