//! Reads `experiments.json` and trajectories: shared by the test `tests/it/measures_reference.rs` and the example
//! `examples/trajectory_measures.rs`.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use crowdflow::flow::measures::{Experiment, LineCrossing, Trajectory, parse_trajectories};
use crowdflow::geometry::{CutOff, GroundArea, GroundSegment};
use crowdflow::model::{GroundPoint, Timestamp};

/// Lengths in metres.
#[derive(serde::Deserialize)]
struct Case {
    fps: f64,
    metres_per_unit: f64,
    line: [[f64; 2]; 2],
    area: Vec<[f64; 2]>,
    walkable: Vec<[f64; 2]>,
    obstacles: Vec<Vec<[f64; 2]>>,
    speed_frame_step: f64,
    voronoi_stride: u64,
    flow_delta_frames: f64,
}

fn point([x_m, y_m]: [f64; 2]) -> GroundPoint {
    GroundPoint { x_m, y_m }
}

fn ring(corners: &[[f64; 2]]) -> Vec<GroundPoint> {
    corners.iter().copied().map(point).collect()
}

fn case(path: &Path, name: &str) -> anyhow::Result<Case> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut cases: HashMap<String, Case> = serde_json::from_str(&text)?;
    cases.remove(name).with_context(|| format!("{} has no experiment `{name}`", path.display()))
}

/// Where an experiment is, by corners.
#[allow(dead_code, reason = "not every user of this file needs it")]
pub struct Corners {
    pub zone: Vec<GroundPoint>,
    pub walkable: Vec<GroundPoint>,
    pub obstacles: Vec<Vec<GroundPoint>>,
}

/// The corners of the experiment of that name.
#[allow(dead_code, reason = "not every user of this file needs it")]
pub fn read_corners(path: &Path, name: &str) -> anyhow::Result<Corners> {
    let case = case(path, name)?;
    let obstacles = case.obstacles.iter().map(|corners| ring(corners)).collect();
    Ok(Corners { zone: ring(&case.area), walkable: ring(&case.walkable), obstacles })
}

/// The experiment of that name, its flow window in seconds and its metres per unit.
pub fn read(path: &Path, name: &str) -> anyhow::Result<(Experiment, f64, f64)> {
    let case = case(path, name)?;
    let obstacles: Vec<_> = case.obstacles.iter().map(|corners| ring(corners)).collect();
    let experiment = Experiment {
        fps: case.fps,
        line: GroundSegment { a: point(case.line[0]), b: point(case.line[1]) },
        zone: GroundArea::new(&ring(&case.area), &[])?,
        walkable: GroundArea::new(&ring(&case.walkable), &obstacles)?,
        cut_off: CutOff::default(),
        voronoi_every: case.voronoi_stride,
        speed_half_window_s: case.speed_frame_step / case.fps,
    };
    Ok((experiment, case.flow_delta_frames / case.fps, case.metres_per_unit))
}

/// The text of `name` or `name.gz` in the folder.
pub fn read_text(folder: &Path, name: &str) -> anyhow::Result<String> {
    let plain = folder.join(name);
    if plain.exists() {
        return Ok(std::fs::read_to_string(plain)?);
    }
    let packed = folder.join(format!("{name}.gz"));
    let file = std::fs::File::open(&packed).with_context(|| format!("cannot open {}", packed.display()))?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
    Ok(text)
}

/// The people in `trajectories.txt` or `trajectories.txt.gz`.
pub fn read_people(folder: &Path, fps: f64, metres_per_unit: f64) -> anyhow::Result<Vec<Trajectory>> {
    Ok(parse_trajectories(&read_text(folder, "trajectories.txt")?, fps, metres_per_unit)?)
}

/// The crossings that PedPy sees: all but those in the last step of a way.
pub fn without_last_steps(crossings: &[LineCrossing], people: &[Trajectory]) -> Vec<LineCrossing> {
    let last: HashMap<u64, Timestamp> =
        people.iter().filter_map(|way| Some((way.person, way.samples.last()?.at))).collect();
    crossings.iter().copied().filter(|crossing| last.get(&crossing.person) != Some(&crossing.at)).collect()
}
