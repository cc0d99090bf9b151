//! A real RTSP server (GStreamer's, H.264) for tests to watch, freeze and kill.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Debian's python: only it has `gi`.
const PYTHON: &str = "/usr/bin/python3";
const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/rtsp_server.py");

/// A running server; killed when dropped.
pub struct Server {
    process: Child,
    pub port: u16,
}

impl Server {
    /// On this port, or on a free one for 0.
    pub fn start(port: u16, more: &[&str]) -> Self {
        let mut process = Command::new(PYTHON)
            .arg(SERVER)
            .args(["--port", &port.to_string()])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line of the server");
        let port = line.trim().strip_prefix("listening ").and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("the server said {line:?}"));
        Self { process, port }
    }

    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/live", self.port)
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.process.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already dead is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether the server can run here. CI has it; a machine without it is told so.
pub fn server_is_installed() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    *INSTALLED.get_or_init(|| {
        let script = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer";
        let found = Path::new(PYTHON).exists()
            && Command::new(PYTHON).args(["-c", script]).output().is_ok_and(|output| output.status.success());
        if !found {
            assert!(std::env::var_os("CI").is_none(), "the RTSP server for the tests is missing");
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                b"skipped: GStreamer's RTSP server not found (python3-gi, gir1.2-gst-rtsp-server-1.0)\n",
            );
        }
        found
    })
}
