//! Zones, lines, and where people can walk.

use std::collections::BTreeMap;

use super::{Checker, Fault, FaultKind, KeyPath, Number, Range, crowds, defaults};
use crate::calibration::GroundPlane;
use crate::config::raw::{ById, RawDirection, RawLine, RawPoint, RawWalkable, RawZone};
use crate::config::suggest::nearest;
use crate::config::{
    CalibrationPlan, LinePlan, WalkablePlan, ZonePlan, point_on_ground, polygon_on_ground, walkable_on_ground,
    zone_on_ground,
};
use crate::geometry::{GroundArea, GroundAreaFault, PolygonFault, polygon_fault};
use crate::model::{
    ClassSet, Direction, FrameSize, GroundPoint, LineId, NormPoint, ObjectClass, PixelPoint, ZoneId, ZoneUse,
};

/// A frame size as the camera gives it: not at all, wrong (and noted), or right.
pub(super) type CameraFrameSize = Option<Option<(u32, u32)>>;

/// What a camera gives to its zones and lines.
#[derive(Clone, Copy)]
pub(super) struct View<'c> {
    pub(super) frame_size: CameraFrameSize,
    /// Not at all, wrong (and noted), or right.
    pub(super) calibration: Option<Option<&'c CalibrationPlan>>,
    /// Where people can walk, on the ground of a calibrated camera.
    pub(super) walkable: Option<&'c GroundArea>,
}

pub(super) fn zone(
    checker: &mut Checker<'_>,
    id: &str,
    raw: &RawZone,
    path: &KeyPath,
    (view, lines): (View<'_>, &ById<RawLine>),
) -> Option<ZonePlan> {
    let zone_id = checker.id(path, ZoneId::new(id));
    let name = raw.name.as_deref().map_or(Some(id.to_owned()), |name| checker.text(&path.key("name"), name));
    let scale = scale(checker, path, raw.coords.as_deref(), raw.frame_size.as_deref(), view);
    let polygon_path = path.key("polygon");
    let polygon = match &raw.polygon {
        Some(corners) => scale.and_then(|scale| polygon(checker, &polygon_path, corners, scale)),
        None => {
            checker.missing(&polygon_path, "the zone's corners, [[x, y], [x, y], [x, y], …]");
            None
        }
    };
    let area_m2 = checker.optional_number(&path.key("area_m2"), raw.area_m2, defaults::AREA_M2);
    let uses = ZoneUse::ALL.map(|ground_use| (ground_use.as_str(), ground_use));
    let ground_use = match raw.ground_use.as_deref() {
        Some(written) => checker.word(&path.key("use"), written, &uses),
        None => Some(ZoneUse::default()),
    };
    let level_path = path.key("level_of_service_per_m2");
    let level_of_service_per_m2 = match &raw.level_of_service_per_m2 {
        Some(limits) => level_of_service(checker, &level_path, limits).map(Some),
        None => Some(None),
    };
    let direction_path = path.key("allowed_direction");
    let allowed_direction = match &raw.allowed_direction {
        Some(direction) => {
            scale.and_then(|scale| allowed_direction(checker, &direction_path, direction, scale)).map(Some)
        }
        None => Some(None),
    };
    let enclosed_by = enclosed_by(checker, &path.key("enclosed_by"), &raw.enclosed_by, lines);
    let loitering_path = path.key("loitering_s");
    let loitering_s = checker.number_or(&loitering_path, raw.loitering_s, defaults::LOITERING, defaults::LOITERING_S);
    let groups = crowds::groups(checker, &raw.groups, &path.key("groups"));
    let gathering = crowds::gathering(checker, &raw.gathering, &path.key("gathering"), groups);
    let dispersal = crowds::dispersal(checker, &raw.dispersal, &path.key("dispersal"));
    let surge = crowds::surge(checker, &raw.surge, &path.key("surge"));
    let classes = classes(checker, raw.classes.as_deref(), &path.key("classes"));
    let band_path = path.key("band_heights");
    let band_heights = checker.number_or(&band_path, raw.band_heights, defaults::BAND, defaults::BAND_HEIGHTS);
    let derived_area_m2 = polygon.as_deref().map(|polygon| derived_area_m2(checker, &polygon_path, view, polygon));
    Some(ZonePlan {
        id: zone_id?,
        name: name?,
        area_m2: area_m2?.or(derived_area_m2??),
        polygon: polygon?,
        ground_use: ground_use?,
        level_of_service_per_m2: level_of_service_per_m2?,
        // A density rule on this zone puts its own in their place.
        thresholds_per_m2: defaults::shipped_levels(ground_use?).raise_per_m2.map(Some),
        allowed_direction: allowed_direction?,
        enclosed_by: enclosed_by?,
        loitering_s: loitering_s?,
        groups: groups?,
        gathering: gathering?,
        dispersal: dispersal?,
        surge: surge?,
        classes: classes?,
        band_heights: band_heights?,
    })
}

pub(super) fn line(
    checker: &mut Checker<'_>,
    id: &str,
    raw: &RawLine,
    path: &KeyPath,
    view: View<'_>,
) -> Option<LinePlan> {
    let line_id = checker.id(path, LineId::new(id));
    let name = raw.name.as_deref().map_or(Some(id.to_owned()), |name| checker.text(&path.key("name"), name));
    let scale = scale(checker, path, raw.coords.as_deref(), raw.frame_size.as_deref(), view);
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
    let width_m = checker.optional_number(&path.key("width_m"), raw.width_m, defaults::WIDTH_M);
    let allowed = match raw.allowed.as_deref() {
        Some(written) => checker.word(&path.key("allowed"), written, &DIRECTIONS).map(Some),
        None => Some(None),
    };
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
        width_m: width_m?,
        allowed: allowed?,
        classes: classes?,
        band_heights: band_heights?,
        min_travel_heights: min_travel_heights?,
    })
}

