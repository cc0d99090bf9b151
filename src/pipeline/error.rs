//! What stops a pipeline.

use crate::inference::InferenceError;
use crate::picture::PictureError;
use crate::source::SourceError;

/// Why a pipeline could not go on.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The source can't be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A picture could not be prepared, drawn on or written.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The model failed.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// An output could not be written.
    #[error("cannot write the results: {0}")]
    Output(#[from] std::io::Error),
    /// A thread panicked: a bug.
    #[error("the {0} thread panicked: this is a bug in crowdflow")]
    Panicked(&'static str),
}
