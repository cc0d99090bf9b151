//! The web application, carried in the program: what `npm run build` laid into `web/dist`.

use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::error::ApiError;

/// Every file, and a compressed copy of those that are smaller for it.
#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Dist;

/// A file whose name is its content's hash never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Asked for anew each time: it names the others.
const NOT_AT_ALL: HeaderValue = HeaderValue::from_static("no-store");

pub(super) async fn page(headers: HeaderMap) -> Result<Response, ApiError> {
    file("index.html", &headers, NOT_AT_ALL)
}

pub(super) async fn icon(headers: HeaderMap) -> Result<Response, ApiError> {
    file("icon.svg", &headers, NOT_AT_ALL)
}

pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    file(&format!("assets/{name}"), &headers, FOR_EVER)
}

fn file(path: &str, headers: &HeaderMap, cache: HeaderValue) -> Result<Response, ApiError> {
    // The compressed copies are no files of their own to those who ask.
    let content_type = content_type(path).ok_or_else(no_such_file)?;
    let compressed = if takes_gzip(headers) { Dist::get(&format!("{path}.gz")) } else { None };
    let is_compressed = compressed.is_some();
    let file = compressed.or_else(|| Dist::get(path)).ok_or_else(no_such_file)?;
    let fixed = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, cache),
        (VARY, HeaderValue::from_static("accept-encoding")),
    ];
    let mut response = (fixed, file.data).into_response();
    if is_compressed {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

fn no_such_file() -> ApiError {
    ApiError::not_found("no such file; the page may be older than the service: load it anew")
}

fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => return None,
    })
}

/// Whether a client says that it takes gzip, and doesn't say that it would rather not.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_refused = parts.clone().skip(1).any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        matches!(parts.next(), Some("gzip" | "*")) && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_goes_to_those_who_take_it() {
        for (accepted, expected) in [
            ("gzip", true),
            ("deflate, gzip;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("br, deflate", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(takes_gzip(&headers), expected, "{accepted}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn every_file_that_was_built_has_a_content_type() {
        let files: Vec<_> = Dist::iter().filter(|path| !path.ends_with(".gz")).collect();
        assert!(files.iter().any(|path| path == "index.html"), "{files:?}");
        for path in files {
            assert!(content_type(&path).is_some(), "{path}");
        }
    }
}
