//! From tracks to counts: who is in a zone, who crossed a line. Pure: frame times come with the frames.
//!
//! [`CameraFlow`] holds one camera's [`ZoneCounter`]s and [`LineCounter`]s. Both look at the track's foot point, the
//! bottom centre of its box, and both keep a track on the side where it last clearly was: a border or line is changed
//! only beyond a band on its other side, whose half width is a share of the track's own box height. So the same
//! setting fits near and far people, and a foot point that scatters about the border counts once or not at all.
//!
//! Tentative tracks are worth giving too: what they did before they were confirmed (where they began, which way they
//! came) is kept, and counted in the frame that confirms them. A track that is never confirmed counts nothing.
//! Lost tracks are passed over: nobody saw them in this frame, their boxes are guesses. They go on where they were
//! last seen when they come back, until the tracker ends them.
//!
//! Counts say how far they can be trusted: [`SaturationWatch`] decides when one is a lower bound, [`FusedCount`] what a
//! density map's second opinion makes of it.
//!
//! Where the camera is calibrated, [`CameraFlow`] also gives what is measured on the ground; [`measures`] has the
//! definitions.

mod camera;
mod count_quality;
mod fused_count;
mod ground;
mod ground_zone;
mod heat_map;
mod heat_map_grid;
mod line;
mod line_measures;
pub mod measures;
mod nothing_to_measure;
mod saturation;
mod site;
mod table;
mod zone;
mod zone_measures;

pub use camera::{CameraFlow, FlowStep};
pub use fused_count::FusedCount;
pub use heat_map::{HeatMap, HeatMapCell, HeatMapQuantity, HeatMapRecorder};
pub use heat_map_grid::HeatMapGrid;
pub use line::LineCounter;
pub use saturation::{CrowdMemory, CrowdSample, SaturationWatch, overlapping};
pub use site::{ADMISSION_HORIZON_MIN, SiteFlow};
pub use zone::ZoneCounter;
