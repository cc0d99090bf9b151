//! One camera's analysis: detections in, report out; beside it that of an external source, whose messages come in; above
//! both that of sites, which takes reports in. Pure: frames carry their time, so that a file gives the same reports at any speed, and stored detections can be played again.

mod camera;
mod rule_readings;
mod site;
mod source;

pub use camera::CameraAnalysis;
pub use rule_readings::rules_without_readings;
pub use site::SiteAnalysis;
pub use source::{AHEAD_S, LineTotals, MessageRefused, SourceAnalysis, SourceMessage};
