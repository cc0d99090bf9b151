//! How fast this machine runs the model.

use std::time::Instant;

use super::PipelineError;
use crate::geometry::Letterbox;
use crate::inference::{Detector, InferenceError, Model, PreparedFrame};
use crate::model::{ClassSet, FrameSize};

/// Input that is run: of the size of the default.
const SIZE: FrameSize = FrameSize { width_px: 512, height_px: 384 };
/// Runs of which the fastest counts, after one to warm up: what else the machine does for a moment is not its speed.
const RUNS: u32 = 3;

/// Pixels of network input that the workers get through a second, all at once as they will work, in millions.
///
/// # Errors
/// The model fails, or the system has no thread to give.
pub fn megapixels_per_s<'d>(
    detectors: impl IntoIterator<Item = &'d mut Detector>,
    model: &Model,
) -> Result<f64, PipelineError> {
    let size = model.fixed_size().unwrap_or_else(|| {
        let step_px = model.entry().stride_multiple_px;
        let side = |side_px: u32| side_px.div_ceil(step_px) * step_px;
        FrameSize { width_px: side(SIZE.width_px), height_px: side(SIZE.height_px) }
    });
    // An input of its own size always fits.
    let Ok(letterbox) = Letterbox::whole(size, size) else { return Ok(0.0) };
    let pixels = size.pixels() as f64;
    let values = 3 * size.width_px as usize * size.height_px as usize;
    let frame = PreparedFrame { tensor: vec![0.5; values], letterboxes: vec![letterbox], classes: ClassSet::PERSON };
    let measure = |detector: &mut Detector| -> Result<f64, InferenceError> {
        detector.run_only(&frame)?;
        let mut fastest_s = f64::INFINITY;
        for _ in 0..RUNS {
            let begun = Instant::now();
            detector.run_only(&frame)?;
            fastest_s = fastest_s.min(begun.elapsed().as_secs_f64());
        }
        Ok(pixels / fastest_s / 1e6)
    };
    std::thread::scope(|scope| {
        let measuring: Vec<_> = detectors.into_iter().map(|detector| scope.spawn(|| measure(detector))).collect();
        let mut sum = 0.0;
        for measured in measuring {
            sum += measured.join().map_err(|_| PipelineError::Panicked("measuring"))??;
        }
        Ok(sum)
    })
}
