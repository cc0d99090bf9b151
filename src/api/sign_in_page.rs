//! The page on which one logs in, and on which the first admin is made. It is none of the web application's: a browser
//! that nobody has logged in with is shown no more than it needs.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

fn file(content_type: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, content_type)], text).into_response()
}

pub(super) async fn html() -> Response {
    file("text/html; charset=utf-8", include_str!("sign_in_page/index.html"))
}

pub(super) async fn css() -> Response {
    file("text/css; charset=utf-8", include_str!("sign_in_page/sign_in.css"))
}

pub(super) async fn javascript() -> Response {
    file("text/javascript; charset=utf-8", include_str!("sign_in_page/sign_in.js"))
}
