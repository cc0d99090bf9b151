//! Places in a picture and on the ground. Pixel points are in the camera's own picture, origin at the top left, y
//! downwards.

/// Width and height of a picture in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameSize {
    /// Pixels across.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
}

impl FrameSize {
    /// How many pixels it has.
    #[must_use]
    pub fn pixels(self) -> u64 {
        u64::from(self.width_px) * u64::from(self.height_px)
    }
}

/// `768x576`.
impl std::fmt::Display for FrameSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width_px, self.height_px)
    }
}

/// A point in a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelPoint {
    /// Pixels from the left edge.
    pub x: f64,
    /// Pixels from the top edge.
    pub y: f64,
}

/// A point in a picture as a share of its width and height, so that it survives a change of the stream's resolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormPoint {
    /// 0 at the left edge, 1 at the right.
    pub x: f64,
    /// 0 at the top edge, 1 at the bottom.
    pub y: f64,
}

impl NormPoint {
    /// The point in a picture of this size.
    #[must_use]
    pub fn to_px(self, size: FrameSize) -> PixelPoint {
        PixelPoint { x: self.x * f64::from(size.width_px), y: self.y * f64::from(size.height_px) }
    }
}

/// A point on the ground, in metres. The axes are right-handed as seen from above: with x to the right, y goes away from
/// the viewer. Where they begin and which way they point is the calibration's choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroundPoint {
    /// Metres along the first axis.
    pub x_m: f64,
    /// Metres along the second axis.
    pub y_m: f64,
}

impl GroundPoint {
    /// Distance between two points in metres.
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        (self.x_m - other.x_m).hypot(self.y_m - other.y_m)
    }
}

/// An upright box in a picture, in pixels. It may reach beyond the picture: boxes are never clipped before they are
/// counted, as a clipped foot point would stand in the wrong place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelBox {
    /// Left edge.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Bottom edge.
    pub bottom: f64,
}

impl PixelBox {
    /// Width; 0 where the box is inside out.
    #[must_use]
    pub fn width(&self) -> f64 {
        (self.right - self.left).max(0.0)
    }

    /// Height; 0 where the box is inside out.
    #[must_use]
    pub fn height(&self) -> f64 {
        (self.bottom - self.top).max(0.0)
    }

    /// Area in square pixels.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.width() * self.height()
    }

    /// Middle of the bottom edge: where the person stands, the point that is counted.
    #[must_use]
    pub fn foot(&self) -> PixelPoint {
        PixelPoint { x: (self.left + self.right) / 2.0, y: self.bottom }
    }

    /// Shared area in square pixels; 0 where the boxes are apart (each side is clamped before they are multiplied:
    /// the product of two negative sides would be positive).
    #[must_use]
    pub fn intersection(&self, other: &Self) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.max(0.0) * height.max(0.0)
    }

    /// Intersection over union, 0 to 1; 0 where both boxes are empty.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f64 {
        let intersection = self.intersection(other);
        let union = self.area() + other.area() - intersection;
        if union > 0.0 { intersection / union } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(left: f64, top: f64, right: f64, bottom: f64) -> PixelBox {
        PixelBox { left, top, right, bottom }
    }

    #[test]
    fn iou_of_disjoint_boxes_is_zero_even_where_both_sides_are_apart() {
        let a = at(0.0, 0.0, 10.0, 10.0);
        assert_eq!(a.iou(&at(20.0, 20.0, 30.0, 30.0)), 0.0);
        assert_eq!(a.iou(&at(10.0, 0.0, 20.0, 10.0)), 0.0);
        assert_eq!(a.iou(&a), 1.0);
        assert!((a.iou(&at(0.0, 0.0, 10.0, 5.0)) - 0.5).abs() < 1e-12);
        assert_eq!(at(5.0, 5.0, 5.0, 5.0).iou(&at(5.0, 5.0, 5.0, 5.0)), 0.0);
    }
}
