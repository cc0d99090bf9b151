//! Scenarios of what places read over time, and what the rules make of it: `tests/scenarios/alerts/*.toml`, written to
//! be read by the people who are alerted. `tests/scenarios/alerts/README.md` says how to write one.

mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crowdflow::config::{self, Plan};
use crowdflow::model::{
    Action, CameraId, FrameReport, Level, LineId, LineState, Measure, Reading, Readings, Timestamp, UnknownReason,
    ZoneId, ZoneState,
};
use serde::Deserialize;
use service::{Heard, Service, level_after, step_state};

/// A second or a span of them, as written: `00:01:30`.
type Clock = String;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    title: String,
    story: String,
    /// Default: the first of October 2026, a Thursday.
    date: Option<String>,
    /// Default: a minute after the last time that is written.
    until: Option<Clock>,
    /// As in a configuration.
    rules: toml::Table,
    /// The rest of a configuration, as there. With units, the desk's alerts of its own are expected too.
    #[serde(default)]
    sites: toml::Table,
    #[serde(default)]
    units: toml::Table,
    #[serde(default)]
    plans: toml::Table,
    #[serde(default)]
    alerts: toml::Table,
    #[serde(default)]
    calendar: toml::Table,
    #[serde(default)]
    schedules: toml::Table,
    #[serde(default)]
    profiles: toml::Table,
    #[serde(default)]
    destinations: toml::Table,
    /// By `camera/zone` and measure: from when on it reads what.
    #[serde(default)]
    zones: BTreeMap<String, BTreeMap<String, Vec<(Clock, Said)>>>,
    /// By `camera/line` and measure.
    #[serde(default)]
    lines: BTreeMap<String, BTreeMap<String, Vec<(Clock, Said)>>>,
    /// By camera, of its whole picture. A camera that has no zones and lines is one that moves.
    #[serde(default)]
    cameras: BTreeMap<String, BTreeMap<String, Vec<(Clock, Said)>>>,
    /// By camera: from … to (excluded) it shows nothing, so that all of its places are unknown.
    #[serde(default)]
    blind: BTreeMap<String, Vec<[Clock; 2]>>,
    /// By camera: from … to (excluded) there is not even word that it shows nothing.
    #[serde(default)]
    silent: BTreeMap<String, Vec<[Clock; 2]>>,
    /// When, who, what they do, and about the alert of which rule where several are open.
    #[serde(default, rename = "do")]
    deeds: Vec<Vec<String>>,
    /// When the service dies, and when it is there again.
    #[serde(default)]
    down: Vec<[Clock; 2]>,
    /// When, to which destination so many messages were given up; 0: one was taken.
    #[serde(default)]
    undelivered: Vec<(Clock, String, u64)>,
    /// When, of which rule's alert, what, and the units that are told. Where it is given, all there is, in order.
    told: Option<Vec<[String; 4]>>,
    /// When, which rule, what, and the level after it (`calm`: none). All that is told, in order.
    expect: Vec<[String; 4]>,
}

/// A number, `"0.5 to 4"` (evenly, until the next entry), `"at least 3"`, `"at most 3"`, `"not enough"` or `"nothing to measure"`.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Said {
    Value(f64),
    Words(String),
}

fn seconds(clock: &str) -> i64 {
    let parts: Vec<i64> = clock.split(':').map(|part| part.parse().unwrap_or_else(|_| panic!("{clock}"))).collect();
    let [hours, minutes, seconds] = parts.as_slice() else { panic!("{clock}: a time is hh:mm:ss") };
    hours * 3600 + minutes * 60 + seconds
}

fn clock(second: i64) -> Clock {
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("{text}: expected a number"))
}

