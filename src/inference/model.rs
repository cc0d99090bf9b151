//! A model that was checked: its file, its input, its head.

use std::collections::BTreeMap;

use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{Outlet, TensorElementType, ValueType};

use super::{InferenceError, Manifest, ModelEntry, Runtime, Thresholds};
use crate::config::InferencePlan;
use crate::decode::{ClassMap, Head, OutputInfo, UnknownHead};
use crate::input::{InputSides, ModelNeeds};
use crate::model::FrameSize;
use crate::picture::Normalisation;

/// A usable model.
#[derive(Debug, Clone)]
pub struct Model {
    pub(super) entry: ModelEntry,
    pub(super) runtime: Runtime,
    pub(super) head: Head,
    pub(super) classes: ClassMap,
    input: InputAxes,
    outputs: Vec<OutputInfo>,
}

/// The models of a configuration.
#[derive(Debug, Clone)]
pub struct Models {
    /// Finds people.
    pub detector: Model,
    /// Counts crowds without boxes, where one is configured.
    pub density_map: Option<Model>,
}

impl Models {
    /// Checks the models that a plan names: that each is usable, and of the kind that its place asks for.
    ///
    /// # Errors
    /// [`InferenceError`] of the first that isn't.
    pub fn open(runtime: &Runtime, manifest: &Manifest, plan: &InferencePlan) -> Result<Self, InferenceError> {
        let detector = Model::open(runtime, manifest.model(&plan.model)?)?;
        detector.check_detector()?;
        let density_map = match &plan.density_map {
            Some(density_map) => {
                let model = Model::open(runtime, manifest.model(&density_map.model)?)?;
                model.check_density_map()?;
                Some(model)
            }
            None => None,
        };
        Ok(Self { detector, density_map })
    }
}

/// Axes of the input; `None`: free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct InputAxes {
    batch: Option<usize>,
    height: Option<usize>,
    width: Option<usize>,
}

impl Model {
    /// Checks a model: that its file is the one the manifest means, that ONNX Runtime can load it, that it takes
    /// pictures and that its head is known. Nothing is kept in memory but its description.
    ///
    /// # Errors
    /// [`InferenceError`] with what was found and what was expected.
    pub fn open(runtime: &Runtime, entry: &ModelEntry) -> Result<Self, InferenceError> {
        entry.check_sha256()?;
        let file = || entry.file.clone();
        // No optimisation: only its inputs and outputs are read here.
        let session = Session::builder(&runtime.environment)
            .and_then(|builder| Ok(builder.with_optimization_level(GraphOptimizationLevel::Disable)?))
            .and_then(|mut builder| builder.commit_from_file(&entry.file))
            .map_err(|error| InferenceError::NotAModel { file: file(), reason: error.message().to_owned() })?;
        let input = input_axes(session.inputs(), entry)?;
        let outputs: Vec<OutputInfo> = session.outputs().iter().map(output_info).collect();
        let class_count = match (entry.class_count, &entry.head) {
            (Some(count), _) => count,
            (None, None) => return Err(InferenceError::UnknownClassCount { file: file() }),
            (None, Some(spec)) => spec.class_count(&outputs).ok_or_else(|| InferenceError::UnknownHead {
                file: file(),
                source: UnknownHead::new(&outputs, None, Some(spec)),
            })?,
        };
        let head = Head::recognise(&outputs, class_count, entry.head.as_ref())
            .map_err(|source| InferenceError::UnknownHead { file: file(), source })?;
        let classes = ClassMap::new(class_count, entry.classes.iter().map(|(&class, &number)| (class, number)))
            .map_err(|source| InferenceError::Classes { file: file(), source })?;
        Ok(Self { entry: entry.clone(), runtime: runtime.clone(), head, classes, input, outputs })
    }

    /// What the manifest says of it.
    #[must_use]
    pub fn entry(&self) -> &ModelEntry {
        &self.entry
    }

    /// Its head.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Its classes.
    #[must_use]
    pub fn classes(&self) -> &ClassMap {
        &self.classes
    }

    /// How pixel values become the network's.
    #[must_use]
    pub fn normalisation(&self) -> &Normalisation {
        &self.entry.normalisation
    }

    /// Most pictures in one run; `None`: any number.
    #[must_use]
    pub fn batch(&self) -> Option<usize> {
        self.input.batch
    }

    /// The input size to use where a configured one isn't given: the model's own where it is fixed.
    #[must_use]
    pub fn fixed_size(&self) -> Option<FrameSize> {
        let width_px = u32::try_from(self.input.width?).ok()?;
        Some(FrameSize { width_px, height_px: u32::try_from(self.input.height?).ok()? })
    }

    /// What it needs of its input.
    #[must_use]
    pub fn needs(&self) -> ModelNeeds {
        let step_px = self.entry.stride_multiple_px;
        let sides = self.fixed_size().map_or(InputSides::Free { step_px }, InputSides::Fixed);
        ModelNeeds { least_person_px: self.entry.least_person_px, sides }
    }

