//! Destinations: where alerts are sent.

use super::response::{known, level_words};
use super::stream::{Kept, Scheme, credentials, host_and_port, secret, url_fault};
use super::{Checker, Fault, FaultKind, KeyPath, defaults};
use crate::config::raw::{RawConfig, RawCredentials, Table};
use crate::config::raw_delivery::{
    RawAlertmanager, RawDestination, RawDingtalk, RawEmail, RawFeishu, RawMqtt, RawWebhook, RawWecom,
};
use crate::config::secret::HIDDEN;
use crate::config::{Credentials, DestinationKind, DestinationPlan, Language, MailTls, Secret, WebhookUrl};
use crate::model::{Level, SiteId, UnitId};

const LANGUAGES: [(&str, Language); 2] = [("zh", Language::Chinese), ("en", Language::English)];
const KINDS: [&str; 7] = ["webhook", "alertmanager", "mqtt", "email", "wecom", "dingtalk", "feishu"];

pub(super) fn check(checker: &mut Checker<'_>, raw: &RawConfig) -> Option<Vec<DestinationPlan>> {
    let path = KeyPath::default().key("destinations");
    let plans: Vec<Option<DestinationPlan>> =
        raw.destinations.iter().map(|(id, written)| destination(checker, id, written, &path.key(id), raw)).collect();
    plans.into_iter().collect()
}

fn destination(
    checker: &mut Checker<'_>,
    id: &str,
    raw: &RawDestination,
    path: &KeyPath,
    config: &RawConfig,
) -> Option<DestinationPlan> {
    // A destination's id goes where a site's does: into labels and addresses.
    let is_id = checker.id(path, SiteId::new(id)).is_some();
    let kind = kind(checker, raw, path);
    let units = match &raw.units {
        Some(written) => units(checker, written, &path.key("units"), config).map(Some),
        None => Some(None),
    };
    let from_level = match raw.from_level.as_deref() {
        Some(level) => checker.word(&path.key("from_level"), level, &level_words()),
        None => Some(Level::Blue),
    };
    let is_chat = raw.wecom.is_some() || raw.dingtalk.is_some() || raw.feishu.is_some();
    let language = match raw.language.as_deref() {
        Some(language) => checker.word(&path.key("language"), language, &LANGUAGES),
        None => Some(if is_chat { Language::Chinese } else { Language::English }),
    };
    let retry_for_s =
        checker.number_or(&path.key("retry_for_s"), raw.retry_for_s, defaults::RETRY_FOR, defaults::RETRY_FOR_S);
    let timeout_s =
        checker.number_or(&path.key("timeout_s"), raw.timeout_s, defaults::SEND_TIMEOUT, defaults::SEND_TIMEOUT_S);
    is_id.then_some(())?;
    Some(DestinationPlan {
        id: id.to_owned(),
        kind: kind?,
        units: units?,
        from_level: from_level?,
        language: language?,
        retry_for_s: retry_for_s?,
        timeout_s: timeout_s?,
    })
}

fn units(checker: &mut Checker<'_>, written: &[String], path: &KeyPath, config: &RawConfig) -> Option<Vec<UnitId>> {
    if written.is_empty() {
        checker.missing(path, "at least one unit's id; without the key every alert goes there");
        return None;
    }
    let units: Vec<Option<String>> = written
        .iter()
        .enumerate()
        .map(|(index, unit)| known(checker, &path.index(index), unit, "unit", &config.units))
        .collect();
    units.into_iter().map(|unit| UnitId::new(&unit?).ok()).collect()
}

