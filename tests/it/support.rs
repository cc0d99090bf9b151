//! The program itself, spawned in a folder of its own: what it prints, awaited line by line, and what it answers over
//! HTTP. Nothing here sleeps or polls; each wait has an end.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// A test that waits longer than this for one thing has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder in which the program runs, with the shipped models in it.
pub struct Site {
    folder: tempfile::TempDir,
}

/// What a folder holds: the bytes of each file under it, by its path from there.
pub type Contents = BTreeMap<PathBuf, Vec<u8>>;

impl Site {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The shipped manifest is looked for in the current folder first; the build's may be anywhere.
        std::os::unix::fs::symlink(project().join("models"), folder.path().join("models")).unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Everything under a folder, itself among them where it is one (as a path without bytes).
    pub fn contents(&self, name: &str) -> Contents {
        let mut contents = Contents::new();
        add_contents(&self.path(name), Path::new(""), &mut contents);
        contents
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crowdflow"));
        command.current_dir(self.folder.path()).args(args).env_remove("CROWDFLOW_LOG").stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Finished {
        Program::start(&mut self.command(args)).end()
    }

    /// A text without what differs from machine to machine.
    pub fn redacted(&self, text: &str) -> String {
        text.replace(&*self.folder.path().to_string_lossy(), "SITE").replace(&*project().to_string_lossy(), "PROJECT")
    }
}

fn add_contents(root: &Path, below: &Path, contents: &mut Contents) {
    let Ok(entries) = fs::read_dir(root.join(below)) else { return };
    contents.insert(below.to_owned(), Vec::new());
    for entry in entries {
        let entry = entry.unwrap();
        let (path, kind) = (below.join(entry.file_name()), entry.file_type().unwrap());
        if kind.is_dir() {
            add_contents(root, &path, contents);
        } else if kind.is_file() {
            contents.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

/// How the program ended, and all that it printed.
#[derive(Debug)]
pub struct Finished {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Asserts that all went well, without a word on standard error.
    pub fn quietly_fine(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self
    }
}

enum Line {
    Out(String),
    Err(String),
}

/// The running program; killed when dropped.
pub struct Program {
    process: Child,
    lines: Receiver<Line>,
    stdout: String,
    stderr: String,
}

impl Program {
    pub fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let (sender, lines) = channel();
        forward(process.stdout.take().unwrap(), sender.clone(), Line::Out);
        forward(process.stderr.take().unwrap(), sender, Line::Err);
        Self { process, lines, stdout: String::new(), stderr: String::new() }
    }

    fn next(&mut self, deadline: Instant) -> Option<Line> {
        match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                match &line {
                    Line::Out(line) => self.stdout.push_str(line),
                    Line::Err(line) => self.stderr.push_str(line),
                }
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("waited too long; it printed:\n{}{}", self.stdout, self.stderr)
            }
        }
    }

    /// The next line of standard output that `wanted` takes.
    pub fn out<T>(&mut self, wanted: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        while let Some(line) = self.next(deadline) {
            if let Line::Out(line) = line
                && let Some(found) = wanted(line.trim_end())
            {
                return found;
            }
        }
        panic!("it ended too early; it printed:\n{}{}", self.stdout, self.stderr)
    }

    /// The next line of standard error that holds `text`.
    pub fn err(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        while let Some(line) = self.next(deadline) {
            if let Line::Err(line) = line
                && line.contains(text)
            {
                return line;
            }
        }
        panic!("it ended without {text:?}; it printed:\n{}{}", self.stdout, self.stderr)
    }

    /// Where the service listens, as it says itself.
    pub fn address(&mut self) -> SocketAddr {
        self.out(|line| line.strip_prefix("metrics  http://")?.strip_suffix("/metrics")?.parse().ok())
    }

    /// Sends a signal, such as `INT`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Waits for its end.
    pub fn end(mut self) -> Finished {
        let deadline = Instant::now() + PATIENCE;
        while self.next(deadline).is_some() {}
        // Its outputs are closed: it has ended, or is about to.
        let code = self.process.wait().unwrap().code();
        Finished { code, stdout: std::mem::take(&mut self.stdout), stderr: std::mem::take(&mut self.stderr) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn forward(pipe: impl Read + Send + 'static, lines: Sender<Line>, of: fn(String) -> Line) {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            // The test may be over.
            let _ = lines.send(of(String::from_utf8_lossy(&line).into_owned()));
            line.clear();
        }
    });
}

/// Asks in HTTP 1.0, whose answers come as they are, and end with the connection. Gives the connection behind the head.
pub fn open(address: SocketAddr, path: &str) -> BufReader<TcpStream> {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(connection, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
    let mut reader = BufReader::new(connection);
    let head = block(&mut reader);
    assert!(head.first().is_some_and(|status| status.contains(" 200 ")), "{path}: {head:?}");
    reader
}

/// Lines up to an empty one.
pub fn block(reader: &mut impl BufRead) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end();
        if line.is_empty() {
            return lines;
        }
        lines.push(line.to_owned());
    }
}

