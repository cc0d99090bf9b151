//! `crowdflow analyze`: a recording at full speed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::config_file;
use super::failure::Unavailable;
use super::model::{check_input_sizes, open_models};
use super::output::{count, print};
use crate::config::{self, CameraPlan, FileSource, ImageFolderSource, Plan, SourcePlan, defaults};
use crate::evaluation::{TrackRow, write_track};
use crate::flow::HeatMap;
use crate::inference::Model;
use crate::input::InputReport;
use crate::model::{FrameReport, FrameSize, LineState, ObjectClass, Timestamp, TrackId, ZoneState};
use crate::picture::{Picture, VideoWriter};
use crate::pipeline::{AnalysedFrame, PipelineError, Progress, RecordingSummary, StageSummaries, analyze_recording};
use crate::rules::RuleEngine;
use crate::sink::AnalysisFiles;
use crate::view::{Annotator, Scene, heat_map_pictures, people_to_hide, zone_levels};

/// Analyse a video file or a folder of pictures at full speed.
///
/// Writes tracks.txt (MOT Challenge), crossings.csv, zones.csv, alerts.jsonl, summary.json and annotated.mp4; for a
/// calibrated camera also heat_map.csv and pictures of it. Two runs over the same file write the same bytes, summary.json
/// apart.
#[derive(Debug, Args)]
pub(super) struct AnalyzeArgs {
    /// A video file or a folder of pictures. Without it: the camera's own source.
    #[arg(value_name = "VIDEO")]
    video: Option<PathBuf>,
    /// The configuration with zones, lines and rules. Without it only tracks are made.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Which camera of the configuration; may be left out where there is only one.
    #[arg(long, value_name = "ID")]
    camera: Option<String>,
    /// Folder for the results. Those of an earlier run in it are replaced, all of them.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// True frames a second of VIDEO; without it as configured for the camera.
    #[arg(long, value_name = "RATE", requires = "video")]
    fps: Option<f64>,
    /// Time of the first frame, RFC 3339, such as 2026-11-24T11:00:00+08:00; without it as configured for the camera, and
    /// 1970 where nothing is.
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// Leave annotated.mp4 out: faster.
    #[arg(long)]
    no_video: bool,
    /// Also write detections.txt: every person that the detector saw, from its low score on, as MOT Challenge
    /// detections. `evaluate --detections` takes it.
    #[arg(long)]
    detections: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Summary<'a> {
    schema: u32,
    version: &'static str,
    camera: &'a str,
    video: String,
    model: &'a str,
    input_size: String,
    input: Option<InputReport>,
    workers: usize,
    frames: u64,
    frames_failed: u64,
    frames_expected: Option<u64>,
    source_warning: Option<String>,
    unusable_detections: u64,
    seconds_of_video: f64,
    wall_s: f64,
    fps: f64,
    stages: StageSummaries,
    tracks: usize,
    picture: BTreeMap<&'static str, PictureSummary>,
    zones: BTreeMap<String, BTreeMap<&'static str, ZoneSummary>>,
    lines: BTreeMap<String, BTreeMap<&'static str, LineSummary>>,
    alerts: BTreeMap<String, u64>,
    peak_resident_mb: Option<f64>,
}

/// What was in the whole picture.
#[derive(serde::Serialize)]
struct PictureSummary {
    mean: f64,
    max: u64,
}

#[derive(serde::Serialize)]
struct ZoneSummary {
    mean_occupancy: f64,
    max_occupancy: f64,
    entries: u64,
    exits: u64,
    stays: u64,
    mean_dwell_s: Option<f64>,
}

#[derive(serde::Serialize)]
struct LineSummary {
    r#in: u64,
    out: u64,
}

