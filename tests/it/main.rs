//! The integration tests: one binary, so that the library is linked once.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod accounts;
mod alert_scenarios;
mod analysis_scenarios;
mod architecture;
mod backtest;
mod browser;
mod calibrate_command;
mod calibration_ground_truth;
mod cli_analyze;
mod cli_bad_input;
mod cli_run;
mod config_bad;
mod config_change;
mod config_files;
mod delivery;
mod density_map;
mod empty_place;
mod evidence_api;
mod external_sources;
mod flow_ground_truth;
mod flow_scenarios;
mod heat_maps;
mod history_api;
mod http_api;
mod killed_night;
mod live_page;
mod made_up_service;
mod measures_document;
mod measures_live;
mod measures_reference;
mod prometheus_files;
mod rtsp;
mod rtsp_server;
mod run_alerts;
mod store;
mod summary_api;
mod support;
mod tls;
