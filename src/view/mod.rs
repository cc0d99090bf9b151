//! Pictures for people: annotated, with heads made unrecognisable, as a live stream that any browser shows.
//!
//! [`Annotator`] draws on one picture; `analyze` uses it for its video, [`LiveHub`] for the live view. Nothing leaves
//! this module undrawn: where hiding heads fails, there is no picture.

mod annotate;
mod banner;
mod blind;
mod board;
mod caption;
mod ground_grid;
mod heads;
mod heat_map;
mod layout;
mod levels;
mod live;
mod painter;
mod palette;

#[cfg(test)]
mod examples;

pub use annotate::{Annotator, Scene};
pub use blind::Blind;
pub use ground_grid::{GridLine, GroundScene, draw_ground, grid_lines};
pub use heads::people_to_hide;
pub use heat_map::{draw_heat_map, heat_map_pictures};
pub use levels::{ZoneLevel, zone_levels};
pub use live::{LiveHub, LiveOptions, LiveStats, Viewer};
pub use painter::LiveFrame;
