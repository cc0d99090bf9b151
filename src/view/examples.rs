//! A camera, reports and pictures for this module's tests.

use super::ZoneLevel;
use crate::config::{
    CameraPlan, ImageFolderSource, InputPlan, LinePlan, Region, SourcePlan, TrackerPlan, ZonePlan, defaults,
};
use crate::model::{
    CameraId, ClassSet, FrameMeta, FrameReport, FrameSize, Level, LineId, LineState, NormPoint, ObjectClass, PixelBox,
    Reading, Timestamp, Track, TrackId, TrackState, ZoneClassState, ZoneId, ZoneState,
};
use crate::picture::{Colour, Picture};

/// Size of the example camera's frames.
pub const SIZE: FrameSize = FrameSize { width_px: 768, height_px: 576 };

/// A camera with two zones (`plaza` on the left, `quay` on the right) and a line (`gate`) whose *in* is to the right.
pub fn camera() -> CameraPlan {
    let zone = |id: &str, left: f64, right: f64| ZonePlan {
        id: ZoneId::new(id).unwrap(),
        name: String::new(),
        polygon: [(left, 0.4), (right, 0.4), (right, 0.8), (left, 0.8)].map(|(x, y)| NormPoint { x, y }).to_vec(),
        area_m2: Some(20.0),
        ground_use: Default::default(),
        classes: ClassSet::PERSON,
        band_heights: defaults::BAND_HEIGHTS,
    };
    CameraPlan {
        id: CameraId::new("gate_a").unwrap(),
        name: "Gate A".to_owned(),
        mobile: false,
        source: SourcePlan::Images(ImageFolderSource {
            path: "-".into(),
            fps: 7.0,
            start: Timestamp(0),
            repeat: false,
        }),
        analysis_fps: None,
        stale_after_s: 3.0,
        input: InputPlan { size: FrameSize { width_px: 416, height_px: 416 }, region: Region::Whole },
        tracker: TrackerPlan { confirm_s: 0.3, coast_s: 0.0, lost_s: 2.0 },
        counting: Default::default(),
        calibration: None,
        zones: vec![zone("plaza", 0.1, 0.4), zone("quay", 0.6, 0.9)],
        lines: vec![LinePlan {
            id: LineId::new("gate").unwrap(),
            name: String::new(),
            a: NormPoint { x: 0.5, y: 0.2 },
            b: NormPoint { x: 0.5, y: 0.9 },
            classes: ClassSet::PERSON,
            band_heights: defaults::BAND_HEIGHTS,
            min_travel_heights: defaults::MIN_TRAVEL_HEIGHTS,
        }],
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
        density_per_m2: Some(occupancy.map(|people| people / 20.0)),
        saturation: None,
        count_disagreement: None,
        ground: None,
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
            specific_flow: None,
        }],
        crossings: Vec::new(),
        alerts: Vec::new(),
    }
}

/// How a zone stands, fresh.
pub fn level(zone: &str, level: Option<Level>) -> ZoneLevel {
    ZoneLevel { zone: ZoneId::new(zone).unwrap(), level, stale: false }
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
