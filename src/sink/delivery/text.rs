//! Messages for people: chats and mail. Short, the gravest first, to be read on a phone at night.

use jiff::tz::TimeZone;

use super::payload::{MayEnter, Measured, Payload, StepText};
use super::words::{self, pick};
use crate::config::Language;
use crate::model::{NoticeKind, StepState, Timestamp};

/// Steps of a plan that are written out; how many more there are is said.
const MOST_STEPS: usize = 8;

/// A message in two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line: level, what happened, where.
    pub title: String,
    /// The rest, one fact a line.
    pub body: String,
}

impl Message {
    /// What a payload says, with times in this time zone.
    #[must_use]
    pub fn of(payload: &Payload, language: Language, time_zone: &TimeZone) -> Self {
        let writer = Writer { payload, language, time_zone };
        Self { title: writer.title(), body: writer.body() }
    }

    /// Title and body as one text of at most so many bytes; what is cut off is marked.
    #[must_use]
    pub fn within(&self, most_bytes: usize) -> String {
        const CUT: &str = "…";
        let text = format!("{}\n{}", self.title, self.body);
        if text.len() <= most_bytes {
            return text;
        }
        let end = text.floor_char_boundary(most_bytes.saturating_sub(CUT.len()));
        format!("{}{CUT}", &text[..end])
    }
}

struct Writer<'a> {
    payload: &'a Payload,
    language: Language,
    time_zone: &'a TimeZone,
}

