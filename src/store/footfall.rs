//! How many people crossed a line, hour by hour.

use super::place::PlaceId;
use super::sql::{Row, unreadable, values};
use super::{Store, StoreError};
use crate::model::{Direction, ObjectClass, Timestamp};

/// Crossings before this second were removed by retention.
pub(super) const CROSSINGS_CLEARED: &str = "crossings_cleared";

impl Store {
    /// From when on every crossing that was counted is kept.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn crossings_kept_from(&self) -> Result<Timestamp, StoreError> {
        let sql = "SELECT second FROM progress WHERE name = $1";
        let second = self.database().read_first(sql, values![CROSSINGS_CLEARED], |row| row.get::<i64>(0)).await?;
        Ok(second.map_or(Timestamp(i64::MIN), |second| Timestamp(second.saturating_mul(1_000_000))))
    }

    /// How many people crossed a line from `from` until before `to`, each way, in each whole hour (UTC) in which somebody
    /// did.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn people_over_by_hour(
        &self,
        line: PlaceId,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<(Timestamp, Direction, u64)>, StoreError> {
        let sql = "SELECT at_us / 3600000000, direction, COUNT(*) FROM crossing WHERE place = $1 AND at_us >= $2 \
                   AND at_us < $3 AND class = $4 GROUP BY at_us / 3600000000, direction ORDER BY 1, 2";
        let hour = |row: &Row| {
            let direction: String = row.get(1)?;
            let known = [Direction::In, Direction::Out].into_iter().find(|known| known.as_str() == direction);
            let known = known.ok_or_else(|| unreadable(format!("`{direction}` is no direction")))?;
            Ok((Timestamp(row.get::<i64>(0)? * 3_600_000_000), known, row.get::<i64>(2)?.cast_unsigned()))
        };
        self.database().read(sql, values![line.0, from.0, to.0, ObjectClass::Person.as_str()], hour).await
    }
}
