//! Geometry of the picture plane and of the ground plane.

mod convex;
mod density_map;
mod ground_area;
mod letterbox;
mod polygon;
mod polygon_fault;
mod segment;
mod tiles;
mod voronoi;

pub use convex::{ConvexPolygon, HalfPlane};
pub use density_map::people_in;
pub use ground_area::{GroundArea, GroundAreaFault};
pub use letterbox::{Letterbox, LetterboxError, PixelRect};
pub use polygon::Polygon;
pub use polygon_fault::{PolygonFault, polygon_fault};
pub use segment::{GroundSegment, Segment};
pub use tiles::{TileGrid, TileOverlap, tile_size_px, tiles};
pub use voronoi::{CutOff, VoronoiCell, voronoi_cells};
