//! How far one camera's counts of people can be trusted, zone by zone: lower bounds, and the second opinion.

use super::fused_count::{FusedCount, ZonePeople};
use super::line_measures::FLOW_WINDOW_S;
use super::saturation::{CrowdMemory, CrowdSample, SaturationWatch, overlapping};
use crate::config::{CameraPlan, CountingPlan, LinePlan, ZonePlan};
use crate::geometry::{Polygon, Segment, people_in};
use crate::model::{
    CountEvidence, DensityMap, FrameSize, LineState, Mark, Measure, NormPoint, ObjectClass, PixelBox, PixelPoint,
    Reading, SaturationReason, Scope, Timestamp, Track, UnknownReason, ZoneState,
};

/// A density map stands for the moment until this many more should have come: one or two may get lost on the way.
const MAP_TURNS: f64 = 3.0;
/// From the top of a person's box to the middle of the head, as a share of the box's height.
const HEAD_MIDDLE: f64 = 0.07;
/// Whom a zone hides is hidden at a line, too, that runs through it or so near, in heights of the people there: a person in
/// the zone covers so much of the picture beside it.
const NEAR_HEIGHTS: f64 = 0.5;

/// What is kept of a zone that counts people.
#[derive(Debug, Clone)]
struct Zone {
    corners: Vec<NormPoint>,
    outline: Vec<PixelPoint>,
    polygon: Polygon,
    area_m2: Option<f64>,
    watch: SaturationWatch,
    reason: Option<SaturationReason>,
    /// People that the newest density map has here, and when that was.
    map: Option<(Timestamp, f64)>,
}

/// What is kept of a line that counts people.
#[derive(Debug, Clone)]
struct Line {
    ends: (NormPoint, NormPoint),
    /// Its distance in pixels from each zone that counts people, by the zone's place in the plan.
    zones_px: Vec<(usize, f64)>,
    /// When people were missed at it last since pictures have this size.
    missed: Option<Timestamp>,
    /// Whether they ever were.
    was_ever_missed: bool,
}

/// Judges the counts of a camera: of its zones and lines and of the whole picture.
#[derive(Debug, Clone)]
pub(super) struct CountQuality {
    counting: CountingPlan,
    zones: Vec<Option<Zone>>,
    lines: Vec<Option<Line>>,
    picture: CrowdMemory,
    picture_watch: SaturationWatch,
    /// Why the count of the whole picture is a lower bound by its own signs.
    picture_reason: Option<SaturationReason>,
    evidence: CountEvidence,
}

impl CountQuality {
    pub(super) fn new(plan: &CameraPlan) -> Self {
        let zone = |zone: &ZonePlan| {
            zone.classes.contains(ObjectClass::Person).then(|| Zone {
                corners: zone.polygon.clone(),
                outline: Vec::new(),
                polygon: Polygon::new(&[]),
                area_m2: zone.area_m2.filter(|&area_m2| area_m2 > 0.0),
                watch: SaturationWatch::default(),
                reason: None,
                map: None,
            })
        };
        let line = |line: &LinePlan| {
            line.classes.contains(ObjectClass::Person).then(|| Line {
                ends: (line.a, line.b),
                zones_px: Vec::new(),
                missed: None,
                was_ever_missed: false,
            })
        };
        Self {
            counting: plan.counting,
            zones: plan.zones.iter().map(zone).collect(),
            lines: plan.lines.iter().map(line).collect(),
            picture: CrowdMemory::default(),
            picture_watch: SaturationWatch::default(),
            picture_reason: None,
            evidence: CountEvidence::default(),
        }
    }

