use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{ScoreThresholds, Tracker, TrackerStep};
use crate::calibration::{CameraParameters, GroundPlane};
use crate::config::TrackerPlan;
use crate::model::{Detection, FrameSize, ObjectClass, PixelBox, Timestamp, Track, TrackId, TrackState};

const PLAN: TrackerPlan = TrackerPlan { confirm_s: 0.2, coast_s: 0.3, lost_s: 2.0 };
const THRESHOLDS: ScoreThresholds = ScoreThresholds { high: 0.55, low: 0.3 };
const STRONG: f64 = 0.7;
const WEAK: f64 = 0.4;

fn tracker() -> Tracker {
    Tracker::new(PLAN, THRESHOLDS)
}

fn time(seconds: f64) -> Timestamp {
    Timestamp(1_700_000_000_000_000).plus_seconds(seconds)
}

/// A person of 100 px with the foot point there.
fn person(x: f64, y: f64, score: f64) -> Detection {
    let bbox = PixelBox { left: x - 20.0, top: y - 100.0, right: x + 20.0, bottom: y };
    Detection { bbox, class: ObjectClass::Person, score }
}

/// Steps at `fps` from `from_s` to `to_s` (excluded); the last one's result.
fn run(
    tracker: &mut Tracker,
    fps: f64,
    from_s: f64,
    to_s: f64,
    detections: impl Fn(f64) -> Vec<Detection>,
) -> TrackerStep {
    let mut last = TrackerStep::default();
    let mut frame = (from_s * fps).round();
    while frame / fps < to_s - 1e-9 {
        last = tracker.step(time(frame / fps), &detections(frame / fps));
        frame += 1.0;
    }
    last
}

fn only(step: &TrackerStep) -> &Track {
    assert_eq!(step.tracks.len(), 1, "{step:?}");
    &step.tracks[0]
}

fn ids(step: &TrackerStep) -> Vec<u64> {
    step.tracks.iter().map(|track| track.id.0).collect()
}

/// A walker, 0.8 heights/s to the right.
fn walker(t: f64) -> Vec<Detection> {
    vec![person(200.0 + 80.0 * t, 300.0, STRONG)]
}

#[test]
fn a_life_is_told_in_seconds_at_every_frame_rate() {
    for fps in [5.0, 7.0, 10.0, 15.0, 30.0] {
        let (mut tracker, frame_s) = (tracker(), 1.0 / fps);
        let unseen_from_s = 3.0;
        let (mut confirmed, mut lost, mut ended) = (None, None, None);
        for frame in 0..(8.0 * fps) as u32 {
            let t = f64::from(frame) / fps;
            let step = tracker.step(time(t), &if t < unseen_from_s { walker(t) } else { Vec::new() });
            match step.tracks.first().map(|track| track.state) {
                Some(TrackState::Confirmed) => confirmed = confirmed.or(Some(t)),
                Some(TrackState::Lost) => lost = lost.or(Some(t)),
                None if t > 0.0 => ended = ended.or(Some(t)),
                _ => (),
            }
        }
        let last_seen_s = (unseen_from_s * fps - 1.0).round() / fps;
        for (what, found, due) in [
            ("confirmed", confirmed, PLAN.confirm_s),
            ("lost", lost, last_seen_s + PLAN.coast_s),
            ("ended", ended, last_seen_s + PLAN.lost_s),
        ] {
            let late_s = found.unwrap() - due;
            assert!((-1e-4..=frame_s + 1e-4).contains(&late_s), "{fps} fps: {what} {late_s} s after it was due");
        }
    }
}

#[test]
fn a_sure_detection_confirms_at_the_second_sight() {
    let mut tracker = tracker();
    let sure = |t: f64| vec![person(80.0 * t, 300.0, 0.9)];
    assert_eq!(only(&tracker.step(time(0.0), &sure(0.0))).state, TrackState::Tentative);
    assert_eq!(only(&tracker.step(time(0.05), &sure(0.05))).state, TrackState::Confirmed);
}

