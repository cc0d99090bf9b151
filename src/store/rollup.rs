//! Minutes and hours of samples: figures for planners, and whole series for back-tests.
//!
//! - A **roll-up** sums a measure up over a minute or an hour: least, mean, greatest and last value, and the seconds in
//!   which it was known, known only as a bound, and not known. A second of which there is no sample counts as not known,
//!   so that known and unknown seconds make up the period. The mean is over the known seconds, bounds taken as values:
//!   with `seconds_bound` above 0 it is itself a bound.
//! - An **hour's series** holds a measure's readings at every sample of the hour, exactly.
//!
//! Minutes are kept of the measures in [`MINUTE_MEASURES`], hours of all. Late samples make their minutes and hours due
//! again.

use super::place::PlaceId;
use super::sql::{Row, Writing, unreadable, values};
use super::{Store, StoreError, encoding};
use crate::model::{Measure, Reading, Readings, Timestamp};

/// The measures of which minutes are kept; a minute of everything would be most of the store.
pub const MINUTE_MEASURES: [Measure; 8] = [
    Measure::Occupancy,
    Measure::Density,
    Measure::LocalDensity,
    Measure::Speed,
    Measure::FlowIn,
    Measure::FlowOut,
    Measure::CapacityRatio,
    Measure::People,
];

/// Minutes before this second are rolled up.
const MINUTES: &str = "minutes";
/// Hours before this second are rolled up.
const HOURS: &str = "hours";
/// The hour before this second is being rolled up, place by place; taken back where a late sample comes in between.
const HOURS_BEGUN: &str = "hours_begun";
/// Rows of samples before this second were cleared away by retention.
pub(super) const CLEARED: &str = "cleared";

/// How long a roll-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

impl Period {
    /// Its length.
    #[must_use]
    pub fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
        }
    }

    /// The beginning of the period that a second is in.
    fn start(self, second: i64) -> i64 {
        second - second.rem_euclid(self.seconds())
    }
}

/// A measure over a minute or an hour.
#[derive(Debug, Clone, PartialEq)]
pub struct RollupRow {
    /// When it begins.
    pub start: Timestamp,
    /// The values' summary; `None` where no second is known.
    pub values: Option<RollupValues>,
    /// Seconds in which it was known, bounds among them.
    pub seconds_known: u32,
    /// Those of the known seconds in which it was a bound.
    pub seconds_bound: u32,
    /// All other seconds of the period.
    pub seconds_unknown: u32,
}

/// What the known seconds read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RollupValues {
    /// Least value.
    pub min: f64,
    /// Mean over the known seconds.
    pub mean: f64,
    /// Greatest value.
    pub max: f64,
    /// The last known value.
    pub last: f64,
}

impl RollupRow {
    /// Which part of the period was known, 0 to 1.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        f64::from(self.seconds_known) / f64::from(self.seconds_known + self.seconds_unknown).max(1.0)
    }
}

/// What a call of [`Store::roll_up`] has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RolledUp {
    /// Minutes.
    pub minutes: u64,
    /// Hours.
    pub hours: u64,
}

#[derive(Default)]
struct Sum {
    known: u32,
    bound: u32,
    sum: f64,
    values: Option<RollupValues>,
}

impl Sum {
    fn of(readings: impl Iterator<Item = Reading>) -> Self {
        let mut sum = Self::default();
        for reading in readings {
            let Some(value) = reading.value() else { continue };
            sum.known += 1;
            sum.bound += u32::from(!matches!(reading, Reading::Valid(_)));
            sum.sum += value;
            let before = sum.values.unwrap_or(RollupValues { min: value, mean: value, max: value, last: value });
            let (min, max) = (before.min.min(value), before.max.max(value));
            // Rounding must not carry the mean of equal values beyond them.
            let mean = (sum.sum / f64::from(sum.known)).clamp(min, max);
            sum.values = Some(RollupValues { min, mean, max, last: value });
        }
        sum
    }

