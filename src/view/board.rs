//! The newest frame of each camera that waits to be drawn, and whose turn it is. No clock: the time is passed in.

use std::time::{Duration, Instant};

/// Frames that wait, one for each camera: a newer one takes its place.
#[derive(Debug)]
pub struct Board<F> {
    lanes: Vec<Lane<F>>,
    /// Where the search for the next one begins, so that each camera has its turn.
    next: usize,
}

#[derive(Debug)]
struct Lane<F> {
    waiting: Option<F>,
    due: Option<Instant>,
}

/// Whose turn it is.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn<F> {
    /// This camera's frame.
    Frame(usize, F),
    /// Nobody's before that moment.
    NotBefore(Instant),
    /// Nobody waits.
    Idle,
}

impl<F> Board<F> {
    /// An empty board for so many cameras.
    pub fn new(cameras: usize) -> Self {
        Self { lanes: (0..cameras).map(|_| Lane { waiting: None, due: None }).collect(), next: 0 }
    }

    /// Puts a frame in its camera's place, and gives the one that waited there.
    pub fn put(&mut self, camera: usize, frame: F) -> Option<F> {
        self.lanes.get_mut(camera).and_then(|lane| lane.waiting.replace(frame))
    }

    /// The next frame that is due, by turns.
    pub fn take(&mut self, now: Instant) -> Turn<F> {
        let count = self.lanes.len();
        let mut earliest: Option<Instant> = None;
        for index in (self.next..count).chain(0..self.next) {
            let lane = &mut self.lanes[index];
            match lane.due {
                Some(due) if due > now && lane.waiting.is_some() => {
                    earliest = Some(earliest.map_or(due, |known| known.min(due)));
                }
                _ => {
                    if let Some(frame) = lane.waiting.take() {
                        self.next = (index + 1) % count;
                        return Turn::Frame(index, frame);
                    }
                }
            }
        }
        earliest.map_or(Turn::Idle, Turn::NotBefore)
    }

    /// The camera's next frame is not due before this long after `taken`.
    pub fn rest(&mut self, camera: usize, taken: Instant, pause: Duration) {
        if let Some(lane) = self.lanes.get_mut(camera) {
            lane.due = taken.checked_add(pause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_millis(100);

    #[test]
    fn the_newest_frame_wins() {
        let mut board = Board::new(2);
        assert_eq!(board.put(0, "old"), None);
        assert_eq!(board.put(0, "new"), Some("old"));
        let now = Instant::now();
        assert_eq!(board.take(now), Turn::Frame(0, "new"));
        assert_eq!(board.take(now), Turn::Idle);
    }

    #[test]
    fn cameras_take_turns() {
        let mut board = Board::new(3);
        let now = Instant::now();
        let mut order = Vec::new();
        for _ in 0..6 {
            for camera in 0..3 {
                board.put(camera, ());
            }
            if let Turn::Frame(camera, ()) = board.take(now) {
                order.push(camera);
            }
        }
        assert_eq!(order, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn a_camera_rests_and_the_newest_of_that_time_comes_next() {
        let mut board = Board::new(2);
        let now = Instant::now();
        board.put(0, 1);
        assert_eq!(board.take(now), Turn::Frame(0, 1));
        board.rest(0, now, PAUSE);
        board.put(0, 2);
        board.put(0, 3);
        assert_eq!(board.take(now + PAUSE / 2), Turn::NotBefore(now + PAUSE));
        board.put(1, 9);
        assert_eq!(board.take(now + PAUSE / 2), Turn::Frame(1, 9), "another camera does not wait for it");
        assert_eq!(board.take(now + PAUSE), Turn::Frame(0, 3));
    }
}
