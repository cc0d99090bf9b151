//! A real browser (Debian package `chromium`) without a screen, driven over its DevTools protocol: JSON messages, each
//! ended by a zero byte, through two pipes. Pages with endless streams can't be looked at with `--dump-dom`, which waits
//! for them to end; here the page itself says when it is as expected.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The browser is killed after this long, so that a page that never becomes as expected fails its test.
const LONGEST_LIFE_S: &str = "90";

pub struct Browser {
    child: Child,
    commands: File,
    answers: BufReader<File>,
    session: Option<String>,
    last_id: u64,
    complaints: Vec<String>,
    profile: TempDir,
}

impl Browser {
    pub fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let pipe = |name: &str| {
            let path = profile.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let (commands, answers) = (pipe("commands"), pipe("answers"));
        // The browser takes commands from descriptor 3 and answers on 4.
        let child = Command::new("sh")
            .args(["-c", r#"exec 3<"$1" 4>"$2"; shift 2; exec timeout "$@""#, "sh"])
            .args([&commands, &answers])
            .args([
                LONGEST_LIFE_S,
                &std::env::var("CROWDFLOW_CHROMIUM").unwrap_or_else(|_| "chromium".to_owned()),
                "--remote-debugging-pipe",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
            ])
            .args(["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(profile.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let commands = File::options().write(true).open(commands).unwrap();
        let answers = BufReader::new(File::open(answers).unwrap());
        let complaints = Vec::new();
        let mut browser = Self { child, commands, answers, session: None, last_id: 0, complaints, profile };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", target)["sessionId"].as_str().map(str::to_owned);
        browser.session = session;
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Shows this address in a window of this size.
    pub fn go(&mut self, url: &str, width_px: u32, height_px: u32) {
        let size = json!({"width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": width_px < 600});
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.call("Page.navigate", json!({"url": url}));
    }

    /// Runs a script in each page before its own.
    pub fn before_each_page(&mut self, script: &str) {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": script}));
    }

    /// The value of an expression; a promise is waited for.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", parameters);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait_for(&mut self, condition: &str) {
        self.evaluate(&format!(
            "new Promise((done) => {{ const look = () => ({condition}) ? done(true) : setTimeout(look, 20); look(); }})"
        ));
    }

    /// Waits until an expression is true on a page that another takes the place of meanwhile.
    pub fn wait_for_page(&mut self, condition: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let expression = format!("new Promise((done) => setTimeout(() => done(Boolean({condition})), 20))");
        let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        // Between two pages there is nothing to ask.
        while self.try_call("Runtime.evaluate", parameters.clone())["result"]["result"]["value"] != true {
            assert!(Instant::now() < deadline, "never so: {condition}");
        }
    }

    /// Script errors, and what the page's own policy refused.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        let mut answer = self.try_call(method, parameters);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// The whole answer, which may be an error.
    fn try_call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut answer = Vec::new();
            self.answers.read_until(0, &mut answer).unwrap();
            if answer.pop() != Some(0) {
                let log = std::fs::read_to_string(self.profile.path().join("log")).unwrap_or_default();
                panic!("chromium (Debian package `chromium`) ended during {method}: {log}");
            }
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            match answer["method"].as_str() {
                Some("Runtime.exceptionThrown") | Some("Log.entryAdded") => {
                    self.complaints.push(answer["params"].to_string());
                }
                _ => {}
            }
            if answer["id"] == self.last_id {
                return answer;
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It closes when asked to; where it is gone already there is nobody to ask.
        let _ = self.commands.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.child.wait();
    }
}
