//! The tracker of one camera.

use super::association::{Association, Measure};
use super::target::Target;
use super::walking::Walking;
use crate::calibration::GroundPlane;
use crate::config::TrackerPlan;
use crate::model::{Detection, FrameSize, PixelBox, Timestamp, Track, TrackId, TrackState};

/// A weak detection continues a track only if that was seen within this time: a faint box beside a place where
/// somebody vanished a while ago is more often a shadow than a person.
const WEAK_MAX_GAP_S: f64 = 0.5;

/// A track that is not confirmed yet ends when it is unseen for longer than this: at the first missed frame up to 10 fps;
/// at 30 fps a person whom the detector misses now and then would else hardly ever be confirmed.
const TENTATIVE_MAX_GAP_S: f64 = 0.1;

/// A detection this sure confirms its track at once at the second sight, without waiting for `confirm_s`.
const SURE_SCORE: f64 = 0.8;

/// Times are compared with this tolerance: frame times are rounded to microseconds.
const TIME_TOLERANCE_S: f64 = 1e-5;

/// No part of a picture is farther from its corner; a box that is came out of a fault, and squares of its coordinates
/// would drown everything else.
const FARTHEST_PX: f64 = 1e6;

/// Scores that split detections into strong ones, weak ones, and noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreThresholds {
    /// From this on a detection may begin a track.
    pub high: f64,
    /// From this on a detection may continue a track.
    pub low: f64,
}

/// Follows the objects of one camera. Ids are its own and never used twice; all budgets are in seconds.
#[derive(Debug)]
pub struct Tracker {
    plan: TrackerPlan,
    walking: Walking,
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

/// Which targets and detections are already paired in this step.
struct Taken {
    targets: Vec<bool>,
    detections: Vec<bool>,
}

impl Tracker {
    /// A tracker without tracks.
    #[must_use]
    pub fn new(plan: TrackerPlan, thresholds: ScoreThresholds) -> Self {
        Self {
            plan,
            walking: Walking::default(),
            thresholds,
            targets: Vec::new(),
            next_id: 1,
            last_step: None,
            association: Association::default(),
        }
    }

    /// The same tracker for a fixed camera over this ground plane, which tells it how far walking gets in each direction
    /// of the picture.
    #[must_use]
    pub fn on_ground(self, plane: Option<GroundPlane>) -> Self {
        Self { walking: Walking::on(plane), ..self }
    }

    /// For detections in pictures of this size from now on; until it is told, of the size that the ground plane is for.
    pub fn fit(&mut self, size: FrameSize) {
        self.walking.fit(size);
    }

    /// Ends every track and gives their ids, as at a new epoch: what was followed before does not go on.
    pub fn reset(&mut self) -> Vec<TrackId> {
        self.last_step = None;
        self.targets.drain(..).map(|target| target.id).collect()
    }

    /// Takes the detections of the frame at `at`. Times must grow; a frame that is not later than the one before is
    /// treated as taken at the same time. An empty frame ages the tracks like any other. The order of the detections
    /// does not matter; those whose box is no place in a picture (not finite, or without an area) are passed over.
    pub fn step(&mut self, at: Timestamp, detections: &[Detection]) -> TrackerStep {
        let last_step = self.last_step.unwrap_or(at);
        let at = at.max(last_step);
        let dt_s = at.seconds_since(last_step);
        self.last_step = Some(at);
        for target in &mut self.targets {
            target.predict(dt_s, &self.walking);
        }

        let ScoreThresholds { high, low } = self.thresholds;
        let usable = in_order_of_place(detections);
        let strong: Vec<usize> = usable.iter().copied().filter(|&index| detections[index].score >= high).collect();
        let weak: Vec<usize> =
            usable.into_iter().filter(|&index| (low..high).contains(&detections[index].score)).collect();
        let mut taken = Taken { targets: vec![false; self.targets.len()], detections: vec![false; detections.len()] };

        let unseen_s = |target: &Target| at.seconds_since(target.last_seen) - TIME_TOLERANCE_S;
        // Who is past this ends in this step, and nothing that is seen in it brings them back.
        let lost_s = self.plan.lost_s;
        let alive = |target: &Target| unseen_s(target) <= lost_s;
        let established = |target: &Target| target.state != TrackState::Tentative && alive(target);
        let just_seen = |target: &Target| established(target) && unseen_s(target) <= dt_s + WEAK_MAX_GAP_S;
        self.associate(Measure::Likelihood, &strong, established, at, detections, &mut taken);
        self.associate(Measure::Overlap, &weak, just_seen, at, detections, &mut taken);
        // Last, so that a newcomer never takes a detection from somebody who is known.
        self.associate(
            Measure::Likelihood,
            &strong,
            |target| target.state == TrackState::Tentative && alive(target),
            at,
            detections,
            &mut taken,
        );

        let ended = self.age(at, &taken.targets);
        for index in strong {
            if !taken.detections[index] {
                self.targets.push(Target::new(TrackId(self.next_id), &detections[index], at, &self.walking));
                self.next_id += 1;
            }
        }
        TrackerStep { tracks: self.targets.iter().map(Target::to_track).collect(), ended }
    }

