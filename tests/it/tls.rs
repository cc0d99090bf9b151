//! TLS of the service's own: the program itself, and a client that trusts its certificate and no other.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::{Program, Site, block};

const PASSWORD: &str = "one night at the river";
const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
tls = { certificate = "certificate.pem", key = "key.pem" }
[store]
[sources.campus]
http.token_env = "CAMPUS_TOKEN"
zones.hall = {}
"#;

struct Encrypted {
    address: SocketAddr,
    trust: Arc<ClientConfig>,
}

impl Encrypted {
    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (Vec<String>, String) {
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::clone(&self.trust), name).unwrap();
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut reader = std::io::BufReader::new(stream);
        let lines = block(&mut reader);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        (lines, text)
    }
}

fn add_admin(site: &Site) {
    let mut command = site.command(&["user", "add", "crowdflow.db", "chief", "--role", "admin"]);
    let mut adding = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    adding.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    assert!(adding.wait().unwrap().success());
}

#[test]
fn the_service_speaks_tls_of_its_own() {
    let site = Site::new();
    site.write("site.toml", CONFIG);
    let refused =
        site.command(&["check", "site.toml", "--environment"]).env("CAMPUS_TOKEN", "0123456789abcdef").output();
    let said = String::from_utf8(refused.unwrap().stderr).unwrap();
    assert!(said.contains("server.tls: cannot read the certificate"), "{said}");

    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    site.write("certificate.pem", made.cert.pem());
    site.write("key.pem", made.signing_key.serialize_pem());
    let mut command = site.command(&["run", "--config", "site.toml"]);
    let mut program = Program::start(command.env("CAMPUS_TOKEN", "0123456789abcdef"));
    let address = program.out(|line| line.strip_prefix("metrics  https://")?.strip_suffix("/metrics")?.parse().ok());

    add_admin(&site);
    // Who connects and says nothing holds nobody up.
    let silent = TcpStream::connect(address).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(made.cert.der().to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let trust = Arc::new(versions.with_root_certificates(roots).with_no_client_auth());
    let service = Encrypted { address, trust };
    let (head, body) = service.ask("GET", "/healthz", "", "");
    assert!(head[0].contains(" 200 "), "{head:?} {body}");

    let login = serde_json::json!({ "name": "chief", "password": PASSWORD }).to_string();
    let (head, body) = service.ask("POST", "/api/v1/session", "Content-Type: application/json\r\n", &login);
    assert!(head[0].contains(" 200 "), "{head:?} {body}");
    let cookie = head.iter().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.contains("; Secure") && cookie.contains("; HttpOnly"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let (head, body) = service.ask("GET", "/api/v1/state", &format!("Cookie: {cookie}\r\n"), "");
    assert!(head[0].contains(" 200 "), "{head:?} {body}");
    assert!(body.contains("\"hall\""), "{body}");

    // Renewed badly, and then somebody changes the configuration: people are watched over as before.
    site.write("key.pem", "half of a");
    let (_, in_force) = service.ask("GET", "/api/v1/config", &format!("Cookie: {cookie}\r\n"), "");
    let in_force: serde_json::Value = serde_json::from_str(&in_force).unwrap();
    let (_, who) = service.ask("GET", "/api/v1/session", &format!("Cookie: {cookie}\r\n"), "");
    let who: serde_json::Value = serde_json::from_str(&who).unwrap();
    let csrf = who["csrf"].as_str().unwrap();
    let headers = format!("Cookie: {cookie}\r\nX-CSRF-Token: {csrf}\r\nContent-Type: application/json\r\n");
    let name = serde_json::json!([{ "path": ["sources", "campus", "name"], "value": "Campus" }]);
    let change = serde_json::json!({ "base": in_force["hash"], "why": "a name", "edits": name }).to_string();
    let (head, body) = service.ask("POST", "/api/v1/config", &headers, &change);
    assert!(head[0].contains(" 202 "), "{head:?} {body}");
    program.err("the new configuration is in force");
    let (head, body) = service.ask("GET", "/api/v1/state", &format!("Cookie: {cookie}\r\n"), "");
    assert!(head[0].contains(" 200 ") && body.contains("\"Campus\""), "{head:?} {body}");
    // Files that were not in force before are looked at first.
    let files = serde_json::json!([{ "path": ["server", "tls", "key"], "value": "nowhere.pem" }]);
    let (_, body) =
        service.ask("POST", "/api/v1/config/check", &headers, &serde_json::json!({ "edits": files }).to_string());
    assert!(body.contains("server.tls: cannot read the key"), "{body}");

    // Whoever forgets the s is told so.
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("https://"), "{answer}");
    drop(silent);
    program.signal("TERM");
    assert_eq!(program.end().code, Some(0));
}
