//! Heat maps: how long people were where on the ground, and how fast they went there, by hour.

use super::heat_map_grid::HeatMapGrid;
use super::measures::GroundVelocity;
use crate::config::defaults;
use crate::model::{GroundPoint, Timestamp};

const US_PER_S: f64 = 1e6;
const HOUR_US: i64 = 3_600_000_000;
/// A longer time between two frames belongs to no cell: nobody saw where people were in it.
const GAP_US: i64 = (defaults::MAX_FRAME_INTERVAL_S * US_PER_S) as i64;

/// What a heat map shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeatMapQuantity {
    /// Person-seconds in each cell.
    Occupancy,
    /// Mean speed in each cell, in m/s.
    Speed,
}

impl HeatMapQuantity {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Occupancy, Self::Speed];

    /// Its name in file names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Occupancy => "occupancy",
            Self::Speed => "speed",
        }
    }
}

/// What is summed up in a cell. Times are whole microseconds, so that they add up exactly.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HeatMapCell {
    occupancy_us: u64,
    speed_known_us: u64,
    /// Speed times time, in m/s · µs.
    way_um: f64,
}

impl HeatMapCell {
    /// Seconds that people spent here, summed over people.
    #[must_use]
    pub fn occupancy_s(&self) -> f64 {
        self.occupancy_us as f64 / US_PER_S
    }

    /// The part of them for which the person's speed was known, in seconds.
    #[must_use]
    pub fn speed_known_s(&self) -> f64 {
        self.speed_known_us as f64 / US_PER_S
    }

    /// The way that people went here over the time that they took for it: the mean speed of Edie (1963), each moment
    /// of each person weighing the same. `None` where nobody's speed was known.
    #[must_use]
    pub fn mean_speed_mps(&self) -> Option<f64> {
        (self.speed_known_us > 0).then(|| self.way_um / self.speed_known_us as f64)
    }

    fn add(&mut self, interval_us: u64, velocity: Option<GroundVelocity>) {
        self.occupancy_us += interval_us;
        if let Some(velocity) = velocity {
            self.speed_known_us += interval_us;
            self.way_um += velocity.speed_mps() * interval_us as f64;
        }
    }
}

/// One hour's map, or what was seen of the hour.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    hour: Timestamp,
    grid: HeatMapGrid,
    observed_us: u64,
    cells: Vec<HeatMapCell>,
    off_grid: HeatMapCell,
}

impl HeatMap {
    fn new(hour: Timestamp, grid: HeatMapGrid) -> Self {
        let cells = vec![HeatMapCell::default(); grid.len()];
        Self { hour, grid, observed_us: 0, cells, off_grid: HeatMapCell::default() }
    }

    /// When the hour begins (UTC).
    #[must_use]
    pub fn hour(&self) -> Timestamp {
        self.hour
    }

    /// The hour as file names have it: `2026-11-24T03Z`.
    #[must_use]
    pub fn hour_name(&self) -> String {
        let text = self.hour.to_rfc3339();
        text.get(..13).map_or_else(|| text.clone(), |hour| format!("{hour}Z"))
    }

    /// Where its cells are.
    #[must_use]
    pub fn grid(&self) -> &HeatMapGrid {
        &self.grid
    }

    /// Seconds of the hour in which the camera was seen, whether or not there was anybody.
    #[must_use]
    pub fn observed_s(&self) -> f64 {
        self.observed_us as f64 / US_PER_S
    }

    /// The part of the hour in which the camera was seen, 0 to 1.
    #[must_use]
    pub fn observed_share(&self) -> f64 {
        self.observed_us as f64 / HOUR_US as f64
    }

    /// Cells in which somebody was, each with its centre: row by row from low y to high y, in a row from low x to
    /// high x.
    pub fn occupied(&self) -> impl Iterator<Item = (GroundPoint, &HeatMapCell)> {
        let cells = self.cells.iter().enumerate().filter(|(_, cell)| cell.occupancy_us > 0);
        cells.map(|(index, cell)| (self.grid.centre(index), cell))
    }

    /// All cells, in the order of the grid.
    #[must_use]
    pub fn cells(&self) -> &[HeatMapCell] {
        &self.cells
    }

    /// Everybody who was counted where there is no cell.
    #[must_use]
    pub fn off_grid(&self) -> &HeatMapCell {
        &self.off_grid
    }

    fn add(&mut self, interval_us: i64, people: &[(GroundPoint, Option<GroundVelocity>)]) {
        let interval_us = interval_us.unsigned_abs();
        self.observed_us += interval_us;
        for &(point, velocity) in people {
            let cell = self.grid.cell_at(point).and_then(|index| self.cells.get_mut(index));
            cell.unwrap_or(&mut self.off_grid).add(interval_us, velocity);
        }
    }
}

/// Makes one camera's heat maps.
///
/// The time between two frames is given to the people of the second, in the cells where they are in it: the speed that
/// is known then is that of the way there. Time after a gap of more than 5 s, before the first frame and across the
/// begin of another stretch belongs to nobody, and does not count as observed. Where an hour ends between two frames,
/// each hour gets its part.
#[derive(Debug, Clone)]
pub struct HeatMapRecorder {
    grid: HeatMapGrid,
    last: Option<Timestamp>,
    current: Option<HeatMap>,
    ended: Option<HeatMap>,
}

