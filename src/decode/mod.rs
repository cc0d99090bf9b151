//! From a detector's raw outputs to detections, on plain slices.
//!
//! [`Head`] says how an output is read and is recognised from the outputs' shapes; [`decode`] reads one picture of a
//! batch: rows under the threshold are skipped before anything else is computed, the rest goes through
//! non-maximum suppression and back to the camera's pixels.

mod classes;
mod density_map;
mod detr;
mod head;
mod nanodet;
mod nms;
mod seams;
mod view;
mod yolov8;
mod yolox;

use crate::geometry::Letterbox;
use crate::model::{ClassSet, Detection, FrameSize, ObjectClass, PixelBox};

pub use classes::{ClassMap, ClassMapError};
pub use density_map::density_map;
pub use head::{
    DensityMapSpec, DetrSpec, Head, HeadKind, HeadSpec, NanoDetLayout, NanoDetSpec, OutputInfo, UnknownHead,
    Yolov8Spec, YoloxSpec,
};
pub use nms::suppress;
pub use seams::{SEAM_IOU, TileDetections, merge_tiles};
pub use view::OutputView;

/// Most candidates that go into non-maximum suppression, best first. A crowd gives some hundreds; only a model that
/// fires everywhere gives more, and it must not stop the camera.
pub const MAX_CANDIDATES: usize = 2000;

/// Share of the most boxes that a head can give from which there may well be more objects than boxes: the last ones of a
/// DETR-like head's queries lie on objects that others have.
const AT_LIMIT_SHARE: f64 = 0.9;

/// Why an output can't be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DecodeError {
    /// The model gave fewer outputs than its head has.
    #[error("the {head} head reads output {index}, but the model gave {found} output(s)")]
    MissingOutput {
        /// The head.
        head: HeadKind,
        /// Number of the output that was expected, from 0.
        index: usize,
        /// How many there are.
        found: usize,
    },
    /// An output has another shape than the head and the input's size ask for.
    #[error("output `{output}` has the shape {found:?}; the {head} head expects {expected}")]
    UnexpectedShape {
        /// The head.
        head: HeadKind,
        /// The output's name.
        output: String,
        /// Its shape.
        found: Vec<usize>,
        /// What was expected.
        expected: String,
    },
    /// The batch has no such picture.
    #[error("picture {item} was asked of output `{output}`, which holds {found}")]
    NoSuchItem {
        /// Number of the picture in the batch, from 0.
        item: usize,
        /// The output's name.
        output: String,
        /// How many pictures it holds.
        found: usize,
    },
    /// The head gives no boxes.
    #[error("the {head} head counts people and gives no boxes")]
    NoBoxes {
        /// The head.
        head: HeadKind,
    },
    /// A value is no number.
    #[error("output `{output}` of the {head} head holds {found} at {index}; expected finite numbers")]
    NotFinite {
        /// The head.
        head: HeadKind,
        /// The output's name.
        output: String,
        /// What it holds.
        found: f32,
        /// Where among the picture's values, from 0.
        index: usize,
    },
    /// A density map has fewer people than none.
    #[error(
        "output `{output}` sums up to {found:.1} people; expected 0 or more: it is no density map, or its pictures are \
         prepared in another way than the manifest says"
    )]
    NegativeSum {
        /// The output's name.
        output: String,
        /// Its sum.
        found: f64,
    },
}

impl DecodeError {
    /// Short name for labels.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MissingOutput { .. } => "missing_output",
            Self::UnexpectedShape { .. } => "unexpected_shape",
            Self::NoSuchItem { .. } => "no_such_item",
            Self::NoBoxes { .. } => "no_boxes",
            Self::NotFinite { .. } => "not_finite",
            Self::NegativeSum { .. } => "negative_sum",
        }
    }
}

/// What is asked of a picture's outputs.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The model's classes.
    pub classes: &'a ClassMap,
    /// Those of interest; nothing is computed for the others.
    pub wanted: ClassSet,
    /// Least score of a detection, 0 to 1.
    pub low_score: f64,
    /// Overlap (IoU) above which the weaker of two boxes of one class is dropped, 0 to 1.
    pub nms_iou: f64,
    /// How the picture was fitted into the input.
    pub letterbox: &'a Letterbox,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decoded {
    /// Detections in the camera's pixels, best first, not cut at the picture's edge.
    pub detections: Vec<Detection>,
    /// Rows dropped because a score or a side was not finite, or because the box had no area.
    pub unusable: usize,
    /// As many boxes as the head can give, or nearly so: there may be more objects. See [`MAX_CANDIDATES`]; a DETR-like
    /// head has no more boxes than queries.
    pub at_limit: bool,
}

