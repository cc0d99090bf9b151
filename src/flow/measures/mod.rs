//! What crowd safety is judged by, on the ground plane, in metres and seconds: pure functions and small state machines
//! over people's points and velocities. Each says which definition it follows where several are in use; where the
//! definition is PedPy's (the Jülich group's reference implementation), the figures agree with PedPy's.
//!
//! - density: [`classic_density`], [`voronoi_density`], and where it is highest, [`GroundField`]
//! - speed: [`centred_velocities`] (offline), [`SpeedWindow`] (live), [`standing_share`], [`StopAndGo`]
//! - flow: [`line_crossings`], [`flow_windows`], [`specific_flow`], [`capacity_ratio`], [`FlowBalance`]; by the cells on
//!   a line: [`line_flow()`]
//! - direction: [`counter_flow_ratio`], [`counter_flow`], [`WalkedWays`] and [`WrongWay`], [`polar_order`],
//!   [`direction_entropy`]
//! - staying: [`DwellWindow`], [`StandingWatch`], [`GatheringWatch`]
//! - what goes wrong: [`TurbulenceWatch`], [`OscillationWindow`], [`SurgeWindow`], [`DispersalWatch`]
//! - how far velocities are noise: [`VelocityNoise`]
//! - what they mean: [`LevelOfServiceTable`], [`weidmann_speed_mps`], [`pressure()`], [`FillForecast`]

/// Frames further apart than this are a gap, in seconds: what must hold for a while begins anew. At 1 frame a second it
/// is four lost frames.
const GAP_S: f64 = crate::config::defaults::MAX_FRAME_INTERVAL_S;

mod density;
mod direction;
mod dispersal;
mod dwell;
mod experiment;
mod fill;
mod flow_balance;
mod fundamental_diagram;
mod gathering;
mod ground_field;
mod level_of_service;
mod line_flow;
mod line_method;
mod oscillation;
mod pressure;
mod speed;
mod standing_groups;
mod steadiness;
mod surge;
mod trajectory;
mod velocity_noise;
mod wrong_way;

pub use density::{classic_density, voronoi_density};
pub use direction::{counter_flow_ratio, direction_entropy, polar_order};
pub use dispersal::DispersalWatch;
pub use dwell::{DwellDistribution, DwellWindow};
pub use experiment::{Experiment, ExperimentMeasures, FrameMeasures};
pub use fill::{FillForecast, TimeToThreshold};
pub use flow_balance::FlowBalance;
pub use fundamental_diagram::{speed_deficit, weidmann_speed_mps};
pub use gathering::GatheringWatch;
pub use ground_field::{GroundField, LocalDensity};
pub use level_of_service::{LevelOfServiceTable, LevelOfServiceWatch};
pub use line_flow::{
    FlowWindow, LineCrossing, capacity_ratio, first_crossings, flow_windows, line_crossings, specific_flow,
};
pub use line_method::{CellFlow, LineFlow, approach, line_flow};
pub use oscillation::{Oscillation, OscillationWindow};
pub use pressure::{Pressure, PressureSettings, TurbulenceWatch, pressure};
pub use speed::{GroundVelocity, SpeedWindow, centred_velocities, mean_speed_mps, mean_speed_of_mps, standing_share};
pub use standing_groups::{StandingGroup, StandingWatch};
pub use steadiness::StopAndGo;
pub use surge::SurgeWindow;
pub use trajectory::{Sample, Trajectory, TrajectoryFault, parse_trajectories};
pub use velocity_noise::VelocityNoise;
pub use wrong_way::{CounterFlow, GroundDirection, WalkedWays, WrongWay, counter_flow};
