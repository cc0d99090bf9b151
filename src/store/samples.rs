//! Samples of places, at most one a second each, and crossings of lines.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite};

use super::place::PlaceId;
use super::sql::{Either, Row, Writing, unreadable, values};
use super::{Store, StoreError, code, rollup};
use crate::model::{Direction, Measure, ObjectClass, Reading, Readings, Timestamp};

/// What a place read at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The place.
    pub place: PlaceId,
    /// When. Of those of one place within one second the latest is kept.
    pub at: Timestamp,
    /// What it read.
    pub readings: Readings,
}

/// One counted crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrossingRow {
    /// The line.
    pub place: PlaceId,
    /// When.
    pub at: Timestamp,
    /// Which way.
    pub direction: Direction,
    /// What crossed.
    pub class: ObjectClass,
    /// Who: anonymous, short-lived.
    pub track: u64,
}

/// How many samples were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Written, or found to be there.
    pub samples: u64,
    /// Of seconds that retention has already cleared away: passed over.
    pub too_late: u64,
}

/// Rows to a statement of SQLite, which takes 32,766 values at most.
const ROWS_A_STATEMENT: usize = 256;
/// Rows to a statement of PostgreSQL: some megabytes.
const ROWS_AN_ARRAY: usize = 20_000;

/// A row of the table of samples.
struct Encoded {
    second: i64,
    place: i64,
    offset_us: i64,
    occupancy: Option<Reading>,
    density: Option<Reading>,
    readings: Vec<u8>,
}

/// The whole second of a time, and the microseconds behind it.
fn second_of(at: Timestamp) -> (i64, i64) {
    (at.0.div_euclid(1_000_000), at.0.rem_euclid(1_000_000))
}

fn value(reading: Option<Reading>) -> Option<f64> {
    reading.and_then(Reading::value)
}

fn quality(reading: Option<Reading>) -> Option<i64> {
    reading.map(|reading| i64::from(code::quality(reading)))
}

impl Store {
    /// Writes samples and crossings in one transaction: call it once a second with all there is. Places and times may
    /// come in any order; samples of past hours are worked into the roll-ups again.
    ///
    /// # Errors
    /// As the database has them. It may be called again with the same.
    pub async fn write_samples(&self, samples: &[Sample], crossings: &[CrossingRow]) -> Result<Written, StoreError> {
        let mut writing = self.database().write().await?;
        let cleared = rollup::progress(&mut writing, rollup::CLEARED).await?.unwrap_or(i64::MIN);
        let mut newest: HashMap<(i64, i64), &Sample> = HashMap::with_capacity(samples.len());
        let mut written = Written::default();
        for sample in samples {
            let (second, _) = second_of(sample.at);
            if second < cleared {
                written.too_late += 1;
                continue;
            }
            written.samples += 1;
            let kept = newest.entry((second, sample.place.0)).or_insert(sample);
            if kept.at < sample.at {
                *kept = sample;
            }
        }
        let mut rows: Vec<Encoded> = newest.into_iter().map(|(of, sample)| self.encoded(of, sample)).collect();
        // In the order of the table, so that neighbours are written together.
        rows.sort_unstable_by_key(|row| (row.second, row.place));
        if let Some(oldest) = rows.first() {
            rollup::reopen(&mut writing, oldest.second).await?;
            insert(&mut writing, &rows).await.map_err(|error| self.database().failed(&error))?;
        }
        for crossing in crossings {
            let sql = "INSERT INTO crossing (at_us, place, track, direction, class) VALUES ($1, $2, $3, $4, $5) \
                       ON CONFLICT (place, at_us, track, direction) DO NOTHING";
            let track = crossing.track.cast_signed();
            let (direction, class) = (crossing.direction.as_str(), crossing.class.as_str());
            writing.execute(sql, values![crossing.at.0, crossing.place.0, track, direction, class]).await?;
        }
        writing.commit().await?;
        Ok(written)
    }

    fn encoded(&self, (second, place): (i64, i64), sample: &Sample) -> Encoded {
        let readings = &sample.readings;
        Encoded {
            second,
            place,
            offset_us: second_of(sample.at).1,
            occupancy: readings.get(Measure::Occupancy),
            density: readings.get(Measure::Density),
            readings: self.measures().encode(readings),
        }
    }

