//! Tracker, zones, lines and rules of one camera, in step.

use crate::config::CameraPlan;
use crate::flow::{CameraFlow, FlowStep, HeatMap};
use crate::model::{
    CameraId, CountEvidence, Detection, FrameMeta, FrameReport, FrameSize, Measure, ObjectClass, PixelBox, Reading,
    Timestamp, Track,
};
use crate::rules::{CameraReadings, RuleEngine, RuleStatus};
use crate::tracking::{ScoreThresholds, Tracker, TrackerStep};

/// Everything that one camera's frames pass through after detection.
#[derive(Debug)]
pub struct CameraAnalysis {
    camera: CameraId,
    stale_after_s: f64,
    tracker: Tracker,
    flow: CameraFlow,
    rules: RuleEngine,
    last_frame: Option<(Timestamp, u64)>,
    /// Of the newest frame.
    size: Option<FrameSize>,
    started: Option<Timestamp>,
    people_not_counted: Vec<PixelBox>,
}

impl CameraAnalysis {
    /// The analysis of this camera with the rules on its own places, [`RuleEngine::of_camera`].
    #[must_use]
    pub fn new(camera: &CameraPlan, rules: RuleEngine, thresholds: ScoreThresholds) -> Self {
        Self {
            camera: camera.id.clone(),
            stale_after_s: camera.stale_after_s,
            tracker: tracker(camera, thresholds),
            flow: CameraFlow::new(camera),
            rules,
            last_frame: None,
            size: None,
            started: None,
            people_not_counted: Vec::new(),
        }
    }

    /// What else is known of the frame that is stepped through next: it bears on how far the counts can be trusted.
    pub fn consider(&mut self, evidence: CountEvidence) {
        self.flow.consider(evidence);
    }

    /// Takes in an analysed frame. `None` for a frame that is not later than the one before: it is skipped, since time
    /// only goes forward.
    pub fn step(&mut self, frame: FrameMeta, detections: &[Detection]) -> Option<FrameReport> {
        let tracked = self.track(&frame, detections)?;
        Some(self.judge(frame, tracked))
    }

    /// The first half of [`CameraAnalysis::step`]: the tracker. Apart so that a caller with a clock can time the halves.
    pub fn track(&mut self, frame: &FrameMeta, detections: &[Detection]) -> Option<TrackerStep> {
        let mut ended = Vec::new();
        if let Some((before, epoch)) = self.last_frame {
            if frame.at <= before {
                return None;
            }
            if frame.epoch != epoch {
                ended = self.tracker.reset();
            }
        }
        self.last_frame = Some((frame.at, frame.epoch));
        if self.size != Some(frame.size) {
            self.size = Some(frame.size);
            self.tracker.fit(frame.size);
        }
        let mut step = self.tracker.step(frame.at, detections);
        ended.append(&mut step.ended);
        Some(TrackerStep { ended, ..step })
    }

    /// The second half: zones, lines and rules on what [`CameraAnalysis::track`] gave for this frame.
    pub fn judge(&mut self, frame: FrameMeta, tracked: TrackerStep) -> FrameReport {
        let flow = self.flow.step(&frame, &tracked.tracks, &tracked.ended);
        let (counted, others): (Vec<_>, Vec<_>) =
            tracked.tracks.into_iter().partition(|track| track.state.is_counted());
        self.people_not_counted.clear();
        let people = others.iter().filter(|track| track.class == ObjectClass::Person);
        self.people_not_counted.extend(people.map(|track| track.bbox));
        self.report(frame.at, Some(frame), counted, flow)
    }

    /// Says what time it is where no frame comes. `None` while the newest frame is fresh enough to stand for now;
    /// afterwards a report in which every reading is unknown.
    pub fn tick(&mut self, now: Timestamp) -> Option<FrameReport> {
        let since = *self.started.get_or_insert(now);
        let newest = self.last_frame.map_or(since, |(at, _)| at);
        if now.seconds_since(newest) <= self.stale_after_s {
            return None;
        }
        Some(self.blind(now))
    }

    /// The heat map of an hour that is over, once; asked for after each step and tick. Only a calibrated camera has heat
    /// maps, and only where its plan asks for them.
    pub fn take_ended_heat_map(&mut self, now: Timestamp) -> Option<HeatMap> {
        self.flow.take_ended_heat_map(now)
    }

    /// What there is of the heat map of the hour that goes on, at the end of everything.
    pub fn take_current_heat_map(&mut self) -> Option<HeatMap> {
        self.flow.take_current_heat_map()
    }

    /// Begins tracks, zones and lines anew, with all totals at 0; rules keep their levels. Every reading is unknown until
    /// the next frame.
    pub fn begin_anew(&mut self, camera: &CameraPlan, thresholds: ScoreThresholds) {
        self.tracker = tracker(camera, thresholds);
        self.size = None;
        let mut before = std::mem::replace(&mut self.flow, CameraFlow::new(camera));
        // Where people were stays true.
        self.flow.continue_heat_map_of(&mut before);
        self.people_not_counted.clear();
    }

    /// Says that nothing is known now, whatever came before: a report in which every reading is unknown.
    pub fn blind(&mut self, now: Timestamp) -> FrameReport {
        let flow = self.flow.blind();
        self.report(now, None, Vec::new(), flow)
    }

    /// Where people may be who are not counted in the newest frame: tracks that are new or out of sight. Their heads
    /// are hidden in pictures like everybody's.
    #[must_use]
    pub fn people_not_counted(&self) -> &[PixelBox] {
        &self.people_not_counted
    }

    /// Each rule and where it stands.
    pub fn rule_states(&self) -> impl Iterator<Item = RuleStatus<'_>> {
        self.rules.states()
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &RuleEngine {
        &self.rules
    }

    /// Its rules, to be restored, or for a profile to be switched.
    pub fn rules_mut(&mut self) -> &mut RuleEngine {
        &mut self.rules
    }

    fn report(&mut self, at: Timestamp, frame: Option<FrameMeta>, tracks: Vec<Track>, flow: FlowStep) -> FrameReport {
        let FlowStep { zones, lines, mut readings, crossings } = flow;
        let seen = self.last_frame.map(|(at, _)| at).or(self.started).unwrap_or(at);
        readings.set(Measure::Blind, Reading::Valid(at.seconds_since(seen).max(0.0)));
        let places = CameraReadings { zones: &zones, lines: &lines, camera: &readings };
        let alerts = self.rules.step(at, &self.camera, places);
        FrameReport { camera: self.camera.clone(), at, frame, tracks, zones, lines, readings, crossings, alerts }
    }
}

/// The camera's tracker, over its ground plane where it has one.
fn tracker(camera: &CameraPlan, thresholds: ScoreThresholds) -> Tracker {
    Tracker::new(camera.tracker, thresholds).on_ground(camera.ground_plane().copied())
}
