//! Whether evidence is as it was written: the chain of records, and each file.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use super::EvidenceError;
use super::folder::EvidenceFolder;
use crate::store::{EvidenceRow, Store};

/// Records that are read at a time.
const PAGE: u32 = 1000;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A record's own hash is not that of what it says.
    ChangedRecord {
        /// Its number.
        record: i64,
        /// Its file.
        path: String,
    },
    /// A record does not go on from the one before it.
    BrokenChain {
        /// The number of the one before.
        before: i64,
        /// Its number.
        record: i64,
    },
    /// A file on record is not there.
    MissingFile {
        /// The record's number.
        record: i64,
        /// The file.
        path: String,
    },
    /// A file on record has other contents.
    ChangedFile {
        /// The record's number.
        record: i64,
        /// The file.
        path: String,
        /// The SHA-256 on record.
        expected: String,
        /// The SHA-256 that it has.
        found: String,
    },
    /// A file on record can't be read.
    UnreadableFile {
        /// The record's number.
        record: i64,
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A file is there that no record names.
    WithoutRecord {
        /// The file.
        path: String,
    },
    /// A file was never finished.
    Incomplete {
        /// The file.
        path: String,
    },
    /// No record has a hash that one is said to have had.
    HashNotFound {
        /// The hash.
        hash: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChangedRecord { record, path } => {
                write!(f, "record {record} ({path}): the record was changed: its hash is not that of what it says")
            }
            Self::BrokenChain { before, record } => write!(
                f,
                "record {record}: it does not go on from record {before}: a record between them was removed or put in, \
                 or record {before} was replaced"
            ),
            Self::MissingFile { record, path } => write!(f, "record {record} ({path}): the file is missing"),
            Self::ChangedFile { record, path, expected, found } => {
                write!(f, "record {record} ({path}): the file was changed: found SHA-256 {found}, expected {expected}")
            }
            Self::UnreadableFile { record, path, reason } => {
                write!(f, "record {record} ({path}): the file can't be read: {reason}")
            }
            Self::WithoutRecord { path } => write!(
                f,
                "{path}: the file is on no record: it was put there by hand, its record was removed from an end of the \
                 chain, or a crash came before its record"
            ),
            Self::Incomplete { path } => write!(f, "{path}: the file was never finished: a crash came before its end"),
            Self::HashNotFound { hash } => write!(
                f,
                "no record has the hash {hash}: the chain was written anew, its end was cut off, or retention has taken it"
            ),
        }
    }
}

/// What a check has come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// Records on the chain.
    pub records: u64,
    /// Files that were found.
    pub files: u64,
    /// The first record, where those before it were removed, as retention does: its number.
    pub begins_with: Option<i64>,
    /// The newest record's hash: kept elsewhere, it proves later that nothing up to it was changed.
    pub newest: Option<String>,
    /// All that is not as it was written.
    pub findings: Vec<Finding>,
}

/// Checks the whole chain and every file in the folder. `known_hash`: a newest hash that was noted earlier and has to be on
/// the chain still.
///
/// The service may write meanwhile.
///
/// # Errors
/// Where the store or the folder can't be read. What is wrong with the evidence is no error: see
/// [`Verification::findings`].
pub async fn verify(
    store: &Store,
    folder: &EvidenceFolder,
    known_hash: Option<&str>,
) -> Result<Verification, EvidenceError> {
    // Before the records, as each file is there before its record.
    let files = folder.files().map_err(EvidenceError::io(folder.path()))?;
    let mut done = Verification { files: files.len() as u64, ..Verification::default() };
    let mut chain = ChainCheck::default();
    let (mut on_record, mut suspects) = (BTreeSet::new(), Vec::new());
    let mut is_known = known_hash.is_none();
    each_record(store, |record| {
        done.records += 1;
        is_known |= known_hash == Some(record.hash.as_str());
        if done.newest.is_none() && !record.previous.is_empty() {
            done.begins_with = Some(record.id);
        }
        done.newest = Some(record.hash.clone());
        done.findings.extend(chain.step(&record));
        suspects.extend(file_finding(folder, &record));
        on_record.insert(record.evidence.path);
    })
    .await?;
    for (record, finding) in suspects {
        // Retention may have taken it between the two looks.
        let is_there = store.evidence_chain(record - 1, 1).await?.first().is_some_and(|row| row.id == record);
        if is_there {
            done.findings.push(finding);
        }
    }
    for file in files.into_iter().filter(|file| !on_record.contains(&file.path)) {
        // What was being written has its name by now.
        let is_gone = folder.open_file(&file.path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        if !is_gone {
            let path = file.path;
            done.findings.push(if file.incomplete {
                Finding::Incomplete { path }
            } else {
                Finding::WithoutRecord { path }
            });
        }
    }
    if let Some(hash) = known_hash.filter(|_| !is_known) {
        done.findings.push(Finding::HashNotFound { hash: hash.to_owned() });
    }
    Ok(done)
}

/// Calls with each record, in order.
pub(super) async fn each_record(store: &Store, mut with: impl FnMut(EvidenceRow)) -> Result<(), EvidenceError> {
    let mut behind = i64::MIN;
    loop {
        let page = store.evidence_chain(behind, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        behind = last.id;
        page.into_iter().for_each(&mut with);
    }
}

/// What is wrong with a record's file, with the record's number.
fn file_finding(folder: &EvidenceFolder, record: &EvidenceRow) -> Option<(i64, Finding)> {
    let (id, path) = (record.id, record.evidence.path.clone());
    let finding = match folder.sha256_of(&path) {
        Ok(found) if found == record.evidence.sha256 => return None,
        Ok(found) => Finding::ChangedFile { record: id, path, expected: record.evidence.sha256.clone(), found },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Finding::MissingFile { record: id, path },
        Err(error) => Finding::UnreadableFile { record: id, path, reason: error.to_string() },
    };
    Some((id, finding))
}

/// Goes along the chain.
#[derive(Debug, Default)]
struct ChainCheck {
    before: Option<(i64, String)>,
}

impl ChainCheck {
    fn step(&mut self, record: &EvidenceRow) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some((before, hash)) = &self.before
            && *hash != record.previous
        {
            findings.push(Finding::BrokenChain { before: *before, record: record.id });
        }
        if record.hash != record.expected_hash() {
            findings.push(Finding::ChangedRecord { record: record.id, path: record.evidence.path.clone() });
        }
        self.before = Some((record.id, record.hash.clone()));
        findings
    }
}
