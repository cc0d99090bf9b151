//! Zones and lines.

use super::{Checker, Fault, FaultKind, KeyPath, Number, Range, defaults};
use crate::config::raw::{RawLine, RawPoint, RawZone};
use crate::config::{LinePlan, ZonePlan};
use crate::geometry::{PolygonFault, polygon_fault};
use crate::model::{ClassSet, LineId, NormPoint, ObjectClass, ZoneId};

/// A frame size as the camera gives it: not at all, wrong (and noted), or right.
pub(super) type CameraFrameSize = Option<Option<(u32, u32)>>;

pub(super) fn zone(
    checker: &mut Checker<'_>,
    id: &str,
    raw: &RawZone,
    path: &KeyPath,
    camera_frame_size: CameraFrameSize,
) -> Option<ZonePlan> {
    let zone_id = checker.id(path, ZoneId::new(id));
    let name = raw.name.as_deref().map_or(Some(id.to_owned()), |name| checker.text(&path.key("name"), name));
    let scale = scale(checker, path, raw.coords.as_deref(), raw.frame_size.as_deref(), camera_frame_size);
    let polygon_path = path.key("polygon");
    let polygon = match &raw.polygon {
        Some(corners) => scale.and_then(|scale| polygon(checker, &polygon_path, corners, scale)),
        None => {
            checker.missing(&polygon_path, "the zone's corners, [[x, y], [x, y], [x, y], …]");
            None
        }
    };
    let area_m2 = checker.optional_number(&path.key("area_m2"), raw.area_m2, defaults::AREA_M2);
    let classes = classes(checker, raw.classes.as_deref(), &path.key("classes"));
    let band_path = path.key("band_heights");
    let band_heights = checker.number_or(&band_path, raw.band_heights, defaults::BAND, defaults::BAND_HEIGHTS);
    Some(ZonePlan {
        id: zone_id?,
        name: name?,
        polygon: polygon?,
        area_m2: area_m2?,
        classes: classes?,
        band_heights: band_heights?,
    })
}

pub(super) fn line(
    checker: &mut Checker<'_>,
    id: &str,
    raw: &RawLine,
    path: &KeyPath,
    camera_frame_size: CameraFrameSize,
) -> Option<LinePlan> {
    let line_id = checker.id(path, LineId::new(id));
    let name = raw.name.as_deref().map_or(Some(id.to_owned()), |name| checker.text(&path.key("name"), name));
    let scale = scale(checker, path, raw.coords.as_deref(), raw.frame_size.as_deref(), camera_frame_size);
    let mut end = |key: &str, written: &Option<RawPoint>| {
        let path = path.key(key);
        match (written, scale) {
            (Some(point), Some(scale)) => point_in(checker, &path, point, scale),
            (Some(_), None) => None,
            (None, _) => {
                checker.missing(&path, "an end of the line, [x, y]");
                None
            }
        }
    };
    let a = end("a", &raw.a);
    let b = end("b", &raw.b);
    if let (Some(a), Some(b)) = (a, b)
        && a == b
    {
        let fault = Fault::new(FaultKind::LineWithoutLength, "the same point as `a`", "another point")
            .help("The line runs from `a` to `b`, and *in* is to the left of that direction as seen in the picture");
        checker.note(&path.key("b"), fault);
    }
    let classes = classes(checker, raw.classes.as_deref(), &path.key("classes"));
    let band_path = path.key("band_heights");
    let band_heights = checker.number_or(&band_path, raw.band_heights, defaults::BAND, defaults::BAND_HEIGHTS);
    let travel_path = path.key("min_travel_heights");
    let min_travel_heights =
        checker.number_or(&travel_path, raw.min_travel_heights, defaults::TRAVEL, defaults::MIN_TRAVEL_HEIGHTS);
    Some(LinePlan {
        id: line_id?,
        name: name?,
        a: a?,
        b: b?,
        classes: classes?,
        band_heights: band_heights?,
        min_travel_heights: min_travel_heights?,
    })
}

/// What coordinates are given in.
#[derive(Clone, Copy)]
enum Scale {
    Normalized,
    Pixel { width_px: u32, height_px: u32 },
}

fn scale(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    coords: Option<&str>,
    own_frame_size: Option<&[Number]>,
    camera_frame_size: CameraFrameSize,
) -> Option<Scale> {
    let words = [("normalized", false), ("pixel", true)];
    let in_pixels = match coords {
        Some(written) => checker.word(&path.key("coords"), written, &words)?,
        None => false,
    };
    let size_path = path.key("frame_size");
    match (in_pixels, own_frame_size, camera_frame_size) {
        (false, None, _) => Some(Scale::Normalized),
        (false, Some(_), _) => {
            let fault = Fault::new(FaultKind::FrameSizeUnused, "a frame size", "none, as coords = \"normalized\"")
                .help("Coordinates in pixels of that frame need coords = \"pixel\"");
            checker.note(&size_path, fault);
            None
        }
        (true, Some(size), _) => {
            checker.frame_size(&size_path, size).map(|(width_px, height_px)| Scale::Pixel { width_px, height_px })
        }
        // Where it is wrong at the camera, that is noted there.
        (true, None, Some(size)) => size.map(|(width_px, height_px)| Scale::Pixel { width_px, height_px }),
        (true, None, None) => {
            let expected = "[width, height] of the picture that the pixels were read from";
            let fault = Fault::new(FaultKind::FrameSizeMissing, "nothing", expected)
                .help("It can be given here, or once for all zones and lines as the camera's `frame_size`");
            checker.note(&size_path, fault);
            None
        }
    }
}

