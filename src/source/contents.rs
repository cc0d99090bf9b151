//! What is in a file: for messages that say what was found.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{SourceError, SourceErrorKind};
use crate::picture::Mp4Boxes;

/// Checks that there is a file with something in it that may be read.
pub(super) fn check_file(path: &Path) -> Result<(), SourceError> {
    let fault = |kind, detail: String| Err(SourceError::new(kind, &path.to_string_lossy(), detail));
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) => return Err(io_error(path, &error)),
    };
    if found.is_dir() {
        return fault(
            SourceErrorKind::Unreadable,
            "this is a folder, a video file was expected; a folder of pictures is configured as `source.images`".into(),
        );
    }
    if !found.is_file() {
        return fault(
            SourceErrorKind::Unreadable,
            "this is a device or pipe, a video file was expected; a camera is configured as `source.v4l2`".into(),
        );
    }
    if found.len() == 0 {
        return fault(SourceErrorKind::Unreadable, "the file is empty, a video file was expected".into());
    }
    File::open(path).map(drop).map_err(|error| io_error(path, &error))
}

/// An error of the operating system, in words.
pub(super) fn io_error(path: &Path, error: &io::Error) -> SourceError {
    let (kind, detail) = match error.kind() {
        io::ErrorKind::NotFound => (SourceErrorKind::NotFound, "nothing is there; check the path".to_owned()),
        io::ErrorKind::PermissionDenied => {
            (SourceErrorKind::Unreadable, "permission denied; let this user read it".to_owned())
        }
        _ => (SourceErrorKind::Unreadable, error.to_string()),
    };
    SourceError::new(kind, &path.to_string_lossy(), detail)
}

/// Why FFmpeg gives no frames of a file that can be read.
pub(super) fn undecodable(path: &Path) -> SourceError {
    let detail = match describe(path) {
        Ok(detail) => detail,
        Err(error) => return io_error(path, &error),
    };
    SourceError::new(SourceErrorKind::Format, &path.to_string_lossy(), detail)
}

fn describe(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    (&mut file).take(4096).read_to_end(&mut head)?;
    let Some(container) = container(&head) else {
        let found = if is_text(&head) { "text" } else { "no video container that is known" };
        return Ok(format!(
            "found {found}, expected a video file (AVI, MP4, MKV, MPEG-TS, …); `ffprobe FILE` shows what it is"
        ));
    };
    if container == "MP4/MOV" && !Mp4Boxes::read(&mut file)?.has_index {
        return Ok("an MP4 file without its index (`moov`): the recording was cut off before it was finished; \
             recover it or record anew"
            .to_owned());
    }
    Ok(format!(
        "found {container}, but no picture in it can be decoded: no video stream, an unknown codec, or a damaged file; \
         `ffprobe FILE` shows its streams, `ffmpeg -i IN -c:v libx264 OUT.mp4` converts it where FFmpeg can read it"
    ))
}

/// The container by its first bytes.
fn container(head: &[u8]) -> Option<&'static str> {
    let at = |start: usize, magic: &[u8]| head.get(start..start + magic.len()) == Some(magic);
    if at(0, b"RIFF") && at(8, b"AVI ") {
        Some("AVI")
    } else if at(4, b"ftyp") || at(4, b"moov") || at(4, b"mdat") {
        Some("MP4/MOV")
    } else if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
        Some("MKV/WebM")
    } else if at(0, &[0x47]) && at(188, &[0x47]) && at(376, &[0x47]) {
        Some("MPEG-TS")
    } else if at(0, &[0, 0, 1, 0xba]) {
        Some("MPEG-PS")
    } else if at(0, b"FLV") {
        Some("FLV")
    } else if at(0, b"OggS") {
        Some("Ogg")
    } else if at(0, &[0x30, 0x26, 0xb2, 0x75]) {
        Some("ASF/WMV")
    } else if at(0, &[0xff, 0xd8, 0xff]) {
        Some("a JPEG picture")
    } else if at(0, b"\x89PNG") {
        Some("a PNG picture")
    } else {
        None
    }
}

fn is_text(head: &[u8]) -> bool {
    let complete = match std::str::from_utf8(head) {
        Ok(_) => true,
        // A character cut in two by the end of the sample.
        Err(error) => error.error_len().is_none(),
    };
    complete && !head.iter().any(|byte| *byte < 0x20 && !b"\t\n\r\x0c".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_video_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let told = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            let error = check_file(&path).err().unwrap_or_else(|| undecodable(&path));
            (error.kind(), error.detail().to_owned())
        };
        let (kind, detail) = told("empty.avi", b"");
        assert_eq!((kind, detail.starts_with("the file is empty")), (SourceErrorKind::Unreadable, true));
        let (kind, detail) = told("notes.mp4", "a text: 外滩".as_bytes());
        assert_eq!((kind, detail.starts_with("found text")), (SourceErrorKind::Format, true));
        let (_, detail) = told("noise.mp4", &[1, 2, 3, 250, 251]);
        assert!(detail.starts_with("found no video container"), "{detail}");
        let (_, detail) = told("cut.mp4", b"\0\0\0\x10ftypisom\0\0\0\0\0\x01\0\0mdat1234");
        assert!(detail.contains("without its index"), "{detail}");
        let (_, detail) = told("other.mp4", b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08moov");
        assert!(detail.starts_with("found MP4/MOV, but"), "{detail}");

        let error = check_file(folder.path()).expect_err("a folder");
        assert!(error.detail().starts_with("this is a folder"), "{error}");
        let error = check_file(&folder.path().join("none.avi")).expect_err("nothing");
        assert_eq!(error.kind(), SourceErrorKind::NotFound);
    }
}
