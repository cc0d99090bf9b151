//! What is measured of zones, lines and cameras: one family for each measure, by the measure's own facts.

use prometheus::GaugeVec;

use super::MetricsError;
use super::series::{Families, KnownGauge};
use crate::model::{Measure, Reading, Readings, Scope};

/// What is counted for each class, and has families of its own.
const COUNTED_BY_CLASS: [Measure; 3] = [Measure::Occupancy, Measure::LongestDwell, Measure::People];
/// What of it has families for its bounds, too.
const BOUNDED_BY_CLASS: [Measure; 2] = [Measure::Occupancy, Measure::People];

/// The families of [`MeasureMetrics`] for one kind of place.
pub(super) struct MeasureFamilies {
    scope: Scope,
    families: Vec<(Measure, GaugeVec)>,
    /// Whether a measure is a lower bound, and whether an upper one, with the measure's name as label; `None` where none of
    /// this kind of place may be.
    lower: Option<GaugeVec>,
    upper: Option<GaugeVec>,
}

/// The measures of this whose bounds are told by [`MeasureFamilies`], and whether they may be lower and upper ones.
fn bounded(scope: Scope) -> impl Iterator<Item = (Measure, (bool, bool))> {
    let measures =
        Measure::of(scope).filter(move |measure| scope == Scope::Site || !BOUNDED_BY_CLASS.contains(measure));
    measures.map(move |measure| (measure, measure.may_be_bound(scope)))
}

/// What a place's series are labelled with, names or values: a site has no camera, a whole picture no place in it.
fn labels<'a>(scope: Scope, camera: &'a str, place: &'a str, own: Option<&'a str>) -> impl Iterator<Item = &'a str> {
    let camera = (scope != Scope::Site).then_some(camera);
    let place = (scope != Scope::Camera).then_some(place);
    camera.into_iter().chain(place).chain(own)
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
            let own = facts.label.map(|(key, _)| key);
            let labels: Vec<&str> = labels(scope, "camera", scope.as_str(), own).collect();
            let name = format!("crowdflow_{}_{}", scope.as_str(), facts.metric);
            let family = families.gauges(&name, &format!("{} Absent while unknown.", facts.help), &labels)?;
            known.push((facts.metric, family.clone()));
            of_measures.push((measure, family));
        }
        let bound = |may_be: bool, which: &str| -> Result<Option<GaugeVec>, MetricsError> {
            let labels: Vec<&str> = labels(scope, "camera", scope.as_str(), Some("measure")).collect();
            let name = format!("crowdflow_{}_measure_is_{which}_bound", scope.as_str());
            let help = format!("1 where the measure is known by its {which} bound only, else 0. Absent while unknown.");
            may_be.then(|| families.gauges(&name, &help, &labels)).transpose()
        };
        let lower = bound(bounded(scope).any(|(_, (is_lower, _))| is_lower), "lower")?;
        let upper = bound(bounded(scope).any(|(_, (_, is_upper))| is_upper), "upper")?;
        Ok(Self { scope, families: of_measures, lower, upper })
    }
}

/// The series of one place.
#[derive(Debug)]
pub(super) struct MeasureMetrics {
    values: Vec<(Measure, KnownGauge)>,
    lower: Vec<(Measure, KnownGauge)>,
    upper: Vec<(Measure, KnownGauge)>,
}

impl MeasureMetrics {
    /// `place`: the zone's, line's or site's id; nothing for the whole camera. A site has no camera.
    pub fn new(families: &MeasureFamilies, camera: &str, place: &str) -> Self {
        let gauge = |(measure, family): &(Measure, GaugeVec)| {
            let own = measure.facts().label.map(|(_, value)| value);
            let labels: Vec<&str> = labels(families.scope, camera, place, own).collect();
            (*measure, KnownGauge::new(family, &labels))
        };
        let bound = |family: &GaugeVec, measure: Measure| {
            let labels: Vec<&str> = labels(families.scope, camera, place, Some(measure.as_str())).collect();
            (measure, KnownGauge::new(family, &labels))
        };
        let bounds = |family: &Option<GaugeVec>, is_upper: bool| -> Vec<(Measure, KnownGauge)> {
            let may_be = |(measure, (lower, upper)): (Measure, (bool, bool))| {
                let may_be = if is_upper { upper } else { lower };
                may_be.then_some(measure)
            };
            let measures = family.iter().flat_map(|family| {
                bounded(families.scope).filter_map(may_be).map(move |measure| bound(family, measure))
            });
            measures.collect()
        };
        Self {
            values: families.families.iter().map(gauge).collect(),
            lower: bounds(&families.lower, false),
            upper: bounds(&families.upper, true),
        }
    }

    pub fn observe(&self, readings: &Readings) {
        for (measure, gauge) in &self.values {
            gauge.set(readings.value(*measure));
        }
        let tell = |gauges: &[(Measure, KnownGauge)], is_bound: fn(Reading) -> bool| {
            for (measure, gauge) in gauges {
                let reading = readings.get(*measure).filter(|reading| reading.value().is_some());
                gauge.set(reading.map(|reading| f64::from(u8::from(is_bound(reading)))));
            }
        };
        tell(&self.lower, |reading| matches!(reading, Reading::AtLeast(_)));
        tell(&self.upper, |reading| matches!(reading, Reading::AtMost(_)));
    }
}
