//! Sites, and rules that look at several cameras, on recorded samples: through the live site analysis.

use std::collections::BTreeMap;

use super::coverage::CoverageMeter;
use super::grouping::read_for_sites;
use super::replay::{PART_S, Replay, stale_after_s};
use super::timeline::Timeline;
use super::{Period, Samples};
use crate::analysis::SiteAnalysis;
use crate::config::{Plan, defaults};
use crate::model::{FrameReport, LineState, Measure, Place, Readings, SiteId, Timestamp, ZoneState};

/// All rules of the plans that are not on one camera alone.
#[derive(Debug)]
pub(super) struct SiteReplay {
    cameras: Vec<Camera>,
    lanes: Vec<Lane>,
    timeline: Timeline,
    meters: Vec<CoverageMeter>,
    analyses: Vec<Analysis>,
}

#[derive(Debug)]
struct Camera {
    /// What it reads now, of what is looked at.
    report: FrameReport,
    /// It says something at this moment.
    speaks: bool,
}

/// Where a series belongs.
#[derive(Debug)]
struct Lane {
    place: Place,
    measure: Measure,
    camera: usize,
    /// Index of the zone or line in the camera's report.
    index: usize,
}

/// The sites of one plan.
#[derive(Debug)]
struct Analysis {
    analysis: SiteAnalysis,
    /// What its rules look at of sites, and for how much of the time it is known.
    conditions: Vec<(SiteId, Measure, CoverageMeter)>,
    replay: Replay,
}

impl SiteReplay {
    /// `None` where no plan has such a rule.
    pub(super) fn new(plans: &[&Plan], from: Timestamp) -> Option<Self> {
        let read = read_for_sites(plans);
        let (mut cameras, mut lanes): (Vec<Camera>, Vec<Lane>) = (Vec::new(), Vec::new());
        let mut stale_after = Vec::new();
        for (camera, of_camera) in &read {
            let mut report = FrameReport {
                camera: camera.clone(),
                at: from,
                frame: None,
                tracks: Vec::new(),
                zones: Vec::new(),
                lines: Vec::new(),
                readings: Readings::NONE,
                crossings: Vec::new(),
                alerts: Vec::new(),
            };
            for (place, measure) in of_camera {
                let index = match place {
                    Place::Zone(_, zone) => {
                        if report.zones.last().is_none_or(|last| &last.zone != zone) {
                            let (zone, readings) = (zone.clone(), Readings::NONE);
                            report.zones.push(ZoneState { zone, classes: Vec::new(), readings, saturation: None });
                        }
                        report.zones.len() - 1
                    }
                    Place::Line(_, line) => {
                        if report.lines.last().is_none_or(|last| &last.line != line) {
                            let (line, readings) = (line.clone(), Readings::NONE);
                            let totals = Vec::new();
                            report.lines.push(LineState { line, totals, people_were_missed: false, readings });
                        }
                        report.lines.len() - 1
                    }
                    Place::Camera(_) | Place::Site(_) | Place::Destination(_) => 0,
                };
                lanes.push(Lane { place: place.clone(), measure: *measure, camera: cameras.len(), index });
                stale_after.push(stale_after_s(plans, Some(camera)));
            }
            cameras.push(Camera { report, speaks: false });
        }
        if lanes.is_empty() {
            return None;
        }
        let meters = stale_after.iter().map(|stale| CoverageMeter::new(*stale, from)).collect();
        let timeline = Timeline::new(stale_after.iter().copied(), from);
        let analyses = plans.iter().map(|plan| Analysis::new(plan, from)).collect();
        Some(Self { cameras, lanes, timeline, meters, analyses })
    }

    /// Replays everything.
    pub(super) fn replay<S: Samples>(mut self, samples: &S, period: Period) -> Result<Vec<Replay>, S::Error> {
        for part in period.parts(PART_S) {
            let mut series = Vec::with_capacity(self.lanes.len());
            for lane in &self.lanes {
                series.push(samples.series(&lane.place, lane.measure, part)?);
            }
            self.meters.iter_mut().zip(&series).for_each(|(meter, samples)| meter.take_in(samples));
            let (cameras, lanes, analyses) = (&mut self.cameras, &self.lanes, &mut self.analyses);
            self.timeline.advance(&series, part.to, |at, now| {
                for (lane, reading) in lanes.iter().zip(now) {
                    let (Some(reading), camera) = (*reading, &mut cameras[lane.camera]) else { continue };
                    camera.speaks = true;
                    let readings = match lane.place {
                        Place::Zone(..) => &mut camera.report.zones[lane.index].readings,
                        Place::Line(..) => &mut camera.report.lines[lane.index].readings,
                        Place::Camera(_) | Place::Site(_) | Place::Destination(_) => &mut camera.report.readings,
                    };
                    readings.set(lane.measure, reading);
                }
                for camera in cameras.iter_mut() {
                    if std::mem::take(&mut camera.speaks) {
                        camera.report.at = at;
                        analyses.iter_mut().for_each(|analysis| analysis.step(&camera.report));
                    }
                }
            });
        }
        let read = self.lanes.into_iter().zip(self.meters);
        let read: BTreeMap<_, _> =
            read.map(|(lane, meter)| ((lane.place, lane.measure), meter.finish(period.to))).collect();
        let of = |analysis: Analysis| {
            let mut replay = analysis.replay;
            replay.coverage = read.clone();
            for (site, measure, meter) in analysis.conditions {
                replay.coverage.insert((Place::Site(site), measure), meter.finish(period.to));
            }
            replay
        };
        Ok(self.analyses.into_iter().map(of).collect())
    }
}

impl Analysis {
    fn new(plan: &Plan, from: Timestamp) -> Self {
        let mut looked_at: Vec<(SiteId, Measure)> = plan
            .rules
            .iter()
            .flat_map(|rule| &rule.conditions)
            .filter_map(|condition| Some((condition.place.site()?.clone(), condition.measure)))
            .collect();
        looked_at.sort_unstable();
        looked_at.dedup();
        // A site has no time of its own after which it is stale: it says something whenever one of its cameras does.
        let meter = || CoverageMeter::new(defaults::STALE_AFTER_S, from);
        let conditions = looked_at.into_iter().map(|(site, measure)| (site, measure, meter())).collect();
        Self { analysis: SiteAnalysis::new(plan), conditions, replay: Replay::default() }
    }

    fn step(&mut self, report: &FrameReport) {
        self.replay.events.extend(self.analysis.step(report));
        if self.conditions.is_empty() {
            return;
        }
        for (site, readings) in self.analysis.readings() {
            for (_, measure, meter) in self.conditions.iter_mut().filter(|(known, ..)| known == site) {
                if let Some(reading) = readings.get(*measure) {
                    meter.sample(report.at, reading);
                }
            }
        }
    }
}
