//! JSON over HTTP, signed.

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Client, Url, header};

use super::http;
use super::sender::{Failure, Outgoing, Sender};
use super::signature::webhook_signature;
use crate::config::{Secret, WebhookUrl};

/// Posts payloads as they are.
pub(super) struct Webhook {
    client: Client,
    url: Url,
    secret: Option<String>,
}

impl Webhook {
    pub(super) fn new(url: &WebhookUrl, secret: Option<&Secret>, timeout: Duration) -> Result<Self, String> {
        let text = |secret: &Secret| secret.text().map(str::to_owned).map_err(ToString::to_string);
        let url = match url {
            WebhookUrl::Plain(url) => url.clone(),
            WebhookUrl::Hidden(url) => text(url)?,
        };
        let url = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url =
            url.ok_or("the webhook's address, which is not shown, is none that begins with http:// or https://")?;
        Ok(Self { client: http::client(timeout)?, url, secret: secret.map(text).transpose()? })
    }
}

impl Sender for Webhook {
    fn send<'a>(&'a self, message: Outgoing<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let mut request = self
                .client
                .post(self.url.clone())
                .header(header::CONTENT_TYPE, "application/json")
                .header("Idempotency-Key", format!("\"{}\"", message.payload.key))
                .body(message.body.to_owned());
            if let Some(secret) = &self.secret {
                let unix_s = message.now.0.div_euclid(1_000_000);
                request = request.header("Crowdflow-Signature", webhook_signature(secret, unix_s, message.body));
            }
            http::exchange(request).await?.taken(message.now)
        })
    }

    fn most_at_once(&self) -> usize {
        8
    }
}
