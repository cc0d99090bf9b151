//! E-mail by SMTP.

use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message as MailMessage, Tokio1Executor};

use super::sender::{Failure, Outgoing, Sender};
use super::text::Message;
use crate::config::{Language, MailTls};
use crate::model::Timestamp;

/// A mail server, and who gets mail over it.
pub(super) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
    to: Vec<Address>,
    language: Language,
    time_zone: TimeZone,
}

impl Mail {
    pub(super) fn new(
        (host, port, tls): (&str, u16, MailTls),
        (from, to): (&str, &[String]),
        login: Option<(String, String)>,
        timeout: Duration,
    ) -> Result<Self, String> {
        let address = |text: &str| text.parse::<Address>().map_err(|error| format!("mail address {text:?}: {error}"));
        let parameters = || TlsParameters::new(host.to_owned()).map_err(|error| format!("no TLS for {host}: {error}"));
        let tls = match tls {
            MailTls::None => Tls::None,
            MailTls::StartTls => Tls::Required(parameters()?),
            MailTls::Tls => Tls::Wrapper(parameters()?),
        };
        // Not asked for from the system: the name of the machine is nobody's business, and mail servers take this.
        let hello = ClientId::Domain("localhost".to_owned());
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .hello_name(hello)
            .timeout(Some(timeout));
        if let Some((user, password)) = login {
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self {
            transport: builder.build(),
            from: address(from)?,
            to: to.iter().map(|to| address(to)).collect::<Result<_, _>>()?,
            language: Language::English,
            time_zone: TimeZone::UTC,
        })
    }

    /// In this language, with times in this zone.
    pub(super) fn written(self, language: Language, time_zone: TimeZone) -> Self {
        Self { language, time_zone, ..self }
    }

    /// The mail for some of the receivers. Its id follows from the key, so that mail programs know a repeated one, and
    /// all mails of an alert refer to the same root.
    fn mail(&self, message: &Outgoing<'_>, to: &[Address]) -> Result<MailMessage, Failure> {
        let text = Message::of(message.payload, self.language, &self.time_zone);
        let domain = self.from.domain();
        let mut builder = MailMessage::builder()
            .from(Mailbox::new(Some("crowdflow".to_owned()), self.from.clone()))
            .subject(text.title)
            .date(system_time(message.now))
            .message_id(Some(format!("<{}@{domain}>", message.payload.key)))
            .references(format!("<{}@{domain}>", message.payload.alert))
            .header(ContentType::TEXT_PLAIN);
        for address in to {
            builder = builder.to(Mailbox::new(None, address.clone()));
        }
        builder.body(text.body).map_err(|error| Failure::refused(format!("no mail can be made of it: {error}")))
    }
}

fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(at.0.unsigned_abs())
}

/// What to do after an error. Of the final replies only those about the message or its receivers are its own fault.
fn failure(error: &Error) -> Failure {
    let Some(status) = error.status() else {
        return Failure::retry(if error.is_timeout() { "no answer in time".to_owned() } else { reasons(error) });
    };
    let message = format!("answered {status}: {}", reasons(error));
    match u16::from(status) {
        501 | 550..=554 | 555 => Failure::refused(message),
        530 | 534 | 535 | 538 => Failure::retry(format!("{message} (check user and password)")),
        _ => Failure::retry(message),
    }
}

/// The innermost reason.
fn reasons(error: &Error) -> String {
    let source = std::error::Error::source(error);
    let innermost = std::iter::successors(source, |error| std::error::Error::source(*error)).last();
    let text = innermost.map_or_else(|| error.to_string(), ToString::to_string);
    text.chars().take(200).collect()
}

fn is_refused(failure: &Failure) -> bool {
    matches!(failure.kind, super::sender::FailureKind::Refused)
}

impl Sender for Mail {
    fn send<'a>(&'a self, message: Outgoing<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let together = self.transport.send(self.mail(&message, &self.to)?).await;
            let Err(together) = together.map_err(|error| failure(&error)) else { return Ok(()) };
            if !is_refused(&together) || self.to.len() < 2 {
                return Err(together);
            }
            // One mail box that is gone must not keep the alert from the others.
            let mut refused = Vec::new();
            for to in &self.to {
                let sent = self.transport.send(self.mail(&message, std::slice::from_ref(to))?).await;
                match sent.map_err(|error| failure(&error)) {
                    Ok(_) => {}
                    Err(failure) if is_refused(&failure) => refused.push(format!("{to}: {failure}")),
                    Err(failure) => return Err(failure),
                }
            }
            if refused.len() == self.to.len() {
                return Err(together);
            }
            tracing::warn!(refused = refused.join("; "), "some receivers of mail are refused by the mail server");
            Ok(())
        })
    }

    fn most_at_once(&self) -> usize {
        2
    }
}