    /// Begins anew with pictures of this size.
    pub(super) fn fit(&mut self, size: FrameSize) {
        self.picture = CrowdMemory::default();
        (self.picture_watch, self.picture_reason) = (SaturationWatch::default(), None);
        for zone in self.zones.iter_mut().flatten() {
            zone.outline = zone.corners.iter().map(|corner| corner.to_px(size)).collect();
            zone.polygon = Polygon::new(&zone.outline);
            (zone.watch, zone.reason) = (SaturationWatch::default(), None);
        }
        for line in self.lines.iter_mut().flatten() {
            let segment = Segment { a: line.ends.0.to_px(size), b: line.ends.1.to_px(size) };
            let zones = self.zones.iter().enumerate().filter_map(|(index, zone)| Some((index, zone.as_ref()?)));
            line.zones_px = zones.map(|(index, zone)| (index, zone.polygon.distance_to(&segment))).collect();
            line.missed = None;
        }
    }

    /// Another place in time: a map of what was before says nothing of it. What hid people there goes on to, until the
    /// frames say otherwise.
    pub(super) fn forget_maps(&mut self) {
        self.zones.iter_mut().flatten().for_each(|zone| zone.map = None);
    }

    /// What is known of the frame that is stepped through next.
    pub(super) fn consider(&mut self, evidence: CountEvidence) {
        self.evidence = evidence;
    }

