//! Densities of one zone by the true places of people: what `benches/measure.py --only density` sets beside those of
//! `analyze`.
//!
//! ```text
//! true_density GT.txt HOMOGRAPHY.json WIDTH HEIGHT FRAMES X0 Y0 X1 Y1
//! ```
//!
//! `GT.txt` has the MOT Challenge's columns; people with conf 0 are left out. `HOMOGRAPHY.json` has `H_image_to_world`.
//! The zone is the upright rectangle from (X0, Y0) to (X1, Y1), in pixels. Prints frame, occupancy, and classic and
//! Voronoi density, each by the same function as the live zones.

use std::collections::BTreeMap;

use anyhow::Context as _;
use crowdflow::calibration::GroundPlane;
use crowdflow::flow::measures::{classic_density, voronoi_density};
use crowdflow::geometry::{CutOff, GroundArea, voronoi_cells};
use crowdflow::model::{FrameSize, GroundPoint, PixelBox, PixelPoint};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [truth, homography, numbers @ ..] = &arguments[..] else {
        anyhow::bail!("usage: true_density GT.txt HOMOGRAPHY.json WIDTH HEIGHT FRAMES X0 Y0 X1 Y1");
    };
    let numbers: Vec<f64> = numbers.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let [width, height, frames, x0, y0, x1, y1] = numbers[..] else { anyhow::bail!("7 numbers are expected") };
    let size = FrameSize { width_px: width as u32, height_px: height as u32 };

    let text = std::fs::read_to_string(homography).with_context(|| format!("cannot read {homography}"))?;
    let json: serde_json::Value = serde_json::from_str(&text)?;
    let rows: [[f64; 3]; 3] = serde_json::from_value(json["H_image_to_world"].clone())?;
    let plane = GroundPlane::from_homography(rows, size, 0.0).map_err(|fault| anyhow::anyhow!("{fault}"))?;
    let corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)].map(|(x, y)| PixelPoint { x, y });
    let zone = GroundArea::new(&plane.polygon_to_ground(&corners).context("the zone reaches the horizon")?, &[])?;

    let mut people: BTreeMap<u64, Vec<GroundPoint>> = BTreeMap::new();
    for line in std::fs::read_to_string(truth).with_context(|| format!("cannot read {truth}"))?.lines() {
        let row: Vec<f64> = line.split(',').map(|field| field.trim().parse()).collect::<Result<_, _>>()?;
        let [frame, _, left, top, width, height, conf, ..] = row[..] else { anyhow::bail!("{truth}: `{line}`") };
        let foot = PixelBox { left, top, right: left + width, bottom: top + height }.foot();
        if conf > 0.0
            && let Some(point) = plane.to_ground(foot)
        {
            people.entry(frame as u64).or_default().push(point);
        }
    }
    println!("frame,occupancy,density_per_m2,voronoi_per_m2");
    for frame in 1..=frames as u64 {
        let points = people.get(&frame).map_or(&[][..], Vec::as_slice);
        let occupancy = points.iter().filter(|&&point| zone.contains(point)).count();
        let voronoi = voronoi_density(&voronoi_cells(points, None, CutOff::default()), &zone);
        println!("{frame},{occupancy},{},{voronoi}", classic_density(points, &zone));
    }
    Ok(())
}
