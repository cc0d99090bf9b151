//! A look at some pictures of a recording, for people's heights.

use super::{PeopleSeen, PipelineError, Preparation};
use crate::config::CameraPlan;
use crate::inference::Detector;
use crate::source;

/// Pictures looked at, spread over the recording.
const PICTURES: u64 = 24;

/// Where the camera's input is chosen and only people can say which is the right one: looks for them in pictures spread
/// over its recording, and tells `preparation`. The same recording gives the same choice each time.
///
/// # Errors
/// The recording can't be read, or the model fails.
pub fn look_for_people(
    camera: &CameraPlan,
    preparation: &mut Preparation,
    detector: &mut Detector,
) -> Result<(), PipelineError> {
    let least_score = detector.thresholds().high_score;
    let mut looking = preparation.clone();
    let seen = PeopleSeen::default();
    let mut frame = None;
    for picture in source::spread(&camera.source, PICTURES)? {
        let size = picture.size();
        if !preparation.needs_a_look(size) {
            return Ok(());
        }
        // A recording changes its size now and then; the heights are those of the first.
        if *frame.get_or_insert(size) != size {
            continue;
        }
        let prepared = looking.prepare(&picture, Vec::new())?;
        for decoded in detector.infer(&[prepared])? {
            seen.add(&decoded.detections, camera, size, least_score);
        }
    }
    if let Some(frame) = frame {
        preparation.decide(seen.heights(), frame);
    }
    Ok(())
}
