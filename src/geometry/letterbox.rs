//! How a part of the camera's picture is fitted into the network's input.

use crate::model::{FrameSize, PixelBox};

/// A rectangle of whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelRect {
    /// First column.
    pub left_px: u32,
    /// First row.
    pub top_px: u32,
    /// Columns.
    pub width_px: u32,
    /// Rows.
    pub height_px: u32,
}

/// Why a picture can't be fitted into an input.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LetterboxError {
    /// The picture or the input has no pixels.
    #[error("cannot fit a picture of {} x {} pixels into an input of {} x {}", frame.width_px, frame.height_px, input.width_px, input.height_px)]
    NoPixels {
        /// The picture.
        frame: FrameSize,
        /// The network's input.
        input: FrameSize,
    },
    /// The region has no pixel of the picture in it.
    #[error("the region {region:?} holds no pixel of a picture of {} x {} pixels", frame.width_px, frame.height_px)]
    EmptyRegion {
        /// The region.
        region: PixelBox,
        /// The picture.
        frame: FrameSize,
    },
}

/// Maps a region of the camera's picture into the network's input with the aspect ratio kept: the region is scaled to
/// fit and put at the top left; the rest is padding.
///
/// Region and scaled region are whole pixels, so that the scale is the one the resampling really uses; across and down
/// they differ by less than a pixel over the whole input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Letterbox {
    frame: FrameSize,
    input: FrameSize,
    crop: PixelRect,
    content: PixelRect,
}

impl Letterbox {
    /// Fits the whole picture.
    ///
    /// # Errors
    /// [`LetterboxError::NoPixels`] where the picture or the input is empty.
    pub fn whole(frame: FrameSize, input: FrameSize) -> Result<Self, LetterboxError> {
        let all =
            PixelBox { left: 0.0, top: 0.0, right: f64::from(frame.width_px), bottom: f64::from(frame.height_px) };
        Self::crop_to(frame, all, input)
    }

    /// Fits a region of the picture, widened to whole pixels and cut at the picture's edge.
    ///
    /// # Errors
    /// [`LetterboxError`] where the picture, the input or the region within the picture is empty.
    pub fn crop_to(frame: FrameSize, region: PixelBox, input: FrameSize) -> Result<Self, LetterboxError> {
        if [frame.width_px, frame.height_px, input.width_px, input.height_px].contains(&0) {
            return Err(LetterboxError::NoPixels { frame, input });
        }
        let across = span(region.left, region.right, frame.width_px);
        let down = span(region.top, region.bottom, frame.height_px);
        let (Some((left_px, width_px)), Some((top_px, height_px))) = (across, down) else {
            return Err(LetterboxError::EmptyRegion { region, frame });
        };
        let crop = PixelRect { left_px, top_px, width_px, height_px };
        let scale =
            (f64::from(input.width_px) / f64::from(width_px)).min(f64::from(input.height_px) / f64::from(height_px));
        let scaled = |side_px: u32, most_px: u32| ((f64::from(side_px) * scale).round() as u32).clamp(1, most_px);
        let (content_width_px, content_height_px) =
            (scaled(width_px, input.width_px), scaled(height_px, input.height_px));
        let content = PixelRect { left_px: 0, top_px: 0, width_px: content_width_px, height_px: content_height_px };
        Ok(Self { frame, input, crop, content })
    }

    /// Size of the camera's picture.
    #[must_use]
    pub fn frame(&self) -> FrameSize {
        self.frame
    }

    /// Size of the network's input.
    #[must_use]
    pub fn input(&self) -> FrameSize {
        self.input
    }

    /// The part of the camera's picture that the network sees.
    #[must_use]
    pub fn crop(&self) -> PixelRect {
        self.crop
    }

    /// Where that part lies in the network's input; the rest is padding.
    #[must_use]
    pub fn content(&self) -> PixelRect {
        self.content
    }

    /// Input pixels per camera pixel, across and down.
    #[must_use]
    pub fn scale(&self) -> (f64, f64) {
        (
            f64::from(self.content.width_px) / f64::from(self.crop.width_px),
            f64::from(self.content.height_px) / f64::from(self.crop.height_px),
        )
    }

    /// A box in the camera's picture, in the network's input.
    #[must_use]
    pub fn to_input(&self, camera: &PixelBox) -> PixelBox {
        let (across, down) = self.scale();
        let x = |x: f64| (x - f64::from(self.crop.left_px)) * across + f64::from(self.content.left_px);
        let y = |y: f64| (y - f64::from(self.crop.top_px)) * down + f64::from(self.content.top_px);
        PixelBox { left: x(camera.left), top: y(camera.top), right: x(camera.right), bottom: y(camera.bottom) }
    }

    /// A box in the network's input, in the camera's picture. It is not cut at the picture's edge: the foot point of
    /// someone half out of the picture would move.
    #[must_use]
    pub fn to_camera(&self, input: &PixelBox) -> PixelBox {
        let (across, down) = self.scale();
        let x = |x: f64| (x - f64::from(self.content.left_px)) / across + f64::from(self.crop.left_px);
        let y = |y: f64| (y - f64::from(self.content.top_px)) / down + f64::from(self.crop.top_px);
        PixelBox { left: x(input.left), top: y(input.top), right: x(input.right), bottom: y(input.bottom) }
    }
}

