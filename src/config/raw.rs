//! The configuration as written: every key may be missing, every value is still to be checked.
//!
//! Types here fix the shape only (which keys there are, and whether a value is text, number, list or table). No `Debug`:
//! what is written may hold a secret by mistake.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};

use super::number::Number;
use super::raw_delivery::RawDestination;
use super::raw_evidence::RawEvidence;
use super::raw_external::RawExternalSource;
use super::raw_map::RawMap;
use super::raw_response::{RawCalendar, RawProfile, RawPursuit, RawResponsePlan, RawSchedule, RawSite, RawUnit};
use super::raw_store::RawStore;

/// Tables by their id, in the order of their ids.
pub(super) type ById<T> = BTreeMap<String, Table<T>>;

/// A table of known keys. Without it, the deserialiser would also take a list and give its items to the keys in their
/// order.
#[derive(Default)]
pub(super) struct Table<T>(T);

impl<T> Deref for Table<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de> + Expected> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TableVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Expected> Visitor<'de> for TableVisitor<T> {
            type Value = Table<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::EXPECTED)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Table<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Table)
            }
        }
        deserializer.deserialize_any(TableVisitor(PhantomData))
    }
}

/// What a message says should stand where a table does.
pub(super) trait Expected {
    /// In words.
    const EXPECTED: &'static str;
}

macro_rules! expected {
    ($($raw:ident: $words:literal,)*) => {
        $(impl Expected for $raw {
            const EXPECTED: &'static str = $words;
        })*
    };
}
pub(super) use expected;

expected! {
    RawServer: "a table",
    RawTls: "a table with `certificate` and `key`",
    RawInference: "a table",
    RawDensityMap: "a table with model",
    RawPrivacy: "a table",
    RawOutput: "a table",
    RawCamera: "a table",
    RawCalibration: "a table with points, homography or camera",
    RawPointPair: "a pair { image = [x, y], ground = [x_m, y_m] }",
    RawCameraPose: "a table with height_m, tilt_deg and focal_px",
    RawSource: "a table such as [cameras.ID.source.rtsp]",
    RawRecording: "a table with path and fps",
    RawStream: "a table with url",
    RawCredentials: "a table with user_env and password_env",
    RawV4l2: "a table with device",
    RawTracker: "a table",
    RawWalkable: "a table with polygon",
    RawZone: "a table with polygon",
    RawGroups: "a table such as { least_people = 3 }",
    RawGathering: "a table such as { least_people = 5 }",
    RawDispersal: "a table such as { least_people = 5 }",
    RawSurge: "a table such as { window_s = 60 }",
    RawDirection: "a table { from = [x, y], to = [x, y] }",
    RawLine: "a table with a and b",
    RawRule: "a table with zone (or line, camera or site), measure and levels",
    RawCondition: "a table with zone (or line, camera or site), measure and levels",
    RawLevels: "a table of levels",
    RawLevel: "a table such as { raise = 2.0 }",
}

/// The whole file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawConfig {
    pub server: Table<RawServer>,
    pub inference: Table<RawInference>,
    pub privacy: Table<RawPrivacy>,
    pub output: Table<RawOutput>,
    pub store: Option<Table<RawStore>>,
    pub evidence: Option<Table<RawEvidence>>,
    pub cameras: ById<RawCamera>,
    pub sources: ById<RawExternalSource>,
    pub rules: ById<RawRule>,
    pub sites: ById<RawSite>,
    pub maps: ById<RawMap>,
    pub units: ById<RawUnit>,
    pub plans: ById<RawResponsePlan>,
    pub alerts: Table<RawPursuit>,
    pub calendar: Table<RawCalendar>,
    pub schedules: ById<RawSchedule>,
    pub profiles: ById<RawProfile>,
    pub destinations: ById<RawDestination>,
}

/// `[server]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawServer {
    pub listen: Option<String>,
    pub accounts: Option<String>,
    pub hosts: Vec<String>,
    pub behind_proxy: Option<bool>,
    pub tls: Option<Table<RawTls>>,
}

/// `[server.tls]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawTls {
    pub certificate: Option<String>,
    pub key: Option<String>,
}

/// `[inference]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawInference {
    pub manifest: Option<String>,
    pub model: Option<String>,
    pub onnxruntime: Option<String>,
    pub workers: Option<Number>,
    pub threads_per_worker: Option<Number>,
    pub megapixels_per_s: Option<Number>,
    pub high_score: Option<Number>,
    pub low_score: Option<Number>,
    pub nms_iou: Option<Number>,
    pub density_map: Option<Table<RawDensityMap>>,
}

