//! Network streams: their address, and the user and password that must not stand in it.

use super::{Checker, Fault, FaultKind, KeyPath, defaults};
use crate::config::raw::{RawCredentials, RawStream};
use crate::config::secret::{self, HIDDEN};
use crate::config::{Credentials, PASSWORD_PLACEHOLDER, StreamSource, USER_PLACEHOLDER};

/// The kind of address that a source table takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Rtsp,
    Http,
}

impl Scheme {
    fn names(self) -> [&'static str; 2] {
        match self {
            Self::Rtsp => ["rtsp", "rtsps"],
            Self::Http => ["http", "https"],
        }
    }
}

pub(super) fn check(
    checker: &mut Checker<'_>,
    raw: &RawStream,
    path: &KeyPath,
    scheme: Scheme,
) -> Option<StreamSource> {
    let url_path = path.key("url");
    let url = match raw.url.as_deref() {
        Some(written) => match url_fault(written, scheme) {
            Some(fault) => {
                checker.note(&url_path, fault);
                None
            }
            None => Some(written.to_owned()),
        },
        None => {
            checker.missing(&url_path, format!("the camera's address, {}://…", scheme.names()[0]));
            None
        }
    };
    let has_placeholder = |url: &String| url.contains(USER_PLACEHOLDER) || url.contains(PASSWORD_PLACEHOLDER);
    if raw.credentials.is_none() && url.as_ref().is_some_and(has_placeholder) {
        let found = format!("{USER_PLACEHOLDER} or {PASSWORD_PLACEHOLDER} in the address, and no credentials");
        let expected = "credentials that say where user and password are kept";
        checker
            .note(&url_path, Fault::new(FaultKind::PlaceholderWithoutCredentials, found, expected).help(CREDENTIALS));
    }
    let credentials = match &raw.credentials {
        Some(raw) => credentials(checker, raw, &path.key("credentials")),
        None => Some(Credentials::None),
    };
    let mut budget =
        |key: &str, number, default| checker.number_or(&path.key(key), number, defaults::BUDGET_S, default);
    let open_timeout_s = budget("open_timeout_s", raw.open_timeout_s, defaults::OPEN_TIMEOUT_S);
    let read_timeout_s = budget("read_timeout_s", raw.read_timeout_s, defaults::READ_TIMEOUT_S);
    Some(StreamSource {
        url: url?,
        credentials: credentials?,
        open_timeout_s: open_timeout_s?,
        read_timeout_s: read_timeout_s?,
    })
}

const CREDENTIALS: &str = "For example credentials = { user_env = \"GATE_USER\", password_env = \"GATE_PASSWORD\" }, \
                           which reads both from the environment, or user_file and password_file";

/// What is wrong with an address, without ever showing a password.
pub(super) fn url_fault(written: &str, wanted: Scheme) -> Option<Fault> {
    let [plain, secure] = wanted.names();
    let expected = format!("an address such as {plain}://192.168.1.20/stream");
    let bad = |found: String| Some(Fault::new(FaultKind::BadUrl, found, expected.clone()));
    if written.trim().is_empty() {
        return bad("an empty text".to_owned());
    }
    let Some((scheme, rest)) = written.split_once("://") else {
        // Without a scheme, `user:password@host` has no mark that would let it be masked.
        if written.contains('@') {
            let found = format!("{HIDDEN}, which has no {plain}:// and seems to hold a user name or password");
            return bad(found)
                .map(|fault| fault.help(format!("These go into `credentials` beside `url`. {CREDENTIALS}")));
        }
        return bad(format!("{written:?}"));
    };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(authority_end);
    let host = host_and_port(authority);
    // A password may itself hold `/`, so that its `@` comes after what looks like the host.
    if authority.contains('@') || (host.is_none() && tail.contains('@')) {
        return Some(
            Fault::new(
                FaultKind::SecretInUrl,
                "a user name or password in the address",
                format!("the address without them: {scheme}://HOST/…"),
            )
            .help(format!("Set `credentials` beside `url` to where they are kept. {CREDENTIALS}")),
        );
    }
    if secret::has_secret_parameter(written) {
        let found = "a password in the address";
        let fault =
            Fault::new(FaultKind::SecretInUrl, found, format!("{PASSWORD_PLACEHOLDER} in its place")).help(format!(
                "It is filled in when the camera is opened, as is {USER_PLACEHOLDER}. Set `credentials` beside `url` \
                 to where they are kept. {CREDENTIALS}"
            ));
        return Some(fault);
    }
    let scheme_is = |scheme_name: &str| scheme.eq_ignore_ascii_case(scheme_name);
    if !scheme_is(plain) && !scheme_is(secure) {
        let fault = Fault::new(
            FaultKind::WrongScheme,
            format!("an address that begins with {scheme}://"),
            format!("{plain}:// or {secure}://"),
        );
        let table = [("rtsp", Scheme::Rtsp), ("http", Scheme::Http)]
            .into_iter()
            .find(|(_, other)| other.names().into_iter().any(scheme_is));
        return Some(match table {
            Some((table, _)) => fault.help(format!("Such an address goes into [….source.{table}]")),
            None if scheme_is("file") => fault.help("A video file goes into [….source.file] as `path`"),
            None => fault,
        });
    }
    let readable = |c: char| !c.is_whitespace() && !c.is_control();
    match host {
        // What stands where the port should be is not shown: it may be a password whose `@host` is missing.
        None => {
            let host = authority.split(':').next().unwrap_or_default();
            bad(format!("{scheme}://{host}…, whose host or port cannot be read"))
        }
        Some(()) if !written.chars().all(readable) => bad(format!("{written:?} with a space in it")),
        Some(()) => None,
    }
}

