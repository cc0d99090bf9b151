//! Model and threads.

use super::camera::fixed_input_size;
use super::{Checker, Fault, FaultKind, KeyPath, Number, defaults};
use crate::config::raw::{RawDensityMap, RawInference};
use crate::config::{DensityMapPlan, DetectionThresholds, InferencePlan};

pub(super) fn check(checker: &mut Checker<'_>, raw: &RawInference, path: &KeyPath) -> Option<InferencePlan> {
    let mut file =
        |key: &str, text: &Option<String>| text.as_deref().and_then(|text| checker.path(&path.key(key), text));
    let manifest = file("manifest", &raw.manifest);
    let onnxruntime = file("onnxruntime", &raw.onnxruntime);
    let model = checker.text(&path.key("model"), raw.model.as_deref().unwrap_or(defaults::MODEL));
    let workers = checker.optional_number(&path.key("workers"), raw.workers, defaults::THREADS);
    let threads = defaults::THREADS_PER_WORKER as f64;
    let threads =
        checker.number_or(&path.key("threads_per_worker"), raw.threads_per_worker, defaults::THREADS, threads);
    let speed_path = path.key("megapixels_per_s");
    let megapixels_per_s = checker.optional_number(&speed_path, raw.megapixels_per_s, defaults::MEGAPIXELS_PER_S);
    let thresholds = thresholds(checker, raw, path);
    let density_map = raw.density_map.as_ref().map(|raw| density_map(checker, raw, &path.key("density_map")));
    Some(InferencePlan {
        manifest,
        model: model?,
        onnxruntime,
        workers: workers?.map(|workers| workers as usize),
        threads_per_worker: threads? as usize,
        megapixels_per_s: megapixels_per_s?,
        thresholds: thresholds?,
        density_map: match density_map {
            Some(density_map) => Some(density_map?),
            None => None,
        },
    })
}

fn density_map(checker: &mut Checker<'_>, raw: &RawDensityMap, path: &KeyPath) -> Option<DensityMapPlan> {
    let model = match raw.model.as_deref() {
        Some(model) => checker.text(&path.key("model"), model),
        None => {
            checker.missing(&path.key("model"), "the id of a density-map model in the manifest");
            None
        }
    };
    let every_s =
        checker.number_or(&path.key("every_s"), raw.every_s, defaults::MAP_INTERVAL_S, defaults::DENSITY_MAP_EVERY_S);
    let size_path = path.key("input_size");
    let input_size = raw.input_size.as_deref().map(|written| fixed_input_size(checker, written, &size_path, ""));
    Some(DensityMapPlan {
        model: model?,
        every_s: every_s?,
        input_size: match input_size {
            Some(size) => Some(size?),
            None => None,
        },
    })
}

fn thresholds(checker: &mut Checker<'_>, raw: &RawInference, path: &KeyPath) -> Option<DetectionThresholds> {
    let mut share =
        |key: &str, number: Option<Number>| checker.optional_number(&path.key(key), number, defaults::SHARE);
    let high_score = share("high_score", raw.high_score);
    let low_score = share("low_score", raw.low_score);
    let nms_iou = share("nms_iou", raw.nms_iou);
    let thresholds = DetectionThresholds { high_score: high_score?, low_score: low_score?, nms_iou: nms_iou? };
    if let (Some(high), Some(low)) = (thresholds.high_score, thresholds.low_score)
        && low > high
    {
        let fault = Fault::new(FaultKind::ThresholdsCrossed, low, format!("at most high_score, {high}"))
            .help("From high_score on a detection may start a track, from low_score on it may continue one");
        checker.note(&path.key("low_score"), fault);
        return None;
    }
    Some(thresholds)
}