#[test]
fn an_empty_frame_ages_tracks_like_any_other() {
    let (mut empty, mut other) = (tracker(), tracker());
    run(&mut empty, 10.0, 0.0, 2.0, walker);
    run(&mut other, 10.0, 0.0, 2.0, walker);
    let mut states = Vec::new();
    for tenth in 20..45 {
        let t = f64::from(tenth) / 10.0;
        let (with, without) = (other.step(time(t), &[person(900.0, 900.0, STRONG)]), empty.step(time(t), &[]));
        let first = |step: &TrackerStep| step.tracks.iter().find(|track| track.id == TrackId(1)).cloned();
        assert_eq!(first(&with), first(&without), "at {t} s");
        assert_eq!(with.ended, without.ended, "at {t} s");
        states.push(first(&without).map(|track| track.state));
    }
    let count = |state| states.iter().filter(|&&found| found == state).count();
    assert_eq!(count(Some(TrackState::Coasting)), 3);
    assert_eq!(count(Some(TrackState::Lost)), 17);
    assert_eq!(count(None), 5);
}

#[test]
fn ids_are_the_trackers_own_and_never_come_back() {
    let (mut one, mut two) = (tracker(), tracker());
    assert_eq!(ids(&run(&mut one, 10.0, 0.0, 1.0, walker)), [1]);
    assert_eq!(ids(&run(&mut two, 10.0, 0.0, 1.0, walker)), [1], "another tracker's ids are its own");
    assert_eq!(one.reset(), [TrackId(1)]);
    assert_eq!(ids(&run(&mut one, 10.0, 1.0, 2.0, walker)), [2], "nothing goes on after a reset");
    assert!(run(&mut one, 10.0, 2.0, 6.0, |_| Vec::new()).tracks.is_empty());
    assert_eq!(ids(&run(&mut one, 10.0, 6.0, 7.0, walker)), [3]);
}

#[test]
fn a_reset_forgets_the_time_too() {
    // A recording that is played again begins at an earlier time.
    let mut tracker = tracker();
    run(&mut tracker, 10.0, 100.0, 102.0, walker);
    tracker.reset();
    let step = run(&mut tracker, 10.0, 0.0, 1.0, walker);
    assert_eq!(only(&step).state, TrackState::Confirmed);
    assert_eq!(only(&step).first_seen, time(0.0));
}

#[test]
fn tentative_tracks_have_ids_of_their_own_and_vanish_unseen() {
    let mut tracker = tracker();
    let step = tracker.step(time(0.0), &[100.0, 300.0, 500.0].map(|x| person(x, 300.0, STRONG)));
    assert_eq!(ids(&step), [1, 2, 3]);
    assert!(step.tracks.iter().all(|track| track.state == TrackState::Tentative));
    let step = tracker.step(time(1.0 / 7.0), &[]);
    assert_eq!(step, TrackerStep { tracks: Vec::new(), ended: vec![TrackId(1), TrackId(2), TrackId(3)] });
}

#[test]
fn who_is_missed_now_and_then_is_confirmed_at_a_high_frame_rate_too() {
    let mut tracker = tracker();
    let flickering = |t: f64| if ((t * 30.0).round() as u64) % 3 == 2 { Vec::new() } else { walker(t) };
    let step = run(&mut tracker, 30.0, 0.0, 0.3, flickering);
    assert!(only(&step).state.is_counted(), "{step:?}");
    assert_eq!(only(&step).id, TrackId(1));
}

#[test]
fn weak_detections_begin_nothing_and_confirm_nobody() {
    let mut tracker = tracker();
    let step = run(&mut tracker, 10.0, 0.0, 5.0, |t| vec![person(80.0 * t, 300.0, WEAK)]);
    assert_eq!(step.tracks, []);
    tracker.step(time(5.0), &[person(400.0, 300.0, STRONG)]);
    let step = tracker.step(time(5.15), &[person(400.0, 300.0, WEAK)]);
    assert_eq!(step.tracks, [], "a track seen once is not continued by a weak detection");
}

#[test]
fn weak_detections_continue_a_track() {
    let mut tracker = tracker();
    run(&mut tracker, 10.0, 0.0, 1.0, walker);
    let weak = |t: f64| vec![person(200.0 + 80.0 * t, 300.0, WEAK)];
    let step = run(&mut tracker, 10.0, 1.0, 4.0, weak);
    assert_eq!((only(&step).id, only(&step).state), (TrackId(1), TrackState::Confirmed));
    assert_eq!(only(&step).last_seen, time(3.9));
}

#[test]
fn a_weak_detection_does_not_bring_back_who_is_long_gone() {
    let mut tracker = tracker();
    run(&mut tracker, 10.0, 0.0, 1.0, |_| vec![person(200.0, 300.0, STRONG)]);
    run(&mut tracker, 10.0, 1.0, 2.0, |_| Vec::new());
    let step = tracker.step(time(2.0), &[person(200.0, 300.0, WEAK)]);
    assert_eq!(only(&step).state, TrackState::Lost);
}

