//! Finding and loading ONNX Runtime's shared library, once per process.
//!
//! `ort` panics where it is used before a library is loaded; so nothing in this crate touches it without a
//! [`Runtime`], which exists only once a library of a fitting version is in place.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::logging::LogLevel;

use super::InferenceError;

/// Where the set-up puts the library, from the user's cache folder.
const SET_UP: &str = "crowdflow/onnxruntime-1.32.0/libonnxruntime.so.1.32.0";
/// Names that the system's loader may know.
const SYSTEM_NAMES: [&str; 2] = ["libonnxruntime.so", "libonnxruntime.so.1"];

static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

/// ONNX Runtime, loaded.
#[derive(Debug, Clone)]
pub struct Runtime {
    pub(super) environment: ort::environment::Environment,
    path: Arc<PathBuf>,
}

impl Runtime {
    /// Loads the library: the configured one; else the one in `ORT_DYLIB_PATH`; else the first that works of: the one
    /// that the set-up put into the user's cache folder, one beside the executable, the system's. A library that is
    /// named but doesn't work is an error: nobody wants another one in silence.
    ///
    /// A process has one ONNX Runtime: later calls give the first one, whatever they name.
    ///
    /// # Errors
    /// [`InferenceError::NoRuntime`] with what was tried; [`InferenceError::RuntimeFailed`].
    pub fn load(configured: Option<&Path>) -> Result<Self, InferenceError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*loaded {
            return Ok(runtime.clone());
        }
        let runtime = first_usable(&candidates(configured, &Surroundings::of_process()))?;
        tracing::debug!(path = %runtime.path.display(), build = ort::info(), "onnx runtime loaded");
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// The library's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the library says of its build (version branch, commit, compiler flags).
    #[must_use]
    pub fn build_info(&self) -> &'static str {
        ort::info()
    }
}

/// What the search depends on.
#[derive(Debug, Default)]
struct Surroundings {
    ort_dylib_path: Option<OsString>,
    xdg_cache_home: Option<OsString>,
    home: Option<OsString>,
    executable: Option<PathBuf>,
}

impl Surroundings {
    fn of_process() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            ort_dylib_path: variable("ORT_DYLIB_PATH"),
            xdg_cache_home: variable("XDG_CACHE_HOME"),
            home: variable("HOME"),
            executable: std::env::current_exe().ok(),
        }
    }
}

#[derive(Debug, PartialEq)]
struct Candidate {
    /// A file, or a bare name for the system's loader.
    path: PathBuf,
    origin: &'static str,
}

fn candidates(configured: Option<&Path>, surroundings: &Surroundings) -> Vec<Candidate> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if let Some(path) = configured {
        return vec![Candidate { path: absolute(path), origin: "configured" }];
    }
    if let Some(path) = &surroundings.ort_dylib_path {
        return vec![Candidate { path: absolute(Path::new(path)), origin: "ORT_DYLIB_PATH" }];
    }
    let cache = match (&surroundings.xdg_cache_home, &surroundings.home) {
        (Some(cache), _) => Some(PathBuf::from(cache)),
        (None, Some(home)) => Some(Path::new(home).join(".cache")),
        (None, None) => None,
    };
    let set_up = cache.map(|cache| Candidate { path: cache.join(SET_UP), origin: "set-up" });
    let folder = surroundings.executable.as_deref().and_then(Path::parent);
    let beside = folder.map(|folder| Candidate { path: folder.join(SYSTEM_NAMES[0]), origin: "beside the program" });
    let system = SYSTEM_NAMES.map(|name| Candidate { path: name.into(), origin: "system" });
    set_up.into_iter().chain(beside).chain(system).collect()
}

