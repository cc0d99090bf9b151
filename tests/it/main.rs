//! The integration tests: one binary, so that the library is linked once.

mod architecture;
mod calibrate_command;
mod calibration_ground_truth;
mod config_bad;
mod config_files;
mod flow_ground_truth;
mod flow_scenarios;
mod http_api;
mod live_page;
mod made_up_service;
mod measures_reference;
mod prometheus_files;
mod rtsp;
