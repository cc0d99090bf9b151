//! Sizes of what is drawn, and where plates go so that none covers another.

use crate::model::{FrameSize, PixelPoint};

/// Sizes in a picture. They grow with its diagonal, so that text is as readable in a tall picture as in a wide one.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    unit_px: f64,
}

/// Diagonal of a picture in units; one is 5.8 pixels at 768x576.
const DIAGONAL_UNITS: f64 = 166.0;

impl Scale {
    /// Sizes for a picture of this size.
    pub fn of(size: FrameSize) -> Self {
        Self { unit_px: f64::from(size.width_px).hypot(f64::from(size.height_px)) / DIAGONAL_UNITS }
    }

    /// So many units in pixels.
    pub fn px(self, units: f64) -> f64 {
        units * self.unit_px
    }

    /// A line's thickness: whole pixels, one at least.
    pub fn stroke_px(self, units: f64) -> u32 {
        self.px(units).round().clamp(1.0, 50.0) as u32
    }
}

/// A rectangle that is taken.
#[derive(Debug, Clone, Copy)]
struct Taken {
    at: PixelPoint,
    size_px: (f64, f64),
}

impl Taken {
    fn overlaps(&self, other: &Self) -> bool {
        let apart = |a: f64, a_length: f64, b: f64, b_length: f64| a + a_length <= b || b + b_length <= a;
        !apart(self.at.x, self.size_px.0, other.at.x, other.size_px.0)
            && !apart(self.at.y, self.size_px.1, other.at.y, other.size_px.1)
    }
}

/// Places of plates in one picture. They depend on the plan and on the lengths of the texts, never on people, so that
/// nothing jumps about from frame to frame.
#[derive(Debug)]
pub struct Layout {
    size: FrameSize,
    margin_px: f64,
    taken: Vec<Taken>,
}

impl Layout {
    /// Nothing is taken but a margin along the edges.
    pub fn new(size: FrameSize, margin_px: f64) -> Self {
        Self { size, margin_px, taken: Vec::new() }
    }

    /// Takes a rectangle as it is.
    pub fn reserve(&mut self, at: PixelPoint, size_px: (f64, f64)) {
        self.taken.push(Taken { at, size_px });
    }

    /// Takes the first of these places (left top corners) that is free when moved into the picture; where none is, the
    /// first one moved down, or up, until it is.
    pub fn place(&mut self, wishes: &[PixelPoint], size_px: (f64, f64)) -> PixelPoint {
        let wishes: Vec<PixelPoint> = wishes.iter().map(|&wish| self.inside(wish, size_px)).collect();
        let first = wishes.first().copied().unwrap_or(PixelPoint { x: 0.0, y: 0.0 });
        let rows = (f64::from(self.size.height_px) / size_px.1.max(1.0)).ceil() as u32;
        let moved = (1..=rows).flat_map(|row| [f64::from(row), -f64::from(row)]).map(|row| {
            let wish = PixelPoint { x: first.x, y: first.y + row * size_px.1 };
            self.inside(wish, size_px)
        });
        let is_free = |at: &PixelPoint| {
            let plate = Taken { at: *at, size_px };
            !self.taken.iter().any(|taken| taken.overlaps(&plate))
        };
        let at = wishes.into_iter().chain(moved).find(is_free).unwrap_or(first);
        self.reserve(at, size_px);
        at
    }

    fn inside(&self, at: PixelPoint, (width, height): (f64, f64)) -> PixelPoint {
        let within = |place: f64, length: f64, all: u32| {
            place.min(f64::from(all) - self.margin_px - length).max(self.margin_px).round()
        };
        PixelPoint { x: within(at.x, width, self.size.width_px), y: within(at.y, height, self.size.height_px) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(x: f64, y: f64) -> PixelPoint {
        PixelPoint { x, y }
    }

    #[test]
    fn plates_stay_in_the_picture_and_off_each_other() {
        let mut layout = Layout::new(FrameSize { width_px: 100, height_px: 60 }, 0.0);
        let size = (40.0, 20.0);
        assert_eq!(layout.place(&[at(-5.0, 50.0)], size), at(0.0, 40.0));
        assert_eq!(layout.place(&[at(10.0, 45.0), at(50.0, 0.0)], size), at(50.0, 0.0), "the first wish is taken");
        assert_eq!(layout.place(&[at(0.0, 40.0)], size), at(0.0, 20.0), "moved up");
        assert_eq!(layout.place(&[at(55.0, 5.0)], size), at(55.0, 25.0), "moved down");
        let mut narrower = Layout::new(FrameSize { width_px: 100, height_px: 60 }, 4.0);
        assert_eq!(narrower.place(&[at(-5.0, 50.0)], size), at(4.0, 36.0));
        layout.reserve(at(0.0, 0.0), (100.0, 60.0));
        assert_eq!(layout.place(&[at(1.0, 2.0)], size), at(1.0, 2.0), "a full picture gets it all the same");
    }

    #[test]
    fn sizes_follow_the_picture() {
        let unit = |width_px, height_px| Scale::of(FrameSize { width_px, height_px }).px(1.0);
        assert!((unit(768, 576) - 5.78).abs() < 0.01);
        assert_eq!(unit(1920, 1080), unit(1080, 1920));
        assert_eq!(Scale::of(FrameSize { width_px: 16, height_px: 16 }).stroke_px(0.3), 1);
    }
}
