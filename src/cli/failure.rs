//! Exit codes, after BSD's sysexits.

use crate::inference::{InferenceError, InferenceErrorKind};
use crate::pipeline::PipelineError;
use crate::source::{SourceError, SourceErrorKind};

/// Bad usage, configuration or input: somebody has to change something.
pub(super) const USAGE: u8 = 64;
/// Something that is needed is not there now: trying again later may help.
pub(super) const UNAVAILABLE: u8 = 69;
/// A bug.
pub(super) const BUG: u8 = 70;

/// The grace for an orderly end ran out.
pub(super) const GRACE_RAN_OUT: u8 = 75;

/// A port that is in use and the like: what is needed is not there now.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unavailable(pub(super) String);

/// The exit code for an error that ends a command.
pub(super) fn exit_code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if cause.is::<Unavailable>() {
            return UNAVAILABLE;
        }
        if let Some(inference) = cause.downcast_ref::<InferenceError>() {
            return of_inference(inference);
        }
        if let Some(source) = cause.downcast_ref::<SourceError>() {
            return of_source(source);
        }
        match cause.downcast_ref::<PipelineError>() {
            Some(PipelineError::Inference(inference)) => return of_inference(inference),
            Some(PipelineError::Source(source)) => return of_source(source),
            Some(PipelineError::Output(_) | PipelineError::Picture(_)) => return UNAVAILABLE,
            Some(PipelineError::Panicked(_)) => return BUG,
            None => {}
        }
    }
    USAGE
}

fn of_inference(error: &InferenceError) -> u8 {
    match error.kind() {
        InferenceErrorKind::Config | InferenceErrorKind::Model => USAGE,
        InferenceErrorKind::Missing | InferenceErrorKind::Runtime | InferenceErrorKind::Run => UNAVAILABLE,
    }
}

fn of_source(error: &SourceError) -> u8 {
    match error.kind() {
        SourceErrorKind::NotFound
        | SourceErrorKind::Unreadable
        | SourceErrorKind::Format
        | SourceErrorKind::Decode
        | SourceErrorKind::Unsupported => USAGE,
        SourceErrorKind::Connect | SourceErrorKind::TimedOut | SourceErrorKind::Lost => UNAVAILABLE,
    }
}