    /// Takes in the tracks of a frame. `voronoi_per_m2`: density of the zone of that place in the plan, where it is
    /// measured on the ground.
    pub(super) fn step(&mut self, at: Timestamp, tracks: &[Track], voronoi_per_m2: impl Fn(usize) -> Option<f64>) {
        let CountEvidence { at_limit, input_scale, density_map } = std::mem::take(&mut self.evidence);
        let is_person = |track: &&Track| track.class == ObjectClass::Person && track.state.is_counted();
        let boxes: Vec<PixelBox> = tracks.iter().filter(is_person).map(|track| track.bbox).collect();
        let overlaps = overlapping(&boxes);
        let missed_below_px = self.counting.missed_below_px;
        let is_small = |bbox: &PixelBox| input_scale.is_some_and(|scale| bbox.height() * scale < missed_below_px);
        let of = |is_here: &dyn Fn(PixelPoint) -> bool| {
            let mut sample = CrowdSample::default();
            for (bbox, &overlaps) in boxes.iter().zip(&overlaps).filter(|(bbox, _)| is_here(bbox.foot())) {
                sample.add(bbox, overlaps, is_small(bbox));
            }
            sample
        };
        let everybody = of(&|_| true);
        self.picture.step(at, everybody);
        self.picture_reason = self.picture_watch.step(at, everybody, &self.picture, None, at_limit);
        for (index, zone) in self.zones.iter_mut().enumerate() {
            let Some(zone) = zone else { continue };
            let sample = of(&|foot| zone.polygon.contains(foot));
            let classic = zone.area_m2.map(|area_m2| sample.people / area_m2);
            let density_per_m2 = match (classic, voronoi_per_m2(index)) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            };
            zone.reason = zone.watch.step(at, sample, &self.picture, density_per_m2, at_limit);
            if let Some(map) = &density_map {
                let height_px = zone.watch.memory().height_px().or_else(|| self.picture.height_px());
                zone.map = Some((at, zone.people_on(map, height_px.unwrap_or(0.0))));
            }
        }
        let misses_nearby = |&(index, distance_px): &(usize, f64)| {
            let Some(zone) = self.zones.get(index).and_then(Option::as_ref) else { return false };
            let height_px = zone.watch.memory().height_px().or_else(|| self.picture.height_px());
            zone.reason.is_some() && distance_px <= NEAR_HEIGHTS * height_px.unwrap_or(0.0)
        };
        for line in self.lines.iter_mut().flatten() {
            if self.picture_reason.is_some() || line.zones_px.iter().any(misses_nearby) {
                (line.missed, line.was_ever_missed) = (Some(at), true);
            }
        }
    }

    /// Whether the count of the whole picture is a lower bound: where it is one by its own signs, or a zone's is one, since
    /// whom a zone lacks the picture lacks too.
    pub(super) fn people_are_missed(&self) -> bool {
        self.picture_reason.is_some() || self.zones.iter().flatten().any(|zone| zone.reason.is_some())
    }

    /// The zone of that place in the plan with its readings as they can be trusted: its people's count and density by both
    /// opinions, and where people are missed, whatever grows with them as a bound. `now`: time of the newest frame, or why
    /// there is none.
    pub(super) fn judged(&self, index: usize, state: ZoneState, now: Result<Timestamp, UnknownReason>) -> ZoneState {
        let Some(zone) = self.zones.get(index).and_then(Option::as_ref) else { return state };
        let mut state = state;
        let Some(people) = state.classes.iter_mut().find(|figures| figures.class == ObjectClass::Person) else {
            return state;
        };
        state.saturation = now.ok().and(zone.reason);
        let fused = self.fused(zone, people.occupancy, now);
        if state.saturation.is_some() {
            let surge = state.readings.get(Measure::Surge);
            state.readings = state.readings.where_people_are_missed(Scope::Zone);
            // With a map it is the surge of the fused count, and as good as that: at least.
            if let (Some(Reading::Valid(per_min)), true) = (surge, fused.map_joins()) {
                state.readings.set(Measure::Surge, Reading::AtLeast(per_min));
            }
        }
        people.occupancy = fused.reading;
        state.readings.set(Measure::Occupancy, fused.reading);
        if let Some(area_m2) = zone.area_m2 {
            state.readings.set(Measure::Density, fused.reading.map(|people| people / area_m2));
        }
        if self.counting.density_map_every_s.is_some() {
            let disagreement = match (fused.disagreement, now) {
                (Some(disagreement), _) => Reading::Valid(disagreement),
                (None, Err(reason)) => Reading::Unknown(reason),
                (None, Ok(_)) => Reading::Unknown(UnknownReason::NotEnough),
            };
            state.readings.set(Measure::CountDisagreement, disagreement);
        }
        state
    }

    /// The zone's people by the boxes' count, as counted, and the newest map.
    fn fused(&self, zone: &Zone, boxes: Reading, now: Result<Timestamp, UnknownReason>) -> FusedCount {
        let misses = now.is_ok() && zone.reason.is_some();
        let boxes = if misses { Measure::Occupancy.where_people_are_missed(Scope::Zone, boxes) } else { boxes };
        let every_s = self.counting.density_map_every_s;
        let fresh = |&(taken, _): &(Timestamp, f64)| {
            let age_s = now.ok().map(|now| now.seconds_since(taken));
            age_s.zip(every_s).is_some_and(|(age_s, every_s)| age_s <= MAP_TURNS * every_s)
        };
        FusedCount::new(boxes, zone.map.filter(fresh).map(|(_, people)| people))
    }

    /// How many people are in the zone of that place in the plan, as of the newest frame; `boxes`: as they were counted.
    pub(super) fn people(&self, index: usize, boxes: Reading, now: Timestamp) -> Option<ZonePeople> {
        let fused = match self.zones.get(index).and_then(Option::as_ref) {
            Some(zone) => self.fused(zone, boxes, Ok(now)),
            None => FusedCount::new(boxes, None),
        };
        Some(ZonePeople { fused: fused.reading.value()?, boxes: boxes.value()?, map_joins: fused.map_joins() })
    }

    /// The line of that place in the plan with its readings as they can be trusted. People are missed at it while the whole
    /// picture's count is a lower bound by its own signs, or that of a zone is which it runs through or along; a flow is
    /// short of them for as long as they would count in it, and a total for good.
    pub(super) fn judged_line(
        &self,
        index: usize,
        state: LineState,
        now: Result<Timestamp, UnknownReason>,
    ) -> LineState {
        let Some(line) = self.lines.get(index).and_then(Option::as_ref) else { return state };
        let misses = now.ok().zip(line.missed).is_some_and(|(now, missed)| now.seconds_since(missed) <= FLOW_WINDOW_S);
        let readings = if misses { state.readings.where_people_are_missed(Scope::Line) } else { state.readings };
        LineState { readings, people_were_missed: line.was_ever_missed, ..state }
    }
}

