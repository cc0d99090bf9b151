//! The outermost boxes of an MP4 file: enough to tell a whole one from one that was cut off.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

/// What the boxes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mp4Boxes {
    /// There is an index (`moov`); without it nothing can be played.
    pub has_index: bool,
    /// The last box ends where the file does.
    pub ends_well: bool,
}

impl Mp4Boxes {
    /// Reads the boxes' heads.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn read(file: &mut File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let (mut at, mut has_index) = (0_u64, false);
        while at + 8 <= length {
            file.seek(SeekFrom::Start(at))?;
            let mut head = [0_u8; 16];
            let wanted = if at + 16 <= length { 16 } else { 8 };
            file.read_exact(&mut head[..wanted])?;
            let [s0, s1, s2, s3, name @ .., l0, l1, l2, l3, l4, l5, l6, l7] = head;
            has_index |= &name == b"moov";
            let size = match u32::from_be_bytes([s0, s1, s2, s3]) {
                // To the end of the file.
                0 => length - at,
                1 => u64::from_be_bytes([l0, l1, l2, l3, l4, l5, l6, l7]),
                size => u64::from(size),
            };
            if size < 8 {
                return Ok(Self { has_index, ends_well: false });
            }
            at = at.saturating_add(size);
        }
        Ok(Self { has_index, ends_well: at == length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(bytes: &[u8]) -> (bool, bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        std::fs::write(&path, bytes).unwrap();
        let Mp4Boxes { has_index, ends_well } = Mp4Boxes::read(&mut File::open(path).unwrap()).unwrap();
        (has_index, ends_well)
    }

    #[test]
    fn what_was_cut_off_shows() {
        assert_eq!(boxes(b"\0\0\0\x0cftypisom\0\0\0\x0cmdat1234\0\0\0\x08moov"), (true, true));
        assert_eq!(boxes(b"\0\0\0\x0cftypisom\0\0\0\x08moov\0\0\0\x0cmdat12"), (true, false));
        assert_eq!(boxes(b"\0\0\0\x0cftypisom\0\0\0\x01mdat\0\0\0\0\0\0\0\x12ab\0\0\0\x08moov"), (true, true));
        assert_eq!(boxes(b"\0\0\0\x0cftypisom\0\0\0\0mdatabcdefgh"), (false, true));
        assert_eq!(boxes(b"\0\0\0\x03ftyp"), (false, false));
        assert_eq!(boxes(b""), (false, true));
    }
}
