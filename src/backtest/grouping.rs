//! Which rules have to be replayed together, and what they look at.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Plan, RulePlan, SitePlan};
use crate::model::{CameraId, Measure, Place};

/// Rules that look at the same places, and no others do: they may be replayed apart from all the rest.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// What they look at.
    pub(super) conditions: BTreeSet<(Place, Measure)>,
    /// Of each plan, the rules.
    pub(super) rules: Vec<Vec<RulePlan>>,
}

/// The rules of these plans that are on one camera each, in groups.
pub(super) fn groups(plans: &[&Plan]) -> Vec<Group> {
    let mut groups: Vec<Option<Group>> = Vec::new();
    let mut group_of: BTreeMap<&Place, usize> = BTreeMap::new();
    for (plan_index, plan) in plans.iter().enumerate() {
        for rule in plan.rules.iter().filter(|rule| rule.camera().is_some()) {
            let places: BTreeSet<&Place> = rule.conditions.iter().map(|condition| &condition.place).collect();
            let mut group = Group { rules: vec![Vec::new(); plans.len()], ..Group::default() };
            let met: BTreeSet<usize> = places.iter().filter_map(|place| group_of.get(place).copied()).collect();
            for met in met {
                let Some(other) = groups[met].take() else { continue };
                group.conditions.extend(other.conditions);
                group.rules.iter_mut().zip(other.rules).for_each(|(rules, others)| rules.extend(others));
                group_of.values_mut().filter(|group| **group == met).for_each(|group| *group = groups.len());
            }
            group_of.extend(places.into_iter().map(|place| (place, groups.len())));
            group
                .conditions
                .extend(rule.conditions.iter().map(|condition| (condition.place.clone(), condition.measure)));
            group.rules[plan_index].push(rule.clone());
            groups.push(Some(group));
        }
    }
    groups.into_iter().flatten().collect()
}

/// What has to be read for the rules of these plans that are not on one camera alone, camera by camera.
pub(super) fn read_for_sites(plans: &[&Plan]) -> BTreeMap<CameraId, BTreeSet<(Place, Measure)>> {
    let mut read: BTreeMap<CameraId, BTreeSet<(Place, Measure)>> = BTreeMap::new();
    for plan in plans {
        let rules = plan.rules.iter().filter(|rule| rule.camera().is_none());
        for condition in rules.flat_map(|rule| &rule.conditions) {
            for (place, measure) in read_for(plan, &condition.place, condition.measure) {
                if let Some(camera) = place.camera() {
                    read.entry(camera.clone()).or_default().insert((place, measure));
                }
            }
        }
    }
    read
}

/// What has to be read so that this measure of this place follows: of a camera's place itself, of a site that of its zones
/// and entrances which [`crate::flow::SiteFlow`] makes it from.
pub(super) fn read_for(plan: &Plan, place: &Place, measure: Measure) -> Vec<(Place, Measure)> {
    match place.site() {
        Some(site) => plan.response.site(site).map_or_else(Vec::new, |site| read_for_site(site, measure)),
        None => vec![(place.clone(), measure)],
    }
}

