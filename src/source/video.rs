//! OpenCV's video capture: files, network streams, devices.

use std::path::Path;
use std::time::{Duration, Instant};

use opencv::core::{Mat, MatTraitConst, Vector};
use opencv::videoio::{self, VideoCapture, VideoCaptureTrait, VideoCaptureTraitConst};

use super::knock::knock;
use super::stillness::Stillness;
use super::{Grabbed, Source, SourceError, SourceErrorKind, SourceTotals, contents, environment};
use crate::config::{Credentials, StreamSource, V4l2Source};
use crate::picture::Picture;

/// Grabs in a row that may fail before the end (of a file) or the loss (of a stream) is believed.
const FAILED_GRABS: u64 = 64;
/// The same where the container says that so many frames are still to come. At the end of a file a grab takes about
/// 50 µs, so this costs 0.2 s at most.
const FAILED_GRABS_BEFORE_EXPECTED_END: u64 = 4096;

/// Pictures in a row with still edges after which a stream's size is looked up anew…
const STILL_EDGES: u32 = 40;
/// …and, where it was the same, so many times as many before it is looked up again: the camera has a border.
const STILL_EDGES_GROWTH: u32 = 16;
/// Whole pictures in a row that are the same after which the end report of a file says so.
const STILL_PICTURES: u32 = 50;

enum End {
    /// A file: what its container says.
    OfFile { expected: Option<u64>, reached: bool },
    /// A stream or device has none; silence of this length is a time-out.
    Never { read_timeout: Duration },
}

/// One opened capture.
pub(super) struct VideoSource {
    capture: VideoCapture,
    address: String,
    end: End,
    /// The first frame is grabbed at opening, to be sure that there is one.
    first_pending: bool,
    next_seq: u64,
    frames: u64,
    failed: u64,
    stillness: Stillness,
    /// How a stream is opened a second time, and after how many still pictures.
    reopening: Option<Reopening>,
    /// Frame from which a file's pictures stand still.
    still_from: Option<u64>,
}

/// A second, short opening of a stream, to see its size.
struct Reopening {
    secret_address: String,
    parameters: Vector<i32>,
    due_at_still_edges: u32,
}

/// Opens a video file and grabs its first frame.
pub(super) fn open_file(path: &Path) -> Result<VideoSource, SourceError> {
    contents::check_file(path)?;
    environment::silence_opencv();
    let capture = VideoCapture::from_file_with_params(path, videoio::CAP_FFMPEG, &Vector::new());
    let Some(capture) = capture.ok().filter(|capture| capture.is_opened().unwrap_or(false)) else {
        return Err(contents::undecodable(path));
    };
    let end = End::OfFile { expected: frame_count(&capture), reached: false };
    let mut source = VideoSource::new(capture, path.to_string_lossy().into_owned(), end);
    match source.advance()? {
        Grabbed::Frame { .. } => {
            source.first_pending = true;
            Ok(source)
        }
        Grabbed::End => Err(contents::undecodable(path)),
    }
}

/// Connects to a network stream.
pub(super) fn open_stream(stream: &StreamSource) -> Result<VideoSource, SourceError> {
    environment::silence_opencv();
    let secret = stream.address().map_err(|missing| {
        let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
        SourceError::new(SourceErrorKind::Unsupported, &stream.url, missing.join("; "))
    })?;
    let open_timeout = knock(stream)?;
    let read_timeout = Duration::from_secs_f64(stream.read_timeout_s);
    let parameters = Vector::from_slice(&[
        videoio::CAP_PROP_OPEN_TIMEOUT_MSEC,
        milliseconds(open_timeout),
        videoio::CAP_PROP_READ_TIMEOUT_MSEC,
        milliseconds(read_timeout),
    ]);
    let begun = Instant::now();
    let capture = VideoCapture::from_file_with_params(&secret, videoio::CAP_FFMPEG, &parameters);
    let waited = begun.elapsed();
    // FFmpeg calls a stream open whose probing the time-out has cut off, but it will never give a frame.
    let timed_out = waited >= open_timeout;
    match capture {
        Ok(capture) if capture.is_opened().unwrap_or(false) && !timed_out => {
            let mut source = VideoSource::new(capture, stream.url.clone(), End::Never { read_timeout });
            source.reopening = Some(Reopening { secret_address: secret, parameters, due_at_still_edges: STILL_EDGES });
            Ok(source)
        }
        _ if timed_out => Err(SourceError::new(
            SourceErrorKind::TimedOut,
            &stream.url,
            format!(
                "no stream within the open time-out of {} s; check that the camera can be reached, or raise the time-out",
                stream.open_timeout_s
            ),
        )),
        _ => Err(SourceError::new(SourceErrorKind::Connect, &stream.url, refusal(stream))),
    }
}

