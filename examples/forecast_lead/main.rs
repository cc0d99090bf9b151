//! How long before a level is reached the forecast of [`FillForecast`](crowdflow::flow::measures::FillForecast) has said
//! so, how often it said so in vain, and how often its interval held: on recorded experiments played as live, and on
//! simulated zones.
//!
//! ```text
//! forecast_lead EXPERIMENTS.json DATA_FOLDER [RUNS [SEED]]
//! ```
//!
//! `EXPERIMENTS.json` is `tests/reference/experiments.json`; `DATA_FOLDER` holds a folder for each experiment. RUNS (100)
//! simulated hours of each course, with seeds from SEED (1) on.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use crowdflow::config::defaults::hold_s;
use crowdflow::flow::measures::{Trajectory, classic_density};
use crowdflow::geometry::GroundArea;
use crowdflow::model::GroundPoint;

use early_warning::{CALL_CLEAR_S, CALL_HOLD_S, HORIZON_S, LEVELS, Outcome, STATED_S, Seen, play, threshold_per_m2};
use simulated_fill::{COURSES, DURATION_S, simulate};

mod early_warning;
#[allow(dead_code, reason = "shared with a test and another example, which use more of it")]
#[path = "../../tests/reference/experiment_file.rs"]
mod experiment_file;
mod simulated_fill;

/// An upright rectangle: (x, y) of two corners, in metres.
type Corners = [(f64, f64); 2];

/// The zones that are watched: each experiment's measurement area (see its file), and larger ones.
const ZONES: [(&str, &str, Corners); 11] = [
    ("bottleneck", "measurement area", [(-0.4, 0.5), (0.4, 1.3)]),
    ("bottleneck", "2 m x 2 m before the door", [(-1.0, 0.0), (1.0, 2.0)]),
    ("bottleneck", "funnel, 3 m deep", [(-2.8, 0.0), (2.8, 3.0)]),
    ("bottleneck", "upstream, 2 to 4 m", [(-1.5, 2.0), (1.5, 4.0)]),
    ("bottleneck", "whole room", [(-2.8, 0.0), (2.8, 6.7)]),
    ("bidirectional", "measurement area", [(-2.0, 0.0), (2.0, 4.0)]),
    ("bidirectional", "corridor, 8 m", [(-4.0, 0.0), (4.0, 4.0)]),
    ("corridor_050", "measurement area", [(0.0, -2.0), (1.8, 0.0)]),
    ("corridor_050", "corridor, 6 m", [(0.0, -2.0), (1.8, 4.0)]),
    ("corridor_180_070", "measurement area", [(0.0, -2.0), (1.8, 0.0)]),
    ("corridor_180_070", "corridor, 6 m", [(0.0, -2.0), (1.8, 4.0)]),
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (Some(experiments), Some(data)) = (arguments.first(), arguments.get(1)) else {
        anyhow::bail!("usage: forecast_lead EXPERIMENTS.json DATA_FOLDER [RUNS [SEED]]");
    };
    let number = |index: usize, default: u64| -> anyhow::Result<u64> {
        let Some(text) = arguments.get(index).and_then(|path| path.to_str()) else { return Ok(default) };
        text.parse().with_context(|| format!("`{text}` is no whole number"))
    };
    let (runs, seed) = (number(2, 100)?, number(3, 1)?);
    println!(
        "A call: the likely time is {HORIZON_S} s at most and there is a latest one, for {CALL_HOLD_S} s; it ends when \
         that has not been so for {CALL_CLEAR_S} s. It is false where the level is not reached within {STATED_S} s. A \
         level is reached at the beginning of the first stretch at or above its threshold that lasts its hold time. \
         Lead: from the call that stands to there, 0 where none does. Intervals are judged every 10 s."
    );
    if data.is_dir() {
        for (name, zone, corners) in ZONES {
            recorded(experiments, data, name, zone, corners)?;
        }
    } else {
        println!("\nrecorded experiments skipped: {} not found", data.display());
    }
    simulated(runs, seed);
    Ok(())
}

fn rectangle([(x0, y0), (x1, y1)]: Corners) -> anyhow::Result<GroundArea> {
    let corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)].map(|(x_m, y_m)| GroundPoint { x_m, y_m });
    Ok(GroundArea::new(&corners, &[])?)
}

