//! How long what is kept.

use super::footfall::CROSSINGS_CLEARED;
use super::sql::values;
use super::{Store, StoreError, rollup};
use crate::config::Retention;
use crate::model::Timestamp;

/// How many rows were removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names of the tables say it")]
pub struct Removed {
    pub samples: u64,
    pub series: u64,
    pub minutes: u64,
    pub hours: u64,
    pub crossings: u64,
    pub alerts: u64,
    pub deliveries: u64,
    pub health: u64,
}

/// Rows to a transaction, so that others get their turn between two.
const ROWS: i64 = 5000;

impl Store {
    /// Removes what is older than it is to be kept, some thousand rows at a time. Samples go only once they are rolled
    /// up. What an SQLite file has grown to stays: the room is used again.
    ///
    /// # Errors
    /// As the database has them. What was removed stays removed.
    pub async fn retain(&self, retention: &Retention, now: Timestamp) -> Result<Removed, StoreError> {
        let before = |days: Option<u32>| days.map(|days| now.0 - i64::from(days) * 86_400_000_000);
        let second_before = |days: Option<u32>| before(days).map(|us| us.div_euclid(1_000_000));
        let mut removed = Removed::default();
        if let Some(before) = second_before(retention.samples_days) {
            removed.samples = self.remove_samples(before).await?;
        }
        if let Some(before) = second_before(retention.series_days) {
            let sql = "DELETE FROM sample_hour WHERE period_start IN \
                       (SELECT period_start FROM sample_hour WHERE period_start < $1 ORDER BY period_start LIMIT 1)";
            removed.series = self.remove(sql, before, None).await?;
        }
        // All rows of one period at a time: there is no limit to a DELETE in either database.
        let periods = "DELETE FROM rollup WHERE period_s = $2 AND period_start IN (SELECT period_start FROM rollup \
                       WHERE period_s = $2 AND period_start < $1 ORDER BY period_start LIMIT 1)";
        if let Some(before) = second_before(retention.minutes_days) {
            removed.minutes = self.remove(periods, before, Some(60)).await?;
        }
        if let Some(before) = second_before(retention.hours_days) {
            removed.hours = self.remove(periods, before, Some(3600)).await?;
        }
        if let Some(before) = before(retention.crossings_days) {
            // Whoever crosses at the very same moment goes too, however many they are.
            let sql = "DELETE FROM crossing WHERE at_us IN \
                       (SELECT at_us FROM crossing WHERE at_us < $1 ORDER BY at_us LIMIT $2)";
            // Whoever counts them later has to know of what time they are not all there: known before the first one goes.
            let mut writing = self.database().write().await?;
            let cleared = rollup::progress(&mut writing, CROSSINGS_CLEARED).await?.unwrap_or(i64::MIN);
            let second = before.div_euclid(1_000_000) + 1;
            rollup::set_progress(&mut writing, CROSSINGS_CLEARED, second.max(cleared)).await?;
            writing.commit().await?;
            removed.crossings = self.remove(sql, before, Some(ROWS)).await?;
        }
        if let Some(before) = before(retention.alerts_days) {
            let sql = "DELETE FROM alert WHERE id IN \
                       (SELECT id FROM alert WHERE closed_us < $1 ORDER BY closed_us LIMIT $2)";
            removed.alerts = self.remove(sql, before, Some(ROWS / 50)).await?;
        }
        if let Some(before) = before(retention.deliveries_days) {
            let sql = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE settled_us < $1 \
                       AND state <> 'pending' ORDER BY settled_us LIMIT $2)";
            removed.deliveries = self.remove(sql, before, Some(ROWS)).await?;
        }
        if let Some(before) = before(retention.health_days) {
            let sql = "DELETE FROM camera_health WHERE until_us IN \
                       (SELECT until_us FROM camera_health WHERE until_us < $1 ORDER BY until_us LIMIT $2)";
            removed.health = self.remove(sql, before, Some(ROWS)).await?;
        }
        Ok(removed)
    }

    async fn remove(&self, sql: &'static str, before: i64, second: Option<i64>) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let mut writing = self.database().write().await?;
            let some = match second {
                Some(second) => writing.execute(sql, values![before, second]).await?,
                None => writing.execute(sql, values![before]).await?,
            };
            writing.commit().await?;
            if some == 0 {
                return Ok(removed);
            }
            removed += some;
        }
    }

    async fn remove_samples(&self, before: i64) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let mut writing = self.database().write().await?;
            let rolled_up = rollup::rolled_up(&mut writing).await?;
            let before = before.min(rolled_up);
            let cleared = rollup::progress(&mut writing, rollup::CLEARED).await?.unwrap_or(i64::MIN);
            let first = "SELECT MIN(second) FROM sample WHERE second < $1";
            let first = writing.read_first(first, values![before], |row| row.get::<Option<i64>>(0)).await?.flatten();
            let Some(first) = first else {
                writing.commit().await?;
                return Ok(removed);
            };
            // As many seconds as hold about so many rows; all places of a second go together.
            let count = "SELECT COUNT(*) FROM sample WHERE second = $1";
            let rows = writing.read_first(count, values![first], |row| row.get::<i64>(0)).await?.unwrap_or(1);
            let end = before.min(first + (ROWS / rows.max(1)).max(1));
            removed += writing.execute("DELETE FROM sample WHERE second < $1", values![end]).await?;
            rollup::set_progress(&mut writing, rollup::CLEARED, end.max(cleared)).await?;
            writing.commit().await?;
        }
    }
}