fn read_for_site(site: &SitePlan, measure: Measure) -> Vec<(Place, Measure)> {
    let of_zones = match measure {
        Measure::FlowIn | Measure::FlowOut => None,
        Measure::LocalDensity => Some(Measure::Density),
        Measure::LevelOfService => Some(Measure::LevelOfService),
        _ => Some(Measure::Occupancy),
    };
    let zones = site.zones.iter().filter_map(|zone| {
        // The worst zone is one of those that have it.
        let has_it = match of_zones? {
            Measure::Density => zone.area_m2.is_some(),
            Measure::LevelOfService => zone.is_calibrated,
            _ => true,
        };
        has_it.then(|| (Place::Zone(zone.camera.clone(), zone.zone.clone()), of_zones))
    });
    let mut read: Vec<(Place, Measure)> = zones.filter_map(|(place, measure)| Some((place, measure?))).collect();
    if matches!(measure, Measure::FlowIn | Measure::FlowOut | Measure::AdmissibleFlow) {
        for (camera, line, _) in &site.entrances {
            let place = Place::Line(camera.clone(), line.clone());
            read.extend([Measure::FlowIn, Measure::FlowOut].map(|flow| (place.clone(), flow)));
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;
    use crate::flow::SiteFlow;
    use crate::model::{FrameReport, LineState, Reading, Readings, Timestamp, ZoneState};

    const CAMERAS: &str = r#"
        [cameras.a]
        source.file = { path = "a", fps = 1 }
        zones.y = { polygon = [[0, 0], [1, 0], [1, 1]], area_m2 = 20 }
        zones.z = { polygon = [[0, 0], [1, 0], [1, 1]], area_m2 = 50 }
        lines.steps = { a = [0, 0], b = [1, 1] }
        [sites.bund]
        zones = ["a/y", "a/z"]
        capacity = 100
        entrances = { "a/steps" = "in" }
    "#;

    fn plan(rules: &str) -> Plan {
        let text = format!("{CAMERAS}{rules}");
        config::parse(&text, Path::new("/"), &|_| None).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn rules_that_share_a_place_are_replayed_together() {
        let candidate = plan(
            r#"[rules]
            y = { zone = "a/y", measure = "occupancy", levels.red = { raise = 9 } }
            z = { zone = "a/z", measure = "occupancy", levels.red = { raise = 9 } }
            line = { line = "a/steps", measure = "flow_in", levels.red = { raise = 9 } }
            site = { site = "bund", measure = "occupancy", levels.red = { raise = 9 } }"#,
        );
        let today = plan(
            r#"[rules.both]
            any = [
                { zone = "a/y", measure = "density", levels.red = { raise = 2 } },
                { zone = "a/z", measure = "occupancy", levels.red = { raise = 2 } },
            ]"#,
        );
        let ids = |group: &Group| -> Vec<Vec<String>> {
            group.rules.iter().map(|rules| rules.iter().map(|rule| rule.id.to_string()).collect()).collect()
        };
        let found = groups(&[&candidate, &today]);
        assert_eq!(found.iter().map(ids).collect::<Vec<_>>(), [[vec!["line"], vec![]], [vec!["y", "z"], vec!["both"]]]);
        assert_eq!(found[1].conditions.len(), 3);
        assert_eq!(groups(&[&candidate]).len(), 3, "one by one without it");
    }

    #[test]
    fn a_site_reads_the_same_from_what_is_read_for_a_measure_as_from_everything() {
        let plan = plan("");
        let site = &plan.response.sites[0];
        let everything = |keep: &dyn Fn(&Place, Measure) -> bool| {
            let readings = |place: Place, values: &[(Measure, f64)]| -> Readings {
                let kept = values.iter().filter(|(measure, _)| keep(&place, *measure));
                kept.map(|&(measure, value)| (measure, Reading::Valid(value))).collect()
            };
            let camera = site.zones[0].camera.clone();
            let zone = |index: usize, values: &[(Measure, f64)]| {
                let zone = site.zones[index].zone.clone();
                let readings = readings(Place::Zone(camera.clone(), zone.clone()), values);
                ZoneState { zone, classes: Vec::new(), readings, saturation: None }
            };
            let line = site.entrances[0].1.clone();
            let flows = [(Measure::FlowIn, 12.0), (Measure::FlowOut, 5.0)];
            let flows = readings(Place::Line(camera.clone(), line.clone()), &flows);
            let mut flow = SiteFlow::new(site);
            flow.take_in(&FrameReport {
                at: Timestamp(1),
                frame: None,
                tracks: Vec::new(),
                zones: vec![
                    zone(0, &[(Measure::Occupancy, 30.0), (Measure::Density, 1.5)]),
                    zone(1, &[(Measure::Occupancy, 40.0), (Measure::Density, 0.8)]),
                ],
                lines: vec![LineState { line, totals: Vec::new(), people_were_missed: false, readings: flows }],
                readings: Readings::NONE,
                crossings: Vec::new(),
                alerts: Vec::new(),
                camera: camera.clone(),
            });
            flow.readings()
        };
        let whole = everything(&|_, _| true);
        let mut measures = 0;
        for (measure, reading) in whole.iter() {
            let read = read_for_site(site, measure);
            let part = everything(&|place, measure| read.contains(&(place.clone(), measure)));
            assert_eq!(part.get(measure), Some(reading), "{measure:?} from {read:?}");
            measures += 1;
        }
        assert!(measures >= 7, "{whole:?}");
    }
}
