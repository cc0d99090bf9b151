//! HTTP as far as all destinations that speak it have it in common.

use std::error::Error as _;
use std::sync::Once;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect};

use super::sender::Failure;
use crate::model::Timestamp;

/// Longest time that `Retry-After` is obeyed for, in seconds: more is a mistake, or no alert gets through for it.
const MOST_RETRY_AFTER_S: f64 = 3600.0;
/// As much of an answer as is read.
const MOST_ANSWER_BYTES: usize = 64 * 1024;
/// Letters of an answer that go into a message.
const MOST_QUOTED: usize = 200;

/// A client for one destination. The system's proxy settings are not used: an alert goes where the configuration says.
pub(super) fn client(timeout: Duration) -> Result<Client, String> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Fails where somebody has chosen one before; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let client = Client::builder()
        .user_agent(concat!("crowdflow/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(timeout);
    client.build().map_err(|error| format!("no HTTP client can be made: {}", reasons(&error)))
}

/// Sends a request and reads its answer.
pub(super) async fn exchange(request: RequestBuilder) -> Result<Answer, Failure> {
    let mut response = request.send().await.map_err(|error| transport(&error.without_url()))?;
    let (status, retry_after) = (response.status(), retry_after(&response));
    let mut body = Vec::new();
    while body.len() < MOST_ANSWER_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            // It was answered; only what it said besides is lost.
            Err(_) if status.is_success() => break,
            Err(error) => return Err(transport(&error.without_url())),
        }
    }
    Ok(Answer { status, retry_after, body: String::from_utf8_lossy(&body).into_owned() })
}

fn retry_after(response: &Response) -> Option<String> {
    response.headers().get(header::RETRY_AFTER)?.to_str().ok().map(str::to_owned)
}

fn transport(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::retry("no answer in time");
    }
    Failure::retry(match error.is_connect() {
        true => format!("no connection: {}", reasons(error)),
        false => reasons(error),
    })
}

/// The innermost reason: those around it only say that something failed.
fn reasons(error: &reqwest::Error) -> String {
    let innermost = std::iter::successors(error.source(), |error| (*error).source()).last();
    innermost.map_or_else(|| error.to_string(), ToString::to_string)
}

/// What a server answered.
pub(super) struct Answer {
    pub status: StatusCode,
    retry_after: Option<String>,
    pub body: String,
}

impl Answer {
    /// `Ok` where it has taken the message.
    pub(super) fn taken(&self, now: Timestamp) -> Result<(), Failure> {
        let status = self.status;
        if status.is_success() {
            return Ok(());
        }
        let message = match self.quoted() {
            quoted if quoted.is_empty() => format!("answered {status}"),
            quoted => format!("answered {status}: {quoted}"),
        };
        if let Some(after_s) = self.retry_after.as_deref().and_then(|text| wait_asked_for_s(text, now)) {
            return Err(Failure::later(after_s, message));
        }
        Err(match status.as_u16() {
            400 | 406 | 411 | 413 | 414 | 415 | 422 => Failure::refused(message),
            401 | 403 | 404 | 405 | 407 | 410 => Failure::retry(format!("{message} (check address and secrets)")),
            300..=399 => Failure::retry(format!("{message} (redirects are not followed: give the final address)")),
            _ => Failure::retry(message),
        })
    }

    /// The beginning of the answer, on one line.
    fn quoted(&self) -> String {
        let line: String = self.body.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(MOST_QUOTED).collect()
    }
}

/// `Retry-After` in seconds or as an HTTP date, in seconds from now.
fn wait_asked_for_s(text: &str, now: Timestamp) -> Option<f64> {
    let seconds = match text.trim().parse::<u32>() {
        Ok(seconds) => f64::from(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
            Timestamp(date.timestamp().as_microsecond()).seconds_since(now)
        }
    };
    Some(seconds.clamp(0.0, MOST_RETRY_AFTER_S))
}

#[cfg(test)]
mod tests {
    use super::super::sender::FailureKind;
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = Timestamp::from_rfc3339("2015-10-21T07:26:00Z").unwrap();
        for (text, expected) in [
            ("120", Some(120.0)),
            (" 0 ", Some(0.0)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(120.0)),
            ("Wed, 21 Oct 2015 07:20:00 GMT", Some(0.0)),
            ("999999999", Some(MOST_RETRY_AFTER_S)),
            ("soon", None),
            ("-5", None),
        ] {
            assert_eq!(wait_asked_for_s(text, now), expected, "{text}");
        }
    }

    #[test]
    fn only_what_is_wrong_with_the_message_is_final() {
        let kind = |status: u16, retry_after: Option<&str>| {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = Answer { status, retry_after: retry_after.map(str::to_owned), body: String::new() };
            answer.taken(Timestamp(0)).err().map(|failure| failure.kind)
        };
        assert_eq!((kind(200, None), kind(204, Some("9"))), (None, None));
        assert_eq!((kind(400, None), kind(422, None)), (Some(FailureKind::Refused), Some(FailureKind::Refused)));
        for status in [301, 401, 403, 404, 408, 410, 429, 500, 503] {
            assert_eq!(kind(status, None), Some(FailureKind::Retry), "{status}");
        }
        assert_eq!(kind(429, Some("7")), Some(FailureKind::Later(7.0)));
        assert_eq!(kind(503, Some("rubbish")), Some(FailureKind::Retry));
    }
}