impl HeatMapRecorder {
    /// A recorder that has seen nothing.
    #[must_use]
    pub fn new(grid: HeatMapGrid) -> Self {
        Self { grid, last: None, current: None, ended: None }
    }

    /// Takes in everybody who is counted in a frame, with their velocities where known.
    pub fn step(&mut self, at: Timestamp, people: &[(GroundPoint, Option<GroundVelocity>)]) {
        let before = self.last.replace(at);
        let hour = hour_of(at);
        if let Some(before) = before {
            let interval_us = at.0.saturating_sub(before.0);
            if (1..=GAP_US).contains(&interval_us) {
                let this_hours_us = interval_us.min(at.0.saturating_sub(hour.0));
                if this_hours_us < interval_us {
                    self.map(hour_of(before)).add(interval_us - this_hours_us, people);
                }
                self.map(hour).add(this_hours_us, people);
                return;
            }
        }
        self.map(hour);
    }

    /// The next frame belongs to another stretch: the time before it is nobody's.
    pub fn interrupt(&mut self) {
        self.last = None;
    }

    /// The map of an hour that is over, once. Asked for after each step, it gives every hour of which something was
    /// seen; where no frames come, it gives the last one when the hour has been over for 5 s.
    pub fn take_ended(&mut self, now: Timestamp) -> Option<HeatMap> {
        if let Some(ended) = self.ended.take() {
            return Some(ended);
        }
        let is_over = |map: &mut HeatMap| now.0.saturating_sub(map.hour.0) > HOUR_US + GAP_US;
        self.current.take_if(is_over).filter(is_seen)
    }

    /// What there is of the hour that goes on.
    pub fn take_current(&mut self) -> Option<HeatMap> {
        self.current.take().filter(is_seen)
    }

    /// The map of this hour; that of another one has ended by it.
    fn map(&mut self, hour: Timestamp) -> &mut HeatMap {
        if let Some(over) = self.current.take_if(|map| map.hour != hour).filter(is_seen) {
            self.ended = Some(over);
        }
        self.current.get_or_insert_with(|| HeatMap::new(hour, self.grid))
    }
}

fn is_seen(map: &HeatMap) -> bool {
    map.observed_us > 0
}

