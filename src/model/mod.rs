//! Plain data that flows through the product: ids, times, boxes, tracks, readings, reports, alerts.
//!
//! Lowest layer: nothing here reads a clock, takes a lock or does I/O.

mod account;
mod alert;
mod camera_state;
mod class;
mod density_map;
mod detection;
mod forward_time;
mod frame;
mod ids;
mod level_of_service;
mod measure;
mod notice;
mod place;
mod reading;
mod readings;
mod report;
mod space;
mod time;
mod track;

pub use account::{AccessScope, Role};
pub use alert::{AlertEvent, AlertKind, Level};
pub use camera_state::CameraState;
pub use class::{ClassSet, ObjectClass};
pub use density_map::{CountEvidence, DensityMap, Mark};
pub use detection::Detection;
pub use forward_time::ForwardTime;
pub use frame::FrameMeta;
pub use ids::{CameraId, DestinationId, IdError, LineId, MapId, RuleId, SiteId, TrackId, UnitId, ZoneId};
pub use level_of_service::{LevelOfService, ZoneUse};
pub use measure::{FORECAST_HORIZON_S, Measure, MeasureFacts, Needs, Scope, Worse};
pub use notice::{Action, AlertId, Notice, NoticeKind, StepState};
pub use place::Place;
pub use reading::{Reading, SaturationReason, UnknownReason};
pub use readings::Readings;
pub use report::{Crossing, Direction, FrameReport, LineState, ZoneClassState, ZoneState};
pub use space::{FrameSize, GroundPoint, NormPoint, PixelBox, PixelPoint};
pub use time::{Rfc3339, Timestamp};
pub use track::{Track, TrackState};