const DIRECTIONS: [(&str, Direction); 2] =
    [(Direction::In.as_str(), Direction::In), (Direction::Out.as_str(), Direction::Out)];

pub(super) fn walkable(
    checker: &mut Checker<'_>,
    raw: &RawWalkable,
    path: &KeyPath,
    view: View<'_>,
) -> Option<WalkablePlan> {
    let scale = scale(checker, path, raw.coords.as_deref(), raw.frame_size.as_deref(), view);
    let polygon_path = path.key("polygon");
    let outline = match &raw.polygon {
        Some(corners) => scale.and_then(|scale| polygon(checker, &polygon_path, corners, scale)),
        None => {
            checker.missing(&polygon_path, "the corners of where people can walk, [[x, y], [x, y], [x, y], …]");
            None
        }
    };
    let obstacles_path = path.key("obstacles");
    let obstacles = raw.obstacles.as_deref().unwrap_or_default().iter().enumerate();
    let obstacles: Vec<Option<Vec<NormPoint>>> =
        obstacles.map(|(index, corners)| polygon(checker, &obstacles_path.index(index), corners, scale?)).collect();
    let plan = WalkablePlan { polygon: outline?, obstacles: obstacles.into_iter().collect::<Option<_>>()? };
    match view.calibration.flatten() {
        Some(calibration) => has_ground(checker, raw, path, &calibration.plane, &plan).then_some(plan),
        None => Some(plan),
    }
}

