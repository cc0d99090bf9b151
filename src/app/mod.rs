//! The service: built, started, drained.

mod config_control;
mod entrance;
mod findings;
mod keeping;
mod left_behind;
mod service;

pub use config_control::{Change, ConfigControl};
pub use findings::{Findings, read_config};
pub use keeping::{KeepingError, store_address};
pub use service::{Origin, Service, ServiceError};
