//! DETR and its relatives: `x y w h` as shares of the input, and logits. Each object is one query's, so there is no
//! suppression of overlaps.

use super::{Candidates, DecodeError, HeadKind, OutputView};

const HEAD: HeadKind = HeadKind::Detr;

pub(super) fn read(
    boxes: usize,
    logits: usize,
    no_object: bool,
    outputs: &[OutputView<'_>],
    item: usize,
    candidates: &mut Candidates,
) -> Result<(), DecodeError> {
    let (box_view, boxes) = OutputView::table(HEAD, outputs, boxes, item)?;
    let (logit_view, logits) = OutputView::table(HEAD, outputs, logits, item)?;
    if boxes.columns != 4 {
        return Err(box_view.unexpected(HEAD, "[N, queries, 4]"));
    }
    let columns = candidates.class_count + usize::from(no_object);
    if (logits.rows, logits.columns) != (boxes.rows, columns) {
        return Err(logit_view.unexpected(HEAD, format!("[N, {}, {columns}]", boxes.rows)));
    }
    candidates.most = candidates.most.min(boxes.rows);
    let (input_width, input_height) = (candidates.input.width_px as f32, candidates.input.height_px as f32);
    for (place, logits) in boxes.rows().zip(logits.rows()) {
        let &[x, y, width, height] = place else { continue };
        let softmax = no_object.then(|| Softmax::of(logits));
        for index in 0..candidates.columns.len() {
            let (class, column) = candidates.columns[index];
            let logit = logits[column];
            let score = softmax.as_ref().map_or_else(|| 1.0 / (1.0 + (-logit).exp()), |softmax| softmax.share(logit));
            if candidates.passes(score) {
                let (x, y) = (x * input_width, y * input_height);
                let (half_width, half_height) = (width * input_width / 2.0, height * input_height / 2.0);
                candidates.add(class, score, [x - half_width, y - half_height, x + half_width, y + half_height]);
            }
        }
    }
    Ok(())
}

struct Softmax {
    largest: f32,
    sum: f32,
}

impl Softmax {
    fn of(logits: &[f32]) -> Self {
        // Shifted by the largest, so that no exponential overflows.
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        Self { largest, sum: logits.iter().map(|logit| (logit - largest).exp()).sum() }
    }

    fn share(&self, logit: f32) -> f32 {
        (logit - self.largest).exp() / self.sum
    }
}
