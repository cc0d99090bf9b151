//! Levels by example.

use super::*;
use crate::model::UnknownReason;
use AlertKind::{Cleared, Fresh, Lowered, Raised, Stale};
use Level::{Blue, Orange, Red, Yellow};

/// A machine for a measure that gets worse upwards.
fn machine(levels: &[LevelPlan]) -> LevelMachine {
    LevelMachine::new(levels, Worse::High)
}

const BLIND: Reading = Reading::Unknown(UnknownReason::NoFrames);

/// Blue 10 after 4 s, yellow 20 after 3 s, orange 30 after 2 s, red 40 after 1 s; clear at 85 % after 4 s.
fn four_levels() -> Vec<LevelPlan> {
    let plan = |(i, level): (usize, Level)| {
        let raise = 10.0 * (i + 1) as f64;
        LevelPlan { level, raise, hold_s: 4.0 - i as f64, clear: 0.85 * raise, clear_hold_s: 4.0 }
    };
    Level::ALL.into_iter().enumerate().map(plan).collect()
}

type Told = (f64, AlertKind, Option<Level>, Option<Level>);

/// One sample a second from 0 s on.
fn each_second(levels: &[LevelPlan], readings: impl IntoIterator<Item = Reading>) -> Vec<Told> {
    let mut machine = machine(levels);
    let mut told = Vec::new();
    for (second, reading) in readings.into_iter().enumerate() {
        machine.sample(Timestamp(0).plus_seconds(second as f64), reading, |transition| {
            told.push((second as f64, transition.kind, transition.from, transition.to));
        });
    }
    told
}

fn steps(parts: &[(usize, f64)]) -> Vec<Reading> {
    parts.iter().flat_map(|&(count, value)| std::iter::repeat_n(Reading::Valid(value), count)).collect()
}

#[test]
fn a_level_is_raised_when_its_hold_has_passed_since_the_first_sample_there() {
    assert_eq!(each_second(&four_levels(), steps(&[(2, 5.0), (9, 10.0)])), [(6.0, Raised, None, Some(Blue))]);
    assert_eq!(each_second(&four_levels(), steps(&[(2, 5.0), (4, 10.0), (1, 9.9), (4, 10.0)])), []);
}

#[test]
fn a_rise_may_jump_levels_and_milder_ones_follow_only_downwards() {
    assert_eq!(each_second(&four_levels(), steps(&[(9, 99.0)])), [(1.0, Raised, None, Some(Red))]);
    assert_eq!(
        each_second(&four_levels(), steps(&[(5, 12.0), (3, 50.0)])),
        [(4.0, Raised, None, Some(Blue)), (6.0, Raised, Some(Blue), Some(Red))]
    );
}

#[test]
fn a_level_without_hold_is_raised_at_once() {
    let level = LevelPlan { level: Yellow, raise: 5.0, hold_s: 0.0, clear: 4.0, clear_hold_s: 0.0 };
    assert_eq!(
        each_second(&[level], steps(&[(1, 5.0), (1, 4.0), (1, 4.5), (1, 6.0)])),
        [(0.0, Raised, None, Some(Yellow)), (1.0, Cleared, Some(Yellow), None), (3.0, Raised, None, Some(Yellow))]
    );
}

#[test]
fn it_falls_level_by_level_each_with_its_own_clear_hold() {
    assert_eq!(
        each_second(&four_levels(), steps(&[(2, 45.0), (20, 0.0)])),
        [
            (1.0, Raised, None, Some(Red)),
            (6.0, Lowered, Some(Red), Some(Orange)),
            (10.0, Lowered, Some(Orange), Some(Yellow)),
            (14.0, Lowered, Some(Yellow), Some(Blue)),
            (18.0, Cleared, Some(Blue), None),
        ]
    );
}

#[test]
fn it_stays_on_the_lower_level_while_the_value_is_above_that_ones_clear_value() {
    assert_eq!(
        each_second(&four_levels(), steps(&[(2, 45.0), (30, 33.0)])),
        [(1.0, Raised, None, Some(Red)), (6.0, Lowered, Some(Red), Some(Orange))]
    );
}

#[test]
fn between_clear_and_raise_nothing_changes() {
    assert_eq!(each_second(&four_levels(), steps(&[(5, 12.0), (60, 9.0)])), [(4.0, Raised, None, Some(Blue))]);
    // A visit to the middle breaks the run towards clearing.
    let swings = steps(&[(5, 12.0), (4, 8.0), (1, 9.0), (4, 8.0), (1, 9.0)]);
    assert_eq!(each_second(&four_levels(), swings), [(4.0, Raised, None, Some(Blue))]);
}

#[test]
fn levels_that_are_not_set_are_skipped() {
    let levels: Vec<_> = four_levels().into_iter().filter(|plan| [Blue, Red].contains(&plan.level)).collect();
    let told = each_second(&levels, steps(&[(2, 45.0), (10, 0.0)]));
    assert_eq!(told[1..], [(6.0, Lowered, Some(Red), Some(Blue)), (10.0, Cleared, Some(Blue), None)]);
    assert_eq!(each_second(&[], steps(&[(9, 99.0)])), []);
}