    async fn write(
        &self,
        writing: &mut Writing,
        (period, start): (Period, i64),
        (place, measure): (i64, u32),
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO rollup (period_s, period_start, place, measure, min, mean, max, last, seconds_known, \
                   seconds_bound, seconds_unknown) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
                   ON CONFLICT (place, measure, period_s, period_start) DO UPDATE SET min = excluded.min, \
                   mean = excluded.mean, max = excluded.max, last = excluded.last, \
                   seconds_known = excluded.seconds_known, seconds_bound = excluded.seconds_bound, \
                   seconds_unknown = excluded.seconds_unknown";
        let known = i64::from(self.known);
        let values = values![
            period.seconds(),
            start,
            place,
            i64::from(measure),
            self.values.map(|values| values.min),
            self.values.map(|values| values.mean),
            self.values.map(|values| values.max),
            self.values.map(|values| values.last),
            known,
            i64::from(self.bound),
            period.seconds() - known,
        ];
        writing.execute(sql, values).await.map(drop)
    }
}

/// How far some work has come.
pub(super) async fn progress(writing: &mut Writing, name: &str) -> Result<Option<i64>, StoreError> {
    writing.read_first("SELECT second FROM progress WHERE name = $1", values![name], |row| row.get(0)).await
}

pub(super) async fn set_progress(writing: &mut Writing, name: &str, second: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO progress (name, second) VALUES ($1, $2) \
               ON CONFLICT (name) DO UPDATE SET second = excluded.second";
    writing.execute(sql, values![name, second]).await.map(drop)
}

/// The second before which every sample is in a minute's and an hour's roll-up.
pub(super) async fn rolled_up(writing: &mut Writing) -> Result<i64, StoreError> {
    let minutes = progress(writing, MINUTES).await?.unwrap_or(i64::MIN);
    Ok(progress(writing, HOURS).await?.unwrap_or(i64::MIN).min(minutes))
}

/// A sample of this second comes in: what had been rolled up from there on is due again.
pub(super) async fn reopen(writing: &mut Writing, second: i64) -> Result<(), StoreError> {
    for (name, period) in [(MINUTES, Period::Minute), (HOURS, Period::Hour), (HOURS_BEGUN, Period::Hour)] {
        let sql = "UPDATE progress SET second = $2 WHERE name = $1 AND second > $2";
        writing.execute(sql, values![name, period.start(second)]).await?;
    }
    Ok(())
}

/// What each place's readings of a minute make, where it has any; rows come in the order of their places.
fn minute_sums(rows: &[(i64, Readings)]) -> Vec<(i64, Measure, Sum)> {
    let mut sums = Vec::new();
    for rows in rows.chunk_by(|(a, _), (b, _)| a == b) {
        let Some(&(place, _)) = rows.first() else { continue };
        for measure in MINUTE_MEASURES {
            let mut readings = rows.iter().filter_map(|(_, readings)| readings.get(measure)).peekable();
            if readings.peek().is_some() {
                sums.push((place, measure, Sum::of(readings)));
            }
        }
    }
    sums
}

impl Store {
    /// Rolls up what has ended by `until`, from where it stopped last. Call it a few times a minute with the present time
    /// less the few seconds by which samples may be late. Between periods others may write.
    ///
    /// # Errors
    /// As the database has them. What was done stays done.
    pub async fn roll_up(&self, until: Timestamp) -> Result<RolledUp, StoreError> {
        let until = until.0.div_euclid(1_000_000);
        let mut done = RolledUp::default();
        while self.roll_minute_up(until).await? {
            done.minutes += 1;
        }
        while self.roll_hour_up(until).await? {
            done.hours += 1;
        }
        Ok(done)
    }

    /// The beginning of the next period of which there are samples, if it has ended.
    async fn due(
        &self,
        writing: &mut Writing,
        (name, period): (&str, Period),
        until: i64,
    ) -> Result<Option<i64>, StoreError> {
        let from = progress(writing, name).await?.unwrap_or(i64::MIN);
        let sql = "SELECT MIN(second) FROM sample WHERE second >= $1";
        let first = writing.read_first(sql, values![from], |row| row.get::<Option<i64>>(0)).await?.flatten();
        Ok(first.map(|first| period.start(first)).filter(|start| start + period.seconds() <= until))
    }

