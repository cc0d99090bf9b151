//! The page on which one logs in, and on which the first admin is made.

use axum::response::Response;

use super::page::file;

pub(super) async fn html() -> Response {
    file("text/html; charset=utf-8", include_str!("sign_in_page/index.html"))
}

pub(super) async fn javascript() -> Response {
    file("text/javascript; charset=utf-8", include_str!("sign_in_page/sign_in.js"))
}
