//! A heat map as a picture: the ground seen from above, x to the right and y up.

use super::caption::{drawable, moment};
use super::layout::Layout;
use super::palette;
use crate::calibration::GroundPlane;
use crate::config::CameraPlan;
use crate::flow::{HeatMap, HeatMapCell, HeatMapGrid, HeatMapQuantity};
use crate::model::{FrameSize, GroundPoint, PixelBox, PixelPoint, Timestamp};
use crate::picture::{Colour, Picture, PictureError, Plate};

/// The map is drawn at most so large, in pixels, unless a pixel a cell is more.
const MAP_MOST_PX: (usize, usize) = (1000, 700);
/// A cell is drawn at most so large.
const CELL_MOST_PX: usize = 24;
/// What is beside the map, in pixels: coordinates to the left, the legend to the right, title above, scale below.
const LEFT_PX: usize = 64;
const RIGHT_PX: usize = 112;
const TOP_PX: usize = 72;
const BOTTOM_PX: usize = 92;
/// The legend needs this height, the texts below the map this width.
const MAP_LEAST_PX: (usize, usize) = (560, 200);
const BAR_WIDTH_PX: usize = 18;

/// Where the scale of speeds ends, in m/s: one scale for all maps, so that they can be held against one another; people
/// walk at 1.34 m/s where nobody is in their way (Weidmann), and few above this.
const SPEED_TOP_MPS: f64 = 2.0;
/// The scale of occupancies ends above this share of the cells with anybody in them: one bench would else leave all
/// paths dark.
const OCCUPANCY_TOP_SHARE: f64 = 0.98;

const PAGE: Colour = Colour::WHITE;
/// A cell in the picture with nobody in it.
const NOBODY: Colour = Colour { red: 226, green: 228, blue: 230 };
/// A cell in which nobody's speed was known.
const NO_SPEED: Colour = Colour { red: 168, green: 170, blue: 174 };
/// Said of an hour that was not seen as a whole.
const PARTLY: Colour = Colour { red: 176, green: 40, blue: 20 };

const TEXT: Plate = Plate { capital_height_px: 10.0, ink: palette::SHADE, ground: PAGE, opacity: 0.0 };

/// Draws one quantity of an hour's map, with the camera's zones, a scale in metres, the coordinates on the ground and
/// how much of the hour was seen. Where nobody was is grey; what is not in the camera's picture is white.
///
/// # Errors
/// [`PictureError::OpenCv`].
pub fn draw_heat_map(camera: &CameraPlan, map: &HeatMap, quantity: HeatMapQuantity) -> Result<Picture, PictureError> {
    let plane = camera.calibration.as_ref().map(|calibration| &calibration.plane);
    let scale = Scale::of(map, quantity);
    let sheet = Sheet::of(map.grid());
    let ground = draw_cells(&sheet, map, &scale, plane)?;
    let ground = draw_zones(ground, &sheet, camera, plane)?;
    let mut page = sheet.page(&ground, camera, map, quantity)?;
    sheet.coordinates(&mut page)?;
    sheet.legend(&mut page, &scale)?;
    sheet.footer(&mut page, map, &scale)?;
    Ok(page)
}

/// Both quantities of an hour's map, as PNG files.
///
/// # Errors
/// [`PictureError::OpenCv`].
pub fn heat_map_pictures(camera: &CameraPlan, map: &HeatMap) -> Result<Vec<(HeatMapQuantity, Vec<u8>)>, PictureError> {
    let picture = |quantity| Ok((quantity, draw_heat_map(camera, map, quantity)?.png()?));
    HeatMapQuantity::ALL.into_iter().map(picture).collect()
}

/// What a colour stands for.
struct Scale {
    quantity: HeatMapQuantity,
    top: f64,
    /// The highest value there is.
    most: Option<f64>,
}

