//! What every destination has in common: it takes a message, or says when to try again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;

use super::alertmanager::Alertmanager;
use super::email::Mail;
use super::mqtt::Broker;
use super::payload::Payload;
use super::robot::Robot;
use super::webhook::Webhook;
use crate::config::{Credentials, DestinationKind, DestinationPlan, Fault};
use crate::model::{NoticeKind, Timestamp};

/// A message on its way.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// What it says.
    pub payload: &'a Payload,
    /// The same as it was written to the outbox: each attempt sends the same bytes.
    pub body: &'a str,
    /// What time it is.
    pub now: Timestamp,
}

/// What to do about a message that was not taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FailureKind {
    /// Try again, but not before so many seconds: the destination asked for it.
    Later(f64),
    /// Try again.
    Retry,
    /// Never: it is the message itself that is not taken.
    Refused,
}

/// Why a message was not taken. The text holds no secret.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What to do about it.
    pub kind: FailureKind,
    /// What happened, and where it is plain, what to do.
    pub message: String,
}

impl Failure {
    /// To be tried again.
    pub fn retry(message: impl fmt::Display) -> Self {
        Self { kind: FailureKind::Retry, message: message.to_string() }
    }

    /// Never to be tried again.
    pub fn refused(message: impl fmt::Display) -> Self {
        Self { kind: FailureKind::Refused, message: message.to_string() }
    }

    /// To be tried again after a while.
    pub fn later(after_s: f64, message: impl fmt::Display) -> Self {
        Self { kind: FailureKind::Later(after_s), message: message.to_string() }
    }
}

/// A destination. Whoever calls it keeps the order: of one alert there is never more than one message on its way.
pub trait Sender: Send + Sync {
    /// Sends one message; `Ok` once the other side has taken it.
    fn send<'a>(&'a self, message: Outgoing<'a>) -> BoxFuture<'a, Result<(), Failure>>;

    /// How many messages, of different alerts, may be on their way together.
    fn most_at_once(&self) -> usize;

    /// How often [`Sender::keep`] wants to be called, in seconds.
    fn keep_every_s(&self) -> Option<f64> {
        None
    }

    /// Takes up the alerts that are open, by the last that was sent of each: after a start.
    fn restore(&self, _open: Vec<(Payload, String)>) {}

    /// Says again what is still so, where the other side forgets. Nothing is on its way meanwhile.
    fn keep(&self, _now: Timestamp) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Takes leave.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Whether such a destination has a use for such notices.
#[must_use]
pub fn wants(destination: &DestinationKind, notice: NoticeKind) -> bool {
    match destination {
        // It has acknowledging and silences of its own.
        DestinationKind::Alertmanager { .. } => matches!(
            notice,
            NoticeKind::Raised | NoticeKind::Lowered | NoticeKind::Cleared | NoticeKind::Stale | NoticeKind::Fresh
        ),
        // A camera that comes and goes would fill the chat of everybody who has an alert there: they are told where that
        // lasts.
        DestinationKind::Email { .. }
        | DestinationKind::Wecom { .. }
        | DestinationKind::Dingtalk { .. }
        | DestinationKind::Feishu { .. } => !matches!(notice, NoticeKind::Stale | NoticeKind::Fresh),
        DestinationKind::Webhook { .. } | DestinationKind::Mqtt { .. } => true,
    }
}

/// Whether what a destination shows is how an alert stands: it hears of each change, also of those that are quiet because the
/// alert is shelved, or it would show what is not so any more.
#[must_use]
pub fn shows_state(destination: &DestinationKind) -> bool {
    matches!(destination, DestinationKind::Alertmanager { .. } | DestinationKind::Mqtt { .. })
}

/// Why nothing can be sent to a destination.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Secrets are not where the configuration says.
    #[error("destination {destination}: {}", Faults(faults))]
    MissingSecrets {
        /// The destination.
        destination: String,
        /// What is missing.
        faults: Vec<Fault>,
    },
    /// The connection can't be prepared.
    #[error("destination {destination}: {reason}")]
    Unusable {
        /// The destination.
        destination: String,
        /// Why not, without secrets.
        reason: String,
    },
}

struct Faults<'a>(&'a [Fault]);

impl fmt::Display for Faults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

/// The sender of a configured destination; messages for people have times in this zone. Connects to nothing yet.
///
/// # Errors
/// Where a secret is missing, or the system's certificates can't be read.
pub fn sender(plan: &DestinationPlan, time_zone: &TimeZone) -> Result<Arc<dyn Sender>, SetupError> {
    let faults = plan.missing_secrets();
    if !faults.is_empty() {
        return Err(SetupError::MissingSecrets { destination: plan.id.clone(), faults });
    }
    let timeout = Duration::from_secs_f64(plan.timeout_s);
    let unusable = |reason: String| SetupError::Unusable { destination: plan.id.clone(), reason };
    Ok(match &plan.kind {
        DestinationKind::Webhook { url, secret } => {
            Arc::new(Webhook::new(url, secret.as_ref(), timeout).map_err(unusable)?)
        }
        DestinationKind::Alertmanager { url, credentials } => {
            let login = login(credentials);
            Arc::new(Alertmanager::new(url, login, timeout, plan.language, time_zone.clone()).map_err(unusable)?)
        }
        DestinationKind::Mqtt { host, port, topic, credentials } => {
            Arc::new(Broker::new((host, *port), topic, login(credentials), &plan.id, timeout))
        }
        DestinationKind::Email { host, port, tls, from, to, credentials } => {
            let mail = Mail::new((host, *port, *tls), (from, to), login(credentials), timeout);
            Arc::new(mail.map_err(unusable)?.written(plan.language, time_zone.clone()))
        }
        DestinationKind::Wecom { .. } | DestinationKind::Dingtalk { .. } | DestinationKind::Feishu { .. } => {
            Arc::new(Robot::new(&plan.kind, timeout, plan.language, time_zone.clone()).map_err(unusable)?)
        }
    })
}

/// User and password.
fn login(credentials: &Credentials) -> Option<(String, String)> {
    match credentials {
        Credentials::Known { user, password } => Some((user.clone(), password.clone())),
        Credentials::None | Credentials::Missing(_) => None,
    }
}
