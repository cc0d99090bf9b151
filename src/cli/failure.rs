//! Exit codes, after BSD's sysexits.

use std::io::ErrorKind;

use crate::accounts::AccountFault;
use crate::api::TlsError;
use crate::app::{KeepingError, ServiceError};
use crate::evidence::EvidenceError;
use crate::inference::{InferenceError, InferenceErrorKind};
use crate::pipeline::PipelineError;
use crate::source::{SourceError, SourceErrorKind};
use crate::store::{StoreError, StoreErrorKind};

/// Bad usage, configuration or input: somebody has to change something.
pub(super) const USAGE: u8 = 64;
/// Evidence is not as it was written.
pub(super) const NOT_AS_WRITTEN: u8 = 65;
/// Something that is needed is not there now: trying again later may help.
pub(super) const UNAVAILABLE: u8 = 69;
/// A bug.
pub(super) const BUG: u8 = 70;

/// The grace for an orderly end ran out.
pub(super) const GRACE_RAN_OUT: u8 = 75;

/// A port that is in use, a full disk and the like: what is needed is not there now.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unavailable(pub(super) String);

/// What an error and its causes say. Many an error already says its cause; it is not said twice.
pub(super) fn message(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |message, cause| {
        if message.is_empty() {
            cause
        } else if message.contains(&cause) {
            message
        } else {
            format!("{message}: {cause}")
        }
    })
}

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
        if let Some(store) = cause.downcast_ref::<StoreError>() {
            return of_store(store);
        }
        // Transparent errors hide what they hold from the chain of causes.
        match cause.downcast_ref::<EvidenceError>() {
            Some(EvidenceError::Store(store)) => return of_store(store),
            Some(EvidenceError::Io { source, .. }) if source.kind() != ErrorKind::NotFound => return UNAVAILABLE,
            Some(_) => return USAGE,
            None => {}
        }
        if let Some(pipeline) = cause.downcast_ref::<PipelineError>() {
            return of_pipeline(pipeline);
        }
        match cause.downcast_ref::<ServiceError>() {
            Some(ServiceError::Pipeline(pipeline)) => return of_pipeline(pipeline),
            Some(ServiceError::Keeping(KeepingError::Store(store))) => return of_store(store),
            Some(ServiceError::Accounts(AccountFault::Store(store))) => return of_store(store),
            Some(ServiceError::Accounts(_)) => return UNAVAILABLE,
            Some(ServiceError::Keeping(KeepingError::Destination(_)) | ServiceError::Tls(TlsError::NoPair { .. })) => {
                return USAGE;
            }
            Some(
                ServiceError::Listen { .. }
                | ServiceError::Tls(TlsError::File { .. })
                | ServiceError::AlertLog { .. }
                | ServiceError::HeatMaps { .. }
                | ServiceError::Keeping(
                    KeepingError::Folder { .. } | KeepingError::Evidence { .. } | KeepingError::Thread(_),
                )
                | ServiceError::Thread(_),
            ) => {
                return UNAVAILABLE;
            }
            Some(ServiceError::Metrics(_)) => return BUG,
            Some(ServiceError::StillRunning(_)) => return GRACE_RAN_OUT,
            None => {}
        }
    }
    USAGE
}

fn of_pipeline(error: &PipelineError) -> u8 {
    match error {
        PipelineError::Inference(inference) => of_inference(inference),
        PipelineError::Source(source) => of_source(source),
        PipelineError::Output(_) | PipelineError::Picture(_) => UNAVAILABLE,
        PipelineError::Panicked(_) => BUG,
    }
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

fn of_store(error: &StoreError) -> u8 {
    match error.kind() {
        StoreErrorKind::Address
        | StoreErrorKind::NotFound
        | StoreErrorKind::Permission
        | StoreErrorKind::Credentials
        | StoreErrorKind::Schema
        | StoreErrorKind::Corrupt
        | StoreErrorKind::Conflict
        | StoreErrorKind::Data => USAGE,
        StoreErrorKind::Locked | StoreErrorKind::DiskFull | StoreErrorKind::Connect | StoreErrorKind::Io => UNAVAILABLE,
        StoreErrorKind::Bug => BUG,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_already_says_is_not_said_twice() {
        let io = || std::io::Error::from_raw_os_error(28);
        let error = anyhow::Error::new(PipelineError::Output(io())).context("cannot begin");
        assert_eq!(message(&error), "cannot begin: cannot write the results: No space left on device (os error 28)");
        assert_eq!(exit_code(&error), UNAVAILABLE);
    }

    #[test]
    fn what_the_service_lacks_is_seen_through_its_error() {
        let run = InferenceError::Run { id: "tiny".to_owned(), reason: "out of memory".to_owned() };
        let error = anyhow::Error::new(ServiceError::Pipeline(PipelineError::Inference(run)));
        assert_eq!(exit_code(&error), UNAVAILABLE);
        let thread = anyhow::Error::new(ServiceError::Thread(std::io::Error::from_raw_os_error(11)));
        assert_eq!(exit_code(&thread), UNAVAILABLE);
        assert_eq!(exit_code(&anyhow::anyhow!("a slip")), USAGE);
    }
}
