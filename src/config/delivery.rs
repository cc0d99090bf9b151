//! Where alerts are sent: people's systems, mail boxes and chats.

use std::fmt;

use super::{Credentials, Fault};
use crate::model::{Level, UnitId};

/// The language of a message for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Chinese, in simplified characters.
    Chinese,
    /// English.
    English,
}

/// One destination.
#[derive(Debug, Clone, PartialEq)]
pub struct DestinationPlan {
    /// Its id.
    pub id: String,
    /// What it is, and how it is reached.
    pub kind: DestinationKind,
    /// The units whose alerts go there; `None`: all alerts.
    pub units: Option<Vec<UnitId>>,
    /// The level from which on alerts go there.
    pub from_level: Level,
    /// The language of what people read.
    pub language: Language,
    /// How long it is tried, in seconds, before a message is given up.
    pub retry_for_s: f64,
    /// How long one attempt may take, in seconds.
    pub timeout_s: f64,
}

/// Kinds of destinations.
#[derive(Debug, Clone, PartialEq)]
pub enum DestinationKind {
    /// JSON over HTTP.
    Webhook {
        /// Its address; a secret where it is taken from elsewhere.
        url: WebhookUrl,
        /// What messages are signed with; `None`: they are not.
        secret: Option<Secret>,
    },
    /// Prometheus Alertmanager, API v2.
    Alertmanager {
        /// Its address without `/api/v2`.
        url: String,
        /// User and password of HTTP's basic authentication.
        credentials: Credentials,
    },
    /// An MQTT broker.
    Mqtt {
        /// Host of the broker.
        host: String,
        /// Its port.
        port: u16,
        /// What every topic begins with.
        topic: String,
        /// User and password.
        credentials: Credentials,
    },
    /// E-mail by SMTP.
    Email {
        /// Host of the mail server.
        host: String,
        /// Its port.
        port: u16,
        /// How the connection is encrypted.
        tls: MailTls,
        /// Sender.
        from: String,
        /// Receivers, at least one.
        to: Vec<String>,
        /// User and password.
        credentials: Credentials,
    },
    /// A WeCom (企业微信) group robot.
    Wecom {
        /// Address without path.
        base_url: String,
        /// The robot's key.
        key: Secret,
    },
    /// A DingTalk (钉钉) group robot.
    Dingtalk {
        /// Address without path.
        base_url: String,
        /// The robot's access token.
        token: Secret,
        /// What messages are signed with, where the robot wants it.
        secret: Option<Secret>,
    },
    /// A Feishu (飞书) group robot.
    Feishu {
        /// Address without path.
        base_url: String,
        /// The last part of the robot's webhook address.
        hook: Secret,
        /// What messages are signed with, where the robot wants it.
        secret: Option<Secret>,
    },
}

impl DestinationKind {
    /// Its name in configuration and labels.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Alertmanager { .. } => "alertmanager",
            Self::Mqtt { .. } => "mqtt",
            Self::Email { .. } => "email",
            Self::Wecom { .. } => "wecom",
            Self::Dingtalk { .. } => "dingtalk",
            Self::Feishu { .. } => "feishu",
        }
    }
}

/// A webhook's address.
#[derive(Debug, Clone, PartialEq)]
pub enum WebhookUrl {
    /// As written: it may be shown.
    Plain(String),
    /// From the environment or a file: it may not.
    Hidden(Secret),
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// Not at all.
    None,
    /// From the command STARTTLS on; without it nothing is sent.
    StartTls,
    /// From the first byte.
    Tls,
}

impl MailTls {
    /// All of them, by their names in configuration.
    pub const ALL: [(&'static str, Self); 3] = [("none", Self::None), ("starttls", Self::StartTls), ("tls", Self::Tls)];

    /// The usual port.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::None => 25,
            Self::StartTls => 587,
            Self::Tls => 465,
        }
    }
}

/// A secret, from the environment or a file. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// What was there.
    Known(String),
    /// It is not where the configuration says. Only whoever sends needs it.
    Missing(Box<Fault>),
}

impl Secret {
    /// The secret.
    ///
    /// # Errors
    /// What is missing.
    pub fn text(&self) -> Result<&str, &Fault> {
        match self {
            Self::Known(text) => Ok(text),
            Self::Missing(fault) => Err(fault),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(_) => f.write_str("Known(hidden)"),
            Self::Missing(fault) => f.debug_tuple("Missing").field(fault).finish(),
        }
    }
}

impl DestinationPlan {
    /// The secrets that are not where the configuration says: nothing can be sent there.
    #[must_use]
    pub fn missing_secrets(&self) -> Vec<Fault> {
        let of_credentials = |credentials: &Credentials| match credentials {
            Credentials::Missing(faults) => faults.clone(),
            Credentials::None | Credentials::Known { .. } => Vec::new(),
        };
        let of = |secrets: &[Option<&Secret>]| -> Vec<Fault> {
            secrets.iter().flatten().filter_map(|secret| secret.text().err().cloned()).collect()
        };
        match &self.kind {
            DestinationKind::Webhook { url, secret } => {
                let url = match url {
                    WebhookUrl::Plain(_) => None,
                    WebhookUrl::Hidden(url) => Some(url),
                };
                of(&[url, secret.as_ref()])
            }
            DestinationKind::Alertmanager { credentials, .. }
            | DestinationKind::Mqtt { credentials, .. }
            | DestinationKind::Email { credentials, .. } => of_credentials(credentials),
            DestinationKind::Wecom { key, .. } => of(&[Some(key)]),
            DestinationKind::Dingtalk { token: first, secret, .. }
            | DestinationKind::Feishu { hook: first, secret, .. } => of(&[Some(first), secret.as_ref()]),
        }
    }
}
