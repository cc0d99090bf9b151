//! What crowd safety is judged by, on the ground plane, in metres and seconds: pure functions and small state machines
//! over people's points and velocities. Each says which definition it follows where several are in use; where the
//! definition is PedPy's (the Jülich group's reference implementation), the figures agree with PedPy's.
//!
//! - density: [`classic_density`], [`voronoi_density`]
//! - speed: [`centred_velocities`] (offline), [`SpeedWindow`] (live), [`standing_share`], [`StopAndGo`]
//! - flow: [`line_crossings`], [`flow_windows`], [`specific_flow`]; by the cells on a line: [`line_flow`]
//! - what they mean: [`LevelOfServiceTable`], [`weidmann_speed_mps`], [`pressure()`], [`counter_flow_ratio`],
//!   [`polar_order`], [`direction_entropy`], [`FillForecast`]

mod density;
mod direction;
mod experiment;
mod fill;
mod fundamental_diagram;
mod level_of_service;
mod line_flow;
mod line_method;
mod pressure;
mod speed;
mod steadiness;
mod trajectory;

pub use density::{classic_density, voronoi_density};
pub use direction::{counter_flow_ratio, direction_entropy, polar_order};
pub use experiment::{Experiment, ExperimentMeasures, FrameMeasures};
pub use fill::{FillForecast, TimeToThreshold};
pub use fundamental_diagram::{speed_deficit, weidmann_speed_mps};
pub use level_of_service::{LevelOfServiceTable, LevelOfServiceWatch};
pub use line_flow::{FlowWindow, LineCrossing, first_crossings, flow_windows, line_crossings, specific_flow};
pub use line_method::{CellFlow, LineFlow, approach, line_flow};
pub use pressure::{Pressure, PressureSettings, TurbulenceWatch, pressure};
pub use speed::{GroundVelocity, SpeedWindow, centred_velocities, mean_speed_mps, standing_share};
pub use steadiness::StopAndGo;
pub use trajectory::{Sample, Trajectory, TrajectoryFault, parse_trajectories};
