//! The result files of `analyze`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::figure::figure;
use super::heat_map_files::{HeatMapPicture, HeatMapRows, is_picture_name, picture_name};
use crate::evaluation::{TrackRow, write_track};
use crate::flow::HeatMap;
use crate::model::{
    CameraId, FrameReport, LevelOfService, Measure, ObjectClass, Reading, Readings, Scope, UnknownReason,
};
use crate::rules::wire;

/// Folder in which results are written until they are complete.
const INCOMPLETE: &str = ".incomplete";
/// Everything that a run may leave, those results among them that the caller writes; besides these the pictures of heat
/// maps.
const RESULTS: [&str; 9] = [
    "tracks.txt",
    "crossings.csv",
    "zones.csv",
    "lines.csv",
    "alerts.jsonl",
    HEAT_MAP,
    "annotated.mp4",
    "summary.json",
    "detections.txt",
];
const HEAT_MAP: &str = "heat_map.csv";

/// Columns of `zones.csv` and `lines.csv`; behind them stand those of the measures.
const ZONE_COLUMNS: [&str; 7] = ["time", "frame", "camera", "zone", "class", "occupancy", "quality"];
const LINE_COLUMNS: [&str; 7] = ["time", "frame", "camera", "line", "class", "in_total", "out_total"];
/// The last column: the measures of this row that are bounds, or unknown for another reason than that there was not
/// enough to measure, as `column=quality`, with blanks between them. A line's totals are among them once people were missed.
const NOT_VALID: &str = "not_valid";

/// The measures of these places that have a column of their own.
fn measures(scope: Scope) -> impl Iterator<Item = Measure> {
    Measure::of(scope).filter(|&measure| measure != Measure::Occupancy)
}

/// `tracks.txt`, `crossings.csv`, `zones.csv`, `lines.csv` and `alerts.jsonl` in one folder.
///
/// Nothing half-written is left under these names: files grow in the sub-folder `.incomplete` and are moved to their
/// places by [`AnalysisFiles::finish`], where they replace all the results of an earlier run. A run that fails leaves the
/// folder as it was. Frames are counted from 1 in all of them, as the MOT Challenge format wants.
#[derive(Debug)]
pub struct AnalysisFiles {
    folder: PathBuf,
    tracks: BufWriter<File>,
    crossings: csv::Writer<File>,
    zones: csv::Writer<File>,
    lines: csv::Writer<File>,
    alerts: BufWriter<File>,
    /// Begun with the first map.
    heat_maps: Option<HeatMapRows<File>>,
    _cleanup: Cleanup,
}

