//! The tracker of one camera.

use super::association::{Association, Gate};
use super::target::Target;
use crate::config::TrackerPlan;
use crate::model::{Detection, Timestamp, Track, TrackId, TrackState};

/// Scores that split detections into strong ones, weak ones, and noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreThresholds {
    /// From this on a detection may begin a track.
    pub high: f64,
    /// From this on a detection may continue a track.
    pub low: f64,
}

/// Follows the objects of one camera. Ids are its own and never used twice.
///
/// Two stages after ByteTrack (Zhang et al. 2022): strong detections are matched with all tracks first; tracks that
/// are left over may then continue on a weak detection, which is mostly a person who is half hidden. Both stages are
/// optimal assignments on a gated graph. All budgets are in seconds.
#[derive(Debug)]
pub struct Tracker {
    plan: TrackerPlan,
    thresholds: ScoreThresholds,
    targets: Vec<Target>,
    next_id: u64,
    last_step: Option<Timestamp>,
    association: Association,
}

/// What a step of the tracker gives.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrackerStep {
    /// Tracks that are alive, in the order of their ids; tentative and lost ones too.
    pub tracks: Vec<Track>,
    /// Tracks that ended in this step; their ids never come back.
    pub ended: Vec<TrackId>,
}

pub(super) fn tune(name: &str, default: f64) -> f64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

impl Tracker {
    /// A tracker without tracks.
    #[must_use]
    pub fn new(plan: TrackerPlan, thresholds: ScoreThresholds) -> Self {
        Self { plan, thresholds, targets: Vec::new(), next_id: 1, last_step: None, association: Association::default() }
    }

    /// Ends every track, as at a new epoch: what was followed before does not go on.
    pub fn reset(&mut self) -> Vec<TrackId> {
        self.last_step = None;
        self.targets.drain(..).map(|target| target.id).collect()
    }

    /// Takes the detections of the frame at `at`. Times must grow; a frame that is not later than the one before is
    /// treated as taken at the same time.
    pub fn step(&mut self, at: Timestamp, detections: &[Detection]) -> TrackerStep {
        let dt_s = self.last_step.map_or(0.0, |last| at.seconds_since(last).max(0.0));
        self.last_step = Some(at);
        for target in &mut self.targets {
            target.predict(dt_s);
        }

        let (mut strong, mut weak) = (Vec::new(), Vec::new());
        for (index, detection) in detections.iter().enumerate() {
            if detection.score >= self.thresholds.high {
                strong.push(index);
            } else if detection.score >= self.thresholds.low {
                weak.push(index);
            }
        }
        let mut seen = vec![false; self.targets.len()];
        let mut used = vec![false; detections.len()];

        let chi = tune("CHI", 9.0);
        let established = |target: &Target| target.state != TrackState::Tentative;
        let first = Gate { min_iou: tune("IOU1", 0.2), max_mahalanobis_squared: (chi > 0.0).then_some(chi) };
        let second = Gate { min_iou: tune("IOU2", 0.4), max_mahalanobis_squared: None };
        if tune("CASCADE", 0.0) > 0.0 {
            let active = |target: &Target| established(target) && at.seconds_since(target.last_seen) <= dt_s + tune("CASCADE", 0.0) - 0.001;
            self.associate(first, at, detections, &strong, active, false, &mut seen, &mut used);
        }
        let first = Gate { min_iou: tune("IOUL", tune("IOU1", 0.2)), ..first };
        self.associate(first, at, detections, &strong, established, false, &mut seen, &mut used);
        let first = Gate { min_iou: tune("IOU1", 0.2), ..first };
        let recent = |target: &Target| {
            established(target) && at.seconds_since(target.last_seen) <= dt_s + tune("WEAKGAP", 0.5)
        };
        self.associate(second, at, detections, &weak, recent, true, &mut seen, &mut used);
        let tentative = |target: &Target| target.state == TrackState::Tentative;
        self.associate(first, at, detections, &strong, tentative, false, &mut seen, &mut used);

        let mut ended = Vec::new();
        let mut index = 0;
        let plan = self.plan;
        self.targets.retain_mut(|target| {
            let seen = seen[index];
            index += 1;
            let unseen_s = at.seconds_since(target.last_seen);
            let keep = match (target.state, seen) {
                (TrackState::Tentative, true) => {
                    if at.seconds_since(target.first_seen) >= plan.confirm_s - 1e-6 || target.score >= tune("SURE", 2.0) {
                        target.state = TrackState::Confirmed;
                    }
                    true
                }
                (TrackState::Tentative, false) => false,
                (_, true) => {
                    target.state = TrackState::Confirmed;
                    true
                }
                (_, false) => {
                    target.state = TrackState::Lost;
                    unseen_s <= plan.lost_s
                }
            };
            if !keep {
                ended.push(target.id);
            }
            keep
        });

        for &index in &strong {
            if !used[index] {
                let mut t = Target::new(TrackId(self.next_id), &detections[index], at);
                if detections[index].score >= tune("INSTANT", 2.0) { t.state = TrackState::Confirmed; }
                self.targets.push(t);
                self.next_id += 1;
            }
        }
        TrackerStep { tracks: self.targets.iter().map(Target::to_track).collect(), ended }
    }

    #[expect(clippy::too_many_arguments, reason = "tmp")]
    fn associate(
        &mut self,
        gate: Gate,
        at: Timestamp,
        detections: &[Detection],
        candidates: &[usize],
        eligible: impl Fn(&Target) -> bool,
        weak: bool,
        seen: &mut [bool],
        used: &mut [bool],
    ) {
        let targets: Vec<usize> =
            (0..self.targets.len()).filter(|&index| !seen[index] && eligible(&self.targets[index])).collect();
        let candidates: Vec<usize> = candidates.iter().copied().filter(|&index| !used[index]).collect();
        for (target, detection) in self.association.pairs(gate, &self.targets, &targets, detections, &candidates) {
            self.targets[target].update(&detections[detection], weak, at);
            seen[target] = true;
            used[detection] = true;
        }
    }
}