/// OpenCV doesn't say why FFmpeg refused: what is likely depends on whether credentials are configured.
fn refusal(stream: &StreamSource) -> &'static str {
    if matches!(stream.credentials, Credentials::Known { .. }) {
        "refused, or no video at this address; check host, port, path, user and password"
    } else {
        "refused, or no video at this address; check host, port and path, and whether the camera wants a user and \
         password"
    }
}

/// Opens a camera of this machine.
pub(super) fn open_device(device: &V4l2Source) -> Result<VideoSource, SourceError> {
    std::fs::metadata(&device.device).map_err(|error| contents::io_error(&device.device, &error))?;
    environment::silence_opencv();
    let address = device.device.to_string_lossy().into_owned();
    let refused = || {
        SourceError::new(
            SourceErrorKind::Connect,
            &address,
            "not a video capture device, or in use by another program; `v4l2-ctl --list-devices` lists them",
        )
    };
    let mut capture = VideoCapture::from_file_with_params(&device.device, videoio::CAP_V4L2, &Vector::new())
        .ok()
        .filter(|capture| capture.is_opened().unwrap_or(false))
        .ok_or_else(refused)?;
    let mut wishes = Vec::new();
    if let Some((width_px, height_px)) = device.size_px {
        wishes.push((videoio::CAP_PROP_FRAME_WIDTH, f64::from(width_px)));
        wishes.push((videoio::CAP_PROP_FRAME_HEIGHT, f64::from(height_px)));
    }
    if let Some(fps) = device.fps {
        wishes.push((videoio::CAP_PROP_FPS, fps));
    }
    for (property, wish) in wishes {
        let granted = capture.set(property, wish).unwrap_or(false) && capture.get(property).unwrap_or(0.0) == wish;
        if !granted {
            tracing::warn!(device = %address, property, wish, "the device does not give what was asked of it");
        }
    }
    // V4L2's own wait for a frame in OpenCV.
    Ok(VideoSource::new(capture, address, End::Never { read_timeout: Duration::from_secs(10) }))
}

/// How many frames a file should hold. `None` where that rests on a rate or length that can't be.
fn frame_count(capture: &VideoCapture) -> Option<u64> {
    let count = capture.get(videoio::CAP_PROP_FRAME_COUNT).ok()?;
    let container_fps = capture.get(videoio::CAP_PROP_FPS).ok()?;
    let plausible = (1.0..1e9).contains(&count) && container_fps > 0.0 && container_fps <= 1000.0;
    plausible.then_some(count as u64)
}

fn milliseconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}

impl VideoSource {
    fn new(capture: VideoCapture, address: String, end: End) -> Self {
        Self {
            capture,
            address,
            end,
            first_pending: false,
            next_seq: 0,
            frames: 0,
            failed: 0,
            stillness: Stillness::default(),
            reopening: None,
            still_from: None,
        }
    }

    fn advance(&mut self) -> Result<Grabbed, SourceError> {
        let allowed = match self.end {
            End::OfFile { expected, .. } => expected
                .unwrap_or(0)
                .saturating_sub(self.next_seq)
                .clamp(FAILED_GRABS, FAILED_GRABS_BEFORE_EXPECTED_END),
            End::Never { .. } => FAILED_GRABS,
        };
        for failed in 0..allowed {
            let begun = Instant::now();
            // An exception in OpenCV is a failed grab like any other.
            let came = self.capture.grab().unwrap_or(false);
            if let End::Never { read_timeout } = self.end
                && begun.elapsed() >= read_timeout
            {
                // Even where a frame came: FFmpeg then gave out an old one that its decoder had held back.
                let detail = format!("no frame within the read time-out of {} s", read_timeout.as_secs_f64());
                return Err(SourceError::new(SourceErrorKind::TimedOut, &self.address, detail));
            }
            if came {
                let seq = self.next_seq + failed;
                self.next_seq = seq + 1;
                self.frames += 1;
                self.failed += failed;
                return Ok(Grabbed::Frame { seq });
            }
        }
        match &mut self.end {
            End::OfFile { reached, .. } => {
                *reached = true;
                Ok(Grabbed::End)
            }
            End::Never { .. } => Err(SourceError::new(
                SourceErrorKind::Lost,
                &self.address,
                "the stream ended or the connection was lost",
            )),
        }
    }
}

