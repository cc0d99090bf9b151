//! The part of the picture that holds a camera's zones and lines.

use super::{LinePlan, Region, ZonePlan, defaults};
use crate::model::NormPoint;

/// The bounding box of zones and lines with room for whole bodies, cut to the picture; `None` where there are neither.
///
/// Foot points lie in the zone and the bodies stand above it, so the room above is the largest.
pub(super) fn around(zones: &[ZonePlan], lines: &[LinePlan]) -> Option<Region> {
    let corners = zones.iter().flat_map(|zone| zone.polygon.iter().copied());
    let ends = lines.iter().flat_map(|line| [line.a, line.b]);
    let (low, high) = corners.chain(ends).fold(None, |bounds: Option<(NormPoint, NormPoint)>, point| {
        let (low, high) = bounds.unwrap_or((point, point));
        Some((
            NormPoint { x: low.x.min(point.x), y: low.y.min(point.y) },
            NormPoint { x: high.x.max(point.x), y: high.y.max(point.y) },
        ))
    })?;
    Some(Region::Crop(
        NormPoint {
            x: (low.x - defaults::CROP_MARGIN_AROUND).max(0.0),
            y: (low.y - defaults::CROP_MARGIN_ABOVE).max(0.0),
        },
        NormPoint {
            x: (high.x + defaults::CROP_MARGIN_AROUND).min(1.0),
            y: (high.y + defaults::CROP_MARGIN_AROUND).min(1.0),
        },
    ))
}
