//! One camera's analysis: detections in, report out; above it that of sites, which takes reports in. Pure: frames carry
//! their time, so that a file gives the same reports at any speed, and stored detections can be played again.

mod camera;
mod site;

pub use camera::CameraAnalysis;
pub use site::SiteAnalysis;