fn kind(checker: &mut Checker<'_>, raw: &RawDestination, path: &KeyPath) -> Option<DestinationKind> {
    let given = [
        raw.webhook.is_some(),
        raw.alertmanager.is_some(),
        raw.mqtt.is_some(),
        raw.email.is_some(),
        raw.wecom.is_some(),
        raw.dingtalk.is_some(),
        raw.feishu.is_some(),
    ];
    let names: Vec<&str> = KINDS.into_iter().zip(given).filter_map(|(name, given)| given.then_some(name)).collect();
    let &[name] = names.as_slice() else {
        let found = if names.is_empty() { "no kind of destination".to_owned() } else { names.join(" and ") };
        let expected = format!("exactly one table of {}", KINDS.join(", "));
        checker.note(path, Fault::new(FaultKind::NotOneDestination, found, expected));
        return None;
    };
    let path = path.key(name);
    None.or_else(|| raw.webhook.as_ref().and_then(|raw| webhook(checker, raw, &path)))
        .or_else(|| raw.alertmanager.as_ref().and_then(|raw| alertmanager(checker, raw, &path)))
        .or_else(|| raw.mqtt.as_ref().and_then(|raw| mqtt(checker, raw, &path)))
        .or_else(|| raw.email.as_ref().and_then(|raw| email(checker, raw, &path)))
        .or_else(|| raw.wecom.as_ref().and_then(|raw| wecom(checker, raw, &path)))
        .or_else(|| raw.dingtalk.as_ref().and_then(|raw| dingtalk(checker, raw, &path)))
        .or_else(|| raw.feishu.as_ref().and_then(|raw| feishu(checker, raw, &path)))
}

/// An `http://` or `https://` address that may be shown.
fn http_url(checker: &mut Checker<'_>, path: &KeyPath, written: &str, secret_help: &str) -> Option<String> {
    let Some(mut fault) = url_fault(written, Scheme::Http) else { return Some(written.to_owned()) };
    // What the message says of credentials and source tables is about cameras.
    fault.help = None;
    if fault.kind == FaultKind::SecretInUrl {
        fault.expected = "an address without user, password or token".to_owned();
        fault.help = Some(secret_help.to_owned());
    }
    checker.note(path, fault);
    None
}

/// `NAME_env` or `NAME_file`; `None` where what is written is wrong.
pub(super) fn kept(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    what: &str,
    (env, file): (Option<&str>, Option<&str>),
) -> Option<Secret> {
    let (env_key, file_key) = (format!("{what}_env"), format!("{what}_file"));
    let ways = [(env_key.as_str(), env, Kept::Environment), (file_key.as_str(), file, Kept::File)];
    Some(match secret(checker, path, what, &ways)? {
        Ok(text) => Secret::Known(text),
        Err(fault) => {
            checker.missing_secrets.push(fault.clone());
            Secret::Missing(Box::new(fault))
        }
    })
}

/// The same, where it may be left out.
pub(super) fn optional_kept(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    what: &str,
    written: (Option<&str>, Option<&str>),
) -> Option<Option<Secret>> {
    if written == (None, None) { Some(None) } else { kept(checker, path, what, written).map(Some) }
}

pub(super) fn login(
    checker: &mut Checker<'_>,
    raw: Option<&Table<RawCredentials>>,
    path: &KeyPath,
) -> Option<Credentials> {
    raw.map_or(Some(Credentials::None), |raw| credentials(checker, raw, &path.key("credentials")))
}

fn webhook(checker: &mut Checker<'_>, raw: &RawWebhook, path: &KeyPath) -> Option<DestinationKind> {
    let hidden = (raw.url_env.as_deref(), raw.url_file.as_deref());
    let url = match (raw.url.as_deref(), hidden) {
        (Some(written), (None, None)) => {
            let help = "An address that holds a secret goes into a variable or file: url_env or url_file";
            http_url(checker, &path.key("url"), written, help).map(WebhookUrl::Plain)
        }
        (None, (None, None)) => {
            checker.missing(&path.key("url"), "the receiver's address, https://…; url_env or url_file keep it secret");
            None
        }
        (None, hidden) => kept(checker, path, "url", hidden).map(WebhookUrl::Hidden),
        (Some(_), (env, _)) => {
            let found = format!("url and {}", if env.is_some() { "url_env" } else { "url_file" });
            checker.note(path, Fault::new(FaultKind::NotOneSecret, found, "exactly one of url, url_env, url_file"));
            None
        }
    };
    let secret = optional_kept(checker, path, "secret", (raw.secret_env.as_deref(), raw.secret_file.as_deref()));
    Some(DestinationKind::Webhook { url: url?, secret: secret? })
}