    async fn roll_minute_up(&self, until: i64) -> Result<bool, StoreError> {
        let mut writing = self.database().write().await?;
        let Some(start) = self.due(&mut writing, (MINUTES, Period::Minute), until).await? else {
            writing.commit().await?;
            return Ok(false);
        };
        let end = start + Period::Minute.seconds();
        let sql = "SELECT CAST(place AS BIGINT), readings FROM sample WHERE second >= $1 AND second < $2 \
                   ORDER BY place, second";
        let of = |row: &Row| Ok((row.get::<i64>(0)?, self.measures().decode(&row.get::<Vec<u8>>(1)?)?));
        let rows: Vec<(i64, Readings)> = writing.read(sql, values![start, end], of).await?;
        for (place, measure, sum) in minute_sums(&rows) {
            let of = (place, self.measures().number(measure));
            sum.write(&mut writing, (Period::Minute, start), of).await?;
        }
        set_progress(&mut writing, MINUTES, end).await?;
        writing.commit().await?;
        Ok(true)
    }

    async fn roll_hour_up(&self, until: i64) -> Result<bool, StoreError> {
        let mut writing = self.database().write().await?;
        let Some(start) = self.due(&mut writing, (HOURS, Period::Hour), until).await? else {
            writing.commit().await?;
            return Ok(false);
        };
        let end = start + Period::Hour.seconds();
        set_progress(&mut writing, HOURS_BEGUN, end).await?;
        let sql = "SELECT DISTINCT CAST(place AS BIGINT) FROM sample WHERE second >= $1 AND second < $2";
        let places: Vec<i64> = writing.read(sql, values![start, end], |row| row.get(0)).await?;
        writing.commit().await?;
        // Place by place, so that an alert never waits for a whole hour's work.
        for place in places {
            self.roll_place_up(place, start, end).await?;
        }
        let mut writing = self.database().write().await?;
        if progress(&mut writing, HOURS_BEGUN).await? >= Some(end) {
            set_progress(&mut writing, HOURS, end).await?;
        }
        writing.commit().await?;
        Ok(true)
    }

    /// Reads and sums up beside the writers, and only then writes: a sample that comes in between takes back the begun
    /// hour, so that it is done again.
    async fn roll_place_up(&self, place: i64, start: i64, end: i64) -> Result<(), StoreError> {
        let of = |row: &Row| {
            let since = (row.get::<i64>(0)? - start) * 1_000_000 + row.get::<i64>(1)?;
            Ok((since, self.measures().decode(&row.get::<Vec<u8>>(2)?)?))
        };
        let rows: Vec<(i64, Readings)> =
            self.database().read(self.place_rows(), values![start, end - 1, place], of).await?;
        let mut hours = Vec::new();
        for measure in Measure::ALL {
            let series: Vec<_> = rows.iter().map(|(since, readings)| (*since, readings.get(measure))).collect();
            if series.iter().any(|(_, reading)| reading.is_some()) {
                let sum = Sum::of(series.iter().filter_map(|(_, reading)| *reading));
                hours.push((self.measures().number(measure), sum, encoding::hour(&series)));
            }
        }
        let mut writing = self.database().write().await?;
        for (measure, sum, series) in hours {
            sum.write(&mut writing, (Period::Hour, start), (place, measure)).await?;
            let sql = "INSERT INTO sample_hour (place, measure, period_start, series) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (place, measure, period_start) DO UPDATE SET series = excluded.series";
            writing.execute(sql, values![place, i64::from(measure), start, series.as_slice()]).await?;
        }
        writing.commit().await
    }