impl<'a> Writer<'a> {
    fn pick(&self, zh: &'a str, en: &'a str) -> &'a str {
        pick(self.language, zh, en)
    }

    fn title(&self) -> String {
        let Payload { level, level_before, kind, drill, .. } = self.payload;
        let word = |level| words::level(level, self.language);
        // An end is marked by the level that is over.
        let shown = level.or(*level_before).map(word);
        let happened = match (kind, level_before, self.language) {
            (NoticeKind::Raised, Some(before), Language::Chinese) => format!("升级（原{}）", word(*before)),
            (NoticeKind::Raised, Some(before), Language::English) => format!("raised from {}", word(*before)),
            (NoticeKind::Lowered, Some(before), Language::Chinese) => format!("降级（原{}）", word(*before)),
            (NoticeKind::Lowered, Some(before), Language::English) => format!("lowered from {}", word(*before)),
            (kind, ..) => words::kind(*kind, self.language).to_owned(),
        };
        let place = self.place();
        match self.language {
            Language::Chinese => {
                let drill = if *drill { "【演练】" } else { "" };
                let level = shown.map_or("【预警】".to_owned(), |level| format!("【{level}预警】"));
                format!("{drill}{level}{happened}：{place}")
            }
            Language::English => {
                let drill = if *drill { "[DRILL] " } else { "" };
                let level = shown.map_or("[ALERT]".to_owned(), |level| format!("[{level}]"));
                format!("{drill}{level} {happened}: {place}")
            }
        }
    }

    /// Site and place by their names; the rule's where there is none.
    fn place(&self) -> String {
        let of_place = self.payload.place.as_ref().and_then(|place| {
            let part = place.zone.as_ref().or(place.line.as_ref()).or(place.site.as_ref()).or(place.camera.as_ref());
            Some(part?.name.as_str())
        });
        let site = self.payload.site.as_ref().map(|site| site.name.as_str());
        match (site, of_place) {
            (Some(site), Some(place)) if site != place => format!("{site} · {place}"),
            (_, Some(name)) | (Some(name), None) => name.to_owned(),
            (None, None) => self.payload.rule.name.clone(),
        }
    }

    fn body(&self) -> String {
        let mut lines = Vec::new();
        let payload = self.payload;
        lines.extend(payload.measure.as_ref().map(|measure| self.measured(measure)));
        lines.push(self.since());
        lines.extend(payload.may_enter.map(|may_enter| self.may_enter(may_enter)));
        lines.extend(payload.who.as_ref().map(|who| format!("{}{who}", self.pick("操作人：", "By: "))));
        if let Some(until) = payload.until.as_deref() {
            lines.push(format!("{}{}", self.pick("截止：", "Until: "), self.time(until)));
        }
        lines.extend(payload.text.as_ref().map(|text| format!("{}{text}", self.pick("说明：", "Note: "))));
        if let Some(step) = &payload.step {
            let state = words::step_state(step.state, self.language);
            let label = self.pick("步骤", "Step");
            lines.push(format!("{label}{}{}", self.pick("：", ": "), self.step(step, Some(state))));
        } else if says_plan(payload.kind) {
            self.plan(&mut lines);
        }
        if let Some(measure) = payload.measure.as_ref().filter(|_| says_source(payload.kind)) {
            lines.push(format!("{}{}", self.pick("阈值依据：", "Threshold from: "), measure.source));
        }
        if payload.drill {
            lines.push(self.pick("这是演练，并非实际险情。", "This is a drill, not the real thing.").to_owned());
        }
        lines.join("\n")
    }

    fn measured(&self, measure: &Measured) -> String {
        let name = words::measure(&measure.name, self.language);
        let unit = words::unit(&measure.unit, self.language);
        let value = match (measure.value, measure.quality.as_str()) {
            (Some(value), "at_least") => format!("{} {}{unit}", self.pick("至少", "at least"), number(value)),
            (Some(value), "at_most") => format!("{} {}{unit}", self.pick("至多", "at most"), number(value)),
            (Some(value), _) => format!("{}{unit}", number(value)),
            (None, quality) => {
                let reason = quality.strip_prefix("unknown:").unwrap_or_default();
                format!("{}{}", self.pick("未知：", "unknown: "), words::unknown(reason, self.language))
            }
        };
        // What an older measurement says is not what is now.
        let is_old = measure.value.is_some() && measure.time.as_deref().is_some_and(|time| time != self.payload.time);
        let when = match measure.time.as_deref().filter(|_| is_old) {
            Some(time) => match self.language {
                Language::Chinese => format!("（{}）", self.time(time)),
                Language::English => format!(" (at {})", self.time(time)),
            },
            None => String::new(),
        };
        let threshold = match measure.threshold {
            Some(threshold) => format!("{}{}", self.pick("，阈值 ", ", threshold "), number(threshold)),
            None => String::new(),
        };
        format!("{name} {value}{when}{threshold}")
    }

    fn since(&self) -> String {
        let Payload { time, since, .. } = self.payload;
        let (from, to) = (self.time(since), self.time(time));
        match (self.payload.kind, self.language) {
            _ if time == since => format!("{} {to}", self.pick("时间", "At")),
            (NoticeKind::Cleared, Language::Chinese) => format!("{from} 起，{to} 止"),
            (NoticeKind::Cleared, Language::English) => format!("From {from} to {to}"),
            (_, Language::Chinese) => format!("时间 {to}，{from} 起"),
            (_, Language::English) => format!("At {to}, since {from}"),
        }
    }

    fn may_enter(&self, may_enter: MayEnter) -> String {
        let people = number(may_enter.people.max(0.0).floor());
        let rate = may_enter.per_minute.map(|rate| number(rate.max(0.0).floor()));
        match self.language {
            Language::Chinese => {
                format!(
                    "还可进入 {people} 人{}",
                    rate.map_or(String::new(), |rate| format!("，每分钟放行不超过 {rate} 人"))
                )
            }
            Language::English => format!(
                "May still enter: {people} people{}",
                rate.map_or(String::new(), |rate| format!(", at most {rate} a minute"))
            ),
        }
    }

    fn plan(&self, lines: &mut Vec<String>) {
        let Some(plan) = &self.payload.plan else { return };
        lines.push(match self.language {
            Language::Chinese => format!("预案「{}」", plan.name),
            Language::English => format!("Plan \"{}\"", plan.name),
        });
        for (at, step) in plan.steps.iter().enumerate().take(MOST_STEPS) {
            let state = words::step_state(step.state, self.language);
            let state = (step.state != StepState::Waiting).then_some(state);
            lines.push(format!("{}. {}", at + 1, self.step(step, state)));
        }
        let more = plan.steps.len().saturating_sub(MOST_STEPS);
        if more > 0 {
            lines.push(match self.language {
                Language::Chinese => format!("……另有 {more} 步"),
                Language::English => format!("… and {more} more"),
            });
        }
    }

    fn step(&self, step: &StepText, state: Option<&str>) -> String {
        let text = self.pick(&step.text_zh, &step.text);
        let limit = step.limit_s.map(|limit_s| match (self.language, limit_s % 60.0 == 0.0) {
            (Language::Chinese, true) => format!("{} 分钟内", limit_s / 60.0),
            (Language::Chinese, false) => format!("{limit_s} 秒内"),
            (Language::English, true) => format!("within {} min", limit_s / 60.0),
            (Language::English, false) => format!("within {limit_s} s"),
        });
        let unit = step.unit.as_ref().map(|unit| unit.name.clone());
        let facts: Vec<String> = [unit, limit, state.map(str::to_owned)].into_iter().flatten().collect();
        match (facts.is_empty(), self.language) {
            (true, _) => text.to_owned(),
            (false, Language::Chinese) => format!("{text}（{}）", facts.join("，")),
            (false, Language::English) => format!("{text} ({})", facts.join(", ")),
        }
    }

    /// Hour, minute and second; the date too where it is another day than the message's.
    fn time(&self, written: &str) -> String {
        let zoned = |text: &str| {
            let time = Timestamp::from_rfc3339(text)?;
            jiff::Timestamp::from_microsecond(time.0).ok().map(|time| self.time_zone.to_datetime(time))
        };
        let Some(time) = zoned(written) else { return written.to_owned() };
        let same_day = zoned(&self.payload.time).is_some_and(|now| now.date() == time.date());
        let zone = if *self.time_zone == TimeZone::UTC { " UTC" } else { "" };
        let format = if same_day { "%H:%M:%S" } else { "%m-%d %H:%M:%S" };
        format!("{}{zone}", time.strftime(format))
    }
}

/// Messages after which something is to be done.
fn says_plan(kind: NoticeKind) -> bool {
    matches!(kind, NoticeKind::Raised | NoticeKind::Escalated | NoticeKind::Reminder)
}

/// Messages that somebody may have to defend.
fn says_source(kind: NoticeKind) -> bool {
    matches!(kind, NoticeKind::Raised | NoticeKind::Escalated)
}

/// At most two digits behind the point.
fn number(value: f64) -> String {
    // No "-0".
    let rounded = (value * 100.0).round() / 100.0 + 0.0;
    format!("{rounded}")
}
