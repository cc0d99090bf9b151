//! ONNX Runtime: finding it, checking models, running them. Only here is `ort` used.
//!
//! [`Manifest`] says which models there are, [`Runtime`] loads the library, [`Model`] is a checked model, and a
//! [`Detector`] is one session that turns [`PreparedFrame`]s into detections, a [`DensityEstimator`] one that turns them
//! into density maps.

mod density;
mod detector;
mod error;
mod manifest;
mod model;
mod runtime;

pub use density::DensityEstimator;
pub use detector::{Detector, PreparedFrame};
pub use error::{InferenceError, InferenceErrorKind};
pub use manifest::{Manifest, ModelEntry, Thresholds, Verification};
pub use model::{InputDescription, Model, ModelDescription, Models};
pub use runtime::Runtime;

#[cfg(test)]
mod tests;
