//! One ONNX Runtime session that turns prepared pictures into detections.

use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionOutputs};
use ort::value::TensorRef;

use super::{InferenceError, Model, Thresholds};
use crate::config::DetectionThresholds;
use crate::decode::{ClassMap, Decoded, Head, OutputView, Request, decode};
use crate::geometry::Letterbox;
use crate::model::{ClassSet, FrameSize};
use crate::picture::{Normalisation, Picture, PictureError};

/// A picture made ready for the network.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedFrame {
    /// Three planes of the input's size.
    pub tensor: Vec<f32>,
    /// How the picture was fitted into it.
    pub letterbox: Letterbox,
    /// Classes of interest.
    pub classes: ClassSet,
}

impl PreparedFrame {
    /// Prepares a picture. `buffer` is an old tensor to reuse, or an empty one.
    ///
    /// # Errors
    /// [`PictureError`] where the letterbox is for pictures of another size.
    pub fn new(
        picture: &Picture,
        letterbox: Letterbox,
        normalisation: &Normalisation,
        classes: ClassSet,
        mut buffer: Vec<f32>,
    ) -> Result<Self, PictureError> {
        buffer.resize(values(letterbox.input()), 0.0);
        picture.prepare(&letterbox, normalisation, &mut buffer)?;
        Ok(Self { tensor: buffer, letterbox, classes })
    }

    /// Size of the network's input.
    #[must_use]
    pub fn size(&self) -> FrameSize {
        self.letterbox.input()
    }
}

fn values(size: FrameSize) -> usize {
    3 * size.width_px as usize * size.height_px as usize
}

/// A session of its own: one a worker thread.
#[derive(Debug)]
pub struct Detector {
    session: Session,
    id: String,
    head: Head,
    classes: ClassMap,
    thresholds: Thresholds,
    input_name: String,
    output_names: Vec<String>,
    largest_batch: usize,
    batch: Vec<f32>,
}

impl Detector {
    /// Loads the model. `threads` work on each run (the calling one among them); `overrides` replace the manifest's
    /// thresholds. Pictures of one size are run together up to `largest_batch` where the model allows it.
    ///
    /// # Errors
    /// [`InferenceError::OtherHead`] where the model is a density map; [`InferenceError::NotAModel`] where ONNX Runtime
    /// can't prepare it.
    pub fn new(
        model: &Model,
        threads: usize,
        largest_batch: usize,
        overrides: DetectionThresholds,
    ) -> Result<Self, InferenceError> {
        model.check_detector()?;
        let session = session(model, threads).map_err(|error| InferenceError::NotAModel {
            file: model.entry.file.clone(),
            reason: error.message().to_owned(),
        })?;
        let defaults = model.entry.thresholds;
        let high_score = overrides.high_score.unwrap_or(defaults.high_score);
        let thresholds = Thresholds {
            high_score,
            low_score: overrides.low_score.unwrap_or(defaults.low_score).min(high_score),
            nms_iou: overrides.nms_iou.unwrap_or(defaults.nms_iou),
        };
        Ok(Self {
            output_names: session.outputs().iter().map(|output| output.name().to_owned()).collect(),
            session,
            id: model.entry.id.clone(),
            head: model.head.clone(),
            classes: model.classes.clone(),
            thresholds,
            input_name: model.entry.input_name.clone(),
            largest_batch: largest_batch.min(model.batch().unwrap_or(usize::MAX)).max(1),
            batch: Vec::new(),
        })
    }

