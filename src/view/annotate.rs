//! What is drawn on a picture.

use std::collections::BTreeMap;

use super::banner::{self, Item};
use super::heads::{head_region, whole_region};
use super::layout::{Layout, Scale};
use super::levels::ZoneLevel;
use super::{caption, palette};
use crate::config::{CameraPlan, Hide, PrivacyPlan, RulePlan};
use crate::geometry::Polygon;
use crate::model::{
    FrameReport, FrameSize, Level, LineId, NormPoint, ObjectClass, PixelBox, PixelPoint, RuleId, Track, TrackState,
    ZoneId, ZoneState,
};
use crate::picture::{Colour, Picture, PictureError, Plate};

/// Draws zones, lines, people and alerts of one camera, and hides heads.
#[derive(Debug, Clone)]
pub struct Annotator {
    camera: String,
    mobile: bool,
    /// What of people is made unrecognisable; `None`: nothing.
    hide: Option<Hide>,
    zones: Vec<Zone>,
    lines: Vec<Line>,
    /// Names of this camera's rules, as they are drawn.
    rules: BTreeMap<RuleId, String>,
}

#[derive(Debug, Clone)]
struct Zone {
    id: ZoneId,
    name: String,
    corners: Vec<NormPoint>,
}

#[derive(Debug, Clone)]
struct Line {
    id: LineId,
    name: String,
    a: NormPoint,
    b: NormPoint,
}

/// What there is to draw on a picture.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The analysis of this picture's frame.
    pub report: &'a FrameReport,
    /// How the camera's zones stand; those without rules may be missing.
    pub levels: &'a [ZoneLevel],
    /// Boxes whose heads are hidden too, though nothing else of them is drawn: detections of people that no counted
    /// track stands for, tentative and lost tracks. When in doubt, hide.
    pub also_hide: &'a [PixelBox],
}

/// Sizes in units of [`Scale`].
const LABEL_CAPITAL: f64 = 2.2;
const TRACK_CAPITAL: f64 = 1.7;
const OUTLINE: f64 = 0.35;
const LINE_STROKE: f64 = 0.55;
const ARROW_LENGTH: f64 = 7.0;
const FOOT_RADIUS: f64 = 0.5;
const GAP: f64 = 0.6;
/// Share of its box's height that a track's number may take; smaller people have none, so that text never hides them.
const TRACK_CAPITAL_SHARE: f64 = 0.2;

impl Annotator {
    /// Draws for this camera, whose rules are among these.
    #[must_use]
    pub fn new(camera: &CameraPlan, rules: &[RulePlan], privacy: &PrivacyPlan) -> Self {
        // A moving camera has no zones and no lines, whatever its plan says: see `flow::CameraFlow`.
        let (zones, lines) = if camera.mobile { (&[][..], &[][..]) } else { (&camera.zones[..], &camera.lines[..]) };
        let rule = |rule: &RulePlan| (rule.id.clone(), caption::drawable(&rule.name, rule.id.as_str()).to_owned());
        Self {
            rules: rules.iter().filter(|rule| rule.camera() == Some(&camera.id)).map(rule).collect(),
            camera: caption::drawable(&camera.name, camera.id.as_str()).to_owned(),
            mobile: camera.mobile,
            hide: privacy.blur_heads.then_some(Hide::Heads),
            zones: zones
                .iter()
                .map(|zone| Zone {
                    id: zone.id.clone(),
                    name: caption::drawable(&zone.name, zone.id.as_str()).to_owned(),
                    corners: zone.polygon.clone(),
                })
                .collect(),
            lines: lines
                .iter()
                .map(|line| Line {
                    id: line.id.clone(),
                    name: caption::drawable(&line.name, line.id.as_str()).to_owned(),
                    a: line.a,
                    b: line.b,
                })
                .collect(),
        }
    }

    /// The same, with this much of people hidden whatever the privacy plan says.
    #[must_use]
    pub fn hiding(self, hide: Hide) -> Self {
        Self { hide: Some(hide), ..self }
    }

    /// The camera's name as it is drawn.
    pub(super) fn camera(&self) -> &str {
        &self.camera
    }