#[test]
fn noise_below_the_low_score_is_nothing() {
    let mut tracker = tracker();
    run(&mut tracker, 10.0, 0.0, 1.0, walker);
    let step = run(&mut tracker, 10.0, 1.0, 2.0, |t| vec![person(200.0 + 80.0 * t, 300.0, 0.29)]);
    assert_eq!(only(&step).state, TrackState::Lost);
}

#[test]
fn boxes_that_are_apart_on_both_axes_are_not_the_same() {
    // The product of two negative sides is positive: taken for an overlap it would continue the track.
    for score in [STRONG, WEAK] {
        let mut tracker = tracker();
        run(&mut tracker, 10.0, 0.0, 1.0, |_| vec![person(200.0, 300.0, STRONG)]);
        let step = tracker.step(time(1.0), &[person(600.0, 700.0, score)]);
        assert_eq!(step.tracks[0].state, TrackState::Coasting, "score {score}");
    }
}

#[test]
fn classes_never_mix() {
    let of = |class| move |_: f64| vec![Detection { class, ..person(200.0, 300.0, STRONG) }];
    for (score, expected) in [(STRONG, 2), (WEAK, 1)] {
        let mut tracker = tracker();
        run(&mut tracker, 10.0, 0.0, 1.0, of(ObjectClass::Person));
        let bicycle = Detection { class: ObjectClass::Bicycle, ..person(200.0, 300.0, score) };
        let step = tracker.step(time(1.0), &[bicycle]);
        assert_eq!(step.tracks[0].state, TrackState::Coasting);
        assert_eq!(step.tracks.len(), expected);
        let both = [person(200.0, 300.0, STRONG), Detection { score: STRONG, ..bicycle }];
        let step = tracker.step(time(1.1), &both);
        assert_eq!(ids(&step), [1, 2]);
        assert_eq!([step.tracks[0].class, step.tracks[1].class], [ObjectClass::Person, ObjectClass::Bicycle]);
    }
}

#[test]
fn boxes_reach_beyond_the_picture() {
    let mut tracker = tracker();
    let leaving = |t: f64| vec![person(60.0 - 80.0 * t, 50.0, STRONG)];
    let step = run(&mut tracker, 10.0, 0.0, 2.0, leaving);
    let bbox = only(&step).bbox;
    assert!((bbox.left - (60.0 - 80.0 * 1.9 - 20.0)).abs() < 3.0 && (bbox.top + 50.0).abs() < 3.0, "{bbox:?}");
}

#[test]
fn a_hidden_walker_is_expected_to_walk_on() {
    for fps in [7.0, 30.0] {
        let mut tracker = tracker();
        run(&mut tracker, fps, 0.0, 3.0, walker);
        let step = run(&mut tracker, fps, 3.0, 3.28, |_| Vec::new());
        let (track, last_s) = (only(&step), ((3.28 * fps).ceil() - 1.0) / fps);
        assert_eq!(track.state, TrackState::Coasting, "{fps} fps");
        let (foot, expected) = (track.foot(), 200.0 + 80.0 * last_s);
        assert!((foot.x - expected).abs() < 5.0 && (foot.y - 300.0).abs() < 3.0, "{fps} fps: {foot:?}, {expected}");
        // Seen again, it is the same.
        let step = run(&mut tracker, fps, 4.0, 4.5, walker);
        assert_eq!((only(&step).id, only(&step).state), (TrackId(1), TrackState::Confirmed), "{fps} fps");
    }
}

#[test]
fn people_who_cross_keep_their_ids() {
    for fps in [7.0, 15.0, 30.0] {
        let mut tracker = tracker();
        // Towards each other at 0.8 heights/s, 0.1 heights apart in depth; the one behind is hidden for 0.4 s.
        let cross = |t: f64| {
            let mut people = vec![person(200.0 + 80.0 * t, 300.0, STRONG)];
            if !(2.3..2.7).contains(&t) {
                people.push(person(600.0 - 80.0 * t, 290.0, STRONG));
            }
            people
        };
        let before = run(&mut tracker, fps, 0.0, 1.0, cross);
        let after = run(&mut tracker, fps, 1.0, 5.0, cross);
        assert_eq!((ids(&before), ids(&after)), (vec![1, 2], vec![1, 2]), "{fps} fps");
        for (before, after) in before.tracks.iter().zip(&after.tracks) {
            let way_px = after.foot().x - before.foot().x;
            let to_the_right = before.foot().x < 400.0;
            assert_eq!(way_px > 200.0, to_the_right, "{fps} fps: {before:?} {after:?}");
            assert_eq!(way_px < -200.0, !to_the_right, "{fps} fps: {before:?} {after:?}");
        }
    }
}

