//! NanoDet: scores that are probabilities already, and for each side a distribution over whole distances in strides.

use super::view::Table;
use super::{Candidates, DecodeError, HeadKind, NanoDetLayout, OutputView, cells, fitting_strides};

const HEAD: HeadKind = HeadKind::NanoDet;
/// Strides of a head with so many levels.
const USUAL_STRIDES_PX: [u32; 4] = [8, 16, 32, 64];

pub(super) fn read(
    layout: &NanoDetLayout,
    strides_px: Option<&[u32]>,
    outputs: &[OutputView<'_>],
    item: usize,
    candidates: &mut Candidates,
) -> Result<(), DecodeError> {
    match layout {
        NanoDetLayout::Pairs(pairs) => {
            let strides_px = strides_px.unwrap_or(&USUAL_STRIDES_PX);
            for (&(scores, distances), &stride_px) in pairs.iter().zip(strides_px) {
                let (score_view, scores) = OutputView::table(HEAD, outputs, scores, item)?;
                let (distance_view, distances) = OutputView::table(HEAD, outputs, distances, item)?;
                let (across, down) = cells(candidates.input, stride_px);
                let (rows, classes) = (across * down, candidates.class_count);
                if (scores.rows, scores.columns) != (rows, classes) {
                    return Err(score_view.unexpected(
                        HEAD,
                        format!(
                            "[N, {rows}, {classes}] at stride {stride_px} for an input of {} x {}",
                            candidates.input.width_px, candidates.input.height_px
                        ),
                    ));
                }
                if distances.rows != rows || !distances.columns.is_multiple_of(4) {
                    return Err(distance_view.unexpected(HEAD, format!("[N, {rows}, 4 x bins]")));
                }
                read_level(&Level { stride_px, across, scores, distances, skip: 0 }, candidates);
            }
        }
        NanoDetLayout::Joined => {
            let (view, table) = OutputView::table(HEAD, outputs, 0, item)?;
            let classes = candidates.class_count;
            if table.columns <= classes || !(table.columns - classes).is_multiple_of(4) {
                return Err(view.unexpected(HEAD, format!("[N, cells, {classes} + 4 x bins]")));
            }
            let usual: [&[u32]; 2] = [&USUAL_STRIDES_PX, &USUAL_STRIDES_PX[..3]];
            let strides_px = fitting_strides(strides_px, &usual, candidates.input, table.rows)
                .map_err(|expected| view.unexpected(HEAD, expected))?;
            let mut data = table.data;
            for &stride_px in strides_px {
                let (across, down) = cells(candidates.input, stride_px);
                // The rows add up: `fitting_strides` has counted them.
                let (level, rest) = data.split_at(across * down * table.columns);
                data = rest;
                let level = Table { rows: across * down, data: level, ..table };
                read_level(&Level { stride_px, across, scores: level, distances: level, skip: classes }, candidates);
            }
        }
    }
    Ok(())
}

struct Level<'a> {
    stride_px: u32,
    /// Cells a row of the grid.
    across: usize,
    scores: Table<'a>,
    distances: Table<'a>,
    /// Columns before the first distance.
    skip: usize,
}

fn read_level(level: &Level<'_>, candidates: &mut Candidates) {
    let stride = level.stride_px as f32;
    for (cell, (scores, distances)) in level.scores.rows().zip(level.distances.rows()).enumerate() {
        let mut bbox = None;
        for index in 0..candidates.columns.len() {
            let (class, column) = candidates.columns[index];
            let score = scores[column];
            if !candidates.passes(score) {
                continue;
            }
            let bbox = *bbox.get_or_insert_with(|| {
                let (x, y) = ((cell % level.across) as f32 + 0.5, (cell / level.across) as f32 + 0.5);
                let distances = &distances[level.skip..];
                let bins = distances.len() / 4;
                let side = |side: usize| expectation(&distances[side * bins..][..bins]);
                [x - side(0), y - side(1), x + side(2), y + side(3)].map(|strides| strides * stride)
            });
            candidates.add(class, score, bbox);
        }
    }
}

/// Mean of `0, 1, 2…` under the softmax of the logits.
fn expectation(logits: &[f32]) -> f32 {
    // Shifted by the largest, so that no exponential overflows.
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut weighted) = (0.0, 0.0);
    for (bin, logit) in logits.iter().enumerate() {
        let weight = (logit - largest).exp();
        sum += weight;
        weighted += weight * bin as f32;
    }
    weighted / sum
}
