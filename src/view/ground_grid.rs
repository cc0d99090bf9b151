//! A grid of metres drawn on a picture, by which anyone can see whether a calibration is right.

use super::caption::drawable;
use super::heads::head_region;
use super::layout::Scale;
use super::palette;
use crate::calibration::{FittedPoint, GroundPlane};
use crate::config::{LinePlan, ZonePlan, derived_width_m, zone_on_ground};
use crate::geometry::GroundArea;
use crate::model::{FrameSize, GroundPoint, PixelBox, PixelPoint};
use crate::picture::{Colour, Picture, PictureError, Plate};

/// Lines a metre apart.
const FINE: Colour = Colour { red: 150, green: 200, blue: 215 };
/// Lines five metres apart.
const STRONG: Colour = Colour { red: 255, green: 255, blue: 255 };
/// The line along which one of the coordinates is 0.
const AXIS: Colour = Colour { red: 255, green: 220, blue: 60 };
/// Where a point was measured.
const POINT: Colour = Colour { red: 60, green: 235, blue: 90 };
/// A point that the plane was not made with.
const LEFT_OUT: Colour = Colour { red: 255, green: 60, blue: 60 };

/// Metres between strong lines, and between labels.
const STRONG_M: i32 = 5;
/// Pixels per metre along the line of sight below which lines a metre apart are a smear, at 768x576.
const FINE_LEAST_PX_PER_M: f64 = 6.0;
/// The share of it that lines five metres apart bear, and that their labels do.
const STRONG_SHARE: f64 = 0.3;
const LABEL_SHARE: f64 = 0.6;
/// Pieces of a metre along a line: lines are bowed by the lens and begin at the edge of what is seen.
const PIECES_PER_M: i32 = 4;
/// Lines in each direction: beyond that the ground's unit is not the metre.
const LINES_MOST: i32 = 4000;

/// What is drawn besides the grid.
#[derive(Debug, Clone, Copy)]
pub struct GroundScene<'a> {
    /// Zones, with the areas in which people can stand.
    pub zones: &'a [ZonePlan],
    /// Where people can walk, where that is known.
    pub walkable: Option<&'a GroundArea>,
    /// Lines, with their lengths.
    pub lines: &'a [LinePlan],
    /// Points that the calibration was made from, in pixels of this picture.
    pub points: &'a [FittedPoint],
    /// People whose heads are hidden.
    pub hide: &'a [PixelBox],
}

/// Draws a grid of metres and the zones, lines and points of a calibrated camera on its picture. The plane must be for
/// the picture's size.
///
/// # Errors
/// [`PictureError::OpenCv`].
pub fn draw_ground(picture: &mut Picture, plane: &GroundPlane, scene: &GroundScene<'_>) -> Result<(), PictureError> {
    for person in scene.hide {
        picture.blur(&head_region(person))?;
    }
    let scale = Scale::of(picture.size());
    let grid = Grid::of(plane, picture.size(), scale);
    grid.draw(picture, scale)?;
    let mut labels = Labels::new(scale);
    zones_and_lines(picture, plane, scene, &mut labels)?;
    points(picture, plane, scene.points, &mut labels)?;
    grid.label(picture, &mut labels)
}

/// A line of the grid: the piece of it that is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct GridLine {
    /// It is a line of one y, along x.
    pub along_x: bool,
    /// The coordinate that it is the line of, in metres.
    pub at_m: i32,
    /// Where it is seen, in pixels of the plane's picture.
    pub points: Vec<PixelPoint>,
}

/// The lines of the grid of metres, as [`draw_ground`] draws them.
#[must_use]
pub fn grid_lines(plane: &GroundPlane) -> Vec<GridLine> {
    let size = plane.frame_size();
    let grid = Grid::of(plane, size, Scale::of(size));
    let fine = grid.lines(|at| at % STRONG_M != 0, 1.0);
    fine.into_iter().chain(grid.lines(|at| at % STRONG_M == 0, STRONG_SHARE)).collect()
}

/// The part of the ground that is seen well enough for a grid.
struct Grid<'p> {
    plane: &'p GroundPlane,
    size: FrameSize,
    least_px_per_m: f64,
    /// Whole metres, from low to high.
    x_m: (i32, i32),
    y_m: (i32, i32),
}

impl<'p> Grid<'p> {
    fn of(plane: &'p GroundPlane, size: FrameSize, scale: Scale) -> Self {
        let least_px_per_m =
            scale.px(FINE_LEAST_PX_PER_M / Scale::of(FrameSize { width_px: 768, height_px: 576 }).px(1.0));
        let mut grid = Self { plane, size, least_px_per_m, x_m: (0, 0), y_m: (0, 0) };
        let (mut low, mut high) = ((f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NEG_INFINITY));
        const SAMPLES: u32 = 40;
        for row in 0..=SAMPLES {
            for column in 0..=SAMPLES {
                let share = |at: u32, side_px: u32| f64::from(at) / f64::from(SAMPLES) * f64::from(side_px);
                let pixel = PixelPoint { x: share(column, size.width_px), y: share(row, size.height_px) };
                let Some(ground) = plane.to_ground(pixel).filter(|_| grid.is_clear(pixel, STRONG_SHARE)) else {
                    continue;
                };
                low = (low.0.min(ground.x_m), low.1.min(ground.y_m));
                high = (high.0.max(ground.x_m), high.1.max(ground.y_m));
            }
        }
        let range = |low: f64, high: f64| {
            let (low, high) = (low.floor() as i32, high.ceil() as i32);
            if low <= high && high.saturating_sub(low) <= LINES_MOST { (low, high) } else { (0, -1) }
        };
        (grid.x_m, grid.y_m) = (range(low.0, high.0), range(low.1, high.1));
        grid
    }

