//! Everything that is measured of the people in a zone besides counting them.

use super::fused_count::ZonePeople;
use super::ground::{GroundFlow, GroundScene};
use super::ground_zone::GroundZone;
use super::measures::{DwellWindow, FillForecast, FlowBalance, SurgeWindow, TimeToThreshold};
use crate::config::ZonePlan;
use crate::model::{Level, Measure, ObjectClass, Reading, Readings, Timestamp, UnknownReason};

/// The time to a threshold is told anew so often, in seconds: it is made from a moment each second.
const FORECAST_EVERY_S: f64 = 1.0;

/// What a zone's measures are made from in a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct ZoneMoment<'a> {
    pub(super) at: Timestamp,
    /// Lengths of the stays that ended since the frame before, in seconds.
    pub(super) ended_stays_s: &'a [f64],
    /// Everybody on the ground, where the camera is calibrated.
    pub(super) scene: Option<&'a GroundScene>,
}

/// The measures of one zone.
#[derive(Debug, Clone)]
pub(super) struct ZoneMeasures {
    ground: Option<GroundZone>,
    dwell: DwellWindow,
    surge: SurgeWindow,
    forecast: Option<Forecast>,
    balance: Option<FlowBalance>,
    /// Whether a density map joined in the newest count.
    /// Its area on the ground, given or derived.
    area_m2: Option<f64>,
    map_joined: bool,
    /// As of the newest frame.
    readings: Readings,
}

impl ZoneMeasures {
    /// `None` where the zone does not count people.
    pub(super) fn new(plan: &ZonePlan, ground: Option<&GroundFlow>) -> Option<Self> {
        if !plan.classes.contains(ObjectClass::Person) {
            return None;
        }
        let ground = ground.and_then(|ground| GroundZone::new(ground, plan));
        // A value that is given wins.
        let area_m2 = plan.area_m2.or(ground.as_ref().map(GroundZone::area_m2));
        let is_enclosed = !plan.enclosed_by.is_empty();
        let mut measures = Self {
            ground,
            dwell: DwellWindow::default(),
            surge: SurgeWindow::new(plan.surge),
            forecast: area_m2.map(|area_m2| Forecast::new(area_m2, plan.thresholds_per_m2, is_enclosed)),
            balance: is_enclosed.then(FlowBalance::default),
            area_m2,
            map_joined: false,
            readings: Readings::NONE,
        };
        measures.readings = measures.unknown(UnknownReason::NotStarted);
        Some(measures)
    }

    /// Nothing is seen: what is measured over a while begins anew. Stays that ended stay true.
    pub(super) fn forget_moments(&mut self) {
        self.surge.reset();
        if let Some(forecast) = &mut self.forecast {
            forecast.forget_moments();
        }
        if let Some(ground) = &mut self.ground {
            ground.forget_moments();
        }
        if let Some(balance) = &mut self.balance {
            balance.begin_stretch();
        }
    }

    /// Every measure that can be had here, unknown.
    fn unknown(&self, reason: UnknownReason) -> Readings {
        let always = [Measure::MeanDwell, Measure::MedianDwell, Measure::P90Dwell, Measure::Surge];
        let ground = self.ground.iter().flat_map(GroundZone::measures);
        let forecast = self.forecast.iter().flat_map(Forecast::measures);
        let balance = self.balance.iter().map(|_| Measure::BalanceDrift);
        let all = always.into_iter().chain(ground).chain(forecast).chain(balance);
        all.map(|measure| (measure, Reading::Unknown(reason))).collect()
    }

    /// As of the newest frame; unknown before the first.
    pub(super) fn readings(&self) -> &Readings {
        &self.readings
    }

    /// Takes in a frame; [`ZoneMeasures::step_counts`] is to follow.
    pub(super) fn step(&mut self, moment: ZoneMoment<'_>) {
        let at = moment.at;
        let mut readings = self.unknown(UnknownReason::NotEnough);
        if let (Some(ground), Some(scene)) = (&mut self.ground, moment.scene) {
            ground.step(at, scene, &mut readings);
        }
        moment.ended_stays_s.iter().for_each(|&dwell_s| self.dwell.push(at, dwell_s));
        if let Some(dwell) = self.dwell.distribution(at) {
            readings.set(Measure::MeanDwell, Reading::Valid(dwell.mean_s));
            readings.set(Measure::MedianDwell, Reading::Valid(dwell.median_s));
            readings.set(Measure::P90Dwell, Reading::Valid(dwell.p90_s));
        }
        self.readings = readings;
    }

