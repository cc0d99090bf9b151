//! Records of evidence: files, their checksums, and a chain of hashes over all records, so that none can be changed,
//! taken out or put in without being seen.

use sha2::{Digest as _, Sha256};

use super::sql::{Row, values};
use super::{Store, StoreError};
use crate::model::Timestamp;

/// A file of evidence to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvidence {
    /// The alert's id.
    pub alert: String,
    /// What time it is of.
    pub at: Timestamp,
    /// What it is: `picture`, `clip`, `samples`, `rule` …
    pub kind: String,
    /// Where the file is, from the evidence folder on, with `/`.
    pub path: String,
    /// The file's SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A file of evidence on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRow {
    /// Its number, rising.
    pub id: i64,
    /// The file.
    pub evidence: NewEvidence,
    /// `hash` of the record before it; empty for the first.
    pub previous: String,
    /// SHA-256 over `previous` and everything of the file's record, in hexadecimal.
    pub hash: String,
}

impl EvidenceRow {
    /// What `hash` must be: SHA-256 of the fields `previous`, alert, time in microseconds, kind, path and sha256, each
    /// followed by a newline.
    #[must_use]
    pub fn expected_hash(&self) -> String {
        chain_hash(&self.previous, &self.evidence)
    }
}

fn chain_hash(previous: &str, new: &NewEvidence) -> String {
    let at = new.at.0.to_string();
    let mut hash = Sha256::new();
    for field in [previous, &new.alert, &at, &new.kind, &new.path, &new.sha256] {
        hash.update(field.as_bytes());
        hash.update(b"\n");
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, alert, at_us, kind, path, sha256, previous, hash FROM evidence ", $rest)
    };
}

fn evidence(row: &Row) -> Result<EvidenceRow, sqlx::Error> {
    let (alert, at, kind) = (row.get(1)?, Timestamp(row.get(2)?), row.get(3)?);
    let new = NewEvidence { alert, at, kind, path: row.get(4)?, sha256: row.get(5)? };
    Ok(EvidenceRow { id: row.get(0)?, evidence: new, previous: row.get(6)?, hash: row.get(7)? })
}

impl Store {
    /// Puts a file on record, behind the newest one. One that is on record already, with the same alert, path and
    /// checksum, is given back as it is.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn record_evidence(&self, new: &NewEvidence) -> Result<EvidenceRow, StoreError> {
        let mut writing = self.database().write().await?;
        if self.database().is_postgres() {
            // Two programs would both go on from the same record.
            writing.execute("LOCK TABLE evidence IN SHARE ROW EXCLUSIVE MODE", &[]).await?;
        }
        let same = select!("WHERE alert = $1 AND path = $2 AND sha256 = $3 ORDER BY id LIMIT 1");
        if let Some(row) = writing.read_first(same, values![&new.alert, &new.path, &new.sha256], evidence).await? {
            writing.commit().await?;
            return Ok(row);
        }
        let newest = writing.read_first(select!("ORDER BY id DESC LIMIT 1"), &[], evidence).await?;
        let previous = newest.map(|row| row.hash).unwrap_or_default();
        let hash = chain_hash(&previous, new);
        let sql = "INSERT INTO evidence (alert, at_us, kind, path, sha256, previous, hash) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
        let values = values![&new.alert, new.at.0, &new.kind, &new.path, &new.sha256, &previous, &hash];
        let id = writing.read_first(sql, values, |row| row.get(0)).await?;
        writing.commit().await?;
        let id = id.ok_or_else(|| self.database().failed(&sqlx::Error::RowNotFound))?;
        Ok(EvidenceRow { id, evidence: new.clone(), previous, hash })
    }

    /// An alert's evidence, in the order of recording.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn evidence(&self, alert: &str) -> Result<Vec<EvidenceRow>, StoreError> {
        self.database().read(select!("WHERE alert = $1 ORDER BY id"), values![alert], evidence).await
    }

    /// The chain behind this record (0: from its beginning), `most` records at most.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn evidence_chain(&self, behind: i64, most: u32) -> Result<Vec<EvidenceRow>, StoreError> {
        let sql = select!("WHERE id > $1 ORDER BY id LIMIT $2");
        self.database().read(sql, values![behind, i64::from(most)], evidence).await
    }

    /// Takes the oldest records off the chain, as long as they are of before `before`, `most` at most, and gives them
    /// back, so that their files can be removed. The newest record always stays: the next one goes on from it.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn expire_evidence(&self, before: Timestamp, most: u32) -> Result<Vec<EvidenceRow>, StoreError> {
        let mut writing = self.database().write().await?;
        let oldest = select!("WHERE id < (SELECT MAX(id) FROM evidence) ORDER BY id LIMIT $1");
        let mut oldest = writing.read(oldest, values![i64::from(most)], evidence).await?;
        let expired = oldest.iter().take_while(|row| row.evidence.at < before).count();
        oldest.truncate(expired);
        if let Some(last) = oldest.last() {
            writing.execute("DELETE FROM evidence WHERE id <= $1", values![last.id]).await?;
        }
        writing.commit().await?;
        Ok(oldest)
    }
}
