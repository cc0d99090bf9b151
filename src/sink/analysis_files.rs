//! The result files of `analyze`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::evaluation::{TrackRow, write_track};
use crate::model::{FrameReport, LevelOfService, ObjectClass, Reading};
use crate::rules::wire;

/// Folder in which results are written until they are complete.
const INCOMPLETE: &str = ".incomplete";
/// Everything that a run may leave, those results among them that the caller writes.
const RESULTS: [&str; 6] =
    ["tracks.txt", "crossings.csv", "zones.csv", "alerts.jsonl", "annotated.mp4", "summary.json"];

/// Columns of `zones.csv`.
const ZONE_COLUMNS: [&str; 7] = ["time", "frame", "camera", "zone", "class", "occupancy", "quality"];
/// …and those behind them of a calibrated camera.
const GROUND_COLUMNS: [&str; 5] =
    ["density_per_m2", "voronoi_per_m2", "speed_mps", "standing_share", "level_of_service"];

/// `tracks.txt`, `crossings.csv`, `zones.csv` and `alerts.jsonl` in one folder.
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
    on_ground: bool,
    alerts: BufWriter<File>,
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
    /// Begins results in this folder, which is made where there is none. `on_ground`: the camera is calibrated, and
    /// `zones.csv` has the columns of what is measured in metres behind the others.
    ///
    /// # Errors
    /// Where the folder or a file in it can't be written.
    pub fn create(folder: &Path, on_ground: bool) -> io::Result<Self> {
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
        let ground_columns = if on_ground { &GROUND_COLUMNS[..] } else { &[] };
        zones.write_record(ZONE_COLUMNS.iter().chain(ground_columns))?;
        Ok(Self {
            folder: folder.to_owned(),
            tracks: BufWriter::new(file("tracks.txt")?),
            crossings,
            zones,
            alerts: BufWriter::new(file("alerts.jsonl")?),
            on_ground,
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
                // What is measured of people only stands in their row.
                let is_person = class.class == ObjectClass::Person;
                let ground = zone.ground.filter(|_| is_person);
                let (occupancy, quality) = (value(class.occupancy), class.occupancy.quality().to_string());
                let row = [
                    time.as_str(),
                    &number,
                    report.camera.as_str(),
                    zone.zone.as_str(),
                    class.class.as_str(),
                    &occupancy,
                    &quality,
                ];
                if !self.on_ground {
                    self.zones.write_record(row)?;
                    continue;
                }
                let measured = [
                    &*zone.density_per_m2.filter(|_| is_person).map_or_else(String::new, value),
                    &ground.map_or_else(String::new, |ground| value(ground.voronoi_per_m2)),
                    &ground.map_or_else(String::new, |ground| value(ground.speed_mps)),
                    &ground.map_or_else(String::new, |ground| value(ground.standing_share)),
                    ground.and_then(|ground| ground.level_of_service).map_or("", LevelOfService::as_str),
                ];
                self.zones.write_record(row.iter().chain(&measured))?;
            }
        }
        for alert in &report.alerts {
            writeln!(self.alerts, "{}", wire::to_json_line(alert)?)?;
        }
        Ok(())
    }

    /// Moves everything to its place.
    ///
    /// # Errors
    /// Where the disk is full or gone.
    pub fn finish(mut self) -> io::Result<()> {
        self.tracks.flush()?;
        self.crossings.flush()?;
        self.zones.flush()?;
        self.alerts.flush()?;
        let incomplete = self.folder.join(INCOMPLETE);
        let mut names: Vec<_> =
            fs::read_dir(&incomplete)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort();
        // An earlier run's video beside this run's tracks would look as if it showed them.
        for name in RESULTS.iter().filter(|name| !names.iter().any(|new| new == **name)) {
            match fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        for name in names {
            fs::rename(incomplete.join(&name), self.folder.join(&name))?;
        }
        Ok(())
    }
}

fn value(reading: Reading) -> String {
    reading.value().map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        CameraId, FrameMeta, FrameSize, Timestamp, UnknownReason, ZoneClassState, ZoneGroundState, ZoneId, ZoneState,
    };

    #[test]
    fn figures_of_people_stand_in_their_row_behind_the_first_columns() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = AnalysisFiles::create(folder.path(), true).unwrap();
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
            zone: ZoneId::new("z").unwrap(),
            classes: vec![class(ObjectClass::Person, 3.0), class(ObjectClass::Bicycle, 1.0)],
            density_per_m2: Some(Reading::Valid(0.5)),
            saturation: None,
            count_disagreement: None,
            ground: Some(ZoneGroundState {
                voronoi_per_m2: Reading::Valid(0.45),
                speed_mps: Reading::Valid(1.25),
                standing_share: Reading::Unknown(UnknownReason::NotEnough),
                level_of_service: Some(LevelOfService::C),
            }),
        };
        let report = FrameReport {
            camera: camera.clone(),
            at: Timestamp(0),
            frame: Some(FrameMeta { camera, seq: 4, at: Timestamp(0), size, epoch: 0 }),
            tracks: Vec::new(),
            zones: vec![zone],
            lines: Vec::new(),
            crossings: Vec::new(),
            alerts: Vec::new(),
        };
        files.write(&report).unwrap();
        files.finish().unwrap();
        let text = fs::read_to_string(folder.path().join("zones.csv")).unwrap();
        let time = Timestamp(0).to_rfc3339();
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "time,frame,camera,zone,class,occupancy,quality,density_per_m2,voronoi_per_m2,speed_mps,\
                 standing_share,level_of_service",
                &format!("{time},5,cam,z,person,3,valid,0.5,0.45,1.25,,C"),
                &format!("{time},5,cam,z,bicycle,1,valid,,,,,"),
            ]
        );
    }
}
