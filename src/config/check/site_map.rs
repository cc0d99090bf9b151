//! Site maps: their pictures, and what is drawn on them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use imagesize::ImageType;

use super::found_place::{FoundPlace, find_place};
use super::place::{Scale, point_in, polygon};
use super::{Checker, Fault, FaultKind, KeyPath, defaults};
use crate::config::raw::{RawConfig, RawPoint};
use crate::config::raw_map::RawMap;
use crate::config::{FoundPicture, MapPicture, MapPlan, PictureFormat};
use crate::model::{FrameSize, MapId, NormPoint, Place, Scope};

pub(super) fn check(checker: &mut Checker<'_>, raw: &RawConfig) -> Option<Vec<MapPlan>> {
    let path = KeyPath::default().key("maps");
    let maps: Vec<Option<MapPlan>> =
        raw.maps.iter().map(|(id, map)| self::map(checker, id, map, &path.key(id), raw)).collect();
    maps.into_iter().collect()
}

fn map(checker: &mut Checker<'_>, id: &str, raw: &RawMap, path: &KeyPath, config: &RawConfig) -> Option<MapPlan> {
    let map_id = checker.id(path, MapId::new(id));
    let name = raw.name.as_deref().map_or(Some(id.to_owned()), |name| checker.text(&path.key("name"), name));
    let picture_path = path.key("picture");
    let picture = match raw.picture.as_deref() {
        Some(written) => {
            checker.path(&picture_path, written).map(|file| picture(checker, &picture_path, written, file))
        }
        None => {
            checker.missing(&picture_path, "a picture of the place from above, such as picture = \"riverside.png\"");
            None
        }
    };
    let width_m = checker.optional_number(&path.key("width_m"), raw.width_m, defaults::MAP_WIDTH_M);
    let zones_path = path.key("zones");
    if raw.zones.is_empty() {
        checker.missing(&zones_path, "the outline of a zone at least, \"CAMERA/ZONE\" = [[x, y], [x, y], [x, y], …]");
    }
    let zones = on_map(checker, &raw.zones, &zones_path, (Scope::Zone, config), |checker, path, corners| {
        polygon(checker, path, corners, Scale::Normalized)
    });
    let lines = on_map(checker, &raw.lines, &path.key("lines"), (Scope::Line, config), ends);
    let cameras = on_map(checker, &raw.cameras, &path.key("cameras"), (Scope::Camera, config), |checker, path, at| {
        point_in(checker, path, at, Scale::Normalized)
    });
    Some(MapPlan {
        id: map_id?,
        name: name?,
        picture: picture?,
        width_m: width_m?,
        zones: zones?,
        lines: lines?,
        cameras: cameras?,
    })
}