/// `[inference.density_map]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDensityMap {
    pub model: Option<String>,
    pub every_s: Option<Number>,
    pub input_size: Option<String>,
}

/// `[privacy]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawPrivacy {
    pub blur_heads: Option<bool>,
}

/// `[output]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawOutput {
    pub alerts_jsonl: Option<String>,
    pub heat_maps: Option<String>,
    pub heat_map_cell_m: Option<Number>,
}

/// `[cameras.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCamera {
    pub name: Option<String>,
    pub mobile: bool,
    pub analysis_fps: Option<Number>,
    pub stale_after_s: Option<Number>,
    pub input_size: Option<String>,
    pub input_tiles: Option<Vec<Number>>,
    pub keep_fps: Option<Number>,
    pub region: Option<String>,
    pub density_map: Option<bool>,
    pub frame_size: Option<Vec<Number>>,
    pub source: Table<RawSource>,
    pub tracker: Table<RawTracker>,
    pub calibration: Option<Table<RawCalibration>>,
    pub walkable: Option<Table<RawWalkable>>,
    pub zones: ById<RawZone>,
    pub lines: ById<RawLine>,
}

/// `[cameras.ID.source]`: exactly one of its tables. A struct of options and not an enum, so that two tables or none
/// give a message of our own.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSource {
    pub file: Option<Table<RawRecording>>,
    pub rtsp: Option<Table<RawStream>>,
    pub http: Option<Table<RawStream>>,
    pub images: Option<Table<RawRecording>>,
    pub v4l2: Option<Table<RawV4l2>>,
}

/// `[cameras.ID.source.file]` and `[cameras.ID.source.images]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRecording {
    pub path: Option<String>,
    pub fps: Option<Number>,
    pub start: Option<RawTime>,
    pub repeat: bool,
}

/// `[cameras.ID.source.rtsp]` and `[cameras.ID.source.http]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawStream {
    pub url: Option<String>,
    pub credentials: Option<Table<RawCredentials>>,
    pub open_timeout_s: Option<Number>,
    pub read_timeout_s: Option<Number>,
}

/// `credentials = { user_env = "…", password_env = "…" }`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCredentials {
    pub user: Option<String>,
    pub user_env: Option<String>,
    pub user_file: Option<String>,
    pub password_env: Option<String>,
    pub password_file: Option<String>,
}

/// `[cameras.ID.source.v4l2]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawV4l2 {
    pub device: Option<String>,
    pub size: Option<Vec<Number>>,
    pub fps: Option<Number>,
}

/// `[cameras.ID.calibration]`: exactly one of points, homography and camera.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCalibration {
    pub coords: Option<String>,
    pub frame_size: Option<Vec<Number>>,
    pub points: Option<Vec<Table<RawPointPair>>>,
    pub homography: Option<Vec<Vec<Number>>>,
    pub camera: Option<Table<RawCameraPose>>,
    pub k1: Option<Number>,
}

/// `{ image = [x, y], ground = [x_m, y_m] }`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawPointPair {
    pub image: Option<RawPoint>,
    pub ground: Option<RawPoint>,
}

/// `camera = { height_m = …, tilt_deg = …, focal_px = … }`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCameraPose {
    pub height_m: Option<Number>,
    pub tilt_deg: Option<Number>,
    pub focal_px: Option<Number>,
    pub roll_deg: Option<Number>,
}

/// `[cameras.ID.tracker]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawTracker {
    pub confirm_s: Option<Number>,
    pub coast_s: Option<Number>,
    pub lost_s: Option<Number>,
}

/// `[cameras.ID.walkable]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawWalkable {
    pub coords: Option<String>,
    pub frame_size: Option<Vec<Number>>,
    pub polygon: Option<Vec<RawPoint>>,
    pub obstacles: Option<Vec<Vec<RawPoint>>>,
}

/// `[cameras.ID.zones.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawZone {
    pub name: Option<String>,
    pub coords: Option<String>,
    pub frame_size: Option<Vec<Number>>,
    pub polygon: Option<Vec<RawPoint>>,
    pub area_m2: Option<Number>,
    #[serde(rename = "use")]
    pub ground_use: Option<String>,
    pub level_of_service_per_m2: Option<Vec<Number>>,
    pub allowed_direction: Option<Table<RawDirection>>,
    pub enclosed_by: BTreeMap<String, String>,
    pub loitering_s: Option<Number>,
    pub groups: Table<RawGroups>,
    pub gathering: Table<RawGathering>,
    pub dispersal: Table<RawDispersal>,
    pub surge: Table<RawSurge>,
    pub classes: Option<Vec<String>>,
    pub band_heights: Option<Number>,
}

