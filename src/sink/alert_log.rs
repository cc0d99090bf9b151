//! The service's alert transitions as JSON lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::model::AlertEvent;
use crate::rules::wire;

/// A file that alert transitions are appended to. Each transition is one write and is flushed to the disk before the
/// next frame is looked at: alerts are rare, and none may be lost.
#[derive(Debug)]
pub struct AlertLog {
    file: File,
}

impl AlertLog {
    /// Opens the file for appending; makes it, and its folder, where there is none. A last line that a crash cut short
    /// is closed, so that the next one stands by itself.
    ///
    /// # Errors
    /// Where the file can't be opened for writing.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let unfinished = std::fs::read(path).is_ok_and(|bytes| bytes.last().is_some_and(|&byte| byte != b'\n'));
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        if unfinished {
            file.write_all(b"\n")?;
        }
        Ok(Self { file })
    }

    /// Appends one transition.
    ///
    /// # Errors
    /// Where the disk is full or gone.
    pub fn append(&mut self, event: &AlertEvent) -> io::Result<()> {
        let line = wire::to_json_line(event)? + "\n";
        self.file.write_all(line.as_bytes())?;
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
