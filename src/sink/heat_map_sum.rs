//! Heat maps that were written, summed up over a time.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::heat_map_files::hour_of_data;
use crate::model::{CameraId, GroundPoint, Timestamp};

/// What the heat maps of several hours come to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatMapSum {
    /// Side of a cell in metres; `None`: no map was written in that time.
    pub cell_m: Option<f64>,
    /// Seconds in which the camera was seen.
    pub observed_s: f64,
    /// Files that were summed up: one an hour, more where the service was started anew within it.
    pub files: usize,
    /// Files that were not: their cells have another size than those of the newest, or they can't be read.
    pub passed_over: usize,
    /// Person-seconds of those who were where there is no cell.
    pub off_grid_s: f64,
    /// Cells in which somebody was, from low y to high y, in a row from low x to high x.
    pub cells: Vec<SummedCell>,
}

/// A cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SummedCell {
    /// Its middle.
    pub centre: GroundPoint,
    /// Person-seconds spent here.
    pub occupancy_s: f64,
    /// Those of them for which the person's speed was known.
    pub speed_known_s: f64,
    /// Mean speed over these.
    pub mean_speed_mps: Option<f64>,
}

/// A file's rows: its header's figures, and its cells.
struct Written {
    observed_s: f64,
    cell_m: f64,
    off_grid_s: f64,
    cells: Vec<SummedCell>,
}

/// Sums up a camera's maps of the hours (UTC) that begin from `from` until before `to`.
///
/// # Errors
/// Where the folder can't be read. Without one, nothing was written.
pub fn sum_heat_maps(folder: &Path, camera: &CameraId, (from, to): (Timestamp, Timestamp)) -> io::Result<HeatMapSum> {
    let entries = match fs::read_dir(folder.join(camera.as_str())) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(HeatMapSum::default()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let hour = name.to_str().and_then(hour_of_data).filter(|hour| (from..to).contains(hour));
        files.extend(hour.map(|hour| (hour, entry.path())));
    }
    // The newest first: the others have to fit its cells.
    files.sort_by(|a, b| b.cmp(a));
    let mut sum = HeatMapSum::default();
    let mut cells: BTreeMap<(i64, i64), SummedCell> = BTreeMap::new();
    for (_, path) in files {
        let Some(written) = read(&path) else {
            tracing::warn!(path = %path.display(), "a heat map can't be read, and is left out");
            sum.passed_over += 1;
            continue;
        };
        if *sum.cell_m.get_or_insert(written.cell_m) != written.cell_m {
            sum.passed_over += 1;
            continue;
        }
        sum.files += 1;
        sum.observed_s += written.observed_s;
        sum.off_grid_s += written.off_grid_s;
        for cell in written.cells {
            let step = |at_m: f64| (at_m / written.cell_m).floor() as i64;
            let kept = cells.entry((step(cell.centre.y_m), step(cell.centre.x_m)));
            kept.and_modify(|kept| kept.add(cell)).or_insert(cell);
        }
    }
    sum.cells = cells.into_values().collect();
    Ok(sum)
}

impl SummedCell {
    fn add(&mut self, other: Self) {
        let known_s = self.speed_known_s + other.speed_known_s;
        let way_m = |cell: &Self| cell.mean_speed_mps.unwrap_or_default() * cell.speed_known_s;
        self.mean_speed_mps = (known_s > 0.0).then(|| (way_m(self) + way_m(&other)) / known_s);
        self.speed_known_s = known_s;
        self.occupancy_s += other.occupancy_s;
    }
}

/// `None`: it is no such file.
fn read(path: &Path) -> Option<Written> {
    let mut table = csv::Reader::from_path(path).ok()?;
    let mut written: Option<Written> = None;
    for row in table.records() {
        let row = row.ok()?;
        let number = |column: usize| {
            let text = row.get(column)?;
            let number: f64 = text.parse().ok()?;
            number.is_finite().then_some(number)
        };
        let (observed_s, cell_m, occupancy_s) = (number(2)?, number(3)?, number(6)?);
        match &mut written {
            // Whoever was where there is no cell has the first row.
            None => {
                (row.get(4) == Some("") && cell_m > 0.0).then_some(())?;
                written = Some(Written { observed_s, cell_m, off_grid_s: occupancy_s, cells: Vec::new() });
            }
            Some(written) => written.cells.push(SummedCell {
                centre: GroundPoint { x_m: number(4)?, y_m: number(5)? },
                occupancy_s,
                speed_known_s: number(7)?,
                mean_speed_mps: number(8),
            }),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "hour,camera,observed_s,cell_m,x_m,y_m,occupancy_s,speed_known_s,mean_speed_mps\n";

    fn hour(hour: i64) -> Timestamp {
        Timestamp(1_795_489_200_000_000 + hour * 3_600_000_000)
    }

    #[test]
    fn hours_add_up_cell_by_cell_and_what_does_not_fit_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let camera = CameraId::new("gate").unwrap();
        let none = sum_heat_maps(folder.path(), &camera, (hour(0), hour(9))).unwrap();
        assert_eq!(none, HeatMapSum::default());
        fs::create_dir(folder.path().join("gate")).unwrap();
        let write = |name: &str, rows: &str| fs::write(folder.path().join("gate").join(name), rows).unwrap();
        let map = |observed_s: u32, cell_m: &str, rows: &[&str]| {
            let row = |row: &&str| format!("h,gate,{observed_s},{cell_m},{row}\n");
            HEAD.to_owned() + &rows.iter().map(row).collect::<String>()
        };
        write("heat_map_2026-11-24T03Z.csv", &map(3600, "0.5", &[",,2,0,", "-0.25,0.25,10,10,1", "0.25,0.25,4,0,"]));
        write("heat_map_2026-11-24T04Z_2.csv", &map(600, "0.5", &[",,1,0,", "-0.25,0.25,30,30,2"]));
        write("heat_map_2026-11-24T04Z.csv", &map(600, "1", &[",,0,0,", "0.5,0.5,7,0,"]));
        write("heat_map_2026-11-24T05Z.csv", "no heat map");
        write("heat_map_2026-11-24T06Z.csv", &map(3600, "0.5", &[",,0,0,", "9.25,9.25,1000,0,"]));
        write("heat_map_2026-11-24T03Z_speed.png", "");
        write(".incomplete", "");
        let sum = sum_heat_maps(folder.path(), &camera, (hour(0), hour(3))).unwrap();
        assert_eq!((sum.cell_m, sum.observed_s, sum.off_grid_s), (Some(0.5), 4200.0, 3.0));
        assert_eq!((sum.files, sum.passed_over), (2, 2));
        let cells: Vec<_> =
            sum.cells.iter().map(|cell| (cell.centre.x_m, cell.occupancy_s, cell.mean_speed_mps)).collect();
        assert_eq!(cells, [(-0.25, 40.0, Some(1.75)), (0.25, 4.0, None)]);
    }
}