    /// What a place read from `from` until before `to`, in order, of the time whose rows are kept. Of longer times, and
    /// of single measures, [`Store::series`] tells more and faster.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn samples(&self, place: PlaceId, from: Timestamp, to: Timestamp) -> Result<Vec<Sample>, StoreError> {
        let Some((first, last)) = self.kept_seconds(from, to).await? else { return Ok(Vec::new()) };
        let sample = |row: &Row| {
            let at = Timestamp(row.get::<i64>(0)? * 1_000_000 + row.get::<i64>(1)?);
            Ok(Sample { place, at, readings: self.measures().decode(&row.get::<Vec<u8>>(2)?)? })
        };
        let mut samples = self.database().read(self.place_rows(), values![first, last, place.0], sample).await?;
        samples.retain(|sample| sample.at >= from && sample.at < to);
        Ok(samples)
    }

    /// Selects the second, the microseconds behind it and the readings of place `$3` from second `$1` to `$2`. The table
    /// is in the order of time; each second's row is looked up, so that the rows of other places aren't read.
    pub(super) fn place_rows(&self) -> &'static str {
        if self.database().is_postgres() {
            "SELECT sample.second, CAST(sample.offset_us AS BIGINT), sample.readings \
             FROM generate_series($1::bigint, $2::bigint) AS wanted (s) CROSS JOIN LATERAL (SELECT * FROM sample \
             WHERE sample.second = wanted.s AND sample.place = $3 LIMIT 1) AS sample ORDER BY sample.second"
        } else {
            "WITH RECURSIVE wanted (s) AS (SELECT $1 WHERE $1 <= $2 UNION ALL SELECT s + 1 FROM wanted WHERE s < $2) \
             SELECT second, offset_us, readings FROM wanted CROSS JOIN sample \
             ON sample.second = wanted.s AND sample.place = $3 ORDER BY s"
        }
    }

    /// The first and last second between two times of which there may be rows; `None`: there are none.
    pub(super) async fn kept_seconds(&self, from: Timestamp, to: Timestamp) -> Result<Option<(i64, i64)>, StoreError> {
        let sql = "SELECT (SELECT MIN(second) FROM sample), (SELECT MAX(second) FROM sample)";
        let ends = |row: &Row| Ok((row.get::<Option<i64>>(0)?, row.get::<Option<i64>>(1)?));
        let Some((Some(first), Some(last))) = self.database().read_first(sql, &[], ends).await? else {
            return Ok(None);
        };
        let (first, last) = (first.max(second_of(from).0), last.min(second_of(to).0));
        Ok((first <= last).then_some((first, last)))
    }

    /// The time of the newest sample, to the second; `None` where there is none.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn newest_sample(&self) -> Result<Option<Timestamp>, StoreError> {
        let newest = self.database().read_first("SELECT MAX(second) FROM sample", &[], |row| row.get(0)).await?;
        Ok(newest.flatten().map(|second: i64| Timestamp(second * 1_000_000)))
    }

    /// Crossings of a line from `from` until before `to`, in order.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn crossings(
        &self,
        line: PlaceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<CrossingRow>, StoreError> {
        let sql = "SELECT at_us, direction, class, track FROM crossing WHERE place = $1 AND at_us >= $2 AND at_us < $3 \
                   ORDER BY at_us, track, direction";
        let crossing = |row: &Row| {
            let (direction, class): (String, String) = (row.get(1)?, row.get(2)?);
            let known = [Direction::In, Direction::Out].into_iter().find(|known| known.as_str() == direction);
            Ok(CrossingRow {
                place: line,
                at: Timestamp(row.get(0)?),
                direction: known.ok_or_else(|| unreadable(format!("`{direction}` is no direction")))?,
                class: ObjectClass::from_name(&class).ok_or_else(|| unreadable(format!("`{class}` is no class")))?,
                track: row.get::<i64>(3)?.cast_unsigned(),
            })
        };
        self.database().read(sql, values![line.0, from.0, to.0], crossing).await
    }
}

/// A second that is there is replaced, unless what is there is later.
const UPSERT: &str = " ON CONFLICT (second, place) DO UPDATE SET offset_us = excluded.offset_us, \
                      occupancy = excluded.occupancy, occupancy_quality = excluded.occupancy_quality, \
                      density_per_m2 = excluded.density_per_m2, density_quality = excluded.density_quality, \
                      readings = excluded.readings WHERE excluded.offset_us >= sample.offset_us";

async fn insert(writing: &mut Writing, rows: &[Encoded]) -> Result<(), sqlx::Error> {
    match &mut writing.transaction {
        Either::Sqlite(transaction) => {
            for rows in rows.chunks(ROWS_A_STATEMENT) {
                let mut insert = QueryBuilder::<Sqlite>::new(
                    "INSERT INTO sample (second, place, offset_us, occupancy, occupancy_quality, density_per_m2, \
                     density_quality, readings) ",
                );
                insert.push_values(rows, |mut values, row| {
                    values.push_bind(row.second).push_bind(row.place).push_bind(row.offset_us);
                    values.push_bind(value(row.occupancy)).push_bind(quality(row.occupancy));
                    values.push_bind(value(row.density)).push_bind(quality(row.density));
                    values.push_bind(row.readings.as_slice());
                });
                insert.push(UPSERT);
                insert.build().execute(&mut **transaction).await?;
            }
        }
        Either::Postgres(server) => {
            let sql = format!(
                "INSERT INTO sample (second, place, offset_us, occupancy, occupancy_quality, density_per_m2, \
                 density_quality, readings) SELECT * FROM UNNEST($1::bigint[], $2::integer[], $3::integer[], \
                 $4::double precision[], $5::smallint[], $6::double precision[], $7::smallint[], $8::bytea[]){UPSERT}"
            );
            for rows in rows.chunks(ROWS_AN_ARRAY) {
                let small = |quality: Option<i64>| quality.and_then(|quality| i16::try_from(quality).ok());
                let int = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
                let insert = sqlx::query(AssertSqlSafe(sql.as_str()))
                    .bind(rows.iter().map(|row| row.second).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| int(row.place)).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| int(row.offset_us)).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| value(row.occupancy)).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| small(quality(row.occupancy))).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| value(row.density)).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| small(quality(row.density))).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| row.readings.as_slice()).collect::<Vec<_>>());
                server.run(async |connection| insert.execute(connection).await).await?;
            }
        }
    }
    Ok(())
}
