//! A camera, reports and pictures for this module's tests.

use super::ZoneLevel;
use crate::config::{CameraPlan, ImageFolderSource, LinePlan, RulePlan, SourcePlan, ZonePlan};
use crate::model::{
    CameraId, FrameMeta, FrameReport, FrameSize, Level, LineId, LineState, Measure, NormPoint, ObjectClass, PixelBox,
    Place, Reading, Readings, RuleId, Timestamp, Track, TrackId, TrackState, ZoneClassState, ZoneId, ZoneState,
};
use crate::picture::{Colour, Picture};

/// Size of the example camera's frames.
pub const SIZE: FrameSize = FrameSize { width_px: 768, height_px: 576 };

/// A camera with two zones (`plaza` on the left, `quay` on the right) and a line (`gate`) whose *in* is to the right.
pub fn camera() -> CameraPlan {
    let zone = |id: &str, left: f64, right: f64| {
        let corners = [(left, 0.4), (right, 0.4), (right, 0.8), (left, 0.8)].map(|(x, y)| NormPoint { x, y });
        let plan = ZonePlan::new(ZoneId::new(id).unwrap(), corners.to_vec());
        ZonePlan { area_m2: Some(20.0), name: String::new(), ..plan }
    };
    let source = ImageFolderSource { path: "-".into(), fps: 7.0, start: Timestamp(0), repeat: false };
    let (a, b) = (NormPoint { x: 0.5, y: 0.2 }, NormPoint { x: 0.5, y: 0.9 });
    CameraPlan {
        name: "Gate A".to_owned(),
        zones: vec![zone("plaza", 0.1, 0.4), zone("quay", 0.6, 0.9)],
        lines: vec![LinePlan::new(LineId::new("gate").unwrap(), a, b)],
        ..CameraPlan::new(CameraId::new("gate_a").unwrap(), SourcePlan::Images(source))
    }
}

/// A person's track.
pub fn track(id: u64, state: TrackState, (left, top, width, height): (f64, f64, f64, f64)) -> Track {
    Track {
        id: TrackId(id),
        class: ObjectClass::Person,
        state,
        bbox: PixelBox { left, top, right: left + width, bottom: top + height },
        score: 0.9,
        first_seen: Timestamp(0),
        last_seen: Timestamp(0),
    }
}

/// A report of the example camera with these readings in its zones.
pub fn report(tracks: Vec<Track>, plaza: Reading, quay: Reading) -> FrameReport {
    let camera = CameraId::new("gate_a").unwrap();
    let zone = |id: &str, occupancy: Reading| ZoneState {
        saturation: None,
        zone: ZoneId::new(id).unwrap(),
        classes: vec![ZoneClassState {
            class: ObjectClass::Person,
            occupancy,
            entries_total: 0,
            exits_total: 0,
            stays_total: 0,
            dwell_seconds_total: 0.0,
            longest_dwell_s: None,
        }],
        readings: Readings::NONE.with(Measure::Density, occupancy.map(|people| people / 20.0)),
    };
    FrameReport {
        camera: camera.clone(),
        at: Timestamp(0),
        frame: Some(FrameMeta { camera, seq: 42, at: Timestamp(0), size: SIZE, epoch: 0 }),
        tracks,
        zones: vec![zone("plaza", plaza), zone("quay", quay)],
        lines: vec![LineState {
            line: LineId::new("gate").unwrap(),
            totals: vec![(ObjectClass::Person, 12, 7)],
            people_were_missed: false,
            readings: Readings::NONE,
        }],
        readings: Readings::NONE,
        crossings: Vec::new(),
        alerts: Vec::new(),
    }
}

/// A rule of the example camera.
pub fn rule() -> RulePlan {
    let place = Place::Zone(CameraId::new("gate_a").unwrap(), ZoneId::new("plaza").unwrap());
    let plan = RulePlan::new(RuleId::new("plaza_full").unwrap(), place, Measure::Occupancy, Vec::new());
    RulePlan { name: "Plaza is full".to_owned(), ..plan }
}

/// How a zone stands by the example rule, fresh.
pub fn level(zone: &str, level: Option<Level>) -> ZoneLevel {
    ZoneLevel { zone: ZoneId::new(zone).unwrap(), level, rule: level.map(|_| rule().id), stale: false }
}

/// A plain picture of the example camera's size.
pub fn plain(shade: u8) -> Picture {
    Picture::filled(SIZE, Colour { red: shade, green: shade, blue: shade }).unwrap()
}

/// Blue, green and red of a pixel.
pub fn pixel(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
    let at = (y * picture.size().width_px as usize + x) * 3;
    let bytes = picture.bytes().unwrap();
    [bytes[at], bytes[at + 1], bytes[at + 2]]
}
