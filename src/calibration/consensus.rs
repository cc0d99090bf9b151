//! A plane from point pairs, some of which may be wrong.

use super::fault::CalibrationFault;
use super::homography;
use super::plane::GroundPlane;
use super::point_set::{self, PointPair};
use crate::model::{FrameSize, PixelPoint};

/// How far off a point may be on the ground and still be a good one, in metres: a tape held by two people.
const GROUND_TOLERANCE_M: f64 = 0.25;
/// How far off a point may be in the picture, as a share of its diagonal: a click in a full-screen picture. Either
/// suffices: near the camera a metre is many pixels, and far from it a pixel is many centimetres.
const IMAGE_TOLERANCE_SHARE: f64 = 0.01;
/// Sets of four points that are tried; where there are no more than that, all are.
const SAMPLES_MOST: usize = 600;
/// Seed of the samples: the same points always give the same plane.
const SEED: u64 = 0x6372_6f77_6466_6c6f;
/// Points that have to agree where there are more than four: four fit one plane whatever they are.
const AGREEING_LEAST: usize = 5;

/// A point pair and how well the plane fits it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FittedPoint {
    /// The pair.
    pub pair: PointPair,
    /// Distance on the ground between where it is and where the plane puts its pixel, in metres; `None`: beyond the
    /// horizon.
    pub ground_m: Option<f64>,
    /// Distance in the picture between where it is and where the plane puts its place, in pixels; `None`: behind the
    /// camera.
    pub image_px: Option<f64>,
    /// Whether the plane was made with it; the others are too far off.
    pub used: bool,
}

/// A plane made from point pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The plane.
    pub plane: GroundPlane,
    /// The points, in their order.
    pub points: Vec<FittedPoint>,
}

impl FittedPoint {
    /// How well a plane fits a pair.
    #[must_use]
    pub fn of(plane: &GroundPlane, pair: PointPair, used: bool) -> Self {
        let ground_m = plane.to_ground(pair.image).map(|ground| ground.distance_m(pair.ground));
        let off = |pixel: PixelPoint| (pixel.x - pair.image.x).hypot(pixel.y - pair.image.y);
        Self { pair, ground_m, image_px: plane.to_pixel(pair.ground).map(off), used }
    }

    /// Root mean square of the used points' distances on the ground, in metres; `None` without any.
    #[must_use]
    pub fn rms_ground_m(points: &[Self]) -> Option<f64> {
        let squares: Vec<f64> =
            points.iter().filter(|point| point.used).filter_map(|point| point.ground_m).map(|m| m * m).collect();
        (!squares.is_empty()).then(|| (squares.iter().sum::<f64>() / squares.len() as f64).sqrt())
    }
}

impl Fit {
    /// Root mean square of the used points' distances on the ground, in metres.
    #[must_use]
    pub fn rms_ground_m(&self) -> f64 {
        FittedPoint::rms_ground_m(&self.points).unwrap_or(0.0)
    }
}

/// The plane that fits point pairs best, by least squares on the ground. With more than four, points that are far off
/// are left out (RANSAC with a fixed seed, Fischler and Bolles 1981).
///
/// # Errors
/// [`CalibrationFault`] where the points leave the plane open, contradict one another or are a mirror image.
pub fn fit(pairs: &[PointPair], frame_size: FrameSize, k1: f64) -> Result<Fit, CalibrationFault> {
    point_set::check(pairs)?;
    // The plane's matrix takes straightened pixels.
    let distortion = super::distortion::Distortion::new(k1, frame_size);
    let straight: Vec<PointPair> = pairs
        .iter()
        .map(|pair| Some(PointPair { image: distortion.straighten(pair.image)?, ground: pair.ground }))
        .collect::<Option<_>>()
        .ok_or(CalibrationFault::Singular)?;
    if straight.len() == 4 {
        point_set::check_turning(&straight)?;
    }
    let plane_of = |of: &[usize]| {
        let chosen: Vec<PointPair> = of.iter().map(|&index| straight[index]).collect();
        GroundPlane::from_matrix(homography::fit(&chosen)?, frame_size, k1)
    };
    let used = if pairs.len() == 4 { vec![0, 1, 2, 3] } else { consensus(pairs, frame_size, plane_of)? };
    point_set::check_of(&straight, &used)?;
    let plane = plane_of(&used).ok_or(CalibrationFault::Singular)?;
    let points: Vec<FittedPoint> =
        pairs.iter().enumerate().map(|(index, &pair)| FittedPoint::of(&plane, pair, used.contains(&index))).collect();
    if points.iter().any(|point| point.used && point.ground_m.is_none()) {
        let on_the_ground: Vec<usize> = (0..points.len()).filter(|&at| points[at].ground_m.is_none()).collect();
        return Err(CalibrationFault::MixedUp { points: on_the_ground });
    }
    if plane.is_mirrored() {
        return Err(CalibrationFault::Mirrored);
    }
    Ok(Fit { plane, points })
}