#[test]
fn who_steps_in_where_somebody_vanished_long_ago_is_somebody_else() {
    let mut tracker = tracker();
    run(&mut tracker, 10.0, 0.0, 1.0, |_| vec![person(200.0, 300.0, STRONG)]);
    // Two seconds and a tenth without a frame: no step in between has ended the track.
    let step = tracker.step(time(3.1), &[person(200.0, 300.0, STRONG)]);
    assert_eq!(step.ended, [TrackId(1)]);
    assert_eq!(ids(&step), [2]);
}

#[test]
fn a_late_frame_counts_as_taken_with_the_one_before() {
    let (mut late, mut steady) = (tracker(), tracker());
    for tracker in [&mut late, &mut steady] {
        run(tracker, 10.0, 0.0, 2.0, walker);
    }
    let at = |t: f64| walker(t);
    assert_eq!(late.step(time(1.2), &at(1.9)), steady.step(time(1.9), &at(1.9)));
    assert_eq!(late.step(time(2.0), &at(2.0)), steady.step(time(2.0), &at(2.0)));
}

/// Seeded noise, the same on every machine.
struct Noise(u64);

impl Noise {
    fn below(&mut self, most: f64) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64 * most
    }
}

#[test]
fn hours_of_noise_leave_nothing_behind() {
    let (mut tracker, mut noise) = (tracker(), Noise(1));
    let mut most = 0;
    let mut living = BTreeSet::new();
    // Three hours at 1 fps: 12 boxes a frame anywhere, of any score.
    for second in 0..10_800 {
        let detections: Vec<_> =
            (0..12).map(|_| person(noise.below(1000.0), noise.below(700.0), noise.below(1.0))).collect();
        let step = tracker.step(time(f64::from(second)), &detections);
        for id in &step.ended {
            assert!(living.remove(id), "{id:?} ended without a life");
        }
        living.extend(step.tracks.iter().map(|track| track.id));
        assert_eq!(living.len(), step.tracks.len(), "a track went without being said to have ended");
        most = most.max(step.tracks.len());
    }
    // No more than what the frames within lost_s can have begun.
    assert!(most <= 12 * 4, "{most} tracks");
    assert_eq!(run(&mut tracker, 1.0, 10_800.0, 10_804.0, |_| Vec::new()).tracks, []);
}

fn detection() -> impl Strategy<Value = Detection> {
    let class = prop_oneof![Just(ObjectClass::Person), Just(ObjectClass::Bicycle)];
    // A coarse grid, so that boxes often coincide and pairs are often equally good.
    let place = (0..12i32, 0..8i32, 1..4i32).prop_map(|(x, y, size)| {
        let (left, top, size) = (f64::from(x) * 40.0, f64::from(y) * 40.0, f64::from(size) * 30.0);
        PixelBox { left, top, right: left + size / 2.0, bottom: top + size }
    });
    (place, class, 0..=10i32).prop_map(|(bbox, class, score)| Detection { bbox, class, score: f64::from(score) / 10.0 })
}

fn anything() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -2000.0..2000.0f64,
        2 => Just(0.0),
        1 => prop_oneof![Just(1e6), Just(-1e6), Just(1e-300), Just(1e300), Just(-1e300)],
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::MAX)],
    ]
}

fn any_detection() -> impl Strategy<Value = Detection> {
    let edges = (anything(), anything(), anything(), anything());
    let score = prop_oneof![4 => 0.0..1.0f64, 1 => anything()];
    (edges, score).prop_map(|((left, top, right, bottom), score)| Detection {
        bbox: PixelBox { left, top, right, bottom },
        class: ObjectClass::Person,
        score,
    })
}

/// 6 m up, looking 20° down.
fn ground_plane() -> GroundPlane {
    let size = FrameSize { width_px: 1000, height_px: 800 };
    let camera = CameraParameters { height_m: 6.0, tilt_deg: 20.0, roll_deg: 0.0, focal_px: 1000.0 };
    GroundPlane::from_camera(camera, size, 0.0).unwrap()
}