impl Scale {
    fn of(map: &HeatMap, quantity: HeatMapQuantity) -> Self {
        let mut values: Vec<f64> = map.occupied().filter_map(|(_, cell)| value(cell, quantity)).collect();
        values.sort_by(f64::total_cmp);
        let top = match quantity {
            HeatMapQuantity::Speed => SPEED_TOP_MPS,
            HeatMapQuantity::Occupancy => {
                let at = (values.len() as f64 * OCCUPANCY_TOP_SHARE) as usize;
                values.get(at.min(values.len().saturating_sub(1))).map_or(1.0, |&value| round_up(value))
            }
        };
        Self { quantity, top, most: values.last().copied() }
    }

    fn unit(&self) -> &'static str {
        match self.quantity {
            HeatMapQuantity::Occupancy => "s",
            HeatMapQuantity::Speed => "m/s",
        }
    }

    /// The colour of a cell in which somebody was.
    fn colour(&self, cell: &HeatMapCell) -> Colour {
        value(cell, self.quantity).map_or(NO_SPEED, |value| palette::viridis(value / self.top))
    }
}

fn value(cell: &HeatMapCell, quantity: HeatMapQuantity) -> Option<f64> {
    match quantity {
        HeatMapQuantity::Occupancy => Some(cell.occupancy_s()),
        HeatMapQuantity::Speed => cell.mean_speed_mps(),
    }
}

/// The next of 1, 2, 5, 10, 20… (or 0.5, 0.2, 0.1…) from a value above 0 on.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().find(|step| step * power >= value * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

/// A figure without the last digits of its rounding.
fn figure(value: f64) -> String {
    ((value * 1e6).round() / 1e6).to_string()
}

/// How much of the hour: never 100 % where a part is missing, never 0 % where something was seen.
fn observed(map: &HeatMap) -> String {
    let percent = (map.observed_share() * 100.0 + 1e-9).floor();
    let percent = if percent < 1.0 { "less than 1".to_owned() } else { percent.to_string() };
    let seconds = map.observed_s() as u64;
    format!("observed {percent} % of the hour ({} min {} s)", seconds / 60, seconds % 60)
}

/// Where things are on the page.
struct Sheet<'g> {
    grid: &'g HeatMapGrid,
    cell_px: usize,
    /// The map's own size.
    map_px: (usize, usize),
    page_px: (usize, usize),
    /// Metres between coordinates, and length of the scale bar.
    step_m: f64,
}

impl<'g> Sheet<'g> {
    fn of(grid: &'g HeatMapGrid) -> Self {
        let most = (MAP_MOST_PX.0 / grid.columns()).min(MAP_MOST_PX.1 / grid.rows());
        let cell_px = most.clamp(1, CELL_MOST_PX);
        let map_px = (grid.columns() * cell_px, grid.rows() * cell_px);
        let page_px =
            (LEFT_PX + map_px.0.max(MAP_LEAST_PX.0) + RIGHT_PX, TOP_PX + map_px.1.max(MAP_LEAST_PX.1) + BOTTOM_PX);
        let longer_m = map_px.0.max(map_px.1) as f64 / cell_px as f64 * grid.cell_m();
        Self { grid, cell_px, map_px, page_px, step_m: round_up(longer_m / 10.0) }
    }

    fn px_per_m(&self) -> f64 {
        self.cell_px as f64 / self.grid.cell_m()
    }

    /// A place on the map, from its own left top corner.
    fn on_map(&self, point: GroundPoint) -> PixelPoint {
        let low = self.grid.low();
        let up_px = (point.y_m - low.y_m) * self.px_per_m();
        PixelPoint { x: (point.x_m - low.x_m) * self.px_per_m(), y: self.map_px.1 as f64 - up_px }
    }

