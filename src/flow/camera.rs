//! One camera's zones and lines together.

use super::count_quality::CountQuality;
use super::ground::GroundFlow;
use super::{LineCounter, ZoneCounter};
use crate::config::CameraPlan;
use crate::model::{
    CountEvidence, Crossing, FrameMeta, FrameSize, LineState, ObjectClass, Reading, Timestamp, Track, TrackId,
    UnknownReason, ZoneState,
};

/// What one step gives.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowStep {
    /// Every zone, in the order of the plan.
    pub zones: Vec<ZoneState>,
    /// Every line, in the order of the plan.
    pub lines: Vec<LineState>,
    /// Crossings counted in this step: line by line in the order of the plan, tracks in the order they were given.
    pub crossings: Vec<Crossing>,
}

/// What the zones' readings stand on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sight {
    /// The frame of this time.
    Frame(Timestamp),
    /// None.
    Blind(UnknownReason),
}

/// What of the last frame decides whether the next one goes on from it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    epoch: u64,
    size: FrameSize,
}

/// The zones and lines of one camera. A moving camera has neither: it counts the whole picture, which is the length of
/// its list of tracks, and every step here gives empty lists.
#[derive(Debug, Clone)]
pub struct CameraFlow {
    zones: Vec<ZoneCounter>,
    lines: Vec<LineCounter>,
    ground: Option<GroundFlow>,
    quality: CountQuality,
    stretch: Option<Stretch>,
    sight: Sight,
}

impl CameraFlow {
    /// Counters for this camera, all at zero; their readings are unknown until the first frame.
    #[must_use]
    pub fn new(plan: &CameraPlan) -> Self {
        let (zones, lines) = if plan.mobile { (&[][..], &[][..]) } else { (&plan.zones[..], &plan.lines[..]) };
        Self {
            zones: zones.iter().map(ZoneCounter::new).collect(),
            lines: lines.iter().map(LineCounter::new).collect(),
            ground: if plan.mobile { None } else { GroundFlow::new(plan) },
            quality: CountQuality::new(plan),
            stretch: None,
            sight: Sight::Blind(UnknownReason::NotStarted),
        }
    }

    /// What else is known of the frame that the next step is of: it bears on how far the counts can be trusted.
    pub fn consider(&mut self, evidence: CountEvidence) {
        self.quality.consider(evidence);
    }

    /// Takes in an analysed frame: the tracks as they are after it, in any states, and the tracks that the tracker
    /// ended since the last step. A frame without tracks is a step too: it says that nobody is there.
    ///
    /// What is known of an ended track is dropped before the frame's own tracks are looked at, so that a track which
    /// has the same number starts with nothing. A frame of another epoch, or of another size, ends every track.
    pub fn step(&mut self, frame: &FrameMeta, tracks: &[Track], ended: &[TrackId]) -> FlowStep {
        let stretch = Stretch { epoch: frame.epoch, size: frame.size };
        if self.stretch != Some(stretch) {
            let resized = self.stretch.is_none_or(|before| before.size != frame.size);
            self.stretch = Some(stretch);
            self.quality.forget_maps();
            if resized {
                self.quality.fit(frame.size);
            }
            for zone in &mut self.zones {
                zone.end_all();
                if resized {
                    zone.fit(frame.size);
                }
            }
            for line in &mut self.lines {
                line.end_all();
                if resized {
                    line.fit(frame.size);
                }
            }
            if let Some(ground) = &mut self.ground {
                ground.begin(frame.size);
            }
        }
        self.sight = Sight::Frame(frame.at);
        for zone in &mut self.zones {
            ended.iter().for_each(|&track| zone.end(track));
            zone.step(frame.at, tracks);
        }
        let mut crossings = Vec::new();
        for line in &mut self.lines {
            ended.iter().for_each(|&track| line.end(track));
            line.step(frame, tracks, &mut crossings);
        }
        if let Some(ground) = &mut self.ground {
            ground.step(frame.at, tracks, ended, &crossings);
        }
        self.quality.step(frame.at, tracks, |zone| {
            self.ground.as_ref()?.zone(zone, Reading::Valid(0.0))?.voronoi_per_m2.value()
        });
        FlowStep { crossings, ..self.state() }
    }