/// When this time's hour began.
fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(HOUR_US).saturating_mul(HOUR_US))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grid() -> HeatMapGrid {
        let at = |x_m, y_m| GroundPoint { x_m, y_m };
        HeatMapGrid::over(at(-2.0, 0.0), at(3.9, 4.9), 0.5)
    }

    fn recorder() -> HeatMapRecorder {
        HeatMapRecorder::new(grid())
    }

    fn person(x_m: f64, y_m: f64, speed_mps: Option<f64>) -> (GroundPoint, Option<GroundVelocity>) {
        (GroundPoint { x_m, y_m }, speed_mps.map(|speed_mps| GroundVelocity { x_mps: 0.0, y_mps: -speed_mps }))
    }

    /// x, y, occupancy, seconds with known speed and mean speed of each cell in which somebody was.
    fn cells(map: &HeatMap) -> Vec<(f64, f64, f64, f64, Option<f64>)> {
        let row = |(centre, cell): (GroundPoint, &HeatMapCell)| {
            (centre.x_m, centre.y_m, cell.occupancy_s(), cell.speed_known_s(), cell.mean_speed_mps())
        };
        map.occupied().map(row).collect()
    }

    const S: i64 = 1_000_000;

    #[test]
    fn time_goes_to_where_people_are_and_speed_is_their_mean_over_time() {
        let mut recorder = recorder();
        recorder.step(Timestamp(0), &[person(0.1, 0.1, Some(9.0))]);
        recorder.step(Timestamp(S), &[person(0.1, 0.1, Some(0.5)), person(-1.75, 4.75, None)]);
        recorder.step(Timestamp(4 * S), &[person(0.4, 0.2, Some(1.5)), person(50.0, 0.0, Some(1.0))]);
        assert_eq!(recorder.take_ended(Timestamp(4 * S)), None);
        let map = recorder.take_current().unwrap();
        assert_eq!((map.observed_s(), map.hour_name().as_str()), (4.0, "1970-01-01T00Z"));
        let expected = [(0.25, 0.25, 4.0, 4.0, Some((0.5 + 3.0 * 1.5) / 4.0)), (-1.75, 4.75, 1.0, 0.0, None)];
        assert_eq!(cells(&map), expected);
        assert_eq!((map.off_grid().occupancy_s(), map.off_grid().mean_speed_mps()), (3.0, Some(1.0)));
        assert_eq!(recorder.take_current(), None);
    }

    #[test]
    fn gaps_and_interruptions_are_nobodys_and_not_observed() {
        let here = [person(0.0, 0.0, None)];
        let mut recorder = recorder();
        for at_us in [0, 5 * S, 10 * S + 1, 10 * S, 11 * S] {
            recorder.step(Timestamp(at_us), &here);
        }
        recorder.interrupt();
        recorder.step(Timestamp(12 * S), &here);
        recorder.step(Timestamp(13 * S), &[]);
        let map = recorder.take_current().unwrap();
        assert_eq!((map.observed_s(), cells(&map)[0].2), (7.0, 6.0));
    }

    #[test]
    fn an_hours_end_between_two_frames_splits_the_time() {
        let mut recorder = recorder();
        let hour = 3600 * S;
        recorder.step(Timestamp(hour - 2 * S), &[]);
        recorder.step(Timestamp(hour + S), &[person(0.0, 0.0, Some(1.0))]);
        let first = recorder.take_ended(Timestamp(hour + S)).unwrap();
        assert_eq!((first.hour(), first.observed_s(), cells(&first)[0].2), (Timestamp(0), 2.0, 2.0));
        recorder.step(Timestamp(hour + 2 * S), &[person(0.0, 0.0, Some(1.0))]);
        assert_eq!(recorder.take_ended(Timestamp(hour + 2 * S)), None);
        // The camera dies; the hour ends without it.
        assert_eq!(recorder.take_ended(Timestamp(2 * hour + 5 * S)), None);
        let second = recorder.take_ended(Timestamp(2 * hour + 5 * S + 1)).unwrap();
        assert_eq!((second.hour(), second.observed_s(), cells(&second)[0].2), (Timestamp(hour), 2.0, 2.0));
        assert_eq!(recorder.take_ended(Timestamp(3 * hour)), None);
        // It comes back two hours later: nothing was seen in between.
        recorder.step(Timestamp(4 * hour - S), &[]);
        recorder.step(Timestamp(4 * hour), &[]);
        recorder.step(Timestamp(4 * hour + S), &[]);
        let third = recorder.take_ended(Timestamp(4 * hour + S)).unwrap();
        assert_eq!((third.hour(), third.observed_s(), cells(&third)), (Timestamp(3 * hour), 1.0, Vec::new()));
        assert_eq!(recorder.take_current().map(|map| map.observed_s()), Some(1.0));
    }

    #[test]
    fn hours_before_1970_have_names_too() {
        let mut recorder = recorder();
        recorder.step(Timestamp(-2 * S), &[]);
        recorder.step(Timestamp(-S), &[]);
        assert_eq!(recorder.take_current().unwrap().hour_name(), "1969-12-31T23Z");
    }

    proptest! {
        #[test]
        fn person_seconds_and_observed_seconds_add_up_over_the_hours(
            start_us in -HOUR_US..HOUR_US,
            frames in prop::collection::vec(
                (
                    prop_oneof![1i64..200_000, 4_900_000i64..5_100_000, 1i64..4_000_000_000],
                    prop::collection::vec((-4.0..6.0f64, -1.0..6.0f64, prop::option::of(0.0..3.0f64)), 0..6),
                    prop::bool::weighted(0.1),
                ),
                1..60,
            ),
        ) {
            let mut recorder = recorder();
            let mut at = Timestamp(start_us);
            let (mut observed_us, mut person_us, mut known_us, mut way) = (0, 0, 0, 0.0);
            let mut maps = Vec::new();
            recorder.step(at, &[]);
            for (interval_us, people, interrupted) in frames {
                at = Timestamp(at.0 + interval_us);
                let people: Vec<_> = people.iter().map(|&(x_m, y_m, speed)| person(x_m, y_m, speed)).collect();
                if interrupted {
                    recorder.interrupt();
                } else if interval_us <= 5_000_000 {
                    observed_us += interval_us;
                    person_us += interval_us * people.len() as i64;
                    for velocity in people.iter().filter_map(|person| person.1) {
                        known_us += interval_us;
                        way += velocity.speed_mps() * interval_us as f64;
                    }
                }
                recorder.step(at, &people);
                maps.extend(recorder.take_ended(at));
            }
            maps.extend(recorder.take_current());
            prop_assert!(maps.windows(2).all(|pair| pair[0].hour < pair[1].hour));
            prop_assert!(maps.iter().all(|map| map.observed_us <= HOUR_US as u64 && map.observed_us > 0));
            let cells = || maps.iter().flat_map(|map| map.cells.iter().chain([&map.off_grid]));
            let sum = |part: fn(&HeatMapCell) -> u64| cells().map(part).sum::<u64>() as i64;
            prop_assert_eq!(maps.iter().map(|map| map.observed_us as i64).sum::<i64>(), observed_us);
            prop_assert_eq!(sum(|cell| cell.occupancy_us), person_us);
            prop_assert_eq!(sum(|cell| cell.speed_known_us), known_us);
            let summed: f64 = cells().map(|cell| cell.way_um).sum();
            prop_assert!((summed - way).abs() <= 1e-9 * way.max(1.0));
            for map in &maps {
                for (centre, _) in map.occupied() {
                    prop_assert!(map.grid.cell_at(centre).is_some());
                }
            }
        }
    }
}