    /// The map on a white page, with its title.
    fn page(
        &self,
        ground: &Picture,
        camera: &CameraPlan,
        map: &HeatMap,
        quantity: HeatMapQuantity,
    ) -> Result<Picture, PictureError> {
        let mut bytes = vec![255; self.page_px.0 * self.page_px.1 * 3];
        for (row, pixels) in ground.bytes()?.chunks(self.map_px.0 * 3).enumerate() {
            let at = ((TOP_PX + row) * self.page_px.0 + LEFT_PX) * 3;
            if let Some(place) = bytes.get_mut(at..at + pixels.len()) {
                place.copy_from_slice(pixels);
            }
        }
        let mut page = Picture::from_bgr(size(self.page_px), &bytes)?;
        let (left, top) = (LEFT_PX as f64, TOP_PX as f64);
        let (right, bottom) = (left + self.map_px.0 as f64, top + self.map_px.1 as f64);
        page.rectangle(&PixelBox { left: left - 1.0, top: top - 1.0, right, bottom }, palette::SHADE, 1)?;
        let cell_m = figure(self.grid.cell_m());
        let what = match quantity {
            HeatMapQuantity::Occupancy => format!("person-seconds in each cell of {cell_m} m x {cell_m} m"),
            HeatMapQuantity::Speed => format!("mean speed in each cell of {cell_m} m x {cell_m} m"),
        };
        let title = Plate { capital_height_px: 13.0, ..TEXT };
        let name = drawable(&camera.name, camera.id.as_str());
        page.plate(&format!("{name}: {what}"), at(left - 8.0, 6.0), &title)?;
        let (begin, end) = (moment(map.hour()), moment(Timestamp(map.hour().0.saturating_add(3_600_000_000))));
        let hour = match (begin.get(..16), end.get(11..16)) {
            (Some(begin), Some(end)) => format!("{begin} to {end} UTC"),
            _ => begin,
        };
        let ink = if map.observed_share() < 1.0 { PARTLY } else { TEXT.ink };
        page.plate(&format!("{hour}, {}", observed(map)), at(left - 6.0, 38.0), &Plate { ink, ..TEXT })?;
        Ok(page)
    }

    /// Ticks with metres along the left and lower side.
    fn coordinates(&self, page: &mut Picture) -> Result<(), PictureError> {
        let low = self.grid.low();
        let high = GroundPoint {
            x_m: low.x_m + self.map_px.0 as f64 / self.px_per_m(),
            y_m: low.y_m + self.map_px.1 as f64 / self.px_per_m(),
        };
        let text = Plate { capital_height_px: 8.0, ..TEXT };
        let (left, bottom) = (LEFT_PX as f64, (TOP_PX + self.map_px.1) as f64);
        for x_m in multiples(self.step_m, low.x_m, high.x_m) {
            let x = left + self.on_map(GroundPoint { x_m, y_m: low.y_m }).x;
            page.polyline(&[at(x, bottom), at(x, bottom + 5.0)], false, palette::SHADE, 1)?;
            let (width, _) = text.size_px(&figure(x_m))?;
            page.plate(&figure(x_m), at(x - width / 2.0, bottom + 4.0), &text)?;
        }
        for y_m in multiples(self.step_m, low.y_m, high.y_m) {
            let y = TOP_PX as f64 + self.on_map(GroundPoint { x_m: low.x_m, y_m }).y;
            page.polyline(&[at(left - 5.0, y), at(left, y)], false, palette::SHADE, 1)?;
            let (width, height) = text.size_px(&figure(y_m))?;
            page.plate(&figure(y_m), at(left - 5.0 - width, y - height / 2.0), &text)?;
        }
        Ok(())
    }

