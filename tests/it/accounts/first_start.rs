//! The first start: on loopback only, until the link that it prints has made an admin.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{PATIENCE, Program, Site};

const CONFIG: &str = r#"
[server]
listen = "0.0.0.0:0"
hosts = ["crowd.example.org"]
[store]
[cameras.gate]
source.file = { path = "gone.avi", fps = 7 }
"#;

/// Status, head and body of an answer.
fn call(address: SocketAddr, request: &str, host: &str, headers: &str, body: &Value) -> (u16, String, Value) {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!("{request} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\n{headers}");
    write!(connection, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), serde_json::from_str(body).unwrap_or_default())
}

/// An address of this machine that is not loopback; it need not be reachable from elsewhere.
fn other_address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the system only says which address it would send from.
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[test]
fn the_link_of_the_first_start_makes_the_admin_and_opens_the_service() {
    let site = Site::new();
    site.write("site.toml", CONFIG);
    let start = || Program::start(&mut site.command(&["run", "--config", "site.toml"]));
    let mut program = start();
    let address = program.address();
    assert!(address.ip().is_loopback(), "{address}");
    let token =
        program.out(|line| line.strip_prefix("setup    http://")?.split_once("/setup#").map(|(_, t)| t.to_owned()));
    let local = format!("localhost:{}", address.port());
    let beyond = other_address().map(|ip| SocketAddr::new(ip, address.port()));
    if let Some(beyond) = beyond {
        assert!(TcpStream::connect(beyond).is_err(), "nobody listens at {beyond} yet");
    }
    // Its own names are not answered under before there is an admin.
    assert_eq!(call(address, "GET /healthz", "crowd.example.org", "", &Value::Null).0, 403);
    assert_eq!(call(address, "GET /setup", &local, "", &Value::Null).0, 200);
    assert_eq!(call(address, "GET /api/v1/state", &local, "", &Value::Null).0, 401);
    let set_up = |token: &str, password: &str| {
        let body = json!({ "token": token, "name": "chief", "password": password });
        call(address, "POST /api/v1/setup", &local, "", &body).0
    };
    assert_eq!(set_up("made-up", "correct horse"), 403);
    assert_eq!(set_up(&token, "short"), 400);
    assert_eq!(set_up(&token, "correct horse"), 204);
    program.err("there is an admin: listening");
    let address = SocketAddr::from(([127, 0, 0, 1], address.port()));
    if let Some(beyond) = beyond {
        assert_eq!(call(beyond, "GET /healthz", &beyond.to_string(), "", &Value::Null).0, 200);
        assert_eq!(call(beyond, "GET /metrics", &beyond.to_string(), "", &Value::Null).0, 401);
    }
    assert_eq!(call(address, "GET /healthz", "Crowd.Example.org:8090", "", &Value::Null).0, 200);
    assert_eq!(call(address, "GET /healthz", "evil.example", "", &Value::Null).0, 403);
    let again = json!({ "token": token, "name": "second", "password": "correct horse" });
    assert_eq!(call(address, "POST /api/v1/setup", &local, "", &again).0, 409, "once");
    let login = json!({ "name": "chief", "password": "correct horse" });
    let (status, head, who) = call(address, "POST /api/v1/session", &local, "", &login);
    assert_eq!((status, &who["role"]), (200, &"admin".into()));
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(call(address, "GET /api/v1/state", &local, &cookie, &Value::Null).0, 200);

    // A command beside the service takes effect within seconds.
    let mut add = site.command(&["user", "add", "crowdflow.db", "li", "--role", "viewer"]);
    let mut add = add.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    add.stdin.take().unwrap().write_all(b"0123456789\n").unwrap();
    assert!(add.wait().unwrap().success());
    let login = json!({ "name": "li", "password": "0123456789" });
    assert_eq!(call(address, "POST /api/v1/session", &local, "", &login).0, 200);
    program.signal("TERM");
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for secret in [token.as_str(), "correct horse", "0123456789", cookie.split('=').nth(1).unwrap().trim()] {
        assert!(!ended.stderr.contains(secret), "no log says {secret}");
    }

    // The next start listens at once, and prints no link; the session goes on.
    let mut program = start();
    let address = program.address();
    assert!(address.ip().is_unspecified(), "{address}");
    let address = SocketAddr::from(([127, 0, 0, 1], address.port()));
    assert_eq!(call(address, "GET /api/v1/state", &local, &cookie, &Value::Null).0, 200);
    program.signal("TERM");
    assert!(!program.end().stdout.contains("setup"));
}

#[test]
fn an_admin_made_by_the_command_opens_the_service_too() {
    let site = Site::new();
    site.write("site.toml", CONFIG);
    let mut program = Program::start(&mut site.command(&["run", "--config", "site.toml"]));
    program.address();
    let mut add = site.command(&["user", "add", "crowdflow.db", "chief", "--role", "admin"]);
    let mut add = add.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    add.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
    assert!(add.wait().unwrap().success());
    program.err("there is an admin: listening");
    program.signal("TERM");
    assert_eq!(program.end().code, Some(0));
}
