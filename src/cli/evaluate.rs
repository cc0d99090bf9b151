//! `crowdflow evaluate`: scores tracks, or what the tracker makes of detections, against ground truth.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};

use super::config_file::{self, calibrated_camera};
use super::output::print;
use super::track_detections::track_detections;
use crate::calibration::GroundPlane;
use crate::config::{TrackerPlan, defaults};
use crate::evaluation::{
    GroundTruth, GroundTruthFormat, Rules, Scores, TrackRow, combined, read_detections, read_ground_truth, read_tracks,
    score, table, write_track,
};
use crate::inference::Manifest;
use crate::tracking::{ScoreThresholds, Tracker};

/// Score tracks against ground truth: MOTA, IDF1, HOTA, counting error and more.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Ground truth in MOT Challenge format; give it once for each --tracks or --detections, in the same order.
    #[arg(long, value_name = "FILE", required = true)]
    pub gt: Vec<PathBuf>,
    /// Tracks in MOT Challenge format, such as the `tracks.txt` that `analyze` writes.
    #[arg(long, value_name = "FILE", required_unless_present = "detections")]
    pub tracks: Vec<PathBuf>,
    /// Detections in MOT Challenge format: the tracker follows them, and its tracks are scored.
    #[arg(long, value_name = "FILE", conflicts_with = "tracks", requires = "fps")]
    pub detections: Vec<PathBuf>,
    /// True frames a second of the detections: once for all, or once for each --detections.
    #[arg(long, value_name = "N", conflicts_with = "tracks")]
    pub fps: Vec<f64>,
    /// Score from which a detection may start a track, 0 to 1. Default: that of the shipped model.
    #[arg(long, value_name = "SCORE", conflicts_with = "tracks")]
    pub high_score: Option<f64>,
    /// Score from which a detection may continue a track, 0 to 1. Default: that of the shipped model.
    #[arg(long, value_name = "SCORE", conflicts_with = "tracks")]
    pub low_score: Option<f64>,
    /// The configuration of the camera whose pictures the detections are of, with its tracker settings and ground plane.
    /// Without it: the shipped settings, and no plane.
    #[arg(short, long, value_name = "FILE", conflicts_with = "tracks")]
    pub config: Option<PathBuf>,
    /// Which camera of the configuration; may be left out where only one is calibrated.
    #[arg(long, value_name = "ID", requires = "config")]
    pub camera: Option<String>,
    /// Keep the tracks in this file, in MOT Challenge format; give it once for each --detections.
    #[arg(long, value_name = "FILE", conflicts_with = "tracks")]
    pub write_tracks: Vec<PathBuf>,
    /// Which ground truth it is, and so which of its boxes are scored.
    #[arg(long, value_enum, default_value_t = FormatArg::Auto)]
    pub format: FormatArg,
    /// Count a result box on a person whose conf is 0 neither as right nor as wrong. Without this it is a false
    /// positive, as in the Python packages motmetrics and trackeval.
    #[arg(long)]
    pub forgive_unscored: bool,
    /// Write JSON instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Faster than any camera.
const MOST_FPS: f64 = 1000.0;

/// The ground truth's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// By the number of columns: 9 are MOT17, 7 or 10 are MOT15.
    Auto,
    /// No classes; boxes with conf 0 are not scored.
    Mot15,
    /// MOT16, MOT17, MOT20: class 1 is scored, result boxes on distractors are taken out.
    Mot17,
}

impl FormatArg {
    fn named(self) -> Option<GroundTruthFormat> {
        match self {
            Self::Auto => None,
            Self::Mot15 => Some(GroundTruthFormat::Mot15),
            Self::Mot17 => Some(GroundTruthFormat::Mot17),
        }
    }
}

#[derive(serde::Serialize)]
struct Report<'a> {
    sequences: Vec<SequenceReport<'a>>,
    combined: Scores,
}

#[derive(serde::Serialize)]
struct SequenceReport<'a> {
    name: String,
    gt: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracks: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detections: Option<&'a Path>,
    format: GroundTruthFormat,
    scores: Scores,
}