    /// A place's roll-ups of one measure that begin from `from` until before `to`, in order. Where nothing was sampled
    /// there is no row: nothing is known of that time.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn rollups(
        &self,
        place: PlaceId,
        measure: Measure,
        period: Period,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<RollupRow>, StoreError> {
        let sql = "SELECT period_start, min, mean, max, last, seconds_known, seconds_bound, seconds_unknown FROM rollup \
                   WHERE place = $1 AND measure = $2 AND period_s = $3 AND period_start >= $4 AND period_start < $5 \
                   ORDER BY period_start";
        let seconds = |at: Timestamp| -(-at.0).div_euclid(1_000_000);
        let number = i64::from(self.measures().number(measure));
        let values = values![place.0, number, period.seconds(), seconds(from), seconds(to)];
        let rollup = |row: &Row| {
            let values = match (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?) {
                (Some(min), Some(mean), Some(max), Some(last)) => Some(RollupValues { min, mean, max, last }),
                _ => None,
            };
            let count =
                |column: usize| Ok::<_, sqlx::Error>(u32::try_from(row.get::<i64>(column)?).unwrap_or_default());
            Ok(RollupRow {
                start: Timestamp(row.get::<i64>(0)? * 1_000_000),
                values,
                seconds_known: count(5)?,
                seconds_bound: count(6)?,
                seconds_unknown: count(7)?,
            })
        };
        self.database().read(sql, values, rollup).await
    }

    /// A place's readings of one measure from `from` until before `to`, in order, exactly as they were sampled: from the
    /// hours, and from the rows of what is not rolled up yet. A month of seconds is 2.6 million readings, 83 MB: ask for
    /// a day at a time.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn series(
        &self,
        place: PlaceId,
        measure: Measure,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<(Timestamp, Reading)>, StoreError> {
        let progress = "SELECT second FROM progress WHERE name = $1";
        let rolled_up = self.database().read_first(progress, values![HOURS], |row| row.get(0)).await?;
        let rolled_up: i64 = rolled_up.unwrap_or(i64::MIN);
        let sql = "SELECT period_start, series FROM sample_hour WHERE place = $1 AND measure = $2 \
                   AND period_start >= $3 AND period_start < $4 AND period_start < $5 ORDER BY period_start";
        let first = Period::Hour.start(from.0.div_euclid(1_000_000));
        let end = -(-to.0).div_euclid(1_000_000);
        let number = i64::from(self.measures().number(measure));
        let values = values![place.0, number, first, end, rolled_up];
        let hours = self.database().read(sql, values, |row| {
            let start = row.get::<i64>(0)? * 1_000_000;
            let mut readings = Vec::with_capacity(3600);
            encoding::read_hour(&row.get::<Vec<u8>>(1)?, |since, reading| {
                let at = Timestamp(start + since);
                if at >= from && at < to {
                    readings.push((at, reading));
                }
            })
            .ok_or_else(|| unreadable("the series of an hour is none".to_owned()))?;
            Ok(readings)
        });
        let mut series = hours.await?.concat();
        let rest = Timestamp(from.0.max(rolled_up.saturating_mul(1_000_000)));
        // A back-test asks for many days of which everything is rolled up.
        if rest < to {
            let rows = self.samples(place, rest, to).await?;
            series.extend(rows.iter().filter_map(|row| Some((row.at, row.readings.get(measure)?))));
        }
        Ok(series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UnknownReason;

    #[test]
    fn a_sum_counts_what_is_known_and_never_takes_unknown_for_zero() {
        let blind = Reading::Unknown(UnknownReason::NoFrames);
        let sum = Sum::of([Reading::Valid(2.0), blind, Reading::AtLeast(5.0), Reading::Valid(3.5)].into_iter());
        assert_eq!((sum.known, sum.bound), (3, 1));
        assert_eq!(sum.values, Some(RollupValues { min: 2.0, mean: 3.5, max: 5.0, last: 3.5 }));
        let none = Sum::of([blind, blind].into_iter());
        assert_eq!((none.known, none.bound, none.values), (0, 0, None));
        assert_eq!((Period::Hour.start(-1), Period::Minute.start(119)), (-3600, 60));
    }
}
