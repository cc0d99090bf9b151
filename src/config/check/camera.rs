//! One camera.

use super::{Checker, Fault, FaultKind, KeyPath, Number, calibration, defaults, place, source};
use crate::config::raw::RawCamera;
use crate::config::{
    AutoInput, CameraPlan, CountingPlan, InputPlan, LinePlan, Region, SourcePlan, TrackerPlan, ZonePlan, region,
    walkable_on_ground,
};
use crate::geometry::TileGrid;
use crate::model::{CameraId, FrameSize};

pub(super) fn check(
    checker: &mut Checker<'_>,
    id: &str,
    raw: &RawCamera,
    path: &KeyPath,
    density_map_every_s: Option<f64>,
) -> Option<CameraPlan> {
    let camera_id = checker.id(path, CameraId::new(id));
    let name = raw.name.as_deref().map_or(Some(id.to_owned()), |name| checker.text(&path.key("name"), name));
    let source = source::check(checker, &raw.source, &path.key("source"));
    let analysis_fps = checker.optional_number(&path.key("analysis_fps"), raw.analysis_fps, defaults::FPS);
    let frame_interval_s = frame_interval_s(analysis_fps.flatten(), source.as_ref());
    let stale_path = path.key("stale_after_s");
    let stale_after_s = checker.number_or(&stale_path, raw.stale_after_s, defaults::BUDGET_S, defaults::STALE_AFTER_S);
    longer_than_a_frame(
        checker,
        &stale_path,
        (raw.stale_after_s, stale_after_s),
        frame_interval_s,
        "the zones would read unknown",
    );
    let tracker = tracker(checker, raw, &path.key("tracker"), frame_interval_s);
    let input_size = input_size(checker, raw, &path.key("input_size"));
    let tiles = tiles(checker, raw, &path.key("input_tiles"));
    let keep_fps = keep_fps(checker, raw, path, input_size, frame_interval_s);
    let counting = counting(checker, raw, &path.key("density_map"), density_map_every_s);

    let frame_size = raw.frame_size.as_deref().map(|size| checker.frame_size(&path.key("frame_size"), size));
    let calibration_path = path.key("calibration");
    let calibration = match &raw.calibration {
        Some(_) if raw.mobile => {
            let fault = Fault::new(FaultKind::MobileWithPlaces, "a calibration", "none, as mobile = true")
                .help("A moving camera's ground is elsewhere every moment. A fixed camera has mobile = false");
            checker.note(&calibration_path, fault);
            Some(None)
        }
        Some(calibration) => Some(calibration::check(checker, calibration, &calibration_path, frame_size)),
        None => None,
    };
    let view = place::View { frame_size, calibration: calibration.as_ref().map(Option::as_ref), walkable: None };
    let walkable = match &raw.walkable {
        Some(_) if raw.mobile => {
            let fault = Fault::new(FaultKind::MobileWithPlaces, "a walkable area", "none, as mobile = true")
                .help("A moving camera's ground is elsewhere every moment. A fixed camera has mobile = false");
            checker.note(&path.key("walkable"), fault);
            Some(None)
        }
        Some(walkable) => place::walkable(checker, walkable, &path.key("walkable"), view).map(Some),
        None => Some(None),
    };
    let on_ground = view.calibration.flatten().zip(walkable.as_ref().and_then(Option::as_ref));
    let on_ground = on_ground.and_then(|(calibration, walkable)| walkable_on_ground(&calibration.plane, walkable));
    let view = place::View { walkable: on_ground.as_ref(), ..view };
    let (zones, lines) = places(checker, raw, path, view);
    let region = region(checker, raw, path, &zones, &lines);
    Some(CameraPlan {
        id: camera_id?,
        name: name?,
        mobile: raw.mobile,
        source: source?,
        analysis_fps: analysis_fps?,
        stale_after_s: stale_after_s?,
        input: InputPlan {
            size: match input_size? {
                InputSize::Fixed(size) => size,
                InputSize::Auto => defaults::INPUT_SIZE,
            },
            region: region?,
            tiles: tiles?,
            auto: keep_fps?.map(|keep_fps| AutoInput {
                // Where there is nothing to crop to, the whole picture stays.
                chooses_region: raw.region.is_none(),
                chooses_tiles: raw.input_tiles.is_none(),
                keep_fps,
            }),
        },
        tracker: tracker?,
        counting: counting?,
        calibration: match calibration {
            Some(calibration) => Some(calibration?),
            None => None,
        },
        walkable: walkable?,
        heat_map_cell_m: None,
        zones,
        lines,
    })
}