/// What is added up over the frames.
#[derive(Default)]
struct Totals {
    occupancy: BTreeMap<(String, &'static str), (f64, f64, u64)>,
    zones: Vec<ZoneState>,
    lines: Vec<LineState>,
    counted: BTreeSet<TrackId>,
    frames: u64,
    picture: BTreeMap<&'static str, (u64, u64)>,
    alerts: BTreeMap<String, u64>,
    first_at_s: Option<f64>,
    last_at_s: f64,
}

impl Totals {
    fn new(camera: &CameraPlan) -> Self {
        Self { picture: camera.classes().iter().map(|class| (class.as_str(), (0, 0))).collect(), ..Self::default() }
    }

    fn add(&mut self, report: &FrameReport) {
        self.frames += 1;
        for (class, (sum, max)) in &mut self.picture {
            let count = report.tracks.iter().filter(|track| track.class.as_str() == *class).count() as u64;
            *sum += count;
            *max = (*max).max(count);
        }
        for zone in &report.zones {
            for class in &zone.classes {
                let Some(value) = class.occupancy.value() else { continue };
                let (sum, max, frames) =
                    self.occupancy.entry((zone.zone.to_string(), class.class.as_str())).or_default();
                *sum += value;
                *max = max.max(value);
                *frames += 1;
            }
        }
        self.zones.clone_from(&report.zones);
        self.lines.clone_from(&report.lines);
        self.counted.extend(report.tracks.iter().map(|track| track.id));
        for alert in &report.alerts {
            let level = alert.to.or(alert.from).map_or("none", |level| level.as_str());
            *self.alerts.entry(format!("{} {} {level}", alert.rule, alert.kind.as_str())).or_default() += 1;
        }
        let at_s = report.at.0 as f64 / 1e6;
        self.first_at_s.get_or_insert(at_s);
        self.last_at_s = at_s;
    }

    fn picture_summaries(&self) -> BTreeMap<&'static str, PictureSummary> {
        let of = |sum: u64, max: u64| PictureSummary { mean: rounded(sum as f64 / self.frames.max(1) as f64), max };
        self.picture.iter().map(|(&class, &(sum, max))| (class, of(sum, max))).collect()
    }

    fn zone_summaries(&self) -> BTreeMap<String, BTreeMap<&'static str, ZoneSummary>> {
        let mut summaries: BTreeMap<String, BTreeMap<&'static str, ZoneSummary>> = BTreeMap::new();
        for zone in &self.zones {
            for class in &zone.classes {
                let name = class.class.as_str();
                let (sum, max, frames) =
                    self.occupancy.get(&(zone.zone.to_string(), name)).copied().unwrap_or_default();
                let summary = ZoneSummary {
                    mean_occupancy: rounded(sum / frames.max(1) as f64),
                    max_occupancy: max,
                    entries: class.entries_total,
                    exits: class.exits_total,
                    stays: class.stays_total,
                    mean_dwell_s: (class.stays_total > 0)
                        .then(|| rounded(class.dwell_seconds_total / class.stays_total as f64)),
                };
                summaries.entry(zone.zone.to_string()).or_default().insert(name, summary);
            }
        }
        summaries
    }

    fn line_summaries(&self) -> BTreeMap<String, BTreeMap<&'static str, LineSummary>> {
        let of = |line: &LineState| {
            line.totals.iter().map(|&(class, r#in, out)| (class.as_str(), LineSummary { r#in, out })).collect()
        };
        self.lines.iter().map(|line| (line.line.to_string(), of(line))).collect()
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// `annotated.mp4`, begun with the first picture.
struct AnnotatedVideo {
    path: PathBuf,
    annotator: Annotator,
    rate_fps: f64,
    writer: Option<(VideoWriter, FrameSize)>,
}

impl AnnotatedVideo {
    fn new(path: PathBuf, camera: &CameraPlan, plan: &Plan) -> Self {
        let annotator = Annotator::new(camera, &plan.rules, &plan.privacy);
        Self { path, annotator, rate_fps: analysed_fps(camera), writer: None }
    }

    /// Heads are hidden for everybody who was seen or is followed, counted or not.
    fn write(&mut self, mut picture: Picture, frame: &AnalysedFrame<'_>) -> Result<(), PipelineError> {
        let also_hide = people_to_hide(frame.detections, frame.analysis.people_not_counted());
        let levels = zone_levels(frame.analysis.rule_states());
        self.annotator.draw(&mut picture, &Scene { report: frame.report, levels: &levels, also_hide: &also_hide })?;
        let (writer, size) = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let size = picture.size();
                self.writer.insert((VideoWriter::create(&self.path, size, self.rate_fps)?, size))
            }
        };
        // A video has one size, its pictures may change theirs.
        if picture.size() != *size {
            picture = picture.resized(*size)?;
        }
        Ok(writer.write(&picture)?)
    }

    fn finish(self) -> Result<(), PipelineError> {
        Ok(self.writer.map_or(Ok(()), |(writer, _)| writer.finish())?)
    }
}

