//! Settings of OpenCV and FFmpeg that only environment variables reach.

/// Variables to set before the process starts its first thread (later it isn't safe), each only where the user hasn't
/// set it: silence for FFmpeg's own lines on standard error, whose facts [`super::SourceError`] gives.
///
/// With `live`, quick opening of streams too: RTSP over TCP, and no waiting for twenty frames to guess a frame rate
/// that isn't used (at 7 frames a second that alone takes three seconds). Not for files: without that guess the number
/// of frames in an MPEG-TS file is unknown.
#[must_use]
pub fn process_environment(live: bool) -> Vec<(&'static str, &'static str)> {
    // -8 is FFmpeg's AV_LOG_QUIET. Not OPENCV_LOG_LEVEL: OpenCV reads it when it is loaded, before `main`.
    let mut variables = vec![("OPENCV_FFMPEG_LOGLEVEL", "-8")];
    if live {
        variables.push(("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp|fpsprobesize;0"));
    }
    variables
}

/// Silences OpenCV's own log where the environment hasn't; FFmpeg's needs the environment.
pub(super) fn silence_opencv() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        if std::env::var_os("OPENCV_LOG_LEVEL").is_none() {
            // A failure leaves OpenCV's log as it was: nothing depends on it.
            let _ = opencv::core::set_log_level(opencv::core::LogLevel::LOG_LEVEL_SILENT);
        }
    });
}
