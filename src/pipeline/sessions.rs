//! What one inference worker runs on a frame.

use crate::config::InferencePlan;
use crate::inference::{DensityEstimator, Detector, InferenceError, Models, PreparedFrame};
use crate::model::{CountEvidence, Detection};
use crate::tracking::ScoreThresholds;

/// The sessions of one worker.
#[derive(Debug)]
pub(super) struct Sessions {
    detector: Detector,
    density_map: Option<DensityEstimator>,
}

/// What a frame gave.
#[derive(Debug)]
pub(super) struct Inferred {
    pub detections: Vec<Detection>,
    pub unusable: usize,
    pub evidence: CountEvidence,
    /// Why there is no second opinion where one was asked for: the detections are none the worse for it.
    pub density_map_error: Option<InferenceError>,
}

impl Sessions {
    /// Sessions for this many workers, and the scores that split what they find.
    pub fn load(
        models: &Models,
        plan: &InferencePlan,
        workers: usize,
    ) -> Result<(Vec<Self>, ScoreThresholds), InferenceError> {
        let threads = plan.threads_per_worker;
        let sessions = |_| {
            let detector = Detector::new(&models.detector, threads, 1, plan.thresholds)?;
            let density_map = models.density_map.as_ref().map(|model| DensityEstimator::new(model, threads));
            Ok(Self { detector, density_map: density_map.transpose()? })
        };
        let sessions = (0..workers).map(sessions).collect::<Result<Vec<_>, InferenceError>>()?;
        let thresholds =
            sessions.first().map_or(models.detector.entry().thresholds, |sessions| sessions.detector.thresholds());
        Ok((sessions, ScoreThresholds { high: thresholds.high_score, low: thresholds.low_score }))
    }

    /// The session that finds people.
    pub fn detector(&mut self) -> &mut Detector {
        &mut self.detector
    }

    /// Detects people in a frame, and estimates their density where the frame was prepared for that too.
    pub fn infer(
        &mut self,
        frame: &PreparedFrame,
        density_map: Option<&PreparedFrame>,
    ) -> Result<Inferred, InferenceError> {
        let decoded = self.detector.infer(std::slice::from_ref(frame))?.pop().unwrap_or_default();
        let map = density_map.zip(self.density_map.as_mut()).map(|(frame, estimator)| estimator.infer(frame));
        let (density_map, density_map_error) = match map {
            Some(Ok(map)) => (Some(map), None),
            Some(Err(error)) => (None, Some(error)),
            None => (None, None),
        };
        let input_scale = frame.letterboxes.iter().map(|letterbox| letterbox.scale().1).reduce(f64::min);
        Ok(Inferred {
            detections: decoded.detections,
            unusable: decoded.unusable,
            evidence: CountEvidence { at_limit: decoded.at_limit, input_scale, density_map },
            density_map_error,
        })
    }
}
