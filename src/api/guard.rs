//! What every request must be, and what every answer carries.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Context;
use super::error::ApiError;

/// The page loads its own files and nothing else; nobody frames it.
const PAGE_POLICY: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; \
                           script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where external sources tell their counts.
const SOURCES: &str = "/api/v1/sources/";

/// What the library says of a request is a line.
const MOST_REFUSAL_BYTES: usize = 64 * 1024;

/// Live data, and pictures of people, unless an answer says otherwise of itself.
const CACHE: &str = "no-store";

const HEADERS: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CONTENT_SECURITY_POLICY, PAGE_POLICY),
    (REFERRER_POLICY, "no-referrer"),
    // Another web site may not show these pictures as its own.
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Lets requests through that are meant for this service, and what external sources tell.
///
/// The name is checked against DNS rebinding: a web site whose name is made to point here could otherwise read everything
/// through its visitor's browser, which takes it for that site's own.
pub(super) async fn guard(State(context): State<Context>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&context, &request) {
        Some(error) => error.into_response(),
        None => as_json(next.run(request).await).await,
    };
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(CACHE));
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What the library refuses before a handler is asked, it refuses in plain text: an error is JSON all the same.
async fn as_json(response: Response) -> Response {
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !response.status().is_client_error() || !content_type.starts_with(b"text/plain") {
        return response;
    }
    let status = response.status();
    let text = axum::body::to_bytes(response.into_body(), MOST_REFUSAL_BYTES).await.unwrap_or_default();
    ApiError::of_library(status, &String::from_utf8_lossy(&text)).into_response()
}

fn refusal(context: &Context, request: &Request) -> Option<ApiError> {
    let uri = request.uri();
    // No text that is kept may have it, and PostgreSQL takes none that has.
    if uri.path_and_query().is_some_and(|asked| asked.as_str().contains("%00")) {
        return Some(ApiError::bad_request("found a NUL character (%00) in the address, expected none"));
    }
    // Machines tell their counts with a token, which no browser has: whatever name they know this one by, through a proxy
    // for example.
    if request.method() == Method::POST && request.uri().path().starts_with(SOURCES) {
        return None;
    }
    let host = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    let Some(host) = host else { return Some(ApiError::bad_request("the header Host is missing")) };
    // A request line may name the host, too.
    let in_line = request.uri().host();
    let is_open = *context.opens.borrow();
    let server = &context.state.plan.server;
    let is_ours = |host: &str| {
        let is_listed = || server.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host));
        // No name is made to point anywhere where the browser was sent to an address.
        is_loopback(host) || (is_open && server.is_beyond_loopback() && (is_listed() || is_address(host)))
    };
    if is_ours(without_port(host)) && in_line.is_none_or(is_ours) {
        return None;
    }
    Some(ApiError::forbidden(
        "this service answers under localhost and loopback addresses only, and from elsewhere, with accounts, under \
         addresses and the names listed as `hosts` in [server]; or reach it through a tunnel, for example \
         `ssh -L 8090:localhost:8090 HOST`",
    ))
}

/// Another web site's form or script may not give orders through its visitor's browser: a form can't send JSON, a script
/// that does is asked about by the browser first and gets no leave, and an `Origin` that is not this service is refused.
pub(super) fn order_refusal(request: &Request) -> Option<ApiError> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let content_type = header(CONTENT_TYPE).unwrap_or_default();
    // DELETE has no body, and no form can send it.
    if request.method() != Method::DELETE && content_type.split(';').next().map(str::trim) != Some("application/json") {
        return Some(ApiError::unsupported_media_type(
            "an order is JSON: send it with the header Content-Type: application/json",
        ));
    }
    let origin = header(ORIGIN)?;
    let own = header(HOST).is_some_and(|host| origin.split_once("://").is_some_and(|(_, at)| at == host));
    (!own).then(|| ApiError::forbidden("this service takes no orders from other web sites"))
}

/// The host of `host`, `host:port` and `[v6]:port`.
pub(super) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// What stands in the brackets of an IPv6 address.
fn bracketed(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']')
}

fn is_address(host: &str) -> bool {
    match bracketed(host) {
        Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<Ipv4Addr>().is_ok(),
    }
}

pub(super) fn is_loopback(host: &str) -> bool {
    if let Some(v6) = bracketed(host) {
        return v6.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
    }
    host.eq_ignore_ascii_case("localhost") || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_answered_under() {
        for good in ["localhost", "LocalHost:8090", "127.0.0.1", "127.0.0.1:8090", "127.8.9.1:1", "[::1]", "[::1]:8090"]
        {
            assert!(is_loopback(without_port(good)), "{good}");
        }
        let bad = [
            "",
            ":8090",
            "evil.example",
            "evil.example:8090",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8090",
            "10.0.0.1",
            "0.0.0.0:8090",
            "[::]:8090",
            "::1",
            "[::ffff:10.0.0.1]",
            "localhost:8090:1",
            "user@localhost",
        ];
        for bad in bad {
            assert!(!is_loopback(without_port(bad)), "{bad}");
        }
    }
}
