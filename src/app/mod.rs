//! The service: built, started, drained.

mod keeping;
mod service;

pub use keeping::{KeepingError, store_address};
pub use service::{Service, ServiceError};
