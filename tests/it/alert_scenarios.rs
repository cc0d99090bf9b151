//! Scenarios of what places read over time, and what the rules make of it: `tests/scenarios/alerts/*.toml`, written to
//! be read by the people who are alerted. `tests/scenarios/alerts/README.md` says how to write one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crowdflow::config::{self, Plan};
use crowdflow::model::{
    CameraId, Level, LineId, LineState, Measure, Reading, Readings, Timestamp, UnknownReason, ZoneId, ZoneState,
};
use crowdflow::rules::{CameraReadings, RuleEngine};
use serde::Deserialize;

/// The day's midnight in Beijing: 2026-10-01T00:00:00+08:00.
const MIDNIGHT: Timestamp = Timestamp(1_790_784_000_000_000);

/// A second or a span of them, as written: `00:01:30`.
type Clock = String;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    title: String,
    story: String,
    /// Default: a minute after the last time that is written.
    until: Option<Clock>,
    /// As in a configuration.
    rules: toml::Table,
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
        let rules = toml::Table::from_iter([("rules".to_owned(), toml::Value::Table(self.rules.clone()))]);
        text + &rules.to_string()
    }

    /// First and last second.
    fn span(&self) -> (i64, i64) {
        let measures = [&self.zones, &self.lines, &self.cameras].into_iter().flat_map(BTreeMap::values);
        let entries = measures.flat_map(BTreeMap::values).flatten().map(|(from, _)| seconds(from));
        let told = self.expect.iter().map(|[at, ..]| seconds(at));
        let gaps = self.blind.values().chain(self.silent.values()).flatten().flatten().map(|at| seconds(at));
        let times: BTreeSet<i64> = entries.chain(told).chain(gaps).collect();
        let until = self.until.as_deref().map(seconds);
        (*times.first().unwrap(), until.unwrap_or(times.last().unwrap() + 60))
    }

    fn play(&self, plan: &Plan, mut engine: RuleEngine, from: i64, to: i64) -> (RuleEngine, Vec<[String; 4]>) {
        let mut told = Vec::new();
        let within = |spans: &BTreeMap<String, Vec<[Clock; 2]>>, camera: &str, second: i64| {
            let is_in = |[from, to]: &[Clock; 2]| (seconds(from)..seconds(to)).contains(&second);
            spans.get(camera).is_some_and(|spans| spans.iter().any(is_in))
        };
        for second in from..=to {
            for camera in plan.cameras.iter().map(|camera| camera.id.as_str()) {
                if within(&self.silent, camera, second) {
                    continue;
                }
                let is_blind = within(&self.blind, camera, second);
                let zone = |(id, measures): (&str, _)| ZoneState {
                    zone: ZoneId::new(id).unwrap(),
                    classes: Vec::new(),
                    saturation: None,
                    readings: readings(measures, second, is_blind),
                };
                let line = |(id, measures): (&str, _)| LineState {
                    line: LineId::new(id).unwrap(),
                    totals: Vec::new(),
                    people_were_missed: false,
                    readings: readings(measures, second, is_blind),
                };
                let zones: Vec<_> = self.of_camera(&self.zones, camera).into_iter().map(zone).collect();
                let lines: Vec<_> = self.of_camera(&self.lines, camera).into_iter().map(line).collect();
                let whole = self.cameras.get(camera).map(|of| readings(of, second, is_blind));
                let whole = whole.unwrap_or(Readings::NONE);
                let places = CameraReadings { zones: &zones, lines: &lines, camera: &whole };
                let at = MIDNIGHT.plus_seconds(second as f64);
                for event in engine.step(at, &CameraId::new(camera).unwrap(), places) {
                    assert_eq!(event.at, at);
                    let level = event.to.map_or("calm", Level::as_str);
                    told.push([clock(second), event.rule.to_string(), event.kind.as_str().into(), level.to_owned()]);
                }
            }
        }
        (engine, told)
    }
}

/// What differs from what is expected, one line each.
fn faults(scenario: &Scenario) -> Vec<String> {
    let plan = config::parse(&scenario.config_text(), Path::new("."), &|_| None);
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => return vec![format!("the rules are not a configuration: {error}")],
    };
    let (first, last) = scenario.span();
    let engine = RuleEngine::new(&plan.rules);
    let (_, told) = scenario.play(&plan, engine.clone(), first, last);
    let line = |entry: &[String; 4]| entry.join("  ");
    let mut faults = Vec::new();
    let missing = scenario.expect.iter().filter(|entry| !told.contains(entry));
    faults.extend(missing.map(|entry| format!("expected and not told: {}", line(entry))));
    let unexpected = told.iter().filter(|entry| !scenario.expect.contains(entry));
    faults.extend(unexpected.map(|entry| format!("told and not expected: {}", line(entry))));
    if faults.is_empty() && told != scenario.expect {
        faults.push(format!("told in another order, or twice: {told:?}"));
    }
    // A copy of the rules that goes on in the middle of it tells the rest.
    for cut in (first..last).step_by(7) {
        let (engine, mut parts) = scenario.play(&plan, engine.clone(), first, cut);
        parts.extend(scenario.play(&plan, engine, cut + 1, last).1);
        if parts != told {
            faults.push(format!("handed over at {}, it tells {parts:?}", clock(cut)));
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
    assert!(paths.len() >= 18, "only {} scenarios found", paths.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