fn alertmanager(checker: &mut Checker<'_>, raw: &RawAlertmanager, path: &KeyPath) -> Option<DestinationKind> {
    let url_path = path.key("url");
    let url = match raw.url.as_deref() {
        Some(written) => http_url(checker, &url_path, written, "User and password go into `credentials` beside `url`"),
        None => {
            checker.missing(&url_path, "the Alertmanager's address, such as http://127.0.0.1:9093");
            None
        }
    };
    let credentials = login(checker, raw.credentials.as_ref(), path);
    Some(DestinationKind::Alertmanager { url: url?.trim_end_matches('/').to_owned(), credentials: credentials? })
}

fn mqtt(checker: &mut Checker<'_>, raw: &RawMqtt, path: &KeyPath) -> Option<DestinationKind> {
    let url = broker(checker, raw, path);
    let written = raw.topic.as_deref().unwrap_or(defaults::MQTT_TOPIC);
    let expected = "what topics begin with, such as \"crowdflow\" or \"district/crowdflow\": no +, #, leading $ or \
                    empty level";
    let topic = mqtt_topic(checker, &path.key("topic"), written, expected);
    let credentials = login(checker, raw.credentials.as_ref(), path);
    let (host, port) = url?;
    Some(DestinationKind::Mqtt { host, port, topic: topic?, credentials: credentials? })
}

/// Host and port of a broker.
pub(super) fn broker(checker: &mut Checker<'_>, raw: &RawMqtt, path: &KeyPath) -> Option<(String, u16)> {
    let path = path.key("url");
    let expected = "a broker's address such as mqtt://192.168.1.20:1883";
    let Some(written) = raw.url.as_deref() else {
        checker.missing(&path, expected);
        return None;
    };
    if let Some(fault) = mqtt_fault(written, expected) {
        checker.note(&path, fault);
        return None;
    }
    let place = written.trim_start_matches("mqtt://").trim_end_matches('/');
    Some(split_port(place, defaults::MQTT_PORT))
}

/// A topic without wildcards.
pub(super) fn mqtt_topic(checker: &mut Checker<'_>, path: &KeyPath, written: &str, expected: &str) -> Option<String> {
    let is_level = |level: &str| !level.is_empty() && !level.contains(['+', '#', '\0']) && !level.starts_with('$');
    if written.len() <= defaults::TEXT_MOST && written.split('/').all(is_level) {
        return Some(written.to_owned());
    }
    checker.note(path, Fault::new(FaultKind::BadText, format!("{written:?}"), expected));
    None
}

fn mqtt_fault(written: &str, expected: &str) -> Option<Fault> {
    let Some((scheme, rest)) = written.split_once("://") else {
        let found = if written.contains('@') { HIDDEN.to_owned() } else { format!("{written:?}") };
        return Some(Fault::new(FaultKind::BadUrl, found, expected));
    };
    if rest.contains('@') {
        let found = "a user name or password in the address";
        let fault = Fault::new(FaultKind::SecretInUrl, found, "the address without them: mqtt://HOST:PORT");
        return Some(fault.help("User and password go into `credentials` beside `url`"));
    }
    if scheme != "mqtt" {
        let found = format!("an address that begins with {scheme}://");
        let fault = Fault::new(FaultKind::WrongScheme, found, "mqtt://");
        return Some(match scheme {
            "mqtts" => fault.help(
                "TLS to a broker is not spoken here: run a broker on this machine and let it bridge to the other one",
            ),
            _ => fault,
        });
    }
    let place = rest.trim_end_matches('/');
    let readable = !place.contains('/') && !place.contains(char::is_whitespace) && host_and_port(place).is_some();
    (!readable).then(|| Fault::new(FaultKind::BadUrl, format!("{written:?}"), expected))
}

/// Host and port of a text that [`host_and_port`] takes.
fn split_port(place: &str, default: u16) -> (String, u16) {
    let (host, port) = match place.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    (host.to_owned(), port.and_then(|port| port.parse().ok()).unwrap_or(default))
}