impl Zone {
    /// People whose feet are in the zone, by a map that marks heads or feet. Heads are counted in the zone moved up by as
    /// much as a head lies above its feet there; with nobody seen to measure that by, in the zone itself.
    fn people_on(&self, map: &DensityMap, height_px: f64) -> f64 {
        match map.mark {
            Mark::Foot => people_in(map, &self.polygon),
            Mark::Head => {
                let up_px = height_px * (1.0 - HEAD_MIDDLE);
                let raised: Vec<PixelPoint> =
                    self.outline.iter().map(|corner| PixelPoint { y: corner.y - up_px, ..*corner }).collect();
                people_in(map, &Polygon::new(&raised))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::CameraFlow;
    use crate::flow::camera::tests::plan;
    use crate::model::{FrameMeta, LineId, TrackId, TrackState};

    const SIZE: FrameSize = FrameSize { width_px: 416, height_px: 416 };

    /// Pixels of the input are those of the picture; the zone is the triangle above the picture's diagonal.
    fn flow(every_s: Option<f64>) -> CameraFlow {
        let mut plan = plan(false);
        plan.counting.density_map_every_s = every_s;
        CameraFlow::new(&plan)
    }

    fn frame(seconds: f64, epoch: u64) -> FrameMeta {
        let at = Timestamp(0).plus_seconds(seconds);
        FrameMeta { camera: plan(false).id, seq: (seconds * 10.0) as u64, at, size: SIZE, epoch }
    }

    /// People side by side, each half before the next; in the zone.
    fn crowd(people: u64, height_px: f64) -> Vec<Track> {
        let person = |id: u64| {
            let left = 100.0 + 0.2 * height_px * id as f64;
            Track {
                id: TrackId(id),
                class: ObjectClass::Person,
                state: TrackState::Confirmed,
                bbox: PixelBox { left, top: 95.0 - height_px, right: left + 0.4 * height_px, bottom: 95.0 },
                score: 0.9,
                first_seen: Timestamp(0),
                last_seen: Timestamp(0),
            }
        };
        (0..people).map(person).collect()
    }

    /// Sixteen cells of a quarter of the picture's side; the people stand in the second column of the first row.
    fn map(people: f32, mark: Mark) -> CountEvidence {
        let bounds = PixelBox { left: 0.0, top: 0.0, right: 416.0, bottom: 416.0 };
        let mut cells = vec![0.0; 16];
        cells[2] = people;
        let density_map = Some(DensityMap { bounds, columns: 4, rows: 4, people: cells, mark });
        CountEvidence { density_map, ..CountEvidence::default() }
    }

    #[test]
    fn a_crowd_reads_at_least_and_its_density_too() {
        let mut flow = flow(None);
        flow.step(&frame(0.0, 0), &crowd(6, 60.0), &[]);
        let step = flow.step(&frame(2.0, 0), &crowd(6, 60.0), &[]);
        let state = &step.zones[0];
        assert_eq!(state.classes[0].occupancy, Reading::AtLeast(6.0));
        let of = |measure| state.readings.get(measure);
        assert_eq!(of(Measure::Occupancy), Some(Reading::AtLeast(6.0)));
        assert_eq!(of(Measure::Density), Some(Reading::AtLeast(0.6)));
        assert_eq!(of(Measure::Loitering), Some(Reading::AtLeast(0.0)));
        assert_eq!(of(Measure::LongestDwell), Some(Reading::AtLeast(2.0)));
        assert_eq!(step.readings.get(Measure::People), Some(Reading::AtLeast(6.0)));
        assert_eq!((state.saturation, of(Measure::CountDisagreement)), (Some(SaturationReason::Overlap), None));
        let blind = flow.blind();
        let unknown = Reading::Unknown(UnknownReason::NoFrames);
        assert_eq!((blind.zones[0].classes[0].occupancy, blind.zones[0].saturation), (unknown, None));
        assert_eq!(blind.readings.get(Measure::People), Some(unknown));
        // A reconnect doesn't make the crowd's count good, another picture size begins anew.
        let after = &flow.step(&frame(3.0, 1), &crowd(6, 60.0), &[]).zones[0];
        assert_eq!(after.classes[0].occupancy, Reading::AtLeast(6.0));
        let larger = FrameMeta { size: FrameSize { width_px: 832, height_px: 832 }, ..frame(4.0, 2) };
        let step = flow.step(&larger, &crowd(1, 60.0), &[]);
        assert_eq!(step.zones[0].classes[0].occupancy, Reading::Valid(1.0));
        assert_eq!(step.readings.get(Measure::People), Some(Reading::Valid(1.0)));
    }

    #[test]
    fn the_whole_picture_lacks_whom_it_or_a_zone_lacks() {
        let people = |zones: bool| {
            let mut plan = plan(false);
            let far = if zones { 0.0 } else { 0.9 };
            plan.zones[0].polygon.iter_mut().for_each(|corner| corner.x = far + 0.1 * corner.x);
            plan.zones[0].area_m2 = zones.then_some(0.5);
            let mut flow = CameraFlow::new(&plan);
            let tracks = if zones { vec![crowd(1, 60.0).remove(0)] } else { crowd(6, 60.0) };
            let tracks: Vec<Track> = tracks
                .into_iter()
                .map(|track| {
                    let left = track.bbox.left - if zones { 80.0 } else { 0.0 };
                    let bbox = PixelBox { left, right: left + track.bbox.width(), top: 0.0, bottom: 2.0 };
                    Track { bbox, ..track }
                })
                .collect();
            let step = flow.step(&frame(0.0, 0), &tracks, &[]);
            (step.zones[0].saturation, step.readings.get(Measure::People).unwrap())
        };
        assert_eq!(people(true), (Some(SaturationReason::Dense), Reading::AtLeast(1.0)));
        assert_eq!(people(false), (None, Reading::AtLeast(6.0)));
    }

    #[test]
    fn the_detectors_limit_and_people_too_small_for_it_make_lower_bounds() {
        let mut flow = flow(None);
        flow.consider(CountEvidence { at_limit: true, ..CountEvidence::default() });
        let state = &flow.step(&frame(0.0, 0), &[], &[]).zones[0];
        assert_eq!(state.classes[0].occupancy, Reading::AtLeast(0.0));
        assert_eq!(state.saturation, Some(SaturationReason::DetectorLimit));

        // Two people apart, 40 pixels high; 20 pixels where the input is half as large as the picture.
        let mut apart = crowd(1, 40.0);
        apart.extend(crowd(1, 40.0).into_iter().map(|track| Track {
            id: TrackId(9),
            bbox: PixelBox { left: 300.0, right: 316.0, ..track.bbox },
            ..track
        }));
        let seen = |input_scale: Option<f64>| {
            let mut flow = self::flow(None);
            let mut step = |seconds| {
                flow.consider(CountEvidence { input_scale, ..CountEvidence::default() });
                flow.step(&frame(seconds, 0), &apart, &[]).zones[0].saturation
            };
            step(0.0);
            step(20.0)
        };
        let small = Some(SaturationReason::SmallPeople);
        assert_eq!([None, Some(1.0), Some(0.5)].map(seen), [None, None, small]);
    }

    #[test]
    fn a_line_along_a_crowd_misses_people_in_its_flows_for_a_minute_and_in_its_totals_for_good() {
        let corner = |x: f64, y: f64| NormPoint { x: x / 416.0, y: y / 416.0 };
        let mut plan = plan(false);
        plan.zones[0].polygon =
            vec![corner(90.0, 60.0), corner(200.0, 60.0), corner(200.0, 110.0), corner(90.0, 110.0)];
        plan.zones[0].area_m2 = Some(2.0);
        let line = |y: f64| LinePlan { a: corner(90.0, y), b: corner(200.0, y), ..plan.lines[0].clone() };
        // Through the zone; along its border, within half of a person's height of 60 pixels; farther away.
        plan.lines = [80.0, 130.0, 150.0].map(line).to_vec();
        for (index, line) in plan.lines.iter_mut().enumerate() {
            line.id = LineId::new(&format!("gate{index}")).unwrap();
        }
        let mut flow = CameraFlow::new(&plan);
        // Four people side by side, 2 to a square metre: the zone is dense, and nobody in the picture overlaps.
        let mut lines = |second: u32| {
            let mut people = if second <= 20 { crowd(4, 60.0) } else { Vec::new() };
            for (place, track) in people.iter_mut().enumerate() {
                track.bbox.left += 13.0 * place as f64;
                track.bbox.right += 13.0 * place as f64;
            }
            let step = flow.step(&frame(f64::from(second), 0), &people, &[]);
            step.lines.into_iter().map(|line| (line.readings.get(Measure::FlowIn).unwrap(), line.people_were_missed))
        };
        let mut seen = Vec::new();
        for second in 0..=100 {
            seen.push(lines(second).collect::<Vec<_>>());
        }
        let (valid, at_least) = (Reading::Valid(0.0), Reading::AtLeast(0.0));
        assert_eq!(seen[20], [(at_least, true), (at_least, true), (valid, false)]);
        // The crowd is gone from second 21 on; its count is taken as it is again five seconds later.
        assert_eq!(seen[80], [(at_least, true), (at_least, true), (valid, false)]);
        assert_eq!(seen[100], [(valid, true), (valid, true), (valid, false)]);
    }

    #[test]
    fn in_a_crowded_picture_every_line_misses_people() {
        let mut flow = flow(None);
        let step = (0..=20).map(|second| flow.step(&frame(f64::from(second), 0), &crowd(6, 60.0), &[])).last().unwrap();
        let line = &step.lines[0];
        assert_eq!(line.readings.get(Measure::FlowOut), Some(Reading::AtLeast(0.0)));
        // Nobody crossed: of the share there is nothing to know in any case.
        assert_eq!(line.readings.get(Measure::CounterFlow), Some(Reading::Unknown(UnknownReason::NotEnough)));
        assert!(line.people_were_missed);
    }

    #[test]
    fn a_second_opinion_raises_a_lower_bound_while_it_is_fresh() {
        let mut flow = flow(Some(1.0));
        let mut step = |seconds: f64, people: u64, evidence: CountEvidence| {
            flow.consider(evidence);
            let state = flow.step(&frame(seconds, 0), &crowd(people, 60.0), &[]).zones.remove(0);
            let of = |measure| state.readings.get(measure).unwrap();
            assert_eq!(of(Measure::Occupancy), state.classes[0].occupancy);
            (of(Measure::Occupancy), of(Measure::Density), of(Measure::CountDisagreement))
        };
        let none = CountEvidence::default;
        let unknown = Reading::Unknown(UnknownReason::NotEnough);
        assert_eq!(step(0.0, 2, none()), (Reading::Valid(2.0), Reading::Valid(0.2), unknown));
        // Valid: the map is only compared with it.
        let (count, _, disagreement) = step(1.0, 2, map(8.0, Mark::Foot));
        assert_eq!((count, disagreement), (Reading::Valid(2.0), Reading::Valid(0.75)));
        step(4.0, 8, none());
        let (count, density, disagreement) = step(5.0, 8, map(16.0, Mark::Foot));
        assert_eq!((count, density), (Reading::AtLeast(16.0), Reading::AtLeast(1.6)));
        assert_eq!(disagreement, Reading::Valid(0.5));
        assert_eq!(step(8.0, 8, none()).0, Reading::AtLeast(16.0));
        assert_eq!(step(8.1, 8, none()), (Reading::AtLeast(8.0), Reading::AtLeast(0.8), unknown));
        // A reconnect makes a map worthless at once.
        step(9.0, 8, map(16.0, Mark::Foot));
        let after = &flow.step(&frame(9.5, 1), &crowd(8, 60.0), &[]).zones[0];
        assert_eq!(after.readings.get(Measure::CountDisagreement), Some(unknown));
        let blind = &flow.blind().zones[0];
        assert_eq!(blind.readings.get(Measure::CountDisagreement), Some(Reading::Unknown(UnknownReason::NoFrames)));
    }

    #[test]
    fn what_a_map_sees_grow_is_forecast_and_a_surge_while_the_boxes_stand_still() {
        let mut plan = plan(false);
        plan.counting.density_map_every_s = Some(1.0);
        plan.zones[0].thresholds_per_m2[3] = Some(4.0);
        let watch = |grows: bool| {
            let mut flow = CameraFlow::new(&plan);
            let mut state = None;
            for second in 0..60 {
                let people = 12.0 + if grows { 0.25 * second as f32 } else { 0.0 };
                flow.consider(map(people, Mark::Foot));
                state = flow.step(&frame(f64::from(second), 0), &crowd(8, 60.0), &[]).zones.pop();
            }
            let readings = state.unwrap().readings;
            [Measure::Surge, Measure::TimeToRed].map(|measure| readings.get(measure).unwrap())
        };
        let [surge, time_to_red] = watch(true);
        let Reading::AtLeast(per_min) = surge else { panic!("{surge:?}") };
        assert!((per_min - 15.0).abs() < 1.1, "{per_min}");
        // From 26.75 people to 40 on 10 m², a quarter a second.
        let Reading::AtMost(seconds) = time_to_red else { panic!("{time_to_red:?}") };
        assert!((seconds - 53.0).abs() < 4.0, "{seconds}");
        assert_eq!(watch(false), [Reading::AtLeast(0.0), Reading::Unknown(UnknownReason::PeopleMissed)]);
    }

    #[test]
    fn a_map_that_joins_in_or_drops_out_is_no_surge() {
        let mut plan = plan(false);
        plan.counting.density_map_every_s = Some(1.0);
        plan.zones[0].thresholds_per_m2[3] = Some(4.0);
        let mut flow = CameraFlow::new(&plan);
        for second in 0..120 {
            if (40..80).contains(&second) {
                flow.consider(map(30.0, Mark::Foot));
            }
            let readings = flow.step(&frame(f64::from(second), 0), &crowd(8, 60.0), &[]).zones.remove(0).readings;
            let surge = readings.value(Measure::Surge).unwrap_or(0.0);
            assert_eq!((surge, readings.value(Measure::TimeToRed)), (0.0, None), "{second}: {readings:?}");
        }
    }

    #[test]
    fn heads_are_looked_for_above_the_feet() {
        let plan = |top: f64, bottom: f64| {
            let mut plan = plan(false);
            plan.counting.density_map_every_s = Some(1.0);
            let corner = |x, y| NormPoint { x, y };
            plan.zones[0].polygon = vec![corner(0., top), corner(1., top), corner(1., bottom), corner(0., bottom)];
            plan
        };
        // Feet at 95 of 416, in the zone from 0.2 to 0.5; their heads are 60 pixels higher, in the first row of cells.
        let mut seen = |mark| {
            let mut flow = CameraFlow::new(&plan(0.2, 0.5));
            flow.step(&frame(0.0, 0), &crowd(4, 60.0), &[]);
            flow.consider(map(10.0, mark));
            let state = flow.step(&frame(1.0, 0), &crowd(4, 60.0), &[]).zones.remove(0);
            state.readings.get(Measure::CountDisagreement).unwrap().value().unwrap()
        };
        // A fifth of the first row of cells is in the zone itself, and 55.8 of its 104 pixels more when it is moved up.
        let [foot, head] = [Mark::Foot, Mark::Head].map(&mut seen);
        let share = |px: f64| 10.0 * px / 104.0;
        assert!((foot - (share(104.0 - 83.2) - 4.0) / 4.0).abs() < 1e-9, "{foot}");
        let raised = share(104.0 - (83.2 - 55.8));
        assert!((head - (raised - 4.0) / raised).abs() < 1e-9, "{head}");
    }
}