    /// The thresholds in use.
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        self.thresholds
    }

    /// Detects objects in pictures, in their order. Neighbours of one size go through the network together, up to the
    /// largest batch.
    ///
    /// # Errors
    /// [`InferenceError`] where a tensor has the wrong length, ONNX Runtime fails, or the outputs have an unexpected
    /// shape.
    pub fn infer(&mut self, frames: &[PreparedFrame]) -> Result<Vec<Decoded>, InferenceError> {
        let mut found = Vec::with_capacity(frames.len());
        for same_size in frames.chunk_by(|a, b| a.size() == b.size()) {
            for group in same_size.chunks(self.largest_batch) {
                self.infer_group(group, &mut found)?;
            }
        }
        Ok(found)
    }

    /// Runs the network without reading its outputs: what ONNX Runtime alone takes.
    ///
    /// # Errors
    /// As [`Detector::infer`].
    pub fn run_only(&mut self, frame: &PreparedFrame) -> Result<(), InferenceError> {
        check(frame)?;
        run(&mut self.session, &self.id, &self.input_name, 1, frame.size(), &frame.tensor).map(drop)
    }

    /// Frames of one size, no more than a batch.
    fn infer_group(&mut self, frames: &[PreparedFrame], found: &mut Vec<Decoded>) -> Result<(), InferenceError> {
        let Some(first) = frames.first() else { return Ok(()) };
        frames.iter().try_for_each(check)?;
        let tensor = match frames {
            [only] => &only.tensor,
            several => {
                self.batch.clear();
                several.iter().for_each(|frame| self.batch.extend_from_slice(&frame.tensor));
                &self.batch
            }
        };
        let outputs = run(&mut self.session, &self.id, &self.input_name, frames.len(), first.size(), tensor)?;
        let mut shapes = Vec::with_capacity(self.output_names.len());
        for name in &self.output_names {
            // An output that is no float tensor belongs to no head.
            let output = outputs.get(name).and_then(|value| value.try_extract_tensor::<f32>().ok());
            let shape = output.map(|(shape, _)| shape.iter().map(|&axis| usize::try_from(axis).unwrap_or(0)).collect());
            shapes.push((shape.unwrap_or_else(Vec::new), output.map_or(&[][..], |(_, data)| data)));
        }
        let views: Vec<OutputView<'_>> = self
            .output_names
            .iter()
            .zip(&shapes)
            .map(|(name, (shape, data))| OutputView { name, shape, data })
            .collect();
        for (item, frame) in frames.iter().enumerate() {
            let request = Request {
                classes: &self.classes,
                wanted: frame.classes,
                low_score: self.thresholds.low_score,
                nms_iou: self.thresholds.nms_iou,
                letterbox: &frame.letterbox,
            };
            let decoded = decode(&self.head, &views, item, &request)
                .map_err(|source| InferenceError::Decode { id: self.id.clone(), source })?;
            found.push(decoded);
        }
        Ok(())
    }
}

pub(super) fn check(frame: &PreparedFrame) -> Result<(), InferenceError> {
    let (found, expected) = (frame.tensor.len(), values(frame.size()));
    if found == expected { Ok(()) } else { Err(InferenceError::WrongTensor { found, expected }) }
}

pub(super) fn run<'s>(
    session: &'s mut Session,
    id: &str,
    input_name: &str,
    pictures: usize,
    size: FrameSize,
    tensor: &[f32],
) -> Result<SessionOutputs<'s>, InferenceError> {
    let shape = [pictures, 3, size.height_px as usize, size.width_px as usize];
    // The tensor is borrowed, not copied.
    TensorRef::from_array_view((shape, tensor))
        .and_then(|tensor| session.run(ort::inputs![input_name => tensor]))
        .map_err(|error| InferenceError::Run { id: id.to_owned(), reason: error.message().to_owned() })
}

/// Options tried on two Zen 2 cores at 416 x 320 that made no difference beyond noise, and so are left alone: fixed
/// dimensions, flushing denormals, no memory pattern, no prepacking, batches of two. Without the arena the peak memory
/// is higher, not lower. One session of two threads gives a tenth less than two of one.
pub(super) fn session(model: &Model, threads: usize) -> ort::Result<Session> {
    Session::builder(&model.runtime.environment)?
        // The highest level: below it convolutions don't get the blocked layout, and take half as long again.
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(threads.max(1))?
        .with_inter_threads(1)?
        .with_parallel_execution(false)?
        .with_memory_pattern(true)?
        // A thread that spins while it waits takes the core from the other workers.
        .with_intra_op_spinning(false)?
        .commit_from_file(&model.entry.file)
}
