//! Crowd pressure: density times the variance of velocity, corrected for noise and shown only where it can be told.

use super::{GAP_S, GroundVelocity};
use crate::model::{GroundPoint, Timestamp};

/// How pressure is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PressureSettings {
    /// Radius R of the Gaussian weight exp(−d²/R²), in metres.
    pub radius_m: f64,
    /// Variance of the noise in one component of a velocity, in m²/s²: as measured on people who stand
    /// ([`super::VelocityNoise`]).
    pub noise_variance: f64,
    /// Below this local density there is no pressure to speak of: variance is people who walk as they like.
    pub least_density_per_m2: f64,
    /// Fewer people than this within two radii give no variance.
    pub least_people: usize,
}

impl Default for PressureSettings {
    /// R = 1 m (as Helbing), noise of 0.05 m/s where none was measured, and at least, shown from 3 /m² and 8 people on.
    fn default() -> Self {
        Self { radius_m: 1.0, noise_variance: 0.0025, least_density_per_m2: 3.0, least_people: 8 }
    }
}

/// Pressure at a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pressure {
    /// Gaussian-weighted density there, in 1/m².
    pub density_per_m2: f64,
    /// Density times the corrected variance, in 1/s².
    pub per_s2: f64,
    /// What of that noise may make by chance, in 1/s²: three standard errors. The variance of the noise of N velocities is
    /// off by 1/√N of it, and a Gaussian weight takes in as many as twice the sum of the weights.
    pub chance_per_s2: f64,
}

/// Pressure at a point after Helbing, Johansson & Al-Abideen (2007): ρ·Var(v), with ρ = Σ w/(πR²), w = exp(−d²/R²),
/// and Var the w-weighted mean of |v − V|² about the w-weighted mean velocity V.
///
/// Two things differ, both needed: noise of σ² in either component of each velocity adds 2σ² to the variance, which is
/// taken off (raw, noise of 0.05 m/s alone gives the published critical value 0.02 /s² at 4 /m²); and there is no
/// value below the settings' density and number of people. It is for one moment, where Helbing averages over some.
#[must_use]
pub fn pressure(
    people: &[(GroundPoint, GroundVelocity)],
    at: GroundPoint,
    settings: &PressureSettings,
) -> Option<Pressure> {
    let radius_m2 = settings.radius_m * settings.radius_m;
    if radius_m2 <= 0.0 {
        return None;
    }
    let mut sums = WeightedSums::default();
    for (point, velocity) in people {
        let (dx, dy) = (point.x_m - at.x_m, point.y_m - at.y_m);
        let square_m2 = dx * dx + dy * dy;
        if square_m2 > FAR_RADII * FAR_RADII * radius_m2 {
            continue;
        }
        let weight = (-square_m2 / radius_m2).exp();
        sums.weight += weight;
        sums.x += weight * velocity.x_mps;
        sums.y += weight * velocity.y_mps;
        sums.squares += weight * (velocity.x_mps * velocity.x_mps + velocity.y_mps * velocity.y_mps);
        sums.near += if square_m2 <= NEAR_RADII * NEAR_RADII * radius_m2 { 1.0 } else { 0.0 };
    }
    sums.pressure(settings)
}

/// Beyond so many radii a person weighs less than 0.0001, and nothing.
pub(super) const FAR_RADII: f64 = 3.0;
/// Standard errors by which noise is above its mean by chance: the greatest of dozens of places is looked at.
const CHANCE_ERRORS: f64 = 3.0;
/// Within so many radii somebody counts among the people near.
pub(super) const NEAR_RADII: f64 = 2.0;

/// Sums over the people around a point, each with their weight exp(−d²/R²).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WeightedSums {
    /// Of the weights.
    pub weight: f64,
    /// Of weight times velocity along x.
    pub x: f64,
    /// Of weight times velocity along y.
    pub y: f64,
    /// Of weight times the square of speed.
    pub squares: f64,
    /// People within two radii.
    pub near: f64,
}

impl WeightedSums {
    /// The pressure they make; `None` where there are too few people, or not dense enough.
    pub(super) fn pressure(&self, settings: &PressureSettings) -> Option<Pressure> {
        let Self { weight, x, y, squares, near } = *self;
        let density_per_m2 = weight / (std::f64::consts::PI * settings.radius_m * settings.radius_m);
        if near < settings.least_people as f64 || density_per_m2 < settings.least_density_per_m2 || weight <= 0.0 {
            return None;
        }
        let variance = squares / weight - (x * x + y * y) / (weight * weight);
        let noise = 2.0 * settings.noise_variance;
        let corrected = (variance - noise).max(0.0);
        let chance_per_s2 = density_per_m2 * CHANCE_ERRORS * noise / (2.0 * weight).sqrt();
        Some(Pressure { density_per_m2, per_s2: density_per_m2 * corrected, chance_per_s2 })
    }
}

