//! From BGR bytes to the network's input in one pass.

use crate::geometry::{Letterbox, PixelRect};

/// Order of the planes that a network wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelOrder {
    /// Blue, green, red, as the picture has it.
    #[default]
    Bgr,
    /// Red, green, blue.
    Rgb,
}

/// How pixel values become the network's: `(value - mean) / std`, plane by plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalisation {
    /// Order of the planes; `mean` and `std` are in this order.
    pub channel_order: ChannelOrder,
    /// Subtracted from the pixel value (0 to 255).
    pub mean: [f32; 3],
    /// What the difference is divided by.
    pub std: [f32; 3],
    /// Pixel value of the padding, 0 to 255.
    pub padding: u8,
}

impl Normalisation {
    /// The grey that most detectors are trained with.
    pub const GREY: u8 = 114;
}

impl Default for Normalisation {
    /// Pixel values as they are.
    fn default() -> Self {
        Self { channel_order: ChannelOrder::Bgr, mean: [0.0; 3], std: [1.0; 3], padding: Self::GREY }
    }
}

/// `source`: BGR rows without gaps, of the letterbox's frame size; `out`: three planes of its input size.
pub(super) fn prepare(source: &[u8], letterbox: &Letterbox, normalisation: &Normalisation, out: &mut [f32]) {
    let (crop, content, input) = (letterbox.crop(), letterbox.content(), letterbox.input());
    let (width, height) = (input.width_px as usize, input.height_px as usize);
    let row_bytes = letterbox.frame().width_px as usize * 3;
    let scale = normalisation.std.map(|std| 1.0 / std);
    let offset = [0, 1, 2].map(|plane| -normalisation.mean[plane] * scale[plane]);
    let padding = [0, 1, 2].map(|plane| f32::from(normalisation.padding) * scale[plane] + offset[plane]);

    let mut planes = out.chunks_exact_mut(width * height);
    let (Some(first), Some(second), Some(third)) = (planes.next(), planes.next(), planes.next()) else { return };
    let mut planes = [first, second, third];
    pad(&mut planes, padding, width, &content);

    let columns = taps(crop.width_px, content.width_px);
    let rows = taps(crop.height_px, content.height_px);
    // Which plane blue, green and red go to.
    let [blue, green, red] = match normalisation.channel_order {
        ChannelOrder::Bgr => [0, 1, 2],
        ChannelOrder::Rgb => [2, 1, 0],
    };
    let (left, top) = (content.left_px as usize, content.top_px as usize);
    // One row of the crop, already blended between its two neighbours, and one pixel more to blend the last one with.
    let crop_values = crop.width_px as usize * 3;
    let mut blended = vec![0.0_f32; crop_values + 3];

    for (y, row) in rows.iter().enumerate() {
        let source_row = |index: usize| {
            let start = (crop.top_px as usize + index) * row_bytes + crop.left_px as usize * 3;
            &source[start..start + crop_values]
        };
        let next = (row.index + 1).min(crop.height_px as usize - 1);
        blend(source_row(row.index), source_row(next), row.weight, &mut blended[..crop_values]);
        blended.copy_within(crop_values - 3..crop_values, crop_values);

        let start = (top + y) * width + left;
        let [first, second, third] = &mut planes;
        let mut line = [first, second, third].map(|plane| &mut plane[start..start + columns.len()]);
        spread(&blended, &columns, &mut line, [blue, green, red], scale, offset);
    }
}

/// The row that lies `weight` of the way from `upper` to `lower`.
fn blend(upper: &[u8], lower: &[u8], weight: f32, out: &mut [f32]) {
    for ((out, &upper), &lower) in out.iter_mut().zip(upper).zip(lower) {
        let upper = f32::from(upper);
        *out = upper + (f32::from(lower) - upper) * weight;
    }
}

/// Samples a blended row at the columns, splits it into planes and normalises it.
fn spread(
    blended: &[f32],
    columns: &[Tap],
    line: &mut [&mut [f32]; 3],
    [blue, green, red]: [usize; 3],
    scale: [f32; 3],
    offset: [f32; 3],
) {
    // Planes in the order of the bytes.
    let [first, second, third] = line;
    let (b_out, g_out, r_out) = if blue < red {
        (&mut **first, &mut **second, &mut **third)
    } else {
        (&mut **third, &mut **second, &mut **first)
    };
    let outputs = b_out.iter_mut().zip(g_out.iter_mut()).zip(r_out.iter_mut());
    for (column, ((b_out, g_out), r_out)) in columns.iter().zip(outputs) {
        let Some(&[b, g, r, b_next, g_next, r_next]) = blended[column.index * 3..].first_chunk::<6>() else { return };
        *b_out = (b + (b_next - b) * column.weight) * scale[blue] + offset[blue];
        *g_out = (g + (g_next - g) * column.weight) * scale[green] + offset[green];
        *r_out = (r + (r_next - r) * column.weight) * scale[red] + offset[red];
    }
}