    /// Checks an input size.
    ///
    /// # Errors
    /// [`InferenceError::UnfitSize`] where the model's size is fixed to another one, or the size is no multiple of what
    /// it needs.
    pub fn check_size(&self, size: FrameSize) -> Result<(), InferenceError> {
        let multiple = self.entry.stride_multiple_px;
        let fits = |side_px: u32, fixed: Option<usize>| match fixed {
            Some(fixed) => fixed == side_px as usize,
            None => side_px > 0 && side_px.is_multiple_of(multiple),
        };
        if fits(size.width_px, self.input.width) && fits(size.height_px, self.input.height) {
            return Ok(());
        }
        let side = |fixed: Option<usize>| {
            fixed.map_or_else(|| format!("any multiple of {multiple}"), |fixed| fixed.to_string())
        };
        Err(InferenceError::UnfitSize {
            file: self.entry.file.clone(),
            found: format!("{} x {}", size.width_px, size.height_px),
            expected: format!("width {}, height {}", side(self.input.width), side(self.input.height)),
        })
    }

    /// What there is to say of it, for people and machines.
    #[must_use]
    pub fn describe(&self) -> ModelDescription {
        let side = |axis: Option<usize>| {
            axis.map_or_else(|| format!("multiple of {}", self.entry.stride_multiple_px), |length| length.to_string())
        };
        let is_detector = self.check_detector().is_ok();
        ModelDescription {
            id: self.entry.id.clone(),
            file: self.entry.file.display().to_string(),
            sha256: self.entry.sha256.clone(),
            licence: self.entry.licence.clone(),
            licence_notice: self.entry.licence_notice.clone(),
            source: self.entry.source.clone(),
            input: InputDescription {
                name: self.entry.input_name.clone(),
                batch: self.input.batch.map_or_else(|| "any".to_owned(), |batch| batch.to_string()),
                height_px: side(self.input.height),
                width_px: side(self.input.width),
                channel_order: self.entry.normalisation.channel_order,
                mean: self.entry.normalisation.mean,
                std: self.entry.normalisation.std,
                padding: self.entry.normalisation.padding,
            },
            outputs: self.outputs.iter().map(ToString::to_string).collect(),
            head: self.head.kind().as_str(),
            class_count: self.classes.count(),
            classes: self.entry.classes.iter().map(|(class, &number)| (class.as_str(), number)).collect(),
            thresholds: is_detector.then_some(self.entry.thresholds),
            least_person_px: is_detector.then_some(self.entry.least_person_px),
            onnxruntime: self.runtime.path().display().to_string(),
        }
    }
}

/// A model in words and numbers.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ModelDescription {
    /// Its id in the manifest.
    pub id: String,
    /// Its file.
    pub file: String,
    /// The file's SHA-256.
    pub sha256: String,
    /// Licence of the weights.
    pub licence: String,
    /// Copyright and attribution.
    pub licence_notice: String,
    /// Where the weights come from.
    pub source: String,
    /// How it is fed.
    pub input: InputDescription,
    /// Its outputs with their axes; `?`: free.
    pub outputs: Vec<String>,
    /// Family of its head.
    pub head: &'static str,
    /// How many classes it has.
    pub class_count: usize,
    /// Its numbers of the classes that can be counted.
    pub classes: BTreeMap<&'static str, usize>,
    /// Default thresholds; none for a density map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
    /// Height in its input from which on it sees people well, in pixels; none for a density map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_person_px: Option<f64>,
    /// The ONNX Runtime that loaded it.
    pub onnxruntime: String,
}

/// An input in words and numbers.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct InputDescription {
    /// Its name.
    pub name: String,
    /// Pictures a run.
    pub batch: String,
    /// Height in pixels.
    pub height_px: String,
    /// Width in pixels.
    pub width_px: String,
    /// Order of the planes.
    pub channel_order: crate::picture::ChannelOrder,
    /// Subtracted from pixel values, plane by plane.
    pub mean: [f32; 3],
    /// What the difference is divided by.
    pub std: [f32; 3],
    /// Pixel value of the padding.
    pub padding: u8,
}

/// Length of an axis; `None`: free.
fn axis(length: i64) -> Option<usize> {
    usize::try_from(length).ok()
}

fn output_info(outlet: &Outlet) -> OutputInfo {
    // What is no float tensor has no axes, and so fits no head.
    let axes = match outlet.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => shape.iter().copied().map(axis).collect(),
        _ => Vec::new(),
    };
    OutputInfo { name: outlet.name().to_owned(), axes }
}

fn input_axes(inputs: &[Outlet], entry: &ModelEntry) -> Result<InputAxes, InferenceError> {
    let unfit = || InferenceError::UnfitInput {
        file: entry.file.clone(),
        found: inputs.iter().map(in_words).collect::<Vec<_>>().join(", "),
        expected: format!("one, `{}` float32 [N, 3, height, width], N free or 1", entry.input_name),
    };
    let [input] = inputs else { return Err(unfit()) };
    let ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } = input.dtype() else { return Err(unfit()) };
    let axes: Vec<Option<usize>> = shape.iter().copied().map(axis).collect();
    match axes[..] {
        [None | Some(1), None | Some(3), ..] if axes.len() == 4 && input.name() == entry.input_name => {
            Ok(InputAxes { batch: axes[0], height: axes[2], width: axes[3] })
        }
        _ => Err(unfit()),
    }
}

fn in_words(outlet: &Outlet) -> String {
    match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => {
            let axes: Vec<String> = shape
                .iter()
                .map(|&length| axis(length).map_or_else(|| "?".to_owned(), |length| length.to_string()))
                .collect();
            format!("`{}` {ty} [{}]", outlet.name(), axes.join(", "))
        }
        _ => format!("`{}` (no tensor)", outlet.name()),
    }
}
