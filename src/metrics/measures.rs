//! What is measured of zones, lines and cameras: one family for each measure, by the measure's own facts.

use prometheus::GaugeVec;

use super::MetricsError;
use super::series::{Families, KnownGauge};
use crate::model::{Measure, Readings, Scope};

/// What is counted for each class, and has families of its own.
const COUNTED_BY_CLASS: [Measure; 3] = [Measure::Occupancy, Measure::LongestDwell, Measure::People];

/// The families of [`MeasureMetrics`] for one kind of place.
pub(super) struct MeasureFamilies {
    scope: Scope,
    families: Vec<(Measure, GaugeVec)>,
}

impl MeasureFamilies {
    pub fn new(families: &Families, scope: Scope) -> Result<Self, MetricsError> {
        let mut known: Vec<(&str, GaugeVec)> = Vec::new();
        let mut of_measures = Vec::new();
        let by_class = |measure: &Measure| scope != Scope::Site && COUNTED_BY_CLASS.contains(measure);
        for measure in Measure::of(scope).filter(|measure| !by_class(measure)) {
            let facts = measure.facts();
            if let Some((_, family)) = known.iter().find(|(metric, _)| *metric == facts.metric) {
                of_measures.push((measure, family.clone()));
                continue;
            }
            let camera = (scope != Scope::Site).then_some("camera");
            let place = (scope != Scope::Camera).then_some(scope.as_str());
            let own = facts.label.map(|(key, _)| key);
            let labels: Vec<&str> = camera.into_iter().chain(place).chain(own).collect();
            let name = format!("crowdflow_{}_{}", scope.as_str(), facts.metric);
            let family = families.gauges(&name, &format!("{} Absent while unknown.", facts.help), &labels)?;
            known.push((facts.metric, family.clone()));
            of_measures.push((measure, family));
        }
        Ok(Self { scope, families: of_measures })
    }
}

/// The series of one place.
#[derive(Debug)]
pub(super) struct MeasureMetrics(Vec<(Measure, KnownGauge)>);

impl MeasureMetrics {
    /// `place`: the zone's, line's or site's id; nothing for the whole camera. A site has no camera.
    pub fn new(families: &MeasureFamilies, camera: &str, place: &str) -> Self {
        let gauge = |(measure, family): &(Measure, GaugeVec)| {
            let camera = (families.scope != Scope::Site).then_some(camera);
            let place = (families.scope != Scope::Camera).then_some(place);
            let own = measure.facts().label.map(|(_, value)| value);
            let labels: Vec<&str> = camera.into_iter().chain(place).chain(own).collect();
            (*measure, KnownGauge::new(family, &labels))
        };
        Self(families.families.iter().map(gauge).collect())
    }

    pub fn observe(&self, readings: &Readings) {
        for (measure, gauge) in &self.0 {
            gauge.set(readings.value(*measure));
        }
    }
}
