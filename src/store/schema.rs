//! The tables, by version. A version that was released never changes; what is new goes into the next one.

use super::sql::{Database, values};
use super::{StoreError, StoreErrorKind, code};
use crate::model::Timestamp;

/// Every version's name and statements, the first first.
const VERSIONS: [(&str, &str); 3] = [
    ("first", include_str!("schema/0001_first.sql")),
    ("audit", include_str!("schema/0002_audit.sql")),
    ("accounts", include_str!("schema/0003_accounts.sql")),
];

/// The version of the tables that this program writes.
pub(super) const NEWEST: i64 = VERSIONS.len() as i64;

/// Any number: whoever brings a PostgreSQL database up to date holds the lock of this one.
const MIGRATION_LOCK: i64 = 0x6372_6f77_6466;

/// Brings the tables up to date.
pub(super) async fn migrate(database: &Database, at: Timestamp) -> Result<(), StoreError> {
    let mut writing = database.write().await?;
    if database.is_postgres() {
        writing.execute("SELECT pg_advisory_xact_lock($1)", values![MIGRATION_LOCK]).await?;
    }
    writing
        .execute(
            "CREATE TABLE IF NOT EXISTS schema_version \
             (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_us BIGINT NOT NULL)",
            &[],
        )
        .await?;
    let found = writing.read_first(FOUND, &[], |row| row.get(0)).await?.unwrap_or(0);
    refuse_newer(database, found)?;
    for (version, (name, statements)) in (1..).zip(VERSIONS).filter(|&(version, _)| version > found) {
        for statement in statements_of(statements, database.is_postgres()) {
            writing.execute_made(statement, &[]).await?;
        }
        let sql = "INSERT INTO schema_version (version, name, applied_us) VALUES ($1, $2, $3)";
        writing.execute(sql, values![version, name, at.0]).await?;
    }
    writing.commit().await
}

const FOUND: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_version";

/// Checks that the tables are of this program's version.
pub(super) async fn check(database: &Database) -> Result<(), StoreError> {
    let found = match database.read_first(FOUND, &[], |row| row.get(0)).await {
        Ok(found) => found.unwrap_or(0),
        // No such table.
        Err(error) if error.kind() == StoreErrorKind::Bug => 0,
        Err(error) => return Err(error),
    };
    refuse_newer(database, found)?;
    if found == NEWEST {
        return Ok(());
    }
    let detail = match found {
        0 => "it holds no tables of crowdflow: `run` makes them at its first start".to_owned(),
        found => {
            format!("its tables are of version {found}, this program's of {NEWEST}: `run` of this program updates them")
        }
    };
    Err(StoreError::new(StoreErrorKind::Schema, &database.address, detail))
}

fn refuse_newer(database: &Database, found: i64) -> Result<(), StoreError> {
    if found <= NEWEST {
        return Ok(());
    }
    let detail = format!(
        "its tables are of version {found}, this program knows up to {NEWEST}: use the newer program that made them, \
         or restore the backup of before the update"
    );
    Err(StoreError::new(StoreErrorKind::Schema, &database.address, detail))
}

fn statements_of(template: &str, postgres: bool) -> Vec<String> {
    let second_as_text = |column: &str| {
        if postgres {
            format!("to_char(to_timestamp({column}), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
        } else {
            format!("strftime('%Y-%m-%dT%H:%M:%SZ', {column}, 'unixepoch')")
        }
    };
    let either = |sqlite: &str, of_postgres: &str| if postgres { of_postgres } else { sqlite }.to_owned();
    let mut text: String = template.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
    for (name, is) in [
        ("{id}", either("INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")),
        ("{real}", either("REAL", "DOUBLE PRECISION")),
        ("{bytes}", either("BLOB", "BYTEA")),
        ("{small}", either("INTEGER", "SMALLINT")),
        // One tree, in the order of time: what is written together lies together.
        ("{sample_options}", either("WITHOUT ROWID", "")),
        ("{second_as_text}", second_as_text("sample.second")),
        ("{period_as_text}", second_as_text("rollup.period_start")),
        ("{quality_of_occupancy}", code::quality_in_sql("sample.occupancy_quality")),
        ("{quality_of_density}", code::quality_in_sql("sample.density_quality")),
    ] {
        text = text.replace(name, &is);
    }
    text.split(';').map(str::trim).filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
}
