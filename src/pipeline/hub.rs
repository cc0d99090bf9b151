//! Where capture threads leave frames and inference workers fetch them.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Frames of one camera that may wait: the newest, and one before it so that a worker that comes between two frames of a
/// fast camera finds one.
const WAITING_PER_CAMERA: usize = 2;

/// A lane for each camera. A frame that finds its lane full takes the place of the oldest in it, so a camera never falls
/// behind. Workers take from the lane that has cost least so far, so that neither a fast camera nor one with many tiles
/// starves the others; of lanes that have cost the same they take in turn. A lane that was empty for a while has no claim
/// on the time that it did not use.
#[derive(Debug)]
pub struct FrameHub<F> {
    state: Mutex<State<F>>,
    filled: Condvar,
}

#[derive(Debug)]
struct State<F> {
    lanes: Vec<Lane<F>>,
    /// The lane after the one that was served last.
    next: usize,
    /// What the lane that was served last had cost before.
    served: u64,
    closed: bool,
}

#[derive(Debug)]
struct Lane<F> {
    /// Frames and what each costs.
    waiting: VecDeque<(F, u64)>,
    /// Frames handed out so far.
    tickets: u64,
    /// What they have cost.
    served: u64,
}

/// A frame handed to a worker.
#[derive(Debug, PartialEq, Eq)]
pub struct Handed<F> {
    /// Index of its camera.
    pub camera: usize,
    /// Frames of this camera that were handed out before: by it the results of several workers are put in order.
    pub ticket: u64,
    /// The frame.
    pub frame: F,
}

impl<F> FrameHub<F> {
    /// Lanes for this many cameras.
    #[must_use]
    pub fn new(cameras: usize) -> Self {
        let lane = || Lane { waiting: VecDeque::with_capacity(WAITING_PER_CAMERA), tickets: 0, served: 0 };
        let lanes = std::iter::repeat_with(lane).take(cameras).collect();
        Self { state: Mutex::new(State { lanes, next: 0, served: 0, closed: false }), filled: Condvar::new() }
    }

    /// Leaves a frame that costs so much (in any unit that is the same for all); never waits. Gives back the frame that has to go for it: the oldest in the lane, or the frame
    /// itself where the hub is closed or has no such camera.
    pub fn put(&self, camera: usize, frame: F, cost: u64) -> Option<F> {
        let mut state = self.lock();
        if state.closed {
            return Some(frame);
        }
        let least_served = state.served;
        let Some(lane) = state.lanes.get_mut(camera) else { return Some(frame) };
        if lane.waiting.is_empty() {
            lane.served = lane.served.max(least_served);
        }
        let dropped = if lane.waiting.len() == WAITING_PER_CAMERA { lane.waiting.pop_front() } else { None };
        lane.waiting.push_back((frame, cost));
        self.filled.notify_one();
        dropped.map(|(frame, _)| frame)
    }

    /// The next frame, from the lanes in turn; waits for one. `None` once the hub is closed and empty.
    pub fn take(&self) -> Option<Handed<F>> {
        let mut state = self.lock();
        loop {
            let lanes = state.lanes.len();
            let in_turn = (0..lanes).map(|offset| (state.next + offset) % lanes);
            let waiting = in_turn.filter(|&camera| !state.lanes[camera].waiting.is_empty());
            // `min_by_key` gives the first of equals.
            if let Some(camera) = waiting.min_by_key(|&camera| state.lanes[camera].served)
                && let Some((frame, cost)) = state.lanes[camera].waiting.pop_front()
            {
                let lane = &mut state.lanes[camera];
                let (ticket, before) = (lane.tickets, lane.served);
                lane.tickets += 1;
                lane.served += cost;
                state.served = state.served.max(before);
                state.next = camera + 1;
                return Some(Handed { camera, ticket, frame });
            }
            if state.closed {
                return None;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes no more frames; workers get what waits and then `None`.
    pub fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    /// No user code runs under the lock, so a poisoned state is still whole.
    fn lock(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_newest_frames_win() {
        let hub = FrameHub::new(1);
        assert_eq!((hub.put(0, 'a', 1), hub.put(0, 'b', 1), hub.put(0, 'c', 1)), (None, None, Some('a')));
        assert_eq!(hub.take(), Some(Handed { camera: 0, ticket: 0, frame: 'b' }));
        assert_eq!(hub.take(), Some(Handed { camera: 0, ticket: 1, frame: 'c' }));
    }

    #[test]
    fn a_closed_hub_is_emptied_and_takes_nothing() {
        let hub = FrameHub::new(2);
        hub.put(1, 'a', 1);
        hub.close();
        assert_eq!(hub.put(0, 'b', 1), Some('b'));
        assert_eq!(hub.take().map(|handed| handed.frame), Some('a'));
        assert_eq!(hub.take(), None);
    }

    #[test]
    fn a_waiting_worker_is_woken_by_a_frame_and_by_the_end() {
        let hub = FrameHub::new(1);
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| (hub.take().map(|handed| handed.frame), hub.take()));
            hub.put(0, 'a', 1);
            hub.close();
            assert_eq!(worker.join().unwrap(), (Some('a'), None));
        });
    }

    proptest! {
        /// While every lane is kept full, the cameras are served equally often, whatever was put before.
        #[test]
        fn cameras_are_served_in_turn(cameras in 1usize..9, before in proptest::collection::vec(0usize..9, 0..30), rounds in 1usize..6) {
            let hub = FrameHub::new(cameras);
            for camera in before {
                hub.put(camera % cameras, 0, 1);
            }
            let mut served = vec![0; cameras];
            for _ in 0..rounds * cameras {
                for camera in 0..cameras {
                    hub.put(camera, 0, 1);
                }
                served[hub.take().unwrap().camera] += 1;
            }
            prop_assert!(served.iter().all(|&times| times == rounds), "{served:?}");
        }

        /// While every lane is kept full, every camera gets the same share of the workers, whatever its frames cost.
        #[test]
        fn cameras_share_the_cost(costs in proptest::collection::vec(1u64..20, 2..6)) {
            let hub = FrameHub::new(costs.len());
            let mut served = vec![0; costs.len()];
            for _ in 0..200 {
                for (camera, &cost) in costs.iter().enumerate() {
                    hub.put(camera, (), cost);
                }
                let camera = hub.take().unwrap().camera;
                served[camera] += costs[camera];
            }
            let (least, most) = (served.iter().min().unwrap(), served.iter().max().unwrap());
            prop_assert!(most - least <= 2 * costs.iter().max().unwrap(), "{:?}", served);
        }

        /// Tickets of a camera count up without gaps, and frames never overtake one another.
        #[test]
        fn order_is_kept(puts in proptest::collection::vec((0usize..3, any::<bool>()), 0..60)) {
            let hub = FrameHub::new(3);
            let mut last = [(None, None); 3];
            let mut check = |handed: Handed<usize>| {
                let (ticket, frame) = last[handed.camera];
                assert_eq!(handed.ticket, ticket.map_or(0, |ticket: u64| ticket + 1));
                assert!(frame.is_none_or(|frame| frame < handed.frame));
                last[handed.camera] = (Some(handed.ticket), Some(handed.frame));
            };
            for (number, (camera, take)) in puts.into_iter().enumerate() {
                hub.put(camera, number, 1);
                if take {
                    check(hub.take().unwrap());
                }
            }
            hub.close();
            while let Some(handed) = hub.take() {
                check(handed);
            }
        }
    }
}