/// Where an output pixel is sampled: `weight` of the way from a source pixel to the next.
#[derive(Debug, Clone, Copy)]
struct Tap {
    index: usize,
    weight: f32,
}

/// Sampling places for `to` pixels out of `from`, centres on centres (as OpenCV's `INTER_LINEAR` has them).
fn taps(from: u32, to: u32) -> Vec<Tap> {
    let step = f64::from(from) / f64::from(to);
    let last = f64::from(from - 1);
    (0..to)
        .map(|index| {
            let place = ((f64::from(index) + 0.5) * step - 0.5).clamp(0.0, last);
            Tap { index: place as usize, weight: place.fract() as f32 }
        })
        .collect()
}

/// Fills what the content leaves free.
fn pad(planes: &mut [&mut [f32]; 3], padding: [f32; 3], width: usize, content: &PixelRect) {
    let (left, right) = (content.left_px as usize, (content.left_px + content.width_px) as usize);
    let (top, bottom) = (content.top_px as usize, (content.top_px + content.height_px) as usize);
    for (plane, padding) in planes.iter_mut().zip(padding) {
        plane[..top * width].fill(padding);
        plane[bottom * width..].fill(padding);
        if right - left < width {
            for row in plane[top * width..bottom * width].chunks_exact_mut(width) {
                row[..left].fill(padding);
                row[right..].fill(padding);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{FrameSize, PixelBox};

    /// The definition, pixel by pixel.
    fn plainly(source: &[u8], letterbox: &Letterbox, normalisation: &Normalisation) -> Vec<f32> {
        let (crop, content, input) = (letterbox.crop(), letterbox.content(), letterbox.input());
        let pixel = |x: f64, y: f64, channel: usize| {
            let x = x.clamp(0.0, f64::from(crop.width_px - 1)) as usize + crop.left_px as usize;
            let y = y.clamp(0.0, f64::from(crop.height_px - 1)) as usize + crop.top_px as usize;
            f64::from(source[(y * letterbox.frame().width_px as usize + x) * 3 + channel])
        };
        let mut out = Vec::new();
        for plane in 0..3 {
            let channel = if normalisation.channel_order == ChannelOrder::Rgb { 2 - plane } else { plane };
            for y in 0..input.height_px {
                for x in 0..input.width_px {
                    let inside = (content.left_px..content.left_px + content.width_px).contains(&x)
                        && (content.top_px..content.top_px + content.height_px).contains(&y);
                    let value = if inside {
                        let (across, down) = letterbox.scale();
                        let x = (f64::from(x - content.left_px) + 0.5) / across - 0.5;
                        let y = (f64::from(y - content.top_px) + 0.5) / down - 0.5;
                        let (x, y) = (x.max(0.0), y.max(0.0));
                        let (u, v) = (x.fract(), y.fract());
                        pixel(x, y, channel) * (1.0 - u) * (1.0 - v)
                            + pixel(x + 1.0, y, channel) * u * (1.0 - v)
                            + pixel(x, y + 1.0, channel) * (1.0 - u) * v
                            + pixel(x + 1.0, y + 1.0, channel) * u * v
                    } else {
                        f64::from(normalisation.padding)
                    };
                    let (mean, std) = (normalisation.mean[plane], normalisation.std[plane]);
                    out.push(((value - f64::from(mean)) / f64::from(std)) as f32);
                }
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn preparing_agrees_with_the_plain_definition(
            (width_px, height_px) in (1..60_u32, 1..60_u32),
            (left, top, right, bottom) in (0.0..0.4, 0.0..0.4, 0.6..1.0, 0.6..1.0),
            (columns, rows) in (1..3_u32, 1..3_u32),
            rgb in any::<bool>(),
            seed in any::<u64>(),
        ) {
            let frame = FrameSize { width_px, height_px };
            let input = FrameSize { width_px: columns * 32, height_px: rows * 32 };
            let (width, height) = (f64::from(width_px), f64::from(height_px));
            let region =
                PixelBox { left: left * width, top: top * height, right: right * width, bottom: bottom * height };
            let letterbox = Letterbox::crop_to(frame, region, input).unwrap();
            let mut random = fastrand::Rng::with_seed(seed);
            let source: Vec<u8> = (0..width_px * height_px * 3).map(|_| random.u8(..)).collect();
            let normalisation = Normalisation {
                channel_order: if rgb { ChannelOrder::Rgb } else { ChannelOrder::Bgr },
                mean: [103.53, 116.28, 123.675],
                std: [57.375, 57.12, 58.395],
                padding: 114,
            };
            let mut out = vec![f32::NAN; 3 * (input.width_px * input.height_px) as usize];
            prepare(&source, &letterbox, &normalisation, &mut out);
            for (index, (is, should)) in out.iter().zip(plainly(&source, &letterbox, &normalisation)).enumerate() {
                prop_assert!((is - should).abs() < 1e-3, "value {index}: {is} instead of {should}");
            }
        }
    }
}
