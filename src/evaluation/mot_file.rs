//! MOT Challenge files on disk.

use std::io;
use std::path::{Path, PathBuf};

use super::mot_text::{
    DetectionRow, GroundTruth, GroundTruthFormat, MotFault, TrackRow, parse_detections, parse_ground_truth,
    parse_tracks,
};

/// Why a MOT Challenge file was not read.
#[derive(Debug, thiserror::Error)]
pub enum MotFileError {
    /// The file can't be opened or read.
    #[error("{}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The file is something else.
    #[error("{}: found bytes that are not text, expected MOT Challenge rows", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A line is not what it must be.
    #[error("{}: {fault}", path.display())]
    Fault {
        /// The file.
        path: PathBuf,
        /// Where and what.
        fault: MotFault,
    },
}

/// Reads a ground-truth file; see [`parse_ground_truth`].
///
/// # Errors
/// The file can't be read, or a line is at fault.
pub fn read_ground_truth(path: &Path, format: Option<GroundTruthFormat>) -> Result<GroundTruth, MotFileError> {
    read(path, |text| parse_ground_truth(text, format))
}

/// Reads a tracks file; see [`parse_tracks`].
///
/// # Errors
/// The file can't be read, or a line is at fault.
pub fn read_tracks(path: &Path) -> Result<Vec<TrackRow>, MotFileError> {
    read(path, parse_tracks)
}

/// Reads a detections file; see [`parse_detections`].
///
/// # Errors
/// The file can't be read, or a line is at fault.
pub fn read_detections(path: &Path) -> Result<Vec<DetectionRow>, MotFileError> {
    read(path, parse_detections)
}

fn read<T>(path: &Path, parse: impl FnOnce(&str) -> Result<T, MotFault>) -> Result<T, MotFileError> {
    let text = std::fs::read_to_string(path).map_err(|reason| match reason.kind() {
        io::ErrorKind::InvalidData => MotFileError::NotText { path: path.to_owned() },
        _ => MotFileError::Read { path: path.to_owned(), reason },
    })?;
    parse(&text).map_err(|fault| MotFileError::Fault { path: path.to_owned(), fault })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tracks.txt");
        let error = read_tracks(&path).unwrap_err().to_string();
        assert!(error.starts_with(&path.display().to_string()), "{error}");
        std::fs::write(&path, "1,1,2,3,4,5,6\n1,2\n").unwrap();
        let error = read_tracks(&path).unwrap_err().to_string();
        assert_eq!(error, format!("{}: line 2: found 2 columns, expected 7 as on the lines before", path.display()));
        std::fs::write(&path, [0xff, 0xd8, 0xff]).unwrap();
        let error = read_detections(&path).unwrap_err().to_string();
        assert!(error.ends_with("not text, expected MOT Challenge rows"), "{error}");
    }
}
