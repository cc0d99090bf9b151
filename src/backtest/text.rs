//! The report as text.

use std::fmt::Write as _;

use super::recorded::{Matched, OnRecord};
use super::report::{ConditionReport, EpisodeReport, LevelReport, Replayed, Report, RuleReport, RuleRow};

/// So many times of a level are listed; JSON has them all.
const MOST_LISTED: usize = 10;

/// The report for people. Times are UTC, to the second.
#[must_use]
pub fn as_text(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line(format!("candidate  {}", report.candidate));
    line(format!("today      {}", report.today.as_deref().unwrap_or("not known: name its configuration with --today")));
    line(format!("samples    {}", report.samples));
    line(format!("time       {} to {} ({})", short(&report.from), short(&report.to), duration(report.seconds)));
    report.notes.iter().for_each(|note| line(format!("note       {note}")));
    for row in &report.rules {
        line(String::new());
        line(rule(row, report.today.is_some()));
    }
    if let Some(record) = &report.record {
        line(String::new());
        line(format!("On record in this time, drills left out: {}.", count(record.alerts, "alert")));
        line(on_record("the candidate", &record.candidate));
        if let Some(today) = &record.today {
            line(on_record("today's rules", today));
        }
    }
    text
}

fn rule(row: &RuleRow, has_today: bool) -> String {
    let mut text = row.rule.to_string();
    if row.name != row.rule.as_str() {
        let _ = write!(text, " ({})", row.name);
    }
    let same = matches!((&row.candidate, &row.today), (Some(a), Some(b)) if a.conditions == b.conditions);
    for (who, rule) in [("candidate", &row.candidate), ("today", &row.today)] {
        match rule {
            None if who == "today" && !has_today => {}
            None => {
                let _ = write!(text, "\n  {who}: no such rule");
            }
            Some(rule) if same && who == "today" => text.push_str(&replayed("today", rule)),
            Some(rule) => {
                let who = if same { "candidate and today" } else { who };
                for condition in &rule.conditions {
                    let _ = write!(text, "\n  {who}: {}", known(condition));
                }
                text.push_str(&replayed(if same { "candidate" } else { who }, rule));
            }
        }
    }
    let levels = |rule: &Option<RuleReport>| rule.as_ref().map_or(Vec::new(), |rule| rule.levels.clone());
    let (candidate, today) = (levels(&row.candidate), levels(&row.today));
    if candidate.is_empty() && today.is_empty() {
        return text;
    }
    let _ = write!(
        text,
        "\n  {:<8}{:<11}{:>6}  {:>16}  {:>16}  {:>16}",
        "level", "rules", "times", "at or above", "longest", "of it unknown"
    );
    let mut all: Vec<(&'static str, &LevelReport)> = Vec::new();
    all.extend(candidate.iter().map(|level| ("candidate", level)));
    all.extend(today.iter().map(|level| ("today", level)));
    // Stable: the candidate's stands before today's.
    all.sort_by_key(|(_, level)| level.level);
    for (who, level) in &all {
        let _ = write!(
            text,
            "\n  {:<8}{:<11}{:>6}  {:>16}  {:>16}  {:>16}",
            level.level.as_str(),
            who,
            level.times,
            duration(level.total_s),
            duration(level.longest_s),
            duration(level.unknown_s)
        );
    }
    for (_, level) in all.iter().filter(|(who, level)| *who == "candidate" && level.times > 0) {
        let _ = write!(text, "\n  {}, candidate:", level.level);
        level.episodes.iter().take(MOST_LISTED).for_each(|at| text.push_str(&episode(at)));
        if let Some(last) = level.episodes.get(MOST_LISTED..).and_then(<[_]>::last) {
            let _ = write!(text, "\n    … {} more, the last:{}", level.times - MOST_LISTED, episode(last));
        }
    }
    text
}

fn episode(episode: &EpisodeReport) -> String {
    let open = if episode.until.is_none() { ", still on at the end" } else { "" };
    format!("\n    {} for {}{open}", short(&episode.from), duration(episode.seconds))
}

fn known(condition: &ConditionReport) -> String {
    let ConditionReport { place, measure, .. } = condition;
    if condition.samples == 0 {
        return format!("{place} {measure}: no samples in this time");
    }
    let mut text = format!(
        "{place} {measure}: known in {:.1} % of the time, unknown in {:.1} %",
        100.0 * condition.known_share,
        100.0 * condition.unknown_share
    );
    if condition.bound_share > 0.0 {
        let _ = write!(text, "; known as a bound in {:.1} %", 100.0 * condition.bound_share);
    }
    if !condition.without_samples.is_empty() {
        let _ = write!(text, "; no samples of {}", condition.without_samples.join(", "));
    }
    text
}

fn replayed(who: &str, rule: &RuleReport) -> String {
    match rule.replayed {
        Replayed::Whole => String::new(),
        Replayed::InPart => format!("\n  {who}: replayed in part, it would have fired at least as often as this"),
        Replayed::Not => format!("\n  {who}: could not be replayed, without samples nothing is known of it"),
    }
}

fn on_record(who: &str, on: &OnRecord) -> String {
    let matched = |of: &Matched| {
        let unknown = if of.unknown == 0 { String::new() } else { format!(" (of {} nothing can be told)", of.unknown) };
        format!("in {}{unknown}", of.fired)
    };
    format!(
        "Of the {} that operators acknowledged, {who} would have fired {}; of the {} that they shelved, {}; of the {} \
         that nobody answered, {}. Raised in all: {}, of which on record there is no counterpart of {}.",
        count(on.acknowledged.of, "alert"),
        matched(&on.acknowledged),
        on.shelved.of,
        matched(&on.shelved),
        on.unanswered.of,
        matched(&on.unanswered),
        count(on.alerts, "alert"),
        on.alerts_not_on_record,
    )
}

fn count(number: u64, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{s}")
}

/// RFC 3339 without the parts of a second.
fn short(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}

/// The two largest units; half a second more or less is not told.
fn duration(seconds: f64) -> String {
    let whole = seconds.round() as i64;
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => format!("{minutes} min {rest:02} s"),
        (0, ..) => format!("{hours} h {minutes:02} min"),
        _ => format!("{days} d {hours:02} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        let told = [0.0, 0.4, 59.6, 61.0, 3599.0, 7260.0, 90_000.0].map(duration);
        assert_eq!(told, ["0 s", "0 s", "1 min 00 s", "1 min 01 s", "59 min 59 s", "2 h 01 min", "1 d 01 h"]);
        assert_eq!(short("2026-11-24T03:00:00.142857Z"), "2026-11-24T03:00:00Z");
    }
}
