//! When to try again, and when to give up. Pure: what time it is and what was drawn are given.

use super::sender::{Failure, FailureKind};
use crate::model::Timestamp;
use crate::store::{Delivery, Settled};

/// Shortest wait, in seconds.
pub const LEAST_WAIT_S: f64 = 1.0;
/// Longest wait, in seconds: a destination that is well again gets what waits within a minute.
pub const MOST_WAIT_S: f64 = 60.0;

/// No message is given up as too old before the destination has failed so often in a row: the machine may have been off, or
/// its clock have been set forward, since it was written.
pub const LEAST_FAILURES: u32 = 10;

/// Seconds to wait after so many failures in a row (from 1): evenly drawn between [`LEAST_WAIT_S`] and a ceiling that
/// doubles from 2 s to [`MOST_WAIT_S`]. `drawn` is from 0 to 1. (Full jitter: Brooker, "Exponential Backoff And Jitter",
/// 2015.)
#[must_use]
pub fn wait_s(failures: u32, drawn: f64) -> f64 {
    let ceiling = (2.0 * f64::from(1_u32 << failures.saturating_sub(1).min(16))).min(MOST_WAIT_S);
    LEAST_WAIT_S + (ceiling - LEAST_WAIT_S) * drawn.clamp(0.0, 1.0)
}

/// What becomes of a message that was not taken. It is given up where it is the message itself that is not taken, or
/// where it was written `retry_for_s` ago or longer (its last attempt is at that time) and the destination has failed
/// [`LEAST_FAILURES`] times in a row; this is the one of that number.
#[must_use]
pub fn after_failure(
    claim: &Delivery,
    (failure, number): (&Failure, u32),
    now: Timestamp,
    retry_for_s: f64,
    drawn: f64,
) -> Settled {
    let error = failure.message.clone();
    let deadline = claim.created.plus_seconds(retry_for_s);
    let wait_s = match failure.kind {
        FailureKind::Refused => return Settled::Dead { at: now, error },
        FailureKind::Later(asked_s) => asked_s.max(LEAST_WAIT_S),
        FailureKind::Retry => wait_s(claim.attempt, drawn),
    };
    if now >= deadline && number >= LEAST_FAILURES {
        return Settled::Dead { at: now, error };
    }
    let next = now.plus_seconds(wait_s);
    // Whoever asks for a longer wait gets it: an earlier attempt would be in vain.
    let next = if matches!(failure.kind, FailureKind::Retry) && now < deadline { next.min(deadline) } else { next };
    Settled::Retry { next, error }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claim(attempt: u32) -> Delivery {
        Delivery {
            id: 1,
            sink: "hook".to_owned(),
            stream: "a".to_owned(),
            key: "a/1/hook".to_owned(),
            payload: String::new(),
            created: Timestamp(0),
            attempt,
        }
    }

    proptest! {
        #[test]
        fn waits_stay_within_bounds_and_grow(failures in 1_u32..1000, drawn in 0.0..1.0) {
            let wait = wait_s(failures, drawn);
            prop_assert!((LEAST_WAIT_S..=MOST_WAIT_S).contains(&wait));
            prop_assert!(wait_s(failures + 1, drawn) >= wait);
        }

        #[test]
        fn each_message_gets_an_attempt_at_its_deadline_and_beyond_it_only_until_the_destination_has_failed_often_enough(
            attempt in 1_u32..100, number in 1_u32..30, now_s in 0.0..500.0, drawn in 0.0..1.0, later in proptest::option::of(0.0..900.0),
        ) {
            let failure = later.map_or(Failure::retry("503"), |s| Failure::later(s, "429"));
            let now = Timestamp(0).plus_seconds(now_s);
            match after_failure(&claim(attempt), (&failure, number), now, 300.0, drawn) {
                Settled::Dead { at, .. } => {
                    prop_assert!(now_s >= 300.0 - 1e-6 && at == now && number >= LEAST_FAILURES);
                }
                Settled::Retry { next, .. } => {
                    prop_assert!((now_s < 300.0 || number < LEAST_FAILURES) && next > now);
                    prop_assert!(now_s >= 300.0 || later.is_some() || next.seconds_since(Timestamp(0)) <= 300.0);
                    prop_assert!(later.is_none_or(|s| next.seconds_since(now) >= s - 1e-6));
                }
                Settled::Delivered { .. } => prop_assert!(false),
            }
        }
    }

    #[test]
    fn a_refusal_is_final_at_once() {
        let settled = after_failure(&claim(1), (&Failure::refused("400"), 1), Timestamp(5), 300.0, 0.5);
        assert_eq!(settled, Settled::Dead { at: Timestamp(5), error: "400".to_owned() });
    }
}
