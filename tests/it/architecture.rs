//! The architecture, kept by reading `src/`: a module uses only modules of lower layers, heavy crates and the clock stay
//! in modules of their own, and no file grows past all reading.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::path::Path;

/// Modules by layer, the lowest first. A module may use those of lower layers, never its neighbours.
const LAYERS: [&[&str]; 13] = [
    &["model"],
    &["geometry", "filter", "assign"],
    &["picture", "calibration"],
    &["config"],
    &["decode", "tracking", "flow", "evaluation", "input"],
    &["rules"],
    &["analysis", "metrics", "status", "store"],
    &["source", "inference", "view", "sink", "backtest", "external"],
    &["accounts", "alerting", "evidence"],
    &["pipeline"],
    &["api"],
    &["app"],
    &["cli"],
];

/// Crates with a large surface, and the only modules that may name them.
const KEPT_INSIDE: [(&str, &[&str]); 12] = [
    ("opencv", &["picture", "source"]),
    ("ort", &["inference"]),
    ("prometheus", &["metrics"]),
    ("argon2", &["accounts"]),
    ("axum", &["api"]),
    ("rust_embed", &["api"]),
    ("sqlx", &["store"]),
    ("reqwest", &["sink"]),
    ("rumqttc", &["sink", "external"]),
    ("lettre", &["sink"]),
    ("hmac", &["sink"]),
    ("zip", &["evidence"]),
];

/// A frame's time travels with the frame: up to and including the layer of this module nothing asks what time it is.
const NO_CLOCK_UP_TO: &str = "analysis";
const CLOCKS: [&str; 2] = ["SystemTime::now", "Instant::now"];

const MOST_LINES: usize = 800;

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// The text without its line comments: docs may point upwards.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn is_name_char(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// What follows `word` wherever that stands as a word of its own.
fn after_word<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(word)
        .filter(|&(at, _)| !code[..at].ends_with(is_name_char) && !code[at + word.len()..].starts_with(is_name_char))
        .map(move |(at, _)| &code[at + word.len()..])
}

fn name(text: &str) -> &str {
    &text[..text.find(|char| !is_name_char(char)).unwrap_or(text.len())]
}

/// Modules that are named by `crate::module…` or `crate::{module…, …}`.
fn used_modules(code: &str) -> Vec<&str> {
    let mut modules = Vec::new();
    for path in after_word(code, "crate") {
        let Some(path) = path.strip_prefix("::") else { continue };
        let Some(group) = path.strip_prefix('{') else {
            modules.push(name(path));
            continue;
        };
        let mut depth = 0;
        let mut item_begins = true;
        for (at, char) in group.char_indices() {
            match char {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => item_begins = true,
                char if item_begins && is_name_char(char) => {
                    modules.push(name(&group[at..]));
                    item_begins = false;
                }
                _ => (),
            }
        }
    }
    modules
}

/// What is wrong with a file; its path is from `src/`, with `/`.
fn faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if lines > MOST_LINES {
        faults.push(format!("{path}: {lines} lines, at most {MOST_LINES}: a file holds one idea"));
    }
    if path == "lib.rs" || path == "main.rs" {
        return faults;
    }
    let module = path.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    let Some(own_layer) = layer(module) else {
        faults.push(format!("{path}: module `{module}` has no layer, see LAYERS"));
        return faults;
    };
    let code = code(text);
    for used in used_modules(&code) {
        match layer(used) {
            _ if used == module => (),
            Some(layer) if layer < own_layer => (),
            Some(_) => faults.push(format!("{path}: `{module}` uses `{used}`, which is not of a lower layer")),
            None => faults.push(format!("{path}: `{module}` uses `{used}`, which has no layer, see LAYERS")),
        }
    }
    for (krate, homes) in KEPT_INSIDE {
        let named = after_word(&code, krate).any(|rest| rest.starts_with("::"));
        if named && !homes.contains(&module) {
            faults.push(format!("{path}: `{krate}` stays inside {}", homes.join(", ")));
        }
    }
    if Some(own_layer) <= layer(NO_CLOCK_UP_TO) {
        for clock in CLOCKS.iter().filter(|clock| after_word(&code, clock).next().is_some()) {
            faults.push(format!("{path}: `{clock}`: time comes with the frame up to `{NO_CLOCK_UP_TO}`"));
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

fn faults_below(folder: &Path, root: &Path, files: &mut usize) -> Vec<String> {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            found.extend(faults_below(&path, root, files));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *files += 1;
            let relative = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            found.extend(faults(&relative, &std::fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

#[test]
fn modules_use_only_lower_layers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = 0;
    let found = faults_below(&root, &root, &mut files);
    assert!(files > 50, "only {files} files found");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_fault_of_each_kind_is_found() {
    for (path, text, expected) in [
        ("flow/zone.rs", "use crate::config::ZonePlan;\nuse crate::flow::LineCounter;\n//! See [`crate::api`].", ""),
        ("flow/zone.rs", "use crate::rules::Rule;", "flow/zone.rs: `flow` uses `rules`, which is not of a lower layer"),
        (
            "flow.rs",
            "fn f(step: &crate::tracking::TrackerStep) {}",
            "flow.rs: `flow` uses `tracking`, which is not of a lower layer",
        ),
        (
            "model/track.rs",
            "use crate::{\n    config::{self, Plan},\n    model::{Track, TrackId},\n};",
            "model/track.rs: `model` uses `config`, which is not of a lower layer",
        ),
        ("flow/zone.rs", "use crate::utils::f;", "flow/zone.rs: `flow` uses `utils`, which has no layer, see LAYERS"),
        ("utils/mod.rs", "", "utils/mod.rs: module `utils` has no layer, see LAYERS"),
        ("analysis/camera.rs", "use opencv::core::Mat;", "analysis/camera.rs: `opencv` stays inside picture, source"),
        ("pipeline/hub.rs", "let s: ort::session::Session;", "pipeline/hub.rs: `ort` stays inside inference"),
        ("pipeline/hub.rs", "let s: report::Session = sort::s();", ""),
        ("api/mod.rs", "use prometheus::Registry;", "api/mod.rs: `prometheus` stays inside metrics"),
        ("cli/run.rs", "use axum::Router;", "cli/run.rs: `axum` stays inside api"),
        (
            "rules/engine.rs",
            "let now = std::time::Instant::now();",
            "rules/engine.rs: `Instant::now`: time comes with the frame up to `analysis`",
        ),
        (
            "analysis/camera.rs",
            "let now = SystemTime::now();",
            "analysis/camera.rs: `SystemTime::now`: time comes with the frame up to `analysis`",
        ),
        ("source/clock.rs", "let now = SystemTime::now();", ""),
    ] {
        assert_eq!(faults(path, text).join("\n"), expected, "{path}: {text}");
    }
    let long = "\n".repeat(MOST_LINES + 1);
    assert_eq!(faults("main.rs", &long), ["main.rs: 801 lines, at most 800: a file holds one idea"]);
}
