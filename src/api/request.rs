//! What a request's body and query hold.

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::accounts::{Caller, NAME_MOST};
use crate::model::Timestamp;

/// The body as JSON of this shape.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::bad_request(format!("the body is not as expected: {error}")))
}

/// A name or text that may be kept.
pub(super) fn text(what: &str, text: String, most: usize) -> Result<String, ApiError> {
    let chars = text.chars().count();
    if text.trim().is_empty() {
        return Err(ApiError::bad_request(format!("`{what}` is empty")));
    }
    if chars > most {
        return Err(ApiError::bad_request(format!("`{what}` has {chars} characters, at most {most} are taken")));
    }
    // A name is one line, also in a log and in a message.
    if text.chars().any(|c| c.is_control() && (what == "who" || (c != '\n' && c != '\t'))) {
        return Err(ApiError::bad_request(format!("`{what}` has control characters")));
    }
    Ok(text)
}

/// Who gives an order: the user; where there are no accounts, whoever the body names.
pub(super) fn who(caller: &Caller, given: Option<String>) -> Result<String, ApiError> {
    match (&caller.name, given) {
        (None, Some(who)) => text("who", who, NAME_MOST),
        (None, None) => {
            Err(ApiError::bad_request("`who` is missing: there are no accounts, so say who gives the order"))
        }
        (Some(name), Some(who)) if &who != name => {
            Err(ApiError::bad_request(format!("`who`: found {who:?}, and you are logged in as {name:?}: leave it out")))
        }
        (Some(name), _) => Ok(name.clone()),
    }
}

/// A time.
pub(super) fn time(what: &str, text: &str) -> Result<Timestamp, ApiError> {
    // In a query the `+` of an offset stands for a space, unless it was escaped.
    let unescaped = || Timestamp::from_rfc3339(&text.replace(' ', "+"));
    Timestamp::from_rfc3339(text).or_else(unescaped).ok_or_else(|| {
        ApiError::bad_request(format!("`{what}`: found {text:?}, expected a time such as 2026-11-24T20:00:00+08:00"))
    })
}

/// A time from one moment to a later one, at most so long, and its length in seconds.
pub(super) fn period(from: &str, to: &str, most_s: i64) -> Result<((Timestamp, Timestamp), i64), ApiError> {
    let (from, to) = (time("from", from)?, time("to", to)?);
    if to <= from {
        return Err(ApiError::bad_request("`to`: expected a time after `from`"));
    }
    let length_s = to.0.saturating_sub(from.0).div_euclid(1_000_000);
    if length_s > most_s {
        let message =
            format!("`from` and `to`: found {length_s} s, expected at most {most_s} ({} days)", most_s / 86_400);
        return Err(ApiError::bad_request(message));
    }
    Ok(((from, to), length_s))
}

/// The query, of this shape.
pub(super) struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = axum::extract::Query::try_from_uri(&parts.uri).map_err(|rejection| {
            // Without what the library says before it.
            let text = rejection.body_text();
            let why = text.rsplit_once("query string: ").map_or(text.as_str(), |(_, why)| why);
            ApiError::bad_request(format!("the query is not as expected: {why}"))
        })?;
        Ok(Self(query.0))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_offset_in_a_query_need_not_be_escaped() {
        let time = |text: &str| super::time("from", text).ok();
        assert_eq!(time("2026-11-24T20:00:00 08:00"), time("2026-11-24T12:00:00Z"));
        assert_eq!(time("2026-11-24 20:00:00+08:00"), time("2026-11-24T12:00:00Z"));
        assert_eq!(time("2026-11-24T20:00:00"), None);
    }
}