/// Notes what of the walkable area is not on the ground, or that nothing is left of it: it could cut no zone and no
/// one's room.
fn has_ground(
    checker: &mut Checker<'_>,
    raw: &RawWalkable,
    path: &KeyPath,
    plane: &GroundPlane,
    plan: &WalkablePlan,
) -> bool {
    let obstacles_path = path.key("obstacles");
    let obstacles = plan.obstacles.iter().zip(raw.obstacles.iter().flatten()).enumerate();
    let obstacles = obstacles.map(|(index, (corners, raw))| (obstacles_path.index(index), corners, raw));
    let outline = raw.polygon.iter().map(|raw| (path.key("polygon"), &plan.polygon, raw));
    let mut is_sound = true;
    for (path, corners, raw) in outline.chain(obstacles) {
        if polygon_on_ground(plane, corners).is_some() {
            continue;
        }
        let beyond = corners.iter().position(|&corner| point_on_ground(plane, corner).is_none());
        let (path, found) = match beyond.and_then(|index| Some((index, raw.get(index)?))) {
            Some((index, corner)) => (path.index(index), format!("{}, at or above the horizon", written(corner))),
            // An edge that the lens bows.
            None => (path, "an edge that reaches the horizon".to_owned()),
        };
        let fault = Fault::new(FaultKind::BeyondHorizon, found, "a place on the ground, below the horizon").help(
            "End it where people can still be told apart: `crowdflow calibrate` draws the ground's metres into the \
             picture",
        );
        checker.note(&path, fault);
        is_sound = false;
    }
    if is_sound && walkable_on_ground(plane, plan).is_none() {
        let fault = Fault::new(FaultKind::ZeroArea, "nothing but obstacles", "an outline with room between obstacles");
        checker.note(&path.key("polygon"), fault);
        is_sound = false;
    }
    is_sound
}

/// A point as it is written.
fn written(RawPoint(numbers): &RawPoint) -> String {
    let numbers: Vec<String> = numbers.iter().map(Number::to_string).collect();
    format!("[{}]", numbers.join(", "))
}

/// The densities up to which levels A to E reach, each above the one before.
fn level_of_service(checker: &mut Checker<'_>, path: &KeyPath, limits: &[Number]) -> Option<[f64; 5]> {
    let Ok(written) = <[Number; 5]>::try_from(limits.to_vec()) else {
        let expected = "five: the densities in people per m² up to which levels A, B, C, D and E reach";
        checker.note(path, Fault::new(FaultKind::WrongLength, format!("{} numbers", limits.len()), expected));
        return None;
    };
    let mut checked = [0.0; 5];
    for (index, limit) in written.into_iter().enumerate() {
        let path = path.index(index);
        let limit = checker.number(&path, limit, defaults::DENSITY_PER_M2)?;
        let before = index.checked_sub(1).map_or(0.0, |before| checked[before]);
        if limit <= before {
            let expected = format!("more than {before}, the better level's limit");
            checker.note(&path, Fault::new(FaultKind::LevelsOutOfOrder, limit, expected));
            return None;
        }
        checked[index] = limit;
    }
    Some(checked)
}

fn allowed_direction(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    raw: &RawDirection,
    scale: Scale<'_>,
) -> Option<(NormPoint, NormPoint)> {
    let mut end = |key: &str, point: &Option<RawPoint>| match point {
        Some(point) => point_in(checker, &path.key(key), point, scale),
        None => {
            checker.missing(&path.key(key), "a point [x, y]");
            None
        }
    };
    let (from, to) = (end("from", &raw.from), end("to", &raw.to));
    let (from, to) = (from?, to?);
    if from == to {
        let fault = Fault::new(FaultKind::DirectionWithoutLength, "the same point as `from`", "another point")
            .help("People are to walk from `from` towards `to`");
        checker.note(&path.key("to"), fault);
        return None;
    }
    Some((from, to))
}

/// Whether people are among what the line counts. A word that is no class is noted where it stands.
pub(super) fn counts_people(line: &RawLine) -> bool {
    let person = |class: &String| class == ObjectClass::Person.as_str();
    line.classes.as_ref().is_none_or(|classes| classes.iter().any(person))
}

fn enclosed_by(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    raw: &BTreeMap<String, String>,
    lines: &ById<RawLine>,
) -> Option<Vec<(LineId, Direction)>> {
    let mut enclosing = Vec::with_capacity(raw.len());
    let mut is_sound = true;
    for (line, inward) in raw {
        let path = path.key(line);
        if !lines.contains_key(line) {
            let known: Vec<&str> = lines.keys().map(String::as_str).collect();
            let expected = match known.as_slice() {
                [] => "a line of this camera, but it has none".to_owned(),
                known => format!("a line of this camera, one of {}", known.join(", ")),
            };
            let fault = Fault::new(FaultKind::UnknownPlace, format!("{line:?}"), expected);
            checker.note(&path, fault.meant(nearest(line, known.iter().copied())));
            is_sound = false;
        }
        if lines.get(line).is_some_and(|line| !counts_people(line)) {
            let found = format!("{line:?}, which does not count people");
            let fault = Fault::new(FaultKind::PlaceWithoutPeople, found, "a line with \"person\" among its classes")
                .help("Those who come and go over it would not be in the balance");
            checker.note(&path, fault);
            is_sound = false;
        }
        let direction = checker.word(&path, inward, &DIRECTIONS);
        // A line whose id is no id is noted where it stands.
        match (LineId::new(line), direction) {
            (Ok(line), Some(direction)) => enclosing.push((line, direction)),
            _ => is_sound = false,
        }
    }
    is_sound.then_some(enclosing)
}