    /// Whether a metre is drawn as that share of what fine lines need.
    fn is_clear(&self, pixel: PixelPoint, share: f64) -> bool {
        self.plane.px_per_m_along_sight(pixel).is_some_and(|px_per_m| px_per_m >= self.least_px_per_m * share)
    }

    fn in_picture(&self, pixel: PixelPoint) -> bool {
        let (width, height) = (f64::from(self.size.width_px), f64::from(self.size.height_px));
        pixel.x >= -1.0 && pixel.y >= -1.0 && pixel.x <= width && pixel.y <= height
    }

    /// Fine lines, over them strong ones, over them the axes.
    fn draw(&self, picture: &mut Picture, scale: Scale) -> Result<(), PictureError> {
        let is_fine = |at: i32| at % STRONG_M != 0;
        let is_strong = |at: i32| at % STRONG_M == 0 && at != 0;
        let is_axis = |at: i32| at == 0;
        self.draw_those(picture, is_fine, 1.0, FINE, 1)?;
        self.draw_those(picture, is_strong, STRONG_SHARE, STRONG, scale.stroke_px(0.25))?;
        self.draw_those(picture, is_axis, STRONG_SHARE, AXIS, scale.stroke_px(0.35))
    }

    fn draw_those(
        &self,
        picture: &mut Picture,
        which: impl Fn(i32) -> bool,
        share: f64,
        colour: Colour,
        width_px: u32,
    ) -> Result<(), PictureError> {
        self.lines(which, share).iter().try_for_each(|line| picture.polyline(&line.points, false, colour, width_px))
    }

    fn lines(&self, which: impl Fn(i32) -> bool, share: f64) -> Vec<GridLine> {
        let mut lines = Vec::new();
        for (along_x, fixed, from_to) in [(false, self.x_m, self.y_m), (true, self.y_m, self.x_m)] {
            for at_m in (fixed.0..=fixed.1).filter(|&at| which(at)) {
                let pieces = self.pieces(along_x, at_m, from_to, share);
                lines.extend(pieces.into_iter().map(|points| GridLine { along_x, at_m, points }));
            }
        }
        lines
    }

    /// The seen pieces of the line on which one coordinate is `at`.
    fn pieces(&self, along_x: bool, at: i32, from_to: (i32, i32), share: f64) -> Vec<Vec<PixelPoint>> {
        let mut pieces: Vec<Vec<PixelPoint>> = vec![Vec::new()];
        for step in from_to.0 * PIECES_PER_M..=from_to.1 * PIECES_PER_M {
            let (fixed, moving) = (f64::from(at), f64::from(step) / f64::from(PIECES_PER_M));
            let (x_m, y_m) = if along_x { (moving, fixed) } else { (fixed, moving) };
            let seen = self.plane.to_pixel(GroundPoint { x_m, y_m });
            match seen.filter(|&pixel| self.in_picture(pixel) && self.is_clear(pixel, share)) {
                Some(pixel) => pieces.last_mut().into_iter().for_each(|piece| piece.push(pixel)),
                None if pieces.last().is_some_and(|piece| !piece.is_empty()) => pieces.push(Vec::new()),
                None => {}
            }
        }
        pieces.retain(|piece| piece.len() > 1);
        pieces
    }

    fn label(&self, picture: &mut Picture, labels: &mut Labels) -> Result<(), PictureError> {
        let fives = |(low, high): (i32, i32)| (low..=high).filter(|at| at % STRONG_M == 0);
        for y in fives(self.y_m) {
            for x in fives(self.x_m) {
                let seen = self.plane.to_pixel(GroundPoint { x_m: f64::from(x), y_m: f64::from(y) });
                let Some(pixel) = seen.filter(|&pixel| self.in_picture(pixel) && self.is_clear(pixel, LABEL_SHARE))
                else {
                    continue;
                };
                labels.write(picture, &format!("{x},{y}"), pixel, palette::SHADE, STRONG)?;
            }
        }
        Ok(())
    }
}

/// Labels that don't cover one another: one that finds no room is left out.
struct Labels {
    scale: Scale,
    taken: Vec<PixelBox>,
}

impl Labels {
    fn new(scale: Scale) -> Self {
        Self { scale, taken: Vec::new() }
    }