fn first_usable(candidates: &[Candidate]) -> Result<Runtime, InferenceError> {
    let mut tried = Vec::new();
    for Candidate { path, origin } in candidates {
        let bare_name = path.components().count() == 1;
        if !bare_name && !path.is_file() {
            tried.push(format!("{origin}: {}: no such file", path.display()));
            continue;
        }
        match ort::init_from(path) {
            Ok(builder) => {
                let environment = builder
                    .with_name("crowdflow")
                    .with_telemetry(false)
                    .with_logger(Arc::new(|level, category, _id, _place, message| log(level, category, message)))
                    .build()
                    .map_err(|error| InferenceError::RuntimeFailed {
                        path: path.clone(),
                        reason: error.message().to_owned(),
                    })?;
                return Ok(Runtime { environment, path: Arc::new(path.clone()) });
            }
            Err(error) => tried.push(format!("{origin}: {}: {}", path.display(), reason(&error))),
        }
    }
    Err(InferenceError::NoRuntime { minimum: ort::MINOR_VERSION, tried })
}

fn reason(error: &ort::LoadDynamicError) -> String {
    use ort::LoadDynamicError::{BadVersion, Dlopen, InvalidVersionString, MissingApi};
    match error {
        // Its text is only "dlopen failed"; the loader's own words are behind it.
        Dlopen { error, .. } => {
            let source = std::error::Error::source(error);
            format!("not loadable: {}", source.map_or_else(|| error.to_string(), ToString::to_string))
        }
        MissingApi { .. } => "is not ONNX Runtime".to_owned(),
        InvalidVersionString => "does not tell its version".to_owned(),
        BadVersion { version_str, .. } => format!("is version {version_str}"),
    }
}

/// ONNX Runtime's own messages. What makes a call fail comes back as an error as well: so nothing here is louder than
/// a warning.
fn log(level: LogLevel, category: &str, message: &str) {
    match level {
        LogLevel::Verbose => tracing::trace!(category, message, "onnx runtime"),
        LogLevel::Info | LogLevel::Warning => tracing::debug!(category, message, "onnx runtime"),
        LogLevel::Error | LogLevel::Fatal => tracing::warn!(category, message, "onnx runtime"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(configured: Option<&str>, surroundings: &Surroundings) -> Vec<String> {
        let candidates = candidates(configured.map(Path::new), surroundings);
        candidates.iter().map(|candidate| format!("{}: {}", candidate.origin, candidate.path.display())).collect()
    }

    #[test]
    fn a_named_library_is_the_only_choice_and_the_rest_are_tried_in_turn() {
        let surroundings = Surroundings {
            ort_dylib_path: Some("/opt/ort.so".into()),
            xdg_cache_home: None,
            home: Some("/home/me".into()),
            executable: Some("/srv/crowdflow/bin/crowdflow".into()),
        };
        assert_eq!(paths(Some("/etc/ort.so"), &surroundings), ["configured: /etc/ort.so"]);
        assert_eq!(paths(None, &surroundings), ["ORT_DYLIB_PATH: /opt/ort.so"]);
        let rest = Surroundings { ort_dylib_path: None, ..surroundings };
        assert_eq!(
            paths(None, &rest),
            [
                "set-up: /home/me/.cache/crowdflow/onnxruntime-1.32.0/libonnxruntime.so.1.32.0",
                "beside the program: /srv/crowdflow/bin/libonnxruntime.so",
                "system: libonnxruntime.so",
                "system: libonnxruntime.so.1",
            ]
        );
        let cached = Surroundings { xdg_cache_home: Some("/var/cache".into()), ..rest };
        assert_eq!(paths(None, &cached)[0], "set-up: /var/cache/crowdflow/onnxruntime-1.32.0/libonnxruntime.so.1.32.0");
    }

    #[test]
    fn what_was_tried_and_what_to_do_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.so");
        std::fs::write(&text, "not a library").unwrap();
        let candidates = [
            Candidate { path: folder.path().join("missing.so"), origin: "set-up" },
            Candidate { path: text, origin: "beside the program" },
            Candidate { path: "libc.so.6".into(), origin: "system" },
        ];
        let message = first_usable(&candidates).unwrap_err().to_string();
        let message = message.replace(&*folder.path().to_string_lossy(), "FOLDER");
        insta::assert_snapshot!(message, @"
no usable ONNX Runtime (1.24 or later); tried:
  set-up: FOLDER/missing.so: no such file
  beside the program: FOLDER/text.so: not loadable: FOLDER/text.so: file too short
  system: libc.so.6: is not ONNX Runtime
Run the set-up (`make setup`), or name the library in `inference.onnxruntime` or ORT_DYLIB_PATH
");
    }
}