/// What a place reads in this second.
fn reading(entries: &[(Clock, Said)], second: i64) -> Reading {
    let Some(index) = entries.iter().rposition(|(from, _)| seconds(from) <= second) else {
        return Reading::Unknown(UnknownReason::NotStarted);
    };
    let (from, said) = &entries[index];
    let words = match said {
        Said::Value(value) => return Reading::Valid(*value),
        Said::Words(words) => words.as_str(),
    };
    if let Some(bound) = words.strip_prefix("at least ") {
        return Reading::AtLeast(number(bound));
    }
    if let Some(bound) = words.strip_prefix("at most ") {
        return Reading::AtMost(number(bound));
    }
    match words {
        "not enough" => return Reading::Unknown(UnknownReason::NotEnough),
        "nothing to measure" => return Reading::Unknown(UnknownReason::NothingToMeasure),
        _ => {}
    }
    let (first, last) = words.split_once(" to ").unwrap_or_else(|| panic!("{words}: see the README beside the file"));
    let (next, _) = entries.get(index + 1).unwrap_or_else(|| panic!("{words}: until when?"));
    let (first, last) = (number(first), number(last));
    let (from, next) = (seconds(from), seconds(next));
    Reading::Valid(first + (last - first) * (second - from) as f64 / (next - from) as f64)
}

fn readings(of: &BTreeMap<String, Vec<(Clock, Said)>>, second: i64, is_blind: bool) -> Readings {
    let one = |(name, entries): (&String, &Vec<(Clock, Said)>)| {
        let measure = Measure::ALL.into_iter().find(|measure| measure.as_str() == name);
        (measure.unwrap_or_else(|| panic!("{name} is no measure")), reading(entries, second))
    };
    let known: Readings = of.iter().map(one).collect();
    if is_blind { known.unknown(UnknownReason::NoFrames) } else { known }
}

impl Scenario {
    fn camera_names(&self) -> BTreeSet<&str> {
        let places = self.zones.keys().chain(self.lines.keys());
        places.map(|place| place.split_once('/').unwrap().0).chain(self.cameras.keys().map(String::as_str)).collect()
    }

