//! What can go wrong between a manifest and a detection.

use std::path::PathBuf;

use crate::decode::{ClassMapError, DecodeError, HeadKind, UnknownHead};

/// Where a fault lies: decides exit code and whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InferenceErrorKind {
    /// A file is missing or can't be read.
    Missing,
    /// The manifest or the configuration is wrong.
    Config,
    /// The model isn't what the manifest says, or can't be used.
    Model,
    /// ONNX Runtime is missing, too old or broken.
    Runtime,
    /// A run failed.
    Run,
}

impl InferenceErrorKind {
    /// Short name for labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Config => "config",
            Self::Model => "model",
            Self::Runtime => "runtime",
            Self::Run => "run",
        }
    }
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// There is no manifest where one may be.
    #[error("no model manifest found; looked for {}", list(.tried))]
    NoManifest {
        /// Where it was looked for.
        tried: Vec<PathBuf>,
    },
    /// The manifest can't be read.
    #[error("cannot read the model manifest {}: {source}", path.display())]
    UnreadableManifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The manifest is wrong.
    #[error("model manifest {}: {reason}", path.display())]
    InvalidManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong, with its place.
        reason: String,
    },
    /// The manifest has no such model.
    #[error("model manifest {} has no model `{id}`; it has {}", path.display(), known.join(", "))]
    NoSuchModel {
        /// The manifest.
        path: PathBuf,
        /// The model that was asked for.
        id: String,
        /// Those it has.
        known: Vec<String>,
    },
    /// The model's file can't be read.
    #[error("cannot read the model {}: {source}", file.display())]
    UnreadableModel {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The model's file isn't the one that the manifest means.
    #[error("model {}: its SHA-256 is {found}, the manifest says {expected}: the file is damaged or another one. Get it anew, or give the manifest this one's `sha256` where it is meant", file.display())]
    WrongChecksum {
        /// The file.
        file: PathBuf,
        /// Its checksum.
        found: String,
        /// The manifest's.
        expected: String,
    },
    /// No usable ONNX Runtime.
    #[error("no usable ONNX Runtime (1.{} or later); tried:{}\nRun the set-up (`make setup`), or name the library in `inference.onnxruntime` or ORT_DYLIB_PATH", minimum, lines(.tried))]
    NoRuntime {
        /// Least minor version.
        minimum: u32,
        /// What was tried and why it failed, in order.
        tried: Vec<String>,
    },
    /// ONNX Runtime refused to start.
    #[error("ONNX Runtime at {} does not start: {reason}", path.display())]
    RuntimeFailed {
        /// The library.
        path: PathBuf,
        /// What it says.
        reason: String,
    },
    /// The file is no model, or one that ONNX Runtime can't run.
    #[error("{} is not a model that ONNX Runtime can load: {reason}", file.display())]
    NotAModel {
        /// The file.
        file: PathBuf,
        /// What it says.
        reason: String,
    },
    /// The model takes something else than pictures.
    #[error("model {}: found the input(s) {found}; expected {expected}", file.display())]
    UnfitInput {
        /// The file.
        file: PathBuf,
        /// Its inputs.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The manifest names neither the model's head nor its number of classes.
    #[error("model {}: the manifest says neither its head (`[models.ID.head...]`) nor its `class_count`; one of them is needed", file.display())]
    UnknownClassCount {
        /// The file.
        file: PathBuf,
    },
    /// The manifest's classes don't fit the model.
    #[error("model {}: {source}", file.display())]
    Classes {
        /// The file.
        file: PathBuf,
        /// Why.
        source: ClassMapError,
    },
    /// The model's outputs fit no head.
    #[error("model {}: {source}", file.display())]
    UnknownHead {
        /// The file.
        file: PathBuf,
        /// What was found and expected.
        source: UnknownHead,
    },
    /// The model is of another kind than its place asks for.
    #[error("model `{id}` has a {found} head; expected {expected}")]
    OtherHead {
        /// The model.
        id: String,
        /// Its head.
        found: HeadKind,
        /// What was expected.
        expected: &'static str,
    },
    /// The configured input size doesn't fit the model.
    #[error("model {}: an input of {found} pixels does not fit; expected {expected}", file.display())]
    UnfitSize {
        /// The file.
        file: PathBuf,
        /// The size asked for.
        found: String,
        /// What fits.
        expected: String,
    },
    /// A prepared picture has another number of values than its size says.
    #[error("a prepared picture holds {found} values; expected {expected}")]
    WrongTensor {
        /// How many it holds.
        found: usize,
        /// How many it should.
        expected: usize,
    },
    /// A run failed.
    #[error("ONNX Runtime could not run model `{id}`: {reason}")]
    Run {
        /// The model.
        id: String,
        /// What it says.
        reason: String,
    },
    /// The outputs can't be read.
    #[error("model `{id}`: {source}")]
    Decode {
        /// The model.
        id: String,
        /// Why.
        source: DecodeError,
    },
}

impl InferenceError {
    /// Where the fault lies.
    #[must_use]
    pub fn kind(&self) -> InferenceErrorKind {
        match self {
            Self::NoManifest { .. } | Self::UnreadableManifest { .. } | Self::UnreadableModel { .. } => {
                InferenceErrorKind::Missing
            }
            Self::InvalidManifest { .. }
            | Self::NoSuchModel { .. }
            | Self::OtherHead { .. }
            | Self::UnfitSize { .. } => InferenceErrorKind::Config,
            Self::WrongChecksum { .. }
            | Self::NotAModel { .. }
            | Self::UnfitInput { .. }
            | Self::UnknownClassCount { .. }
            | Self::Classes { .. }
            | Self::UnknownHead { .. } => InferenceErrorKind::Model,
            Self::NoRuntime { .. } | Self::RuntimeFailed { .. } => InferenceErrorKind::Runtime,
            Self::WrongTensor { .. } | Self::Run { .. } | Self::Decode { .. } => InferenceErrorKind::Run,
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}

fn lines(tried: &[String]) -> String {
    tried.iter().map(|line| format!("\n  {line}")).collect()
}
