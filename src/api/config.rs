//! The configuration over HTTP: read, checked, changed, and what it was before.

use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::{ApiError, json};
use super::request::{read, text, who as who_of};
use super::{ApiState, Context};
use crate::accounts::{Caller, NAME_MOST};
use crate::config::{Edit, Plan, edit};
use crate::model::{Rfc3339, Role, Timestamp};
use crate::store::{ConfigVersionRow, Store};

/// Versions to an answer.
const MOST_VERSIONS: u32 = 500;
/// Characters of a reason.
const WHY_MOST: usize = 500;
/// Unchanged lines that a diff shows around a change.
const DIFF_CONTEXT: usize = 3;

/// The configuration that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigInForce {
    /// Its text; it holds no passwords.
    pub text: String,
    /// The hash of that.
    pub hash: String,
    /// Since when it is in force.
    pub since: Timestamp,
    /// Another is about to take its place.
    pub changing: bool,
    /// The newest one that the service could not be started with.
    pub refused: Option<RefusedConfig>,
}

/// A configuration that the service could not be started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedConfig {
    /// The hash of its text.
    pub hash: String,
    /// When that was.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// A configuration that is to be in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The hash of the one that it was made of: nobody's change is written over unseen.
    pub base: String,
    /// Its text.
    pub text: String,
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// Why a configuration was not taken. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigRefusal {
    /// Another is about to take the present one's place.
    #[error("another change is just being put in force: try again in a few seconds")]
    Changing,
    /// It was made of another one.
    #[error(
        "the configuration has changed since: found the base {found:?}, in force is {expected:?}; look at it, and change that"
    )]
    Base {
        /// What it was made of.
        found: String,
        /// What is in force.
        expected: String,
    },
    /// Somebody has changed the file by hand.
    #[error(
        "{0} was changed by hand since the service read it: restart the service, so that it is in force, or put it back"
    )]
    OnDisk(String),
    /// It says what is in force already.
    #[error("nothing has changed")]
    Same,
    /// What is wrong with it.
    #[error("{}", .0.join("\n"))]
    Faults(Vec<String>),
    /// It can't be written.
    #[error("it can't be kept: {0}")]
    Write(String),
}

/// Who has the configuration.
pub trait Configuration: Send + Sync {
    /// The one that is in force.
    fn in_force(&self) -> ConfigInForce;

    /// What a text says.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    fn plan(&self, text: &str) -> Result<Plan, Vec<String>>;

    /// Puts another in force, after the answer: gives its hash.
    fn apply<'a>(&'a self, store: &'a Store, proposal: Proposal) -> BoxFuture<'a, Result<String, ConfigRefusal>>;
}

/// What is to change, and who wants it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeRequest {
    /// `hash` of the configuration that it was made of.
    base: String,
    text: Option<String>,
    edits: Option<Vec<Edit>>,
    /// Only for services without accounts: who wants it.
    #[schemars(length(min = 1, max = NAME_MOST))]
    who: Option<String>,
    /// Why; it is put on record.
    #[schemars(length(min = 1, max = WHY_MOST))]
    why: String,
}

/// What would change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckRequest {
    text: Option<String>,
    edits: Option<Vec<Edit>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct InForceBody<'a> {
    hash: &'a str,
    text: &'a str,
    /// What the text says, as it is written in it.
    values: Option<serde_json::Value>,
    #[schemars(with = "Rfc3339")]
    since: String,
    changing: bool,
    /// Whether it can be changed here: it is on record then.
    changeable: bool,
    refused: Option<RefusedBody<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct RefusedBody<'a> {
    hash: &'a str,
    #[schemars(with = "Rfc3339")]
    at: String,
    why: &'a str,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct VersionBody<'a> {
    hash: &'a str,
    #[schemars(with = "Rfc3339")]
    at: String,
    who: &'a str,
    why: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

impl<'a> VersionBody<'a> {
    fn new(row: &'a ConfigVersionRow, with_text: bool) -> Self {
        let ConfigVersionRow { hash, text, at, who, why } = row;
        Self { hash, at: at.to_rfc3339(), who, why, text: with_text.then_some(text) }
    }
}

/// Configurations that were in force, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct VersionsBody<'a> {
    versions: Vec<VersionBody<'a>>,
}

/// A configuration that is about to be in force.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AppliedBody<'a> {
    hash: &'a str,
    /// What it changes, as a unified diff.
    diff: &'a str,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CheckedBody<'a> {
    ok: bool,
    faults: &'a [String],
    text: &'a str,
    /// What the text says, as it is written in it; null where it is no TOML.
    values: Option<serde_json::Value>,
    diff: String,
}

