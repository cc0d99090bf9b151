//! Density, speed, flow and crossings of recorded walkers, as CSV: what `scripts/compare_measures.py` sets beside
//! PedPy's figures.
//!
//! ```text
//! trajectory_measures EXPERIMENTS.json NAME DATA_FOLDER OUT_FOLDER
//! ```
//!
//! `EXPERIMENTS.json` is `tests/reference/experiments.json` or another of its kind; `DATA_FOLDER` holds
//! `trajectories.txt` or `trajectories.txt.gz`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use crowdflow::flow::measures::{
    Experiment, ExperimentMeasures, GroundVelocity, Trajectory, first_crossings, flow_windows,
};
use crowdflow::model::{Direction, Timestamp};

#[path = "../tests/reference/experiment_file.rs"]
mod experiment_file;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [experiments, name, data, out] = &arguments[..] else {
        anyhow::bail!("usage: trajectory_measures EXPERIMENTS.json NAME DATA_FOLDER OUT_FOLDER");
    };
    let name = name.to_str().context("the experiment's name is not UTF-8")?;
    let (experiment, flow_window_s, metres_per_unit) = experiment_file::read(experiments, name)?;
    let people = experiment_file::read_people(data, experiment.fps, metres_per_unit)?;
    let measures = experiment.measure(&people);
    write_tables(out, &experiment, flow_window_s, &people, &measures)
        .with_context(|| format!("cannot write to {}", out.display()))
}

fn write_tables(
    out: &Path,
    experiment: &Experiment,
    flow_window_s: f64,
    people: &[Trajectory],
    measures: &ExperimentMeasures,
) -> anyhow::Result<()> {
    let mut classic = String::from("frame,density\n");
    let mut voronoi = String::from("frame,density\n");
    let mut mean_speed = String::from("frame,speed\n");
    let mut nt = String::from("frame,cumulative_pedestrians\n");
    let counted = first_crossings(&experiment_file::without_last_steps(&measures.crossings, people));
    for frame in &measures.frames {
        writeln!(classic, "{},{}", frame.frame, frame.classic_per_m2)?;
        if let Some(density) = frame.voronoi_per_m2 {
            writeln!(voronoi, "{},{density}", frame.frame)?;
        }
        writeln!(mean_speed, "{},{}", frame.frame, frame.mean_speed_mps.unwrap_or(0.0))?;
        let passed = counted.iter().filter(|crossing| experiment.frame_at(crossing.at) <= frame.frame).count();
        writeln!(nt, "{},{passed}", frame.frame)?;
    }
    let mut speeds = String::from("id,frame,speed\n");
    for (way, velocities) in people.iter().zip(&measures.velocities) {
        for (sample, velocity) in way.samples.iter().zip(velocities) {
            if let Some(speed_mps) = velocity.map(GroundVelocity::speed_mps) {
                writeln!(speeds, "{},{},{speed_mps}", way.person, experiment.frame_at(sample.at))?;
            }
        }
    }
    let mut crossings = String::from("id,frame,direction\n");
    for crossing in &measures.crossings {
        let sign = if crossing.direction == Direction::In { 1 } else { -1 };
        writeln!(crossings, "{},{},{sign}", crossing.person, experiment.frame_at(crossing.at))?;
    }
    let mut flow = String::from("flow\n");
    let times: Vec<Timestamp> = counted.iter().map(|crossing| crossing.at).collect();
    let end = people.iter().filter_map(|way| way.samples.last()).map(|sample| sample.at).max().unwrap_or(Timestamp(0));
    for window in flow_windows(&times, flow_window_s, 1.0 / experiment.fps, end) {
        writeln!(flow, "{}", window.per_s)?;
    }
    let mut line_flow = String::from("frame,flow_sp+1,flow_sp-1\n");
    for (frame, flow) in experiment.line_flows(people, |frame| frame.is_multiple_of(experiment.voronoi_every)) {
        writeln!(line_flow, "{frame},{},{}", flow.out_per_m_s, flow.in_per_m_s)?;
    }
    for (name, table) in [
        ("line_flow", line_flow),
        ("classic_density", classic),
        ("voronoi_density", voronoi),
        ("mean_speed_area", mean_speed),
        ("nt", nt),
        ("individual_speed", speeds),
        ("all_crossings", crossings),
        ("flow", flow),
    ] {
        std::fs::write(out.join(format!("{name}.csv")), table)?;
    }
    Ok(())
}
