//! One camera's analysis: detections in, report out. Pure: frames carry their time, so that a file gives the same
//! reports at any speed, and stored detections can be played again.

mod camera;

pub use camera::CameraAnalysis;
