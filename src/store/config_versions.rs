//! Which configuration was in force when.

use super::sql::{Row, values};
use super::{Store, StoreError};
use crate::model::Timestamp;

/// A configuration that came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigVersionRow {
    /// The hash of its text.
    pub hash: String,
    /// Its text; it holds no passwords.
    pub text: String,
    /// When it came into force.
    pub at: Timestamp,
    /// Who brought it.
    pub who: String,
    /// Why.
    pub why: String,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT hash, text, at_us, who, why FROM config_version ", $rest)
    };
}

fn version(row: &Row) -> Result<ConfigVersionRow, sqlx::Error> {
    Ok(ConfigVersionRow {
        hash: row.get(0)?,
        text: row.get(1)?,
        at: Timestamp(row.get(2)?),
        who: row.get(3)?,
        why: row.get(4)?,
    })
}

impl Store {
    /// Says that this configuration is in force; `false` where it was already.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn record_config(&self, new: &ConfigVersionRow) -> Result<bool, StoreError> {
        let mut writing = self.database().write().await?;
        let newest = "SELECT hash FROM config_version ORDER BY id DESC LIMIT 1";
        if writing.read_first(newest, &[], |row| row.get::<String>(0)).await?.as_ref() == Some(&new.hash) {
            writing.commit().await?;
            return Ok(false);
        }
        let sql = "INSERT INTO config_version (hash, text, at_us, who, why) VALUES ($1, $2, $3, $4, $5)";
        writing.execute(sql, values![&new.hash, &new.text, new.at.0, &new.who, &new.why]).await?;
        writing.commit().await?;
        Ok(true)
    }

    /// All that have been in force, the newest first; `most` at most.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn config_versions(&self, most: u32) -> Result<Vec<ConfigVersionRow>, StoreError> {
        self.database().read(select!("ORDER BY id DESC LIMIT $1"), values![i64::from(most)], version).await
    }

    /// The one of this hash.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn config_version(&self, hash: &str) -> Result<Option<ConfigVersionRow>, StoreError> {
        self.database().read_first(select!("WHERE hash = $1 ORDER BY id LIMIT 1"), values![hash], version).await
    }
}
