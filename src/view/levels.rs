//! Alert levels by zone.

use crate::model::{Level, RuleId, ZoneId};
use crate::rules::RuleStatus;

/// How a zone stands: the worst of the rules on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneLevel {
    /// The zone.
    pub zone: ZoneId,
    /// The level that is on; `None`: calm.
    pub level: Option<Level>,
    /// The rule that has this level, the first of several; `None`: calm.
    pub rule: Option<RuleId>,
    /// The level is what was known last; now nothing is known.
    pub stale: bool,
}

/// One entry for each zone that has rules, in the order in which they come: the worst level that is on. It is stale
/// where every rule that has this level is.
#[must_use]
pub fn zone_levels<'a>(rules: impl IntoIterator<Item = RuleStatus<'a>>) -> Vec<ZoneLevel> {
    let mut zones: Vec<ZoneLevel> = Vec::new();
    for RuleStatus { rule, place, level, stale, .. } in rules {
        let Some(zone) = place.zone() else { continue };
        let rule = level.map(|_| rule.clone());
        match zones.iter_mut().find(|known| &known.zone == zone) {
            None => zones.push(ZoneLevel { zone: zone.clone(), level, rule, stale }),
            Some(known) if level > known.level => *known = ZoneLevel { zone: zone.clone(), level, rule, stale },
            Some(known) if level == known.level => known.stale &= stale,
            Some(_) => {}
        }
    }
    zones
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CameraId, LineId, Measure, Place};

    #[test]
    fn a_zone_stands_as_its_worst_rule() {
        let [r, s] = ["r", "s"].map(|id| RuleId::new(id).unwrap());
        let camera = CameraId::new("c").unwrap();
        let [plaza, quay] = ["plaza", "quay"].map(|id| Place::Zone(camera.clone(), ZoneId::new(id).unwrap()));
        let gate = Place::Line(camera.clone(), LineId::new("gate").unwrap());
        let status = |rule, place, level, stale| {
            let measure = Measure::Occupancy;
            RuleStatus {
                rule,
                place,
                measure,
                level,
                since: None,
                reading: None,
                stale,
                rising: None,
                clearing_since: None,
            }
        };
        let levels = zone_levels([
            status(&r, &plaza, None, false),
            status(&r, &quay, Some(Level::Blue), true),
            status(&s, &plaza, Some(Level::Orange), true),
            status(&r, &plaza, Some(Level::Yellow), false),
            status(&s, &quay, Some(Level::Blue), false),
            status(&r, &gate, Some(Level::Red), false),
        ]);
        let expected = [("plaza", Level::Orange, s, true), ("quay", Level::Blue, r, false)];
        assert_eq!(
            levels,
            expected.map(|(zone, level, rule, stale)| {
                ZoneLevel { zone: ZoneId::new(zone).unwrap(), level: Some(level), rule: Some(rule), stale }
            })
        );
    }
}
