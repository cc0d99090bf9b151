//! Everything that is measured of the people in a zone besides counting them.

use super::ground::{GroundPerson, GroundScene, on_ground};
use super::measures::{
    FillForecast, GroundVelocity, LevelOfServiceTable, LevelOfServiceWatch, StopAndGo, TimeToThreshold,
    direction_entropy, polar_order, speed_deficit, standing_share, voronoi_density,
};
use crate::calibration::GroundPlane;
use crate::config::{ZonePlan, defaults};
use crate::geometry::GroundArea;
use crate::model::{Level, Measure, ObjectClass, Reading, Readings, Timestamp, UnknownReason};

/// The trend that the time to a threshold is told from is of this long, in seconds.
const FORECAST_WINDOW_S: f64 = 120.0;
/// Nothing is foretold beyond this, in seconds: a crowd's mood doesn't last longer.
const FORECAST_HORIZON_S: f64 = 3600.0;

/// What a zone's measures are made from in a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct ZoneMoment<'a> {
    pub(super) at: Timestamp,
    /// What was counted.
    pub(super) counted: &'a Readings,
    /// Lengths of the stays that ended since the frame before, in seconds.
    pub(super) ended_stays_s: &'a [f64],
    /// People who have come in and gone out over the enclosing lines since the start.
    pub(super) balance: (u64, u64),
    /// Everybody on the ground, where the camera is calibrated.
    pub(super) scene: Option<&'a GroundScene>,
}

/// The measures of one zone.
#[derive(Debug, Clone)]
pub(super) struct ZoneMeasures {
    ground: Option<GroundZone>,
    forecast: Option<FillForecast>,
    thresholds_per_m2: [Option<f64>; 4],
    area_m2: Option<f64>,
    is_enclosed: bool,
    /// As of the newest frame.
    readings: Readings,
}

impl ZoneMeasures {
    /// `None` where the zone does not count people.
    pub(super) fn new(plan: &ZonePlan, plane: Option<&GroundPlane>) -> Option<Self> {
        if !plan.classes.contains(ObjectClass::Person) {
            return None;
        }
        let ground = plane.and_then(|plane| GroundZone::new(plane, plan));
        let area_m2 = ground.as_ref().map(|ground| ground.area.area_m2()).or(plan.area_m2);
        let mut measures = Self {
            ground,
            forecast: None,
            thresholds_per_m2: plan.thresholds_per_m2,
            area_m2,
            is_enclosed: !plan.enclosed_by.is_empty(),
            readings: Readings::NONE,
        };
        measures.forget_moments();
        measures.readings = measures.unknown(UnknownReason::NotStarted);
        Some(measures)
    }

    /// Nothing is seen: what is measured over a while begins anew.
    pub(super) fn forget_moments(&mut self) {
        self.forecast = self.area_m2.map(|area_m2| FillForecast::new(area_m2, FORECAST_WINDOW_S));
        if let Some(ground) = &mut self.ground {
            ground.forget_moments();
        }
    }

    /// Every measure that can be had here, unknown.
    fn unknown(&self, reason: UnknownReason) -> Readings {
        let ground = self.ground.as_ref().map_or(&[][..], |_| &GroundZone::MEASURES);
        let times = Level::ALL.into_iter().zip(self.thresholds_per_m2);
        let times = times.filter(|(_, threshold)| threshold.is_some() && self.area_m2.is_some());
        let times = times.flat_map(|(level, _)| Measure::times_to(level));
        let enclosed = self.is_enclosed && self.area_m2.is_some();
        let fill = enclosed.then_some(Measure::FillRate);
        ground.iter().copied().chain(times).chain(fill).map(|measure| (measure, Reading::Unknown(reason))).collect()
    }

    /// As of the newest frame; unknown before the first.
    pub(super) fn readings(&self) -> &Readings {
        &self.readings
    }

    /// Takes in a frame.
    pub(super) fn step(&mut self, moment: ZoneMoment<'_>) {
        let mut readings = Readings::NONE;
        if let (Some(ground), Some(scene)) = (&mut self.ground, moment.scene) {
            ground.step(moment.at, scene, &mut readings);
        }
        let density = readings.value(Measure::VoronoiDensity).or(moment.counted.value(Measure::Density));
        if let (Some(forecast), Some(density_per_m2)) = (&mut self.forecast, density) {
            forecast.push(moment.at, density_per_m2, moment.balance.0, moment.balance.1);
            for (level, threshold) in Level::ALL.into_iter().zip(self.thresholds_per_m2) {
                let Some(threshold) = threshold else { continue };
                let times = times(forecast.time_to(threshold));
                Measure::times_to(level).into_iter().zip(times).for_each(|(measure, time)| readings.set(measure, time));
            }
            if self.is_enclosed {
                let per_m2_min = forecast.net_fill_rate().map(|per_m2_s| 60.0 * per_m2_s);
                readings.set_measured(Measure::FillRate, per_m2_min);
            }
        }
        self.readings = readings;
    }
}