    fn write(
        &mut self,
        picture: &mut Picture,
        text: &str,
        at: PixelPoint,
        ink: Colour,
        ground: Colour,
    ) -> Result<(), PictureError> {
        let plate = Plate { capital_height_px: self.scale.px(1.3), ink, ground, opacity: 0.75 };
        let (width, height) = plate.size_px(text)?;
        let size = picture.size();
        let left = (at.x + self.scale.px(0.5)).min(f64::from(size.width_px) - width).max(0.0);
        let top = (at.y - height / 2.0).min(f64::from(size.height_px) - height).max(0.0);
        let place = PixelBox { left, top, right: left + width, bottom: top + height };
        if self.taken.iter().any(|taken| taken.intersection(&place) > 0.0) {
            return Ok(());
        }
        self.taken.push(place);
        picture.plate(text, PixelPoint { x: left, y: top }, &plate)
    }
}

fn zones_and_lines(
    picture: &mut Picture,
    plane: &GroundPlane,
    scene: &GroundScene<'_>,
    labels: &mut Labels,
) -> Result<(), PictureError> {
    let (size, stroke) = (picture.size(), labels.scale.stroke_px(0.4));
    for zone in scene.zones {
        let corners: Vec<PixelPoint> = zone.polygon.iter().map(|corner| corner.to_px(size)).collect();
        picture.polyline(&corners, true, palette::SHADE, stroke + 2)?;
        picture.polyline(&corners, true, palette::CALM, stroke)?;
        let area = match zone_on_ground(plane, &zone.polygon, scene.walkable) {
            Ok(Some(area)) => format!("{:.1} m2", area.area_m2()),
            Ok(None) => "to the horizon".to_owned(),
            Err(_) => "0 m2".to_owned(),
        };
        let text = format!("{} {area}", drawable(&zone.name, zone.id.as_str()));
        if let Some(&first) = corners.first() {
            labels.write(picture, &text, first, palette::SHADE, palette::CALM)?;
        }
    }
    for line in scene.lines {
        let (a, b) = (line.a.to_px(size), line.b.to_px(size));
        picture.polyline(&[a, b], false, palette::SHADE, stroke + 2)?;
        picture.polyline(&[a, b], false, palette::LINE, stroke)?;
        let length = derived_width_m(plane, line)
            .map_or_else(|| "to the horizon".to_owned(), |length_m| format!("{length_m:.1} m"));
        let text = format!("{} {length}", drawable(&line.name, line.id.as_str()));
        labels.write(picture, &text, b, palette::SHADE, palette::LINE)?;
    }
    Ok(())
}

/// A disc where each point was measured in the picture, and a stroke to where the plane puts it.
fn points(
    picture: &mut Picture,
    plane: &GroundPlane,
    points: &[FittedPoint],
    labels: &mut Labels,
) -> Result<(), PictureError> {
    for (index, point) in points.iter().enumerate() {
        let colour = if point.used { POINT } else { LEFT_OUT };
        if let Some(fitted) = plane.to_pixel(point.pair.ground) {
            picture.polyline(&[point.pair.image, fitted], false, colour, labels.scale.stroke_px(0.3))?;
        }
        picture.disc(point.pair.image, labels.scale.px(0.7), palette::SHADE)?;
        picture.disc(point.pair.image, labels.scale.px(0.5), colour)?;
        labels.write(picture, &format!("[{index}]"), point.pair.image, palette::SHADE, colour)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::{CameraParameters, PointPair};
    use crate::view::examples::{pixel, plain};

    #[test]
    fn the_grid_is_where_the_metres_are_and_nothing_is_in_the_sky() {
        let mut picture = plain(90);
        let size = picture.size();
        let camera =
            CameraParameters { height_m: 5.0, tilt_deg: 15.0, roll_deg: 0.0, focal_px: f64::from(size.width_px) };
        let plane = GroundPlane::from_camera(camera, size, 0.0).unwrap();
        let ground = GroundPoint { x_m: 0.0, y_m: 20.0 };
        let image = plane.to_pixel(GroundPoint { x_m: 2.5, y_m: 12.5 }).unwrap();
        let fitted = FittedPoint::of(&plane, PointPair { image, ground: GroundPoint { x_m: 2.5, y_m: 12.5 } }, true);
        let scene = GroundScene { zones: &[], walkable: None, lines: &[], points: &[fitted], hide: &[] };
        draw_ground(&mut picture, &plane, &scene).unwrap();
        let at = |place: PixelPoint| pixel(&picture, place.x.round() as usize, place.y.round() as usize);
        assert_eq!(at(image), [POINT.blue, POINT.green, POINT.red]);
        let axis = plane.to_pixel(ground).unwrap();
        assert_eq!(at(axis), [AXIS.blue, AXIS.green, AXIS.red]);
        let untouched = plain(90);
        let horizon_px = f64::from(size.height_px) / 2.0 - camera.focal_px * camera.tilt_deg.to_radians().tan();
        for y in 0..(horizon_px.max(0.0) as usize) {
            let row = |picture: &Picture| pixel(picture, size.width_px as usize / 2, y);
            assert_eq!(row(&picture), row(&untouched), "row {y}");
        }
    }
}
