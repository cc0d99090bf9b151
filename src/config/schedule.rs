//! When a rule applies: weekdays, hours, holidays, and profiles for days that are out of the ordinary.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use crate::model::Timestamp;

/// What a schedule says of holidays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnHolidays {
    /// They are days like others.
    AsUsual,
    /// It applies on all of them too, whatever their weekday.
    Also,
    /// It applies on holidays only.
    Only,
    /// It does not apply on them.
    Never,
}

impl OnHolidays {
    /// All of them, by their names in configuration.
    pub const ALL: [(&'static str, Self); 4] =
        [("as_usual", Self::AsUsual), ("also", Self::Also), ("only", Self::Only), ("never", Self::Never)];
}

/// Hours of some days. Hours that reach over midnight (22:00 to 02:00) belong to the day on which they begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its id.
    pub id: String,
    /// The days on which it begins.
    pub days: Vec<Weekday>,
    /// Its begin.
    pub from: Time,
    /// Its end, excluded; the same as the begin: all day and night.
    pub to: Time,
    /// What it says of holidays.
    pub holidays: OnHolidays,
}

/// The calendar that schedules and profiles are read by.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// The time zone of days and hours.
    pub time_zone: TimeZone,
    /// Public holidays and days off.
    pub holidays: Vec<Date>,
}

/// A profile for days out of the ordinary, such as a festival: on by its dates, or because somebody switched it on.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its id.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// The days on which it is on by itself.
    pub dates: Vec<Date>,
}

impl Calendar {
    /// Whether the schedule applies at this time.
    #[must_use]
    pub fn applies(&self, schedule: &Schedule, at: Timestamp) -> bool {
        let Some(local) = self.local(at) else { return false };
        let (date, time) = (local.date(), local.time());
        let over_midnight = schedule.to <= schedule.from;
        let began_today = time >= schedule.from && (over_midnight || time < schedule.to);
        let began_yesterday = over_midnight && time < schedule.to;
        (began_today && self.begins_on(schedule, date))
            || (began_yesterday && date.yesterday().is_ok_and(|date| self.begins_on(schedule, date)))
    }

    fn begins_on(&self, schedule: &Schedule, date: Date) -> bool {
        let (day, holiday) = (schedule.days.contains(&date.weekday()), self.holidays.contains(&date));
        match schedule.holidays {
            OnHolidays::AsUsual => day,
            OnHolidays::Also => day || holiday,
            OnHolidays::Only => holiday,
            OnHolidays::Never => day && !holiday,
        }
    }

    /// Whether the profile is on by its dates at this time.
    #[must_use]
    pub fn is_dated(&self, profile: &Profile, at: Timestamp) -> bool {
        self.local(at).is_some_and(|local| profile.dates.contains(&local.date()))
    }

    /// What clocks there say; `None` thousands of years away.
    fn local(&self, at: Timestamp) -> Option<DateTime> {
        jiff::Timestamp::from_microsecond(at.0).ok().map(|at| self.time_zone.to_datetime(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn calendar() -> Calendar {
        let time_zone = TimeZone::fixed(jiff::tz::Offset::from_hours(8).unwrap());
        Calendar { time_zone, holidays: vec![date(2026, 10, 1)] }
    }

    fn schedule(days: &[Weekday], from: &str, to: &str, holidays: OnHolidays) -> Schedule {
        Schedule {
            id: "s".to_owned(),
            days: days.to_vec(),
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            holidays,
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).unwrap()
    }

    #[test]
    fn hours_are_local_and_end_before_their_end() {
        let evening = schedule(&[Weekday::Friday], "18:00", "23:30", OnHolidays::AsUsual);
        let applies = |text| calendar().applies(&evening, at(text));
        // 2026-11-27 is a Friday.
        assert!(!applies("2026-11-27T17:59:59+08:00"));
        assert!(applies("2026-11-27T18:00:00+08:00"));
        assert!(applies("2026-11-27T15:00:00Z"), "23:00 there");
        assert!(!applies("2026-11-27T23:30:00+08:00"));
        assert!(!applies("2026-11-28T18:00:00+08:00"));
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let night = schedule(&[Weekday::Friday], "22:00", "02:00", OnHolidays::AsUsual);
        let applies = |text| calendar().applies(&night, at(text));
        assert!(applies("2026-11-27T23:00:00+08:00"));
        assert!(applies("2026-11-28T01:59:00+08:00"));
        assert!(!applies("2026-11-28T02:00:00+08:00"));
        assert!(!applies("2026-11-27T01:00:00+08:00"), "the night of Thursday");
        assert!(!applies("2026-11-28T22:00:00+08:00"));
    }

    #[test]
    fn a_day_has_no_end_where_begin_and_end_are_the_same() {
        let all_day = schedule(&[Weekday::Friday], "00:00", "00:00", OnHolidays::AsUsual);
        assert!(calendar().applies(&all_day, at("2026-11-27T00:00:00+08:00")));
        assert!(calendar().applies(&all_day, at("2026-11-27T23:59:59+08:00")));
        assert!(!calendar().applies(&all_day, at("2026-11-28T00:00:00+08:00")));
    }

    #[test]
    fn holidays_are_as_the_schedule_says() {
        // 2026-10-01 is a Thursday.
        let noon = "2026-10-01T12:00:00+08:00";
        let of = |days: &[Weekday], holidays| calendar().applies(&schedule(days, "08:00", "20:00", holidays), at(noon));
        assert!(of(&[Weekday::Thursday], OnHolidays::AsUsual) && !of(&[Weekday::Friday], OnHolidays::AsUsual));
        assert!(of(&[Weekday::Friday], OnHolidays::Also) && of(&[], OnHolidays::Only));
        assert!(!of(&[Weekday::Thursday], OnHolidays::Never));
        let friday = schedule(&[Weekday::Friday], "08:00", "20:00", OnHolidays::Only);
        assert!(!calendar().applies(&friday, at("2026-10-02T12:00:00+08:00")));
    }

    #[test]
    fn a_profile_is_on_for_whole_local_days() {
        let profile = Profile { id: "p".to_owned(), name: "National Day".to_owned(), dates: vec![date(2026, 10, 1)] };
        assert!(calendar().is_dated(&profile, at("2026-09-30T16:00:00Z")));
        assert!(!calendar().is_dated(&profile, at("2026-10-01T16:00:00Z")));
    }
}