#[test]
fn over_a_ground_plane_nobody_comes_back_from_where_no_walking_leads() {
    // Somebody walks to the right and is hidden behind a post after 2 s. One second later a person shows up 45 px below:
    // a third of the way to the camera in a body's height, and 3 m along the line of sight.
    let ids = |mut tracker: Tracker, offset_px: f64| {
        let walk = |t: f64| vec![person(400.0 + 40.0 * t, 400.0, STRONG)];
        let before = run(&mut tracker, 10.0, 0.0, 2.0, walk).tracks[0].id;
        run(&mut tracker, 10.0, 2.0, 3.0, |_| Vec::new());
        let after = run(&mut tracker, 10.0, 3.0, 3.3, |t| vec![person(400.0 + 40.0 * t, 400.0 + offset_px, STRONG)]);
        after.tracks.iter().any(|track| track.id == before && track.state == TrackState::Confirmed)
    };
    let over_ground = || tracker().on_ground(Some(ground_plane()));
    assert!(ids(tracker(), 45.0), "nothing says that it is far");
    assert!(!ids(over_ground(), 45.0));
    assert!(ids(over_ground(), 0.0) && ids(over_ground(), 8.0), "who goes on is found again");
}

type Frames = Vec<(i64, Vec<Detection>)>;

/// Times in microseconds since the frame before, backwards too; the same boxes come several times, so that tracks live.
fn frames(detection: impl Strategy<Value = Detection>) -> impl Strategy<Value = Frames> {
    let frame = (-200_000..1_500_000i64, proptest::collection::vec(detection, 0..7), 1..5usize);
    proptest::collection::vec(frame, 1..20)
        .prop_map(|frames| frames.into_iter().flat_map(|(us, boxes, times)| vec![(us, boxes); times]).collect())
}

/// Over a ground plane, on which some of the boxes stand and some are beyond the horizon.
fn play(frames: &Frames) -> Vec<TrackerStep> {
    let (mut tracker, mut at) = (tracker().on_ground(Some(ground_plane())), 0);
    frames
        .iter()
        .map(|(us, detections)| {
            at += us;
            tracker.step(Timestamp(at), detections)
        })
        .collect()
}

proptest! {
    #[test]
    fn the_same_detections_give_the_same_tracks_in_any_order(frames in frames(detection()), turn in 0..7usize) {
        let steps = play(&frames);
        prop_assert_eq!(&steps, &play(&frames));
        let turned: Frames = frames
            .into_iter()
            .map(|(us, mut detections)| {
                let turn = turn.min(detections.len());
                detections.rotate_left(turn);
                if turn % 2 == 1 {
                    detections.reverse();
                }
                (us, detections)
            })
            .collect();
        prop_assert_eq!(steps, play(&turned));
    }

    #[test]
    fn whatever_comes_in_boxes_are_finite_and_no_id_comes_back(frames in frames(any_detection())) {
        let mut gone = BTreeSet::new();
        for step in play(&frames) {
            gone.extend(step.ended);
            for track in &step.tracks {
                let PixelBox { left, top, right, bottom } = track.bbox;
                prop_assert!([left, top, right, bottom].iter().all(|edge| edge.is_finite()), "{:?}", track);
                prop_assert!(left < right && top < bottom, "{:?}", track);
                prop_assert!(!gone.contains(&track.id), "{:?} came back", track.id);
                prop_assert!(track.score >= THRESHOLDS.low, "{:?}", track);
            }
            prop_assert!(step.tracks.windows(2).all(|pair| pair[0].id < pair[1].id), "not in the order of their ids");
        }
    }

    #[test]
    fn each_strong_detection_is_somebody_and_no_two_are_one(frames in frames(detection())) {
        let (mut tracker, mut at) = (tracker(), 0);
        for (us, detections) in frames {
            at = at.max(at + us);
            let step = tracker.step(Timestamp(at), &detections);
            let seen = |track: &&Track| track.last_seen == Timestamp(at)
                && matches!(track.state, TrackState::Confirmed | TrackState::Tentative);
            let seen = step.tracks.iter().filter(seen).count();
            let strong = detections.iter().filter(|detection| detection.score >= THRESHOLDS.high).count();
            let usable = detections.iter().filter(|detection| detection.score >= THRESHOLDS.low).count();
            // At one and the same time as the frame before, tracks of that frame look as if seen in this one.
            prop_assert!(seen >= strong, "{} seen of {}", seen, strong);
            prop_assert!(us <= 0 || seen <= usable, "{} seen of {}", seen, usable);
        }
    }
}
