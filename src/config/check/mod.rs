//! From the configuration as written to the plan: every default filled in, every fault noted.

mod calibration;
mod camera;
mod crowds;
mod delivery;
mod evidence;
mod external;
mod forecast;
mod found_place;
mod inference;
mod place;
mod response;
mod rule;
mod schedule;
mod server;
mod site_map;
mod source;
mod store;
mod stream;

use std::path::{Path, PathBuf};

use super::document::Document;
use super::key_path::KeyPath;
use super::number::{Number, NumberFault, Range};
use super::raw::{RawConfig, RawOutput};
use super::suggest::nearest;
use super::{CameraPlan, Fault, FaultKind, HeatMapsPlan, Plan, PrivacyPlan, RulePlan, defaults};
use crate::model::IdError;

/// The plan, or everything that is wrong, in the order of the file.
pub(super) fn check(
    raw: &RawConfig,
    document: &Document<'_>,
    base_dir: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Plan, Vec<Fault>> {
    let mut checker = Checker {
        document,
        base_dir,
        environment,
        faults: Vec::new(),
        missing_secrets: Vec::new(),
        unfit_pictures: Vec::new(),
    };
    let top = KeyPath::default();
    let server = server::check(&mut checker, raw);
    let inference = inference::check(&mut checker, &raw.inference, &top.key("inference"));
    let alerts_path = top.key("output").key("alerts_jsonl");
    let alerts_jsonl = raw.output.alerts_jsonl.as_deref().and_then(|path| checker.path(&alerts_path, path));
    let heat_maps = heat_maps(&mut checker, &raw.output, &top.key("output"));
    if raw.cameras.is_empty() && raw.sources.is_empty() {
        let expected = "at least one [cameras.ID] table, or [sources.ID] for counts of other systems";
        let fault = Fault::new(FaultKind::NoCamera, "no camera", expected).help("config/minimal.toml shows one");
        checker.note(&top.key("cameras"), fault);
    }
    let cameras_path = top.key("cameras");
    // Where the table itself is at fault, a camera that asks for it is not.
    let density_map_every_s = raw.inference.density_map.as_ref().map(|_| {
        let written = inference.as_ref().and_then(|inference| inference.density_map.as_ref());
        written.map_or(defaults::DENSITY_MAP_EVERY_S, |density_map| density_map.every_s)
    });
    let mut cameras: Vec<CameraPlan> = raw
        .cameras
        .iter()
        .filter_map(|(id, camera)| camera::check(&mut checker, id, camera, &cameras_path.key(id), density_map_every_s))
        .collect();
    let sources = external::check(&mut checker, raw);
    let response = response::check(&mut checker, raw, (&cameras, &sources));
    let maps = site_map::check(&mut checker, raw);
    let calendar = schedule::check(&mut checker, raw);
    let around = rule::Surroundings {
        raw,
        cameras: &cameras,
        response: response.as_ref(),
        schedules: calendar.as_ref().map(|(_, schedules, _)| schedules.as_slice()),
    };
    let rules_path = top.key("rules");
    let rules: Vec<RulePlan> = raw
        .rules
        .iter()
        .filter_map(|(id, rule)| rule::check(&mut checker, id, rule, &rules_path.key(id), &around))
        .collect();
    forecast::check(&mut checker, &rules_path, &cameras, &rules);
    forecast::tell_zones_their_thresholds(&mut cameras, &rules);
    let destinations = delivery::check(&mut checker, raw);
    let store = store::check(&mut checker, raw);
    let evidence = raw.evidence.as_deref().and_then(|raw| evidence::check(&mut checker, raw, &top.key("evidence")));
    let blur_heads = raw.privacy.blur_heads.unwrap_or(defaults::BLUR_HEADS);
    let mut faults = checker.faults;
    if !faults.is_empty() {
        faults.append(&mut checker.missing_secrets);
        faults.append(&mut checker.unfit_pictures);
    }
    match (server, inference, heat_maps, response, calendar, destinations, (store, maps)) {
        (
            Some(server),
            Some(inference),
            Some(heat_maps),
            Some(response),
            Some((calendar, schedules, profiles)),
            Some(destinations),
            (Some(store), Some(maps)),
        ) if faults.is_empty() => {
            if heat_maps.folder.is_some() {
                cameras.iter_mut().for_each(|camera| camera.heat_map_cell_m = Some(heat_maps.cell_m));
            }
            let privacy = PrivacyPlan { blur_heads };
            Ok(Plan {
                server,
                inference,
                privacy,
                cameras,
                sources,
                rules,
                response,
                maps,
                calendar,
                schedules,
                profiles,
                destinations,
                store,
                alerts_jsonl,
                heat_maps,
                written: String::new(),
                // Where it is at fault, there are faults.
                evidence,
            })
        }
        _ => {
            faults.sort_by_key(|fault| fault.line);
            Err(faults)
        }
    }
}

/// What every part of the check needs: where faults go, and the outside that a configuration may refer to.
struct Checker<'c> {
    document: &'c Document<'c>,
    base_dir: &'c Path,
    environment: &'c dyn Fn(&str) -> Option<String>,
    faults: Vec<Fault>,
    missing_secrets: Vec<Fault>,
    unfit_pictures: Vec<Fault>,
}