/// Longest time between two analysed frames that the configuration itself says, in seconds.
fn frame_interval_s(analysis_fps: Option<f64>, source: Option<&SourcePlan>) -> Option<f64> {
    let source_fps = match source? {
        SourcePlan::File(file) => Some(file.fps),
        SourcePlan::Images(images) => Some(images.fps),
        SourcePlan::V4l2(device) => device.fps,
        SourcePlan::Stream(_) => None,
    };
    let slower = match (analysis_fps, source_fps) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    slower.map(|fps| 1.0 / fps)
}

fn longer_than_a_frame(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    budget: (Option<Number>, Option<f64>),
    frame_interval_s: Option<f64>,
    otherwise: &str,
) {
    let (written, budget_s) = budget;
    if let (Some(budget_s), Some(interval_s)) = (budget_s, frame_interval_s)
        && budget_s <= interval_s
    {
        let expected = format!("more than {} seconds, the time between two analysed frames", rounded(interval_s));
        let found = if written.is_some() { budget_s.to_string() } else { format!("{budget_s} (the default)") };
        let fault = Fault::new(FaultKind::ShorterThanFrameInterval, found, expected)
            .help(format!("Otherwise {otherwise} between two frames"));
        checker.note(path, fault);
    }
}

/// Three digits after the point: an interval is 1/fps and seldom a round number.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

fn tracker(
    checker: &mut Checker<'_>,
    raw: &RawCamera,
    path: &KeyPath,
    frame_interval_s: Option<f64>,
) -> Option<TrackerPlan> {
    let confirm_path = path.key("confirm_s");
    let confirm =
        checker.number_or(&confirm_path, raw.tracker.confirm_s, defaults::BUDGET_OR_NONE_S, defaults::CONFIRM_S);
    let coast =
        checker.number_or(&path.key("coast_s"), raw.tracker.coast_s, defaults::BUDGET_OR_NONE_S, defaults::COAST_S);
    let lost_path = path.key("lost_s");
    let lost = checker.number_or(&lost_path, raw.tracker.lost_s, defaults::BUDGET_S, defaults::LOST_S);
    longer_than_a_frame(checker, &lost_path, (raw.tracker.lost_s, lost), frame_interval_s, "every track would end");
    Some(TrackerPlan { confirm_s: confirm?, coast_s: coast?, lost_s: lost? })
}

/// Whether this camera's counts get a second opinion: where there is one, unless the camera says otherwise.
fn counting(
    checker: &mut Checker<'_>,
    raw: &RawCamera,
    path: &KeyPath,
    density_map_every_s: Option<f64>,
) -> Option<CountingPlan> {
    let asked_for = raw.density_map == Some(true);
    if asked_for && raw.mobile {
        let fault = Fault::new(FaultKind::MobileWithPlaces, "true", "false or nothing, as mobile = true")
            .help("A density map is a second opinion on zones, and a moving camera has none");
        checker.note(path, fault);
        return None;
    }
    if asked_for && density_map_every_s.is_none() {
        let fault = Fault::new(FaultKind::NoDensityMap, "true", "a table [inference.density_map], or false")
            .help("The table names the model: see docs/density-maps.md");
        checker.note(path, fault);
        return None;
    }
    let on = !raw.mobile && raw.density_map.unwrap_or(true);
    Some(CountingPlan { density_map_every_s: density_map_every_s.filter(|_| on), ..CountingPlan::default() })
}

/// The input's size as it is written.
#[derive(Clone, Copy)]
enum InputSize {
    Fixed(FrameSize),
    Auto,
}

fn input_size(checker: &mut Checker<'_>, raw: &RawCamera, path: &KeyPath) -> Option<InputSize> {
    match raw.input_size.as_deref() {
        None => Some(InputSize::Fixed(defaults::INPUT_SIZE)),
        Some("auto") => Some(InputSize::Auto),
        Some(written) => fixed_input_size(checker, written, path, "\"auto\", or ").map(InputSize::Fixed),
    }
}