/// Takes away what a run that failed has made; after one that didn't there is nothing to take away.
#[derive(Debug)]
struct Cleanup {
    folder: PathBuf,
    /// Folders that were not there before, the innermost first.
    made: Vec<PathBuf>,
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // There is nobody to tell. Folders that hold something stay.
        let _ = fs::remove_dir_all(self.folder.join(INCOMPLETE));
        for folder in &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

impl AnalysisFiles {
    /// Begins results in this folder, which is made where there is none.
    ///
    /// # Errors
    /// Where the folder or a file in it can't be written.
    pub fn create(folder: &Path) -> io::Result<Self> {
        let incomplete = folder.join(INCOMPLETE);
        let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let made = folder.ancestors().take_while(is_new).map(Path::to_owned).collect();
        let cleanup = Cleanup { folder: folder.to_owned(), made };
        // A run that was killed leaves it behind, with results that are not this run's.
        match fs::remove_dir_all(&incomplete) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&incomplete)?,
        }
        // Found out now, and not when half of the results are in their places.
        if let Some(name) = RESULTS.iter().find(|name| folder.join(name).is_dir()) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, format!("{name} is a folder there")));
        }
        let file = |name: &str| File::create(incomplete.join(name));
        let mut crossings = csv::Writer::from_writer(file("crossings.csv")?);
        crossings.write_record(["time", "frame", "camera", "line", "direction", "class", "track"])?;
        let mut zones = csv::Writer::from_writer(file("zones.csv")?);
        zones.write_record(columns(&ZONE_COLUMNS, Scope::Zone))?;
        let mut lines = csv::Writer::from_writer(file("lines.csv")?);
        lines.write_record(columns(&LINE_COLUMNS, Scope::Line))?;
        Ok(Self {
            folder: folder.to_owned(),
            tracks: BufWriter::new(file("tracks.txt")?),
            crossings,
            zones,
            lines,
            alerts: BufWriter::new(file("alerts.jsonl")?),
            heat_maps: None,
            _cleanup: cleanup,
        })
    }

    /// Where another result of this run is written until it is complete; [`AnalysisFiles::finish`] moves it too.
    #[must_use]
    pub fn incomplete_path(&self, name: &str) -> PathBuf {
        self.folder.join(INCOMPLETE).join(name)
    }

    /// Writes what a frame gave.
    ///
    /// # Errors
    /// Where the disk is full or gone.
    pub fn write(&mut self, report: &FrameReport) -> io::Result<()> {
        let Some(frame) = &report.frame else { return Ok(()) };
        let number = frame.seq + 1;
        for track in &report.tracks {
            let id = i64::try_from(track.id.0).unwrap_or(i64::MAX);
            let frame = u32::try_from(number).unwrap_or(u32::MAX);
            write_track(&mut self.tracks, &TrackRow { frame, id, bbox: track.bbox, score: track.score })?;
        }
        let (time, number) = (report.at.to_rfc3339(), number.to_string());
        for crossing in &report.crossings {
            self.crossings.write_record([
                time.as_str(),
                &number,
                report.camera.as_str(),
                crossing.line.as_str(),
                crossing.direction.as_str(),
                crossing.class.as_str(),
                &crossing.track.to_string(),
            ])?;
        }
        for zone in &report.zones {
            for class in &zone.classes {
                let (occupancy, quality) = (value(class.occupancy), class.occupancy.quality().to_string());
                let (camera, zone_id, name) = (report.camera.as_str(), zone.zone.as_str(), class.class.as_str());
                let row = [time.as_str(), &number, camera, zone_id, name, &occupancy, &quality];
                // What is measured of people stands in their row only.
                let measured = (class.class == ObjectClass::Person).then_some(&zone.readings);
                self.zones.write_record(row.into_iter().map(str::to_owned).chain(cells(Scope::Zone, measured)))?;
            }
        }
        for line in &report.lines {
            for &(class, inwards, outwards) in &line.totals {
                let (inwards, outwards) = (inwards.to_string(), outwards.to_string());
                let (camera, line_id) = (report.camera.as_str(), line.line.as_str());
                let row = [time.as_str(), &number, camera, line_id, class.as_str(), &inwards, &outwards];
                let measured = (class == ObjectClass::Person).then_some(&line.readings);
                let mut cells = cells(Scope::Line, measured);
                if let Some(not_valid) = cells.last_mut()
                    && class == ObjectClass::Person
                    && line.people_were_missed
                {
                    let others = std::mem::take(not_valid);
                    *not_valid = format!("in_total=at_least out_total=at_least {others}").trim_end().to_owned();
                }
                self.lines.write_record(row.into_iter().map(str::to_owned).chain(cells))?;
            }
        }
        for alert in &report.alerts {
            writeln!(self.alerts, "{}", wire::to_json_line(alert)?)?;
        }
        Ok(())
    }

    /// Writes an hour's heat map to `heat_map.csv`, and its pictures.
    ///
    /// # Errors
    /// Where the disk is full or gone.
    pub fn write_heat_map(&mut self, camera: &CameraId, map: &HeatMap, pictures: &[HeatMapPicture]) -> io::Result<()> {
        let rows = match &mut self.heat_maps {
            Some(rows) => rows,
            None => {
                let path = self.folder.join(INCOMPLETE).join(HEAT_MAP);
                self.heat_maps.insert(HeatMapRows::new(File::create(path)?)?)
            }
        };
        rows.write(camera, map)?;
        for (quantity, png) in pictures {
            fs::write(self.incomplete_path(&picture_name(&map.hour_name(), *quantity)), png)?;
        }
        Ok(())
    }

    /// Moves everything to its place. Gives whether results of an earlier run were replaced.
    ///
    /// # Errors
    /// Where the disk is full or gone.
    pub fn finish(mut self) -> io::Result<bool> {
        self.tracks.flush()?;
        self.crossings.flush()?;
        self.zones.flush()?;
        self.lines.flush()?;
        self.alerts.flush()?;
        if let Some(rows) = self.heat_maps.take() {
            rows.finish()?;
        }
        let incomplete = self.folder.join(INCOMPLETE);
        let mut names: Vec<_> =
            fs::read_dir(&incomplete)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort();
        let replaces = RESULTS.iter().any(|name| self.folder.join(name).exists());
        // An earlier run's video beside this run's tracks would look as if it showed them.
        let earlier =
            fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
        let is_result = |name: &str| RESULTS.contains(&name) || is_picture_name(name);
        for name in earlier.iter().filter(|name| name.to_str().is_some_and(is_result) && !names.contains(name)) {
            match fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        for name in names {
            fs::rename(incomplete.join(&name), self.folder.join(&name))?;
        }
        Ok(replaces)
    }
}