    /// Draws on the picture of the report's frame, first of all hiding people. The picture may be smaller or larger
    /// than the frame that was analysed.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`]. The picture is then not fit to be seen: faces may still be in it.
    pub fn draw(&self, picture: &mut Picture, scene: &Scene<'_>) -> Result<(), PictureError> {
        let size = picture.size();
        let scale = Scale::of(size);
        let to_picture = Enlargement::between(scene.report.frame.as_ref().map_or(size, |frame| frame.size), size);
        self.hide_people(picture, scene, to_picture)?;
        for zone in &self.zones {
            self.draw_zone(picture, scale, zone, scene)?;
        }
        for line in &self.lines {
            let crossed = scene.report.crossings.iter().any(|crossing| crossing.line == line.id);
            line.draw(picture, scale, crossed)?;
        }
        for track in &scene.report.tracks {
            draw_track(picture, scale, track, &to_picture.bbox(&track.bbox))?;
        }
        self.draw_texts(picture, scale, scene)?;
        banner::draw(picture, scale, self.alerts(&scene.report.zones, scene.levels))
    }

    /// Hides people and draws nothing: the ground is seen, as whoever measures it needs it.
    ///
    /// # Errors
    /// As of [`Self::draw`].
    pub fn only_hide(&self, picture: &mut Picture, scene: &Scene<'_>) -> Result<(), PictureError> {
        let size = picture.size();
        let to_picture = Enlargement::between(scene.report.frame.as_ref().map_or(size, |frame| frame.size), size);
        self.hide_people(picture, scene, to_picture)
    }

    fn hide_people(&self, picture: &mut Picture, scene: &Scene<'_>, to: Enlargement) -> Result<(), PictureError> {
        let region = match self.hide {
            None => return Ok(()),
            Some(Hide::Heads) => head_region,
            Some(Hide::People) => whole_region,
        };
        let people = scene.report.tracks.iter().filter(|track| track.class == ObjectClass::Person);
        for bbox in people.map(|track| &track.bbox).chain(scene.also_hide) {
            picture.blur(&to.bbox(&region(bbox)))?;
        }
        Ok(())
    }

    fn draw_zone(
        &self,
        picture: &mut Picture,
        scale: Scale,
        zone: &Zone,
        scene: &Scene<'_>,
    ) -> Result<(), PictureError> {
        let look = zone.look(scene);
        let corners: Vec<PixelPoint> = zone.corners.iter().map(|corner| corner.to_px(picture.size())).collect();
        picture.fill_polygon(&corners, look.colour, look.opacity)?;
        let stroke_px = scale.stroke_px(OUTLINE);
        picture.polyline(&corners, true, palette::SHADE, stroke_px + 2)?;
        picture.polyline(&corners, true, look.colour, stroke_px)
    }

    /// Plates of zones, lines and the camera.
    fn draw_texts(&self, picture: &mut Picture, scale: Scale, scene: &Scene<'_>) -> Result<(), PictureError> {
        let size = picture.size();
        let mut layout = Layout::new(size, f64::from(banner::frame_px(scale)));
        // Kept free even without an alert, so that nothing moves when one comes.
        layout.reserve(PixelPoint { x: 0.0, y: 0.0 }, (f64::from(size.width_px), banner::height_px(scale)));
        self.draw_camera(picture, scale, scene, &mut layout)?;
        let gap = scale.px(GAP);
        for zone in &self.zones {
            let Some(state) = state_of(zone, &scene.report.zones) else { continue };
            let text = format!("{}  {}", zone.name, caption::zone(state));
            let (_, level) = standing(zone, scene.levels);
            let mut plate = dark_plate(scale, LABEL_CAPITAL);
            if let Some(level) = level {
                let look = palette::level(level);
                plate = Plate { ink: look.ink, ground: look.colour, opacity: 0.9, ..plate };
            }
            let plate_size = plate.size_px(&text)?;
            // Above the zone, else below it: inside, it would hide more people.
            let corners: Vec<PixelPoint> = zone.corners.iter().map(|corner| corner.to_px(size)).collect();
            let bounds = Polygon::new(&corners).bounds();
            let left = (bounds.left + bounds.right - plate_size.0) / 2.0;
            let wishes =
                [bounds.top - gap - plate_size.1, bounds.bottom + gap].map(|top| PixelPoint { x: left, y: top });
            let at = layout.place(&wishes, plate_size);
            picture.plate(&text, at, &plate)?;
        }
        for line in &self.lines {
            let Some(state) = scene.report.lines.iter().find(|state| state.line == line.id) else { continue };
            let text = format!("{}  {}", line.name, caption::line(state));
            let plate = Plate { ink: palette::LINE, ..dark_plate(scale, LABEL_CAPITAL) };
            let plate_size = plate.size_px(&text)?;
            // At the ends: people cross in the middle.
            let wishes = [line.b, line.a].map(|end| {
                let end = end.to_px(size);
                PixelPoint { x: end.x + gap, y: end.y - plate_size.1 / 2.0 }
            });
            let at = layout.place(&wishes, plate_size);
            picture.plate(&text, at, &plate)?;
        }
        Ok(())
    }

