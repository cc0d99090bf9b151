//! Plane geometry of the picture.

mod polygon;
mod segment;

pub use polygon::Polygon;
pub use segment::Segment;