/// The area in which people can stand, as it follows from the calibration; `Some(None)` where there is none, or the zone
/// reaches the horizon or so near it that its area means nothing.
fn derived_area_m2(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    view: View<'_>,
    polygon: &[NormPoint],
) -> Option<Option<f64>> {
    let Some(calibration) = view.calibration.flatten() else { return Some(None) };
    match (zone_on_ground(&calibration.plane, polygon, view.walkable), view.walkable) {
        (Ok(area), _) => Some(area.map(|area| area.area_m2())),
        (Err(GroundAreaFault::Empty), Some(_)) => {
            let found = "a zone wholly outside the camera's walkable area, or within an obstacle of it";
            let fault = Fault::new(FaultKind::OutsideWalkable, found, "a zone that has room for people to stand in")
                .help("Densities are people per walkable m²: move the zone, or draw `walkable` around it too");
            checker.note(path, fault);
            None
        }
        (Err(_), _) => Some(None),
    }
}

/// What coordinates are given in.
#[derive(Clone, Copy)]
pub(super) enum Scale<'c> {
    Normalized,
    Pixel { width_px: u32, height_px: u32 },
    Ground(&'c GroundPlane),
}

/// The words for them.
#[derive(Clone, Copy)]
enum Coords {
    Normalized,
    Pixel,
    Ground,
}

fn scale<'c>(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    coords: Option<&str>,
    own_frame_size: Option<&[Number]>,
    view: View<'c>,
) -> Option<Scale<'c>> {
    let words = [("normalized", Coords::Normalized), ("pixel", Coords::Pixel), ("ground", Coords::Ground)];
    let coords_path = path.key("coords");
    let size_path = path.key("frame_size");
    let (coords, word) = match coords {
        Some(written) => (checker.word(&coords_path, written, &words)?, written),
        None => (Coords::Normalized, "normalized"),
    };
    match (coords, own_frame_size, view.frame_size) {
        (Coords::Normalized, None, _) => Some(Scale::Normalized),
        (Coords::Normalized | Coords::Ground, Some(_), _) => {
            let expected = format!("none, as coords = {word:?}");
            let fault = Fault::new(FaultKind::FrameSizeUnused, "a frame size", expected)
                .help("Coordinates in pixels of that frame need coords = \"pixel\"");
            checker.note(&size_path, fault);
            None
        }
        (Coords::Ground, None, _) => match view.calibration {
            // Where it is wrong, that is noted there.
            Some(calibration) => calibration.map(|calibration| Scale::Ground(&calibration.plane)),
            None => {
                let expected = "\"normalized\" or \"pixel\", as the camera has no calibration";
                let fault = Fault::new(FaultKind::GroundWithoutCalibration, "\"ground\"", expected).help(
                    "[cameras.ID.calibration] tells where on the ground a pixel is; docs/calibration.md says how",
                );
                checker.note(&coords_path, fault);
                None
            }
        },
        (Coords::Pixel, Some(size), _) => {
            checker.frame_size(&size_path, size).map(|(width_px, height_px)| Scale::Pixel { width_px, height_px })
        }
        // Where it is wrong at the camera, that is noted there.
        (Coords::Pixel, None, Some(size)) => size.map(|(width_px, height_px)| Scale::Pixel { width_px, height_px }),
        (Coords::Pixel, None, None) => {
            let expected = "[width, height] of the picture that the pixels were read from";
            let fault = Fault::new(FaultKind::FrameSizeMissing, "nothing", expected)
                .help("It can be given here, or once for all zones and lines as the camera's `frame_size`");
            checker.note(&size_path, fault);
            None
        }
    }
}

