//! A Kalman filter on one coordinate that moves at a nearly constant velocity.

/// Position and velocity of one coordinate with their covariance.
///
/// Model: white-noise acceleration of spectral density `q` (Bar-Shalom, Li, Kirubarajan 2001, §6.2.2), so the result
/// does not depend on how a stretch of time is cut into steps, and one set of constants serves every frame rate.
/// Noise that is independent between coordinates makes the usual 8×8 box filter fall apart into four of these, exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConstantVelocity {
    /// Estimated position.
    pub position: f64,
    /// Estimated velocity, a second.
    pub velocity: f64,
    position_variance: f64,
    covariance: f64,
    velocity_variance: f64,
}

impl ConstantVelocity {
    /// Starts at rest at a measured position.
    #[must_use]
    pub fn new(position: f64, position_sd: f64, velocity_sd: f64) -> Self {
        Self {
            position,
            velocity: 0.0,
            position_variance: position_sd * position_sd,
            covariance: 0.0,
            velocity_variance: velocity_sd * velocity_sd,
        }
    }

    /// Moves the estimate `dt_s` seconds on, under acceleration noise of spectral density `q` (position² / s³).
    pub fn predict(&mut self, dt_s: f64, q: f64) {
        self.position += self.velocity * dt_s;
        self.position_variance +=
            dt_s * (2.0 * self.covariance + dt_s * self.velocity_variance) + q * dt_s.powi(3) / 3.0;
        self.covariance += dt_s * self.velocity_variance + q * dt_s * dt_s / 2.0;
        self.velocity_variance += q * dt_s;
    }

    /// Takes in a measured position with the standard deviation `measurement_sd` (above 0).
    pub fn update(&mut self, measured: f64, measurement_sd: f64) {
        let innovation_variance = self.innovation_variance(measurement_sd);
        let (gain_position, gain_velocity) =
            (self.position_variance / innovation_variance, self.covariance / innovation_variance);
        let innovation = measured - self.position;
        self.position += gain_position * innovation;
        self.velocity += gain_velocity * innovation;
        self.velocity_variance -= gain_velocity * self.covariance;
        self.covariance *= 1.0 - gain_position;
        self.position_variance *= 1.0 - gain_position;
    }

    /// Variance of the difference between a measurement and the estimate.
    #[must_use]
    pub fn innovation_variance(&self, measurement_sd: f64) -> f64 {
        self.position_variance + measurement_sd * measurement_sd
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_learns_a_constant_velocity() {
        let mut filter = ConstantVelocity::new(0.0, 1.0, 100.0);
        for step in 1..=50 {
            filter.predict(0.1, 0.01);
            filter.update(f64::from(step) * 0.3, 1.0);
        }
        assert!((filter.velocity - 3.0).abs() < 0.05, "{filter:?}");
        assert!((filter.position - 15.0).abs() < 0.1, "{filter:?}");
    }

    proptest! {
        #[test]
        fn one_long_step_is_many_short_ones(parts in 1usize..20, seconds in 0.01f64..3.0, v in -50f64..50.0) {
            let mut one = ConstantVelocity { velocity: v, ..ConstantVelocity::new(5.0, 2.0, 3.0) };
            let mut many = one;
            one.predict(seconds, 7.0);
            for _ in 0..parts {
                many.predict(seconds / parts as f64, 7.0);
            }
            prop_assert!((one.position - many.position).abs() < 1e-9);
            prop_assert!((one.position_variance - many.position_variance).abs() < 1e-6);
            prop_assert!((one.covariance - many.covariance).abs() < 1e-6);
            prop_assert!((one.velocity_variance - many.velocity_variance).abs() < 1e-9);
        }

        #[test]
        fn the_covariance_stays_positive(steps in proptest::collection::vec((0.001f64..5.0, -1e3f64..1e3, 0.01f64..50.0), 1..60)) {
            let mut filter = ConstantVelocity::new(0.0, 3.0, 30.0);
            for (dt, measured, sd) in steps {
                filter.predict(dt, 10.0);
                filter.update(measured, sd);
                prop_assert!(filter.position_variance > 0.0 && filter.velocity_variance > 0.0);
                prop_assert!(filter.position_variance * filter.velocity_variance >= filter.covariance.powi(2) * (1.0 - 1e-9));
            }
        }
    }
}
