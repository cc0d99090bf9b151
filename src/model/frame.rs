//! What is known of a picture besides its pixels.

use super::{CameraId, FrameSize, Timestamp};

/// A frame's identity and time.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameMeta {
    /// Where it comes from.
    pub camera: CameraId,
    /// Number of the frame in its source since it was opened first, from 0, grabbed but unanalysed frames included.
    /// In a file: the index of the frame, frames that failed to decode included, so that seq over rate is its time.
    pub seq: u64,
    /// When it was taken.
    pub at: Timestamp,
    /// Its size.
    pub size: FrameSize,
    /// Grows at each reconnect, seek, loop or change of size; what was followed before does not go on.
    pub epoch: u64,
}
