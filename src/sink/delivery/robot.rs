//! Robots in group chats: WeCom, DingTalk and Feishu. Each takes a text and answers with a code of its own, mostly with
//! HTTP's 200 whatever came of it.

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use reqwest::{Client, RequestBuilder, Url, header};
use serde_json::{Value, json};

use super::http;
use super::sender::{Failure, Outgoing, Sender};
use super::signature;
use super::text::Message;
use crate::config::{DestinationKind, Language, Secret};
use crate::model::Timestamp;

/// Seconds until a chat that has had too many messages takes more: the limits of all three are per minute.
const RATE_LIMIT_S: f64 = 60.0;

#[derive(Debug, Clone)]
enum Chat {
    Wecom { key: String },
    Dingtalk { token: String, secret: Option<String> },
    Feishu { hook: String, secret: Option<String> },
}

/// A robot in one chat.
pub(super) struct Robot {
    client: Client,
    base_url: String,
    chat: Chat,
    language: Language,
    time_zone: TimeZone,
}

impl Robot {
    /// For one of the three kinds.
    pub(super) fn new(
        kind: &DestinationKind,
        timeout: Duration,
        language: Language,
        time_zone: TimeZone,
    ) -> Result<Self, String> {
        let text = |secret: &Secret| secret.text().map(str::to_owned).map_err(ToString::to_string);
        let optional = |secret: &Option<Secret>| secret.as_ref().map(text).transpose();
        let (base_url, chat) = match kind {
            DestinationKind::Wecom { base_url, key } => (base_url, Chat::Wecom { key: text(key)? }),
            DestinationKind::Dingtalk { base_url, token, secret } => {
                (base_url, Chat::Dingtalk { token: text(token)?, secret: optional(secret)? })
            }
            DestinationKind::Feishu { base_url, hook, secret } => {
                (base_url, Chat::Feishu { hook: text(hook)?, secret: optional(secret)? })
            }
            other => return Err(format!("a {} is no robot", other.as_str())),
        };
        Ok(Self { client: http::client(timeout)?, base_url: base_url.clone(), chat, language, time_zone })
    }

    fn request(&self, message: &Message, now: Timestamp) -> Result<RequestBuilder, Failure> {
        let (unix_s, unix_ms) = (now.0.div_euclid(1_000_000), now.0.div_euclid(1_000));
        let text = message.within(self.chat.most_bytes());
        let (path, query, body): (Vec<&str>, Vec<(&str, String)>, Value) = match &self.chat {
            Chat::Wecom { key } => (
                vec!["cgi-bin", "webhook", "send"],
                vec![("key", key.clone())],
                json!({ "msgtype": "text", "text": { "content": text } }),
            ),
            Chat::Dingtalk { token, secret } => {
                let mut query = vec![("access_token", token.clone())];
                if let Some(secret) = secret {
                    query.push(("timestamp", unix_ms.to_string()));
                    query.push(("sign", signature::dingtalk(secret, unix_ms)));
                }
                (vec!["robot", "send"], query, json!({ "msgtype": "text", "text": { "content": text } }))
            }
            Chat::Feishu { hook, secret } => {
                let mut body = json!({ "msg_type": "text", "content": { "text": text } });
                if let Some(secret) = secret {
                    body["timestamp"] = json!(unix_s.to_string());
                    body["sign"] = json!(signature::feishu(secret, unix_s));
                }
                (vec!["open-apis", "bot", "v2", "hook", hook], Vec::new(), body)
            }
        };
        let mut url = Url::parse(&self.base_url).map_err(|error| Failure::retry(format!("base_url: {error}")))?;
        match url.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().extend(path),
            Err(()) => return Err(Failure::retry("base_url: an address that can't have a path")),
        };
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(self.client.post(url).header(header::CONTENT_TYPE, "application/json").body(body.to_string()))
    }
}

impl Chat {
    /// Longest text: 2048 bytes for WeCom; the others take some 20 kB as a whole.
    fn most_bytes(&self) -> usize {
        match self {
            Self::Wecom { .. } => 2048,
            Self::Dingtalk { .. } | Self::Feishu { .. } => 15_000,
        }
    }

    /// What an answer's code means; `None`: it has no code.
    fn outcome(&self, answer: &Value) -> Option<Result<(), Failure>> {
        let (code_key, text_key) = match self {
            Self::Wecom { .. } | Self::Dingtalk { .. } => ("errcode", "errmsg"),
            Self::Feishu { .. } => ("code", "msg"),
        };
        let code = answer.get(code_key).or_else(|| answer.get("StatusCode"))?.as_i64()?;
        let text: String = answer.get(text_key).and_then(Value::as_str).unwrap_or_default().chars().take(200).collect();
        let message = format!("answered with code {code}: {text}");
        let (limits, refusals): (&[i64], &[i64]) = match self {
            // 45009: too many messages. 40008, 40058, 45002: kind, parameter or length of the message.
            Self::Wecom { .. } => (&[45009], &[40008, 40058, 45002]),
            // 130101, 410100, 660026: too many messages. 40035: parameter; 4301xx: words or links that are not let
            // through; 460101: length.
            Self::Dingtalk { .. } => {
                (&[130_101, 410_100, 660_026], &[40035, 430_101, 430_102, 430_103, 430_104, 460_101])
            }
            // 11232, 230020: too many messages. 9499: the message can't be read.
            Self::Feishu { .. } => (&[11232, 230_020], &[9499]),
        };
        Some(match code {
            0 => Ok(()),
            code if limits.contains(&code) => Err(Failure::later(RATE_LIMIT_S, message)),
            code if refusals.contains(&code) => Err(Failure::refused(message)),
            // Keys, signatures, addresses that are let in: to be mended outside, and then it goes through.
            _ => Err(Failure::retry(message)),
        })
    }
}

impl Sender for Robot {
    fn send<'a>(&'a self, message: Outgoing<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let text = Message::of(message.payload, self.language, &self.time_zone);
            let answer = http::exchange(self.request(&text, message.now)?).await?;
            let outcome = serde_json::from_str(&answer.body).ok().and_then(|body| self.chat.outcome(&body));
            match outcome {
                Some(outcome) => outcome,
                None => {
                    answer.taken(message.now)?;
                    Err(Failure::retry("answered without a code: is this the robot's address?"))
                }
            }
        })
    }

    /// People read it in the order in which it comes.
    fn most_at_once(&self) -> usize {
        1
    }
}