    /// Says that the camera shows nothing now: what is measured in the moment (occupancy, density, dwell of those who
    /// are there) reads unknown until the next frame; totals stay. No track ends by it: frames may go on where they
    /// stopped, and where they don't, the next one is of a new epoch.
    pub fn blind(&mut self) -> FlowStep {
        if let Sight::Frame(_) = self.sight {
            self.sight = Sight::Blind(UnknownReason::NoFrames);
            if let Some(ground) = &mut self.ground {
                ground.forget_moments();
            }
        }
        self.state()
    }

    /// All zones and lines as of the last step, with no crossings.
    #[must_use]
    pub fn state(&self) -> FlowStep {
        let now = match self.sight {
            Sight::Frame(at) => Ok(at),
            Sight::Blind(reason) => Err(reason),
        };
        let zone_state = |(index, zone): (usize, &ZoneCounter)| {
            let state = match self.sight {
                Sight::Frame(at) => zone.state(at),
                Sight::Blind(reason) => zone.unknown_state(reason),
            };
            let state = self.quality.judged(index, state, now);
            let people = state.classes.iter().find(|figures| figures.class == ObjectClass::Person);
            let ground = self.ground.as_ref().zip(people).and_then(|(ground, p)| ground.zone(index, p.occupancy));
            ZoneState { ground, ..state }
        };
        let line_state = |(index, line): (usize, &LineCounter)| LineState {
            specific_flow: self.ground.as_ref().and_then(|ground| ground.line(index, now)),
            ..line.state()
        };
        FlowStep {
            zones: self.zones.iter().enumerate().map(zone_state).collect(),
            lines: self.lines.iter().enumerate().map(line_state).collect(),
            crossings: Vec::new(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::defaults;
    use crate::config::{ImageFolderSource, InputPlan, LinePlan, Region, SourcePlan, TrackerPlan, ZonePlan};
    use crate::model::{CameraId, ClassSet, LineId, NormPoint, Reading, ZoneId};

    pub(in crate::flow) fn plan(mobile: bool) -> CameraPlan {
        let corner = |x, y| NormPoint { x, y };
        CameraPlan {
            id: CameraId::new("cam").unwrap(),
            name: String::new(),
            mobile,
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
            zones: vec![ZonePlan {
                id: ZoneId::new("plaza").unwrap(),
                name: String::new(),
                polygon: vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0)],
                area_m2: Some(10.0),
                ground_use: Default::default(),
                classes: ClassSet::PERSON,
                band_heights: defaults::BAND_HEIGHTS,
            }],
            lines: vec![LinePlan {
                id: LineId::new("gate").unwrap(),
                name: String::new(),
                a: corner(0.0, 1.0),
                b: corner(0.0, 0.0),
                classes: ClassSet::PERSON,
                band_heights: defaults::BAND_HEIGHTS,
                min_travel_heights: defaults::MIN_TRAVEL_HEIGHTS,
            }],
        }
    }

    #[test]
    fn a_moving_camera_has_no_zones_and_no_lines() {
        let step = CameraFlow::new(&plan(true)).blind();
        assert_eq!(step, FlowStep { zones: Vec::new(), lines: Vec::new(), crossings: Vec::new() });
    }

    #[test]
    fn nothing_reads_zero_before_it_was_seen_to_be() {
        let mut flow = CameraFlow::new(&plan(false));
        let readings = |step: &FlowStep| [step.zones[0].classes[0].occupancy, step.zones[0].density_per_m2.unwrap()];
        let not_started = [Reading::Unknown(UnknownReason::NotStarted); 2];
        assert_eq!(readings(&flow.state()), not_started);
        assert_eq!(readings(&flow.blind()), not_started);
        let size = FrameSize { width_px: 768, height_px: 576 };
        let frame = FrameMeta { camera: plan(false).id, seq: 0, at: Timestamp(0), size, epoch: 0 };
        assert_eq!(readings(&flow.step(&frame, &[], &[])), [Reading::Valid(0.0); 2]);
        assert_eq!(readings(&flow.blind()), [Reading::Unknown(UnknownReason::NoFrames); 2]);
        assert_eq!(readings(&flow.state()), [Reading::Unknown(UnknownReason::NoFrames); 2]);
    }
}
