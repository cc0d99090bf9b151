//! Whether a camera that is not in force yet gives pictures: it is opened once, looked at, and closed again.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use super::config::{Changed, configuration, may_change};
use super::error::{ApiError, json};
use super::request::read;
use crate::accounts::Caller;
use crate::config::{Edit, SourcePlan};
use crate::model::FrameSize;
use crate::picture::{Picture, PictureError};
use crate::source::{Trial, shown_address, try_out};

/// Longest wait for an answer. What hangs beyond it goes on by itself, and nothing else is tried until it ends.
const PATIENCE: Duration = Duration::from_secs(30);
/// Width of the picture that is given out.
const WIDTH_PX: u32 = 1280;
/// The same where heads are to be hidden: nothing has looked for them yet, so nothing is shown that a head could be known by.
/// One that is a tenth of the picture wide is six pixels then.
const COARSE_WIDTH_PX: u32 = 64;
const JPEG_QUALITY: u8 = 80;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CameraRequest {
    camera: String,
    text: Option<String>,
    edits: Option<Vec<Edit>>,
}

/// Whether a camera gives pictures.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct TriedCameraBody {
    ok: bool,
    /// Why it gives no picture, and what to do about it.
    fault: Option<String>,
    /// Width and height of its pictures.
    frame_size: Option<[u32; 2]>,
    frames: u32,
    /// How many came a second; null of files and folders.
    measured_fps: Option<f64>,
    /// What the configuration says of it; null where it doesn't.
    given_fps: Option<f64>,
    /// Its newest picture, a JPEG in base64.
    picture: Option<String>,
    /// The picture is so coarse that nobody can be known by it.
    coarse: bool,
}

/// One at a time, on a thread of its own. It reaches what a camera reaches that is put in force; whoever may do that may do
/// this, and it is on record as well.
pub(super) async fn camera(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let configuration = configuration(&context.state)?;
    // Without a store no camera could be put in force.
    context.store()?;
    let CameraRequest { camera, text, edits } = read(&body)?;
    let now = configuration.in_force();
    let text = Changed { text, edits }.text(&now.text)?;
    may_change(&caller, &now.text, &text)?;
    let plan = configuration.plan(&text).map_err(|faults| ApiError::unprocessable(faults.join("\n")))?;
    let known = || plan.cameras.iter().map(|camera| camera.id.to_string()).collect();
    let found = plan.cameras.iter().find(|known| known.id.as_str() == camera);
    let source = found.ok_or_else(|| ApiError::unknown_camera(&camera, known()))?.source.clone();
    let busy = || ApiError::unavailable("another camera is being tried: try again when that is over");
    let turn = context.trials.clone().try_acquire_owned().map_err(|_| busy())?;
    context.record(&caller, "camera_tried".to_owned(), camera, shown_address(&source));
    // What is in force decides what is hidden, and not what somebody thinks of.
    let coarse = context.state.plan.privacy.blur_heads;
    let given_fps = match &source {
        SourcePlan::File(file) => Some(file.fps),
        SourcePlan::Images(folder) => Some(folder.fps),
        SourcePlan::V4l2(device) => device.fps,
        SourcePlan::Stream(_) => None,
    };
    let trial = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        try_out(&source).map_err(|error| error.to_string()).and_then(|trial| {
            let picture = preview(&trial.picture, coarse).map_err(|error| error.to_string())?;
            Ok((trial, picture))
        })
    });
    let tried = match tokio::time::timeout(PATIENCE, trial).await {
        Ok(tried) => tried.map_err(|error| ApiError::internal(&error))?,
        Err(_) => Err(format!("nothing came within {} s; it is given up", PATIENCE.as_secs())),
    };
    json(StatusCode::OK, &body_of(tried, given_fps, coarse))
}

fn body_of(tried: Result<(Trial, Vec<u8>), String>, given_fps: Option<f64>, coarse: bool) -> TriedCameraBody {
    match tried {
        Err(fault) => TriedCameraBody { fault: Some(fault), given_fps, ..TriedCameraBody::default() },
        Ok((Trial { picture, frames, measured_fps }, jpeg)) => {
            let FrameSize { width_px, height_px } = picture.size();
            TriedCameraBody {
                ok: true,
                fault: None,
                frame_size: Some([width_px, height_px]),
                frames,
                measured_fps,
                given_fps,
                picture: Some(BASE64.encode(jpeg)),
                coarse,
            }
        }
    }
}

fn preview(picture: &Picture, coarse: bool) -> Result<Vec<u8>, PictureError> {
    let FrameSize { width_px, height_px } = picture.size();
    let most_px = if coarse { COARSE_WIDTH_PX } else { WIDTH_PX };
    if width_px <= most_px {
        return picture.jpeg(JPEG_QUALITY);
    }
    let height_px = (u64::from(height_px) * u64::from(most_px) / u64::from(width_px)).max(1);
    let size = FrameSize { width_px: most_px, height_px: u32::try_from(height_px).unwrap_or(u32::MAX) };
    picture.resized(size)?.jpeg(JPEG_QUALITY)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

    use super::*;

    #[test]
    fn a_coarse_picture_has_nothing_to_know_anybody_by() {
        let size = FrameSize { width_px: 1920, height_px: 1080 };
        // The finest detail that there can be.
        let pixels: Vec<u8> = (0..size.height_px)
            .flat_map(|y| (0..size.width_px).flat_map(move |x| [if (x + y) % 2 == 0 { 255 } else { 0 }; 3]))
            .collect();
        let picture = Picture::from_bgr(size, &pixels).unwrap();
        let sharp = Picture::decode(&preview(&picture, false).unwrap()).unwrap();
        assert_eq!(sharp.size(), FrameSize { width_px: 1280, height_px: 720 });
        let coarse = Picture::decode(&preview(&picture, true).unwrap()).unwrap();
        assert_eq!(coarse.size(), FrameSize { width_px: 64, height_px: 36 });
        assert!(coarse.bytes().unwrap().iter().all(|value| (120..=136).contains(value)), "plain grey");
    }

    #[test]
    fn a_narrow_picture_is_not_stretched() {
        let size = FrameSize { width_px: 3, height_px: 900 };
        let picture = Picture::from_bgr(size, &vec![9; 3 * 900 * 3]).unwrap();
        let shown = Picture::decode(&preview(&picture, true).unwrap()).unwrap();
        assert_eq!(shown.size(), size);
    }
}
