//! The folder of evidence: `YEAR-MONTH-DAY/ALERT/NUMBER_KIND…`, the day being that on which the alert left calm (UTC), the
//! number that of the rise within the alert.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::model::{AlertId, Timestamp};
use crate::store::NewEvidence;

/// What the name of a file that is not complete begins with.
const INCOMPLETE: &str = ".incomplete";

/// A folder of evidence.
#[derive(Debug, Clone)]
pub struct EvidenceFolder {
    root: PathBuf,
}

/// Why a file on record can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceReadError {
    /// It isn't there, or can't be read.
    #[error("the file can't be read: {0}")]
    Missing(#[from] io::Error),
    /// It is another one than was put on record.
    #[error("the file is not as it was put on record")]
    Changed,
}

/// A file in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundFile {
    /// From the folder on, with `/`.
    pub path: String,
    /// It never got its name: a crash, or it is being written.
    pub incomplete: bool,
    /// When it was written last.
    pub written: Option<SystemTime>,
}

impl EvidenceFolder {
    /// The folder, which is made where there is none.
    ///
    /// # Errors
    /// Where it can't be made or written to.
    pub fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let probe = root.join(INCOMPLETE);
        File::create(&probe)?;
        fs::remove_file(&probe)?;
        Ok(Self { root: root.to_owned() })
    }

    /// The folder, to be read.
    ///
    /// # Errors
    /// Where it isn't there or can't be read.
    pub fn open_existing(root: &Path) -> io::Result<Self> {
        fs::read_dir(root)?;
        Ok(Self { root: root.to_owned() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// An alert's folder, from here on.
    fn of_alert(alert: &AlertId, since: Timestamp) -> String {
        let time = since.to_rfc3339();
        format!("{}/{alert}", time.get(..10).unwrap_or("undated"))
    }

    /// The number of an alert's next rise: after all that have files.
    pub(super) fn next_number(&self, alert: &AlertId, since: Timestamp) -> u32 {
        let Ok(entries) = fs::read_dir(self.root.join(Self::of_alert(alert, since))) else { return 1 };
        let number = |entry: fs::DirEntry| entry.file_name().to_str()?.split_once('_')?.0.parse::<u32>().ok();
        entries.flatten().filter_map(number).max().map_or(1, |most| most.saturating_add(1))
    }

    /// Writes a file of an alert: `make` is given the path to write to. It has its name only once all of it is on the
    /// disk. Its path from the folder on, and its SHA-256.
    ///
    /// # Errors
    /// As `make` has them, or where the disk is full or gone; then nothing is left. What is there is not written over.
    pub(super) fn write(
        &self,
        (alert, since): (&AlertId, Timestamp),
        name: &str,
        make: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<(String, String)> {
        let of_alert = Self::of_alert(alert, since);
        let folder = self.root.join(&of_alert);
        fs::create_dir_all(&folder)?;
        let (path, incomplete) = (folder.join(name), folder.join(format!("{INCOMPLETE}_{name}")));
        if path.exists() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is there already", path.display())));
        }
        let written = make(&incomplete).and_then(|()| {
            File::open(&incomplete)?.sync_all()?;
            let sha256 = sha256(&mut File::open(&incomplete)?)?;
            fs::rename(&incomplete, &path)?;
            // The names too: of the file, of its folder, and of the day.
            for folder in [folder.as_path(), folder.parent().unwrap_or(&self.root), &self.root] {
                File::open(folder)?.sync_all()?;
            }
            Ok(sha256)
        });
        if written.is_err() {
            let _ = fs::remove_file(&incomplete);
        }
        Ok((format!("{of_alert}/{name}"), written?))
    }

    /// The same, of bytes.
    pub(super) fn write_bytes(
        &self,
        of: (&AlertId, Timestamp),
        name: &str,
        bytes: &[u8],
    ) -> io::Result<(String, String)> {
        self.write(of, name, |path| File::create(path)?.write_all(bytes))
    }

    /// Opens a file on record. A path that leads out of the folder is none: somebody changed the record.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where there is no such file, or as the disk has it.
    pub(super) fn open_file(&self, path: &str) -> io::Result<File> {
        File::open(self.resolved(path)?)
    }

    /// All of a file on record, if it is as it was written. It is read once, so that what is checked is what is given.
    ///
    /// # Errors
    /// Where there is no such file below the folder, or it is another one by now.
    pub fn read(&self, recorded: &NewEvidence) -> Result<Vec<u8>, EvidenceReadError> {
        let path = self.resolved(&recorded.path)?.canonicalize()?;
        // A link could lead anywhere.
        if !path.starts_with(self.root.canonicalize()?) {
            return Err(EvidenceReadError::Missing(io::Error::from(io::ErrorKind::NotFound)));
        }
        let bytes = fs::read(path)?;
        if sha256(&mut bytes.as_slice())? != recorded.sha256 {
            return Err(EvidenceReadError::Changed);
        }
        Ok(bytes)
    }

    /// The SHA-256 of a file on record.
    ///
    /// # Errors
    /// As [`EvidenceFolder::open_file`].
    pub(super) fn sha256_of(&self, path: &str) -> io::Result<String> {
        sha256(&mut self.open_file(path)?)
    }

    /// Removes a file, and the folders that are empty without it. One that isn't there is no fault.
    ///
    /// # Errors
    /// As the disk has it.
    pub(super) fn remove(&self, path: &str) -> io::Result<()> {
        let file = self.resolved(path)?;
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        for folder in file.ancestors().skip(1).take_while(|folder| *folder != self.root) {
            // Not empty: the usual case.
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Every file that is there, by path.
    ///
    /// # Errors
    /// As the disk has it.
    pub(super) fn files(&self) -> io::Result<Vec<FoundFile>> {
        let mut found = Vec::new();
        self.add_files(&self.root, "", &mut found)?;
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    fn add_files(&self, folder: &Path, below: &str, found: &mut Vec<FoundFile>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            if entry.file_type()?.is_dir() {
                self.add_files(&entry.path(), &path, found)?;
            } else {
                let written = entry.metadata().and_then(|metadata| metadata.modified()).ok();
                found.push(FoundFile { path, incomplete: name.starts_with(INCOMPLETE), written });
            }
        }
        Ok(())
    }

    fn resolved(&self, path: &str) -> io::Result<PathBuf> {
        let relative = Path::new(path);
        if !path.is_empty() && relative.components().all(|part| matches!(part, Component::Normal(_))) {
            Ok(self.root.join(relative))
        } else {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("{path:?} is no path of a file in the folder")))
        }
    }
}

/// SHA-256 of all that can be read, in hexadecimal.
pub(super) fn sha256(from: &mut impl io::Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = [0; 1 << 15];
    loop {
        match from.read(&mut buffer)? {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RuleId;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = EvidenceFolder::open(&temporary.path().join("a/evidence")).unwrap();
        let since = Timestamp(1_795_489_200_000_000);
        let alert = AlertId::new(&RuleId::new("full").unwrap(), since);
        let of = (&alert, since);
        assert_eq!(folder.next_number(&alert, since), 1);
        let (path, hash) = folder.write_bytes(of, "1_rule.json", b"abc").unwrap();
        assert_eq!(path, "2026-11-24/full.1795489200000000/1_rule.json");
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(folder.sha256_of(&path).unwrap(), hash);
        assert_eq!(folder.next_number(&alert, since), 2);
        let error = folder.write_bytes(of, "1_rule.json", b"other").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        let half = folder.write(of, "2_clip.mp4", |path| {
            fs::write(path, "half")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert_eq!(half.unwrap_err().kind(), io::ErrorKind::StorageFull);
        let paths =
            |folder: &EvidenceFolder| folder.files().unwrap().into_iter().map(|file| file.path).collect::<Vec<_>>();
        assert_eq!(paths(&folder), [path.as_str()]);
        let recorded = |path: &str, sha256: &str| NewEvidence {
            alert: alert.to_string(),
            at: since,
            kind: "rule".to_owned(),
            path: path.to_owned(),
            sha256: sha256.to_owned(),
        };
        assert_eq!(folder.read(&recorded(&path, &hash)).unwrap(), b"abc");
        assert!(matches!(folder.read(&recorded(&path, "00")), Err(EvidenceReadError::Changed)));
        let secret = temporary.path().join("secret");
        fs::write(&secret, "abc").unwrap();
        std::os::unix::fs::symlink(&secret, folder.path().join("link")).unwrap();
        for outside in ["link", "../../secret"] {
            let read = folder.read(&recorded(outside, &hash));
            assert!(matches!(read, Err(EvidenceReadError::Missing(_))), "{outside}");
        }
        fs::remove_file(folder.path().join("link")).unwrap();
        for outside in ["../secret", "/etc/passwd", "", "a/../../b", "./a"] {
            assert_eq!(folder.sha256_of(outside).unwrap_err().kind(), io::ErrorKind::NotFound, "{outside}");
        }
        folder.remove(&path).unwrap();
        folder.remove(&path).unwrap();
        assert!(matches!(folder.read(&recorded(&path, &hash)), Err(EvidenceReadError::Missing(_))));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nor are there empty folders");
    }
}
