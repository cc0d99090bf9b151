//! One followed object: its filtered box and its place in life.

use super::walking::Walking;
use crate::filter::ConstantVelocity;
use crate::model::{Detection, ObjectClass, PixelBox, PixelPoint, Timestamp, Track, TrackId, TrackState};

// All spreads are shares of the box height, so they hold for people near and far and for any resolution. A body is about
// 1.7 m, so 1 height is 1.7 m on the ground.

/// A box's centre jitters by about a twentieth of its height from frame to frame.
const MEASURED_CENTRE_SD: f64 = 0.05;
/// Arms and legs swing, so the size jitters more than the centre.
const MEASURED_SIZE_SD: f64 = 0.08;
/// A weak box (below the high threshold) is usually half hidden and its edges are worth less.
const WEAK_SD_FACTOR: f64 = 2.0;
/// Before anything is known of it somebody walks (1.34 m/s ≈ 0.8 heights/s, Weidmann) in any direction.
const INITIAL_VELOCITY_SD: f64 = 0.8;
/// The size changes slowly, by walking towards the camera.
const INITIAL_SIZE_VELOCITY_SD: f64 = 0.1;
/// Walkers keep their velocity: its spread grows by 0.3 heights/s (0.5 m/s) in one second.
const CENTRE_ACCELERATION_PSD: f64 = 0.1;
/// Spread of the size's velocity after one second: 0.1 heights/s.
const SIZE_ACCELERATION_PSD: f64 = 0.01;

/// A track and its filters.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) id: TrackId,
    pub(super) class: ObjectClass,
    pub(super) state: TrackState,
    pub(super) score: f64,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    /// The newest detection's box.
    seen: PixelBox,
    centre_x: ConstantVelocity,
    centre_y: ConstantVelocity,
    width: ConstantVelocity,
    height: ConstantVelocity,
}

impl Target {
    pub(super) fn new(id: TrackId, detection: &Detection, at: Timestamp, walking: &Walking) -> Self {
        let (x, y, width, height) = centre_and_size(&detection.bbox);
        let [share_x, share_y] = walking.shares(detection.bbox.foot(), height);
        let centre = |position, share| {
            ConstantVelocity::new(position, MEASURED_CENTRE_SD * height, INITIAL_VELOCITY_SD * height * share)
        };
        let size =
            |position| ConstantVelocity::new(position, MEASURED_SIZE_SD * height, INITIAL_SIZE_VELOCITY_SD * height);
        Self {
            id,
            class: detection.class,
            state: TrackState::Tentative,
            score: detection.score,
            first_seen: at,
            last_seen: at,
            seen: detection.bbox,
            centre_x: centre(x, share_x),
            centre_y: centre(y, share_y),
            width: size(width),
            height: size(height),
        }
    }

    fn is_unseen(&self) -> bool {
        matches!(self.state, TrackState::Coasting | TrackState::Lost)
    }

    /// A height to measure by, never 0.
    fn scale(&self) -> f64 {
        self.height.position.max(1.0)
    }

    pub(super) fn predict(&mut self, dt_s: f64, walking: &Walking) {
        let foot = PixelPoint { x: self.centre_x.position, y: self.centre_y.position + self.scale() / 2.0 };
        let [share_x, share_y] = walking.shares(foot, self.scale());
        let scale_squared = self.scale().powi(2);
        if self.is_unseen() {
            // Unseen, the size is kept: extrapolating its slow change would let the box collapse or explode.
            (self.width.velocity, self.height.velocity) = (0.0, 0.0);
        }
        self.centre_x.predict(dt_s, CENTRE_ACCELERATION_PSD * scale_squared * share_x.powi(2));
        self.centre_y.predict(dt_s, CENTRE_ACCELERATION_PSD * scale_squared * share_y.powi(2));
        self.width.predict(dt_s, SIZE_ACCELERATION_PSD * scale_squared);
        self.height.predict(dt_s, SIZE_ACCELERATION_PSD * scale_squared);
    }

