//! One camera's zones and lines together.

use super::count_quality::CountQuality;
use super::ground::GroundFlow;
use super::heat_map::{HeatMap, HeatMapRecorder};
use super::heat_map_grid::HeatMapGrid;
use super::line_measures::LineMeasures;
use super::zone_measures::{ZoneMeasures, ZoneMoment};
use super::{LineCounter, ZoneCounter};
use crate::config::{CameraPlan, LinePlan, ZonePlan, defaults, line_width_m};
use crate::model::{
    CountEvidence, Crossing, Direction, FrameMeta, FrameSize, LineId, LineState, Measure, ObjectClass, Reading,
    Readings, Scope, Timestamp, Track, TrackId, UnknownReason, ZoneState,
};

/// What one step gives.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowStep {
    /// Every zone, in the order of the plan.
    pub zones: Vec<ZoneState>,
    /// Every line, in the order of the plan.
    pub lines: Vec<LineState>,
    /// What is measured of the whole picture.
    pub readings: Readings,
    /// Crossings counted in this step: line by line in the order of the plan, tracks in the order they were given.
    pub crossings: Vec<Crossing>,
}

/// What of the last frame decides whether the next one goes on from it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    epoch: u64,
    size: FrameSize,
}

/// The zones and lines of one camera. A moving camera has neither: it counts the whole picture.
#[derive(Debug, Clone)]
pub struct CameraFlow {
    zones: Vec<Zone>,
    lines: Vec<Line>,
    ground: Option<GroundFlow>,
    quality: CountQuality,
    /// Where the plan asks for it and the camera is calibrated.
    heat_map: Option<HeatMapRecorder>,
    /// Of the whole picture, as of the newest frame.
    readings: Readings,
    stretch: Option<Stretch>,
    /// Time of the newest frame, which the readings stand on, or why there is none.
    sight: Result<Timestamp, UnknownReason>,
    /// Since when frames have come without a break.
    seen_since: Option<Timestamp>,
}

/// A place is known to be calm only after this long without a break, in seconds: whoever was there all the while has to
/// be found and followed first.
const CALM_AFTER_S: f64 = 2.0;

/// A zone: who is in it, and what is measured of them.
#[derive(Debug, Clone)]
struct Zone {
    counter: ZoneCounter,
    measures: Option<ZoneMeasures>,
    /// The lines that enclose it, by their place in the plan, each with the direction that leads into the zone.
    enclosed_by: Vec<(usize, Direction)>,
}

/// A line: who crossed it, and how many a minute.
#[derive(Debug, Clone)]
struct Line {
    counter: LineCounter,
    measures: Option<LineMeasures>,
}

