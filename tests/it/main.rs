//! Integration tests: one binary.

mod flow_ground_truth;
mod flow_scenarios;
