//! The last seconds of a camera, as small pictures that are fit to be seen.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::Timestamp;

/// A small picture of a camera: a JPEG with people made unrecognisable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shot {
    /// The time of its frame.
    pub at: Timestamp,
    /// The bytes of the file.
    pub jpeg: Arc<[u8]>,
}

/// A camera's pictures of the last seconds, in the order of time.
#[derive(Debug)]
pub(super) struct ShotRing {
    shots: VecDeque<Shot>,
    keep_s: f64,
    most_bytes: usize,
    bytes: usize,
}

impl ShotRing {
    /// Keeps pictures of this many seconds, and no more than so many bytes.
    pub fn new(keep_s: f64, most_bytes: usize) -> Self {
        Self { shots: VecDeque::new(), keep_s, most_bytes, bytes: 0 }
    }

    /// Takes in the newest. Where time goes back (a clock that was set back), those before it are of another time and go.
    pub fn push(&mut self, shot: Shot) {
        if self.shots.back().is_some_and(|newest| newest.at > shot.at) {
            self.shots.clear();
            self.bytes = 0;
        }
        self.bytes += shot.jpeg.len();
        let at = shot.at;
        self.shots.push_back(shot);
        while self.shots.len() > 1
            && self
                .shots
                .front()
                .is_some_and(|oldest| at.seconds_since(oldest.at) > self.keep_s || self.bytes > self.most_bytes)
        {
            let gone = self.shots.pop_front();
            self.bytes -= gone.map_or(0, |shot| shot.jpeg.len());
        }
    }

    /// Those from then on.
    pub fn since(&self, from: Timestamp) -> impl Iterator<Item = &Shot> {
        self.shots.iter().filter(move |shot| shot.at >= from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub fn shot(seconds: f64, bytes: usize) -> Shot {
        Shot { at: Timestamp(0).plus_seconds(seconds), jpeg: vec![0; bytes].into() }
    }

    fn times(ring: &ShotRing) -> Vec<f64> {
        ring.since(Timestamp(i64::MIN)).map(|shot| shot.at.0 as f64 / 1e6).collect()
    }

    #[test]
    fn it_holds_the_last_seconds() {
        let mut ring = ShotRing::new(2.0, 1000);
        for second in 0..5 {
            ring.push(shot(f64::from(second), 10));
        }
        assert_eq!(times(&ring), [2.0, 3.0, 4.0]);
        assert_eq!(ring.since(Timestamp(3_000_000)).count(), 2);
        ring.push(shot(60.0, 10));
        assert_eq!(times(&ring), [60.0], "nothing of before the gap");
        ring.push(shot(59.0, 10));
        assert_eq!(times(&ring), [59.0], "the clock was set back");
        ring.push(shot(59.5, 995));
        assert_eq!(times(&ring), [59.5], "no more bytes than allowed");
        ring.push(shot(59.6, 5000));
        assert_eq!(times(&ring), [59.6], "the newest stays, whatever its size");
    }

    proptest! {
        #[test]
        fn it_never_grows_past_its_bounds(pushed in prop::collection::vec((-3.0..3.0_f64, 0..400_usize), 1..80)) {
            let mut ring = ShotRing::new(4.0, 1000);
            let mut now = 0.0;
            for (step, bytes) in pushed {
                now += step;
                ring.push(shot(now, bytes));
                let kept: Vec<&Shot> = ring.since(Timestamp(i64::MIN)).collect();
                let newest = kept.last().unwrap();
                prop_assert_eq!(newest.at, Timestamp(0).plus_seconds(now));
                prop_assert!(kept.is_sorted_by_key(|shot| shot.at));
                prop_assert!(newest.at.seconds_since(kept[0].at) <= 4.0);
                prop_assert!(kept.iter().map(|shot| shot.jpeg.len()).sum::<usize>() <= 1000);
            }
        }
    }
}