pub fn get(address: SocketAddr, path: &str) -> String {
    let mut text = String::new();
    open(address, path).read_to_string(&mut text).unwrap();
    text
}

/// The service's state, told at each change.
pub struct States {
    events: BufReader<TcpStream>,
}

impl States {
    pub fn of(address: SocketAddr) -> Self {
        Self { events: open(address, "/api/v1/events") }
    }

    /// The next state that `wanted` takes.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let event = block(&mut self.events);
            assert!(!event.is_empty(), "{what}: the stream of states has ended");
            let Some(data) = event.iter().find_map(|line| line.strip_prefix("data: ")) else { continue };
            let state: serde_json::Value = serde_json::from_str(data).unwrap();
            if wanted(&state) {
                return state;
            }
            assert!(Instant::now() < deadline, "{what}: still {state:#}");
        }
    }
}

impl States {
    /// Waits until the service ends the stream, as when it starts anew.
    pub fn end(mut self) {
        while !block(&mut self.events).is_empty() {}
    }
}

/// Whether the sample video, and ffmpeg to cut it, are here. CI has them; a machine without them is told so.
pub fn sample_is_here() -> bool {
    static HERE: OnceLock<bool> = OnceLock::new();
    *HERE.get_or_init(|| {
        let ffmpeg = Command::new("ffmpeg").arg("-version").output().is_ok_and(|output| output.status.success());
        let here = ffmpeg && sample().is_file();
        if !here {
            assert!(
                std::env::var_os("CI").is_none(),
                "the sample video or ffmpeg is missing: run scripts/setup.sh --test"
            );
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                b"skipped: sample/vtest.avi or ffmpeg not found (scripts/setup.sh --test)\n",
            );
        }
        here
    })
}

/// The sample video: 795 frames of 768x576 at a true 7 frames a second.
pub fn sample() -> PathBuf {
    project().join("sample/vtest.avi")
}

/// Cuts the sample's first frames out, or turns them into pictures, as the arguments say.
pub fn cut_sample(args: &[&str], to: &Path) {
    let cut = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-i"])
        .arg(sample())
        .args(args)
        .arg(to)
        .output()
        .expect("ffmpeg runs");
    assert!(cut.status.success(), "{}", String::from_utf8_lossy(&cut.stderr));
}

/// Gives an order as JSON; the status, and the answer's JSON.
pub fn post(address: SocketAddr, path: &str, body: &serde_json::Value) -> (u16, serde_json::Value) {
    let headers = format!("Host: {address}\r\nContent-Type: application/json\r\n");
    post_with(address, path, &headers, &body.to_string())
}

/// Posts this body with these headers; the status, and the answer's JSON.
pub fn post_with(address: SocketAddr, path: &str, headers: &str, body: &str) -> (u16, serde_json::Value) {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("POST {path} HTTP/1.0\r\n{headers}");
    write!(connection, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut reader = BufReader::new(connection);
    let head = block(&mut reader);
    let mut answer = String::new();
    reader.read_to_string(&mut answer).unwrap();
    let status = head[0].split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{path}: {error}: {answer}")))
}
