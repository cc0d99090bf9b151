//! The middle of some numbers.

/// The middle one, or the mean of the two in the middle; leaves the values in another order. `None` of nothing.
#[must_use]
pub fn median(values: &mut [f64]) -> Option<f64> {
    let count = values.len();
    if count == 0 {
        return None;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(count / 2, f64::total_cmp);
    if count % 2 == 1 {
        return Some(upper);
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_median_is_in_the_middle(mut values in prop::collection::vec(-9.0..9.0, 1..30)) {
            let found = median(&mut values).unwrap();
            values.sort_by(f64::total_cmp);
            prop_assert_eq!(found, f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2]));
        }
    }
}
