//! How many logins have failed lately, by name and by address.

use std::collections::{HashMap, VecDeque};

use crate::model::Timestamp;

/// Failed logins are remembered for so long.
const WINDOW_S: f64 = 300.0;
/// Failures of one name within that time. More would let a short password be guessed; fewer would let anybody keep an
/// officer out by typing nonsense under the name. Sessions that are open go on all the same.
const MOST_OF_NAME: usize = 10;
/// Failures from one address: a whole control room may be behind one.
const MOST_OF_ADDRESS: usize = 30;
/// Names and addresses that are remembered.
const MOST_KEYS: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Address(String),
}

/// Failed logins of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failed: HashMap<Key, VecDeque<Timestamp>>,
}

impl Attempts {
    /// Counts an attempt as failed until [`Self::succeeded`] says otherwise, so that many at the same time count, too.
    /// `true`: should it fail, no more are looked at for a while.
    ///
    /// # Errors
    /// How long to wait, in seconds, where too many have failed: this one is not counted and must not be looked at.
    pub(super) fn begin(&mut self, name: &str, address: &str, now: Timestamp) -> Result<bool, f64> {
        let keys = keys(name, address);
        let wait_s = keys.iter().filter_map(|(key, most)| self.wait_s(key, *most, now)).fold(0.0, f64::max);
        if wait_s > 0.0 {
            return Err(wait_s);
        }
        if self.failed.len() + 2 > MOST_KEYS {
            self.failed.retain(|_, times| times.back().is_some_and(|last| now.seconds_since(*last) < WINDOW_S));
        }
        let mut is_last = false;
        for (key, most) in keys {
            // Where so many are remembered that there is no room, somebody floods from everywhere: only those that are
            // known already are held back.
            if self.failed.len() < MOST_KEYS || self.failed.contains_key(&key) {
                let times = self.failed.entry(key).or_default();
                times.push_back(now);
                is_last |= times.len() == most;
            }
        }
        Ok(is_last)
    }

    /// The attempt that was begun at that time was a good one. Failures before it still count.
    pub(super) fn succeeded(&mut self, name: &str, address: &str, begun: Timestamp) {
        for (key, _) in keys(name, address) {
            if let Some(times) = self.failed.get_mut(&key)
                && let Some(at) = times.iter().rposition(|time| *time == begun)
            {
                times.remove(at);
            }
        }
    }

    fn wait_s(&mut self, key: &Key, most: usize, now: Timestamp) -> Option<f64> {
        let times = self.failed.get_mut(key)?;
        // A clock that was set back must keep nobody out for longer than the window.
        times.retain(|time| (0.0..WINDOW_S).contains(&now.seconds_since(*time)));
        let counted = times.len();
        let frees = counted.checked_sub(most).and_then(|at| times.get(at))?;
        Some(WINDOW_S - now.seconds_since(*frees))
    }
}

fn keys(name: &str, address: &str) -> [(Key, usize); 2] {
    [(Key::Name(name.to_owned()), MOST_OF_NAME), (Key::Address(address.to_owned()), MOST_OF_ADDRESS)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp(0).plus_seconds(seconds)
    }

    #[test]
    fn failures_of_a_name_and_of_an_address_are_bounded_and_forgotten() {
        let mut attempts = Attempts::default();
        for second in 0..10 {
            assert_eq!(attempts.begin("li", &format!("192.0.2.{second}"), at(f64::from(second))), Ok(second == 9));
        }
        assert_eq!(attempts.begin("li", "192.0.2.99", at(20.0)), Err(280.0), "wherever it comes from");
        assert_eq!(attempts.begin("wang", "192.0.2.99", at(20.0)), Ok(false));
        assert_eq!(attempts.begin("li", "192.0.2.99", at(300.0)), Ok(true), "the oldest is forgotten");
        let mut attempts = Attempts::default();
        for number in 0..30 {
            assert_eq!(attempts.begin(&format!("user{number}"), "192.0.2.1", at(0.0)), Ok(number == 29));
        }
        assert_eq!(attempts.begin("li", "192.0.2.1", at(10.0)), Err(290.0));
        assert_eq!(attempts.begin("li", "192.0.2.2", at(10.0)), Ok(false));
    }

    #[test]
    fn a_good_login_does_not_count() {
        let mut attempts = Attempts::default();
        for second in 0..100 {
            let now = at(f64::from(second));
            assert_eq!(attempts.begin("li", "192.0.2.1", now), Ok(false), "{second}");
            attempts.succeeded("li", "192.0.2.1", now);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut attempts = Attempts::default();
        for number in 0..20_000 {
            let _ = attempts.begin(&format!("user{number}"), &format!("address{number}"), at(0.0));
        }
        assert!(attempts.failed.len() <= MOST_KEYS);
        let _ = attempts.begin("li", "192.0.2.1", at(400.0));
        assert!(attempts.failed.len() <= 2, "what is over is cleared away");
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_out() {
        let mut attempts = Attempts::default();
        for _ in 0..10 {
            let _ = attempts.begin("li", "192.0.2.1", at(5000.0));
        }
        assert!(attempts.begin("li", "192.0.2.1", at(5000.0)).is_err());
        assert_eq!(attempts.begin("li", "192.0.2.1", at(0.0)), Ok(false));
    }
}