pub(super) fn configuration(state: &ApiState) -> Result<&dyn Configuration, ApiError> {
    state.configuration.as_deref().ok_or_else(not_from_a_file)
}

fn not_from_a_file() -> ApiError {
    ApiError::not_found("this service's configuration can't be looked at: it was not started from a file")
}

fn diff(before: &str, after: &str) -> String {
    let diff = similar::TextDiff::from_lines(before, after);
    diff.unified_diff().context_radius(DIFF_CONTEXT).to_string()
}

/// What planners change. The rest says who gets in, what is hidden and kept, what is sent where and which programs are
/// loaded.
const OF_PLANNERS: [&str; 10] =
    ["cameras", "rules", "sites", "maps", "units", "plans", "alerts", "calendar", "schedules", "profiles"];

/// The first table that a change is of and that planners don't change. What is no TOML is refused later.
fn not_of_planners(before: &str, after: &str) -> Option<String> {
    let (before, after) = (before.parse::<toml::Table>().unwrap_or_default(), after.parse::<toml::Table>().ok()?);
    let mut tables = before.keys().chain(after.keys()).filter(|table| !OF_PLANNERS.contains(&table.as_str()));
    tables.find(|table| before.get(*table) != after.get(*table)).cloned()
}

/// The first camera whose source shows a secret to an address that it is not shown to yet. Who may do that may read every
/// secret that the service may read: it is sent to whoever is at the other end.
fn shows_a_secret(before: &str, after: &str) -> Option<String> {
    let (before, after) = (before.parse::<toml::Table>().unwrap_or_default(), after.parse::<toml::Table>().ok()?);
    let source = |text: &toml::Table, camera: &str| Some(text.get("cameras")?.get(camera)?.get("source")?.clone());
    let has_credentials = |source: &toml::Value| {
        source.as_table().is_some_and(|kinds| kinds.values().any(|kind| kind.get("credentials").is_some()))
    };
    let cameras = after.get("cameras")?.as_table()?;
    let shown = cameras.keys().find(|camera| {
        source(&after, camera)
            .is_some_and(|new| has_credentials(&new) && source(&before, camera).as_ref() != Some(&new))
    });
    shown.cloned()
}

/// Whether a caller may put the second text in the first one's place.
pub(super) fn may_change(caller: &Caller, before: &str, after: &str) -> Result<(), ApiError> {
    if caller.role >= Role::Admin {
        return Ok(());
    }
    if let Some(table) = not_of_planners(before, after) {
        return Err(ApiError::forbidden(format!("a change of [{table}] is for the role admin")));
    }
    match shows_a_secret(before, after) {
        Some(camera) => Err(ApiError::forbidden(format!(
            "cameras.{camera}.source: a source with credentials is for the role admin, as they are sent to its address"
        ))),
        None => Ok(()),
    }
}

/// What a text says, for pages that have no TOML of their own.
fn values(text: &str) -> Option<serde_json::Value> {
    let table: toml::Table = toml::from_str(text).ok()?;
    serde_json::to_value(table).ok()
}

/// A whole text, keys of the one that is in force, or a whole text with keys of it that differ.
#[derive(Debug)]
pub(super) struct Changed {
    pub text: Option<String>,
    pub edits: Option<Vec<Edit>>,
}

impl Changed {
    /// The text that is asked for; `now` is in force.
    pub fn text(self, now: &str) -> Result<String, ApiError> {
        match (self.text, self.edits) {
            (None, None) => {
                Err(ApiError::bad_request("expected `text` (the whole configuration), `edits` (keys of it), or both"))
            }
            (Some(text), None) => Ok(text),
            (text, Some(edits)) => {
                edit(text.as_deref().unwrap_or(now), &edits).map_err(|fault| ApiError::bad_request(fault.to_string()))
            }
        }
    }
}

pub(super) async fn in_force(State(context): State<Context>) -> Result<Response, ApiError> {
    let now = configuration(&context.state)?.in_force();
    let refused = now.refused.as_ref();
    let body = InForceBody {
        hash: &now.hash,
        text: &now.text,
        values: values(&now.text),
        since: now.since.to_rfc3339(),
        changing: now.changing,
        changeable: context.state.store.is_some(),
        refused: refused.map(|refused| RefusedBody {
            hash: &refused.hash,
            at: refused.at.to_rfc3339(),
            why: &refused.why,
        }),
    };
    json(StatusCode::OK, &body)
}

