//! Where a calibrated camera's people are on the ground, how fast they go, and how much room each has.

use super::ground_zone::velocity_readings;
use super::measures::{GroundDirection, GroundVelocity, Sample, SpeedWindow, WalkedWays};
use super::nothing_to_measure::Presence;
use super::table::TrackTable;
use crate::calibration::GroundPlane;
use crate::config::{CameraPlan, walkable_on_ground};
use crate::geometry::{CutOff, GroundArea, VoronoiCell, voronoi_cells};
use crate::model::{FrameSize, GroundPoint, ObjectClass, Readings, Timestamp, Track, TrackId, TrackState};

/// A track's speed is its displacement over this long, in seconds: long enough for a foot point's scatter (a few
/// centimetres) to stay below the 0.2 m/s under which somebody stands, short enough to see them stop.
const SPEED_WINDOW_S: f64 = 1.0;

/// Somebody who is counted, on the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct GroundPerson {
    pub(super) track: TrackId,
    pub(super) point: GroundPoint,
    /// Over the last second; `None` until they have been seen for half of it.
    pub(super) velocity: Option<GroundVelocity>,
    /// Where they have come along over the last two metres; `None` where they haven't, or no zone asks.
    pub(super) way: Option<GroundDirection>,
}

/// Everybody who is counted in a frame, on the ground.
#[derive(Debug, Clone, Default)]
pub(super) struct GroundScene {
    pub(super) people: Vec<GroundPerson>,
    /// The same people's points and velocities.
    pub(super) points_and_velocities: Vec<(GroundPoint, Option<GroundVelocity>)>,
    /// Each one's Voronoi cell, in the same order.
    pub(super) cells: Vec<VoronoiCell>,
}

/// Follows a calibrated camera's people on the ground. Cells are cut at the default cut-off circle and, where the
/// configuration has it, at the borders of the walkable area; without it, somebody close to a wall has a cell that
/// reaches into it, and a narrow passage reads less dense than it is.
#[derive(Debug, Clone)]
pub(super) struct GroundFlow {
    /// For the picture size of the calibration, and of the newest frames.
    calibrated: GroundPlane,
    plane: GroundPlane,
    walkable: Option<GroundArea>,
    windows: TrackTable<SpeedWindow>,
    /// Kept where a zone has an allowed direction.
    ways: Option<WalkedWays>,
    scene: GroundScene,
}

impl GroundFlow {
    /// `None` where the camera is not calibrated.
    pub(super) fn new(plan: &CameraPlan) -> Option<Self> {
        let plane = plan.calibration.as_ref()?.plane;
        Some(Self {
            calibrated: plane,
            plane,
            walkable: plan.walkable.as_ref().and_then(|walkable| walkable_on_ground(&plane, walkable)),
            windows: TrackTable::new(),
            ways: plan.zones.iter().any(|zone| zone.allowed_direction.is_some()).then(WalkedWays::default),
            scene: GroundScene::default(),
        })
    }

    /// For the picture size of the calibration.
    pub(super) fn calibrated(&self) -> &GroundPlane {
        &self.calibrated
    }

    /// Where people can walk, where that is configured.
    pub(super) fn walkable(&self) -> Option<&GroundArea> {
        self.walkable.as_ref()
    }

    /// Begins anew with pictures of this size: every track is over.
    pub(super) fn begin(&mut self, size: FrameSize) {
        self.plane = self.calibrated.at_size(size);
        self.windows.take_values();
        if let Some(ways) = &mut self.ways {
            ways.reset();
        }
    }

    /// Takes in the tracks of a frame and those that ended before it.
    pub(super) fn step(&mut self, at: Timestamp, tracks: &[Track], ended: &[TrackId]) -> &GroundScene {
        for &track in ended {
            self.windows.remove(track);
            if let Some(ways) = &mut self.ways {
                ways.forget(track);
            }
        }
        self.scene.people.clear();
        let mut seen = Vec::new();
        for track in tracks.iter().filter(|track| track.class == ObjectClass::Person) {
            let Some(point) = self.plane.to_ground(track.foot()) else { continue };
            if track.state == TrackState::Lost {
                continue;
            }
            let window = self.windows.get_or_insert_with(track.id, || SpeedWindow::new(SPEED_WINDOW_S));
            // Where somebody hidden is expected to be says nothing about their speed.
            if track.state != TrackState::Coasting {
                window.push(Sample { at, point });
                seen.push((track.id, point));
            }
            if track.state.is_counted() {
                self.scene.people.push(GroundPerson { track: track.id, point, velocity: window.velocity(), way: None });
            }
        }
        if let Some(ways) = &mut self.ways {
            ways.step(at, seen);
            self.scene.people.iter_mut().for_each(|person| person.way = ways.direction(person.track));
        }
        let people = self.scene.people.iter();
        self.scene.points_and_velocities = people.map(|person| (person.point, person.velocity)).collect();
        let points: Vec<GroundPoint> = self.scene.people.iter().map(|person| person.point).collect();
        self.scene.cells = voronoi_cells(&points, self.walkable.as_ref(), CutOff::default());
        &self.scene
    }