#[test]
fn a_blind_camera_keeps_a_red_alert_open_and_says_so_once() {
    let mut readings = steps(&[(3, 45.0)]);
    readings.extend([BLIND; 60]);
    readings.extend(steps(&[(10, 0.0)]));
    assert_eq!(
        each_second(&four_levels(), readings),
        [
            (1.0, Raised, None, Some(Red)),
            (3.0, Stale, Some(Red), Some(Red)),
            (63.0, Fresh, Some(Red), Some(Red)),
            (67.0, Lowered, Some(Red), Some(Orange)),
            (71.0, Lowered, Some(Orange), Some(Yellow)),
        ]
    );
}

#[test]
fn in_calm_a_blind_camera_tells_nothing_and_holds_begin_anew_after_it() {
    let mut readings = steps(&[(4, 12.0)]);
    readings.push(BLIND);
    readings.extend(steps(&[(5, 12.0)]));
    assert_eq!(each_second(&four_levels(), readings), [(9.0, Raised, None, Some(Blue))]);
}

#[test]
fn what_is_fresh_can_rise_at_once() {
    let level = LevelPlan { level: Yellow, raise: 5.0, hold_s: 0.0, clear: 4.0, clear_hold_s: 0.0 };
    let higher = LevelPlan { level: Red, raise: 9.0, ..level };
    assert_eq!(
        each_second(&[level, higher], [Reading::Valid(6.0), BLIND, Reading::AtLeast(9.0)])[1..],
        [
            (1.0, Stale, Some(Yellow), Some(Yellow)),
            (2.0, Fresh, Some(Yellow), Some(Yellow)),
            (2.0, Raised, Some(Yellow), Some(Red)),
        ]
    );
}

#[test]
fn where_there_is_nothing_to_measure_an_alert_clears_whichever_way_is_worse() {
    let nothing = Reading::Unknown(UnknownReason::NothingToMeasure);
    for (worse, clear, grave) in [(Worse::High, 4.0, 9.0), (Worse::Low, 6.0, 1.0)] {
        let level = LevelPlan { level: Yellow, raise: 5.0, hold_s: 2.0, clear, clear_hold_s: 3.0 };
        let mut machine = LevelMachine::new(&[level], worse);
        let mut told = Vec::new();
        let mut readings = vec![Reading::Valid(grave), Reading::Valid(grave), nothing];
        readings.extend([Reading::Valid(grave); 3]);
        readings.extend([nothing, nothing, BLIND]);
        readings.extend([nothing; 4]);
        for (second, reading) in readings.into_iter().enumerate() {
            machine.sample(Timestamp(0).plus_seconds(second as f64), reading, |transition| {
                told.push((second, transition.kind, transition.threshold));
            });
        }
        let cleared = (12, Cleared, Some(clear));
        assert_eq!(told, [(5, Raised, Some(5.0)), (8, Stale, None), (9, Fresh, None), cleared], "{worse:?}");
    }
}

#[test]
fn away_from_zero_either_sign_raises_and_bounds_prove_what_they_prove() {
    let level = LevelPlan { level: Yellow, raise: 5.0, hold_s: 0.0, clear: 4.0, clear_hold_s: 0.0 };
    use Reading::{AtLeast, AtMost, Valid};
    for (first, second, kinds) in [
        (Valid(5.0), Valid(-5.0), &[Raised][..]),
        (Valid(-5.0), Valid(-4.0), &[Raised, Cleared]),
        (Valid(-6.0), Valid(4.5), &[Raised]),
        (Valid(-6.0), Valid(4.0), &[Raised, Cleared]),
        (AtLeast(5.0), AtLeast(1.0), &[Raised]),
        (AtMost(-5.0), AtMost(-1.0), &[Raised]),
        (AtLeast(-5.0), AtMost(5.0), &[]),
        (Valid(9.0), AtLeast(-1.0), &[Raised]),
        (Valid(9.0), AtMost(1.0), &[Raised]),
    ] {
        let mut machine = LevelMachine::new(&[level], Worse::AwayFromZero);
        let mut told = Vec::new();
        for (second, reading) in [first, second].into_iter().enumerate() {
            machine.sample(Timestamp(0).plus_seconds(second as f64), reading, |transition| {
                told.push(transition.kind);
            });
        }
        assert_eq!(told, kinds, "{first:?} {second:?}");
    }
}

#[test]
fn a_gap_between_samples_is_not_held_time() {
    for (gap_s, raised) in [(5.0, true), (5.1, false)] {
        let mut machine = machine(&four_levels());
        let mut told = 0;
        machine.sample(Timestamp(0), Reading::Valid(12.0), |_| told += 1);
        machine.sample(Timestamp(0).plus_seconds(gap_s), Reading::Valid(12.0), |_| told += 1);
        assert_eq!(told == 1, raised, "{gap_s} s");
    }
}

#[test]
fn frames_at_seven_a_second_hold_to_the_microsecond() {
    let level = LevelPlan { level: Blue, raise: 5.0, hold_s: 10.0, clear: 4.0, clear_hold_s: 0.0 };
    let mut machine = machine(&[level]);
    let mut raised = Vec::new();
    for frame in 0..100 {
        let at = Timestamp(0).plus_seconds(f64::from(frame) / 7.0);
        machine.sample(at, Reading::Valid(5.0), |_| raised.push(frame));
    }
    assert_eq!(raised, [70]);
}