    /// Camera, time and frame number (from 1, as in the files that `analyze` writes) in the lower left corner, where
    /// the banner never is.
    fn draw_camera(
        &self,
        picture: &mut Picture,
        scale: Scale,
        scene: &Scene<'_>,
        layout: &mut Layout,
    ) -> Result<(), PictureError> {
        let report = scene.report;
        let mut text = format!("{}  {}", self.camera, caption::moment(report.at));
        if let Some(frame) = &report.frame {
            text.push_str(&format!("  #{}", frame.seq.saturating_add(1)));
        }
        if self.mobile {
            text.push_str(&format!("  people {}", caption::figure(report.count(ObjectClass::Person), 0)));
        }
        let plate = dark_plate(scale, LABEL_CAPITAL);
        let corner = PixelPoint { x: 0.0, y: f64::from(picture.size().height_px) };
        let at = layout.place(&[corner], plate.size_px(&text)?);
        picture.plate(&text, at, &plate)
    }

    /// The zones whose alert is on; their figures where these states have any.
    pub(super) fn alerts(&self, states: &[ZoneState], levels: &[ZoneLevel]) -> Vec<Item> {
        let alert = |zone: &Zone| {
            let (stale, level) = standing(zone, levels);
            let rule = levels.iter().find(|level| level.zone == zone.id).and_then(|level| level.rule.as_ref());
            let rule = rule.and_then(|rule| self.rules.get(rule)).cloned().unwrap_or_default();
            let figures = state_of(zone, states).map_or_else(|| "?".to_owned(), caption::zone);
            Some(Item { level: level?, text: format!("{}  {figures}", zone.name), rule, stale })
        };
        self.zones.iter().filter_map(alert).collect()
    }
}

impl Zone {
    fn look(&self, scene: &Scene<'_>) -> palette::LevelLook {
        let known = state_of(self, &scene.report.zones).is_some_and(caption::known);
        standing(self, scene.levels).1.map_or_else(|| palette::calm(known), palette::level)
    }
}

fn state_of<'a>(zone: &Zone, states: &'a [ZoneState]) -> Option<&'a ZoneState> {
    states.iter().find(|state| state.zone == zone.id)
}

/// Whether the zone's level is stale, and the level.
fn standing(zone: &Zone, levels: &[ZoneLevel]) -> (bool, Option<Level>) {
    levels.iter().find(|level| level.zone == zone.id).map_or((false, None), |level| (level.stale, level.level))
}

