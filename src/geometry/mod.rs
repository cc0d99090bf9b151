//! Plane geometry on plain numbers.

mod polygon_fault;

pub use polygon_fault::{PolygonFault, polygon_fault};