/// Where a sequence's tracks come from.
enum Input<'a> {
    Tracks(&'a Path),
    Detections { file: &'a Path, fps: f64, camera: &'a Followed, write_tracks: Option<&'a Path> },
}

/// How the tracker follows.
struct Followed {
    budgets: TrackerPlan,
    thresholds: ScoreThresholds,
    plane: Option<GroundPlane>,
}

/// Reads, tracks where it is detections that are given, scores and prints.
///
/// # Errors
/// A file can't be read or is not what it must be; the numbers of `--gt` and `--tracks` or `--detections` differ; a
/// frame rate or threshold can't be used; nothing can be written.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let followed = if args.detections.is_empty() { None } else { Some(followed(args)?) };
    let inputs = inputs(args, followed.as_ref())?;
    let rules = Rules { forgive_unscored: args.forgive_unscored };
    let mut sequences = Vec::with_capacity(args.gt.len());
    for (gt, input) in args.gt.iter().zip(&inputs) {
        let truth = read_ground_truth(gt, args.format.named())?;
        let scores = score(&truth, &input.tracks(&truth)?, rules);
        let (tracks, detections) = match *input {
            Input::Tracks(file) => (Some(file), None),
            Input::Detections { file, .. } => (None, Some(file)),
        };
        sequences.push(SequenceReport {
            name: sequence_name(gt),
            gt,
            tracks,
            detections,
            format: truth.format,
            scores,
        });
    }
    let combined = combined(sequences.iter().map(|sequence| &sequence.scores));
    let report = Report { sequences, combined };

    let text = if args.json {
        serde_json::to_string_pretty(&report)? + "\n"
    } else {
        let mut rows: Vec<_> =
            report.sequences.iter().map(|sequence| (sequence.name.as_str(), &sequence.scores)).collect();
        if rows.len() > 1 {
            rows.push(("COMBINED", &report.combined));
        }
        table(rows)
    };
    Ok(print(&text)?)
}

/// One for each `--gt`.
fn inputs<'a>(args: &'a EvaluateArgs, followed: Option<&'a Followed>) -> anyhow::Result<Vec<Input<'a>>> {
    let as_many = |option: &str, count: usize, of: &str, expected: usize| {
        ensure!(
            count == expected,
            "found {expected} {of} and {count} {option}, expected as many of one as of the other"
        );
        Ok(())
    };
    let Some(camera) = followed else {
        as_many("--tracks", args.tracks.len(), "--gt", args.gt.len())?;
        return Ok(args.tracks.iter().map(|file| Input::Tracks(file)).collect());
    };
    let count = args.detections.len();
    as_many("--detections", count, "--gt", args.gt.len())?;
    if !args.write_tracks.is_empty() {
        as_many("--write-tracks", args.write_tracks.len(), "--detections", count)?;
    }
    let rates: Vec<f64> = match *args.fps {
        [fps] => vec![fps; count],
        _ => args.fps.clone(),
    };
    ensure!(
        rates.len() == count,
        "found {} --fps and {count} --detections, expected one for all or one for each",
        rates.len()
    );
    for fps in &rates {
        ensure!(*fps > 0.0 && *fps <= MOST_FPS, "--fps: found {fps}, expected a number above 0, at most {MOST_FPS}");
    }
    let kept = args.write_tracks.iter().map(|path| Some(path.as_path())).chain(std::iter::repeat(None));
    let inputs = args.detections.iter().zip(rates).zip(kept);
    Ok(inputs.map(|((file, fps), write_tracks)| Input::Detections { file, fps, camera, write_tracks }).collect())
}

/// As the configured camera is followed; as it is shipped where there is none.
fn followed(args: &EvaluateArgs) -> anyhow::Result<Followed> {
    let thresholds = thresholds(args)?;
    let Some(path) = &args.config else {
        return Ok(Followed { budgets: TrackerPlan::default(), thresholds, plane: None });
    };
    let camera = calibrated_camera(&config_file::load(path)?, args.camera.as_deref())?;
    Ok(Followed { budgets: camera.tracker, thresholds, plane: camera.ground_plane().copied() })
}

/// The thresholds that are given; the shipped model's for those that are not.
fn thresholds(args: &EvaluateArgs) -> anyhow::Result<ScoreThresholds> {
    let (high, low) = match (args.high_score, args.low_score) {
        (Some(high), Some(low)) => (high, low),
        (high, low) => {
            let manifest = Manifest::find(None).context("no thresholds: give --high-score and --low-score")?;
            let shipped = manifest.model(defaults::MODEL)?.thresholds;
            (high.unwrap_or(shipped.high_score), low.unwrap_or(shipped.low_score))
        }
    };
    for (option, score) in [("--high-score", high), ("--low-score", low)] {
        ensure!((0.0..=1.0).contains(&score), "{option}: found {score}, expected a number from 0 to 1");
    }
    ensure!(low <= high, "--low-score: found {low}, expected at most the high score, {high}");
    Ok(ScoreThresholds { high, low })
}

impl Input<'_> {
    /// The tracks to be scored, after they are kept where that is asked for.
    fn tracks(&self, truth: &GroundTruth) -> anyhow::Result<Vec<TrackRow>> {
        let (file, fps, camera, write_tracks) = match *self {
            Self::Tracks(file) => return Ok(read_tracks(file)?),
            Self::Detections { file, fps, camera, write_tracks } => (file, fps, camera, write_tracks),
        };
        let detections = read_detections(file)?;
        let frames = truth.rows.iter().map(|row| row.frame).chain(detections.iter().map(|row| row.frame));
        let tracker = Tracker::new(camera.budgets, camera.thresholds).on_ground(camera.plane);
        let rows = track_detections(&detections, frames.max().unwrap_or(0), fps, tracker);
        if let Some(path) = write_tracks {
            let mut text = Vec::new();
            for row in &rows {
                write_track(&mut text, row)?;
            }
            std::fs::write(path, text).with_context(|| format!("{}: tracks can't be written", path.display()))?;
        }
        Ok(rows)
    }
}

