//! What is measured of the people in a zone on the ground.

use super::ground::{GroundFlow, GroundPerson, GroundScene};
use super::measures::{
    DispersalWatch, GatheringWatch, GroundDirection, GroundField, GroundVelocity, LevelOfServiceTable,
    LevelOfServiceWatch, OscillationWindow, PressureSettings, StandingWatch, StopAndGo, TurbulenceWatch, VelocityNoise,
    WrongWay, counter_flow, direction_entropy, mean_speed_of_mps, polar_order, speed_deficit, standing_share,
    voronoi_density,
};
use super::nothing_to_measure::Presence;
use crate::config::{ZonePlan, point_on_ground, polygon_on_ground, zone_on_ground};
use crate::geometry::GroundArea;
use crate::model::{Measure, Reading, Readings, Timestamp, UnknownReason};

/// A zone of a calibrated camera.
#[derive(Debug, Clone)]
pub(super) struct GroundZone {
    /// Who is in it: somebody whose foot point is a hand's breadth inside a wall still is.
    outline: GroundArea,
    /// What of it people can stand on: what densities are over.
    area: GroundArea,
    /// `None` where the zone is larger than a grid of half metres can be.
    field: Option<GroundField>,
    /// Where people are to walk.
    allowed: Option<GroundDirection>,
    level: LevelOfServiceWatch,
    stop_and_go: StopAndGo,
    oscillation: OscillationWindow,
    noise: VelocityNoise,
    turbulence: TurbulenceWatch,
    standing: StandingWatch,
    gathering: GatheringWatch,
    dispersal: DispersalWatch,
}

impl GroundZone {
    /// `None` where the zone reaches the horizon.
    pub(super) fn new(ground: &GroundFlow, plan: &ZonePlan) -> Option<Self> {
        let plane = ground.calibrated();
        let area = zone_on_ground(plane, &plan.polygon, ground.walkable()).ok()??;
        let outline = GroundArea::new(&polygon_on_ground(plane, &plan.polygon)?, &[]).ok()?;
        let table =
            plan.level_of_service_per_m2.map_or_else(|| LevelOfServiceTable::of(plan.ground_use), LevelOfServiceTable);
        let allowed = plan.allowed_direction.and_then(|(from, to)| {
            GroundDirection::between(point_on_ground(plane, from)?, point_on_ground(plane, to)?)
        });
        Some(Self {
            field: GroundField::new(&[&area], PressureSettings::default()),
            outline,
            area,
            allowed,
            level: LevelOfServiceWatch::new(table),
            stop_and_go: StopAndGo::default(),
            oscillation: OscillationWindow::default(),
            noise: VelocityNoise::default(),
            turbulence: TurbulenceWatch::default(),
            standing: StandingWatch::new(plan.groups),
            gathering: GatheringWatch::new(plan.gathering),
            dispersal: DispersalWatch::new(plan.dispersal),
        })
    }

    pub(super) fn area_m2(&self) -> f64 {
        self.area.area_m2()
    }

    /// What can be had here.
    pub(super) fn measures(&self) -> impl Iterator<Item = Measure> {
        let field = [Measure::LocalDensity, Measure::Pressure, Measure::Turbulence];
        let field = field.into_iter().filter(|_| self.field.is_some());
        let everywhere = [
            Measure::VoronoiDensity,
            Measure::Speed,
            Measure::StandingShare,
            Measure::LevelOfService,
            Measure::SpeedRatio,
            Measure::StopAndGo,
            Measure::Oscillation,
            Measure::CounterFlow,
            Measure::PolarOrder,
            Measure::DirectionEntropy,
            Measure::StandingGroups,
            Measure::LargestStandingGroup,
            Measure::Gathering,
            Measure::Dispersal,
        ];
        everywhere.into_iter().chain(field).chain(self.allowed.map(|_| Measure::WrongWay))
    }

    /// Nothing is seen: what is measured over a while begins anew. What is known of the place itself stays.
    pub(super) fn forget_moments(&mut self) {
        self.level.reset();
        self.stop_and_go = StopAndGo::default();
        self.oscillation.reset();
        self.noise.reset();
        self.turbulence = TurbulenceWatch::default();
        self.standing.reset();
        self.gathering.reset();
        self.dispersal.reset();
    }