/// A size of a network's input. `or`: what else may be written there.
pub(super) fn fixed_input_size(
    checker: &mut Checker<'_>,
    written: &str,
    path: &KeyPath,
    or: &str,
) -> Option<FrameSize> {
    let (stride, most) = (defaults::INPUT_STRIDE_PX, defaults::INPUT_MOST_PX);
    let side = |text: &str| text.parse::<u32>().ok();
    let size = written.split_once('x').and_then(|(width, height)| side(width).zip(side(height)));
    let fits = |side: u32| side.is_multiple_of(stride) && (stride..=most).contains(&side);
    if let Some((width_px, height_px)) = size
        && fits(width_px)
        && fits(height_px)
    {
        return Some(FrameSize { width_px, height_px });
    }
    let expected = format!("{or}\"WIDTHxHEIGHT\", both multiples of {stride} from {stride} to {most}");
    let mut fault = Fault::new(FaultKind::BadInputSize, format!("{written:?}"), expected);
    if let Some((width, height)) = size {
        let near = |side: u32| (side.min(most).div_ceil(stride) * stride).max(stride);
        fault = fault.help(format!("The next size that fits: \"{}x{}\"", near(width), near(height)));
    }
    checker.note(path, fault);
    None
}

fn tiles(checker: &mut Checker<'_>, raw: &RawCamera, path: &KeyPath) -> Option<TileGrid> {
    let Some(written) = raw.input_tiles.as_deref() else { return Some(TileGrid::ONE) };
    let (columns, rows) = checker.pair(path, written, defaults::TILES, "[columns, rows]")?;
    Some(TileGrid { columns: columns as u32, rows: rows as u32 })
}

/// The frame rate that a chosen input has to keep; `Some(None)` where none is chosen.
fn keep_fps(
    checker: &mut Checker<'_>,
    raw: &RawCamera,
    camera: &KeyPath,
    input_size: Option<InputSize>,
    frame_interval_s: Option<f64>,
) -> Option<Option<f64>> {
    let path = camera.key("keep_fps");
    let written = checker.optional_number(&path, raw.keep_fps, defaults::FPS)?;
    match (input_size?, written, frame_interval_s) {
        (InputSize::Auto, Some(fps), _) => Some(Some(fps)),
        (InputSize::Auto, None, Some(interval_s)) => Some(Some(1.0 / interval_s)),
        (InputSize::Auto, None, None) => {
            checker.missing(
                &path,
                "frames a second that this machine has to keep of this camera, as input_size = \"auto\" and neither \
                 analysis_fps nor its source says how many come",
            );
            None
        }
        (InputSize::Fixed(_), None, _) => Some(None),
        (InputSize::Fixed(size), Some(fps), _) => {
            let found = format!("{fps} with an input size of {}x{}", size.width_px, size.height_px);
            let fault = Fault::new(FaultKind::KeepFpsUnused, found, "no keep_fps, or input_size = \"auto\"")
                .help("keep_fps bounds the input size that is chosen. How many frames are analysed is `analysis_fps`");
            checker.note(&path, fault);
            None
        }
    }
}

fn places(
    checker: &mut Checker<'_>,
    raw: &RawCamera,
    path: &KeyPath,
    view: place::View<'_>,
) -> (Vec<ZonePlan>, Vec<LinePlan>) {
    if raw.mobile {
        for (key, count) in [("zones", raw.zones.len()), ("lines", raw.lines.len())] {
            if count > 0 {
                let found =
                    if count == 1 { format!("1 {}", key.trim_end_matches('s')) } else { format!("{count} {key}") };
                let fault = Fault::new(FaultKind::MobileWithPlaces, found, "none, as mobile = true").help(
                    "A moving camera's picture shows another place every moment, so a zone or line in it means \
                         nothing; it gives counts of the whole picture. A fixed camera has mobile = false",
                );
                checker.note(&path.key(key), fault);
            }
        }
        return (Vec::new(), Vec::new());
    }
    let zones_path = path.key("zones");
    let zones = raw
        .zones
        .iter()
        .filter_map(|(id, zone)| place::zone(checker, id, zone, &zones_path.key(id), (view, &raw.lines)))
        .collect();
    let lines_path = path.key("lines");
    let lines =
        raw.lines.iter().filter_map(|(id, line)| place::line(checker, id, line, &lines_path.key(id), view)).collect();
    (zones, lines)
}

fn region(
    checker: &mut Checker<'_>,
    raw: &RawCamera,
    path: &KeyPath,
    zones: &[ZonePlan],
    lines: &[LinePlan],
) -> Option<Region> {
    let path = path.key("region");
    let written = raw.region.as_deref().unwrap_or("whole");
    let follows_places = checker.word(&path, written, &[("whole", false), ("zones", true)])?;
    if !follows_places {
        return Some(Region::Whole);
    }
    let expected = if raw.mobile {
        "\"whole\", as mobile = true"
    } else if raw.zones.is_empty() && raw.lines.is_empty() {
        "\"whole\", or a zone or line to crop to"
    } else {
        return region::around(zones, lines);
    };
    checker.note(&path, Fault::new(FaultKind::RegionWithoutPlaces, "\"zones\"", expected));
    None
}
