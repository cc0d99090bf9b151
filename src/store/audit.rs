//! Who did what, where that is not part of one alert's history.

use super::sql::{Row, Writing, values};
use super::{Store, StoreError};
use crate::model::Timestamp;

/// Something that a person did; never changed once written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What (`profile_on`, `profile_off`, `drill_begun`, `drill_ended` …).
    pub kind: String,
    /// What it was done to: a profile's or rule's id.
    pub subject: String,
    /// More words, or empty.
    pub detail: String,
}

/// Adds a row, unless the very same was written before.
pub(super) async fn add(writing: &mut Writing, row: &AuditRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit (at_us, who, kind, subject, detail) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (at_us, who, kind, subject) DO NOTHING";
    writing.execute(sql, values![row.at.0, &row.who, &row.kind, &row.subject, &row.detail]).await.map(drop)
}

/// Deletes what a user holds, and puts that on record; `false` where there is none such. `sql` deletes by the number `$1` and,
/// unless that is empty, the user `$2`.
pub(super) async fn end(
    store: &Store,
    sql: &'static str,
    id: i64,
    user: Option<&str>,
    row: &AuditRow,
) -> Result<bool, StoreError> {
    let mut writing = store.database().write().await?;
    let was_there = writing.execute(sql, values![id, user.unwrap_or_default()]).await? == 1;
    if was_there {
        add(&mut writing, row).await?;
    }
    writing.commit().await?;
    Ok(was_there)
}

impl Store {
    /// What people did from `from` until before `to`, the newest first; `most` at most.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn audit(&self, from: Timestamp, to: Timestamp, most: u32) -> Result<Vec<AuditRow>, StoreError> {
        let sql = "SELECT at_us, who, kind, subject, detail FROM audit WHERE at_us >= $1 AND at_us < $2 \
                   ORDER BY at_us DESC, id DESC LIMIT $3";
        let of = |row: &Row| {
            Ok(AuditRow {
                at: Timestamp(row.get(0)?),
                who: row.get(1)?,
                kind: row.get(2)?,
                subject: row.get(3)?,
                detail: row.get(4)?,
            })
        };
        self.database().read(sql, values![from.0, to.0, i64::from(most)], of).await
    }
}