    /// The colours with their values, to the right of the map.
    fn legend(&self, page: &mut Picture, scale: &Scale) -> Result<(), PictureError> {
        let left = (self.page_px.0 - RIGHT_PX + 16) as f64;
        let (top, height) = (TOP_PX + 20, self.map_px.1.clamp(MAP_LEAST_PX.1 - 40, 300));
        let bottom = (top + height) as f64;
        page.plate(scale.unit(), at(left - 5.0, TOP_PX as f64 - 6.0), &TEXT)?;
        for row in 0..height {
            let y = (top + row) as f64;
            let share = 1.0 - (row as f64 + 0.5) / height as f64;
            let right = left + BAR_WIDTH_PX as f64 - 1.0;
            page.polyline(&[at(left, y), at(right, y)], false, palette::viridis(share), 1)?;
        }
        let text = Plate { capital_height_px: 8.0, ..TEXT };
        for quarter in 0..=4 {
            let share = f64::from(quarter) / 4.0;
            let y = bottom - share * height as f64;
            let more = if quarter == 4 { ">=" } else { "" };
            let label = format!("{more}{}", figure(share * scale.top));
            let (_, plate_height) = text.size_px(&label)?;
            page.plate(&label, at(left + BAR_WIDTH_PX as f64 + 2.0, y - plate_height / 2.0), &text)?;
        }
        Ok(())
    }

    /// The scale bar, what the greys mean, the highest value, and who is not on the map.
    fn footer(&self, page: &mut Picture, map: &HeatMap, scale: &Scale) -> Result<(), PictureError> {
        let left = LEFT_PX as f64;
        let y = (TOP_PX + self.map_px.1) as f64 + 38.0;
        let length_px = self.step_m * self.px_per_m();
        page.polyline(&[at(left, y), at(left + length_px, y)], false, palette::SHADE, 3)?;
        for x in [left, left + length_px] {
            page.polyline(&[at(x, y - 5.0), at(x, y + 5.0)], false, palette::SHADE, 1)?;
        }
        page.plate(&format!("{} m", figure(self.step_m)), at(left + length_px + 4.0, y - 10.0), &TEXT)?;
        let mut x = left + length_px + 90.0;
        let mut greys = vec![(NOBODY, "nobody"), (PAGE, "not in the picture")];
        if scale.quantity == HeatMapQuantity::Speed {
            greys.insert(1, (NO_SPEED, "speed not known"));
        }
        for (colour, meaning) in greys {
            let corners = [(x, y - 6.0), (x + 12.0, y - 6.0), (x + 12.0, y + 6.0), (x, y + 6.0)];
            let corners = corners.map(|(x, y)| at(x, y));
            page.fill_polygon(&corners, colour, 1.0)?;
            page.polyline(&corners, true, palette::SHADE, 1)?;
            page.plate(meaning, at(x + 12.0, y - 10.0), &TEXT)?;
            x += TEXT.size_px(meaning)?.0 + 24.0;
        }
        let mut notes = match scale.most {
            Some(most) => format!("highest: {most:.2} {}", scale.unit()),
            None if map.occupied().next().is_none() => "nobody was seen on this ground".to_owned(),
            None => "nobody's speed was known".to_owned(),
        };
        let off_grid_s = map.off_grid().occupancy_s();
        if off_grid_s > 0.0 {
            notes += &format!("; off this map: {off_grid_s:.1} person-seconds");
        }
        page.plate(&notes, at(left - 5.0, y + 16.0), &TEXT)
    }
}

fn at(x: f64, y: f64) -> PixelPoint {
    PixelPoint { x, y }
}

fn size((width, height): (usize, usize)) -> FrameSize {
    let px = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    FrameSize { width_px: px(width), height_px: px(height) }
}

fn multiples(step_m: f64, low_m: f64, high_m: f64) -> impl Iterator<Item = f64> {
    let first = (low_m / step_m - 1e-9).ceil();
    (0..).map(move |index| (first + f64::from(index)) * step_m).take_while(move |&at_m| at_m <= high_m + 1e-9 * step_m)
}

