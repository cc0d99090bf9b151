//! Where capture threads leave frames and inference workers fetch them.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Frames of one camera that may wait: the newest, and one before it so that a worker that comes between two frames of a
/// fast camera finds one.
const WAITING_PER_CAMERA: usize = 2;

/// A lane for each camera. A frame that finds its lane full takes the place of the oldest in it, so a camera never falls
/// behind; workers take from the lanes in turn, so that a fast camera does not starve a slow one.
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
    closed: bool,
}

#[derive(Debug)]
struct Lane<F> {
    waiting: VecDeque<F>,
    /// Frames handed out so far.
    tickets: u64,
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
        let lane = || Lane { waiting: VecDeque::with_capacity(WAITING_PER_CAMERA), tickets: 0 };
        let lanes = std::iter::repeat_with(lane).take(cameras).collect();
        Self { state: Mutex::new(State { lanes, next: 0, closed: false }), filled: Condvar::new() }
    }

    /// Leaves a frame; never waits. Gives back the frame that has to go for it: the oldest in the lane, or the frame
    /// itself where the hub is closed or has no such camera.
    pub fn put(&self, camera: usize, frame: F) -> Option<F> {
        let mut state = self.lock();
        if state.closed {
            return Some(frame);
        }
        let Some(lane) = state.lanes.get_mut(camera) else { return Some(frame) };
        let dropped = if lane.waiting.len() == WAITING_PER_CAMERA { lane.waiting.pop_front() } else { None };
        lane.waiting.push_back(frame);
        self.filled.notify_one();
        dropped
    }

    /// The next frame, from the lanes in turn; waits for one. `None` once the hub is closed and empty.
    pub fn take(&self) -> Option<Handed<F>> {
        let mut state = self.lock();
        loop {
            let lanes = state.lanes.len();
            for offset in 0..lanes {
                let camera = (state.next + offset) % lanes;
                let lane = &mut state.lanes[camera];
                if let Some(frame) = lane.waiting.pop_front() {
                    let ticket = lane.tickets;
                    lane.tickets += 1;
                    state.next = camera + 1;
                    return Some(Handed { camera, ticket, frame });
                }
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
        assert_eq!((hub.put(0, 'a'), hub.put(0, 'b'), hub.put(0, 'c')), (None, None, Some('a')));
        assert_eq!(hub.take(), Some(Handed { camera: 0, ticket: 0, frame: 'b' }));
        assert_eq!(hub.take(), Some(Handed { camera: 0, ticket: 1, frame: 'c' }));
    }

    #[test]
    fn a_closed_hub_is_emptied_and_takes_nothing() {
        let hub = FrameHub::new(2);
        hub.put(1, 'a');
        hub.close();
        assert_eq!(hub.put(0, 'b'), Some('b'));
        assert_eq!(hub.take().map(|handed| handed.frame), Some('a'));
        assert_eq!(hub.take(), None);
    }

    #[test]
    fn a_waiting_worker_is_woken_by_a_frame_and_by_the_end() {
        let hub = FrameHub::new(1);
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| (hub.take().map(|handed| handed.frame), hub.take()));
            hub.put(0, 'a');
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
                hub.put(camera % cameras, 0);
            }
            let mut served = vec![0; cameras];
            for _ in 0..rounds * cameras {
                for camera in 0..cameras {
                    hub.put(camera, 0);
                }
                served[hub.take().unwrap().camera] += 1;
            }
            prop_assert!(served.iter().all(|&times| times == rounds), "{served:?}");
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
                hub.put(camera, number);
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
