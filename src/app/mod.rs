//! The service: built, started, drained.

mod service;

pub use service::{Service, ServiceError};