/// True frames a second of the camera's recording.
fn rate_fps(camera: &CameraPlan) -> f64 {
    match &camera.source {
        SourcePlan::File(file) => file.fps,
        SourcePlan::Images(folder) => folder.fps,
        // Never analysed as a recording: `FrameReader` refuses it.
        SourcePlan::Stream(_) | SourcePlan::V4l2(_) => 1.0,
    }
}

/// Frames analysed of each second of the camera's recording.
fn analysed_fps(camera: &CameraPlan) -> f64 {
    camera.analysis_fps.map_or(rate_fps(camera), |rate| rate.min(rate_fps(camera)))
}

pub(super) fn run(args: &AnalyzeArgs) -> anyhow::Result<()> {
    let (plan, camera) = plan(args)?;
    let models = open_models(&plan.inference)?;
    check_input_sizes(&models, &plan.inference, &camera)?;
    let mut files = AnalysisFiles::create(&args.out)
        .map_err(|error| Unavailable(format!("cannot write results to {}: {error}", args.out.display())))?;

    let mut video = AnnotatedVideo::new(files.incomplete_path("annotated.mp4"), &camera, &plan);
    let mut detections = match args.detections {
        true => {
            Some(BufWriter::new(File::create(files.incomplete_path("detections.txt")).map_err(PipelineError::from)?))
        }
        false => None,
    };
    warn_of_other_rules(&plan);
    let mut totals = Totals::new(&camera);
    let bar = progress_bar();
    let summary = analyze_recording(
        &camera,
        RuleEngine::of_camera(&plan, &camera.id),
        &plan.inference,
        &models,
        !args.no_video,
        |mut frame| {
            totals.add(frame.report);
            files.write(frame.report)?;
            if let Some(detections) = &mut detections {
                write_detections(detections, &frame)?;
            }
            if let Some(map) = frame.heat_map.take() {
                write_heat_map(&mut files, &camera, &map)?;
            }
            frame.picture.take().map_or(Ok(()), |picture| video.write(picture, &frame))
        },
        |Progress { frames, expected }| {
            if bar.length() != expected {
                expected.map_or_else(|| bar.unset_length(), |expected| bar.set_length(expected));
            }
            bar.set_position(frames);
        },
    )?;
    bar.finish_and_clear();
    video.finish()?;
    detections.map_or(Ok(()), |mut file| file.flush()).map_err(PipelineError::from)?;
    if let Some(map) = &summary.last_heat_map {
        write_heat_map(&mut files, &camera, map)?;
    }

    let summary = report(&camera, &models.detector, &summary, &totals);
    let text = serde_json::to_string_pretty(&summary)? + "\n";
    fs::write(files.incomplete_path("summary.json"), &text).map_err(PipelineError::from)?;
    if files.finish().map_err(PipelineError::from)? {
        eprintln!("replaced the results of an earlier run in {}", args.out.display());
    }
    if let Some(warning) = summary.input.as_ref().and_then(|input| input.warning.as_ref()) {
        eprintln!("warning: network input of cameras.{}: {warning}", summary.camera);
    }
    if let Some(warning) = &summary.source_warning {
        eprintln!("warning: {}: {warning}", summary.video);
    }
    Ok(print(&if args.json { text } else { in_words(&summary, &args.out) })?)
}