/// First pixel and number of pixels of `from..to`, widened to whole pixels and cut to `0..most`.
fn span(from: f64, to: f64, most: u32) -> Option<(u32, u32)> {
    let most = f64::from(most);
    // `clamp` hands NaN on, and NaN fails the comparison.
    let (first, end) = (from.floor().clamp(0.0, most), to.ceil().clamp(0.0, most));
    (first < end).then_some((first as u32, (end - first) as u32))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(width_px: u32, height_px: u32) -> FrameSize {
        FrameSize { width_px, height_px }
    }

    fn rect(left_px: u32, top_px: u32, width_px: u32, height_px: u32) -> PixelRect {
        PixelRect { left_px, top_px, width_px, height_px }
    }

    #[test]
    fn a_whole_picture_is_put_at_the_top_left() {
        let fitted = Letterbox::whole(size(768, 576), size(416, 320)).unwrap();
        assert_eq!(fitted.crop(), rect(0, 0, 768, 576));
        assert_eq!(fitted.content(), rect(0, 0, 416, 312));
        let fitted = Letterbox::whole(size(100, 400), size(64, 64)).unwrap();
        assert_eq!(fitted.content(), rect(0, 0, 16, 64));
    }

    #[test]
    fn a_region_is_widened_to_whole_pixels_and_cut_at_the_edge() {
        let region = PixelBox { left: -20.0, top: 10.4, right: 99.6, bottom: 60.5 };
        let fitted = Letterbox::crop_to(size(200, 61), region, size(64, 64)).unwrap();
        assert_eq!(fitted.crop(), rect(0, 10, 100, 51));
    }

    #[test]
    fn emptiness_is_an_error() {
        let outside = PixelBox { left: 300.0, top: 0.0, right: 400.0, bottom: 50.0 };
        let nan = PixelBox { left: f64::NAN, ..outside };
        for region in [outside, nan] {
            assert!(matches!(
                Letterbox::crop_to(size(200, 100), region, size(64, 64)),
                Err(LetterboxError::EmptyRegion { .. })
            ));
        }
        assert!(matches!(Letterbox::whole(size(0, 100), size(64, 64)), Err(LetterboxError::NoPixels { .. })));
        assert!(matches!(Letterbox::whole(size(200, 100), size(64, 0)), Err(LetterboxError::NoPixels { .. })));
    }

    fn letterboxes() -> impl Strategy<Value = Letterbox> {
        (1..4000_u32, 1..4000_u32, 0.0..0.9, 0.0..0.9, 0.05..1.0, 0.05..1.0, 1..40_u32, 1..40_u32).prop_map(
            |(width_px, height_px, left, top, across, down, columns, rows)| {
                let (width, height) = (f64::from(width_px), f64::from(height_px));
                let region = PixelBox {
                    left: left * width,
                    top: top * height,
                    right: (left + across) * width,
                    bottom: (top + down) * height,
                };
                Letterbox::crop_to(size(width_px, height_px), region, size(columns * 32, rows * 32)).unwrap()
            },
        )
    }

    proptest! {
        #[test]
        fn a_box_comes_back_where_it_was(
            letterbox in letterboxes(),
            x in -5000.0..5000.0, y in -5000.0..5000.0, width in 0.0..3000.0, height in 0.0..3000.0,
        ) {
            let camera = PixelBox { left: x, top: y, right: x + width, bottom: y + height };
            let back = letterbox.to_camera(&letterbox.to_input(&camera));
            for (was, is) in [
                (camera.left, back.left), (camera.top, back.top),
                (camera.right, back.right), (camera.bottom, back.bottom),
            ] {
                prop_assert!((was - is).abs() < 1e-6, "{was} came back as {is}");
            }
        }

        #[test]
        fn the_content_lies_in_the_input_touches_two_sides_and_is_where_the_crop_goes(letterbox in letterboxes()) {
            let (input, content, crop) = (letterbox.input(), letterbox.content(), letterbox.crop());
            prop_assert!(content.left_px + content.width_px <= input.width_px);
            prop_assert!(content.top_px + content.height_px <= input.height_px);
            prop_assert!(content.width_px == input.width_px || content.height_px == input.height_px);
            prop_assert!(crop.left_px + crop.width_px <= letterbox.frame().width_px);
            prop_assert!(crop.top_px + crop.height_px <= letterbox.frame().height_px);
            let to_box = |rect: PixelRect| PixelBox {
                left: f64::from(rect.left_px), top: f64::from(rect.top_px),
                right: f64::from(rect.left_px + rect.width_px), bottom: f64::from(rect.top_px + rect.height_px),
            };
            let (seen, there) = (letterbox.to_input(&to_box(crop)), to_box(content));
            prop_assert!((seen.left - there.left).abs() + (seen.bottom - there.bottom).abs() < 1e-6);
            prop_assert!((seen.right - there.right).abs() + (seen.top - there.top).abs() < 1e-6);
        }

        #[test]
        fn the_aspect_ratio_is_kept_to_a_pixel(letterbox in letterboxes()) {
            let (across, down) = letterbox.scale();
            let (content, crop) = (letterbox.content(), letterbox.crop());
            // Either side may be rounded by half a pixel (or up to one whole pixel for slivers).
            let scale = across.min(down);
            prop_assert!((f64::from(crop.width_px) * scale - f64::from(content.width_px)).abs() <= 1.0 + 1e-9
                || (f64::from(crop.height_px) * scale - f64::from(content.height_px)).abs() <= 1.0 + 1e-9);
        }
    }
}
