//! YOLOX: `x y w h objectness classes…`, a row a cell; places in grid units, sizes as logarithms, scores as
//! probabilities (the form that its exporter makes without `--decode_in_inference`).

use super::{Candidates, DecodeError, HeadKind, OutputView, cells, fitting_strides};

const HEAD: HeadKind = HeadKind::Yolox;
const USUAL_STRIDES_PX: [&[u32]; 2] = [&[8, 16, 32], &[8, 16, 32, 64]];

pub(super) fn read(
    output: usize,
    strides_px: Option<&[u32]>,
    outputs: &[OutputView<'_>],
    item: usize,
    candidates: &mut Candidates,
) -> Result<(), DecodeError> {
    let (view, table) = OutputView::table(HEAD, outputs, output, item)?;
    if table.columns != candidates.class_count + 5 {
        return Err(view.unexpected(HEAD, format!("[N, cells, {}]", candidates.class_count + 5)));
    }
    let strides_px = fitting_strides(strides_px, &USUAL_STRIDES_PX, candidates.input, table.rows)
        .map_err(|expected| view.unexpected(HEAD, expected))?;
    let mut rows = table.rows();
    for &stride_px in strides_px {
        let (across, down) = cells(candidates.input, stride_px);
        for (cell, row) in rows.by_ref().take(across * down).enumerate() {
            let &[x, y, width, height, objectness, ref classes @ ..] = row else { continue };
            if !candidates.passes(objectness) {
                continue;
            }
            for index in 0..candidates.columns.len() {
                let (class, column) = candidates.columns[index];
                let score = objectness * classes[column];
                if candidates.passes(score) {
                    let stride = stride_px as f32;
                    let x = (x + (cell % across) as f32) * stride;
                    let y = (y + (cell / across) as f32) * stride;
                    let (half_width, half_height) = (width.exp() * stride / 2.0, height.exp() * stride / 2.0);
                    candidates.add(class, score, [x - half_width, y - half_height, x + half_width, y + half_height]);
                }
            }
        }
    }
    Ok(())
}
