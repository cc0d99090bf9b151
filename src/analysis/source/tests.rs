use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::config::{self, Plan};
use crate::model::{AlertKind, Level};

const CONFIG: &str = r#"
    [sources.campus]
    http.token_env = "TOKEN"
    stale_after_s = 30
    zones = { hall = { area_m2 = 200 }, yard = {} }
    lines.gate = {}
    [rules.hall_full]
    zone = "campus/hall"
    measure = "occupancy"
    levels.orange = { raise = 100, hold_s = 10, clear_hold_s = 0 }
"#;

fn analysis() -> SourceAnalysis {
    let environment = |name: &str| (name == "TOKEN").then(|| "secret".to_owned());
    let plan: Plan = config::parse(CONFIG, Path::new("/site"), &environment).unwrap_or_else(|error| panic!("{error}"));
    SourceAnalysis::new(&plan.sources[0], RuleEngine::of_camera(&plan, &plan.sources[0].id))
}

fn at(second: f64) -> Timestamp {
    Timestamp(1_795_489_200_000_000).plus_seconds(second)
}

fn zones(second: f64, told: &[(&str, f64)]) -> SourceMessage {
    let zones = told.iter().map(|(id, people)| (ZoneId::new(id).unwrap(), *people)).collect();
    SourceMessage { at: at(second), zones, lines: Vec::new() }
}

fn gate(second: f64, in_total: u64, out_total: u64) -> SourceMessage {
    let totals = LineTotals { in_total, out_total };
    SourceMessage { at: at(second), zones: Vec::new(), lines: vec![(LineId::new("gate").unwrap(), totals)] }
}

/// Takes a message in the moment in which it was counted.
fn take(analysis: &mut SourceAnalysis, message: &SourceMessage) -> Result<FrameReport, MessageRefused> {
    analysis.take((message.at, message.at), message)
}

fn occupancy(report: &FrameReport, zone: usize) -> Reading {
    report.zones[zone].readings.get(Measure::Occupancy).unwrap()
}

fn flow(report: &FrameReport, direction: Direction) -> Reading {
    report.lines[0].readings.get(Measure::flow(direction)).unwrap()
}

const NOT_REPORTED: Reading = Reading::Unknown(UnknownReason::NotReported);
const NOT_STARTED: Reading = Reading::Unknown(UnknownReason::NotStarted);
const NOT_ENOUGH: Reading = Reading::Unknown(UnknownReason::NotEnough);

#[test]
fn what_is_told_holds_until_it_is_stale_place_by_place() {
    let mut analysis = analysis();
    let report = analysis.tick(at(0.0));
    assert_eq!((occupancy(&report, 0), analysis.silent_s()), (NOT_STARTED, None), "unknown, and not overdue yet");
    let report = take(&mut analysis, &zones(1.0, &[("hall", 40.0), ("yard", 7.0)])).unwrap();
    assert_eq!((occupancy(&report, 0), occupancy(&report, 1)), (Reading::Valid(40.0), Reading::Valid(7.0)));
    assert_eq!(report.zones[0].readings.get(Measure::Density), Some(Reading::Valid(0.2)));
    assert_eq!(report.zones[1].readings.get(Measure::Density), None, "its area is not known");
    assert_eq!(flow(&report, Direction::In), NOT_STARTED);
    // Only the hall is told of again.
    take(&mut analysis, &zones(21.0, &[("hall", 41.0)])).unwrap();
    let report = analysis.tick(at(31.5));
    assert_eq!((occupancy(&report, 0), occupancy(&report, 1)), (Reading::Valid(41.0), NOT_REPORTED));
    // Of the gate it was never told.
    assert_eq!((analysis.silent_s(), report.readings.value(Measure::Blind)), (Some(31.5), Some(31.5)));
    let gate = analysis.take((at(40.0), at(40.0)), &gate(40.0, 5, 5)).unwrap();
    assert_eq!(
        (flow(&gate, Direction::In), analysis.silent_s()),
        (NOT_ENOUGH, Some(39.0)),
        "of the yard since second 1"
    );
    take(&mut analysis, &zones(41.0, &[("yard", 8.0)])).unwrap();
    assert_eq!(analysis.silent_s(), None);
    let report = analysis.tick(at(51.5));
    assert_eq!((occupancy(&report, 0), occupancy(&report, 1)), (NOT_REPORTED, Reading::Valid(8.0)));
    assert_eq!(analysis.silent_s(), Some(30.5), "one dark place is enough");
}

#[test]
fn a_source_that_never_tells_anything_is_silent_from_the_start() {
    let mut analysis = analysis();
    analysis.tick(at(0.0));
    analysis.tick(at(30.0));
    assert_eq!(analysis.silent_s(), None);
    let report = analysis.tick(at(31.0));
    assert_eq!((occupancy(&report, 0), analysis.silent_s()), (NOT_STARTED, Some(31.0)));
}

