//! How fast people walk at a density: a reference line to hold measured speeds against.

const FREE_MPS: f64 = 1.34;
const STEEPNESS_PER_M2: f64 = 1.913;
const JAM_PER_M2: f64 = 5.4;

/// Mean walking speed in m/s on a level walkway at this density (Weidmann 1993): 1.34·(1 − exp(−1.913·(1/ρ − 1/5.4))),
/// 0 from 5.4 /m² on. A reference line, not a truth: measured diagrams differ, and break down between 3.8 and 10 /m².
#[must_use]
pub fn weidmann_speed_mps(density_per_m2: f64) -> f64 {
    if density_per_m2 <= 0.0 {
        return FREE_MPS;
    }
    (FREE_MPS * (1.0 - (-STEEPNESS_PER_M2 * (1.0 / density_per_m2 - 1.0 / JAM_PER_M2)).exp())).max(0.0)
}

/// Measured speed over [`weidmann_speed_mps`]: far below 1 at a low density says that something is in the way, or that
/// people stand. `None` from 5.4 /m² on, where nothing is expected to move. Our own measure.
#[must_use]
pub fn speed_deficit(speed_mps: f64, density_per_m2: f64) -> Option<f64> {
    let expected_mps = weidmann_speed_mps(density_per_m2);
    (expected_mps > 0.0).then(|| speed_mps / expected_mps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_has_its_published_values_and_its_maximum() {
        for (density, speed) in
            [(0.0, 1.34), (0.31, 1.34), (0.72, 1.21), (1.0, 1.06), (2.0, 0.61), (4.0, 0.16), (5.0, 0.04)]
        {
            assert!((weidmann_speed_mps(density) - speed).abs() < 0.006, "{density}");
        }
        assert_eq!((weidmann_speed_mps(5.4), weidmann_speed_mps(9.0)), (0.0, 0.0));
        let per_min = |density: f64| 60.0 * density * weidmann_speed_mps(density);
        let best = (1..540).map(|i| f64::from(i) / 100.0).max_by(|&a, &b| per_min(a).total_cmp(&per_min(b))).unwrap();
        assert!((best - 1.75).abs() < 0.02 && (per_min(best) - 73.5).abs() < 0.1, "{best}: {}", per_min(best));
    }

    #[test]
    fn the_deficit_compares_with_the_curve() {
        assert_eq!(speed_deficit(0.67, 0.0), Some(0.5));
        assert_eq!(speed_deficit(0.1, 6.0), None);
    }
}
