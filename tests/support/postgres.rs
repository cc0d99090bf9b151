//! A real PostgreSQL server for tests and benchmarks, started once a process on a free port, in a folder of its own.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/postgres_server.sh");
/// The password of the server's user.
pub const PASSWORD: &str = "geheim";
/// Another program may take a port between our looking and the server's.
const TRIES: usize = 5;

/// The server; it ends when the process does, as its standard input is closed then.
pub struct Server {
    _process: Child,
    pub port: u16,
    databases: AtomicU32,
}

impl Server {
    /// The process's server; `None` where PostgreSQL isn't installed. Durable: it flushes to the disk, which tests have no
    /// need of, as what they kill is programs and not this machine.
    pub fn get(durable: bool) -> Option<&'static Self> {
        static SERVER: OnceLock<Option<Server>> = OnceLock::new();
        let start = || {
            let Some(programs) = programs() else {
                assert!(std::env::var_os("CI").is_none(), "PostgreSQL is missing: run scripts/setup.sh --test");
                let note = b"skipped: PostgreSQL not found (scripts/setup.sh --test)\n";
                let _ = std::io::Write::write_all(&mut std::io::stderr(), note);
                return None;
            };
            let mut logs = String::new();
            let started = (0..TRIES).find_map(|_| Self::start(&programs, durable).map_err(|log| logs += &log).ok());
            Some(started.unwrap_or_else(|| panic!("PostgreSQL doesn't start:\n{logs}")))
        };
        SERVER.get_or_init(start).as_ref()
    }

    fn start(programs: &Path, durable: bool) -> Result<Self, String> {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let folder = std::env::temp_dir().join(format!("crowdflow-postgres-{}-{port}", std::process::id()));
        let mut process = Command::new("sh")
            .arg(SCRIPT)
            .args([programs, &folder])
            .arg(port.to_string())
            .arg(if durable { "on" } else { "off" })
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let mut log = BufReader::new(process.stderr.take().expect("a pipe"));
        let mut read = String::new();
        while log.read_line(&mut read).is_ok_and(|length| length > 0) {
            if read.contains("database system is ready to accept connections") {
                // Its log is read on, or the server would wait for a reader.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return Ok(Self { _process: process, port, databases: AtomicU32::new(0) });
            }
        }
        let _ = process.wait();
        Err(read)
    }

    /// The address of a database of this name, without the password.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://crowdflow@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and gives its name.
    pub async fn new_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let url = format!("postgres://crowdflow:{PASSWORD}@127.0.0.1:{}/postgres", self.port);
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.expect("the server answers");
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(sql).execute(&mut connection).await.expect("a database is made");
        name
    }
}

/// Where the newest installed server's programs are: Debian keeps them out of the path.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").ok().and_then(|versions| {
        let number = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
        versions.flatten().map(|version| version.path()).max_by_key(number).map(|version| version.join("bin"))
    });
    let in_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).find(|folder| folder.join("postgres").exists() && folder.join("initdb").exists())
    });
    debian.into_iter().chain(in_path).find(|folder| folder.join("postgres").exists())
}
