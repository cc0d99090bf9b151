//! The service's alert transitions as JSON lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::model::AlertEvent;
use crate::rules::wire;

/// Lines that may wait for a disk that is full or gone: some thousands of transitions.
const MOST_UNWRITTEN_BYTES: usize = 1 << 20;

/// A file that alert transitions are appended to. Each transition is flushed to the disk before the next frame is looked
/// at: alerts are rare, and none may be lost. What a full disk does not take waits, and is written with the next one.
#[derive(Debug)]
pub struct AlertLog {
    file: File,
    /// What has not been written yet, from the middle of a line where the disk filled up there.
    unwritten: Vec<u8>,
}

impl AlertLog {
    /// Opens the file for appending; makes it, and its folder, where there is none. A last line that a crash cut short
    /// is closed, so that the next one stands by itself.
    ///
    /// # Errors
    /// Where the file can't be opened for writing.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| {
                io::Error::new(error.kind(), format!("its folder {} can't be made: {error}", folder.display()))
            })?;
        }
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        if file.seek(SeekFrom::End(0))? > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
            }
        }
        Ok(Self { file, unwritten: Vec::new() })
    }

    /// Appends one transition, after those that could not be written before.
    ///
    /// # Errors
    /// Where the disk is full or gone: the transition waits for the next call, unless too many wait already.
    pub fn append(&mut self, event: &AlertEvent) -> io::Result<()> {
        let line = wire::to_json_line(event)? + "\n";
        if self.unwritten.len() + line.len() > MOST_UNWRITTEN_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "too many alerts wait to be written; this one is lost",
            ));
        }
        self.unwritten.extend_from_slice(line.as_bytes());
        while !self.unwritten.is_empty() {
            match self.file.write(&self.unwritten) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.unwritten.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_short_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs").join("alerts.jsonl");
        drop(AlertLog::open(&path).unwrap());
        std::fs::write(&path, b"{\"schema\":1}\n{\"sche").unwrap();
        drop(AlertLog::open(&path).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"{\"schema\":1}\n{\"sche\n");
        drop(AlertLog::open(&path).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"{\"schema\":1}\n{\"sche\n");
    }
}
