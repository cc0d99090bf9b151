//! Samples out of the files that `analyze` writes: `zones.csv` and `lines.csv`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as ValueError, StrDeserializer};

use super::grouping::read_for;
use super::{Period, Samples};
use crate::config::Plan;
use crate::model::{
    CameraId, LevelOfService, LineId, Measure, ObjectClass, Place, Reading, Scope, Timestamp, UnknownReason, ZoneId,
};

/// A file that can't be read as what it is said to be.
#[derive(Debug, thiserror::Error)]
pub enum RecordingFault {
    /// The file can't be read.
    #[error("{path}: cannot be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A row, or the first line, is not what `analyze` writes.
    #[error("{path}, line {line}: {found}; expected {expected}")]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
}

/// The samples of a recording that some rules look at, in memory. Measures that no rule looks at are not kept.
#[derive(Debug, Default)]
pub struct Recording {
    series: BTreeMap<(Place, Measure), Series>,
    places: BTreeSet<String>,
    ends: Option<(Timestamp, Timestamp)>,
}

#[derive(Debug, Default)]
struct Series {
    samples: Vec<(Timestamp, Reading)>,
    /// Some row says something of it: else it can't be had at this place.
    is_there: bool,
}

impl Recording {
    /// Nothing yet, of what the rules of these plans look at.
    #[must_use]
    pub fn for_rules(plans: &[&Plan]) -> Self {
        let read = plans.iter().flat_map(|plan| {
            let conditions = plan.rules.iter().flat_map(|rule| &rule.conditions);
            conditions.flat_map(|condition| read_for(plan, &condition.place, condition.measure))
        });
        Self { series: read.map(|of| (of, Series::default())).collect(), ..Self::default() }
    }

    /// Takes in a `zones.csv` ([`Scope::Zone`]) or a `lines.csv`.
    ///
    /// An empty cell reads [`UnknownReason::NotEnough`]: the file doesn't tell it from a calm place, but where the zone is
    /// known to be empty it reads [`UnknownReason::NothingToMeasure`].
    ///
    /// # Errors
    /// Where it can't be read, or a row is not as `analyze` writes it.
    pub fn read(&mut self, path: &Path, scope: Scope) -> Result<(), RecordingFault> {
        let io = |source| RecordingFault::Io { path: path.to_owned(), source };
        let mut reader = csv::Reader::from_reader(File::open(path).map_err(io)?);
        let fault = |error: csv::Error| match error.kind() {
            csv::ErrorKind::Io(_) => io(error.into()),
            _ => {
                let line = error.position().map_or(1, csv::Position::line);
                let expected = "as many cells as the first line has, in UTF-8".to_owned();
                RecordingFault::Row { path: path.to_owned(), line, found: error.to_string(), expected }
            }
        };
        let row_fault = |line: u64, (found, expected): (String, String)| RecordingFault::Row {
            path: path.to_owned(),
            line,
            found,
            expected,
        };
        let columns = Columns::of(reader.headers().map_err(fault)?, scope).map_err(|found| row_fault(1, found))?;
        let mut lanes = self.lanes(scope, &columns);
        let mut row = csv::StringRecord::new();
        while reader.read_record(&mut row).map_err(fault)? {
            let line = row.position().map_or(0, csv::Position::line);
            self.take_in(&row, &columns, scope, &mut lanes).map_err(|found| row_fault(line, found))?;
        }
        Ok(())
    }

    /// The first and the last time in it; `None`: there are no rows of people.
    #[must_use]
    pub fn ends(&self) -> Option<(Timestamp, Timestamp)> {
        self.ends
    }

