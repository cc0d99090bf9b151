//! Whether people go one way. Our own choice of measures, each in use in the literature; none has a standard.

use super::GroundVelocity;

/// Share of the weaker of two opposite flows, min/(sum): 0 where all go one way, 0.5 where as many come as go; `None`
/// where nobody crosses.
#[must_use]
pub fn counter_flow_ratio(in_flow: f64, out_flow: f64) -> Option<f64> {
    let sum = in_flow + out_flow;
    (sum > 0.0).then(|| in_flow.min(out_flow) / sum)
}

/// Polar order |Σ v̂|/N of the people who walk: 1 where all go one way, near 0 where directions cancel out; `None`
/// where nobody walks.
#[must_use]
pub fn polar_order(velocities: &[GroundVelocity]) -> Option<f64> {
    let (x, y, count) = velocities
        .iter()
        .filter_map(|velocity| velocity.heading())
        .fold((0.0, 0.0, 0u32), |(x, y, count), (dx, dy)| (x + dx, y + dy, count + 1));
    (count > 0).then(|| f64::hypot(x, y) / f64::from(count))
}

const DIRECTIONS: usize = 8;

/// Shannon entropy of the directions of the people who walk, over eight equal bins (the first one centred on x), as a
/// share of its maximum: 0 where all go one way, 1 where every direction is as frequent; `None` where nobody walks.
#[must_use]
pub fn direction_entropy(velocities: &[GroundVelocity]) -> Option<f64> {
    let mut counts = [0u32; DIRECTIONS];
    for (x, y) in velocities.iter().filter_map(|velocity| velocity.heading()) {
        let turns = y.atan2(x) / std::f64::consts::TAU;
        counts[(turns * DIRECTIONS as f64).round().rem_euclid(DIRECTIONS as f64) as usize % DIRECTIONS] += 1;
    }
    let sum = f64::from(counts.iter().sum::<u32>());
    let entropy = || -> f64 {
        let shares = counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) / sum);
        shares.map(|share| -share * share.ln()).sum()
    };
    (sum > 0.0).then(|| entropy() / (DIRECTIONS as f64).ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody who walks at 1 m/s in the direction of so many eighths of a turn.
    fn eighth(index: usize) -> GroundVelocity {
        let (y_mps, x_mps) = (std::f64::consts::TAU * index as f64 / 8.0).sin_cos();
        GroundVelocity { x_mps, y_mps }
    }

    #[test]
    fn one_way_two_ways_and_every_way() {
        let standing = GroundVelocity { x_mps: 0.1, y_mps: 0.0 };
        let all: Vec<_> = (0..8).map(eighth).collect();
        let close = |value: Option<f64>, expected: f64| assert!((value.unwrap() - expected).abs() < 1e-9, "{value:?}");
        close(polar_order(&[eighth(3), eighth(3), standing]), 1.0);
        close(direction_entropy(&[eighth(3), eighth(3), standing]), 0.0);
        close(polar_order(&[eighth(0), eighth(4)]), 0.0);
        close(direction_entropy(&[eighth(0), eighth(4)]), 1.0 / 3.0);
        close(polar_order(&all), 0.0);
        close(direction_entropy(&all), 1.0);
        assert_eq!((polar_order(&[standing]), direction_entropy(&[])), (None, None));
    }

    #[test]
    fn counter_flow_is_half_where_as_many_come_as_go() {
        assert_eq!(counter_flow_ratio(3.0, 3.0), Some(0.5));
        assert_eq!(counter_flow_ratio(1.0, 3.0), Some(0.25));
        assert_eq!((counter_flow_ratio(0.0, 3.0), counter_flow_ratio(0.0, 0.0)), (Some(0.0), None));
    }
}