/// Reads picture `item` of a batch.
///
/// # Errors
/// [`DecodeError`] where an output is missing or has another shape than the head expects.
pub fn decode(
    head: &Head,
    outputs: &[OutputView<'_>],
    item: usize,
    request: &Request<'_>,
) -> Result<Decoded, DecodeError> {
    let mut candidates = Candidates::new(request);
    match head {
        Head::NanoDet { layout, strides_px } => {
            nanodet::read(layout, strides_px.as_deref(), outputs, item, &mut candidates)?;
        }
        Head::Yolox { output, strides_px } => {
            yolox::read(*output, strides_px.as_deref(), outputs, item, &mut candidates)?;
        }
        Head::Yolov8 { output } => yolov8::read(*output, outputs, item, &mut candidates)?,
        Head::Detr { boxes, logits, no_object } => {
            detr::read(*boxes, *logits, *no_object, outputs, item, &mut candidates)?;
        }
        Head::DensityMap { .. } => return Err(DecodeError::NoBoxes { head: head.kind() }),
    }
    let Candidates { found: mut detections, unusable, most, .. } = candidates;
    let at_limit = detections.len() as f64 >= AT_LIMIT_SHARE * most as f64;
    nms::best_first(&mut detections);
    detections.truncate(MAX_CANDIDATES);
    if head.kind() != HeadKind::Detr {
        nms::suppress_sorted(&mut detections, request.nms_iou);
    }
    for detection in &mut detections {
        detection.bbox = request.letterbox.to_camera(&detection.bbox);
    }
    Ok(Decoded { detections, unusable, at_limit })
}

/// Collects what passes the threshold, in the input's pixels.
struct Candidates {
    columns: Vec<(ObjectClass, usize)>,
    class_count: usize,
    low_score: f32,
    input: FrameSize,
    found: Vec<Detection>,
    unusable: usize,
    /// Most boxes that can be found.
    most: usize,
}

impl Candidates {
    fn new(request: &Request<'_>) -> Self {
        Self {
            columns: request.classes.columns(request.wanted).collect(),
            class_count: request.classes.count(),
            low_score: request.low_score as f32,
            input: request.letterbox.input(),
            found: Vec::new(),
            unusable: 0,
            most: MAX_CANDIDATES,
        }
    }

    /// Whether the score is worth a look. A score that is no number passes here, to be counted by [`Self::add`].
    fn passes(&self, score: f32) -> bool {
        score >= self.low_score || score.is_nan()
    }

    /// Takes a box in the input's pixels.
    fn add(&mut self, class: ObjectClass, score: f32, [left, top, right, bottom]: [f32; 4]) {
        let finite = [score, left, top, right, bottom].into_iter().all(f32::is_finite);
        if !finite || right <= left || bottom <= top {
            self.unusable += 1;
            return;
        }
        let [left, top, right, bottom] = [left, top, right, bottom].map(f64::from);
        // Rounding in the network may put a sure score a hair above 1.
        let score = f64::from(score).min(1.0);
        self.found.push(Detection { bbox: PixelBox { left, top, right, bottom }, class, score });
    }
}

/// Columns and rows of cells that an input has at a stride.
fn cells(input: FrameSize, stride_px: u32) -> (usize, usize) {
    (input.width_px.div_ceil(stride_px) as usize, input.height_px.div_ceil(stride_px) as usize)
}

/// The first of the usual sets of strides (or the given one) whose cells are as many as the output's rows.
fn fitting_strides<'a>(
    given: Option<&'a [u32]>,
    usual: &'a [&'a [u32]],
    input: FrameSize,
    rows: usize,
) -> Result<&'a [u32], String> {
    let all_cells = |strides: &[u32]| -> usize {
        strides.iter().map(|&stride_px| cells(input, stride_px)).map(|(across, down)| across * down).sum()
    };
    let given = given.into_iter();
    let choices: Vec<&[u32]> = if given.len() > 0 { given.collect() } else { usual.to_vec() };
    if let Some(strides) = choices.iter().find(|strides| all_cells(strides) == rows) {
        return Ok(strides);
    }
    let expected: Vec<String> =
        choices.iter().map(|strides| format!("{} rows (strides {strides:?})", all_cells(strides))).collect();
    Err(format!("{} for an input of {} x {}", expected.join(" or "), input.width_px, input.height_px))
}

#[cfg(test)]
mod tests;
