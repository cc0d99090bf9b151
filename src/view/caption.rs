//! The texts in a picture. OpenCV's Hershey fonts have ASCII only: a name in Chinese can't be drawn, so its id stands
//! for it, m² is written `m2` and "at least" `>=`.

use crate::model::{Level, LineState, Measure, ObjectClass, Reading, Timestamp, Track, ZoneState};

/// The name where it can be drawn, else the id.
pub fn drawable<'a>(name: &'a str, id: &'a str) -> &'a str {
    if !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic() || c == ' ') { name } else { id }
}

/// The value with so many decimals, `>=` or `<=` before a bound, `?` for unknown.
pub fn figure(reading: Reading, decimals: usize) -> String {
    match reading {
        Reading::Valid(value) => format!("{value:.decimals$}"),
        Reading::AtLeast(value) => format!(">={value:.decimals$}"),
        Reading::AtMost(value) => format!("<={value:.decimals$}"),
        Reading::Unknown(_) => "?".to_owned(),
    }
}

/// `3  0.45/m2` where people alone are counted, else `3 person  2 bicycle  0.45/m2`; one `?` where nothing is known.
pub fn zone(state: &ZoneState) -> String {
    if !known(state) {
        return "?".to_owned();
    }
    let only_people = matches!(&state.classes[..], [class] if class.class == ObjectClass::Person);
    let classes = state.classes.iter().map(|class| {
        let figure = figure(class.occupancy, 0);
        if only_people { figure } else { format!("{figure} {}", class.class) }
    });
    let density = state.readings.get(Measure::Density).map(|density| format!("{}/m2", figure(density, 2)));
    classes.chain(density).collect::<Vec<_>>().join("  ")
}

/// Whether any value of the zone is known.
pub fn known(state: &ZoneState) -> bool {
    let occupancies = state.classes.iter().map(|class| class.occupancy);
    occupancies.chain(state.readings.get(Measure::Density)).any(|reading| reading.value().is_some())
}

/// `in 12  out 7` where people alone are counted, else the same for each class with its name; `>=` before those of people
/// where some were missed.
pub fn line(state: &LineState) -> String {
    let only_people = matches!(state.totals[..], [(ObjectClass::Person, ..)]);
    let classes = state.totals.iter().map(|(class, inwards, outwards)| {
        let bound = if *class == ObjectClass::Person && state.people_were_missed { ">=" } else { "" };
        let figures = format!("in {bound}{inwards}  out {bound}{outwards}");
        if only_people { figures } else { format!("{class} {figures}") }
    });
    classes.collect::<Vec<_>>().join("  ")
}

/// A track's number, its last four digits: enough to tell those apart who are there together. With its class where it
/// isn't a person.
pub fn track(track: &Track) -> String {
    let number = track.id.0 % 10_000;
    if track.class == ObjectClass::Person { number.to_string() } else { format!("{} {number}", track.class) }
}

/// `2026-11-24 03:00:00 UTC`.
pub fn moment(at: Timestamp) -> String {
    let text = at.to_rfc3339();
    match (text.get(..10), text.get(11..19)) {
        (Some(date), Some(time)) => format!("{date} {time} UTC"),
        _ => text,
    }
}

/// `03:00:00`, with the date where it isn't that of `now`.
pub fn time_of_day(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (moment(at), moment(now));
    match (at.get(..10) == now.get(..10), at.get(11..19)) {
        (true, Some(time)) => time.to_owned(),
        _ => at,
    }
}

/// `45 s`, `12 min`, `3 h 5 min`.
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// A level in capitals.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Blue => "BLUE",
        Level::Yellow => "YELLOW",
        Level::Orange => "ORANGE",
        Level::Red => "RED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LineId, Readings, UnknownReason, ZoneClassState, ZoneId};

    fn state(classes: &[(ObjectClass, Reading)], density_per_m2: Option<Reading>) -> ZoneState {
        let class = |&(class, occupancy)| ZoneClassState {
            class,
            occupancy,
            entries_total: 0,
            exits_total: 0,
            stays_total: 0,
            dwell_seconds_total: 0.0,
            longest_dwell_s: None,
        };
        let density = density_per_m2.map(|density| (Measure::Density, density));
        ZoneState {
            saturation: None,
            zone: ZoneId::new("z").unwrap(),
            classes: classes.iter().map(class).collect(),
            readings: density.into_iter().collect(),
        }
    }

    #[test]
    fn a_zone_says_how_far_its_figures_can_be_trusted() {
        let person = |reading| [(ObjectClass::Person, reading)];
        let unknown = Reading::Unknown(UnknownReason::NoFrames);
        assert_eq!(zone(&state(&person(Reading::Valid(3.0)), None)), "3");
        assert_eq!(zone(&state(&person(Reading::Valid(3.0)), Some(Reading::Valid(0.449)))), "3  0.45/m2");
        assert_eq!(zone(&state(&person(Reading::AtLeast(40.0)), Some(Reading::AtLeast(4.1)))), ">=40  >=4.10/m2");
        assert_eq!(zone(&state(&person(unknown), Some(unknown))), "?");
        assert!(!known(&state(&person(unknown), Some(unknown))));
        let both = [(ObjectClass::Person, Reading::Valid(3.0)), (ObjectClass::Bicycle, Reading::Valid(0.0))];
        assert_eq!(zone(&state(&both, None)), "3 person  0 bicycle");
        assert_eq!(zone(&state(&both[1..], None)), "0 bicycle");
    }

    #[test]
    fn a_line_says_both_ways() {
        let line_with = |totals: &[_], people_were_missed| {
            let (id, totals) = (LineId::new("l").unwrap(), totals.to_vec());
            line(&LineState { line: id, totals, people_were_missed, readings: Readings::NONE })
        };
        let state = |totals: &[_]| line_with(totals, false);
        assert_eq!(state(&[(ObjectClass::Person, 12, 7)]), "in 12  out 7");
        let both = [(ObjectClass::Person, 12, 7), (ObjectClass::Car, 1, 0)];
        assert_eq!(state(&both), "person in 12  out 7  car in 1  out 0");
        assert_eq!(line_with(&both, true), "person in >=12  out >=7  car in 1  out 0");
    }

    #[test]
    fn names_that_the_font_lacks_give_way_to_ids() {
        assert_eq!(drawable("Chen Yi Square", "chen_yi"), "Chen Yi Square");
        assert_eq!(drawable("陈毅广场", "chen_yi"), "chen_yi");
        assert_eq!(drawable("", "chen_yi"), "chen_yi");
    }

    #[test]
    fn times_are_short_and_say_the_day_where_it_is_another() {
        let at = Timestamp(0).plus_seconds(3_723.9);
        assert_eq!(moment(at), "1970-01-01 01:02:03 UTC");
        assert_eq!(time_of_day(at, Timestamp(0)), "01:02:03");
        assert_eq!(time_of_day(at, at.plus_seconds(86_400.0)), "1970-01-01 01:02:03 UTC");
        let durations = [-1.0, 59.9, 60.0, 3_599.0, 11_100.0].map(duration);
        assert_eq!(durations, ["0 s", "59 s", "1 min", "59 min", "3 h 5 min"]);
    }
}