/// A point in the picture, whatever it is given in.
fn point_in(checker: &mut Checker<'_>, path: &KeyPath, point: &RawPoint, scale: Scale) -> Option<NormPoint> {
    let RawPoint(numbers) = point;
    let anywhere = Range::from_to(f64::MIN, f64::MAX);
    let &[raw_x, raw_y] = numbers.as_slice() else {
        // Gives the fault about the length.
        checker.pair(path, numbers, anywhere, "[x, y]");
        return None;
    };
    let (width, height) = match scale {
        Scale::Normalized => (1.0, 1.0),
        Scale::Pixel { width_px, height_px } => (f64::from(width_px), f64::from(height_px)),
    };
    // Anything finite first, so that `nan` has its own message.
    let finite = |number: Number| number.within(anywhere).is_ok();
    if !finite(raw_x) || !finite(raw_y) {
        let fault = Fault::new(FaultKind::NotFinite, format!("[{raw_x}, {raw_y}]"), "two ordinary numbers [x, y]");
        checker.note(path, fault);
        return None;
    }
    let x = raw_x.within(Range::from_to(0.0, width));
    let y = raw_y.within(Range::from_to(0.0, height));
    if let (Ok(x), Ok(y)) = (x, y) {
        return Some(NormPoint { x: x / width, y: y / height });
    }
    let found = format!("[{raw_x}, {raw_y}]");
    let fault = match scale {
        Scale::Normalized => {
            let fault = Fault::new(FaultKind::OutsidePicture, found, "a point in the picture, x and y from 0 to 1");
            let beyond_one = [raw_x, raw_y].iter().any(|number| number.within(Range::from_to(f64::MIN, 1.0)).is_err());
            if beyond_one {
                fault.help("Pixels need coords = \"pixel\" and frame_size = [width, height]")
            } else {
                fault
            }
        }
        Scale::Pixel { width_px, height_px } => Fault::new(
            FaultKind::OutsidePicture,
            found,
            format!("a point in the picture, x from 0 to {width_px} and y from 0 to {height_px} (frame_size)"),
        ),
    };
    checker.note(path, fault);
    None
}

fn polygon(checker: &mut Checker<'_>, path: &KeyPath, corners: &[RawPoint], scale: Scale) -> Option<Vec<NormPoint>> {
    let corner_count_expected = format!("3 to {}", defaults::CORNERS_MOST);
    if corners.len() > defaults::CORNERS_MOST {
        let found = format!("{} corners", corners.len());
        checker.note(path, Fault::new(FaultKind::CornerCount, found, corner_count_expected));
        return None;
    }
    let points: Vec<Option<NormPoint>> = corners
        .iter()
        .enumerate()
        .map(|(index, corner)| point_in(checker, &path.index(index), corner, scale))
        .collect();
    let points = points.into_iter().collect::<Option<Vec<NormPoint>>>()?;
    let plain: Vec<(f64, f64)> = points.iter().map(|point| (point.x, point.y)).collect();
    let written = |index: usize| {
        let RawPoint(numbers) = &corners[index];
        let numbers: Vec<String> = numbers.iter().map(Number::to_string).collect();
        format!("[{}]", numbers.join(", "))
    };
    let edge = |index: usize| format!("{} → {}", written(index), written((index + 1) % corners.len()));
    let fault = match polygon_fault(&plain) {
        None => return Some(points),
        Some(PolygonFault::TooFewCorners { count }) => {
            let corners = if count == 1 { "1 corner".to_owned() } else { format!("{count} corners") };
            (path.clone(), Fault::new(FaultKind::CornerCount, corners, corner_count_expected))
        }
        Some(PolygonFault::RepeatedCorner { first, second }) => {
            let found = format!("{} a second time (it is also corner [{first}])", written(second));
            let fault = Fault::new(FaultKind::RepeatedCorner, found, "each corner once");
            let closes = first == 0 && second + 1 == corners.len();
            let help = "A polygon closes by itself: leave out the last corner";
            (path.index(second), if closes { fault.help(help) } else { fault })
        }
        Some(PolygonFault::ZeroArea) => {
            let found = "corners that all lie on one line";
            (path.clone(), Fault::new(FaultKind::ZeroArea, found, "a polygon with an inside"))
        }
        Some(PolygonFault::SelfCrossing { first, second }) => {
            let found = format!("edges that cross or touch: {} and {}", edge(first), edge(second));
            let fault = Fault::new(FaultKind::SelfCrossing, found, "a polygon whose edges meet at its corners only")
                .help("Give the corners in the order in which one walks around the zone");
            (path.clone(), fault)
        }
    };
    let (path, fault) = fault;
    checker.note(&path, fault);
    None
}

fn classes(checker: &mut Checker<'_>, written: Option<&[String]>, path: &KeyPath) -> Option<ClassSet> {
    let Some(written) = written else { return Some(ClassSet::PERSON) };
    let words = ObjectClass::ALL.map(|class| (class.as_str(), class));
    if written.is_empty() {
        let expected = words.map(|(word, _)| format!("{word:?}")).join(", ");
        let fault = Fault::new(FaultKind::NoClass, "an empty list", format!("at least one of {expected}"));
        checker.note(path, fault);
        return None;
    }
    let classes: Vec<Option<ObjectClass>> =
        written.iter().enumerate().map(|(index, word)| checker.word(&path.index(index), word, &words)).collect();
    classes.into_iter().collect()
}