    pub(super) fn update(&mut self, detection: &Detection, weak: bool, at: Timestamp) {
        let (x, y, width, height) = centre_and_size(&detection.bbox);
        let scale = self.scale() * if weak { WEAK_SD_FACTOR } else { 1.0 };
        self.centre_x.update(x, MEASURED_CENTRE_SD * scale);
        self.centre_y.update(y, MEASURED_CENTRE_SD * scale);
        self.width.update(width, MEASURED_SIZE_SD * scale);
        self.height.update(height, MEASURED_SIZE_SD * scale);
        self.score = detection.score;
        self.last_seen = at;
        self.seen = detection.bbox;
    }

    /// Where its next strong detection is expected.
    pub(super) fn expectation(&self) -> Expectation {
        let scale = self.scale();
        let of = |filter: &ConstantVelocity, measurement_sd: f64| {
            let variance = filter.innovation_variance(measurement_sd * scale);
            (filter.position, variance, (variance / (scale * scale)).ln())
        };
        let (x, x_variance, x_log) = of(&self.centre_x, MEASURED_CENTRE_SD);
        let (y, y_variance, y_log) = of(&self.centre_y, MEASURED_CENTRE_SD);
        let (height, height_variance, height_log) = of(&self.height, MEASURED_SIZE_SD);
        let log_peak = -0.5 * (x_log + y_log + height_log);
        Expectation { mean: [x, y, height], variance: [x_variance, y_variance, height_variance], log_peak }
    }

    /// The filter's box: where the target is expected.
    pub(super) fn expected(&self) -> PixelBox {
        let (half_width, half_height) = (self.width.position.max(1.0) / 2.0, self.scale() / 2.0);
        PixelBox {
            left: self.centre_x.position - half_width,
            top: self.centre_y.position - half_height,
            right: self.centre_x.position + half_width,
            bottom: self.centre_y.position + half_height,
        }
    }

    /// The box that is reported: half way between the detection (which jitters) and the filter (which lags behind a
    /// turn); the expected one where the target was not seen.
    fn reported(&self) -> PixelBox {
        let expected = self.expected();
        if self.is_unseen() {
            return expected;
        }
        let middle = |a: f64, b: f64| (a + b) / 2.0;
        PixelBox {
            left: middle(self.seen.left, expected.left),
            top: middle(self.seen.top, expected.top),
            right: middle(self.seen.right, expected.right),
            bottom: middle(self.seen.bottom, expected.bottom),
        }
    }

    pub(super) fn to_track(&self) -> Track {
        Track {
            id: self.id,
            class: self.class,
            state: self.state,
            bbox: self.reported(),
            score: self.score,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
        }
    }
}

/// A Gaussian over the centre (x, y) and the height of the box that a target gives, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expectation {
    mean: [f64; 3],
    variance: [f64; 3],
    /// Logarithm of the density at the mean, per height³, up to the constant −1.5·ln 2π.
    log_peak: f64,
}

/// What the Gaussian is over: a detection's centre and height, in pixels.
pub(super) type Place = [f64; 3];

pub(super) fn place(detection: &Detection) -> Place {
    let (x, y, _, height) = centre_and_size(&detection.bbox);
    [x, y, height]
}

impl Expectation {
    /// Logarithm of the probability density, per height³, of seeing the target just there (up to the constant
    /// −1.5·ln 2π).
    pub(super) fn log_likelihood(&self, place: Place) -> f64 {
        let term = |i: usize| (place[i] - self.mean[i]).powi(2) / self.variance[i];
        self.log_peak - 0.5 * (term(0) + term(1) + term(2))
    }

    /// How far from the mean, in pixels along x, the log-likelihood can still be `least`; negative where nowhere. A hair
    /// more than exact, so that it never decides in place of the likelihood.
    pub(super) fn reach_px(&self, least: f64) -> f64 {
        let squared = 2.0 * (self.log_peak - least) * self.variance[0];
        if squared >= 0.0 { squared.sqrt() * (1.0 + 1e-9) } else { -1.0 }
    }

    /// Where along x it is expected most, in pixels.
    pub(super) fn x_px(&self) -> f64 {
        self.mean[0]
    }
}

fn centre_and_size(bbox: &PixelBox) -> (f64, f64, f64, f64) {
    ((bbox.left + bbox.right) / 2.0, (bbox.top + bbox.bottom) / 2.0, bbox.width(), bbox.height())
}