impl VideoSource {
    /// Whether the stream has another size than the opened capture thinks: see [`Stillness`].
    fn check_renewed(&mut self, picture: &Mat) -> Result<(), SourceError> {
        self.stillness.note(picture);
        if let End::OfFile { .. } = self.end {
            self.still_from = match self.stillness.still_pictures {
                0 => None,
                STILL_PICTURES => Some(self.next_seq.saturating_sub(u64::from(STILL_PICTURES) + 1)),
                _ => self.still_from,
            };
        }
        let Some(reopening) = &mut self.reopening else { return Ok(()) };
        if self.stillness.still_edges == 0 {
            reopening.due_at_still_edges = STILL_EDGES;
        }
        if self.stillness.still_edges < reopening.due_at_still_edges {
            return Ok(());
        }
        reopening.due_at_still_edges = reopening.due_at_still_edges.saturating_mul(STILL_EDGES_GROWTH);
        let second =
            VideoCapture::from_file_with_params(&reopening.secret_address, videoio::CAP_FFMPEG, &reopening.parameters);
        // A camera that allows one viewer only refuses: then nothing is known.
        let Some(second) = second.ok().filter(|second| second.is_opened().unwrap_or(false)) else { return Ok(()) };
        let side = |property| second.get(property).unwrap_or(0.0) as i32;
        let (width, height) = (side(videoio::CAP_PROP_FRAME_WIDTH), side(videoio::CAP_PROP_FRAME_HEIGHT));
        if width > 0 && height > 0 && (width, height) != (picture.cols(), picture.rows()) {
            let detail = format!(
                "its size has changed from {}x{} to {width}x{height}; it is opened anew",
                picture.cols(),
                picture.rows()
            );
            return Err(SourceError::new(SourceErrorKind::Lost, &self.address, detail));
        }
        Ok(())
    }
}

impl Source for VideoSource {
    fn grab(&mut self) -> Result<Grabbed, SourceError> {
        if std::mem::take(&mut self.first_pending) {
            return Ok(Grabbed::Frame { seq: self.next_seq - 1 });
        }
        if let End::OfFile { reached: true, .. } = self.end {
            return Ok(Grabbed::End);
        }
        self.advance()
    }

    fn retrieve(&mut self) -> Result<Picture, SourceError> {
        let mut mat = Mat::default();
        let fault = |detail: String| SourceError::new(SourceErrorKind::Decode, &self.address, detail);
        match self.capture.retrieve(&mut mat, 0) {
            Ok(true) => {}
            Ok(false) => return Err(fault("FFmpeg gave no picture".into())),
            Err(error) => return Err(fault(error.message)),
        }
        let picture = Picture::from_mat(mat).map_err(|error| fault(error.to_string()))?;
        self.check_renewed(picture.mat())?;
        Ok(picture)
    }

    fn totals(&self) -> SourceTotals {
        let (expected, reached) = match self.end {
            End::OfFile { expected, reached } => (expected, reached),
            End::Never { .. } => (None, false),
        };
        // OpenCV reads one frame more than the header says and then stops, without looking at the file: the position
        // stays at the last frame, whereas a real end clears it.
        let position_ms = self.capture.get(videoio::CAP_PROP_POS_MSEC).unwrap_or(0.0);
        let cut_by_header =
            reached && expected.is_some_and(|expected| self.frames == expected + 1) && position_ms > 0.0;
        let still_from = self.still_from;
        SourceTotals { frames: self.frames, failed: self.failed, expected, cut_by_header, still_from }
    }
}

#[cfg(test)]
mod tests;
