//! Radial lens distortion.

use crate::model::{FrameSize, PixelPoint};

/// Straight lines in the world are bowed in the picture; this straightens them: a point at distance r from the centre
/// of the picture goes to `r·(1 + k1·r²)`, with r in halves of the picture's diagonal. So k1 is the share by which a
/// corner of the picture moves outwards; above 0 for the usual barrel distortion. It is the first term of Tsai's model
/// (1987), from distorted to straight, with the centre of distortion in the centre of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Distortion {
    k1: f64,
    centre: PixelPoint,
    /// Half of the diagonal, in pixels across and down: two numbers, as a stream may be squeezed in one direction.
    unit_px: (f64, f64),
}

impl Distortion {
    pub(super) fn new(k1: f64, size: FrameSize) -> Self {
        let (width, height) = (f64::from(size.width_px), f64::from(size.height_px));
        let half = width.hypot(height) / 2.0;
        Self { k1, centre: PixelPoint { x: width / 2.0, y: height / 2.0 }, unit_px: (half, half) }
    }

    pub(super) fn is_none(&self) -> bool {
        self.k1 == 0.0
    }

    /// The same for a picture that is scaled.
    pub(super) fn scaled(&self, x: f64, y: f64) -> Self {
        Self {
            k1: self.k1,
            centre: PixelPoint { x: self.centre.x * x, y: self.centre.y * y },
            unit_px: (self.unit_px.0 * x, self.unit_px.1 * y),
        }
    }

    /// From the picture to where the point would be without distortion. `None` so far outside the picture that the
    /// formula turns back.
    pub(super) fn straighten(&self, point: PixelPoint) -> Option<PixelPoint> {
        if self.is_none() {
            return Some(point);
        }
        let (u, v) = ((point.x - self.centre.x) / self.unit_px.0, (point.y - self.centre.y) / self.unit_px.1);
        let square = u * u + v * v;
        let factor = 1.0 + self.k1 * square;
        let grows = 1.0 + 3.0 * self.k1 * square > 0.0;
        grows.then_some(self.at(u * factor, v * factor))
    }

    /// From the point without distortion to the picture. `None` where no point of the picture's plane goes there.
    pub(super) fn bend(&self, point: PixelPoint) -> Option<PixelPoint> {
        if self.is_none() {
            return Some(point);
        }
        let (u, v) = ((point.x - self.centre.x) / self.unit_px.0, (point.y - self.centre.y) / self.unit_px.1);
        let straight = u.hypot(v);
        if straight == 0.0 {
            return Some(point);
        }
        let radius = self.bent_radius(straight)?;
        let factor = radius / straight;
        Some(self.at(u * factor, v * factor))
    }

    /// Solves r·(1 + k1·r²) = straight by bisection: it cannot miss, and this is not called per frame.
    fn bent_radius(&self, straight: f64) -> Option<f64> {
        let of = |radius: f64| radius * (1.0 + self.k1 * radius * radius);
        let (mut low, mut high) = if self.k1 > 0.0 {
            (0.0, straight)
        } else {
            let turn = (-1.0 / (3.0 * self.k1)).sqrt();
            if of(turn) <= straight {
                return None;
            }
            (0.0, turn)
        };
        for _ in 0..100 {
            let middle = (low + high) / 2.0;
            if middle <= low || middle >= high {
                break;
            }
            if of(middle) < straight { low = middle } else { high = middle }
        }
        Some((low + high) / 2.0)
    }

    fn at(&self, u: f64, v: f64) -> PixelPoint {
        PixelPoint { x: self.centre.x + u * self.unit_px.0, y: self.centre.y + v * self.unit_px.1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bending_undoes_straightening_and_a_corner_moves_by_k1() {
        let size = FrameSize { width_px: 800, height_px: 600 };
        for k1 in [-0.2, -0.05, 0.0, 0.1, 0.8] {
            let distortion = Distortion::new(k1, size);
            for (x, y) in [(400.0, 300.0), (0.0, 0.0), (800.0, 17.0), (399.0, 301.0), (-40.0, 640.0)] {
                let point = PixelPoint { x, y };
                let back = distortion.bend(distortion.straighten(point).unwrap()).unwrap();
                assert!((back.x - x).hypot(back.y - y) < 1e-9, "k1 {k1}: {point:?} {back:?}");
            }
            let corner = distortion.straighten(PixelPoint { x: 0.0, y: 0.0 }).unwrap();
            assert!((corner.x + 400.0 * k1).abs() < 1e-9 && (corner.y + 300.0 * k1).abs() < 1e-9, "{corner:?}");
        }
        let pincushion = Distortion::new(-0.2, size);
        assert_eq!(pincushion.straighten(PixelPoint { x: -400.0, y: 300.0 }), None);
        assert_eq!(pincushion.bend(PixelPoint { x: -400.0, y: 300.0 }), None);
    }
}