impl Checker<'_> {
    /// Notes a fault at a place.
    fn note(&mut self, path: &KeyPath, fault: Fault) {
        let fault = self.at(path, fault);
        self.faults.push(fault);
    }

    /// The fault with its place.
    fn at(&self, path: &KeyPath, mut fault: Fault) -> Fault {
        fault.path = path.to_string();
        fault.line = self.document.line_of(path);
        fault
    }

    /// Notes that a key must be given.
    fn missing(&mut self, path: &KeyPath, expected: impl Into<String>) {
        self.note(path, Fault::new(FaultKind::MissingKey, "nothing", expected));
    }

    /// The value of an id, with what is wrong noted.
    fn id<T>(&mut self, path: &KeyPath, id: Result<T, IdError>) -> Option<T> {
        id.map_err(|error| {
            let expected = "1 to 64 of a-z, 0-9, `_` and `-`, starting with a letter or digit";
            let fault = Fault::new(FaultKind::BadId, format!("the id {:?}", error.found), expected)
                .help("What people read, in any language and script, goes into `name`");
            self.note(path, fault);
        })
        .ok()
    }

    /// A number in a range.
    fn number(&mut self, path: &KeyPath, number: Number, range: Range) -> Option<f64> {
        let fault = match number.within(range) {
            Ok(value) => return Some(value),
            Err(NumberFault::NotFinite) => FaultKind::NotFinite,
            Err(NumberFault::OutOfRange) => FaultKind::OutOfRange,
            Err(NumberFault::NotWhole) => FaultKind::NotWhole,
        };
        self.note(path, Fault::new(fault, number, range.to_string()));
        None
    }

    /// A number in a range, or the default where it isn't given.
    fn number_or(&mut self, path: &KeyPath, number: Option<Number>, range: Range, default: f64) -> Option<f64> {
        number.map_or(Some(default), |number| self.number(path, number, range))
    }

    /// A number in a range, where it is given: `Some(None)` where it isn't, `None` where it is wrong.
    fn optional_number(&mut self, path: &KeyPath, number: Option<Number>, range: Range) -> Option<Option<f64>> {
        number.map_or(Some(None), |number| self.number(path, number, range).map(Some))
    }

    /// Two numbers, `[first, second]`.
    fn pair(&mut self, path: &KeyPath, numbers: &[Number], range: Range, shape: &str) -> Option<(f64, f64)> {
        if let &[first, second] = numbers {
            let first = self.number(&path.index(0), first, range);
            let second = self.number(&path.index(1), second, range);
            return first.zip(second);
        }
        let found = match numbers.len() {
            1 => "1 number".to_owned(),
            count => format!("{count} numbers"),
        };
        self.note(path, Fault::new(FaultKind::WrongLength, found, format!("two: {shape}")));
        None
    }

    /// Width and height of a picture in pixels.
    fn frame_size(&mut self, path: &KeyPath, numbers: &[Number]) -> Option<(u32, u32)> {
        let (width, height) = self.pair(path, numbers, defaults::FRAME_PX, "[width, height] in pixels")?;
        Some((width as u32, height as u32))
    }

    /// A text for people: one line, not empty.
    fn text(&mut self, path: &KeyPath, text: &str) -> Option<String> {
        let expected = format!("1 to {} letters on one line", defaults::TEXT_MOST);
        let letters = text.chars().count();
        let found = if text.trim().is_empty() {
            "an empty text".to_owned()
        } else if letters > defaults::TEXT_MOST {
            format!("{letters} letters")
        } else if text.chars().any(char::is_control) {
            format!("{text:?}")
        } else {
            return Some(text.to_owned());
        };
        self.note(path, Fault::new(FaultKind::BadText, found, expected));
        None
    }

    /// A path, made absolute from the configuration's folder.
    fn path(&mut self, path: &KeyPath, text: &str) -> Option<PathBuf> {
        let expected = "a path, from the configuration's folder or absolute";
        let fault = if text.trim().is_empty() {
            Fault::new(FaultKind::BadPath, "an empty text", expected)
        } else if text.contains('\0') {
            Fault::new(FaultKind::BadPath, format!("{text:?}"), expected)
        } else if text.starts_with("~/") {
            Fault::new(FaultKind::BadPath, format!("{text:?}"), expected)
                .help("`~` is not read here: write your home folder out")
        } else if text.contains("://") {
            Fault::new(FaultKind::BadPath, format!("{text:?}"), expected)
                .help("A camera's network address goes into [cameras.ID.source.rtsp] or [….http] as `url`")
        } else {
            return Some(self.base_dir.join(text));
        };
        self.note(path, fault);
        None
    }

    /// One of a few words.
    fn word<T: Copy>(&mut self, path: &KeyPath, written: &str, words: &[(&str, T)]) -> Option<T> {
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == written) {
            return Some(*meaning);
        }
        let known: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        let expected = match known.as_slice() {
            [first, second] => format!("{first} or {second}"),
            _ => format!("one of {}", known.join(", ")),
        };
        let fault = Fault::new(FaultKind::UnknownWord, format!("{written:?}"), expected);
        self.note(path, fault.meant(nearest(written, words.iter().map(|(word, _)| *word))));
        None
    }
}

fn heat_maps(checker: &mut Checker<'_>, raw: &RawOutput, path: &KeyPath) -> Option<HeatMapsPlan> {
    let folder = match &raw.heat_maps {
        Some(folder) => checker.path(&path.key("heat_maps"), folder).map(Some),
        None => Some(None),
    };
    let cell_path = path.key("heat_map_cell_m");
    let cell_m = checker.number_or(&cell_path, raw.heat_map_cell_m, defaults::HEAT_MAP_CELL, defaults::HEAT_MAP_CELL_M);
    Some(HeatMapsPlan { folder: folder?, cell_m: cell_m? })
}