/// `[cameras.ID.zones.ID.groups]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawGroups {
    pub slower_than_mps: Option<Number>,
    pub standing_for_s: Option<Number>,
    pub within_m: Option<Number>,
    pub least_people: Option<Number>,
}

/// `[cameras.ID.zones.ID.gathering]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawGathering {
    pub least_people: Option<Number>,
    pub growth: Option<Number>,
    pub growth_window_s: Option<Number>,
    pub hold_s: Option<Number>,
    pub clear_s: Option<Number>,
}

/// `[cameras.ID.zones.ID.dispersal]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDispersal {
    pub least_people: Option<Number>,
    pub fast_share: Option<Number>,
    pub learn_s: Option<Number>,
    pub hold_s: Option<Number>,
    pub clear_s: Option<Number>,
}

/// `[cameras.ID.zones.ID.surge]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSurge {
    pub window_s: Option<Number>,
}

/// `allowed_direction = { from = [x, y], to = [x, y] }`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDirection {
    pub from: Option<RawPoint>,
    pub to: Option<RawPoint>,
}

/// `[cameras.ID.lines.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLine {
    pub name: Option<String>,
    pub coords: Option<String>,
    pub frame_size: Option<Vec<Number>>,
    pub a: Option<RawPoint>,
    pub b: Option<RawPoint>,
    pub width_m: Option<Number>,
    pub allowed: Option<String>,
    pub classes: Option<Vec<String>>,
    pub band_heights: Option<Number>,
    pub min_travel_heights: Option<Number>,
}

/// `[rules.ID]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRule {
    pub name: Option<String>,
    pub zone: Option<String>,
    pub line: Option<String>,
    pub camera: Option<String>,
    pub site: Option<String>,
    pub measure: Option<String>,
    #[serde(rename = "use")]
    pub ground_use: Option<String>,
    pub source: Option<String>,
    pub levels: Option<Table<RawLevels>>,
    pub all: Option<Vec<Table<RawCondition>>>,
    pub any: Option<Vec<Table<RawCondition>>>,
    pub schedules: Vec<String>,
    pub profiles: Vec<String>,
    pub except_profiles: Vec<String>,
}

/// One of `[[rules.ID.all]]` or `[[rules.ID.any]]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCondition {
    pub zone: Option<String>,
    pub line: Option<String>,
    pub camera: Option<String>,
    pub site: Option<String>,
    pub measure: Option<String>,
    #[serde(rename = "use")]
    pub ground_use: Option<String>,
    pub levels: Option<Table<RawLevels>>,
}

/// `[rules.ID.levels]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLevels {
    pub blue: Option<Table<RawLevel>>,
    pub yellow: Option<Table<RawLevel>>,
    pub orange: Option<Table<RawLevel>>,
    pub red: Option<Table<RawLevel>>,
}

/// `orange = { raise = 2.0 }`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLevel {
    pub raise: Option<Number>,
    pub hold_s: Option<Number>,
    pub clear: Option<Number>,
    pub clear_hold_s: Option<Number>,
}

/// A point `[x, y]`; its length is still to be checked.
pub(super) struct RawPoint(pub Vec<Number>);

impl<'de> Deserialize<'de> for RawPoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PointVisitor;
        impl<'de> Visitor<'de> for PointVisitor {
            type Value = RawPoint;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a point [x, y]")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawPoint, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = items.next_element()? {
                    numbers.push(number);
                }
                Ok(RawPoint(numbers))
            }
        }
        deserializer.deserialize_any(PointVisitor)
    }
}

/// A time as text or as TOML's own date-time; still to be checked.
pub(super) struct RawTime(pub String);

impl<'de> Deserialize<'de> for RawTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimeVisitor;
        impl<'de> Visitor<'de> for TimeVisitor {
            type Value = RawTime;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as 2026-11-24T03:00:00Z")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<RawTime, E> {
                Ok(RawTime(text.to_owned()))
            }
            // The toml crate hands its date-time over as a map of its own.
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawTime, A::Error> {
                let time = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawTime(time.to_string()))
            }
        }
        deserializer.deserialize_any(TimeVisitor)
    }
}
