//! A camera's or external source's zones and lines.

use prometheus::{CounterVec, GaugeVec, IntCounterVec};

use super::MetricsError;
use super::measures::{MeasureFamilies, MeasureMetrics};
use super::series::{Families, FollowedSeconds, FollowedTotal, KnownGauge};
use crate::config::{CameraPlan, ExternalSourcePlan};
use crate::model::{
    ClassSet, Direction, FrameReport, LineId, LineState, ObjectClass, Reading, Scope, ZoneClassState, ZoneId, ZoneState,
};

/// The families of [`FlowMetrics`].
pub(super) struct FlowFamilies {
    occupancy: GaugeVec,
    is_lower_bound: GaugeVec,
    entries: IntCounterVec,
    exits: IntCounterVec,
    stays: IntCounterVec,
    dwell: CounterVec,
    longest_dwell: GaugeVec,
    crossings: IntCounterVec,
    zone_measures: MeasureFamilies,
    line_measures: MeasureFamilies,
    camera_measures: MeasureFamilies,
}

impl FlowFamilies {
    pub fn new(families: &Families) -> Result<Self, MetricsError> {
        let zone_class = ["camera", "zone", "class"];
        Ok(Self {
            occupancy: families.gauges(
                "crowdflow_zone_occupancy",
                "How many are in the zone now. Absent while unknown.",
                &zone_class,
            )?,
            is_lower_bound: families.gauges(
                "crowdflow_zone_occupancy_is_lower_bound",
                "1 where the occupancy (and what follows from it) is a lower bound: the crowd is denser than the detector resolves.",
                &zone_class,
            )?,
            entries: families.counters(
                "crowdflow_zone_entries_total",
                "Entries over the zone's border. Who is first seen inside has not entered.",
                &zone_class,
            )?,
            exits: families.counters(
                "crowdflow_zone_exits_total",
                "Exits over the zone's border. Who vanishes inside has not left.",
                &zone_class,
            )?,
            stays: families.counters(
                "crowdflow_zone_stays_total",
                "Stays in the zone that ended, by an exit or by losing sight.",
                &zone_class,
            )?,
            dwell: families.seconds_counters(
                "crowdflow_zone_dwell_seconds_total",
                "Sum of the lengths of the stays that ended.",
                &zone_class,
            )?,
            longest_dwell: families.gauges(
                "crowdflow_zone_longest_dwell_seconds",
                "Longest stay of those who are in the zone now. Absent while nobody is, or unknown.",
                &zone_class,
            )?,
            crossings: families.counters(
                "crowdflow_line_crossings_total",
                "Crossings of the line; in is to the left of a to b as seen in the picture.",
                &["camera", "line", "class", "direction"],
            )?,
            zone_measures: MeasureFamilies::new(families, Scope::Zone)?,
            line_measures: MeasureFamilies::new(families, Scope::Line)?,
            camera_measures: MeasureFamilies::new(families, Scope::Camera)?,
        })
    }
}

/// The series of one camera's zones and lines.
#[derive(Debug)]
pub(super) struct FlowMetrics {
    zones: Vec<ZoneMetrics>,
    lines: Vec<LineMetrics>,
    measures: MeasureMetrics,
}

impl FlowMetrics {
    pub fn new(families: &FlowFamilies, plan: &CameraPlan) -> Self {
        let camera = plan.id.as_str();
        Self {
            zones: plan
                .zones
                .iter()
                .map(|zone| ZoneMetrics::new(families, camera, &zone.id, zone.classes, true))
                .collect(),
            lines: plan.lines.iter().map(|line| LineMetrics::new(families, camera, &line.id, line.classes)).collect(),
            measures: MeasureMetrics::new(&families.camera_measures, camera, ""),
        }
    }

    /// Of a source's zones nobody knows who came and went.
    pub fn of_source(families: &FlowFamilies, plan: &ExternalSourcePlan) -> Self {
        let (source, people) = (plan.id.as_str(), ClassSet::PERSON);
        Self {
            zones: plan.zones.iter().map(|zone| ZoneMetrics::new(families, source, &zone.id, people, false)).collect(),
            lines: plan.lines.iter().map(|line| LineMetrics::new(families, source, &line.id, people)).collect(),
            measures: MeasureMetrics::new(&families.camera_measures, source, ""),
        }
    }

    pub fn observe(&self, report: &FrameReport) {
        self.measures.observe(&report.readings);
        for state in &report.zones {
            if let Some(zone) = self.zones.iter().find(|zone| zone.id == state.zone) {
                zone.observe(state);
            }
        }
        for state in &report.lines {
            if let Some(line) = self.lines.iter().find(|line| line.id == state.line) {
                line.observe(state);
            }
        }
    }

