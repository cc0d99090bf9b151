//! What holds of levels whatever the samples, ten thousand runs each.

use proptest::prelude::*;

use super::*;
use crate::model::UnknownReason;
use AlertKind::{Cleared, Fresh, Lowered, Raised, Stale};
use Reading::{AtLeast, AtMost, Unknown, Valid};

const BLIND: Reading = Unknown(UnknownReason::NoFrames);
const NOT_ENOUGH: Reading = Unknown(UnknownReason::NotEnough);
const NOTHING: Reading = Unknown(UnknownReason::NothingToMeasure);

type Sample = (Timestamp, Reading);
/// For a sample: what was told, and the level after it.
type Step = (Vec<Transition>, Option<Level>);

/// A number below `below` out of these bits, which are used up by it.
fn draw(bits: &mut u64, below: u64) -> u64 {
    let drawn = *bits % below;
    *bits /= below;
    drawn
}

/// One to four levels of a measure that gets worse upwards. One number for each: it is quick, and shrinks.
fn some_levels() -> impl Strategy<Value = Vec<LevelPlan>> {
    (1usize..16, prop::array::uniform4(any::<u64>())).prop_map(|(set, numbers)| {
        let mut raise = 0.0;
        let plan = |(level, mut bits): (Level, u64)| {
            let mut half = |from: u64, below: u64| (from + draw(&mut bits, below)) as f64 / 2.0;
            raise += 2.0 * half(1, 14);
            let (hold_s, clear, clear_hold_s) = (half(0, 12), raise - half(1, 11), half(0, 12));
            LevelPlan { level, raise, hold_s, clear, clear_hold_s }
        };
        let is_set = |(index, _): &(usize, (Level, u64))| set >> index & 1 == 1;
        let all = Level::ALL.into_iter().zip(numbers).enumerate();
        all.filter(is_set).map(|(_, level)| level).map(plan).collect()
    })
}

/// Runs of one reading each, as holds would never pass otherwise: some are bounds, some unknown, and some gaps are long.
fn some_samples() -> impl Strategy<Value = Vec<Sample>> {
    prop::collection::vec(any::<u64>(), 1..14).prop_map(|runs| {
        let mut at = 0;
        let mut samples = Vec::new();
        for mut bits in runs {
            let value = draw(&mut bits, 60) as f64;
            let reading = match draw(&mut bits, 12) {
                0 => AtLeast(value),
                1 => AtMost(value),
                2 => BLIND,
                3 => NOT_ENOUGH,
                4 => NOTHING,
                _ => Valid(value),
            };
            let step_us = 100_000 + draw(&mut bits, 1_900_000) as i64;
            for _ in 0..=draw(&mut bits, 7) {
                at += if draw(&mut bits, 24) == 0 { 4_000_000 + step_us } else { step_us };
                samples.push((Timestamp(at), reading));
            }
        }
        samples
    })
}

fn machine(levels: &[LevelPlan]) -> LevelMachine {
    LevelMachine::new(levels, Worse::High)
}

fn run_on(machine: &mut LevelMachine, samples: &[Sample]) -> Vec<Step> {
    let step = |&(at, reading): &Sample| {
        let mut told = Vec::new();
        machine.sample(at, reading, |transition| told.push(transition));
        (told, machine.level())
    };
    samples.iter().map(step).collect()
}

fn run_all(levels: &[LevelPlan], samples: &[Sample]) -> Vec<Step> {
    run_on(&mut machine(levels), samples)
}

fn told(levels: &[LevelPlan], samples: &[Sample]) -> impl Iterator<Item = Transition> {
    run_all(levels, samples).into_iter().flat_map(|(told, _)| told)
}

fn is_fall(transition: &Transition) -> bool {
    [Lowered, Cleared].contains(&transition.kind)
}

/// The reading proves that the value is at least this.
fn reaches(reading: Reading, raise: f64) -> bool {
    matches!(reading, Valid(value) | AtLeast(value) if value >= raise)
}

/// The reading proves that the value is at most this, or that all is calm.
fn is_below(reading: Reading, clear: f64) -> bool {
    matches!(reading, Valid(value) | AtMost(value) if value <= clear) || reading == NOTHING
}

/// Straight from the words: how long, up to and with sample `i`, the condition has held in samples without a gap.
fn held_us(samples: &[Sample], i: usize, condition: impl Fn(Reading) -> bool) -> Option<i64> {
    let mut first = None;
    for j in (0..=i).rev() {
        let gap_after = first.is_some_and(|next: usize| samples[next].0.0 - samples[j].0.0 > 5_000_000);
        if gap_after || !condition(samples[j].1) {
            break;
        }
        first = Some(j);
    }
    first.map(|first| samples[i].0.0 - samples[first].0.0)
}

