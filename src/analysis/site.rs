//! Sites and the rules that look at more than one camera.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Plan, SitePlan};
use crate::flow::SiteFlow;
use crate::model::{AlertEvent, CameraId, FrameReport, Place, Readings, SiteId, Timestamp};
use crate::rules::{RuleEngine, RuleStatus};

/// What lies above the cameras: their reports come in, in any order, and what sites read and the rules on them say comes
/// out. A camera that is blind is told of too, so nothing here has to know when a reading is too old.
#[derive(Debug)]
pub struct SiteAnalysis {
    sites: Vec<Site>,
    /// What the places read last that rules of several cameras look at, sites among them.
    newest: BTreeMap<Place, Readings>,
    /// Those of them that are a camera's.
    of_cameras: BTreeSet<Place>,
    rules: RuleEngine,
    now: Option<Timestamp>,
}

/// A site, and what it reads since the newest report of one of its cameras.
#[derive(Debug)]
struct Site {
    id: SiteId,
    flow: SiteFlow,
    readings: Readings,
    /// Its cameras that have said nothing yet, not even that they are blind.
    unheard: BTreeSet<CameraId>,
}

impl SiteAnalysis {
    /// Every site of the plan, and of its rules those that are not on one camera alone.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let rules = RuleEngine::of_sites(plan);
        let site = |plan: &SitePlan| {
            let flow = SiteFlow::new(plan);
            let cameras = plan.zones.iter().map(|zone| &zone.camera).chain(plan.entrances.iter().map(|(id, ..)| id));
            Site { id: plan.id.clone(), readings: flow.readings(), flow, unheard: cameras.cloned().collect() }
        };
        Self {
            sites: plan.response.sites.iter().map(site).collect(),
            newest: BTreeMap::new(),
            of_cameras: rules.places().filter(|place| place.camera().is_some()).cloned().collect(),
            rules,
            now: None,
        }
    }

    /// Takes in what a camera says, and gives what changed. A report that is not newer than one of another camera counts as
    /// of just after that one, since time only goes forward: cameras differ by less than their frames' interval.
    ///
    /// Rules look at a site from when each of its cameras has been heard, if only that it is blind. After a restart the
    /// first of them would otherwise make the site a lower bound, which breaks the holds of an alert that was about to end.
    pub fn step(&mut self, report: &FrameReport) -> Vec<AlertEvent> {
        // Later than the one before, if only just: rules pass over what isn't.
        let now = self.now.map_or(report.at, |now| report.at.max(Timestamp(now.0.saturating_add(1))));
        self.now = Some(now);
        for site in self.sites.iter_mut().filter(|site| site.flow.is_seen_by(&report.camera)) {
            site.flow.take_in(report);
            site.readings = site.flow.readings();
            site.unheard.remove(&report.camera);
            if site.unheard.is_empty() {
                self.newest.insert(Place::Site(site.id.clone()), site.readings.clone());
            }
        }
        for place in self.of_cameras.iter().filter(|place| place.camera() == Some(&report.camera)) {
            if let Some(readings) = report.of(place) {
                self.newest.insert(place.clone(), readings.clone());
            }
        }
        let newest = &self.newest;
        self.rules.step_places(now, |place, _| newest.get(place))
    }

    /// What each site reads.
    pub fn readings(&self) -> impl Iterator<Item = (&SiteId, Readings)> {
        self.sites.iter().map(|site| (&site.id, site.readings.clone()))
    }

    /// Each rule and where it stands.
    pub fn rule_states(&self) -> impl Iterator<Item = RuleStatus<'_>> {
        self.rules.states()
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &RuleEngine {
        &self.rules
    }

    /// Its rules, to be restored, or for a profile to be switched.
    pub fn rules_mut(&mut self) -> &mut RuleEngine {
        &mut self.rules
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;
    use crate::model::{AlertKind, Level, Measure, Reading, UnknownReason, ZoneId, ZoneState};

    const CONFIG: &str = r#"
        cameras.a = { source.file = { path = "a", fps = 1 }, zones.z = { polygon = [[0, 0], [1, 0], [1, 1]] } }
        cameras.b = { source.file = { path = "b", fps = 1 }, zones.z = { polygon = [[0, 0], [1, 0], [1, 1]] } }
        sites.bund = { zones = ["a/z", "b/z"], capacity = 100 }
        [rules.full]
        site = "bund"
        measure = "share_of_capacity"
        levels.orange = { raise = 1.0, hold_s = 0, clear_hold_s = 0 }
        [rules.both]
        all = [
            { zone = "a/z", measure = "occupancy", levels.red = { raise = 40, hold_s = 0, clear_hold_s = 0 } },
            { zone = "b/z", measure = "occupancy", levels.red = { raise = 40, hold_s = 0, clear_hold_s = 0 } },
        ]
        [rules.of_one_camera]
        zone = "a/z"
        measure = "occupancy"
        levels.red = { raise = 1 }
    "#;

    fn analysis() -> SiteAnalysis {
        SiteAnalysis::new(
            &config::parse(CONFIG, Path::new("/site"), &|_| None).unwrap_or_else(|error| panic!("{error}")),
        )
    }

    fn report(second: i64, camera: &str, occupancy: Reading) -> FrameReport {
        FrameReport {
            camera: CameraId::new(camera).unwrap(),
            at: Timestamp(second * 1_000_000),
            frame: None,
            tracks: Vec::new(),
            zones: vec![ZoneState {
                zone: ZoneId::new("z").unwrap(),
                classes: Vec::new(),
                readings: Readings::NONE.with(Measure::Occupancy, occupancy),
                saturation: None,
            }],
            lines: Vec::new(),
            readings: Readings::NONE,
            crossings: Vec::new(),
            alerts: Vec::new(),
        }
    }

    type Told = (String, AlertKind, Option<Level>, Reading);

    fn told(analysis: &mut SiteAnalysis, second: i64, camera: &str, occupancy: Reading) -> Vec<Told> {
        let events = analysis.step(&report(second, camera, occupancy));
        events.into_iter().map(|event| (event.rule.to_string(), event.kind, event.to, event.reading)).collect()
    }

    #[test]
    fn two_cameras_make_one_site_and_a_rule_may_want_both() {
        let mut analysis = analysis();
        assert_eq!(told(&mut analysis, 1, "a", Reading::Valid(60.0)), [], "of the other half nothing has been heard");
        let at_both = told(&mut analysis, 2, "b", Reading::Valid(45.0));
        let raised = |rule: &str, level, reading| (rule.to_owned(), AlertKind::Raised, Some(level), reading);
        assert_eq!(
            at_both,
            [raised("both", Level::Red, Reading::Valid(60.0)), raised("full", Level::Orange, Reading::Valid(1.05)),]
        );
        assert_eq!(analysis.readings().next().unwrap().1.value(Measure::Occupancy), Some(105.0));
        // One of the two empties: not both any more. The site is not full any more either.
        let emptied = told(&mut analysis, 3, "b", Reading::Valid(10.0));
        let cleared = |rule: &str, reading| (rule.to_owned(), AlertKind::Cleared, None, reading);
        assert_eq!(emptied, [cleared("both", Reading::Valid(10.0)), cleared("full", Reading::Valid(0.7))]);
    }

    #[test]
    fn what_is_seen_raises_a_site_and_a_blind_camera_does_not_clear_it() {
        let blind = Reading::Unknown(UnknownReason::NoFrames);
        let mut analysis = analysis();
        told(&mut analysis, 1, "b", blind);
        let alone = told(&mut analysis, 2, "a", Reading::Valid(100.0));
        assert_eq!(alone, [("full".to_owned(), AlertKind::Raised, Some(Level::Orange), Reading::AtLeast(1.0))]);
        assert_eq!(told(&mut analysis, 3, "a", Reading::Valid(10.0)), [], "a lower bound clears nothing");
        assert_eq!(
            told(&mut analysis, 4, "b", Reading::Valid(10.0)),
            [("full".to_owned(), AlertKind::Cleared, None, Reading::Valid(0.2))]
        );
    }

    #[test]
    fn a_report_that_is_late_or_of_the_same_time_is_told_of_at_once_and_time_goes_forward() {
        let mut analysis = analysis();
        told(&mut analysis, 3, "b", Reading::Valid(10.0));
        told(&mut analysis, 5, "a", Reading::Valid(60.0));
        let late = analysis.step(&report(4, "b", Reading::Valid(45.0)));
        assert_eq!(late.len(), 2, "{late:?}");
        assert!(late.iter().all(|event| event.at == Timestamp(5_000_001)), "{late:?}");
        assert_eq!(told(&mut analysis, 5, "b", Reading::Valid(10.0)).len(), 2, "of the same time as a's");
        assert_eq!(told(&mut analysis, 6, "a", Reading::Valid(60.0)), []);
    }
}