pub(super) async fn check(State(context): State<Context>, body: Bytes) -> Result<Response, ApiError> {
    let configuration = configuration(&context.state)?;
    let now = configuration.in_force();
    let CheckRequest { text, edits } = read(&body)?;
    let text = Changed { text, edits }.text(&now.text)?;
    let faults = configuration.plan(&text).err().unwrap_or_default();
    json(
        StatusCode::OK,
        &CheckedBody {
            ok: faults.is_empty(),
            faults: &faults,
            values: values(&text),
            diff: diff(&now.text, &text),
            text: &text,
        },
    )
}

pub(super) async fn apply(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let configuration = configuration(&context.state)?;
    let store = context.store()?;
    let ChangeRequest { base, text: whole, edits, who, why } = read(&body)?;
    let now = configuration.in_force();
    let proposal = Proposal {
        base,
        text: Changed { text: whole, edits }.text(&now.text)?,
        who: who_of(&caller, who)?,
        why: text("why", why, WHY_MOST)?,
        at: (context.state.now)(),
    };
    may_change(&caller, &now.text, &proposal.text)?;
    let diff = diff(&now.text, &proposal.text);
    // Once begun it comes to its end, whether or not the asker waits for that.
    let (applying, store) = (context.state.configuration.clone().ok_or_else(not_from_a_file)?, store.clone());
    let applied = tokio::spawn(async move { applying.apply(&store, proposal).await }).await;
    let hash = applied.map_err(|error| ApiError::internal(&error))?.map_err(|refusal| match refusal {
        ConfigRefusal::Changing | ConfigRefusal::Base { .. } | ConfigRefusal::OnDisk(_) | ConfigRefusal::Same => {
            ApiError::conflict(refusal.to_string())
        }
        ConfigRefusal::Faults(_) => ApiError::unprocessable(refusal.to_string()),
        ConfigRefusal::Write(_) => ApiError::unavailable(refusal.to_string()),
    })?;
    json(StatusCode::ACCEPTED, &AppliedBody { hash: &hash, diff: &diff })
}

pub(super) async fn versions(State(context): State<Context>) -> Result<Response, ApiError> {
    let rows = context.store()?.config_versions(MOST_VERSIONS).await.map_err(|error| ApiError::of_store(&error))?;
    json(StatusCode::OK, &VersionsBody { versions: rows.iter().map(|row| VersionBody::new(row, false)).collect() })
}

pub(super) async fn version(State(context): State<Context>, Path(hash): Path<String>) -> Result<Response, ApiError> {
    let row = context.store()?.config_version(&hash).await.map_err(|error| ApiError::of_store(&error))?;
    let row = row.ok_or_else(|| ApiError::not_found(format!("no configuration {hash:?} is on record")))?;
    json(StatusCode::OK, &VersionBody::new(&row, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_planners_change_is_told_from_the_rest() {
        let before = "[server]\naccounts = \"required\"\n[store]\n[cameras.gate]\nmobile = true\n";
        for (after, table) in [
            ("[server]\naccounts = \"required\"\n[store]\n[cameras.gate]\nmobile = false\n", None),
            ("# moved\n[rules.full]\nzone = \"a/b\"\n[store]\n[server]\naccounts = 'required'\n", None),
            ("[server]\naccounts = \"off\"\n[store]\n", Some("server")),
            ("[server]\naccounts = \"required\"\n[store]\nfile = \"other.db\"\n", Some("store")),
            ("[store]\n", Some("server")),
            ("[server]\naccounts = \"required\"\n[store]\n[privacy]\nblur_heads = false\n", Some("privacy")),
            ("server = ", None),
        ] {
            assert_eq!(not_of_planners(before, after).as_deref(), table, "{after}");
        }
    }

    #[test]
    fn credentials_are_shown_to_no_address_that_they_are_not_shown_to_yet() {
        let gate = |source: &str| format!("[cameras.gate]\nname = \"Gate\"\nsource.{source}\n");
        let secret = |host: &str, file: &str| {
            gate(&format!(
                "rtsp = {{ url = \"rtsp://{host}/\", credentials = {{ user = \"a\", password_file = \"{file}\" }} }}"
            ))
        };
        let before = secret("10.0.0.5", "gate");
        for (after, camera) in [
            (before.replace("\"Gate\"", "\"West gate\""), None),
            (gate("rtsp = { url = \"rtsp://10.0.0.9/\" }"), None),
            (secret("10.0.0.9", "gate"), Some("gate")),
            (secret("10.0.0.5", "/run/secrets/store"), Some("gate")),
            (format!("{before}{}", secret("10.0.0.9", "gate").replace("gate]", "new]")), Some("new")),
        ] {
            assert_eq!(shows_a_secret(&before, &after).as_deref(), camera, "{after}");
        }
    }
}
