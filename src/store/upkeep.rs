//! A copy of the store while it is in use, and how it stands.

use std::fs::{self, File};
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

use super::outbox::OutboxCount;
use super::sql::Pools;
use super::{Store, StoreError, StoreErrorKind, schema};
use crate::model::Timestamp;

/// How a store stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStatus {
    /// `sqlite` or `postgresql`.
    pub kind: &'static str,
    /// The version of its tables.
    pub schema: i64,
    /// How much room it takes, in bytes.
    pub bytes: u64,
    /// How many rows each table has. That of samples by the second, which may have many millions, isn't among them.
    pub rows: Vec<(&'static str, u64)>,
    /// The oldest and the newest second of which there is a sample as a row.
    pub samples: Option<(Timestamp, Timestamp)>,
    /// Until when samples are rolled up into hours.
    pub rolled_up_until: Option<Timestamp>,
    /// Alerts that are open.
    pub open_alerts: u64,
    /// Deliveries, by sink.
    pub outbox: Vec<OutboxCount>,
}

macro_rules! counts {
    ($($table:literal),*) => { [$(($table, concat!("SELECT COUNT(*) FROM ", $table))),*] };
}

const COUNTS: [(&str, &str); 16] = counts!(
    "place",
    "alert",
    "alert_transition",
    "alert_action",
    "plan_step",
    "rule_state",
    "outbox",
    "sample_hour",
    "rollup",
    "crossing",
    "camera_health",
    "evidence",
    "audit",
    "user_account",
    "user_session",
    "api_token"
);

impl Store {
    /// Writes a copy to `to` while the service goes on, as of one moment: an SQLite file like any other. Nothing stands
    /// at `to` before it is whole.
    ///
    /// # Errors
    /// [`StoreErrorKind::Conflict`] where there is such a file already; [`StoreErrorKind::Address`] for PostgreSQL, whose
    /// own `pg_dump` does it; else as the database has them.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let database = self.database();
        let failed = |kind, detail: String| StoreError::new(kind, &database.address, detail);
        if matches!(database.pools, Pools::Postgres { .. }) {
            let detail = "a PostgreSQL database is copied by its own tools while it is in use: \
                          pg_dump --format=custom --file=FILE DATABASE, and pg_restore";
            return Err(failed(StoreErrorKind::Address, detail.to_owned()));
        }
        if to.exists() {
            let detail = format!("there is a file {} already: name another one", to.display());
            return Err(failed(StoreErrorKind::Conflict, detail));
        }
        let mut partial = to.as_os_str().to_owned();
        partial.push(".partial");
        let partial = Path::new(&partial);
        // What an interrupted copy has left.
        let _ = fs::remove_file(partial);
        // A connection of its own: a copy may take minutes.
        let options = SqliteConnectOptions::new().filename(database.address.as_ref()).create_if_missing(false);
        let text = partial.to_string_lossy().into_owned();
        let copied = async {
            let mut connection = SqliteConnection::connect_with(&options).await?;
            sqlx::query(AssertSqlSafe("VACUUM INTO $1")).bind(text).execute(&mut connection).await?;
            connection.close().await
        };
        let copied = copied.await.map_err(|error| database.failed(&error)).and_then(|()| {
            let in_place = File::open(partial).and_then(|file| file.sync_all()).and_then(|()| fs::rename(partial, to));
            in_place.map_err(|error| {
                let kind = StoreError::of(&database.address, &error.into()).kind();
                failed(kind, format!("the copy {} can't be put in its place", to.display()))
            })
        });
        if copied.is_err() {
            let _ = fs::remove_file(partial);
        }
        copied
    }

    /// How the store stands.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn status(&self) -> Result<StoreStatus, StoreError> {
        let database = self.database();
        let count = async |sql: &'static str| {
            let count = database.read_first(sql, &[], |row| row.get::<Option<i64>>(0)).await?.flatten();
            Ok::<_, StoreError>(count.map(i64::unsigned_abs))
        };
        let mut rows = Vec::new();
        for (table, sql) in COUNTS {
            rows.push((table, count(sql).await?.unwrap_or_default()));
        }
        let size = if database.is_postgres() {
            "SELECT pg_database_size(current_database())"
        } else {
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        };
        let second = |second: u64| Timestamp(second.cast_signed() * 1_000_000);
        let oldest = count("SELECT MIN(second) FROM sample").await?.map(second);
        let newest = count("SELECT MAX(second) FROM sample").await?.map(second);
        Ok(StoreStatus {
            kind: if database.is_postgres() { "postgresql" } else { "sqlite" },
            schema: schema::NEWEST,
            bytes: count(size).await?.unwrap_or_default(),
            rows,
            samples: oldest.zip(newest),
            rolled_up_until: count("SELECT second FROM progress WHERE name = 'hours'").await?.map(second),
            open_alerts: count("SELECT COUNT(*) FROM alert WHERE closed_us IS NULL").await?.unwrap_or_default(),
            outbox: self.outbox_counts().await?,
        })
    }
}