/// Rules on sites or on several cameras are not played here; who reads `alerts.jsonl` has to know.
fn warn_of_other_rules(plan: &Plan) {
    let left_out: Vec<&str> =
        plan.rules.iter().filter(|rule| rule.camera().is_none()).map(|rule| rule.id.as_str()).collect();
    if !left_out.is_empty() {
        eprintln!(
            "warning: rules on sites or several cameras are for `run` only, and left out: {}",
            left_out.join(", ")
        );
    }
}

/// The people seen in a frame, as MOT Challenge detections: tracks without a number.
fn write_detections(file: &mut impl Write, frame: &AnalysedFrame<'_>) -> std::io::Result<()> {
    let number = frame.report.frame.as_ref().map_or(0, |meta| meta.seq + 1);
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    let people = frame.detections.iter().filter(|seen| seen.class == ObjectClass::Person);
    people
        .map(|seen| TrackRow { frame: number, id: -1, bbox: seen.bbox, score: seen.score })
        .try_for_each(|row| write_track(file, &row))
}

fn write_heat_map(files: &mut AnalysisFiles, camera: &CameraPlan, map: &HeatMap) -> Result<(), PipelineError> {
    Ok(files.write_heat_map(&camera.id, map, &heat_map_pictures(camera, map)?)?)
}

/// The plan, and the camera as it is to be analysed.
fn plan(args: &AnalyzeArgs) -> anyhow::Result<(Plan, CameraPlan)> {
    if let Some(fps) = args.fps
        && !(defaults::FPS_LEAST..=defaults::FPS_MOST).contains(&fps)
    {
        bail!(
            "--fps: found {fps}, expected a number from {} to {} frames a second",
            defaults::FPS_LEAST,
            defaults::FPS_MOST
        );
    }
    let read_start = |written: &String| {
        let time = Timestamp::from_rfc3339(written);
        time.with_context(|| format!("--start: found {written:?}, expected {}", Timestamp::RFC3339_WORDS))
    };
    let given_start = args.start.as_ref().map(read_start).transpose()?;
    let plan = match (&args.config, &args.video, args.fps) {
        (Some(path), _, _) => config_file::load(path)?,
        (None, Some(_), Some(fps)) => {
            let text = format!("[cameras.video.source.file]\npath = \"video\"\nfps = {fps:?}\n");
            config::parse(&text, Path::new("."), &|_| None).context("--fps can't be used")?
        }
        (None, Some(_), None) => {
            bail!(
                "without --config the true frame rate of the video is unknown (containers lie): give it as --fps RATE"
            )
        }
        (None, None, _) => bail!("nothing to analyse: give a VIDEO, or a --config whose camera has a file"),
    };
    let known = || plan.cameras.iter().map(|camera| camera.id.to_string()).collect::<Vec<_>>().join(", ");
    let mut camera = match (&args.camera, plan.cameras.as_slice()) {
        (Some(id), cameras) => cameras
            .iter()
            .find(|camera| camera.id.as_str() == id)
            .cloned()
            .with_context(|| format!("--camera {id}: found no such camera, expected one of: {}", known()))?,
        (None, [only]) => only.clone(),
        (None, _) => bail!("the configuration has several cameras: say which with --camera, one of: {}", known()),
    };
    let (configured_fps, start) = match &camera.source {
        SourcePlan::File(file) => (Some(file.fps), file.start),
        SourcePlan::Images(folder) => (Some(folder.fps), folder.start),
        SourcePlan::Stream(_) | SourcePlan::V4l2(_) => (None, defaults::START),
    };
    camera.heat_map_cell_m = Some(plan.heat_maps.cell_m);
    if let Some(video) = &args.video {
        let fps = args.fps.or(configured_fps).with_context(|| {
            format!(
                "camera {} is live, so the true frame rate of the video is unknown: give it as --fps RATE",
                camera.id
            )
        })?;
        let path = video.clone();
        camera.source = if video.is_dir() {
            SourcePlan::Images(ImageFolderSource { path, fps, start, repeat: false })
        } else {
            SourcePlan::File(FileSource { path, fps, start, repeat: false })
        };
    }
    if let Some(given) = given_start {
        match &mut camera.source {
            SourcePlan::File(file) => file.start = given,
            SourcePlan::Images(folder) => folder.start = given,
            // Refused as a recording in any case.
            SourcePlan::Stream(_) | SourcePlan::V4l2(_) => {}
        }
    }
    Ok((plan, camera))
}