    /// Pairs what is still free among the eligible targets and the candidate detections, and updates the targets.
    fn associate(
        &mut self,
        measure: Measure,
        candidates: &[usize],
        eligible: impl Fn(&Target) -> bool,
        at: Timestamp,
        detections: &[Detection],
        taken: &mut Taken,
    ) {
        let targets: Vec<usize> =
            (0..self.targets.len()).filter(|&index| !taken.targets[index] && eligible(&self.targets[index])).collect();
        let candidates: Vec<usize> = candidates.iter().copied().filter(|&index| !taken.detections[index]).collect();
        for (target, index) in self.association.pairs(measure, &self.targets, &targets, detections, &candidates) {
            self.targets[target].update(&detections[index], measure == Measure::Overlap, at);
            taken.targets[target] = true;
            taken.detections[index] = true;
        }
    }

    /// Moves every target on in its life; gives the ids of those that end.
    fn age(&mut self, at: Timestamp, seen: &[bool]) -> Vec<TrackId> {
        let plan = self.plan;
        let mut ended = Vec::new();
        let mut seen = seen.iter();
        self.targets.retain_mut(|target| {
            let seen = *seen.next().unwrap_or(&false);
            let keep = match (target.state, seen) {
                (TrackState::Tentative, true) => {
                    let seen_for_s = at.seconds_since(target.first_seen);
                    if target.score >= SURE_SCORE || seen_for_s >= plan.confirm_s - TIME_TOLERANCE_S {
                        target.state = TrackState::Confirmed;
                    }
                    true
                }
                (TrackState::Tentative, false) => {
                    at.seconds_since(target.last_seen) - TIME_TOLERANCE_S <= TENTATIVE_MAX_GAP_S
                }
                (_, true) => {
                    target.state = TrackState::Confirmed;
                    true
                }
                (_, false) => {
                    let unseen_s = at.seconds_since(target.last_seen) - TIME_TOLERANCE_S;
                    target.state = if unseen_s <= plan.coast_s { TrackState::Coasting } else { TrackState::Lost };
                    unseen_s <= plan.lost_s
                }
            };
            if !keep {
                ended.push(target.id);
            }
            keep
        });
        ended
    }
}

/// The detections that have a place in a picture, from left to right, so that neither the choice between equally good
/// pairs nor the ids of newcomers depend on the detector's order.
fn in_order_of_place(detections: &[Detection]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..detections.len()).filter(|&index| has_place(&detections[index].bbox)).collect();
    order.sort_unstable_by(|&a, &b| {
        let key = |index: usize| {
            let Detection { bbox, class, score } = detections[index];
            ([bbox.left, bbox.top, bbox.right, bbox.bottom, score], class)
        };
        let ((a, class_a), (b, class_b)) = (key(a), key(b));
        let differs = a.iter().zip(&b).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
        differs.unwrap_or_else(|| class_a.cmp(&class_b))
    });
    order
}

fn has_place(bbox: &PixelBox) -> bool {
    let within = [bbox.left, bbox.top, bbox.right, bbox.bottom].iter().all(|px| px.abs() <= FARTHEST_PX);
    within && bbox.width() > 0.0 && bbox.height() > 0.0
}
