//! State estimation on single quantities.

mod constant_velocity;

pub use constant_velocity::ConstantVelocity;
