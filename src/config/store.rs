//! Where what lasts is kept, and for how long.

use std::path::PathBuf;

use super::Secret;

/// The store.
#[derive(Debug, Clone, PartialEq)]
pub struct StorePlan {
    /// Where it is.
    pub place: StorePlace,
    /// How long what is kept.
    pub retention: Retention,
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq)]
pub enum StorePlace {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of PostgreSQL.
    Postgres {
        /// `postgres://USER@HOST:PORT/DATABASE`, without the password.
        url: String,
        /// The user's password; `None`: the server wants none, or PostgreSQL's own ways (`PGPASSWORD`, `~/.pgpass`) have it.
        password: Option<Secret>,
    },
}

impl StorePlan {
    /// The password, where it is not where the configuration says.
    #[must_use]
    pub fn missing_secret(&self) -> Option<super::Fault> {
        match &self.place {
            StorePlace::Postgres { password: Some(password), .. } => password.text().err().cloned(),
            StorePlace::File(_) | StorePlace::Postgres { password: None, .. } => None,
        }
    }
}

/// How long each table's rows are kept, in days; `None`: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Rows of samples by the second; their hours have them longer.
    pub samples_days: Option<u32>,
    /// Hours' series, by the second, for back-tests.
    pub series_days: Option<u32>,
    /// Roll-ups by the minute.
    pub minutes_days: Option<u32>,
    /// Roll-ups by the hour.
    pub hours_days: Option<u32>,
    /// Crossings.
    pub crossings_days: Option<u32>,
    /// Alerts with all that belongs to them, from their end on. An open one always stays.
    pub alerts_days: Option<u32>,
    /// Messages that were delivered or given up, from then on. One that is pending always stays.
    pub deliveries_days: Option<u32>,
    /// Camera health.
    pub health_days: Option<u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            samples_days: Some(3),
            series_days: Some(90),
            minutes_days: Some(400),
            hours_days: None,
            crossings_days: Some(90),
            alerts_days: Some(3 * 365),
            deliveries_days: Some(90),
            health_days: Some(400),
        }
    }
}
