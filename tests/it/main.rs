//! The integration tests: one binary, so that the library is linked once.

mod analysis_scenarios;
mod architecture;
mod config_bad;
mod config_files;
mod flow_ground_truth;
mod flow_scenarios;
mod rtsp;
