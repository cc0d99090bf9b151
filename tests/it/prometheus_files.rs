//! What is shipped for Prometheus, and what it scrapes, checked by Prometheus's own tool (Debian package `prometheus`).

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crowdflow::config;
use crowdflow::metrics::{BuildInfo, Metrics};

use crate::made_up_service::Service;

/// Runs promtool with this input, and gives what it said where it isn't content.
fn promtool(arguments: &[&str], input: &str) {
    let mut child = Command::new("promtool")
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("promtool (Debian package `prometheus`): {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
}

#[test]
fn the_scrape_is_as_prometheus_wants_it() {
    let service = Service::start();
    service.fill();
    promtool(&["check", "metrics"], service.get("/metrics").text());
}

#[test]
fn the_shipped_alert_rules_are_valid_and_do_what_they_say() {
    promtool(&["check", "rules", "config/prometheus/crowdflow.rules.yml"], "");
    promtool(&["test", "rules", "tests/fixtures/prometheus/rules_test.yml"], "");
}

#[test]
fn the_shipped_scrape_configuration_is_valid() {
    promtool(&["check", "config", "config/prometheus/prometheus.yml"], "");
}

#[test]
fn the_alert_rules_look_at_metrics_that_there_are() {
    let service = Service::start();
    service.fill();
    // Those of external sources are there where there is one.
    let with_source = "[sources.campus]\nhttp.token_env = \"TOKEN\"\nzones.hall = {}\n";
    let plan = config::parse(with_source, Path::new("/"), &|_| Some("a token".to_owned())).unwrap();
    let build = BuildInfo { version: "0".into(), model: "none".into(), onnxruntime: "none".into() };
    let scrape = service.get("/metrics").text().to_owned() + &Metrics::new(&plan, &build).unwrap().encode().unwrap();
    let rules = include_str!("../../config/prometheus/crowdflow.rules.yml");
    let named = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut found = 0;
    for name in named.filter(|name| name.starts_with("crowdflow_") || name.starts_with("process_")) {
        let name = name.strip_suffix("_bucket").unwrap_or(name);
        assert!(scrape.contains(&format!("# TYPE {name} ")), "{name}");
        found += 1;
    }
    assert!(found > 10);
}