    /// Takes in how many people there are in that frame, as both opinions have it, and how many have come in and gone out over
    /// the enclosing lines since the start. When a density map joins in or drops out the count jumps and the crowd doesn't:
    /// what is made from its changes begins anew. The drift of the balance is that of the boxes.
    pub(super) fn step_counts(&mut self, at: Timestamp, people: ZonePeople, balance_totals: (u64, u64)) {
        if people.map_joins != self.map_joined {
            self.map_joined = people.map_joins;
            self.surge.reset();
            if let Some(forecast) = &mut self.forecast {
                forecast.forget_moments();
            }
        }
        // Where people stay and nobody leaves, their stays are longer than any that is known: not calm.
        if people.fused == 0.0 {
            for measure in [Measure::MeanDwell, Measure::MedianDwell, Measure::P90Dwell] {
                if self.readings.value(measure).is_none() {
                    self.readings.set(measure, Reading::Unknown(UnknownReason::NothingToMeasure));
                }
            }
        }
        self.surge.push(at, people.fused);
        self.readings.set_measured(Measure::Surge, self.surge.people_per_min());
        if let Some(balance) = &mut self.balance {
            balance.push(at, balance_totals.0, balance_totals.1, people.boxes);
            self.readings.set_measured(Measure::BalanceDrift, balance.drift_people());
        }
        let counted_per_m2 = self.area_m2.map(|area_m2| people.fused / area_m2);
        // Cells of people beside the zone reach into it: their density changes little by little.
        let density_per_m2 = match self.readings.value(Measure::VoronoiDensity) {
            Some(voronoi_per_m2) if people.map_joins => {
                Some(counted_per_m2.map_or(voronoi_per_m2, |counted_per_m2| voronoi_per_m2.max(counted_per_m2)))
            }
            Some(voronoi_per_m2) => Some(voronoi_per_m2),
            None => counted_per_m2,
        };
        if let (Some(ground), Some(density_per_m2)) = (&mut self.ground, density_per_m2) {
            let level = ground.level_of_service(density_per_m2);
            self.readings.set(Measure::LevelOfService, Reading::Valid(level));
        }
        if let (Some(forecast), Some(density_per_m2)) = (&mut self.forecast, density_per_m2) {
            forecast.step(at, density_per_m2, balance_totals);
            self.readings.set_all(&forecast.newest);
        }
    }
}

/// The times to the thresholds of a zone.
#[derive(Debug, Clone)]
struct Forecast {
    fill: FillForecast,
    area_m2: f64,
    thresholds_per_m2: [Option<f64>; 4],
    is_enclosed: bool,
    /// When it was told last, and what.
    told: Option<Timestamp>,
    newest: Readings,
}

impl Forecast {
    fn new(area_m2: f64, thresholds_per_m2: [Option<f64>; 4], is_enclosed: bool) -> Self {
        let fill = FillForecast::new(area_m2, FillForecast::USUAL_WINDOW_S);
        Self { fill, area_m2, thresholds_per_m2, is_enclosed, told: None, newest: Readings::NONE }
    }

    fn forget_moments(&mut self) {
        *self = Self::new(self.area_m2, self.thresholds_per_m2, self.is_enclosed);
    }

    fn thresholds(&self) -> impl Iterator<Item = (Level, f64)> {
        Level::ALL.into_iter().zip(self.thresholds_per_m2).filter_map(|(level, per_m2)| Some((level, per_m2?)))
    }

    fn measures(&self) -> impl Iterator<Item = Measure> {
        let times = self.thresholds().flat_map(|(level, _)| Measure::times_to(level));
        times.chain(self.is_enclosed.then_some(Measure::FillRate))
    }

    fn step(&mut self, at: Timestamp, density_per_m2: f64, (came, went): (u64, u64)) {
        self.fill.push(at, density_per_m2, came, went);
        if self.told.is_some_and(|told| (0.0..FORECAST_EVERY_S).contains(&at.seconds_since(told))) {
            return;
        }
        self.told = Some(at);
        let told = self
            .thresholds()
            .flat_map(|(level, per_m2)| Measure::times_to(level).into_iter().zip(times(self.fill.time_to(per_m2))));
        self.newest = told.collect();
        if self.is_enclosed {
            let per_m2_min = self.fill.net_fill_rate().map(|per_m2_s| 60.0 * per_m2_s);
            self.newest.set_measured(Measure::FillRate, per_m2_min);
        }
    }
}

/// Likely, earliest and latest. What is not to be expected within the horizon is at least that far away.
fn times(forecast: Option<TimeToThreshold>) -> [Reading; 3] {
    let beyond = Reading::AtLeast(FillForecast::HORIZON_S);
    match forecast {
        None => [Reading::Unknown(UnknownReason::NotEnough); 3],
        Some(TimeToThreshold::Reached) => [Reading::Valid(0.0); 3],
        Some(TimeToThreshold::In { likely_s, earliest_s, latest_s }) => {
            [Reading::Valid(likely_s), Reading::Valid(earliest_s), latest_s.map_or(beyond, Reading::Valid)]
        }
        Some(TimeToThreshold::NotFilling { earliest_s }) => [beyond, earliest_s.map_or(beyond, Reading::Valid), beyond],
    }
}
