//! Where the service listens, and whether those who come have accounts.

use std::net::{IpAddr, SocketAddr};

use super::{Checker, Fault, FaultKind, KeyPath, defaults};
use crate::config::raw::{RawConfig, RawTls};
use crate::config::{ServerPlan, TlsPlan};

pub(super) fn check(checker: &mut Checker<'_>, raw: &RawConfig) -> Option<ServerPlan> {
    let (server, path) = (&raw.server, KeyPath::default().key("server"));
    let listen = listen(checker, server.listen.as_deref().unwrap_or(defaults::LISTEN), &path.key("listen"));
    let accounts = accounts(checker, raw, &path.key("accounts"));
    let hosts_path = path.key("hosts");
    let hosts: Vec<Option<String>> =
        server.hosts.iter().enumerate().map(|(at, host)| self::host(checker, host, &hosts_path.index(at))).collect();
    let hosts: Option<Vec<String>> = hosts.into_iter().collect();
    let behind_proxy = server.behind_proxy.unwrap_or(false);
    let tls = match &server.tls {
        Some(written) => tls(checker, written, &path.key("tls")).map(Some),
        None => Some(None),
    };
    let plan = ServerPlan { listen: listen?, accounts: accounts?, hosts: hosts?, behind_proxy, tls: tls? };
    if plan.accounts || !plan.is_beyond_loopback() {
        return Some(plan);
    }
    let (key, found) = if !plan.listen.ip().is_loopback() {
        ("listen", format!("{:?}, and no accounts", plan.listen.to_string()))
    } else if !plan.hosts.is_empty() {
        ("hosts", "names that other machines come by, and no accounts".to_owned())
    } else {
        ("behind_proxy", "a proxy, and no accounts".to_owned())
    };
    let fault = Fault::new(FaultKind::NotLoopback, found, "accounts, or an address of this machine and nothing else");
    checker.note(
        &path.key(key),
        fault.help(
            "Without accounts pictures and figures are served to this machine only. A table [store] brings accounts, \
             unless [server] says accounts = \"off\". To look from elsewhere without them, forward the port: \
             ssh -L 8090:127.0.0.1:8090 THIS_MACHINE",
        ),
    );
    None
}

fn listen(checker: &mut Checker<'_>, written: &str, path: &KeyPath) -> Option<SocketAddr> {
    let listen = match written.strip_prefix("localhost:").map(str::parse::<u16>) {
        Some(Ok(port)) => Ok(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port)),
        _ => written.parse::<SocketAddr>(),
    };
    if listen.is_err() {
        let expected = format!("an address and port of this machine such as \"{}\"", defaults::LISTEN);
        checker.note(path, Fault::new(FaultKind::BadAddress, format!("{written:?}"), expected));
    }
    listen.ok()
}

/// Users are kept in the store, so that without one there are none.
fn accounts(checker: &mut Checker<'_>, raw: &RawConfig, path: &KeyPath) -> Option<bool> {
    let has_store = raw.store.is_some();
    let Some(written) = &raw.server.accounts else { return Some(has_store) };
    let required = checker.word(path, written, &[("required", true), ("off", false)])?;
    if required && !has_store {
        let fault = Fault::new(FaultKind::StoreMissing, "accounts, and no [store]", "a table [store]");
        let help = "Users are kept there. An empty table is enough: it keeps everything in the file crowdflow.db beside \
                    the configuration";
        checker.note(path, fault.help(help));
        return None;
    }
    Some(required)
}

/// Both files, or something is wrong.
fn tls(checker: &mut Checker<'_>, written: &RawTls, path: &KeyPath) -> Option<TlsPlan> {
    let mut file = |key: &str, written: &Option<String>, example: &str| match written {
        Some(written) => checker.path(&path.key(key), written),
        None => {
            checker.missing(&path.key(key), example);
            None
        }
    };
    let certificate =
        file("certificate", &written.certificate, "a PEM file, such as certificate = \"certificate.pem\"");
    let key = file("key", &written.key, "a PEM file, such as key = \"key.pem\"");
    Some(TlsPlan { certificate: certificate?, key: key? })
}

/// A name as it stands in a browser's address, without port.
fn host(checker: &mut Checker<'_>, written: &str, path: &KeyPath) -> Option<String> {
    let is_name_char = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let is_name = !written.is_empty()
        && written.len() <= 253
        && written.chars().all(is_name_char)
        && written.parse::<IpAddr>().is_err();
    if is_name {
        return Some(written.to_ascii_lowercase());
    }
    let fault = Fault::new(FaultKind::BadAddress, format!("{written:?}"), "a name such as \"crowd.example.org\"");
    let help = "Without https:// and port; a name in another script in its ASCII form (xn--…). Addresses in numbers need \
                not be listed";
    checker.note(path, fault.help(help));
    None
}
