//! A calibrated camera's zones and lines on the ground plane.

use std::collections::VecDeque;

use super::measures::{
    GroundVelocity, LevelOfServiceTable, LevelOfServiceWatch, Sample, SpeedWindow, mean_speed_mps, specific_flow,
    standing_share, voronoi_density,
};
use super::table::TrackTable;
use crate::calibration::GroundPlane;
use crate::config::{CameraPlan, LinePlan, ZonePlan, defaults};
use crate::geometry::{CutOff, GroundArea, voronoi_cells};
use crate::model::{
    Crossing, Direction, FrameSize, GroundPoint, LineId, NormPoint, ObjectClass, PixelPoint, Reading, SpecificFlow,
    Timestamp, Track, TrackId, TrackState, UnknownReason, ZoneGroundState,
};

/// A track's speed is its displacement over this long, in seconds: long enough for a foot point's scatter (a few
/// centimetres) to stay below the 0.2 m/s under which somebody stands, short enough to see them stop.
const SPEED_WINDOW_S: f64 = 1.0;
/// Flow is counted over this long, in seconds…
const FLOW_WINDOW_S: f64 = 60.0;
/// …and unknown until so much of it was seen.
const FLOW_LEAST_S: f64 = 10.0;

/// What is measured in a zone.
#[derive(Debug, Clone)]
struct GroundZone {
    area: GroundArea,
    level: LevelOfServiceWatch,
    /// As of the newest frame.
    newest: Option<ZoneGroundState>,
}

impl GroundZone {
    fn new(plane: &GroundPlane, plan: &ZonePlan) -> Option<Self> {
        if !plan.classes.contains(ObjectClass::Person) {
            return None;
        }
        let corners: Vec<PixelPoint> = plan.polygon.iter().map(|corner| corner.to_px(plane.frame_size())).collect();
        let area = GroundArea::new(&plane.polygon_to_ground(&corners)?, &[]).ok()?;
        // Next to the horizon a pixel is a field, and nothing measured on it means anything.
        let is_measurable = area.area_m2() <= defaults::AREA_MOST_M2;
        let level = LevelOfServiceWatch::new(LevelOfServiceTable::of(plan.ground_use));
        is_measurable.then_some(Self { area, level, newest: None })
    }
}

/// What is measured at a line.
#[derive(Debug, Clone)]
struct GroundLine {
    id: LineId,
    width_m: f64,
    crossings: VecDeque<(Timestamp, Direction)>,
}

impl GroundLine {
    fn new(plane: &GroundPlane, plan: &LinePlan) -> Option<Self> {
        let end = |point: NormPoint| plane.to_ground(point.to_px(plane.frame_size()));
        let width_m = end(plan.a)?.distance_m(end(plan.b)?);
        let is_measurable = plan.classes.contains(ObjectClass::Person) && width_m > 0.0;
        is_measurable.then(|| Self { id: plan.id.clone(), width_m, crossings: VecDeque::new() })
    }

    /// Flow in one direction over the last `span_s` seconds.
    fn flow(&self, direction: Direction, span_s: f64) -> Reading {
        let count = self.crossings.iter().filter(|(_, way)| *way == direction).count();
        let flow = if span_s >= FLOW_LEAST_S { specific_flow(count as f64 / span_s, self.width_m) } else { None };
        flow.map_or(Reading::Unknown(UnknownReason::NotEnough), Reading::Valid)
    }
}

/// The zones and lines of one calibrated camera on the ground plane. Densities are of Voronoi cells within the default
/// cut-off circle: walls are not known here, so somebody close to one has a cell that reaches into it, and a narrow
/// passage reads less dense than it is.
#[derive(Debug, Clone)]
pub(super) struct GroundFlow {
    /// For the picture size of the calibration, and of the newest frames.
    calibrated: GroundPlane,
    plane: GroundPlane,
    zones: Vec<Option<GroundZone>>,
    lines: Vec<Option<GroundLine>>,
    windows: TrackTable<SpeedWindow>,
    /// Since when frames have come without a break.
    seen_since: Option<Timestamp>,
}

