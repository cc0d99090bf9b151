//! How honest counts are: detections of MOT Challenge sequences counted in zones, against the truth.
//!
//! ```text
//! count_quality SEQUENCE_FOLDER...
//! ```
//!
//! Each folder holds `gt/gt.txt`, `det/det.txt` and `seqinfo.ini`. The detections go through tracker and zones as those of
//! a camera would; the zones are the whole picture, its quarters and its thirds. A count is *low* where it lacks more than
//! a fifth of the people who stand in the zone. Before saturation was watched, every count passed for valid.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use crowdflow::analysis::CameraAnalysis;
use crowdflow::config;
use crowdflow::evaluation::{read_detections, read_ground_truth};
use crowdflow::geometry::Polygon;
use crowdflow::model::{
    CountEvidence, Detection, FrameMeta, FrameSize, ObjectClass, PixelBox, PixelPoint, Reading, Timestamp,
};
use crowdflow::rules::RuleEngine;
use crowdflow::tracking::ScoreThresholds;

/// A count that lacks more than this share of the people is low.
const LOW: f64 = 0.2;
const THRESHOLDS: ScoreThresholds = ScoreThresholds { high: 0.5, low: 0.3 };
/// Left, top, right and bottom as shares of the picture.
const ZONES: [[f64; 4]; 8] = [
    [0.0, 0.0, 1.0, 1.0],
    [0.0, 0.0, 0.5, 0.5],
    [0.5, 0.0, 1.0, 0.5],
    [0.0, 0.5, 0.5, 1.0],
    [0.5, 0.5, 1.0, 1.0],
    [0.0, 0.0, 1.0 / 3.0, 1.0],
    [1.0 / 3.0, 0.0, 2.0 / 3.0, 1.0],
    [2.0 / 3.0, 0.0, 1.0, 1.0],
];

/// Counts of frames in which somebody was in the zone.
#[derive(Default)]
struct Tally {
    frames: u32,
    low: u32,
    valid: u32,
    valid_and_low: u32,
    changes: u32,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.low += other.low;
        self.valid += other.valid;
        self.valid_and_low += other.valid_and_low;
        self.changes += other.changes;
    }

    fn row(&self, name: &str, minutes: f64) -> String {
        let share = |part: u32, of: u32| f64::from(part) / f64::from(of.max(1));
        let right = self.frames - self.low;
        format!(
            "| {name} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
            self.frames,
            share(self.low, self.frames),
            share(self.valid_and_low, self.frames),
            share(self.valid, self.frames),
            share(self.valid_and_low, self.valid),
            share(self.valid - self.valid_and_low, right),
            f64::from(self.changes) / minutes,
        )
    }
}

fn main() -> anyhow::Result<()> {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    anyhow::ensure!(!folders.is_empty(), "usage: count_quality SEQUENCE_FOLDER...");
    println!(
        "| sequence, zones | frames | valid and low before | and now | share valid | of those, low | right counts kept \
         valid | changes a minute and zone |\n|---|---|---|---|---|---|---|---|"
    );
    for folder in folders {
        let (tallies, minutes) = sequence(&folder).with_context(|| folder.display().to_string())?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!("{}", tallies[0].row(&format!("{name}, whole picture"), minutes));
        let mut parts = Tally::default();
        tallies[1..].iter().for_each(|tally| parts.add(tally));
        println!("{}", parts.row(&format!("{name}, its parts"), minutes * (ZONES.len() - 1) as f64));
    }
    Ok(())
}

/// What each zone came to, and how long the sequence is.
fn sequence(folder: &Path) -> anyhow::Result<(Vec<Tally>, f64)> {
    let info = std::fs::read_to_string(folder.join("seqinfo.ini")).context("seqinfo.ini")?;
    let number = |key: &str| -> anyhow::Result<f64> {
        let line = info.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
        line.and_then(|value| value.trim().parse().ok()).with_context(|| format!("seqinfo.ini has no number `{key}`"))
    };
    let (width, height, fps, last_frame) =
        (number("imWidth")?, number("imHeight")?, number("frameRate")?, number("seqLength")? as u32);
    let size = FrameSize { width_px: width as u32, height_px: height as u32 };

    let mut truth: BTreeMap<u32, Vec<PixelPoint>> = BTreeMap::new();
    for row in read_ground_truth(&folder.join("gt/gt.txt"), None)?.rows {
        if row.conf > 0.0 && row.class.is_none_or(|class| class == 1) {
            truth.entry(row.frame).or_default().push(row.bbox.foot());
        }
    }
    let mut detections: BTreeMap<u32, Vec<Detection>> = BTreeMap::new();
    for row in read_detections(&folder.join("det/det.txt"))? {
        let detection = Detection { bbox: row.bbox, class: ObjectClass::Person, score: row.score };
        detections.entry(row.frame).or_default().push(detection);
    }

    let mut text = format!("[cameras.it]\nsource.images = {{ path = \"-\", fps = {fps} }}\n");
    for (index, [left, top, right, bottom]) in ZONES.iter().enumerate() {
        text += &format!(
            "[cameras.it.zones.z{index}]\npolygon = [[{left}, {top}], [{right}, {top}], [{right}, {bottom}], [{left}, \
             {bottom}]]\n"
        );
    }
    let plan = config::parse(&text, Path::new("."), &|_| None)?;
    let polygons = ZONES.map(|[left, top, right, bottom]| {
        let rect = PixelBox { left: left * width, top: top * height, right: right * width, bottom: bottom * height };
        let corners =
            [(rect.left, rect.top), (rect.right, rect.top), (rect.right, rect.bottom), (rect.left, rect.bottom)];
        Polygon::new(&corners.map(|(x, y)| PixelPoint { x, y }))
    });
    let mut analysis = CameraAnalysis::new(&plan.cameras[0], RuleEngine::new(&[]), THRESHOLDS);
    let mut tallies: Vec<Tally> = ZONES.iter().map(|_| Tally::default()).collect();
    let mut before: Vec<Option<bool>> = vec![None; ZONES.len()];
    for frame in 1..=last_frame {
        let meta = FrameMeta {
            camera: plan.cameras[0].id.clone(),
            seq: u64::from(frame - 1),
            at: Timestamp(0).plus_seconds(f64::from(frame - 1) / fps),
            size,
            epoch: 0,
        };
        let seen = detections.get(&frame).map_or(&[][..], Vec::as_slice);
        // These detections were made from the whole picture in its own size.
        analysis.consider(CountEvidence { input_scale: Some(1.0), ..CountEvidence::default() });
        let Some(report) = analysis.step(meta, seen) else { continue };
        let people = truth.get(&frame).map_or(&[][..], Vec::as_slice);
        for (index, zone) in report.zones.iter().enumerate() {
            let there = people.iter().filter(|&&foot| polygons[index].contains(foot)).count() as f64;
            let count = zone.classes[0].occupancy;
            let is_valid = matches!(count, Reading::Valid(_));
            let tally = &mut tallies[index];
            tally.changes += u32::from(before[index].replace(is_valid).is_some_and(|was| was != is_valid));
            let Some(counted) = count.value().filter(|_| there > 0.0) else { continue };
            let is_low = counted < (1.0 - LOW) * there;
            tally.frames += 1;
            tally.low += u32::from(is_low);
            tally.valid += u32::from(is_valid);
            tally.valid_and_low += u32::from(is_valid && is_low);
        }
    }
    Ok((tallies, f64::from(last_frame) / fps / 60.0))
}