    /// The level of service of this density in the same frame, as a number.
    pub(super) fn level_of_service(&mut self, density_per_m2: f64) -> f64 {
        self.level.step(density_per_m2).number()
    }

    /// Takes in a frame, and adds what it gives; the level of service is asked for apart, as the density may be another.
    pub(super) fn step(&mut self, at: Timestamp, scene: &GroundScene, readings: &mut Readings) {
        let inside: Vec<&GroundPerson> =
            scene.people.iter().filter(|person| self.outline.contains(person.point)).collect();
        let velocities: Vec<GroundVelocity> = inside.iter().filter_map(|person| person.velocity).collect();
        let density_per_m2 = voronoi_density(&scene.cells, &self.area);
        readings.set(Measure::VoronoiDensity, Reading::Valid(density_per_m2));
        self.noise.step(at, inside.iter().map(|person| (person.track, person.point)));
        self.step_field(at, scene, readings);
        let presence = Presence::new(&inside);
        self.step_movement(at, &velocities, (density_per_m2, &presence), readings);
        if let Some(allowed) = self.allowed {
            let ways = inside.iter().filter_map(|person| person.way);
            let share = WrongWay::count(ways, allowed).share();
            readings.set_measured_or_else(Measure::WrongWay, share, || presence.without_ways());
        }
        let people: Vec<_> = inside.iter().map(|person| (person.track, person.point, person.velocity)).collect();
        let groups = self.standing.step(at, &people);
        let largest = groups.first().map_or(0, |group| group.people);
        let moving: Vec<_> = inside.iter().filter_map(|person| Some((person.point, person.velocity?))).collect();
        let gathering = self.gathering.step(at, &groups).is_some();
        let dispersal = self.dispersal.step(at, &moving);
        readings.set(Measure::StandingGroups, Reading::Valid(groups.len() as f64));
        readings.set(Measure::LargestStandingGroup, Reading::Valid(largest as f64));
        readings.set_whether(Measure::Gathering, gathering);
        // Nothing can be told of running before the site's usual speeds are known.
        if self.dispersal.fast_above_mps().is_some() {
            readings.set_whether(Measure::Dispersal, dispersal);
        }
    }

    fn step_field(&mut self, at: Timestamp, scene: &GroundScene, readings: &mut Readings) {
        let Some(field) = &mut self.field else { return };
        field.assume_noise(self.noise.variance());
        field.scatter(&scene.points_and_velocities);
        let densest_per_m2 = field.densest(0).map(|densest| densest.per_m2);
        readings.set_measured(Measure::LocalDensity, densest_per_m2);
        let pressure = field.greatest_pressure(0).map(|(_, pressure)| pressure);
        // Dense with people whose velocity isn't known yet is another thing than not dense.
        let is_dense = densest_per_m2.is_some_and(|per_m2| per_m2 >= PressureSettings::default().least_density_per_m2);
        readings.set_measured_or_else(Measure::Pressure, pressure.map(|pressure| pressure.per_s2), || unless(is_dense));
        // Where it isn't dense there is no pressure to tell, and no turbulence.
        let surest = field.surest_pressure(0, TurbulenceWatch::DENSE_PER_M2);
        readings.set_whether(Measure::Turbulence, self.turbulence.step(at, surest));
    }

