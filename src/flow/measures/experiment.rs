//! All measures of one recorded experiment: what our figures are compared with PedPy's by.

use std::collections::{BTreeMap, HashMap};

use super::{
    CellFlow, GroundVelocity, LineCrossing, LineFlow, Trajectory, approach, centred_velocities, classic_density,
    line_crossings, line_flow, mean_speed_mps, voronoi_density,
};
use crate::geometry::{CutOff, GroundArea, GroundSegment, voronoi_cells};
use crate::model::{Direction, GroundPoint, Timestamp};

/// Where and how an experiment is measured.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Frames a second.
    pub fps: f64,
    /// The line whose crossings are counted.
    pub line: GroundSegment,
    /// The zone whose density and speed are measured.
    pub zone: GroundArea,
    /// Where people can be: Voronoi cells end there.
    pub walkable: GroundArea,
    /// The largest Voronoi cell.
    pub cut_off: CutOff,
    /// Voronoi density is computed in frames whose number is a multiple of this (1 or more).
    pub voronoi_every: u64,
    /// Speeds are taken over this long before and after, in seconds.
    pub speed_half_window_s: f64,
}

/// One frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameMeasures {
    /// Its number.
    pub frame: u64,
    /// Classic density in 1/m².
    pub classic_per_m2: f64,
    /// Voronoi density in 1/m², where it was computed.
    pub voronoi_per_m2: Option<f64>,
    /// Mean speed in the zone in m/s; `None` where nobody is.
    pub mean_speed_mps: Option<f64>,
}

/// A whole experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentMeasures {
    /// Every frame from the first to the last in which anybody is.
    pub frames: Vec<FrameMeasures>,
    /// Every person's velocity at every sample, in the order of the trajectories.
    pub velocities: Vec<Vec<Option<GroundVelocity>>>,
    /// Every crossing, in the order of time.
    pub crossings: Vec<LineCrossing>,
}

impl Experiment {
    /// The number of the frame at this time.
    #[must_use]
    pub fn frame_at(&self, at: Timestamp) -> u64 {
        (at.seconds_since(Timestamp(0)) * self.fps).round().max(0.0) as u64
    }

    /// Measures these people.
    #[must_use]
    pub fn measure(&self, people: &[Trajectory]) -> ExperimentMeasures {
        let velocities: Vec<_> =
            people.iter().map(|way| centred_velocities(&way.samples, self.speed_half_window_s)).collect();
        let mut by_frame: BTreeMap<u64, Vec<(GroundPoint, Option<GroundVelocity>)>> = BTreeMap::new();
        for (way, velocities) in people.iter().zip(&velocities) {
            for (sample, &velocity) in way.samples.iter().zip(velocities) {
                by_frame.entry(self.frame_at(sample.at)).or_default().push((sample.point, velocity));
            }
        }
        let (first, last) = (by_frame.keys().next().copied(), by_frame.keys().next_back().copied());
        let numbers = first.zip(last).into_iter().flat_map(|(first, last)| first..=last);
        let frames = numbers.map(|frame| self.frame(frame, by_frame.get(&frame).map_or(&[][..], Vec::as_slice)));
        ExperimentMeasures { frames: frames.collect(), velocities, crossings: line_crossings(people, &self.line) }
    }

    /// Specific flow over the line in those of the frames of these numbers in which anybody's cell reaches the line, by
    /// the line method ([`line_flow()`]). A person's side is that from which they come when their cell first reaches the
    /// line in one of these frames.
    #[must_use]
    pub fn line_flows(&self, people: &[Trajectory], frames: impl Fn(u64) -> bool) -> BTreeMap<u64, LineFlow> {
        let mut by_frame: BTreeMap<u64, Vec<(u64, GroundPoint, Option<GroundVelocity>)>> = BTreeMap::new();
        for way in people {
            for (sample, velocity) in way.samples.iter().zip(centred_velocities(&way.samples, self.speed_half_window_s))
            {
                let frame = self.frame_at(sample.at);
                if frames(frame) {
                    by_frame.entry(frame).or_default().push((way.person, sample.point, velocity));
                }
            }
        }
        let mut approaches: HashMap<u64, Option<Direction>> = HashMap::new();
        let mut flows = BTreeMap::new();
        for (frame, people) in by_frame {
            let points: Vec<GroundPoint> = people.iter().map(|&(_, point, _)| point).collect();
            let cells = voronoi_cells(&points, Some(&self.walkable), self.cut_off);
            let mut at_the_line = Vec::new();
            for (cell, (person, _, velocity)) in cells.iter().zip(people) {
                let Some(velocity) = velocity.filter(|_| cell.shared_length_m(&self.line) > 0.0) else { continue };
                if let Some(approach) = *approaches.entry(person).or_insert_with(|| approach(velocity, &self.line)) {
                    at_the_line.push(CellFlow { cell, velocity, approach });
                }
            }
            if !at_the_line.is_empty() {
                flows.insert(frame, line_flow(&at_the_line, &self.line));
            }
        }
        flows
    }

    fn frame(&self, frame: u64, people: &[(GroundPoint, Option<GroundVelocity>)]) -> FrameMeasures {
        let points: Vec<GroundPoint> = people.iter().map(|&(point, _)| point).collect();
        let voronoi = || voronoi_density(&voronoi_cells(&points, Some(&self.walkable), self.cut_off), &self.zone);
        FrameMeasures {
            frame,
            classic_per_m2: classic_density(&points, &self.zone),
            voronoi_per_m2: frame.is_multiple_of(self.voronoi_every.max(1)).then(voronoi),
            mean_speed_mps: mean_speed_mps(people, &self.zone),
        }
    }
}
