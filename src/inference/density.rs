//! One ONNX Runtime session that turns prepared pictures into density maps.

use ort::session::Session;

use super::detector::{check, run, session, values};
use super::{InferenceError, Model, PreparedFrame};
use crate::decode::{Head, OutputView, density_map};
use crate::model::{DensityMap, Mark};

/// A session of its own: one a worker thread.
#[derive(Debug)]
pub struct DensityEstimator {
    session: Session,
    id: String,
    input_name: String,
    output_name: String,
    units_per_person: u32,
    mark: Mark,
}

impl DensityEstimator {
    /// Loads the model. `threads` work on each run, the calling one among them.
    ///
    /// # Errors
    /// [`InferenceError::OtherHead`] where the model is a detector; [`InferenceError::NotAModel`] where ONNX Runtime
    /// can't prepare it.
    pub fn new(model: &Model, threads: usize) -> Result<Self, InferenceError> {
        let (output, units_per_person, mark) = density_head(model)?;
        let session = session(model, threads).map_err(|error| InferenceError::NotAModel {
            file: model.entry.file.clone(),
            reason: error.message().to_owned(),
        })?;
        let output_name = session.outputs().get(output).map(|output| output.name().to_owned()).unwrap_or_default();
        Ok(Self {
            session,
            id: model.entry.id.clone(),
            input_name: model.entry.input_name.clone(),
            output_name,
            units_per_person,
            mark,
        })
    }

    /// The density map of a picture that was prepared as a whole, in one tile.
    ///
    /// # Errors
    /// [`InferenceError`] where the tensor has the wrong length, ONNX Runtime fails, or the output is no density map.
    pub fn infer(&mut self, frame: &PreparedFrame) -> Result<DensityMap, InferenceError> {
        check(frame)?;
        let [letterbox] = frame.letterboxes.as_slice() else {
            return Err(InferenceError::WrongTensor { found: frame.tensor.len(), expected: values(frame.size()) });
        };
        let outputs = run(&mut self.session, &self.id, &self.input_name, 1, frame.size(), &frame.tensor)?;
        let tensor = outputs.get(&self.output_name).and_then(|value| value.try_extract_tensor::<f32>().ok());
        let (shape, data) = tensor.map_or((Vec::new(), &[][..]), |(shape, data)| {
            (shape.iter().map(|&axis| usize::try_from(axis).unwrap_or(0)).collect(), data)
        });
        let view = OutputView { name: &self.output_name, shape: &shape, data };
        density_map(&[view], 0, 0, letterbox, self.units_per_person, self.mark)
            .map_err(|source| InferenceError::Decode { id: self.id.clone(), source })
    }
}

/// What the model's head says, where it is a density map.
fn density_head(model: &Model) -> Result<(usize, u32, Mark), InferenceError> {
    match model.head {
        Head::DensityMap { output, units_per_person, mark } => Ok((output, units_per_person, mark)),
        _ => Err(InferenceError::OtherHead {
            id: model.entry.id.clone(),
            found: model.head.kind(),
            expected: "a density_map head (`inference.model` takes a detector)",
        }),
    }
}

impl Model {
    /// Checks that the model counts people without boxes, and so may be a second opinion.
    ///
    /// # Errors
    /// [`InferenceError::OtherHead`] where it is a detector.
    pub fn check_density_map(&self) -> Result<(), InferenceError> {
        density_head(self).map(drop)
    }

    /// Checks that the model finds boxes.
    ///
    /// # Errors
    /// [`InferenceError::OtherHead`] where it is a density map.
    pub fn check_detector(&self) -> Result<(), InferenceError> {
        if let Head::DensityMap { .. } = self.head {
            return Err(InferenceError::OtherHead {
                id: self.entry.id.clone(),
                found: self.head.kind(),
                expected: "a detector's head (a density map goes into `inference.density_map.model`)",
            });
        }
        Ok(())
    }
}
