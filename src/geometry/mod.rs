//! Geometry of the picture plane.

mod letterbox;
mod polygon;
mod polygon_fault;
mod segment;

pub use letterbox::{Letterbox, LetterboxError, PixelRect};
pub use polygon::Polygon;
pub use polygon_fault::{PolygonFault, polygon_fault};
pub use segment::Segment;
