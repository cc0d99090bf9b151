//! `crowdflow evaluate`: scores tracks against ground truth.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::{Args, ValueEnum};

use crate::evaluation::{GroundTruthFormat, Rules, Scores, combined, read_ground_truth, read_tracks, score, table};

/// Score tracks against ground truth: MOTA, IDF1, HOTA, counting error and more.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Ground truth in MOT Challenge format; give it once for each --tracks, in the same order.
    #[arg(long, value_name = "FILE", required = true)]
    pub gt: Vec<PathBuf>,
    /// Tracks in MOT Challenge format, such as the `tracks.txt` that `analyze` writes.
    #[arg(long, value_name = "FILE", required = true)]
    pub tracks: Vec<PathBuf>,
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
struct Report {
    sequences: Vec<SequenceReport>,
    combined: Scores,
}

#[derive(serde::Serialize)]
struct SequenceReport {
    name: String,
    gt: PathBuf,
    tracks: PathBuf,
    format: GroundTruthFormat,
    scores: Scores,
}

/// Reads, scores and prints.
///
/// # Errors
/// A file can't be read or is not what it must be; the numbers of `--gt` and `--tracks` differ; nothing can be written.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    ensure!(
        args.gt.len() == args.tracks.len(),
        "found {} --gt and {} --tracks, expected as many of one as of the other",
        args.gt.len(),
        args.tracks.len()
    );
    let rules = Rules { forgive_unscored: args.forgive_unscored };
    let mut sequences = Vec::with_capacity(args.gt.len());
    for (gt, tracks) in args.gt.iter().zip(&args.tracks) {
        let truth = read_ground_truth(gt, args.format.named())?;
        let result = read_tracks(tracks)?;
        sequences.push(SequenceReport {
            name: sequence_name(gt),
            gt: gt.clone(),
            tracks: tracks.clone(),
            format: truth.format,
            scores: score(&truth, &result, rules),
        });
    }
    let combined = combined(sequences.iter().map(|sequence| &sequence.scores));
    let report = Report { sequences, combined };

    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        let mut rows: Vec<_> =
            report.sequences.iter().map(|sequence| (sequence.name.as_str(), &sequence.scores)).collect();
        if rows.len() > 1 {
            rows.push(("COMBINED", &report.combined));
        }
        write!(out, "{}", table(rows))?;
    }
    Ok(())
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
}