    /// What follows from the velocities in the newest frame, of everybody.
    pub(super) fn velocity_readings(&self) -> Readings {
        let velocities: Vec<GroundVelocity> = self.scene.people.iter().filter_map(|person| person.velocity).collect();
        let everybody: Vec<&GroundPerson> = self.scene.people.iter().collect();
        let presence = Presence::new(&everybody);
        velocity_readings(&velocities, || presence.without_velocities())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{CalibrationPlan, WalkablePlan};
    use crate::flow::CameraFlow;
    use crate::flow::camera::tests::plan;
    use crate::model::{FrameMeta, LevelOfService, Measure, NormPoint, PixelBox, Reading, Readings, UnknownReason};

    const SIZE: FrameSize = FrameSize { width_px: 1000, height_px: 1000 };

    /// Seen from above, 100 pixels a metre: the zone is the whole picture, 10 m × 10 m, with a line through its middle.
    fn calibrated() -> CameraPlan {
        let mut plan = plan(false);
        let plane = GroundPlane::from_homography([[0.01, 0.0, 0.0], [0.0, -0.01, 10.0], [0.0, 0.0, 1.0]], SIZE, 0.0);
        plan.calibration = Some(CalibrationPlan { plane: plane.unwrap(), points: Vec::new() });
        let corner = |x, y| NormPoint { x, y };
        plan.zones[0].polygon = vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0)];
        (plan.lines[0].a, plan.lines[0].b) = (corner(0.5, 1.0), corner(0.5, 0.0));
        plan.zones[0].area_m2 = Some(100.0);
        plan
    }

    fn flow() -> CameraFlow {
        CameraFlow::new(&calibrated())
    }

    /// Ten people in twenty seconds over a gate that somebody measured.
    #[test]
    fn a_width_that_is_given_needs_no_calibration_and_wins_over_one() {
        let flow = |calibrated_plan: bool, width_m: Option<f64>| {
            let mut plan = calibrated();
            plan.calibration = plan.calibration.filter(|_| calibrated_plan);
            plan.lines[0].width_m = width_m;
            let mut flow = CameraFlow::new(&plan);
            let mut last = None;
            for half in 0..=40 {
                let seconds = f64::from(half) / 2.0;
                let walker = (seconds / 2.0).floor();
                let tracks = [person(walker as u64, 6.0 - (seconds - 2.0 * walker), 5.0, TrackState::Confirmed)];
                let ended = [TrackId((walker as u64).wrapping_sub(1))];
                last = Some(flow.step(&frame(seconds), &tracks, &ended).lines.remove(0).readings);
            }
            let readings = last.unwrap();
            [Measure::SpecificFlowIn, Measure::CapacityRatio].map(|measure| readings.get(measure))
        };
        let valid = |value: Option<Reading>| value.and_then(Reading::value).unwrap();
        let [given, ratio] = flow(false, Some(2.5));
        let (per_m_s, ratio) = (valid(given), valid(ratio));
        assert!(per_m_s > 0.15 && per_m_s <= 0.2, "{per_m_s}");
        assert!((ratio - per_m_s * 60.0 / 82.0).abs() < 1e-9, "{ratio}");
        assert_eq!(flow(false, None), [None; 2], "without width nothing is told");
        assert_eq!(flow(true, Some(2.5))[0], given);
        assert!((valid(flow(true, None)[0]) - per_m_s / 4.0).abs() < 1e-9, "10 m by the calibration");
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
        let not_started = flow.state().zones[0].readings.get(Measure::Speed);
        assert_eq!(not_started, Some(Reading::Unknown(UnknownReason::NotStarted)));
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
            let state = flow.step(&frame(seconds), &tracks, &[]).zones.remove(0).readings;
            assert_eq!(state.value(Measure::Speed).is_some(), tenth >= 5, "{tenth}: {state:?}");
            last = Some(state);
        }
        let state = last.unwrap();
        let close =
            |measure, expected: f64| assert!((state.value(measure).unwrap() - expected).abs() < 1e-9, "{state:?}");
        close(Measure::VoronoiDensity, 0.42);
        close(Measure::Speed, 1.5 / 42.0);
        close(Measure::StandingShare, 41.0 / 42.0);
        close(Measure::LevelOfService, LevelOfService::B.number());
        let whole = flow.state().readings;
        assert_eq!(whole.value(Measure::People), Some(42.0));
        assert_eq!(whole.get(Measure::Speed), state.get(Measure::Speed));
        let of = |readings: &Readings| {
            [Measure::VoronoiDensity, Measure::Speed, Measure::LevelOfService]
                .map(|measure| readings.get(measure).unwrap())
        };
        let empty = flow.step(&frame(2.1), &[], &[]);
        let nothing = Reading::Unknown(UnknownReason::NothingToMeasure);
        assert_eq!(of(&empty.zones[0].readings), [Reading::Valid(0.0), nothing, Reading::Valid(1.0)]);
        assert_eq!(empty.readings.get(Measure::Speed), Some(nothing));
        assert_eq!(of(&flow.blind().zones[0].readings), [Reading::Unknown(UnknownReason::NoFrames); 3]);
    }

    /// People can't stand in a wall: half the zone lies behind one.
    #[test]
    fn densities_are_over_what_people_can_stand_on() {
        let corner = |x, y| NormPoint { x, y };
        let left_half = vec![corner(0.0, 0.0), corner(0.5, 0.0), corner(0.5, 1.0), corner(0.0, 1.0)];
        let densities = |walkable: Option<Vec<NormPoint>>| {
            let mut plan = calibrated();
            plan.walkable = walkable.map(|polygon| WalkablePlan { polygon, obstacles: Vec::new() });
            // Forty people in the left half, 1 m from one another, and one whose foot point is drawn into the wall.
            let people = (0..40u64).map(|id| ((id % 4) as f64 + 0.7, (id / 4) as f64 + 0.5));
            let people = people.chain([(5.1, 5.0)]).enumerate();
            let tracks: Vec<Track> =
                people.map(|(id, (x, y))| person(id as u64, x, y, TrackState::Confirmed)).collect();
            let mut flow = CameraFlow::new(&plan);
            flow.step(&frame(0.0), &tracks, &[]);
            let readings = flow.step(&frame(1.0), &tracks, &[]).zones.remove(0).readings;
            assert_eq!(readings.value(Measure::StandingShare), Some(1.0), "whoever is in the wall counts");
            assert_eq!(readings.value(Measure::People).or(readings.value(Measure::Occupancy)), Some(41.0));
            [Measure::VoronoiDensity, Measure::LevelOfService].map(|measure| readings.value(measure).unwrap())
        };
        let [open_per_m2, open_level] = densities(None);
        let [cut_per_m2, cut_level] = densities(Some(left_half));
        assert!((open_per_m2 - 0.4).abs() < 0.02 && (cut_per_m2 - 0.82).abs() < 0.01, "{open_per_m2} {cut_per_m2}");
        assert_eq!((open_level, cut_level), (LevelOfService::B.number(), LevelOfService::D.number()));
    }

    /// What has no value where nobody is.
    const GATED: [Measure; 10] = [
        Measure::Speed,
        Measure::StandingShare,
        Measure::SpeedRatio,
        Measure::PolarOrder,
        Measure::DirectionEntropy,
        Measure::CounterFlow,
        Measure::Pressure,
        Measure::Oscillation,
        Measure::MeanDwell,
        Measure::P90Dwell,
    ];

    #[test]
    fn an_empty_place_has_nothing_to_measure_once_it_was_seen_for_a_while() {
        let mut flow = flow();
        let reason = |flow: &mut CameraFlow, seconds: f64, measure| {
            flow.step(&frame(seconds), &[], &[]).zones[0].readings.get(measure).unwrap()
        };
        let (nothing, not_enough) = (UnknownReason::NothingToMeasure, UnknownReason::NotEnough);
        for (seconds, expected) in [(0.0, not_enough), (1.9, not_enough), (2.0, nothing), (9.0, not_enough)] {
            for measure in GATED {
                assert_eq!(reason(&mut flow, seconds, measure), Reading::Unknown(expected), "{seconds} {measure:?}");
            }
        }
        // Stop-and-go is about half a minute, surge about twenty seconds of anything.
        for second in 0..=30 {
            let step = flow.step(&frame(9.0 + f64::from(second)), &[], &[]);
            let expected = Reading::Unknown(if second < 30 { not_enough } else { nothing });
            assert_eq!(step.zones[0].readings.get(Measure::StopAndGo), Some(expected), "{second}");
            assert_eq!(step.zones[0].readings.value(Measure::Surge).is_some(), second >= 20, "{second}");
        }
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
            let readings = flow.step(&frame(seconds), &tracks, &ended).lines.remove(0).readings;
            [Measure::SpecificFlowIn, Measure::SpecificFlowOut].map(|measure| readings.get(measure).unwrap())
        };
        for tenth in 10..1000 {
            let state = at(f64::from(tenth) / 10.0, &mut flow);
            assert_eq!(state[0].value().is_some(), tenth >= 110, "{tenth}");
            if tenth >= 110 {
                let [inflow, outflow] = state.map(|reading| reading.value().unwrap());
                assert!((inflow - 0.1).abs() < 0.011 && outflow == 0.0, "{tenth}: {inflow}");
            }
        }
        let blind = flow.blind().lines.remove(0).readings;
        assert_eq!(blind.get(Measure::SpecificFlowIn), Some(Reading::Unknown(UnknownReason::NoFrames)));
        let after = at(200.0, &mut flow);
        assert_eq!(after[0], Reading::Unknown(UnknownReason::NotEnough));
    }
}
