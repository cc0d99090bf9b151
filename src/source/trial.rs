//! A source that is opened once to see whether it works.

use std::time::{Duration, Instant};

use super::address::shown_address;
use super::{Grabbed, SourceError, SourceErrorKind, open};
use crate::config::{SourcePlan, StreamSource};
use crate::picture::Picture;

/// Most that a trial waits for a stream to be opened, and for each of its frames, in seconds: somebody waits for the answer.
const OPEN_MOST_S: f64 = 10.0;
const READ_MOST_S: f64 = 5.0;
/// A live source's rate is measured over this time, …
const MEASURED: Duration = Duration::from_secs(2);
/// … or so many frames, whichever is over sooner.
const MEASURED_FRAMES: u32 = 60;

/// What a source gave when it was tried.
#[derive(Debug)]
pub struct Trial {
    /// The newest picture.
    pub picture: Picture,
    /// Frames that came.
    pub frames: u32,
    /// How many came a second; `None` of files and folders, which give them as fast as they are read.
    pub measured_fps: Option<f64>,
}

/// Opens a source and takes its first picture; of a live one also a few more, to see how many come a second. Takes seconds:
/// about two where all is well, at most the time-outs (10 s and 5 s here, or what the plan has where that is less) where it
/// isn't.
///
/// # Errors
/// As of [`open`], and where no picture comes.
pub fn try_out(plan: &SourcePlan) -> Result<Trial, SourceError> {
    let mut source = open(&within_limits(plan))?;
    let none = || SourceError::new(SourceErrorKind::Format, &shown_address(plan), "it has no frame");
    let mut next = || match source.grab()? {
        Grabbed::Frame { .. } => source.retrieve().map(Some),
        Grabbed::End => Ok(None),
    };
    let mut picture = next()?.ok_or_else(none)?;
    let (begun, mut frames) = (Instant::now(), 1);
    while plan.is_live() && frames < MEASURED_FRAMES && begun.elapsed() < MEASURED {
        match next() {
            Ok(Some(newer)) => picture = newer,
            Ok(None) => break,
            // One frame that can't be decoded is no reason to call a camera broken.
            Err(error) if error.kind() == SourceErrorKind::Decode => continue,
            Err(error) => return Err(error),
        }
        frames += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let measured_fps = (plan.is_live() && frames > 1 && seconds > 0.0).then(|| f64::from(frames - 1) / seconds);
    Ok(Trial { picture, frames, measured_fps })
}

fn within_limits(plan: &SourcePlan) -> SourcePlan {
    match plan {
        SourcePlan::Stream(stream) => SourcePlan::Stream(StreamSource {
            open_timeout_s: stream.open_timeout_s.min(OPEN_MOST_S),
            read_timeout_s: stream.read_timeout_s.min(READ_MOST_S),
            ..stream.clone()
        }),
        other => other.clone(),
    }
}
