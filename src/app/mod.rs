//! The service: built, started, drained.

mod keeping;
mod left_behind;
mod service;

pub use keeping::{KeepingError, store_address};
pub use service::{Service, ServiceError};