/// Says turbulence only when the pressure has been critical for a while in a dense crowd: at or above 0.02 /s²
/// (Helbing's critical value) at 4 /m² or more (where oscillation sets in), for 10 s, and further above it than noise may
/// make by chance. The hold is our own choice, and so is that margin: without it the noise of a few velocities, scattering
/// about what is taken off for it, is turbulence somewhere in every large standing crowd. After a gap of more than 5 s
/// between frames the hold begins anew.
#[derive(Debug, Clone, Default)]
pub struct TurbulenceWatch {
    since: Option<Timestamp>,
    newest: Option<Timestamp>,
}

impl TurbulenceWatch {
    const CRITICAL_PER_S2: f64 = 0.02;
    /// Less dense than this there is none.
    pub const DENSE_PER_M2: f64 = 4.0;
    const HOLD_S: f64 = 10.0;

    /// Whether the crowd is turbulent as of now, by where the pressure is most surely high
    /// ([`super::GroundField::surest_pressure`]); `None`: no pressure could be told.
    pub fn step(&mut self, at: Timestamp, pressure: Option<Pressure>) -> bool {
        if self.newest.is_some_and(|newest| at.seconds_since(newest) > GAP_S) {
            self.since = None;
        }
        self.newest = Some(at);
        let is_critical = pressure.is_some_and(|p| {
            p.per_s2 - p.chance_per_s2 >= Self::CRITICAL_PER_S2 && p.density_per_m2 >= Self::DENSE_PER_M2
        });
        if !is_critical {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(at);
        at.seconds_since(since) >= Self::HOLD_S
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// People on a grid of this density around the origin, with velocities of this variance in x, mean 0.
    fn crowd(per_m2: f64, variance: f64) -> Vec<(GroundPoint, GroundVelocity)> {
        let spacing_m = per_m2.recip().sqrt();
        let speed_mps = variance.sqrt();
        let mut people = Vec::new();
        for row in -20..20 {
            for column in -20..20 {
                let point = GroundPoint { x_m: f64::from(column) * spacing_m, y_m: f64::from(row) * spacing_m };
                let sign = if (row + column) % 2 == 0 { 1.0 } else { -1.0 };
                people.push((point, GroundVelocity { x_mps: sign * speed_mps, y_mps: 0.0 }));
            }
        }
        people
    }

    const ORIGIN: GroundPoint = GroundPoint { x_m: 0.0, y_m: 0.0 };

    #[test]
    fn it_is_density_times_variance_less_noise() {
        let settings = PressureSettings::default();
        let measured = pressure(&crowd(5.0, 0.01), ORIGIN, &settings).unwrap();
        assert!((measured.density_per_m2 / 5.0 - 1.0).abs() < 0.01, "{measured:?}");
        assert!((measured.per_s2 / (5.0 * (0.01 - 0.005)) - 1.0).abs() < 0.02, "{measured:?}");
        assert_eq!(pressure(&crowd(5.0, 0.004), ORIGIN, &settings).unwrap().per_s2, 0.0, "noise alone");
        assert_eq!(pressure(&crowd(2.5, 0.5), ORIGIN, &settings), None, "not dense");
        let few = PressureSettings { radius_m: 0.3, ..settings };
        assert_eq!(pressure(&crowd(5.0, 0.5), ORIGIN, &few), None, "too few near");
    }

    #[test]
    fn turbulence_needs_ten_seconds() {
        let mut watch = TurbulenceWatch::default();
        let high = Some(Pressure { density_per_m2: 4.5, per_s2: 0.03, chance_per_s2: 0.009 });
        let at = |seconds| Timestamp(0).plus_seconds(seconds);
        (0..10).for_each(|second| assert!(!watch.step(at(f64::from(second)), high)));
        assert!(watch.step(at(10.0), high) && !watch.step(at(11.0), None));
        (12..22).for_each(|second| assert!(!watch.step(at(f64::from(second)), high)));
        assert!(watch.step(at(22.0), high));
        let loose = Pressure { density_per_m2: 3.5, per_s2: 0.03, chance_per_s2: 0.0 };
        assert!(!watch.step(at(23.0), Some(loose)));
        let by_chance = Pressure { density_per_m2: 4.5, per_s2: 0.03, chance_per_s2: 0.011 };
        (24..40).for_each(|second| assert!(!watch.step(at(f64::from(second)), Some(by_chance))));
        assert!(!watch.step(at(40.0), high) && !watch.step(at(45.1), high), "a gap begins it anew");
        assert!(!watch.step(at(50.1), high) && watch.step(at(55.1), high));
    }
}
