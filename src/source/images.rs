//! A folder of pictures.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use opencv::core::{MatTraitConst, Vector};
use opencv::imgcodecs;

use super::{Grabbed, Source, SourceError, SourceErrorKind, SourceTotals, contents};
use crate::picture::Picture;

const ENDINGS: [&str; 4] = ["jpg", "jpeg", "png", "bmp"];

/// The pictures of a folder in the natural order of their names (`9.jpg` before `10.jpg`). A picture's number is its
/// place among them, readable or not, so that number over rate is its time.
#[derive(Debug)]
pub(super) struct ImageFolder {
    pictures: Vec<PathBuf>,
    next: usize,
}

impl ImageFolder {
    pub(super) fn open(folder: &Path) -> Result<Self, SourceError> {
        let entries = std::fs::read_dir(folder).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotADirectory => SourceError::new(
                SourceErrorKind::Unreadable,
                &folder.to_string_lossy(),
                "this is a file, a folder of pictures was expected; a video file is configured as `source.file`",
            ),
            _ => contents::io_error(folder, &error),
        })?;
        let mut pictures = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| contents::io_error(folder, &error))?.path();
            if is_picture_name(&path) && path.is_file() {
                pictures.push(path);
            }
        }
        if pictures.is_empty() {
            return Err(SourceError::new(
                SourceErrorKind::Format,
                &folder.to_string_lossy(),
                format!(
                    "no picture in this folder; expected files ending in {}",
                    ENDINGS.map(|e| format!(".{e}")).join(", ")
                ),
            ));
        }
        pictures.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
        Ok(Self { pictures, next: 0 })
    }
}

impl Source for ImageFolder {
    fn grab(&mut self) -> Result<Grabbed, SourceError> {
        if self.next == self.pictures.len() {
            return Ok(Grabbed::End);
        }
        self.next += 1;
        Ok(Grabbed::Frame { seq: self.next as u64 - 1 })
    }

    fn retrieve(&mut self) -> Result<Picture, SourceError> {
        let Some(path) = self.next.checked_sub(1).and_then(|index| self.pictures.get(index)) else {
            return Err(SourceError::new(SourceErrorKind::Decode, "picture folder", "no picture was grabbed"));
        };
        let fault = |detail: &str| SourceError::new(SourceErrorKind::Decode, &path.to_string_lossy(), detail);
        let bytes = std::fs::read(path).map_err(|error| fault(&error.to_string()))?;
        if is_cut_jpeg(&bytes) {
            return Err(fault("the JPEG picture is cut off"));
        }
        let mat = imgcodecs::imdecode(&Vector::<u8>::from_slice(&bytes), imgcodecs::IMREAD_COLOR)
            .map_err(|error| fault(&error.message))?;
        if mat.empty() {
            return Err(fault("no picture in a format that is known"));
        }
        Picture::from_mat(mat).map_err(|error| fault(&error.to_string()))
    }

    fn skip_to(&mut self, seq: u64) {
        self.next = usize::try_from(seq).unwrap_or(usize::MAX).min(self.pictures.len());
    }

    fn totals(&self) -> SourceTotals {
        let expected = Some(self.pictures.len() as u64);
        SourceTotals { frames: self.next as u64, expected, ..SourceTotals::default() }
    }
}

/// The JPEG decoder fills what is missing with grey and calls it a picture.
fn is_cut_jpeg(bytes: &[u8]) -> bool {
    const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
    bytes.starts_with(&[0xff, 0xd8]) && !bytes.windows(2).rev().any(|pair| pair == END_OF_IMAGE)
}

fn is_picture_name(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Runs of digits are compared as numbers, everything else by character.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (digits_left, digits_right) = (leading_digits(left), leading_digits(right));
        if !digits_left.is_empty() && !digits_right.is_empty() {
            let (x, y) = (digits_left.trim_start_matches('0'), digits_right.trim_start_matches('0'));
            match x.len().cmp(&y.len()).then_with(|| x.cmp(y)) {
                Ordering::Equal => {}
                order => return order,
            }
            left = &left[digits_left.len()..];
            right = &right[digits_right.len()..];
            continue;
        }
        let (mut rest_left, mut rest_right) = (left.chars(), right.chars());
        match (rest_left.next(), rest_right.next()) {
            // Names that differ only in leading zeros.
            (None, None) => return a.cmp(b),
            (x, y) if x != y => return x.cmp(&y),
            _ => (left, right) = (rest_left.as_str(), rest_right.as_str()),
        }
    }
}

fn leading_digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_natural_order() {
        let mut names = ["f10.jpg", "f9.jpg", "f2a.jpg", "f002.jpg", "e.jpg", "f2.jpg", "f99999999999999999999999.jpg"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(
            names,
            ["e.jpg", "f002.jpg", "f2.jpg", "f2a.jpg", "f9.jpg", "f10.jpg", "f99999999999999999999999.jpg"]
        );
    }
}
