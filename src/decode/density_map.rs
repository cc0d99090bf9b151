//! Crowd-density networks: one output N×1×h×w, people per cell, of a grid over the whole input.

use super::{DecodeError, HeadKind, OutputView};
use crate::geometry::Letterbox;
use crate::model::{DensityMap, Mark, PixelBox};

const HEAD: HeadKind = HeadKind::DensityMap;

/// Reads picture `item` of a batch. `units_per_person`: sum that one person has in the output (networks are often
/// trained on maps that are scaled up).
///
/// # Errors
/// [`DecodeError`] where the output is missing or has another shape, holds something that is not finite, or sums up to
/// less than nobody: then it is not a density map, or the picture was prepared in another way than the network expects.
pub fn density_map(
    outputs: &[OutputView<'_>],
    index: usize,
    item: usize,
    letterbox: &Letterbox,
    units_per_person: u32,
    mark: Mark,
) -> Result<DensityMap, DecodeError> {
    let view = outputs.get(index).ok_or(DecodeError::MissingOutput { head: HEAD, index, found: outputs.len() })?;
    let input = letterbox.input();
    let &[pictures, 1, rows, columns] = view.shape else {
        return Err(view.unexpected(HEAD, "[N, 1, rows, columns]"));
    };
    let fits = |cells: usize, side_px: u32| (1..=side_px as usize).contains(&cells);
    if !fits(rows, input.height_px) || !fits(columns, input.width_px) {
        let expected =
            format!("[N, 1, 1 to {} rows, 1 to {} columns], as the input has", input.height_px, input.width_px);
        return Err(view.unexpected(HEAD, expected));
    }
    if item >= pictures {
        return Err(DecodeError::NoSuchItem { item, output: view.name.to_owned(), found: pictures });
    }
    let size = rows * columns;
    let Some(cells) = view.data.get(item * size..(item + 1) * size) else {
        let expected = format!("as many values as its shape says, but has {}", view.data.len());
        return Err(view.unexpected(HEAD, expected));
    };
    let output = || view.name.to_owned();
    if let Some(cell) = cells.iter().position(|cell| !cell.is_finite()) {
        return Err(DecodeError::NotFinite { head: HEAD, output: output(), found: cells[cell], index: cell });
    }
    let sum = cells.iter().copied().map(f64::from).sum::<f64>() / f64::from(units_per_person.max(1));
    if sum < 0.0 {
        return Err(DecodeError::NegativeSum { output: output(), found: sum });
    }
    let whole = PixelBox { left: 0.0, top: 0.0, right: f64::from(input.width_px), bottom: f64::from(input.height_px) };
    Ok(DensityMap {
        bounds: letterbox.to_camera(&whole),
        columns,
        rows,
        people: cells.iter().map(|&cell| cell / units_per_person.max(1) as f32).collect(),
        mark,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FrameSize;

    /// Half of an input of 96 × 64 is padding: the picture of 400 × 400 lies at its left.
    fn letterbox() -> Letterbox {
        let size = |width_px, height_px| FrameSize { width_px, height_px };
        Letterbox::whole(size(400, 400), size(96, 64)).unwrap()
    }

    fn read(shape: &[usize], data: &[f32], item: usize) -> Result<DensityMap, DecodeError> {
        density_map(&[OutputView { name: "map", shape, data }], 0, item, &letterbox(), 100, Mark::Head)
    }

    #[test]
    fn cells_lie_where_the_input_does_in_the_picture() {
        let data: Vec<f32> = (0..12).map(|cell| cell as f32 * 100.0).collect();
        let map = read(&[2, 1, 2, 3], &data, 1).unwrap();
        assert_eq!((map.columns, map.rows, map.people.as_slice()), (3, 2, &[6.0, 7.0, 8.0, 9.0, 10.0, 11.0][..]));
        // 64 pixels of the input are 400 of the picture.
        assert_eq!(map.bounds, PixelBox { left: 0.0, top: 0.0, right: 600.0, bottom: 400.0 });
        assert_eq!(map.cell_px(), (200.0, 200.0));
    }

    #[test]
    fn what_is_no_density_map_is_refused() {
        let message = |shape: &[usize], data: &[f32]| read(shape, data, 0).unwrap_err().to_string();
        insta::assert_snapshot!(message(&[1, 2, 2], &[0.0; 4]), @"output `map` has the shape [1, 2, 2]; the density_map head expects [N, 1, rows, columns]");
        insta::assert_snapshot!(message(&[1, 2, 2, 1], &[0.0; 4]), @"output `map` has the shape [1, 2, 2, 1]; the density_map head expects [N, 1, rows, columns]");
        insta::assert_snapshot!(message(&[1, 1, 65, 96], &[0.0; 65 * 96]), @"output `map` has the shape [1, 1, 65, 96]; the density_map head expects [N, 1, 1 to 64 rows, 1 to 96 columns], as the input has");
        insta::assert_snapshot!(message(&[1, 1, 0, 4], &[]), @"output `map` has the shape [1, 1, 0, 4]; the density_map head expects [N, 1, 1 to 64 rows, 1 to 96 columns], as the input has");
        insta::assert_snapshot!(message(&[1, 1, 2, 2], &[0.0; 3]), @"output `map` has the shape [1, 1, 2, 2]; the density_map head expects as many values as its shape says, but has 3");
        insta::assert_snapshot!(message(&[1, 1, 2, 2], &[0.0, f32::NAN, 0.0, 0.0]), @"output `map` of the density_map head holds NaN at 1; expected finite numbers");
        insta::assert_snapshot!(message(&[1, 1, 1, 2], &[100.0, -350.0]), @"output `map` sums up to -2.5 people; expected 0 or more: it is no density map, or its pictures are prepared in another way than the manifest says");
        assert_eq!(read(&[1, 1, 1, 1], &[0.0], 1).unwrap_err().kind(), "no_such_item");
    }
}