/// The sequence's name: `MOT17-02` of `MOT17-02/gt/gt.txt`, `street` of `street.txt`.
fn sequence_name(gt: &Path) -> String {
    let stem = gt.file_stem().unwrap_or_default();
    let name = if stem == "gt" {
        gt.ancestors().skip(1).filter_map(Path::file_name).find(|name| *name != "gt").unwrap_or(stem)
    } else {
        stem
    };
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        args: EvaluateArgs,
    }

    fn parse(line: &str) -> Result<EvaluateArgs, clap::Error> {
        let words = std::iter::once("evaluate").chain(line.split_whitespace());
        Program::try_parse_from(words).map(|program| program.args)
    }

    #[test]
    fn a_sequence_is_named_after_its_folder() {
        for (path, name) in [
            ("data/MOT17-02/gt/gt.txt", "MOT17-02"),
            ("pets/gt.txt", "pets"),
            ("gt.txt", "gt"),
            ("a/street.txt", "street"),
        ] {
            assert_eq!(sequence_name(Path::new(path)), name);
        }
    }

    #[test]
    fn it_takes_tracks_or_detections() {
        for line in [
            "--gt a",
            "--gt a --tracks b --detections c --fps 7",
            "--gt a --detections c",
            "--gt a --tracks b --fps 7",
            "--gt a --tracks b --high-score 0.5",
            "--gt a --tracks b --write-tracks c",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        for line in ["--gt a --tracks b", "--gt a --detections b --fps 7", "--gt a --gt b --tracks c --tracks d"] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        for (line, message) in [
            ("--gt a --gt b --tracks c", "found 2 --gt and 1 --tracks, expected as many of one as of the other"),
            (
                "--gt a --detections b --detections c --fps 7",
                "found 1 --gt and 2 --detections, expected as many of one as of the other",
            ),
            (
                "--gt a --gt b --detections c --detections d --fps 7 --write-tracks e",
                "found 2 --detections and 1 --write-tracks, expected as many of one as of the other",
            ),
            (
                "--gt a --detections c --fps 7 --fps 8",
                "found 2 --fps and 1 --detections, expected one for all or one for each",
            ),
            ("--gt a --detections c --fps 0", "--fps: found 0, expected a number above 0, at most 1000"),
            ("--gt a --detections c --fps nan", "--fps: found NaN, expected a number above 0, at most 1000"),
            (
                "--gt a --detections c --fps 7 --high-score 1.5 --low-score 0.3",
                "--high-score: found 1.5, expected a number from 0 to 1",
            ),
            (
                "--gt a --detections c --fps 7 --high-score 0.5 --low-score 0.6",
                "--low-score: found 0.6, expected at most the high score, 0.5",
            ),
        ] {
            let found = run(&parse(line).unwrap()).unwrap_err().to_string();
            assert_eq!(found, message, "{line}");
        }
    }

    #[test]
    fn each_sequence_has_its_frame_rate_and_its_file() {
        let args = parse(
            "--gt a --gt b --detections c --detections d --fps 7 --fps 30 --high-score 0.5 --low-score 0.3 \
             --write-tracks e --write-tracks f",
        )
        .unwrap();
        let followed = followed(&args).unwrap();
        let found: Vec<_> = inputs(&args, Some(&followed))
            .unwrap()
            .iter()
            .map(|input| match *input {
                Input::Detections { file, fps, write_tracks, .. } => (file, fps, write_tracks),
                Input::Tracks(file) => panic!("{}", file.display()),
            })
            .collect();
        let path = Path::new;
        assert_eq!(found, [(path("c"), 7.0, Some(path("e"))), (path("d"), 30.0, Some(path("f")))]);
    }

    #[test]
    fn the_tracks_that_are_kept_score_like_the_detections_they_come_from() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).display().to_string();
        let rows = |id: &str| {
            let row = |frame: u32| format!("{frame},{id},{},50,40,100,1\n", 10 * frame);
            (1..=30).map(row).collect::<String>()
        };
        std::fs::write(file("gt.txt"), rows("1")).unwrap();
        std::fs::write(file("det.txt"), rows("-1")).unwrap();
        let (gt, det, tracks) = (file("gt.txt"), file("det.txt"), file("tracks.txt"));
        let line =
            format!("--gt {gt} --detections {det} --fps 10 --high-score 0.5 --low-score 0.3 --write-tracks {tracks}");
        run(&parse(&line).unwrap()).unwrap();
        let kept = read_tracks(Path::new(&tracks)).unwrap();
        // The second sight of a score this high confirms the track.
        assert_eq!((kept.len(), kept[0].frame), (29, 2));
        run(&parse(&format!("--gt {gt} --tracks {tracks}")).unwrap()).unwrap();
    }
}