fn highest_due(levels: &[LevelPlan], samples: &[Sample], i: usize) -> Option<Level> {
    let due = |plan: &&LevelPlan| {
        held_us(samples, i, |reading| reaches(reading, plan.raise))
            .is_some_and(|held| held >= microseconds(plan.hold_s))
    };
    levels.iter().rfind(due).map(|plan| plan.level)
}

/// Mirrored at 0: a measure that gets worse downwards.
fn mirrored(reading: Reading) -> Reading {
    match reading {
        Valid(value) => Valid(-value),
        AtLeast(value) => AtMost(-value),
        AtMost(value) => AtLeast(-value),
        Unknown(reason) => Unknown(reason),
    }
}

/// The same steps with other thresholds told.
fn with_thresholds(mut steps: Vec<Step>, of: impl Fn(f64) -> f64) -> Vec<Step> {
    for transition in steps.iter_mut().flat_map(|(told, _)| told) {
        transition.threshold = transition.threshold.map(&of);
    }
    steps
}

/// This reading once a second for half a minute: holds are below 6 s, and there are four levels at most.
fn lasting(after: Timestamp, reading: Reading) -> Vec<Sample> {
    (1..=30).map(|second| (after.plus_seconds(f64::from(second)), reading)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(10_000) })]

    #[test]
    fn no_rise_is_swallowed_and_none_is_made_up(levels in some_levels(), samples in some_samples()) {
        let mut before = None;
        for (i, (told, level)) in run_all(&levels, &samples).into_iter().enumerate() {
            let due = highest_due(&levels, &samples, i);
            prop_assert!(level >= due, "at sample {}: {:?} is due, {:?} is on", i, due, level);
            let raised: Vec<_> = told.iter().filter(|transition| transition.kind == Raised).collect();
            prop_assert_eq!(raised.len(), usize::from(due > before));
            for transition in raised {
                prop_assert_eq!(transition.to, due);
            }
            before = level;
        }
    }

    #[test]
    fn a_fall_needs_its_whole_clear_hold_on_that_level(levels in some_levels(), samples in some_samples()) {
        let run = run_all(&levels, &samples);
        for (i, (told, _)) in run.iter().enumerate() {
            for transition in told.iter().filter(|transition| is_fall(transition)) {
                let plan = levels.iter().find(|plan| Some(plan.level) == transition.from).unwrap();
                let held = held_us(&samples, i, |reading| is_below(reading, plan.clear));
                prop_assert!(held.is_some_and(|held| held >= microseconds(plan.clear_hold_s)));
                let arrived = (0..i).rev().take_while(|&j| run[j].1 == transition.from).last().unwrap();
                prop_assert!(samples[i].0.0 - samples[arrived].0.0 >= microseconds(plan.clear_hold_s));
            }
        }
    }

    /// The mirror of no swallowed rise: who has been calm for long enough since they reached their level, leaves it.
    #[test]
    fn no_fall_is_swallowed(levels in some_levels(), samples in some_samples()) {
        let run = run_all(&levels, &samples);
        for i in 1..samples.len() {
            let Some(plan) = levels.iter().find(|plan| Some(plan.level) == run[i - 1].1) else { continue };
            let arrived = (0..i).rev().take_while(|&j| run[j].1 == run[i - 1].1).last().unwrap();
            // The sample that brought it here counts towards the next fall where it was a fall, and can't where it was a rise.
            let held = held_us(&samples[arrived..], i - arrived, |reading| is_below(reading, plan.clear));
            let is_due = held.is_some_and(|held| held >= microseconds(plan.clear_hold_s));
            prop_assert_eq!(is_due, run[i].0.iter().any(is_fall), "sample {}", i);
        }
    }

    #[test]
    fn events_make_a_chain(levels in some_levels(), samples in some_samples()) {
        let (mut level, mut since, mut stale) = (None, None, false);
        for ((at, _), (told, after)) in samples.iter().zip(run_all(&levels, &samples)) {
            for transition in told {
                prop_assert_eq!(transition.from, level);
                let plan = |wanted: Option<Level>| levels.iter().find(|plan| Some(plan.level) == wanted);
                match transition.kind {
                    Raised => {
                        prop_assert!(transition.to > level);
                        since = since.or(Some(*at));
                        prop_assert_eq!(transition.threshold, plan(transition.to).map(|plan| plan.raise));
                    }
                    Lowered | Cleared => {
                        prop_assert!(transition.to < level);
                        prop_assert_eq!(transition.kind == Cleared, transition.to.is_none());
                        prop_assert_eq!(transition.threshold, plan(transition.from).map(|plan| plan.clear));
                    }
                    Stale | Fresh => {
                        prop_assert!(level.is_some() && transition.to == level && transition.threshold.is_none());
                        prop_assert_eq!(stale, transition.kind == Fresh);
                        stale = !stale;
                    }
                }
                prop_assert_eq!(Some(transition.since), since);
                level = transition.to;
                since = since.filter(|_| level.is_some());
            }
            prop_assert_eq!(level, after);
        }
    }

    #[test]
    fn no_alert_begins_twice_without_an_end_between(levels in some_levels(), samples in some_samples()) {
        let mut is_on = false;
        for transition in told(&levels, &samples) {
            match (transition.kind, transition.from) {
                (Raised, None) => prop_assert!(!std::mem::replace(&mut is_on, true)),
                (Cleared, _) => prop_assert!(std::mem::replace(&mut is_on, false)),
                _ => prop_assert!(is_on),
            }
        }
    }

    #[test]
    fn a_level_is_not_raised_twice_without_a_fall_between(levels in some_levels(), samples in some_samples()) {
        let mut highest = None;
        for transition in told(&levels, &samples) {
            prop_assert!(transition.kind != Raised || transition.to > highest);
            highest = transition.to;
        }
    }

    #[test]
    fn it_steps_down_one_set_level_at_a_time(levels in some_levels(), samples in some_samples()) {
        for transition in told(&levels, &samples).filter(is_fall) {
            let next = levels.iter().rfind(|plan| Some(plan.level) < transition.from).map(|plan| plan.level);
            prop_assert_eq!(transition.to, next);
        }
    }

    #[test]
    fn worse_downwards_is_the_mirror_image(levels in some_levels(), samples in some_samples()) {
        let mirror = |plan: &LevelPlan| LevelPlan { raise: -plan.raise, clear: -plan.clear, ..*plan };
        let mirrored: Vec<Sample> = samples.iter().map(|&(at, reading)| (at, mirrored(reading))).collect();
        let mut machine = LevelMachine::new(&levels.iter().map(mirror).collect::<Vec<_>>(), Worse::Low);
        let run = with_thresholds(run_on(&mut machine, &mirrored), |threshold| -threshold);
        prop_assert_eq!(run, run_all(&levels, &samples));
    }

    #[test]
    fn away_from_zero_the_sign_is_nothing(
        levels in some_levels(), samples in some_samples(), signs in any::<u64>()
    ) {
        // What bounds a size from above has no like among bounds of a value.
        let samples: Vec<Sample> = samples
            .into_iter()
            .map(|(at, reading)| (at, if matches!(reading, AtMost(_)) { BLIND } else { reading }))
            .collect();
        // No size is below 0, and no clear value can be.
        let plan = |plan: LevelPlan| LevelPlan { clear: plan.clear.max(0.0), ..plan };
        let levels: Vec<LevelPlan> = levels.into_iter().map(plan).collect();
        let signed = |(i, &(at, reading)): (usize, &Sample)| {
            (at, if signs >> (i % 64) & 1 == 1 { mirrored(reading) } else { reading })
        };
        let signed: Vec<Sample> = samples.iter().enumerate().map(signed).collect();
        let run = run_on(&mut LevelMachine::new(&levels, Worse::AwayFromZero), &signed);
        prop_assert_eq!(run, run_all(&levels, &samples));
    }

    #[test]
    fn a_sample_tells_one_change_of_freshness_and_one_of_level_at_most(
        levels in some_levels(), samples in some_samples()
    ) {
        for (told, _) in run_all(&levels, &samples) {
            let kinds: Vec<_> = told.iter().map(|transition| [Stale, Fresh].contains(&transition.kind)).collect();
            prop_assert!([&[][..], &[true], &[false], &[true, false]].contains(&kinds.as_slice()), "{:?}", kinds);
        }
    }

    #[test]
    fn stale_and_fresh_are_told_once_each_time_and_only_of_an_alert(
        levels in some_levels(), samples in some_samples()
    ) {
        let run = run_all(&levels, &samples);
        for i in 1..samples.len() {
            let [before, now] = [i - 1, i].map(|at| samples[at].1.is_known());
            let expected = match (before, now) {
                (true, false) => Some(Stale),
                (false, true) => Some(Fresh),
                _ => None,
            };
            let kinds = run[i].0.iter().map(|transition| transition.kind);
            let of_freshness: Vec<_> = kinds.filter(|kind| [Stale, Fresh].contains(kind)).collect();
            prop_assert_eq!(of_freshness, expected.filter(|_| run[i - 1].1.is_some()).into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn while_unknown_nothing_is_told_but_that(levels in some_levels(), samples in some_samples()) {
        let mut before = None;
        for ((_, reading), (told, level)) in samples.iter().zip(run_all(&levels, &samples)) {
            if !reading.is_known() {
                prop_assert_eq!(level, before);
                prop_assert!(told.iter().all(|transition| transition.kind == Stale));
            }
            before = level;
        }
    }

    #[test]
    fn right_after_a_gap_only_what_needs_no_hold_happens(levels in some_levels(), samples in some_samples()) {
        for (i, (told, _)) in run_all(&levels, &samples).into_iter().enumerate().skip(1) {
            if samples[i].0.0 - samples[i - 1].0.0 <= 5_000_000 {
                continue;
            }
            for transition in told {
                let plan = |wanted: Option<Level>| levels.iter().find(|plan| Some(plan.level) == wanted).unwrap();
                match transition.kind {
                    Raised => prop_assert_eq!(plan(transition.to).hold_s, 0.0),
                    Lowered | Cleared => prop_assert_eq!(plan(transition.from).clear_hold_s, 0.0),
                    Stale | Fresh => {}
                }
            }
        }
    }

    #[test]
    fn below_the_lowest_raise_value_nothing_is_ever_told(levels in some_levels(), samples in some_samples()) {
        let below = levels[0].raise - 0.25;
        let calm: Vec<Sample> =
            samples.into_iter().map(|(at, reading)| (at, reading.map(|value| value.min(below)))).collect();
        prop_assert!(run_all(&levels, &calm).iter().all(|(told, level)| told.is_empty() && level.is_none()));
    }

    #[test]
    fn flicker_faster_than_the_hold_never_alerts(
        levels in some_levels(), runs in prop::collection::vec((1i64..20, 0i64..1_000_000), 1..30)
    ) {
        let plan = |plan: LevelPlan| LevelPlan { hold_s: plan.hold_s + 0.5, ..plan };
        let levels: Vec<LevelPlan> = levels.into_iter().map(plan).collect();
        let hold_us = levels.iter().map(|plan| microseconds(plan.hold_s)).min().unwrap();
        let mut samples = Vec::new();
        let mut at = 0;
        for (count, pause_us) in runs {
            // All samples of a run lie within less than the shortest hold.
            let step = (hold_us - 1) / count;
            samples.extend((0..count).map(|i| (Timestamp(at + i * step), Valid(99.0))));
            at += hold_us;
            samples.push((Timestamp(at), Valid(0.0)));
            at += 1 + pause_us;
        }
        prop_assert!(run_all(&levels, &samples).iter().all(|(told, _)| told.is_empty()));
    }

    #[test]
    fn a_higher_input_never_gives_a_lower_level(
        levels in some_levels(), samples in some_samples(), extra in any::<u64>()
    ) {
        let more = |i: usize| f64::from((extra >> (i % 60) & 15) as u32);
        let higher: Vec<Sample> = samples
            .iter()
            .enumerate()
            .map(|(i, &(at, reading))| (at, reading.map(|value| value + more(i))))
            .collect();
        for ((_, low), (_, high)) in run_all(&levels, &samples).iter().zip(run_all(&levels, &higher)) {
            prop_assert!(high >= *low);
        }
    }

    #[test]
    fn lower_bounds_raise_as_values_do_and_never_lower(levels in some_levels(), samples in some_samples()) {
        let bounds: Vec<Sample> = samples
            .iter()
            .map(|&(at, reading)| (at, reading.value().map_or(reading.unless_calm(), AtLeast)))
            .collect();
        let mut before = None;
        for ((_, of_values), (told, level)) in run_all(&levels, &samples).iter().zip(run_all(&levels, &bounds)) {
            prop_assert!(!told.iter().any(is_fall));
            prop_assert!(level >= before && level >= *of_values);
            before = level;
        }
    }

    #[test]
    fn scaling_values_and_thresholds_changes_nothing(
        levels in some_levels(), samples in some_samples(), power in -20i32..20
    ) {
        // By a power of two, which rounds nothing.
        let scale = f64::from(power).exp2();
        let scaled: Vec<LevelPlan> = levels
            .iter()
            .map(|plan| LevelPlan { raise: scale * plan.raise, clear: scale * plan.clear, ..*plan })
            .collect();
        let values: Vec<Sample> =
            samples.iter().map(|&(at, reading)| (at, reading.map(|value| scale * value))).collect();
        let run = with_thresholds(run_all(&scaled, &values), |threshold| threshold / scale);
        prop_assert_eq!(run, run_all(&levels, &samples));
    }

    #[test]
    fn only_differences_of_time_matter(
        levels in some_levels(), samples in some_samples(), shift_us in -1_000_000_000_000i64..1_000_000_000_000_000
    ) {
        let shifted: Vec<Sample> =
            samples.iter().map(|&(at, reading)| (Timestamp(at.0 + shift_us), reading)).collect();
        let mut expected = run_all(&levels, &samples);
        for transition in expected.iter_mut().flat_map(|(told, _)| told) {
            transition.since.0 += shift_us;
        }
        prop_assert_eq!(run_all(&levels, &shifted), expected);
    }

    #[test]
    fn a_restart_anywhere_is_no_restart(levels in some_levels(), samples in some_samples(), at in 0usize..112) {
        let (first, second) = samples.split_at(at % (samples.len() + 1));
        let mut before = machine(&levels);
        let mut parts = run_on(&mut before, first);
        let mut copy = before.clone();
        // As it is written and read again.
        let mut restored = machine(&levels);
        restored.restore(&serde_json::from_str(&serde_json::to_string(&before.state()).unwrap()).unwrap());
        let rest = run_on(&mut restored, second);
        prop_assert_eq!(&rest, &run_on(&mut copy, second));
        parts.extend(rest);
        prop_assert_eq!(parts, run_all(&levels, &samples));
    }

    #[test]
    fn late_samples_change_nothing(
        levels in some_levels(), samples in some_samples(), late in any::<u64>(), back_us in 0i64..9_000_000
    ) {
        let mut machine = machine(&levels);
        let mut run = Vec::new();
        for (i, sample) in samples.iter().enumerate() {
            run.extend(run_on(&mut machine, std::slice::from_ref(sample)));
            let reading = if late >> (i % 64) & 1 == 1 { Valid(99.0) } else { NOTHING };
            let told = run_on(&mut machine, &[(Timestamp(sample.0.0 - back_us), reading)]);
            prop_assert!(told[0].0.is_empty());
        }
        prop_assert_eq!(run, run_all(&levels, &samples));
    }

    #[test]
    fn events_come_in_the_order_of_time(levels in some_levels(), samples in some_samples(), stir in any::<u64>()) {
        // Samples come in any order: those that are late must not make an event that is.
        let mut stirred = samples;
        for i in 1..stirred.len() {
            let back = (stir >> (i % 60) & 7) as usize;
            stirred.swap(i, i.saturating_sub(back));
        }
        let mut newest = None;
        for ((at, _), (told, _)) in stirred.iter().zip(run_all(&levels, &stirred)) {
            prop_assert!(told.is_empty() || newest.is_none_or(|newest| *at > newest));
            prop_assert!(told.iter().all(|transition| transition.since <= *at));
            newest = newest.max(Some(*at));
        }
    }

    #[test]
    fn a_lasting_value_brings_every_state_to_rest(
        levels in some_levels(), samples in some_samples(), high in any::<bool>()
    ) {
        let mut machine = machine(&levels);
        run_on(&mut machine, &samples);
        let value = if high { levels[levels.len() - 1].raise } else { -100.0 };
        run_on(&mut machine, &lasting(samples[samples.len() - 1].0, Valid(value)));
        prop_assert_eq!(machine.level(), levels.last().map(|plan| plan.level).filter(|_| high));
    }

    #[test]
    fn nothing_to_measure_clears_in_the_end_whichever_way_is_worse(
        levels in some_levels(), samples in some_samples()
    ) {
        for worse in [Worse::High, Worse::Low, Worse::AwayFromZero] {
            let mut machine = LevelMachine::new(&levels, worse);
            run_on(&mut machine, &samples);
            let rest = run_on(&mut machine, &lasting(samples[samples.len() - 1].0, NOTHING));
            prop_assert!(rest.iter().flat_map(|(told, _)| told).all(|transition| transition.kind != Raised));
            prop_assert_eq!(machine.level(), None);
        }
    }
}
