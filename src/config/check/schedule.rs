//! The calendar, schedules and profiles.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::{Checker, Fault, FaultKind, KeyPath, defaults};
use crate::config::raw::RawConfig;
use crate::config::raw_response::{RawProfile, RawSchedule};
use crate::config::{Calendar, OnHolidays, Profile, Schedule};
use crate::model::SiteId;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// The calendar with everything that is read by it.
pub(super) fn check(checker: &mut Checker<'_>, raw: &RawConfig) -> Option<(Calendar, Vec<Schedule>, Vec<Profile>)> {
    let top = KeyPath::default();
    let calendar_path = top.key("calendar");
    let zone_path = calendar_path.key("time_zone");
    let written = raw.calendar.time_zone.as_deref();
    if written.is_none() {
        let schedule = raw.schedules.keys().next().map(|id| top.key("schedules").key(id));
        let profile = raw.profiles.keys().next().map(|id| top.key("profiles").key(id));
        if let Some(path) = schedule.or(profile) {
            let expected = "calendar.time_zone, such as \"Asia/Shanghai\"";
            checker.note(&path, Fault::new(FaultKind::MissingKey, "no time zone to read it by", expected));
        }
    }
    let time_zone = match written {
        Some(name) => match TimeZone::get(name) {
            Ok(time_zone) => Some(time_zone),
            Err(_) => {
                let fault = Fault::new(
                    FaultKind::BadCalendar,
                    format!("{name:?}"),
                    "a time zone by its IANA name, such as \"Asia/Shanghai\" or \"Europe/Berlin\"",
                );
                checker.note(&zone_path, fault);
                None
            }
        },
        None => Some(TimeZone::UTC),
    };
    let holidays = dates(checker, &raw.calendar.holidays, &calendar_path.key("holidays"));
    let schedules: Vec<Option<Schedule>> = raw
        .schedules
        .iter()
        .map(|(id, schedule)| self::schedule(checker, id, schedule, &top.key("schedules").key(id)))
        .collect();
    let profiles: Vec<Option<Profile>> = raw
        .profiles
        .iter()
        .map(|(id, profile)| self::profile(checker, id, profile, &top.key("profiles").key(id)))
        .collect();
    let calendar = Calendar { time_zone: time_zone?, holidays: holidays? };
    Some((calendar, schedules.into_iter().collect::<Option<_>>()?, profiles.into_iter().collect::<Option<_>>()?))
}

fn schedule(checker: &mut Checker<'_>, id: &str, raw: &RawSchedule, path: &KeyPath) -> Option<Schedule> {
    let is_id = checker.id(path, SiteId::new(id)).is_some();
    let days = match &raw.days {
        Some(written) => {
            let path = path.key("days");
            written.iter().enumerate().map(|(index, day)| checker.word(&path.index(index), day, &DAYS)).collect()
        }
        None => Some(DAYS.map(|(_, day)| day).to_vec()),
    };
    let mut time = |key: &str, written: &Option<String>| match written {
        Some(written) => time_of_day(checker, &path.key(key), written),
        None => Some(Time::midnight()),
    };
    let (from, to) = (time("from", &raw.from), time("to", &raw.to));
    let holidays = match raw.holidays.as_deref() {
        Some(written) => checker.word(&path.key("holidays"), written, &OnHolidays::ALL),
        None => Some(OnHolidays::AsUsual),
    };
    let schedule = Schedule { id: id.to_owned(), days: days?, from: from?, to: to?, holidays: holidays? };
    if schedule.days.is_empty() && matches!(schedule.holidays, OnHolidays::AsUsual | OnHolidays::Never) {
        let fault =
            Fault::new(FaultKind::BadCalendar, "no day", "at least one day, or holidays = \"also\" or \"only\"")
                .help("Nothing would ever apply");
        checker.note(&path.key("days"), fault);
        return None;
    }
    is_id.then_some(schedule)
}

fn time_of_day(checker: &mut Checker<'_>, path: &KeyPath, written: &str) -> Option<Time> {
    // Jiff would take seconds and fractions too, and a date before them.
    let is_plain = written.len() == 5 && written.as_bytes()[2] == b':';
    match written.parse::<Time>() {
        Ok(time) if is_plain => Some(time),
        _ => {
            let fault =
                Fault::new(FaultKind::BadCalendar, format!("{written:?}"), "a time of day from \"00:00\" to \"23:59\"");
            checker.note(path, fault);
            None
        }
    }
}

fn profile(checker: &mut Checker<'_>, id: &str, raw: &RawProfile, path: &KeyPath) -> Option<Profile> {
    let is_id = checker.id(path, SiteId::new(id)).is_some();
    let name = raw.name.as_deref().map_or(Some(id.to_owned()), |name| checker.text(&path.key("name"), name));
    let dates = dates(checker, &raw.dates, &path.key("dates"));
    let profile = Profile { id: id.to_owned(), name: name?, dates: dates? };
    is_id.then_some(profile)
}

fn dates(checker: &mut Checker<'_>, written: &[String], path: &KeyPath) -> Option<Vec<Date>> {
    let date = |(index, written): (usize, &String)| {
        let date = written.parse::<Date>().ok().filter(|_| written.len() == "2026-10-01".len());
        if date.is_none() {
            let fault = Fault::new(FaultKind::BadCalendar, format!("{written:?}"), "a date such as \"2026-10-01\"");
            checker.note(&path.index(index), fault);
        }
        date
    };
    let dates: Vec<Option<Date>> = written.iter().take(defaults::DATES_MOST).enumerate().map(date).collect();
    dates.into_iter().collect()
}
