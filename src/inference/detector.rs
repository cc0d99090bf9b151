//! One ONNX Runtime session that turns prepared pictures into detections.

use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionOutputs};
use ort::value::TensorRef;

use super::{InferenceError, Model, Thresholds};
use crate::config::DetectionThresholds;
use crate::decode::{ClassMap, Decoded, Head, OutputView, Request, TileDetections, decode, merge_tiles};
use crate::geometry::Letterbox;
use crate::model::{ClassSet, FrameSize};
use crate::picture::{Normalisation, Picture, PictureError};

/// A picture made ready for the network: the whole of it, a part, or a part in several tiles.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedFrame {
    /// For each tile three planes of the input's size, tile after tile.
    pub tensor: Vec<f32>,
    /// How each tile of the picture was fitted into its input; one or more, with inputs of one size.
    pub letterboxes: Vec<Letterbox>,
    /// Classes of interest.
    pub classes: ClassSet,
}

impl PreparedFrame {
    /// Prepares a picture. `buffer` is an old tensor to reuse, or an empty one.
    ///
    /// # Errors
    /// [`PictureError`] where a letterbox is for pictures of another size, or there is none.
    pub fn new(
        picture: &Picture,
        letterboxes: &[Letterbox],
        normalisation: &Normalisation,
        classes: ClassSet,
        mut buffer: Vec<f32>,
    ) -> Result<Self, PictureError> {
        let Some(first) = letterboxes.first() else {
            return Err(PictureError::WrongSize {
                what: "tiles of a picture",
                found: "none".to_owned(),
                expected: "one or more".to_owned(),
            });
        };
        let tile_values = values(first.input());
        buffer.resize(tile_values * letterboxes.len(), 0.0);
        for (letterbox, tensor) in letterboxes.iter().zip(buffer.chunks_exact_mut(tile_values.max(1))) {
            picture.prepare(letterbox, normalisation, tensor)?;
        }
        Ok(Self { tensor: buffer, letterboxes: letterboxes.to_vec(), classes })
    }

    /// Size of the network's input, the same for every tile; empty where there is no tile.
    #[must_use]
    pub fn size(&self) -> FrameSize {
        self.letterboxes.first().map_or(FrameSize { width_px: 0, height_px: 0 }, Letterbox::input)
    }

    /// Pixels of network input: what it costs.
    #[must_use]
    pub fn input_px(&self) -> u64 {
        self.size().pixels() * self.letterboxes.len() as u64
    }

    fn tiles(&self) -> impl Iterator<Item = Tile<'_>> {
        let tensors = self.tensor.chunks_exact(values(self.size()).max(1));
        tensors.zip(&self.letterboxes).map(|(tensor, letterbox)| Tile { tensor, letterbox, classes: self.classes })
    }
}

/// One run's worth of a frame.
#[derive(Debug, Clone, Copy)]
struct Tile<'f> {
    tensor: &'f [f32],
    letterbox: &'f Letterbox,
    classes: ClassSet,
}

/// What a detector's boxes scatter by, in pixels of the network's input: half of the finest stride in use.
const BOX_SCATTER_INPUT_PX: f64 = 4.0;

pub(super) fn values(size: FrameSize) -> usize {
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

    /// Detects objects in pictures, in their order. Neighbours of one size, and the tiles of one picture, go through the
    /// network together, up to the largest batch; what a picture's tiles gave is put together.
    ///
    /// # Errors
    /// [`InferenceError`] where a tensor has the wrong length, ONNX Runtime fails, or the outputs have an unexpected
    /// shape.
    pub fn infer(&mut self, frames: &[PreparedFrame]) -> Result<Vec<Decoded>, InferenceError> {
        frames.iter().try_for_each(check)?;
        let tiles: Vec<Tile<'_>> = frames.iter().flat_map(PreparedFrame::tiles).collect();
        let mut found = Vec::with_capacity(tiles.len());
        for same_size in tiles.chunk_by(|a, b| a.letterbox.input() == b.letterbox.input()) {
            for group in same_size.chunks(self.largest_batch) {
                self.infer_group(group, &mut found)?;
            }
        }
        let mut found = found.into_iter();
        Ok(frames.iter().map(|frame| together(&frame.letterboxes, &mut found)).collect())
    }

    /// Runs the network without reading its outputs: what ONNX Runtime alone takes.
    ///
    /// # Errors
    /// As [`Detector::infer`].
    pub fn run_only(&mut self, frame: &PreparedFrame) -> Result<(), InferenceError> {
        check(frame)?;
        let tiles = frame.letterboxes.len();
        run(&mut self.session, &self.id, &self.input_name, tiles, frame.size(), &frame.tensor).map(drop)
    }

    /// Tiles of one size, no more than a batch.
    fn infer_group(&mut self, tiles: &[Tile<'_>], found: &mut Vec<Decoded>) -> Result<(), InferenceError> {
        let Some(first) = tiles.first() else { return Ok(()) };
        let tensor = match tiles {
            [only] => only.tensor,
            several => {
                self.batch.clear();
                several.iter().for_each(|tile| self.batch.extend_from_slice(tile.tensor));
                &self.batch
            }
        };
        let size = first.letterbox.input();
        let outputs = run(&mut self.session, &self.id, &self.input_name, tiles.len(), size, tensor)?;
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
        for (item, tile) in tiles.iter().enumerate() {
            let request = Request {
                classes: &self.classes,
                wanted: tile.classes,
                low_score: self.thresholds.low_score,
                nms_iou: self.thresholds.nms_iou,
                letterbox: tile.letterbox,
            };
            let decoded = decode(&self.head, &views, item, &request)
                .map_err(|source| InferenceError::Decode { id: self.id.clone(), source })?;
            found.push(decoded);
        }
        Ok(())
    }
}

/// The next so many results, one a tile, as one.
fn together(letterboxes: &[Letterbox], found: &mut impl Iterator<Item = Decoded>) -> Decoded {
    if let [_] = letterboxes {
        return found.next().unwrap_or_default();
    }
    let (mut unusable, mut at_limit) = (0, false);
    let mut tiles = Vec::with_capacity(letterboxes.len());
    for (letterbox, decoded) in letterboxes.iter().zip(found) {
        unusable += decoded.unusable;
        at_limit |= decoded.at_limit;
        let (across, down) = letterbox.scale();
        tiles.push(TileDetections {
            tile: letterbox.crop(),
            scatter_px: BOX_SCATTER_INPUT_PX / across.min(down),
            detections: decoded.detections,
        });
    }
    Decoded { detections: merge_tiles(&tiles), unusable, at_limit }
}

pub(super) fn check(frame: &PreparedFrame) -> Result<(), InferenceError> {
    let (found, expected) = (frame.tensor.len(), values(frame.size()) * frame.letterboxes.len());
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
