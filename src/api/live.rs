//! Live pictures over HTTP.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::error::ApiError;
use super::request::Query;
use super::streams::StreamPermit;
use super::{ApiState, Context};
use crate::accounts::{Caller, Reach};
use crate::metrics::ViewerGuard;
use crate::model::CameraId;
use crate::view::{LiveHub, Viewer};

/// The next picture to come.
pub type JpegFuture<'a> = Pin<Box<dyn Future<Output = Option<Arc<[u8]>>> + Send + 'a>>;

/// One viewer's pictures. Dropping it ends the viewing.
pub trait JpegStream: Send {
    /// The newest picture that was not given out yet, as a JPEG; waits for one. `None`: there will be no more.
    /// It can be cancelled without losing a picture.
    fn next_jpeg(&mut self) -> JpegFuture<'_>;
}

/// Where live pictures come from: annotated, heads hidden.
pub trait LivePictures: Send + Sync {
    /// Begins to look at a camera. `None`: there is no such camera, or no pictures any more.
    fn subscribe(&self, camera: &CameraId) -> Option<Box<dyn JpegStream>>;

    /// The same with nothing drawn on the pictures; heads are hidden all the same.
    fn subscribe_plain(&self, camera: &CameraId) -> Option<Box<dyn JpegStream>>;
}

impl LivePictures for LiveHub {
    fn subscribe(&self, camera: &CameraId) -> Option<Box<dyn JpegStream>> {
        LiveHub::subscribe(self, camera).map(|viewer| Box::new(viewer) as Box<dyn JpegStream>)
    }

    fn subscribe_plain(&self, camera: &CameraId) -> Option<Box<dyn JpegStream>> {
        LiveHub::subscribe_plain(self, camera).map(|viewer| Box::new(viewer) as Box<dyn JpegStream>)
    }
}

impl JpegStream for Viewer {
    fn next_jpeg(&mut self) -> JpegFuture<'_> {
        Box::pin(Viewer::next_jpeg(self))
    }
}

/// A snapshot waits this long for a picture.
const SNAPSHOT_WAIT: Duration = Duration::from_secs(5);

/// A picture that nothing newer follows for this long is sent once more. Chrome shows a part when the next one's headers
/// have come, so a camera of few pictures a second would be seen late, and the last picture of one that stops never.
const REPEAT_AFTER: Duration = Duration::from_millis(150);

const MULTIPART: &str = "multipart/x-mixed-replace; boundary=crowdflow-frame";
const FIRST_BOUNDARY: &[u8] = b"--crowdflow-frame\r\n";
const NEXT_BOUNDARY: &[u8] = b"\r\n--crowdflow-frame\r\n";
const LAST_BOUNDARY: &[u8] = b"--crowdflow-frame--\r\n";

struct Viewing {
    context: Context,
    caller: Caller,
    pictures: Box<dyn JpegStream>,
    stop: watch::Receiver<bool>,
    part: Part,
    /// The newest picture, until it was sent twice or a newer one came; and when to send it again.
    repeat: Option<(Arc<[u8]>, Instant)>,
    counted: Option<ViewerGuard>,
    _permit: StreamPermit,
}

enum Part {
    First,
    Next,
    Over,
}

impl Viewing {
    /// The next bytes to send.
    async fn bytes(&mut self) -> Option<Vec<Bytes>> {
        match self.part {
            Part::Over => return None,
            Part::First => {
                self.part = Part::Next;
                return Some(vec![Bytes::from_static(FIRST_BOUNDARY)]);
            }
            Part::Next => {}
        }
        let repeat_at = self.repeat.as_ref().map_or_else(Instant::now, |(_, at)| *at);
        let next = tokio::select! {
            biased;
            // An error means that the server is gone: an end, too.
            _ = self.stop.wait_for(|stop| *stop) => None,
            jpeg = self.pictures.next_jpeg() => {
                self.repeat = jpeg.clone().map(|jpeg| (jpeg, Instant::now() + REPEAT_AFTER));
                jpeg
            }
            () = tokio::time::sleep_until(repeat_at), if self.repeat.is_some() => {
                self.repeat.take().map(|(jpeg, _)| jpeg)
            }
        };
        // A session that has ended sees no more.
        let next = if self.context.still_holds(&self.caller).await { next } else { None };
        Some(match next {
            Some(jpeg) => {
                if let Some(counted) = &self.counted {
                    counted.sent();
                }
                part(jpeg).into()
            }
            None => {
                self.part = Part::Over;
                vec![Bytes::from_static(LAST_BOUNDARY)]
            }
        })
    }
}