    fn step_movement(
        &mut self,
        at: Timestamp,
        velocities: &[GroundVelocity],
        (density_per_m2, presence): (f64, &Presence<'_>),
        readings: &mut Readings,
    ) {
        let moving = velocity_readings(velocities, || presence.without_velocities());
        readings.set_all(&moving);
        let speed_mps = moving.value(Measure::Speed);
        self.stop_and_go.step(at, speed_mps);
        if speed_mps.is_some() {
            let count = velocities.len() as f64;
            let mean = |of: fn(&GroundVelocity) -> f64| velocities.iter().map(of).sum::<f64>() / count;
            let mean = GroundVelocity { x_mps: mean(|v| v.x_mps), y_mps: mean(|v| v.y_mps) };
            self.oscillation.push(at, mean, density_per_m2);
        }
        // Too dense for anybody to be expected to move is anything but calm.
        let deficit = speed_mps.and_then(|speed| speed_deficit(speed, density_per_m2));
        readings.set_measured_or_else(Measure::SpeedRatio, deficit, || {
            if speed_mps.is_some() { UnknownReason::NotEnough } else { presence.without_velocities() }
        });
        let is_warm = self.stop_and_go.is_warm();
        readings.set_measured_or_else(Measure::StopAndGo, self.stop_and_go.index(), || {
            if is_warm { presence.without_velocities() } else { UnknownReason::NotEnough }
        });
        let is_dense = density_per_m2 >= OscillationWindow::DENSE_PER_M2;
        let peak = self.oscillation.oscillation().filter(|_| is_dense).map(|found| found.peak);
        readings.set_measured_or_else(Measure::Oscillation, peak, || unless(is_dense));
        let ratio = counter_flow(velocities, self.allowed).and_then(|streams| streams.ratio);
        readings.set_measured_or_else(Measure::CounterFlow, ratio, || presence.without_velocities());
    }
}

/// Why a measure of dense crowds has no value.
fn unless(is_dense: bool) -> UnknownReason {
    if is_dense { UnknownReason::NotEnough } else { UnknownReason::NothingToMeasure }
}

/// What follows from velocities alone, of a zone or of the whole picture.
pub(super) fn velocity_readings(velocities: &[GroundVelocity], without: impl Fn() -> UnknownReason) -> Readings {
    let measured = [
        (Measure::Speed, mean_speed_of_mps(velocities)),
        (Measure::StandingShare, standing_share(velocities)),
        (Measure::PolarOrder, polar_order(velocities)),
        (Measure::DirectionEntropy, direction_entropy(velocities)),
    ];
    let mut readings = Readings::NONE;
    for (measure, value) in measured {
        readings.set_measured_or_else(measure, value, &without);
    }
    readings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::{CameraParameters, GroundPlane};
    use crate::config::CalibrationPlan;
    use crate::flow::camera::tests::plan;
    use crate::model::{FrameSize, GroundPoint, NormPoint};

    /// Along the upper edge of a picture that the lens bows, one goes another way in the first sixteenth than in all.
    #[test]
    fn the_allowed_direction_goes_from_its_first_point_to_its_second_where_the_lens_bows_it() {
        let size = FrameSize { width_px: 1280, height_px: 720 };
        for k1 in [0.0, 0.25, -0.1] {
            let camera = CameraParameters { height_m: 6.0, tilt_deg: 35.0, roll_deg: 0.0, focal_px: 900.0 };
            let plane = GroundPlane::from_camera(camera, size, k1).unwrap();
            let mut plan = plan(false);
            let norm = |x_m, y_m| {
                let pixel = plane.to_pixel(GroundPoint { x_m, y_m }).unwrap();
                NormPoint { x: pixel.x / 1280.0, y: pixel.y / 720.0 }
            };
            let corners = [(-4.0, 5.0), (4.0, 5.0), (4.0, 12.0), (-4.0, 12.0)];
            plan.zones[0].polygon = corners.map(|(x_m, y_m)| norm(x_m, y_m)).to_vec();
            plan.zones[0].allowed_direction = Some((norm(-4.0, 12.0), norm(4.0, 6.0)));
            plan.calibration = Some(CalibrationPlan { plane, points: Vec::new() });
            let zone = GroundZone::new(&GroundFlow::new(&plan).unwrap(), &plan.zones[0]).unwrap();
            let at = |x_m, y_m| GroundPoint { x_m, y_m };
            let cosine = GroundDirection::between(at(-4.0, 12.0), at(4.0, 6.0)).unwrap().cosine(zone.allowed.unwrap());
            assert!(cosine > 1.0 - 1e-9, "k1 {k1}: {cosine}");
        }
    }
}