    /// Every place in it, as rules name them.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(String::as_str)
    }

    /// What is kept of each place of this kind, by camera and id.
    fn lanes(&self, scope: Scope, columns: &Columns) -> HashMap<(String, String), Lane> {
        let mut lanes: HashMap<(String, String), Lane> = HashMap::new();
        for (place, measure) in self.series.keys().filter(|(place, _)| place.scope() == scope) {
            let Some(camera) = place.camera() else { continue };
            let id = place.zone().map(ToString::to_string).or_else(|| place.line().map(ToString::to_string));
            let lane = lanes.entry((camera.to_string(), id.unwrap_or_default()));
            let lane = lane.or_insert_with(|| Lane { newest: None, kept: Vec::new() });
            if let Some(&column) = columns.measures.get(measure) {
                lane.kept.push(((place.clone(), *measure), column));
            }
        }
        lanes
    }

    fn take_in(
        &mut self,
        row: &csv::StringRecord,
        columns: &Columns,
        scope: Scope,
        lanes: &mut HashMap<(String, String), Lane>,
    ) -> Result<(), (String, String)> {
        let cell = |column: usize| row.get(column).unwrap_or_default();
        if cell(columns.class) != ObjectClass::Person.as_str() {
            return Ok(());
        }
        let time = cell(columns.time);
        let at = Timestamp::from_rfc3339(time)
            .ok_or_else(|| (format!("time `{time}`"), Timestamp::RFC3339_WORDS.to_owned()))?;
        let (camera, id) = (cell(columns.camera), cell(columns.place));
        let name = format!("{camera}/{id}");
        let lane = match lanes.get_mut(&(camera.to_owned(), id.to_owned())) {
            Some(lane) => lane,
            None => {
                let is_id = CameraId::new(camera).is_ok()
                    && if scope == Scope::Line { LineId::new(id).is_ok() } else { ZoneId::new(id).is_ok() };
                if !is_id {
                    return Err((format!("place `{name}`"), format!("a camera and a {}", scope.as_str())));
                }
                lanes.entry((camera.to_owned(), id.to_owned())).or_insert(Lane { newest: None, kept: Vec::new() })
            }
        };
        if let Some(newest) = lane.newest.filter(|newest| at <= *newest) {
            let expected = format!("a time after {}, that of the row before of {name}", newest.to_rfc3339());
            return Err((format!("time `{time}`"), expected));
        }
        if lane.newest.replace(at).is_none() {
            self.places.insert(name);
        }
        self.ends = Some(self.ends.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        let not_valid = cell(columns.not_valid);
        let is_empty = columns.quality.is_some_and(|(occupancy, quality)| {
            cell(quality) == "valid" && cell(occupancy).parse::<f64>().is_ok_and(|people| people == 0.0)
        });
        for ((place, measure), column) in &lane.kept {
            let quality = match columns.quality {
                Some((occupancy, quality)) if occupancy == *column => Some(cell(quality)),
                _ => not_valid.split_ascii_whitespace().find_map(|of| {
                    of.split_once('=').filter(|(name, _)| *name == measure.facts().column).map(|(_, quality)| quality)
                }),
            };
            let value = cell(*column);
            let reading = reading(*measure, value, quality).ok_or_else(|| {
                let found = format!("{} `{value}` of quality `{}`", measure.facts().column, quality.unwrap_or("valid"));
                (
                    found,
                    "a number (a letter of level_of_service), and valid, at_least, at_most or unknown:REASON"
                        .to_owned(),
                )
            })?;
            let Some(series) = self.series.get_mut(&(place.clone(), *measure)) else { continue };
            series.is_there |= !value.is_empty() || quality.is_some();
            let reading = match reading {
                Reading::Unknown(UnknownReason::NotEnough) if is_empty && quality.is_none() => {
                    Reading::Unknown(UnknownReason::NothingToMeasure)
                }
                reading => reading,
            };
            series.samples.push((at, reading));
        }
        Ok(())
    }
}

/// What is kept of a place.
#[derive(Debug)]
struct Lane {
    newest: Option<Timestamp>,
    /// Each with its column.
    kept: Vec<((Place, Measure), usize)>,
}

/// Where things stand in a row.
#[derive(Debug)]
struct Columns {
    time: usize,
    camera: usize,
    place: usize,
    class: usize,
    not_valid: usize,
    /// The columns of occupancy and of its quality, of zones.
    quality: Option<(usize, usize)>,
    measures: BTreeMap<Measure, usize>,
}

impl Columns {
    fn of(header: &csv::StringRecord, scope: Scope) -> Result<Self, (String, String)> {
        let find = |name: &str| {
            header.iter().position(|column| column == name).ok_or_else(|| {
                let file = if scope == Scope::Zone { "zones.csv" } else { "lines.csv" };
                (format!("no column `{name}`"), format!("the columns of a {file} that this version's `analyze` writes"))
            })
        };
        let mut measures = BTreeMap::new();
        for measure in Measure::of(scope) {
            // A file of an earlier version may have fewer.
            if let Ok(column) = find(measure.facts().column) {
                measures.insert(measure, column);
            }
        }
        let quality = if scope == Scope::Zone { Some((find("occupancy")?, find("quality")?)) } else { None };
        Ok(Self {
            time: find("time")?,
            camera: find("camera")?,
            place: find(scope.as_str())?,
            class: find("class")?,
            not_valid: find("not_valid")?,
            quality,
            measures,
        })
    }
}

/// `None`: value and quality are no reading.
fn reading(measure: Measure, value: &str, quality: Option<&str>) -> Option<Reading> {
    if let Some(reason) = quality.and_then(|quality| quality.strip_prefix("unknown:")) {
        let reason: StrDeserializer<'_, ValueError> = reason.into_deserializer();
        return UnknownReason::deserialize(reason).ok().filter(|_| value.is_empty()).map(Reading::Unknown);
    }
    if value.is_empty() && quality.is_none() {
        return Some(Reading::Unknown(UnknownReason::NotEnough));
    }
    let value = match measure {
        Measure::LevelOfService => {
            let level = (0..=6).filter_map(|number| LevelOfService::from_number(f64::from(number)));
            level.into_iter().find(|level| level.as_str() == value)?.number()
        }
        _ => value.parse().ok().filter(|value: &f64| value.is_finite())?,
    };
    match quality.unwrap_or("valid") {
        "valid" => Some(Reading::Valid(value)),
        "at_least" => Some(Reading::AtLeast(value)),
        "at_most" => Some(Reading::AtMost(value)),
        _ => None,
    }
}

impl Samples for Recording {
    type Error = std::convert::Infallible;

    fn series(&self, place: &Place, measure: Measure, part: Period) -> Result<Vec<(Timestamp, Reading)>, Self::Error> {
        let series = self.series.get(&(place.clone(), measure)).filter(|series| series.is_there);
        Ok(series.map_or_else(Vec::new, |series| {
            let before = |end: Timestamp| series.samples.partition_point(|(at, _)| *at < end);
            series.samples.get(before(part.from)..before(part.to)).map_or_else(Vec::new, <[_]>::to_vec)
        }))
    }
}