fn email(checker: &mut Checker<'_>, raw: &RawEmail, path: &KeyPath) -> Option<DestinationKind> {
    let tls = match raw.tls.as_deref() {
        Some(tls) => checker.word(&path.key("tls"), tls, &MailTls::ALL),
        None => Some(MailTls::StartTls),
    };
    let expected = "the mail server, as host or host:port";
    let server = match raw.server.as_deref() {
        Some(written)
            if !written.contains(['/', '@'])
                && !written.contains(char::is_whitespace)
                && host_and_port(written).is_some() =>
        {
            Some(written)
        }
        Some(written) => {
            let found = if written.contains('@') { HIDDEN.to_owned() } else { format!("{written:?}") };
            checker.note(&path.key("server"), Fault::new(FaultKind::BadAddress, found, expected));
            None
        }
        None => {
            checker.missing(&path.key("server"), expected);
            None
        }
    };
    let from = match raw.from.as_deref() {
        Some(written) => mail_address(checker, &path.key("from"), written),
        None => {
            checker.missing(&path.key("from"), "the sender's mail address");
            None
        }
    };
    let to_path = path.key("to");
    let to: Option<Vec<String>> = match raw.to.as_deref() {
        None | Some([]) => {
            checker.missing(&to_path, "the receivers' mail addresses, at least one");
            None
        }
        Some(written) => {
            let all: Vec<Option<String>> = written
                .iter()
                .enumerate()
                .map(|(index, address)| mail_address(checker, &to_path.index(index), address))
                .collect();
            all.into_iter().collect()
        }
    };
    let credentials = login(checker, raw.credentials.as_ref(), path);
    let tls = tls?;
    let (host, port) = split_port(server?, tls.port());
    Some(DestinationKind::Email { host, port, tls, from: from?, to: to?, credentials: credentials? })
}

fn mail_address(checker: &mut Checker<'_>, path: &KeyPath, written: &str) -> Option<String> {
    let plain = |text: &str, extra: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    let dots = |text: &str| !text.starts_with('.') && !text.ends_with('.') && !text.contains("..");
    let sound = written.split_once('@').is_some_and(|(user, host)| {
        plain(user, ".!#$%&'*+/=?^_`{|}~-") && dots(user) && plain(host, ".-") && dots(host)
    });
    if sound {
        return Some(written.to_owned());
    }
    let expected = "a plain mail address such as duty@example.org";
    checker.note(path, Fault::new(FaultKind::BadAddress, format!("{written:?}"), expected));
    None
}

fn base_url(checker: &mut Checker<'_>, written: Option<&str>, default: &str, path: &KeyPath) -> Option<String> {
    let help = "The robot's key or token goes into a variable or file";
    let url = http_url(checker, &path.key("base_url"), written.unwrap_or(default), help)?;
    Some(url.trim_end_matches('/').to_owned())
}

fn wecom(checker: &mut Checker<'_>, raw: &RawWecom, path: &KeyPath) -> Option<DestinationKind> {
    let key = kept(checker, path, "key", (raw.key_env.as_deref(), raw.key_file.as_deref()));
    let base_url = base_url(checker, raw.base_url.as_deref(), defaults::WECOM_URL, path);
    Some(DestinationKind::Wecom { base_url: base_url?, key: key? })
}

fn dingtalk(checker: &mut Checker<'_>, raw: &RawDingtalk, path: &KeyPath) -> Option<DestinationKind> {
    let token = kept(checker, path, "token", (raw.token_env.as_deref(), raw.token_file.as_deref()));
    let secret = optional_kept(checker, path, "secret", (raw.secret_env.as_deref(), raw.secret_file.as_deref()));
    let base_url = base_url(checker, raw.base_url.as_deref(), defaults::DINGTALK_URL, path);
    Some(DestinationKind::Dingtalk { base_url: base_url?, token: token?, secret: secret? })
}

fn feishu(checker: &mut Checker<'_>, raw: &RawFeishu, path: &KeyPath) -> Option<DestinationKind> {
    let hook = kept(checker, path, "hook", (raw.hook_env.as_deref(), raw.hook_file.as_deref()));
    let secret = optional_kept(checker, path, "secret", (raw.secret_env.as_deref(), raw.secret_file.as_deref()));
    let base_url = base_url(checker, raw.base_url.as_deref(), defaults::FEISHU_URL, path);
    Some(DestinationKind::Feishu { base_url: base_url?, hook: hook?, secret: secret? })
}