/// The names of all columns.
fn columns(first: &[&'static str], scope: Scope) -> Vec<&'static str> {
    let measured = measures(scope).map(|measure| measure.facts().column);
    first.iter().copied().chain(measured).chain([NOT_VALID]).collect()
}

/// The cells of the measures; empty where there are none.
fn cells(scope: Scope, readings: Option<&Readings>) -> Vec<String> {
    let mut not_valid = String::new();
    let cell = |measure: Measure| {
        let Some(reading) = readings.and_then(|readings| readings.get(measure)) else { return String::new() };
        use UnknownReason::{NotEnough, NothingToMeasure};
        if !matches!(reading, Reading::Valid(_) | Reading::Unknown(NotEnough | NothingToMeasure)) {
            let blank = if not_valid.is_empty() { "" } else { " " };
            not_valid.push_str(&format!("{blank}{}={}", measure.facts().column, reading.quality()));
        }
        match measure {
            Measure::LevelOfService => {
                let level = reading.value().and_then(LevelOfService::from_number);
                level.map_or("", LevelOfService::as_str).to_owned()
            }
            _ => reading.value().map_or_else(String::new, figure),
        }
    };
    let mut cells: Vec<String> = measures(scope).map(cell).collect();
    cells.push(not_valid);
    cells
}

fn value(reading: Reading) -> String {
    reading.value().map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FrameMeta, FrameSize, LineId, LineState, Timestamp, ZoneClassState, ZoneId, ZoneState};

    /// What stands in each named column.
    fn rows(path: &Path) -> Vec<Vec<(String, String)>> {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let row = |row: csv::StringRecord| names.iter().cloned().zip(row.iter().map(str::to_owned)).collect();
        reader.records().map(|record| row(record.unwrap())).collect()
    }

    /// The cells that hold anything.
    fn filled(row: &[(String, String)]) -> Vec<String> {
        row.iter().filter(|(_, cell)| !cell.is_empty()).map(|(name, cell)| format!("{name}: {cell}")).collect()
    }

    #[test]
    fn figures_of_people_stand_in_their_row_behind_the_first_columns() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = AnalysisFiles::create(folder.path()).unwrap();
        let class = |class, people| ZoneClassState {
            class,
            occupancy: Reading::Valid(people),
            entries_total: 0,
            exits_total: 0,
            stays_total: 0,
            dwell_seconds_total: 0.0,
            longest_dwell_s: None,
        };
        let camera = CameraId::new("cam").unwrap();
        let size = FrameSize { width_px: 10, height_px: 10 };
        let zone = ZoneState {
            saturation: None,
            zone: ZoneId::new("z").unwrap(),
            classes: vec![class(ObjectClass::Person, 3.0), class(ObjectClass::Bicycle, 1.0)],
            readings: Readings::NONE
                .with(Measure::Density, Reading::AtLeast(0.5))
                .with(Measure::VoronoiDensity, Reading::Valid(0.123_456_789))
                .with(Measure::Speed, Reading::Unknown(UnknownReason::NotEnough))
                .with(Measure::Pressure, Reading::Unknown(UnknownReason::NoFrames))
                .with(Measure::LevelOfService, Reading::Valid(3.0)),
        };
        let line = LineState {
            line: LineId::new("l").unwrap(),
            totals: vec![(ObjectClass::Person, 4, 2)],
            people_were_missed: true,
            readings: Readings::NONE.with(Measure::FlowIn, Reading::AtLeast(12.0)),
        };
        let report = FrameReport {
            camera: camera.clone(),
            at: Timestamp(0),
            frame: Some(FrameMeta { camera, seq: 4, at: Timestamp(0), size, epoch: 0 }),
            tracks: Vec::new(),
            zones: vec![zone],
            lines: vec![line],
            readings: Readings::NONE,
            crossings: Vec::new(),
            alerts: Vec::new(),
        };
        files.write(&report).unwrap();
        assert!(!files.finish().unwrap(), "nothing was there");
        let time = format!("time: {}", Timestamp(0).to_rfc3339());
        let zones = rows(&folder.path().join("zones.csv"));
        assert_eq!(zones[0].iter().map(|(name, _)| name.as_str()).take(7).collect::<Vec<_>>(), ZONE_COLUMNS);
        let first = [time.as_str(), "frame: 5", "camera: cam", "zone: z"];
        let people = [
            "class: person",
            "occupancy: 3",
            "quality: valid",
            "density_per_m2: 0.5",
            "voronoi_per_m2: 0.123457",
            "level_of_service: C",
            "not_valid: density_per_m2=at_least pressure_per_s2=unknown:no_frames",
        ];
        assert_eq!(filled(&zones[0]), [&first[..], &people].concat());
        let bicycles = ["class: bicycle", "occupancy: 1", "quality: valid"];
        assert_eq!(filled(&zones[1]), [&first[..], &bicycles].concat());
        let lines = rows(&folder.path().join("lines.csv"));
        let first = [time.as_str(), "frame: 5", "camera: cam", "line: l"];
        let people = ["class: person", "in_total: 4", "out_total: 2", "flow_in_per_min: 12"];
        let people =
            [&people[..], &["not_valid: in_total=at_least out_total=at_least flow_in_per_min=at_least"]].concat();
        assert_eq!(filled(&lines[0]), [&first[..], &people].concat());
    }
}
