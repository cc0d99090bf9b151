use std::sync::mpsc;

use super::*;
use crate::model::{Reading, Timestamp, TrackState, UnknownReason};
use crate::picture::Picture;
use crate::view::{Blind, examples};

fn camera() -> CameraId {
    examples::camera().id
}

/// A frame that carries a number: its time.
fn numbered(number: i64) -> LiveFrame {
    LiveFrame::Blind(Blind { at: Timestamp(number), since: None, reason: UnknownReason::NoFrames, levels: Vec::new() })
}

fn number(frame: &LiveFrame) -> i64 {
    match frame {
        LiveFrame::Blind(blind) => blind.at.0,
        LiveFrame::Seen { report, .. } => report.at.0,
    }
}

fn painted(number: i64) -> Painted {
    Painted { drawn: jpeg_of(number), plain: None }
}

fn jpeg_of(number: i64) -> Arc<[u8]> {
    number.to_le_bytes().to_vec().into()
}

/// A hub whose encoder writes the frame's number.
fn hub() -> LiveHub {
    LiveHub::start_with(vec![camera()], Box::new(|_, frame, _| (Ok(painted(number(&frame))), Duration::ZERO))).unwrap()
}

/// A hub whose encoder says that it has begun with a frame and then waits for leave to end.
fn halted_hub() -> (LiveHub, mpsc::Receiver<i64>, mpsc::Sender<()>) {
    let (begun, has_begun) = mpsc::channel();
    let (leave, has_leave) = mpsc::channel();
    let encode = move |_, frame: LiveFrame, _| {
        begun.send(number(&frame)).unwrap();
        // Without anybody to give leave it goes on: the test is over.
        let _ = has_leave.recv();
        (Ok(painted(number(&frame))), Duration::ZERO)
    };
    (LiveHub::start_with(vec![camera()], Box::new(encode)).unwrap(), has_begun, leave)
}

#[tokio::test]
async fn the_newest_frame_wins_and_publishing_never_waits() {
    let (hub, has_begun, leave) = halted_hub();
    let mut viewer = hub.subscribe(&camera()).unwrap();
    hub.publish(&camera(), numbered(1));
    assert_eq!(has_begun.recv().unwrap(), 1);
    // The encoder is busy: all of these return, and only the last one is kept.
    (2..=50).for_each(|number| hub.publish(&camera(), numbered(number)));
    leave.send(()).unwrap();
    assert_eq!(has_begun.recv().unwrap(), 50);
    assert_eq!(viewer.next_jpeg().await, Some(jpeg_of(1)));
    leave.send(()).unwrap();
    assert_eq!(viewer.next_jpeg().await, Some(jpeg_of(50)));
    let stats = hub.stats(&camera()).unwrap();
    assert_eq!(stats, LiveStats { encoded: 2, replaced: 48, failed: 0, viewers: 1 });
}

#[tokio::test]
async fn twenty_viewers_cost_one_encoding_and_a_slow_one_skips() {
    let hub = hub();
    let mut viewers: Vec<Viewer> = (0..20).map(|_| hub.subscribe(&camera()).unwrap()).collect();
    let mut slow = hub.subscribe(&camera()).unwrap();
    for number in 1..=5 {
        hub.publish(&camera(), numbered(number));
        for viewer in &mut viewers {
            assert_eq!(viewer.next_jpeg().await, Some(jpeg_of(number)));
        }
    }
    assert_eq!(slow.next_jpeg().await, Some(jpeg_of(5)), "one to four are over");
    assert_eq!(hub.stats(&camera()).unwrap(), LiveStats { encoded: 5, replaced: 0, failed: 0, viewers: 21 });
}

#[tokio::test]
async fn without_viewers_nothing_is_drawn() {
    let hub = hub();
    assert!(!hub.has_viewers(&camera()));
    hub.publish(&camera(), numbered(1));
    let first = hub.subscribe(&camera()).unwrap();
    let mut second = hub.clone().subscribe(&camera()).unwrap();
    drop(first);
    assert!(hub.has_viewers(&camera()));
    hub.publish(&camera(), numbered(2));
    assert_eq!(second.next_jpeg().await, Some(jpeg_of(2)));
    drop(second);
    assert!(!hub.has_viewers(&camera()));
    assert_eq!(hub.stats(&camera()).unwrap(), LiveStats { encoded: 1, ..LiveStats::default() });
    let elsewhere = CameraId::new("elsewhere").unwrap();
    assert!(hub.subscribe(&elsewhere).is_none() && hub.stats(&elsewhere).is_none());
    hub.publish(&elsewhere, numbered(3));
}

#[tokio::test]
async fn closing_ends_all_viewers_and_drops_what_comes_later() {
    let hub = hub();
    let mut viewer = hub.subscribe(&camera()).unwrap();
    hub.close();
    assert_eq!(viewer.next_jpeg().await, None);
    assert_eq!(viewer.next_jpeg().await, None);
    hub.publish(&camera(), numbered(1));
    assert!(hub.subscribe(&camera()).is_none());
    hub.close();

    let hub = self::hub();
    let mut viewer = hub.subscribe(&camera()).unwrap();
    drop(hub);
    assert_eq!(viewer.next_jpeg().await, None, "the last clone is gone");
}

