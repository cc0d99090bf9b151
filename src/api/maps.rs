//! Site maps: where on a picture from above places are. What is measured there is in the state.

use axum::extract::{Extension, Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::error::{ApiError, json};
use super::{Context, Visible};
use crate::accounts::Caller;
use crate::config::{MapPlan, defaults};
use crate::model::NormPoint;
use crate::store::PlaceKey;

/// What may be seen of the site maps.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MapsBody<'a> {
    /// Those with a place that may be seen, in the order of their ids.
    maps: Vec<MapBody<'a>>,
}

/// A site map. Points on it are shares of its picture's width and height, from the upper left.
#[derive(Debug, Serialize, JsonSchema)]
struct MapBody<'a> {
    /// Its id.
    id: &'a str,
    /// Its name.
    name: &'a str,
    /// Its picture; `null`: it can't be shown.
    picture: Option<MapPictureBody>,
    /// How wide what the picture shows is on the ground, in metres; `null`: it has no scale.
    width_m: Option<f64>,
    /// Outlines of zones.
    zones: Vec<MapZoneBody>,
    /// Lines.
    lines: Vec<MapLineBody>,
    /// Where cameras stand.
    cameras: Vec<MapCameraBody>,
}

/// A map's picture.
#[derive(Debug, Serialize, JsonSchema)]
struct MapPictureBody {
    /// The address that it is at.
    address: String,
    /// Its width in pixels.
    width_px: u32,
    /// Its height in pixels.
    height_px: u32,
}

/// A zone on a map.
#[derive(Debug, Serialize, JsonSchema)]
struct MapZoneBody {
    /// Such as `zone:gate/plaza`.
    place: String,
    /// Its corners.
    outline: Vec<[f64; 2]>,
}

/// A line on a map.
#[derive(Debug, Serialize, JsonSchema)]
struct MapLineBody {
    /// Such as `line:gate/door`.
    place: String,
    /// Its ends, in the order of its own.
    ends: [[f64; 2]; 2],
}

/// A camera on a map.
#[derive(Debug, Serialize, JsonSchema)]
struct MapCameraBody {
    /// Such as `camera:gate`.
    place: String,
    /// Where it stands.
    at: [f64; 2],
}

fn point(at: NormPoint) -> [f64; 2] {
    [at.x, at.y]
}

impl<'a> MapBody<'a> {
    /// The part of a map that is seen; `None`: nothing of it is.
    fn seen(map: &'a MapPlan, visible: Visible<'_>) -> Option<Self> {
        if !is_seen(map, visible) {
            return None;
        }
        let zones = map.zones.iter().filter(|(place, _)| visible.place(place)).map(|(place, outline)| MapZoneBody {
            place: PlaceKey::of(place).to_string(),
            outline: outline.iter().copied().map(point).collect(),
        });
        let lines = map
            .lines
            .iter()
            .filter(|(place, _)| visible.place(place))
            .map(|(place, ends)| MapLineBody { place: PlaceKey::of(place).to_string(), ends: ends.map(point) });
        let cameras = map.cameras.iter().filter(|(place, _)| visible.place(place));
        let cameras =
            cameras.map(|(place, at)| MapCameraBody { place: PlaceKey::of(place).to_string(), at: point(*at) });
        let picture = map.picture.found.as_ref().ok().map(|found| MapPictureBody {
            address: format!("/api/v1/maps/{}/picture", map.id),
            width_px: found.size.width_px,
            height_px: found.size.height_px,
        });
        Some(Self {
            id: map.id.as_str(),
            name: &map.name,
            picture,
            width_m: map.width_m,
            zones: zones.collect(),
            lines: lines.collect(),
            cameras: cameras.collect(),
        })
    }
}

/// A map is seen by whoever sees a place on it. Its picture is the whole site's: it shows no people.
fn is_seen(map: &MapPlan, visible: Visible<'_>) -> bool {
    visible.reach.is_all() || map.places().any(|place| visible.place(place))
}

pub(super) async fn list(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let maps = context.state.plan.maps.iter().filter_map(|map| MapBody::seen(map, context.visible(&caller)));
    json(StatusCode::OK, &MapsBody { maps: maps.collect() })
}

/// It is asked each time whether the picture is still the same: whoever has logged out sees no more of it.
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("private, no-cache");

pub(super) async fn picture(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(map): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let found = context.state.plan.maps.iter().find(|known| known.id.as_str() == map);
    let found = found.filter(|map| is_seen(map, context.visible(&caller)));
    let plan = found.ok_or_else(|| ApiError::not_found(format!("there is no site map `{map}`")))?;
    let not_there = || ApiError::not_found("the map's picture can't be shown: `crowdflow check` says why");
    let content_type = plan.picture.found.as_ref().map_err(|_| not_there())?.format.content_type();
    let path = plan.picture.path.clone();
    let read = tokio::task::spawn_blocking(move || std::fs::read(path));
    let bytes = read.await.map_err(|error| ApiError::internal(&error))?.map_err(|error| {
        tracing::error!(%error, path = %plan.picture.path.display(), "a site map's picture can't be read");
        not_there()
    })?;
    if bytes.len() as u64 > defaults::MAP_PICTURE_MOST_BYTES {
        return Err(not_there());
    }
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let etag = format!("\"{hash}\"");
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|list| list.split(',')).any(|one| one.trim().trim_start_matches("W/") == etag);
    let fixed = [(CACHE_CONTROL, ASK_EACH_TIME)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, fixed, [(ETAG, etag)]).into_response());
    }
    Ok((fixed, [(CONTENT_TYPE, content_type.to_owned()), (ETAG, etag)], bytes).into_response())
}
