//! Drawing on a picture, and making people unrecognisable.

use opencv::core::{self, Mat, MatTraitConst, Point, Rect, Scalar, Vector};
use opencv::imgproc;

use super::plate::ascii;
use super::{Picture, PictureError, failed};
use crate::model::{PixelBox, PixelPoint};

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// 0 to 255.
    pub red: u8,
    /// 0 to 255.
    pub green: u8,
    /// 0 to 255.
    pub blue: u8,
}

impl Colour {
    /// Black.
    pub const BLACK: Self = Self { red: 0, green: 0, blue: 0 };
    /// White.
    pub const WHITE: Self = Self { red: 255, green: 255, blue: 255 };

    pub(super) fn scalar(self) -> Scalar {
        Scalar::new(f64::from(self.blue), f64::from(self.green), f64::from(self.red), 0.0)
    }
}

/// Cells along the shorter side of a blurred rectangle: too few to tell one face from another.
const BLUR_CELLS: i32 = 3;
/// Least size of such a cell, in pixels.
const BLUR_CELL_PX: i32 = 6;

const FONT: i32 = imgproc::FONT_HERSHEY_SIMPLEX;
/// Height of that font's capitals at scale 1, in pixels.
pub(super) const FONT_CAPITAL_PX: f64 = 21.0;

impl Picture {
    /// Draws the outline of a box.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn rectangle(&mut self, bbox: &PixelBox, colour: Colour, thickness_px: u32) -> Result<(), PictureError> {
        let corners = [
            PixelPoint { x: bbox.left, y: bbox.top },
            PixelPoint { x: bbox.right, y: bbox.top },
            PixelPoint { x: bbox.right, y: bbox.bottom },
            PixelPoint { x: bbox.left, y: bbox.bottom },
        ];
        self.polyline(&corners, true, colour, thickness_px)
    }

    /// Draws lines from point to point, back to the first where `closed`.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn polyline(
        &mut self,
        points: &[PixelPoint],
        closed: bool,
        colour: Colour,
        thickness_px: u32,
    ) -> Result<(), PictureError> {
        let points: Vector<Point> = points.iter().copied().map(whole).collect();
        let thickness = thickness(thickness_px);
        imgproc::polylines(&mut self.mat, &points, closed, colour.scalar(), thickness, imgproc::LINE_AA, 0)
            .map_err(failed("draw lines"))
    }

    /// Fills a polygon; `opacity` 0 leaves the picture as it is, 1 covers it.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn fill_polygon(&mut self, points: &[PixelPoint], colour: Colour, opacity: f64) -> Result<(), PictureError> {
        let Some(bounds) = bounds(points) else { return Ok(()) };
        let Some(area) = self.area(&bounds) else { return Ok(()) };
        let points: Vector<Point> = points.iter().copied().map(whole).collect();
        let action = "fill a polygon";
        let mut part = Mat::roi_mut(&mut self.mat, area).map_err(failed(action))?;
        let mut covered = part.try_clone().map_err(failed(action))?;
        let to_part = Point::new(-area.x, -area.y);
        imgproc::fill_poly(&mut covered, &points, colour.scalar(), imgproc::LINE_8, 0, to_part)
            .map_err(failed(action))?;
        let opacity = opacity.clamp(0.0, 1.0);
        let under = part.try_clone().map_err(failed(action))?;
        core::add_weighted_def(&covered, opacity, &under, 1.0 - opacity, 0.0, &mut part).map_err(failed(action))
    }

    /// Writes text with a dark outline; `at` is the left end of its base line. The font has ASCII only: anything else
    /// is written as `?`.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn text(
        &mut self,
        text: &str,
        at: PixelPoint,
        capital_height_px: f64,
        colour: Colour,
    ) -> Result<(), PictureError> {
        let text = ascii(text);
        let scale = capital_height_px.clamp(1.0, 1000.0) / FONT_CAPITAL_PX;
        let thickness = ((capital_height_px / 10.0).round() as i32).clamp(1, 100);
        for (colour, thickness) in [(Colour::BLACK, thickness + 2), (colour, thickness)] {
            let colour = colour.scalar();
            imgproc::put_text(&mut self.mat, &text, whole(at), FONT, scale, colour, thickness, imgproc::LINE_AA, false)
                .map_err(failed("write text"))?;
        }
        Ok(())
    }

    /// Makes what is in the box unrecognisable: averages it to a few cells and blurs their borders. What lies outside
    /// the picture is left out.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn blur(&mut self, bbox: &PixelBox) -> Result<(), PictureError> {
        let Some(area) = self.area(bbox) else { return Ok(()) };
        let action = "blur a rectangle";
        let mut part = Mat::roi_mut(&mut self.mat, area).map_err(failed(action))?;
        let cell = (area.width.min(area.height) / BLUR_CELLS).max(BLUR_CELL_PX);
        let cells = core::Size::new((area.width / cell).max(1), (area.height / cell).max(1));
        // The averages are all that is left; enlarging them smoothly brings nothing back.
        let mut averages = Mat::default();
        imgproc::resize(&part, &mut averages, cells, 0.0, 0.0, imgproc::INTER_AREA).map_err(failed(action))?;
        imgproc::resize(&averages, &mut part, area.size(), 0.0, 0.0, imgproc::INTER_LINEAR).map_err(failed(action))
    }

    /// The box widened to whole pixels and cut to the picture.
    fn area(&self, bbox: &PixelBox) -> Option<Rect> {
        let side = |from: f64, to: f64, most: i32| {
            let first = from.floor().clamp(0.0, f64::from(most));
            let end = to.ceil().clamp(0.0, f64::from(most));
            (first < end).then_some((first as i32, (end - first) as i32))
        };
        let (x, width) = side(bbox.left, bbox.right, self.mat.cols())?;
        let (y, height) = side(bbox.top, bbox.bottom, self.mat.rows())?;
        Some(Rect::new(x, y, width, height))
    }
}