/// Every cell in its colour.
fn draw_cells(
    sheet: &Sheet<'_>,
    map: &HeatMap,
    scale: &Scale,
    plane: Option<&GroundPlane>,
) -> Result<Picture, PictureError> {
    let grid = sheet.grid;
    let is_in_picture = |centre: GroundPoint| {
        let Some((plane, pixel)) = plane.and_then(|plane| Some((plane, plane.to_pixel(centre)?))) else { return false };
        let (width, height) = (f64::from(plane.frame_size().width_px), f64::from(plane.frame_size().height_px));
        (0.0..=width).contains(&pixel.x) && (0.0..=height).contains(&pixel.y)
    };
    let mut bytes = vec![0; sheet.map_px.0 * sheet.map_px.1 * 3];
    for (index, cell) in map.cells().iter().enumerate() {
        let Colour { red, green, blue } = if cell.occupancy_s() > 0.0 {
            scale.colour(cell)
        } else if is_in_picture(grid.centre(index)) {
            NOBODY
        } else {
            PAGE
        };
        let (column, row) = (index % grid.columns(), grid.rows() - 1 - index / grid.columns());
        for y in 0..sheet.cell_px {
            let begin = ((row * sheet.cell_px + y) * sheet.map_px.0 + column * sheet.cell_px) * 3;
            for pixel in bytes[begin..begin + sheet.cell_px * 3].chunks_exact_mut(3) {
                pixel.copy_from_slice(&[blue, green, red]);
            }
        }
    }
    Picture::from_bgr(size(sheet.map_px), &bytes)
}