impl GroundFlow {
    /// `None` where the camera is not calibrated.
    pub(super) fn new(plan: &CameraPlan) -> Option<Self> {
        let plane = plan.calibration.as_ref()?.plane;
        Some(Self {
            calibrated: plane,
            plane,
            zones: plan.zones.iter().map(|zone| GroundZone::new(&plane, zone)).collect(),
            lines: plan.lines.iter().map(|line| GroundLine::new(&plane, line)).collect(),
            windows: TrackTable::new(),
            seen_since: None,
        })
    }

    /// Begins anew with pictures of this size: every track is over, and what came before belongs to another stretch.
    pub(super) fn begin(&mut self, size: FrameSize) {
        self.plane = self.calibrated.at_size(size);
        self.windows.take_values();
        self.forget_moments();
    }

    /// Nothing is seen: what is measured over a while begins anew.
    pub(super) fn forget_moments(&mut self) {
        self.seen_since = None;
        for zone in self.zones.iter_mut().flatten() {
            zone.level.reset();
            zone.newest = None;
        }
        self.lines.iter_mut().flatten().for_each(|line| line.crossings.clear());
    }

    /// Takes in the tracks of a frame, those that ended before it, and the crossings counted in it.
    pub(super) fn step(&mut self, at: Timestamp, tracks: &[Track], ended: &[TrackId], crossings: &[Crossing]) {
        self.seen_since.get_or_insert(at);
        for &track in ended {
            self.windows.remove(track);
        }
        let mut people: Vec<(GroundPoint, Option<GroundVelocity>)> = Vec::with_capacity(tracks.len());
        for track in tracks.iter().filter(|track| track.class == ObjectClass::Person) {
            let Some(point) = self.plane.to_ground(track.foot()) else { continue };
            if track.state == TrackState::Lost {
                continue;
            }
            let window = self.windows.get_or_insert_with(track.id, || SpeedWindow::new(SPEED_WINDOW_S));
            // Where somebody hidden is expected to be says nothing about their speed.
            if track.state != TrackState::Coasting {
                window.push(Sample { at, point });
            }
            if track.state.is_counted() {
                people.push((point, window.velocity()));
            }
        }
        if self.zones.iter().any(Option::is_some) {
            let points: Vec<GroundPoint> = people.iter().map(|&(point, _)| point).collect();
            let cells = voronoi_cells(&points, None, CutOff::default());
            for zone in self.zones.iter_mut().flatten() {
                let density_per_m2 = voronoi_density(&cells, &zone.area);
                let inside = people.iter().filter(|(point, _)| zone.area.contains(*point));
                let velocities: Vec<GroundVelocity> = inside.filter_map(|&(_, velocity)| velocity).collect();
                let known =
                    |value: Option<f64>| value.map_or(Reading::Unknown(UnknownReason::NotEnough), Reading::Valid);
                zone.newest = Some(ZoneGroundState {
                    voronoi_per_m2: Reading::Valid(density_per_m2),
                    speed_mps: known(mean_speed_mps(&people, &zone.area)),
                    standing_share: known(standing_share(&velocities)),
                    level_of_service: Some(zone.level.step(density_per_m2)),
                });
            }
        }
        for line in self.lines.iter_mut().flatten() {
            let own =
                crossings.iter().filter(|crossing| crossing.line == line.id && crossing.class == ObjectClass::Person);
            line.crossings.extend(own.map(|crossing| (crossing.at, crossing.direction)));
            while line.crossings.front().is_some_and(|&(when, _)| at.seconds_since(when) > FLOW_WINDOW_S) {
                line.crossings.pop_front();
            }
        }
    }

