//! One followed object: its filtered box and its place in life.

use crate::filter::ConstantVelocity;
use crate::model::{Detection, ObjectClass, PixelBox, Timestamp, Track, TrackId, TrackState};

// All spreads are shares of the box height, so they hold for people near and far and for any resolution. They describe
// walking people seen by a box detector, not a data set: a body is about 1.7 m, so 1 height is 1.7 m on the ground.

/// A box edge jitters by about a twentieth of the height from frame to frame.
static MEASURED_CENTRE_SD: std::sync::LazyLock<f64> = std::sync::LazyLock::new(|| super::tracker::tune("SDC",0.05));
/// Arms and legs swing, so the size jitters more than the centre.
static MEASURED_SIZE_SD: std::sync::LazyLock<f64> = std::sync::LazyLock::new(|| super::tracker::tune("SDS",0.08));
/// A weak box (score near the low threshold) is usually half hidden and its edges are worth less.
static WEAK_SD_FACTOR: std::sync::LazyLock<f64> = std::sync::LazyLock::new(|| super::tracker::tune("WEAKF",2.0));
/// Before anything is known of it somebody walks (1.34 m/s ≈ 0.8 heights/s) in any direction.
const INITIAL_VELOCITY_SD: f64 = 0.8;
/// The size changes slowly, by walking towards the camera.
const INITIAL_SIZE_VELOCITY_SD: f64 = 0.1;
/// People start, stop and turn within about a second: velocity noise of 0.8 heights/s after one second.
static CENTRE_ACCELERATION_PSD: std::sync::LazyLock<f64> = std::sync::LazyLock::new(|| super::tracker::tune("PSDC",0.6));
/// Velocity noise of the size after one second: 0.1 heights/s.
static SIZE_ACCELERATION_PSD: std::sync::LazyLock<f64> = std::sync::LazyLock::new(|| super::tracker::tune("PSDS",0.01));static DECAY: std::sync::LazyLock<f64> = std::sync::LazyLock::new(|| super::tracker::tune("DECAY",1e9));static RAW: std::sync::LazyLock<f64> = std::sync::LazyLock::new(|| super::tracker::tune("RAW",0.0));

/// A track and its filters.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) id: TrackId,
    pub(super) class: ObjectClass,
    pub(super) state: TrackState,
    pub(super) score: f64,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    pub(super) raw: PixelBox,
    centre_x: ConstantVelocity,
    centre_y: ConstantVelocity,
    width: ConstantVelocity,
    height: ConstantVelocity,
}

impl Target {
    pub(super) fn new(id: TrackId, detection: &Detection, at: Timestamp) -> Self {
        let (x, y, width, height) = centre_and_size(&detection.bbox);
        let centre = |position| {
            ConstantVelocity::new(position, (*MEASURED_CENTRE_SD) * height, INITIAL_VELOCITY_SD * height)
        };
        let size = |position| {
            ConstantVelocity::new(position, (*MEASURED_SIZE_SD) * height, INITIAL_SIZE_VELOCITY_SD * height)
        };
        Self {
            id,
            class: detection.class,
            state: TrackState::Tentative,
            score: detection.score,
            first_seen: at,
            last_seen: at,
            raw: detection.bbox,
            centre_x: centre(x),
            centre_y: centre(y),
            width: size(width),
            height: size(height),
        }
    }

    pub(super) fn predict(&mut self, dt_s: f64) {
        let scale = self.height.position.max(1.0).powi(2);
        self.centre_x.predict(dt_s, (*CENTRE_ACCELERATION_PSD) * scale);
        self.centre_y.predict(dt_s, (*CENTRE_ACCELERATION_PSD) * scale);
        if self.state == TrackState::Lost {
            // Unseen, the size is kept: extrapolating its slow change would let the box collapse or explode.
            (self.width.velocity, self.height.velocity) = (0.0, 0.0); let d=(-dt_s / *DECAY).exp(); self.centre_x.velocity*=d; self.centre_y.velocity*=d;
        }
        self.width.predict(dt_s, (*SIZE_ACCELERATION_PSD) * scale);
        self.height.predict(dt_s, (*SIZE_ACCELERATION_PSD) * scale);
    }

    pub(super) fn update(&mut self, detection: &Detection, weak: bool, at: Timestamp) {
        let (x, y, width, height) = centre_and_size(&detection.bbox);
        let factor = if weak { (*WEAK_SD_FACTOR) } else { 1.0 } * self.height.position.max(1.0);
        self.centre_x.update(x, (*MEASURED_CENTRE_SD) * factor);
        self.centre_y.update(y, (*MEASURED_CENTRE_SD) * factor);
        self.width.update(width, (*MEASURED_SIZE_SD) * factor);
        self.height.update(height, (*MEASURED_SIZE_SD) * factor);
        self.score = detection.score; self.raw = detection.bbox;
        self.last_seen = at;
    }

    /// Squared distance between the expected and the measured centre and height, in standard deviations
    /// (χ² with three degrees of freedom where the model holds).
    pub(super) fn mahalanobis_squared(&self, detection: &Detection) -> f64 {
        let (x, y, _, height) = centre_and_size(&detection.bbox);
        let scale = self.height.position.max(1.0);
        let term = |filter: &ConstantVelocity, measured: f64, sd: f64| {
            (measured - filter.position).powi(2) / filter.innovation_variance(sd * scale)
        };
        term(&self.centre_x, x, (*MEASURED_CENTRE_SD))
            + term(&self.centre_y, y, (*MEASURED_CENTRE_SD))
            + term(&self.height, height, (*MEASURED_SIZE_SD))
    }

    pub(super) fn llr(&self, detection: &Detection, k: f64, floor: f64) -> f64 {
        let (x, y, _, height) = centre_and_size(&detection.bbox);
        let scale = self.height.position.max(1.0);
        let term = |filter: &ConstantVelocity, measured: f64, sd: f64| {
            let var = filter.innovation_variance(sd.max(floor) * scale);
            (measured - filter.position).powi(2) / var + (var / scale / scale).ln()
        };
        k - 0.5 * (term(&self.centre_x, x, *MEASURED_CENTRE_SD) + term(&self.centre_y, y, *MEASURED_CENTRE_SD) + term(&self.height, height, *MEASURED_SIZE_SD))
    }

    pub(super) fn bbox(&self) -> PixelBox {
        let (half_width, half_height) = (self.width.position.max(1.0) / 2.0, self.height.position.max(1.0) / 2.0);
        PixelBox {
            left: self.centre_x.position - half_width,
            top: self.centre_y.position - half_height,
            right: self.centre_x.position + half_width,
            bottom: self.centre_y.position + half_height,
        }
    }

    pub(super) fn to_track(&self) -> Track {
        Track {
            id: self.id,
            class: self.class,
            state: self.state,
            bbox: { let b=self.bbox(); let r=if self.state==TrackState::Lost {0.0} else {*RAW}; let m=|a:f64,c:f64| a*r+c*(1.0-r); PixelBox{left:m(self.raw.left,b.left),top:m(self.raw.top,b.top),right:m(self.raw.right,b.right),bottom:m(self.raw.bottom,b.bottom)} },
            score: self.score,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
        }
    }
}

fn centre_and_size(bbox: &PixelBox) -> (f64, f64, f64, f64) {
    ((bbox.left + bbox.right) / 2.0, (bbox.top + bbox.bottom) / 2.0, bbox.width(), bbox.height())
}
