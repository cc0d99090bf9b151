//! When each camera was how.

use super::sql::{Row, values};
use super::{Store, StoreError};
use crate::model::Timestamp;

/// A time during which a camera was in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraHealthRow {
    /// The camera's id.
    pub camera: String,
    /// From when.
    pub since: Timestamp,
    /// Until when; `None`: it still is.
    pub until: Option<Timestamp>,
    /// Its state, such as [`crate::model::CameraState`] names it.
    pub state: String,
    /// Why, where there is more to say.
    pub detail: String,
}

fn health(row: &Row) -> Result<CameraHealthRow, sqlx::Error> {
    Ok(CameraHealthRow {
        camera: row.get(0)?,
        since: Timestamp(row.get(1)?),
        until: row.get::<Option<i64>>(2)?.map(Timestamp),
        state: row.get(3)?,
        detail: row.get(4)?,
    })
}

impl Store {
    /// Says how a camera is from now on. The state that it was in ends; saying the same again changes nothing.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn set_camera_health(
        &self,
        camera: &str,
        state: &str,
        detail: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.database().write().await?;
        let same = "SELECT since_us FROM camera_health WHERE camera = $1 AND until_us IS NULL AND state = $2 \
                    AND detail = $3";
        if writing.read_first(same, values![camera, state, detail], |row| row.get::<i64>(0)).await?.is_some() {
            writing.commit().await?;
            return Ok(());
        }
        let end = "UPDATE camera_health SET until_us = $2 WHERE camera = $1 AND until_us IS NULL";
        writing.execute(end, values![camera, at.0]).await?;
        let begin = "INSERT INTO camera_health (camera, since_us, state, detail) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (camera, since_us) DO UPDATE SET until_us = NULL, state = excluded.state, \
                     detail = excluded.detail";
        writing.execute(begin, values![camera, at.0, state, detail]).await?;
        writing.commit().await
    }

    /// Ends what is open, at an orderly end of the service or, after a crash, at [`Store::newest_sample`]: nobody knows
    /// how the cameras were while nobody looked. Nothing ends before it began.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn end_camera_health(&self, at: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.database().write().await?;
        let sql = "UPDATE camera_health SET until_us = CASE WHEN since_us > $1 THEN since_us ELSE $1 END \
                   WHERE until_us IS NULL";
        writing.execute(sql, values![at.0]).await?;
        writing.commit().await
    }

    /// How a camera was between two times, in order; the states that only reach into it are given whole.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn camera_health(
        &self,
        camera: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<CameraHealthRow>, StoreError> {
        let sql = "SELECT camera, since_us, until_us, state, detail FROM camera_health WHERE camera = $1 \
                   AND since_us < $3 AND (until_us IS NULL OR until_us > $2) ORDER BY since_us";
        self.database().read(sql, values![camera, from.0, to.0], health).await
    }
}
