//! The service: built, started, drained.

mod service;

pub use service::{ServiceError, Service};