#[tokio::test]
async fn failures_and_panics_are_counted_and_the_next_frame_is_shown() {
    let encode = |_, frame: LiveFrame, _| match number(&frame) {
        1 => panic!("a broken frame"),
        2 => (Err(PictureError::Undecodable { length_bytes: 0 }), Duration::ZERO),
        number => (Ok(painted(number)), Duration::ZERO),
    };
    let hub = LiveHub::start_with(vec![camera()], Box::new(encode)).unwrap();
    let mut viewer = hub.subscribe(&camera()).unwrap();
    for number in [1, 2] {
        hub.publish(&camera(), numbered(number));
        while hub.stats(&camera()).unwrap().failed != number as u64 {
            std::thread::yield_now();
        }
    }
    hub.publish(&camera(), numbered(3));
    assert_eq!(viewer.next_jpeg().await, Some(jpeg_of(3)));
    assert_eq!(hub.stats(&camera()).unwrap(), LiveStats { encoded: 1, replaced: 0, failed: 2, viewers: 1 });
}

#[tokio::test]
async fn a_viewer_sees_the_picture_and_then_that_there_is_none() {
    let privacy = PrivacyPlan { blur_heads: true };
    let options = LiveOptions { max_fps: 1e6, max_width_px: 384, ..LiveOptions::default() };
    let hub = LiveHub::start(&[examples::camera()], &[], &privacy, options).unwrap();
    let mut viewer = hub.subscribe(&camera()).unwrap();
    let report = Arc::new(examples::report(Vec::new(), Reading::Valid(3.0), Reading::Valid(1.0)));
    let seen = LiveFrame::Seen { picture: examples::plain(200), report, levels: Vec::new(), also_hide: Vec::new() };
    hub.publish(&camera(), seen);
    let shown = Picture::decode(&viewer.next_jpeg().await.unwrap()).unwrap();
    assert_eq!((shown.size().width_px, shown.size().height_px), (384, 288), "made smaller");
    assert!(examples::pixel(&shown, 200, 60)[0] > 190);

    let blind = |since| Blind {
        at: Timestamp(9_000_000),
        since: Some(Timestamp(since)),
        reason: UnknownReason::NoFrames,
        levels: Vec::new(),
    };
    hub.publish(&camera(), LiveFrame::Blind(blind(1_000_000)));
    let shown = Picture::decode(&viewer.next_jpeg().await.unwrap()).unwrap();
    assert_eq!(shown.size().width_px, 384);
    assert!((40..100).contains(&examples::pixel(&shown, 200, 60)[0]), "the last picture, dark");
}

#[tokio::test]
async fn a_plain_picture_has_nothing_drawn_on_it_and_heads_hidden() {
    let privacy = PrivacyPlan { blur_heads: true };
    let options = LiveOptions { max_fps: 1e6, ..LiveOptions::default() };
    let hub = LiveHub::start(&[examples::camera()], &[], &privacy, options).unwrap();
    let mut drawn = hub.subscribe(&camera()).unwrap();
    let frame = || {
        // Stripes of one pixel, of which hiding leaves grey.
        let size = examples::plain(0).size();
        let row = (0..size.width_px).flat_map(|x| [if x % 2 == 0 { 255 } else { 0 }; 3]);
        let pixels: Vec<u8> = row.collect::<Vec<u8>>().repeat(size.height_px as usize);
        let picture = Picture::from_bgr(size, &pixels).unwrap();
        let track = examples::track(1, TrackState::Confirmed, (300.0, 200.0, 60.0, 160.0));
        let report = Arc::new(examples::report(vec![track], Reading::Valid(3.0), Reading::Valid(1.0)));
        LiveFrame::Seen { picture, report, levels: Vec::new(), also_hide: Vec::new() }
    };
    hub.publish(&camera(), frame());
    drawn.next_jpeg().await.unwrap();
    let mut plain = hub.subscribe_plain(&camera()).unwrap();
    hub.publish(&camera(), frame());
    let annotated = Picture::decode(&drawn.next_jpeg().await.unwrap()).unwrap();
    let plain = Picture::decode(&plain.next_jpeg().await.unwrap()).unwrap();
    let contrast = |picture: &Picture, x: usize, y: usize| {
        let row: Vec<u8> = (x..x + 8).map(|x| examples::pixel(picture, x, y)[0]).collect();
        row.iter().max().unwrap() - row.iter().min().unwrap()
    };
    assert!(contrast(&plain, 325, 215) < 80, "the head");
    let not_striped = |picture: &Picture| {
        let size = picture.size();
        let places = (8..size.height_px as usize - 8)
            .step_by(16)
            .flat_map(|y| (0..size.width_px as usize - 8).step_by(16).map(move |x| (x, y)));
        let beside_the_head = places.filter(|(x, y)| !(270..400).contains(x) || !(170..300).contains(y));
        beside_the_head.filter(|(x, y)| contrast(picture, *x, *y) < 120).count()
    };
    assert_eq!(not_striped(&plain), 0, "nothing is drawn");
    assert!(not_striped(&annotated) > 10, "much is drawn");
}