    /// The next totals count from 0.
    pub fn restart(&self) {
        for moves in self.zones.iter().flat_map(|zone| &zone.classes).filter_map(|(_, class)| class.moves.as_ref()) {
            [&moves.entries, &moves.exits, &moves.stays].into_iter().for_each(FollowedTotal::restart);
            moves.dwell.restart();
        }
        for (_, inwards, outwards) in self.lines.iter().flat_map(|line| &line.classes) {
            inwards.restart();
            outwards.restart();
        }
    }
}

#[derive(Debug)]
struct ZoneMetrics {
    id: ZoneId,
    classes: Vec<(ObjectClass, ZoneClassMetrics)>,
    measures: MeasureMetrics,
}

impl ZoneMetrics {
    fn new(families: &FlowFamilies, camera: &str, id: &ZoneId, classes: ClassSet, has_moves: bool) -> Self {
        let class = |class: ObjectClass| {
            (class, ZoneClassMetrics::new(families, &[camera, id.as_str(), class.as_str()], has_moves))
        };
        Self {
            id: id.clone(),
            classes: classes.iter().map(class).collect(),
            measures: MeasureMetrics::new(&families.zone_measures, camera, id.as_str()),
        }
    }

    fn observe(&self, state: &ZoneState) {
        self.measures.observe(&state.readings);
        for figures in &state.classes {
            if let Some((_, class)) = self.classes.iter().find(|(class, _)| *class == figures.class) {
                class.observe(figures);
            }
        }
    }
}

#[derive(Debug)]
struct ZoneClassMetrics {
    occupancy: KnownGauge,
    is_lower_bound: KnownGauge,
    /// Where tracks are followed over the border.
    moves: Option<MoveMetrics>,
}

#[derive(Debug)]
struct MoveMetrics {
    entries: FollowedTotal,
    exits: FollowedTotal,
    stays: FollowedTotal,
    dwell: FollowedSeconds,
    longest_dwell: KnownGauge,
}

impl ZoneClassMetrics {
    fn new(families: &FlowFamilies, labels: &[&str], has_moves: bool) -> Self {
        Self {
            occupancy: KnownGauge::new(&families.occupancy, labels),
            is_lower_bound: KnownGauge::new(&families.is_lower_bound, labels),
            moves: has_moves.then(|| MoveMetrics::new(families, labels)),
        }
    }

    fn observe(&self, state: &ZoneClassState) {
        let value = state.occupancy.value();
        let bound = if matches!(state.occupancy, Reading::AtLeast(_)) { 1.0 } else { 0.0 };
        self.occupancy.set(value);
        self.is_lower_bound.set(value.map(|_| bound));
        if let Some(moves) = &self.moves {
            moves.observe(state);
        }
    }
}

impl MoveMetrics {
    fn new(families: &FlowFamilies, labels: &[&str]) -> Self {
        Self {
            entries: FollowedTotal::new(&families.entries, labels),
            exits: FollowedTotal::new(&families.exits, labels),
            stays: FollowedTotal::new(&families.stays, labels),
            dwell: FollowedSeconds::new(&families.dwell, labels),
            longest_dwell: KnownGauge::new(&families.longest_dwell, labels),
        }
    }

    fn observe(&self, state: &ZoneClassState) {
        // While blind, nothing is known of those who were inside.
        self.longest_dwell.set(state.occupancy.value().and(state.longest_dwell_s));
        self.entries.follow(state.entries_total);
        self.exits.follow(state.exits_total);
        self.stays.follow(state.stays_total);
        self.dwell.follow(state.dwell_seconds_total);
    }
}

#[derive(Debug)]
struct LineMetrics {
    id: LineId,
    /// Class, in, out.
    classes: Vec<(ObjectClass, FollowedTotal, FollowedTotal)>,
    measures: MeasureMetrics,
}

impl LineMetrics {
    fn new(families: &FlowFamilies, camera: &str, id: &LineId, classes: ClassSet) -> Self {
        let counter = |class: ObjectClass, direction: Direction| {
            let labels = [camera, id.as_str(), class.as_str(), direction.as_str()];
            FollowedTotal::new(&families.crossings, &labels)
        };
        let class = |class| (class, counter(class, Direction::In), counter(class, Direction::Out));
        Self {
            id: id.clone(),
            classes: classes.iter().map(class).collect(),
            measures: MeasureMetrics::new(&families.line_measures, camera, id.as_str()),
        }
    }

    fn observe(&self, state: &LineState) {
        self.measures.observe(&state.readings);
        for &(class, in_total, out_total) in &state.totals {
            if let Some((_, inwards, outwards)) = self.classes.iter().find(|(known, ..)| *known == class) {
                inwards.follow(in_total);
                outwards.follow(out_total);
            }
        }
    }
}
