//! Alert levels by zone.

use crate::model::{Level, ZoneId};
use crate::rules::RuleStatus;

/// How a zone stands: the worst of the rules on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneLevel {
    /// The zone.
    pub zone: ZoneId,
    /// The level that is on; `None`: calm.
    pub level: Option<Level>,
    /// The level is what was known last; now nothing is known.
    pub stale: bool,
}

/// One entry for each zone that has rules, in the order in which they come: the worst level that is on. It is stale
/// where every rule that has this level is.
#[must_use]
pub fn zone_levels<'a>(rules: impl IntoIterator<Item = RuleStatus<'a>>) -> Vec<ZoneLevel> {
    let mut zones: Vec<ZoneLevel> = Vec::new();
    for RuleStatus { place, level, stale, .. } in rules {
        let Some(zone) = place.zone() else { continue };
        match zones.iter_mut().find(|known| &known.zone == zone) {
            None => zones.push(ZoneLevel { zone: zone.clone(), level, stale }),
            Some(known) if level > known.level => (known.level, known.stale) = (level, stale),
            Some(known) if level == known.level => known.stale &= stale,
            Some(_) => {}
        }
    }
    zones
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CameraId, LineId, Measure, Place, RuleId};

    #[test]
    fn a_zone_stands_as_its_worst_rule() {
        let (rule, camera) = (RuleId::new("r").unwrap(), CameraId::new("c").unwrap());
        let [plaza, quay] = ["plaza", "quay"].map(|id| Place::Zone(ZoneId::new(id).unwrap()));
        let gate = Place::Line(LineId::new("gate").unwrap());
        let (rule, camera) = (&rule, &camera);
        let status = |place, level, stale| {
            let measure = Measure::Occupancy;
            RuleStatus { rule, camera, place, measure, level, since: None, reading: None, stale }
        };
        let levels = zone_levels([
            status(&plaza, None, false),
            status(&quay, Some(Level::Blue), true),
            status(&plaza, Some(Level::Orange), true),
            status(&plaza, Some(Level::Yellow), false),
            status(&quay, Some(Level::Blue), false),
            status(&gate, Some(Level::Red), false),
        ]);
        let expected = [("plaza", Some(Level::Orange), true), ("quay", Some(Level::Blue), false)];
        assert_eq!(
            levels,
            expected.map(|(zone, level, stale)| ZoneLevel { zone: ZoneId::new(zone).unwrap(), level, stale })
        );
    }
}