/// One picture with the boundary that ends it: most viewers know only by that that it is whole. All viewers share the
/// picture's bytes.
fn part(jpeg: Arc<[u8]>) -> [Bytes; 3] {
    let head = format!("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len());
    [head.into(), Bytes::from_owner(jpeg), Bytes::from_static(NEXT_BOUNDARY)]
}

pub(super) async fn mjpeg(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(camera): Path<String>,
) -> Result<Response, ApiError> {
    let camera = known(&context.state, &caller.reach, &camera)?;
    let permit = context.picture_streams.permit(caller.name.as_deref())?;
    let pictures = context.state.live.subscribe(&camera).ok_or_else(no_pictures)?;
    let counted = context.state.metrics.camera(&camera).map(crate::metrics::CameraMetrics::viewer);
    let stop = context.stop.clone();
    let viewing =
        Viewing { context, caller, pictures, stop, part: Part::First, repeat: None, counted, _permit: permit };
    let body = stream::unfold(viewing, async |mut viewing| {
        let bytes = viewing.bytes().await?;
        Some((stream::iter(bytes.into_iter().map(Ok::<_, std::convert::Infallible>)), viewing))
    });
    Ok(([(CONTENT_TYPE, MULTIPART)], Body::from_stream(body.flatten())).into_response())
}

/// How a picture is wanted. Other keys are passed over: browsers that want a new picture ask with a query that they have not
/// asked with before.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct SnapshotQuery {
    /// With nothing drawn on it; heads are hidden all the same.
    #[serde(default)]
    plain: bool,
}

pub(super) async fn snapshot(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(camera): Path<String>,
    Query(query): Query<SnapshotQuery>,
) -> Result<Response, ApiError> {
    let camera = known(&context.state, &caller.reach, &camera)?;
    let _permit = context.picture_streams.permit(caller.name.as_deref())?;
    let mut stop = context.stop;
    let live = &context.state.live;
    let pictures = if query.plain { live.subscribe_plain(&camera) } else { live.subscribe(&camera) };
    let mut pictures = pictures.ok_or_else(no_pictures)?;
    let jpeg = tokio::select! {
        _ = stop.wait_for(|stop| *stop) => return Err(no_pictures()),
        jpeg = tokio::time::timeout(SNAPSHOT_WAIT, pictures.next_jpeg()) => jpeg,
    };
    let Ok(jpeg) = jpeg else {
        let wait_s = SNAPSHOT_WAIT.as_secs();
        return Err(ApiError::unavailable(format!("camera `{camera}` gave no picture within {wait_s} s")));
    };
    let jpeg = jpeg.ok_or_else(no_pictures)?;
    Ok(([(CONTENT_TYPE, "image/jpeg")], Bytes::from_owner(jpeg)).into_response())
}

/// The camera of that id, among those that the caller sees.
fn known(state: &ApiState, reach: &Reach, asked: &str) -> Result<CameraId, ApiError> {
    let seen = || state.plan.cameras.iter().map(|camera| &camera.id).filter(|id| reach.has_camera(id));
    let found = seen().find(|id| id.as_str() == asked);
    found.cloned().ok_or_else(|| ApiError::unknown_camera(asked, seen().map(ToString::to_string).collect()))
}

fn no_pictures() -> ApiError {
    ApiError::unavailable("the service is stopping: there are no pictures any more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_says_its_length_and_ends_with_the_next_boundary() {
        let expected = "Content-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nabc\r\n--crowdflow-frame\r\n";
        assert_eq!(String::from_utf8(part(b"abc".as_slice().into()).concat()).unwrap(), expected);
    }
}