impl Line {
    /// The line with an arrow of its *in* direction: to the left of a→b as seen in the picture. Wider in a frame in
    /// which somebody crossed.
    fn draw(&self, picture: &mut Picture, scale: Scale, crossed: bool) -> Result<(), PictureError> {
        let (a, b) = (self.a.to_px(picture.size()), self.b.to_px(picture.size()));
        let length_px = (b.x - a.x).hypot(b.y - a.y);
        if length_px < 1.0 {
            return Ok(());
        }
        // y points down: left of (dx, dy) is (dy, -dx).
        let (left_x, left_y) = ((b.y - a.y) / length_px, (a.x - b.x) / length_px);
        let middle = PixelPoint { x: (a.x + b.x) / 2.0, y: (a.y + b.y) / 2.0 };
        let (reach, half_width) = (scale.px(ARROW_LENGTH), scale.px(ARROW_LENGTH) / 5.0);
        let beside = |towards: f64, along: f64| PixelPoint {
            x: middle.x + left_x * towards - left_y * along,
            y: middle.y + left_y * towards + left_x * along,
        };
        let neck = reach - 2.0 * half_width;
        let head = [beside(reach, 0.0), beside(neck, half_width), beside(neck, -half_width)];
        let stroke_px = scale.stroke_px(if crossed { 2.0 * LINE_STROKE } else { LINE_STROKE });
        let colour = if crossed { palette::INK } else { palette::LINE };
        for (colour, stroke_px) in [(palette::SHADE, stroke_px + 2), (colour, stroke_px)] {
            picture.polyline(&[a, b], false, colour, stroke_px)?;
            picture.polyline(&[middle, beside(neck, 0.0)], false, colour, stroke_px)?;
            picture.polyline(&head, true, colour, stroke_px)?;
        }
        picture.fill_polygon(&head, colour, 1.0)
    }
}

fn dark_plate(scale: Scale, capital: f64) -> Plate {
    Plate { capital_height_px: scale.px(capital), ink: palette::INK, ground: palette::SHADE, opacity: 0.62 }
}

/// Box, foot point and number. A hidden track, whose place is expected and not seen, has corners only.
fn draw_track(picture: &mut Picture, scale: Scale, track: &Track, bbox: &PixelBox) -> Result<(), PictureError> {
    let stroke_px = scale.stroke_px(OUTLINE / 2.0);
    let colour: Colour = palette::TRACK;
    for (colour, stroke_px) in [(palette::SHADE, stroke_px + 2), (colour, stroke_px)] {
        if track.state == TrackState::Coasting {
            draw_corners(picture, bbox, colour, stroke_px)?;
        } else {
            picture.rectangle(bbox, colour, stroke_px)?;
        }
    }
    let foot = bbox.foot();
    let radius_px = scale.px(FOOT_RADIUS);
    picture.disc(foot, radius_px + 1.0, palette::SHADE)?;
    picture.disc(foot, radius_px, colour)?;
    let plate = dark_plate(scale, TRACK_CAPITAL);
    if plate.capital_height_px > TRACK_CAPITAL_SHARE * bbox.height() {
        return Ok(());
    }
    let text = caption::track(track);
    let (_, height) = plate.size_px(&text)?;
    picture.plate(&text, PixelPoint { x: bbox.left, y: (bbox.top - height).max(0.0) }, &plate)
}

/// The corners of a box, a quarter of each side.
fn draw_corners(picture: &mut Picture, bbox: &PixelBox, colour: Colour, stroke_px: u32) -> Result<(), PictureError> {
    let (width, height) = (bbox.width() / 4.0, bbox.height() / 4.0);
    let corners = [
        (bbox.left, bbox.top, width, height),
        (bbox.right, bbox.top, -width, height),
        (bbox.right, bbox.bottom, -width, -height),
        (bbox.left, bbox.bottom, width, -height),
    ];
    for (x, y, across, down) in corners {
        let points = [(x + across, y), (x, y), (x, y + down)].map(|(x, y)| PixelPoint { x, y });
        picture.polyline(&points, false, colour, stroke_px)?;
    }
    Ok(())
}

/// From the analysed frame's pixels to those of the picture that is drawn on.
#[derive(Debug, Clone, Copy)]
struct Enlargement {
    x: f64,
    y: f64,
}

impl Enlargement {
    fn between(from: FrameSize, to: FrameSize) -> Self {
        let ratio = |from: u32, to: u32| if from == 0 { 1.0 } else { f64::from(to) / f64::from(from) };
        Self { x: ratio(from.width_px, to.width_px), y: ratio(from.height_px, to.height_px) }
    }

    fn bbox(self, bbox: &PixelBox) -> PixelBox {
        PixelBox {
            left: bbox.left * self.x,
            top: bbox.top * self.y,
            right: bbox.right * self.x,
            bottom: bbox.bottom * self.y,
        }
    }
}

#[cfg(test)]
mod tests;