/// The points that the best plane fits, in order.
fn consensus(
    pairs: &[PointPair],
    frame_size: FrameSize,
    plane_of: impl Fn(&[usize]) -> Option<GroundPlane>,
) -> Result<Vec<usize>, CalibrationFault> {
    let diagonal_px = f64::from(frame_size.width_px).hypot(f64::from(frame_size.height_px));
    // Shares of the tolerance, at most 1 each (MSAC, Torr and Zisserman 2000): of two planes with as many good points
    // the one that fits them better wins.
    let shares = |plane: &GroundPlane| -> Vec<f64> {
        pairs
            .iter()
            .map(|&pair| {
                let point = FittedPoint::of(plane, pair, false);
                let ground = point.ground_m.map_or(1.0, |off_m| off_m / GROUND_TOLERANCE_M);
                let image = point.image_px.map_or(1.0, |off_px| off_px / (diagonal_px * IMAGE_TOLERANCE_SHARE));
                ground.min(image).min(1.0)
            })
            .collect()
    };
    let cost = |shares: &[f64]| shares.iter().map(|share| share * share).sum::<f64>();
    let good = |shares: &[f64]| (0..shares.len()).filter(|&at| shares[at] < 1.0).collect::<Vec<usize>>();

    let mut best = plane_of(&(0..pairs.len()).collect::<Vec<_>>()).map(|plane| (cost(&shares(&plane)), plane));
    for sample in samples(pairs.len()) {
        let Some(plane) = plane_of(&sample) else { continue };
        let cost = cost(&shares(&plane));
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, plane));
        }
    }
    let (mut least, mut plane) = best.ok_or(CalibrationFault::Singular)?;
    // A plane through four points is skewed by their errors; one through all good ones may take in more.
    while let Some(next) = plane_of(&good(&shares(&plane))) {
        let cost = cost(&shares(&next));
        if cost >= least {
            break;
        }
        (least, plane) = (cost, next);
    }
    let shares = shares(&plane);
    let used = good(&shares);
    if used.len() >= AGREEING_LEAST && 2 * used.len() > pairs.len() {
        return Ok(used);
    }
    let points = pairs.iter().map(|&pair| FittedPoint::of(&plane, pair, false).ground_m);
    let worst =
        points.enumerate().max_by(|(_, a), (_, b)| a.unwrap_or(f64::INFINITY).total_cmp(&b.unwrap_or(f64::INFINITY)));
    let (worst, worst_ground_m) = worst.unwrap_or((0, None));
    Err(CalibrationFault::Disagree { agreeing: used.len(), count: pairs.len(), worst, worst_ground_m })
}

/// All sets of four of so many points, or as many of them as are tried.
fn samples(count: usize) -> Vec<[usize; 4]> {
    let all = count * (count - 1) * (count - 2) * (count - 3) / 24;
    if all <= SAMPLES_MOST {
        let mut samples = Vec::with_capacity(all);
        for a in 0..count {
            for b in a + 1..count {
                for c in b + 1..count {
                    samples.extend((c + 1..count).map(|d| [a, b, c, d]));
                }
            }
        }
        return samples;
    }
    let mut random = fastrand::Rng::with_seed(SEED);
    let sample = |random: &mut fastrand::Rng| {
        let chosen = random.choose_multiple(0..count, 4);
        [chosen[0], chosen[1], chosen[2], chosen[3]]
    };
    (0..SAMPLES_MOST).map(|_| sample(&mut random)).collect()
}