/// Whether this is a host with or without a port.
pub(super) fn host_and_port(authority: &str) -> Option<()> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => {
            let (host, rest) = v6.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            match rest {
                "" => (host, None),
                rest => (host, Some(rest.strip_prefix(':')?)),
            }
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (!host.is_empty() && port_fits).then_some(())
}

/// `None` where what is written is wrong.
pub(super) fn credentials(checker: &mut Checker<'_>, raw: &RawCredentials, path: &KeyPath) -> Option<Credentials> {
    let user = secret(
        checker,
        path,
        "user",
        &[
            ("user", raw.user.as_deref(), Kept::Here),
            ("user_env", raw.user_env.as_deref(), Kept::Environment),
            ("user_file", raw.user_file.as_deref(), Kept::File),
        ],
    );
    let password = secret(
        checker,
        path,
        "password",
        &[
            ("password_env", raw.password_env.as_deref(), Kept::Environment),
            ("password_file", raw.password_file.as_deref(), Kept::File),
        ],
    );
    let missing: Vec<Fault> =
        [&user, &password].into_iter().flatten().filter_map(|secret| secret.as_ref().err().cloned()).collect();
    checker.missing_secrets.extend_from_slice(&missing);
    Some(match (user?, password?) {
        (Ok(user), Ok(password)) => Credentials::Known { user, password },
        _ => Credentials::Missing(missing),
    })
}

#[derive(Clone, Copy)]
pub(super) enum Kept {
    Here,
    Environment,
    File,
}

/// The secret, or why it is not where the configuration says; `None` where what is written is wrong.
pub(super) fn secret(
    checker: &mut Checker<'_>,
    path: &KeyPath,
    what: &str,
    ways: &[(&str, Option<&str>, Kept)],
) -> Option<Result<String, Fault>> {
    let given: Vec<(&str, &str, Kept)> =
        ways.iter().filter_map(|&(key, value, kept)| value.map(|value| (key, value, kept))).collect();
    let &[(key, value, kept)] = given.as_slice() else {
        let keys = |keys: Vec<&str>, joint: &str| keys.join(joint);
        let found = match given.len() {
            0 => format!("no {what}"),
            _ => keys(given.iter().map(|(key, ..)| *key).collect(), " and "),
        };
        let expected = format!("exactly one of {}", keys(ways.iter().map(|(key, ..)| *key).collect(), ", "));
        checker.note(path, Fault::new(FaultKind::NotOneSecret, found, expected));
        return None;
    };
    let path = path.key(key);
    let text = match kept {
        // What is written here is the configuration's own fault.
        Kept::Here => {
            return match unusable(value, what) {
                Some(fault) => {
                    checker.note(&path, Fault { kind: FaultKind::BadText, ..fault });
                    None
                }
                None => Some(Ok(value.to_owned())),
            };
        }
        Kept::Environment => {
            let expected = format!("the name of a variable that holds the {what}");
            let is_name = !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_name {
                // It may be the secret itself, set in the wrong place.
                let fault = Fault::new(
                    FaultKind::NotAVariable,
                    format!("{HIDDEN}, which can't be a variable's name"),
                    expected,
                )
                .help("The key takes a variable's name, not what is in it");
                checker.note(&path, fault);
                return None;
            }
            (checker.environment)(value).ok_or_else(|| {
                let found = format!("the environment variable {value}, which is not set");
                Fault::new(FaultKind::EnvironmentUnset, found, expected)
                    .help(format!("Set it where the service is started, or use {what}_file"))
            })
        }
        Kept::File => {
            let file = checker.path(&path, value)?;
            std::fs::read_to_string(&file)
                .map(|text| {
                    text.strip_suffix('\n').map_or(text.as_str(), |text| text.trim_end_matches('\r')).to_owned()
                })
                .map_err(|error| {
                    let found = format!("{}: {}", file.display(), io_words(&error));
                    let expected = format!("a file that holds the {what} and nothing else");
                    Fault::new(FaultKind::SecretUnreadable, found, expected)
                })
        }
    };
    let text = text.and_then(|text| unusable(&text, what).map_or(Ok(text), Err));
    Some(text.map_err(|fault| checker.at(&path, fault)))
}

fn unusable(text: &str, what: &str) -> Option<Fault> {
    let found = if text.is_empty() {
        format!("an empty {what}")
    } else if text.chars().any(char::is_control) {
        format!("a {what} of several lines")
    } else {
        return None;
    };
    Some(Fault::new(FaultKind::SecretUnusable, found, format!("the {what}, on one line")))
}

/// The error without the number that the system gives it.
fn io_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        std::io::ErrorKind::InvalidData => "is not text".to_owned(),
        kind => kind.to_string(),
    }
}
