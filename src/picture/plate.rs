//! Text on plates, marks, and pictures that are no longer live.

use opencv::core::{self, Mat};
use opencv::imgproc;

use super::draw::{Colour, FONT_CAPITAL_PX, whole};
use super::{Picture, PictureError, failed};
use crate::model::PixelPoint;

/// Double strokes: readable where a phone shows the picture at half its size, and clearer than a thick single stroke.
const FONT: i32 = imgproc::FONT_HERSHEY_DUPLEX;

/// Text on an even ground, readable on any picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plate {
    /// Height of the capitals in pixels.
    pub capital_height_px: f64,
    /// Colour of the letters.
    pub ink: Colour,
    /// Colour of the ground.
    pub ground: Colour,
    /// How much the ground covers, 0 to 1.
    pub opacity: f64,
}

impl Plate {
    /// Space around the text, in pixels.
    fn margin_px(&self) -> f64 {
        (self.capital_height_px * 0.5).round().max(1.0)
    }

    fn stroke_px(&self) -> i32 {
        ((self.capital_height_px / 14.0).round() as i32).clamp(1, 100)
    }

    /// Width and height of the plate with this text on it, in pixels.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn size_px(&self, text: &str) -> Result<(f64, f64), PictureError> {
        let mut base_line = 0;
        let scale = self.capital_height_px / FONT_CAPITAL_PX;
        let size = imgproc::get_text_size(&ascii(text), FONT, scale, self.stroke_px(), &mut base_line)
            .map_err(failed("measure text"))?;
        let margin_px = self.margin_px();
        // The tails of letters like g reach a little further down than the margin.
        let height = self.capital_height_px.round() + 2.0 * margin_px + f64::from(self.stroke_px());
        Ok((f64::from(size.width) + 2.0 * margin_px, height))
    }
}

/// The font has ASCII only: anything else is written as `?`.
pub(super) fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

impl Picture {
    /// Draws text on a plate, whose left top corner is `at`. The font has ASCII only: anything else is written as `?`.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn plate(&mut self, text: &str, at: PixelPoint, plate: &Plate) -> Result<(), PictureError> {
        let (width, height) = plate.size_px(text)?;
        let (right, bottom) = (at.x + width - 1.0, at.y + height - 1.0);
        let corners = [(at.x, at.y), (right, at.y), (right, bottom), (at.x, bottom)].map(|(x, y)| PixelPoint { x, y });
        self.fill_polygon(&corners, plate.ground, plate.opacity)?;
        let base_line =
            PixelPoint { x: at.x + plate.margin_px(), y: at.y + plate.margin_px() + plate.capital_height_px.round() };
        let scale = plate.capital_height_px / FONT_CAPITAL_PX;
        let (place, ink, stroke) = (whole(base_line), plate.ink.scalar(), plate.stroke_px());
        imgproc::put_text(&mut self.mat, &ascii(text), place, FONT, scale, ink, stroke, imgproc::LINE_AA, false)
            .map_err(failed("write text"))
    }

    /// Draws a filled circle.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn disc(&mut self, centre: PixelPoint, radius_px: f64, colour: Colour) -> Result<(), PictureError> {
        let radius = radius_px.round().clamp(1.0, 1000.0) as i32;
        imgproc::circle(&mut self.mat, whole(centre), radius, colour.scalar(), imgproc::FILLED, imgproc::LINE_AA, 0)
            .map_err(failed("draw a disc"))
    }

    /// A copy without colours and darker: `brightness` 1 keeps the greys as they are, 0 gives black.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn greyed(&self, brightness: f64) -> Result<Self, PictureError> {
        let mut grey = Mat::default();
        imgproc::cvt_color_def(&self.mat, &mut grey, imgproc::COLOR_BGR2GRAY).map_err(failed("make a picture grey"))?;
        let mut darker = Mat::default();
        core::convert_scale_abs(&grey, &mut darker, brightness.clamp(0.0, 1.0), 0.0)
            .map_err(failed("make a picture darker"))?;
        Self::from_mat(darker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FrameSize;

    const SIZE: FrameSize = FrameSize { width_px: 200, height_px: 60 };
    const PLATE: Plate = Plate {
        capital_height_px: 14.0,
        ink: Colour::WHITE,
        ground: Colour { red: 0, green: 0, blue: 90 },
        opacity: 1.0,
    };

    #[test]
    fn a_plate_is_as_large_as_it_says_and_holds_its_text() {
        let mut picture = Picture::filled(SIZE, Colour { red: 250, green: 0, blue: 0 }).unwrap();
        let (width, height) = PLATE.size_px("gate in 12").unwrap();
        picture.plate("gate in 12", PixelPoint { x: 10.0, y: 20.0 }, &PLATE).unwrap();
        let bytes = picture.bytes().unwrap();
        let mut ink = 0;
        for (index, pixel) in bytes.chunks(3).enumerate() {
            let (x, y) = ((index % 200) as f64, (index / 200) as f64);
            let on_plate = (10.0..10.0 + width).contains(&x) && (20.0..20.0 + height).contains(&y);
            assert_eq!(pixel == [0, 0, 250], !on_plate, "({x}, {y})");
            ink += usize::from(pixel.iter().all(|&value| value > 200));
        }
        assert!(ink > 100, "{ink} white pixels");
    }

    #[test]
    fn longer_text_needs_a_wider_plate() {
        let width = |text| PLATE.size_px(text).unwrap().0;
        assert!(width("plaza 12") > width("plaza 3"));
        assert_eq!(width("外滩"), width("??"));
    }

    #[test]
    fn a_greyed_picture_has_no_colour_and_less_light() {
        let picture = Picture::filled(SIZE, Colour { red: 200, green: 100, blue: 0 }).unwrap();
        let bytes = picture.greyed(0.5).unwrap().bytes().unwrap().to_vec();
        assert!(bytes.iter().all(|&value| value == bytes[0]));
        assert!((50..75).contains(&bytes[0]), "{}", bytes[0]);
    }
}