/// The outlines of the zones, with their names.
fn draw_zones(
    mut ground: Picture,
    sheet: &Sheet<'_>,
    camera: &CameraPlan,
    plane: Option<&GroundPlane>,
) -> Result<Picture, PictureError> {
    let Some(plane) = plane else { return Ok(ground) };
    let mut layout = Layout::new(ground.size(), 2.0);
    let label = Plate { capital_height_px: 9.0, ink: palette::SHADE, ground: PAGE, opacity: 0.8 };
    for zone in &camera.zones {
        let corners: Vec<PixelPoint> = zone.polygon.iter().map(|corner| corner.to_px(plane.frame_size())).collect();
        let Some(outline) = plane.polygon_to_ground(&corners) else { continue };
        let outline: Vec<PixelPoint> = outline.into_iter().map(|corner| sheet.on_map(corner)).collect();
        ground.polyline(&outline, true, PAGE, 4)?;
        ground.polyline(&outline, true, palette::SHADE, 2)?;
        let name = drawable(&zone.name, zone.id.as_str());
        let (width, height) = label.size_px(name)?;
        let middle = |part: fn(&PixelPoint) -> f64| outline.iter().map(part).sum::<f64>() / outline.len().max(1) as f64;
        let wish = at(middle(|corner| corner.x) - width / 2.0, middle(|corner| corner.y) - height / 2.0);
        ground.plate(name, layout.place(&[wish], (width, height)), &label)?;
    }
    Ok(ground)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CalibrationPlan;
    use crate::flow::HeatMapRecorder;
    use crate::flow::measures::GroundVelocity;
    use crate::view::examples::{self, pixel};

    /// The example camera, looking straight down, 100 pixels a metre: its picture is 7.68 m by 5.76 m.
    fn camera() -> CameraPlan {
        let rows = [[0.01, 0.0, 0.0], [0.0, -0.01, 5.76], [0.0, 0.0, 1.0]];
        let plane = GroundPlane::from_homography(rows, examples::SIZE, 0.0).unwrap();
        CameraPlan { calibration: Some(CalibrationPlan { plane, points: Vec::new() }), ..examples::camera() }
    }

    fn at_m(x_m: f64, y_m: f64) -> GroundPoint {
        GroundPoint { x_m, y_m }
    }

    /// Seen for 1440 s: one person walks at 1 m/s for a second of it, another stands, a third's speed is not known.
    fn map() -> HeatMap {
        let mut recorder = HeatMapRecorder::new(HeatMapGrid::over(at_m(0.0, 0.0), at_m(9.9, 5.9), 0.5));
        let velocity = |x_mps| Some(GroundVelocity { x_mps, y_mps: 0.0 });
        for second in 0..=1440 {
            let mut people = vec![(at_m(6.2, 1.2), velocity(0.0)), (at_m(3.2, 0.2), None), (at_m(20.0, 0.0), None)];
            if second == 1 {
                people.push((at_m(0.7, 5.2), velocity(1.0)));
            }
            recorder.step(Timestamp(second * 1_000_000), &people);
        }
        recorder.take_current().unwrap()
    }

    #[test]
    fn each_cell_has_its_colour_and_what_is_not_seen_is_no_colour_at_all() {
        let (camera, map) = (camera(), map());
        let scale = Scale::of(&map, HeatMapQuantity::Occupancy);
        assert_eq!((scale.top, scale.most), (2000.0, Some(1440.0)));
        let sheet = Sheet::of(map.grid());
        let colours = |quantity| {
            let page = draw_heat_map(&camera, &map, quantity).unwrap();
            assert_eq!(page.size(), size(sheet.page_px));
            [(6.25, 1.25), (3.25, 0.25), (0.75, 5.25), (2.25, 5.25), (9.25, 5.25)].map(|(x_m, y_m)| {
                let place = sheet.on_map(at_m(x_m, y_m));
                let [blue, green, red] = pixel(&page, LEFT_PX + place.x as usize, TOP_PX + place.y as usize);
                Colour { red, green, blue }
            })
        };
        let [standing, walking] = [0.0, 0.5].map(palette::viridis);
        let (long, short) = (palette::viridis(0.72), palette::viridis(1.0 / 2000.0));
        assert_eq!(colours(HeatMapQuantity::Occupancy), [long, long, short, NOBODY, PAGE]);
        assert_eq!(colours(HeatMapQuantity::Speed), [standing, NO_SPEED, walking, NOBODY, PAGE]);
    }

    #[test]
    fn the_part_of_the_hour_that_was_seen_is_never_flattered() {
        let after = |ends_us: i64| {
            let mut recorder = HeatMapRecorder::new(HeatMapGrid::over(at_m(0.0, 0.0), at_m(0.0, 0.0), 1.0));
            (0..ends_us).step_by(4_000_000).chain([ends_us]).for_each(|at| recorder.step(Timestamp(at), &[]));
            let map = recorder.take_ended(Timestamp(ends_us)).or_else(|| recorder.take_current());
            observed(&map.unwrap())
        };
        assert_eq!(after(1), "observed less than 1 % of the hour (0 min 0 s)");
        assert_eq!(after(1_440_000_000), "observed 40 % of the hour (24 min 0 s)");
        assert_eq!(after(3_599_000_000), "observed 99 % of the hour (59 min 59 s)");
        assert_eq!(after(3_600_000_000), "observed 100 % of the hour (60 min 0 s)");
    }

    #[test]
    fn any_grid_fits_on_a_page_of_sane_size() {
        for (width_m, length_m) in [(0.0, 0.0), (900.0, 0.0), (0.0, 900.0), (150.0, 150.0)] {
            let mut recorder = HeatMapRecorder::new(HeatMapGrid::over(at_m(-0.2, -0.2), at_m(width_m, length_m), 0.5));
            recorder.step(Timestamp(0), &[]);
            recorder.step(Timestamp(1), &[]);
            let map = recorder.take_current().unwrap();
            for quantity in HeatMapQuantity::ALL {
                let size = draw_heat_map(&camera(), &map, quantity).unwrap().size();
                assert!(size.width_px.max(size.height_px) < 2300, "{size:?}");
            }
        }
    }

    #[test]
    fn scales_end_at_round_figures() {
        for (value, round) in [(0.142857, 0.2), (0.2, 0.2), (1.0, 1.0), (1.01, 2.0), (3.0, 5.0), (73.0, 100.0)] {
            assert!((round_up(value) - round).abs() < 1e-9, "{value}");
        }
    }
}
