//! Bad configurations and the messages they give. The messages are part of the product: each is held by a snapshot.
//!
//! To add one: write `tests/config_bad/NAME.toml`, run with `INSTA_UPDATE=always`, and read the new snapshot as someone
//! would who has to mend that file at night.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crowdflow::config::{self, ConfigError, FaultKind};

/// Occurs in the bad files wherever a password is written in a place where it may not be.
const SECRET: &str = "geheim";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config_bad")
}

fn bad_files() -> Vec<(String, String)> {
    let entries = fs::read_dir(folder()).expect("the folder of bad files");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a bad file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).expect("text"))).collect()
}

fn error_of(name: &str, text: &str) -> ConfigError {
    let environment = |variable: &str| match variable {
        "GATE_USER" | "GATE_PASSWORD" => Some(SECRET.to_owned()),
        "EMPTY" => Some(String::new()),
        "TWO_LINES" => Some("one\ntwo".to_owned()),
        _ => None,
    };
    match config::parse(text, &folder(), &environment) {
        // What it is refused for by whoever opens its cameras, or shows its maps.
        Ok(plan) if !plan.missing_secrets().is_empty() => ConfigError::Faults(plan.missing_secrets()),
        Ok(plan) if !plan.unfit_pictures().is_empty() => ConfigError::Faults(plan.unfit_pictures()),
        Ok(_) => panic!("{name}: nothing is wrong"),
        Err(error) => error,
    }
}

#[test]
fn each_bad_file_gives_its_message() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, text) in bad_files() {
            // The folder is another one on each machine.
            let message = error_of(&name, &text).to_string().replace(&folder().display().to_string(), "/site");
            insta::assert_snapshot!(name.as_str(), message);
        }
    });
}

#[test]
fn every_kind_of_fault_has_a_bad_file() {
    let shown: BTreeSet<FaultKind> = bad_files()
        .iter()
        .filter_map(|(name, text)| match error_of(name, text) {
            ConfigError::Faults(faults) => Some(faults),
            ConfigError::Io { .. } | ConfigError::Syntax(_) => None,
        })
        .flatten()
        .map(|fault| fault.kind)
        .collect();
    let missing: Vec<FaultKind> = FaultKind::ALL.iter().copied().filter(|kind| !shown.contains(kind)).collect();
    assert!(missing.is_empty(), "no bad file shows {missing:?}");
}

#[test]
fn every_fault_names_its_line_and_none_shows_a_secret() {
    for (name, text) in bad_files() {
        let error = error_of(&name, &text);
        assert!(!format!("{error} {error:?}").contains(SECRET), "{name}: {error:?}");
        if let ConfigError::Faults(faults) = error {
            for fault in faults {
                let has_line = fault.line.is_some() || fault.kind == FaultKind::NoCamera;
                assert!(has_line, "{name}: {fault:?}");
            }
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = config::load(Path::new("no/such/file.toml")).expect_err("there is no such file");
    assert!(error.to_string().starts_with("cannot read the configuration no/such/file.toml: "), "{error}");
}