/// Frames, rate and time left, on a terminal only.
fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} frames  {per_sec}  {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn report<'a>(camera: &'a CameraPlan, model: &'a Model, run: &RecordingSummary, totals: &Totals) -> Summary<'a> {
    let video = match &camera.source {
        SourcePlan::File(file) => file.path.display().to_string(),
        SourcePlan::Images(folder) => folder.path.display().to_string(),
        SourcePlan::Stream(stream) => stream.url.clone(),
        SourcePlan::V4l2(device) => device.device.display().to_string(),
    };
    let seconds_of_video = totals.first_at_s.map_or(0.0, |first| totals.last_at_s - first + 1.0 / analysed_fps(camera));
    Summary {
        schema: 1,
        version: env!("CARGO_PKG_VERSION"),
        camera: camera.id.as_str(),
        video,
        model: &model.entry().id,
        input_size: match (&run.input, camera.input.auto) {
            (Some(input), Some(_)) => input.size().to_string(),
            _ => camera.input.size.to_string(),
        },
        input: run.input.as_ref().map(InputReport::from),
        workers: run.workers,
        frames: run.frames,
        frames_failed: run.source.failed,
        frames_expected: run.source.expected,
        source_warning: run.source.warning(),
        unusable_detections: run.unusable_detections,
        seconds_of_video: rounded(seconds_of_video),
        wall_s: rounded(run.wall_s),
        fps: rounded(run.frames as f64 / run.wall_s.max(1e-9)),
        stages: run.stages,
        tracks: totals.counted.len(),
        picture: totals.picture_summaries(),
        zones: totals.zone_summaries(),
        lines: totals.line_summaries(),
        alerts: totals.alerts.clone(),
        peak_resident_mb: peak_resident_mb(),
    }
}

fn in_words(summary: &Summary<'_>, out: &Path) -> String {
    let mut text = format!(
        "{} of {} ({:.1} s of video) in {:.1} s: {:.1} frames/s with {}\n",
        count(summary.frames as usize, "frame"),
        summary.video,
        summary.seconds_of_video,
        summary.wall_s,
        summary.fps,
        count(summary.workers, "worker")
    );
    // Writing into a string can't fail.
    if let Some(InputReport { crop_px: [left, top, width, height], tiles: [columns, rows], size, why, .. }) =
        &summary.input
    {
        let _ = writeln!(
            text,
            "network input {size} for each of {columns}x{rows} tiles of {width}x{height} px at ({left}, {top}), {why}"
        );
    }
    for (class, of) in &summary.picture {
        let _ = writeln!(text, "whole picture, {class}: mean {:.2}, most {}", of.mean, of.max);
    }
    for (zone, classes) in &summary.zones {
        for (class, of) in classes {
            let _ = writeln!(
                text,
                "zone {zone}, {class}: mean {:.2}, most {}, {} in, {} out",
                of.mean_occupancy, of.max_occupancy, of.entries, of.exits
            );
        }
    }
    for (line, classes) in &summary.lines {
        for (class, of) in classes {
            let _ = writeln!(text, "line {line}, {class}: {} in, {} out", of.r#in, of.out);
        }
    }
    for (what, times) in &summary.alerts {
        let _ = writeln!(text, "alert {what}: {times}");
    }
    let _ = writeln!(text, "results in {}", out.display());
    text
}

/// The most memory that this process has had, in MB of 10⁶ bytes, as Linux counts it.
fn peak_resident_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib: f64 =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib * 1024.0 / 1e5).round() / 10.0)
}