    fn of_camera<'a, T>(&self, places: &'a BTreeMap<String, T>, camera: &str) -> Vec<(&'a str, &'a T)> {
        let own = |(place, value): (&'a String, &'a T)| {
            place.strip_prefix(camera)?.strip_prefix('/').map(|place| (place, value))
        };
        places.iter().filter_map(own).collect()
    }

    /// The rules with cameras that have these places, all that can be known of them known.
    fn config_text(&self) -> String {
        let mut text = String::new();
        for camera in self.camera_names() {
            text += &format!("[cameras.{camera}]\nsource.file = {{ path = \"-\", fps = 1 }}\n");
            let (zones, lines) = (self.of_camera(&self.zones, camera), self.of_camera(&self.lines, camera));
            if zones.is_empty() && lines.is_empty() {
                text += "mobile = true\n";
                continue;
            }
            text += "calibration = { frame_size = [100, 100], camera = { height_m = 10, tilt_deg = 60, focal_px = 100 } }\n";
            let around: Vec<String> = lines.iter().map(|(line, _)| format!("{line} = \"in\"")).collect();
            for (line, _) in lines {
                text += &format!("lines.{line} = {{ a = [0, 0.5], b = [1, 0.5], allowed = \"in\" }}\n");
            }
            for (zone, _) in zones {
                text += &format!(
                    "zones.{zone} = {{ polygon = [[0, 0], [1, 0], [1, 1], [0, 1]], area_m2 = 100, enclosed_by = {{ {} }} }}\n",
                    around.join(", ")
                );
            }
        }
        let tables = [
            ("rules", &self.rules),
            ("sites", &self.sites),
            ("units", &self.units),
            ("plans", &self.plans),
            ("alerts", &self.alerts),
            ("calendar", &self.calendar),
            ("schedules", &self.schedules),
            ("profiles", &self.profiles),
            ("destinations", &self.destinations),
        ];
        let written = tables.into_iter().filter(|(_, table)| !table.is_empty());
        let tables = written.map(|(name, table)| (name.to_owned(), toml::Value::Table(table.clone())));
        // What is to be sent waits in a store, so a configuration with destinations has one.
        let store = if self.destinations.is_empty() { "" } else { "[store]\n" };
        text + &toml::Table::from_iter(tables).to_string() + store
    }

    /// In Beijing.
    fn midnight(&self) -> Timestamp {
        let date = self.date.as_deref().unwrap_or("2026-10-01");
        Timestamp::from_rfc3339(&format!("{date}T00:00:00+08:00")).unwrap()
    }

    /// First and last second.
    fn span(&self) -> (i64, i64) {
        let measures = [&self.zones, &self.lines, &self.cameras].into_iter().flat_map(BTreeMap::values);
        let entries = measures.flat_map(BTreeMap::values).flatten().map(|(from, _)| seconds(from));
        let told = self.expect.iter().chain(self.told.iter().flatten()).map(|[at, ..]| seconds(at));
        let gaps = self.blind.values().chain(self.silent.values()).flatten().chain(&self.down).flatten();
        let done = self.deeds.iter().map(|deed| &deed[0]).chain(self.undelivered.iter().map(|(at, ..)| at));
        let others = gaps.chain(done).map(|at| seconds(at));
        let times: BTreeSet<i64> = entries.chain(told).chain(others).collect();
        let until = self.until.as_deref().map(seconds);
        (*times.first().unwrap(), until.unwrap_or(times.last().unwrap() + 60))
    }

    /// What a camera reports in this second, and how long it has shown nothing; `None`: not even that.
    fn report(&self, camera: &CameraId, at: Timestamp, second: i64) -> Option<(FrameReport, Option<f64>)> {
        let within = |spans: &BTreeMap<String, Vec<[Clock; 2]>>| {
            let spans = spans.get(camera.as_str())?.iter().map(|[from, to]| seconds(from)..seconds(to));
            spans.into_iter().find(|span| span.contains(&second))
        };
        if within(&self.silent).is_some() {
            return None;
        }
        let blind_s = within(&self.blind).map(|span| (second - span.start) as f64);
        let read = |of| readings(of, second, blind_s.is_some());
        let zone = |(id, measures): (&str, _)| ZoneState {
            zone: ZoneId::new(id).unwrap(),
            classes: Vec::new(),
            saturation: None,
            readings: read(measures),
        };
        let line = |(id, measures): (&str, _)| LineState {
            line: LineId::new(id).unwrap(),
            totals: Vec::new(),
            people_were_missed: false,
            readings: read(measures),
        };
        let whole = self.cameras.get(camera.as_str()).map_or(Readings::NONE, read);
        let report = FrameReport {
            camera: camera.clone(),
            at,
            frame: None,
            tracks: Vec::new(),
            zones: self.of_camera(&self.zones, camera.as_str()).into_iter().map(zone).collect(),
            lines: self.of_camera(&self.lines, camera.as_str()).into_iter().map(line).collect(),
            readings: whole.with(Measure::Blind, Reading::Valid(blind_s.unwrap_or(0.0))),
            crossings: Vec::new(),
            alerts: Vec::new(),
        };
        Some((report, blind_s))
    }

    /// Plays it, with restarts at these seconds besides those of the scenario.
    fn play(&self, plan: &Plan, also_restart: &[i64]) -> Told {
        let (first, last) = self.span();
        let mut service = Service::new(plan);
        let (mut told, midnight) = (Told::default(), self.midnight());
        for second in first..=last {
            let at = |milliseconds: i64| Timestamp(midnight.0 + second * 1_000_000 + milliseconds * 1000);
            let mut heard = Heard::default();
            if self.down.iter().any(|[from, to]| (seconds(from)..seconds(to)).contains(&second)) {
                continue;
            }
            if also_restart.contains(&second) || self.down.iter().any(|[_, to]| seconds(to) == second) {
                service.restart(at(0), &mut heard);
            }
            // Cameras report one after the other, then people act, then the desk is told the time.
            for (index, camera) in (0..).zip(&plan.cameras) {
                if let Some((report, blind_s)) = self.report(&camera.id, at(index), second) {
                    service.report(report, blind_s, &mut heard);
                }
            }
            for deed in self.deeds.iter().filter(|deed| seconds(&deed[0]) == second) {
                self.carry_out(&mut service, at(250), deed, &mut heard);
            }
            service.tick(at(500), &mut heard);
            for (_, destination, given_up) in self.undelivered.iter().filter(|(at, ..)| seconds(at) == second) {
                service.deliveries(at(500), destination, *given_up, &mut heard);
            }
            told.hear(second, heard, !self.units.is_empty());
        }
        told
    }

    fn carry_out(&self, service: &mut Service<'_>, at: Timestamp, deed: &[String], heard: &mut Heard) {
        let [_, who, what, rule @ ..] = deed else { panic!("{deed:?}: when, who, what") };
        let (words, text) = what.split_once(": ").unwrap_or((what, ""));
        let words: Vec<&str> = words.split(' ').collect();
        let level = |name: &str| Level::ALL.into_iter().find(|level| level.as_str() == name).unwrap();
        let action = match words.as_slice() {
            ["acknowledge"] => Action::Acknowledge,
            ["shelve", "until", until] => {
                Action::Shelve { until: self.midnight().plus_seconds(seconds(until) as f64), reason: text.to_owned() }
            }
            ["unshelve"] => Action::Unshelve,
            ["escalate"] => Action::Escalate,
            ["comment"] => Action::Comment { text: text.to_owned() },
            ["step", step, state] => {
                let note = Some(text.to_owned()).filter(|text| !text.is_empty());
                Action::Step { step: (*step).to_owned(), state: step_state(state), note }
            }
            ["profile", profile, "on"] => return service.profile(at, profile, true),
            ["profile", profile, "off"] => return service.profile(at, profile, false),
            ["drill", rule, up_to, "for", hold_s] => {
                return service.begin_drill(at, rule, level(up_to), number(hold_s));
            }
            ["end", "drill", rule] => return service.end_drill(at, rule),
            _ => panic!("{what}: see the README beside the file"),
        };
        service.act(at, (who, rule.first().map(String::as_str)), action, heard);
    }
}

