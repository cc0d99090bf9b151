//! Evidence that is old enough to go.
//!
//! Records go first, then their files. The other way round, a crash in between would leave records without files: the look of
//! evidence that was taken away. As it is, it leaves old files without records, which the next call removes.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::folder::{EvidenceFolder, FoundFile};
use super::{EvidenceError, verify};
use crate::model::Timestamp;
use crate::store::Store;

/// Records to a transaction.
const RECORDS: u32 = 200;

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// Records, with the files that they were of.
    pub records: u64,
    /// Old files without a record, left behind by a crash.
    pub left_behind: u64,
}

/// Removes evidence of more than `keep_days` ago, from the front of the chain. The newest record always stays, as the next
/// one goes on from it; so does its file.
///
/// # Errors
/// As the store and the disk have them; what was removed stays removed, and the next call goes on.
pub async fn expire(
    store: &Store,
    folder: &EvidenceFolder,
    keep_days: u32,
    now: Timestamp,
) -> Result<Expired, EvidenceError> {
    let before = Timestamp(now.0.saturating_sub(i64::from(keep_days) * 86_400_000_000));
    let mut expired = Expired::default();
    loop {
        let records = store.expire_evidence(before, RECORDS).await?;
        if records.is_empty() {
            break;
        }
        for record in &records {
            folder.remove(&record.evidence.path).map_err(EvidenceError::io(folder.path()))?;
            expired.records += 1;
        }
    }
    let is_old = |file: &FoundFile| file.written.is_some_and(|written| is_before(written, before));
    let mut old: BTreeSet<String> = folder
        .files()
        .map_err(EvidenceError::io(folder.path()))?
        .into_iter()
        .filter(is_old)
        .map(|file| file.path)
        .collect();
    if old.is_empty() {
        return Ok(expired);
    }
    verify::each_record(store, |record| {
        old.remove(&record.evidence.path);
    })
    .await?;
    for path in old {
        folder.remove(&path).map_err(EvidenceError::io(folder.path()))?;
        expired.left_behind += 1;
    }
    Ok(expired)
}

fn is_before(written: SystemTime, before: Timestamp) -> bool {
    let before = u64::try_from(before.0).unwrap_or(0);
    written < SystemTime::UNIX_EPOCH + Duration::from_micros(before)
}
