//! Zones and lines on the ground-truth boxes of PETS2009 S2.L1 (shared data; skipped where it is absent): what the
//! counters make of perfect tracks.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crowdflow::config::{LinePlan, ZonePlan};
use crowdflow::flow::CameraFlow;
use crowdflow::model::{
    CameraId, Crossing, Direction, FrameMeta, FrameSize, LineId, NormPoint, ObjectClass, PixelBox, Timestamp, Track,
    TrackId, TrackState, ZoneId, ZoneState,
};

use crate::flow_scenarios::camera_plan;

const FPS: f64 = 7.0;
const FRAMES: u64 = 795;
const SIZE: FrameSize = FrameSize { width_px: 768, height_px: 576 };

pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CROWDFLOW_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("skipped: {name} not found in {}\n", folder.display()).as_bytes(),
    );
    None
}

fn norm(x: f64, y: f64) -> NormPoint {
    NormPoint { x: x / f64::from(SIZE.width_px), y: y / f64::from(SIZE.height_px) }
}

/// Frame (from 1) → its scored boxes by track.
fn ground_truth(text: &str) -> BTreeMap<u64, Vec<(u64, PixelBox)>> {
    let mut frames: BTreeMap<u64, Vec<(u64, PixelBox)>> = BTreeMap::new();
    for line in text.lines() {
        let row: Vec<f64> = line.split(',').map(|field| field.trim().parse().unwrap()).collect();
        if row[6] == 1.0 {
            let bbox = PixelBox { left: row[2], top: row[3], right: row[2] + row[4], bottom: row[3] + row[5] };
            frames.entry(row[0] as u64).or_default().push((row[1] as u64, bbox));
        }
    }
    frames
}

/// The zone after each frame and after the end, and all crossings. A track ends with its last box, or where it has none for `lost_s`.
fn run(text: &str, lost_s: f64) -> (Vec<ZoneState>, Vec<Crossing>) {
    let corners = [(300.0, 180.0), (600.0, 180.0), (600.0, 400.0), (300.0, 400.0)].map(|(x, y)| norm(x, y));
    let zone = ZonePlan::new(ZoneId::new("centre").unwrap(), corners.to_vec());
    let line = LinePlan::new(LineId::new("x384").unwrap(), norm(384.0, 575.0), norm(384.0, 140.0));
    let mut flow = CameraFlow::new(&camera_plan(vec![zone], vec![line]));
    let frames = ground_truth(text);
    let mut seen: BTreeMap<u64, Timestamp> = BTreeMap::new();
    let (mut zones, mut crossings) = (Vec::new(), Vec::new());
    for frame in 1..=FRAMES {
        let at = Timestamp(0).plus_seconds((frame - 1) as f64 / FPS);
        let boxes = frames.get(&frame).map_or(&[][..], Vec::as_slice);
        let ended: Vec<u64> =
            seen.iter().filter(|(_, last)| at.seconds_since(**last) > lost_s).map(|(&id, _)| id).collect();
        seen.retain(|id, _| !ended.contains(id));
        let tracks: Vec<Track> = boxes
            .iter()
            .map(|&(id, bbox)| Track {
                id: TrackId(id),
                class: ObjectClass::Person,
                state: TrackState::Confirmed,
                bbox,
                score: 1.0,
                first_seen: at,
                last_seen: at,
            })
            .collect();
        seen.extend(boxes.iter().map(|&(id, _)| (id, at)));
        let meta = FrameMeta { camera: CameraId::new("cam").unwrap(), seq: frame - 1, at, size: SIZE, epoch: 0 };
        let ended: Vec<TrackId> = ended.into_iter().map(TrackId).collect();
        let step = flow.step(&meta, &tracks, &ended);
        zones.extend(step.zones);
        crossings.extend(step.crossings);
    }
    // A new epoch ends all stays.
    let at = Timestamp(0).plus_seconds(FRAMES as f64 / FPS);
    let meta = FrameMeta { camera: CameraId::new("cam").unwrap(), seq: FRAMES, at, size: SIZE, epoch: 1 };
    zones.extend(flow.step(&meta, &[], &[]).zones);
    (zones, crossings)
}