    /// The zone of that place in the plan, with the occupancy it was counted to have: where that is a lower bound, the
    /// density is one too; where it is unknown, everything is.
    pub(super) fn zone(&self, index: usize, occupancy: Reading) -> Option<ZoneGroundState> {
        let zone = self.zones.get(index)?.as_ref()?;
        let unknown = |reason| ZoneGroundState {
            voronoi_per_m2: Reading::Unknown(reason),
            speed_mps: Reading::Unknown(reason),
            standing_share: Reading::Unknown(reason),
            level_of_service: None,
        };
        Some(match (occupancy, zone.newest) {
            (Reading::Unknown(reason), _) => unknown(reason),
            (_, None) => unknown(UnknownReason::NotStarted),
            (Reading::Valid(_), Some(state)) => state,
            (Reading::AtLeast(_), Some(state)) => ZoneGroundState {
                voronoi_per_m2: state.voronoi_per_m2.value().map_or(state.voronoi_per_m2, Reading::AtLeast),
                ..state
            },
        })
    }

    /// The line of that place in the plan, as of now.
    pub(super) fn line(&self, index: usize, now: Result<Timestamp, UnknownReason>) -> Option<SpecificFlow> {
        let line = self.lines.get(index)?.as_ref()?;
        let flow = |direction| match (now, self.seen_since) {
            (Err(reason), _) => Reading::Unknown(reason),
            (Ok(_), None) => Reading::Unknown(UnknownReason::NotEnough),
            (Ok(at), Some(since)) => line.flow(direction, at.seconds_since(since).min(FLOW_WINDOW_S)),
        };
        Some(SpecificFlow { in_per_m_s: flow(Direction::In), out_per_m_s: flow(Direction::Out) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CalibrationPlan;
    use crate::flow::CameraFlow;
    use crate::flow::camera::tests::plan;
    use crate::model::{FrameMeta, LevelOfService, PixelBox};

    const SIZE: FrameSize = FrameSize { width_px: 1000, height_px: 1000 };

    /// Seen from above, 100 pixels a metre: the zone is the whole picture, 10 m × 10 m, with a line through its middle.
    fn flow() -> CameraFlow {
        let mut plan = plan(false);
        let plane = GroundPlane::from_homography([[0.01, 0.0, 0.0], [0.0, -0.01, 10.0], [0.0, 0.0, 1.0]], SIZE, 0.0);
        plan.calibration = Some(CalibrationPlan { plane: plane.unwrap(), points: Vec::new() });
        let corner = |x, y| NormPoint { x, y };
        plan.zones[0].polygon = vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0)];
        (plan.lines[0].a, plan.lines[0].b) = (corner(0.5, 1.0), corner(0.5, 0.0));
        // From above nobody is too small: half a metre is all there is.
        plan.counting.least_person_px = 0.0;
        plan.zones[0].area_m2 = Some(100.0);
        CameraFlow::new(&plan)
    }

    fn frame(seconds: f64) -> FrameMeta {
        let at = Timestamp(0).plus_seconds(seconds);
        FrameMeta { camera: plan(false).id, seq: (seconds * 10.0) as u64, at, size: SIZE, epoch: 0 }
    }

    fn person(id: u64, x_m: f64, y_m: f64, state: TrackState) -> Track {
        let (x, y) = (100.0 * x_m, 1000.0 - 100.0 * y_m);
        Track {
            id: TrackId(id),
            class: ObjectClass::Person,
            state,
            bbox: PixelBox { left: x - 10.0, top: y - 50.0, right: x + 10.0, bottom: y },
            score: 0.9,
            first_seen: Timestamp(0),
            last_seen: Timestamp(0),
        }
    }

    #[test]
    fn speeds_densities_and_levels_are_in_metres() {
        let mut flow = flow();
        let not_started = flow.state().zones[0].ground.unwrap();
        assert_eq!(not_started.speed_mps, Reading::Unknown(UnknownReason::NotStarted));
        let mut last = None;
        for tenth in 0..=20 {
            let seconds = f64::from(tenth) / 10.0;
            let mut tracks = vec![
                person(1, 2.0 + 1.5 * seconds, 8.0, TrackState::Confirmed),
                person(2, 5.0, 2.0, TrackState::Confirmed),
                person(3, 8.0, 2.0, TrackState::Lost),
            ];
            // Forty people who stand 0.5 m apart: a zone of 100 m² has 0.42 of them per m².
            tracks.extend((10..50u64).map(|id| {
                let (row, column) = ((id - 10) / 8, (id - 10) % 8);
                person(id, 2.0 + 0.5 * column as f64, 3.0 + 0.5 * row as f64, TrackState::Confirmed)
            }));
            let state = flow.step(&frame(seconds), &tracks, &[]).zones[0].ground.unwrap();
            assert_eq!(state.speed_mps.value().is_some(), tenth >= 5, "{tenth}: {state:?}");
            last = Some(state);
        }
        let state = last.unwrap();
        assert!((state.voronoi_per_m2.value().unwrap() - 0.42).abs() < 1e-9, "{state:?}");
        assert!((state.speed_mps.value().unwrap() - 1.5 / 42.0).abs() < 1e-9, "{state:?}");
        assert!((state.standing_share.value().unwrap() - 41.0 / 42.0).abs() < 1e-9, "{state:?}");
        assert_eq!(state.level_of_service, Some(LevelOfService::B));
        let empty = flow.step(&frame(2.1), &[], &[]).zones[0].ground.unwrap();
        assert_eq!(empty.voronoi_per_m2, Reading::Valid(0.0));
        assert_eq!(empty.speed_mps, Reading::Unknown(UnknownReason::NotEnough));
        assert_eq!(empty.level_of_service, Some(LevelOfService::A));
        let blind = flow.blind().zones[0].ground.unwrap();
        assert_eq!(blind.voronoi_per_m2, Reading::Unknown(UnknownReason::NoFrames));
        assert_eq!(blind.level_of_service, None);
    }

    #[test]
    fn flow_is_per_metre_over_the_last_minute_and_begins_anew_after_a_gap() {
        let mut flow = flow();
        let at = |seconds: f64, flow: &mut CameraFlow| {
            // Somebody new every second, from right to left through the line: in.
            let walker = seconds.floor();
            let x_m = 6.0 - 2.0 * (seconds - walker);
            let ended = [TrackId(walker as u64 - 1)];
            let tracks = [person(walker as u64, x_m, 5.0, TrackState::Confirmed)];
            flow.step(&frame(seconds), &tracks, &ended).lines[0].specific_flow.unwrap()
        };
        for tenth in 10..1000 {
            let state = at(f64::from(tenth) / 10.0, &mut flow);
            assert_eq!(state.in_per_m_s.value().is_some(), tenth >= 110, "{tenth}");
            if tenth >= 110 {
                let (inflow, outflow) = (state.in_per_m_s.value().unwrap(), state.out_per_m_s.value().unwrap());
                assert!((inflow - 0.1).abs() < 0.011 && outflow == 0.0, "{tenth}: {inflow}");
            }
        }
        let blind = flow.blind().lines[0].specific_flow.unwrap();
        assert_eq!(blind.in_per_m_s, Reading::Unknown(UnknownReason::NoFrames));
        let after = at(200.0, &mut flow);
        assert_eq!(after.in_per_m_s, Reading::Unknown(UnknownReason::NotEnough));
    }

    #[test]
    fn a_lower_bound_of_people_is_a_lower_bound_of_density() {
        let mut ground = GroundFlow::new(&{
            let mut plan = plan(false);
            let rows = [[0.01, 0.0, 0.0], [0.0, -0.01, 10.0], [0.0, 0.0, 1.0]];
            let plane = GroundPlane::from_homography(rows, SIZE, 0.0).unwrap();
            plan.calibration = Some(CalibrationPlan { plane, points: Vec::new() });
            plan
        })
        .unwrap();
        ground.begin(SIZE);
        ground.step(Timestamp(0), &[], &[], &[]);
        assert_eq!(ground.zone(0, Reading::AtLeast(9.0)).unwrap().voronoi_per_m2, Reading::AtLeast(0.0));
        assert_eq!(ground.zone(1, Reading::Valid(9.0)), None);
    }
}