/// All that was told, as scenarios write it.
#[derive(Debug, Default, PartialEq)]
struct Told {
    events: Vec<[String; 4]>,
    entries: Vec<[String; 4]>,
}

impl Told {
    fn hear(&mut self, second: i64, heard: Heard, with_own: bool) {
        for event in heard.events {
            // A rule that the product brings along has a dot in its id; no configured one has.
            if with_own || !event.rule.as_str().contains('.') {
                let (kind, level) = (event.kind.as_str().to_owned(), level_after(&event).to_owned());
                self.events.push([clock(second), event.rule.to_string(), kind, level]);
            }
        }
        self.entries.extend(heard.entries.into_iter().map(|[rule, what, units]| [clock(second), rule, what, units]));
    }
}

fn differences(expected: &[[String; 4]], told: &[[String; 4]], faults: &mut Vec<String>) {
    let line = |entry: &[String; 4]| entry.join("  ");
    let before = faults.len();
    let missing = expected.iter().filter(|entry| !told.contains(entry));
    faults.extend(missing.map(|entry| format!("expected and not told: {}", line(entry))));
    let unexpected = told.iter().filter(|entry| !expected.contains(entry));
    faults.extend(unexpected.map(|entry| format!("told and not expected: {}", line(entry))));
    if faults.len() == before && told != expected {
        faults.push(format!("told in another order, or twice: {told:?}"));
    }
}

/// What differs from what is expected, one line each.
fn faults(scenario: &Scenario) -> Vec<String> {
    let plan = config::parse(&scenario.config_text(), Path::new("."), &|_| None);
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => return vec![format!("the rules are not a configuration: {error}")],
    };
    let told = scenario.play(&plan, &[]);
    let mut faults = Vec::new();
    differences(&scenario.expect, &told.events, &mut faults);
    if let Some(expected) = &scenario.told {
        differences(expected, &told.entries, &mut faults);
    }
    // Nobody notices that the service died and was there again at once. Drills end with it, and are meant to.
    if scenario.deeds.iter().any(|deed| deed[2].starts_with("drill ")) {
        return faults;
    }
    let (first, last) = scenario.span();
    let every = ((last - first) / 12).max(7);
    for cut in (first + 1..last).step_by(every as usize) {
        let again = scenario.play(&plan, &[cut]);
        if again != told {
            faults.push(format!("with a restart at {}:", clock(cut)));
            differences(&told.events, &again.events, &mut faults);
            differences(&told.entries, &again.entries, &mut faults);
        }
    }
    faults
}

#[test]
fn rules_tell_of_each_scenario_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/alerts");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let mut failures = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(scenario.title.lines().count() == 1 && !scenario.story.trim().is_empty(), "{}", path.display());
        let faults = faults(&scenario);
        if !faults.is_empty() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            failures.push(format!("{name}: {}\n  {}", scenario.title, faults.join("\n  ")));
        }
    }
    assert!(paths.len() >= 45, "only {} scenarios found", paths.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