/// Likely, earliest and latest. What is not to be expected within the horizon is at least that far away.
fn times(forecast: Option<TimeToThreshold>) -> [Reading; 3] {
    let within = |time_s: Option<f64>| match time_s {
        Some(time_s) if time_s <= FORECAST_HORIZON_S => Reading::Valid(time_s),
        _ => Reading::AtLeast(FORECAST_HORIZON_S),
    };
    match forecast {
        None => [Reading::Unknown(UnknownReason::NotEnough); 3],
        Some(TimeToThreshold::Reached) => [Reading::Valid(0.0); 3],
        Some(TimeToThreshold::In { likely_s, earliest_s, latest_s }) => {
            [within(Some(likely_s)), within(Some(earliest_s)), within(latest_s)]
        }
        Some(TimeToThreshold::NotFilling) => [within(None); 3],
    }
}

/// What is measured on the ground.
#[derive(Debug, Clone)]
struct GroundZone {
    area: GroundArea,
    level: LevelOfServiceWatch,
    stop_and_go: StopAndGo,
}

impl GroundZone {
    const MEASURES: [Measure; 8] = [
        Measure::VoronoiDensity,
        Measure::Speed,
        Measure::StandingShare,
        Measure::LevelOfService,
        Measure::SpeedRatio,
        Measure::StopAndGo,
        Measure::PolarOrder,
        Measure::DirectionEntropy,
    ];

    /// `None` where the zone reaches the horizon.
    fn new(plane: &GroundPlane, plan: &ZonePlan) -> Option<Self> {
        let area = GroundArea::new(&on_ground(plane, &plan.polygon)?, &[]).ok()?;
        // Next to the horizon a pixel is a field, and nothing measured on it means anything.
        if area.area_m2() > defaults::AREA_MOST_M2 {
            return None;
        }
        let table =
            plan.level_of_service_per_m2.map_or_else(|| LevelOfServiceTable::of(plan.ground_use), LevelOfServiceTable);
        Some(Self { area, level: LevelOfServiceWatch::new(table), stop_and_go: StopAndGo::default() })
    }

    fn forget_moments(&mut self) {
        self.level.reset();
        self.stop_and_go = StopAndGo::default();
    }

    fn step(&mut self, at: Timestamp, scene: &GroundScene, readings: &mut Readings) {
        let inside: Vec<&GroundPerson> =
            scene.people.iter().filter(|person| self.area.contains(person.point)).collect();
        let velocities: Vec<GroundVelocity> = inside.iter().filter_map(|person| person.velocity).collect();
        let density_per_m2 = voronoi_density(&scene.cells, &self.area);
        readings.set(Measure::VoronoiDensity, Reading::Valid(density_per_m2));
        readings.set(Measure::LevelOfService, Reading::Valid(self.level.step(density_per_m2).number()));
        let moving = velocity_readings(&velocities);
        for (measure, reading) in moving.iter() {
            readings.set(measure, reading);
        }
        let speed_mps = moving.value(Measure::Speed);
        if let Some(speed_mps) = speed_mps {
            self.stop_and_go.push(at, speed_mps);
        }
        readings.set_measured(Measure::SpeedRatio, speed_mps.and_then(|speed| speed_deficit(speed, density_per_m2)));
        readings.set_measured(Measure::StopAndGo, self.stop_and_go.index());
    }
}

/// What follows from velocities alone, of a zone or of the whole picture.
pub(super) fn velocity_readings(velocities: &[GroundVelocity]) -> Readings {
    let mut readings = Readings::NONE;
    let count = velocities.len() as f64;
    let speed = velocities.iter().map(|velocity| velocity.speed_mps()).sum::<f64>() / count;
    readings.set_measured(Measure::Speed, (count > 0.0).then_some(speed));
    readings.set_measured(Measure::StandingShare, standing_share(velocities));
    readings.set_measured(Measure::PolarOrder, polar_order(velocities));
    readings.set_measured(Measure::DirectionEntropy, direction_entropy(velocities));
    readings
}
