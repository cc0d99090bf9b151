//! Webhooks: what is sent, and what becomes of every kind of answer.

use crowdflow::sink::delivery::{Failure, FailureKind, webhook_signature};

use super::target::{Reply, Target, closed, status};
use super::{SECRET, at, destination, raised, send, sender_of, wait};

#[test]
fn a_webhook_is_signed_and_says_its_key() {
    wait(async {
        let target = Target::start(|_| status(204)).await;
        let table = format!("webhook = {{ url = \"http://{}/in\", secret_env = \"SECRET\" }}", target.address);
        let message = raised("full", 3);
        send(&*sender_of(&destination(&table)), &message, at(7.5)).await.unwrap();
        let [seen] = target.seen().try_into().unwrap();
        assert_eq!((seen.path.as_str(), seen.header("content-type")), ("/in", Some("application/json")));
        assert_eq!(seen.header("idempotency-key"), Some(format!("\"{}\"", message.key).as_str()));
        assert_eq!(seen.json(), serde_json::to_value(&message).unwrap());
        let unix_s = at(7.0).0 / 1_000_000;
        assert_eq!(seen.header("crowdflow-signature"), Some(webhook_signature(SECRET, unix_s, &seen.body).as_str()));
    });
}

#[test]
fn every_answer_says_what_to_do() {
    async fn answered(reply: Reply) -> Failure {
        let target = Target::start(move |_| reply.clone()).await;
        let table = format!("timeout_s = 0.3\nwebhook.url = \"http://{}/in\"", target.address);
        let failure = send(&*sender_of(&destination(&table)), &raised("full", 1), at(0.0)).await;
        failure.expect_err("no success")
    }
    wait(async {
        let with = |status, headers: &str| Reply::Full(status, headers.to_owned(), "no\n room".to_owned());
        for (reply, kind, message) in [
            (with(429, "retry-after: 7\r\n"), FailureKind::Later(7.0), "answered 429 Too Many Requests: no room"),
            (
                with(503, "retry-after: Tue, 24 Nov 2026 03:02:00 GMT\r\n"),
                FailureKind::Later(120.0),
                "answered 503 Service Unavailable: no room",
            ),
            (status(500), FailureKind::Retry, "answered 500 Internal Server Error"),
            (status(401), FailureKind::Retry, "answered 401 Unauthorized (check address and secrets)"),
            (
                with(301, "location: http://127.0.0.1:1/\r\n"),
                FailureKind::Retry,
                "answered 301 Moved Permanently: no room (redirects are not followed: give the final address)",
            ),
            (with(400, ""), FailureKind::Refused, "answered 400 Bad Request: no room"),
            (Reply::Nothing, FailureKind::Retry, "no answer in time"),
            (Reply::Half(500), FailureKind::Retry, "no answer in time"),
        ] {
            let failure = answered(reply).await;
            assert_eq!((failure.kind, failure.message.as_str()), (kind, message));
        }
    });
}

#[test]
fn a_success_whose_body_never_ends_is_one() {
    wait(async {
        let target = Target::start(|_| Reply::Half(200)).await;
        let table = format!("timeout_s = 0.3\nwebhook.url = \"http://{}/in\"", target.address);
        send(&*sender_of(&destination(&table)), &raised("full", 1), at(0.0)).await.unwrap();
    });
}

#[test]
fn nobody_there_is_said_without_the_address() {
    wait(async {
        // The address is a secret: it comes from a variable.
        let plan = destination(&format!("webhook.url_env = \"IS_127_0_0_1_PORT_{}\"", closed().port()));
        assert!(!format!("{plan:?}").contains(SECRET), "{plan:?}");
        let table = format!("webhook.url = \"http://{}/\"", closed());
        for plan in [plan, destination(&table)] {
            let failure = send(&*sender_of(&plan), &raised("full", 1), at(0.0)).await.expect_err("nobody there");
            assert_eq!(failure.kind, FailureKind::Retry);
            let text = failure.to_string();
            assert!(text.starts_with("no connection: Connection refused"), "{text}");
            assert!(!text.contains(SECRET) && !text.contains("127.0.0.1"), "{text}");
        }
    });
}

#[test]
fn a_missing_secret_is_told_before_anything_is_sent() {
    let plan = destination("wecom.key_env = \"NOT_SET\"");
    let error = crowdflow::sink::delivery::sender(&plan, &jiff::tz::TimeZone::UTC).err().expect("no key").to_string();
    assert!(
        error.starts_with("destination to: destinations.to.wecom.key_env (line 4): found the environment"),
        "{error}"
    );
}
