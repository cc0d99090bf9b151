//! Which detection continues which track.

use super::target::Target;
use crate::assign::{Assigner, Edge};
use crate::model::Detection;

/// What a pair must fulfil and what it is worth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    /// Least overlap of the predicted and the seen box, 0 to 1.
    pub(super) min_iou: f64,
    /// Largest squared Mahalanobis distance at which a pair below `min_iou` is still allowed; `None`: never.
    pub(super) max_mahalanobis_squared: Option<f64>,
}

/// Buffers of the association, kept between frames.
#[derive(Debug, Default)]
pub(super) struct Association {
    assigner: Assigner,
    edges: Vec<Edge>,
}

impl Association {
    /// The best pairs `(index in targets, index in detections)` among the given indices.
    pub(super) fn pairs(
        &mut self,
        gate: Gate,
        targets: &[Target],
        target_indices: &[usize],
        detections: &[Detection],
        detection_indices: &[usize],
    ) -> Vec<(usize, usize)> {
        self.edges.clear();
        for (row, &target_index) in target_indices.iter().enumerate() {
            let target = &targets[target_index];
            let bbox = target.bbox();
            for (col, &detection_index) in detection_indices.iter().enumerate() {
                let detection = &detections[detection_index];
                if detection.class != target.class {
                    continue;
                }
                if let Some(weight) = pair_weight(gate, target, &bbox, detection) {
                    self.edges.push(Edge { row, col, weight });
                }
            }
        }
        self.assigner
            .max_weight(target_indices.len(), detection_indices.len(), &self.edges)
            .into_iter()
            .enumerate()
            .filter_map(|(row, col)| col.map(|col| (target_indices[row], detection_indices[col])))
            .collect()
    }
}

fn pair_weight(gate: Gate, target: &Target, bbox: &crate::model::PixelBox, detection: &Detection) -> Option<f64> {
    use super::tracker::tune;
    let k = tune("K", -99.0);
    if k > -90.0 && gate.max_mahalanobis_squared.is_some() {
        let w = target.llr(detection, k, tune("FLOOR", 0.0)) + tune("KIOU", 0.0) * bbox.iou(&detection.bbox);
        return (w > 0.0).then_some(w);
    }
    let mut iou = bbox.iou(&detection.bbox);
    if super::tracker::tune("HM", 0.0) > 0.0 {
        let h = (bbox.bottom.min(detection.bbox.bottom) - bbox.top.max(detection.bbox.top)).max(0.0);
        let u = bbox.bottom.max(detection.bbox.bottom) - bbox.top.min(detection.bbox.top);
        iou *= h / u;
    }
    if super::tracker::tune("HR", 0.0) > 0.0 {
        let r = bbox.height() / detection.bbox.height().max(1.0); iou *= r.min(1.0 / r).powf(super::tracker::tune("HR", 0.0));
    }
    if iou >= gate.min_iou {
        return Some(1.0 + iou);
    }
    let limit = gate.max_mahalanobis_squared?;
    let distance = target.mahalanobis_squared(detection);
    (distance < limit).then(|| 1.0 - distance / limit)
}