impl CameraFlow {
    /// Counters for this camera, all at zero; their readings are unknown until the first frame.
    #[must_use]
    pub fn new(plan: &CameraPlan) -> Self {
        let (zones, lines) = if plan.mobile { (&[][..], &[][..]) } else { (&plan.zones[..], &plan.lines[..]) };
        let ground = if plan.mobile { None } else { GroundFlow::new(plan) };
        let plane = plan.ground_plane();
        let grid =
            plane.zip(plan.heat_map_cell_m).and_then(|(plane, cell_m)| HeatMapGrid::of_camera(plan, plane, cell_m));
        let line_at = |(id, inward): &(LineId, Direction)| {
            lines.iter().position(|line| &line.id == id).map(|index| (index, *inward))
        };
        let zone = |plan: &ZonePlan| Zone {
            counter: ZoneCounter::new(plan),
            measures: ZoneMeasures::new(plan, ground.as_ref()),
            enclosed_by: plan.enclosed_by.iter().filter_map(line_at).collect(),
        };
        let line = |plan: &LinePlan| Line {
            counter: LineCounter::new(plan),
            measures: LineMeasures::new(plan, line_width_m(plane, plan)),
        };
        let mut flow = Self {
            zones: zones.iter().map(zone).collect(),
            lines: lines.iter().map(line).collect(),
            ground,
            quality: CountQuality::new(plan),
            heat_map: grid.map(HeatMapRecorder::new),
            readings: Readings::NONE,
            stretch: None,
            sight: Err(UnknownReason::NotStarted),
            seen_since: None,
        };
        flow.measure_picture(&[]);
        flow
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
            self.begin(frame.size, resized);
        }
        if self.sight.is_ok_and(|before| frame.at.seconds_since(before) > defaults::MAX_FRAME_INTERVAL_S) {
            self.seen_since = None;
        }
        self.seen_since.get_or_insert(frame.at);
        self.sight = Ok(frame.at);
        for zone in &mut self.zones {
            ended.iter().for_each(|&track| zone.counter.end(track));
            zone.counter.step(frame.at, tracks);
        }
        let mut crossings = Vec::new();
        for line in &mut self.lines {
            ended.iter().for_each(|&track| line.counter.end(track));
            line.counter.step(frame, tracks, &mut crossings);
        }
        for measures in self.lines.iter_mut().filter_map(|line| line.measures.as_mut()) {
            measures.step(frame.at, &crossings);
        }
        let scene = self.ground.as_mut().map(|ground| ground.step(frame.at, tracks, ended));
        if let (Some(heat_map), Some(scene)) = (&mut self.heat_map, scene) {
            heat_map.step(frame.at, &scene.points_and_velocities);
        }
        for Zone { counter, measures, .. } in &mut self.zones {
            let ended_stays_s = counter.take_ended_stays_s();
            let Some(measures) = measures else { continue };
            measures.step(ZoneMoment { at: frame.at, ended_stays_s: &ended_stays_s, scene });
        }
        self.quality.step(frame.at, tracks, |zone| {
            self.zones.get(zone)?.measures.as_ref()?.readings().value(Measure::VoronoiDensity)
        });
        for (index, Zone { counter, measures, enclosed_by }) in self.zones.iter_mut().enumerate() {
            let Some(measures) = measures else { continue };
            let people = |(index, inward): &(usize, Direction)| {
                let (inwards, outwards) = self.lines.get(*index).map_or((0, 0), |line| line.counter.people_totals());
                if *inward == Direction::In { (inwards, outwards) } else { (outwards, inwards) }
            };
            let balance = enclosed_by.iter().map(people).fold((0, 0), |sum, line| (sum.0 + line.0, sum.1 + line.1));
            let boxes = counter.readings(Ok(frame.at)).get(Measure::Occupancy);
            if let Some(people) = boxes.and_then(|boxes| self.quality.people(index, boxes, frame.at)) {
                measures.step_counts(frame.at, people, balance);
            }
        }
        self.measure_picture(tracks);
        FlowStep { crossings, ..self.state() }
    }

    /// Every track is over, and what came before belongs to another stretch.
    fn begin(&mut self, size: FrameSize, resized: bool) {
        self.quality.forget_maps();
        if resized {
            self.quality.fit(size);
        }
        for zone in &mut self.zones {
            zone.counter.end_all();
            if resized {
                zone.counter.fit(size);
            }
        }
        for line in &mut self.lines {
            line.counter.end_all();
            if resized {
                line.counter.fit(size);
            }
        }
        if let Some(ground) = &mut self.ground {
            ground.begin(size);
        }
        if let Some(heat_map) = &mut self.heat_map {
            heat_map.interrupt();
        }
        self.forget_moments();
    }

    fn forget_moments(&mut self) {
        self.seen_since = None;
        self.zones.iter_mut().filter_map(|zone| zone.measures.as_mut()).for_each(ZoneMeasures::forget_moments);
        self.lines.iter_mut().filter_map(|line| line.measures.as_mut()).for_each(LineMeasures::forget_moments);
    }

    /// What is measured of the whole picture.
    fn measure_picture(&mut self, tracks: &[Track]) {
        let people = tracks.iter().filter(|track| track.class == ObjectClass::Person && track.state.is_counted());
        self.readings = match &self.ground {
            Some(ground) => ground.velocity_readings(),
            None => Readings::NONE,
        };
        self.readings.set(Measure::People, Reading::Valid(people.count() as f64));
    }

    /// Says that the camera shows nothing now: what is measured in the moment (occupancy, density, dwell of those who
    /// are there) reads unknown until the next frame; totals stay. No track ends by it: frames may go on where they
    /// stopped, and where they don't, the next one is of a new epoch.
    pub fn blind(&mut self) -> FlowStep {
        if self.sight.is_ok() {
            self.sight = Err(UnknownReason::NoFrames);
            self.forget_moments();
        }
        self.state()
    }

    /// The heat map of an hour that is over, once; asked for after each step, and now and then where no frames come.
    pub fn take_ended_heat_map(&mut self, now: Timestamp) -> Option<HeatMap> {
        self.heat_map.as_mut()?.take_ended(now)
    }

    /// What there is of the heat map of the hour that goes on; afterwards it begins anew.
    pub fn take_current_heat_map(&mut self) -> Option<HeatMap> {
        self.heat_map.as_mut()?.take_current()
    }

    /// Goes on with the heat map of another flow of the same camera, which this one replaces.
    pub fn continue_heat_map_of(&mut self, before: &mut Self) {
        self.heat_map = before.heat_map.take();
        if let Some(heat_map) = &mut self.heat_map {
            heat_map.interrupt();
        }
    }

    /// All zones and lines as of the last step, with no crossings.
    #[must_use]
    pub fn state(&self) -> FlowStep {
        let now = self.sight;
        let is_new = now.is_ok_and(|at| self.seen_since.is_none_or(|since| at.seconds_since(since) < CALM_AFTER_S));
        let zone_state = |(index, zone): (usize, &Zone)| {
            let mut state = zone.counter.state(now);
            if let Some(measures) = &zone.measures {
                match now {
                    Ok(_) if is_new => state.readings.set_all(&measures.readings().unless_calm()),
                    Ok(_) => state.readings.set_all(measures.readings()),
                    Err(reason) => state.readings.set_all(&measures.readings().unknown(reason)),
                }
            }
            self.quality.judged(index, state, now)
        };
        let readings = match now {
            Ok(_) if self.quality.people_are_missed() => self.readings.where_people_are_missed(Scope::Camera),
            Ok(_) if is_new => self.readings.unless_calm(),
            Ok(_) => self.readings.clone(),
            Err(reason) => self.readings.unknown(reason),
        };
        let line_state = |(index, line): (usize, &Line)| {
            let readings = line.measures.as_ref().map_or(Readings::NONE, |measures| measures.readings(now));
            self.quality.judged_line(index, LineState { readings, ..line.counter.state() }, now)
        };
        FlowStep {
            zones: self.zones.iter().enumerate().map(zone_state).collect(),
            lines: self.lines.iter().enumerate().map(line_state).collect(),
            readings,
            crossings: Vec::new(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::{ImageFolderSource, SourcePlan};
    use crate::model::{CameraId, NormPoint, ZoneId};

    pub(in crate::flow) fn plan(mobile: bool) -> CameraPlan {
        let corner = |x, y| NormPoint { x, y };
        let source =
            SourcePlan::Images(ImageFolderSource { path: "-".into(), fps: 7.0, start: Timestamp(0), repeat: false });
        let zone =
            ZonePlan::new(ZoneId::new("plaza").unwrap(), vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0)]);
        CameraPlan {
            mobile,
            zones: vec![ZonePlan { area_m2: Some(10.0), ..zone }],
            lines: vec![LinePlan::new(LineId::new("gate").unwrap(), corner(0.0, 1.0), corner(0.0, 0.0))],
            ..CameraPlan::new(CameraId::new("cam").unwrap(), source)
        }
    }

    #[test]
    fn a_moving_camera_has_no_zones_and_no_lines() {
        let step = CameraFlow::new(&plan(true)).blind();
        assert_eq!((step.zones, step.lines, step.crossings), (Vec::new(), Vec::new(), Vec::new()));
        assert_eq!(step.readings.get(Measure::People), Some(Reading::Unknown(UnknownReason::NotStarted)));
    }

    #[test]
    fn nothing_reads_zero_before_it_was_seen_to_be() {
        let mut flow = CameraFlow::new(&plan(false));
        let readings =
            |step: &FlowStep| [Measure::Occupancy, Measure::Density].map(|m| step.zones[0].readings.get(m).unwrap());
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
