//! Some pictures of a recording, without reading all of it.

use super::{Grabbed, SourceError, SourceErrorKind};
use crate::config::SourcePlan;
use crate::picture::Picture;

/// Where a recording doesn't say how many frames it holds, one in so many is taken from its beginning.
const STEP: u64 = 25;

/// Up to `count` pictures spread over a recording, the same each time. Those that can't be decoded are left out; videos
/// are jumped through, so that a picture may be a few frames off its place.
///
/// # Errors
/// [`SourceError`] where the recording can't be opened.
pub fn spread(plan: &SourcePlan, count: u64) -> Result<Vec<Picture>, SourceError> {
    let mut source = super::open(plan)?;
    let step = source.totals().expected.map_or(STEP, |expected| (expected / count.max(1)).max(1));
    let mut pictures = Vec::new();
    for index in 0..count {
        // From the middle of each part: beginnings and ends are often empty.
        source.skip_to(index * step + step / 2);
        match source.grab() {
            Ok(Grabbed::Frame { .. }) => match source.retrieve() {
                Ok(picture) => pictures.push(picture),
                Err(error) if error.kind() == SourceErrorKind::Decode => {}
                Err(error) => return Err(error),
            },
            // Shorter than it says: what there is has to do.
            Ok(Grabbed::End) | Err(_) => break,
        }
    }
    Ok(pictures)
}
