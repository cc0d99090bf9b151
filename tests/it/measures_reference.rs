//! Density, speed, flow and crossings against the figures of PedPy 1.5.1: on hand-written ways in this repository, and
//! on four laboratory experiments (shared data; skipped where it is absent).

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::collections::BTreeMap;
use std::path::Path;

use crowdflow::flow::measures::{Experiment, GroundVelocity, Trajectory, first_crossings, flow_windows};
use crowdflow::model::{Direction, Timestamp};

use crate::flow_ground_truth::shared;

#[path = "../reference/experiment_file.rs"]
pub(crate) mod experiment_file;

/// The named columns of a table with a header, by row. An empty field is 0: PedPy's flow of a side from which nobody is
/// there.
fn columns<const N: usize>(folder: &Path, name: &str, names: [&str; N]) -> Vec<[f64; N]> {
    let text = experiment_file::read_text(folder, name).unwrap();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let header = rows.headers().unwrap().clone();
    let at = names.map(|name| header.iter().position(|column| column == name).unwrap());
    rows.records()
        .map(|row| {
            let row = row.unwrap();
            at.map(|index| if row[index].is_empty() { 0.0 } else { row[index].parse().unwrap() })
        })
        .collect()
}

/// Differences of one measure.
struct Differences {
    off: Vec<f64>,
    theirs_mean: f64,
}

impl Differences {
    fn new(ours: &[f64], theirs: &[f64]) -> Self {
        assert_eq!(ours.len(), theirs.len());
        let mut off: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).collect();
        off.sort_by(f64::total_cmp);
        Self { off, theirs_mean: theirs.iter().sum::<f64>() / theirs.len() as f64 }
    }

    fn max(&self) -> f64 {
        self.off.last().copied().unwrap_or(0.0)
    }

    fn p99(&self) -> f64 {
        self.off[(self.off.len() * 99 / 100).min(self.off.len() - 1)]
    }

    fn mean(&self) -> f64 {
        self.off.iter().sum::<f64>() / self.off.len() as f64
    }

    fn told(&self, name: &str, measure: &str) -> &Self {
        let mean = self.theirs_mean;
        println!(
            "{name:18} {measure:22} mean {mean:9.5}  difference: mean {:.1e}  99 % {:.1e}  max {:.1e}",
            self.mean(),
            self.p99(),
            self.max()
        );
        self
    }
}

fn compare(name: &str, folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let (experiment, flow_window_s, metres_per_unit) =
        experiment_file::read(&root.join("experiments.json"), name).unwrap();
    let people = experiment_file::read_people(folder, experiment.fps, metres_per_unit).unwrap();
    let ours = experiment.measure(&people);

    let theirs = columns(folder, "classic_density.csv", ["frame", "density"]);
    let numbers: Vec<u64> = ours.frames.iter().map(|frame| frame.frame).collect();
    assert_eq!(numbers, theirs.iter().map(|row| row[0] as u64).collect::<Vec<_>>());
    let classic: Vec<f64> = ours.frames.iter().map(|frame| frame.classic_per_m2).collect();
    let their_classic: Vec<f64> = theirs.iter().map(|row| row[1]).collect();
    Differences::new(&classic, &their_classic).told(name, "classic density");
    for (frame, (ours, theirs)) in numbers.iter().zip(classic.iter().zip(&their_classic)) {
        assert!((ours - theirs).abs() <= 1e-6 * theirs, "{name}, frame {frame}: {ours}, PedPy {theirs}");
    }

    let by_frame: BTreeMap<u64, f64> =
        ours.frames.iter().filter_map(|frame| Some((frame.frame, frame.voronoi_per_m2?))).collect();
    let theirs = columns(folder, "voronoi_density.csv", ["frame", "density"]);
    let voronoi: Vec<f64> = theirs.iter().map(|row| by_frame[&(row[0] as u64)]).collect();
    let off = Differences::new(&voronoi, &theirs.iter().map(|row| row[1]).collect::<Vec<_>>());
    let Differences { theirs_mean, .. } = *off.told(name, "Voronoi density");
    assert!(off.max() <= 1e-6 * theirs_mean, "{name}: the construction is PedPy's");

    let mut speeds = BTreeMap::new();
    for (way, velocities) in people.iter().zip(&ours.velocities) {
        for (sample, velocity) in way.samples.iter().zip(velocities) {
            if let Some(speed_mps) = velocity.map(GroundVelocity::speed_mps) {
                speeds.insert((way.person, experiment.frame_at(sample.at)), speed_mps);
            }
        }
    }
    let theirs = columns(folder, "individual_speed.csv", ["id", "frame", "speed"]);
    assert_eq!(speeds.len(), theirs.len());
    let speed: Vec<f64> = theirs.iter().map(|row| speeds[&(row[0] as u64, row[1] as u64)]).collect();
    let off = Differences::new(&speed, &theirs.iter().map(|row| row[2]).collect::<Vec<_>>());
    // The shared file has six decimals.
    assert!(off.told(name, "speed").max() <= 1e-6, "{name}");

    let theirs = columns(folder, "mean_speed_area.csv", ["frame", "speed"]);
    let mean_speed: Vec<f64> = ours.frames.iter().map(|frame| frame.mean_speed_mps.unwrap_or(0.0)).collect();
    let off = Differences::new(&mean_speed, &theirs.iter().map(|row| row[1]).collect::<Vec<_>>());
    assert!(off.told(name, "mean speed").max() <= 1e-9, "{name}");

    let theirs = columns(folder, "all_crossings.csv", ["id", "frame", "direction"]);
    let mut theirs: Vec<_> = theirs.iter().map(|row| (row[0] as u64, row[1] as u64, row[2] as i32)).collect();
    let sign = |direction| if direction == Direction::In { 1 } else { -1 };
    let mut crossings: Vec<_> =
        ours.crossings.iter().map(|c| (c.person, experiment.frame_at(c.at), sign(c.direction))).collect();
    theirs.sort_unstable();
    crossings.sort_unstable();
    assert_eq!(crossings, theirs, "{name}");
    println!("{name:18} crossings              {} of {}", crossings.len(), theirs.len());

    let counted = first_crossings(&experiment_file::without_last_steps(&ours.crossings, &people));
    for [frame, passed] in columns(folder, "nt.csv", ["frame", "cumulative_pedestrians"]) {
        let ours = counted.iter().filter(|crossing| experiment.frame_at(crossing.at) as f64 <= frame).count();
        assert_eq!(ours as f64, passed, "{name}: N-t at frame {frame}");
    }
    let times: Vec<Timestamp> = counted.iter().map(|crossing| crossing.at).collect();
    let end = people.iter().map(|way| way.samples.last().unwrap().at).max().unwrap();
    let flow: Vec<f64> =
        flow_windows(&times, flow_window_s, 1.0 / experiment.fps, end).iter().map(|window| window.per_s).collect();
    let theirs: Vec<f64> = columns(folder, "flow.csv", ["flow"]).iter().map(|row| row[0]).collect();
    let off = Differences::new(&flow, &theirs);
    assert!(off.told(name, "flow").max() <= 1e-6 * off.theirs_mean, "{name}");
}