/// A point in the picture, whatever it is given in.
pub(super) fn point_in(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    point: &RawPoint,
    scale: Scale<'_>,
) -> Option<NormPoint> {
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
        Scale::Ground(plane) => return ground_point_in(checker, path, point, plane),
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
        // It has gone its own way.
        Scale::Ground(_) => return None,
    };
    checker.note(path, fault);
    None
}

/// A point on the ground, `[x_m, y_m]`.
pub(super) fn ground_point(checker: &mut Checker<'_>, path: &KeyPath, point: &RawPoint) -> Option<GroundPoint> {
    let RawPoint(numbers) = point;
    let (x_m, y_m) = checker.pair(path, numbers, defaults::GROUND_M, "[x_m, y_m]")?;
    Some(GroundPoint { x_m, y_m })
}

/// Where in the picture a point on the ground is.
fn ground_point_in(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    point: &RawPoint,
    plane: &GroundPlane,
) -> Option<NormPoint> {
    let ground = ground_point(checker, path, point)?;
    let written = format!("[{}, {}]", ground.x_m, ground.y_m);
    let Some(pixel) = plane.to_pixel(ground) else {
        let fault = Fault::new(FaultKind::BehindCamera, written, "a place on the ground in front of the camera")
            .help("`crowdflow calibrate` draws the ground's axes into the picture");
        checker.note(path, fault);
        return None;
    };
    let norm = normalized(pixel, plane.frame_size());
    // A corner measured on the picture's very edge may be drawn a hair beside it.
    let inside = |share: f64| (-1e-6..=1.0 + 1e-6).contains(&share);
    if inside(norm.x) && inside(norm.y) {
        return Some(NormPoint { x: norm.x.clamp(0.0, 1.0), y: norm.y.clamp(0.0, 1.0) });
    }
    let FrameSize { width_px, height_px } = plane.frame_size();
    let found = format!("{written}, which is at pixel [{:.0}, {:.0}] of {width_px}x{height_px}", pixel.x, pixel.y);
    let fault = Fault::new(FaultKind::OutsidePicture, found, "a place on the ground that is in the picture")
        .help("`crowdflow calibrate` draws the ground's axes into the picture");
    checker.note(path, fault);
    None
}

fn normalized(pixel: PixelPoint, size: FrameSize) -> NormPoint {
    NormPoint { x: pixel.x / f64::from(size.width_px), y: pixel.y / f64::from(size.height_px) }
}

/// A ground polygon's outline in the picture, where the lens bows its edges: with corners along them, as long as that
/// makes no more than a polygon may have. One of many corners has short edges anyway.
fn bowed(corners: &[RawPoint], plane: &GroundPlane) -> Option<Vec<NormPoint>> {
    let ground = |corner: &RawPoint| match corner.0.as_slice() {
        &[x, y] => {
            Some(GroundPoint { x_m: x.within(defaults::GROUND_M).ok()?, y_m: y.within(defaults::GROUND_M).ok()? })
        }
        _ => None,
    };
    let corners: Vec<GroundPoint> = corners.iter().map(ground).collect::<Option<_>>()?;
    let pixels = plane.polygon_to_pixels(&corners)?;
    let outline = pixels.into_iter().map(|pixel| normalized(pixel, plane.frame_size())).collect::<Vec<_>>();
    (outline.len() > corners.len() && outline.len() <= defaults::CORNERS_MOST).then_some(outline)
}

pub(super) fn polygon(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    corners: &[RawPoint],
    scale: Scale<'_>,
) -> Option<Vec<NormPoint>> {
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
    let written = |index: usize| written(&corners[index]);
    let edge = |index: usize| format!("{} → {}", written(index), written((index + 1) % corners.len()));
    let fault = match polygon_fault(&plain) {
        None => {
            let outline = if let Scale::Ground(plane) = scale { bowed(corners, plane) } else { None };
            return Some(outline.unwrap_or(points));
        }
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
