//! Configuration: TOML as written → checked as a whole (every fault at once, with its path) → the resolved [`Plan`].
//!
//! ```text
//! text ─▶ document (TOML) ─▶ raw (shape: keys and types) ─▶ check (meaning) ─▶ plan
//!              │ SyntaxFault          │ Faults                    │ Faults
//! ```
//!
//! A text that isn't TOML gives one [`SyntaxFault`]. Then every unknown key and wrong type is reported at once, and where
//! there are none, everything that is wrong in meaning: a slip in a key would otherwise bring on false faults further
//! down. `config/reference.toml` has every key with its default.
//!
//! Paths in a configuration are relative to the folder that it is in. Checking reads nothing but environment variables,
//! files that hold secrets, and pictures of site maps: whether a video, a model or a camera is there is seen when it is
//! opened. A secret that is not there makes no plan wrong, as only whoever opens the camera needs it:
//! [`Plan::missing_secrets`]; nor does a picture, without which people are watched over, too: [`Plan::unfit_pictures`].

mod check;
mod crowds;
pub mod defaults;
mod delivery;
mod document;
mod edit;
mod error;
mod evidence;
mod external;
mod fault;
mod ground;
mod key_path;
mod number;
mod plan;
mod raw;
mod raw_delivery;
mod raw_evidence;
mod raw_external;
mod raw_map;
mod raw_response;
mod raw_store;
mod region;
mod response;
mod schedule;
mod secret;
mod site_map;
mod store;
mod suggest;

use std::path::Path;

pub use crowds::{DispersalPlan, GatheringPlan, GroupsPlan, SurgePlan};
pub use delivery::{DestinationKind, DestinationPlan, Language, MailTls, Secret, WebhookUrl};
pub use edit::{Edit, EditFault, edit};
pub use error::{ConfigError, SyntaxFault};
pub use evidence::{EvidencePlan, Hide};
pub use external::{Access, CountedLinePlan, CountedZonePlan, ExternalSourcePlan};
pub use fault::{Fault, FaultKind};
pub use ground::{
    derived_width_m, line_width_m, point_on_ground, polygon_on_ground, walkable_on_ground, zone_on_ground,
};
pub use plan::{
    AutoInput, CalibrationPlan, CameraPlan, Combine, ConditionPlan, CountingPlan, Credentials, DensityMapPlan,
    DetectionThresholds, FileSource, HeatMapsPlan, ImageFolderSource, InferencePlan, InputPlan, LevelPlan, LinePlan,
    PASSWORD_PLACEHOLDER, Plan, PrivacyPlan, Region, RulePlan, ServerPlan, SourcePlan, StreamSource, TlsPlan,
    TrackerPlan, USER_PLACEHOLDER, V4l2Source, WalkablePlan, When, ZonePlan,
};
pub use response::{PursuitPlan, Response, ResponsePlan, SitePlan, SiteZone, StepKind, StepPlan, UnitPlan};
pub use schedule::{Calendar, OnHolidays, Profile, Schedule};
pub use site_map::{FoundPicture, MapPicture, MapPlan, PictureFormat};
pub use store::{Retention, StorePlace, StorePlan};

/// Reads and checks a configuration file, with secrets from this process's environment.
///
/// # Errors
/// [`ConfigError::Io`] where the file cannot be read, otherwise as [`parse`].
pub fn load(path: &Path) -> Result<Plan, ConfigError> {
    let io = |source| ConfigError::Io { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(io)?;
    let absolute = std::path::absolute(path).map_err(io)?;
    let base_dir = absolute.parent().unwrap_or(Path::new("/"));
    parse(&text, base_dir, &|name| std::env::var(name).ok())
}

/// Checks a configuration's text. Paths in it are taken from `base_dir`; `environment` gives the variables that secrets
/// may be kept in.
///
/// # Errors
/// [`ConfigError::Syntax`] where the text isn't TOML, [`ConfigError::Faults`] with everything that is wrong in it and,
/// since there is something, every secret that is missing ([`FaultKind::is_missing_secret`]) and every picture that
/// can't be shown too.
pub fn parse(text: &str, base_dir: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Result<Plan, ConfigError> {
    let document = document::Document::parse(text).map_err(ConfigError::Syntax)?;
    let raw = document.shape().map_err(ConfigError::Faults)?;
    let plan = check::check(&raw, &document, base_dir, environment).map_err(ConfigError::Faults)?;
    Ok(Plan { written: text.to_owned(), ..plan })
}
