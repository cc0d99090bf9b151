//! Heat maps as files: their rows, their names, and the folder to which the service writes them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::figure::figure;
use crate::flow::{HeatMap, HeatMapCell, HeatMapQuantity};
use crate::model::{CameraId, GroundPoint, Timestamp};

const COLUMNS: [&str; 9] =
    ["hour", "camera", "observed_s", "cell_m", "x_m", "y_m", "occupancy_s", "speed_known_s", "mean_speed_mps"];
/// What a file is called until it is complete.
const INCOMPLETE: &str = ".incomplete";

/// A picture of a heat map: what it shows, and the bytes of a PNG file.
pub type HeatMapPicture = (HeatMapQuantity, Vec<u8>);

/// Rows of heat maps, with a header.
///
/// The first row of each hour has neither x nor y: it holds everybody who was counted where there is no cell, so it is
/// there also where nobody was seen at all. So the occupancies of an hour add up to all person-seconds that were counted.
/// After it comes each cell in which somebody was, with its middle, from low y to high y, in a row from low x to high x.
#[derive(Debug)]
pub(super) struct HeatMapRows<W: Write> {
    writer: csv::Writer<W>,
}

impl<W: Write> HeatMapRows<W> {
    pub(super) fn new(to: W) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(to);
        writer.write_record(COLUMNS)?;
        Ok(Self { writer })
    }

    pub(super) fn write(&mut self, camera: &CameraId, map: &HeatMap) -> io::Result<()> {
        let (hour, observed_s) = (map.hour().to_rfc3339(), figure(map.observed_s()));
        let cell_m = figure(map.grid().cell_m());
        let mut row = |centre: Option<GroundPoint>, cell: &HeatMapCell| {
            let (x_m, y_m) = centre.map_or_else(Default::default, |at| (figure(at.x_m), figure(at.y_m)));
            let (occupancy_s, known_s) = (figure(cell.occupancy_s()), figure(cell.speed_known_s()));
            let mean_speed_mps = cell.mean_speed_mps().map_or_else(String::new, figure);
            let first = [hour.as_str(), camera.as_str(), &observed_s, &cell_m];
            self.writer.write_record(first.into_iter().chain([
                x_m.as_str(),
                &y_m,
                &occupancy_s,
                &known_s,
                &mean_speed_mps,
            ]))
        };
        row(None, map.off_grid())?;
        for (centre, cell) in map.occupied() {
            row(Some(centre), cell)?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> io::Result<W> {
        self.writer.into_inner().map_err(|error| io::Error::new(error.error().kind(), error.error().to_string()))
    }
}

/// The name of a map's picture: `heat_map_2026-11-24T03Z_speed.png`.
pub(super) fn picture_name(hour_name: &str, quantity: HeatMapQuantity) -> String {
    format!("heat_map_{hour_name}_{}.png", quantity.as_str())
}

/// Whether a file is called like a map's picture.
pub(super) fn is_picture_name(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("heat_map_") else { return false };
    let hour =
        HeatMapQuantity::ALL.iter().find_map(|quantity| rest.strip_suffix(&format!("_{}.png", quantity.as_str())));
    hour.is_some_and(is_hour_name)
}

fn is_hour_name(hour: &str) -> bool {
    let like = "0000-00-00T00Z".bytes();
    hour.len() == like.len()
        && hour.bytes().zip(like).all(|(is, like)| if like == b'0' { is.is_ascii_digit() } else { is == like })
}

/// When the hour begins whose cells are in a file of this name, whichever part of the hour it is; `None`: it is called
/// otherwise.
pub(super) fn hour_of_data(name: &str) -> Option<Timestamp> {
    let rest = name.strip_prefix("heat_map_")?.strip_suffix(".csv")?;
    let (hour, part) = rest.split_once('_').unwrap_or((rest, "1"));
    let is_ours = is_hour_name(hour) && part.bytes().all(|byte| byte.is_ascii_digit());
    let text = hour.strip_suffix('Z').filter(|_| is_ours)?;
    Timestamp::from_rfc3339(&format!("{text}:00:00Z"))
}

/// A folder of heat maps, in it one for each camera. An hour's map is `heat_map_2026-11-24T03Z.csv` and two pictures.
///
/// What is there is never overwritten and never added to: where the service was started anew within an hour, each part of
/// the hour has files of its own, the later ones with `_2`, `_3`… behind the hour. The parts say how much of the hour
/// they saw, and their rows may be added up wherever the calibration was the same. A file has its name only when it
/// is complete, and the CSV file gets its name last.
#[derive(Debug)]
pub struct HeatMapFolder {
    folder: PathBuf,
}

impl HeatMapFolder {
    /// The folder, which is made where there is none.
    ///
    /// # Errors
    /// Where it can't be made or written to.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let probe = folder.join(INCOMPLETE);
        File::create(&probe)?;
        fs::remove_file(&probe)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Writes an hour's map with its pictures. The path of its CSV file.
    ///
    /// # Errors
    /// Where the disk is full or gone.
    pub fn write(&self, camera: &CameraId, map: &HeatMap, pictures: &[HeatMapPicture]) -> io::Result<PathBuf> {
        let folder = self.folder.join(camera.as_str());
        fs::create_dir_all(&folder)?;
        let mut rows = HeatMapRows::new(Vec::new())?;
        rows.write(camera, map)?;
        let rows = rows.finish()?;
        let (hour, mut part) = (map.hour_name(), 1);
        let names = loop {
            let hour = if part == 1 { hour.clone() } else { format!("{hour}_{part}") };
            let pictures: Vec<String> = pictures.iter().map(|(quantity, _)| picture_name(&hour, *quantity)).collect();
            let data = format!("heat_map_{hour}.csv");
            if pictures.iter().chain([&data]).all(|name| !folder.join(name).exists()) {
                break (pictures, data);
            }
            part += 1;
        };
        let files = names.0.iter().zip(pictures.iter().map(|(_, bytes)| bytes)).chain([(&names.1, &rows)]);
        for (name, bytes) in files {
            // Always of the same name, so that one which a crash left behind is written over.
            let incomplete = folder.join(INCOMPLETE);
            let mut file = File::create(&incomplete)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            fs::rename(&incomplete, folder.join(name))?;
        }
        Ok(folder.join(names.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::measures::GroundVelocity;
    use crate::flow::{HeatMapGrid, HeatMapRecorder};

    fn map() -> HeatMap {
        let at = |x_m, y_m| GroundPoint { x_m, y_m };
        let mut recorder = HeatMapRecorder::new(HeatMapGrid::over(at(-1.0, 0.0), at(1.9, 1.9), 0.5));
        let velocity = |x_mps| Some(GroundVelocity { x_mps, y_mps: 0.0 });
        let begin = 1_795_489_200_000_000;
        recorder.step(Timestamp(begin), &[]);
        recorder.step(Timestamp(begin + 142_857), &[(at(0.1, 1.2), velocity(-1.25)), (at(0.2, 0.3), None)]);
        recorder.step(Timestamp(begin + 285_714), &[(at(0.1, 1.2), velocity(0.5)), (at(9.0, 0.3), None)]);
        recorder.step(Timestamp(begin + 3_285_714), &[(at(-0.9, 0.3), velocity(1.0 / 3.0))]);
        recorder.take_current().unwrap()
    }

    #[test]
    fn rows_tell_the_cells_and_who_was_off_the_grid() {
        let mut rows = HeatMapRows::new(Vec::new()).unwrap();
        rows.write(&CameraId::new("gate").unwrap(), &map()).unwrap();
        insta::assert_snapshot!(String::from_utf8(rows.finish().unwrap()).unwrap(), @r"
        hour,camera,observed_s,cell_m,x_m,y_m,occupancy_s,speed_known_s,mean_speed_mps
        2026-11-24T03:00:00.000000Z,gate,3.285714,0.5,,,0.142857,0,
        2026-11-24T03:00:00.000000Z,gate,3.285714,0.5,-0.75,0.25,3,3,0.333333
        2026-11-24T03:00:00.000000Z,gate,3.285714,0.5,0.25,0.25,0.142857,0,
        2026-11-24T03:00:00.000000Z,gate,3.285714,0.5,0.25,1.25,0.285714,0.285714,0.875
        ");
    }

    #[test]
    fn a_second_part_of_an_hour_has_files_of_its_own_and_nothing_incomplete_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let maps = folder.path().join("a/heat_maps");
        let camera = CameraId::new("gate").unwrap();
        let pictures = HeatMapQuantity::ALL.map(|quantity| (quantity, vec![1, 2, 3]));
        for part in ["", "_2", "_3"] {
            // A crash may have left this.
            fs::create_dir_all(maps.join("gate")).unwrap();
            fs::write(maps.join("gate").join(INCOMPLETE), "half").unwrap();
            let path = HeatMapFolder::open(&maps).unwrap().write(&camera, &map(), &pictures).unwrap();
            assert_eq!(path, maps.join(format!("gate/heat_map_2026-11-24T03Z{part}.csv")));
        }
        let mut names: Vec<_> = fs::read_dir(maps.join("gate"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let parts = ["", "_2", "_3"].map(|part| {
            [".csv", "_occupancy.png", "_speed.png"].map(|end| format!("heat_map_2026-11-24T03Z{part}{end}"))
        });
        let mut expected = parts.concat();
        expected.sort();
        assert_eq!(names, expected);
        assert_eq!(fs::read_dir(&maps).unwrap().count(), 1, "no probe is left");
    }

    #[test]
    fn a_folder_that_cannot_be_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        HeatMapFolder::open(&folder.path().join("file")).unwrap_err();
    }

    #[test]
    fn names_of_pictures_are_known_again() {
        for quantity in HeatMapQuantity::ALL {
            assert!(is_picture_name(&picture_name(&map().hour_name(), quantity)));
        }
        for (name, hour) in [
            ("heat_map_2026-11-24T03Z.csv", Some(map().hour())),
            ("heat_map_2026-11-24T03Z_12.csv", Some(map().hour())),
            ("heat_map_2026-11-24T03Z_speed.csv", None),
            ("heat_map_2026-11-24T03Z.png", None),
            ("heat_map_2026-13-24T03Z.csv", None),
        ] {
            assert_eq!(hour_of_data(name), hour, "{name}");
        }
        for other in ["heat_map_2026-11-24T03Z.png", "heat_map_of_mine_speed.png", "heat_map_2026-11-24T03Z_speed.jpg"]
        {
            assert!(!is_picture_name(other), "{other}");
        }
    }
}