/// The line method against one of PedPy's tables; `names` are its columns for those who come towards the right of the
/// line and towards its left.
fn compare_line_flow(
    name: &str,
    (experiment, people): (&Experiment, &[Trajectory]),
    (folder, table, names): (&Path, &str, [&str; 3]),
    frames: impl Fn(u64) -> bool,
) {
    let mut theirs = columns(folder, table, names);
    theirs.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let ours = experiment.line_flows(people, frames);
    let numbers: Vec<u64> = ours.keys().copied().collect();
    assert_eq!(numbers, theirs.iter().map(|row| row[0] as u64).collect::<Vec<_>>(), "{name}");
    let to_right: Vec<f64> = ours.values().map(|flow| flow.out_per_m_s).collect();
    let to_left: Vec<f64> = ours.values().map(|flow| flow.in_per_m_s).collect();
    for (what, column, ours) in [("line flow, right", 1, to_right), ("line flow, left", 2, to_left)] {
        let theirs: Vec<f64> = theirs.iter().map(|row| row[column]).collect();
        let off = Differences::new(&ours, &theirs);
        assert!(off.told(name, what).max() <= 1e-9, "{name}: {what}");
    }
}

#[test]
fn hand_written_ways_give_what_pedpy_gives() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let folder = root.join("meeting_point");
    compare("meeting_point", &folder);
    let (experiment, _, metres) = experiment_file::read(&root.join("experiments.json"), "meeting_point").unwrap();
    let people = experiment_file::read_people(&folder, experiment.fps, metres).unwrap();
    let table = (folder.as_path(), "line_flow.csv", ["frame", "flow_sp+1", "flow_sp-1"]);
    compare_line_flow("meeting_point", (&experiment, &people), table, |_| true);
}

#[test]
fn counter_flow_by_the_line_method_is_pedpys() {
    let Some(folder) = shared("trajectories/bidirectional") else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let (mut experiment, _, metres) = experiment_file::read(&root.join("experiments.json"), "bidirectional").unwrap();
    // How the table was made: the ways cut out of these frames, speeds over 5 frames before and after.
    experiment.speed_half_window_s = 5.0 / experiment.fps;
    let mut people = experiment_file::read_people(&folder, experiment.fps, metres).unwrap();
    for way in &mut people {
        way.samples.retain(|sample| (500..=1500).contains(&experiment.frame_at(sample.at)));
    }
    people.retain(|way| !way.samples.is_empty());
    let table = (folder.as_path(), "bidirectional_line_flow_species.csv", ["frame", "j_sp+1", "j_sp-1"]);
    compare_line_flow("bidirectional", (&experiment, &people), table, |_| true);
}

#[test]
fn the_shared_experiments_give_what_pedpy_gives() {
    let Some(folder) = shared("trajectories") else { return };
    for name in ["bottleneck", "bidirectional", "corridor_050", "corridor_180_070"] {
        compare(name, &folder.join(name));
    }
}
