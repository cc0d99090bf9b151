//! Crowd-flow video analytics: cameras in; counts, densities, flows and early warnings out.
//!
//! ```text
//! source ─▶ picture ─▶ inference ─▶ decode ─▶ analysis (tracking ▶ flow ▶ rules) ─▶ report ─▶ files, metrics, view
//! ```
//!
//! Start reading at [`model`] (the data that flows) and [`config::Plan`] (what is asked for).
//! A module uses only modules of lower layers; `tests/it/architecture.rs` keeps that true.

pub mod accounts;
pub mod alerting;
pub mod analysis;
pub mod api;
pub mod app;
pub mod assign;
pub mod backtest;
pub mod calibration;
pub mod cli;
pub mod config;
pub mod decode;
pub mod evaluation;
pub mod evidence;
pub mod external;
pub mod filter;
pub mod flow;
pub mod geometry;
pub mod inference;
pub mod input;
pub mod metrics;
pub mod model;
pub mod picture;
pub mod pipeline;
pub mod rules;
pub mod sink;
pub mod source;
pub mod status;
pub mod store;
pub mod tracking;
pub mod view;
