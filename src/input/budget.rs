//! What a frame of each camera may cost.

use crate::config::{CameraPlan, SourcePlan};

/// The share of what the workers get through that is given out. The rest is for decoding, preparing, counting and HTTP on
/// the same cores, and for frames that come in bursts.
pub const HEADROOM: f64 = 0.75;
/// Frames a second of a stream of which nothing is said: the most that cameras usually send.
const STREAM_FPS: f64 = 25.0;

/// Frames a second that are analysed of this camera at most.
fn rate_fps(camera: &CameraPlan) -> f64 {
    let source_fps = match &camera.source {
        SourcePlan::File(file) => file.fps,
        SourcePlan::Images(images) => images.fps,
        SourcePlan::V4l2(device) => device.fps.unwrap_or(STREAM_FPS),
        SourcePlan::Stream(_) => STREAM_FPS,
    };
    camera.analysis_fps.map_or(source_fps, |fps| fps.min(source_fps))
}

/// Pixels of network input that a frame of each camera may take where all workers together get through
/// `megapixels_per_s`; in the cameras' order.
///
/// Cameras of a fixed input take theirs first. What is left is shared among those whose input is chosen such that each
/// gets the same pixels a frame, at the rate that it has to keep. Pixels stand for time: on a CPU a fully convolutional
/// network takes about the same time for each (within a quarter between 320x256 and 640x480, see models/README.md).
#[must_use]
pub fn budgets_px(cameras: &[CameraPlan], megapixels_per_s: f64) -> Vec<Option<f64>> {
    let mut left_px_per_s = HEADROOM * megapixels_per_s * 1e6;
    let mut chosen_fps = 0.0;
    for camera in cameras {
        match camera.input.auto {
            Some(auto) => chosen_fps += auto.keep_fps,
            None => {
                let pixels = camera.input.size.pixels() as f64;
                left_px_per_s -= pixels * f64::from(camera.input.tiles.count()) * rate_fps(camera);
            }
        }
    }
    let each = (left_px_per_s / chosen_fps).max(0.0);
    cameras.iter().map(|camera| camera.input.auto.map(|_| each)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::in_use::tests::camera;

    #[test]
    fn fixed_cameras_take_theirs_and_the_rest_is_shared_by_the_frame() {
        let fixed = camera("input_size = \"320x320\"\nanalysis_fps = 5");
        let slow = camera("input_size = \"auto\"\nkeep_fps = 2");
        let fast = camera("input_size = \"auto\"\nkeep_fps = 6");
        let budgets = budgets_px(&[fixed.clone(), slow, fast], 10.0);
        let left = (0.75 * 10e6 - 320.0 * 320.0 * 5.0) / 8.0;
        assert_eq!(budgets, [None, Some(left), Some(left)]);
        // Nothing is left: nothing is given out.
        let auto = camera("input_size = \"auto\"");
        assert_eq!(budgets_px(&[fixed, auto], 0.1), [None, Some(0.0)]);
    }

    #[test]
    fn tiles_cost_as_much_as_they_are_many() {
        let tiled = camera("input_size = \"320x320\"\ninput_tiles = [3, 2]\nanalysis_fps = 5");
        let auto = camera("input_size = \"auto\"\nkeep_fps = 1");
        let budgets = budgets_px(&[tiled, auto], 10.0);
        assert_eq!(budgets[1], Some(0.75 * 10e6 - 6.0 * 320.0 * 320.0 * 5.0));
    }
}