fn thickness(thickness_px: u32) -> i32 {
    thickness_px.clamp(1, 100) as i32
}

/// The nearest whole pixel, kept within what OpenCV can draw without overflow.
pub(super) fn whole(point: PixelPoint) -> Point {
    let whole = |place: f64| place.round().clamp(-1e5, 1e5) as i32;
    Point::new(whole(point.x), whole(point.y))
}

fn bounds(points: &[PixelPoint]) -> Option<PixelBox> {
    let first = points.first()?;
    let start = PixelBox { left: first.x, top: first.y, right: first.x + 1.0, bottom: first.y + 1.0 };
    Some(points.iter().fold(start, |bounds, point| PixelBox {
        left: bounds.left.min(point.x),
        top: bounds.top.min(point.y),
        right: bounds.right.max(point.x + 1.0),
        bottom: bounds.bottom.max(point.y + 1.0),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FrameSize;

    const SIZE: FrameSize = FrameSize { width_px: 60, height_px: 40 };
    const RED: Colour = Colour { red: 255, green: 0, blue: 0 };

    fn at(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
        let bytes = picture.bytes().unwrap();
        [0, 1, 2].map(|channel| bytes[(y * 60 + x) * 3 + channel])
    }

    #[test]
    fn a_translucent_polygon_mixes_inside_and_leaves_the_outside() {
        let mut picture = Picture::filled(SIZE, Colour::WHITE).unwrap();
        let corners = [(10.0, 10.0), (30.0, 10.0), (30.0, 300.0), (10.0, 300.0)];
        let corners = corners.map(|(x, y)| PixelPoint { x, y });
        picture.fill_polygon(&corners, RED, 0.5).unwrap();
        assert_eq!(at(&picture, 20, 20), [128, 128, 255]);
        assert_eq!(at(&picture, 20, 39), [128, 128, 255]);
        assert_eq!(at(&picture, 5, 20), [255; 3]);
        assert_eq!(at(&picture, 20, 5), [255; 3]);
        assert_eq!(at(&picture, 40, 20), [255; 3]);
    }

    #[test]
    fn what_lies_outside_the_picture_draws_nothing_and_is_no_error() {
        let mut picture = Picture::filled(SIZE, Colour::WHITE).unwrap();
        for far in [-1e300, -500.0, 500.0, 1e300, f64::INFINITY, f64::NAN] {
            let bbox = PixelBox { left: far, top: far, right: far + 10.0, bottom: far + 10.0 };
            let corners = [PixelPoint { x: far, y: far }; 3];
            picture.blur(&bbox).unwrap();
            picture.fill_polygon(&corners, RED, 0.5).unwrap();
            if !far.is_nan() {
                picture.rectangle(&bbox, RED, 1).unwrap();
                picture.text("far", corners[0], 8.0, RED).unwrap();
            }
        }
        assert!(picture.bytes().unwrap().iter().all(|&value| value == 255));
        picture.fill_polygon(&[], RED, 0.5).unwrap();
        picture.polyline(&[], false, RED, 1).unwrap();
    }

    #[test]
    fn a_blurred_rectangle_keeps_a_few_averages_only() {
        // A fine checkerboard, the most detail there can be, must become nearly plain grey; the outside stays.
        let pixels: Vec<u8> =
            (0..40 * 60).flat_map(|index| if (index % 60 + index / 60) % 2 == 0 { [255; 3] } else { [0; 3] }).collect();
        let mut picture = Picture::from_bgr(SIZE, &pixels).unwrap();
        picture.blur(&PixelBox { left: 10.2, top: -5.0, right: 33.7, bottom: 30.0 }).unwrap();
        let after = picture.bytes().unwrap();
        for (index, (is, was)) in after.iter().zip(&pixels).enumerate() {
            let (x, y) = (index / 3 % 60, index / 3 / 60);
            if (10..34).contains(&x) && y < 30 {
                assert!((120..=136).contains(is), "({x}, {y}) is {is}");
            } else {
                assert_eq!(is, was, "({x}, {y})");
            }
        }
    }

    #[test]
    fn lines_and_text_leave_their_colour() {
        let mut picture = Picture::filled(SIZE, Colour::WHITE).unwrap();
        picture.rectangle(&PixelBox { left: 5.0, top: 5.0, right: 50.0, bottom: 35.0 }, RED, 1).unwrap();
        assert!(at(&picture, 5, 20)[0] < 60, "red, but for the smoothing of lines");
        assert!(at(&picture, 20, 35)[0] < 60);
        assert_eq!(at(&picture, 20, 20), [255; 3]);
        let mut picture = Picture::filled(SIZE, Colour::WHITE).unwrap();
        picture.text("12 外滩", PixelPoint { x: 2.0, y: 30.0 }, 20.0, RED).unwrap();
        let bytes = picture.bytes().unwrap();
        assert!(bytes.chunks(3).any(|pixel| pixel[2] > 200 && pixel[0] < 60), "letters");
        assert!(bytes.chunks(3).any(|pixel| pixel.iter().all(|&value| value < 60)), "their outline");
    }
}