/// The zone's classic density in every frame.
fn densities(people: &[Trajectory], fps: f64, zone: &GroundArea) -> Vec<Seen> {
    let mut frames: std::collections::BTreeMap<u64, Vec<GroundPoint>> = std::collections::BTreeMap::new();
    for sample in people.iter().flat_map(|way| &way.samples) {
        let frame = (sample.at.seconds_since(crowdflow::model::Timestamp(0)) * fps).round() as u64;
        frames.entry(frame).or_default().push(sample.point);
    }
    let seen = |(frame, points): (u64, Vec<GroundPoint>)| Seen {
        at_s: frame as f64 / fps,
        density_per_m2: classic_density(&points, zone),
        in_total: 0,
        out_total: 0,
    };
    frames.into_iter().map(seen).collect()
}

fn recorded(experiments: &Path, data: &Path, name: &str, zone: &str, corners: Corners) -> anyhow::Result<()> {
    let folder = data.join(name);
    if !folder.is_dir() {
        println!("\n{name}, {zone}: skipped, no such folder");
        return Ok(());
    }
    let (experiment, _, metres_per_unit) = experiment_file::read(experiments, name)?;
    let people = experiment_file::read_people(&folder, experiment.fps, metres_per_unit)?;
    let area = rectangle(corners)?;
    let seen = densities(&people, experiment.fps, &area);
    let begins_s = seen.first().map_or(0.0, |first| first.at_s);
    let lasts_s = seen.last().map_or(0.0, |last| last.at_s) - begins_s;
    println!("\n{name}, {zone}: {:.2} m², {lasts_s:.0} s; people per m² every 5 s:", area.area_m2());
    let every = (5.0 * experiment.fps) as usize;
    let course: Vec<String> = seen.iter().step_by(every).map(|seen| format!("{:.1}", seen.density_per_m2)).collect();
    println!("  {}", course.join(" "));
    for (level, outcome) in play(area.area_m2(), &seen).iter().enumerate() {
        let reached: Vec<String> = outcome
            .crossings
            .iter()
            .map(|&(at_s, lead_s)| format!("after {:.1} s, lead {lead_s:.1} s", at_s - begins_s))
            .collect();
        println!(
            "  {:6} {:4} held {:2} s: {}; {} calls, {} false; {}",
            LEVELS[level].to_string(),
            threshold_per_m2(level),
            hold_s(LEVELS[level]),
            if reached.is_empty() { "not reached".to_owned() } else { reached.join(" and ") },
            outcome.calls,
            outcome.false_calls,
            intervals(outcome),
        );
    }
    Ok(())
}

fn intervals(outcome: &Outcome) -> String {
    let ([sooner, right, later], [sooner_open, right_open]) = (outcome.closed, outcome.open);
    let closed = sooner + right + later;
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    format!(
        "intervals {closed}: {:.0} % right, {:.0} % reached before, {:.0} % after; open {}: {:.0} % right",
        share(right, closed),
        share(sooner, closed),
        share(later, closed),
        sooner_open + right_open,
        share(right_open, sooner_open + right_open),
    )
}

fn simulated(runs: u64, seed: u64) {
    let minutes = DURATION_S / 60;
    println!("\nsimulated: {runs} times {minutes} min of each course, seeds from {seed} on");
    let mut together: [Outcome; 4] = Default::default();
    for (place, course) in COURSES.into_iter().enumerate() {
        let mut outcomes: [Outcome; 4] = Default::default();
        for run in 0..runs {
            let fill = simulate(course, seed + place as u64 * runs + run);
            for (sum, outcome) in outcomes.iter_mut().zip(play(fill.area_m2, &fill.seen)) {
                *sum += outcome;
            }
        }
        print_simulated(&format!("{course:?}"), &outcomes);
        for (sum, outcome) in together.iter_mut().zip(outcomes) {
            *sum += outcome;
        }
    }
    print_simulated("all", &together);
}

fn print_simulated(course: &str, outcomes: &[Outcome; 4]) {
    for (level, outcome) in outcomes.iter().enumerate() {
        let lead = outcome.median_lead_s().map_or_else(|| "-".to_owned(), |lead_s| format!("{lead_s:.0} s"));
        println!(
            "  {course:10} {:6} reached {:4}, called before {:4}, median lead {lead:>5}; {:4} calls, {:3} false, {:.2}/h; {}",
            LEVELS[level].to_string(),
            outcome.crossings.len(),
            outcome.called(),
            outcome.calls,
            outcome.false_calls,
            outcome.false_per_h(),
            intervals(outcome),
        );
    }
}
