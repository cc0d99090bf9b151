//! State estimation and robust statistics on single quantities.

mod constant_velocity;
mod median;

pub use constant_velocity::ConstantVelocity;
pub use median::median;