/// Places of one kind with where they are on the map.
fn on_map<R, T>(
    checker: &mut Checker<'_>,
    written: &BTreeMap<String, R>,
    path: &KeyPath,
    (scope, config): (Scope, &RawConfig),
    mut shape: impl FnMut(&mut Checker<'_>, &KeyPath, &R) -> Option<T>,
) -> Option<Vec<(Place, T)>> {
    let each = written.iter().map(|(name, raw)| {
        let path = path.key(name);
        let found = find_place(checker, scope, name, &path, config);
        let shape = shape(checker, &path, raw);
        Some((found.as_ref().and_then(FoundPlace::place)?, shape?))
    });
    // All of them are looked at, so that all faults are told.
    each.collect::<Vec<_>>().into_iter().collect()
}

fn ends(checker: &mut Checker<'_>, path: &KeyPath, raw: &Vec<RawPoint>) -> Option<[NormPoint; 2]> {
    let [a, b] = raw.as_slice() else {
        let found = if raw.len() == 1 { "1 point".to_owned() } else { format!("{} points", raw.len()) };
        checker.note(path, Fault::new(FaultKind::WrongLength, found, "two: the line's ends [[x, y], [x, y]]"));
        return None;
    };
    let mut end = |index, point| point_in(checker, &path.index(index), point, Scale::Normalized);
    let (a, b) = (end(0, a), end(1, b));
    let (a, b) = (a?, b?);
    if a == b {
        let fault = Fault::new(FaultKind::LineWithoutLength, "the same point as the other end", "another point");
        checker.note(&path.index(1), fault);
        return None;
    }
    Some([a, b])
}

fn picture(checker: &mut Checker<'_>, path: &KeyPath, written: &str, file: PathBuf) -> MapPicture {
    let found = look_at(&file).map_err(|why| {
        let Unfit { kind, found, expected } = why;
        let fault = Fault::new(kind, format!("{written:?}, {found}"), expected);
        let is_elsewhere = kind == FaultKind::PictureUnreadable;
        checker
            .at(path, if is_elsewhere { fault.help(format!("It was looked for at {}", file.display())) } else { fault })
    });
    if let Err(fault) = &found {
        checker.unfit_pictures.push(fault.clone());
    }
    MapPicture { path: file, found }
}

/// Why a file can't be a map's picture.
struct Unfit {
    kind: FaultKind,
    found: String,
    expected: String,
}

fn look_at(file: &Path) -> Result<FoundPicture, Unfit> {
    let unreadable = |found: String| Unfit {
        kind: FaultKind::PictureUnreadable,
        found,
        expected: "a PNG or JPEG file that can be read".to_owned(),
    };
    let metadata = fs::metadata(file).map_err(|error| unreadable(format!("which can't be read: {error}")))?;
    if !metadata.is_file() {
        return Err(unreadable("which is no file".to_owned()));
    }
    let too_large = |found: String| Unfit {
        kind: FaultKind::PictureTooLarge,
        found,
        expected: format!(
            "at most {} MB and {} pixels a side: every viewer's browser loads it",
            defaults::MAP_PICTURE_MOST_BYTES / 1_000_000,
            defaults::MAP_PICTURE_MOST_PX
        ),
    };
    if metadata.len() > defaults::MAP_PICTURE_MOST_BYTES {
        return Err(too_large(format!("which has {:.1} MB", metadata.len() as f64 / 1e6)));
    }
    let opened = File::open(file).map_err(|error| unreadable(format!("which can't be read: {error}")))?;
    let mut bytes = Vec::new();
    let read = BufReader::new(opened.take(defaults::MAP_PICTURE_MOST_BYTES)).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(format!("which can't be read: {error}")))?;
    let other = |found: &str| Unfit {
        kind: FaultKind::NotAPicture,
        found: found.to_owned(),
        expected: "a PNG or JPEG file (an SVG may hold scripts: export it as PNG)".to_owned(),
    };
    let format = match imagesize::image_type(&bytes) {
        Ok(ImageType::Png) => PictureFormat::Png,
        Ok(ImageType::Jpeg) => PictureFormat::Jpeg,
        _ => return Err(other("which has another format")),
    };
    let size = imagesize::blob_size(&bytes).map_err(|_| other("which breaks off"))?;
    let most = defaults::MAP_PICTURE_MOST_PX as usize;
    if size.width > most || size.height > most {
        return Err(too_large(format!("which is {}x{} pixels", size.width, size.height)));
    }
    let (Ok(width_px @ 1..), Ok(height_px @ 1..)) = (u32::try_from(size.width), u32::try_from(size.height)) else {
        return Err(other("which has no pixels"));
    };
    Ok(FoundPicture { format, size: FrameSize { width_px, height_px } })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of a PNG file of that size: what says how large it is.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn a_picture_is_known_by_its_bytes_and_has_a_greatest_size() {
        let folder = tempfile::tempdir().unwrap();
        let look = |bytes: &[u8]| {
            let path = folder.path().join("map.jpg");
            fs::write(&path, bytes).unwrap();
            look_at(&path).map_err(|unfit| (unfit.kind, unfit.found))
        };
        let size = FrameSize { width_px: 640, height_px: 480 };
        assert_eq!(look(&png(640, 480)), Ok(FoundPicture { format: PictureFormat::Png, size }));
        let wide = look(&png(20_000, 10)).unwrap_err();
        assert_eq!(wide, (FaultKind::PictureTooLarge, "which is 20000x10 pixels".to_owned()));
        let mut heavy = png(640, 480);
        heavy.resize(defaults::MAP_PICTURE_MOST_BYTES as usize + 1, 0);
        assert_eq!(look(&heavy).unwrap_err().0, FaultKind::PictureTooLarge);
        for bytes in
            [&b""[..], b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", &png(640, 480)[..16], &png(0, 9)]
        {
            assert_eq!(look(bytes).unwrap_err().0, FaultKind::NotAPicture, "{bytes:?}");
        }
        assert_eq!(look_at(folder.path()).map_err(|unfit| unfit.kind), Err(FaultKind::PictureUnreadable));
    }
}