#[test]
fn a_count_that_came_late_is_old_by_as_much() {
    let mut analysis = analysis();
    analysis.take((at(20.0), at(20.0)), &zones(0.0, &[("hall", 40.0)])).unwrap();
    assert_eq!(occupancy(&analysis.tick(at(29.0)), 0), Reading::Valid(40.0));
    assert_eq!(occupancy(&analysis.tick(at(31.0)), 0), NOT_REPORTED);
}

#[test]
fn times_that_cannot_be_are_refused_and_change_nothing() {
    let mut analysis = analysis();
    take(&mut analysis, &zones(100.0, &[("hall", 40.0)])).unwrap();
    let said = |analysis: &mut SourceAnalysis, second| {
        let refused = analysis.take((at(101.0), at(101.0)), &zones(second, &[("hall", 9.0)]));
        refused.expect_err("refused").to_string()
    };
    insta::assert_snapshot!([106.5, 70.5, 99.9].map(|second| said(&mut analysis, second)).join("\n"), @r"
    at: found 2026-11-24T03:01:46.500000Z, 5.5 s ahead of this machine's clock, expected at most 5 s: set both clocks by NTP
    at: found 2026-11-24T03:01:10.500000Z, 30.5 s ago by this machine's clock, expected at most stale_after_s = 30: send counts when they are counted, and set both clocks by NTP
    at: found 2026-11-24T03:01:39.900000Z, expected 2026-11-24T03:01:40.000000Z or later: that is when the newest of the same places was counted
    ");
    assert_eq!(occupancy(&analysis.tick(at(102.0)), 0), Reading::Valid(40.0));
    // Another computer behind the same source may be slower, and tells of other places.
    let report = analysis.take((at(102.0), at(102.0)), &zones(98.0, &[("yard", 2.0)])).unwrap();
    assert_eq!(occupancy(&report, 1), Reading::Valid(2.0));
    // Of the same moment it may tell more, and it may repeat itself.
    let report = analysis.take((at(102.0), at(102.0)), &zones(100.0, &[("yard", 3.0)])).unwrap();
    assert_eq!((occupancy(&report, 0), occupancy(&report, 1)), (Reading::Valid(40.0), Reading::Valid(3.0)));
    assert!(report.at > at(102.0), "rules see each report later than the one before");
}

#[test]
fn a_clock_that_was_set_back_is_heard_again_after_a_silence() {
    let mut analysis = analysis();
    take(&mut analysis, &zones(3600.0, &[("hall", 40.0)])).unwrap();
    // This machine's and the sender's clock were set back by an hour; the analysis's own time goes on.
    let again = zones(10.0, &[("hall", 41.0)]);
    assert!(analysis.take((at(3610.0), at(10.0)), &again).is_err());
    analysis.tick(at(3631.0));
    let again = zones(32.0, &[("hall", 42.0)]);
    let report = analysis.take((at(3632.0), at(32.0)), &again).unwrap();
    assert_eq!(occupancy(&report, 0), Reading::Valid(42.0));
}

#[test]
fn flow_is_over_a_minute_and_begins_anew_after_a_fall_a_gap_or_a_leap() {
    let mut analysis = analysis();
    let mut flows = |second: f64, in_total, out_total| {
        let report = take(&mut analysis, &gate(second, in_total, out_total)).unwrap();
        (flow(&report, Direction::In), flow(&report, Direction::Out), report.lines[0].totals[0].1)
    };
    assert_eq!(flows(0.0, 1_000_000, 5), (NOT_ENOUGH, NOT_ENOUGH, 0), "of what was before nobody knows when");
    assert_eq!(flows(9.0, 1_000_009, 5).0, NOT_ENOUGH);
    assert_eq!(flows(20.0, 1_000_010, 10), (Reading::Valid(30.0), Reading::Valid(15.0), 10));
    flows(40.0, 1_000_010, 10);
    flows(60.0, 1_000_010, 10);
    assert_eq!(flows(80.0, 1_000_070, 10).0, Reading::Valid(60.0), "since second 20");
    // The counter was replaced by another.
    assert_eq!(flows(100.0, 3, 0), (NOT_ENOUGH, NOT_ENOUGH, 70));
    assert_eq!(flows(115.0, 18, 0).0, Reading::Valid(60.0));
    // Nothing for longer than stale_after_s.
    assert_eq!(flows(146.0, 19, 0).0, NOT_ENOUGH);
    assert_eq!(flows(156.0, 20, 0), (Reading::Valid(6.0), Reading::Valid(0.0), 86));
    assert_eq!(flows(170.0, 900_000, 0), (NOT_ENOUGH, NOT_ENOUGH, 86), "no gate lets through so many");
    let report = analysis.tick(at(171.0));
    assert!(report.lines[0].people_were_missed, "the totals are a lower bound from the first such break on");
}

#[test]
fn a_rule_holds_through_the_pauses_between_messages_and_stays_while_nothing_is_known() {
    let mut analysis = analysis();
    let mut told = take(&mut analysis, &zones(0.0, &[("hall", 120.0)])).unwrap().alerts;
    (1..=31).for_each(|second| told.extend(analysis.tick(at(f64::from(second))).alerts));
    let kinds = |told: &[crate::model::AlertEvent]| -> Vec<_> {
        told.iter().map(|event| (event.kind, event.to, event.at.seconds_since(at(0.0)).round())).collect()
    };
    assert_eq!(
        kinds(&told),
        [(AlertKind::Raised, Some(Level::Orange), 10.0), (AlertKind::Stale, Some(Level::Orange), 31.0)]
    );
    let told = take(&mut analysis, &zones(60.0, &[("hall", 10.0)])).unwrap().alerts;
    assert_eq!(told.last().map(|event| event.kind), Some(AlertKind::Cleared), "{told:?}");
}

fn messages() -> impl Strategy<Value = Vec<(f64, u64, u64)>> {
    proptest::collection::vec((1.0..50.0f64, 0u64..3000, 0u64..3000), 1..60)
}

proptest! {
    /// Whatever a counter does, no flow is negative or more than any gate lets through, and totals only grow.
    #[test]
    fn a_flow_is_never_negative_or_giant(messages in messages(), resets in proptest::collection::vec(any::<u16>(), 60)) {
        let mut analysis = analysis();
        let (mut second, mut inside, mut outside, mut last) = (0.0, 0u64, 0u64, (0, 0));
        for ((pause_s, more_in, more_out), reset) in messages.into_iter().zip(resets) {
            second += pause_s;
            if reset % 7 == 0 {
                (inside, outside) = (u64::from(reset) << (reset % 40), 0);
            }
            inside += more_in;
            outside += more_out;
            let report = take(&mut analysis, &gate(second, inside, outside)).unwrap();
            for direction in [Direction::In, Direction::Out] {
                if let Some(per_min) = flow(&report, direction).value() {
                    prop_assert!((0.0..=MOST_PER_MIN).contains(&per_min), "{per_min}");
                }
            }
            let (_, in_total, out_total) = report.lines[0].totals[0];
            prop_assert!(in_total >= last.0 && out_total >= last.1);
            last = (in_total, out_total);
        }
    }

    /// A steady flow is measured exactly, whatever the pauses between messages.
    #[test]
    fn a_steady_flow_is_what_it_is(pauses in proptest::collection::vec(1u32..30, 2..60)) {
        let mut analysis = analysis();
        let mut second = 0;
        for pause in pauses {
            let report = take(&mut analysis, &gate(f64::from(second), u64::from(second) * 2, 0)).unwrap();
            if let Some(per_min) = flow(&report, Direction::In).value() {
                prop_assert!((per_min - 120.0).abs() < 1e-6, "{per_min}");
            }
            second += pause;
        }
    }

    /// What reaches rules is in order of time, whatever the clocks and messages are; nothing older follows something newer;
    /// nothing that is older than `stale_after_s` has a value.
    #[test]
    fn time_goes_forward_and_stale_is_unknown(
        steps in proptest::collection::vec((0.0..20.0f64, -40.0..10.0f64, any::<bool>()), 1..80)
    ) {
        let mut analysis = analysis();
        let (mut now, mut before, mut newest) = (0.0, None, None::<Timestamp>);
        for (later_s, skew_s, tells) in steps {
            now += later_s;
            let report = if tells {
                let message = zones(now + skew_s, &[("hall", 5.0)]);
                let Ok(report) = analysis.take((at(now), at(now)), &message) else { continue };
                // A count of a clock that is ahead is as of now.
                newest = Some(message.at.min(at(now)));
                report
            } else {
                analysis.tick(at(now))
            };
            prop_assert!(before.is_none_or(|before| report.at > before));
            before = Some(report.at);
            let age_s = newest.map(|newest| at(now).seconds_since(newest));
            let is_known = occupancy(&report, 0).value().is_some();
            // A microsecond on either side of the border is not looked at.
            if age_s.is_none_or(|age_s| (age_s - 30.0).abs() > 1e-3) {
                prop_assert_eq!(is_known, age_s.is_some_and(|age_s| age_s < 30.0), "{:?}", age_s);
            }
        }
    }
}