#[test]
fn lines_on_pets_ground_truth() {
    let (Some(boxes), Some(truth)) = (shared("pets/gt.txt"), shared("pets/crossings_x384.csv")) else { return };
    let (_, crossings) = run(&std::fs::read_to_string(boxes).unwrap(), 2.0);
    let mut found: Vec<(u64, u64, Direction)> =
        crossings.iter().map(|crossing| (crossing.track.0, crossing.seq + 1, crossing.direction)).collect();
    found.sort_by_key(|&(track, frame, _)| (track, frame));
    let truth = std::fs::read_to_string(truth).unwrap();
    let truth: Vec<(u64, u64, Direction)> = truth
        .lines()
        .skip(1)
        .map(|line| {
            let row: Vec<i64> = line.split(',').map(|field| field.parse().unwrap()).collect();
            (row[0] as u64, row[1] as u64, if row[2] == 1 { Direction::In } else { Direction::Out })
        })
        .collect();
    println!("found {found:?}");
    // The truth looks at the bare line. Number 4 goes out round its lower end (y = 576, a pixel beyond it) and comes
    // back in through it 12 px further on, a twelfth of its height, all within the band: it never clearly left, and is
    // not counted a second time.
    let (round_the_end, truth): (Vec<_>, Vec<_>) = truth.into_iter().partition(|row| row.0 == 4 && row.1 == 628);
    assert_eq!(round_the_end.len(), 1);
    let directions = |rows: &[(u64, u64, Direction)]| rows.iter().map(|row| (row.0, row.2)).collect::<Vec<_>>();
    assert_eq!(directions(&found), directions(&truth), "found {found:?}, truth {truth:?}");
    let delays: Vec<u64> = found.iter().zip(&truth).map(|(found, truth)| found.1.abs_diff(truth.1)).collect();
    println!("{} crossings; frames between the crossing and its count: {delays:?}", found.len());
    assert!(delays.iter().all(|&delay| delay <= 4));
}

#[test]
fn a_zone_on_pets_ground_truth() {
    let (Some(boxes), Some(truth), Some(dwell)) =
        (shared("pets/gt.txt"), shared("pets/zone_occupancy.csv"), shared("pets/zone_dwell.json"))
    else {
        return;
    };
    let (mut zones, _) = run(&std::fs::read_to_string(boxes).unwrap(), 2.0);
    let ended = zones.pop().unwrap();
    let found: Vec<f64> = zones.iter().map(|zone| zone.classes[0].occupancy.value().unwrap()).collect();
    let truth: Vec<f64> = std::fs::read_to_string(truth)
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(1).unwrap().parse().unwrap())
        .collect();
    assert_eq!(found.len(), truth.len());
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let errors: Vec<f64> = found.iter().zip(&truth).map(|(found, truth)| found - truth).collect();
    let absolute: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    println!(
        "occupancy: mean {:.3} (truth {:.3}), MAE {:.4}, bias {:.4}",
        mean(&found),
        mean(&truth),
        mean(&absolute),
        mean(&errors)
    );
    // The band makes each of the 65 changes of the bare border about two frames late (8 px at 4 px a frame), entries
    // and exits alike: 130 person-frames in 795, and no bias.
    assert!(mean(&absolute) < 0.2 && mean(&errors).abs() < 0.03);

    let dwell: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(dwell).unwrap()).unwrap();
    let truth_s: f64 =
        dwell["dwell_s_at_7fps_by_id"]["centre"].as_object().unwrap().values().map(|v| v.as_f64().unwrap()).sum();
    let ended = &ended.classes[0];
    println!(
        "dwell: {:.2} s in {} stays (truth {truth_s:.2} s); entries {}, exits {}",
        ended.dwell_seconds_total, ended.stays_total, ended.entries_total, ended.exits_total
    );
    // The truth counts frames inside; a stay that ends by its last sight has one frame less between first and last.
    assert!((ended.dwell_seconds_total / truth_s - 1.0).abs() < 0.02);
}
